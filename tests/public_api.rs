//! The public interface as a text, so that a change to it is seen in review.

use std::path::Path;
use std::process::Command;

/// `UPDATE_SNAPSHOTS=yes` writes the text anew. The JSON that it is made from is not stable: the
/// version of `public-api` goes with that of the toolchain.
#[test]
#[ignore = "builds the documentation; .ci/run runs it"]
fn the_public_interface_is_the_one_that_was_reviewed() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("public-api");
    let status = Command::new(env!("CARGO"))
        .args(["rustdoc", "--locked", "--quiet", "--lib", "--all-features", "--target-dir"])
        .arg(&target)
        .args(["--", "-Z", "unstable-options", "--output-format", "json", "--cap-lints", "allow"])
        .env("RUSTC_BOOTSTRAP", "1")
        .status()
        .expect("cargo");
    assert!(status.success());
    let api =
        public_api::Builder::from_rustdoc_json(target.join("doc/twilio_room_recordings.json"))
            .omit_blanket_impls(true)
            .omit_auto_trait_impls(true)
            .omit_auto_derived_impls(true)
            .build()
            .expect("rustdoc's JSON");
    api.assert_eq_or_update("tests/public_api.txt");
}
