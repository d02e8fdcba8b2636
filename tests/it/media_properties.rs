//! Random behaviours of the storage: whatever they are, no wrong byte is ever delivered.

use std::fs;

use proptest::prelude::*;
use twilio_room_recordings::{Error, ErrorKind};

use crate::support::http;
use crate::support::media::*;
use crate::support::storage::{Fate, Version};

/// The bytes of one version, which differ from those of every other version at every position.
fn bytes_of(version: u8, size: usize) -> Vec<u8> {
    (0..size).map(|index| (index * 31 / 7) as u8 ^ version).collect()
}

/// The versions with an entity tag. Only a strong one identifies the bytes.
const TAGS: [Option<&str>; 5] =
    [Some("\"one\""), Some("\"two\""), Some("W/\"one\""), None, Some("unquoted")];

fn fates(size: usize) -> impl Strategy<Value = Vec<Fate>> {
    let position = prop_oneof![
        Just(0),
        Just(1),
        0..=size,
        Just(size.saturating_sub(1)),
        Just(size),
        Just(65_536.min(size)),
    ];
    let version = (0..TAGS.len(), position).prop_map(move |(number, served)| {
        let media = bytes_of(number as u8, size);
        Fate::Version(Version { media, tag: TAGS[number], served })
    });
    let raw = prop_oneof![
        Just(http("503 Slow Down", "Connection: close\r\n", b"")),
        Just(http("403 Forbidden", "Connection: close\r\n", b"")),
        Just(http("416 Range Not Satisfiable", "Connection: close\r\n", b"")),
        Just(http("206 Partial Content", "Content-Range: bytes 7-9/10\r\n", b"abc")),
        Just(http("200 OK", "ETag: \"one\"\r\nContent-Encoding: br\r\n", b"abc")),
        Just(http("200 OK", "ETag: \"one\"\r\n", b"short")),
        Just(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".to_vec()),
        Just(vec![]),
    ];
    let fate = prop_oneof![
        6 => version,
        2 => (0..=size).prop_map(Fate::CutAfter),
        1 => Just(Fate::IgnoreRange),
        2 => raw.prop_map(Fate::Raw),
    ];
    proptest::collection::vec(fate, 0..9)
}

fn sizes_and_fates() -> impl Strategy<Value = (usize, Vec<Fate>)> {
    prop_oneof![Just(0), Just(1), Just(1000), Just(65_536), Just(200_003)]
        .prop_flat_map(|size| (Just(size), fates(size)))
}

/// Whether these are the first bytes of one version.
fn is_of_one_version(bytes: &[u8], size: usize) -> bool {
    (0..TAGS.len()).any(|number| bytes_of(number as u8, size).starts_with(bytes))
}

fn setting(size: usize, fates: Vec<Fate>, maximum: u32) -> Setting {
    // The first version has the bytes and the tag of `Fate::Serve`.
    Setting::of(bytes_of(0, size), fates).with_retries(retries(maximum))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn writer_gets_the_first_bytes_of_one_version(
        (size, fates) in sizes_and_fates(),
        maximum in 0_u32..4,
    ) {
        let mut out = Vec::new();
        let done = setting(size, fates, maximum).media().write_to(&mut out);
        prop_assert!(is_of_one_version(&out, size));
        if let Ok(done) = done {
            prop_assert_eq!((done.size as usize, out.len()), (size, size));
        }
    }

    #[test]
    fn file_has_the_bytes_of_one_version_or_is_not_there(
        (size, fates) in sizes_and_fates(),
        maximum in 0_u32..4,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mka");
        let setting = setting(size, fates, maximum);
        for _ in 0..3 {
            let done = setting.media().download_to(&path);
            let is_write = |error: &Error| matches!(error.kind(), ErrorKind::Write { .. });
            prop_assert!(!done.as_ref().is_err_and(is_write), "{:?}", done);
            prop_assert_eq!(done.is_ok(), path.exists());
            if path.exists() {
                let bytes = fs::read(&path).unwrap();
                prop_assert!(bytes.len() == size && is_of_one_version(&bytes, size));
            }
        }
        setting.storage.forget_expected();
        setting.media().download_to(&path).unwrap();
        let bytes = fs::read(&path).unwrap();
        prop_assert!(bytes.len() == size && is_of_one_version(&bytes, size));
    }
}
