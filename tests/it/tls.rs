//! Real handshakes on loopback, by each TLS back end that the build has.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::thread;

use crate::support::fake_server::recording;
use crate::support::{builder, ok, page, room};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
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

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Self { issuer: Issuer::new(params, key), certificate }
    }

    /// Serves one record over TLS, as this host and up to this year; gives the base URL.
    fn serve(&self, host: &str, last_year: i32) -> String {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        // Its own name: with its issuer's it would pass for self-signed.
        params.distinguished_name.push(DnType::CommonName, host);
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(last_year, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let base_url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut stream = rustls::StreamOwned::new(connection, stream.unwrap());
                // A refused handshake fails here, which is the client's to tell.
                if matches!(stream.read(&mut [0; 4096]), Ok(1..)) {
                    let _ = stream.write_all(&ok(&page(&[recording(0)], Value::Null)));
                }
            }
        });
        base_url
    }

    fn list(&self, back_end: TlsProvider, base_url: &str) -> Vec<Result<RoomRecording, Error>> {
        let root = Certificate::from_der(&self.certificate).to_owned();
        let roots = RootCerts::new_with_certs(&[root]);
        let tls = TlsConfig::builder().provider(back_end).root_certs(roots).build();
        let config = Config::builder().tls_config(tls).build();
        let client = builder(base_url).ureq_config(config).build().unwrap();
        client.recordings(room()).into_iter().collect()
    }

    #[track_caller]
    fn assert_refuses(&self, base_url: &str) {
        for back_end in back_ends() {
            let items = self.list(back_end, base_url);
            let [Err(error)] = &items[..] else { panic!("{back_end:?}: {items:?}") };
            assert!(matches!(error.kind(), ErrorKind::Transport(_)), "{back_end:?}: {error:?}");
            assert_eq!(error.attempts(), 1, "{back_end:?}: {error}");
        }
    }
}

#[test]
fn a_given_root_is_trusted() {
    let authority = Authority::new();
    let base_url = authority.serve("localhost", 2099);
    for back_end in back_ends() {
        let items = authority.list(back_end, &base_url);
        assert!(matches!(&items[..], [Ok(_)]), "{back_end:?}: {items:?}");
    }
}

#[test]
fn an_unknown_root_is_refused() {
    Authority::new().assert_refuses(&Authority::new().serve("localhost", 2099));
}

#[test]
fn another_host_name_is_refused() {
    let authority = Authority::new();
    authority.assert_refuses(&authority.serve("video.example.com", 2099));
}

#[test]
fn an_expired_certificate_is_refused() {
    let authority = Authority::new();
    authority.assert_refuses(&authority.serve("localhost", 2021));
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
    Authority::new().assert_refuses(&base_url);
}
