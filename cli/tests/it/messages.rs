//! Messages that say what to do next.

use super::support::program::{Run, program, run};
use super::support::{ACCOUNT, ROOM, Server, error_response, serve_room, sid};

const COMPOSITION: &str = "CJaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

#[test]
fn sid_of_another_kind_is_named_by_its_prefix() {
    let server = serve_room(vec![]);
    let one = sid(1);
    for (arguments, expected) in [
        (&["list", &one][..], "expected RM and 32 hexadecimal digits, got prefix \"RT\""),
        (&["archive", "--to", "/nowhere", &one], "got prefix \"RT\""),
        (&["fetch", ROOM, ROOM], "expected RT and 32 hexadecimal digits, got prefix \"RM\""),
        (&["download", &one, &one], "got prefix \"RT\""),
        (&["url", ROOM, ROOM], "got prefix \"RM\""),
        (&["delete", ROOM, ROOM], "got prefix \"RM\""),
        (&["list", ROOM, "--source-sid", "MTx"], "expected two letters and 32 hexadecimal digits"),
        (&["list", "--account", "--grouping-sid", &one], "got prefix \"RT\""),
    ] {
        let failed = run(&server, arguments).expect(2);
        let line = failed.stderr_lines()[0];
        let typed = *arguments.last().expect("an argument");
        assert!(line.contains(expected), "{line}");
        assert_eq!(line.matches(typed).count(), 1, "{line}");
    }
    assert!(server.requests().is_empty());
}

#[test]
fn composition_is_named() {
    let server = serve_room(vec![]);
    for arguments in
        [&["archive", "--to", "/nowhere", COMPOSITION][..], &["fetch", ROOM, COMPOSITION]]
    {
        let failed = run(&server, arguments).expect(2);
        let expected = ": a composition, which this tool does not archive\n";
        assert!(failed.stderr.contains(expected), "{}", failed.stderr);
    }
}

#[test]
fn unknown_option_is_never_suggested_as_a_value() {
    let server = serve_room(vec![]);
    let unknown = run(&server, &["list", ROOM, "--frobnicate"]).expect(2);
    assert!(!unknown.stderr.contains("-- --"), "{}", unknown.stderr);
    assert!(!unknown.stderr.contains("\n\n\n"), "{}", unknown.stderr);
    let similar = run(&server, &["list", ROOM, "--jsn"]).expect(2);
    assert!(similar.stderr.contains("'--json'"), "{}", similar.stderr);
    let misplaced = run(&server, &["--json", "list", ROOM]).expect(2);
    assert!(misplaced.stderr.contains("'list --json' exists"), "{}", misplaced.stderr);
}

#[test]
fn sid_in_the_wrong_variable_names_the_right_one() {
    let server = serve_room(vec![]);
    let (key, client) = (format!("SK{}", &ACCOUNT[2..]), format!("OQ{}", &ACCOUNT[2..]));
    for (variable, value, owner, right) in [
        ("TWILIO_ACCOUNT_SID", &*key, "an API key", "TWILIO_API_KEY"),
        ("TWILIO_ACCOUNT_SID", &client, "an OAuth client", "TWILIO_CLIENT_ID"),
        ("TWILIO_API_KEY", ACCOUNT, "an account", "TWILIO_ACCOUNT_SID"),
    ] {
        let mut command = program(server.base_url());
        if variable == "TWILIO_API_KEY" {
            command.env("TWILIO_API_SECRET", "a secret");
        }
        command.env(variable, value);
        let failed = Run::of(command.args(["list", ROOM])).expect(2);
        let expected = format!(
            "error: invalid {variable}: it holds the SID of {owner}, which belongs in {right}\n"
        );
        assert_eq!(failed.stderr, expected);
    }
}

#[test]
fn unknown_host_of_a_region_names_its_variable() {
    let failed = |region: &str, edge: &str| {
        let mut command = program("");
        command.env_remove("TWILIO_VIDEO_BASE_URL");
        for variable in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
            command.env_remove(variable);
        }
        command.env("TWILIO_REGION", region).env("TWILIO_EDGE", edge);
        Run::of(command.args(["list", ROOM, "--retries", "0"])).expect(1).stderr
    };
    let region = failed("no-such-region", "");
    assert!(region.trim_end().ends_with("; check TWILIO_REGION"), "{region}");
    let both = failed("no-such-region", "no-such-edge");
    assert!(both.trim_end().ends_with("; check TWILIO_REGION and TWILIO_EDGE"), "{both}");
}

#[test]
fn warning_of_a_retry_counts_the_attempts_once() {
    let server = Server::start(|_| error_response(503, 20503, "Service unavailable"));
    let failed = run(&server, &["list", ROOM, "--retries", "2"]).expect(1);
    let lines = failed.stderr_lines();
    for (index, line) in lines[..2].iter().enumerate() {
        assert!(line.contains(&format!("; retry {} of 2 in ", index + 1)), "{line}");
        assert!(!line.contains("attempts"), "{line}");
    }
    assert!(lines[2].ends_with(" (after 3 attempts)"), "{}", lines[2]);
}

#[test]
fn sid_stands_once_in_a_line() {
    // As the service words it.
    let server = Server::start(|request| {
        let path = request.uri.path();
        error_response(404, 20404, &format!("The requested resource {path} was not found"))
    });
    let one = sid(1);
    for (arguments, named) in [
        (&["list", ROOM][..], ROOM),
        (&["fetch", ROOM, &one], &one),
        (&["url", ROOM, &one], &one),
        (&["download", ROOM, &one], &one),
        (&["archive", ROOM, "--to", "/nowhere"], ROOM),
    ] {
        let failed = run(&server, arguments).expect(1);
        let line = failed.stderr_lines()[0];
        assert_eq!(line.matches(named).count(), 1, "{line}");
    }
}
