"""Prism between the tool and the API, or in its place: each request and each response is valid by
Twilio's published description of the API, and the tool reads what the description allows.

The description has neither the media of a recording nor OAuth.
"""

import json
from collections import Counter
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

import description
from api import AUTHORIZATION, recording
from comparison import differences, expected
from description import LISTS, examples, is_valid, narrowed, operations, printed
from harness import ROOM, TOOL, free_port, run
from selection import selection

RECORDS = [
    recording(number, status=status, type=kind)
    for number, (status, kind) in enumerate(
        [("completed", "audio"), ("processing", "video"), ("failed", "data"), ("deleted", "audio")] * 20
    )
]
FIRST = RECORDS[0]

FILTERS = [
    {},
    {"PageSize": 30},
    *[{"Status": status} for status in ("processing", "completed", "deleted", "failed")],
    {"SourceSid": FIRST["source_sid"]},
    {"DateCreatedAfter": "2026-11-10"},
    {"DateCreatedAfter": "0001-01-01T00:00:00Z"},
    {"DateCreatedBefore": "2026-11-10T12:00:00.5+05:30"},
    {"DateCreatedBefore": "9999-12-31T23:59:59Z"},
    {
        "Status": "completed",
        "SourceSid": FIRST["source_sid"],
        "DateCreatedAfter": FIRST["date_created"],
        "DateCreatedBefore": "2026-12-01T00:00:00Z",
        "PageSize": 1,
    },
]
ACCOUNT_FILTERS = [
    *[{"MediaType": kind} for kind in ("audio", "video", "data")],
    {"GroupingSid": [ROOM]},
    {"GroupingSid": [f"PA{2:032x}", f"PA{3:032x}"], "MediaType": "audio", "PageSize": 7},
]
LISTINGS = {
    "room": [selection(ROOM, filters) for filters in FILTERS],
    "account": [selection(None, filters) for filters in FILTERS + ACCOUNT_FILTERS],
}


@pytest.fixture
def prism(serve):
    """Starts Prism: `prism("mock", argument…)`."""

    def start(command, *arguments, document=description.FILE):
        port = free_port()
        serve(port, "prism", command, "--errors", "--port", port, document, *arguments)
        return f"http://127.0.0.1:{port}"

    return start


def fetch(url, **headers):
    with urlopen(Request(url, headers={"Authorization": AUTHORIZATION} | headers)) as response:
        return json.load(response)


def test_prism_rejects_what_the_description_does_not_have(prism):
    url = prism("mock")
    list_url, media = f"{url}/v1/Rooms/{ROOM}/Recordings", f"{FIRST['sid']}/Media"

    for path, headers, status in [
        ("?PageSize=abc", {}, 422),
        ("?PageSize=1001", {}, 422),
        ("?Page=-1", {}, 422),
        ("?Status=archived", {}, 422),
        ("?SourceSid=MT1", {}, 422),
        ("?DateCreatedAfter=2026-11-10", {}, 422),
        ("", {"Authorization": "Bearer token"}, 401),
        (f"/{media}", {}, 404),
    ]:
        with pytest.raises(HTTPError) as rejection:
            fetch(list_url + path, **headers)
        assert rejection.value.code == status, path


@pytest.mark.parametrize("kind", LISTINGS)
def test_every_listing_is_valid(kind, api, prism):
    service = api(RECORDS)
    url = prism("proxy", service.url)

    for selected in LISTINGS[kind]:
        direct = run(TOOL, "list", "--json", *selected, base_url=service.url).succeeded()
        requests = service.requests.total()
        validated = run(TOOL, "list", "--json", *selected, "--retries", 0, base_url=url).succeeded()

        assert validated.records == direct.records, selected
        assert validated.records, selected
        if "--page-size" in selected:
            assert service.requests.total() > requests + 1, selected


def test_fetch_and_delete_are_valid(api, prism):
    service = api([*RECORDS])
    url = prism("proxy", service.url)

    fetched = run(TOOL, "fetch", ROOM, FIRST["sid"], base_url=url).succeeded()
    run(TOOL, "delete", ROOM, FIRST["sid"], base_url=url).succeeded()

    assert fetched.records == [FIRST]
    assert service.records == RECORDS[1:]
    assert service.requests == {("GET", "recording"): 1, ("DELETE", "recording"): 1}


