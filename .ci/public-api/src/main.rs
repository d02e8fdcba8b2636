//! Compares the public API with `tests/public_api.txt`, so that a change is seen in review.
//!
//! `UPDATE_SNAPSHOTS=yes` writes the file. rustdoc's JSON is not stable: the version of `public-api`
//! goes with that of the toolchain.

use std::path::Path;
use std::process::Command;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = root.join("target/public-api");
    let status = Command::new("cargo")
        .args(["rustdoc", "--locked", "--quiet", "--lib", "--all-features", "--target-dir"])
        .arg(&target)
        .args(["--", "-Z", "unstable-options", "--output-format", "json", "--cap-lints", "allow"])
        .env("RUSTC_BOOTSTRAP", "1")
        .current_dir(&root)
        .status()
        .expect("cargo");
    assert!(status.success(), "cargo rustdoc failed");

    let json = target.join("doc/twilio_room_recordings.json");
    let api = public_api::Builder::from_rustdoc_json(json)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build()
        .expect("rustdoc's JSON");
    api.assert_eq_or_update(root.join("tests/public_api.txt"));
}
