"""The speed of the tool beside what people would use instead: curl and the official clients.

nginx and HAProxy serve what was prepared beforehand, with TLS 1.3. The programs run in turn, and the
medians are printed as the tables of the documentation's page on performance.
"""

import filecmp
import json
import shutil
import subprocess
import sys

from api import recording
from figures import STORAGE, TIME, compare, empty, write_media, write_pages
from harness import ROOM, ROOT, TOOL
from name_server import name_server

CLIENTS = ROOT / ".ci/real_servers/clients"


def test_download(tmp_path, fast, measure):
    write_media(tmp_path / "media", 1 << 30)
    write_pages(tmp_path / "pages", [recording(0, size=1 << 30)])
    fast()
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

    programs = {"`twilio-recordings`": lambda: archive(memory), "`curl`": lambda: curl(memory)}
    compare("1 GiB, to memory", 7, programs)
    programs = {
        "`twilio-recordings`": lambda: archive(disk),
        "`curl`, then `sync`": lambda: curl(disk, "sync"),
        "`curl` alone": lambda: curl(disk),
    }
    compare("1 GiB, to a disk", 7, programs)


def prepare(folder, size):
    """200 recordings, with media of this size."""
    records = [recording(number, size=size) for number in range(200)]
    write_media(folder / "media", size)
    write_pages(folder / "pages", records)


def archiving(tmp_path, measure, number):
    """The tool, and a program with the official client, which archive so many recordings at a time."""
    folder = tmp_path / "archive"

    def archive(*command):
        usage = measure(None, *command)
        files = list(folder.glob("*.mka"))
        assert len(files) == 200
        assert all(filecmp.cmp(file, tmp_path / "media", shallow=False) for file in files)
        return usage

    tool = TOOL, "archive", "--quiet", "--jobs", number, ROOM, "--to"
    python = sys.executable, CLIENTS / "archive.py", ROOM
    return {
        f"`twilio-recordings`, {number} jobs": lambda: archive(*tool, empty(folder)),
        f"Python, {number} threads": lambda: archive(*python, empty(folder), number),
    }


def test_archive(tmp_path, delayed, measure):
    prepare(tmp_path, 1 << 20)
    delayed(50)
    for number in (4, 8):
        compare("200 recordings of 1 MiB", 3, archiving(tmp_path, measure, number))


def test_names(tmp_path, delayed, measure):
    prepare(tmp_path, 100_000)
    delayed(20)

    def with_names(archive, delay):
        with name_server(tmp_path, delay) as names:
            seconds, *_ = archive()
        return seconds, names.queries

    columns = TIME, ("DNS queries", "{:.0f}")
    for number in (4, 8):
        for delay in (0, 20):
            programs = {
                name: lambda archive=archive, delay=delay: with_names(archive, delay / 1000)
                for name, archive in archiving(tmp_path, measure, number).items()
            }
            compare(f"200 recordings of 100 kB, name server after {delay} ms", 3, programs, columns)


def test_list(tmp_path, fast, measure):
    records = [recording(number) for number in range(100_000)]
    write_pages(tmp_path / "pages", records)
    fast()

    def lists(*command):
        lines = tmp_path / "lines"
        with lines.open("wb") as output:
            usage = measure(output, *command)
        with lines.open() as printed:
            for line, record in zip(printed, records, strict=True):
                fields = json.loads(line)
                assert fields == {name: record[name] for name in fields}
        return usage

    programs = {
        "`twilio-recordings`": lambda: lists(TOOL, "list", "--json", ROOM),
        "twilio-python": lambda: lists(sys.executable, CLIENTS / "list.py", ROOM, 1000),
        "twilio-node": lambda: lists("node", CLIENTS / "list.js", ROOM, 1000),
    }
    compare("100,000 records", 9, programs)
