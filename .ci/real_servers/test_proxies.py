"""squid, HAProxy, mitmproxy and a SOCKS proxy between the client and the API and the storage."""

import pytest

from front import retries
from harness import PROGRAM, PROGRAM_WITH_SOCKS, ROOM, TOOL, free_port, run
from media import assert_holds, records
from squid import AUTHENTICATED, FAR_HOSTS, SQUID

SIZES = dict.fromkeys(range(30), 1000)
RECORDS = records(SIZES)

SOCKS = "127.0.0.1:1080"
REFUSING = "http://127.0.0.1:1"

# Hosts that only the proxies know, so that nothing leads to them without a proxy.
FAR = {"names": ("video.ie1.twilio.com",), "storage": "media.example"}


@pytest.fixture
def far(front, authority):
    """Starts the servers that only the proxies know, and returns the variables that lead to them."""

    def start(sizes=SIZES):
        servers = front(sizes, **FAR)
        servers.variables = {"TWILIO_REGION": "ie1", "SSL_CERT_FILE": authority.file}
        servers.program = {"TWILIO_REGION": "ie1", "AUTHORITY": authority.file}
        return servers

    return start


def test_squid(far, squid, archive):
    sizes = dict.fromkeys(range(20), 10_000)
    servers, proxy = far(sizes), squid()
    variables = {"HTTPS_PROXY": f"http://{SQUID}"}

    command = [TOOL, "archive", "--jobs", 4, "--to", archive, ROOM]
    archived = run(*command, **variables, **servers.variables).succeeded()
    listed = run(PROGRAM, "list", ROOM, **variables, **servers.program).succeeded()

    assert_holds(archive, sizes)
    assert listed.stdout.split() == [record["sid"] for record in records(sizes)]
    assert not retries(archived)
    assert {request.client for request in servers.requests()} == {"127.0.0.2"}
    # A connection per job to each host, one for the listing, and one of the program.
    requests = proxy.requests()
    assert set(requests) == {
        f"CONNECT {host}:443 200 -" for host in ("video.ie1.twilio.com", "media.example")
    }
    assert len(requests) <= 1 + 4 + 4 + 1


def test_squid_with_authentication(far, squid, authority, archive):
    sizes = dict.fromkeys(range(3), 10_000)
    servers, proxy = far(sizes), squid(AUTHENTICATED)

    command = [TOOL, "archive", "--jobs", 1, "--to", archive, ROOM]
    variables = {"HTTPS_PROXY": f"http://ops:a+b%3Ac%2Fd%20e@{SQUID}"}
    archived = run(*command, **variables, **servers.variables).succeeded()
    curl = ["curl", "--head", "--cacert", authority.file]
    run(*curl, "https://video.ie1.twilio.com", **variables).succeeded()

    assert_holds(archive, sizes)
    assert not retries(archived)
    hosts = ["media.example", "video.ie1.twilio.com", "video.ie1.twilio.com"]
    assert sorted(proxy.requests()) == [f"CONNECT {host}:443 200 ops" for host in hosts]


@pytest.mark.parametrize("user", ["", "ops:mistyped-password@"], ids=["no password", "wrong password"])
def test_squid_rejects_the_user(user, far, squid):
    servers, proxy = far(), squid(AUTHENTICATED)

    failed = run(TOOL, "list", ROOM, HTTPS_PROXY=f"http://{user}{SQUID}", **servers.variables)

    assert failed.status == 1
    expected = (
        f"request to video.ie1.twilio.com through proxy {SQUID} failed: the proxy rejected the connection"
    )
    assert expected in failed.stderr and "(status 407)" in failed.stderr
    assert "mistyped-password" not in failed.stderr
    assert not retries(failed)
    assert len(proxy.requests()) == 1 and not servers.requests()


@pytest.mark.parametrize("host", ["video.ie1.twilio.com", "media.example"])
def test_squid_denies_a_host(host, far, squid, archive):
    servers = far({0: 1000})
    proxy = squid(f"acl denied dstdomain {host}\nhttp_access deny denied\nhttp_access allow all")

    command = [TOOL, "archive", "--to", archive, ROOM]
    failed = run(*command, HTTPS_PROXY=f"http://{SQUID}", **servers.variables)

    assert failed.status == 1
    assert f"request to {host} through proxy {SQUID} failed: the proxy rejected" in failed.stderr
    assert "(status 403)" in failed.stderr
    assert not retries(failed)
    assert proxy.requests().count(f"CONNECT {host}:443 403 -") == 1
    assert not servers.requests(host)


