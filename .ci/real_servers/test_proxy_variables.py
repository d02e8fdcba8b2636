"""The choice of the proxy by the environment, beside curl's: the table "Proxies and certificate
authorities" of the cookbook, with squid as the proxy."""

import subprocess

import pytest

from harness import ACCOUNT, ROOM, TOKEN, TOOL, run, wait_until
from squid import SQUID

# Nothing listens there.
DEAD = "127.0.0.1:1"

PROXY = "through the proxy"
DIRECT = "directly"
FAILED = "failed"

HOSTS = ("video.twilio.com", "192.0.2.1", "2001:db8::1", "localhost")


@pytest.fixture
def ways(front, squid, authority):
    """Returns the ways that the tool's request and curl's take with these variables."""
    for address in ("192.0.2.1/32", "2001:db8::1/128"):
        subprocess.run(["ip", "address", "add", address, "dev", "lo"], check=True)
    servers = front({0: 1000}, lines="listen [::]:443 ssl;", names=HOSTS)
    proxy = squid()

    def way(program, *arguments, **variables):
        before = len(servers.logged()), len(proxy.requests())
        finished = run(program, *arguments, SSL_CERT_FILE=authority.file, **variables)
        through_proxy = len(proxy.requests()) - before[1]
        if finished.status != 0:
            assert not through_proxy
            return FAILED
        wait_until(lambda: len(servers.logged()) > before[0], "nginx logs the request")
        return PROXY if through_proxy else DIRECT

    def of(variables, host="video.twilio.com"):
        url = f"https://{host}"
        by_tool = way(TOOL, "list", "--retries", 0, ROOM, base_url=url, **variables)
        curl = ["--silent", "--fail", "--cacert", authority.file, "--user", f"{ACCOUNT}:{TOKEN}"]
        by_curl = way(
            "curl", *curl, "--output", "/dev/null", f"{url}/v1/Rooms/{ROOM}/Recordings", **variables
        )
        return by_tool, by_curl

    yield of
    for address in ("192.0.2.1/32", "2001:db8::1/128"):
        subprocess.run(["ip", "address", "delete", address, "dev", "lo"], check=True)


def test_precedence(ways):
    url, dead = f"http://{SQUID}", f"http://{DEAD}"
    cases = [
        ({}, DIRECT, DIRECT),
        ({"HTTPS_PROXY": url}, PROXY, PROXY),
        ({"https_proxy": url}, PROXY, PROXY),
        ({"ALL_PROXY": url}, PROXY, PROXY),
        ({"all_proxy": url}, PROXY, PROXY),
        ({"https_proxy": url, "HTTPS_PROXY": dead}, PROXY, PROXY),
        ({"https_proxy": dead, "HTTPS_PROXY": url}, FAILED, FAILED),
        ({"all_proxy": url, "ALL_PROXY": dead}, PROXY, PROXY),
        ({"all_proxy": dead, "ALL_PROXY": url}, FAILED, FAILED),
        ({"HTTPS_PROXY": url, "all_proxy": dead, "ALL_PROXY": dead}, PROXY, PROXY),
        ({"HTTPS_PROXY": dead, "all_proxy": url}, FAILED, FAILED),
        ({"https_proxy": "", "HTTPS_PROXY": url}, PROXY, PROXY),
        ({"HTTPS_PROXY": "", "ALL_PROXY": url}, PROXY, PROXY),
        ({"HTTP_PROXY": dead, "http_proxy": dead}, DIRECT, DIRECT),
    ]
    assert [(it, *ways(it)) for it, *_ in cases] == cases


def test_form_of_the_url(ways):
    urls = [
        (f"http://{SQUID}", PROXY, PROXY),
        (f"http://{SQUID}/", PROXY, PROXY),
        (SQUID, PROXY, PROXY),
        ("http//proxy", FAILED, FAILED),
        (f"ftp://{SQUID}", FAILED, FAILED),
        ("http://127.0.0.1:99999", FAILED, FAILED),
    ]
    assert [(it, *ways({"HTTPS_PROXY": it})) for it, *_ in urls] == urls


def test_unusable_value():
    values = ["http//proxy", "ftp://proxy", "http://ops:secret@proxy:99999", "ops:secret@proxy:port"]
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        for value in values:
            failed = run(TOOL, "list", ROOM, **{name: value})
            assert failed.status == 2
            assert failed.stderr.startswith(f"error: invalid {name} ")
            assert "secret" not in failed.stderr


