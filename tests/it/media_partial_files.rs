//! Partial files: their names, and what is resumed. On Unix, because elsewhere none is resumed.
#![cfg(unix)]

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::response::IntoResponse;
use serde_json::json;
use twilio_room_recordings::PartialFile;

use crate::support::fake_server::{self, Server, recording};
use crate::support::media::*;
use crate::support::storage::{Fate, Storage, api};
use crate::support::{client, http};

#[test]
fn partial_file_is_resumed_wherever_the_download_was_interrupted() {
    let mut positions = vec![0, 1, 4095, 65_535, 65_536, 65_537, SIZE - 1];
    positions.extend((0..SIZE).step_by(71_993));
    for position in positions {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mka");
        let partial = leave_partial_file(&path, position);
        assert_eq!(fs::read(&partial).unwrap(), media_bytes()[..position]);

        let setting = Setting::new(vec![]);
        let mut first = None;
        let media =
            setting.known_media().on_progress(observing(|it| first = first.or(Some(it.received))));
        let done = media.download_to(&path).unwrap();
        assert_eq!((done.size as usize, done.transferred as usize), (SIZE, SIZE - position));
        assert!(first.unwrap() as usize > position);
        assert!(fs::read(&path).unwrap() == media_bytes());
        assert_eq!(names(folder.path()), ["a.mka"]);
        // The first response has the entity tag, and so the name of the partial file.
        let ranges = if position == 0 { vec![0] } else { vec![0, position] };
        assert_eq!(setting.storage.ranges(), ranges, "{position}");
    }
}

#[test]
fn complete_partial_file_needs_no_second_request() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mka");
    let cancelled = Setting::new(vec![]);
    let media =
        cancelled.known_media().on_progress(|progress| match progress.received == SIZE as u64 {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        });
    media.download_to(&path).unwrap_err();
    let setting = Setting::new(vec![]);
    let done = setting.download_to(&path).unwrap();
    assert_eq!((done.size as usize, done.transferred), (SIZE, 0));
    assert_eq!(setting.storage.ranges(), [0]);
    assert_eq!(names(folder.path()), ["a.mka"]);
}

#[test]
fn partial_file_is_resumed_behind_the_bytes_that_were_synced() {
    for (length, resumed_at) in [
        (1, 0),
        (STEP, 0),
        (STEP + 1, STEP),
        (2 * STEP, STEP),
        (2 * STEP + 1, 2 * STEP),
        (LARGE, 2 * STEP),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mka");
        // After a loss of power, anything can be there.
        let mut damaged = large_media();
        damaged[resumed_at..].fill(0);
        fs::write(partial_path(&path), &damaged[..length]).unwrap();

        let setting = Setting::large(vec![]);
        let done = setting.download_to(&path).unwrap();
        assert_eq!((done.size as usize, done.transferred as usize), (LARGE, LARGE - resumed_at));
        assert!(fs::read(&path).unwrap() == large_media());
        assert_eq!(names(folder.path()), ["a.mka"]);
        let ranges = if resumed_at == 0 { vec![0] } else { vec![0, resumed_at] };
        assert_eq!(setting.storage.ranges(), ranges, "{length}");
    }
}

#[test]
fn bytes_that_are_written_after_a_failure_are_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mka");
    let partial = leave_partial_file(&path, 1000);
    File::options().append(true).open(partial).unwrap().write_all(&[0; 500]).unwrap();
    assert_eq!(Setting::new(vec![]).download_to(&path).unwrap().transferred as usize, SIZE);
    assert!(fs::read(&path).unwrap() == media_bytes());
}

