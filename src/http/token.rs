//! Requests for an OAuth access token.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use ureq::http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, USER_AGENT};
use ureq::http::{Request, StatusCode};

use super::api::{ACCEPTED_ENCODING, Http};
use super::authentication::{Authentication, OAuthClient};
use super::authorization::Authorization;
use super::deadline::Deadline;
use super::token_cache::Token;
use crate::error::{Error, ErrorKind};

/// The lifetime of a token that names none: the shortest that the API grants.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(60);

/// A year, which is more than the API grants.
const MAX_LIFETIME_SECONDS: u64 = 365 * 24 * 60 * 60;

impl Http {
    /// The header of the next API request, after a request for a token if none is cached.
    pub(super) fn authorization(&self, deadline: Deadline) -> Result<Arc<Authorization>, Error> {
        match &self.0.authentication {
            Authentication::Fixed(authorization) => Ok(Arc::clone(authorization)),
            Authentication::OAuth(client) => {
                client.cache().get(deadline, || self.fetch_token(client, deadline))
            }
        }
    }

    /// Discards the token that the API rejected with this error. Returns `false` if the error says
    /// nothing about a token.
    pub(super) fn discard_token(&self, used: &Arc<Authorization>, error: &Error) -> bool {
        match (&self.0.authentication, error.kind()) {
            (Authentication::OAuth(client), ErrorKind::Unauthorized(_)) => {
                client.cache().discard(used);
                true
            }
            _ => false,
        }
    }

    fn fetch_token(&self, client: &OAuthClient, deadline: Deadline) -> Result<Token, Error> {
        let mut attempt = 0_u32;
        loop {
            attempt = attempt.saturating_add(1);
            match self.request_token(client, deadline) {
                Ok(token) => return Ok(token),
                Err(error) => self.wait_before_retry(attempt, deadline, None, error)?,
            }
        }
    }

    fn request_token(&self, client: &OAuthClient, deadline: Deadline) -> Result<Token, Error> {
        let requested = Instant::now();
        let request = Request::post(client.url())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(USER_AGENT, &self.0.user_agent)
            .header(ACCEPT, "application/json")
            .header(ACCEPT_ENCODING, ACCEPTED_ENCODING)
            .body(client.form());

        let mut body = Vec::new();
        let response = self
            .exchange(client.base_url(), request, deadline, &mut body, |it| client.rejected(it));
        let token = response.and_then(|head| match head.status {
            StatusCode::OK => parse(&body).map_err(Error::invalid_response),
            status => {
                Err(Error::invalid_response(format!("expected 200, got {}", status.as_u16())))
            }
        });

        match token {
            Ok((authorization, lifetime)) => Ok(Token::new(authorization, requested, lifetime)),
            Err(mut error) => {
                self.complete_error(&mut error, client.base_url().host());
                Err(error)
            }
        }
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
    let lifetime = match expires_in.as_u64() {
        _ if expires_in.is_null() => DEFAULT_LIFETIME,
        Some(seconds @ ..=MAX_LIFETIME_SECONDS) => Duration::from_secs(seconds),
        _ => return Err(format!("invalid expires_in: expected 0 to {MAX_LIFETIME_SECONDS}")),
    };
    Ok((authorization, lifetime))
}

fn is_bearer(token_type: &str) -> bool {
    token_type.eq_ignore_ascii_case("Bearer")
}
