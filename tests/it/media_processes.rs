//! Downloads in processes of their own: killed, without permissions, on full disks, and on file
//! systems without locks.
#![cfg(unix)]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Output, Stdio};
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

fn run(wrapper: &[&str], setting: &Setting, path: &Path) -> Output {
    child_download(wrapper, setting.api.base_url(), path).output().unwrap()
}

#[track_caller]
fn assert_prints(output: &Output, words: &str) {
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains(words), "{words}: {text}{}", String::from_utf8_lossy(&output.stderr));
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

/// strace makes the system calls fail as a network file system does.
#[test]
#[cfg(target_os = "linux")]
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
#[cfg(target_os = "linux")]
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
#[cfg(target_os = "linux")]
fn failure_to_reach_the_disk_is_an_error() {
    // ext4 is read-only after a failure of its journal.
    for error in ["EIO", "EROFS"] {
        let failure = format!("inject=fsync:error={error}");
        let Some((folder, _)) = failed_download(&[&failure]) else { return };
        assert!(names(folder.path()).is_empty());
    }
}

#[test]
#[cfg(target_os = "linux")]
fn partial_file_that_cannot_be_removed_is_emptied() {
    let failures = ["inject=fsync:error=EIO", "inject=/^unlink:error=EACCES"];
    let Some((_folder, path)) = failed_download(&failures) else { return };
    assert_eq!(fs::metadata(partial_path(&path)).unwrap().len(), 0);
    let done = Setting::new(vec![]).download_to(&path).unwrap();
    assert_eq!(done.transferred as usize, SIZE);
    assert!(fs::read(&path).unwrap() == media_bytes());
}

#[test]
#[cfg(target_os = "linux")]
fn complete_partial_file_that_cannot_be_moved_is_kept_unless_the_disk_is_full() {
    for (error, is_kept) in [("EIO", true), ("ENOSPC", false), ("EDQUOT", false)] {
        let failure = format!("inject=/^rename:error={error}");
        let Some((folder, path)) = failed_download(&[&failure]) else { return };
        assert_eq!(partial_path(&path).exists(), is_kept, "{error}");
        assert_eq!(names(folder.path()).len(), usize::from(is_kept), "{error}");
    }
}

/// What a download prints if a system call on the partial file fails, after an earlier download of
/// so many bytes if that is not zero; `None` if strace cannot be used here.
#[cfg(target_os = "linux")]
fn download_with_failure(failure: &str, bytes: usize) -> Option<Output> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mka");
    let partial = partial_path(&path);
    let on_partial = ["-P", partial.to_str().unwrap(), "-e", failure];
    let wrapper = [&["strace", "-f", "-qqq", "-o", "/dev/null"], &on_partial[..]].concat();
    if !is_available("strace", &[&wrapper[1..], &["true"]].concat()) {
        return None;
    }
    if bytes > 0 {
        leave_partial_file(&path, bytes);
    }
    let output = run(&wrapper, &Setting::new(vec![]), &path);
    assert!(fs::read(&path).unwrap() == media_bytes(), "{output:?}");
    Some(output)
}

#[test]
#[cfg(target_os = "linux")]
fn partial_file_that_disappears_while_it_is_opened_is_opened_again() {
    // The second call to open follows one that finds the file.
    let failure = "inject=openat:error=ENOENT:when=2";
    let Some(output) = download_with_failure(failure, 1000) else { return };
    assert_prints(&output, &format!("transferred {} of", SIZE - 1000));
    // So does the second check of a new file.
    let failure = "inject=/stat:error=ENOENT:when=2";
    let Some(output) = download_with_failure(failure, 0) else { return };
    assert_prints(&output, &format!("transferred {SIZE} of"));
}

#[test]
#[cfg(target_os = "linux")]
fn partial_file_that_cannot_be_opened_is_left_alone() {
    let failure = "inject=openat:error=EPERM:when=2";
    let Some(output) = download_with_failure(failure, 1000) else { return };
    assert_prints(&output, &format!("transferred {SIZE} of"));
}

/// What a run does with the partial file: the number of bytes that are written before each sync, and
/// before the modification time is set.
#[cfg(target_os = "linux")]
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
#[cfg(target_os = "linux")]
fn partial_file_is_synced_at_each_multiple_before_more_is_written() {
    let Some((synced, marked)) = syncs_of(&Setting::large(vec![])) else { return };
    assert_eq!((synced, marked), (vec![STEP, 2 * STEP, LARGE], vec![]));
    let failing = Setting::large(vec![Fate::CutAfter(STEP + 5)]);
    let Some((synced, marked)) = syncs_of(&failing) else { return };
    assert_eq!((synced, marked), (vec![STEP, STEP + 5], vec![STEP + 5]));
}

#[test]
#[cfg(target_os = "linux")]
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
#[cfg(target_os = "linux")]
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
