//! Clients with OAuth credentials, and an API that accepts their tokens.

use std::time::Duration;

use serde_json::Value;
use twilio_room_recordings::{Client, ClientBuilder, Credentials, Error, RetryPolicy};

use super::fake_server::{Server, error_response, json_response, recording};
use super::{SECRET, page, room};

pub const CLIENT_ID: &str = "OQaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

pub fn oauth_builder(api: &str, token: &str) -> ClientBuilder {
    Client::builder(Credentials::oauth(CLIENT_ID.parse().unwrap(), SECRET))
        .base_url(api)
        .oauth_base_url(token)
        .retry(RetryPolicy::default().max_retries(3).initial_backoff(Duration::from_millis(1)))
}

pub fn oauth_client(api: &str, token: &str) -> Client {
    oauth_builder(api, token).build().unwrap()
}

/// An API with one recording, for requests with one of these tokens.
pub fn api(accepted: &'static [&'static str]) -> Server {
    Server::start(move |request| match request.headers["authorization"].to_str() {
        Ok(header) if accepted.iter().any(|token| header == format!("Bearer {token}")) => {
            json_response(200, &page(&[recording(0)], Value::Null))
        }
        _ => error_response(401, 20003, "Authenticate"),
    })
}

/// The number of recordings in the room, or the first error.
pub fn count(client: &Client) -> Result<usize, Error> {
    client.recordings(room()).into_iter().try_fold(0, |count, it| it.map(|_| count + 1))
}
