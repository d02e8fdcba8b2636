//! Media from the storage into a reader, a writer and a file, with whatever can come between.

use std::fs;
use std::io::{Read, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::support::fake_server::{self, Server, recording};
use crate::support::storage::{Fate, SIGNATURE, Storage, api};
use crate::support::{builder, client, http, room};
use axum::response::IntoResponse;
use serde_json::{Value, json};
use twilio_room_recordings::{Client, Error, ErrorKind, Media, RetryPolicy, RoomRecording, Status};

/// Not a multiple of any buffer's size.
const SIZE: usize = 300_007;

fn media_bytes() -> Vec<u8> {
    (0..SIZE).map(|at| (at * 31 / 7) as u8).collect()
}

/// A completed recording of that many bytes.
fn completed(size: usize) -> Value {
    let mut json = recording(0);
    json["size"] = json!(size);
    json
}

struct Setting {
    storage: Storage,
    api: Server,
    client: Client,
}

impl Setting {
    fn new(fates: Vec<Fate>) -> Self {
        let storage = Storage::start(media_bytes(), fates);
        let api = api(completed(SIZE), &storage.url);
        let client = client(api.base_url());
        Self { storage, api, client }
    }

    fn media(&self) -> Media<'static> {
        let record: RoomRecording = serde_json::from_value(completed(SIZE)).unwrap();
        self.client.media(&record)
    }

    /// Downloads into memory.
    fn download(&self) -> Result<Vec<u8>, Error> {
        let mut out = Vec::new();
        self.media().download(&mut out).map(|_| out)
    }

    #[track_caller]
    fn assert_downloads(&self) {
        assert!(self.download().unwrap() == media_bytes());
    }
}

fn cut() -> Vec<Fate> {
    vec![Fate::CutAfter(1), Fate::CutAfter(SIZE / 2), Fate::CutAfter(SIZE - SIZE / 2 - 2)]
}

#[test]
fn the_media_comes_as_it_is_and_progress_is_told() {
    let setting = Setting::new(vec![]);
    let (mut out, mut seen) = (Vec::new(), Vec::new());
    let done =
        setting.media().on_progress(|progress| seen.push(progress)).download(&mut out).unwrap();
    assert!(out == media_bytes());
    assert_eq!((done.size, done.transferred), (SIZE as u64, SIZE as u64));
    assert!(seen.len() > 1 && seen.is_sorted_by_key(|it| it.received));
    assert!(seen.iter().all(|it| it.total == Some(SIZE as u64)));
    assert_eq!(seen.last().unwrap().received, SIZE as u64);

    let mut reader = setting.client.recording(room(), sid()).media().reader().unwrap();
    assert_eq!(reader.total(), Some(SIZE as u64));
    let mut read = Vec::new();
    reader.read_to_end(&mut read).unwrap();
    assert!(read == media_bytes());
    assert_eq!(reader.read(&mut [0; 8]).unwrap(), 0);
}

fn sid() -> twilio_room_recordings::RecordingSid {
    recording(0)["sid"].as_str().unwrap().parse().unwrap()
}

#[test]
fn nothing_of_the_api_goes_to_the_storage() {
    let setting = Setting::new(vec![Fate::CutAfter(9)]);
    setting.assert_downloads();
    let heads = setting.storage.heads();
    assert_eq!(heads.len(), 2);
    for head in heads {
        let head = head.to_ascii_lowercase();
        assert!(!head.contains("authorization") && !head.contains("application/json"), "{head}");
        assert!(head.contains("accept-encoding: identity"), "{head}");
    }
    assert!(setting.api.requests().iter().all(|it| it.headers.contains_key("authorization")));
}

#[test]
fn a_cut_transfer_is_taken_up_where_it_stood() {
    let setting = Setting::new(cut());
    setting.assert_downloads();
    assert_eq!(setting.storage.ranges(), [0, 1, 1 + SIZE / 2, SIZE - 1]);
    // One signed URL served them all.
    assert_eq!(setting.api.requests().len(), 1);
}

#[test]
fn failures_are_forgotten_after_progress_and_counted_without() {
    let piece = 65536;
    let fates = vec![Fate::CutAfter(piece), Fate::CutAfter(piece), Fate::CutAfter(piece)];
    let fates = [fates, vec![Fate::CutAfter(piece)]].concat();
    let setting = Setting::new(fates);
    setting.assert_downloads();
    assert_eq!(setting.storage.ranges().len(), 5);

    let setting = Setting::new(vec![Fate::CutAfter(1); 9]);
    let error = setting.download().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Transport(_)), "{error:?}");
    assert_eq!((error.attempts(), setting.storage.heads().len()), (4, 4));
}

