//! Requests to the storage: what is sent, signed URLs, redirects, error responses, encodings.

#[cfg(feature = "gzip")]
use std::fs;
#[cfg(feature = "gzip")]
use std::io::Write;
use std::time::Duration;

use twilio_room_recordings::ErrorKind;

use crate::support::fake_server::Server;
use crate::support::media::*;
use crate::support::storage::{Fate, SIGNATURE, api};
use crate::support::{IS_UNIFIED, client, http};

#[test]
fn storage_gets_none_of_the_headers_for_the_api() {
    let setting = Setting::new(vec![Fate::CutAfter(9)]);
    setting.assert_downloads();
    let heads = setting.storage.heads();
    assert_eq!(heads.len(), 2);
    for head in heads {
        let head = head.to_ascii_lowercase();
        assert!(!head.contains("authorization") && !head.contains("application/json"), "{head}");
        assert!(head.contains("accept-encoding: identity"), "{head}");
    }
    assert!(setting.api.requests().iter().all(|it| it.headers.contains_key("authorization")));
}

#[test]
fn expired_url_is_replaced() {
    let expired =
        b"<?xml?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>";
    let expired = http("403 Forbidden", "Connection: close\r\n", expired);
    let setting = Setting::new(vec![Fate::CutAfter(7), Fate::Raw(expired.clone())]);
    setting.assert_downloads();
    assert_eq!(setting.api.requests().len(), 2);

    let setting = Setting::new(vec![Fate::Raw(expired); 9]);
    let error = setting.download().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the storage rejected the request: AccessDenied (status 403, host 127.0.0.1) (after 4 attempts)"
    );
    assert_eq!(setting.api.requests().len(), 4);
}

#[test]
fn throttling_storage_is_retried() {
    for status in ["429 Too Many Requests", "503 Slow Down"] {
        let slow = Fate::Raw(http(status, "Connection: close\r\nRetry-After: 0\r\n", b""));
        let setting = Setting::new(vec![slow.clone(), Fate::CutAfter(5), slow]);
        setting.assert_downloads();
        // The signed URL has not expired.
        assert_eq!(setting.api.requests().len(), 1);
    }
}

#[test]
fn longer_retry_after_of_the_storage_than_permitted_is_returned() {
    let headers = "Connection: close\r\nRetry-After: 7\r\nx-amz-request-id: 4442587FB7D0A2F9\r\n";
    let slow = http("503 Slow Down", headers, b"");
    let policy = retries(3).max_retry_after(Duration::from_secs(6));
    let setting = Setting::new(vec![Fate::Raw(slow)]).with_retries(policy);
    let error = setting.download().unwrap_err();
    let response = error.api_error().unwrap();
    assert_eq!((response.status, response.retry_after), (503, Some(Duration::from_secs(7))));
    assert!(error.attempts() == 1 && setting.storage.heads().len() == 1);
    assert_eq!(
        error.to_string(),
        "the storage failed: Service Unavailable (status 503, host 127.0.0.1, \
         request 4442587FB7D0A2F9, retry after 7 s); \
         not retried: the delay exceeds the maximum of 6 s"
    );
}

#[test]
fn missing_media_is_not_retried() {
    let gone = http("404 Not Found", "Connection: close\r\n", b"");
    let setting = Setting::new(vec![Fate::Raw(gone)]);
    let error = setting.download().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Storage(it) if it.status == 404), "{error:?}");
    assert_eq!(error.attempts(), 1);
}

#[test]
fn redirects_within_the_storage_are_followed_up_to_a_limit() {
    let setting = Setting::new(vec![redirect("/elsewhere/a?b=c"), redirect("d"), redirect("?e=f")]);
    setting.assert_downloads();
    let heads = setting.storage.heads();
    let lines: Vec<_> = heads.iter().map(|head| head.lines().next().unwrap()).collect();
    assert_eq!(lines[1..3], ["GET /elsewhere/a?b=c HTTP/1.1", "GET /elsewhere/d HTTP/1.1"]);
    assert_eq!(lines[3], "GET /elsewhere/d?e=f HTTP/1.1");

    let setting = Setting::new(vec![redirect("/again"); 9]);
    let error = setting.download().unwrap_err();
    assert!(error.to_string().contains("redirects more than 5 times"), "{error}");
}

#[test]
fn redirect_to_a_host_without_a_scheme_is_followed() {
    let target = Setting::new(vec![]);
    let host = target.storage.url.trim_start_matches("http:").to_owned();
    let setting = Setting::new(vec![redirect(&host)]);
    setting.assert_downloads();
    assert_eq!((setting.storage.heads().len(), target.storage.heads().len()), (1, 1));
}

