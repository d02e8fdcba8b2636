//! Downloads to folders that others can write to. What is not certainly one's own partial file is
//! left alone.
#![cfg(unix)]

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::media::*;
use crate::support::not_tested;

/// A folder with something planted under the name of the partial file.
struct Planted {
    folder: tempfile::TempDir,
    path: PathBuf,
    partial: PathBuf,
}

impl Planted {
    fn new(plant: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mka");
        let partial = partial_path(&path);
        plant(&partial);
        Self { folder, path, partial }
    }

    /// Expects a download that neither uses nor changes what was planted.
    #[track_caller]
    fn assert_is_left_alone(&self) {
        let before = fs::symlink_metadata(&self.partial).unwrap();
        let setting = Setting::new(vec![]);
        assert_eq!(setting.download_to(&self.path).unwrap().transferred as usize, SIZE);
        let published = fs::symlink_metadata(&self.path).unwrap();
        assert!(published.is_file() && published.nlink() == 1);
        assert!(fs::read(&self.path).unwrap() == media_bytes());

        let after = fs::symlink_metadata(&self.partial).unwrap();
        let facts = |it: &fs::Metadata| (it.ino(), it.len(), it.mode(), it.uid(), it.nlink());
        assert_eq!(facts(&before), facts(&after));
        let others: Vec<_> = names(self.folder.path());
        assert!(others.iter().all(|it| it == "a.mka" || self.is_planted(it)), "{others:?}");
    }

    fn is_planted(&self, name: &str) -> bool {
        self.partial.file_name().unwrap() == name || name == "precious.txt"
    }
}

#[test]
fn planted_links_are_not_followed() {
    for target in ["precious.txt", "missing", "/dev/null", "."] {
        let planted = Planted::new(|partial| {
            fs::write(partial.with_file_name("precious.txt"), "precious").unwrap();
            symlink(target, partial).unwrap();
        });
        planted.assert_is_left_alone();
        let precious = planted.path.with_file_name("precious.txt");
        assert_eq!(fs::read(precious).unwrap(), b"precious");
    }
}

#[test]
fn planted_hard_link_is_left_alone() {
    let planted = Planted::new(|partial| {
        let precious = partial.with_file_name("precious.txt");
        fs::write(&precious, "precious").unwrap();
        fs::hard_link(precious, partial).unwrap();
    });
    planted.assert_is_left_alone();
    assert_eq!(fs::read(planted.path.with_file_name("precious.txt")).unwrap(), b"precious");
}

#[test]
fn planted_file_that_others_can_write_to_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let new = folder.path().join("new");
    fs::write(&new, "").unwrap();
    let own = fs::metadata(new).unwrap().mode() & 0o777;
    // With a umask of 000, one's own files are like that.
    for mode in [0o666, 0o777, 0o620, 0o602].into_iter().filter(|&mode| mode != own) {
        Planted::new(|partial| {
            fs::write(partial, &media_bytes()[..1000]).unwrap();
            fs::set_permissions(partial, Permissions::from_mode(mode)).unwrap();
        })
        .assert_is_left_alone();
    }
}

#[test]
fn partial_file_of_another_umask_is_resumed_and_gets_the_mode_of_this_one() {
    for mode in [0o600, 0o640, 0o644] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mka");
        let partial = leave_partial_file(&path, 1000);
        let own = fs::metadata(&partial).unwrap().mode();
        fs::set_permissions(partial, Permissions::from_mode(mode)).unwrap();

        let done = Setting::new(vec![]).download_to(&path).unwrap();
        assert_eq!(done.transferred as usize, SIZE - 1000);
        assert_eq!(fs::metadata(path).unwrap().mode(), own);
    }
}

#[test]
fn planted_folder_or_fifo_is_left_alone() {
    Planted::new(|partial| fs::create_dir(partial).unwrap()).assert_is_left_alone();
    let make = |partial: &Path| {
        assert!(Command::new("mkfifo").arg(partial).status().unwrap().success());
    };
    Planted::new(make).assert_is_left_alone();
}

