//! Requests to the storage that holds the media, and its responses.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read};
use std::time::Duration;

use ureq::http::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, ETAG, HeaderName,
    LOCATION, RANGE, TRANSFER_ENCODING,
};
use ureq::http::{self, Request, Response, StatusCode};
use ureq::{Body, BodyReader};

use super::api::Http;
use super::error_body::storage_message;
use super::failure::Peer;
use super::headers;
use super::url::SignedUrl;
use crate::deadline::Deadline;
use crate::error::{ApiError, Error, ErrorKind, is_transient_status};
use crate::model::RecordingSid;

const MAX_REDIRECTS: usize = 5;

/// Media from some byte on.
pub(crate) struct MediaResponse {
    /// The position of the body's first byte in the media.
    pub first: u64,
    /// The length of the complete media.
    pub length: Option<u64>,
    /// The strong entity tag, which identifies this version of the media.
    pub entity_tag: Option<String>,
    /// The headers of the encryption data, with their names in lower case.
    pub encryption: BTreeMap<String, String>,
    pub body: MediaBody,
}

/// The body of a media response.
pub(crate) struct MediaBody {
    reader: BodyReader<'static>,
    peer: Peer,
}

impl MediaBody {
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        self.reader.read(buffer).map_err(|error| self.peer.read_error(error))
    }

    /// Reads past the first `count` bytes.
    pub(crate) fn skip(&mut self, count: u64) -> Result<(), Error> {
        io::copy(&mut self.reader.by_ref().take(count), &mut io::sink())
            .map(drop)
            .map_err(|error| self.peer.read_error(error))
    }

    /// A transient failure of this body.
    pub(crate) fn failed(&self, reason: impl Into<String>) -> Error {
        self.peer.transport(reason).transient(true)
    }
}

impl fmt::Debug for MediaBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MediaBody")
    }
}

impl Http {
    /// The URL that a `Location` of a response from this path of the API leads to.
    pub(crate) fn signed_url(&self, path: &str, location: &str) -> Result<SignedUrl, Error> {
        let base_url = &self.base_url;
        let from = format!("{}{path}", base_url.as_str()).parse();
        let from = from.map_err(|_| Error::invalid_response("the URL of the media is invalid"))?;
        SignedUrl::redirected(&from, location, base_url.is_loopback())
    }

    /// Requests the media from this byte on, once. None of the API's headers is sent.
    pub(crate) fn get_media(
        &self,
        recording: RecordingSid,
        url: &SignedUrl,
        from: u64,
        deadline: Deadline,
    ) -> Result<MediaResponse, Error> {
        let mut url = url.clone();
        self.follow(recording, &mut url, from, deadline).map_err(|mut error| {
            self.complete_error(&mut error, url.host());
            error
        })
    }

    /// Follows the redirects within the storage. `url` is the last one that was requested.
    fn follow(
        &self,
        recording: RecordingSid,
        url: &mut SignedUrl,
        from: u64,
        deadline: Deadline,
    ) -> Result<MediaResponse, Error> {
        let connections = &self.connections;
        for _ in 0..=MAX_REDIRECTS {
            let remaining = deadline.remaining()?;
            let proxy = connections.proxies.select(url.uri())?;
            let limit = remaining.unwrap_or(Duration::MAX);
            let peer = self.peer(url.uri(), limit, proxy.as_ref());
            let response = media_request(url, from)
                .map_err(ureq::Error::from)
                .and_then(|request| connections.send_for_media(request, remaining, proxy))
                .map_err(|error| peer.send_error(error))?;
            let status = response.status();
            if status.is_client_error() || status.is_server_error() {
                return Err(self.storage_error(recording, response));
            }
            if !status.is_redirection() {
                return media_response(response, from, peer);
            }

            let Some(location) = headers::text(response.headers(), LOCATION) else {
                let reason = format!("the storage responded {status} without a Location");
                return Err(Error::invalid_response(reason));
            };
            *url = SignedUrl::redirected(url.uri(), &location, self.base_url.is_loopback())?;
        }

        let reason = format!("the storage redirects more than {MAX_REDIRECTS} times");
        Err(Error::invalid_response(reason))
    }

    fn storage_error(&self, recording_sid: RecordingSid, response: Response<Body>) -> Error {
        let (status, headers) = (response.status(), response.headers());
        let retry_after = headers::retry_after(headers);
        let request_id = headers::text(headers, HeaderName::from_static("x-amz-request-id"));
        if status == StatusCode::RANGE_NOT_SATISFIABLE {
            return Error::new(ErrorKind::MediaChanged { recording_sid });
        }

        let status = status.as_u16();
        let message = storage_message(&self.error_text(response), status);
        let error = ApiError { request_id, retry_after, ..ApiError::new(status, message) };
        // Statuses of an expired URL: a new URL may succeed.
        let has_expired = matches!(status, 400 | 401 | 403 | 410);
        Error::new(ErrorKind::Storage(error)).transient(has_expired || is_transient_status(status))
    }
}

fn media_request(url: &SignedUrl, from: u64) -> http::Result<Request<()>> {
    let request = Request::builder()
        .uri(url.as_str())
        .header(ACCEPT, "*/*")
        .header(ACCEPT_ENCODING, "identity");
    let request = match from {
        0 => request,
        _ => request.header(RANGE, format!("bytes={from}-")),
    };
    request.body(())
}

/// Checks that the response is the media from the requested byte on.
fn media_response(response: Response<Body>, from: u64, peer: Peer) -> Result<MediaResponse, Error> {
    let header = |name| headers::text(response.headers(), name);
    if let Some(encoding) = header(CONTENT_ENCODING).filter(|it| is_transformation(it)) {
        let reason = format!("the storage encodes the media with {encoding}");
        return Err(Error::invalid_response(reason));
    }

    // ureq names no length for an empty body.
    let has_length = !response.headers().contains_key(TRANSFER_ENCODING);
    let body_length = || header(CONTENT_LENGTH).filter(|_| has_length)?.parse().ok();
    let (first, length) = match response.status().as_u16() {
        200 => (0, body_length()),
        206 => {
            let range = header(CONTENT_RANGE).unwrap_or_default();
            match headers::content_range(&range) {
                // An earlier first byte is that of a block of the storage.
                Some((first, length)) if first <= from => (first, length),
                _ => {
                    let reason =
                        format!("requested byte {from} and later, got the range \"{range}\"");
                    return Err(Error::invalid_response(reason));
                }
            }
        }
        status => {
            let reason = format!("the storage responded {status}: expected 200 or 206");
            return Err(Error::invalid_response(reason));
        }
    };

    let entity_tag = header(ETAG).filter(|tag| tag.starts_with('"'));
    let encryption = headers::with_prefix(response.headers(), "x-amz-meta-x-amz-");
    let body = MediaBody { reader: response.into_body().into_reader(), peer };
    Ok(MediaResponse { first, length, entity_tag, encryption, body })
}

/// Returns `true` if a content coding changes the bytes. Others, such as `aws-chunked` or a mistaken
/// `utf-8`, are remains of the upload, and the bytes are those of the media.
fn is_transformation(encoding: &str) -> bool {
    const TRANSFORMATIONS: [&str; 5] = ["br", "compress", "deflate", "gzip", "zstd"];

    let mut codings = encoding.split(',').map(|it| it.trim().to_ascii_lowercase());
    codings.any(|it| TRANSFORMATIONS.contains(&it.strip_prefix("x-").unwrap_or(&it)))
}
