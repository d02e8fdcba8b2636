//! An account of the API: the lists of its recordings, each recording, and the storage of their
//! media.

use std::sync::Mutex;

use axum::body::Body;
use axum::http::header;
use axum::response::Response;
use serde_json::{Value, json};

use super::{
    ACCOUNT, ROOM, ReceivedRequest, Server, error_response, json_response, media_redirect,
};

/// Serves an account with these recordings, in their order, a page at a time.
#[must_use]
pub fn serve_room(recordings: Vec<Value>) -> Server {
    let room = Room::new(recordings);
    Server::start(move |request| room.respond(request))
}

/// The recordings of [`ROOM`] and of the other rooms that they name, and their media.
pub struct Room(Mutex<Vec<Value>>);

impl Room {
    /// An account with these recordings, in their order.
    #[must_use]
    pub fn new(recordings: Vec<Value>) -> Self {
        Self(Mutex::new(recordings))
    }

    /// Responds as the API does, and as the storage does under `/storage/`.
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
        let Some((list, sid, subresource)) = List::of_path(path, &recordings) else {
            return not_found();
        };
        let Some(sid) = sid else { return list.page(&recordings, request) };
        let found = |it: &Value| it["sid"] == sid && list.holds(it);
        let Some(index) = recordings.iter().position(found) else { return not_found() };
        match (request.method.as_str(), subresource) {
            ("GET", "") => json_response(200, &list.record(&recordings[index])),
            ("GET", "Media") => redirect_to_storage(sid, request),
            ("DELETE", "") => {
                recordings.remove(index);
                Response::builder().status(204).body(Body::empty()).expect("a response")
            }
            _ => error_response(405, 20004, "Method not allowed"),
        }
    }
}

/// A list of recordings.
enum List<'a> {
    Room(&'a str),
    Account,
}

impl<'a> List<'a> {
    /// The list of a path, and the recording's SID and the name of its subresource, if there are any.
    fn of_path(path: &'a str, recordings: &[Value]) -> Option<(Self, Option<&'a str>, &'a str)> {
        let mut parts = path.strip_prefix("/v1/")?.split('/');
        let mut list = Self::Account;
        let mut part = parts.next()?;
        if part == "Rooms" {
            list = Self::Room(parts.next()?);
            part = parts.next()?;
        }
        if let Self::Room(room) = list {
            let exists = room == ROOM || recordings.iter().any(|it| list.holds(it));
            exists.then_some(())?;
        }
        let (sid, subresource) = (parts.next(), parts.next().unwrap_or_default());
        (part == "Recordings" && parts.next().is_none()).then_some((list, sid, subresource))
    }

    fn holds(&self, recording: &Value) -> bool {
        match self {
            Self::Room(room) => room_of(recording) == *room,
            Self::Account => true,
        }
    }

    /// The record as this list shows it.
    fn record(&self, recording: &Value) -> Value {
        let mut record = recording.clone();
        if let (Self::Account, Some(fields)) = (self, record.as_object_mut()) {
            let url = format!(
                "https://video.twilio.com/v1/Recordings/{}",
                recording["sid"].as_str().unwrap_or_default()
            );
            fields.remove("room_sid");
            fields.insert("links".into(), json!({"media": format!("{url}/Media")}));
            fields.insert("url".into(), url.into());
            fields.insert("status_callback".into(), "https://hooks.example/status".into());
            fields.insert("status_callback_method".into(), "POST".into());
        }
        record
    }

    fn page(&self, recordings: &[Value], request: &ReceivedRequest) -> Response {
        let max = if let Self::Account = self { 100 } else { 1000 };
        let page_size: usize = match request.parameter("PageSize").unwrap_or("50".into()).parse() {
            Ok(size) if (1..=max).contains(&size) => size,
            _ => return error_response(400, 20001, "Invalid PageSize"),
        };
        let page = request.parameter("Page").unwrap_or("0".into());
        let token = request.parameter("PageToken");
        let from: usize = match token.as_deref().map(|token| token.strip_prefix(TOKEN)) {
            None if page == "0" => 0,
            Some(Some(from)) => from.parse().unwrap_or(usize::MAX),
            _ => return error_response(400, 20001, "Invalid PageToken"),
        };

        let passes = |it: &&Value| self.holds(it) && self.passes(it, request);
        let matching: Vec<&Value> = recordings.iter().filter(passes).collect();
        let shown: Vec<Value> =
            matching.iter().skip(from).take(page_size).map(|it| self.record(it)).collect();
        let next = from.saturating_add(page_size);
        let number: usize = page.parse().unwrap_or(0);
        // The service names its canonical host, also if a proxy or a region was used.
        let here = format!("https://video.twilio.com{}?{}", request.uri.path(), filters(request));
        let url = |page: usize| format!("{here}PageSize={page_size}&Page={page}");
        let next_url = (next < matching.len())
            .then(|| format!("{}&PageToken={TOKEN_ENCODED}{next}", url(number + 1)));
        let meta = json!({
            "key": "recordings", "url": url(number), "page": number, "page_size": page_size,
            "next_page_url": next_url, "first_page_url": url(0), "previous_page_url": null,
        });
        json_response(200, &json!({"meta": meta, "recordings": shown}))
    }

