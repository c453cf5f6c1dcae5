"""fetch beside curl: the same options and data, and for the same failures the same exit status."""

import contextlib
import http.server
import os
import pathlib
import socket
import ssl
import subprocess
import threading

import pytest

from conftest import binary, make_tap, run
from patience import PATIENCE

PEER = "10.86.0.1"
PAGE = b"0123456789" * 1000


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.seen.append((self.path, dict(self.headers)))
        if self.path.startswith("/to/"):
            return self.reply(302, b"moved", Location=self.path[4:])
        if self.path == "/loop":
            return self.reply(302, b"", Location="/loop")
        if self.path.startswith("/status/"):
            return self.reply(int(self.path[8:]), b"error page\n")
        if self.path == "/user" and self.headers.get("Authorization") != "Basic YW5uOm86bmU=":
            return self.reply(401, b"who?\n", **{"WWW-Authenticate": "Basic realm=x"})
        if self.path == "/big-head":
            return self.reply(200, b"big\n", **{f"X-{i}": 1000 * "x" for i in range(60)})
        if self.path == "/part":
            first = int(self.headers.get("Range", "bytes=0-")[6:-1])
            if first >= len(PAGE):
                return self.reply(416, b"", **{"Content-Range": f"bytes */{len(PAGE)}"})
            return self.reply(206 if first else 200, PAGE[first:],
                              **({"Content-Range": f"bytes {first}-{len(PAGE) - 1}/{len(PAGE)}"} if first else {}))
        return self.reply(200, PAGE)

    def reply(self, status, body, **fields):
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextlib.contextmanager
def server(port, context=None):
    made = http.server.ThreadingHTTPServer((PEER, port), Handler)
    made.seen = []
    if context:
        made.socket = context.wrap_socket(made.socket, server_side=True)
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.shutdown()
        made.server_close()
        thread.join(10)


@contextlib.contextmanager
def answers(port, data, reset=False):
    """Answers each connection with the same bytes, and closes it."""
    listener = socket.create_server((PEER, port))

    def run_all():
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            with near:
                near.settimeout(20 * PATIENCE)
                with contextlib.suppress(OSError):
                    near.recv(10000)
                    near.sendall(data)
                    if data is not None and reset:
                        near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    thread = threading.Thread(target=run_all, daemon=True)
    thread.start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


@pytest.fixture(scope="module", autouse=True)
def peer():
    make_tap("curl0", address=f"{PEER}/24")
    yield
    run("ip", "link", "del", "curl0", check=False)


def start(*words, **rest):
    return subprocess.run(list(map(str, words)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=60 * PATIENCE, check=False, **rest)


def fetch(*words, **rest):
    return start(binary("fetch"), "--tap", "curl0", "--ip", "10.86.0.2/24", *words, **rest)


def both(*words):
    """fetch and curl do the same with the same words: -f, because fetch takes errors of HTTP for errors."""
    ours, theirs = fetch("-f", *words), start("curl", "-sS", "-f", *words)
    assert ours.returncode == theirs.returncode, (words, ours, theirs)
    assert ours.stdout == theirs.stdout, words
    assert bool(ours.returncode) == (b"fetch: " in ours.stderr.partition(b"\n")[2] or b"fetch: " not in ours.stderr or
                                     ours.returncode in (1, 2, 3, 23)), ours.stderr
    return ours


def test_data_and_words_are_apart():
    with server(8090):
        done = fetch(f"http://{PEER}:8090/")
        assert (done.returncode, done.stdout) == (0, PAGE) and done.stderr.startswith(b"fetch: 10.86.0.2/24 on ")
        done = fetch(f"http://{PEER}:8090/status/404")
        assert (done.returncode, done.stdout) == (22, b"error page\n") and b"status 404" in done.stderr
        assert fetch("-f", f"http://{PEER}:8090/status/500").stdout == b""
        with open("/dev/full", "wb") as full:
            done = subprocess.run([binary("fetch"), "--tap", "curl0", "--ip", "10.86.0.2/24", f"http://{PEER}:8090/"],
                                  stdout=full, stderr=subprocess.PIPE, timeout=60 * PATIENCE, check=False)
        assert done.returncode == 23 and b"can't be written" in done.stderr


def test_statuses_are_those_of_curl(tmp_path):
    url = f"http://{PEER}:8090"
    with server(8090) as made:
        for words in ([f"{url}/"], [f"{url}/status/404"], [f"{url}/status/503"], ["-L", f"{url}/loop"],
                      ["-L", f"{url}/to//to//x"], [f"{url}/big-head"], ["-u", "ann:o:ne", f"{url}/user"],
                      ["-u", "ann:no", f"{url}/user"], [f"http://ann:o%3ane@{PEER}:8090/user"], ["-H", "X-A: b", f"{url}/"],
                      ["-o", tmp_path / "none/x", f"{url}/"], ["-m", "20", f"{url}/"], ["-C", "9000", f"{url}/part"],
                      ["-C", "10", f"{url}/"]):
            both(*words)
        assert made.seen[-1][1]["Range"] == "bytes=10-"
    for words in (["gopher-x://a/"], ["http://"], ["http://a:99999/"], [f"http://{PEER}:8099/"], ["http://host.invalid/"]):
        both(*words)


@pytest.mark.parametrize("data, reset", [
    (b"", False), (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123", False), (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n1", True),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", False), (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", False),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", False),
])  # fmt: skip
def test_broken_replies(data, reset):
    with answers(8091, data, reset):
        both(f"http://{PEER}:8091/")


