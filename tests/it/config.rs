//! `ClientBuilder::ureq_config`: what `build` rejects, and what stays in force.

use std::time::Duration;

use serde_json::Value;
use twilio_room_recordings::ureq::config::Config;
use twilio_room_recordings::ureq::middleware::MiddlewareNext;
use twilio_room_recordings::ureq::typestate::AgentScope;
use twilio_room_recordings::ureq::{
    Body, Error as UreqError, Proxy, ProxyProtocol, SendBody, http,
};
use twilio_room_recordings::{Error, ErrorKind};

use crate::support::fake_server::{Server, json_response, recording};
use crate::support::{builder, page, room};

type ConfigBuilder = twilio_room_recordings::ureq::config::ConfigBuilder<AgentScope>;

/// Builds a client with this configuration and returns the error, which must come before any
/// request.
#[track_caller]
fn rejected(config: Config) -> Error {
    let error = builder("http://127.0.0.1:1").ureq_config(config).build().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::InvalidInput(_)), "{error:?}");
    assert_eq!(error.attempts(), 0);
    error
}

#[track_caller]
fn assert_rejected(config: ConfigBuilder, words: &str) {
    let error = rejected(config.build());
    assert!(error.to_string().contains(words), "{words}: {error}");
}

/// Lists a room of one recording.
#[track_caller]
fn assert_lists(config: Config) {
    let server = Server::start(|_| json_response(200, &page(&[recording(0)], Value::Null)));
    let client = builder(server.base_url()).ureq_config(config).build().unwrap();
    let items: Vec<_> = client.recordings(room()).into_iter().collect();
    assert!(matches!(&items[..], [Ok(_)]), "{items:?}");
}

#[test]
fn header_value_with_control_characters_is_rejected() {
    for value in ["gz\nip", "a\r\nInjected: x", "\0", "\u{7f}"] {
        assert_rejected(Config::builder().user_agent(value), "user_agent");
        assert_rejected(Config::builder().accept(value), "accept ");
        assert_rejected(Config::builder().accept_encoding(value), "accept_encoding");
    }
}

#[test]
fn header_value_of_any_text_is_accepted() {
    for value in ["", "gzip, br", "é\tπ"] {
        let config = Config::builder().user_agent(value).accept(value).accept_encoding(value);
        assert_lists(config.build());
    }
}

#[test]
fn timeout_out_of_range_is_rejected() {
    type Setter = fn(ConfigBuilder, Option<Duration>) -> ConfigBuilder;
    let setters: [(&str, Setter); 11] = [
        ("timeout_global", ConfigBuilder::timeout_global),
        ("timeout_per_call", ConfigBuilder::timeout_per_call),
        ("timeout_resolve", ConfigBuilder::timeout_resolve),
        ("timeout_connect", ConfigBuilder::timeout_connect),
        ("timeout_send_request", ConfigBuilder::timeout_send_request),
        ("timeout_send_body", ConfigBuilder::timeout_send_body),
        ("timeout_recv_response", ConfigBuilder::timeout_recv_response),
        ("timeout_recv_body", ConfigBuilder::timeout_recv_body),
        ("timeout_per_read", ConfigBuilder::timeout_per_read),
        ("timeout_per_write", ConfigBuilder::timeout_per_write),
        ("timeout_await_100", ConfigBuilder::timeout_await_100),
    ];
    for (name, set) in setters {
        assert_rejected(set(Config::builder(), Some(Duration::MAX)), name);
        assert_rejected(set(Config::builder(), Some(Duration::from_secs(1 << 62))), name);
        if name != "timeout_await_100" {
            assert_rejected(set(Config::builder(), Some(Duration::ZERO)), name);
        }
        assert_lists(set(Config::builder(), Some(Duration::from_secs(3600))).build());
        assert_lists(set(Config::builder(), None).build());
    }
}

#[test]
fn idle_age_of_any_length_is_accepted() {
    for age in [Duration::ZERO, Duration::MAX] {
        assert_lists(Config::builder().max_idle_age(age).build());
    }
}

#[test]
fn buffer_size_out_of_range_is_rejected() {
    for size in [0, 1, 69_631, 16 * 1024 * 1024 + 1, usize::MAX] {
        assert_rejected(Config::builder().input_buffer_size(size), "input_buffer_size");
        assert_rejected(Config::builder().output_buffer_size(size), "output_buffer_size");
    }
    for size in [69_632, 16 * 1024 * 1024] {
        let config = Config::builder().input_buffer_size(size).output_buffer_size(size);
        assert_lists(config.build());
    }
}

#[test]
fn pool_of_any_size_is_accepted() {
    for size in [0, 1, usize::MAX] {
        let config = Config::builder().max_idle_connections(size);
        assert_lists(config.max_idle_connections_per_host(size).build());
    }
}

