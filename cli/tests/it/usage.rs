//! Help, version, and what is rejected before anything is sent.

use std::io::Write;
use std::process::Stdio;

use super::support::program::{Run, program, run};
use super::support::{ROOM, Server, json_response, page, serve_room, sid};

/// First those that send requests.
const COMMANDS: [&str; 9] =
    ["list", "archive", "download", "url", "fetch", "delete", "verify", "merge", "completions"];

/// The number of commands that send requests.
const SENDING: usize = 6;

#[test]
fn every_help_fits_a_screen_of_80_by_50() {
    let server = serve_room(vec![]);
    let help = run(&server, &["--help"]).expect(0);
    let of_commands = COMMANDS.map(|command| run(&server, &[command, "--help"]).expect(0));
    for help in of_commands.iter().chain([&help]) {
        let lines = help.stdout_lines();
        assert!(lines.len() <= 50, "{} lines:\n{}", lines.len(), help.stdout);
        assert!(lines.iter().all(|line| line.chars().count() <= 80), "{}", help.stdout);
        let usage = lines.iter().position(|line| line.starts_with("Usage: "));
        assert!(lines[1].is_empty() && usage <= Some(8), "{}", help.stdout);
    }

    for help in &of_commands[..SENDING] {
        assert!(help.stdout.ends_with("twilio-recordings --help\n"), "{}", help.stdout);
        for default in ["[default: 60]", "[default: none]", "[default: 5]"] {
            assert!(help.stdout.contains(default), "{}", help.stdout);
        }
    }
}

#[test]
fn help_names_every_command_and_variable() {
    let help = run(&serve_room(vec![]), &["--help"]).expect(0);
    let commands = COMMANDS.map(|command| format!("\n  {command} "));
    for word in commands.iter().map(String::as_str).chain([
        "TWILIO_API_KEY",
        "TWILIO_API_SECRET",
        "TWILIO_ACCOUNT_SID",
        "TWILIO_AUTH_TOKEN",
        "TWILIO_REGION",
        "TWILIO_EDGE",
        "TWILIO_VIDEO_BASE_URL",
        "TWILIO_OAUTH_BASE_URL",
        "TWILIO_CLIENT_ID",
        "TWILIO_CLIENT_SECRET",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "SSL_CERT_FILE",
    ]) {
        assert!(help.stdout.contains(word), "{word} is missing:\n{}", help.stdout);
    }
}

