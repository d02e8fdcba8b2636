"""nginx between the client and the API, and as the storage: TLS, HTTP versions, connections, limits."""

from datetime import UTC, datetime, timedelta

import pytest
import trustme

from front import retries
from harness import PROGRAM, ROOM, TOOL, run
from media import assert_holds, records

SIZES = dict.fromkeys(range(120), 1000)
RECORDS = records(SIZES)


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_one_version_of_tls(version, front, authority):
    servers = front(SIZES, lines=f"ssl_protocols {version};")

    by_tool = run(TOOL, "list", "--json", ROOM, SSL_CERT_FILE=authority.file).succeeded()
    by_program = run(PROGRAM, "list", ROOM, AUTHORITY=authority.file).succeeded()

    assert by_tool.records == RECORDS
    assert by_program.stdout.split() == [record["sid"] for record in RECORDS]
    assert [request.tls for request in servers.requests()] == [version] * 2


def test_http2_is_enabled(front, authority, archive):
    sizes = dict.fromkeys(range(3), 100_000)
    servers = front(sizes, listen="443 ssl http2")
    trust = {"SSL_CERT_FILE": authority.file}

    run("curl", "--head", "--cacert", authority.file, "https://video.twilio.com").succeeded()
    archived = run(TOOL, "archive", "--to", archive, ROOM, **trust).succeeded()

    assert not retries(archived)
    assert_holds(archive, sizes)
    # curl chooses HTTP/2, this client HTTP/1.1.
    assert [request.http for request in servers.requests()] == ["HTTP/2.0"] + ["HTTP/1.1"] * 7


def test_listing_takes_one_connection(front, authority):
    servers = front(SIZES)

    listed = run(TOOL, "list", "--json", "--page-size", 10, ROOM, SSL_CERT_FILE=authority.file).succeeded()

    assert listed.records == RECORDS
    assert len(servers.requests()) == 12
    assert len({request.connection for request in servers.requests()}) == 1


def test_one_request_per_connection(front, authority, archive):
    sizes = dict.fromkeys(range(20), 10_000)
    servers = front(sizes, lines="keepalive_timeout 0;")
    trust = {"SSL_CERT_FILE": authority.file}

    listed = run(TOOL, "list", "--json", "--page-size", 2, ROOM, **trust).succeeded()
    archived = run(TOOL, "archive", "--to", archive, ROOM, **trust).succeeded()

    assert listed.records == records(sizes)
    assert_holds(archive, sizes)
    assert not retries(listed) + retries(archived)
    assert len(servers.requests()) == 10 + 1 + 2 * 20
    assert len({request.connection for request in servers.requests()}) == 10 + 1 + 2 * 20


def test_server_closes_connections_that_are_idle(front, authority, archive):
    """The connection to the API is closed during each transfer, which takes longer than it may be idle."""
    sizes = dict.fromkeys(range(6), 100_000)
    servers = front(sizes, api_lines="keepalive_timeout 20ms;", storage_lines="limit_rate 500k;")

    command = [TOOL, "archive", "--jobs", 1, "--to", archive, ROOM]
    archived = run(*command, SSL_CERT_FILE=authority.file).succeeded()

    assert_holds(archive, sizes)
    assert not retries(archived)
    assert len(servers.requests("video.twilio.com")) == 1 + 6
    assert len({request.connection for request in servers.requests("video.twilio.com")}) >= 6
    assert len({request.connection for request in servers.requests("storage.example")}) == 1


def test_server_closes_connections_after_three_requests(front, authority, archive):
    sizes = dict.fromkeys(range(12), 10_000)
    servers = front(sizes, lines="keepalive_requests 3;")
    trust = {"SSL_CERT_FILE": authority.file}

    listed = run(TOOL, "list", "--json", "--page-size", 1, ROOM, **trust).succeeded()
    archived = run(TOOL, "archive", "--jobs", 1, "--to", archive, ROOM, **trust).succeeded()

    assert listed.records == records(sizes)
    assert_holds(archive, sizes)
    assert not retries(listed) + retries(archived)
    # 12 pages; a page and 12 media redirects; 12 transfers.
    assert len({request.connection for request in servers.requests()}) == 4 + 5 + 4


@pytest.mark.parametrize("gzip", ["on", "off"])
def test_compression(gzip, front, authority, archive):
    """nginx compresses every response whose client accepts it: pages, but never media."""
    sizes = dict.fromkeys(range(5), 10_000)
    servers = front(sizes, lines=f"gzip {gzip}; gzip_types *; gzip_min_length 0; gzip_proxied any;")

    trust = {"SSL_CERT_FILE": authority.file}
    listed = run(TOOL, "list", "--json", ROOM, **trust).succeeded()
    archived = run(TOOL, "archive", "--to", archive, ROOM, **trust).succeeded()

    assert listed.records == records(sizes)
    assert_holds(archive, sizes)
    assert not retries(listed) + retries(archived)
    coding = {"on": "gzip", "off": ""}[gzip]
    pages = [request for request in servers.requests() if request.path.endswith("/Recordings")]
    assert [page.coding for page in pages] == [coding] * 2
    assert {request.coding for request in servers.requests("storage.example")} == {""}


