//! Credentials and settings from the environment.

#[test]
#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
fn https_in_a_build_without_tls_is_rejected() {
    use crate::support::builder;
    use twilio_room_recordings::ErrorKind;

    let error = builder("https://video.twilio.com").build().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::InvalidInput(_)));
    assert!(error.to_string().contains("this build has no TLS"), "{error}");
}

/// Runs the ignored test below in a process with this environment alone.
#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn from_env(variables: &[(&str, &str)]) -> String {
    let this = std::env::current_exe().unwrap();
    let mut command = std::process::Command::new(this);
    command.args([
        "--exact",
        "environment::prints_the_client_of_the_environment",
        "--ignored",
        "--nocapture",
    ]);
    command.env_clear().envs(variables.iter().copied());
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

#[test]
#[ignore = "it is run by the test of the environment, in a process of its own"]
fn prints_the_client_of_the_environment() {
    use twilio_room_recordings::{Client, Credentials};
    match Client::from_env() {
        Ok(client) => println!("{:?} {client:?}", Credentials::from_env().unwrap()),
        Err(error) => println!("{error}\n{error:#?}"),
    }
}

#[test]
#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn credentials_and_region_come_from_the_environment() {
    let account = ("TWILIO_ACCOUNT_SID", "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    let token = ("TWILIO_AUTH_TOKEN", "t");
    let key = ("TWILIO_API_KEY", "SKaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    let secret = ("TWILIO_API_SECRET", "s");
    let client = ("TWILIO_CLIENT_ID", "OQaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    let client_secret = ("TWILIO_CLIENT_SECRET", "c");
    let (region, edge) = (("TWILIO_REGION", "ie1"), ("TWILIO_EDGE", "dublin"));
    for (variables, words) in [
        (vec![account, token], "Account(AccountSid(ACaaaa"),
        (vec![account, token, key, secret], "ApiKey(ApiKeySid(SKaaaa"),
        (vec![account, key, secret], "ApiKey(ApiKeySid(SKaaaa"),
        (vec![account, token, client, client_secret], "OAuthClient(OAuthClientSid(OQaaaa"),
        (vec![client, client_secret, key, secret], "ApiKey(ApiKeySid(SKaaaa"),
        (vec![account, token, region, edge], "https://video.dublin.ie1.twilio.com"),
        (vec![account, token, edge, ("TWILIO_API_KEY", "")], "https://video.dublin.us1.twilio.com"),
        (vec![], "missing credentials: set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"),
        (vec![account], "TWILIO_ACCOUNT_SID is set, but TWILIO_AUTH_TOKEN is not"),
        (vec![account, ("TWILIO_AUTH_TOKEN", "")], "TWILIO_AUTH_TOKEN is not"),
        (vec![token], "TWILIO_AUTH_TOKEN is set, but TWILIO_ACCOUNT_SID is not"),
        (vec![account, token, key], "TWILIO_API_KEY is set, but TWILIO_API_SECRET is not"),
        (vec![account, token, client], "TWILIO_CLIENT_ID is set, but TWILIO_CLIENT_SECRET is not"),
        (vec![account, token, client_secret], "TWILIO_CLIENT_ID is not"),
        (vec![("TWILIO_CLIENT_ID", "OQ1"), client_secret], "invalid TWILIO_CLIENT_ID \"…\""),
        (
            vec![("TWILIO_ACCOUNT_SID", "AC1"), token],
            "invalid TWILIO_ACCOUNT_SID \"…\": expected AC and 32 hexadecimal digits\n",
        ),
    ] {
        let shown = from_env(&variables);
        assert!(shown.contains(words), "{variables:?}: {shown}");
    }
}

#[test]
#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn swapped_or_badly_copied_variables_are_rejected_without_being_shown() {
    let (sid, secret) = ("ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "hunter2hunter2hunter2hunter2hun");
    let (key, id) = ("SKaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "OQaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    let quoted = format!("\"{secret}\"");
    let line = format!("{secret}\n");
    for (id_name, id_value, secret_name, secret, words) in [
        (
            "TWILIO_ACCOUNT_SID",
            secret,
            "TWILIO_AUTH_TOKEN",
            sid,
            "invalid TWILIO_ACCOUNT_SID \"…\"",
        ),
        ("TWILIO_API_KEY", secret, "TWILIO_API_SECRET", key, "invalid TWILIO_API_KEY \"…\""),
        ("TWILIO_CLIENT_ID", secret, "TWILIO_CLIENT_SECRET", id, "invalid TWILIO_CLIENT_ID \"…\""),
        (
            "TWILIO_CLIENT_ID",
            id,
            "TWILIO_CLIENT_SECRET",
            &line,
            "invalid TWILIO_CLIENT_SECRET \"…\"",
        ),
        ("TWILIO_ACCOUNT_SID", sid, "TWILIO_AUTH_TOKEN", &line, "invalid TWILIO_AUTH_TOKEN \"…\""),
        ("TWILIO_API_KEY", key, "TWILIO_API_SECRET", &quoted, "invalid TWILIO_API_SECRET \"…\""),
    ] {
        let shown = from_env(&[(id_name, id_value), (secret_name, secret)]);
        assert!(shown.contains(words), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn secret_in_the_variable_of_a_region_or_an_edge_is_rejected_without_being_shown() {
    let account = ("TWILIO_ACCOUNT_SID", "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    let (region, edge) = ("TWILIO_REGION", "TWILIO_EDGE");
    for (name, parameter) in [(region, "region"), (edge, "edge")] {
        for secret in ["hunter2hunter2hunter2hunter2hunt", "hunter2/+", "hunter2 "] {
            let shown = from_env(&[account, ("TWILIO_AUTH_TOKEN", "ie1"), (name, secret)]);
            let start = format!("invalid {parameter} \"…\": expected 1 to 31 letters");
            assert!(shown.contains(&start) && !shown.contains("hunter2"), "{shown}");
        }
    }
}
