"""The power is lost while the tool archives to ext4: whatever was not synced is gone, or is zeros.

The ioctl that shuts a file system down stands for the loss of power. It needs a loop device."""

import ctypes
import fcntl
import os
import shutil
import signal
import struct
import subprocess

import pytest

from harness import ROOM, TOOL, run, start, wait_until
from media import STEP, assert_holds, partial_size, records

# In pieces that end within a block of the file system.
PIECES = "limit_rate 10m; sendfile off; output_buffers 1 10007;"
SMALL = {number: 3000 + number for number in range(5)}

SHUTDOWN, WITHOUT_A_COMMIT = 0x8004587D, 2


class Disk:
    """An ext4 file system in a file, mounted on a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.folder.mkdir()
        self.image = folder.with_suffix(".ext4")
        with self.image.open("wb") as image:
            image.truncate(100_000_000)
        subprocess.run(["mkfs.ext4", "-q", "-b", "4096", self.image], check=True)
        self.mount()

    def mount(self):
        subprocess.run(["mount", "-o", "loop", self.image, self.folder], check=True)

    def commit(self):
        """Writes the journal, as the sync of any other file does. It has the sizes of files, and not
        what is in them."""
        with (self.folder / "other").open("w") as other:
            other.write("something")
            other.flush()
            os.fsync(other.fileno())

    def lose_power(self, running=None):
        """Shuts the file system down, ends a program that runs, and mounts what is on the disk."""
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, SHUTDOWN, struct.pack("I", WITHOUT_A_COMMIT))
        except OSError as error:
            pytest.skip(f"this kernel does not shut ext4 down: {error}")
        finally:
            os.close(folder)
        if running:
            running.kill()
            running.communicate()
        subprocess.run(["umount", self.folder], check=True)
        self.mount()


@pytest.fixture
def disk(tmp_path):
    disk = Disk(tmp_path / "disk")
    yield disk
    subprocess.run(["umount", disk.folder], check=True)


@pytest.fixture
def archive(disk):
    """The folder of an archive, which does not exist yet."""
    return disk.folder / "a/b/archive"


def write_back(file):
    """Has the kernel write what is in its memory of a file, as it does by itself after half a minute."""
    start_and_wait = 7
    with file.open("rb") as opened:
        libc, start, end = ctypes.CDLL(None), ctypes.c_int64(0), ctypes.c_int64(0)
        assert libc.sync_file_range(opened.fileno(), start, end, start_and_wait) == 0


def lose_power_in_a_download(disk, archive, running):
    """Loses the power when the size of the partial file is on the disk, and its last block as it was
    before."""
    running.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, running.pid, os.WSTOPPED)
    reached = partial_size(archive)
    [partial] = archive.glob("*.part")
    write_back(partial)
    disk.commit()
    running.send_signal(signal.SIGCONT)
    wait_until(lambda: partial_size(archive) > reached, "the partial file grows")
    disk.commit()
    disk.lose_power(running)


def test_a_download_is_resumed_behind_bytes_that_are_on_the_disk(api, storage, disk, archive):
    size = {9: 40_000_000}
    server = api(records(size), storage(size, PIECES))
    arguments = [TOOL, "archive", "--delete", "--to", archive, ROOM]

    for enough in (STEP + 500_000, 2 * STEP + 500_000, 3 * STEP + 500_000):
        lost = start(*arguments, base_url=server.url)
        wait_until(lambda enough=enough: partial_size(archive) > enough, "the partial file grows")
        lose_power_in_a_download(disk, archive, lost)
    run(*arguments, base_url=server.url).succeeded()
    disk.lose_power()

    assert not server.records
    assert_holds(archive, size)
    assert f"bytes={STEP}-" in [request.range for request in storage.requests()]


def test_a_run_that_fails_by_itself_keeps_every_byte(api, storage, disk, archive):
    size = {9: 40_000_000}
    server = api(records(size), storage(size, PIECES))
    arguments = [TOOL, "archive", "--delete", "--to", archive, ROOM]

    assert run(*arguments, "--deadline", 1, base_url=server.url).status == 1
    disk.commit()
    disk.lose_power()
    kept = partial_size(archive)
    resumed = start(*arguments, base_url=server.url)
    wait_until(lambda: partial_size(archive) > kept, "the partial file grows")
    lose_power_in_a_download(disk, archive, resumed)
    run(*arguments, base_url=server.url).succeeded()

    assert not server.records
    assert_holds(archive, size)
    assert kept > 0 and f"bytes={kept}-" in [request.range for request in storage.requests()]


def archive_and_kill(archive, base_url):
    """Archives, and kills the tool before it syncs the record file."""
    kill = ["-P", archive / "recordings.ndjson", "-e", "inject=fsync:error=EIO:signal=KILL"]
    tool = [TOOL, "archive", "--jobs", 1, "--to", archive, ROOM]
    killed = run("strace", "-f", "-qqq", "-o", "/dev/null", *kill, *tool, base_url=base_url)
    assert killed.status == -signal.SIGKILL, killed.stderr


def test_an_entry_that_turned_into_zeros_is_written_again(api, storage, disk, archive):
    server = api(records({0: SMALL[0]}), storage(SMALL))
    arguments = [TOOL, "archive", "--delete", "--to", archive, ROOM]
    run(*arguments, base_url=server.url).succeeded()
    server.records[:] = records(SMALL)
    archive_and_kill(archive, base_url=server.url)
    disk.commit()
    disk.lose_power()

    repaired = run(*arguments, base_url=server.url).succeeded()
    disk.lose_power()

    assert "was removed: a run or the machine was stopped" in repaired.stderr
    assert not server.records
    assert_holds(archive, SMALL)


def test_what_a_killed_run_has_not_synced_is_synced_before_the_deletion(api, storage, disk, archive):
    one = {0: SMALL[0]}
    server = api(records(one), storage(one))
    archive_and_kill(archive, base_url=server.url)

    run(TOOL, "archive", "--delete", "--to", archive, ROOM, base_url=server.url).succeeded()
    disk.lose_power()

    assert not server.records
    assert_holds(archive, one)


def test_a_copied_archive_is_synced_before_the_deletion(api, storage, disk, archive, tmp_path):
    server = api(records(SMALL), storage(SMALL))
    original = tmp_path / "original"
    run(TOOL, "archive", "--to", original, ROOM, base_url=server.url).succeeded()
    shutil.copytree(original, archive)

    archived = run(TOOL, "archive", "--delete", "--to", archive, ROOM, base_url=server.url).succeeded()
    disk.lose_power()

    assert "0 archived, 5 already there" in archived.stderr
    assert not server.records
    assert_holds(archive, SMALL)
