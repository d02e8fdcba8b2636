"""Does jobs with twilio-python, and prints the result of each: records, or whether one was deleted.

The argument is a JSON array of jobs: `action`, `room` (null for the account), `recording`, and
`filters` by the names of the API's parameters.
"""

import json
import os
import re
import sys
from datetime import UTC, datetime

from twilio.rest import Client


def result(video, job):
    recordings = video.rooms(job["room"]).recordings if job["room"] else video.recordings
    match job["action"]:
        case "list":
            return [fields(it) for it in recordings.list(**keywords(job["filters"]))]
        case "fetch":
            return fields(video.rooms(job["room"]).recordings(job["recording"]).fetch())
        case "delete":
            return video.rooms(job["room"]).recordings(job["recording"]).delete()


def keywords(filters):
    """The filters as arguments: `date_created_after=datetime(…)` for `DateCreatedAfter`."""
    arguments = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(): value for name, value in filters.items()}
    # twilio-python writes the local time of a date-time and calls it UTC, so it gets UTC.
    dates = {name: datetime.fromisoformat(it) for name, it in arguments.items() if name.startswith("date")}
    return arguments | {name: date.astimezone(UTC) for name, date in dates.items()}


def fields(recording):
    values = {name: value for name, value in vars(recording).items() if not name.startswith("_")}
    return values | {"date_created": recording.date_created.strftime("%Y-%m-%dT%H:%M:%SZ")}


client = Client(os.environ["TWILIO_ACCOUNT_SID"], os.environ["TWILIO_AUTH_TOKEN"])
print(json.dumps([result(client.video.v1, job) for job in json.loads(sys.argv[1])]))
