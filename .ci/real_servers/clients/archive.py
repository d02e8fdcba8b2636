"""Archives the recordings of a room with the official client and requests: ROOM FOLDER THREADS."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
from twilio.rest import Client

room, folder, threads = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
credentials = os.environ["TWILIO_ACCOUNT_SID"], os.environ["TWILIO_AUTH_TOKEN"]
session = requests.Session()
session.auth = credentials
session.mount("https://", requests.adapters.HTTPAdapter(pool_maxsize=threads))


def save(recording):
    file = folder / f"{recording.sid}.{recording.container_format}"
    partial = file.with_suffix(".part")
    with session.get(recording.links["media"], stream=True) as response:
        response.raise_for_status()
        with partial.open("wb") as out:
            for chunk in response.iter_content(64 * 1024):
                out.write(chunk)
    assert partial.stat().st_size == recording.size
    partial.rename(file)


with ThreadPoolExecutor(threads) as pool:
    recordings = Client(*credentials).video.v1.rooms(room).recordings.stream(page_size=1000)
    list(pool.map(save, recordings))