def test_squid_cannot_reach_the_host(squid):
    proxy = squid()

    failed = run(TOOL, "list", "--retries", 1, ROOM, HTTPS_PROXY=f"http://{SQUID}", TWILIO_REGION="de1")

    assert failed.status == 1
    assert f"request to video.de1.twilio.com through proxy {SQUID} failed: " in failed.stderr
    assert "(status 503)" in failed.stderr and "(after 2 attempts)" in failed.stderr
    assert proxy.requests() == ["CONNECT video.de1.twilio.com:443 503 -"] * 2


def test_proxy_is_down(far):
    servers = far()

    failed = run(TOOL, "list", "--retries", 1, ROOM, HTTPS_PROXY=REFUSING, **servers.variables)

    assert failed.status == 1
    expected = (
        "request to video.ie1.twilio.com through proxy 127.0.0.1:1 failed: could not connect to the proxy"
    )
    assert expected in failed.stderr and "(after 2 attempts)" in failed.stderr
    assert len(retries(failed)) == 1


def test_proxy_with_tls(far, squid, serve, authority, tmp_path):
    """HAProxy adds TLS to squid."""
    servers, proxy = far(), squid()
    certificate = authority.certificate("proxy.example")
    configuration = tmp_path / "haproxy.cfg"
    configuration.write_text(
        f"""
defaults
    mode tcp
    timeout connect 5s
    timeout client 20s
    timeout server 20s
listen proxy
    bind 127.0.0.1:3129 ssl crt {certificate}
    server squid {SQUID}
"""
    )
    serve(3129, "haproxy", "-db", "-f", configuration)
    variables = {"HTTPS_PROXY": "https://proxy.example:3129"}

    listed = run(TOOL, "list", "--json", ROOM, **variables, **servers.variables).succeeded()
    by_address = {"HTTPS_PROXY": "https://127.0.0.1:3129"}
    failed = run(TOOL, "list", ROOM, **by_address, **servers.variables)

    assert listed.records == RECORDS
    assert failed.status == 1
    expected = "request to video.ie1.twilio.com through proxy 127.0.0.1:3129 failed: TLS failed: "
    assert expected in failed.stderr and "certificate not valid for name" in failed.stderr
    assert not retries(failed)
    assert proxy.requests() == ["CONNECT video.ie1.twilio.com:443 200 -"]


def test_mitmproxy_with_its_own_authority(front, serve, authority, tmp_path, archive):
    sizes = dict.fromkeys(range(3), 10_000)
    front(sizes)
    port, folder = free_port(), tmp_path / "mitmproxy"
    options = [f"confdir={folder}", f"ssl_verify_upstream_trusted_ca={authority.file}"]
    listen = ["--listen-host", "127.0.0.1", "--listen-port", port]
    mitmproxy = serve(port, "mitmdump", *listen, *(part for it in options for part in ("--set", it)))
    variables = {"HTTPS_PROXY": f"http://127.0.0.1:{port}"}
    command = [TOOL, "archive", "--to", archive, ROOM]

    trusting = run(*command, SSL_CERT_FILE=folder / "mitmproxy-ca-cert.pem", **variables).succeeded()
    failed = run(TOOL, "list", ROOM, SSL_CERT_FILE=authority.file, **variables)

    assert not retries(trusting)
    assert_holds(archive, sizes)
    mitmproxy.stop()
    assert mitmproxy.log().count("GET https://video.twilio.com/") == 1 + 3
    assert mitmproxy.log().count("GET https://storage.example/") == 3
    assert failed.status == 1
    assert f"request to video.twilio.com through proxy 127.0.0.1:{port} failed: TLS failed: " in failed.stderr
    assert "UnknownIssuer; only the operating system's root certificates are trusted" in failed.stderr
    assert not retries(failed)


@pytest.fixture
def socks(serve, tmp_path):
    """Starts a SOCKS proxy with these options, which knows the far hosts only."""
    hosts = tmp_path / "socks-hosts"
    hosts.write_text(FAR_HOSTS)

    def start(*options):
        with_hosts = 'mount --bind "$0" /etc/hosts && exec microsocks "$@"'
        listen = ["-i", "127.0.0.1", "-p", "1080", "-b", "127.0.0.3"]
        return serve(1080, "unshare", "--mount", "bash", "-c", with_hosts, hosts, *listen, *options)

    return start