#[test]
fn url_that_is_not_https_is_rejected_without_showing_it() {
    for url in [
        format!("http://storage.example.com/media?{SIGNATURE}"),
        format!("ftp://127.0.0.1/media?{SIGNATURE}"),
        format!("https://me:{SIGNATURE}@storage.example.com/media"),
        format!("https:// /?{SIGNATURE}"),
    ] {
        let api = api(completed(SIZE), &url);
        let error = client(api.base_url()).media(&record(completed(SIZE))).url().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidResponse { .. }), "{error:?}");
        assert!(!format!("{error}{error:?}").contains(SIGNATURE), "{error:?}");

        // The same from the storage.
        let setting = Setting::new(vec![redirect(&url)]);
        let error = setting.download().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidResponse { .. }), "{error:?}");
        assert!(!format!("{error}{error:?}").contains(SIGNATURE), "{error:?}");
    }
}

#[test]
#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
fn https_url_in_a_build_without_tls_is_returned() {
    let url = "https://127.0.0.1:1/media?Signature=x";
    let api = api(completed(SIZE), url);
    let signed = client(api.base_url()).media(&record(completed(SIZE))).url().unwrap();
    assert_eq!(signed.as_str(), url);
}

#[test]
fn signed_url_is_returned_and_shown_to_nobody_else() {
    let setting = Setting::new(vec![]);
    let url = setting.known_media().url().unwrap();
    assert_eq!(url.as_str(), setting.storage.url);
    assert_eq!(format!("{url:?}"), "SignedUrl(127.0.0.1…)");
    let reader = format!("{:?}", setting.known_media().reader().unwrap());
    assert!(reader.contains("reader: MediaBody") && !reader.contains(SIGNATURE), "{reader}");
    assert_eq!(setting.storage.heads().len(), 1);

    let signature = SIGNATURE.split('=').nth(1).unwrap();
    let too_long = "A".repeat(64);
    for code in ["SignatureDoesNotMatch", signature, &too_long] {
        let echo = format!("<Error><Code>{code}</Code><Message>bad {signature}</Message></Error>");
        let setting = Setting::new(vec![Fate::Raw(http("404 Not Found", "", echo.as_bytes()))]);
        let error = setting.download().unwrap_err();
        let shown = if code.starts_with("Signature") { code } else { "Not Found" };
        assert!(error.to_string().contains(shown), "{error}");
        assert!(!format!("{error}{error:?}").contains(signature), "{error:?}");
    }
}

#[test]
fn location_without_a_redirect_is_not_shown() {
    let server = Server::start(|_| {
        let url = format!("https://storage.example.com/{SIGNATURE}");
        axum::response::Response::builder().header("location", url).body("".into()).unwrap()
    });
    let error = client(server.base_url()).media(&record(completed(SIZE))).url().unwrap_err();
    assert!(!format!("{error}{error:?}").contains(SIGNATURE), "{error:?}");
}

#[test]
fn content_coding_that_changes_the_bytes_is_rejected() {
    // With its feature `brotli`, ureq decodes the body and removes the header.
    let decoded = IS_UNIFIED.then_some("br");
    let codings = ["br", "zstd", "deflate", "compress", "x-gzip", "aws-chunked, br", "BR"];
    for coding in codings.into_iter().filter(|coding| Some(*coding) != decoded) {
        let headers = format!("Connection: close\r\nContent-Encoding: {coding}\r\n");
        let setting = Setting::new(vec![Fate::Raw(http("200 OK", &headers, &media_bytes()))]);
        let error = setting.download().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidResponse { .. }), "{coding}: {error:?}");
        assert_eq!(setting.storage.heads().len(), 1);
    }
}

#[test]
fn content_coding_that_leaves_the_bytes_is_accepted() {
    for coding in ["aws-chunked", "identity", "", "AWS-Chunked", "identity, aws-chunked", "utf-8"] {
        let headers = format!("Connection: close\r\nContent-Encoding: {coding}\r\n");
        Setting::new(vec![Fate::Raw(http("200 OK", &headers, &media_bytes()))]).assert_downloads();
    }
}

#[test]
#[cfg(feature = "gzip")]
fn compressed_media_never_ends_in_a_file_that_cannot_be_completed() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&media_bytes()).unwrap();
    let encoded = encoder.finish().unwrap();
    let headers = "Connection: close\r\nETag: \"one\"\r\nContent-Encoding: gzip\r\n";
    let complete = http("200 OK", headers, &encoded);
    let truncated = complete[..complete.len() - encoded.len() / 2].to_vec();
    let rest = format!("{headers}Content-Range: bytes 999-{}/{}\r\n", encoded.len(), encoded.len());
    let rest = http("206 Partial Content", &rest, &encoded[999..]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mka");
    let setting = Setting::new(vec![Fate::Raw(truncated), Fate::Raw(rest), Fate::Raw(complete)]);
    setting.download_to(&path).unwrap();
    assert!(fs::read(&path).unwrap() == media_bytes());
    assert_eq!(names(folder.path()), ["a.mka"]);
}
