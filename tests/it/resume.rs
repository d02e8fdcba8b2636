//! Listings that are resumed, and the points at which they are.

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use twilio_room_recordings::{
    Error, ErrorKind, ListRecordings, Page, ParticipantSid, RecordingType, ResumePoint, SourceSid,
    Status,
};

use crate::support::fake_server::{ROOM, Server, json_response, recording, serve_room};
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
        let mut rest = client.recordings(room()).continue_at(edited.parse().unwrap()).into_iter();
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

#[test]
fn point_after_a_limit_is_within_the_page_or_at_the_next_one() {
    let server = serve_room((0..10).map(recording).collect());
    let client = client(server.base_url());
    let mut point = client.recordings(room()).page_size(4).into_iter().resume_point();
    let mut listed = Vec::new();
    for (records, end) in [(3, ".0.3"), (1, ".1.0"), (2, ".1.2"), (1, ".1.3"), (3, "")] {
        let mut rest = client.resume(point.unwrap()).limit(records).into_iter();
        listed.extend(rest.by_ref().map(|it| it.unwrap().sid.to_string()));
        point = rest.resume_point();
        let shown = point.as_ref().map(ToString::to_string).unwrap_or_default();
        assert!(shown.ends_with(end) && shown.is_empty() == end.is_empty(), "{shown}");
    }
    let expected: Vec<_> = (0..10).map(|number| format!("RT{number:032x}")).collect();
    assert_eq!(listed, expected);
}

#[test]
fn next_of_a_page_cut_by_a_limit_leads_to_the_rest_of_that_page() {
    let server = serve_room((0..10).map(recording).collect());
    let client = client(server.base_url());
    let mut pages = client.recordings(room()).page_size(4).limit(6).pages();
    let lengths = |page: &Page| page.recordings.len();
    assert_eq!(lengths(&pages.next().unwrap().unwrap()), 4);
    let cut = pages.next().unwrap().unwrap();
    assert_eq!(lengths(&cut), 2);
    assert_eq!(cut.next, pages.resume_point());
    let rest: Vec<_> = client.resume(cut.next.unwrap()).pages().map(Result::unwrap).collect();
    assert_eq!(rest.iter().map(lengths).collect::<Vec<_>>(), [2, 2]);
}

#[test]
fn resume_points_of_pages_lead_forward_and_back() {
    let server = serve_room((0..10).map(recording).collect());
    let client = client(server.base_url());
    for account in [false, true] {
        let listing = || {
            let list =
                if account { client.account_recordings() } else { client.recordings(room()) };
            list.page_size(4)
        };
        let sids = |page: &Page| -> Vec<String> {
            page.recordings.iter().map(|it| it.as_ref().unwrap().sid.to_string()).collect()
        };
        // As a web page does: each request is a listing of its own, and points are text.
        let show = |from: Option<&String>| {
            let listing = match from {
                Some(point) => listing().continue_at(point.parse().unwrap()),
                None => listing(),
            };
            let page = listing.pages().next().unwrap().unwrap();
            (sids(&page), page.number, page.next.map(|point| point.to_string()))
        };

        let (mut back, mut here, mut forward) = (vec![], None, vec![]);
        loop {
            let (shown, number, next) = show(here.as_ref());
            assert_eq!(number, forward.len() as u64);
            forward.push(shown);
            let Some(next) = next else { break };
            back.push(here.replace(next));
        }
        assert_eq!(forward.concat(), (0..10).map(|it| format!("RT{it:032x}")).collect::<Vec<_>>());
        assert_eq!(back.len(), 2);

        for expected in forward.iter().rev().skip(1) {
            let previous = back.pop().unwrap();
            assert_eq!(&show(previous.as_ref()).0, expected);
        }
        assert!(back.is_empty());
    }
}

