//! Listings that are resumed, and the points at which they are.

use serde_json::Value;

use crate::support::fake_server::{Server, json_response, recording};
use crate::support::{assert_invalid_response, client, page, room};

#[test]
fn resume_point_beyond_a_shrunk_page_is_an_error_before_anything_is_yielded() {
    let server = Server::start(|request| match request.parameter("PageToken") {
        None => json_response(200, &page(&[recording(0), recording(1)], "?PageToken=PT1")),
        Some(_) => json_response(200, &page(&[recording(2)], Value::Null)),
    });
    let client = client(server.base_url());
    let mut recordings = client.recordings(room()).into_iter();
    assert!(recordings.next().unwrap().is_ok());
    let point = recordings.resume_point().unwrap().to_string();

    for (index, words) in [
        (1, None),
        (2, None),
        (3, Some("page 0 has 2 records, and the resume point is after 3: start the listing over")),
    ] {
        let edited = format!("{}{index}", point.strip_suffix('1').unwrap());
        let mut rest = client.recordings(room()).resume(edited.parse().unwrap()).into_iter();
        match words {
            None => assert_eq!(rest.filter(Result::is_ok).count(), 3 - index),
            Some(words) => {
                let error = rest.next().unwrap().unwrap_err();
                assert_invalid_response(&error, words);
                assert!(error.resume_point().is_none() && rest.resume_point().is_none());
                assert!(rest.next().is_none());
            }
        }
    }
}
