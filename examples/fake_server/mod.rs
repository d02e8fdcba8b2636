//! A fake server of the API on localhost, over real HTTP. It records the requests it receives. The
//! examples, the tests and the benches use it.
// Each example and each test uses its own part of it.
#![allow(dead_code, unused_imports)]

use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, Uri, header};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::sync::oneshot;

mod room;

pub use room::{Room, media, recording, recording_of, serve_room};

/// The room that the fake server has.
pub const ROOM: &str = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
/// The account of the room.
pub const ACCOUNT: &str = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// A request as it was received.
#[derive(Clone, Debug)]
pub struct ReceivedRequest {
    /// The method.
    pub method: String,
    /// Path and query, as sent.
    pub uri: Uri,
    /// The headers.
    pub headers: HeaderMap,
}

impl ReceivedRequest {
    /// The query's first parameter of that name, percent-decoded.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<String> {
        self.parameters(name).into_iter().next()
    }

    /// The query's parameters of that name, percent-decoded.
    #[must_use]
    pub fn parameters(&self, name: &str) -> Vec<String> {
        let query = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&self.uri);
        let pairs = query.map(|query| query.0).unwrap_or_default();
        pairs.into_iter().filter(|(key, _)| key == name).map(|(_, value)| value).collect()
    }
}

/// An HTTP server on localhost that stops when it is dropped.
pub struct Server {
    base_url: String,
    requests: Arc<Mutex<Vec<ReceivedRequest>>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Server {
    /// Starts a server on a free port. `respond` makes each response.
    pub fn start(respond: impl Fn(&ReceivedRequest) -> Response + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        listener.set_nonblocking(true).expect("a socket that does not block");
        let base_url = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (stop, stopped) = oneshot::channel();
        let log = Arc::clone(&requests);
        let respond = Arc::new(respond);
        let router = Router::new().fallback(move |request: Request| {
            let (parts, _) = request.into_parts();
            let (method, uri, headers) = (parts.method.to_string(), parts.uri, parts.headers);
            let request = ReceivedRequest { method, uri, headers };
            let (respond, log) = (Arc::clone(&respond), Arc::clone(&log));
            // On a thread of its own, so that a response can wait for other requests.
            let response = tokio::task::spawn_blocking(move || {
                let response = respond(&request);
                log.lock().expect("a log").push(request);
                response
            });
            async move { response.await.expect("a response") }
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
        Self { base_url, requests, stop: Some(stop), thread: Some(thread) }
    }

    /// The base URL of the server.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The requests received so far.
    #[must_use]
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.requests.lock().expect("a log").clone()
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

/// A JSON response.
pub fn json_response(status: u16, body: &Value) -> Response {
    let content_type = (header::CONTENT_TYPE, "application/json");
    Response::builder()
        .status(status)
        .header(content_type.0, content_type.1)
        .header("twilio-request-id", "RQ0123456789abcdef0123456789abcdef")
        .body(Body::from(body.to_string()))
        .expect("a response")
}

/// The API's response to a media request: a redirect to the storage.
pub fn media_redirect(url: &str) -> Response {
    Response::builder()
        .status(302)
        .header(header::LOCATION, url)
        .body(Body::from(json!({"redirect_to": url}).to_string()))
        .expect("a response")
}

/// An error response as the API sends it.
pub fn error_response(status: u16, code: u32, message: &str) -> Response {
    let more_info = format!("https://www.twilio.com/docs/errors/{code}");
    json_response(
        status,
        &json!({"code": code, "message": message, "more_info": more_info, "status": status}),
    )
}
