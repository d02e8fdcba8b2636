//! The cost of a dependency on this crate: for each choice of TLS, a clean build of a minimal program
//! that lists a room, beside the same program with reqwest's blocking client. Prints a table:
//!
//! ```sh
//! cargo run --manifest-path .ci/footprint/Cargo.toml --target-dir target/footprint
//! ```

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

const WITH_THIS_CRATE: &str = include_str!("with_this_crate.rs");
const WITH_REQWEST: &str = include_str!("with_reqwest.rs");

fn main() {
    println!("| program | crates in the tree | clean release build | stripped program |");
    println!("|---|---|---|---|");
    for (name, features) in [
        ("default: `rustls`, `gzip`", r#"["rustls", "gzip"]"#),
        ("`rustls`", r#"["rustls"]"#),
        ("`platform-verifier`", r#"["platform-verifier"]"#),
        ("`native-tls`", r#"["native-tls"]"#),
        ("no TLS", "[]"),
    ] {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
        let dependencies = format!(
            "twilio-room-recordings = {{ path = {path:?}, default-features = false, features = {features} }}"
        );
        measure(name, WITH_THIS_CRATE, &dependencies);
    }
    let dependencies = r#"
        reqwest = { version = "0.13.5", features = ["blocking", "json"] }
        serde = { version = "1", features = ["derive"] }
    "#;
    measure("reqwest, `blocking` and `json`", WITH_REQWEST, dependencies);
}

/// Prints one row of the table.
fn measure(name: &str, source: &str, dependencies: &str) {
    let package = package(source, dependencies);
    cargo(&package, &["fetch"]);
    let tree = cargo(&package, &["tree", "--edges", "normal", "--prefix", "none", "--no-dedupe"]);
    let mut crates: Vec<&str> = tree.lines().skip(1).collect();
    crates.sort_unstable();
    crates.dedup();
    let start = Instant::now();
    cargo(&package, &["build", "--release", "--offline"]);
    let time = start.elapsed().as_secs_f64();
    let program =
        package.join("target/release/minimal").with_extension(std::env::consts::EXE_EXTENSION);
    let megabytes = fs::metadata(program).expect("a program").len() as f64 / 1e6;
    println!("| {name} | {} | {time:.1} s | {megabytes:.1} MB |", crates.len());
}

/// Creates a package of one program, with nothing built yet.
fn package(source: &str, dependencies: &str) -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/footprint-program");
    let _ = fs::remove_dir_all(&package);
    fs::create_dir_all(package.join("src")).expect("a writable directory");
    let manifest = format!(
        "[package]\nname = \"minimal\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [profile.release]\nstrip = true\n\n[dependencies]\n{dependencies}\n"
    );
    fs::write(package.join("Cargo.toml"), manifest).expect("a writable directory");
    fs::write(package.join("src/main.rs"), source).expect("a writable directory");
    package
}

fn cargo(package: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(package)
        .env("CARGO_TARGET_DIR", package.join("target"))
        .output()
        .expect("cargo");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}
