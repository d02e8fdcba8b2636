"""HAProxy between the client and the API and the storage: rate limits, and back ends that fail."""

import re
import signal
import socket

import pytest

from front import retries
from harness import ROOM, TOOL, Run, free_port, run, start, wait_until
from media import assert_holds, partial_size, records

SIZES = dict.fromkeys(range(30), 1000)
RECORDS = records(SIZES)


class Balancer:
    """HAProxy on port 443, and its log."""

    def __init__(self, server, folder, trust):
        self.server = server
        self.folder = folder
        self.trust = trust

    def run(self, *arguments):
        return run(TOOL, *arguments, SSL_CERT_FILE=self.trust)

    def run_during(self, action, *arguments):
        """Runs the tool, and does this when it has started."""
        with start(TOOL, *arguments, SSL_CERT_FILE=self.trust) as tool:
            action()
            stdout, stderr = tool.communicate(timeout=60)
        return Run(tool.returncode, stdout, stderr)

    def statuses(self):
        """The status of each response so far, by HAProxy's log. HAProxy ends, so that it is complete."""
        if self.server.process.poll() is None:
            self.server.process.send_signal(signal.SIGUSR1)
            self.server.process.wait(10)
        return [int(status) for status in re.findall(r"^response (\d+)$", self.server.log(), re.MULTILINE)]

    def command(self, text):
        """Sends a command to HAProxy's administration socket."""
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(self.folder / "haproxy.socket"))
            client.sendall(f"{text}\n".encode())
            assert client.recv(1000).strip() == b"", text


@pytest.fixture
def balancer(serve, authority, tmp_path):
    """Starts HAProxy with these lines about requests, in front of a server with these options."""

    def start(port, lines="", server="", timeout="500ms"):
        certificate = authority.certificate("video.twilio.com", "storage.example")
        configuration = tmp_path / "haproxy.cfg"
        configuration.write_text(
            f"""
global
    log stdout format raw local0
    stats socket {tmp_path}/haproxy.socket level admin
    ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
    mode http
    log global
    log-format "response %ST"
    retries 0
    timeout connect 5s
    timeout client 20s
    timeout server {timeout}
frontend clients
    bind 127.0.0.1:443 ssl crt {certificate} alpn h2,http/1.1
    stick-table type ip size 100 expire 1m store http_req_rate(1s),http_req_cnt
    http-request track-sc0 src
    {lines}
    default_backend servers
backend servers
    server front 127.0.0.1:{port} {server}
"""
        )
        haproxy = serve(443, "haproxy", "-db", "-f", configuration)
        return Balancer(haproxy, tmp_path, authority.file)

    return start


@pytest.fixture
def front_behind(front):
    """Starts nginx for HAProxy, and returns it and its port."""

    def start(sizes=SIZES, **lines):
        port = free_port()
        return front(sizes, port=port, listen=f"127.0.0.1:{port}", **lines), port

    return start


def test_rate_limit_with_retry_after(front_behind, balancer, archive):
    sizes = dict.fromkeys(range(12), 10_000)
    port = front_behind(sizes)[1]
    limit = "http-request return status 429 hdr Retry-After 1 if { sc_http_req_rate(0) gt 15 }"
    balanced = balancer(port, limit)

    listed = balanced.run("list", "--json", "--page-size", 1, ROOM).succeeded()
    command = ["archive", "--jobs", 4, "--verbose", "--to", archive, ROOM]
    archived = balanced.run(*command).succeeded()

    assert listed.records == records(sizes)
    assert_holds(archive, sizes)
    assert archived.stderr.count(": archived") == 12
    seen = retries(listed) + retries(archived)
    assert 0 < balanced.statuses().count(429) == len(seen)
    # Without the header, the first retry follows in at most 0.5 s.
    assert all(", retry after 1 s)" in reason and delay >= 1 for delay, reason in seen)


def test_rate_limit_that_never_ends(front_behind, balancer):
    balanced = balancer(front_behind()[1], "http-request deny deny_status 429")

    failed = balanced.run("list", "--retries", 2, ROOM)

    assert failed.status == 1
    assert "error: " in failed.stderr
    assert "(status 429, host video.twilio.com) (after 3 attempts)" in failed.stderr
    assert len(retries(failed)) == 2
    assert balanced.statuses() == [429] * 3


def test_retry_after_that_is_too_long(front_behind, balancer):
    limit = "http-request return status 429 hdr Retry-After 3600"
    balanced = balancer(front_behind()[1], limit)

    failed = balanced.run("list", ROOM)

    assert failed.status == 1
    assert "(status 429, host video.twilio.com, retry after 3600 s)" in failed.stderr
    assert balanced.statuses() == [429]


