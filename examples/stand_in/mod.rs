//! A stand-in of the API on loopback: it answers for one room, over real HTTP, and remembers what
//! it was asked. The examples try themselves on it, and the tests use it too.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::sync::oneshot;

/// The room that the stand-in knows.
pub const ROOM: &str = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
/// The account that may ask for it.
pub const ACCOUNT: &str = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// One request as it arrived.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The method.
    pub method: String,
    /// Path and query, as sent.
    pub uri: Uri,
    /// The headers.
    pub headers: HeaderMap,
}

impl Asked {
    /// The query's parameter of that name, percent-decoded.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<String> {
        let query = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&self.uri).ok()?;
        query.0.into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }
}

/// An HTTP server on loopback, which stops when it is dropped.
pub struct Server {
    base_url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Server {
    /// Serves on a free port what the function answers.
    pub fn start(answer: impl Fn(&Asked) -> Response + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        listener.set_nonblocking(true).expect("a socket that does not block");
        let base_url = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (stop, stopped) = oneshot::channel();
        let log = Arc::clone(&asked);
        let answer = Arc::new(answer);
        let router = Router::new().fallback(move |request: Request| {
            let (parts, _) = request.into_parts();
            let (method, uri, headers) = (parts.method.to_string(), parts.uri, parts.headers);
            let asked = Asked { method, uri, headers };
            let response = answer(&asked);
            log.lock().expect("a log").push(asked);
            async move { response }
        });
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
            runtime.expect("a runtime").block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                tokio::select! {
                    served = axum::serve(listener, router) => served.expect("a server"),
                    _ = stopped => {}
                }
            });
        });
        Self { base_url, asked, stop: Some(stop), thread: Some(thread) }
    }

    /// Where it listens.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// What it was asked so far.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("a log").clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the server's has been printed by its own thread.
            let _ = thread.join();
        }
    }
}

/// A JSON answer.
pub fn answer(status: u16, body: &Value) -> Response {
    let content_type = (header::CONTENT_TYPE, "application/json");
    Response::builder()
        .status(StatusCode::from_u16(status).expect("a status"))
        .header(content_type.0, content_type.1)
        .header("twilio-request-id", "RQ0123456789abcdef0123456789abcdef")
        .body(Body::from(body.to_string()))
        .expect("an answer")
}

/// An error as the service sends it.
pub fn error(status: u16, code: u32, message: &str) -> Response {
    let more_info = format!("https://www.twilio.com/docs/errors/{code}");
    answer(
        status,
        &json!({"code": code, "message": message, "more_info": more_info, "status": status}),
    )
}

/// Serves a room with these recordings, in their order, a page at a time.
#[must_use]
pub fn serve_room(recordings: Vec<Value>) -> Server {
    Server::start(move |asked| list(&recordings, asked))
}

fn list(recordings: &[Value], asked: &Asked) -> Response {
    if !asked.headers.contains_key(header::AUTHORIZATION) {
        return error(401, 20003, "Authentication Error - invalid username");
    }
    if asked.uri.path() != format!("/v1/Rooms/{ROOM}/Recordings") {
        let message = format!("The requested resource {} was not found", asked.uri.path());
        return error(404, 20404, &message);
    }
    let page_size: usize = match asked.parameter("PageSize").unwrap_or("50".into()).parse() {
        Ok(size @ 1..=1000) => size,
        _ => return error(400, 20001, "Invalid PageSize"),
    };
    let page = asked.parameter("Page").unwrap_or("0".into());
    let token = asked.parameter("PageToken");
    let from: usize = match token.as_deref().map(|token| token.strip_prefix(TOKEN)) {
        None if page == "0" => 0,
        Some(Some(from)) => from.parse().unwrap_or(usize::MAX),
        _ => return error(400, 20001, "Invalid PageToken"),
    };
    let matching: Vec<&Value> = recordings.iter().filter(|it| passes(it, asked)).collect();
    let shown: Vec<&Value> = matching.iter().skip(from).take(page_size).copied().collect();
    let next = from.saturating_add(page_size);
    let number: usize = page.parse().unwrap_or(0);
    // The service names its canonical host, whatever host it was reached by.
    let here = format!("https://video.twilio.com{}?PageSize={page_size}", asked.uri.path());
    let next_url = (next < matching.len())
        .then(|| format!("{here}&Page={}&PageToken={TOKEN_ENCODED}{next}", number + 1));
    let meta = json!({
        "key": "recordings", "url": here, "page": number, "page_size": page_size,
        "next_page_url": next_url, "first_page_url": here, "previous_page_url": null,
    });
    answer(200, &json!({"meta": meta, "recordings": shown}))
}

/// What the stand-in's page tokens begin with: all that has to survive the way there and back.
const TOKEN: &str = "PT+/=&%é ";
const TOKEN_ENCODED: &str = "PT%2B%2F%3D%26%25%C3%A9%20";

fn passes(recording: &Value, asked: &Asked) -> bool {
    let field = |name: &str| recording[name].as_str().unwrap_or_default();
    let wanted = |name: &str, test: &dyn Fn(&str) -> bool| {
        asked.parameter(name).is_none_or(|value| test(&value))
    };
    wanted("Status", &|status| field("status") == status)
        && wanted("SourceSid", &|source| field("source_sid") == source)
        && wanted("DateCreatedAfter", &|date| field("date_created") >= date)
        && wanted("DateCreatedBefore", &|date| field("date_created") < date)
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
