"""Encrypted media as it is published, archived and decrypted with the commands of the cookbook."""

import base64
import json
import re
import subprocess

import pytest

from api import recording
from harness import ROOM, ROOT, TOOL, run
from media import media, sid

PLAIN = 746_518


def openssl(*arguments, folder):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def commands():
    """The commands that decrypt the media of an entry."""
    cookbook = (ROOT / "src/docs/cookbook.md").read_text()
    section = cookbook.split("\n# Encrypted recordings\n")[1].split("\n# ")[0]
    return re.search(r"```sh\n(.*?)```", section, re.DOTALL)[1]


@pytest.mark.parametrize("names_stored_size", [False, True], ids=["size before", "size after"])
def test_encrypted_media_survives_its_deletion(names_stored_size, api, storage, tmp_path):
    plain, key, iv = media(1, PLAIN), media(2, 32), media(3, 16)
    (tmp_path / "plain").write_bytes(plain)
    (tmp_path / "key").write_bytes(key)
    openssl("genrsa", "-out", "private_key.pem", "2048", folder=tmp_path)
    openssl("pkey", "-in", "private_key.pem", "-pubout", "-out", "public_key.pem", folder=tmp_path)
    encrypt = "pkeyutl -encrypt -pubin -inkey public_key.pem -in key -out key.encrypted"
    openssl(*encrypt.split(), folder=tmp_path)
    encrypt = f"enc -aes-256-cbc -K {key.hex()} -iv {iv.hex()} -in plain -out media/{sid(1)}"
    openssl(*encrypt.split(), folder=tmp_path)

    stored = (tmp_path / "media" / sid(1)).stat().st_size
    assert stored == 746_528
    headers = {
        "x-amz-key": base64.b64encode((tmp_path / "key.encrypted").read_bytes()).decode(),
        "x-amz-iv": base64.b64encode(iv).decode(),
        "x-amz-matdesc": "{}",
        "x-amz-unencrypted-content-length": PLAIN,
    }
    lines = "".join(f"add_header x-amz-meta-{name} '{value}';" for name, value in headers.items())
    size = stored if names_stored_size else PLAIN
    server = api([recording(1, size=size, encryption_key=None)], storage({}, lines))
    archive = tmp_path / "archive"

    run(TOOL, "archive", "--to", archive, "--delete", ROOM, base_url=server.url).succeeded()
    assert run(TOOL, "list", "--json", ROOM, base_url=server.url).succeeded().records == []

    entry = json.loads((archive / "recordings.ndjson").read_text())
    assert entry["archive"]["encryption"]["headers"] == {"x-amz-meta-x-amz-matdesc": "{}"}
    script = commands().replace("RT" + "a" * 32, sid(1))
    subprocess.run(["sh", "-eu", "-c", script], cwd=tmp_path, check=True)
    assert (tmp_path / f"{sid(1)}.decrypted").read_bytes() == plain
