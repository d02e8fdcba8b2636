"""The tool downloads from S3 servers by presigned URLs. s3rver checks signatures and expiry. nginx
stands before it where a transfer has to be interrupted."""

import json
import re
import urllib.error
import urllib.request
from dataclasses import dataclass

import boto3
import pytest
from botocore.client import Config

from harness import PACKAGES, ROOM, ROOT, TOKEN, TOOL, free_port, run, start, wait_until
from media import STEP, assert_holds, media, partial_size, records, sid

SMALL = dict.fromkeys(range(5), 300_000)
BIG = {5: 12_000_000}
BUCKET = "recordings"


@dataclass
class S3:
    """A bucket with the media of recordings. The signed URLs name the server at `url`."""

    url: str
    own_url: str
    seconds: int = 3600

    def put(self, number, content):
        client(self.own_url).put_object(Bucket=BUCKET, Key=sid(number), Body=content)

    def location(self, key):
        # s3rver checks signatures of this version only.
        signing = client(self.url, signature_version="s3")
        return signing.generate_presigned_url("get_object", {"Bucket": BUCKET, "Key": key}, self.seconds)


def client(url, **config):
    keys = {"aws_access_key_id": "S3RVER", "aws_secret_access_key": "S3RVER"}
    config = Config(s3={"addressing_style": "path"}, **config)
    return boto3.client("s3", endpoint_url=url, region_name="us-east-1", config=config, **keys)


def start_s3rver(serve, port, folder):
    program = PACKAGES / "s3rver/bin/s3rver.js"
    options = ["--directory", folder / "s3rver", "--address", "127.0.0.1", "--port", port]
    return serve(port, "node", program, "--no-vhost-buckets", *options)


def start_moto(serve, port, _folder):
    return serve(port, "moto_server", "--host", "127.0.0.1", "--port", port)


@pytest.fixture
def s3(serve, tmp_path):
    """Starts an S3 server with media of these sizes."""

    def start_with(sizes, start_server=start_s3rver):
        port = free_port()
        start_server(serve, port, tmp_path)
        bucket = S3(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port}")
        client(bucket.url).create_bucket(Bucket=BUCKET)
        for number, size in sizes.items():
            bucket.put(number, media(number, size))
        return bucket

    return start_with


@pytest.fixture
def slow(nginx, tmp_path):
    """Puts a slow nginx before a bucket. It can be stopped in mid-transfer."""

    def start_before(bucket, rate="8m"):
        port = free_port()
        log = tmp_path / "requests.log"
        server = nginx(
            port,
            f"""
            log_format requests "$status $http_range";
            access_log {log} requests;
            server {{
                listen 127.0.0.1:{port}; limit_rate {rate}; limit_rate_after 2m;
                location / {{ proxy_pass {bucket.own_url}; proxy_set_header Host $http_host; }}
            }}
            """,
        )
        bucket.url = f"http://127.0.0.1:{port}"
        server.requests = lambda: [line.split(" ") for line in log.read_text().splitlines()]
        return server

    return start_before


def status_of(url, **headers):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.parametrize("start_server", [start_s3rver, start_moto])
def test_presigned_urls(start_server, api, s3, archive):
    bucket = s3(SMALL, start_server)
    server = api(records(SMALL), bucket.location)

    run(TOOL, "archive", "--to", archive, ROOM, base_url=server.url).succeeded()

    assert_holds(archive, SMALL)


def test_s3rver_refuses_what_the_tool_must_not_send(s3):
    url = s3(SMALL).location(sid(0))

    assert status_of(url) == 200
    assert status_of(url.replace("Signature=", "Signature=x")) == 403
    assert status_of(url, Authorization=f"Bearer {TOKEN}") == 400


def test_wrong_signatures_are_an_error_that_hides_the_url(api, s3, archive):
    bucket = s3(SMALL)
    server = api(records(SMALL), lambda key: bucket.location(key).replace("Signature=", "Signature=x"))

    archived = run(TOOL, "archive", "--to", archive, "--retries", 0, ROOM, base_url=server.url)

    assert archived.status == 1
    assert archived.stderr.count("rejected the request: SignatureDoesNotMatch (status 403, host ") == len(
        SMALL
    )
    assert "Signature=" not in archived.stderr
    assert not list(archive.glob("*.mka"))


def interrupt(process, archive, server):
    """Stops a server when the partial file has grown. It does not log the request."""
    wait_until(lambda: partial_size(archive) >= 3_000_000, "the partial file grows")
    server.stop()
    assert process.poll() is None


def assert_resumed(requests, statuses):
    """The requests after an interruption had these statuses, and were for the rest of the media."""
    assert [status for status, _ in requests] == statuses
    for _, requested in requests:
        assert int(requested.removeprefix("bytes=").removesuffix("-")) >= 3_000_000


