//! The SID types: what they accept, what they print, and what they say of anything else.

use std::cmp::Ordering;
use std::collections::HashSet;

use proptest::prelude::*;
use twilio_room_recordings::{
    AccountSid, ApiKeySid, GroupingSid, OAuthClientSid, ParseSidError, ParticipantSid,
    RecordingSid, RoomSid, SourceSid,
};

#[test]
fn invalid_sid_is_reported_with_the_first_difference() {
    let digits = "0123456789abcdefABCDEF0123456789";
    assert!(format!("RM{digits}").parse::<RoomSid>().is_ok());

    for (text, difference) in [
        (String::new(), "0 characters"),
        ("R".to_owned(), "1 character"),
        (format!("RM{digits}0"), "35 characters"),
        (format!("RT{digits}"), "prefix \"RT\""),
        (format!("rm{digits}"), "prefix \"rm\""),
        (format!("RM{}g", &digits[1..]), "'g' at offset 33"),
        (format!("RM\n{}", &digits[1..]), "'\\n' at offset 2"),
        (format!("RM{}é", &digits[2..]), "'é' at offset 32"),
        (format!("RM{}é", &digits[1..]), "non-ASCII characters"),
    ] {
        let error = text.parse::<RoomSid>().unwrap_err();
        assert_eq!(error.input(), text);
        let expected = format!("expected RM and 32 hexadecimal digits, got {difference}");
        assert!(error.to_string().ends_with(&expected), "{error}");
    }
}

#[test]
fn the_message_is_for_a_person() {
    let told = |text: &str| text.parse::<SourceSid>().unwrap_err().to_string();
    let zeros = "0".repeat(31);
    assert_eq!(
        told(&format!("M10{zeros}")),
        format!(
            "invalid source SID \"M10{zeros}\": expected two letters and 32 hexadecimal digits, got prefix \"M1\""
        ),
    );
    assert_eq!(
        told(&format!("MT{zeros}\u{1b}")),
        format!(
            "invalid source SID \"MT{zeros}\\u{{1b}}\": expected two letters and 32 hexadecimal digits, got '\\u{{1b}}' at offset 33"
        ),
    );
}

#[test]
fn grouping_sid_is_that_of_a_room_or_a_participant() {
    let zeros = "0".repeat(32);
    assert!(matches!(format!("RM{zeros}").parse(), Ok(GroupingSid::Room(_))));
    assert!(matches!(format!("PA{zeros}").parse(), Ok(GroupingSid::Participant(_))));
    for (text, name, expected) in [
        (format!("MT{zeros}"), "grouping", "RM or PA and 32 hexadecimal digits, got prefix \"MT\""),
        ("é".to_owned(), "grouping", "RM or PA and 32 hexadecimal digits, got 1 character"),
        ("RM1".to_owned(), "room", "RM and 32 hexadecimal digits, got 3 characters"),
        ("PA1".to_owned(), "participant", "PA and 32 hexadecimal digits, got 3 characters"),
    ] {
        let error = text.parse::<GroupingSid>().unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("invalid {name} SID \"{text}\": expected {expected}")
        );
    }
}

#[test]
fn each_kind_has_its_prefix() {
    let of = |prefix: &str| format!("{prefix}{}", "a".repeat(32));
    assert!(of("RT").parse::<RecordingSid>().is_ok() && of("RM").parse::<RecordingSid>().is_err());
    assert!(of("AC").parse::<AccountSid>().is_ok() && of("RM").parse::<AccountSid>().is_err());
    assert!(
        of("PA").parse::<ParticipantSid>().is_ok() && of("RM").parse::<ParticipantSid>().is_err()
    );
    assert!(of("SK").parse::<ApiKeySid>().is_ok() && of("RM").parse::<ApiKeySid>().is_err());
    assert!(
        of("OQ").parse::<OAuthClientSid>().is_ok() && of("SK").parse::<OAuthClientSid>().is_err()
    );
    assert!(of("zQ").parse::<SourceSid>().is_ok() && of("z1").parse::<SourceSid>().is_err());
}

#[test]
fn thirty_four_bytes_and_the_usual_traits() {
    fn has_the_usual_traits<T>()
    where
        T: Copy + Ord + std::hash::Hash + AsRef<str> + Send + Sync + std::fmt::Debug + 'static,
        T: std::str::FromStr<Err = ParseSidError>,
    {
        assert_eq!(size_of::<T>(), 34);
    }
    has_the_usual_traits::<RoomSid>();
    has_the_usual_traits::<RecordingSid>();
    has_the_usual_traits::<AccountSid>();
    has_the_usual_traits::<SourceSid>();
    has_the_usual_traits::<ParticipantSid>();
    has_the_usual_traits::<ApiKeySid>();
    has_the_usual_traits::<OAuthClientSid>();
}

#[test]
fn sids_that_differ_in_case_are_equal_and_print_as_they_came() {
    let text = "RM0123456789abcdef0123456789ABCDEF";
    let (sid, lower) =
        (text.parse::<RoomSid>().unwrap(), format!("RM{}", text[2..].to_lowercase()));
    let other: RoomSid = lower.parse().unwrap();

    assert_eq!(sid, other);
    assert_eq!(sid.cmp(&other), Ordering::Equal);
    assert_eq!(HashSet::from([sid, other]).len(), 1);
    assert!(sid == text && sid == lower.as_str());
    assert!(sid != &text[..33] && sid != text.replace('9', "8").parse::<RoomSid>().unwrap());
    assert_eq!((sid.to_string(), other.to_string()), (text.to_owned(), lower));
}

#[test]
fn sids_are_ordered_without_case() {
    let [first, second, third] =
        ["a", "B", "c"].map(|digit| format!("RM{}", digit.repeat(32)).parse::<RoomSid>().unwrap());
    assert!(first < second && second < third);
}

#[test]
fn values_are_ordered_by_their_text() {
    use twilio_room_recordings::Status;

    let sorted = ["Archived", "completed", "deleted", "failed", "nearly", "processing", "zero"];
    let mut statuses: Vec<_> = sorted.iter().rev().map(|text| Status::from(*text)).collect();
    statuses.sort();
    assert_eq!(statuses.iter().map(Status::as_str).collect::<Vec<_>>(), sorted);
}

#[test]
fn enum_equals_the_texts_that_it_is_parsed_from() {
    use twilio_room_recordings::{Codec, Status};

    assert!(Codec::Opus == "opus" && Codec::Opus == "OPUS" && Codec::Opus != "VP8");
    let unknown = Status::from("Archived");
    assert!(unknown == "Archived" && unknown != "archived" && unknown != "completed");
}

proptest! {
    #[test]
    fn parse_and_print_agree(text in "[a-zA-Z]{2}[0-9a-fA-F]{32}") {
        let sid: SourceSid = text.parse().unwrap();
        prop_assert_eq!(sid.to_string(), &text[..]);
        prop_assert_eq!(sid.as_ref(), &text[..]);
        prop_assert_eq!(format!("{sid:?}"), format!("SourceSid({text})"));
        let json = serde_json::to_string(&sid).unwrap();
        prop_assert_eq!(&json, &format!("\"{text}\""));
        prop_assert_eq!(serde_json::from_str::<SourceSid>(&json).unwrap(), sid);
        let flipped: String = text.chars().map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }).collect();
        prop_assert_eq!(sid, flipped.parse::<SourceSid>().unwrap());
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,40}|RM[0-9a-g\u{e9}\u{1b}]{28,34}") {
        if let Err(error) = text.parse::<RoomSid>() {
            prop_assert!(!error.to_string().chars().any(char::is_control));
        }
    }
}