#[test]
fn a_range_that_is_ignored_is_passed_over() {
    let setting = Setting::new(vec![Fate::CutAfter(SIZE / 2), Fate::IgnoreRange]);
    setting.assert_downloads();
}

#[test]
fn a_stalled_transfer_is_taken_up() {
    let setting = Setting::new(vec![Fate::StallAfter(0), Fate::StallAfter(1000)]);
    let client = builder(setting.api.base_url()).attempt_timeout(Duration::from_millis(500));
    Setting { client: client.build().unwrap(), ..setting }.assert_downloads();
}

#[test]
fn a_deadline_bounds_the_whole_transfer() {
    let setting = Setting::new(vec![Fate::StallAfter(1000); 9]);
    let media = setting.media().deadline(Duration::from_millis(200));
    let start = Instant::now();
    let error = media.download(&mut Vec::new()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::DeadlineExceeded), "{error:?}");
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn changed_media_is_told_and_never_mixed() {
    for changed in
        [Fate::Tagged(Some("\"two\"")), Fate::Tagged(None), Fate::Tagged(Some("W/\"one\""))]
    {
        let setting = Setting::new(vec![Fate::CutAfter(SIZE / 2), changed]);
        let error = setting.download().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::MediaChanged { .. }), "{error:?}");
    }
    let without_tag = http("200 OK", "", &media_bytes());
    let setting = Setting::new(vec![Fate::Raw(without_tag[..SIZE / 2].to_vec())]);
    let error = setting.download().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Transport(_)), "{error:?}");
    assert_eq!(setting.storage.heads().len(), 1);
}

#[test]
fn an_expired_url_is_asked_for_anew() {
    let expired =
        b"<?xml?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>";
    let expired = http("403 Forbidden", "Connection: close\r\n", expired);
    let setting = Setting::new(vec![Fate::CutAfter(7), Fate::Raw(expired.clone())]);
    setting.assert_downloads();
    assert_eq!(setting.api.requests().len(), 2);

    let setting = Setting::new(vec![Fate::Raw(expired); 9]);
    let error = setting.download().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the storage rejected the request: AccessDenied (status 403) (after 4 attempts)"
    );
    assert_eq!(setting.api.requests().len(), 4);
}

#[test]
fn a_storage_that_throttles_is_asked_again() {
    let slow = http("503 Slow Down", "Connection: close\r\nRetry-After: 0\r\n", b"");
    let setting = Setting::new(vec![Fate::Raw(slow.clone()), Fate::CutAfter(5), Fate::Raw(slow)]);
    setting.assert_downloads();
    assert_eq!(setting.api.requests().len(), 1);

    let gone = http("404 Not Found", "Connection: close\r\n", b"");
    let setting = Setting::new(vec![Fate::Raw(gone)]);
    let error = setting.download().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Storage(it) if it.status == 404), "{error:?}");
    assert_eq!(error.attempts(), 1);
}

fn redirect(to: &str) -> Fate {
    let headers = format!("Connection: close\r\nLocation: {to}\r\n");
    Fate::Raw(http("307 Temporary Redirect", &headers, b""))
}

#[test]
fn redirects_within_the_storage_are_followed_up_to_a_bound() {
    let setting = Setting::new(vec![redirect("/elsewhere/a?b=c"), redirect("d"), redirect("?e=f")]);
    setting.assert_downloads();
    let heads = setting.storage.heads();
    let lines: Vec<_> = heads.iter().map(|head| head.lines().next().unwrap()).collect();
    assert_eq!(lines[1..3], ["GET /elsewhere/a?b=c HTTP/1.1", "GET /elsewhere/d HTTP/1.1"]);
    assert_eq!(lines[3], "GET /elsewhere/d?e=f HTTP/1.1");

    let setting = Setting::new(vec![redirect("/again"); 9]);
    let error = setting.download().unwrap_err();
    assert!(error.to_string().contains("redirects more than 5 times"), "{error}");
}

