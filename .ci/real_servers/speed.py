"""The speed of the tool beside what people would use instead: curl and the official clients.

nginx and HAProxy serve what was prepared beforehand, with TLS 1.3. The programs run in turn, and the
medians are printed as the tables of the documentation's page on performance.
"""

import filecmp
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time

import certifi
import pytest

from api import recording
from harness import PACKAGES, ROOM, ROOT, TOOL, environment

CLIENTS = ROOT / ".ci/real_servers/clients"
STORAGE = "https://storage.example"


@pytest.fixture
def measure(tmp_path, authority):
    """Runs a program that trusts Mozilla's authorities and this one: `measure(output, argument…)`."""
    roots, peak = tmp_path / "roots.pem", tmp_path / "peak"
    with open(certifi.where()) as mozilla:
        roots.write_text(mozilla.read() + authority.file.read_text())
    trusting = "SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"
    variables = environment(**dict.fromkeys(trusting, roots), NODE_PATH=PACKAGES)

    def run(output, *command):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        # A child of this process would count this process's memory as its own peak.
        timed = ["time", "--format", "%M", "--output", peak, *map(str, command)]
        subprocess.run(timed, env=variables, stdout=output, check=True)
        seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return seconds, cpu, int(peak.read_text()) / 1024

    return run


def compare(title, rounds, tool, others):
    """Prints the medians of what the programs used, those of the others with their ratio to the tool's."""
    programs = {"`twilio-recordings`": tool, **others}
    used = {name: [] for name in programs}
    for _ in range(rounds):
        for name, program in programs.items():
            used[name].append(program())
    medians = {name: [statistics.median(it) for it in zip(*runs, strict=True)] for name, runs in used.items()}

    print(f"\n| {title} | time | CPU time | peak memory |\n|---|---|---|---|")
    for name, median in medians.items():
        units = ("{:.2f} s", "{:.2f} s", "{:.1f} MB")
        cells = [unit.format(value) for unit, value in zip(units, median, strict=True)]
        if name in others:
            ratios = zip(cells, median, medians["`twilio-recordings`"], strict=True)
            cells = [f"{cell} ({value / base:.1f} times)" for cell, value, base in ratios]
        print(f"| {name} | {' | '.join(cells)} |")


