//! Properties that hold for any list and any query, tried with random ones.

use crate::support::fake_server::{ROOM, Server, json_response, recording, serve_room};
use crate::support::storage::{Fate, Storage, api};
use crate::support::{client, http, page, room};
use proptest::prelude::*;
use serde_json::Value;
use time::OffsetDateTime;
use twilio_room_recordings::{
    Client, Codec, Error, ErrorKind, GroupingSid, ListRecordings, ResumePoint, RetryPolicy,
    RoomRecording, Status,
};

fn expected(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|number| format!("RT{number:032x}")).collect()
}

fn list(client: &Client, account: bool) -> ListRecordings {
    if account { client.account_recordings() } else { client.recordings(room()) }
}

/// Serves pages of valid (`true`) and invalid records, and returns the names of all records.
fn serve_shape(shape: &[Vec<bool>]) -> (Server, Vec<String>) {
    let (mut bodies, mut names) = (Vec::new(), Vec::new());
    for (number, page_shape) in shape.iter().enumerate() {
        let mut records = Vec::new();
        for &is_valid in page_shape {
            let mut record = recording(names.len());
            if !is_valid {
                record["status"] = Value::Null;
            }
            names.push(record["sid"].as_str().unwrap().to_owned());
            records.push(record);
        }
        let next = (number + 1 < shape.len()).then(|| format!("?PageToken={}", number + 1));
        bodies.push(page(&records, next));
    }

    let server = Server::start(move |request| {
        let number = request.parameter("PageToken").map_or(0, |token| token.parse().unwrap());
        let body: &Value = &bodies[number];
        json_response(200, body)
    });
    (server, names)
}

/// The SID of a record, valid or not.
fn name(item: Result<RoomRecording, Error>) -> String {
    let error = match item {
        Ok(recording) => return recording.sid.to_string(),
        Err(error) => error,
    };
    let ErrorKind::InvalidRecord(record) = error.kind() else { panic!("{error:?}") };
    serde_json::from_str::<Value>(&record.json).unwrap()["sid"].as_str().unwrap().to_owned()
}

