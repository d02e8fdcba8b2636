"""Runs the built programs, and starts servers on loopback."""

import json
import os
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "target/real-servers"
PACKAGES = BUILT / "node/node_modules"

TOOL = BUILT / "bin/twilio-recordings"
PROGRAM = BUILT / "bin/program"
PROGRAM_WITH_SOCKS = BUILT / "bin/program-with-socks"

ACCOUNT = "AC" + "a" * 32
TOKEN = "the-auth-token"
ROOM = "RM" + "b" * 32


@dataclass
class Run:
    """What a finished program left behind."""

    status: int
    stdout: str
    stderr: str

    @property
    def records(self):
        """The records on standard output, one per line."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    def succeeded(self):
        """This run, if its exit status is 0."""
        assert self.status == 0, f"exit status {self.status}\n{self.stderr}"
        return self


def environment(base_url=None, **variables):
    """The environment of a program: this one's with credentials, less what the tool would read."""
    read = ("TWILIO_", "SSL_CERT_")
    own = {name: value for name, value in os.environ.items() if not name.startswith(read)}
    own |= {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN}
    if base_url:
        own["TWILIO_VIDEO_BASE_URL"] = base_url
    return own | {name: str(value) for name, value in variables.items()}


def run(program, *arguments, base_url=None, timeout=60, **variables):
    """Runs a program to its end, with these environment variables."""
    finished = subprocess.run(
        [program, *map(str, arguments)],
        env=environment(base_url, **variables),
        check=False,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    return Run(finished.returncode, finished.stdout, finished.stderr)


def start(program, *arguments, base_url=None, **variables):
    """Starts a program. The caller ends it or waits for it."""
    return subprocess.Popen(
        [program, *map(str, arguments)],
        env=environment(base_url, **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_until(condition, what, seconds=20):
    """Waits until the condition holds, and returns its value."""
    end = time.monotonic() + seconds
    while True:
        if value := condition():
            return value
        assert time.monotonic() < end, f"{what} within {seconds} s"
        time.sleep(0.01)


def is_open(port, host="127.0.0.1"):
    with socket.socket() as client:
        return client.connect_ex((host, port)) == 0


class Server:
    """A server process. It is ready when it accepts connections on its port."""

    def __init__(self, command, port, folder):
        self.command = [str(part) for part in command]
        self.port = port
        self.folder = folder
        self.log_file = folder / f"{Path(self.command[0]).name}-{port}.log"
        self.start()

    def start(self):
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, cwd=self.folder)
        wait_until(self.is_ready, f"{self.command[0]} accepts connections")

    def is_ready(self):
        assert self.process.poll() is None, f"{self.command[0]} has ended:\n{self.log()}"
        return is_open(self.port)

    def stop(self):
        """Ends the server, and waits until its port is closed."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        wait_until(lambda: not is_open(self.port), f"{self.command[0]} closes its port")

    def log(self):
        return self.log_file.read_text(errors="replace")
