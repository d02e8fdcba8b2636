//! Pages that fail, repeat or never end.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use twilio_room_recordings::{Error, ErrorKind, RoomRecording};

use crate::support::fake_server::{ROOM, Server, error_response, json_response, recording};
use crate::support::{RawServer, assert_invalid_response, client, http, items, page, room};

type Items = Vec<Result<RoomRecording, Error>>;

#[test]
fn failed_page_keeps_the_recordings_before_it() {
    let first = page(&[recording(0), recording(1)], "/x?Page=1&PageToken=PT1");
    let server = Server::start(move |request| match request.parameter("PageToken") {
        None => json_response(200, &first),
        Some(_) => error_response(404, 20404, "gone"),
    });
    let items = items(server.base_url());
    assert!(matches!(&items[..], [Ok(_), Ok(_), Err(_)]));
    let error = items[2].as_ref().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NotFound(_)));
    let point = error.resume_point().unwrap().to_string();
    let expected = format!("{ROOM}.PageSize-1000.Page-1.PageToken-PT1.1.0");
    assert_eq!(point, expected);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn only_the_page_token_is_taken_from_the_next_page_url() {
    let trap = Server::start(|_| json_response(200, &page(&[], Value::Null)));
    let address = trap.base_url().strip_prefix("http://").unwrap().to_owned();
    for url in [
        format!("http://{address}/v1/Rooms/{ROOM}/Recordings?PageToken=PT1&Page=1"),
        format!("https://user:password@{address}/?PageToken=PT1&Status=failed#frag?PageToken=x"),
        format!("//{address}/v1/Rooms/RMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb/Recordings?PageToken=PT1"),
        "/relative?PageSize=1&PageToken=PT1".to_owned(),
        "ftp:?PageToken=PT1".to_owned(),
    ] {
        let (first, last) = (page(&[recording(0)], url), page(&[recording(1)], Value::Null));
        let server = Server::start(move |request| {
            json_response(
                200,
                if request.parameter("PageToken").is_some() { &last } else { &first },
            )
        });
        assert!(matches!(&items(server.base_url())[..], [Ok(_), Ok(_)]));
        let second = server.requests()[1].clone();
        assert_eq!(second.uri.path(), format!("/v1/Rooms/{ROOM}/Recordings"));
        assert_eq!(second.parameter("PageToken").as_deref(), Some("PT1"));
        assert_eq!(second.parameter("PageSize").as_deref(), Some("1000"));
        assert_eq!(second.parameter("Status"), None);
    }
    assert!(trap.requests().is_empty());
}

#[test]
fn empty_page_is_followed_by_the_next() {
    let bodies = [
        page(&[recording(0)], "?Page=1&PageToken=PT1"),
        page(&[], "?Page=2&PageToken=PT2"),
        page(&[recording(1)], Value::Null),
    ];
    let server = RawServer::start(bodies.iter().map(close).collect());
    assert!(matches!(&items(&server.base_url)[..], [Ok(_), Ok(_)]));
    assert_eq!(server.requests(), 3);
}

fn close(body: &Value) -> Vec<u8> {
    http("200 OK", "Connection: close\r\n", body.to_string().as_bytes())
}

/// A server whose first pages are empty, each with a new token, and whose next one is the last.
fn serve_after_empty_pages(empty: usize) -> Server {
    let number = AtomicUsize::new(0);
    Server::start(move |_| {
        let number = number.fetch_add(1, Ordering::Relaxed);
        let body = if number < empty {
            page(&[], format!("?PageToken=PT{number}"))
        } else {
            page(&[recording(0)], Value::Null)
        };
        json_response(200, &body)
    })
}

#[test]
fn hundred_empty_pages_in_a_row_are_followed() {
    let server = serve_after_empty_pages(100);
    assert!(matches!(&items(server.base_url())[..], [Ok(_)]));
    assert_eq!(server.requests().len(), 101);
}

#[test]
fn more_than_hundred_empty_pages_in_a_row_are_an_error_that_can_be_resumed() {
    let server = serve_after_empty_pages(101);
    let client = client(server.base_url());
    let mut recordings = client.recordings(room()).into_iter();
    let error = recordings.next().unwrap().unwrap_err();
    assert_invalid_response(&error, "more than 100 empty pages in a row");
    assert_eq!(server.requests().len(), 101);
    assert_eq!(error.resume_point(), recordings.resume_point().as_ref());
    let rest = client.recordings(room()).continue_at(recordings.resume_point().unwrap());
    assert_eq!(rest.into_iter().filter(Result::is_ok).count(), 1);
}