fn sid(item: Result<RoomRecording, Error>) -> String {
    item.expect("a good record").sid.to_string()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn paging_any_list_yields_that_list(
        account: bool,
        length in 0_usize..60,
        page_size in 1_u32..20,
        limit in proptest::option::of(0_u64..80),
    ) {
        let server = serve_room((0..length).map(recording).collect());
        let mut listing = list(&client(server.base_url()), account).page_size(page_size);
        let mut wanted = length;
        if let Some(limit) = limit {
            listing = listing.limit(limit);
            wanted = wanted.min(limit as usize);
        }
        let listed: Vec<_> = listing.into_iter().map(sid).collect();
        prop_assert_eq!(listed, expected(0..wanted));
        let pages = wanted.div_ceil(page_size as usize);
        let for_the_empty_list = usize::from(length == 0 && limit != Some(0));
        prop_assert_eq!(server.requests().len(), pages + for_the_empty_list);
    }

    #[test]
    fn listing_cut_anywhere_is_resumed_without_loss_or_repetition(
        account: bool,
        length in 0_usize..40,
        page_size in 1_u32..12,
        cut in 0_usize..45,
        limited: bool,
        trusted: bool,
    ) {
        let server = serve_room((0..length).map(recording).collect());
        let client = client(server.base_url());
        let listing = list(&client, account).page_size(page_size);
        let mut first = listing.clone().limit(if limited { cut as u64 } else { 100 }).into_iter();
        let mut listed: Vec<_> = first.by_ref().take(cut).map(sid).collect();
        if let Some(point) = first.resume_point() {
            let stored: ResumePoint = point.to_string().parse().unwrap();
            prop_assert_eq!(&stored, &point);
            let rest = if trusted { client.resume(stored) } else { listing.continue_at(stored) };
            listed.extend(rest.into_iter().map(sid));
        }
        prop_assert_eq!(listed, expected(0..length));
    }

    #[test]
    fn pages_of_any_shape_are_listed_and_resumed_in_order(
        account: bool,
        shape in proptest::collection::vec(proptest::collection::vec(any::<bool>(), 0..5), 1..12),
        cuts in proptest::collection::vec(0_usize..9, 0..4),
    ) {
        let (server, expected) = serve_shape(&shape);
        let client = client(server.base_url());
        let mut listing = list(&client, account);
        let mut listed = Vec::new();
        for cut in cuts {
            let mut items = listing.into_iter();
            listed.extend(items.by_ref().take(cut).map(name));
            let Some(point) = items.resume_point() else {
                prop_assert!(items.next().is_none());
                prop_assert_eq!(listed, expected);
                return Ok(());
            };
            listing = client.resume(point.to_string().parse().unwrap());
        }
        listed.extend(listing.into_iter().map(name));
        prop_assert_eq!(listed, expected);
    }

    #[test]
    fn any_filters_survive_in_a_resume_point(
        account: bool,
        status in proptest::option::of(proptest::sample::select(vec!["processing", "completed", "deleted", "failed"])),
        source in proptest::option::of("[a-zA-Z]{2}[0-9a-fA-F]{32}"),
        seconds in proptest::collection::vec(-62_167_219_200_i64..253_402_300_799, 0..3),
        nanosecond in 0_u32..1_000_000_000,
        groups in proptest::collection::vec("(PA|RM)[0-9a-fA-F]{32}", 0..4),
        media_type in proptest::option::of(proptest::sample::select(vec!["audio", "video", "data"])),
        page_size in 1_u32..=100,
    ) {
        let server = point_server();
        let client = client(server.base_url());
        let mut seconds = seconds;
        seconds.sort_unstable();
        let mut instants = seconds.into_iter().map(|seconds| {
            OffsetDateTime::from_unix_timestamp(seconds).unwrap().replace_nanosecond(nanosecond).unwrap()
        });
        let mut listing = list(&client, account).page_size(page_size);
        if let Some(status) = status {
            listing = listing.status(status.into());
        }
        if let Some(source) = source {
            listing = listing.source_sid(source.parse().unwrap());
        }
        if let Some(after) = instants.next() {
            listing = listing.created_after(after);
        }
        if let Some(before) = instants.next() {
            listing = listing.created_before(before);
        }
        if account {
            listing = groups.iter().fold(listing, |listing, sid| {
                listing.grouping_sid(sid.parse::<GroupingSid>().unwrap())
            });
            if let Some(media_type) = media_type {
                listing = listing.media_type(media_type.into());
            }
        }

        let point = listing.clone().into_iter().resume_point().unwrap();
        let stored: ResumePoint = point.to_string().parse().unwrap();
        prop_assert_eq!(&stored, &point);
        prop_assert_eq!(listing.clone().continue_at(stored.clone()).into_iter().count(), 0);
        prop_assert_eq!(client.resume(stored).into_iter().count(), 0);
        prop_assert_eq!(listing.into_iter().count(), 0);
        let requests: Vec<_> = server.requests().into_iter().map(|request| request.uri).collect();
        prop_assert!(requests.iter().all(|uri| uri == &requests[2]), "{requests:?}");
    }

    #[test]
    fn any_page_token_is_sent_back_as_it_was_given(token in "[^\u{0}-\u{1f}]{1,40}", encode_all: bool) {
        let given: String = token
            .bytes()
            .map(|byte| match byte {
                b'-' | b'/' | b'=' | b'A'..=b'z' if !encode_all && byte != b'\\' && byte != b'`' && byte != b'^' && byte != b'[' && byte != b']' => char::from(byte).to_string(),
                _ => format!("%{byte:02x}"),
            })
            .collect();
        let first = page(&[], format!("https://elsewhere.example/x?Page=1&PageToken={given}&PageSize=3"));
        let last = page(&[], Value::Null);
        let server = Server::start(move |request| {
            json_response(200, if request.parameter("PageToken").is_some() { &last } else { &first })
        });
        prop_assert_eq!(client(server.base_url()).recordings(room()).into_iter().count(), 0);
        prop_assert_eq!(server.requests()[1].parameter("PageToken"), Some(token));
        prop_assert_eq!(server.requests()[1].parameter("PageSize").unwrap(), "1000");
    }

    #[test]
    fn any_response_ends_the_listing(
        status in prop_oneof![Just(200_u16), Just(200), 400_u16..600],
        cut in 0_usize..2500,
        instead in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..40),
            "[{}\\[\\]\",:nul0-9.eE+-]{0,40}".prop_map(String::into_bytes),
        ],
        left_out in 0_usize..40,
        next in "\\PC{0,30}|[?&=%#a-f0-9PageTokn]{0,40}|\\?PageToken=\\PC{0,20}",
    ) {
        let mut body = page(&[recording(0), recording(1)], next).to_string().into_bytes();
        let cut = cut.min(body.len());
        let end = (cut + left_out).min(body.len());
        body.splice(cut..end, instead);
        let server = Server::start(move |_| {
            axum::response::Response::builder().status(status).body(body.clone().into()).unwrap()
        });
        let client = crate::support::builder(server.base_url()).retry(RetryPolicy::off()).build().unwrap();
        let items: Vec<_> = client.recordings(room()).into_iter().take(1000).collect();
        prop_assert!(items.len() < 1000);
        for error in items.iter().filter_map(|item| item.as_ref().err()) {
            prop_assert!(!error.to_string().chars().any(char::is_control), "{error}");
        }
    }

    #[test]
    fn any_answer_of_the_storage_gives_the_length_or_an_error(
        cut in 0_usize..150,
        left_out in 0_usize..60,
        instead in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..40),
            "[ -~\r\n]{0,60}".prop_map(String::into_bytes),
            "(HTTP/1.1 (206|302|416|500) X\r\n|Content-(Range|Length|Encoding): (bytes )?[-0-9*/]{0,30}\r\n|Location: [ -~]{0,20}\r\n|ETag: \"?[a-z]{0,3}\"?\r\n){0,3}"
                .prop_map(String::into_bytes),
        ],
        resumed: bool,
    ) {
        let media = vec![7; 1000];
        let mut answer = http("200 OK", "Connection: close\r\nETag: \"one\"\r\n", &media);
        let cut = cut.min(answer.len() - media.len());
        answer.splice(cut..(cut + left_out).min(answer.len() - media.len()), instead);
        let fates = if resumed { vec![Fate::CutAfter(500), Fate::Raw(answer)] } else { vec![Fate::Raw(answer)] };
        let storage = Storage::start(media, fates);
        let mut record = recording(0);
        record["size"] = 1000.into();
        let api = api(record.clone(), &storage.url);
        let client = client(api.base_url());
        let mut out = Vec::new();
        let done = client.media(&serde_json::from_value(record).unwrap()).write_to(&mut out);
        prop_assert!(out.len() <= 1000);
        match done {
            Ok(done) => prop_assert_eq!((done.size, out.len()), (1000, 1000)),
            Err(error) => prop_assert!(!error.to_string().chars().any(char::is_control), "{error}"),
        }
    }

    #[test]
    fn date_filters_are_rounded_outwards_by_less_than_a_second(
        seconds in -62_167_219_200_i64..253_402_300_799,
        nanosecond in 0_u32..1_000_000_000,
        offset_hours in -12_i8..12,
    ) {
        let instant = OffsetDateTime::from_unix_timestamp(seconds).unwrap().replace_nanosecond(nanosecond).unwrap();
        let offset = time::UtcOffset::from_hms(offset_hours, 0, 0).unwrap();
        let Some(given) = instant.checked_to_offset(offset) else { return Ok(()) };
        let server = serve_room(vec![]);
        let client = client(server.base_url());
        let _ = client.recordings(room()).created_after(given).into_iter().next();
        let _ = client.recordings(room()).created_before(given).into_iter().next();
        let sent = |request: usize, name: &str| {
            let text = server.requests()[request].parameter(name).unwrap();
            assert!(text.len() == 20 && text.ends_with('Z'), "{text}");
            OffsetDateTime::parse(&text, &time::format_description::well_known::Rfc3339).unwrap()
        };
        prop_assert_eq!(sent(0, "DateCreatedAfter").unix_timestamp(), seconds);
        prop_assert_eq!(sent(1, "DateCreatedBefore").unix_timestamp(), seconds + i64::from(nanosecond > 0));
    }
}

