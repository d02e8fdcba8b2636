//! Downloads in processes of their own: killed, without permissions, and on full disks.
#![cfg(unix)]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::media::*;
use crate::support::storage::Fate;
use crate::support::{is_available, not_tested, room};

/// The program of the other tests.
#[test]
#[ignore = "run by the other tests, in a process of its own"]
fn download_of_a_child_process() {
    let variable = |name| std::env::var(name).ok();
    let (Some(url), Some(path)) = (variable("MEDIA_BASE_URL"), variable("MEDIA_PATH")) else {
        return;
    };
    let builder = crate::support::builder(&url).retry(retries(0));
    let media = builder.build().unwrap().recording(room(), sid()).media();
    match media.download_to(path) {
        Ok(done) => println!("transferred {} of {}.", done.transferred, done.size),
        Err(error) => println!("failed: {error}."),
    }
}

const NOBODY: [&str; 4] = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];

/// A wrapper that gives up the permissions of root, if they are there; `None` if that is not
/// possible.
fn as_nobody(folder: &Path) -> Option<&'static [&'static str]> {
    // Who is not root can't list such a folder.
    let is_root = fs::read_dir(folder).is_ok();
    match is_root {
        false => Some(&[]),
        true if is_available("setpriv", &["--reuid=65534", "--clear-groups", "true"]) => {
            std::os::unix::fs::chown(folder, Some(65_534), Some(65_534)).unwrap();
            Some(&NOBODY)
        }
        true => None,
    }
}

/// A folder with these permissions.
fn folder_of_mode(mode: u32) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
    folder
}

#[test]
fn folder_that_cannot_be_listed_is_enough() {
    let folder = folder_of_mode(0o333);
    let Some(wrapper) = as_nobody(folder.path()) else { return };
    let path = folder.path().join("a.mka");
    let setting = Setting::new(vec![Fate::CutAfter(1000)]);
    assert_prints(&run(wrapper, &setting, &path), "failed: request to");
    assert_prints(&run(wrapper, &setting, &path), &format!("transferred {} of", SIZE - 1000));
    assert_prints(&run(wrapper, &setting, &path), "transferred 0 of");
    assert!(fs::read(&path).unwrap() == media_bytes());
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    assert_eq!(names(folder.path()), ["a.mka"]);
}

#[test]
fn folder_that_cannot_be_written_to_gets_no_byte() {
    let folder = folder_of_mode(0o111);
    let Some(wrapper) = as_nobody(folder.path()) else { return };
    let path = folder.path().join("a.mka");
    let setting = Setting::new(vec![]);
    let failure = format!("failed: could not write {}: ", path.display());
    assert_prints(&run(wrapper, &setting, &path), &failure);
    assert_eq!(setting.storage.heads().len(), 1);
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    assert!(names(folder.path()).is_empty());
}

#[test]
fn download_of_a_killed_process_is_resumed() {
    for (bytes, resumed_at) in [(1, 0), (STEP + 65_537, STEP), (LARGE - 1, 2 * STEP)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mka");
        let setting = Setting::large(vec![Fate::StallAfter(bytes)]);
        let mut child = child_download(&[], setting.api.base_url(), &path)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        setting.storage.wait_for_a_stall();
        let partial = partial_path(&path);
        let start = Instant::now();
        while fs::metadata(&partial).map_or(0, |it| it.len()) < bytes as u64 {
            assert!(start.elapsed() < Duration::from_secs(60));
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!path.exists());

        let done = setting.download_to(&path).unwrap();
        assert_eq!(done.transferred as usize, LARGE - resumed_at);
        assert!(fs::read(&path).unwrap() == large_media());
        assert_eq!(names(folder.path()), ["a.mka"]);
    }
}

#[test]
fn processes_that_download_at_the_same_time_all_succeed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mka");
    let setting = Setting::new(vec![]);
    let start = |()| {
        child_download(&[], setting.api.base_url(), &path).stdout(Stdio::piped()).spawn().unwrap()
    };
    for child in [(); 4].map(start) {
        assert_prints(&child.wait_with_output().unwrap(), "transferred");
    }
    assert!(fs::read(&path).unwrap() == media_bytes());
    assert_eq!(names(folder.path()), ["a.mka"]);
}

#[test]
fn limit_of_the_file_size_leaves_no_partial_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mka");
    // In blocks of 512 or 1024 bytes, depending on the shell: less than the media.
    let script = "trap '' XFSZ; ulimit -f 150; exec \"$0\" \"$@\"";
    let setting = Setting::new(vec![]);
    let output = run(&["sh", "-c", script], &setting, &path);
    assert_prints(&output, &format!("failed: could not write {}: ", path.display()));
    assert!(names(folder.path()).is_empty());
}

#[test]
#[cfg(target_os = "linux")]
fn full_disk_gets_back_what_the_file_took() {
    if !is_available("unshare", &["-m", "true"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mka");
    // After the failure, half the disk is free again, and so is what an earlier partial file took.
    let script = "mount -t tmpfs -o size=256k tmpfs \"$FOLDER\" || exit 9
        \"$0\" \"$@\"; ls -A \"$FOLDER\"
        head -c 100000 /dev/zero > \"$PARTIAL\"; \"$0\" \"$@\"; ls -A \"$FOLDER\"
        head -c 200000 /dev/zero > \"$FOLDER/other\" && echo enough space";
    let setting = Setting::new(vec![]);
    let output =
        child_download(&["unshare", "-m", "sh", "-c", script], setting.api.base_url(), &path)
            .env("FOLDER", folder.path())
            .env("PARTIAL", partial_path(&path))
            .output()
            .unwrap();
    if output.status.code() == Some(9) {
        not_tested(&String::from_utf8_lossy(&output.stderr));
        return;
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let failure = format!("failed: could not write {}: No space left on device", path.display());
    assert_eq!(
        text.matches(&failure).count(),
        2,
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(text.contains("enough space") && !text.contains(".part\n"), "{text}");
}
