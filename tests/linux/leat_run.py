"""leat-run on a TAP device, with the kernel as its peer, for the tests of it."""

import http.server
import os
import subprocess
import textwrap
import threading

import pytest

from conftest import BUILD, QUICK, Process, make_tap, run
from patience import PATIENCE

BIG_BYTES = 3_000_000 if QUICK else 100_000_000
OURS, PEER = "10.91.0.2", "10.91.0.1"
OURS6, PEER6 = "fd91::2", "fd91::1"
PYTHON = "/usr/bin/python3"
# how the data of connections goes: the tests of leat-run run with each
MODE = {"": [], "fast": ["--fast"]}[os.environ.get("LEAT_RUN_MODE", "")]
WORDS = ("--ip", f"{OURS}/24", "--gateway", PEER, "--ip6", f"{OURS6}/64", "--server", PEER)


def leat_run():
    path = BUILD / "sockets/run/leat-run"
    if not path.is_file():
        pytest.skip("leat-run has not been built")
    return str(path)


def command():
    """leat-run and the option of its mode."""
    return [leat_run(), *MODE]


@pytest.fixture
def device():
    """Options for a TAP device, with the kernel at its other end."""
    make_tap("run0", address=f"{PEER}/24")
    run("ip", "addr", "add", f"{PEER6}/64", "dev", "run0", "nodad", check=False)
    yield ["--tap", "run0", *WORDS]
    run("ip", "link", "delete", "run0")


class Run:
    """Programs under leat-run on the device."""

    def __init__(self, words):
        self.words = [*command(), *words]
        self.started = []

    def __call__(self, *command, timeout=60, stdin=None):
        """To its end; returns its status and output."""
        done = subprocess.run([*self.words, *map(str, command)], stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=PATIENCE * timeout, check=False, input=stdin)  # fmt: skip
        text = done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace")
        assert "Sanitizer" not in text, text
        return done.returncode, text

    def python(self, code, *arguments, timeout=60):
        """A script; its output, which must end with "good"."""
        status, text = self(PYTHON, "-c", textwrap.dedent(code), *arguments, timeout=timeout)
        assert status == 0 and text.rstrip().endswith("good"), text
        return text

    def begin(self, *command):
        process = Process(*self.words, *command)
        self.started.append(process)
        return process

    def begin_python(self, code, *arguments):
        return self.begin(PYTHON, "-u", "-c", textwrap.dedent(code), *arguments)

    def end(self):
        for process in self.started:
            process.stop()
            assert "Sanitizer" not in process.text, process.text


@pytest.fixture
def ours(device):
    made = Run(device)
    yield made
    made.end()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    body = bytes(range(256)) * (BIG_BYTES // 256)

    def log_message(self, *_):
        pass

    def do_GET(self):
        body = self.body if self.path == "/big" else self.path.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def web(device):
    """Starts a server of HTTP, or with a context of HTTPS, on the kernel's side; returns its port."""
    servers = []

    def start(context=None):
        server = http.server.ThreadingHTTPServer((PEER, 0), Handler)
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return server.server_port

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