#[test]
fn proxy_with_invalid_port_is_rejected_without_its_password() {
    for (url, host) in [
        ("http://user:secret@proxy:99999", "http://proxy:99999"),
        ("http://user:secret@proxy:", "http://proxy:"),
        ("user:secret@p:0", "http://p:0"),
    ] {
        let error = rejected(Config::builder().proxy(Some(Proxy::new(url).unwrap())).build());
        let shown = format!("{error} {error:#?}");
        assert!(shown.contains(&format!("invalid proxy \"{host}\": expected a port")), "{shown}");
        assert!(!shown.contains("secret") && !shown.contains("user"), "{shown}");
    }
}

#[test]
fn proxy_without_a_host_is_rejected() {
    let proxy = Proxy::builder(ProxyProtocol::Http).host("").port(80).build().unwrap();
    assert_rejected(Config::builder().proxy(Some(proxy)), "invalid proxy");
}

#[test]
fn http_proxy_that_is_to_resolve_names_is_rejected() {
    let proxy = Proxy::builder(ProxyProtocol::Http).host("proxy").resolve_target(true);
    assert_rejected(Config::builder().proxy(proxy.build().ok()), "resolves the host names itself");
}

#[test]
fn socks_proxy_needs_the_feature() {
    for url in ["socks://p", "socks4://p:1", "socks4a://p", "socks5://p:1080", "SOCKS5h://p"] {
        let config = Config::builder().proxy(Some(Proxy::new(url).unwrap()));
        if cfg!(feature = "socks-proxy") {
            assert_lists(config.build());
        } else {
            assert_rejected(config, "feature socks-proxy");
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
        assert_rejected(Config::builder().proxy(Some(Proxy::new(&url).unwrap())), words);
    }
    let proxy = Proxy::new("socks5h://user:secret@p").unwrap();
    assert_lists(Config::builder().proxy(Some(proxy)).build());
}

#[test]
fn https_proxy_needs_a_tls_feature() {
    let config = Config::builder().proxy(Some(Proxy::new("https://proxy:8443").unwrap()));
    if cfg!(any(feature = "rustls", feature = "native-tls")) {
        assert_lists(config.build());
    } else {
        assert_rejected(config, "features rustls and native-tls");
    }
}

#[test]
fn middleware_stays_in_force() {
    fn mark(
        mut request: http::Request<SendBody<'_>>,
        next: MiddlewareNext<'_>,
    ) -> Result<http::Response<Body>, UreqError> {
        request.headers_mut().insert("x-marked", http::HeaderValue::from_static("yes"));
        next.handle(request)
    }

    let server = Server::start(|_| json_response(200, &page(&[recording(0)], Value::Null)));
    let config = Config::builder().middleware(mark).build();
    let client = builder(server.base_url()).ureq_config(config).build().unwrap();
    assert!(client.recordings(room()).into_iter().all(|item| item.is_ok()));
    assert_eq!(server.requests()[0].headers["x-marked"], "yes");
}

#[test]
fn headers_of_the_configuration_are_not_sent() {
    let server = Server::start(|_| json_response(200, &page(&[recording(0)], Value::Null)));
    let config = Config::builder().user_agent("mine").accept("mine").accept_encoding("br").build();
    let client = builder(server.base_url()).ureq_config(config).build().unwrap();
    assert!(client.recordings(room()).into_iter().all(|item| item.is_ok()));

    let headers = &server.requests()[0].headers;
    assert!(headers["user-agent"].to_str().unwrap().starts_with("twilio-room-recordings/"));
    assert_eq!(headers["accept"], "application/json");
    let encoding = if cfg!(feature = "gzip") { "gzip" } else { "identity" };
    assert_eq!(headers["accept-encoding"], encoding);
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod with_tls {
    use twilio_room_recordings::ureq::config::Config;
    use twilio_room_recordings::ureq::tls::{
        Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig, TlsProvider,
    };

    use super::{assert_lists, assert_rejected};

    #[test]
    fn native_tls_provider_needs_the_feature() {
        let tls = TlsConfig::builder().provider(TlsProvider::NativeTls).build();
        let config = Config::builder().tls_config(tls);
        if cfg!(feature = "native-tls") {
            assert_lists(config.build());
        } else {
            assert_rejected(config, "feature native-tls");
        }
    }

    #[test]
    fn platform_verifier_of_rustls_needs_the_feature() {
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier);
        let config = Config::builder().tls_config(tls.build());
        if cfg!(any(feature = "platform-verifier", not(feature = "rustls"))) {
            assert_lists(config.build());
        } else {
            assert_rejected(config, "feature platform-verifier");
        }
    }

    #[test]
    fn empty_root_certificates_are_rejected() {
        let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&[])).build();
        assert_rejected(Config::builder().tls_config(tls), "root certificates");
    }

    #[test]
    fn client_certificate_without_a_certificate_is_rejected() {
        let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
        let key = PrivateKey::from_pem(key.as_bytes()).unwrap();
        let none: [Certificate<'static>; 0] = [];
        let tls = TlsConfig::builder().client_cert(Some(ClientCert::new_with_certs(&none, key)));
        assert_rejected(Config::builder().tls_config(tls.build()), "client certificate");
    }
}