#[test]
fn partial_file_of_another_owner_is_left_alone() {
    for owner in [1, 12_345] {
        let planted = Planted::new(|partial| fs::write(partial, &media_bytes()[..1000]).unwrap());
        if let Err(error) = chown(&planted.partial, Some(owner), None) {
            not_tested(&format!("a file of another owner: {error}"));
            return;
        }
        // As in a folder such as /tmp, where only the owner can remove or rename a file.
        fs::set_permissions(planted.folder.path(), Permissions::from_mode(0o1777)).unwrap();
        planted.assert_is_left_alone();
    }
}

#[test]
fn file_created_in_a_folder_with_a_group_of_its_own_is_resumed() {
    let folder = tempfile::tempdir().unwrap();
    if let Err(error) = chown(folder.path(), None, Some(12_345)) {
        not_tested(&format!("a folder of another group: {error}"));
        return;
    }
    fs::set_permissions(folder.path(), Permissions::from_mode(0o2775)).unwrap();
    let path = folder.path().join("a.mka");
    let partial = leave_partial_file(&path, 1000);
    assert_eq!(fs::metadata(partial).unwrap().gid(), 12_345);
    let done = Setting::new(vec![]).download_to(&path).unwrap();
    assert_eq!(done.transferred as usize, SIZE - 1000);
}

#[test]
fn partial_file_that_is_replaced_during_the_download_is_not_published() {
    let plant_link: fn(&Path) = |partial| symlink("precious.txt", partial).unwrap();
    let plant_file: fn(&Path) = |partial| fs::write(partial, "planted").unwrap();
    let remove: fn(&Path) = |_| ();
    for plant in [plant_link, plant_file, remove] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mka");
        let (partial, precious) = (partial_path(&path), path.with_file_name("precious.txt"));
        fs::write(&precious, "precious").unwrap();
        let setting = Setting::new(vec![]);
        let mut is_first = true;
        let media = setting.known_media().on_progress(observing(|_| {
            if std::mem::take(&mut is_first) {
                fs::rename(&partial, partial.with_extension("moved")).unwrap();
                plant(&partial);
            }
        }));
        let error = media.download_to(&path).unwrap_err();
        assert!(error.to_string().contains("was removed or replaced"), "{error}");
        assert!(error.to_string().contains("a.mka"), "{error}");
        assert!(!path.exists());
        assert_eq!(fs::read(&precious).unwrap(), b"precious");
    }
}

#[test]
fn link_at_the_final_path_is_replaced_and_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let (path, precious) = (folder.path().join("a.mka"), folder.path().join("precious.txt"));
    fs::write(&precious, "precious").unwrap();
    symlink(&precious, &path).unwrap();
    Setting::new(vec![]).download_to(&path).unwrap();
    assert!(fs::symlink_metadata(&path).unwrap().is_file());
    assert!(fs::read(&path).unwrap() == media_bytes());
    assert_eq!(fs::read(&precious).unwrap(), b"precious");
}

/// Ends the attack, even if the test fails.
struct EndOnDrop<'a>(&'a AtomicBool);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn swapped_names_never_lead_outside_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let precious = outside.path().join("precious.txt");
    fs::write(&precious, "precious").unwrap();
    let path = folder.path().join("a.mka");
    let (partial, planted) = (partial_path(&path), folder.path().join("planted"));
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // The attacker swaps a partial file for a link and back.
            while !is_over.load(Ordering::Relaxed) {
                let _ = symlink(&precious, &planted);
                let _ = fs::rename(&planted, &partial);
                let _ = fs::write(&planted, &media_bytes()[..1000]);
                let _ = fs::rename(&planted, &partial);
            }
        });
        let _end = EndOnDrop(&is_over);
        for _ in 0..40 {
            let _ = fs::remove_file(&path);
            // The attacker may win, but never so that anything else is written.
            let _ = Setting::new(vec![]).download_to(&path);
            assert_eq!(fs::read(&precious).unwrap(), b"precious");
            if fs::symlink_metadata(&path).is_ok_and(|it| it.is_file()) {
                let bytes = fs::read(&path).unwrap();
                assert!(media_bytes().starts_with(&bytes), "{} bytes", bytes.len());
            }
        }
    });
}