#[test]
fn a_url_that_is_not_https_is_refused_without_showing_it() {
    for url in [
        format!("http://storage.example.com/media?{SIGNATURE}"),
        format!("ftp://127.0.0.1/media?{SIGNATURE}"),
        format!("https://me:{SIGNATURE}@storage.example.com/media"),
        format!("/media?{SIGNATURE}"),
        format!("https:// /?{SIGNATURE}"),
    ] {
        let api = api(completed(SIZE), &url);
        let record: RoomRecording = serde_json::from_value(completed(SIZE)).unwrap();
        let error = client(api.base_url()).media(&record).url().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidResponse(_)), "{error:?}");
        assert!(!format!("{error}{error:?}").contains(SIGNATURE), "{error:?}");

        // The same from the storage.
        if !url.starts_with('/') {
            let setting = Setting::new(vec![redirect(&url)]);
            let error = setting.download().unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::InvalidResponse(_)), "{error:?}");
            assert!(!format!("{error}{error:?}").contains(SIGNATURE), "{error:?}");
        }
    }
}

#[test]
fn the_signed_url_is_given_and_shown_to_nobody_else() {
    let setting = Setting::new(vec![]);
    let url = setting.media().url().unwrap();
    assert_eq!(url.as_str(), setting.storage.url);
    assert!(!format!("{url:?}{:?}", setting.media().reader().unwrap()).contains(SIGNATURE));
    assert_eq!(setting.storage.heads().len(), 1);

    let signature = SIGNATURE.split('=').nth(1).unwrap();
    for code in ["SignatureDoesNotMatch", signature] {
        let echo = format!("<Error><Code>{code}</Code><Message>bad {signature}</Message></Error>");
        let setting = Setting::new(vec![Fate::Raw(http("404 Not Found", "", echo.as_bytes()))]);
        let error = setting.download().unwrap_err();
        let shown = if code == signature { "Not Found" } else { code };
        assert!(error.to_string().contains(shown), "{error}");
        assert!(!format!("{error}{error:?}").contains(signature), "{error:?}");
    }
    // Nor where the answer should have been a redirect, nor by a client that can't use it.
    let server = Server::start(|_| {
        let url = format!("https://storage.example.com/{SIGNATURE}");
        axum::response::Response::builder().header("location", url).body("".into()).unwrap()
    });
    let record: RoomRecording = serde_json::from_value(completed(SIZE)).unwrap();
    let error = client(server.base_url()).media(&record).url().unwrap_err();
    assert!(!format!("{error}{error:?}").contains(SIGNATURE), "{error:?}");
}

#[test]
fn a_size_that_differs_from_the_records_is_an_error_before_anything_is_written() {
    let storage = Storage::start(media_bytes(), vec![]);
    let api = api(completed(SIZE + 1), &storage.url);
    let mut out = Vec::new();
    let media = client(api.base_url()).recording(room(), sid()).media();
    let error = media.download(&mut out).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::MediaSizeMismatch { recorded, stored, .. }
            if (*recorded, *stored) == (SIZE as u64 + 1, SIZE as u64)),
        "{error:?}"
    );
    assert!(out.is_empty());
}

#[test]
fn a_body_without_a_length_is_held_against_the_record() {
    let unframed = |bytes: &[u8]| {
        let head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nETag: \"one\"\r\n\r\n";
        Fate::Raw([head, bytes].concat())
    };
    Setting::new(vec![unframed(&media_bytes())]).assert_downloads();
    let cut = Setting::new(vec![unframed(&media_bytes()[..SIZE - 1])]);
    cut.assert_downloads();
    assert_eq!(cut.storage.ranges(), [0, SIZE - 1]);
    let longer = [media_bytes(), vec![0]].concat();
    let error = Setting::new(vec![unframed(&longer)]).download().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::MediaSizeMismatch { .. }), "{error:?}");

    let mut unsized_record = completed(SIZE);
    unsized_record["size"] = Value::Null;
    let storage = Storage::start(vec![], vec![unframed(&media_bytes())]);
    let api = api(unsized_record, &storage.url);
    let error = client(api.base_url()).recording(room(), sid()).media().reader().unwrap_err();
    assert!(error.to_string().contains("how long the media is"), "{error}");
}

