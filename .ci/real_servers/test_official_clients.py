"""twilio-python and twilio-node beside the tool, all at https://video.twilio.com, which is the API on
this machine: the records that they list and fetch are equal field by field."""

import json
import random
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from api import recording
from harness import PACKAGES, ROOM, TOOL, run
from selection import selection

HERE = Path(__file__).parent
COMMANDS = {
    "twilio-python": ["python", HERE / "official_client.py"],
    "twilio-node": ["node", HERE / "official_client.js"],
}

ROOMS = [ROOM, "RM" + "c" * 32, "RM" + "d" * 32]

# The fields that the classes of the official clients do not have.
ONLY_OURS = {
    "room": {"date_updated", "date_deleted", "encryption_key", "status_callback", "status_callback_method"},
    "account": {"date_updated", "date_deleted", "encryption_key", "room_sid"},
}

RANDOM = random.Random(17)


def random_recording(number):
    """A record with values that the service has been seen to send, and null where it may be."""

    def maybe(value):
        return RANDOM.choice([value, value, None])

    room = RANDOM.choice(ROOMS)
    path = f"https://video.twilio.com/v1/Rooms/{room}/Recordings/RT{number:032x}"
    return recording(
        number,
        room,
        status=RANDOM.choice(["processing", "completed", "completed", "deleted", "failed"]),
        source_sid=maybe(f"MT{RANDOM.randrange(4):032x}"),
        date_created=random_date(range(1, 29)),
        date_updated=maybe(random_date(range(1, 29))),
        date_deleted=maybe(random_date(range(1, 29))),
        status_callback=maybe("https://example.com/callback"),
        status_callback_method=maybe("POST"),
        url=maybe(path),
        size=maybe(RANDOM.randrange(2**53)),
        type=maybe(RANDOM.choice(["audio", "video", "data"])),
        duration=maybe(RANDOM.randrange(2**31)),
        container_format=maybe(RANDOM.choice(["mka", "mkv", "mp4"])),
        codec=maybe(RANDOM.choice(["VP8", "H264", "opus", "PCMU", "AV1"])),
        track_name=maybe(f"“{number}”\n\t\\ 🎤"),
        offset=maybe(RANDOM.randrange(-(2**53), 2**53)),
        grouping_sids={"room_sid": room, "participant_sid": maybe(f"PA{RANDOM.randrange(6):032x}")},
        media_external_location=maybe("https://bucket.s3.amazonaws.com/my/path"),
        encryption_key=maybe("a public key"),
        links=maybe({"media": f"{path}/Media"}),
    )


def random_date(days, zones=("Z",)):
    """A date-time that several records may share."""
    day, hour, minute = RANDOM.choice(days), RANDOM.randrange(24), RANDOM.choice([0, 30])
    return f"2026-11-{day:02}T{hour:02}:{minute:02}:00{RANDOM.choice(zones)}"


def random_filters(account):
    zones = ["Z", "+05:30", "-08:00"]
    values = {
        "Status": RANDOM.choice(["processing", "completed", "deleted", "failed"]),
        "SourceSid": f"MT{RANDOM.randrange(4):032x}",
        "DateCreatedAfter": random_date(range(1, 14), zones),
        "DateCreatedBefore": random_date(range(15, 29), zones),
    }
    if account:
        groups = ROOMS + [f"PA{number:032x}" for number in range(6)]
        values["GroupingSid"] = RANDOM.sample(groups, RANDOM.randrange(1, 4))
        values["MediaType"] = RANDOM.choice(["audio", "video", "data"])
    kept = RANDOM.sample(list(values), RANDOM.choice([1, 1, 2, 2, 3]))
    return {name: values[name] for name in kept}


RECORDS = [random_recording(number) for number in range(500)]
EARLY, LATE = sorted(record["date_created"] for record in RECORDS)[100:400:299]


def in_zone(date, hours):
    return datetime.fromisoformat(date).astimezone(timezone(timedelta(hours=hours))).isoformat()


