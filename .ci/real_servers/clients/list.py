"""Prints the recordings of a room with the official client, one per line: ROOM PAGE_SIZE."""

import json
import os
import sys

from twilio.rest import Client

client = Client(os.environ["TWILIO_ACCOUNT_SID"], os.environ["TWILIO_AUTH_TOKEN"])
for it in client.video.v1.rooms(sys.argv[1]).recordings.stream(page_size=int(sys.argv[2])):
    record = {
        "sid": it.sid,
        "status": it.status,
        "account_sid": it.account_sid,
        "room_sid": it.room_sid,
        "date_created": it.date_created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "source_sid": it.source_sid,
        "track_name": it.track_name,
        "type": it.type,
        "codec": it.codec,
        "container_format": it.container_format,
        "size": it.size,
        "duration": it.duration,
        "offset": it.offset,
        "grouping_sids": it.grouping_sids,
        "url": it.url,
        "links": it.links,
        "media_external_location": it.media_external_location,
    }
    print(json.dumps(record))
