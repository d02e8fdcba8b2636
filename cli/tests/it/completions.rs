//! `completions`.

use std::process::{Command, Stdio};

use super::support::program::{Run, program};

fn script(shell: &str) -> String {
    let mut command = program("http://127.0.0.1:1");
    // Neither credentials nor a network are needed.
    command.env_remove("TWILIO_AUTH_TOKEN").env_remove("TWILIO_ACCOUNT_SID");
    Run::of(command.args(["completions", shell])).expect(0).stdout
}

#[test]
fn every_shell_gets_a_script_that_knows_the_commands() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = script(shell);
        for word in ["archive", "download", "created-after"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn bash_completes_commands_and_options() {
    let script = script("bash");
    let completed = |words: &str, position: usize| {
        let complete = format!(
            "{script}\nCOMP_WORDS=({words}); COMP_CWORD={position}
            $(complete -p twilio-recordings | sed 's/.* -F \\([^ ]*\\).*/\\1/') \\
                twilio-recordings \"${{COMP_WORDS[$COMP_CWORD]}}\" ''
            echo \"${{COMPREPLY[@]}}\""
        );
        let bash = Command::new("bash").args(["-c", &complete]).stdin(Stdio::null()).output();
        String::from_utf8(bash.expect("bash").stdout).expect("UTF-8")
    };
    assert_eq!(completed("twilio-recordings arch", 1), "archive\n");
    assert_eq!(
        completed("twilio-recordings list --created-", 2),
        "--created-after --created-before\n"
    );
}

#[test]
fn unknown_shell_is_invalid_usage() {
    let unknown = Run::of(program("").args(["completions", "cmd"])).expect(2);
    assert!(unknown.stderr.contains("bash"), "{}", unknown.stderr);
}
