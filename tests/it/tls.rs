//! Real handshakes on loopback, by each TLS back end that the build has.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::thread;

use crate::authority::Authority;
use crate::support::fake_server::recording;
use crate::support::{builder, ok, page, room};
use serde_json::Value;
use twilio_room_recordings::ureq::config::Config;
use twilio_room_recordings::ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};
use twilio_room_recordings::{Error, ErrorKind, RoomRecording};

fn back_ends() -> Vec<TlsProvider> {
    let mut back_ends = Vec::new();
    if cfg!(feature = "rustls") {
        back_ends.push(TlsProvider::Rustls);
    }
    if cfg!(feature = "native-tls") {
        back_ends.push(TlsProvider::NativeTls);
    }
    back_ends
}

/// Serves one record over TLS, and returns the base URL.
fn serve(authority: &Authority, host: &str, last_year: i32) -> String {
    let respond = |_: &str| ok(&page(&[recording(0)], Value::Null));
    format!("https://localhost:{}", authority.serve(&[host], last_year, respond))
}

fn list(
    authority: &Authority,
    back_end: TlsProvider,
    base_url: &str,
) -> Vec<Result<RoomRecording, Error>> {
    let root = Certificate::from_der(&authority.certificate).to_owned();
    let roots = RootCerts::new_with_certs(&[root]);
    let tls = TlsConfig::builder().provider(back_end).root_certs(roots).build();
    let config = Config::builder().tls_config(tls).build();
    let client = builder(base_url).ureq_config(config).build().unwrap();
    client.recordings(room()).into_iter().collect()
}

#[track_caller]
fn assert_refuses(authority: &Authority, base_url: &str) -> Vec<Error> {
    let refusal = |back_end| {
        let mut items = list(authority, back_end, base_url);
        let Some(Err(error)) = items.pop() else { panic!("{back_end:?}: {items:?}") };
        assert!(matches!(error.kind(), ErrorKind::Transport(_)), "{back_end:?}: {error:?}");
        assert_eq!(error.attempts(), 1, "{back_end:?}: {error}");
        error
    };
    back_ends().into_iter().map(refusal).collect()
}

#[test]
fn a_given_root_is_trusted() {
    let authority = Authority::new();
    let base_url = serve(&authority, "localhost", 2099);
    for back_end in back_ends() {
        let items = list(&authority, back_end, &base_url);
        assert!(matches!(&items[..], [Ok(_)]), "{back_end:?}: {items:?}");
    }
}

#[test]
fn an_unknown_root_is_refused() {
    let errors = assert_refuses(&Authority::new(), &serve(&Authority::new(), "localhost", 2099));
    let feature =
        if cfg!(feature = "platform-verifier") { "operating system" } else { "platform-verifier" };
    for error in errors {
        let shown = error.to_string();
        assert!(shown.contains(feature) && shown.contains("ClientBuilder::ureq_config"), "{shown}");
    }
}

#[test]
fn another_host_name_is_refused() {
    let authority = Authority::new();
    assert_refuses(&authority, &serve(&authority, "video.example.com", 2099));
}

#[test]
fn an_expired_certificate_is_refused() {
    let authority = Authority::new();
    for error in assert_refuses(&authority, &serve(&authority, "localhost", 2021)) {
        assert!(!error.to_string().contains("platform-verifier"), "{error}");
    }
}

#[test]
fn a_plain_text_answer_is_refused() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let base_url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // The client's greeting is taken, so that closing does not cut the answer off.
            if matches!(stream.read(&mut [0; 4096]), Ok(1..)) {
                let _ = stream.write_all(&ok(&page(&[recording(0)], Value::Null)));
            }
        }
    });
    assert_refuses(&Authority::new(), &base_url);
}

#[test]
fn provider_that_was_not_chosen_is_that_of_the_build() {
    let authority = Authority::new();
    let base_url = serve(&authority, "localhost", 2099);

    let root = Certificate::from_der(&authority.certificate).to_owned();
    let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&[root])).build();
    let config = Config::builder().user_agent("x").tls_config(tls).build();
    let client = builder(&base_url).ureq_config(config).build().unwrap();
    assert!(client.recordings(room()).into_iter().all(|item| item.is_ok()));

    let config = Config::builder().user_agent("x").build();
    let client = builder(&base_url).ureq_config(config).build().unwrap();
    let error = client.recordings(room()).into_iter().next().unwrap().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Transport(_)), "{error:?}");
}
