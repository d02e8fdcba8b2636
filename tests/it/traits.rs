//! The traits that each public type has, asserted when this compiles.

use std::error::Error as StdError;
use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::io::Read;
use std::iter::FusedIterator;
use std::ops::ControlFlow;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;
use twilio_room_recordings::*;

/// What every type has.
const fn sent_and_shared<T: Debug + Send + Sync + Unpin + 'static>() {}
const fn value<
    T: Clone + Debug + Eq + Send + Sync + Unpin + UnwindSafe + RefUnwindSafe + 'static,
>() {
}
const fn key<T: Clone + Ord + Hash>() {}
const fn hashed<T: Hash>() {}
const fn text<T: Display + Serialize + DeserializeOwned>() {}
const fn parsed<T: AsRef<str> + FromStr>() {}
const fn error<T: StdError + Send + Sync + 'static>() {}
const fn iterator<T: FusedIterator>() {}
const fn made_from<T: for<'a> From<&'a str>>() {}
const fn compared_with_text<T: for<'a> PartialEq<&'a str>>() {}

macro_rules! assert_for {
    ($assertion:ident: $($type:ty),* $(,)?) => {
        const _: () = { $($assertion::<$type>();)* };
    };
}

assert_for!(sent_and_shared: Client, ClientBuilder, Credentials, Error, ListRecordings, Media, MediaReader,
    Download<fn(Progress) -> ControlFlow<()>>,
    Page, Pages, RecordingResource, RecordingsIter, Retry<'static>);
assert_for!(value: AccountSid, ApiKeySid, OAuthClientSid, InvalidRecord, Codec, ContainerFormat, Deletion,
    Downloaded, Encryption, ErrorKind, GroupingSid, Phase, TimeoutError, TransportError, GroupingSids, InvalidInput, Links, ParseSidError,
    PartialFile, ParticipantSid, Progress, RecordingSid, RecordingType, ResumePoint, RetryPolicy, RoomRecording,
    RoomSid, ApiError, SignedUrl, SourceSid, Status, UnknownValue);
assert_for!(key: AccountSid, ApiKeySid, OAuthClientSid, Codec, ContainerFormat, GroupingSid, ParticipantSid, RecordingSid,
    RecordingType, RoomSid, SourceSid, Status, UnknownValue);
assert_for!(hashed: Deletion, Downloaded, Encryption, GroupingSids, Links, PartialFile, Progress, ResumePoint,
    RetryPolicy, RoomRecording);
assert_for!(text: AccountSid, ApiKeySid, OAuthClientSid, Codec, ContainerFormat, ParticipantSid, RecordingSid,
    RecordingType, RoomSid, SourceSid, Status);
assert_for!(parsed: AccountSid, ApiKeySid, OAuthClientSid, ParticipantSid, RecordingSid, RoomSid,
    SourceSid);
assert_for!(made_from: Codec, ContainerFormat, RecordingType, Status);
assert_for!(compared_with_text: AccountSid, ApiKeySid, Codec, ContainerFormat, ParticipantSid,
    RecordingSid, RecordingType, RoomSid, SourceSid, Status);
assert_for!(error: ApiError, Error, ParseSidError, TimeoutError, TransportError);
assert_for!(cloned: Error);
assert_for!(iterator: Pages, RecordingsIter);

const fn cloned<T: Clone>() {}
const fn copied<T: Copy>() {}
const fn read<T: Read>() {}
const fn stored<T: Serialize + DeserializeOwned>() {}

assert_for!(cloned: Client, ClientBuilder, ListRecordings, RecordingResource);
assert_for!(copied: AccountSid, ApiKeySid, OAuthClientSid, Deletion, ParticipantSid, Progress,
    RecordingSid, RoomSid, SourceSid);
assert_for!(read: MediaReader);
assert_for!(stored: GroupingSids, Links, ResumePoint, RoomRecording);

/// The size of what is passed around by value.
#[test]
fn an_error_is_a_pointer_and_a_client_too() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
    assert_eq!(size_of::<Client>(), size_of::<usize>());
    assert_eq!(size_of::<Option<RoomSid>>(), 35);
}
