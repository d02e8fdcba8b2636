"""Compares the description of the API with the library: each is a set of sentences, and each
difference has a reason."""

import re

from api import Api, json_response
from description import (
    DOCUMENT,
    LISTS,
    REQUIRED,
    examples,
    operations,
    printed,
    record_schema,
    resolved,
)
from harness import ROOT, TOOL, run
from selection import selection

FILTERS = {
    "Status": "completed",
    "SourceSid": "MT" + "a" * 32,
    "DateCreatedAfter": "2026-11-01T00:00:00Z",
    "DateCreatedBefore": "2026-12-01T00:00:00Z",
    "GroupingSid": "PA" + "a" * 32,
    "MediaType": "audio",
}

# The library's enums, by the names of the fields and of the filters.
FIELD_ENUMS = {
    "status": "Status",
    "type": "RecordingType",
    "codec": "Codec",
    "container_format": "ContainerFormat",
}
FILTER_ENUMS = {"Status": "Status", "MediaType": "RecordingType"}

# A record of each list, of one recording in one room.
SAMPLES = {kind: examples(path)["readResults"]["recordings"][0] for kind, path in LISTS.items()}
SID, ROOM = SAMPLES["room"]["sid"], SAMPLES["room"]["room_sid"]


def by_document():
    """The sentences that hold by the description."""
    sentences = {f"{method.upper()} {path}" for method, path, _ in operations()}
    schemes = DOCUMENT["components"]["securitySchemes"]
    for _, _, operation in operations():
        names = [name for alternative in operation["security"] for name in alternative]
        sentences |= {f"authorization: {schemes[name]['scheme']}" for name in names}

    for kind, path in LISTS.items():
        parameters = DOCUMENT["paths"][path]["get"]["parameters"]
        for parameter in (it for it in parameters if it["in"] == "query"):
            name, schema = f"{kind} list: {parameter['name']}", resolved(parameter["schema"])
            sentences |= {name} | {f"{name}={value}" for value in schema.get("enum", [])}
            if "maximum" in schema:
                sentences.add(f"{name} is at most {schema['maximum']}")

        record = record_schema(kind)
        for field, reference in record["properties"].items():
            name, schema = f"{kind} record: {field}", resolved(reference)
            sentences |= {name} | {f"{name}={value}" for value in schema.get("enum", [])}
            if schema.get("nullable"):
                sentences.add(f"{name} may be null")
            if field not in record.get("required", []):
                sentences.add(f"{name} may be absent")
    return sentences


def by_library(folder):
    """The sentences that hold by what the tool sends, and by what it prints of a record."""
    recorder = Recorder()
    try:
        sentences = of_requests(recorder, folder)
        for kind in LISTS:
            sentences |= of_filters(kind, recorder) | of_records(kind, recorder)
        return sentences
    finally:
        recorder.close()


class Recorder(Api):
    """Returns one body to every request."""

    def __init__(self):
        self.seen = []
        self.body = None
        super().__init__([])

    def respond(self, request):
        self.seen.append(request)
        return json_response(200, self.body)

    def run(self, *arguments, **variables):
        """Runs the tool, and keeps only its requests."""
        self.seen.clear()
        return run(TOOL, *arguments, "--retries", 0, base_url=self.url, **variables)


def list_of(*records, next_page_url=None):
    return {"meta": {"next_page_url": next_page_url}, "recordings": records}


def of_requests(recorder, folder):
    commands = [
        ["list", ROOM],
        ["list", "--account"],
        ["fetch", ROOM, SID],
        ["delete", ROOM, SID],
        ["archive", "--to", folder, ROOM],
    ]
    oauth = {
        "TWILIO_CLIENT_ID": "OQ" + "f" * 32,
        "TWILIO_CLIENT_SECRET": "the-secret",
        "TWILIO_OAUTH_BASE_URL": recorder.url,
    }
    # One body for a list, a recording and an OAuth token.
    token = {"access_token": "token", "token_type": "Bearer", "expires_in": 3600}
    recorder.body = list_of(SAMPLES["room"]) | SAMPLES["room"] | token

    sentences = set()
    for command in commands:
        for credentials in [{}, oauth]:
            recorder.run(*command, **credentials)
            for request in recorder.seen:
                path = request.path.replace(ROOM, "{RoomSid}").replace(SID, "{Sid}")
                sentences.add(f"{request.method} {path}")
                if request.authorization:
                    sentences.add(f"authorization: {request.authorization.type}")
    return sentences


