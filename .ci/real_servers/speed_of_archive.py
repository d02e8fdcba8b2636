"""The speed of the tool where there is no other tool to compare it to: beside what the system has, or
beside itself.

The programs run in turn, and the medians are printed as the tables of the documentation's page on
performance.
"""

import json
import re
import socket
import subprocess
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from api import recording
from figures import CPU, MEMORY, TIME, compare, empty, write_media, write_pages
from harness import ROOM, TOOL, environment
from media import sha256, sid


def test_windows(tmp_path, delayed, measure):
    days = range(1, 9)
    dates = [f"2026-11-{1 + number // 12_500:02}T00:00:00Z" for number in range(100_000)]
    records = [recording(number, date_created=date) for number, date in enumerate(dates)]
    write_pages(tmp_path / "windows/all", records, 100, "/v1/Recordings")
    for day in days:
        of_day = records[12_500 * (day - 1) : 12_500 * day]
        write_pages(tmp_path / f"windows/{day}", of_day, 100, "/v1/Recordings")
    delayed(20)

    lists = f"{TOOL} list --json --account"
    windows = [f"--created-after 2026-11-{day:02} --created-before 2026-11-{day + 1:02}" for day in days]
    at_once = " & ".join(
        f"{lists} {window} > {tmp_path}/{day}" for day, window in zip(days, windows, strict=True)
    )

    def one():
        usage = measure(None, "sh", "-c", f"{lists} > {tmp_path}/1")
        return check(usage, [tmp_path / "1"])

    def eight():
        usage = measure(None, "sh", "-c", f"{at_once} & wait")
        return check(usage, [tmp_path / str(day) for day in days])

    def check(usage, files):
        assert sum(len(file.read_text().splitlines()) for file in files) == 100_000
        return usage

    programs = {"one listing, 1000 requests": one, "eight windows, 125 requests each": eight}
    compare("100,000 records of an account", 3, programs, (TIME, CPU))


def test_hashes(tmp_path, measure):
    folder = archive_of_eight(tmp_path)
    programs = {
        "`twilio-recordings verify`": lambda: measure(None, TOOL, "verify", folder),
        "`sha256sum`, two at a time": lambda: by_sha256sum(2),
        "`sha256sum`": lambda: by_sha256sum(1),
    }

    def by_sha256sum(number):
        sums = f"ls {folder}/*.mka | xargs --max-args 1 --max-procs {number} sha256sum"
        return measure(subprocess.DEVNULL, "sh", "-c", sums)

    compare("1 GiB in eight files", 5, programs, (TIME, CPU))


def archive_of_eight(tmp_path):
    """An archive of eight recordings of 128 MiB each, with the same bytes."""
    folder = empty(tmp_path / "archive")
    media = tmp_path / "media"
    write_media(media, 128 << 20)
    entries = []
    for number in range(8):
        record = recording(number, size=media.stat().st_size)
        (folder / f"{sid(number)}.mka").write_bytes(media.read_bytes())
        entries.append(entry(record, media))
    (folder / "recordings.ndjson").write_text("".join(entries))
    return folder


def entry(record, media):
    archive = {
        "file": f"{record['sid']}.{record['container_format']}",
        "size": media.stat().st_size,
        "sha256": sha256(media),
        "date": "2026-11-28T00:00:00Z",
    }
    return json.dumps(record | {"archive": archive}) + "\n"


def test_what_is_there(tmp_path, fast, measure):
    folder = archive_of_eight(tmp_path)
    write_pages(tmp_path / "pages", [recording(number, size=128 << 20) for number in range(8)])
    fast()
    archive = TOOL, "archive", "--quiet", "--to", folder, ROOM
    programs = {
        "`archive`, which compares sizes": lambda: measure(None, *archive),
        "`archive --delete`, which compares hashes, syncs and deletes": lambda: measure(
            None, *archive, "--delete"
        ),
    }
    compare("eight recordings that are there, 1 GiB", 5, programs, (TIME, CPU))


def test_queue():
    with socket.create_server(("127.0.0.1", 0)) as silent, LongRoom(silent.getsockname()[1]) as api:

        def peak(*command):
            """The peak memory when the last page is requested."""
            api.last_page.clear()
            api.is_measured.clear()
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            process = subprocess.Popen(command, env=environment(api.url), **quiet)
            api.last_page.wait()
            status = Path(f"/proc/{process.pid}/status").read_text()
            process.kill()
            api.is_measured.set()
            process.wait()
            return (int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024,)

        with tempfile.TemporaryDirectory() as folder:
            programs = {
                "`list --json`": lambda: peak(TOOL, "list", "--json", ROOM),
                "`archive`, with all of them in the queue": lambda: peak(
                    TOOL, "archive", "--to", folder, ROOM
                ),
            }
            compare("a million recordings", 3, programs, (MEMORY,))


class LongRoom:
    """A room with a million recordings, and a storage at this port."""

    PAGES = 1000

    def __init__(self, storage):
        self.storage = storage
        self.last_page, self.is_measured = threading.Event(), threading.Event()
        records = [
            json.dumps(recording(number)).replace(sid(number), f"{sid(0)[:-8]}#####{number:03}")
            for number in range(1000)
        ]
        self.records = ", ".join(records)
        room = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                room.respond(self)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def respond(self, request):
        url = urlsplit(request.path)
        if url.path.endswith("/Media"):
            request.send_response(302)
            request.send_header("Location", f"http://127.0.0.1:{self.storage}/media")
            body = b""
        else:
            (page,) = parse_qs(url.query).get("Page", ["0"])
            body = self.page(int(page)).encode()
            request.send_response(200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def page(self, number):
        following = number + 1
        if following == self.PAGES:
            self.last_page.set()
            # A listing ends soon after its last page.
            self.is_measured.wait()
        url = f"{self.url}/v1/Rooms/{ROOM}/Recordings?PageSize=1000&Page={following}&PageToken=PT{following}"
        meta = json.dumps({"next_page_url": url if following < self.PAGES else None})
        records = self.records.replace("#####", f"{number:05}")
        return f'{{"meta": {meta}, "recordings": [{records}]}}'


def test_merge(tmp_path, measure):
    folder = empty(tmp_path / "archive")
    encoders = {
        "mka": ["-i", "sine=duration=120", "-c:a", "libopus"],
        "mkv": ["-i", "testsrc=duration=120:size=320x240:rate=15", "-c:v", "libvpx"],
    }
    entries = []
    for number in range(4):
        form = ("mka", "mkv")[number % 2]
        file = folder / f"{sid(number)}.{form}"
        subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", *encoders[form], file], check=True)
        kind = {"mka": "audio", "mkv": "video"}[form]
        participant = {"room_sid": ROOM, "participant_sid": f"PA{number // 2:032x}"}
        fields = {"type": kind, "grouping_sids": participant, "offset": 1000 * number}
        entries.append(
            entry(recording(number, container_format=form, size=file.stat().st_size, **fields), file)
        )
    (folder / "recordings.ndjson").write_text("".join(entries))

    merged = tmp_path / "room.mp4"
    merge = [TOOL, "merge", "--force", "--from", folder, "--to", merged, ROOM]
    command = subprocess.run([*merge, "--print"], check=True, capture_output=True, text=True).stdout
    programs = {
        "`merge`": lambda: measure(None, *merge),
        "the command of `merge --print`": lambda: measure(None, "sh", "-c", f"exec 2> /dev/null; {command}"),
    }
    compare("two participants, two minutes", 3, programs)
