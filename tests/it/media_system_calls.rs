//! System calls of downloads, which strace logs or makes fail.
#![cfg(target_os = "linux")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use crate::support::is_available;
use crate::support::media::*;
use crate::support::storage::Fate;

/// strace makes the system calls fail as a network file system does.
#[test]
fn file_system_without_locks_or_fsync_resumes_all_the_same() {
    for (flock, fsync) in [("ENOLCK", "EINVAL"), ("EOPNOTSUPP", "EOPNOTSUPP"), ("ENOSYS", "ENOSYS")]
    {
        let flock = format!("inject=flock:error={flock}");
        let fsync = format!("inject=fsync:error={fsync}");
        let wrapper = [
            "strace",
            "-f",
            "-qqq",
            "-o",
            "/dev/null",
            "-e",
            "trace=flock,fsync",
            "-e",
            &flock,
            "-e",
            &fsync,
        ];
        if !is_available("strace", &[&wrapper[1..], &["true"]].concat()) {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mka");
        let setting = Setting::large(vec![Fate::CutAfter(STEP + 1)]);
        assert_prints(&run(&wrapper, &setting, &path), "failed: request to");
        let partial = partial_path(&path);
        assert_eq!(names(folder.path()), [partial.file_name().unwrap().to_str().unwrap()]);
        let rest = format!("transferred {} of", LARGE - STEP);
        assert_prints(&run(&wrapper, &setting, &path), &rest);
        assert!(fs::read(&path).unwrap() == large_media());
        assert_eq!(names(folder.path()), ["a.mka"]);
    }
}

/// A folder after a download of which these system calls fail, and the path of the download; `None`
/// if strace cannot be used here.
fn failed_download(failures: &[&str]) -> Option<(tempfile::TempDir, std::path::PathBuf)> {
    let injections = failures.iter().flat_map(|failure| ["-e", failure]);
    let options =
        ["strace", "-f", "-qqq", "-o", "/dev/null", "-e", "trace=/^(fsync|unlink|rename)"];
    let wrapper: Vec<_> = options.into_iter().chain(injections).collect();
    if !is_available("strace", &[&wrapper[1..], &["true"]].concat()) {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mka");
    let output = run(&wrapper, &Setting::new(vec![]), &path);
    assert_prints(&output, &format!("failed: could not write {}: ", path.display()));
    Some((folder, path))
}

/// A failing disk, unlike a file system without fsync.
#[test]
fn failure_to_reach_the_disk_is_an_error() {
    // ext4 is read-only after a failure of its journal.
    for error in ["EIO", "EROFS"] {
        let failure = format!("inject=fsync:error={error}");
        let Some((folder, _)) = failed_download(&[&failure]) else { return };
        assert!(names(folder.path()).is_empty());
    }
}

#[test]
fn partial_file_that_cannot_be_removed_is_emptied() {
    let failures = ["inject=fsync:error=EIO", "inject=/^unlink:error=EACCES"];
    let Some((_folder, path)) = failed_download(&failures) else { return };
    assert_eq!(fs::metadata(partial_path(&path)).unwrap().len(), 0);
    let done = Setting::new(vec![]).download_to(&path).unwrap();
    assert_eq!(done.transferred as usize, SIZE);
    assert!(fs::read(&path).unwrap() == media_bytes());
}

#[test]
fn complete_partial_file_that_cannot_be_moved_is_kept_unless_the_disk_is_full() {
    for (error, is_kept) in [("EIO", true), ("ENOSPC", false), ("EDQUOT", false)] {
        let failure = format!("inject=/^rename:error={error}");
        let Some((folder, path)) = failed_download(&[&failure]) else { return };
        assert_eq!(partial_path(&path).exists(), is_kept, "{error}");
        assert_eq!(names(folder.path()).len(), usize::from(is_kept), "{error}");
    }
}

/// What a download prints if a system call on the partial file fails, after what the last argument
/// does for the path of the download; `None` if strace cannot be used here.
fn download_with_failure(failure: &str, prepare: impl FnOnce(&Path)) -> Option<Output> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mka");
    let partial = partial_path(&path);
    let on_partial = ["-P", partial.to_str().unwrap(), "-e", failure];
    let wrapper = [&["strace", "-f", "-qqq", "-o", "/dev/null"], &on_partial[..]].concat();
    if !is_available("strace", &[&wrapper[1..], &["true"]].concat()) {
        return None;
    }
    prepare(&path);
    let output = run(&wrapper, &Setting::new(vec![]), &path);
    assert!(fs::read(&path).unwrap() == media_bytes(), "{output:?}");
    Some(output)
}

fn leave_1000_bytes(path: &Path) {
    leave_partial_file(path, 1000);
}

#[test]
fn partial_file_that_disappears_while_it_is_opened_is_opened_again() {
    // The second call to open follows one that finds the file.
    let failure = "inject=openat:error=ENOENT:when=2";
    let Some(output) = download_with_failure(failure, leave_1000_bytes) else { return };
    assert_prints(&output, &format!("transferred {} of", SIZE - 1000));
    // So does the second check of a new file.
    let failure = "inject=/stat:error=ENOENT:when=2";
    let Some(output) = download_with_failure(failure, |_| ()) else { return };
    assert_prints(&output, &format!("transferred {SIZE} of"));
}

#[test]
fn partial_file_that_cannot_be_opened_is_left_alone() {
    let failure = "inject=openat:error=EPERM:when=2";
    let Some(output) = download_with_failure(failure, leave_1000_bytes) else { return };
    assert_prints(&output, &format!("transferred {SIZE} of"));
}

/// A file system without modes.
#[test]
fn partial_file_whose_mode_cannot_be_set_is_resumed_if_it_has_that_mode() {
    let failure = "inject=fchmod:error=ENOSYS";
    let Some(output) = download_with_failure(failure, leave_1000_bytes) else { return };
    assert_prints(&output, &format!("transferred {} of", SIZE - 1000));

    let Some(output) = download_with_failure(failure, |path| {
        let partial = leave_partial_file(path, 1000);
        fs::set_permissions(partial, Permissions::from_mode(0o700)).unwrap();
    }) else {
        return;
    };
    assert_prints(&output, &format!("transferred {SIZE} of"));
}

/// What a run does with the partial file: the number of bytes that are written before each sync, and
/// before the modification time is set.
fn syncs_of(setting: &Setting) -> Option<(Vec<usize>, Vec<usize>)> {
    let folder = tempfile::tempdir().unwrap();
    let (path, log) = (folder.path().join("a.mka"), folder.path().join("log"));
    let partial = partial_path(&path);
    let calls = ["-P", partial.to_str().unwrap(), "-e", "trace=write,fsync,utimensat"];
    let output = ["-o", log.to_str().unwrap()];
    let wrapper = [&["strace", "-f", "-qqq"], &calls[..], &output[..]].concat();
    if !is_available("strace", &["-o", "/dev/null", "true"]) {
        return None;
    }
    run(&wrapper, setting, &path);

    let log = fs::read_to_string(&log).unwrap();
    let (mut written, mut synced, mut marked) = (0, vec![], vec![]);
    for line in log.lines() {
        let (call, result) = line.rsplit_once("= ").unwrap();
        match () {
            () if call.contains("fsync(") => synced.push(written),
            () if call.contains("utimensat(") => marked.push(written),
            () => written += result.parse::<usize>().unwrap(),
        }
    }
    Some((synced, marked))
}

/// Otherwise a later download would believe bytes that a loss of power has turned into zeros.
#[test]
fn partial_file_is_synced_at_each_multiple_before_more_is_written() {
    let Some((synced, marked)) = syncs_of(&Setting::large(vec![])) else { return };
    assert_eq!((synced, marked), (vec![STEP, 2 * STEP, LARGE], vec![]));
    let failing = Setting::large(vec![Fate::CutAfter(STEP + 5)]);
    let Some((synced, marked)) = syncs_of(&failing) else { return };
    assert_eq!((synced, marked), (vec![STEP, STEP + 5], vec![STEP + 5]));
}

#[test]
fn planted_link_is_not_even_opened() {
    let folder = tempfile::tempdir().unwrap();
    let (path, log) = (folder.path().join("a.mka"), folder.path().join("log"));
    let partial = partial_path(&path);
    std::os::unix::fs::symlink("/dev/null", &partial).unwrap();
    let wrapper = ["strace", "-f", "-qqq", "-e", "trace=openat", "-o", log.to_str().unwrap()];
    if !is_available("strace", &["-o", "/dev/null", "true"]) {
        return;
    }
    assert_prints(&run(&wrapper, &Setting::new(vec![]), &path), &format!("transferred {SIZE} of"));
    let log = fs::read_to_string(&log).unwrap();
    let mut opened = log.lines().filter(|line| line.contains(partial.to_str().unwrap())).peekable();
    assert!(opened.peek().is_some() && opened.all(|line| line.contains("O_EXCL")), "{log}");
}

#[test]
fn nothing_is_listed_or_synced_if_the_file_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let (path, log) = (folder.path().join("a.mka"), folder.path().join("log"));
    fs::write(&path, media_bytes()).unwrap();
    let calls = "trace=getdents64,fsync,fdatasync,flock,unlink,rename";
    let wrapper = ["strace", "-f", "-qqq", "-e", calls, "-o", log.to_str().unwrap()];
    if !is_available("strace", &["-o", "/dev/null", "true"]) {
        return;
    }
    let setting = Setting::new(vec![]);
    assert_prints(&run(&wrapper, &setting, &path), "transferred 0 of");
    assert_eq!(fs::read_to_string(&log).unwrap(), "");
    // The same program does more if there is something to do.
    fs::remove_file(&path).unwrap();
    assert_prints(&run(&wrapper, &setting, &path), &format!("transferred {SIZE} of"));
    let log = fs::read_to_string(&log).unwrap();
    assert!(log.contains("rename") && !log.contains("getdents"), "{log}");
    // The file and its folder.
    assert_eq!(log.matches("fsync(").count(), 2, "{log}");
}
