//! No secret is in what is logged, at any level. One test, in a process of its own: a program has
//! one logger.

mod support;

use std::sync::Mutex;

use support::stand_in::{Server, error};
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
fn no_secret_is_logged_at_any_level() {
    log::set_logger(&LOG).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let server = Server::start(|_| error(503, 20500, "busy"));
    let marked = |request: ureq::http::Request<ureq::SendBody<'_>>, next: MiddlewareNext<'_>| {
        assert!(request.headers()["authorization"].is_sensitive());
        next.handle(request)
    };
    let config = ureq::config::Config::builder().middleware(marked).build();
    let client = builder(server.base_url()).agent(config).build().unwrap();
    assert!(client.recordings(room()).into_iter().all(|it| it.is_err()));
    let asked = server.asked();
    assert_eq!(asked.len(), 4);
    let authorization = &asked[0].headers["authorization"];
    let encoded = authorization.to_str().unwrap().strip_prefix("Basic ").unwrap();
    let log = LOG.0.lock().unwrap().clone();
    assert!(log.contains("ureq"), "the log is that of the requests: {log}");
    assert!(!log.contains(encoded) && !log.contains(SECRET), "{log}");
}
