"""The tool downloads from nginx as the storage: many files, a large one, no ranges, no entity tags."""

import subprocess

import pytest
import requests

from api import recording
from harness import ROOM, TOOL, free_port, run, start, wait_until
from media import STEP, assert_holds, media, partial_size, records, sid

SMALL = dict.fromkeys(range(5), 300_000)
BIG = {5: 12_000_000}
SLOW = "limit_rate 8m; limit_rate_after 2m;"


def test_many_small_objects_on_few_connections(api, storage, archive):
    sizes = dict.fromkeys(range(500), 2000)
    server = api(records(sizes), storage(sizes, "keepalive_requests 1000;"))

    run(TOOL, "archive", "--to", archive, "--jobs", 8, ROOM, base_url=server.url).succeeded()
    first = storage.requests()
    run(TOOL, "archive", "--to", archive, "--jobs", 8, ROOM, base_url=server.url).succeeded()

    assert_holds(archive, sizes)
    assert len(first) == len(sizes)
    assert len({request.connection for request in first}) <= 8
    assert storage.requests() == first, "the second run downloads nothing"


def test_a_compressing_storage(api, storage, archive):
    text = b"abc" * 100_000
    location = storage({}, "gzip on; gzip_types *;")
    (storage.folder / sid(1)).write_bytes(text)
    server = api([recording(1, size=len(text))], location)

    requests.get(location(sid(1)), headers={"Accept-Encoding": "gzip"}, timeout=10)
    run(TOOL, "archive", "--to", archive, ROOM, base_url=server.url).succeeded()

    assert_holds(archive, {1: len(text)}, lambda *_: text)
    assert [request.encoding for request in storage.requests()] == ["gzip", "-"]


WITHOUT_RANGES = "max_ranges 0;"
WITHOUT_TAGS = "etag off; add_header Last-Modified '';"
WEAK_TAGS = """etag off; add_header ETag 'W/"1"';"""


@pytest.mark.parametrize(
    "lines",
    [WITHOUT_RANGES, WITHOUT_TAGS, WEAK_TAGS],
    ids=["no ranges", "no entity tags", "weak entity tags"],
)
def test_an_interruption_starts_over_with(lines, api, storage, archive):
    server = api(records(BIG), storage(BIG, SLOW + lines))

    process = start(TOOL, "archive", "--to", archive, "--retries", 20, ROOM, base_url=server.url)
    wait_until(lambda: partial_size(archive) >= 3_000_000, "the partial file grows")
    storage.nginx.stop()
    storage.nginx.start()
    _, stderr = process.communicate(timeout=60)

    assert process.returncode == 0, stderr
    assert_holds(archive, BIG)
    assert [request.status for request in storage.requests()] == ["200"], "one request more is enough"


def test_a_recording_of_more_than_4_gib(api, storage, archive):
    size = 2**32 + 5_000_000
    location = storage({}, "limit_rate 2m; limit_rate_after 4097m;")
    original = storage.folder / sid(1)
    with original.open("wb") as file:
        file.truncate(size)
        for position in (0, 2**31 - 5, 2**32 - 5, size - 1000):
            file.seek(position)
            file.write(media(position, 1000))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=5g", "tmpfs", archive], check=True)
    server = api([recording(1, size=size)], location)

    process = start(TOOL, "archive", "--to", archive, ROOM, base_url=server.url)
    wait_until(lambda: partial_size(archive) > 2**32, "the partial file grows beyond 4 GiB", 60)
    process.kill()
    process.communicate()
    received = partial_size(archive)
    run(TOOL, "archive", "--to", archive, ROOM, base_url=server.url).succeeded()

    subprocess.run(["cmp", original, archive / f"{sid(1)}.mka"], check=True)
    assert storage.requests()[-1].range == f"bytes={(received - 1) // STEP * STEP}-"


def test_a_storage_with_a_private_authority(api, storage, nginx, authority, archive):
    location = storage(SMALL)
    port = free_port()
    names = {"video.twilio.com": 443, "storage.example": port}
    server = api(records(SMALL), lambda key: f"https://storage.example:{port}/{key}")
    targets = {"video.twilio.com": server.url, "storage.example": location("").rstrip("/")}
    for name, listen in names.items():
        certificate = authority.certificate(name)
        nginx(
            listen,
            f"""
            server {{
                listen 127.0.0.1:{listen} ssl;
                ssl_certificate {certificate}; ssl_certificate_key {certificate};
                location / {{ proxy_pass {targets[name]}; }}
            }}
            """,
        )

    run(TOOL, "archive", "--to", archive, ROOM, SSL_CERT_FILE=authority.file).succeeded()

    assert_holds(archive, SMALL)
