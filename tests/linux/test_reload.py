"""SIGHUP: certificates, zones and lists are read again, and no connection is dropped. After an error the old ones stay."""

import re
import signal
import socket
import ssl
import struct

import pytest

from conftest import INET, LIMIT_S, run
from test_stop import query
from test_tls import Keys

ZONE = "$ORIGIN example.com.\n$TTL 60\n@ SOA ns host 1 2h 30m 2w 5m\n  NS ns\nns A 192.0.2.1\nwww A 192.0.2.{number}\n"


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return Keys(tmp_path_factory.mktemp("reload"))


def use(keys, name):
    """The files that the server reads become those of @name."""
    for kind in ("pem", "key"):
        (keys.folder / f"used.{kind}").write_bytes((keys.folder / f"{name}.{kind}").read_bytes())


def session_with(server, keys):
    context = ssl.create_default_context(cafile=keys.authority)
    return context.wrap_socket(socket.create_connection((server.ip, 7), LIMIT_S), server_hostname="leat.test")


def name_of(session):
    return dict(pair[0] for pair in session.getpeercert()["subject"])["commonName"]


def echoes(session, data):
    session.sendall(data)
    return session.recv(100) == data


def test_new_sessions_get_the_new_certificate(leat, keys):
    use(keys, "ec")
    server = leat("echo_tls", options=["--cert", keys.folder / "used.pem", "--key", keys.folder / "used.key"])
    with session_with(server, keys) as before:
        assert name_of(before) == "ec" and echoes(before, b"one")
        use(keys, "rsa")
        server.signal(signal.SIGHUP)
        server.wait_for("SIGHUP: files read again")
        with session_with(server, keys) as after:
            assert name_of(after) == "rsa" and echoes(after, b"two")
        assert echoes(before, b"three")
        server.signal(signal.SIGHUP)
        server.wait_for("SIGHUP: handshakes may still use the certificate before: try again in 10 s; the earlier files stay in force")
        with session_with(server, keys) as after:
            assert name_of(after) == "rsa"


@pytest.mark.parametrize("broken, why", [
    ("key", r"used\.pem and .*used\.key: the key is not the certificate's"),
    ("pem", r"used\.pem and .*used\.key: one of them has no PEM of its kind"),
    (None, r"can't read .*used\.pem"),
])
def test_the_old_certificate_stays_after_an_error(leat, keys, broken, why):
    use(keys, "ec")
    server = leat("echo_tls", options=["--cert", keys.folder / "used.pem", "--key", keys.folder / "used.key"])
    if broken == "key":
        (keys.folder / "used.key").write_bytes((keys.folder / "rsa.key").read_bytes())
    elif broken == "pem":
        (keys.folder / "used.pem").write_text("no certificate\n", encoding="utf-8")
    else:
        (keys.folder / "used.pem").unlink()
    server.signal(signal.SIGHUP)
    server.wait_for(f"SIGHUP: .*{why}; the earlier files stay in force")
    with session_with(server, keys) as session:
        assert name_of(session) == "ec"
    use(keys, "ec")
    server.signal(signal.SIGHUP)
    server.wait_for("SIGHUP: files read again")
    with session_with(server, keys) as session:
        assert name_of(session) == "ec"


def ask_by_tcp(conn):
    question = query("www.example.com", 7)
    conn.sendall(struct.pack(">H", len(question)) + question)
    reply = conn.recv(2048)
    return reply[reply.index(b"\xc0\x00\x02", 12) + 3]


def test_a_zone_is_read_again(leat, tmp_path):
    path = tmp_path / "zone"
    path.write_text(ZONE.format(number=3), encoding="utf-8")
    server = leat("dns", arguments=[path])
    with socket.create_connection((server.ip, 53), LIMIT_S) as conn:
        assert ask_by_tcp(conn) == 3
        path.write_text(ZONE.format(number=4), encoding="utf-8")
        server.signal(signal.SIGHUP)
        server.wait_for("SIGHUP: files read again")
        assert ask_by_tcp(conn) == 4
        path.write_text(ZONE.format(number=5) + "what is this\n", encoding="utf-8")
        server.signal(signal.SIGHUP)
        server.wait_for(rf"SIGHUP: {path}:7:\d+: .*; the earlier files stay in force")
        assert ask_by_tcp(conn) == 4
        for number in range(6, 12):  # each time into the memory of the zone before the last
            path.write_text(ZONE.format(number=number), encoding="utf-8")
            lines = len(server.lines)
            server.signal(signal.SIGHUP)
            while len(server.lines) == lines:
                pass
            assert ask_by_tcp(conn) == number
    with socket.socket(INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(LIMIT_S)
        udp.connect((server.ip, 53))
        udp.send(query("www.example.com", 7))
        assert b"\xc0\x00\x02\x0b" in udp.recv(2048)


def asked(sieve, name):
    return re.search(r"status: (\w+)", run("dig", "+tries=1", f"@{sieve.ip}", name, check=False).decode())[1]


@pytest.fixture
def sieve(leat, tmp_path):
    """A sieve with a list and exceptions. Names in no list are asked at the kernel, which has no server: SERVFAIL."""
    (tmp_path / "list").write_text("ads.test\nmore.test\n")
    (tmp_path / "fine").write_text("fine.test\n")
    return leat("sieve", arguments=[tmp_path / "list", f"allow={tmp_path / 'fine'}"])


def test_lists_are_read_again(sieve, tmp_path):
    assert asked(sieve, "ads.test") == "NXDOMAIN" and asked(sieve, "new.test") == "SERVFAIL"
    (tmp_path / "list").write_text("new.test\nmore.test\nfine.test\n")
    sieve.signal(signal.SIGHUP)
    sieve.wait_for("SIGHUP: files read again")
    assert asked(sieve, "new.test") == asked(sieve, "more.test") == "NXDOMAIN"
    assert asked(sieve, "ads.test") == asked(sieve, "fine.test") == "SERVFAIL"


@pytest.mark.parametrize("broken, why", [
    (lambda folder: (folder / "list").write_text("<html>Not found</html>\n"), "list looks like no list of names"),
    (lambda folder: (folder / "fine").unlink(), "can't read .*fine"),
])  # fmt: skip
def test_after_an_error_the_former_lists_stay(sieve, tmp_path, broken, why):
    broken(tmp_path)
    for _ in range(2):
        sieve.signal(signal.SIGHUP)
        sieve.wait_for(f"SIGHUP: .*{why}.*; the earlier files stay in force")
        assert asked(sieve, "ads.test") == "NXDOMAIN" and asked(sieve, "fine.test") == "SERVFAIL"
    (tmp_path / "list").write_text("new.test\n")
    (tmp_path / "fine").write_text("fine.test\n")
    sieve.signal(signal.SIGHUP)
    sieve.wait_for("SIGHUP: files read again")
    assert asked(sieve, "new.test") == "NXDOMAIN"
