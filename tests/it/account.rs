//! The account-wide list.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use twilio_room_recordings::{
    Deletion, ErrorKind, GroupingSid, ListRecordings, ParticipantSid, RecordingType, RoomSid,
    Status,
};

use crate::support::fake_server::{
    ROOM, Server, json_response, media, recording, recording_of, serve_room,
};
use crate::support::{client, page, room};

const OTHER_ROOM: &str = "RMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
const THIRD_ROOM: &str = "RMcccccccccccccccccccccccccccccccc";

fn date(text: &str) -> OffsetDateTime {
    OffsetDateTime::parse(text, &Rfc3339).expect("a date")
}

fn participant(number: usize) -> ParticipantSid {
    format!("PA{number:032x}").parse().expect("a participant")
}

/// Thirty recordings, in turn of three rooms.
fn serve_three_rooms() -> Server {
    let room = |number: usize| [ROOM, OTHER_ROOM, THIRD_ROOM][number % 3];
    serve_room((0..30).map(|number| recording_of(room(number), number)).collect())
}

fn numbers(listing: ListRecordings) -> Vec<usize> {
    let number = |sid: String| usize::from_str_radix(&sid[2..], 16).expect("a number");
    listing.into_iter().map(|it| number(it.expect("a valid record").sid.to_string())).collect()
}

#[test]
fn account_list_yields_the_recordings_of_all_rooms() {
    let server = serve_three_rooms();
    let client = client(server.base_url());
    let listed: Vec<_> =
        client.account_recordings().page_size(7).into_iter().map(Result::unwrap).collect();
    assert_eq!(listed.len(), 30);
    for (number, recording) in listed.iter().enumerate() {
        assert_eq!(recording.sid.to_string(), format!("RT{number:032x}"));
        assert_eq!(recording.room_sid.as_str(), [ROOM, OTHER_ROOM, THIRD_ROOM][number % 3]);
    }
    let requests = server.requests();
    assert_eq!(requests.len(), 5);
    assert!(requests.iter().all(|request| request.uri.path() == "/v1/Recordings"));
    assert_eq!(numbers(client.recordings(OTHER_ROOM.parse().unwrap())).len(), 10);
}

#[test]
fn every_filter_of_the_account_list_is_sent() {
    let server = serve_room(vec![]);
    let other: RoomSid = OTHER_ROOM.parse().unwrap();
    let listing = client(server.base_url())
        .account_recordings()
        .media_type(RecordingType::Audio)
        .grouping_sid(other)
        .grouping_sid(participant(1))
        .grouping_sid(GroupingSid::Room(other))
        .status(Status::Completed)
        .source_sid("MTaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaAA".parse().unwrap())
        .created_after(date("2017-01-01T00:00:01Z"))
        .created_before(date("2017-12-31T23:59:59Z"))
        .page_size(100);
    assert!(numbers(listing).is_empty());
    assert_eq!(
        server.requests()[0].uri.to_string(),
        format!(
            "/v1/Recordings?Status=completed&SourceSid=MTaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaAA\
             &DateCreatedAfter=2017-01-01T00%3A00%3A01Z&DateCreatedBefore=2017-12-31T23%3A59%3A59Z\
             &GroupingSid={OTHER_ROOM}&GroupingSid={}&MediaType=audio&PageSize=100",
            participant(1)
        )
    );
}

#[test]
fn grouping_sids_add_up_and_combine_with_other_filters() {
    let server = serve_three_rooms();
    let client = client(server.base_url());
    let list = || client.account_recordings().page_size(2);
    let other: RoomSid = OTHER_ROOM.parse().unwrap();
    assert_eq!(numbers(list().grouping_sid(other)), (1..30).step_by(3).collect::<Vec<_>>());
    assert_eq!(numbers(list().grouping_sid(participant(6))), [6]);
    let both = || list().grouping_sid(participant(6)).grouping_sid(other);
    let expected: BTreeSet<usize> = (1..30).step_by(3).chain([6]).collect();
    assert_eq!(numbers(both()), expected.iter().copied().collect::<Vec<_>>());
    let audio: Vec<usize> = expected.into_iter().filter(|number| number % 2 == 0).collect();
    assert_eq!(numbers(both().media_type(RecordingType::Audio)), audio);
}

