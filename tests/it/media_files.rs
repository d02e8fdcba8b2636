//! Media into a file: complete or not there.

use std::fs;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use twilio_room_recordings::{Client, ErrorKind, RetryPolicy};

use crate::support::media::*;
use crate::support::storage::{Fate, Storage, api};
use crate::support::{builder, client, http, not_tested, room};

#[test]
fn file_appears_complete_and_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mka");
    let setting = Setting::new(truncated());
    let media = setting.known_media().on_progress(observing(|_| assert!(!path.exists())));
    let done = media.download_to(&path).unwrap();
    assert_eq!((done.size, done.transferred), (SIZE as u64, SIZE as u64));
    assert!(fs::read(&path).unwrap() == media_bytes());
    assert_eq!(names(folder.path()), ["a.mka"]);
    assert_eq!(setting.storage.ranges(), [0, 1, 1 + SIZE / 2, SIZE - 1]);
}

#[test]
fn empty_media_is_an_empty_file() {
    for size in [json!(0), Value::Null] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mka");
        let mut json = completed(0);
        json["size"] = size;
        let storage = Storage::start(vec![], vec![]);
        let api = api(json.clone(), &storage.url);
        let done = client(api.base_url()).media(&record(json)).download_to(&path).unwrap();
        assert_eq!((done.size, done.transferred), (0, 0));
        assert_eq!(fs::read(&path).unwrap(), b"");
        assert_eq!(names(folder.path()), ["a.mka"]);
    }
}

#[test]
fn file_of_the_recorded_size_is_left_alone_even_if_no_partial_file_fits_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a".repeat(250));
    let setting = Setting::new(vec![]);
    setting.download_to(&path).unwrap_err();
    if let Err(error) = fs::write(&path, vec![9; SIZE]) {
        not_tested(&format!("a name of 250 bytes: {error}"));
        return;
    }
    assert_eq!(setting.download_to(&path).unwrap().transferred, 0);
    assert!(fs::read(&path).unwrap() == vec![9; SIZE]);
}

#[test]
fn file_of_the_recorded_size_is_replaced_if_that_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mka");
    fs::write(&path, vec![9; SIZE]).unwrap();
    let setting = Setting::new(vec![Fate::CutAfter(1)]);
    let media = setting.known_media().replace_existing();
    let media = media.on_progress(observing(|_| assert!(path.exists())));
    let done = media.download_to(&path).unwrap();
    assert_eq!((done.size, done.transferred), (SIZE as u64, SIZE as u64));
    assert!(fs::read(&path).unwrap() == media_bytes());
    assert_eq!(names(folder.path()), ["a.mka"]);
}

#[test]
fn file_of_the_recorded_size_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mka");
    fs::write(&path, vec![7; SIZE]).unwrap();
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    let setting = Setting::new(vec![]);
    let media = setting.known_media().on_progress(|_| panic!("nothing is transferred"));
    assert_eq!(media.download_to(&path).unwrap().transferred, 0);
    assert!(setting.api.requests().is_empty());

    // Media by SID requests the record, and nothing else.
    let done = setting.media().download_to(&path).unwrap();
    assert_eq!((done.size, done.transferred), (SIZE as u64, 0));
    assert_eq!(setting.api.requests().len(), 1);
    assert!(setting.storage.heads().is_empty());
    assert!(fs::read(&path).unwrap() == vec![7; SIZE]);
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), modified);
}

#[test]
fn file_of_another_size_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mka");
    for content in [vec![], vec![7], vec![7; SIZE - 1], vec![7; SIZE + 1]] {
        fs::write(&path, content).unwrap();
        let done = Setting::new(vec![]).download_to(&path).unwrap();
        assert_eq!(done.transferred, SIZE as u64);
        assert!(fs::read(&path).unwrap() == media_bytes());
    }
}

#[test]
#[cfg(target_os = "linux")]
fn file_that_is_there_needs_no_writable_folder() {
    let path = "/proc/self/environ";
    assert_eq!(fs::metadata(path).unwrap().len(), 0);
    let setting = Setting::new(vec![]);
    let done = setting.client.media(&record(completed(0))).download_to(path);
    assert_eq!(done.unwrap().size, 0);
    assert!(setting.api.requests().is_empty());
}

