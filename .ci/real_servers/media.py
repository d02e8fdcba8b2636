"""Recordings with media: what the storage serves, and what an archive must hold."""

import hashlib
import json
import random
from functools import cache

from api import recording


def sid(number):
    return recording(number)["sid"]


@cache
def media(number, size):
    """The media of a recording of this size."""
    return random.Random(number).randbytes(size)


def records(sizes):
    """The records of recordings. `sizes` has the size of each by its number."""
    return [recording(number, size=size) for number, size in sizes.items()]


def assert_holds(archive, sizes, media=media):
    """The folder holds the media of these recordings and their records, and nothing else."""
    files = {file.name: file for file in archive.iterdir() if file.name != "lost+found"}
    listed = files.pop("recordings.ndjson").read_text().splitlines()
    assert sorted(files) == [f"{sid(number)}.mka" for number in sorted(sizes)]
    assert sorted(json.loads(line)["sid"] for line in listed) == [sid(number) for number in sorted(sizes)]
    for number, size in sizes.items():
        expected = hashlib.sha256(media(number, size)).hexdigest()
        assert sha256(files[f"{sid(number)}.mka"]) == expected, f"the media of recording {number}"


def sha256(file):
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


# A partial file is synced at each multiple of so many bytes, and resumed there after a kill.
STEP = 8 << 20


def partial_size(archive):
    return sum(file.stat().st_size for file in archive.glob("*.part"))