proptest! {
    #[test]
    fn an_enum_reads_what_it_wrote(text in ".{0,20}|completed|Completed|vp8|OPUS") {
        for value in [Status::from(&*text).to_string(), Codec::from(&*text).to_string()] {
            prop_assert!(value.eq_ignore_ascii_case(&text));
        }
        let codec = Codec::from(&*text);
        let json = serde_json::to_string(&codec).unwrap();
        prop_assert_eq!(serde_json::from_str::<Codec>(&json).unwrap(), codec);
    }

    #[test]
    fn a_number_in_an_unknown_field_keeps_every_digit(number in proptest::num::f64::NORMAL) {
        let text = recording(0).to_string().replacen('{', &format!("{{\"new\": {number:e}, "), 1);
        let record: RoomRecording = serde_json::from_str(&text).unwrap();

        let written = serde_json::to_value(&record).unwrap();
        prop_assert_eq!(written["new"].as_f64(), Some(number));
    }

    #[test]
    fn a_record_reads_what_it_wrote(number in 0_usize..10_000, missing in proptest::collection::vec(0_usize..20, 0..20)) {
        const REQUIRED: [&str; 5] = ["sid", "status", "account_sid", "room_sid", "date_created"];
        let mut json = recording(number);
        let names: Vec<String> = json.as_object().unwrap().keys().cloned().collect();
        for name in missing.into_iter().map(|at| &names[at]).filter(|name| !REQUIRED.contains(&name.as_str())) {
            json[name] = Value::Null;
        }
        let record: RoomRecording = serde_json::from_value(json).unwrap();
        let written = serde_json::to_string(&record).unwrap();
        prop_assert_eq!(serde_json::from_str::<RoomRecording>(&written).unwrap(), record);
    }

    #[test]
    fn text_of_a_resume_point_is_its_only_text(text in point_like()) {
        if let Ok(point) = text.parse::<ResumePoint>() {
            prop_assert_eq!(point.to_string(), text.trim());
            let json = serde_json::to_string(&point).unwrap();
            prop_assert_eq!(serde_json::from_str::<ResumePoint>(&json).unwrap(), point);
        }
    }
}

