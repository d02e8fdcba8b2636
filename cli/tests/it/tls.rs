//! The tool trusts the root certificates of the operating system.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use serde_json::Value;

use super::support::program::{Run, program};
use super::support::{ROOM, UNKNOWN_ROOM, http, page, recording};

/// Serves one record over TLS on localhost. Returns the base URL and the root as PEM.
fn serve() -> (String, String) {
    let root_key = KeyPair::generate().unwrap();
    let mut root = CertificateParams::new(vec![]).unwrap();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    root.distinguished_name.push(DnType::CommonName, "a company's root");
    let pem = root.self_signed(&root_key).unwrap().pem();

    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &Issuer::new(root, root_key)).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();

    let config = Arc::new(config);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let base_url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = rustls::StreamOwned::new(connection, stream.unwrap());
            // If the client rejects the certificate, it hangs up.
            if matches!(stream.read(&mut [0; 4096]), Ok(1..)) {
                let body = page(&[recording(0)], Value::Null).to_string();
                let _ = stream.write_all(&http("200 OK", "", body.as_bytes()));
            }
        }
    });
    (base_url, pem)
}

#[test]
#[cfg(target_os = "linux")]
fn root_in_ssl_cert_file_is_trusted() {
    let (base_url, pem) = serve();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("roots.pem");
    fs::write(&file, pem).unwrap();
    let mut command = program(&base_url);
    let listed = Run::of(command.args(["list", "--json", ROOM]).env("SSL_CERT_FILE", &file));
    assert_eq!(listed.expect(0).stdout_lines().len(), 1);
}

#[test]
fn unknown_root_is_rejected_at_once() {
    let (base_url, _) = serve();
    let listed = Run::of(program(&base_url).args(["list", "--json", ROOM])).expect(1);
    assert_eq!(listed.stderr_lines().len(), 1, "{}", listed.stderr);
    assert!(listed.stderr.contains("certificate"), "{}", listed.stderr);
}

#[test]
#[cfg(target_os = "linux")]
fn file_of_root_certificates_is_read_once() {
    use rustix::fs::inotify::{self, CreateFlags, Reader, WatchFlags};

    let (base_url, pem) = serve();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("roots.pem");
    fs::write(&file, pem).unwrap();
    let inotify = inotify::init(CreateFlags::NONBLOCK).unwrap();
    inotify::add_watch(&inotify, &file, WatchFlags::OPEN).unwrap();

    // Each connection serves one request. The record that it serves is not of the second room.
    let mut command = program(&base_url);
    let listed = Run::of(command.args(["list", ROOM, UNKNOWN_ROOM]).env("SSL_CERT_FILE", &file));
    listed.expect(1);
    let mut buffer = [std::mem::MaybeUninit::uninit(); 4096];
    let mut events = Reader::new(inotify, &mut buffer);
    assert_eq!(std::iter::from_fn(|| events.next().ok().map(drop)).count(), 1);
}

#[test]
#[cfg(target_os = "linux")]
fn certificate_file_that_cannot_be_used_is_named_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text.pem");
    fs::write(&text, "hello").unwrap();
    for (file, reason) in [
        (folder.path().join("absent.pem"), "expected a file of root certificates: No such file"),
        (text, "expected a certificate in PEM form"),
    ] {
        let mut command = program("https://localhost:1");
        let listed = Run::of(command.args(["list", ROOM]).env("SSL_CERT_FILE", &file)).expect(2);
        let start = format!("error: invalid SSL_CERT_FILE \"{}\": {reason}", file.display());
        assert!(listed.stderr.starts_with(&start), "{}", listed.stderr);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn folder_of_root_certificates_adds_to_the_file() {
    let ((base_url, pem), (_, other)) = (serve(), serve());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("roots.pem");
    fs::write(&file, other).unwrap();
    // Named by a hash, as OpenSSL does.
    let certificates = folder.path().join("certificates");
    fs::create_dir(&certificates).unwrap();
    fs::write(certificates.join("0a1b2c3d.0"), pem).unwrap();

    let mut command = program(&base_url);
    command.env("SSL_CERT_FILE", &file).env("SSL_CERT_DIR", &certificates);
    assert_eq!(Run::of(command.args(["list", "--json", ROOM])).expect(0).stdout_lines().len(), 1);
}

#[test]
#[cfg(target_os = "linux")]
fn missing_root_certificates_are_reported_with_a_fix() {
    let (base_url, _) = serve();
    let folder = tempfile::tempdir().unwrap();
    let mut command = program(&base_url);
    command.env_remove("SSL_CERT_FILE").env("SSL_CERT_DIR", folder.path());
    let listed = Run::of(command.args(["list", ROOM])).expect(1);
    assert_eq!(listed.stderr_lines().len(), 1, "{}", listed.stderr);
    assert!(listed.stderr.contains("; install the root certificates"), "{}", listed.stderr);
}