def empty(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def write_pages(folder, records, size=1000):
    """Writes the pages of a listing, each with its page token as its name."""
    folder.mkdir()
    url = f"https://video.twilio.com/v1/Rooms/{ROOM}/Recordings?PageSize={size}"
    for start in range(0, len(records), size):
        end = start + size
        following = f"{url}&Page={end // size}&PageToken=PT{end}" if end < len(records) else None
        meta = {"key": "recordings", "url": url, "page": start // size, "page_size": size}
        meta |= {"first_page_url": url, "previous_page_url": None, "next_page_url": following}
        page = {"meta": meta, "recordings": records[start:end]}
        (folder / f"PT{start}").write_text(json.dumps(page))


def write_media(file, megabytes):
    block = os.urandom(1 << 20)
    with file.open("wb") as media:
        for _ in range(megabytes):
            media.write(block)


def service(folder, listen):
    """The API and the storage, as files that nginx serves."""
    return f"""
        map $arg_PageToken $page {{ "" PT0; default $arg_PageToken; }}
        server {{
            {listen} default_type application/json; keepalive_requests 100000;
            location = /v1/Rooms/{ROOM}/Recordings {{ alias {folder}/pages/$page; }}
            location ~ ^/v1/Rooms/{ROOM}/Recordings/\\w+/Media$ {{ return 302 {STORAGE}/media; }}
            location = /media {{ alias {folder}/media; }}
        }}
    """


@pytest.fixture
def certificate(authority):
    return authority.certificate("video.twilio.com", "storage.example")


@pytest.fixture
def listen(certificate):
    return (
        "listen 443 ssl; ssl_protocols TLSv1.3; ssl_conf_command Ciphersuites TLS_AES_256_GCM_SHA384; "
        f"ssl_certificate {certificate}; ssl_certificate_key {certificate};"
    )


def test_download(tmp_path, nginx, listen, measure):
    write_media(tmp_path / "media", 1024)
    write_pages(tmp_path / "pages", [recording(0, size=1 << 30)])
    nginx(443, service(tmp_path, listen))
    memory, disk = empty(tmp_path / "memory"), empty(tmp_path / "disk")
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", memory], check=True)

    def archive(folder):
        usage = measure(None, TOOL, "archive", "--quiet", "--to", empty(folder / "archive"), ROOM)
        assert filecmp.cmp(folder / f"archive/{recording(0)['sid']}.mka", tmp_path / "media", shallow=False)
        shutil.rmtree(folder / "archive")
        return usage

    def curl(folder, then="true"):
        file = folder / "curl.mka"
        download = f"curl --silent --fail --location --output {file} {STORAGE}/media && {then} {file}"
        usage = measure(None, "sh", "-c", download)
        file.unlink()
        return usage

    compare("1 GiB, to memory", 7, lambda: archive(memory), {"`curl`": lambda: curl(memory)})
    to_disk = {"`curl`, then `sync`": lambda: curl(disk, "sync"), "`curl` alone": lambda: curl(disk)}
    compare("1 GiB, to a disk", 7, lambda: archive(disk), to_disk)


def test_archive(tmp_path, nginx, serve, certificate, measure):
    records = [recording(number, size=1 << 20) for number in range(200)]
    write_media(tmp_path / "media", 1)
    write_pages(tmp_path / "pages", records)
    nginx(8080, service(tmp_path, "listen 8080;"))
    delay = tmp_path / "delay.lua"
    delay.write_text('core.register_action("delay", {"http-req"}, function() core.msleep(50) end)')
    configuration = tmp_path / "haproxy.cfg"
    configuration.write_text(
        f"""
        global
            lua-load {delay}
        defaults
            mode http
            timeout connect 10s
            timeout client 60s
            timeout server 60s
        listen delayed
            bind :443 ssl crt {certificate} ssl-min-ver TLSv1.3
            http-request lua.delay
            server nginx 127.0.0.1:8080
        """
        + "\n"
    )
    serve(443, "haproxy", "-f", configuration)
    folder = tmp_path / "archive"

    def check(usage):
        files = list(folder.glob("*.mka"))
        assert len(files) == len(records)
        assert all(filecmp.cmp(file, tmp_path / "media", shallow=False) for file in files)
        return usage

    def archive(jobs):
        command = TOOL, "archive", "--quiet", "--jobs", jobs, "--to", empty(folder), ROOM
        return check(measure(None, *command))

    def python(threads):
        return check(measure(None, sys.executable, CLIENTS / "archive.py", ROOM, empty(folder), threads))

    for number in (4, 8):
        title = f"200 recordings, {number} at a time"
        compare(title, 3, lambda n=number: archive(n), {"Python": lambda n=number: python(n)})


def test_list(tmp_path, nginx, listen, measure):
    records = [recording(number) for number in range(100_000)]
    write_pages(tmp_path / "pages", records)
    nginx(443, service(tmp_path, listen))

    def lists(*command):
        lines = tmp_path / "lines"
        with lines.open("wb") as output:
            usage = measure(output, *command)
        with lines.open() as printed:
            for line, record in zip(printed, records, strict=True):
                fields = json.loads(line)
                assert fields == {name: record[name] for name in fields}
        return usage

    by_clients = {
        "twilio-python": lambda: lists(sys.executable, CLIENTS / "list.py", ROOM, 1000),
        "twilio-node": lambda: lists("node", CLIENTS / "list.js", ROOM, 1000),
    }
    compare("100,000 records", 9, lambda: lists(TOOL, "list", "--json", ROOM), by_clients)
