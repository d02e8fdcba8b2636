//! Media into a reader or a writer: resuming, retries, deadlines, sizes, progress.

use std::io::{Read, Write};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use twilio_room_recordings::{Error, ErrorKind, RetryPolicy};

use crate::support::media::*;
use crate::support::storage::{Fate, Storage, api};
use crate::support::{RawServer, after, builder, client, http, room};

#[test]
fn media_is_downloaded_and_progress_is_reported() {
    let setting = Setting::new(vec![]);
    let (mut out, mut seen) = (Vec::new(), Vec::new());
    let media = setting.known_media().on_progress(observing(|progress| seen.push(progress)));
    let done = media.write_to(&mut out).unwrap();
    assert!(out == media_bytes());
    assert_eq!((done.size, done.transferred), (SIZE as u64, SIZE as u64));
    assert!(seen.len() > 1 && seen.is_sorted_by_key(|it| it.received));
    assert!(seen.iter().all(|it| it.total == Some(SIZE as u64)));
    assert_eq!(seen.last().unwrap().received, SIZE as u64);
    assert_eq!(setting.api.requests().len(), 1);
}

#[test]
fn reader_yields_the_media_and_then_ends() {
    let setting = Setting::new(vec![]);
    let mut reader = setting.media().reader().unwrap();
    assert_eq!(reader.total(), Some(SIZE as u64));
    assert_eq!(reader.read(&mut []).unwrap(), 0);
    let mut read = Vec::new();
    reader.read_to_end(&mut read).unwrap();
    assert!(read == media_bytes());
    assert_eq!(reader.read(&mut [0; 8]).unwrap(), 0);
    assert_eq!(setting.storage.heads().len(), 1);
}

#[test]
fn first_request_has_no_range() {
    let setting = Setting::new(vec![]);
    setting.assert_downloads();
    let head = setting.storage.heads().remove(0).to_ascii_lowercase();
    assert!(!head.contains("range:"), "{head}");
}

#[test]
fn truncated_transfer_is_resumed_at_its_position() {
    let setting = Setting::new(truncated());
    setting.assert_downloads();
    assert_eq!(setting.storage.ranges(), [0, 1, 1 + SIZE / 2, SIZE - 1]);
    // One signed URL served them all.
    assert_eq!(setting.api.requests().len(), 1);
}

#[test]
fn transfer_is_resumed_wherever_it_was_truncated() {
    let mut positions = vec![0, 1, 2, 4095, 65_535, 65_536, 65_537, 131_072, SIZE - 2, SIZE - 1];
    positions.extend((0..SIZE).step_by(41_983));
    for position in positions {
        let setting = Setting::new(vec![Fate::CutAfter(position)]);
        setting.assert_downloads();
        assert_eq!(setting.storage.ranges(), [0, position], "{position}");
    }
}

#[test]
fn failures_before_progress_are_not_counted() {
    let setting = Setting::new(vec![Fate::CutAfter(65_536); 4]).with_retries(retries(1));
    setting.assert_downloads();
    assert_eq!(setting.storage.ranges().len(), 5);

    // Fewer than 64 KiB are no progress.
    let setting = Setting::new(vec![Fate::CutAfter(65_535); 4]).with_retries(retries(1));
    assert_eq!(setting.download().unwrap_err().attempts(), 2);
}

#[test]
fn failures_without_progress_are_limited_by_the_retry_policy() {
    let setting = Setting::new(vec![Fate::CutAfter(1); 9]);
    let error = setting.download().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Transport(_)), "{error:?}");
    assert_eq!((error.attempts(), setting.storage.heads().len()), (4, 4));
}

#[test]
fn ignored_range_is_skipped() {
    let setting = Setting::new(vec![Fate::CutAfter(SIZE / 2), Fate::IgnoreRange]);
    setting.assert_downloads();
}

#[test]
fn range_of_media_of_unknown_length_is_accepted() {
    let headers =
        format!("Connection: close\r\nETag: \"one\"\r\nContent-Range: bytes 9-{}/*\r\n", SIZE - 1);
    let rest = http("206 Partial Content", &headers, &media_bytes()[9..]);
    Setting::new(vec![Fate::CutAfter(9), Fate::Raw(rest.clone())]).assert_downloads();

    // Even if only the first response names the length.
    let mut json = completed(SIZE);
    json["size"] = Value::Null;
    let storage = Storage::start(media_bytes(), vec![Fate::CutAfter(9), Fate::Raw(rest)]);
    let api = api(json, &storage.url);
    let media = client(api.base_url()).recording(room(), sid()).media();
    assert_eq!(media.write_to(&mut Vec::new()).unwrap().size as usize, SIZE);
    assert_eq!(storage.ranges(), [0, 9]);
}

#[test]
fn stalled_transfer_is_resumed() {
    let setting = Setting::new(vec![Fate::StallAfter(0), Fate::StallAfter(1000)]);
    let client = builder(setting.api.base_url()).attempt_timeout(Duration::from_millis(500));
    Setting { client: client.build().unwrap(), ..setting }.assert_downloads();
}

