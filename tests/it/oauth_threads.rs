//! OAuth tokens that several threads need at once.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use twilio_room_recordings::{Client, Error, ErrorKind};

use crate::support::oauth::{api, count, oauth_builder, oauth_client};
use crate::support::token_server::{TokenServer, token_response};
use crate::support::{RawServer, after, close, http, room};

#[test]
fn threads_share_one_token_request_until_their_deadlines() {
    let (arrived, arrival) = channel();
    let (release, released) = channel();
    let (arrived, released) = (Mutex::new(arrived), Mutex::new(released));
    let token = TokenServer::start(move |number| {
        arrived.lock().unwrap().send(()).unwrap();
        released.lock().unwrap().recv().unwrap();
        token_response(&format!("access-token-{number}"), 3600)
    });
    let api = api(&["access-token-1"]);
    let client = oauth_client(api.base_url(), &token.base_url);

    let limited = client.recordings(room()).deadline(after(Duration::from_millis(50)));
    thread::scope(|scope| {
        let fetching = scope.spawn(|| count(&client));
        arrival.recv().unwrap();
        let waiting: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| limited.clone().into_iter().next().unwrap().unwrap_err()))
            .collect();
        for thread in waiting {
            let error = thread.join().unwrap();
            assert!(matches!(error.kind(), ErrorKind::DeadlineExceeded), "{error}");
            assert_eq!(error.attempts(), 0);
        }

        let waiting = scope.spawn(|| count(&client));
        release.send(()).unwrap();
        assert_eq!(fetching.join().unwrap().unwrap() + waiting.join().unwrap().unwrap(), 2);
    });
    assert_eq!(token.requests().len(), 1);
}

/// Waits until the thread of that name waits for something. The name has at most 15 bytes.
#[cfg(target_os = "linux")]
fn wait_until_blocked(name: &str) {
    let is_blocked = |task: std::io::Result<std::fs::DirEntry>| {
        let stat = std::fs::read_to_string(task.unwrap().path().join("stat"));
        stat.is_ok_and(|stat| stat.contains(&format!("({name}) S ")))
    };
    while !std::fs::read_dir("/proc/self/task").unwrap().any(is_blocked) {
        thread::yield_now();
    }
}

/// The outcomes of two threads, of which one fetches a token and the other waits for it. The token
/// endpoint receives one request. The name is that of the thread that waits, and of no other.
#[cfg(target_os = "linux")]
fn outcomes_of_a_shared_request(name: &str, response: Vec<u8>) -> [Result<usize, Error>; 2] {
    let (release, released) = channel();
    let (arrived, arrival) = channel();
    let (arrived, released) = (Mutex::new(arrived), Mutex::new(released));
    let token = TokenServer::start(move |_| {
        arrived.lock().unwrap().send(()).unwrap();
        released.lock().unwrap().recv().unwrap();
        response.clone()
    });
    let api = api(&["token"]);
    let client = oauth_client(api.base_url(), &token.base_url);

    let outcomes = thread::scope(|scope| {
        let fetching = scope.spawn(|| count(&client));
        arrival.recv().unwrap();
        let waiting = thread::Builder::new().name(name.to_owned());
        let waiting = waiting.spawn_scoped(scope, || count(&client)).unwrap();
        wait_until_blocked(name);
        // Another request for a token fails at once, because nothing sends any more.
        release.send(()).unwrap();
        drop(release);
        [fetching.join().unwrap(), waiting.join().unwrap()]
    });
    assert_eq!(token.requests().len(), 1);
    outcomes
}