#[test]
fn version_is_printed() {
    let version = run(&serve_room(vec![]), &["--version"]).expect(0);
    assert_eq!(version.stdout, format!("twilio-recordings {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn invalid_usage_sends_nothing_and_exits_with_2() {
    let server = serve_room(vec![]);
    let one = sid(1);
    let invalid: &[&[&str]] = &[
        &[],
        &["frobnicate"],
        &["list"],
        &["list", "--json"],
        &["list", "RMx"],
        &["list", ROOM, "--no-such-option"],
        &["list", ROOM, "--status", "odd"],
        &["list", ROOM, "--source-sid", "MT"],
        &["list", ROOM, "--page-size", "0"],
        &["list", ROOM, "--page-size", "1001"],
        &["list", ROOM, "--limit", "-1"],
        &["list", ROOM, "--created-after", "yesterday"],
        &["list", ROOM, "--created-after", "2026-02-01", "--created-before", "2026-01-01"],
        &["list", ROOM, "--timeout", "0"],
        &["list", ROOM, "--deadline", "0"],
        &["list", ROOM, "--retries", "-1"],
        &["archive", "--to", "/nowhere"],
        &["archive", ROOM],
        &["archive", ROOM, "--to", ""],
        &["archive", ROOM, "--to", "/nowhere", "--jobs", "0"],
        &["archive", ROOM, "--to", "/nowhere", "--quiet", "--verbose"],
        &["archive", ROOM, "--to", "/nowhere", "--status", "completed"],
        &["fetch", ROOM],
        &["fetch", ROOM, &one, &one],
        &["delete", ROOM],
        &["delete", ROOM, "RT"],
        &["download", ROOM],
        &["download", ROOM, &one, &one],
        &["url", ROOM],
        &["completions"],
    ];
    for arguments in invalid {
        let run = run(&server, arguments).expect(2);
        let is_usage = arguments.is_empty() || run.stderr.starts_with("error: ");
        assert!(is_usage && run.stdout.is_empty(), "{arguments:?}: {}", run.stderr);
    }
    assert!(server.requests().is_empty());
}

#[test]
fn invalid_value_is_reported_as_typed_with_its_option() {
    let server = serve_room(vec![]);
    let run = run(&server, &["list", ROOM, "--created-after", "31.1.2026"]).expect(2);
    assert!(run.stderr.contains("'31.1.2026' for '--created-after"), "{}", run.stderr);
    assert!(run.stderr.contains("2026-01-31T10:00Z"), "{}", run.stderr);
}

#[test]
fn window_that_ends_before_it_starts_names_both_options() {
    let server = serve_room(vec![]);
    let window = ["list", ROOM, "--created-after", "1d", "--created-before", "2026-01-01"];
    let run = run(&server, &window).expect(2);
    let expected = "error: --created-after 1d is later than --created-before 2026-01-01\n";
    assert_eq!(run.stderr, expected);
}

#[test]
fn unusable_environment_sends_nothing_and_exits_with_2() {
    let server = serve_room(vec![]);
    for (name, value) in [
        ("TWILIO_AUTH_TOKEN", ""),
        ("TWILIO_API_KEY", "SKaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("TWILIO_ACCOUNT_SID", "no SID"),
        ("TWILIO_CLIENT_ID", "OQaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("TWILIO_OAUTH_BASE_URL", "http://example.com"),
        ("TWILIO_VIDEO_BASE_URL", "no URL"),
        ("TWILIO_VIDEO_BASE_URL", "http://example.com"),
    ] {
        for arguments in [&["list", ROOM][..], &["delete", ROOM, &sid(1)]] {
            let mut command = program(server.base_url());
            let run = Run::of(command.args(arguments).env(name, value)).expect(2);
            assert!(run.stderr.starts_with("error: "), "{}", run.stderr);
        }
    }
    assert!(server.requests().is_empty());
}

#[test]
fn unusable_proxy_is_named_and_exits_with_2() {
    let mut command = program("");
    command.env_remove("TWILIO_VIDEO_BASE_URL").env("HTTPS_PROXY", "http//typo");
    let run = Run::of(command.args(["list", ROOM])).expect(2);
    assert!(run.stderr.contains("HTTPS_PROXY"), "{}", run.stderr);
}

#[test]
fn proxy_of_the_environment_is_used() {
    // Nobody listens there.
    for proxy in ["http://127.0.0.1:1", "socks5h://127.0.0.1:1"] {
        let mut command = program("");
        command.env_remove("TWILIO_VIDEO_BASE_URL").env("HTTPS_PROXY", proxy);
        let run = Run::of(command.args(["list", ROOM, "--retries", "0"])).expect(1);
        assert!(run.stderr.contains("through proxy 127.0.0.1:1"), "{}", run.stderr);
    }
}

#[test]
fn rooms_are_read_from_standard_input() {
    let server = serve_room((0..3).map(super::support::recording).collect());
    let listed = with_input(&server, &format!("\n  {ROOM}\r\n\n{ROOM}\n")).expect(0);
    assert_eq!(listed.stdout.lines().count(), 3);
}

#[test]
fn list_of_rooms_may_hold_comments_and_begin_with_a_byte_order_mark() {
    let server = serve_room((0..3).map(super::support::recording).collect());
    let rooms = format!("\u{feff}# rooms of a month\n{ROOM} # the first\n  # {ROOM}\n");
    for input in [rooms, format!("\u{feff}{ROOM}\n")] {
        let listed = with_input(&server, &input).expect(0);
        assert_eq!(listed.stdout.lines().count(), 3);
    }
    with_input(&server, &format!("{ROOM}\n\u{feff}{ROOM}\n")).expect(2);
}

#[test]
fn empty_list_of_rooms_is_no_error() {
    let server = serve_room(vec![]);
    for input in ["", "\n \n", "\u{feff}", "# none tonight\n"] {
        let listed = with_input(&server, input).expect(0);
        assert_eq!((&*listed.stdout, &*listed.stderr), ("", "no recordings\n"));
    }
    assert!(server.requests().is_empty());
}

#[test]
fn invalid_standard_input_sends_nothing_and_exits_with_2() {
    let server = serve_room(vec![]);
    let invalid = with_input(&server, &format!("{ROOM}\nRM\u{1b}[31m\n")).expect(2);
    let expected = "error: invalid SID \"RM\\u{1b}[31m\" in line 2 of standard input: ";
    assert!(invalid.stderr.starts_with(expected), "{}", invalid.stderr);
    assert!(server.requests().is_empty());
}

#[test]
fn long_list_of_rooms_is_read_in_linear_time() {
    let server = serve_room(vec![]);
    let rooms: String = (0..80_000).map(|number| format!("RM{number:032x}\n")).collect();
    let start = std::time::Instant::now();
    with_input(&server, &(rooms + "x\n")).expect(2);
    // In quadratic time, it took longer than a minute.
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}

fn with_input(server: &Server, input: &str) -> Run {
    let mut command = program(server.base_url());
    command.args(["list", "--json", "-"]).stdin(Stdio::piped());
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program");
    // The program may end before it has read everything.
    let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    child.wait_with_output().expect("an end").into()
}

#[test]
fn api_key_and_oauth_client_are_used_before_the_account() {
    use serde_json::json;

    let token = json!({"access_token": "a-token", "token_type": "Bearer", "expires_in": 3600});
    let server = Server::start(move |request| match request.uri.path() {
        "/v2/token" => json_response(200, &token),
        _ => json_response(200, &page(&[], serde_json::Value::Null)),
    });
    let authorization = |variables: [(&str, &str); 2]| {
        let mut command = program(server.base_url());
        command.envs(variables).env("TWILIO_OAUTH_BASE_URL", server.base_url());
        Run::of(command.args(["list", ROOM])).expect(0);
        let last = server.requests().pop().expect("a request");
        last.headers["authorization"].to_str().expect("text").to_owned()
    };

    let key = "SKaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    let with_key = authorization([("TWILIO_API_KEY", key), ("TWILIO_API_SECRET", "secret")]);
    assert!(with_key.starts_with("Basic U0thYWFh"), "{with_key}");
    let client = "OQaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    let with_client =
        authorization([("TWILIO_CLIENT_ID", client), ("TWILIO_CLIENT_SECRET", "secret")]);
    assert_eq!(with_client, "Bearer a-token");
}
