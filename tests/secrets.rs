//! No secret is in what is logged, down to the level of debugging. One test, in a process of its
//! own: a program has one logger.

#[path = "it/support/mod.rs"]
mod support;

use std::sync::Mutex;

use support::fake_server::{Server, error_response, recording};
use support::storage::{Fate, SIGNATURE, Storage, api};
use support::{SECRET, builder, room};
use twilio_room_recordings::ureq;
use twilio_room_recordings::ureq::middleware::MiddlewareNext;

struct Kept(Mutex<String>);

static LOG: Kept = Kept(Mutex::new(String::new()));

impl log::Log for Kept {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        self.0.lock().unwrap().push_str(&format!("{} {}\n", record.target(), record.args()));
    }

    fn flush(&self) {}
}

#[test]
fn no_secret_is_logged_down_to_the_debug_level() {
    log::set_logger(&LOG).unwrap();
    // Beyond it, ureq logs the bytes that it sends, whatever they are.
    log::set_max_level(log::LevelFilter::Debug);
    let server = Server::start(|_| error_response(503, 20500, "busy"));
    let marked = |request: ureq::http::Request<ureq::SendBody<'_>>, next: MiddlewareNext<'_>| {
        assert!(request.headers()["authorization"].is_sensitive());
        next.handle(request)
    };
    let config = ureq::config::Config::builder().middleware(marked).build();
    let client = builder(server.base_url()).ureq_config(config).build().unwrap();
    assert!(client.recordings(room()).into_iter().all(|it| it.is_err()));
    let request = server.requests();
    assert_eq!(request.len(), 4);
    let authorization = &request[0].headers["authorization"];
    let encoded = authorization.to_str().unwrap().strip_prefix("Basic ").unwrap();
    let storage = Storage::start(vec![1; 1000], vec![Fate::CutAfter(10)]);
    let mut recording = recording(0);
    recording["size"] = 1000.into();
    let api = api(recording.clone(), &storage.url);
    let client = builder(api.base_url()).build().unwrap();
    let media = client.media(&serde_json::from_value(recording).unwrap());
    media.download(&mut std::io::sink()).unwrap();
    let log = LOG.0.lock().unwrap().clone();
    assert!(log.contains("ureq"), "the log is that of the requests: {log}");
    assert!(!log.contains(encoded) && !log.contains(SECRET) && !log.contains(SIGNATURE), "{log}");
    assert!(storage.heads().iter().all(|head| head.contains(SIGNATURE)));
}
