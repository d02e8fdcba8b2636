//! Listings without faults: the requests, the records and the pages.

use std::iter::FusedIterator;
use std::time::Duration;

use crate::support::fake_server::{ROOM, Server, json_response, recording, serve_room};
use crate::support::{builder, client, page, room};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use twilio_room_recordings::{
    Client, Credentials, Error, ErrorKind, ListRecordings, ParticipantSid, RecordingType,
    RecordingsIter, RoomRecording, RoomSid, Status,
};

fn date(text: &str) -> OffsetDateTime {
    OffsetDateTime::parse(text, &Rfc3339).expect("a date")
}

fn sids(listing: impl IntoIterator<Item = Result<RoomRecording, Error>>) -> Vec<String> {
    listing.into_iter().map(|it| it.expect("a good record").sid.to_string()).collect()
}

#[test]
fn recordings_of_several_pages_are_yielded_in_order() {
    let server = serve_room((0..25).map(recording).collect());
    let listed = sids(client(server.base_url()).recordings(room()).page_size(10));
    let expected: Vec<_> = (0..25).map(|number| format!("RT{number:032x}")).collect();
    assert_eq!(listed, expected);
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn page_is_fetched_only_when_it_is_needed() {
    let server = serve_room((0..5).map(recording).collect());
    let mut recordings = client(server.base_url()).recordings(room()).page_size(2).into_iter();
    assert_eq!(server.requests().len(), 0);
    for requests in [1, 1, 2, 2, 3] {
        assert!(recordings.next().is_some_and(|it| it.is_ok()));
        assert_eq!(server.requests().len(), requests);
    }
    assert!(recordings.next().is_none());
    assert!(recordings.next().is_none());
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn every_filter_of_the_room_list_is_sent() {
    let server = serve_room(vec![]);
    let listing = client(server.base_url())
        .recordings(room())
        .status(Status::Completed)
        .source_sid("MTaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaAA".parse().unwrap())
        .created_after(date("2017-01-01T02:00:01.9+02:00"))
        .created_before(date("2017-12-31T23:59:58.000000001Z"))
        .page_size(7);
    assert_eq!(listing.into_iter().count(), 0);
    let request = &server.requests()[0];
    assert_eq!(
        request.uri.to_string(),
        format!(
            "/v1/Rooms/{ROOM}/Recordings?Status=completed\
             &SourceSid=MTaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaAA\
             &DateCreatedAfter=2017-01-01T00%3A00%3A01Z\
             &DateCreatedBefore=2017-12-31T23%3A59%3A59Z&PageSize=7"
        )
    );
    assert_eq!(request.method, "GET");
    assert_eq!(request.headers["accept"], "application/json");
}

#[test]
fn filters_are_sent_with_every_page() {
    let server = serve_room((0..40).map(recording).collect());
    let listing = client(server.base_url()).recordings(room()).status(Status::Failed).page_size(3);
    assert_eq!(
        listing.into_iter().filter(|it| it.as_ref().unwrap().status == Status::Failed).count(),
        8
    );
    let request = server.requests();
    assert_eq!(request.len(), 3);
    assert!(request.iter().all(|it| it.parameter("Status").as_deref() == Some("failed")));
    assert_eq!(request[2].parameter("PageToken").as_deref(), Some("PT+/=&%é 6"));
    assert_eq!(request[2].parameter("Page").as_deref(), Some("2"));
}

#[test]
fn page_size_is_the_maximum_or_the_limit_by_default() {
    let server = serve_room((0..4).map(recording).collect());
    let client = client(server.base_url());
    let asked_for = |listing: ListRecordings| {
        assert!(listing.into_iter().all(|it| it.is_ok()));
        server.requests().last().and_then(|it| it.parameter("PageSize")).unwrap()
    };
    assert_eq!(asked_for(client.recordings(room())), "1000");
    assert_eq!(asked_for(client.recordings(room()).limit(3)), "3");
    assert_eq!(asked_for(client.recordings(room()).limit(5000)), "1000");
    assert_eq!(asked_for(client.recordings(room()).limit(3).page_size(2)), "2");
}

#[test]
fn limit_counts_valid_records_and_fetches_no_further_page() {
    let mut records: Vec<Value> = (0..6).map(recording).collect();
    records[1]["size"] = json!("23");
    let server = serve_room(records);
    let listing = client(server.base_url()).recordings(room()).page_size(2).limit(3);
    let items: Vec<bool> = listing.into_iter().map(|it| it.is_ok()).collect();
    assert_eq!(items, [true, false, true, true]);
    assert_eq!(server.requests().len(), 2);
    assert_eq!(client(server.base_url()).recordings(room()).limit(0).into_iter().count(), 0);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn size_hint_counts_the_items_that_are_known_to_follow() {
    let server = serve_room((0..5).map(recording).collect());
    let mut recordings = client(server.base_url()).recordings(room()).page_size(3).into_iter();
    assert_eq!(recordings.size_hint(), (0, None));
    recordings.next();
    assert_eq!(recordings.size_hint(), (2, None));
    recordings.nth(2);
    assert_eq!(recordings.size_hint(), (1, Some(1)));
    recordings.next();
    assert_eq!(recordings.size_hint(), (0, Some(0)));
    let refused = client(server.base_url()).recordings(room()).page_size(0).into_iter();
    assert_eq!(refused.size_hint(), (1, Some(1)));
}

#[test]
fn page_has_its_number_its_size_and_the_next_page() {
    let server = serve_room((0..5).map(recording).collect());
    let pages: Vec<_> = client(server.base_url())
        .recordings(room())
        .page_size(3)
        .pages()
        .map(|page| page.expect("a page"))
        .collect();
    let shapes: Vec<_> =
        pages.iter().map(|page| (page.number, page.page_size, page.recordings.len())).collect();
    assert_eq!(shapes, [(0, 3, 3), (1, 3, 2)]);
    let next = pages[0].next.as_ref().expect("a next page");
    assert!(
        next.to_string().ends_with(".Page-1.PageToken-PT_2B_2F_3D_26_25_C3_A9_203.1.0"),
        "{next}"
    );
    assert!(pages[1].next.is_none());
}

#[test]
fn window_of_equal_ends_is_sent_and_lists_nothing() {
    let server = serve_room((0..25).map(recording).collect());
    let client = client(server.base_url());
    let start = client.recordings(room()).into_iter().next().unwrap().unwrap().date_created;
    let list = |after: OffsetDateTime, before: OffsetDateTime| {
        client.recordings(room()).created_after(after).created_before(before)
    };
    assert!(sids(list(start, start)).is_empty());
    assert_eq!(server.requests().len(), 2);
    // The rounding takes the whole second in.
    let within = start + time::Duration::milliseconds(500);
    assert_eq!(sids(list(within, within)), sids(list(start, start + time::Duration::SECOND)));
    assert!(!sids(list(within, within)).is_empty());

    let reversed = list(start + time::Duration::nanoseconds(1), start).into_iter().next();
    let error = reversed.unwrap().unwrap_err();
    assert!(
        error.to_string().contains("expected an instant not after the window's end"),
        "{error}"
    );
}

#[test]
fn last_page_is_cut_to_the_limit() {
    let server = serve_room((0..9).map(recording).collect());
    let listing = client(server.base_url()).recordings(room()).page_size(4).limit(6);
    let lengths: Vec<_> = listing.pages().map(|page| page.unwrap().recordings.len()).collect();
    assert_eq!(lengths, [4, 2]);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn any_secret_is_sent_by_basic_authentication() {
    let server = serve_room(vec![]);
    let key = "SKaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse().unwrap();
    // As RFC 4648 has it: one for each length of the last group. They end in "a:" and the secret.
    for (secret, end) in
        [("f", "YTpm"), ("fo", "YTpmbw=="), ("foo", "YTpmb28="), ("é✓", "YTrDqeKckw==")]
    {
        let client = Client::builder(Credentials::api_key(key, secret))
            .base_url(server.base_url())
            .build()
            .unwrap();
        assert_eq!(client.recordings(room()).into_iter().count(), 0);
        let sent =
            server.requests().last().unwrap().headers["authorization"].to_str().unwrap().to_owned();
        assert!(sent.starts_with("Basic U0thYWFh"), "{sent}");
        assert!(sent.ends_with(end), "{sent}");
    }
}

#[test]
fn user_agent_names_the_program_and_the_crate() {
    let server = serve_room(vec![]);
    let client = builder(server.base_url()).user_agent("nightly-archive/2").build().unwrap();
    assert_eq!(client.recordings(room()).into_iter().count(), 0);
    let sent = server.requests()[0].headers["user-agent"].to_str().unwrap().to_owned();
    assert_eq!(
        sent,
        concat!("nightly-archive/2 twilio-room-recordings/", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn client_is_shared_by_many_threads() {
    fn is_send_and_sync<T: Clone + Send + Sync + 'static>(_: &T) {}
    fn is_an_iterator<T: Iterator + FusedIterator + Send + 'static>(_: &T) {}
    let server = serve_room((0..30).map(recording).collect());
    let client = client(server.base_url());
    is_send_and_sync(&client);
    let recordings: RecordingsIter = client.recordings(room()).into_iter();
    is_an_iterator(&recordings);
    let threads: Vec<_> = (0..4)
        .map(|_| client.clone().recordings(room()).page_size(7).into_iter())
        .map(|recordings| std::thread::spawn(move || sids(recordings).len()))
        .collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), 30);
    }
}

/// The contract's example of a page of one, to the letter.
const PAGE_OF_ONE: &str = include_str!("fixtures/page_of_one.json");
/// The contract's example of an empty page.
const EMPTY_PAGE: &str = include_str!("fixtures/empty_page.json");

fn serve_text(text: &'static str) -> Server {
    Server::start(move |_| json_response(200, &serde_json::from_str(text).unwrap()))
}

#[test]
fn documented_example_is_read_with_every_field() {
    use twilio_room_recordings::{Codec, ContainerFormat, RecordingType};

    let server = serve_text(PAGE_OF_ONE);
    let mut recordings = client(server.base_url()).recordings(room()).into_iter();
    let it = recordings.next().unwrap().unwrap();
    assert!(recordings.next().is_none());
    let a = |prefix: &str| format!("{prefix}{}", "a".repeat(32));
    assert_eq!(it.sid.to_string(), a("RT"));
    assert_eq!(it.status, Status::Completed);
    assert_eq!(it.account_sid.to_string(), a("AC"));
    assert_eq!(it.room_sid, room());
    assert_eq!(it.source_sid.unwrap().to_string(), a("MT"));
    assert_eq!(it.date_created, date("2015-07-30T20:00:00Z"));
    assert_eq!(it.date_updated, Some(date("2015-07-30T21:00:00Z")));
    assert_eq!(it.date_deleted, Some(date("2015-07-30T22:00:00Z")));
    assert_eq!(it.recording_type, Some(RecordingType::Audio));
    assert_eq!(it.codec, Some(Codec::Opus));
    assert_eq!(it.container_format, Some(ContainerFormat::Mka));
    assert_eq!(it.size, Some(23));
    assert_eq!(it.duration, Some(Duration::from_secs(10)));
    assert_eq!(it.offset, Some(time::Duration::milliseconds(10)));
    assert_eq!(it.track_name.as_deref(), Some("A name"));
    let grouping = it.grouping_sids.as_ref().unwrap();
    assert_eq!(grouping.room_sid, Some(room()));
    assert_eq!(grouping.participant_sid.unwrap().to_string(), a("PA"));
    let url = format!("https://video.twilio.com/v1/Rooms/{}/Recordings/{}", a("RM"), a("RT"));
    assert_eq!(it.url.as_deref(), Some(url.as_str()));
    assert_eq!(it.links.as_ref().unwrap().media.as_deref(), Some(format!("{url}/Media").as_str()));
    assert_eq!(it.encryption_key.as_deref(), Some("public_key"));
    let bucket = "https://my-super-duper-bucket.s3.amazonaws.com/my/path/";
    assert_eq!(it.media_external_location.as_deref(), Some(bucket));

    let written = serde_json::to_value(&it).unwrap();
    let mut expected = serde_json::from_str::<Value>(PAGE_OF_ONE).unwrap()["recordings"][0].clone();
    expected["codec"] = json!("OPUS");
    expected["status_callback"] = Value::Null;
    expected["status_callback_method"] = Value::Null;
    assert_eq!(written, expected);
    assert_eq!(serde_json::from_value::<RoomRecording>(written).unwrap(), it);
}

#[test]
fn documented_empty_page_is_an_empty_listing() {
    let server = serve_text(EMPTY_PAGE);
    assert_eq!(client(server.base_url()).recordings(room()).into_iter().count(), 0);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn odd_values_seen_from_the_api_are_valid() {
    let mut odd = recording(0);
    odd["codec"] = json!("vp8");
    odd["offset"] = json!(143_532_775_792_i64);
    odd["grouping_sids"] = json!({"room_sid": ROOM});
    odd["size"] = json!(0);
    odd["duration"] = json!(0);
    odd["status"] = json!("Archived");
    odd["a_new_field"] = json!({"of": ["any", "kind"]});
    odd["room_sid"] = json!(format!("RM{}", "A".repeat(32)));
    let least = json!({
        "sid": odd["sid"], "status": "PROCESSING", "account_sid": odd["account_sid"],
        "room_sid": ROOM, "date_created": "2026-01-01T12:00:00Z", "codec": null,
    });
    let body = page(&[odd, least], Value::Null);
    let server = Server::start(move |_| json_response(200, &body));
    let listed: Vec<_> =
        client(server.base_url()).recordings(room()).into_iter().map(|it| it.unwrap()).collect();
    assert_eq!(serde_json::to_value(&listed[0].codec).unwrap(), "VP8");
    assert_eq!(listed[0].offset, Some(time::Duration::milliseconds(143_532_775_792)));
    assert!(listed[0].grouping_sids.as_ref().unwrap().participant_sid.is_none());
    assert_eq!(listed[0].status.as_str(), "Archived");
    assert_eq!(serde_json::to_value(&listed[0].status).unwrap(), "Archived");
    assert_eq!(listed[1].status, Status::Processing);
    assert!(listed[1].codec.is_none() && listed[1].duration.is_none());
}

#[test]
fn invalid_parameter_is_rejected_before_any_request() {
    let server = serve_room(vec![]);
    let client = client(server.base_url());
    let new = || client.recordings(room());
    let early = date("2020-01-01T00:00:00Z");
    let point = |listing: ListRecordings| listing.into_iter().resume_point().unwrap();
    let other_filter = point(new().status(Status::Completed));
    let other_room = point(client.recordings(format!("RM{}", "b".repeat(32)).parse().unwrap()));
    let other_size = point(new().page_size(20));
    for (listing, words) in [
        (new().page_size(0), "invalid page size \"0\": expected 1 to 1000"),
        (new().page_size(1001), "invalid page size \"1001\": expected 1 to 1000"),
        (new().status("odd".into()), "invalid status filter \"odd\""),
        (
            new().created_after(date("2021-01-01T00:00:00Z")).created_before(early),
            "invalid created-after date \"2021-01-01 0:00:00.0 +00:00:00\"",
        ),
        (new().created_before(date("9999-12-31T23:59:59.5Z")), "created-before date"),
        (new().created_before(date("0000-01-01T00:00:00+01:00")), "created-before date"),
        (new().created_after(date("0000-01-01T00:00:00+01:00")), "created-after date"),
        (new().continue_at(other_filter), "resume point"),
        (new().continue_at(other_room), "resume point"),
        (new().continue_at(other_size).page_size(10), "resume point"),
    ] {
        let mut recordings = listing.into_iter();
        let error = recordings.next().unwrap().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidInput(_)), "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(error.attempts(), 0);
        assert!(recordings.next().is_none());
    }
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn record_that_was_not_requested_is_invalid() {
    // A server that ignores every filter.
    let server =
        Server::start(|_| json_response(200, &page(&[recording(1), recording(4)], Value::Null)));
    let client = client(server.base_url());
    let track = format!("MT{:032x}", 1).parse().unwrap();
    let participant: ParticipantSid = format!("PA{:032x}", 1).parse().unwrap();
    let other_room: RoomSid = format!("RM{}", "b".repeat(32)).parse().unwrap();
    let account = || client.account_recordings();

    // Recording 1 is a completed video track of 2026-02-02, 4 a failed audio track of 2026-05-05.
    for (listing, field) in [
        (client.recordings(room()).status(Status::Completed), "status"),
        (client.recordings(room()).source_sid(track), "source_sid"),
        (client.recordings(room()).created_before(date("2026-05-05T12:00:00Z")), "date_created"),
        (account().grouping_sid(participant), "grouping_sids"),
        (account().media_type(RecordingType::Video), "type"),
    ] {
        let items: Vec<_> = listing.into_iter().collect();
        let [Ok(_), Err(error)] = &items[..] else { panic!("{field}: {items:?}") };
        let ErrorKind::InvalidRecord(record) = error.kind() else { panic!("{error:?}") };
        assert_eq!(record.field.as_deref(), Some(field));
        assert_eq!(record.sid.unwrap().to_string(), format!("RT{:032x}", 4));
        assert!(error.to_string().ends_with("as requested"), "{error}");
    }
    for listing in [
        account().created_after(date("2026-05-05T12:00:01Z")),
        account().grouping_sid(other_room),
        client.recordings(other_room),
    ] {
        assert!(listing.into_iter().all(|item| item.is_err()));
    }
    for listing in [
        account().created_after(date("2026-02-02T12:00:00Z")),
        account().grouping_sid(other_room).grouping_sid(room()),
    ] {
        assert!(listing.into_iter().all(|item| item.is_ok()));
    }
}
