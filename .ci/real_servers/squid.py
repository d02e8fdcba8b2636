"""squid: its configuration, its users, and the hosts that only it and other proxies know."""

import hashlib
import shutil
import time

from harness import run, wait_until

SQUID = "127.0.0.1:3128"

FAR_HOSTS = "127.0.0.1 video.ie1.twilio.com\n127.0.0.1 media.example\n"
HOSTS = f"{FAR_HOSTS}127.0.0.1 localhost\n127.0.0.1 video.twilio.com\n203.0.113.1 video.de1.twilio.com\n"

CONFIGURATION = """
http_port {SQUID}
tcp_outgoing_address 127.0.0.2
hosts_file {folder}/hosts
dns_nameservers 127.0.0.1
logformat line %rm %ru %>Hs %un
access_log stdio:{folder}/access.log logformat=line
cache_log {folder}/cache.log
pid_filename none
cache_effective_user proxy
cache deny all
pinger_enable off
max_filedescriptors 1024
coredump_dir {folder}
"""

# Rules of access for the user "ops" with the password "a+b:c/d e".
AUTHENTICATED = """
auth_param basic program /usr/lib/squid/basic_ncsa_auth {folder}/users
auth_param basic children 1
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all
"""


class Squid:
    """A running squid, with a folder of its own user. It connects from 127.0.0.2."""

    def __init__(self, serve, folder, rules):
        shutil.chown(folder, "proxy", "proxy")
        self.access_log = folder / "access.log"
        (folder / "hosts").write_text(HOSTS)
        (folder / "users").write_text(f"ops:{hashlib.md5(b'a+b:c/d e').hexdigest()}\n")
        configuration = folder / "squid.conf"
        configuration.write_text((CONFIGURATION + rules).format(SQUID=SQUID, folder=folder))
        self.server = serve(3128, "squid", "-N", "-f", configuration)

    def requests(self):
        """The method, target, status and user of each request to open a connection. A last request of
        another method comes into the log when all others are in it."""
        last = f"http://127.0.0.1:1/{time.monotonic()}"
        run("curl", "--proxy", SQUID, last)
        wait_until(lambda: last in self.access_log.read_text(), "squid logs the last request")
        return [line for line in self.access_log.read_text().splitlines() if line.startswith("CONNECT ")]

    def kill(self):
        """By itself, it would take two seconds to end."""
        self.server.process.kill()
        self.server.process.wait()
