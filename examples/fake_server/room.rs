//! One room of the API: its list, its recordings one by one, and the storage of their media.

use std::sync::Mutex;

use axum::body::Body;
use axum::http::header;
use axum::response::Response;
use serde_json::{Value, json};

use super::{
    ACCOUNT, ROOM, ReceivedRequest, Server, error_response, json_response, media_redirect,
};

/// Serves a room with these recordings, in their order, a page at a time.
#[must_use]
pub fn serve_room(recordings: Vec<Value>) -> Server {
    let room = Room::new(recordings);
    Server::start(move |request| room.respond(request))
}

/// A room with its recordings, and their media.
pub struct Room(Mutex<Vec<Value>>);

impl Room {
    /// A room with these recordings, in their order.
    #[must_use]
    pub fn new(recordings: Vec<Value>) -> Self {
        Self(Mutex::new(recordings))
    }

    /// Answers as the API does, and as the storage does under `/storage/`.
    pub fn respond(&self, request: &ReceivedRequest) -> Response {
        let path = request.uri.path();
        let mut recordings = self.0.lock().expect("the recordings");
        if let Some(sid) = path.strip_prefix("/storage/") {
            return store(&recordings, sid, request);
        }
        if !request.headers.contains_key(header::AUTHORIZATION) {
            return error_response(401, 20003, "Authentication Error - invalid username");
        }
        let not_found =
            || error_response(404, 20404, &format!("The requested resource {path} was not found"));
        match path.strip_prefix(&format!("/v1/Rooms/{ROOM}/Recordings")) {
            None => not_found(),
            Some("") => list(&recordings, request),
            Some(rest) => {
                let (sid, rest) = rest[1..].split_once('/').unwrap_or((&rest[1..], ""));
                let Some(at) = recordings.iter().position(|it| it["sid"] == sid) else {
                    return not_found();
                };
                match (request.method.as_str(), rest) {
                    ("GET", "") => json_response(200, &recordings[at]),
                    ("GET", "Media") => redirect_to_storage(sid, request),
                    ("DELETE", "") => {
                        recordings.remove(at);
                        Response::builder().status(204).body(Body::empty()).expect("a response")
                    }
                    _ => error_response(405, 20004, "Method not allowed"),
                }
            }
        }
    }
}

fn list(recordings: &[Value], request: &ReceivedRequest) -> Response {
    let page_size: usize = match request.parameter("PageSize").unwrap_or("50".into()).parse() {
        Ok(size @ 1..=1000) => size,
        _ => return error_response(400, 20001, "Invalid PageSize"),
    };
    let page = request.parameter("Page").unwrap_or("0".into());
    let token = request.parameter("PageToken");
    let from: usize = match token.as_deref().map(|token| token.strip_prefix(TOKEN)) {
        None if page == "0" => 0,
        Some(Some(from)) => from.parse().unwrap_or(usize::MAX),
        _ => return error_response(400, 20001, "Invalid PageToken"),
    };
    let matching: Vec<&Value> = recordings.iter().filter(|it| passes(it, request)).collect();
    let shown: Vec<&Value> = matching.iter().skip(from).take(page_size).copied().collect();
    let next = from.saturating_add(page_size);
    let number: usize = page.parse().unwrap_or(0);
    // The service names its canonical host, whatever host it was reached by.
    let here = format!("https://video.twilio.com{}?PageSize={page_size}", request.uri.path());
    let next_url = (next < matching.len())
        .then(|| format!("{here}&Page={}&PageToken={TOKEN_ENCODED}{next}", number + 1));
    let meta = json!({
        "key": "recordings", "url": here, "page": number, "page_size": page_size,
        "next_page_url": next_url, "first_page_url": here, "previous_page_url": null,
    });
    json_response(200, &json!({"meta": meta, "recordings": shown}))
}

/// What the stand-in's page tokens begin with: all that has to survive the way there and back.
const TOKEN: &str = "PT+/=&%é ";
const TOKEN_ENCODED: &str = "PT%2B%2F%3D%26%25%C3%A9%20";