#[test]
fn what_has_no_media_says_so_before_anything_is_asked_for() {
    for status in ["processing", "failed", "deleted"] {
        let mut record = completed(SIZE);
        record["status"] = json!(status);
        let storage = Storage::start(media_bytes(), vec![]);
        let api = api(record.clone(), &storage.url);
        let client = client(api.base_url());
        let known = client.media(&serde_json::from_value(record).unwrap());
        let by_sid = client.recording(room(), sid()).media();
        for media in [&known, &by_sid] {
            let error = media.url().unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::MediaUnavailable { status: it, .. } if *it == Status::from(status)),
                "{error:?}"
            );
            assert!(media.reader().is_err());
        }
        // Those by the SID request for the record, and for nothing else.
        assert!(api.requests().iter().all(|it| !it.uri.path().ends_with("/Media")));
        assert_eq!(api.requests().len(), 2);
        assert!(storage.heads().is_empty());
    }
}

#[test]
fn what_cannot_be_written_is_told_with_its_cause() {
    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    let error = Setting::new(vec![]).media().download(&mut Full).unwrap_err();
    assert_eq!(error.to_string(), "could not write the media: no storage space");
    assert!(error.get_ref().unwrap().is::<std::io::Error>());
}

/// The names in a directory, less what follows the entity tag in those of partial files.
fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_file_is_whole_or_not_there() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.mka");
    let cut_for_good =
        vec![Fate::CutAfter(1000), Fate::CutAfter(0), Fate::CutAfter(0), Fate::CutAfter(0)];
    let setting = Setting::new(cut_for_good);
    setting.media().download_to(&path).unwrap_err();
    let left = names(directory.path());
    assert!(
        left.len() == 1 && left[0].starts_with("a.mka.") && left[0].ends_with(".part"),
        "{left:?}"
    );
    // One without an entity tag can't be taken up.
    fs::write(
        directory.path().join("a.mka.none-------------0000000000000001.part"),
        vec![0; SIZE - 1],
    )
    .unwrap();
    // Another file's partial is nobody else's.
    fs::write(directory.path().join("b.mka.0000000000000001-0000000000000001.part"), b"b").unwrap();

    // Nor is one that another run leaves in between of any use once the file is whole.
    let late = directory.path().join("a.mka.0000000000000001-0000000000000001.part");
    let done = setting
        .media()
        .on_progress(|_| fs::write(&late, b"late").unwrap())
        .download_to(&path)
        .unwrap();
    assert!(fs::read(&path).unwrap() == media_bytes());
    assert_eq!((done.size, done.transferred), (SIZE as u64, SIZE as u64 - 999));
    assert_eq!(setting.storage.ranges().last(), Some(&999));
    let mut names = names(directory.path());
    names.sort();
    assert_eq!(names, ["a.mka", "b.mka.0000000000000001-0000000000000001.part"]);
}

#[test]
fn a_file_that_is_there_is_not_fetched_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.mka");
    let setting = Setting::new(vec![]);
    fs::write(&path, b"something else").unwrap();
    assert_eq!(setting.media().download_to(&path).unwrap().transferred, SIZE as u64);
    assert!(fs::read(&path).unwrap() == media_bytes());
    fs::write(directory.path().join("a.mka.none-------------0000000000000001.part"), b"left")
        .unwrap();
    // By its SID alone, the record is request for.
    let by_sid = setting.client.recording(room(), sid()).media();
    for media in [setting.media(), by_sid] {
        assert_eq!(media.download_to(&path).unwrap().transferred, 0);
    }
    assert_eq!(setting.storage.heads().len(), 1);
    assert_eq!(names(directory.path()), ["a.mka"]);

    // What can't be written to does not matter then.
    #[cfg(target_os = "linux")]
    {
        let at_hand = fs::metadata("/proc/self/environ").unwrap();
        assert_eq!(at_hand.len(), 0);
        let mut record: RoomRecording = serde_json::from_value(completed(SIZE)).unwrap();
        record.size = Some(0);
        let done = setting.client.media(&record).download_to("/proc/self/environ");
        assert_eq!(done.unwrap().size, 0);
    }
}