def of_filters(kind, recorder):
    def sent(**filters):
        recorder.run("list", *selection(ROOM if kind == "room" else None, filters))
        return {(name, value) for request in recorder.seen for name, value in request.args.items(multi=True)}

    recorder.body = list_of(next_page_url=f"{recorder.url}/?Page=1&PageToken=PT1")
    parameters = {pair for name, value in FILTERS.items() for pair in sent(**{name: value})}
    sentences = {f"{kind} list: {name}" for name, _ in parameters}

    for name, enum in FILTER_ENUMS.items():
        values = [value for variant in variants(enum) for value in sent(**{name: variant.lower()})]
        sentences |= {f"{kind} list: {name}={value}" for parameter, value in values if parameter == name}

    largest = max(int(value) for name, value in parameters if name == "PageSize")
    if not sent(PageSize=largest + 1):
        sentences.add(f"{kind} list: PageSize is at most {largest}")
    return sentences


def of_records(kind, recorder):
    def read(record):
        recorder.body = list_of(record)
        records = recorder.run("list", "--json", ROOM if kind == "room" else "--account").records
        return records[0] if records else None

    sample, sentences = SAMPLES[kind], set()
    for field, value in read(sample).items():
        name = f"{kind} record: {field}"
        if field in sample and value != printed(sample)[field]:
            continue
        sentences.add(name)
        if field not in sample:
            continue
        if read(sample | {field: None}):
            sentences.add(f"{name} may be null")
        if read({other: value for other, value in sample.items() if other != field}):
            sentences.add(f"{name} may be absent")
        # The library writes a value that it knows in one form, and keeps any other.
        for variant in variants(FIELD_ENUMS.get(field)):
            sentences.add(f"{name}={read(sample | {field: variant.swapcase()})[field]}")
    return sentences


def variants(enum):
    """The variants of one of the library's enums, less the one for other values."""
    public_api = (ROOT / "tests/public_api.txt").read_text()
    found = re.findall(rf"^pub twilio_room_recordings::{enum}::(\w+)$", public_api, re.MULTILINE)
    assert found or enum is None, enum
    return found


def differences(folder):
    document, library = by_document(), by_library(folder)
    return {f"only the description: {it}" for it in document - library} | {
        f"only the library: {it}" for it in library - document
    }


def expected():
    """The known differences, and their reasons."""
    reasons = {
        "one path to a recording is enough, and the library takes the one with the room": [
            "only the description: GET /v1/Recordings/{Sid}",
            "only the description: DELETE /v1/Recordings/{Sid}",
        ],
        "the description names the media only as a link of the record": [
            "only the library: GET /v1/Rooms/{RoomSid}/Recordings/{Sid}/Media",
        ],
        "OAuth is described apart from the APIs that accept it": [
            "only the library: POST /v2/token",
            "only the library: authorization: bearer",
        ],
        "one type is the record of both lists": [
            "only the library: room record: status_callback",
            "only the library: room record: status_callback_method",
        ],
        "the room of such a record is in grouping_sids": [
            "only the library: account record: room_sid",
            "only the description: account record: grouping_sids may be null",
            "only the description: account record: grouping_sids may be absent",
        ],
        "the library keeps it as text, because it takes no decision by it": [
            "only the description: account record: status_callback_method=GET",
            "only the description: account record: status_callback_method=POST",
        ],
        "the examples of earlier descriptions had it": [
            f"only the library: {kind} record: {field}"
            for kind in LISTS
            for field in ("date_updated", "date_deleted", "encryption_key")
        ],
        "a record without it is invalid": [
            f"only the description: {kind} record: {field} may be {state}"
            for kind in LISTS
            for field in REQUIRED
            for state in ("null", "absent")
            if (field, state) != ("status", "null")
        ],
        "it was nullable before, and old records have null": [
            f"only the library: {kind} record: {field} may be null"
            for kind in LISTS
            for field in ("type", "codec", "container_format")
        ],
    }
    return {difference: reason for reason, those in reasons.items() for difference in those}