#[test]
fn empty_pages_between_others_are_counted_anew() {
    let number = AtomicUsize::new(0);
    let server = Server::start(move |_| {
        let number = number.fetch_add(1, Ordering::Relaxed);
        let records = if number % 80 == 79 { vec![recording(number)] } else { vec![] };
        let next = (number < 400).then(|| format!("?PageToken=PT{number}"));
        json_response(200, &page(&records, next))
    });
    assert_eq!(items(server.base_url()).iter().filter(|item| item.is_ok()).count(), 5);
}

#[test]
fn repeated_page_token_is_a_pagination_loop() {
    for length in [1_usize, 2, 7] {
        // Page 0 leads to PT1, PT1 to PT2 and so on, and the last of the circle to PT1 again.
        let server = Server::start(move |request| {
            let token = request.parameter("PageToken");
            let at = token.map_or(0, |token| token[2..].parse::<usize>().unwrap());
            let next = if at == length { 1 } else { at + 1 };
            json_response(200, &page(&[recording(at)], format!("?Page={at}&PageToken=PT{next}")))
        });
        let items = items(server.base_url());
        let (end, good) = items.split_last().unwrap();
        let sids: Vec<_> = good.iter().map(|it| it.as_ref().unwrap().sid.to_string()).collect();
        let expected: Vec<_> = (0..=length).map(|number| format!("RT{number:032x}")).collect();
        assert_eq!(sids, expected);
        let end = end.as_ref().unwrap_err();
        assert!(
            matches!(end.kind(), ErrorKind::PaginationLoop { page, .. } if *page == length as u64),
            "{end}"
        );
        assert_eq!(server.requests().len(), length + 1);
    }
}

#[test]
fn link_to_the_first_page_is_a_pagination_loop() {
    let server =
        Server::start(|_| json_response(200, &page(&[recording(0)], "?Page=0&PageSize=50")));
    assert!(matches!(&items(server.base_url())[..], [Ok(_), Err(_)]));
    assert_eq!(server.requests().len(), 1);
}

/// Lists a server that gives fresh tokens for ever, and returns the items, after checking that
/// there is nothing to resume.
fn items_of_a_loop(respond: impl Fn(usize) -> Vec<Value> + Send + Sync + 'static) -> Items {
    let number = AtomicUsize::new(0);
    let server = Server::start(move |_| {
        let number = number.fetch_add(1, Ordering::Relaxed);
        let next = format!("?Page={}&PageToken=PT{number}", number + 1);
        json_response(200, &page(&respond(number), next))
    });
    let mut recordings = client(server.base_url()).recordings(room()).into_iter();
    let items: Items = recordings.by_ref().take(50).collect();
    let error = items.last().unwrap().as_ref().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::PaginationLoop { .. }), "{error:?}");
    assert!(error.resume_point().is_none() && recordings.resume_point().is_none());
    assert!(recordings.next().is_none());
    items
}

#[test]
fn service_that_ignores_paging_is_a_pagination_loop() {
    let items = items_of_a_loop(|_| vec![recording(0), recording(1)]);
    let [Ok(_), Ok(_), Err(error)] = &items[..] else { panic!("{items:?}") };
    assert!(matches!(error.kind(), ErrorKind::PaginationLoop { page: 2, .. }), "{error:?}");
}

#[test]
fn records_of_any_earlier_page_are_a_pagination_loop() {
    // Pages 0 to 4, an empty one, and from page 6 on those of page 2 and after.
    let items = items_of_a_loop(|number| match number {
        5 => vec![],
        0..5 => vec![recording(number)],
        _ => vec![recording(number - 4)],
    });
    assert_eq!(items.iter().filter(|item| item.is_ok()).count(), 5);
    let error = items.last().unwrap().as_ref().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::PaginationLoop { page: 7, .. }), "{error:?}");
}