#[test]
fn deadline_ends_a_stalled_transfer() {
    for setting in [
        Setting::new(vec![Fate::StallAfter(1000); 9]),
        Setting::new(vec![Fate::StallAfter(1000); 9]).without_retries(),
    ] {
        let media = setting.known_media().deadline(after(Duration::from_millis(200)));
        let start = Instant::now();
        let error = media.write_to(&mut Vec::new()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::DeadlineExceeded), "{error:?}");
        assert!(!error.is_transient() && start.elapsed() < Duration::from_secs(20));
    }
}

#[test]
fn deadline_ends_a_stalled_transfer_that_cannot_be_resumed() {
    let folder = tempfile::tempdir().unwrap();
    for is_file in [false, true] {
        let storage = RawServer::start_with(1, |_, stream| {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\nstart");
            stream.write_all(head.as_bytes()).unwrap();
            let _ = stream.read(&mut [0]);
        });
        let api = api(completed(SIZE), format!("{}/media", storage.base_url));
        let media = client(api.base_url()).media(&record(completed(SIZE)));
        let media = media.deadline(after(Duration::from_millis(200)));
        let done = match is_file {
            true => media.download_to(folder.path().join("a.mka")),
            false => media.write_to(&mut Vec::new()),
        };
        let error = done.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::DeadlineExceeded), "{error:?}");
        assert!(!error.is_transient());
        let words = "request to 127.0.0.1 timed out after 0.";
        assert!(error.to_string().contains(words), "{error}");
    }
    assert!(names(folder.path()).is_empty());
}

#[test]
fn deadline_includes_the_request_for_the_url() {
    let silent = RawServer::start_with(1, |_, stream| {
        let _ = stream.read(&mut [0]);
    });
    let media = client(&silent.base_url).recording(room(), sid()).media();
    let start = Instant::now();
    let error = media.deadline(after(Duration::from_millis(200))).url().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::DeadlineExceeded), "{error:?}");
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn replaced_media_is_an_error_and_never_mixed() {
    let other = [Some("\"two\""), None, Some("W/\"one\"")];
    for changed in other.map(Fate::Tagged) {
        let setting = Setting::new(vec![Fate::CutAfter(SIZE / 2), changed]);
        let mut out = Vec::new();
        let error = setting.known_media().write_to(&mut out).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::MediaChanged { .. }), "{error:?}");
        assert!(!error.is_transient() && error.attempts() == 2, "{error:?}");
        assert!(out == media_bytes()[..SIZE / 2]);
    }
}

#[test]
fn media_without_a_strong_entity_tag_is_not_resumed() {
    let setting = Setting::new(vec![untagged(SIZE / 2)]);
    let error = setting.download().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Transport(_)), "{error:?}");
    assert_eq!((error.attempts(), setting.storage.heads().len()), (1, 1));

    // Before the first byte there is nothing to mix.
    Setting::new(vec![untagged(0), untagged(SIZE)]).assert_downloads();
}

#[test]
fn rejected_range_means_that_the_media_was_replaced() {
    let rejected = http("416 Range Not Satisfiable", "Connection: close\r\n", b"");
    let setting = Setting::new(vec![Fate::CutAfter(SIZE / 2), Fate::Raw(rejected)]);
    let error = setting.download().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::MediaChanged { .. }), "{error:?}");
}

#[test]
fn size_that_differs_from_the_recorded_one_is_an_error_before_the_first_byte() {
    for stored in [SIZE, 0] {
        let storage = Storage::start(media_bytes()[..stored].to_vec(), vec![]);
        let api = api(completed(SIZE + 1), &storage.url);
        let mut out = Vec::new();
        let media = client(api.base_url()).recording(room(), sid()).media();
        let error = media.write_to(&mut out).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::MediaSizeMismatch { recorded, stored: it, .. }
                if (*recorded, *it) == (SIZE as u64 + 1, stored as u64)),
            "{error:?}"
        );
        assert!(out.is_empty() && storage.heads().len() == 1 && error.attempts() == 1);
    }
}

#[test]
fn empty_media_is_complete() {
    for size in [json!(0), Value::Null] {
        let mut json = completed(0);
        json["size"] = size;
        let storage = Storage::start(vec![], vec![]);
        let api = api(json, &storage.url);
        let media = client(api.base_url()).recording(room(), sid()).media();
        let mut out = Vec::new();
        assert_eq!(media.reader().unwrap().total(), Some(0));
        assert_eq!(media.write_to(&mut out).unwrap().size, 0);
        assert!(out.is_empty());
    }
}

#[test]
fn body_without_a_length_is_compared_with_the_record() {
    Setting::new(vec![unframed(&media_bytes())]).assert_downloads();

    let truncated = Setting::new(vec![unframed(&media_bytes()[..SIZE - 1])]);
    truncated.assert_downloads();
    assert_eq!(truncated.storage.ranges(), [0, SIZE - 1]);

    let truncated = Setting::new(vec![unframed(&media_bytes()[..SIZE - 1])]).without_retries();
    let reason = format!("the body ended after {} of {SIZE} bytes", SIZE - 1);
    let error = truncated.download().unwrap_err();
    assert!(error.to_string().ends_with(&reason), "{error}");

    let longer = [media_bytes(), vec![0]].concat();
    let error = Setting::new(vec![unframed(&longer)]).download().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::MediaSizeMismatch { .. }), "{error:?}");
}

