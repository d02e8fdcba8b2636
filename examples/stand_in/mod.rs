//! A stand-in of the API on loopback, over real HTTP, which remembers what it was asked. The
//! examples try themselves on it, and the tests use it too.
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

pub use room::{Room, media, recording, serve_room};

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
        .status(status)
        .header(content_type.0, content_type.1)
        .header("twilio-request-id", "RQ0123456789abcdef0123456789abcdef")
        .body(Body::from(body.to_string()))
        .expect("an answer")
}

/// The answer to a request for media: where it is to be had.
pub fn redirect(url: &str) -> Response {
    Response::builder()
        .status(302)
        .header(header::LOCATION, url)
        .body(Body::from(json!({"redirect_to": url}).to_string()))
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
