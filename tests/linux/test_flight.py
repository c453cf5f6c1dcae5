"""The flight recorder of a program: dumps on request, by a connection, at the end, and after a crash."""

import json
import os
import re
import signal
import socket
import subprocess

import pytest

from conftest import BUILD, QUICK, Leat, run, until
from stream import echo_all

TOOL = BUILD / "tools/leat-replay/leat-replay"


def ask(program, data, port=7):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.connect((program.ip, port))
        sock.send(data)
        return sock.recv(9000)


def fed(path, program):
    """Feeds the dump to a stack in the program's place; it must be complete."""
    return json.loads(run(TOOL, "feed", "--json", "--ip", program.ip, path))


def fetch(program, port):
    """The dump from a port."""
    got = b""
    with socket.create_connection((program.ip, port), timeout=20) as sock:
        while data := sock.recv(1 << 16):
            got += data
    return got


def answered(program, port):
    """True if the port gives a dump now."""
    try:
        return len(fetch(program, port)) > 0
    except ConnectionResetError:
        return False


def test_on_demand_by_a_signal(leat, tmp_path):
    path = tmp_path / "last.pcapng"
    echo = leat("echo", options=["--flight-file", path])
    ask(echo, b"x")
    ask(echo, b"x" * 500)
    for _ in range(2):
        if path.exists():
            path.unlink()
        os.kill(echo.pid, signal.SIGUSR1)
        assert until(path.exists)
        assert until(lambda: path.stat().st_size > 100)
    told = fed(path, echo)
    assert told["counters"]["drop_udp_port"] == 1 and told["cut"] > 0  # headers only
    ask(echo, b"it goes on")


def test_a_file_that_can_not_be_written_loses_nothing(leat, tmp_path):
    echo = leat("echo", options=["--flight-file", tmp_path / "no-such-folder/last.pcapng"])
    ask(echo, b"x")
    os.kill(echo.pid, signal.SIGUSR1)
    assert until(lambda: "can't write --flight-file" in echo.text)
    echo.stop()
    console = tmp_path / "console"
    console.write_text(echo.text, encoding="utf-8")
    run(TOOL, "unhex", "--record", tmp_path / "last.pcapng", console)
    assert fed(tmp_path / "last.pcapng", echo)["counters"]["drop_udp_port"] == 1


@pytest.mark.parametrize("kib, snap", [(64, 96), (4, 96), (1024, 0)])
def test_on_demand_by_a_connection(leat, tmp_path, kib, snap):
    path = tmp_path / "last.pcapng"
    options = ["--flight-port", 99, "--flight", kib, "--flight-snap", snap]
    echo = leat("echo", options=options)
    echo_all((echo.ip, 7), 2, 50_000, timeout=60)
    for _ in range(2):
        path.write_bytes(fetch(echo, 99))
        told = fed(path, echo)
        assert told["frames"] > (100 if kib > 4 else 10)
        assert (told["cut"] > 0) == (snap > 0)
    assert path.stat().st_size < 2 * 1024 * kib
    with socket.create_connection((echo.ip, 99)) as first:  # while one client reads, others get nothing
        first.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    echo_all((echo.ip, 7), 1, 1000, timeout=20)


def test_a_client_that_does_not_read_the_dump_gives_way(leat):
    """A client that keeps its window closed but answers each probe is never silent; its connection is ended."""
    echo = leat("echo", options=["--flight-port", 99, "--flight", 2048, "--flight-snap", 0, "--idle", 2])
    echo_all((echo.ip, 7), 2, 1_000_000, timeout=60)
    with socket.socket() as first:
        first.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        first.connect((echo.ip, 99))
        with pytest.raises(ConnectionResetError):
            fetch(echo, 99)
        assert until(lambda: answered(echo, 99), 20)


def test_at_the_end(leat, tmp_path):
    path = tmp_path / "last.pcapng"
    echo = leat("echo", options=["--flight-file", path, "--flight-dump"])
    ask(echo, b"x")
    echo.stop()
    assert fed(path, echo)["counters"]["drop_udp_port"] == 1


def test_none(leat):
    echo = leat("echo", options=["--flight", 0])
    with pytest.raises(ConnectionRefusedError):
        fetch(echo, 99)


@pytest.mark.parametrize("where", ["file", "console"])
def test_an_assertion(leat, tmp_path, where):
    path = tmp_path / "last.pcapng"
    crash = leat("crash", options=["--flight-file", path] if where == "file" else ["--no-offload"])
    ask(crash, b"hello")
    with pytest.raises(socket.timeout), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(1)
        sock.connect((crash.ip, 7))
        sock.send(b"crash")
        sock.recv(100)
    assert crash.wait() in (-signal.SIGILL, -signal.SIGTRAP)
    crash.expect_status(crash.wait())
    assert re.search(r"crash: assertion failed: [a-z_]+\.[ch]:\d+", crash.text)
    if where == "console":
        console = tmp_path / "console"
        console.write_text(crash.text)
        run(TOOL, "unhex", "--record", path, console)
    assert fed(path, crash)["counters"]["drop_udp_port"] == 2
