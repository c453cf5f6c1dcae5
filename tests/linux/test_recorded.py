"""A recorded run of each example is repeated byte for byte by leat-replay recorded."""

import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
import time

import pytest

from conftest import BUILD, Process, binary, make_tap, run
from stream import echo_all

TOOL = BUILD / "tools/leat-replay/leat-replay"
SECONDS_1900_TO_1970 = 2_208_988_800
OWN_MAIN = {"stacks", "bsd_echo_libc"}  # several stacks are no single run, and one has the kernel's
EXAMPLES = sorted(path.name for path in (BUILD / "examples").glob("*")
                  if path.is_file() and not path.suffix and os.access(path, os.X_OK)
                  and path.name not in OWN_MAIN)


def again(path, *options):
    """The output of leat-replay for a recording."""
    return subprocess.run([TOOL, "recorded", *options, path], capture_output=True, text=True,
                          timeout=60, check=False)


def assert_same(path, least):
    done = again(path, "--json")
    assert done.returncode == 0, (done, again(path).stdout)
    told = json.loads(done.stdout)
    assert told["same"] and told["frames"] >= least


def talk_echo(program):
    run("ping", "-n", "-c", 2, "-i", "0.2", "-s", 4000, program.ip)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.connect((program.ip, 7))
        sock.send(b"." * 5000)
        assert len(sock.recv(9000)) == 5000
    echo_all((program.ip, 7), 10, 50_000, timeout=60)


def talk_dns(program):
    for words in (("+notcp", "www.example.com", "A"), ("+tcp", "example.com", "SOA"),
                  ("nowhere.example.com",), ("example.org",)):  # fmt: skip
        run("dig", "+norecurse", "+tries=1", "+timeout=5", f"@{program.ip}", *words)


def talk_discard(program):
    with socket.create_connection((program.ip, 9), 5) as sock:
        sock.settimeout(20)
        sock.sendall(bytes(200_000))


def talk_httpd(program):
    for path in ("/", "/no-such-file"):
        run("curl", "-s", "-o", "/dev/null", "--max-time", 20, f"http://{program.ip}{path}")


def talk_anything(program):
    """Talks to an example of which only the port is known; it may never end."""
    port = int(re.search(r"port (\d+)$", program.text, re.M)[1])
    run("ping", "-n", "-c", 1, program.ip)
    with contextlib.suppress(OSError), socket.create_connection((program.ip, port), 5) as sock:
        sock.settimeout(2)
        sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
        left = 100_000
        while left > 0 and (data := sock.recv(65536)):
            left -= len(data)


TALKS = {"echo": talk_echo, "dns": talk_dns, "discard": talk_discard, "httpd": talk_httpd}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_server(leat, tmp_path, name):
    path = tmp_path / "run.pcapng"
    if name in ("clock", "fetch", "resolve", "whois"):
        pytest.skip("it asks: below")
    if name == "bsd_echo":
        pytest.skip("below, because it prints no line when it listens")
    if name == "echo_tls":
        pytest.skip("a library of cryptography draws its own randomness, which isn't recorded")
    program = leat(name, options=["--record", path])
    TALKS.get(name, talk_anything)(program)
    program.stop()
    assert_same(path, 6)


def test_a_server_by_sockets(tmp_path):
    path = tmp_path / "run.pcapng"
    make_tap("plain0", address="10.83.0.1/24")
    program = Process(binary("bsd_echo"), "--tap", "plain0", "--ip", "10.83.0.2/24", "--record", path, 7)
    try:
        program.wait_for("MTU 1500")
        echo_all(("10.83.0.2", 7), 10, 50_000, timeout=60)
        program.stop()
    finally:
        run("ip", "link", "del", "plain0", check=False)
    assert_same(path, 60)


def test_the_dashboard_and_the_log_of_every_example(leat, tmp_path):
    """The dashboard, and lines to a syslog server that refuses them; their text has the device's name, and differs."""
    path = tmp_path / "run.pcapng"
    make_tap("besides0", address="10.82.0.1/24")
    program = Process(binary("echo"), "--tap", "besides0", "--ip", "10.82.0.2/24", "--record", path, "--dashboard", 8080,
                      "--syslog", "tcp:10.82.0.1:601")
    try:
        program.wait_for("port 7")
        for page in ("", "metrics"):
            run("curl", "-sf", "-o", "/dev/null", "--max-time", 20, f"http://10.82.0.2:8080/{page}")
        program.stop()
    finally:
        run("ip", "link", "del", "besides0", check=False)
    assert_same(path, 6)


@pytest.mark.parametrize("words", [("www.example.com",), ("no.example.com", "MX")])
def test_resolve(leat, tmp_path, words):
    pathlib.Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    server = leat("dns")
    make_tap("asks2", address="10.79.0.1/24")
    path = tmp_path / "run.pcapng"
    asking = Process(binary("resolve"), "--tap", "asks2", "--ip", "10.79.0.2/24", "--gateway",
                     "10.79.0.1", "--server", server.ip, "--record", path, *words)
    try:
        assert asking.wait(60) in (0, 6)
    finally:
        run("ip", "link", "del", "asks2", check=False)
    assert_same(path, 4)