def test_a_silent_server():
    with socket.create_server((PEER, 8092)):
        assert both("-m", "1.5", f"http://{PEER}:8092/").returncode == 28


def test_a_file_is_completed(tmp_path):
    for name, have in (("empty", 0), ("some", 100), ("all", len(PAGE))):
        for tool in ("fetch", "curl"):
            (tmp_path / f"{name}-{tool}").write_bytes(PAGE[:have])
    with server(8090) as made:
        url = f"http://{PEER}:8090/part"
        for name in ("empty", "some", "all"):
            ours = fetch("-C", "-", "-o", tmp_path / f"{name}-fetch", url)
            theirs = start("curl", "-sS", "-C", "-", "-o", tmp_path / f"{name}-curl", url)
            assert ours.returncode == theirs.returncode == 0, (name, ours)
            assert (tmp_path / f"{name}-fetch").read_bytes() == (tmp_path / f"{name}-curl").read_bytes() == PAGE
        (tmp_path / "whole").write_bytes(b"123")
        done = fetch("-C", "-", "-o", tmp_path / "whole", f"http://{PEER}:8090/")
        assert done.returncode == 33 and (tmp_path / "whole").read_bytes() == b"123"
        done = fetch("-O", f"http://{PEER}:8090/x/named?y", cwd=tmp_path)
        assert done.returncode == 0 and (tmp_path / "named").read_bytes() == PAGE and done.stdout == b""
        assert made.seen


def test_a_password_is_for_its_host_only():
    with server(8090) as first, server(8093) as second:
        done = fetch("-u", "ann:o:ne", "-H", "Cookie: c=1", "-H", "X-A: b", f"http://{PEER}:8090/to/http://{PEER}:8093/x")
        assert done.returncode == 0
        assert {"Authorization", "Cookie", "X-A"} <= set(first.seen[0][1])
        assert set(second.seen[0][1]) & {"Authorization", "Cookie", "X-A"} == {"X-A"}


def test_tls(tmp_path):
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", tmp_path / "key.pem",
        "-out", tmp_path / "cert.pem", "-days", "2", "-subj", "/CN=x", "-addext", f"subjectAltName=IP:{PEER}", timeout=60)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with server(8094, context), server(8090):
        done = fetch("--cert", tmp_path / "cert.pem", f"https://{PEER}:8094/")
        if b"without cryptography" in done.stderr:
            pytest.skip("fetch has no TLS")
        assert (done.returncode, done.stdout) == (0, PAGE), done.stderr
        both(f"https://{PEER}:8094/")  # 60: the authority isn't known
        both(f"https://{PEER}:8090/")  # 35: no TLS is spoken there


def test_names_in_other_alphabets():
    done = fetch("http://b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example/")
    if b"can't be written as DNS has it" in done.stderr:
        pytest.skip("fetch has no libidn2")
    assert done.returncode == 6
    assert fetch("http://\N{WARNING SIGN}\N{ZERO WIDTH NON-JOINER}.example/").returncode == 3


def test_usage():
    for words in ([], ["-x", "http://a/"], ["-o"], ["-m", "soon", "http://a/"], ["a", "b", "c"], ["-C", "-", "http://a/"]):
        assert fetch(*words).returncode == 2, words
    assert b"-u USER:PASSWORD" in start(binary("fetch"), "--help").stdout