#[test]
fn file_whose_partial_file_was_complete_is_not_of_the_year_1970() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mka");
    let setting = Setting::new(vec![]);
    let media = setting.known_media().on_progress(|progress| {
        let is_complete = Some(progress.received) == progress.total;
        if is_complete { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!(
        *media.download_to(&path).unwrap_err().kind(),
        twilio_room_recordings::ErrorKind::Cancelled
    );
    assert_eq!(fs::metadata(partial_path(&path)).unwrap().len(), SIZE as u64);

    assert_eq!(setting.download_to(&path).unwrap().transferred, 0);
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    assert!(modified.elapsed().is_ok_and(|age| age < Duration::from_secs(3600)), "{modified:?}");
}

#[test]
fn bare_file_name_is_in_the_current_folder() {
    // No test changes the current folder, so the name must be one that nobody has.
    let path = std::path::PathBuf::from("bare-file-name-of-a-test.mka");
    let partial = leave_partial_file(&path, 1000);
    assert_eq!(fs::metadata(&partial).unwrap().len(), 1000);
    let done = Setting::new(vec![]).download_to(&path).unwrap();
    let content = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    assert_eq!(done.transferred as usize, SIZE - 1000);
    assert!(content == media_bytes() && !partial.exists());
}

#[test]
fn media_without_a_strong_entity_tag_leaves_no_partial_file() {
    let weak = "Connection: close\r\nETag: W/\"one\"\r\n";
    let weak = http("200 OK", weak, &media_bytes());
    for fate in [untagged(SIZE / 2), Fate::Raw(weak[..weak.len() - 9].to_vec())] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mka");
        let setting = Setting::new(vec![fate]).without_retries();
        let media = setting.known_media().on_progress(observing(|_| {
            let names = names(folder.path());
            let id = names[0].strip_prefix("a.mka.").and_then(|it| it.strip_suffix(".part"));
            assert!(names.len() == 1 && id.is_some_and(|id| id.len() == 16), "{names:?}");
        }));
        media.download_to(&path).unwrap_err();
        assert!(names(folder.path()).is_empty());
    }
}

#[test]
fn failed_download_of_untagged_media_ends_without_a_partial_file_even_if_its_callback_panics() {
    let folder = tempfile::tempdir().unwrap();
    let setting = Setting::new(vec![untagged(SIZE)]);
    let path = folder.path().join("a.mka");
    let media = setting.known_media().on_progress(|_| std::panic::resume_unwind(Box::new(())));
    let call = std::panic::AssertUnwindSafe(|| media.download_to(&path));
    std::panic::catch_unwind(call).unwrap_err();
    assert!(names(folder.path()).is_empty());
}

#[test]
fn partial_file_of_another_version_or_recording_is_not_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mka");
    let old = leave_partial_file(&path, SIZE / 2);
    let setting = Setting::new(vec![Fate::Tagged(Some("\"two\""))]);
    assert_eq!(setting.download_to(&path).unwrap().transferred as usize, SIZE);
    assert!(fs::read(&path).unwrap() == media_bytes());
    assert!(fs::read(&old).unwrap() == media_bytes()[..SIZE / 2]);

    // Another recording with the same entity tag.
    let path = folder.path().join("b.mka");
    leave_partial_file(&path, SIZE / 2);
    let mut other = recording(3);
    (other["size"], other["status"]) = (json!(SIZE), json!("completed"));
    let storage = Storage::start(vec![9; SIZE], vec![]);
    let api = api(other.clone(), &storage.url);
    client(api.base_url()).media(&record(other)).download_to(&path).unwrap();
    assert!(fs::read(&path).unwrap() == vec![9; SIZE]);
}

#[test]
fn two_versions_are_never_mixed_from_the_first_byte_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mka");
    // The first response is of one version and has no byte; the second is of another.
    let fates = vec![Fate::TaggedAndCut("\"one\"", 0), Fate::TaggedAndCut("\"two\"", SIZE / 2)];
    let old = Setting::of(vec![9; SIZE], fates).with_retries(retries(1));
    old.storage.expect(vec![Fate::Raw(vec![]); 9]);
    old.download_to(&path).unwrap_err();

    Setting::new(vec![]).download_to(&path).unwrap();
    assert!(fs::read(&path).unwrap() == media_bytes());
}

