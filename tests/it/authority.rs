//! A certificate authority, and TLS servers with its certificates.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;

pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate.
    pub pem: String,
}

impl Authority {
    pub fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec![]).expect("parameters");
        // With equal names, the signatures would tell two authorities apart.
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("authority {}", COUNT.fetch_add(1, Ordering::Relaxed));
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Serves these hosts over TLS, with a certificate that is valid up to this year, and returns
    /// the port. `respond` makes the bytes of the response from the head of a request.
    pub fn serve(
        &self,
        hosts: &[&str],
        last_year: i32,
        respond: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static,
    ) -> u16 {
        let config = self.server_config(hosts, last_year);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let respond = Arc::new(respond);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let connection = rustls::ServerConnection::new(Arc::clone(&config));
                let connection = connection.expect("a TLS connection");
                let mut stream = rustls::StreamOwned::new(connection, stream.expect("a stream"));
                let respond = Arc::clone(&respond);
                thread::spawn(move || {
                    // The client ends the connection, or refuses the handshake.
                    while let Some(head) = read_head(&mut stream) {
                        if stream.write_all(&respond(&head)).is_err() {
                            break;
                        }
                    }
                });
            }
        });
        port
    }

    fn server_config(&self, hosts: &[&str], last_year: i32) -> Arc<rustls::ServerConfig> {
        let key = KeyPair::generate().expect("a key");
        let names: Vec<_> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("parameters");
        // Its own name: with its issuer's it would pass for self-signed.
        params.distinguished_name.push(DnType::CommonName, hosts[0]);
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(last_year, 1, 1);
        let certificate =
            params.signed_by(&key, &self.issuer).expect("a certificate").der().clone();
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");

        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key);
        Arc::new(config.expect("a certificate and its key"))
    }
}

fn read_head(stream: &mut impl Read) -> Option<String> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    Some(String::from_utf8_lossy(&head).into_owned())
}
