"""Early data of TLS (0-RTT): openssl and GnuTLS against a server of leat that accepts it, and leat against their
servers."""

import contextlib
import pathlib
import shutil
import socket
import subprocess
import threading
import time

import pytest

from conftest import run, until
from test_tls import GnutlsServer, Keys, ask

WINDOW_S = 11  # leat accepts none for ten seconds after its first ticket


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    run("ip", "link", "set", "lo", "up")
    return Keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def server(leat, keys):
    return leat("tls_early", arguments=[keys.folder / "ec.pem", keys.folder / "ec.key"])


def s_client(keys, where, *words, stdin=b"said later\n"):
    return run("openssl", "s_client", "-connect", where, "-servername", "leat.test", "-CAfile", keys.authority,
               "-verify_return_error", "-alpn", "http/1.1", "-ign_eof", *words, stdin=stdin).decode()


@pytest.fixture
def session(server, keys, tmp_path):
    """A session file, old enough, and one with the early data."""
    file, early = tmp_path / "session", tmp_path / "early"
    early.write_bytes(b"said early\n")
    where = f"{server.ip}:443"
    assert "late: said later" in s_client(keys, where, "-sess_out", file)
    assert "Early data was rejected" in s_client(keys, where, "-sess_in", file, "-early_data", early, "-sess_out", file)
    time.sleep(WINDOW_S)
    return "-sess_in", file, "-early_data", early


def test_openssl_sends_early_data(server, keys, session):
    said = s_client(keys, f"{server.ip}:443", *session, stdin=b"")
    assert "Early data was accepted" in said and "early: said early" in said, said
    server.wait_for("over: taken 1, refused 1, repeated 0")


def test_openssl_sends_early_data_and_is_asked_for_another_share(server, keys, session):
    said = s_client(keys, f"{server.ip}:443", *session, "-groups", "X448:P-256")
    assert "Early data was rejected" in said and "late: said later" in said, said


class Tap:
    """A relay between client and server, which stores what the client sends."""

    def __init__(self, ip):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.where = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.ip = ip
        self.heard = b""
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        near = self.listener.accept()[0]
        far = socket.create_connection((self.ip, 443), 20)
        threading.Thread(target=self._copy, args=(far, near), daemon=True).start()
        self._copy(near, far, keep=True)

    def _copy(self, source, target, keep=False):
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                self.heard += piece if keep else b""
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)


def test_replayed_early_data_is_refused(server, keys, session):
    tap = Tap(server.ip)
    said = s_client(keys, tap.where, *session, stdin=b"")
    assert "early: said early" in said, said
    for count in (1, 2):
        with socket.create_connection((server.ip, 443), 20) as again, contextlib.suppress(OSError):
            again.sendall(tap.heard)
            again.shutdown(socket.SHUT_WR)
            while again.recv(65536):
                pass
        server.wait_for(f"over: taken 1, refused {1 + count}, repeated {count}")


PAGE = (pathlib.Path(__file__).resolve().parents[2] / "examples/site/index.html").read_text()
HEAD = "{} / HTTP/1.1\r\nHost: leat.test\r\nConnection: close\r\n\r\n"


def test_httpd_answers_early_data_once(leat, keys, tmp_path):
    """GET is answered, POST gets 425, and replayed data gets nothing."""
    web = leat("httpd", options=[*keys.words("ec"), "--early-data"])
    where, file, early = f"{web.ip}:443", tmp_path / "session", tmp_path / "early"
    get = HEAD.format("GET").encode()
    s_client(keys, where, "-sess_out", file, stdin=get)
    time.sleep(WINDOW_S)
    tap = Tap(web.ip)
    for method, target in ("GET", tap.where), ("POST", where):
        early.write_text(HEAD.format(method))
        said = s_client(keys, target, "-sess_in", file, "-sess_out", file, "-early_data", early, stdin=b"")
        assert "Early data was accepted" in said, said
        assert (PAGE if method == "GET" else "HTTP/1.1 425 Too Early") in said, said
    with socket.create_connection((web.ip, 443), 20) as again:
        again.sendall(tap.heard)
        again.shutdown(socket.SHUT_WR)
        heard = b"".join(iter(lambda: again.recv(65536), b""))
    assert 100 < len(heard) < 400, heard  # the server's flight, and no page: no client completes the handshake
    assert PAGE in s_client(keys, where, "-sess_in", file, stdin=get)


def test_gnutls_sends_early_data(server, keys, session, tmp_path):
    if not shutil.which("gnutls-cli"):
        pytest.skip("gnutls-cli is not installed")
    said = run("gnutls-cli", "--port", "443", "--x509cafile", keys.authority, "--sni-hostname", "leat.test",
               "--verify-hostname", "leat.test", "--alpn", "http/1.1", "--no-ocsp", "--resume", "--waitresumption",
               "--earlydata", tmp_path / "early", server.ip, stdin=b"said later\n").decode()
    assert "This is a resumed session" in said and "early: said early" in said, said


# ---- leat as the client


def ask_early(leat, keys, server, ticket):
    return ask(leat, keys, server, ticket=(ticket, "early"))


def test_gnutls_takes_early_data(leat, keys, tmp_path):
    if not shutil.which("gnutls-serv"):
        pytest.skip("gnutls-serv is not installed")
    server = GnutlsServer(keys, "--earlydata", "--maxearlydata", "16384")
    ticket = tmp_path / "ticket"
    first = ask_early(leat, keys, server, ticket)
    assert "early 0" in first and "resumed" not in first, first
    second = ask_early(leat, keys, server, ticket)
    assert "early 18" in second and "resumed" in second, second


def test_openssl_takes_early_data(leat, keys, tmp_path):
    ticket = tmp_path / "ticket"
    probe = socket.create_server(("0.0.0.0", 0))
    port = probe.getsockname()[1]
    probe.close()
    command = ["openssl", "s_server", "-accept", str(port), "-cert", str(keys.folder / "ec.pem"), "-key",
               str(keys.folder / "ec.key"), "-early_data", "-max_early_data", "16384", "-alpn", "http/1.1"]
    heard = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as server:
        threading.Thread(target=lambda: heard.extend(iter(server.stdout.readline, b"")), daemon=True).start()

        def said():
            return b"".join(heard).decode(errors="replace")

        try:
            assert until(lambda: "ACCEPT" in said(), 20), said()
            for taken in (0, 18):
                client = leat("tls_client", options=["--port", port],
                              arguments=["leat.test", keys.authority, "GET / HTTP/1.0\r\n\r\n", ticket, "early"])
                client.wait_for("open", 30)
                server.stdin.write(b"answer\n")
                server.stdin.flush()
                time.sleep(1)
                server.stdin.write(b"q\n")  # ends the session, and listens again
                server.stdin.flush()
                client.wait_for("closed:", 30)
                assert f"early {taken}" in client.text and "heard 7 " in client.text, client.text
            assert "Early data received:" in said() and said().count("GET / HTTP/1.0") == 2, said()
        finally:
            server.kill()
