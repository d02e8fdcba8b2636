//! Downloads to file systems that behave unlike a local disk. A small C library, preloaded into the
//! downloading process, takes their part.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::support::is_available;
use crate::support::media::*;

/// The output of a download whose calls of the C library go through these functions; `None` if they
/// cannot be compiled here.
fn download_on(functions: &str, path: &Path) -> Option<Output> {
    if !is_available("cc", &["--version"]) {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let (source, library) = (folder.path().join("calls.c"), folder.path().join("calls.so"));
    fs::write(&source, format!("{PROLOGUE}{functions}")).unwrap();
    let mut compiler = std::process::Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-o"]).args([&library, &source]).arg("-ldl");
    assert!(compiler.status().unwrap().success());

    let setting = Setting::new(vec![]);
    let mut download = child_download(&[], setting.api.base_url(), path);
    Some(download.env("LD_PRELOAD", library).output().unwrap())
}

const PROLOGUE: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* If the descriptor is that of a partial file, whose path is then in the buffer. */
static int is_partial_at(int descriptor, char path[PATH_MAX]) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    memset(path, 0, PATH_MAX);
    return readlink(link, path, PATH_MAX - 1) > 0 && strstr(path, ".part") != NULL;
}

static int is_partial(int descriptor) {
    char path[PATH_MAX];
    return is_partial_at(descriptor, path);
}
"#;

#[track_caller]
fn assert_prints(output: &Output, words: &str) {
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains(words), "{words}: {text}{}", String::from_utf8_lossy(&output.stderr));
}

/// Asserts that a download with these functions leaves the complete file, and nothing else.
#[track_caller]
fn assert_downloads_on(functions: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mka");
    let Some(output) = download_on(functions, &path) else { return };
    assert_prints(&output, &format!("transferred {SIZE} of"));
    assert!(fs::read(&path).unwrap() == media_bytes());
    assert_eq!(names(folder.path()), ["a.mka"]);
}

/// As when the upload of a file fails, which such a file system begins when the file is closed.
#[test]
fn file_that_is_lost_when_it_is_closed_is_an_error() {
    let close = r#"
int close(int descriptor) {
    int (*real)(int) = dlsym(RTLD_NEXT, "close");
    if (!is_partial(descriptor)) return real(descriptor);
    ftruncate(descriptor, 0);
    real(descriptor);
    errno = EDQUOT;
    return -1;
}"#;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mka");
    let Some(output) = download_on(close, &path) else { return };
    assert_prints(&output, &format!("failed: could not write {}: the file has 0 ", path.display()));
    assert!(names(folder.path()).is_empty());
}

#[test]
fn file_that_cannot_be_renamed_while_it_is_open_is_closed_first() {
    let rename = r#"
int rename(const char *from, const char *to) {
    int (*real)(const char *, const char *) = dlsym(RTLD_NEXT, "rename");
    for (int descriptor = 3; descriptor < 100; descriptor++)
        if (is_partial(descriptor)) { errno = EOPNOTSUPP; return -1; }
    return real(from, to);
}"#;
    assert_downloads_on(rename);
}

/// As another download does on a file system without locks.
#[test]
fn partial_file_that_another_download_has_renamed_is_complete() {
    let fsync = r#"
int fsync(int descriptor) {
    int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
    char path[PATH_MAX], to[PATH_MAX];
    if (is_partial_at(descriptor, path)) {
        strcpy(to, path);
        strstr(to, ".mka")[strlen(".mka")] = 0;
        rename(path, to);
    }
    return real(descriptor);
}"#;
    assert_downloads_on(fsync);
}

/// Otherwise another download could open the partial file, and write to it when it has its name.
#[test]
fn partial_file_is_locked_until_it_has_its_name() {
    let rename = r#"
#include <fcntl.h>
#include <sys/file.h>

int rename(const char *from, const char *to) {
    int (*real)(const char *, const char *) = dlsym(RTLD_NEXT, "rename");
    int descriptor = open(from, O_RDWR), locked = flock(descriptor, LOCK_EX | LOCK_NB);
    close(descriptor);
    if (locked == 0) { errno = ENOLCK; return -1; }
    return real(from, to);
}"#;
    assert_downloads_on(rename);
}

#[test]
fn file_whose_inode_number_changes_at_each_look_is_downloaded() {
    let statx = r#"
int statx(int folder, const char *path, int flags, unsigned mask, struct statx *found) {
    static unsigned long number = 1000;
    int (*real)(int, const char *, int, unsigned, struct statx *) = dlsym(RTLD_NEXT, "statx");
    int result = real(folder, path, flags, mask, found);
    if (result == 0) found->stx_ino = ++number;
    return result;
}"#;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mka");
    leave_partial_file(&path, 1000);
    let Some(output) = download_on(statx, &path) else { return };
    assert_prints(&output, &format!("transferred {} of", SIZE - 1000));
    assert!(fs::read(&path).unwrap() == media_bytes());
}

/// The file is there then, but its name may be lost with the power.
#[test]
fn folder_that_cannot_be_synced_after_the_file_has_its_name_is_an_error() {
    let fsync = r#"
int fsync(int descriptor) {
    struct stat file;
    int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
    if (fstat(descriptor, &file) == 0 && S_ISDIR(file.st_mode)) { errno = EIO; return -1; }
    return real(descriptor);
}"#;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mka");
    let Some(output) = download_on(fsync, &path) else { return };
    assert_prints(&output, &format!("failed: could not write {}: ", path.display()));
    assert!(fs::read(&path).unwrap() == media_bytes());
}
