"""nginx and HAProxy between the client and the API: TLS versions, HTTP/2, connections, rate limits."""

import pytest

from api import recording
from harness import PROGRAM, ROOM, TOOL, run

RECORDS = [recording(number) for number in range(120)]


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_one_version_of_tls(version, api, nginx, authority):
    certificate = authority.certificate("video.twilio.com")
    nginx(
        443,
        f"""
        log_format version $ssl_protocol;
        server {{
            listen 443 ssl; ssl_protocols {version};
            ssl_certificate {certificate}; ssl_certificate_key {certificate};
            location / {{ proxy_pass {api(RECORDS).url}; }}
        }}
        """,
    )

    by_tool = run(TOOL, "list", "--json", ROOM, SSL_CERT_FILE=authority.file).succeeded()
    by_program = run(PROGRAM, "list", ROOM, AUTHORITY=authority.file).succeeded()

    assert by_tool.records == RECORDS
    assert by_program.stdout.split() == [record["sid"] for record in RECORDS]