#[test]
fn partial_file_that_is_longer_than_the_media_is_emptied() {
    for length in [SIZE + 1, 2 * SIZE] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mka");
        fs::write(partial_path(&path), vec![9; length]).unwrap();
        let setting = Setting::new(vec![]);
        assert_eq!(setting.download_to(&path).unwrap().transferred as usize, SIZE);
        assert!(fs::read(&path).unwrap() == media_bytes());
        assert_eq!(names(folder.path()), ["a.mka"]);
        assert_eq!(setting.storage.ranges(), [0]);
    }
}

#[test]
fn partial_file_survives_failures_that_say_nothing_about_the_media() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mka");
    let partial = leave_partial_file(&path, SIZE / 2);
    // A page about maintenance in place of the URL, and a storage that redirects for ever.
    let server = Server::start(|_| "<html>later</html>".into_response());
    client(server.base_url()).media(&record(completed(SIZE))).download_to(&path).unwrap_err();
    Setting::new(vec![redirect("/again"); 9]).download_to(&path).unwrap_err();
    // The partial file is open when the signed URL expires, and there is no other.
    let expired = http("403 Forbidden", "Connection: close\r\n", b"");
    let storage = Storage::start(media_bytes(), vec![Fate::Serve, Fate::Raw(expired)]);
    let (url, request) = (storage.url.clone(), AtomicUsize::new(0));
    let server = Server::start(move |_| match request.fetch_add(1, Ordering::SeqCst) {
        0 => fake_server::media_redirect(&url),
        _ => "<html>later</html>".into_response(),
    });
    client(server.base_url()).media(&record(completed(SIZE))).download_to(&path).unwrap_err();
    assert_eq!(storage.heads().len(), 2);

    assert!(fs::read(&partial).unwrap() == media_bytes()[..SIZE / 2]);
    let done = Setting::new(vec![]).download_to(&path).unwrap();
    assert_eq!(done.transferred as usize, SIZE - SIZE / 2);
    assert!(fs::read(&path).unwrap() == media_bytes());
}

#[test]
fn resumed_download_starts_over_if_the_rest_cannot_belong_to_it() {
    let unusable = |headers: &str| {
        let headers = format!("Connection: close\r\nETag: \"one\"\r\n{headers}");
        Fate::Raw(http("206 Partial Content", &headers, b"rest"))
    };
    for fate in [
        unusable("Content-Range: bytes 5-8/9\r\n"),
        unusable("Content-Range: nonsense\r\n"),
        unusable(""),
        unusable(&format!("Content-Range: bytes {}-{}/{}\r\n", SIZE / 2, SIZE, SIZE + 1)),
        Fate::Raw(http("200 OK", "Connection: close\r\nETag: \"one\"\r\n", b"short")),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mka");
        leave_partial_file(&path, SIZE / 2);
        let setting = Setting::new(vec![Fate::Serve, fate]);
        setting.download_to(&path).unwrap();
        assert!(fs::read(&path).unwrap() == media_bytes());
        assert_eq!(names(folder.path()), ["a.mka"]);
        assert_eq!(setting.storage.ranges(), [0, SIZE / 2, 0]);
    }
}

#[test]
fn locked_partial_file_is_left_to_its_owner() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mka");
    let partial = leave_partial_file(&path, SIZE / 2);
    let locked = File::open(&partial).unwrap();
    locked.lock().unwrap();
    let setting = Setting::new(vec![]);
    assert_eq!(setting.download_to(&path).unwrap().transferred as usize, SIZE);
    assert!(fs::read(&path).unwrap() == media_bytes());
    assert!(fs::read(&partial).unwrap() == media_bytes()[..SIZE / 2]);

    // Nor does a failure leave the new one.
    fs::remove_file(&path).unwrap();
    Setting::new(vec![Fate::CutAfter(9)]).without_retries().download_to(&path).unwrap_err();
    assert_eq!(names(folder.path()), [partial.file_name().unwrap().to_str().unwrap()]);
}