#[test]
fn point_holds_its_list_filters_page_size_and_page() {
    let server = serve_room((0..30).map(recording).collect());
    let client = client(server.base_url());
    let date = |text| OffsetDateTime::parse(text, &Rfc3339).unwrap();
    let participant: ParticipantSid = format!("PA{:032x}", 7).parse().unwrap();
    let mut pages = client
        .account_recordings()
        .grouping_sid(participant)
        .grouping_sid(room())
        .media_type(RecordingType::Video)
        .status(Status::Completed)
        .created_after(date("2020-01-01T02:00:00.9+02:00"))
        .created_before(date("2030-01-01T00:00:00.1Z"))
        .page_size(2)
        .pages();
    let point = pages.nth(1).unwrap().unwrap().next.unwrap();
    let text = format!(
        "account.Status-completed.DateCreatedAfter-2020-01-01T00_3A00_3A00Z\
         .DateCreatedBefore-2030-01-01T00_3A00_3A01Z.GroupingSid-{ROOM}.GroupingSid-{participant}\
         .MediaType-video.PageSize-2.Page-2.PageToken-PT_2B_2F_3D_26_25_C3_A9_204.2.0"
    );
    assert_eq!(point.to_string(), text);
    assert_eq!(text.parse::<ResumePoint>().unwrap(), point);
    assert_eq!(serde_json::to_value(&point).unwrap(), text);
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    assert!(text.bytes().all(safe));

    let rest: Vec<_> = client.resume(point).into_iter().map(Result::unwrap).collect();
    let listed = client
        .account_recordings()
        .status(Status::Completed)
        .media_type(RecordingType::Video)
        .into_iter()
        .skip(4);
    assert_eq!(rest, listed.map(Result::unwrap).collect::<Vec<_>>());
    let track: SourceSid = "MTaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse().unwrap();
    let point = client.recordings(room()).source_sid(track).into_iter().resume_point().unwrap();
    assert_eq!(point.to_string(), format!("{ROOM}.SourceSid-{track}.PageSize-1000.0.0"));
}

#[test]
fn text_that_is_not_exactly_a_resume_point_is_rejected() {
    let good = format!("{ROOM}.PageSize-50.Page-2.PageToken-PT2.2.17");
    assert!(format!(" {good}\n").parse::<ResumePoint>().is_ok());
    for bad in [
        "",
        "..",
        "account",
        "account.0.0",
        "account..0.0",
        "account.PageSize-101.0.0",
        "account.PageSize-0.0.0",
        "account.PageSize-050.0.0",
        "account.PageSize-+50.0.0",
        "account.PageSize-50.PageSize-50.0.0",
        "account.PageSize-50.Page-1.Page-2.1.0",
        "account.PageSize-50.0.-1",
        "account.PageSize-50.0.00",
        "account.PageSize-50.18446744073709551616.0",
        "account.PageSize-50.0.18446744073709551616",
        "account.PageSize-50.0.0.",
        "account.PageSize-50.PageToken-.0.0",
        "account.PageSize-50.PageToken-a_2.0.0",
        "account.PageSize-50.PageToken-a~2.0.0",
        "account.PageSize-50.PageToken-a~41.0.0",
        "account.PageSize-50.PageToken-a~+1.0.0",
        "account.PageSize-50.PageToken-a_+1.0.0",
        "account.PageSize-50.PageToken-a~2f.0.0",
        "account.PageSize-50.PageToken-a~26Status=failed.0.0",
        "account.PageSize-50.PageToken-a&Status=failed.0.0",
        "account.PageSize-50.PageToken-é.0.0",
        "account.PageSize-50.Status-failed.0.0",
        "account.Status-Failed.PageSize-50.0.0",
        "account.Status-odd.PageSize-50.0.0",
        "account.Status-failed.Status-failed.PageSize-50.0.0",
        "account.GroupingSid-PAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.GroupingSid-RMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.PageSize-50.0.0",
        "account.GroupingSid-PAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.GroupingSid-PAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.PageSize-50.0.0",
        "account.DateCreatedAfter-2020-01-01.PageSize-50.0.0",
        "account.DateCreatedAfter-2020-01-01T00_3A00_3A00_2B00_3A00.PageSize-50.0.0",
        "account.DateCreatedAfter-2020-01-01T00_3A00_3A00.5Z.PageSize-50.0.0",
        "account.Order-asc.PageSize-50.0.0",
        "RM.PageSize-50.0.0",
        "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.MediaType-audio.PageSize-50.0.0",
        "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.GroupingSid-RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.PageSize-50.0.0",
        "/v1/Rooms/RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/Recordings?PageSize=50#0.0",
    ] {
        let error = bad.parse::<ResumePoint>().expect_err(bad);
        let ErrorKind::InvalidInput(input) = error.kind() else { panic!("{bad}: {error}") };
        assert_eq!((input.parameter, &*input.value), ("resume point", bad));
    }
}