def test_an_api_key_is_valid(prism):
    key = {"TWILIO_API_KEY": "SK" + "e" * 32, "TWILIO_API_SECRET": "the-secret"}
    [example] = examples(LISTS["room"] + "/{Sid}").values()

    fetched = run(TOOL, "fetch", example["room_sid"], example["sid"], base_url=prism("mock"), **key)

    assert fetched.succeeded().records == [printed(example)]


def preferring(nginx, mock, ports, preference, rewrite=""):
    """nginx before Prism, which tells Prism what to return."""
    nginx(
        ports[0],
        f"""
        server {{
            listen 127.0.0.1:{ports[0]}-{ports[-1]};
            {rewrite}
            location / {{ proxy_pass {mock}; proxy_set_header Prefer "{preference}"; }}
        }}
        """,
    )
    return [f"http://127.0.0.1:{port}" for port in ports]


def test_the_examples_decode(prism, nginx):
    mock = prism("mock")
    room, sid = "RM" + "a" * 32, "RT" + "a" * 32
    commands = {
        LISTS["room"]: ["list", "--json", room],
        LISTS["account"]: ["list", "--json", "--account"],
        LISTS["room"] + "/{Sid}": ["fetch", room, sid],
        LISTS["account"] + "/{Sid}": ["fetch", room, sid],
    }
    assert set(commands) == {path for method, path, _ in operations() if method == "get"}

    for path, command in commands.items():
        # The library fetches a recording by its room.
        by_room = "rewrite ^/v1/Rooms/[^/]+/(.+)$ /v1/$1;" if path == LISTS["account"] + "/{Sid}" else ""
        for name, example in examples(path).items():
            [url] = preferring(nginx, mock, [free_port()], f"example={name}", by_room)
            records = run(TOOL, *command, base_url=url).succeeded().records
            assert records == [printed(record) for record in example.get("recordings", [example])]


@pytest.fixture
def random_api(prism, nginx, tmp_path):
    """The URLs of Prism with random responses: the same with each request to one URL."""
    document = tmp_path / "narrowed.json"
    document.write_text(json.dumps(narrowed()))
    mock = prism("mock", document=document)
    return preferring(nginx, mock, range(20000, 20060), "dynamic=true, seed=$server_port")


@pytest.mark.parametrize("kind", LISTS)
def test_random_records_decode(kind, random_api):
    """A record is invalid only if it lacks a room or another field that every record needs."""
    path = LISTS[kind].replace("{RoomSid}", ROOM)
    decoded = invalid = 0

    for url in random_api:
        records = fetch(url + path)["recordings"]
        valid = [record for record in records if is_valid(record)]

        listed = run(TOOL, "list", "--json", ROOM if kind == "room" else "--account", base_url=url)

        assert listed.records == [printed(record) for record in valid], url
        assert listed.stderr.count("invalid record") == len(records) - len(valid), listed.stderr
        decoded, invalid = decoded + len(valid), invalid + len(records) - len(valid)
    assert decoded > 50 and invalid > 50


def test_random_recordings_are_fetched(random_api):
    statuses = Counter()

    for url in random_api:
        record = fetch(f"{url}/v1/Rooms/{ROOM}/Recordings/{FIRST['sid']}")
        fetched = run(TOOL, "fetch", ROOM, record["sid"] or FIRST["sid"], base_url=url)

        assert fetched.records == ([printed(record)] if is_valid(record) else []), url
        statuses[fetched.status] += 1
    assert statuses[0] > 5 and statuses[0] + statuses[1] == len(random_api)


def test_every_difference_to_the_library_is_explained(tmp_path):
    """The option `-s` prints the differences with their reasons."""
    reasons = expected()

    found = differences(tmp_path)

    for difference in sorted(found):
        print(f"{difference}: {reasons.get(difference, 'UNEXPLAINED')}")
    unexplained, gone = found - reasons.keys(), reasons.keys() - found
    assert not unexplained
    assert not gone