#[test]
fn path_that_cannot_be_a_file_is_rejected_before_any_request() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("folder")).unwrap();
    fs::write(at("file"), "content").unwrap();
    let setting = Setting::new(vec![]);
    let paths = [
        at("folder"),
        at("folder/"),
        at("folder/."),
        at("folder/.."),
        at("file/"),
        at("file/."),
        at("file/a.mka"),
        at("missing/a.mka"),
        at("b.mka/"),
        at("b.mka/."),
        at(".."),
        at(&"n".repeat(240)),
        ".".into(),
        "/".into(),
        "".into(),
    ];
    for path in paths {
        for media in [setting.media(), setting.known_media()] {
            let error = media.download_to(&path).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Write { .. }), "{path:?}: {error:?}");
            let named = format!("could not write {}: ", path.display());
            assert!(error.to_string().starts_with(&named), "{error}");
        }
    }
    assert!(setting.api.requests().is_empty());
    assert_eq!(names(folder.path()), ["file", "folder"]);
    assert_eq!(fs::read(at("file")).unwrap(), b"content");
}

#[test]
fn replaced_media_starts_over() {
    let rejected = http("416 Range Not Satisfiable", "Connection: close\r\n", b"");
    for fates in [
        vec![Fate::CutAfter(SIZE / 2), Fate::Tagged(Some("\"two\""))],
        vec![Fate::CutAfter(0), Fate::Tagged(Some("\"two\""))],
        vec![Fate::CutAfter(SIZE / 2), Fate::Tagged(None)],
        vec![untagged(SIZE / 2)],
        vec![Fate::CutAfter(SIZE / 2), Fate::Raw(rejected)],
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mka");
        let setting = Setting::new(fates.clone());
        let done = setting.download_to(&path).unwrap();
        assert!(fs::read(&path).unwrap() == media_bytes());
        assert_eq!(names(folder.path()), ["a.mka"]);
        assert_eq!(setting.storage.ranges().last(), Some(&0));
        let discarded = if let Fate::CutAfter(0) = fates[0] { 0 } else { SIZE / 2 };
        assert_eq!(done.transferred as usize, SIZE + discarded);
    }
}

/// A client that logs its retries.
fn logging_client(setting: &Setting, policy: RetryPolicy) -> (Client, Arc<Mutex<Vec<String>>>) {
    let log = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&log);
    let builder = builder(setting.api.base_url()).retry(policy).on_retry(move |retry| {
        assert_eq!(retry.recording_sid, Some(sid()));
        seen.lock().unwrap().push(format!("{}: {}", retry.attempt, retry.error));
    });
    (builder.build().unwrap(), log)
}

#[test]
fn starting_over_is_a_retry() {
    // Each transfer is long enough to forget failures; that it started over is not forgotten.
    for (maximum, requests) in [(0, 1), (1, 2), (3, 4)] {
        let folder = tempfile::tempdir().unwrap();
        let setting = Setting::new(vec![untagged(SIZE / 2); 99]);
        let (client, log) = logging_client(&setting, retries(maximum));
        let setting = Setting { client, ..setting };
        let error = setting.download_to(&folder.path().join("a.mka")).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Transport(_)), "{error:?}");
        assert_eq!(setting.storage.heads().len(), requests);
        assert_eq!(error.attempts() as usize, requests);
        let attempts: Vec<_> = log.lock().unwrap().iter().map(|it| it[..1].to_owned()).collect();
        assert_eq!(attempts, ["1", "2", "3"][..requests - 1]);
        assert!(names(folder.path()).is_empty());
    }
}

#[test]
fn starting_over_for_replaced_media_is_a_retry() {
    let fates = vec![
        Fate::TaggedAndCut("\"one\"", 100_000),
        Fate::TaggedAndCut("\"two\"", 100_000),
        Fate::TaggedAndCut("\"three\"", 100_000),
        Fate::TaggedAndCut("\"four\"", 100_000),
    ];
    // After each truncated transfer, its retry finds another version, and starts over.
    for (maximum, requests) in [(0, 1), (1, 2), (2, 4), (3, 5)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mka");
        let setting = Setting::new(fates.clone());
        let (client, log) = logging_client(&setting, retries(maximum));
        let setting = Setting { client, ..setting };
        let done = setting.download_to(&path);
        assert_eq!(setting.storage.heads().len(), requests, "{maximum}");
        assert_eq!(log.lock().unwrap().len(), requests - 1);
        match done {
            Ok(_) => {
                assert_eq!(maximum, 3);
                assert!(fs::read(&path).unwrap() == media_bytes());
            }
            Err(error) if maximum == 0 => {
                assert!(matches!(error.kind(), ErrorKind::Transport(_)), "{error:?}");
            }
            Err(error) => {
                assert!(matches!(error.kind(), ErrorKind::MediaChanged { .. }), "{error:?}");
                // Unlike that of a transfer into a writer, which has the first bytes already.
                assert!(error.is_transient());
            }
        }
    }
}