# One filter each, and several together; the bounds are dates of records.
EACH_FILTER = [
    {},
    {"PageSize": 20},
    {"Status": "completed"},
    {"Status": "processing"},
    {"SourceSid": f"MT{2:032x}"},
    {"DateCreatedAfter": EARLY},
    {"DateCreatedBefore": LATE},
    {"DateCreatedAfter": in_zone(EARLY, 5.5), "DateCreatedBefore": in_zone(LATE, -8)},
]
EACH_ACCOUNT_FILTER = [
    {"MediaType": "video"},
    {"GroupingSid": [ROOMS[1]]},
    {"GroupingSid": [f"PA{1:032x}", f"PA{4:032x}", ROOMS[2]]},
    {"GroupingSid": [ROOMS[0], ROOMS[2]], "MediaType": "audio", "Status": "completed"},
]

LISTINGS = {
    "room": [(room, filters) for filters in EACH_FILTER for room in ROOMS[:2]]
    + [(RANDOM.choice(ROOMS), random_filters(account=False)) for _ in range(20)],
    "account": [(None, filters) for filters in EACH_FILTER + EACH_ACCOUNT_FILTER]
    + [(None, random_filters(account=True)) for _ in range(20)],
}


@pytest.fixture
def service(api, authority):
    return api([*RECORDS], certificate=authority.certificate("video.twilio.com"))


@pytest.fixture
def tool(authority):
    def records(*arguments):
        return run(TOOL, *arguments, SSL_CERT_FILE=authority.file).succeeded().records

    return records


@pytest.fixture(params=COMMANDS)
def official(request, authority):
    """Does jobs with an official client."""

    def results(*jobs):
        jobs = [{"filters": {}, **job} for job in jobs]
        trust = {"REQUESTS_CA_BUNDLE": authority.file, "TWILIO_CA_BUNDLE": authority.file}
        finished = run(*COMMANDS[request.param], json.dumps(jobs), NODE_PATH=PACKAGES, **trust)
        return json.loads(finished.succeeded().stdout)

    return results


@pytest.mark.parametrize("scope", LISTINGS)
def test_lists_are_equal(scope, service, tool, official):
    jobs = [{"action": "list", "room": room, "filters": filters} for room, filters in LISTINGS[scope]]

    results = official(*jobs)

    assert sum(map(bool, results)) > len(jobs) / 2, "most listings have records"
    for job, theirs in zip(jobs, results, strict=True):
        ours = tool("list", "--json", *selection(job["room"], job["filters"]))
        assert_equal(ours, theirs, ONLY_OURS[scope], job)


def test_one_recording_is_fetched_equal_and_gone_once_deleted(service, tool, official):
    room = RECORDS[0]["room_sid"]
    ours, theirs = [it["sid"] for it in RECORDS if it["room_sid"] == room][:2]
    job = {"action": "fetch", "room": room, "recording": ours}
    assert_equal(tool("fetch", room, ours), official(job), ONLY_OURS["room"], job)

    tool("delete", room, ours)
    assert official(job | {"action": "delete", "recording": theirs}) == [True]

    jobs = [{"action": "list", "room": listed} for listed in [room, None]]
    for job, listed, scope in zip(jobs, official(*jobs), ["room", "account"], strict=True):
        remaining = tool("list", "--json", *selection(job["room"], {}))
        assert not {ours, theirs} & {record["sid"] for record in remaining}
        assert_equal(remaining, listed, ONLY_OURS[scope], job)


def assert_equal(ours, theirs, only_ours, job):
    assert [it["sid"] for it in ours] == [it["sid"] for it in theirs], job
    for our, their in zip(ours, theirs, strict=True):
        assert set(our) - set(their) == only_ours, job
        # The tool writes the codecs that it knows in upper case.
        their["codec"] = {"opus": "OPUS"}.get(their["codec"], their["codec"])
        assert {name: our[name] for name in their} == their, job