#[test]
fn a_file_starts_over_when_the_media_has_changed() {
    let untagged = http("200 OK", "Connection: close\r\n", &media_bytes());
    for fates in [
        vec![
            Fate::CutAfter(SIZE / 2),
            Fate::Tagged(Some("\"two\"")),
            Fate::Tagged(Some("\"two\"")),
        ],
        vec![Fate::Raw(untagged[..SIZE / 2].to_vec())],
        vec![Fate::CutAfter(SIZE / 2), Fate::Raw(http("416 No", "Connection: close\r\n", b""))],
    ] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.mka");
        let setting = Setting::new(fates);
        setting.media().download_to(&path).unwrap();
        assert!(fs::read(&path).unwrap() == media_bytes());
        assert_eq!(names(directory.path()), ["a.mka"]);
        assert_eq!(setting.storage.ranges().last(), Some(&0));
    }
    // Between two runs.
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.mka");
    let setting = Setting::new(vec![Fate::CutAfter(9); 4]);
    setting.media().download_to(&path).unwrap_err();
    let changed = vec![Fate::Tagged(Some("\"two\"")), Fate::Tagged(Some("\"two\""))];
    let setting = Setting::new(changed);
    setting.media().download_to(&path).unwrap();
    assert!(fs::read(&path).unwrap() == media_bytes());
    assert_eq!(names(directory.path()), ["a.mka"]);

    let without_end = vec![Fate::Raw(untagged[..SIZE / 2].to_vec()); 99];
    let setting = Setting::new(without_end);
    setting.media().download_to(directory.path().join("b")).unwrap_err();
    assert_eq!(setting.storage.heads().len(), 4);
    assert_eq!(names(directory.path()), ["a.mka"]);
}

#[test]
fn downloads_at_once_do_not_get_in_each_others_way() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.mka");
    let setting = Setting::new([cut(), cut()].concat());
    let patient = RetryPolicy::default().max_retries(9).initial_backoff(Duration::from_millis(1));
    let client = builder(setting.api.base_url()).retry(patient).build().unwrap();
    let setting = Setting { client, ..setting };
    std::thread::scope(|scope| {
        for _ in 0..6 {
            let media = setting.media();
            scope.spawn(|| media.download_to(&path).unwrap());
        }
    });
    assert!(fs::read(&path).unwrap() == media_bytes());
    assert_eq!(names(directory.path()), ["a.mka"]);
}

#[test]
fn where_nothing_can_be_written_nothing_is_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let setting = Setting::new(vec![]);
    for path in [directory.path().join("missing/a.mka"), directory.path().join("..")] {
        let error = setting.media().download_to(&path).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Write(_)), "{error:?}");
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    }
    assert!(setting.api.requests().is_empty() && setting.storage.heads().is_empty());
}

/// Leaves a partial file of the first so many bytes, as a killed process does.
fn cut_download(path: &Path, bytes: usize, tag: &'static str) {
    let setting = Setting::new(vec![Fate::TaggedAndCut(tag, bytes); 4]);
    let client = builder(setting.api.base_url()).retry(RetryPolicy::off()).build().unwrap();
    let setting = Setting { client, ..setting };
    setting.media().download_to(path).unwrap_err();
}

#[test]
fn a_partial_file_is_never_taken_for_the_whole_without_asking() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.mka");
    cut_download(&path, SIZE / 2 + 1, "\"one\"");
    // The media is another one now, just as long as what there is of the old one.
    let new = vec![9; SIZE / 2];
    let storage = Storage::start(new.clone(), vec![Fate::Tagged(Some("\"two\"")); 2]);
    let api = api(completed(SIZE / 2), &storage.url);
    let media = client(api.base_url()).recording(room(), sid()).media();
    assert_eq!(media.download_to(&path).unwrap().transferred, SIZE as u64 / 2);
    assert!(fs::read(&path).unwrap() == new);
}

#[test]
fn two_versions_are_never_mixed_in_a_file_even_from_the_first_byte() {
    // The first answer is of one version and brings nothing; the second is of another.
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.mka");
    let old = Storage::start(vec![9; SIZE], vec![]);
    let fates = vec![Fate::TaggedAndCut("\"one\"", 0), Fate::TaggedAndCut("\"two\"", SIZE / 2)];
    old.expect(fates);
    let api_of_old = api(completed(SIZE), &old.url);
    let twice = RetryPolicy::default().max_retries(1).initial_backoff(Duration::ZERO);
    let client = builder(api_of_old.base_url()).retry(twice).build().unwrap();
    old.expect(vec![Fate::Raw(vec![]); 9]);
    client.recording(room(), sid()).media().download_to(&path).unwrap_err();
    // What is tagged as the first version now is not what was left.
    Setting::new(vec![]).media().download_to(&path).unwrap();
    assert!(fs::read(&path).unwrap() == media_bytes());

    // One byte of the old version is left.
    let path = directory.path().join("b.mka");
    cut_download(&path, 1, "\"old\"");
    Setting::new(vec![]).media().download_to(&path).unwrap();
    assert!(fs::read(&path).unwrap() == media_bytes());

    // What is left is of another recording, with the same entity tag.
    let path = directory.path().join("c.mka");
    cut_download(&path, SIZE / 2, "\"one\"");
    let mut other = recording(3);
    (other["size"], other["status"]) = (json!(SIZE), json!("completed"));
    let storage = Storage::start(vec![9; SIZE], vec![]);
    let api = api(other.clone(), &storage.url);
    let client = crate::support::client(api.base_url());
    client.media(&serde_json::from_value(other).unwrap()).download_to(&path).unwrap();
    assert!(fs::read(&path).unwrap() == vec![9; SIZE]);
}