#[test]
fn account_page_size_is_at_most_100_and_100_by_default() {
    let server = serve_room((0..3).map(recording).collect());
    let client = client(server.base_url());
    let sent = |listing: ListRecordings| {
        numbers(listing);
        server.requests().last().and_then(|request| request.parameter("PageSize")).unwrap()
    };
    let list = || client.account_recordings();
    assert_eq!(sent(list()), "100");
    assert_eq!(sent(list().limit(2)), "2");
    assert_eq!(sent(list().limit(500)), "100");
    assert_eq!(sent(list().limit(500).page_size(30)), "30");
    assert_eq!(sent(list().page_size(100)), "100");
}

#[test]
fn parameter_that_the_list_does_not_have_is_rejected_before_any_request() {
    let server = serve_room(vec![]);
    let client = client(server.base_url());
    let (of_room, of_account) = (|| client.recordings(room()), || client.account_recordings());
    let account_only = "expected none in the list of a room: only the account-wide list has it";
    let point_of_room = of_room().page_size(20).into_iter().resume_point().unwrap();
    let point_of_account = of_account().page_size(20).into_iter().resume_point().unwrap();
    let grouped = of_account().page_size(20).grouping_sid(participant(1));
    for (listing, words) in [
        (of_account().page_size(101), "invalid page size \"101\": expected 1 to 100".to_owned()),
        (of_account().page_size(0), "invalid page size \"0\": expected 1 to 100".to_owned()),
        (
            of_room().grouping_sid(room()),
            format!("invalid grouping SID filter \"{ROOM}\": {account_only}"),
        ),
        (
            of_room().media_type(RecordingType::Data),
            format!("invalid media type filter \"data\": {account_only}"),
        ),
        (
            of_account().media_type("film".into()),
            "invalid media type filter \"film\": expected audio, video or data".to_owned(),
        ),
        (of_account().page_size(20).continue_at(point_of_room), "invalid resume point".to_owned()),
        (
            of_room().page_size(20).continue_at(point_of_account.clone()),
            "invalid resume point".into(),
        ),
        (grouped.continue_at(point_of_account), "invalid resume point".to_owned()),
    ] {
        let mut recordings = listing.into_iter();
        let error = recordings.next().unwrap().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidInput(_)), "{error:?}");
        assert!(error.to_string().contains(&words), "{error}");
        assert!(recordings.next().is_none());
    }
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn records_of_the_account_list_are_fetched_downloaded_and_deleted() {
    let server = serve_three_rooms();
    let client = client(server.base_url());
    let recording = client.account_recordings().limit(2).into_iter().last().unwrap().unwrap();
    assert_eq!(recording.room_sid.as_str(), OTHER_ROOM);
    let resource = client.recording(recording.room_sid, recording.sid);
    let fetched = resource.fetch().unwrap();
    assert_eq!((fetched.sid, fetched.size), (recording.sid, recording.size));

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("media");
    client.media(&recording).download_to(&file).unwrap();
    assert_eq!(std::fs::read(&file).unwrap(), media(&recording_of(OTHER_ROOM, 1)));

    assert_eq!(resource.delete().unwrap(), Deletion::Deleted);
    assert_eq!(resource.delete().unwrap(), Deletion::AlreadyGone);
    assert_eq!(numbers(client.account_recordings()).len(), 29);
}

#[test]
fn record_without_a_room_is_invalid_in_the_account_list() {
    let mut without = recording(1);
    let fields = without.as_object_mut().unwrap();
    fields.remove("room_sid");
    fields.insert("grouping_sids".into(), json!({"participant_sid": participant(1).as_str()}));
    let body = page(&[recording(0), without, recording_of(OTHER_ROOM, 2)], Value::Null);
    let server = Server::start(move |_| json_response(200, &body));
    let items: Vec<_> = client(server.base_url()).account_recordings().into_iter().collect();
    let [Ok(_), Err(error), Ok(_)] = &items[..] else { panic!("{items:?}") };
    assert!(matches!(error.kind(), ErrorKind::InvalidRecord(_)), "{error:?}");
}
