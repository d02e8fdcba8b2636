"""What nginx logs in front of the API and of the storage, and what the tool says about retries."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from harness import Server

LOG = """
log_format facts escape=json '{"host":"$host","client":"$remote_addr","connection":"$connection",'
    '"tls":"$ssl_protocol","http":"$server_protocol","status":$status,"path":"$uri",'
    '"coding":"$sent_http_content_encoding"}';
"""


@dataclass
class Request:
    """A line of nginx's access log."""

    host: str
    client: str
    connection: str
    tls: str
    http: str
    status: int
    path: str
    coding: str


@dataclass
class Front:
    """nginx, and its access log."""

    server: Server
    log_file: Path

    def requests(self, host=None):
        """The requests so far, to all hosts or to this one. nginx ends, so that its log is complete."""
        if self.server.process.poll() is None:
            self.server.stop()
        return [request for request in self.logged() if host in (None, request.host)]

    def logged(self):
        """The requests that are in the log now."""
        return [Request(**json.loads(line)) for line in self.log_file.read_text().splitlines()]


def retries(run):
    """The delay of each retry that a run of the tool reported, and the reason."""
    lines = re.findall(r"^warning: (.*); retry \d+ of \d+ in (\d+\.\d) s$", run.stderr, re.MULTILINE)
    return [(float(delay), reason) for reason, delay in lines]
