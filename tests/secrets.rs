//! Log records of the crate and of ureq hold no secret under the documented filter. One test, in a
//! process of its own, because a process has one logger.

#[cfg(any(feature = "rustls", feature = "native-tls"))]
#[path = "it/authority.rs"]
mod authority;
#[path = "it/support/mod.rs"]
mod support;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
#[path = "it/tls_server.rs"]
mod tls_server;

use std::sync::Mutex;

use log::{LevelFilter, Log, Metadata, Record};
use support::fake_server::{ReceivedRequest, Server, error_response, json_response, recording};
use support::storage::{Fate, SIGNATURE, Storage, api};
use support::token_server::{TokenServer, token_response};
use support::{SECRET, builder, page, room};
use twilio_room_recordings::{Client, Credentials};

/// Parts of an access token and of a client secret, short enough for ureq's rows of sixteen bytes.
const TOKEN: &str = "t0ken+";
const CLIENT_SECRET: &str = "c1ient";

/// The filter that the documentation gives.
const FILTER: &str = "trace,ureq=debug,ureq_proto=debug,cookie_store=info";

static LOGGER: Logger = Logger { filter: Mutex::new(FILTER), text: Mutex::new(String::new()) };

/// A logger with a filter as env_logger reads it: the longest prefix of the target decides.
struct Logger {
    filter: Mutex<&'static str>,
    text: Mutex<String>,
}

impl Logger {
    fn level(&self, target: &str) -> LevelFilter {
        let filter = *self.filter.lock().unwrap();
        let directives = filter.split(',').map(|part| part.split_once('=').unwrap_or(("", part)));
        let matching = directives.filter(|(prefix, _)| target.starts_with(prefix));
        let (_, level) = matching.max_by_key(|(prefix, _)| prefix.len()).unwrap();
        level.parse().unwrap()
    }
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= self.level(metadata.target())
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let line = format!("{} {} {}\n", record.level(), record.target(), record.args());
            self.text.lock().unwrap().push_str(&line);
        }
    }

    fn flush(&self) {}
}

/// What is logged under this filter while a client lists, fails, retries and downloads, and the
/// value of its `Authorization` header.
fn log_under(filter: &'static str) -> (String, String) {
    *LOGGER.filter.lock().unwrap() = filter;
    LOGGER.text.lock().unwrap().clear();

    let busy = Server::start(|_| error_response(503, 20500, "busy"));
    let client = builder(busy.base_url()).build().unwrap();
    assert!(client.recordings(room()).into_iter().all(|it| it.is_err()));

    let (first, last) = (page(&[recording(0)], "?Page=1&PageToken=PT1"), page(&[recording(1)], ()));
    let pages = Server::start(move |request: &ReceivedRequest| {
        json_response(200, if request.parameter("Page").is_none() { &first } else { &last })
    });
    let client = builder(pages.base_url()).build().unwrap();
    assert_eq!(client.recordings(room()).into_iter().filter(Result::is_ok).count(), 2);

    let storage = Storage::start(vec![1; 1000], vec![Fate::CutAfter(10)]);
    let mut record = recording(0);
    record["size"] = 1000.into();
    let api = api(record.clone(), &storage.url);
    let client = builder(api.base_url()).build().unwrap();
    let media = client.media(&serde_json::from_value(record).unwrap());
    media.write_to(&mut std::io::sink()).unwrap();
    assert!(storage.heads().iter().all(|head| head.contains(SIGNATURE)));

    list_with_oauth();

    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    list_over_tls();

    let header = busy.requests()[0].headers["authorization"].to_str().unwrap().to_owned();
    (LOGGER.text.lock().unwrap().clone(), header.replace("Basic ", ""))
}

fn list_with_oauth() {
    let api = Server::start(|_| json_response(200, &page(&[], ())));
    let token = TokenServer::start(|_| token_response(&TOKEN.repeat(8), 3600));
    let client_id = "OQaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse().unwrap();
    let client = Client::builder(Credentials::oauth(client_id, CLIENT_SECRET.repeat(8)))
        .base_url(api.base_url())
        .oauth_base_url(&token.base_url)
        .build()
        .unwrap();
    assert_eq!(client.recordings(room()).into_iter().count(), 0);
    assert_eq!(token.requests().len(), 1);
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn list_over_tls() {
    let authority = authority::Authority::new();
    let port = authority.serve(&["localhost"], 2099, |_| support::ok(&page(&[recording(0)], ())));
    let client = authority.builder(&format!("https://localhost:{port}")).build().unwrap();
    assert!(client.recordings(room()).into_iter().all(|it| it.is_ok()));
}

#[test]
fn no_secret_is_logged_at_trace_level_under_the_documented_filter() {
    log::set_logger(&LOGGER).unwrap();
    log::set_max_level(LevelFilter::Trace);

    let (log, encoded) = log_under(FILTER);
    assert!(log.contains("DEBUG ureq::run "), "ureq logs requests: {log}");
    // ureq shows bytes in rows of sixteen.
    for secret in [&encoded[..], &encoded[..16], SECRET, SIGNATURE, &SIGNATURE[..12], "PT1"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
    assert!(!log.contains(TOKEN) && !log.contains(CLIENT_SECRET), "{log}");

    // Each part of the filter is needed.
    let (log, _) = log_under("trace,ureq_proto=off");
    assert!(log.contains(SIGNATURE), "{log}");
    let (log, encoded) = log_under("trace,ureq=debug,ureq_proto=trace");
    assert!(
        encoded
            .as_bytes()
            .windows(12)
            .any(|part| { log.contains(std::str::from_utf8(part).unwrap()) })
    );
    assert!(log.contains(TOKEN), "{log}");

    // So is the level `debug` or above, without any filter.
    let (log, encoded) = log_under("debug");
    assert!(!log.contains(&encoded) && !log.contains(SIGNATURE) && !log.contains(SECRET), "{log}");
    assert!(!log.contains(TOKEN) && !log.contains(CLIENT_SECRET), "{log}");
}