def test_a_restart_in_mid_transfer(api, s3, slow, archive):
    bucket = s3(BIG)
    front = slow(bucket)
    server = api(records(BIG), bucket.location)

    process = start(TOOL, "archive", "--to", archive, "--retries", 20, ROOM, base_url=server.url)
    interrupt(process, archive, front)
    front.start()
    _, stderr = process.communicate(timeout=60)

    assert process.returncode == 0, stderr
    assert_holds(archive, BIG)
    assert server.requests["GET", "media"] == 1
    assert_resumed(front.requests(), ["206"])


def test_an_expiry_in_mid_transfer(api, s3, slow, archive):
    bucket = s3(BIG)
    front = slow(bucket, "3m")
    bucket.seconds = 2
    urls = []

    def location(key):
        urls.append(bucket.location(key))
        return urls[-1]

    server = api(records(BIG), location)
    process = start(TOOL, "archive", "--to", archive, "--retries", 20, ROOM, base_url=server.url)
    wait_until(lambda: urls, "the tool asks for the media")
    own_url = urls[0].replace(bucket.url, bucket.own_url)
    wait_until(lambda: status_of(own_url) == 403, "the signed URL expires")
    interrupt(process, archive, front)
    front.start()
    _, stderr = process.communicate(timeout=60)

    assert process.returncode == 0, stderr
    assert_holds(archive, BIG)
    assert_resumed(front.requests(), ["403", "206"])
    assert len(urls) == 2


def test_a_replacement_in_mid_transfer(api, s3, slow, archive):
    bucket = s3(BIG)
    front = slow(bucket)
    server = api(records(BIG), bucket.location)

    process = start(TOOL, "archive", "--to", archive, "--retries", 20, ROOM, base_url=server.url)
    interrupt(process, archive, front)
    ((number, size),) = BIG.items()
    replacement = media(number + 1, size)
    bucket.put(number, replacement)
    front.start()
    _, stderr = process.communicate(timeout=60)

    assert process.returncode == 0, stderr
    assert_holds(archive, BIG, lambda *_: replacement)


def test_runs_that_are_killed_are_resumed(api, s3, slow, archive):
    bucket = s3(BIG)
    front = slow(bucket, rate="4m")
    server = api(records(BIG), bucket.location)

    process = start(TOOL, "archive", "--to", archive, ROOM, base_url=server.url)
    wait_until(lambda: partial_size(archive) > STEP, "the partial file grows")
    process.kill()
    process.communicate()
    run(TOOL, "archive", "--to", archive, ROOM, base_url=server.url).succeeded()

    assert_holds(archive, BIG)
    assert ["206", f"bytes={STEP}-"] in front.requests()


def test_windows_of_an_account_are_handed_over_to_s3_in_parallel(api, s3, archive, tmp_path):
    sizes = dict.fromkeys(range(56), 2000)
    bucket = s3(sizes, start_moto)
    kept = client(bucket.own_url)
    kept.create_bucket(Bucket="kept")
    server = api(records(sizes), bucket.location)
    program = tmp_path / "to-s3"
    program.write_text(hand_over().replace("my-recordings", "kept"))
    program.chmod(0o755)

    remote = {"TYPE": "s3", "PROVIDER": "Other", "ENDPOINT": bucket.own_url}
    remote |= {"ACCESS_KEY_ID": "S3RVER", "SECRET_ACCESS_KEY": "S3RVER"}
    remote = {f"RCLONE_CONFIG_S3_{name}": value for name, value in remote.items()}
    remote["AWS_CA_BUNDLE"] = ""
    windows = ["--created-before", "2026-11-15"], ["--created-after", "2026-11-15"]
    runs = [
        start(
            TOOL,
            *["archive", "--account", "--to", archive / str(number)],
            *["--exec", program, "--skip-recorded", *window],
            base_url=server.url,
            **remote,
        )
        for number, window in enumerate(windows)
    ]
    for process in runs:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors

    objects = kept.list_objects_v2(Bucket="kept")["Contents"]
    assert sorted(it["Key"] for it in objects) == [f"{ROOM}/{sid(number)}.mka" for number in sizes]
    for number, size in sizes.items():
        body = kept.get_object(Bucket="kept", Key=f"{ROOM}/{sid(number)}.mka")["Body"].read()
        assert body == media(number, size)
    assert not list(archive.rglob("*.mka"))

    sids = []
    for number in range(len(windows)):
        folder = archive / str(number)
        entries = map(json.loads, (folder / "recordings.ndjson").read_text().splitlines())
        for entry in entries:
            sids.append(entry["sid"])
            kept.download_file("kept", entry["archive"]["file"], folder / entry["archive"]["file"])
        assert run(TOOL, "verify", folder).status == 0, "the bucket has the folders of the archive"
    assert sorted(sids) == [sid(number) for number in sizes], "each recording in one window"


def hand_over():
    """The program of the tool's manual that moves the media to S3."""
    manual = (ROOT / "cli/README.md").read_text()
    return re.search(r"```sh\n(#!/bin/sh.*?)```", manual, re.DOTALL)[1]