    /// Returns `true` if a recording passes the filters of the request.
    fn passes(&self, recording: &Value, request: &ReceivedRequest) -> bool {
        let field = |name: &str| recording[name].as_str().unwrap_or_default();
        let wanted = |name: &str, test: &dyn Fn(&str) -> bool| {
            request.parameter(name).is_none_or(|value| test(&value))
        };
        let groups = match self {
            Self::Room(_) => vec![],
            Self::Account => request.parameters("GroupingSid"),
        };
        let participant = recording["grouping_sids"]["participant_sid"].as_str();
        let is_of_group =
            |group: &String| group == room_of(recording) || Some(group.as_str()) == participant;
        wanted("Status", &|status| field("status") == status)
            && wanted("SourceSid", &|source| field("source_sid") == source)
            && wanted("DateCreatedAfter", &|date| field("date_created") >= date)
            && wanted("DateCreatedBefore", &|date| field("date_created") < date)
            && (groups.is_empty() || groups.iter().any(is_of_group))
            && (matches!(self, Self::Room(_)) || wanted("MediaType", &|it| field("type") == it))
    }
}

fn room_of(recording: &Value) -> &str {
    let room = recording["room_sid"].as_str();
    room.or(recording["grouping_sids"]["room_sid"].as_str()).unwrap_or(ROOM)
}

/// The filters of a request, as they stand in its query.
fn filters(request: &ReceivedRequest) -> String {
    let parameters = request.uri.query().unwrap_or_default().split('&');
    let filters = parameters.filter(|it| !it.is_empty() && !it.starts_with("Page"));
    filters.map(|filter| format!("{filter}&")).collect()
}

/// The beginning of the fake server's page tokens: everything that has to survive the way to the
/// client and back.
const TOKEN: &str = "PT+/=&%é ";
const TOKEN_ENCODED: &str = "PT%2B%2F%3D%26%25%C3%A9%20";

/// The signature in the storage's URLs.
const SIGNATURE: &str = "X-Signature=0123456789abcdef";

fn redirect_to_storage(sid: &str, request: &ReceivedRequest) -> Response {
    let host = request.headers[header::HOST].to_str().expect("a host");
    media_redirect(&format!("http://{host}/storage/{sid}?{SIGNATURE}"))
}

/// The media of one recording, complete or from a byte on.
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

/// A recording of [`ROOM`] with all its fields set; the number makes it unlike the others.
#[must_use]
pub fn recording(number: usize) -> Value {
    recording_of(ROOM, number)
}

/// A recording of a room, as [`recording`] makes it.
#[must_use]
pub fn recording_of(room: &str, number: usize) -> Value {
    let sid = format!("RT{number:032x}");
    let url = format!("https://video.twilio.com/v1/Rooms/{room}/Recordings/{sid}");
    let is_audio = number.is_multiple_of(2);
    let status = ["completed", "completed", "processing", "deleted", "failed"][number % 5];
    let is_done = status != "processing";
    json!({
        "sid": sid,
        "url": url,
        "links": {"media": format!("{url}/Media")},
        "account_sid": ACCOUNT,
        "room_sid": room,
        "source_sid": format!("MT{number:032x}"),
        "status": status,
        "type": if is_audio { "audio" } else { "video" },
        "codec": if is_audio { "opus" } else { "VP8" },
        "container_format": if is_audio { "mka" } else { "mkv" },
        "size": if is_done { number * 10_007 + 1 } else { 0 },
        "duration": if is_done { number % 3600 + 1 } else { 0 },
        "offset": 143_532_775_792_u64,
        "track_name": format!("track {number}"),
        "grouping_sids": {"room_sid": room, "participant_sid": format!("PA{number:032x}")},
        "date_created": format!("2026-{:02}-{:02}T12:00:00Z", number % 12 + 1, number % 28 + 1),
        "date_updated": "2026-12-30T21:00:00Z",
        "date_deleted": (status == "deleted").then_some("2026-12-31T22:00:00Z"),
        "encryption_key": null,
        "media_external_location": "https://my-super-duper-bucket.s3.amazonaws.com/my/path/",
    })
}