#[test]
fn starting_over_waits() {
    let folder = tempfile::tempdir().unwrap();
    let setting = Setting::new(vec![untagged(9); 99]);
    let delays = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&delays);
    let client = builder(setting.api.base_url())
        .retry(
            RetryPolicy::default()
                .max_retries(4)
                .initial_backoff(std::time::Duration::from_millis(1)),
        )
        .on_retry(move |retry| seen.lock().unwrap().push(retry.delay))
        .build()
        .unwrap();
    Setting { client, ..setting }.download_to(&folder.path().join("a.mka")).unwrap_err();
    let delays = delays.lock().unwrap();
    assert!(delays.len() == 4 && delays.iter().any(|delay| !delay.is_zero()), "{delays:?}");
}

#[test]
fn size_mismatch_does_not_start_over() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Storage::start(media_bytes(), vec![]);
    let api = api(completed(SIZE + 1), &storage.url);
    let media = client(api.base_url()).recording(room(), sid()).media();
    let error = media.download_to(folder.path().join("a.mka")).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::MediaSizeMismatch { .. }), "{error:?}");
    assert!(!error.is_transient() && storage.heads().len() == 1);
    assert!(names(folder.path()).is_empty());
}

#[test]
fn simultaneous_downloads_all_succeed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mka");
    let setting = Setting::new([truncated(), truncated()].concat()).with_retries(retries(9));
    let media = setting.known_media();
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| media.download_to(&path).unwrap());
        }
    });
    assert!(fs::read(&path).unwrap() == media_bytes());
    assert_eq!(names(folder.path()), ["a.mka"]);
}

#[test]
fn simultaneous_failures_never_leave_wrong_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mka");
    for round in 0..12 {
        let _ = fs::remove_file(&path);
        let cut = |index: usize| Fate::CutAfter((round * 7919 + index * 104_729) % SIZE);
        let setting = Setting::new((0..4).map(cut).collect()).without_retries();
        let media = setting.known_media();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    if media.download_to(&path).is_ok() {
                        assert!(fs::read(&path).unwrap() == media_bytes());
                    }
                });
            }
        });
        Setting::new(vec![]).download_to(&path).unwrap();
        assert!(fs::read(&path).unwrap() == media_bytes());
    }
}

#[test]
fn failure_after_another_download_has_finished_is_success() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mka");
    let gone = http("404 Not Found", "Connection: close\r\n", b"");
    let setting = Setting::new(vec![Fate::CutAfter(SIZE / 2), Fate::Raw(gone)]);
    let overtaken = setting.known_media().on_progress(observing(|_| {
        if !path.exists() {
            Setting::new(vec![]).download_to(&path).unwrap();
        }
    }));
    assert_eq!(overtaken.download_to(&path).unwrap().transferred, 0);
    assert!(fs::read(&path).unwrap() == media_bytes());
    assert_eq!(names(folder.path()), ["a.mka"]);
}

#[test]
fn failure_is_not_hidden_by_an_old_file_if_the_record_names_no_size() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mka");
    fs::write(&path, vec![7; SIZE]).unwrap();
    let mut json = completed(SIZE);
    json["size"] = Value::Null;
    let gone = http("404 Not Found", "Connection: close\r\n", b"");
    let storage = Storage::start(media_bytes(), vec![Fate::CutAfter(9), Fate::Raw(gone)]);
    let api = api(json.clone(), &storage.url);
    let client = client(api.base_url());
    let error = client.media(&record(json.clone())).download_to(&path).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Storage(_)), "{error:?}");

    client.media(&record(json)).download_to(&path).unwrap();
    assert!(fs::read(&path).unwrap() == media_bytes());
    assert_eq!(names(folder.path()), ["a.mka"]);
}

#[test]
fn cancelled_download_is_resumed_by_a_later_call() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mka");
    let setting = Setting::new(vec![]);
    let mut received = 0;
    let media = setting.known_media().on_progress(|progress| {
        received = progress.received;
        if received > 100_000 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let error = media.download_to(&path).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Cancelled);
    assert_eq!(error.to_string(), "the download was cancelled");
    assert!(!error.is_transient() && !path.exists());

    let done = setting.download_to(&path).unwrap();
    assert_eq!(done.transferred, SIZE as u64 - received);
    assert!(fs::read(&path).unwrap() == media_bytes());
    assert_eq!(names(folder.path()), ["a.mka"]);
}
