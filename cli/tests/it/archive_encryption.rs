//! `archive` of encrypted media, whose encryption data only the storage has.

use std::fs;

use serde_json::{Value, json};

use super::support::program::Run;
use super::support::room::{ArchivedRoom, file_name, records};
use super::support::{Fate, http, media, recording, sid};

fn encrypted() -> Value {
    let mut encrypted = recording(1);
    encrypted["encryption_key"] = json!("CR1");
    encrypted
}

/// The same archive, of a room whose only recording has another record now.
fn later(earlier: &ArchivedRoom, record: Value) -> ArchivedRoom {
    let room = ArchivedRoom::of(vec![record]);
    fs::create_dir(room.folder()).unwrap();
    for file in fs::read_dir(earlier.folder()).unwrap() {
        let path = file.unwrap().path();
        fs::copy(&path, room.folder().join(path.file_name().unwrap())).unwrap();
    }
    room
}

#[track_caller]
fn last_entry(room: &ArchivedRoom) -> Value {
    records(&room.record_file()).pop().unwrap()
}

#[test]
fn encrypted_recording_whose_key_is_not_archived_is_not_deleted() {
    let room = ArchivedRoom::of(vec![encrypted()]);
    let archived = room.run(&["--delete"]).expect(1);
    for reason in [
        "its record names an encryption key, and the storage sent no encryption data",
        "not deleted: ",
    ] {
        let error = format!("error: {}: {reason}", sid(1));
        assert!(archived.stderr.contains(&error), "{}", archived.stderr);
    }
    room.assert_is_archived();
    assert!(room.deleted_sids().is_empty());

    let previewed = room.run(&["--delete", "--dry-run"]).expect(0);
    assert!(previewed.stderr.contains(" 0 would be deleted, "), "{}", previewed.stderr);
}

/// A response with the headers of the encryption data.
fn encrypted_response(media: &[u8]) -> Fate {
    let headers = "ETag: \"one\"\r\nx-amz-meta-x-amz-key: 0ZY1jiGSu/A=\r\n\
                   x-amz-meta-x-amz-iv: EmKjzVpvXC9rE6DJ00Xv7Q==\r\n";
    Fate::Raw(http("200 OK", headers, media))
}

/// The storage sends the encryption data for the headers alone, and then with the media.
fn send_encryption_data(room: &ArchivedRoom) {
    room.storage.expect([(); 2].map(|()| encrypted_response(&media(&recording(1)))));
}

#[track_caller]
fn assert_names_the_lack(run: &Run) {
    let error = format!("error: {}: its record names an encryption key, ", sid(1));
    assert!(run.stderr.starts_with(&error), "{}", run.stderr);
}

#[track_caller]
fn assert_deletes_with_the_key(room: &ArchivedRoom) {
    room.run(&["--delete"]).expect(0);
    assert_eq!(last_entry(room)["archive"]["encryption"]["key"], "0ZY1jiGSu/A=");
    assert_eq!(room.deleted_sids(), [sid(1)]);
}

#[test]
fn encrypted_recording_without_a_key_is_an_error_until_the_storage_sends_it() {
    let room = ArchivedRoom::of(vec![encrypted()]);
    for counts in ["1 archived, 0 already there, ", "0 archived, 1 already there, "] {
        let keyless = room.run(&[]).expect(1);
        assert_names_the_lack(&keyless);
        assert!(keyless.stderr_lines()[1].starts_with(counts), "{}", keyless.stderr);
    }
    assert_eq!(records(&room.record_file()).len(), 1);

    send_encryption_data(&room);
    assert_deletes_with_the_key(&room);
}

#[test]
fn key_of_an_earlier_entry_is_kept_for_the_same_bytes() {
    let room = ArchivedRoom::of(vec![recording(1)]);
    room.storage.expect([encrypted_response(&media(&recording(1)))]);
    room.run(&[]).expect(0);
    fs::remove_file(room.folder().join(format!("{}.mkv", sid(1)))).unwrap();
    assert_deletes_with_the_key(&room);
}

#[test]
fn failure_to_fetch_a_key_that_was_missing_is_an_error() {
    let room = ArchivedRoom::of(vec![encrypted()]);
    room.run(&[]).expect(1);
    let entry = fs::read(room.record_file()).unwrap();

    let rejected = http("404 Not Found", "Connection: close\r\n", b"");
    room.storage.expect([encrypted_response(&media(&encrypted())), Fate::Raw(rejected)]);
    let failed = room.run(&["--retries", "0"]).expect(1);
    assert!(failed.stderr.contains("Not Found"), "{}", failed.stderr);
    assert!(fs::read(room.record_file()).unwrap() == entry);
}

