//! The TLS configuration of a client, for the library that the build has.

use std::{env, fs};

use ureq::tls::{
    Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, TlsProvider, parse_pem,
};

use super::failure::std_error;
use super::settings::{ConnectionSettings, RootCertificates};
use crate::error::Error;

/// A build with both libraries uses rustls.
const IS_RUSTLS: bool = cfg!(feature = "rustls");

pub(super) fn config(settings: &ConnectionSettings) -> Result<TlsConfig, Error> {
    let roots = match &settings.root_certificates {
        RootCertificates::BuiltIn => RootCerts::WebPki,
        RootCertificates::System if IS_RUSTLS && cfg!(not(feature = "platform-verifier")) => {
            let expected = "the built-in or given ones: this build lacks the feature \
                            platform-verifier";
            return Err(Error::invalid_input("root certificates", "System", expected));
        }
        RootCertificates::System => match certificate_file()? {
            Some(certificates) => certificates.into(),
            None => RootCerts::PlatformVerifier,
        },
        RootCertificates::Pem(pem) => certificates("root certificates", "…", pem)?.into(),
    };
    let client = settings.client_certificate.as_ref().map(client_certificate).transpose()?;

    let provider = if IS_RUSTLS { TlsProvider::Rustls } else { TlsProvider::NativeTls };
    Ok(TlsConfig::builder().provider(provider).root_certs(roots).client_cert(client).build())
}

fn client_certificate((chain, key): &(Vec<u8>, Vec<u8>)) -> Result<ClientCert, Error> {
    let chain = certificates("client certificate", "…", chain)?;
    let key = PrivateKey::from_pem(key).map_err(|error| {
        let expected = "an unencrypted private key in PEM form";
        Error::invalid_input("private key", "…", expected).caused_by(std_error(&error.into_io()))
    })?;
    Ok(ClientCert::new_with_certs(&chain, key))
}

/// The certificates of the file that replaces those of the operating system, unless a folder does so
/// too. It is read here, because the TLS library would ignore one that it cannot use.
fn certificate_file() -> Result<Option<Vec<Certificate<'static>>>, Error> {
    const VARIABLE: &str = "SSL_CERT_FILE";
    if cfg!(any(not(unix), target_vendor = "apple", target_os = "android")) {
        return Ok(None);
    }
    let Some(file) = env::var_os(VARIABLE) else { return Ok(None) };

    let value = file.to_string_lossy();
    let pem = fs::read(&file).map_err(|error| {
        let expected = format!("a file of root certificates: {error}");
        Error::invalid_input(VARIABLE, &value, expected).caused_by(error)
    })?;
    let certificates = certificates(VARIABLE, &value, &pem)?;
    let is_complete = IS_RUSTLS && env::var_os("SSL_CERT_DIR").is_none();
    Ok(is_complete.then_some(certificates))
}

/// All certificates of a text in PEM form, of which there must be one.
fn certificates(
    parameter: &'static str,
    value: &str,
    pem: &[u8],
) -> Result<Vec<Certificate<'static>>, Error> {
    let mut certificates = Vec::new();
    for item in parse_pem(pem) {
        match item {
            Ok(PemItem::Certificate(certificate)) => certificates.push(certificate),
            Ok(_) => {}
            Err(error) => {
                let expected = "certificates in PEM form";
                let invalid = Error::invalid_input(parameter, value, expected);
                return Err(invalid.caused_by(std_error(&error.into_io())));
            }
        }
    }

    if certificates.is_empty() {
        return Err(Error::invalid_input(parameter, value, "a certificate in PEM form"));
    }
    Ok(certificates)
}