#[test]
fn files_of_similar_names_are_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let others = [
        "call.2024-05.part",
        "call.0000000000000001-+000000000000001.part",
        "call.0000000000000001-000000000000000A.part",
        "call.none-1.part",
        "call.none-0000000000000001.part.txt",
    ];
    for name in others {
        fs::write(at(name), name).unwrap();
    }
    #[cfg(unix)]
    {
        fs::write(at("target"), "target").unwrap();
        let link = at("call.0000000000000001-0000000000000001.part");
        std::os::unix::fs::symlink(at("target"), link).unwrap();
    }
    Setting::new(vec![]).media().download_to(at("call")).unwrap();
    assert!(fs::read(at("call")).unwrap() == media_bytes());
    for name in others {
        assert_eq!(fs::read_to_string(at(name)).unwrap(), name);
    }
    #[cfg(unix)]
    assert_eq!(fs::read_to_string(at("target")).unwrap(), "target");
}

#[test]
fn what_cannot_be_a_file_is_refused_before_anything_is_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::create_dir(at("a.mka")).unwrap();
    let setting = Setting::new(vec![]);
    for path in [at("a.mka"), at("b.mka/"), at(&"n".repeat(220))] {
        let error = setting.media().download_to(&path).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Write(_)), "{path:?}: {error:?}");
    }
    assert!(setting.api.requests().is_empty());
    assert_eq!(names(directory.path()), ["a.mka"]);
}

#[test]
fn another_run_that_is_faster_is_no_failure() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.mka");
    let gone = http("404 Not Found", "Connection: close\r\n", b"");
    let setting = Setting::new(vec![Fate::CutAfter(SIZE / 2), Fate::Raw(gone)]);
    let overtaken = setting.media().on_progress(|_| {
        if !path.exists() {
            Setting::new(vec![]).media().download_to(&path).unwrap();
        }
    });
    let done = overtaken.download_to(&path);
    assert_eq!(done.unwrap().transferred, 0);
    assert!(fs::read(&path).unwrap() == media_bytes());
    assert_eq!(names(directory.path()), ["a.mka"]);
}

#[test]
fn all_bytes_are_enough_without_the_end_of_the_body() {
    let chunk = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{SIZE:x}\r\n");
    let unended = [chunk.as_bytes(), &media_bytes(), b"\r\n"].concat();
    let setting = Setting::new(vec![Fate::Raw(unended)]);
    setting.assert_downloads();
    assert_eq!(setting.storage.heads().len(), 1);
}

#[test]
fn a_deadline_has_its_own_kind_and_counts_from_the_first_request() {
    let setting = Setting::new(vec![Fate::StallAfter(1000)]);
    let client = builder(setting.api.base_url()).retry(RetryPolicy::off()).build().unwrap();
    let setting = Setting { client, ..setting };
    let media = setting.media().deadline(Duration::from_millis(200));
    let error = media.download(&mut Vec::new()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::DeadlineExceeded), "{error:?}");
    assert!(!error.is_transient());

    let silent = crate::support::RawServer::start_with(1, |_, stream| {
        let _ = stream.read(&mut [0]);
    });
    let media = crate::support::client(&silent.base_url).recording(room(), sid()).media();
    let start = Instant::now();
    let error = media.deadline(Duration::from_millis(200)).url().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::DeadlineExceeded), "{error:?}");
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_reader_that_has_failed_goes_on_failing() {
    let longer = [media_bytes(), vec![0]].concat();
    let head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nETag: \"one\"\r\n\r\n";
    let setting = Setting::new(vec![Fate::Raw([&head[..], &longer].concat())]);
    let mut reader = setting.media().reader().unwrap();
    let mut bytes = Vec::new();
    for _ in 0..3 {
        let error = reader.read_to_end(&mut bytes).unwrap_err();
        let error = error.get_ref().unwrap().downcast_ref::<Error>().unwrap();
        assert!(matches!(error.kind(), ErrorKind::MediaSizeMismatch { .. }), "{error:?}");
        assert_eq!(error.attempts(), 1);
    }
    assert!(bytes.len() <= SIZE);
    assert_eq!(setting.storage.heads().len(), 1);
}