/// Text that may be a resume point, or is much like one.
fn point_like() -> impl Strategy<Value = String> {
    "\\PC{0,60}|(RM[a-f]{32}|account)\\.(PageSize-[0-9]{1,4}\\.|Status-(failed|[a-z~_]{1,5})\\.|MediaType-audio\\.|Date(CreatedAfter)?-[0-9:TZ_-]{1,24}\\.|Page-[_a-f~0-9]{1,6}\\.|PageToken-[ -~]{0,9}\\.){0,4}[0-9]{1,21}\\.[0-9]{1,21}"
}

/// An edit of a text: it removes some characters, and puts others there.
fn edit() -> impl Strategy<Value = (proptest::sample::Index, usize, String)> {
    let piece = prop_oneof![
        4 => "[A-Za-z0-9._~%&#?=/ -]{0,3}",
        1 => proptest::sample::select(vec![
            "account", "RMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", ".Status-failed", "Status-failed.",
            ".PageSize-7", "PageSize-1000.", "~26Status-failed", "_26Status_3Dfailed", "&Status=failed",
            "~23", "?PageSize=7", ".GroupingSid-RMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", ".MediaType-audio",
            "~0D~0A", "_0D_0A", "../", "18446744073709551615", "99999999999999999999", "4294967296",
        ]).prop_map(str::to_owned),
    ];
    (any::<proptest::sample::Index>(), 0_usize..40, piece)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn edited_resume_point_is_another_position_in_the_same_listing_or_refused(
        account: bool,
        edits in proptest::collection::vec(edit(), 1..4),
    ) {
        let server = point_server();
        let client = client(server.base_url());
        let listing = list(&client, account).status(Status::Completed).page_size(50);
        let mut text = point_text(account);
        for (start, length, piece) in edits {
            let start = start.index(text.len() + 1);
            text.replace_range(start..text.len().min(start + length), &piece);
        }
        let Ok(point) = text.parse::<ResumePoint>() else { return Ok(()) };

        let list = if account { "/v1/Recordings".to_owned() } else { format!("/v1/Rooms/{ROOM}/Recordings") };
        let same = format!("{list}?Status=completed&PageSize=50");
        let sent = |listing: ListRecordings| {
            let before = server.requests().len();
            let error = listing.into_iter().next().and_then(Result::err);
            let requests = server.requests().split_off(before);
            (error, requests)
        };

        let (error, requests) = sent(listing.continue_at(point.clone()));
        for request in &requests {
            let uri = request.uri.to_string();
            prop_assert!(uri == same || uri.starts_with(&format!("{same}&Page=")) || uri.starts_with(&format!("{same}&PageToken=")), "{uri}");
            prop_assert!(request.parameters("Page").len() < 2 && request.parameters("PageToken").len() < 2);
        }
        if requests.is_empty() {
            prop_assert!(matches!(error.as_ref().map(Error::kind), Some(ErrorKind::InvalidInput(_))), "{error:?}");
        }

        let (_, requests) = sent(client.resume(point.clone()));
        prop_assert_eq!(requests.len(), 1);
        for parameter in ["PageSize", "Status"] {
            let in_point = requests[0].parameter(parameter).map(|it| format!(".{parameter}-{it}."));
            prop_assert_eq!(in_point.is_some(), text.contains(&format!(".{parameter}-")));
            prop_assert!(in_point.is_none_or(|it| text.contains(&it)));
        }
        let path = requests[0].uri.path().to_owned();
        prop_assert_eq!(path.contains("/Rooms/"), !text.trim().starts_with("account"));
    }
}

/// A server of one page, the last, whatever the request is.
fn point_server() -> Server {
    Server::start(|_| json_response(200, &page(&[], Value::Null)))
}

fn point_text(account: bool) -> String {
    let list = if account { "account" } else { ROOM };
    format!("{list}.Status-completed.PageSize-50.Page-2.PageToken-PT_2Bx~2Fy.2.0")
}
