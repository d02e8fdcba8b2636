"""The tool archives to file systems that are full, read-only, small, or without locks. nginx is the
storage."""

import subprocess

import pytest

from harness import BUILT, ROOM, TOOL, run, start, wait_until
from media import STEP, assert_holds, partial_size, records, sid

# Recordings: the size of each by its number.
SMALL = dict.fromkeys(range(8), 100_000)
BIG = {8: 16_000_000}
RESUMED = {9: 40_000_000}


def mount(folder, *options):
    subprocess.run(["mount", *map(str, options), folder], check=True)


def mount_tmpfs(folder):
    mount(folder, "-t", "tmpfs", "-o", "size=6m", "tmpfs")


def mount_ext4(folder, *options):
    image = folder.with_suffix(".ext4")
    with image.open("wb") as file:
        file.truncate(6_000_000)
    subprocess.run(["mkfs.ext4", "-q", "-O", "^has_journal", *options, image], check=True)
    mounted = subprocess.run(
        ["mount", "-o", "loop", image, folder], check=False, capture_output=True, text=True
    )
    if "loop device" in mounted.stderr:
        pytest.skip(f"this kernel forbids loop mounts: {mounted.stderr.strip()}")
    assert mounted.returncode == 0, mounted.stderr


@pytest.mark.parametrize("mount_small", [mount_tmpfs, mount_ext4])
def test_a_recording_that_does_not_fit_leaves_room_for_the_others(mount_small, api, storage, archive):
    sizes = BIG | SMALL
    server = api(records(sizes), storage(sizes))
    mount_small(archive)

    archived = run(TOOL, "archive", "--to", archive, "--jobs", 1, ROOM, base_url=server.url)

    assert archived.status == 1
    assert "No space left" in archived.stderr and "; recordings that did not fit: 1" in archived.stderr
    assert_holds(archive, SMALL)


def test_a_full_tmpfs_is_completed_when_there_is_room(api, storage, archive):
    server = api(records(SMALL), storage(SMALL))
    mount_tmpfs(archive)
    other = archive / "other"
    with pytest.raises(OSError, match="No space left"):
        other.write_bytes(bytes(7_000_000))

    full = run(TOOL, "archive", "--to", archive, ROOM, base_url=server.url)
    assert full.status == 1 and "No space left" in full.stderr
    assert not list(archive.glob("*.mka"))

    other.unlink()
    run(TOOL, "archive", "--to", archive, ROOM, base_url=server.url).succeeded()
    assert_holds(archive, SMALL)


def test_an_ext4_without_free_inodes_loses_nothing(api, storage, archive):
    sizes = dict.fromkeys(range(40), 1000)
    server = api(records(sizes), storage(sizes))
    mount_ext4(archive, "-N", "32")

    archived = run(TOOL, "archive", "--to", archive, ROOM, base_url=server.url)

    assert archived.status == 1 and "No space left" in archived.stderr
    there = [number for number in sizes if (archive / f"{sid(number)}.mka").exists()]
    assert 0 < len(there) < len(sizes)
    assert_holds(archive, dict.fromkeys(there, 1000))


def test_a_read_only_folder_is_an_error_before_any_download(api, storage, archive):
    server = api(records(SMALL), storage(SMALL))
    mount_tmpfs(archive)
    mount(archive, "-o", "remount,ro")

    archived = run(TOOL, "archive", "--to", archive, ROOM, base_url=server.url)

    assert archived.status == 1
    assert str(archive) in archived.stderr and "Read-only file system" in archived.stderr
    assert server.requests["GET", "media"] == 0


def test_an_archive_that_becomes_read_only_is_an_error_before_any_request(api, storage, archive):
    server = api(records(SMALL), storage(SMALL))
    mount_tmpfs(archive)
    run(TOOL, "archive", "--to", archive, ROOM, base_url=server.url).succeeded()
    mount(archive, "-o", "remount,ro")
    server.requests.clear()

    archived = run(TOOL, "archive", "--to", archive, ROOM, base_url=server.url)

    assert archived.status == 1
    assert f"could not write {archive}: Read-only file system" in archived.stderr
    assert not server.requests
    assert_holds(archive, SMALL)


def test_a_record_file_that_only_grows_is_used(api, storage, archive):
    server = api(records({0: SMALL[0]}), storage(SMALL))
    mount_ext4(archive)
    command = [TOOL, "archive", "--delete", "--to", archive, ROOM]
    run(*command, base_url=server.url).succeeded()
    record_file = archive / "recordings.ndjson"
    subprocess.run(["chattr", "+a", record_file], check=True)
    with record_file.open("a") as file:
        file.write('{"sid": "RT')
    server.records[:] = records(SMALL)

    archived = run(*command, base_url=server.url).succeeded()

    assert "incomplete entry of 11 bytes at its end could not be removed" in archived.stderr
    assert not server.records
    # The next run names the line, and believes the entries.
    server.records[:] = records(SMALL)
    archived = run(*command, base_url=server.url)
    assert archived.status == 1 and "recordings.ndjson, line 2: " in archived.stderr
    assert not server.records
    subprocess.run(["chattr", "-a", record_file], check=True)
    record_file.write_text(record_file.read_text().replace('{"sid": "RT\n', ""))
    assert_holds(archive, SMALL)


@pytest.fixture
def network_file_system(tmp_path):
    """Variables that make locks and syncs fail. `failed()` is the set of calls that did."""
    calls = tmp_path / "failed-calls"
    variables = {"LD_PRELOAD": BUILT / "bin/network_file_system.so", "FAILED_CALLS": calls}
    return variables, lambda: set(calls.read_text().split())


def test_an_archive_without_locks_and_syncs_is_complete(api, storage, archive, network_file_system):
    server = api(records(SMALL), storage(SMALL))
    variables, failed = network_file_system

    run(TOOL, "archive", "--to", archive, ROOM, base_url=server.url, **variables).succeeded()

    assert_holds(archive, SMALL)
    assert {"flock", "fsync"} <= failed()


def test_runs_without_locks_that_are_killed_are_resumed(api, storage, archive, network_file_system):
    server = api(records(RESUMED), storage(RESUMED, "limit_rate 20m; limit_rate_after 9m;"))
    variables, failed = network_file_system
    arguments = [TOOL, "archive", "--to", archive, ROOM]

    for step in (1, 2, 3):
        killed = start(*arguments, base_url=server.url, **variables)
        enough = step * STEP
        wait_until(lambda enough=enough: partial_size(archive) > enough, "the partial file grows")
        killed.kill()
        killed.communicate()
        assert len(list(archive.glob("*.part"))) == 1
    run(*arguments, base_url=server.url, **variables).succeeded()

    assert_holds(archive, RESUMED)
    assert "flock" in failed()
    assert f"bytes={STEP}-" in [request.range for request in storage.requests()]
