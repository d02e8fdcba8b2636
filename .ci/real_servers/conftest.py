"""What the checks share: the API, a certificate authority, and servers that stop with their check."""

import resource
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import certifi
import pytest
import trustme

from api import Api
from figures import service
from front import LOG, Front
from harness import PACKAGES, Server, environment, free_port
from media import media, records, sid
from squid import Squid


@pytest.fixture
def serve(tmp_path):
    """Starts servers: `serve(port, program, argument…)`."""
    servers = []

    def start(port, *command):
        server = Server(command, port, tmp_path)
        servers.append(server)
        return server

    yield start
    for server in reversed(servers):
        if server.process.poll() is None:
            server.stop()


@pytest.fixture
def api():
    """Starts the API: `api(records, location, certificate)`."""
    running = []

    def start(records, location=None, certificate=None):
        running.append(Api(records, location, certificate))
        return running[-1]

    yield start
    for it in running:
        it.close()


@pytest.fixture
def nginx(serve, tmp_path):
    """Starts nginx with these lines in its `http` block: `nginx(port, lines)`."""

    def start(port, lines):
        folder = tmp_path / f"nginx-{port}"
        folder.mkdir()
        configuration = folder / "nginx.conf"
        configuration.write_text(
            f"""
            daemon off; master_process off; pid {folder}/pid; error_log stderr;
            events {{ }}
            http {{
                access_log {folder}/access.log;
                client_body_temp_path {folder}/client; proxy_temp_path {folder}/proxy;
                fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
                {lines}
            }}
            """
        )
        return serve(port, "nginx", "-p", folder, "-c", configuration)

    return start


@dataclass
class StorageRequest:
    """A line of the storage's access log."""

    connection: str
    sid: str
    range: str
    status: str
    encoding: str


@pytest.fixture
def storage(nginx, tmp_path):
    """Starts nginx as the storage of media of these sizes: `storage(sizes, lines)`. Returns what
    makes the location of a recording's media. `storage.requests()` is what nginx has logged."""
    folder = tmp_path / "media"
    folder.mkdir()
    log = tmp_path / "storage.log"

    def serve(sizes, lines=""):
        for number, size in sizes.items():
            (folder / sid(number)).write_bytes(media(number, size))
        port = free_port()
        serve.nginx = nginx(
            port,
            f"""
            log_format storage "$connection $uri $http_range $status $sent_http_content_encoding";
            access_log {log} storage;
            server {{ listen 127.0.0.1:{port}; root {folder}; {lines} }}
            """,
        )
        return f"http://127.0.0.1:{port}/{{}}".format

    def requests():
        fields = [line.split(" ") for line in log.read_text().splitlines()]
        return [StorageRequest(connection, uri[1:], *rest) for connection, uri, *rest in fields]

    serve.folder = folder
    serve.requests = requests
    return serve


@pytest.fixture
def archive(tmp_path):
    """The folder of an archive."""
    folder = tmp_path / "archive"
    folder.mkdir()
    return folder


@pytest.fixture
def front(api, nginx, authority, tmp_path):
    """Starts nginx with TLS on port 443, in front of the API and of a storage with media of these
    sizes. A check can set lines of `http` and `server` blocks, the port, and the names."""

    def start(
        sizes,
        lines="",
        api_lines="",
        storage_lines="",
        http="",
        port=443,
        listen="443 ssl",
        names=("video.twilio.com",),
        storage="storage.example",
    ):
        folder = tmp_path / "media"
        folder.mkdir(exist_ok=True)
        for number, size in sizes.items():
            (folder / sid(number)).write_bytes(media(number, size))
        url = api(records(sizes), lambda sid: f"https://{storage}/{sid}").url
        certificate = authority.certificate(*names, storage)
        common = f"listen {listen}; access_log {tmp_path}/front.log facts; {lines}"
        server = nginx(
            port,
            f"""
            {LOG} {http}
            ssl_certificate {certificate}; ssl_certificate_key {certificate};
            server {{
                server_name {" ".join(names)}; {common} {api_lines}
                location / {{ proxy_pass {url}; }}
            }}
            server {{ server_name {storage}; {common} {storage_lines} root {folder}; }}
            """,
        )
        return Front(server, tmp_path / "front.log")

    return start