#[test]
fn media_of_unknown_size_is_rejected() {
    let mut json = completed(SIZE);
    json["size"] = Value::Null;
    let storage = Storage::start(vec![], vec![unframed(&media_bytes())]);
    let api = api(json, &storage.url);
    let error = client(api.base_url()).recording(room(), sid()).media().reader().unwrap_err();
    assert!(error.to_string().contains("names the size of the media"), "{error}");
}

#[test]
fn complete_media_without_the_end_of_the_body_is_accepted() {
    let chunk = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{SIZE:x}\r\n");
    let unended = [chunk.as_bytes(), &media_bytes(), b"\r\n"].concat();
    let setting = Setting::new(vec![Fate::Raw(unended)]);
    setting.assert_downloads();
    assert_eq!(setting.storage.heads().len(), 1);
}

#[test]
fn reader_that_has_failed_fails_again() {
    let longer = [media_bytes(), vec![0]].concat();
    let setting = Setting::new(vec![unframed(&longer); 3]);
    let mut reader = setting.known_media().reader().unwrap();
    let mut bytes = Vec::new();
    for _ in 0..3 {
        let error = reader.read_to_end(&mut bytes).unwrap_err();
        let error = error.get_ref().unwrap().downcast_ref::<Error>().unwrap();
        assert!(matches!(error.kind(), ErrorKind::MediaSizeMismatch { .. }), "{error:?}");
        assert_eq!(error.attempts(), 1);
    }
    assert!(bytes.len() <= SIZE);
    assert_eq!(setting.storage.heads().len(), 3);
}

#[test]
fn transfer_is_resumed_after_bytes_that_are_no_http() {
    let setting = Setting::new(vec![Fate::CutAfter(1000), Fate::Raw(b"noise\r\n\r\n".to_vec())]);
    setting.assert_downloads();
    assert_eq!(setting.storage.ranges(), [0, 1000, 1000]);
}

#[test]
fn interrupted_body_names_its_host() {
    let setting = Setting::new(vec![Fate::CutAfter(10); 20]);
    let error = setting.known_media().write_to(&mut std::io::sink()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Transport(_)), "{error:?}");
    assert_eq!(error.host(), Some("127.0.0.1"));

    let storage = Storage::start(media_bytes(), vec![Fate::StallAfter(10)]);
    let api = api(completed(SIZE), &storage.url);
    let builder = builder(api.base_url()).retry(RetryPolicy::off());
    let client = builder.attempt_timeout(Duration::from_millis(200)).build().unwrap();
    let media = client.media(&record(completed(SIZE)));
    let error = media.write_to(&mut std::io::sink()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout(_)), "{error:?}");
    assert_eq!(error.host(), Some("127.0.0.1"));
}

#[test]
fn source_of_an_error_is_that_of_its_cause() {
    use std::error::Error as _;

    #[derive(Debug)]
    struct Outer(std::num::ParseIntError);

    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("outer")
        }
    }

    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }

    struct Failing;

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other(Outer("x".parse::<u8>().unwrap_err())))
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    let error = Setting::new(vec![]).known_media().write_to(&mut Failing).unwrap_err();
    assert_eq!(error.to_string(), "could not write the media: outer");
    assert!(error.source().unwrap().is::<std::num::ParseIntError>());
}

#[test]
fn failure_of_the_writer_is_returned_with_its_cause() {
    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    let error = Setting::new(vec![]).known_media().write_to(&mut Full).unwrap_err();
    assert_eq!(error.to_string(), "could not write the media: no storage space");
    assert!(error.get_ref().unwrap().is::<std::io::Error>());
}

#[test]
fn cancelled_download_sends_no_further_request() {
    let setting = Setting::new(vec![Fate::CutAfter(1000); 9]);
    let media = setting.known_media().on_progress(|_| ControlFlow::Break(()));
    let mut out = Vec::new();
    assert_eq!(*media.write_to(&mut out).unwrap_err().kind(), ErrorKind::Cancelled);
    assert!(!out.is_empty() && out.len() <= 1000);
    assert_eq!(setting.storage.heads().len(), 1);
}

#[test]
fn retries_of_a_transfer_are_reported_with_its_recording() {
    let setting = Setting::new(vec![Fate::CutAfter(1), Fate::CutAfter(70_000), Fate::CutAfter(0)]);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let client = builder(setting.api.base_url()).on_retry(move |retry| {
        log.lock().unwrap().push((retry.attempt, retry.room_sid, retry.recording_sid));
    });
    Setting { client: client.build().unwrap(), ..setting }.assert_downloads();
    // The second transfer made progress.
    let of_recording = |attempt| (attempt, Some(room()), Some(sid()));
    assert_eq!(*seen.lock().unwrap(), [1, 1, 2].map(of_recording));
}