#[test]
fn same_invalid_records_are_a_pagination_loop_and_others_are_not() {
    let items = items_of_a_loop(|number| vec![json!({"number": number % 3})]);
    let invalid = |item: &Result<_, Error>| matches!(item, Err(error) if matches!(error.kind(), ErrorKind::InvalidRecord(_)));
    assert_eq!(items.iter().filter(|item| invalid(item)).count(), 3);
    assert_eq!(items.len(), 4);
}

#[test]
fn page_that_repeats_an_earlier_one_is_skipped() {
    // Recordings begin while the list is read, so that up to two pages in a row repeat others.
    let pages: [&[usize]; 7] = [&[10, 9], &[10, 9], &[10, 9], &[8, 7], &[8, 7], &[10, 9], &[6]];
    let bodies: Vec<_> = (1..)
        .zip(pages)
        .map(|(next, numbers)| {
            let records: Vec<_> = numbers.iter().copied().map(recording).collect();
            let url = (next < pages.len()).then(|| format!("?Page={next}&PageToken=PT{next}"));
            close(&page(&records, url))
        })
        .collect();
    let server = RawServer::start(bodies.clone());
    let numbers: Vec<_> = items(&server.base_url)
        .into_iter()
        .map(|item| item.unwrap().sid.to_string()[2..].trim_start_matches('0').to_owned())
        .collect();
    assert_eq!(numbers, ["a", "9", "8", "7", "6"]);

    let server = RawServer::start(bodies);
    let sizes = client(&server.base_url).recordings(room()).pages();
    let sizes: Vec<_> = sizes.map(|page| page.unwrap().recordings.len()).collect();
    assert_eq!(sizes, [2, 0, 0, 2, 0, 0, 1]);
}

#[test]
fn pages_of_some_records_in_common_are_no_pagination_loop() {
    let bodies = [
        page(&[recording(0), recording(1)], "?Page=1&PageToken=PT1"),
        page(&[recording(1), recording(0)], "?Page=2&PageToken=PT2"),
        page(&[recording(0)], Value::Null),
    ];
    let server = RawServer::start(bodies.iter().map(close).collect());
    assert!(items(&server.base_url).iter().all(Result::is_ok));
    assert_eq!(server.requests(), 3);
}

#[test]
fn pagination_loop_cannot_be_resumed_once_its_records_are_yielded() {
    let server = Server::start(|_| json_response(200, &page(&[recording(0)], "?PageToken=PT1")));
    let client = client(server.base_url());
    let mut pages = client.recordings(room()).pages();
    assert!(pages.next().unwrap().unwrap().next.is_some());
    // The second page links to itself.
    let mut recordings = client.resume(pages.resume_point().unwrap()).limit(10).into_iter();
    assert!(recordings.next().unwrap().is_ok());
    assert!(recordings.resume_point().is_none());
    assert!(recordings.next().unwrap().unwrap_err().resume_point().is_none());
    assert!(recordings.resume_point().is_none());
}

#[test]
fn page_that_links_to_itself_has_no_next_page() {
    let server = Server::start(|_| json_response(200, &page(&[recording(0)], "?Page=0")));
    for limit in [1, 2] {
        let mut pages = client(server.base_url()).recordings(room()).limit(limit).pages();
        assert!(pages.next().unwrap().unwrap().next.is_none());
    }
}

#[test]
fn debug_of_a_listing_shows_no_records() {
    let server = Server::start(|_| {
        let records: Vec<_> = (0..300).map(recording).collect();
        json_response(200, &page(&records, "?Page=1&PageToken=PT1"))
    });
    let listing = client(server.base_url()).recordings(room());
    let mut recordings = listing.clone().into_iter();
    assert!(recordings.next().unwrap().is_ok());
    let mut pages = listing.clone().pages();
    assert!(pages.next().unwrap().is_ok());
    for shown in [format!("{listing:?}"), format!("{recordings:?}"), format!("{pages:?}")] {
        assert!(shown.len() < 1000 && !shown.contains("track 1"), "{} bytes: {shown}", shown.len());
        assert!(shown.contains("resume"), "{shown}");
    }
}