fn passes(recording: &Value, request: &ReceivedRequest) -> bool {
    let field = |name: &str| recording[name].as_str().unwrap_or_default();
    let wanted = |name: &str, test: &dyn Fn(&str) -> bool| {
        request.parameter(name).is_none_or(|value| test(&value))
    };
    wanted("Status", &|status| field("status") == status)
        && wanted("SourceSid", &|source| field("source_sid") == source)
        && wanted("DateCreatedAfter", &|date| field("date_created") >= date)
        && wanted("DateCreatedBefore", &|date| field("date_created") < date)
}

/// What the storage's URLs are signed with.
const SIGNATURE: &str = "X-Signature=0123456789abcdef";

fn redirect_to_storage(sid: &str, request: &ReceivedRequest) -> Response {
    let host = request.headers[header::HOST].to_str().expect("a host");
    media_redirect(&format!("http://{host}/storage/{sid}?{SIGNATURE}"))
}

/// The media of one recording, whole or from a byte on.
fn store(recordings: &[Value], sid: &str, request: &ReceivedRequest) -> Response {
    let refuse = |code: u16, words: &str| {
        let body = format!("<Error><Code>{words}</Code></Error>");
        Response::builder().status(code).body(Body::from(body)).expect("a response")
    };
    if request.headers.contains_key(header::AUTHORIZATION) {
        return refuse(400, "OnlyOneAuthMechanismAllowed");
    }
    if request.uri.query() != Some(SIGNATURE) {
        return refuse(403, "AccessDenied");
    }
    let Some(recording) = recordings.iter().find(|it| it["sid"] == sid) else {
        return refuse(404, "NoSuchKey");
    };
    let media = media(recording);
    let tag = format!("\"{sid}\"");
    let Some(range) = request.headers.get(header::RANGE) else {
        return Response::builder()
            .status(200)
            .header(header::ETAG, tag)
            .body(Body::from(media))
            .expect("a response");
    };
    let range = range.to_str().ok().and_then(|it| it.strip_prefix("bytes=")?.strip_suffix('-'));
    match range.and_then(|from| from.parse().ok()) {
        Some(from) if from < media.len() => Response::builder()
            .status(206)
            .header(header::ETAG, tag)
            .header(
                header::CONTENT_RANGE,
                format!("bytes {from}-{}/{}", media.len() - 1, media.len()),
            )
            .body(Body::from(media[from..].to_vec()))
            .expect("a response"),
        _ => refuse(416, "InvalidRange"),
    }
}

/// The media of a recording: as many bytes as it says, unlike those of any other.
#[must_use]
pub fn media(recording: &Value) -> Vec<u8> {
    let size = recording["size"].as_u64().unwrap_or(0);
    let seed = recording["sid"]
        .to_string()
        .bytes()
        .fold(7_u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
    (0..size).map(|at| ((at ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect()
}

/// A recording with all its fields set; the number makes it unlike the others.
#[must_use]
pub fn recording(number: usize) -> Value {
    let sid = format!("RT{number:032x}");
    let url = format!("https://video.twilio.com/v1/Rooms/{ROOM}/Recordings/{sid}");
    let is_audio = number.is_multiple_of(2);
    let status = ["completed", "completed", "processing", "deleted", "failed"][number % 5];
    let is_done = status != "processing";
    json!({
        "sid": sid,
        "url": url,
        "links": {"media": format!("{url}/Media")},
        "account_sid": ACCOUNT,
        "room_sid": ROOM,
        "source_sid": format!("MT{number:032x}"),
        "status": status,
        "type": if is_audio { "audio" } else { "video" },
        "codec": if is_audio { "opus" } else { "VP8" },
        "container_format": if is_audio { "mka" } else { "mkv" },
        "size": if is_done { number * 10_007 + 1 } else { 0 },
        "duration": if is_done { number % 3600 + 1 } else { 0 },
        "offset": 143_532_775_792_u64 + number as u64,
        "track_name": format!("track {number}"),
        "grouping_sids": {"room_sid": ROOM, "participant_sid": format!("PA{number:032x}")},
        "date_created": format!("2026-{:02}-{:02}T12:00:00Z", number % 12 + 1, number % 28 + 1),
        "date_updated": "2026-12-30T21:00:00Z",
        "date_deleted": (status == "deleted").then_some("2026-12-31T22:00:00Z"),
        "encryption_key": "public_key",
        "media_external_location": "https://my-super-duper-bucket.s3.amazonaws.com/my/path/",
    })
}