#[test]
fn greatest_position_is_an_error_that_says_to_start_over() {
    let server = serve_room((0..3).map(recording).collect());
    let listing = client(server.base_url()).recordings(room()).page_size(2);
    let text = format!("{ROOM}.PageSize-2.{}.{}", u64::MAX, usize::MAX);
    let mut recordings = listing.clone().continue_at(text.parse().unwrap()).into_iter();
    assert_invalid_response(&recordings.next().unwrap().unwrap_err(), "start the listing over");
    let text = format!("{ROOM}.PageSize-2.{}.0", u64::MAX);
    let pages: Vec<_> =
        listing.continue_at(text.parse().unwrap()).pages().map(Result::unwrap).collect();
    assert_eq!(pages.iter().map(|page| page.number).collect::<Vec<_>>(), [u64::MAX; 2]);
}

#[test]
fn resumed_listing_with_other_parameters_is_rejected_before_any_request() {
    let server = serve_room((0..9).map(recording).collect());
    let client = client(server.base_url());
    let point = |listing: ListRecordings| listing.into_iter().resume_point().unwrap();
    let new = || client.recordings(room());
    let limited = point(new().limit(3));
    for listing in [
        new().page_size(4).continue_at(limited.clone()),
        client.resume(limited.clone()).page_size(4),
        client.resume(limited.clone()).status(Status::Failed),
        new().continue_at(point(new().status(Status::Completed))),
        new().status(Status::Completed).continue_at(point(new())),
        new().continue_at(point(
            client.recordings(format!("RM{}", "b".repeat(32)).parse().unwrap()),
        )),
    ] {
        let mut recordings = listing.into_iter();
        let error = recordings.next().unwrap().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidInput(_)), "{error:?}");
        assert!(error.to_string().contains("expected a resume point of this listing"), "{error}");
        assert!(recordings.next().is_none());
    }
    assert_eq!(server.requests().len(), 0);

    assert_eq!(new().continue_at(limited.clone()).into_iter().count(), 9);
    assert_eq!(new().limit(3).continue_at(limited.clone()).into_iter().count(), 3);
    assert_eq!(new().limit(4).continue_at(limited.clone()).into_iter().count(), 4);
    assert_eq!(new().page_size(3).continue_at(limited.clone()).into_iter().count(), 9);
    assert_eq!(client.resume(limited).limit(7).into_iter().count(), 7);
}

#[test]
fn next_of_a_stored_page_has_the_filters_and_the_page_size_of_its_url() {
    let server = serve_room((0..9).map(recording).collect());
    let client = client(server.base_url());
    for account in [false, true] {
        let list = if account { client.account_recordings() } else { client.recordings(room()) };
        let list = list.status(Status::Completed).page_size(2);
        let expected = list.clone().pages().next().unwrap().unwrap();
        let path = server.requests().last().unwrap().uri.to_string();
        let body = get(&server, &path);
        let page = stored_page(&body, account).unwrap();
        assert_eq!((page.number, page.page_size, page.recordings.len()), (0, 2, 2));
        assert_eq!(page.next, expected.next);
        let rest = client.resume(page.next.unwrap()).into_iter();
        let listed: Vec<_> = list.into_iter().skip(2).map(Result::unwrap).collect();
        assert_eq!(rest.map(Result::unwrap).collect::<Vec<_>>(), listed);
    }
}

