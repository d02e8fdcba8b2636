"""The health check of the tool's manual, as systemd runs it after a success."""

import re
import shlex
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from harness import ROOT


def test_the_command_of_the_manual_notifies_its_server():
    seen = []

    class Ping(BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Ping)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    manual = (ROOT / "cli/README.md").read_text()
    command = re.search(r"^ExecStartPost=-(.*)$", manual, re.MULTILINE)[1]
    url = re.search(r"https://\S+", command)[0]
    command = command.replace(url, f"http://127.0.0.1:{server.server_port}/ping")

    subprocess.run(shlex.split(command), check=True)
    server.shutdown()

    assert seen == ["/ping"]