#[test]
fn next_page_without_page_token_uses_the_page_number() {
    let server = Server::start(|request| match request.parameter("Page") {
        None => json_response(200, &page(&[recording(0)], "?Page=1&PageSize=50")),
        Some(_) => error_response(400, 20001, "Page without PageToken"),
    });
    let refused = items(server.base_url());
    assert!(matches!(&refused[..], [Ok(_), Err(_)]));
    assert_eq!(refused[1].as_ref().unwrap_err().api_error().unwrap().code, Some(20001));

    for url in ["https://video.twilio.com/v1", "?PageSize=50", "?PageToken=&Page="] {
        let body = page(&[recording(0)], url);
        let server = Server::start(move |_| json_response(200, &body));
        let items = items(server.base_url());
        assert!(matches!(&items[..], [Ok(_), Err(_)]));
        assert_invalid_response(items[1].as_ref().unwrap_err(), "has neither Page nor PageToken");
    }
}

#[test]
fn long_page_token_is_sent_and_survives_in_a_resume_point() {
    let token = "x".repeat(4096);
    let first = page(&[recording(0)], format!("?PageToken={token}"));
    let server = Server::start(move |request| match request.parameter("PageToken") {
        None => json_response(200, &first),
        Some(_) => json_response(200, &page(&[recording(1)], Value::Null)),
    });
    let client = client(server.base_url());
    let mut recordings = client.recordings(room()).into_iter();
    assert!(recordings.next().unwrap().is_ok());
    let point = recordings.resume_point().unwrap().to_string();
    assert!(recordings.next().unwrap().is_ok() && recordings.next().is_none());
    assert_eq!(client.resume(point.parse().unwrap()).into_iter().filter(Result::is_ok).count(), 1);
    for request in &server.requests()[1..] {
        assert_eq!(request.parameter("PageToken").as_deref(), Some(token.as_str()));
    }
}

#[test]
fn unsafe_bytes_of_a_page_token_are_encoded_in_the_request_line() {
    for (token, sent) in [
        ("a\r\nX-Injected: 1", "a%0D%0AX-Injected:%201"),
        ("a HTTP/1.1\r\n\r\nGET /", "a%20HTTP/1.1%0D%0A%0D%0AGET%20/"),
        ("\u{0}\t\u{7f}\u{85}é", "%00%09%7F%C2%85%C3%A9"),
        ("\"<>[]\\^`{|}'", "%22%3C%3E%5B%5D%5C%5E%60%7B%7C%7D%27"),
        ("100%, 5%2 %zz", "100%25,%205%252%20%25zz"),
        ("%2f%2F%0d%0a+/=~", "%2f%2F%0d%0a+/=~"),
        ("a=b?c=d;e:f@g$h(i)!*", "a=b?c=d;e:f@g$h(i)!*"),
        ("a.b-c_d~e.", "a.b-c_d~e."),
    ] {
        let bodies = [
            page(&[recording(0)], format!("?PageToken={token}&Page={token}")),
            page(&[recording(1)], Value::Null),
            page(&[recording(1)], Value::Null),
        ];
        let server = RawServer::start(bodies.iter().map(close).collect());
        let client = client(&server.base_url);
        let mut recordings = client.recordings(room()).into_iter();
        assert!(recordings.next().unwrap().is_ok());
        let point = recordings.resume_point().unwrap().to_string();
        assert!(point.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)));
        assert!(recordings.next().unwrap().is_ok());
        assert!(client.resume(point.parse().unwrap()).into_iter().all(|item| item.is_ok()));

        let line = format!(
            "GET /v1/Rooms/{ROOM}/Recordings?PageSize=1000&Page={sent}&PageToken={sent} HTTP/1.1\r\n"
        );
        for head in &server.heads.lock().unwrap()[1..] {
            assert!(head.starts_with(&line), "{head}");
            assert!(!head.contains("X-Injected: 1"));
        }
    }
}

#[test]
fn expired_page_token_is_an_invalid_page_token_error() {
    let server = Server::start(|request| match request.parameter("PageToken") {
        None => json_response(200, &page(&[recording(0)], Value::Null)),
        Some(_) => error_response(400, 20001, "Invalid PageToken"),
    });
    let client = client(server.base_url());
    let stored = format!("{ROOM}.PageSize-1000.Page-1.PageToken-PT1.1.0");
    let resumed = client.recordings(room()).continue_at(stored.parse().unwrap());
    let error = resumed.into_iter().next().unwrap().unwrap_err();
    assert_eq!((error.api_error().unwrap().status, error.attempts()), (400, 1));
    assert!(client.recordings(room()).into_iter().all(|it| it.is_ok()));
}