def test_whois(leat, tmp_path):
    make_tap("asks3", address="10.80.0.1/24")
    path = tmp_path / "run.pcapng"
    with socket.create_server(("10.80.0.1", 4343)) as server:
        server.settimeout(60)
        asking = Process(binary("whois"), "--tap", "asks3", "--ip", "10.80.0.2/24", "--server",
                         "10.80.0.1", "--port", "4343", "--record", path, "example.com")
        try:
            conn, _ = server.accept()
            with conn:
                assert conn.recv(100) == b"example.com\r\n"
                conn.sendall(b"the answer\r\n")
            assert asking.wait(60) == 0
        finally:
            run("ip", "link", "del", "asks3", check=False)
    assert_same(path, 6)


def test_fetch(tmp_path):
    make_tap("asks5", address="10.83.0.1/24")
    path = tmp_path / "run.pcapng"
    with socket.create_server(("10.83.0.1", 8080)) as server:
        server.settimeout(60)
        asking = Process(binary("fetch"), "--tap", "asks5", "--ip", "10.83.0.2/24", "--record", path,
                         "http://10.83.0.1:8080/x")
        try:
            conn, _ = server.accept()
            with conn:
                assert conn.recv(1000).startswith(b"GET /x HTTP/1.1\r\nHost: 10.83.0.1:8080\r\n")
                conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n")
                assert asking.wait(60) == 0
        finally:
            run("ip", "link", "del", "asks5", check=False)
    assert_same(path, 6)


def answer_time(sock):
    """Answers like a server of stratum 1 (RFC 5905 7.3)."""
    question, asker = sock.recvfrom(100)
    now = int((time.time() + SECONDS_1900_TO_1970) * 2**32)
    sock.sendto(struct.pack("!BBbb8x4sQ8sQQ", 0x24, 1, 6, -20, b"LOCL", now, question[40:48], now, now), asker)


def test_clock(leat, tmp_path):
    make_tap("asks4", address="10.81.0.1/24")
    path = tmp_path / "run.pcapng"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("10.81.0.1", 123))
        server.settimeout(1)
        asking = Process(binary("clock"), "--tap", "asks4", "--ip", "10.81.0.2/24", "--record", path, "10.81.0.1")
        try:
            for _ in range(60):
                with contextlib.suppress(TimeoutError):
                    if asking.running:
                        answer_time(server)
            assert asking.wait() == 0, asking.text
        finally:
            run("ip", "link", "del", "asks4", check=False)
    assert_same(path, 4)


def test_with_loss(leat, lossy, tmp_path):
    path = tmp_path / "run.pcapng"
    echo = leat("echo", options=["--record", path], link=lossy(5, seed=3))
    echo_all((echo.ip, 7), 3, 50_000, timeout=60)
    echo.stop()
    assert_same(path, 100)
    done = subprocess.run([TOOL, "recorded", "-"], input=path.read_bytes(), capture_output=True,
                          timeout=60, check=False)
    assert done.returncode == 0 and b"the same" in done.stdout, done


def test_with_a_dump_of_the_flight_recorder(leat, tmp_path):
    path = tmp_path / "run.pcapng"
    echo = leat("echo", options=["--record", path, "--flight-port", 99, "--flight", 8])
    echo_all((echo.ip, 7), 2, 20_000, timeout=20)
    with socket.create_connection((echo.ip, 99), timeout=20) as sock:
        while sock.recv(65536):
            pass
    echo.stop()
    assert_same(path, 50)


def test_the_recording_of_a_killed_program_is_usable(leat, tmp_path):
    """Possibly without its last bytes; the complete part is repeated."""
    path = tmp_path / "run.pcapng"
    echo = leat("echo", options=["--record", path])
    echo_all((echo.ip, 7), 1, 500_000, timeout=20)
    os.kill(echo.pid, signal.SIGKILL)
    echo.expect_status(echo.wait())
    done = again(path)
    assert "differs" not in done.stdout or "no more frames" in done.stdout, done


def test_a_changed_frame_is_shown(leat, tmp_path):
    path = tmp_path / "run.pcapng"
    echo = leat("echo", options=["--record", path])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.connect((echo.ip, 7))
        sock.send(b"an echo")
        assert sock.recv(100) == b"an echo"
    echo.stop()
    content = path.read_bytes()
    at = content.rindex(b"an echo")  # in the answer
    path.write_bytes(content[:at] + b"no echo" + content[at + 7 :])
    done = again(path)
    assert done.returncode == 1 and "differs" in done.stdout, done
    assert "6e 6f 20 65" in done.stdout and "61 6e 20 65" in done.stdout


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "other.pcap"
    path.write_bytes(bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000"))
    done = again(path)
    assert done.returncode == 2 and "no run of leat" in done.stderr
