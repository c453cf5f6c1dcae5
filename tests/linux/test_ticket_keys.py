"""--ticket-keys and --store: TLS tickets of openssl and Python survive a restart of the server, with its certificate only."""

import os
import signal
import socket
import ssl
import stat

import pytest

from conftest import LIMIT_S, make_tap, run, until
from test_options import start
from test_tls import PAGE, Keys, s_client

FILE_BYTES = 141


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return Keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def serve(leat, keys, tmp_path):
    """serve(name, kind) starts a server that keeps its keys in one file; each has an address of its own."""
    def start(name="httpd", kind="ec", words=()):
        return leat(name, options=[*keys.words(kind), "--ticket-keys", tmp_path / "ticket-keys", *words])

    return start


def ask(web, keys, file, *words):
    """One session of openssl's client: True if it was resumed. Its next ticket replaces @file."""
    said = s_client(web, keys, *(("-sess_in", file) if file.exists() else ()), "-sess_out", file, *words)
    assert PAGE.decode() in said and "Verify return code: 0 (ok)" in said, said
    return "Reused, TLSv1.3" in said


def test_openssl_resumes_after_a_restart(serve, keys, tmp_path):
    file = tmp_path / "session"
    web = serve()
    assert not ask(web, keys, file)
    for _ in range(3):
        web.stop()
        web = serve()
        assert ask(web, keys, file)
        assert ask(web, keys, file)


def test_a_ticket_survives_a_crash(serve, keys, tmp_path):
    file = tmp_path / "session"
    web = serve()
    assert not ask(web, keys, file)
    web.kill()
    web.expect_status(-signal.SIGKILL)
    assert ask(serve(), keys, file)


def echoed_by_python(server, context, session):
    with socket.create_connection((server.ip, 7), LIMIT_S) as plain, \
            context.wrap_socket(plain, server_hostname="leat.test", session=session) as conn:
        conn.sendall(b"hello")
        assert conn.recv(100) == b"hello"
        return conn.session, conn.session_reused


def test_python_resumes_after_a_restart(serve, keys):
    context = ssl.create_default_context(cafile=str(keys.authority))
    server = serve("echo_tls")
    session, reused = echoed_by_python(server, context, None)
    assert not reused
    server.stop()
    session, reused = echoed_by_python(serve("echo_tls"), context, session)
    assert reused


def test_no_early_data_is_taken_right_after_a_restart(serve, keys, tmp_path):
    """The hellos of the run before are forgotten, so one of them could be replayed."""
    file, early = tmp_path / "session", tmp_path / "early"
    early.write_bytes(b"GET / HTTP/1.1\r\nHost: leat.test\r\nConnection: close\r\n\r\n")
    web = serve(words=["--early-data"])
    assert not ask(web, keys, file)
    web.stop()
    web = serve(words=["--early-data"])
    said = s_client(web, keys, "-sess_in", file, "-early_data", early)
    assert "Early data was rejected" in said and "Reused, TLSv1.3" in said, said


def test_the_file_is_its_owners(serve, tmp_path):
    serve()
    path = tmp_path / "ticket-keys"
    until(path.exists)  # it is written after the program has said that it runs
    assert path.stat().st_size == FILE_BYTES and stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_tickets_end_with_their_certificate(serve, keys, tmp_path):
    file = tmp_path / "session"
    web = serve()
    assert not ask(web, keys, file)
    web.stop()
    web = serve(kind="rsa")
    web.wait_for("--ticket-keys .*: the certificate is another one: earlier tickets are not accepted")
    assert not ask(web, keys, file)
    web.stop()
    assert ask(serve(kind="rsa"), keys, file)


def test_a_new_certificate_gets_new_keys_in_the_file(leat, keys, tmp_path):
    """After SIGHUP: the file is good for a restart with the certificate that was read then."""
    def use(name):
        for kind in ("pem", "key"):
            (tmp_path / f"used.{kind}").write_bytes((keys.folder / f"{name}.{kind}").read_bytes())

    def start():
        return leat("httpd", options=["--cert", tmp_path / "used.pem", "--key", tmp_path / "used.key",
                                      "--ticket-keys", path])

    path, file = tmp_path / "ticket-keys", tmp_path / "session"
    use("ec")
    web = start()
    assert not ask(web, keys, file)
    before = path.read_bytes()
    use("rsa")
    web.signal(signal.SIGHUP)
    web.wait_for("SIGHUP: files read again")
    assert until(lambda: path.read_bytes()[:32] != before[:32])
    assert not ask(web, keys, file)
    web.kill()
    web.expect_status(-signal.SIGKILL)
    assert ask(start(), keys, file)


@pytest.mark.parametrize("content, why", [(b"-----BEGIN PRIVATE KEY-----\n", "no keys of this program's"),
                                          (bytes(FILE_BYTES + 1), "no keys of this program's"), (None, "can't write that file")])
def test_another_file_stays_as_it_is(keys, tmp_path, content, why):
    path = tmp_path / "ticket-keys"
    if content is None:
        path = tmp_path / "no folder/ticket-keys"
    else:
        path.write_bytes(content)
    make_tap("odd0")
    try:
        done = start("--tap", "odd0", "--ip", "10.1.2.3/24", *keys.words("ec"), "--ticket-keys", path, name="echo_tls")
    finally:
        run("ip", "link", "del", "odd0")
    said = done.stderr if content else done.stdout.splitlines()[-1]
    assert done.returncode == 2 and said.startswith(f"echo_tls: --ticket-keys {path}: ") and why in said, done
    assert content is None or path.read_bytes() == content


def test_tickets_survive_in_a_store(leat, keys, tmp_path):
    file = tmp_path / "session"
    words = [*keys.words("ec"), "--store", tmp_path / "store"]
    web = leat("httpd", options=words)
    assert not ask(web, keys, file)
    web.stop()
    web = leat("httpd", options=words)
    assert ask(web, keys, file)
    web.kill()
    web.expect_status(-signal.SIGKILL)
    assert ask(leat("httpd", options=words), keys, file)


def test_tickets_of_a_store_end_with_their_certificate(leat, keys, tmp_path):
    file = tmp_path / "session"
    web = leat("httpd", options=[*keys.words("ec"), "--store", tmp_path / "store"])
    assert not ask(web, keys, file)
    web.stop()
    web = leat("httpd", options=[*keys.words("rsa"), "--store", tmp_path / "store"])
    web.wait_for("--store tls/ticket-keys: the certificate is another one: earlier tickets are not accepted")
    assert not ask(web, keys, file)