#[test]
#[cfg(feature = "gzip")]
fn encoded_media_never_ends_in_a_file_that_cannot_be_finished() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&media_bytes()).unwrap();
    let encoded = encoder.finish().unwrap();
    let headers = "Connection: close\r\nETag: \"one\"\r\nContent-Encoding: gzip\r\n";
    let whole = http("200 OK", headers, &encoded);
    let cut = whole[..whole.len() - encoded.len() / 2].to_vec();
    let rest = format!("{headers}Content-Range: bytes 999-{}/{}\r\n", encoded.len(), encoded.len());
    let rest = http("206 Partial Content", &rest, &encoded[999..]);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.mka");
    let setting = Setting::new(vec![Fate::Raw(cut), Fate::Raw(rest), Fate::Raw(whole)]);
    setting.media().download_to(&path).unwrap();
    assert!(fs::read(&path).unwrap() == media_bytes());
}

#[test]
fn a_partial_file_survives_what_says_nothing_of_the_media() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.mka");
    cut_download(&path, SIZE / 2, "\"one\"");
    let record: RoomRecording = serde_json::from_value(completed(SIZE)).unwrap();
    // A page about maintenance where the URL should be, and a storage that leads in a circle.
    let server = Server::start(|_| "<html>later</html>".into_response());
    client(server.base_url()).media(&record).download_to(&path).unwrap_err();
    Setting::new(vec![redirect("/again"); 9]).media().download_to(&path).unwrap_err();
    let expired = http("403 Forbidden", "Connection: close\r\n", b"");
    let storage = Storage::start(media_bytes(), vec![Fate::Raw(expired)]);
    let (url, request) = (storage.url.clone(), AtomicUsize::new(0));
    let server = Server::start(move |_| match request.fetch_add(1, Ordering::SeqCst) {
        0 => fake_server::media_redirect(&url),
        _ => "<html>later</html>".into_response(),
    });
    client(server.base_url()).media(&record).download_to(&path).unwrap_err();
    let done = Setting::new(vec![]).media().download_to(&path).unwrap();
    assert_eq!(done.transferred as usize, SIZE - SIZE / 2 + 1);
    assert!(fs::read(&path).unwrap() == media_bytes());
}

#[test]
fn a_partial_file_longer_than_the_media_is_not_kept_so() {
    for (length, requests) in [(100, 2), (SIZE / 2 - 1, 1), (SIZE / 2, 1)] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.mka");
        cut_download(&path, SIZE / 2, "\"one\"");
        let short = media_bytes()[..length].to_vec();
        let storage = Storage::start(short.clone(), vec![Fate::IgnoreRange]);
        let api = api(completed(length), &storage.url);
        client(api.base_url()).recording(room(), sid()).media().download_to(&path).unwrap();
        assert!(fs::read(&path).unwrap() == short, "{length}");
        assert_eq!(storage.heads().len(), requests, "{length}");
    }
}

#[test]
fn cancelled_download_keeps_its_partial_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.mka");
    let setting = Setting::new(vec![]);
    let mut received = 0;
    let media = setting.media().on_progress_or_cancel(|progress| {
        received = progress.received;
        if received > 100_000 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let error = media.download_to(&path).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Cancelled);
    assert_eq!(error.to_string(), "the download was cancelled");
    assert!(!error.is_transient() && !path.exists());

    let done = setting.media().download_to(&path).unwrap();
    assert_eq!(done.transferred, SIZE as u64 - received + 1);
    assert!(fs::read(&path).unwrap() == media_bytes());
}

#[test]
fn cancelled_download_into_a_writer_sends_no_further_request() {
    let setting = Setting::new(vec![Fate::CutAfter(1000); 9]);
    let media = setting.media().on_progress_or_cancel(|_| ControlFlow::Break(()));
    let mut out = Vec::new();
    assert_eq!(*media.download(&mut out).unwrap_err().kind(), ErrorKind::Cancelled);
    assert!(!out.is_empty() && out.len() <= 1000);
    assert_eq!(setting.storage.heads().len(), 1);
}
