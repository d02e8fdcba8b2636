//! The settings of the connections: what `build` rejects, and what they do.

use std::time::Duration;

use serde_json::Value;
use twilio_room_recordings::{
    Client, ClientBuilder, Credentials, ErrorKind, IpFamily, RootCertificates,
};

use crate::support::fake_server::{ACCOUNT, Server, json_response, recording, serve_room};
use crate::support::{RawServer, SECRET, builder, ok, page, room};

/// Builds a client, which must fail before any request, and without the password hunter2.
#[track_caller]
fn assert_rejected(builder: ClientBuilder, words: &str) {
    let error = builder.build().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::InvalidInput(_)), "{error:?}");
    assert_eq!(error.attempts(), 0);
    assert!(error.to_string().contains(words), "{words}: {error}");
    assert!(!format!("{error:?}").contains("hunter2"));
}

fn local() -> ClientBuilder {
    builder("http://127.0.0.1:1")
}

/// A builder without a base URL.
fn with_token(token: &str) -> ClientBuilder {
    Client::builder(Credentials::auth_token(ACCOUNT.parse().unwrap(), token))
}

#[test]
fn timeout_of_zero_is_rejected() {
    assert_rejected(local().connect_timeout(Duration::ZERO), "invalid connect timeout");
    assert_rejected(local().attempt_timeout(Duration::ZERO), "invalid attempt timeout");
}

#[test]
fn proxy_that_cannot_be_used_is_rejected_without_its_password() {
    for url in ["http//typo", "ftp://proxy", "proxy:99999", "http://proxy:0", "http://proxy/path"] {
        assert_rejected(local().proxy(url), &format!("invalid proxy \"{url}\": expected "));
    }
    for url in ["http://user:secret@proxy:99999", "user:secret@proxy:", "http://user:%ff@proxy"] {
        assert_rejected(local().proxy(url), "invalid proxy \"…\": expected ");
    }
}

#[test]
fn socks_proxy_needs_the_feature() {
    for url in ["socks://p", "socks4://p:1", "socks4a://p", "socks5://p:1080", "SOCKS5h://p"] {
        match cfg!(feature = "socks-proxy") {
            true => drop(local().proxy(url).build().unwrap()),
            false => assert_rejected(local().proxy(url), "feature socks-proxy"),
        }
    }
}

#[test]
#[cfg(feature = "socks-proxy")]
fn socks_credentials_that_cannot_be_sent_are_rejected() {
    let long = "x".repeat(256);
    for (url, words) in [
        ("socks4://user@p".to_owned(), "without a user"),
        ("socks4a://user:secret@p".to_owned(), "without a user"),
        ("socks5://user@p".to_owned(), "1 to 255 bytes"),
        ("socks5h://user:@p".to_owned(), "1 to 255 bytes"),
        (format!("socks5://user:{long}@p"), "1 to 255 bytes"),
    ] {
        assert_rejected(local().proxy(url), words);
    }
    local().proxy("socks5h://user:secret@p").build().unwrap();
}

#[test]
fn https_proxy_needs_a_tls_feature() {
    let builder = local().proxy("https://proxy:8443");
    match cfg!(any(feature = "rustls", feature = "native-tls")) {
        true => drop(builder.build().unwrap()),
        false => assert_rejected(builder, "this build has no TLS"),
    }
}

#[test]
fn user_agent_with_control_characters_is_rejected() {
    for name in ["gz\nip", "a\r\nInjected: x", "\0", "\u{7f}"] {
        assert_rejected(local().user_agent(name), "invalid user agent");
    }
}

#[test]
fn headers_are_those_of_the_client() {
    let server = Server::start(|_| json_response(200, &page(&[recording(0)], Value::Null)));
    let client = builder(server.base_url()).user_agent("nightly/1 é").build().unwrap();
    assert!(client.recordings(room()).into_iter().all(|item| item.is_ok()));

    let headers = &server.requests()[0].headers;
    let user_agent = String::from_utf8_lossy(headers["user-agent"].as_bytes());
    assert!(user_agent.starts_with("nightly/1 é twilio-room-recordings/"), "{user_agent}");
    assert_eq!(headers["accept"], "application/json");
    let encoding = if cfg!(feature = "gzip") { "gzip" } else { "identity" };
    assert_eq!(headers["accept-encoding"], encoding);
}

#[test]
fn only_addresses_of_the_chosen_family_are_connected_to() {
    let server = RawServer::start(vec![ok(&page(&[], Value::Null)); 2]);
    for family in [IpFamily::Any, IpFamily::Ipv4] {
        let client = builder(&server.base_url).ip_family(family).build().unwrap();
        assert!(client.recordings(room()).into_iter().all(|item| item.is_ok()));
    }

    let client = builder(&server.base_url).ip_family(IpFamily::Ipv6).build().unwrap();
    let error = client.recordings(room()).into_iter().next().unwrap().unwrap_err();
    assert!(error.to_string().contains("no usable address"), "{error}");
}