#[test]
#[cfg(target_os = "linux")]
fn threads_that_wait_for_a_token_share_its_failure() {
    let response = http("401 Unauthorized", "", br#"{"error": "invalid_client"}"#);
    let errors = outcomes_of_a_shared_request("waits-to-fail", response).map(Result::unwrap_err);
    assert!(errors.iter().all(|it| matches!(it.kind(), ErrorKind::Unauthorized(_))), "{errors:?}");
    assert_eq!(errors[0].to_string(), errors[1].to_string());
}

#[test]
#[cfg(target_os = "linux")]
fn threads_that_wait_for_a_token_use_it_however_short_its_lifetime() {
    let outcomes = outcomes_of_a_shared_request("waits-for-token", token_response("token", 0));
    assert!(outcomes.iter().all(|it| matches!(it, Ok(1))), "{outcomes:?}");
}

#[test]
fn deadline_of_the_thread_that_fetches_a_token_does_not_end_the_others() {
    let (arrived, arrival) = channel();
    let arrived = Mutex::new(arrived);
    let token = TokenServer::start(move |number| match number {
        1 => {
            arrived.lock().unwrap().send(()).unwrap();
            loop {
                thread::park()
            }
        }
        _ => token_response("token", 3600),
    });
    let api = api(&["token"]);
    let client = oauth_client(api.base_url(), &token.base_url);
    let limited = client.recordings(room()).deadline(after(Duration::from_millis(300)));
    thread::scope(|scope| {
        let fetching = scope.spawn(|| limited.into_iter().next().unwrap().unwrap_err());
        arrival.recv().unwrap();
        let waiting = scope.spawn(|| count(&client));
        assert!(matches!(fetching.join().unwrap().kind(), ErrorKind::DeadlineExceeded));
        assert_eq!(waiting.join().unwrap().unwrap(), 1);
    });
    assert_eq!(token.requests().len(), 2);
}

#[test]
fn token_is_redacted_also_after_another_thread_has_renewed_it() {
    let unanswered = Mutex::new(None);
    let api = RawServer::start_with(3, move |number, stream| match number {
        0 => *unanswered.lock().unwrap() = Some(stream.try_clone().unwrap()),
        1 => stream.write_all(&close("401 Unauthorized", "", b"")).unwrap(),
        // The second thread has the second token by now.
        _ => {
            let echo = close("400 Bad Request", "", b"got Bearer 1-access-token");
            unanswered.lock().unwrap().take().unwrap().write_all(&echo).unwrap();
            stream.write_all(&close("400 Bad Request", "", b"got Bearer 2-access-token")).unwrap();
        }
    });
    let token =
        TokenServer::start(|number| token_response(&format!("{number}-access-token"), 3600));
    let client = oauth_client(&api.base_url, &token.base_url);
    let errors = thread::scope(|scope| {
        let first = scope.spawn(|| count(&client).unwrap_err());
        while api.requests() < 1 {
            thread::yield_now();
        }
        [count(&client).unwrap_err(), first.join().unwrap()]
    });
    for error in errors {
        assert!(error.to_string().contains("got Bearer [redacted]"), "{error}");
        assert!(!error.to_string().contains("access-token"), "{error}");
    }
}

/// A token endpoint whose first response is a transient failure.
fn failing_once() -> TokenServer {
    TokenServer::start(|number| match number {
        1 => http("503 Service Unavailable", "", b""),
        _ => token_response("token", 3600),
    })
}

#[test]
fn panic_during_a_token_request_leaves_the_client_usable() {
    let (api, token) = (api(&["token"]), failing_once());
    let has_panicked = AtomicBool::new(false);
    let client = oauth_builder(api.base_url(), &token.base_url)
        .on_retry(move |_| assert!(has_panicked.swap(true, Ordering::SeqCst), "on purpose"))
        .build()
        .unwrap();
    assert!(thread::scope(|scope| scope.spawn(|| count(&client)).join()).is_err());
    assert_eq!(count(&client).unwrap(), 1);
}

#[test]
fn retry_callback_may_use_the_client_during_a_token_request() {
    let (api, token) = (api(&["token"]), failing_once());
    let shared = Arc::new(OnceLock::<Client>::new());
    let in_callback = Arc::clone(&shared);
    let client = oauth_builder(api.base_url(), &token.base_url)
        .on_retry(move |_| assert_eq!(count(in_callback.get().unwrap()).unwrap(), 1))
        .build()
        .unwrap();
    assert_eq!(count(shared.get_or_init(|| client)).unwrap(), 1);
    assert_eq!(token.requests().len(), 3);
}
