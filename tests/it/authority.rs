//! A certificate authority, and TLS servers with its certificates.
#![allow(dead_code)]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd,
};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ConfigBuilder, HandshakeKind, WantsVerifier};

pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate.
    pub pem: String,
    /// The handshakes of all connections that sent a request.
    pub handshakes: Arc<Mutex<Vec<HandshakeKind>>>,
}

impl Authority {
    pub fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
        // With equal names, the signatures would tell two authorities apart.
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("authority {}", COUNT.fetch_add(1, Ordering::Relaxed));
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { issuer: Issuer::new(params, key), pem, handshakes: Arc::default() }
    }

    /// Serves these hosts over TLS, with a certificate that is valid up to this year, and returns
    /// the port. `respond` makes the bytes of the response from the head of a request.
    pub fn serve(
        &self,
        hosts: &[&str],
        last_year: i32,
        respond: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static,
    ) -> u16 {
        let (certificate, key) = self.certificate(hosts, last_year);
        let config = server_config().with_no_client_auth();
        self.serve_with(
            config.with_single_cert(vec![certificate.der().clone()], der(&key)),
            respond,
        )
    }

    /// Serves localhost to clients with a certificate of another authority.
    pub fn serve_to_clients_of(
        &self,
        clients: &Self,
        respond: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static,
    ) -> u16 {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(clients.pem.as_bytes()).unwrap()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider());
        let config = server_config().with_client_cert_verifier(verifier.build().unwrap());

        let (certificate, key) = self.certificate(&["localhost"], 2099);
        self.serve_with(
            config.with_single_cert(vec![certificate.der().clone()], der(&key)),
            respond,
        )
    }

    /// Serves localhost with the authority's own certificate.
    pub fn serve_itself(&self, respond: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> u16 {
        let certificate = CertificateDer::from_pem_slice(self.pem.as_bytes()).unwrap();
        let config = server_config().with_no_client_auth();
        self.serve_with(config.with_single_cert(vec![certificate], der(self.issuer.key())), respond)
    }

    /// A certificate for this name and its private key, in PEM form.
    pub fn issue(&self, name: &str) -> (String, String) {
        let (certificate, key) = self.certificate(&[name], 2099);
        (certificate.pem(), key.serialize_pem())
    }

    fn certificate(&self, names: &[&str], last_year: i32) -> (Certificate, KeyPair) {
        let key = KeyPair::generate().expect("a key");
        let hosts: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(hosts).expect("parameters");
        // Its own name: with its issuer's it would pass for self-signed.
        params.distinguished_name.push(DnType::CommonName, names[0]);
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(last_year, 1, 1);
        (params.signed_by(&key, &self.issuer).expect("a certificate"), key)
    }

    fn serve_with(
        &self,
        config: Result<rustls::ServerConfig, rustls::Error>,
        respond: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static,
    ) -> u16 {
        let config = Arc::new(config.expect("a certificate and its key"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let respond = Arc::new(respond);
        let handshakes = Arc::clone(&self.handshakes);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let connection = rustls::ServerConnection::new(Arc::clone(&config));
                let connection = connection.expect("a TLS connection");
                let mut stream = rustls::StreamOwned::new(connection, stream.expect("a stream"));
                let (respond, handshakes) = (Arc::clone(&respond), Arc::clone(&handshakes));
                thread::spawn(move || {
                    let mut is_new = true;
                    // The client ends the connection, or refuses the handshake.
                    while let Some(head) = read_head(&mut stream) {
                        if std::mem::take(&mut is_new) {
                            let kind = stream.conn.handshake_kind().expect("a handshake");
                            handshakes.lock().expect("a log").push(kind);
                        }
                        if stream.write_all(&respond(&head)).is_err() {
                            break;
                        }
                    }
                });
            }
        });
        port
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn server_config() -> ConfigBuilder<rustls::ServerConfig, WantsVerifier> {
    let builder = rustls::ServerConfig::builder_with_provider(provider());
    builder.with_safe_default_protocol_versions().expect("versions")
}

fn der(key: &KeyPair) -> PrivateKeyDer<'static> {
    PrivateKeyDer::try_from(key.serialize_der()).expect("a key")
}

fn read_head(stream: &mut impl Read) -> Option<String> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    Some(String::from_utf8_lossy(&head).into_owned())
}
