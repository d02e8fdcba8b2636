//! The settings of OAuth: what is rejected before any request, and what is never shown.

use twilio_room_recordings::{Client, Credentials, ErrorKind};

use crate::support::builder;
use crate::support::oauth::{CLIENT_ID, api, count, oauth_builder, oauth_client};
use crate::support::token_server::TokenServer;

#[test]
fn debug_shows_the_client_id_and_no_secret() {
    let credentials = Credentials::oauth(CLIENT_ID.parse().unwrap(), "c1ient");
    let builder = Client::builder(credentials.clone()).base_url("http://localhost:1");
    let builder = builder.oauth_base_url("http://localhost:2");
    let shown = format!("{credentials:?} {builder:?} {:?}", builder.clone().build().unwrap());
    assert!(shown.contains(CLIENT_ID) && shown.contains("[redacted]"), "{shown}");
    assert!(!shown.contains("c1ient"), "{shown}");
    let shown = format!("{:?}", Credentials::bearer("t0ken"));
    assert!(shown.contains("[redacted]") && !shown.contains("t0ken"), "{shown}");
}

#[test]
fn invalid_bearer_token_is_rejected_and_not_shown() {
    for token in ["t0k en", "t0ken\n", "t0këen", &"t0ken".repeat(4000), ""] {
        let client = Client::builder(Credentials::bearer(token)).base_url("http://localhost:1");
        let error = client.build().unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::InvalidInput(it) if it.parameter == "bearer token")
        );
        assert!(!error.to_string().contains("t0k"), "{error}");
    }
}

#[test]
fn empty_client_secret_is_rejected() {
    let credentials = Credentials::oauth(CLIENT_ID.parse().unwrap(), "");
    let client = Client::builder(credentials).base_url("http://localhost:1");
    let error = client.oauth_base_url("http://localhost:1").build().unwrap_err();
    assert!(error.to_string().starts_with("invalid client secret"), "{error}");
}

#[test]
fn oauth_base_url_follows_the_rules_of_the_base_url() {
    for url in ["http://oauth.twilio.com", "ftp://localhost", "https://a?b", "token", ""] {
        // It is checked even if nothing uses it.
        for client in [oauth_builder("http://localhost:1", url), builder("http://localhost:1")] {
            let error = client.oauth_base_url(url).build().unwrap_err();
            assert!(error.to_string().starts_with("invalid OAuth base URL"), "{url}: {error}");
        }
    }

    let client = |base_url: &str| oauth_client("http://localhost:1", base_url);
    let _ = (client("http://[::1]:8080/prefix/"), client("http://127.0.0.1"));
    let token = TokenServer::of_tokens();
    let api = api(&["access-token-1"]);
    assert_eq!(
        count(&oauth_client(api.base_url(), &format!("{}/eu/", token.base_url))).unwrap(),
        1
    );
    assert!(token.requests()[0].head.starts_with("POST /eu/v2/token "));
}

#[test]
fn default_token_endpoint_needs_tls_only_with_oauth() {
    let has_tls = cfg!(any(feature = "rustls", feature = "native-tls"));
    let oauth = Credentials::oauth(CLIENT_ID.parse().unwrap(), "secret");
    let client = Client::builder(oauth).base_url("http://localhost:1").build();
    assert_eq!(client.is_ok(), has_tls);
    assert!(builder("http://localhost:1").build().is_ok());
}