#[test]
fn system_root_certificates_of_rustls_need_the_feature() {
    let builder = local().root_certificates(RootCertificates::System);
    match cfg!(all(feature = "rustls", not(feature = "platform-verifier"))) {
        true => assert_rejected(builder, "platform-verifier"),
        false => drop(builder.build().unwrap()),
    }
}

#[test]
fn invalid_setting_is_rejected_when_the_client_is_built() {
    let new = || with_token(SECRET);
    let none = Duration::ZERO;
    for (builder, words) in [
        (new().base_url("http://video.twilio.com"), "expected https"),
        (new().base_url("http://127.0.0.1.example.com"), "expected https"),
        (new().base_url("ftp://localhost"), "expected https"),
        (new().base_url("video.twilio.com"), "absolute URL"),
        (new().base_url("https://"), "absolute URL"),
        (new().base_url("https://me:hunter2@video.twilio.com"), "no user information"),
        (new().base_url("https://video.twilio.com?a=b"), "no query"),
        (new().base_url("https://video.twilio.com#top"), "no query and no fragment"),
        (new().base_url("https://localhost:99999"), "port"),
        (new().region("ie1/../x"), "letters, digits and hyphens"),
        (new().edge(""), "letters, digits and hyphens"),
        (new().base_url("http://[::1]:1").user_agent("line\nbreak"), "visible ASCII"),
        (new().base_url("http://[::1]:1").connect_timeout(none), "more than zero"),
        (new().base_url("http://[::1]:1").attempt_timeout(none), "more than zero"),
        (new().base_url("me:hunter2@video.twilio.com"), "no user information"),
        (new().max_body_bytes(0), "at least one byte"),
        (with_token(""), "auth token"),
    ] {
        assert_rejected(builder, words);
    }
}

#[test]
fn longest_time_limit_is_accepted() {
    let server = serve_room(vec![recording(0)]);
    let longest = Duration::MAX;
    let builder = builder(server.base_url()).connect_timeout(longest).attempt_timeout(longest);
    let client = builder.build().unwrap();
    assert_eq!(client.recordings(room()).into_iter().filter(Result::is_ok).count(), 1);
}

#[test]
#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn region_and_edge_select_the_host() {
    let new = || with_token(SECRET);
    for (builder, host) in [
        (new(), "https://video.twilio.com\""),
        (new().region("ie1"), "https://video.ie1.twilio.com\""),
        (new().edge("dublin"), "https://video.dublin.us1.twilio.com\""),
        (new().edge("dublin").region("ie1"), "https://video.dublin.ie1.twilio.com\""),
        (
            new().edge("dublin").base_url("https://[::1]:8443/twilio/"),
            "https://[::1]:8443/twilio\"",
        ),
    ] {
        let shown = format!("{:?}", builder.build().unwrap());
        assert!(shown.contains(host), "{shown}");
    }
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod with_tls {
    use rcgen::{CertificateParams, KeyPair};
    use twilio_room_recordings::RootCertificates;

    use super::{assert_rejected, local};

    fn key() -> String {
        KeyPair::generate().unwrap().serialize_pem()
    }

    fn certificate() -> String {
        let key = KeyPair::generate().unwrap();
        CertificateParams::new(vec![]).unwrap().self_signed(&key).unwrap().pem()
    }

    /// Texts that hold no certificate, or half of one.
    fn no_certificates() -> [String; 5] {
        let half = certificate().replace("-----END CERTIFICATE-----", "");
        let damaged = certificate().replace("CERTIFICATE-----\nMI", "CERTIFICATE-----\n!!");
        [String::new(), "hello".to_owned(), key(), half, damaged]
    }

    #[test]
    fn root_certificates_without_a_certificate_are_rejected() {
        for pem in no_certificates() {
            let builder = local().root_certificates(RootCertificates::Pem(pem.into()));
            assert_rejected(builder, "invalid root certificates \"…\": expected ");
        }
        let several = certificate() + "a comment\n" + &certificate();
        local().root_certificates(RootCertificates::Pem(several.into())).build().unwrap();
    }

    #[test]
    fn client_certificate_without_a_certificate_or_a_key_is_rejected() {
        for pem in no_certificates() {
            let builder = local().client_certificate(pem, key());
            assert_rejected(builder, "invalid client certificate \"…\": expected ");
        }

        let encrypted = key().replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
        let half = key().replace("-----END PRIVATE KEY-----", "");
        for pem in [String::new(), "hello".to_owned(), certificate(), encrypted, half] {
            let builder = local().client_certificate(certificate(), pem);
            assert_rejected(builder, "invalid private key \"…\": expected an unencrypted");
        }
        local().client_certificate(certificate(), key()).build().unwrap();
    }
}