#[test]
fn encrypted_recording_is_deleted_when_its_encryption_data_is_in_the_entry() {
    let plain = media(&recording(1));
    let mut stored = plain.clone();
    stored.resize(plain.len() / 16 * 16 + 16, 7);
    let encryption_data = format!(
        "ETag: \"one\"\r\nx-amz-meta-x-amz-key: 0ZY1jiGSu/A=\r\nx-amz-meta-x-amz-matdesc: {{}}\r\n\
         x-amz-meta-x-amz-iv: EmKjzVpvXC9rE6DJ00Xv7Q==\r\n\
         x-amz-meta-x-amz-unencrypted-content-length: {}\r\n",
        plain.len()
    );

    // The record may name the size before encryption or that after it, and the key or none.
    for (size, key) in
        [(plain.len(), json!("CR1")), (stored.len(), json!("CR1")), (plain.len(), Value::Null)]
    {
        let mut record = recording(1);
        (record["size"], record["encryption_key"]) = (json!(size), key);
        let room = ArchivedRoom::of(vec![record]);
        room.storage.expect([Fate::Raw(http("200 OK", &encryption_data, &stored))]);
        room.run(&[]).expect(0);
        room.run(&["--delete"]).expect(0);

        let [entry] = &records(&room.record_file())[..] else { panic!("one entry") };
        let expected = json!({
            "key": "0ZY1jiGSu/A=",
            "iv": "EmKjzVpvXC9rE6DJ00Xv7Q==",
            "unencrypted_size": plain.len(),
            "headers": {"x-amz-meta-x-amz-matdesc": "{}"},
        });
        assert_eq!(entry["archive"]["encryption"], expected);
        assert_eq!(entry["archive"]["size"], json!(stored.len()));
        assert_eq!(fs::read(room.folder().join(format!("{}.mkv", sid(1)))).unwrap(), stored);
        assert_eq!((room.deleted_sids(), room.storage.heads().len()), (vec![sid(1)], 1));
    }
}

#[test]
fn encryption_key_that_the_record_no_longer_names_is_remembered() {
    let earlier = ArchivedRoom::of(vec![encrypted()]);
    earlier.run(&[]).expect(1);

    for is_lost in [false, true] {
        let room = later(&earlier, recording(1));
        if is_lost {
            fs::remove_file(room.folder().join(file_name(&recording(1)))).unwrap();
        }
        let kept = room.run(&["--delete"]).expect(1);
        assert_names_the_lack(&kept);
        assert!(room.deleted_sids().is_empty());
        assert_eq!(last_entry(&room)["encryption_key"], "CR1");

        send_encryption_data(&room);
        assert_deletes_with_the_key(&room);
        assert_eq!(last_entry(&room)["encryption_key"], "CR1");
    }
}

#[test]
fn encryption_key_that_comes_and_goes_is_no_reason_to_download_again() {
    let mut room = ArchivedRoom::of(vec![recording(1)]);
    room.storage.expect([encrypted_response(&media(&recording(1)))]);
    room.run(&[]).expect(0);
    for record in [encrypted(), recording(1), encrypted()] {
        room = later(&room, record);
        let archived = room.run(&[]).expect(0);
        assert!(
            archived.stderr.starts_with("0 archived, 1 already there, "),
            "{}",
            archived.stderr
        );
        assert!(room.storage.heads().is_empty());
        let entry = last_entry(&room);
        assert_eq!(
            (&entry["encryption_key"], entry["archive"]["encryption"].is_object()),
            (&json!("CR1"), true)
        );
    }
}

#[test]
fn encryption_data_that_other_media_had_is_not_kept() {
    let earlier = ArchivedRoom::of(vec![encrypted()]);
    earlier.storage.expect([encrypted_response(&media(&recording(1)))]);
    earlier.run(&[]).expect(0);
    let mut other = recording(1);
    other["size"] = json!(9000);
    let room = later(&earlier, other);
    room.run(&[]).expect(0);
    let entry = last_entry(&room);
    assert_eq!(
        (&entry["encryption_key"], &entry["archive"]["encryption"]),
        (&Value::Null, &Value::Null)
    );
}

#[test]
#[cfg(unix)]
fn encryption_data_of_a_moved_file_is_an_error_until_the_storage_sends_it() {
    let room = ArchivedRoom::of(vec![encrypted()]);
    for requests in [1, 2] {
        let keyless = room.run(&["--skip-recorded", "--exec", "/bin/rm"]).expect(1);
        assert_names_the_lack(&keyless);
        assert_eq!((room.storage.heads().len(), room.found().len()), (requests, 0));
    }

    send_encryption_data(&room);
    room.run(&["--skip-recorded", "--exec", "/bin/rm"]).expect(0);
    assert_eq!(last_entry(&room)["archive"]["encryption"]["key"], "0ZY1jiGSu/A=");
    room.run(&["--skip-recorded", "--exec", "/bin/rm"]).expect(0);
    assert_eq!(room.storage.heads().len(), 4);
}