@pytest.fixture
def squid(serve):
    """Starts squid with rules of access: `squid(rules)`."""
    with tempfile.TemporaryDirectory(prefix="squid-") as folder:
        running = []

        def start(rules="http_access allow all"):
            running.append(Squid(serve, Path(folder), rules))
            return running[-1]

        yield start
        for it in running:
            it.kill()


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """A certificate authority. `authority.file` is what a client trusts: its certificate."""
    folder = tmp_path_factory.mktemp("authority")
    authority = trustme.CA()
    authority.file = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(authority.file))

    def certificate(*names):
        """A file with a certificate for these names, its chain and its key."""
        file = folder / f"{names[0]}.pem"
        authority.issue_cert(*names).private_key_and_cert_chain_pem.write_to_path(str(file))
        return file

    authority.certificate = certificate
    return authority


@pytest.fixture
def measure(tmp_path, authority):
    """Runs a program that trusts Mozilla's authorities and this one: `measure(output, argument…)`.
    Returns its time and its CPU time in seconds, and its peak memory in MB."""
    roots, peak = tmp_path / "roots.pem", tmp_path / "peak"
    with open(certifi.where()) as mozilla:
        roots.write_text(mozilla.read() + authority.file.read_text())
    trusting = "SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"
    variables = environment(**dict.fromkeys(trusting, roots), NODE_PATH=PACKAGES)

    def run(output, *command):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        # A child of this process would count this process's memory as its own peak.
        timed = ["time", "--format", "%M", "--output", peak, *map(str, command)]
        subprocess.run(timed, env=variables, stdout=output, check=True)
        seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return seconds, cpu, int(peak.read_text()) / 1024

    return run


@pytest.fixture
def certificate(authority):
    return authority.certificate("video.twilio.com", "storage.example")


@pytest.fixture
def fast(nginx, tmp_path, certificate):
    """Starts the prepared service: `fast()`."""

    def start():
        listen = (
            "listen 443 ssl; ssl_protocols TLSv1.3; "
            "ssl_conf_command Ciphersuites TLS_AES_256_GCM_SHA384; "
            f"ssl_certificate {certificate}; ssl_certificate_key {certificate};"
        )
        nginx(443, service(tmp_path, listen))

    return start


@pytest.fixture
def delayed(nginx, serve, tmp_path, certificate):
    """Starts the prepared service behind HAProxy, which delays each request: `delayed(milliseconds)`."""

    def start(milliseconds):
        nginx(8080, service(tmp_path, "listen 8080;"))
        delay = tmp_path / "delay.lua"
        wait = f"core.msleep({milliseconds})"
        delay.write_text(f'core.register_action("delay", {{"http-req"}}, function() {wait} end)')
        configuration = tmp_path / "haproxy.cfg"
        configuration.write_text(
            f"""
            global
                lua-load {delay}
            defaults
                mode http
                timeout connect 10s
                timeout client 60s
                timeout server 60s
            listen delayed
                bind :443 ssl crt {certificate} ssl-min-ver TLSv1.3
                http-request lua.delay
                server nginx 127.0.0.1:8080
            """
            + "\n"
        )
        serve(443, "haproxy", "-f", configuration)

    return start


class Lines:
    """Prints one line per check, and the sum of them."""

    def __init__(self, terminal):
        self.terminal = terminal

    def pytest_runtest_logreport(self, report):
        if report.when != "call" and report.outcome == "passed":
            return
        file, _, name = report.location
        subject = file.rpartition("test_")[2].removesuffix(".py").replace("_", " ")
        check = name.removeprefix("test_").replace("_", " ")
        outcome = {"passed": "ok", "failed": "FAILED", "skipped": "skipped"}[report.outcome]
        reason = f": {report.longrepr[2]}" if report.skipped else ""
        self.terminal.write_line(f"{outcome:7} {subject}: {check} ({report.duration:.1f} s){reason}")

    def pytest_terminal_summary(self):
        def count(*outcomes):
            return sum(len(self.terminal.stats.get(outcome, [])) for outcome in outcomes)

        self.terminal.write_line(f"{count('passed')} passed, {count('failed', 'error')} failed")


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    config.pluginmanager.register(Lines(config.pluginmanager.get_plugin("terminalreporter")))


def pytest_report_teststatus(report):
    """No sign of pytest's own: `Lines` prints each check."""
    if report.when == "call" or report.outcome != "passed":
        return "error" if report.when != "call" and report.failed else report.outcome, "", ""