fn stored_page(body: &[u8], account: bool) -> Result<Page, Error> {
    if account { Page::from_account_json(body) } else { Page::from_json(body, room()) }
}

/// The body of a response to a request made without this crate.
fn get(server: &Server, path: &str) -> Vec<u8> {
    let url = format!("{}{path}", server.base_url());
    // The proxy of the environment may not reach localhost.
    let agent = ureq::Agent::from(ureq::Agent::config_builder().proxy(None).build());
    let response = agent.get(url).header("Authorization", "Basic eA==").call();
    response.unwrap().into_body().read_to_vec().unwrap()
}

#[test]
fn next_of_a_stored_page_is_an_error_if_its_url_has_an_invalid_parameter() {
    let read =
        |url: &str, account: bool| stored_page(page(&[], url).to_string().as_bytes(), account);
    let text = |url: &str, account: bool| read(url, account).unwrap().next.unwrap().to_string();
    assert_eq!(text("?PageToken=a", false), format!("{ROOM}.PageSize-50.PageToken-a.1.0"));
    assert_eq!(
        text("/x?Order=%zz&PageSize=7&PageToken=%zz&Page=4#?PageSize=x", true),
        "account.PageSize-7.Page-4.PageToken-_25zz.1.0"
    );
    assert_eq!(
        text("?DateCreatedAfter=2020-01-01T01:00:00%2B01:00&PageToken=a", false),
        format!("{ROOM}.DateCreatedAfter-2020-01-01T00_3A00_3A00Z.PageSize-50.PageToken-a.1.0")
    );
    for (url, account, words) in [
        ("?PageToken=a&PageSize=0", false, "an invalid PageSize"),
        ("?PageToken=a&PageSize=1001", false, "an invalid PageSize"),
        ("?PageToken=a&PageSize=101", true, "an invalid PageSize"),
        ("?PageToken=a&PageSize=", true, "an invalid PageSize"),
        ("?PageToken=a&Status=odd", false, "an invalid Status"),
        ("?PageToken=a&Status=%ff", false, "an invalid Status"),
        ("?PageToken=a&Status=%+1", false, "an invalid Status"),
        ("?PageToken=a&SourceSid=MT", false, "an invalid SourceSid"),
        ("?PageToken=a&DateCreatedBefore=2020", false, "an invalid DateCreatedBefore"),
        (
            "?PageToken=a&DateCreatedBefore=0000-01-01T00:00:00%2B01:00",
            false,
            "an invalid DateCreatedBefore",
        ),
        (
            "?PageToken=a&DateCreatedAfter=2020-01-01T00:00:00.5Z",
            false,
            "an invalid DateCreatedAfter",
        ),
        ("?PageToken=a&MediaType=audio", false, "an invalid MediaType"),
        (
            "?PageToken=a&GroupingSid=RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            false,
            "an invalid GroupingSid",
        ),
        ("?PageToken=a&MediaType=film", true, "an invalid MediaType"),
        ("?PageToken=a&GroupingSid=MTaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", true, "GroupingSid"),
        ("?PageSize=20", true, "neither Page nor PageToken"),
    ] {
        assert_invalid_response(&read(url, account).unwrap_err(), words);
    }
}

#[test]
fn debug_of_a_resume_point_shows_its_text() {
    let text = format!("{ROOM}.PageSize-50.Page-2.PageToken-PT2.2.17");
    let point: ResumePoint = text.parse().unwrap();
    assert_eq!(format!("{point:?}"), format!("ResumePoint({text})"));
}
