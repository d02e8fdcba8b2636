"""A room of three hours, merged with the installed ffmpeg."""

import hashlib
import json
import os
import subprocess

from api import recording
from harness import ROOM, TOOL, environment

THREE_HOURS = 3 * 60 * 60


def tone(archive, number, offset):
    """Archives an audio track of two seconds that begins so many seconds after the room."""
    record = recording(number, offset=1000 * offset, container_format="mka")
    file = archive / f"{record['sid']}.mka"
    source = f"sine=frequency={440 * number}:duration=2"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-c:a", "libopus", file]
    subprocess.run(command, check=True)

    content = file.read_bytes()
    record["size"] = len(content)
    digest = hashlib.sha256(content).hexdigest()
    date = "2026-01-01T00:00:00Z"
    record["archive"] = {"file": file.name, "size": len(content), "sha256": digest, "date": date}
    with (archive / "recordings.ndjson").open("a") as entries:
        entries.write(json.dumps(record) + "\n")


def test_a_room_of_three_hours_takes_little_memory_and_shows_progress(archive, tmp_path):
    tone(archive, 1, 0)
    tone(archive, 2, THREE_HOURS)
    merged, peak = tmp_path / "room.m4a", tmp_path / "peak"
    measured = ["/usr/bin/time", "-o", peak, "-f", "%M"]
    merge = [TOOL, "merge", "--from", archive, "--to", merged, "--audio-only", ROOM]

    terminal, its_side = os.openpty()
    # A bar is drawn on no terminal without a type.
    variables = environment(TERM="xterm")
    process = subprocess.Popen([*measured, *merge], env=variables, stderr=its_side)
    os.close(its_side)
    shown = b""
    try:
        while piece := os.read(terminal, 65536):
            shown += piece
    except OSError:
        pass  # The other side is closed.
    assert process.wait() == 0, shown.decode()

    assert b"%" in shown and b" left" in shown
    assert int(peak.read_text()) < 200_000, "kB of the largest process"
    probe = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", merged]
    duration = float(subprocess.run(probe, check=True, capture_output=True, text=True).stdout)
    assert abs(duration - THREE_HOURS - 2) < 0.05