def test_default_port():
    """The address that is named by the tool's error, and the one that curl tries to connect to."""
    cases = [
        ("http://127.0.0.9", 80, 1080),
        ("127.0.0.9", 80, 1080),
        ("https://127.0.0.9", 443, 443),
        ("socks5h://127.0.0.9", 1080, 1080),
    ]
    for url, port, port_of_curl in cases:
        failed = run(TOOL, "list", "--retries", 0, ROOM, HTTPS_PROXY=url)
        assert f"request to video.twilio.com through proxy 127.0.0.9:{port} failed: " in failed.stderr
        by_curl = run("curl", "--verbose", "https://video.twilio.com", HTTPS_PROXY=url)
        assert f"Trying 127.0.0.9:{port_of_curl}..." in by_curl.stderr


def test_curl_and_http_proxy():
    """curl uses the variable for `http` URLs, but not its upper-case name."""
    for name, tried in [("http_proxy", DEAD), ("HTTP_PROXY", "127.0.0.1:80")]:
        by_curl = run("curl", "--verbose", "http://video.twilio.com", **{name: f"http://{DEAD}"})
        assert f"Trying {tried}..." in by_curl.stderr


def test_no_proxy_with_names(ways):
    lists = [
        ("video.twilio.com", DIRECT, DIRECT),
        ("VIDEO.Twilio.COM", DIRECT, DIRECT),
        ("twilio.com", DIRECT, DIRECT),
        (".twilio.com", DIRECT, DIRECT),
        ("other.example,video.twilio.com", DIRECT, DIRECT),
        ("other.example, video.twilio.com", DIRECT, DIRECT),
        ("other.example video.twilio.com", DIRECT, DIRECT),
        ("*", DIRECT, DIRECT),
        ("", PROXY, PROXY),
        ("wilio.com", PROXY, PROXY),
        ("video.twilio", PROXY, PROXY),
        ("www.video.twilio.com", PROXY, PROXY),
        ("https://video.twilio.com", PROXY, PROXY),
        ("127.0.0.1", PROXY, PROXY),
        # Only this crate.
        ("*.twilio.com", DIRECT, PROXY),
        ("other.example,*", DIRECT, PROXY),
        ("video.twilio.com:443", DIRECT, PROXY),
        ("video.twilio.com:444", PROXY, PROXY),
    ]
    variables = {"HTTPS_PROXY": f"http://{SQUID}"}
    assert [(it, *ways(variables | {"NO_PROXY": it})) for it, *_ in lists] == lists


def test_no_proxy_with_addresses(ways):
    lists = [
        ("192.0.2.1", "192.0.2.1", DIRECT, DIRECT),
        ("192.0.2.1", "other.example, 192.0.2.1", DIRECT, DIRECT),
        ("192.0.2.1", "192.0.2.0/24", PROXY, DIRECT),
        ("192.0.2.1", "192.0.2.2", PROXY, PROXY),
        ("192.0.2.1", "192.0.2.128/25", PROXY, PROXY),
        ("192.0.2.1", "192.0.2.*", PROXY, PROXY),
        ("[2001:db8::1]", "2001:db8::1", PROXY, DIRECT),
        ("[2001:db8::1]", "2001:db9::/32", PROXY, PROXY),
    ]
    variables = {"HTTPS_PROXY": f"http://{SQUID}"}
    assert [(host, it, *ways(variables | {"NO_PROXY": it}, host)) for host, it, *_ in lists] == lists
    # Not every version of curl knows networks of IPv6.
    assert ways(variables | {"NO_PROXY": "2001:db8::/32"}, "[2001:db8::1]")[0] == PROXY


def test_lower_case_no_proxy_takes_precedence(ways):
    cases = [
        ({"no_proxy": "video.twilio.com", "NO_PROXY": "other.example"}, DIRECT, DIRECT),
        ({"no_proxy": "other.example", "NO_PROXY": "video.twilio.com"}, PROXY, PROXY),
        ({"no_proxy": "", "NO_PROXY": "video.twilio.com"}, DIRECT, DIRECT),
    ]
    variables = {"HTTPS_PROXY": f"http://{SQUID}"}
    assert [(it, *ways(variables | it)) for it, *_ in cases] == cases


def test_localhost_is_reached_directly(ways):
    assert ways({"ALL_PROXY": f"http://{SQUID}"}, "localhost") == (DIRECT, PROXY)