#[test]
fn files_of_similar_names_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let others =
        ["call.2024-05.part", "call.0000000000000001.part", "call.part", "call.media.part"];
    for name in others {
        fs::write(folder.path().join(name), name).unwrap();
    }
    Setting::new(vec![]).download_to(&folder.path().join("call")).unwrap();
    assert!(fs::read(folder.path().join("call")).unwrap() == media_bytes());
    for name in others {
        assert_eq!(fs::read_to_string(folder.path().join(name)).unwrap(), name);
    }
    assert_eq!(names(folder.path()).len(), others.len() + 1);
}

#[test]
fn partial_files_are_listed_and_removed_unless_they_are_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mka");
    let partial = leave_partial_file(&path, 1000);
    let others = [
        "a.mka",
        "a.mka.part",
        "a.mka.0123456789abcdef",
        "a.mka.0123456789abcdeg.part",
        "a.mka.123456789abcdef.part",
        ".0123456789abcdef.part",
    ];
    for name in others {
        fs::write(folder.path().join(name), name).unwrap();
    }
    fs::create_dir(folder.path().join("b.mka.0123456789abcdef.part")).unwrap();

    let listed = PartialFile::list(folder.path()).unwrap();
    let [file] = &listed[..] else { panic!("{listed:?}") };
    assert_eq!((&file.path, &file.target), (&partial, &path));
    let in_use = File::open(&partial).unwrap();
    in_use.lock().unwrap();
    assert!(!file.remove().unwrap() && partial.exists());
    drop(in_use);
    assert!(file.remove().unwrap() && !partial.exists());
    assert!(!file.remove().unwrap());
    assert_eq!(names(folder.path()).len(), others.len() + 1);

    let error = PartialFile::list(folder.path().join("missing")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[test]
fn interrupted_replacement_is_resumed_whatever_the_size_of_the_old_file() {
    for size in [10, SIZE, SIZE + 1] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mka");
        fs::write(&path, vec![9; size]).unwrap();
        let setting = Setting::new(vec![Fate::CutAfter(200_000)]).without_retries();
        setting.known_media().replace_existing().download_to(&path).unwrap_err();
        assert!(fs::read(&path).unwrap() == vec![9; size]);

        let done = setting.known_media().replace_existing().download_to(&path).unwrap();
        assert_eq!(done.transferred as usize, SIZE - 200_000, "an old file of {size} bytes");
        assert!(fs::read(&path).unwrap() == media_bytes());
        assert_eq!(names(folder.path()), ["a.mka"]);
    }
}

#[test]
fn replacement_whose_partial_file_is_removed_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mka");
    fs::write(&path, vec![9; SIZE]).unwrap();
    let setting = Setting::new(vec![]);
    let media = setting.known_media().replace_existing().on_progress(observing(|_| {
        for partial in PartialFile::list(folder.path()).unwrap() {
            fs::remove_file(partial.path).unwrap();
        }
    }));
    let error = media.download_to(&path).unwrap_err();
    assert!(error.to_string().contains("was removed or replaced"), "{error}");
    assert!(fs::read(&path).unwrap() == vec![9; SIZE]);
}

#[test]
fn simultaneous_replacements_all_succeed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mka");
    let setting = Setting::new(truncated()).with_retries(retries(9));
    for _ in 0..8 {
        fs::write(&path, vec![9; SIZE]).unwrap();
        let media = setting.known_media().replace_existing();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| media.download_to(&path).unwrap());
            }
        });
        assert!(fs::read(&path).unwrap() == media_bytes());
        assert_eq!(names(folder.path()), ["a.mka"]);
    }
}

#[test]
fn folder_that_cannot_be_written_to_is_an_error_before_the_transfer() {
    let setting = Setting::new(vec![]);
    // Not even root can create a file there.
    let path = std::path::Path::new("/proc/self/a.mka");
    if path.parent().is_some_and(|folder| folder.exists()) {
        for setting in [setting, Setting::new(vec![untagged(SIZE)])] {
            let media = setting.known_media().on_progress(|_| panic!("nothing is transferred"));
            let error = media.download_to(path).unwrap_err();
            let message = error.to_string();
            assert!(message.starts_with("could not write /proc/self/a.mka: "), "{message}");
        }
    }
}
