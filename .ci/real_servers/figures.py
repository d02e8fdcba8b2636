"""What the measurements share: prepared services, and tables of what programs used."""

import json
import os
import shutil
import statistics

from harness import ROOM

STORAGE = "https://storage.example"

TIME, CPU, MEMORY = ("time", "{:.2f} s"), ("CPU time", "{:.2f} s"), ("peak memory", "{:.1f} MB")


def compare(title, rounds, programs, columns=(TIME, CPU, MEMORY)):
    """Runs programs in turn, and prints the medians of the first values that they return, those of
    the others with their ratio to the first program's."""
    used = {name: [] for name in programs}
    for _ in range(rounds):
        for name, program in programs.items():
            used[name].append(program()[: len(columns)])
    medians = {name: [statistics.median(it) for it in zip(*runs, strict=True)] for name, runs in used.items()}
    first = next(iter(medians.values()))

    print(f"\n| {title} | {' | '.join(heading for heading, _ in columns)} |\n|{'---|' * (1 + len(columns))}")
    for name, median in medians.items():
        cells = [unit.format(value) for (_, unit), value in zip(columns, median, strict=True)]
        if median is not first:
            ratios = zip(cells, median, first, strict=True)
            cells = [f"{cell} ({value / base:.1f} times)" for cell, value, base in ratios]
        print(f"| {name} | {' | '.join(cells)} |")


def empty(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def write_pages(folder, records, size=1000, path=f"/v1/Rooms/{ROOM}/Recordings"):
    """Writes the pages of a listing, each with its page token as its name."""
    folder.mkdir(parents=True)
    url = f"https://video.twilio.com{path}?PageSize={size}"
    for start in range(0, len(records), size):
        end = start + size
        following = f"{url}&Page={end // size}&PageToken=PT{end}" if end < len(records) else None
        meta = {"key": "recordings", "url": url, "page": start // size, "page_size": size}
        meta |= {"first_page_url": url, "previous_page_url": None, "next_page_url": following}
        page = {"meta": meta, "recordings": records[start:end]}
        (folder / f"PT{start}").write_text(json.dumps(page))


def write_media(file, size):
    with file.open("wb") as media:
        for start in range(0, size, 1 << 20):
            media.write(os.urandom(min(size - start, 1 << 20)))


def service(folder, listen):
    """The API and the storage, as files that nginx serves. A deletion changes none of them."""
    return f"""
        map $arg_PageToken $page {{ "" PT0; default $arg_PageToken; }}
        map $arg_DateCreatedAfter $window {{ "" all; "~^2026-11-0(?<day>[0-9])" $day; }}
        server {{
            {listen} default_type application/json; keepalive_requests 100000;
            if ($request_method = DELETE) {{ return 204; }}
            location = /v1/Rooms/{ROOM}/Recordings {{ alias {folder}/pages/$page; }}
            location = /v1/Recordings {{ alias {folder}/windows/$window/$page; }}
            location ~ ^/v1/Rooms/{ROOM}/Recordings/\\w+/Media$ {{ return 302 {STORAGE}/media; }}
            location = /media {{ alias {folder}/media; }}
        }}
    """