INVALID_CERTIFICATES = {
    "another name": "certificate not valid for name",
    "expired": "certificate expired",
    "unknown authority": "UnknownIssuer; only the operating system's root certificates are trusted",
}


@pytest.mark.parametrize("host", ["video.twilio.com", "storage.example"])
@pytest.mark.parametrize("fault", INVALID_CERTIFICATES)
def test_invalid_certificate(fault, host, front, authority, tmp_path, archive):
    yesterday = datetime.now(UTC) - timedelta(days=1)
    issued = {
        "another name": lambda: authority.issue_cert("other.example"),
        "expired": lambda: authority.issue_cert(
            host, not_before=yesterday - timedelta(days=30), not_after=yesterday
        ),
        "unknown authority": lambda: trustme.CA().issue_cert(host),
    }
    certificate = tmp_path / "invalid.pem"
    issued[fault]().private_key_and_cert_chain_pem.write_to_path(str(certificate))
    lines = f"ssl_certificate {certificate}; ssl_certificate_key {certificate}; error_log stderr info;"
    sizes = dict.fromkeys(range(1), 1000)
    is_api = host == "video.twilio.com"
    servers = front(sizes, api_lines=lines * is_api, storage_lines=lines * (not is_api))

    command = [TOOL, "archive", "--to", archive, ROOM]
    failed = run(*command, SSL_CERT_FILE=authority.file)

    assert failed.status == 1
    assert f"request to {host} failed: TLS failed: invalid peer certificate: " in failed.stderr
    assert INVALID_CERTIFICATES[fault] in failed.stderr
    assert not retries(failed)
    assert not servers.requests(host)
    assert servers.server.log().count("SSL_do_handshake() failed") == 1


def test_client_certificate(front, authority, tmp_path):
    client = trustme.CA()
    trusted, certificate = tmp_path / "clients.pem", tmp_path / "client.pem"
    client.cert_pem.write_to_path(str(trusted))
    client.issue_cert("client.example").private_key_and_cert_chain_pem.write_to_path(str(certificate))
    servers = front(SIZES, lines=f"ssl_verify_client on; ssl_client_certificate {trusted};")

    accepted = run(PROGRAM, "list", ROOM, AUTHORITY=authority.file, CERTIFICATE=certificate).succeeded()
    rejected = run(PROGRAM, "list", ROOM, AUTHORITY=authority.file)

    assert accepted.stdout.split() == [record["sid"] for record in RECORDS]
    assert rejected.status == 1
    assert "No required SSL certificate was sent" in rejected.stderr
    assert [request.status for request in servers.requests()] == [200, 400]


@pytest.mark.parametrize("status", [429, 503])
def test_limit_of_requests(status, front, authority, archive):
    """nginx names no delay, so the tool's own backoff has to find the rate."""
    sizes = dict.fromkeys(range(20), 1000)
    limit = f"limit_req zone=clients burst=2 nodelay; limit_req_status {status};"
    zone = "limit_req_zone $binary_remote_addr zone=clients:1m rate=20r/s;"
    servers = front(sizes, api_lines=limit, http=zone)

    command = [TOOL, "archive", "--retries", 50, "--to", archive, ROOM]
    archived = run(*command, SSL_CERT_FILE=authority.file).succeeded()

    assert_holds(archive, sizes)
    rejected = [request for request in servers.requests() if request.status == status]
    assert 0 < len(rejected) == len(retries(archived))
    assert all(f"(status {status}, host " in reason for _, reason in retries(archived))


def test_limit_of_connections(front, authority, archive):
    """The storage accepts one transfer at a time, and the tool tries four."""
    sizes = dict.fromkeys(range(8), 50_000)
    limit = "limit_conn clients 1; limit_rate 500k;"
    zone = "limit_conn_zone $binary_remote_addr zone=clients:1m;"
    servers = front(sizes, storage_lines=limit, http=zone)

    command = [TOOL, "archive", "--retries", 50, "--jobs", 4, "--to", archive, ROOM]
    archived = run(*command, SSL_CERT_FILE=authority.file).succeeded()

    assert_holds(archive, sizes)
    rejected = [request for request in servers.requests("storage.example") if request.status == 503]
    assert 0 < len(rejected) == len(retries(archived))
