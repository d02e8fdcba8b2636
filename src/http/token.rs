//! Requests for an OAuth access token.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use ureq::http::header::CONTENT_TYPE;
use ureq::http::{Request, StatusCode};

use super::api::Http;
use super::error_body::explained_by;
use super::retry::Subject;
use super::url::BaseUrl;
use crate::auth::{Authorization, OAuthClient, Token};
use crate::deadline::Deadline;
use crate::error::{ApiError, Error, ErrorKind};

/// The lifetime of a token that names no valid one: the shortest that the API grants.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(60);

impl Http {
    /// The header of the next API request, after a request for a token if none is cached.
    pub(super) fn authorization(&self, deadline: Deadline) -> Result<Arc<Authorization>, Error> {
        let authentication = &self.authentication;
        authentication.authorization(deadline, |client| self.fetch_token(client, deadline))
    }

    /// Discards the token that the API rejected with this error. Returns `false` if the error says
    /// nothing about a token.
    pub(super) fn discard_token(&self, used: &Arc<Authorization>, error: &Error) -> bool {
        matches!(error.kind(), ErrorKind::Unauthorized(_)) && self.authentication.discard(used)
    }

    fn fetch_token(&self, client: &OAuthClient, deadline: Deadline) -> Result<Token, Error> {
        let mut attempt = 0_u32;
        loop {
            attempt = attempt.saturating_add(1);
            match self.request_token(client, deadline) {
                Ok(token) => return Ok(token),
                Err(error) => {
                    self.wait_before_retry(attempt, deadline, Subject::default(), error)?
                }
            }
        }
    }

    fn request_token(&self, client: &OAuthClient, deadline: Deadline) -> Result<Token, Error> {
        let requested = Instant::now();
        let endpoint = &BaseUrl::parse("OAuth base URL", &client.base_url)?;
        let request = Request::post(format!("{}/v2/token", endpoint.as_str()))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(client.form.as_str());

        let mut buffer = Vec::new();
        let response = self.exchange(endpoint, request, deadline, &mut buffer, rejected);
        let token = response.and_then(|(head, body)| match head.status {
            StatusCode::OK => {
                parse(body).map_err(|it| explained_by(Error::invalid_response(it), body, rejected))
            }
            status => {
                Err(Error::invalid_response(format!("expected 200, got {}", status.as_u16())))
            }
        });

        match token {
            Ok((authorization, lifetime)) => Ok(Token::new(authorization, requested, lifetime)),
            Err(mut error) => {
                self.complete_error(&mut error, endpoint.host());
                Err(error)
            }
        }
    }
}

/// The error of an error response to a token request.
fn rejected(error: ApiError) -> Error {
    let message = format!("token request: {}", error.message);
    let error = ApiError { message, ..error };
    match error.status {
        400 | 401 => Error::new(ErrorKind::Unauthorized(error)),
        // The recording that the token was for may exist.
        404 => Error::new(ErrorKind::BadRequest(error)),
        _ => Error::rejected(error),
    }
}

/// Reads the token and its lifetime. The error shows no text of the body, which may be a token.
fn parse(body: &[u8]) -> Result<(Authorization, Duration), String> {
    let json: Value = serde_json::from_slice(body).map_err(|_| "expected JSON".to_owned())?;
    let token_type = &json["token_type"];
    if !token_type.is_null() && !token_type.as_str().is_some_and(is_bearer) {
        return Err("invalid token_type: expected Bearer".to_owned());
    }

    let authorization = json["access_token"].as_str().and_then(Authorization::bearer);
    let Some(authorization) = authorization else {
        return Err(format!("invalid access_token: expected {}", Authorization::BEARER));
    };

    let expires_in = &json["expires_in"];
    let seconds = expires_in.as_u64().or_else(|| expires_in.as_str()?.parse().ok());
    let lifetime = seconds.map_or(DEFAULT_LIFETIME, Duration::from_secs);
    Ok((authorization, lifetime))
}

fn is_bearer(token_type: &str) -> bool {
    token_type.eq_ignore_ascii_case("Bearer")
}