def test_deadline_before_the_limit_ends(front_behind, balancer):
    limit = "http-request return status 429 hdr Retry-After 60"
    balanced = balancer(front_behind()[1], limit)

    failed = balanced.run("list", "--deadline", 30, ROOM)

    assert failed.status == 1
    expected = "the deadline has passed; the last attempt failed: the API rejected the request: "
    assert (
        expected in failed.stderr and "(status 429, host video.twilio.com, retry after 60 s)" in failed.stderr
    )
    assert balanced.statuses() == [429]


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_transient_status(status, front_behind, balancer):
    """HAProxy's own response, an HTML page after which it may close the connection."""
    first = f"http-request deny deny_status {status} if {{ sc_http_req_cnt(0) eq 1 }}"
    balanced = balancer(front_behind()[1], first)

    listed = balanced.run("list", "--json", ROOM).succeeded()

    assert listed.records == RECORDS
    assert [f"(status {status}, host video.twilio.com)" in reason for _, reason in retries(listed)] == [True]
    assert balanced.statuses() == [status, 200]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 413, 501])
def test_permanent_status(status, front_behind, balancer):
    balanced = balancer(front_behind()[1], f"http-request deny deny_status {status}")

    failed = balanced.run("list", ROOM)

    assert failed.status == 1
    assert (
        failed.stderr.startswith("error: ") and f"(status {status}, host video.twilio.com)" in failed.stderr
    )
    assert balanced.statuses() == [status]


def test_back_end_is_down(balancer):
    balanced = balancer(free_port())

    failed = balanced.run("list", "--retries", 2, ROOM)

    assert failed.status == 1
    assert "(status 503, host video.twilio.com) (after 3 attempts)" in failed.stderr
    assert balanced.statuses() == [503] * 3


def test_back_end_comes_back(front_behind, balancer):
    balanced = balancer(front_behind()[1], server="disabled")

    def comes_back():
        wait_until(lambda: "response 503" in balanced.server.log(), "HAProxy responds")
        balanced.command("set server servers/front state ready")

    listed = balanced.run_during(comes_back, "list", "--json", "--retries", 20, ROOM).succeeded()

    assert listed.records == RECORDS
    statuses = balanced.statuses()
    assert statuses[0] == 503 and statuses[-1] == 200
    assert len(retries(listed)) == len(statuses) - 1


def test_back_end_is_silent(balancer):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        balanced = balancer(silent.getsockname()[1])
        failed = balanced.run("list", "--retries", 1, ROOM)

    assert failed.status == 1
    assert "(status 504, host video.twilio.com) (after 2 attempts)" in failed.stderr
    assert balanced.statuses() == [504] * 2


def test_timeout_before_that_of_the_balancer(balancer):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        balanced = balancer(silent.getsockname()[1], timeout="30s")
        failed = balanced.run("list", "--retries", 1, "--timeout", 1, ROOM)

    assert failed.status == 1
    expected = (
        "request to video.twilio.com timed out after 1 s while waiting for the response (after 2 attempts)"
    )
    assert expected in failed.stderr


def test_back_end_closes_without_a_response(nginx, balancer):
    port = free_port()
    nginx(port, f"server {{ listen 127.0.0.1:{port}; return 444; }}")
    balanced = balancer(port)

    failed = balanced.run("list", "--retries", 2, ROOM)

    assert failed.status == 1
    assert "(status 502, host video.twilio.com) (after 3 attempts)" in failed.stderr
    # On a connection that has had a response, HAProxy closes without a response and without a log.
    reasons = [reason for _, reason in retries(failed)]
    assert "(status 502, host video.twilio.com)" in reasons[0] and "closed before a response" in reasons[1]
    assert balanced.statuses() == [502, 502]


def test_session_ends_during_a_transfer(front_behind, balancer, archive):
    sizes = dict.fromkeys(range(1), 500_000)
    servers, port = front_behind(sizes, storage_lines="limit_rate 300k;")
    balanced = balancer(port)

    def session_ends():
        wait_until(lambda: partial_size(archive), "the transfer begins")
        balanced.command("shutdown sessions server servers/front")

    archived = balanced.run_during(session_ends, "archive", "--to", archive, ROOM).succeeded()

    assert_holds(archive, sizes)
    assert ["closed before the end of the body" in reason for _, reason in retries(archived)] == [True]
    assert [request.status for request in servers.requests("storage.example")] == [200, 206]