def test_socks_proxy(far, socks, archive):
    sizes = dict.fromkeys(range(3), 10_000)
    servers, proxy = far(sizes), socks()
    variables = {"ALL_PROXY": f"socks5h://{SOCKS}"}

    command = [TOOL, "archive", "--to", archive, ROOM]
    archived = run(*command, **variables, **servers.variables).succeeded()
    listed = run(PROGRAM_WITH_SOCKS, "list", ROOM, **variables, **servers.program).succeeded()

    assert_holds(archive, sizes)
    assert listed.stdout.split() == [record["sid"] for record in records(sizes)]
    assert not retries(archived)
    assert {request.client for request in servers.requests()} == {"127.0.0.3"}
    for host in ("video.ie1.twilio.com", "media.example"):
        assert f"connected to {host}:443" in proxy.log()


def test_socks_proxy_gets_an_address(front, socks, authority):
    """With `socks5`, the client resolves the host name, which this proxy does not know."""
    servers, proxy = front(SIZES), socks()
    trust = {"SSL_CERT_FILE": authority.file}

    listed = run(TOOL, "list", "--json", ROOM, ALL_PROXY=f"socks5://{SOCKS}", **trust).succeeded()
    failed = run(TOOL, "list", "--retries", 1, ROOM, ALL_PROXY=f"socks5h://{SOCKS}", **trust)
    curl = ["curl", "--head", "--cacert", authority.file, "https://video.twilio.com"]
    by_curl = [run(*curl, ALL_PROXY=f"{scheme}://{SOCKS}").status for scheme in ("socks5", "socks5h")]

    assert listed.records == RECORDS
    assert "connected to 127.0.0.1:443" in proxy.log()
    assert failed.status == 1
    assert f"request to video.twilio.com through proxy {SOCKS} failed: " in failed.stderr
    assert len(retries(failed)) == 1
    # curl does the same. Its exit status 97 is the proxy's failure.
    assert by_curl == [0, 97]
    assert [request.client for request in servers.requests()] == ["127.0.0.3"] * 2


def test_socks_proxy_with_authentication(far, socks):
    servers = far()
    socks("-u", "ops", "-P", "a:b/c")

    variables = {"ALL_PROXY": f"socks5h://ops:a%3Ab%2Fc@{SOCKS}"}
    listed = run(TOOL, "list", "--json", ROOM, **variables, **servers.variables).succeeded()

    assert listed.records == RECORDS


@pytest.mark.parametrize(
    ("user", "reason"),
    [("", "no acceptable auth methods"), ("ops:mistyped-password@", "password authentication failed")],
    ids=["no password", "wrong password"],
)
def test_socks_proxy_rejects_the_user(user, reason, far, socks):
    servers = far()
    socks("-u", "ops", "-P", "a:b/c")

    failed = run(TOOL, "list", ROOM, ALL_PROXY=f"socks5h://{user}{SOCKS}", **servers.variables)

    assert failed.status == 1
    expected = (
        f"request to video.ie1.twilio.com through proxy {SOCKS} failed: the proxy rejected the connection"
    )
    assert f"error: {ROOM}: {expected}: {reason}\n" in failed.stderr
    assert "mistyped-password" not in failed.stderr
    assert not retries(failed)
    assert not servers.requests()


@pytest.mark.parametrize("scheme", ["socks4", "socks4a", "socks5", "socks5h"])
def test_socks_proxy_without_the_feature(scheme, front, socks, authority):
    servers, proxy = front(SIZES), socks()

    failed = run(PROGRAM, "list", ROOM, ALL_PROXY=f"{scheme}://{SOCKS}", AUTHORITY=authority.file)

    assert failed.status == 1
    assert "ALL_PROXY" in failed.stderr and "feature socks-proxy" in failed.stderr
    assert not servers.requests()
    assert "connected to" not in proxy.log()


def test_proxy_is_never_used_for_a_loopback_address(api, squid):
    running, proxy = api(RECORDS), squid()

    for name in ("HTTPS_PROXY", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        listed = run(
            TOOL, "list", "--json", ROOM, base_url=running.url, **{name: f"http://{SQUID}"}
        ).succeeded()
        assert listed.records == RECORDS

    assert not proxy.requests()
