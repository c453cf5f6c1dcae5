"""The examples that use tasks: echo_task, chat, lookup and whois, against the kernel's sockets."""

import os
import shutil
import signal
import socket
import threading
import time

import pytest

from conftest import QUICK, Process, binary, make_tap, run

TOTAL = 2_000_000 if QUICK else 20_000_000


def read_line(conn):
    line = b""
    while not line.endswith(b"\n"):
        byte = conn.recv(1)
        assert byte, f"it ended behind {line!r}"
        line += byte
    return line


def wait_for(conn, text):
    got = b""
    while text not in got:
        piece = conn.recv(1000)
        assert piece, f"it ended behind {got!r}"
        got += piece


def test_echo_of_many_bytes(leat):
    echo = leat("echo_task")
    data = os.urandom(TOTAL)
    with socket.create_connection((echo.ip, 7), 60) as conn:
        def send():
            conn.sendall(data)
            conn.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        back = bytearray()
        while piece := conn.recv(1 << 20):
            back += piece
        sender.join(60)
    assert bytes(back) == data
    assert echo.stop()["tcp_closed"] == 1


def test_more_clients_than_tasks_are_all_served(leat):
    """100 idle connections have no task; 100 active ones get their echo in turn, and close."""
    echo = leat("echo_task")
    idle = [socket.create_connection((echo.ip, 7), 60) for _ in range(100)]
    speaking = [socket.create_connection((echo.ip, 7), 60) for _ in range(100)]
    for conn in speaking:
        conn.sendall(b"hello")
    for conn in speaking:
        assert conn.recv(5, socket.MSG_WAITALL) == b"hello"
        conn.close()
    for conn in idle:
        conn.sendall(b"hello")
        assert conn.recv(5, socket.MSG_WAITALL) == b"hello"
        conn.close()
    echo.stop()


@pytest.fixture
def join(leat):
    """join(name) connects to the room; returns the socket, after its first lines."""
    room = leat("chat")
    conns = []

    def enter(name):
        conn = socket.create_connection((room.ip, 2323), 60)
        conns.append(conn)
        assert read_line(conn) == b"Who are you?\n"
        conn.sendall(name.encode() + b"\r\n")
        return conn

    yield enter
    for conn in conns:
        conn.close()
    room.stop()


def test_clients_in_the_room_receive_each_other(join):
    anna = join("anna")
    bert = join("bert")
    assert read_line(anna) == b"* bert is here\n"
    carla = join("carla")
    assert read_line(anna) == b"* carla is here\n"
    assert read_line(bert) == b"* carla is here\n"
    bert.sendall(b"hello\nall\n")
    for hears in (anna, carla):
        assert read_line(hears) == b"bert: hello\n"
        assert read_line(hears) == b"bert: all\n"
    carla.close()
    assert read_line(anna) == b"* carla has left\n"
    assert read_line(bert) == b"* carla has left\n"


def test_a_client_that_does_not_read_delays_no_other(join):
    deaf, speaker, hears = join("deaf"), join("speaker"), join("hears")
    assert read_line(speaker) == b"* hears is here\n"
    line = b"x" * 400 + b"\n"
    for _ in range(3000):
        speaker.sendall(line)
        assert read_line(hears) == b"speaker: " + line
    deaf.close()


def test_a_room_that_is_full_of_silent_people_lets_one_more_in(leat):
    """The connection that was silent for longest is closed."""
    room = leat("chat")
    silent = [socket.create_connection((room.ip, 2323), 60) for _ in range(32)]
    for conn in silent:
        assert read_line(conn) == b"Who are you?\n"
    time.sleep(1.2)  # a client from the same address isn't closed within a second of its last line
    with socket.create_connection((room.ip, 2323), 60) as late:
        assert read_line(late) == b"Who are you?\n"
    with pytest.raises(ConnectionResetError):
        silent[0].recv(1)
    for conn in silent:
        conn.close()
    room.stop()


@pytest.fixture
def lookup(leat):
    """lookup, with dnsmasq beside it."""
    program = leat("lookup")
    names = Process("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--log-facility=-", "--no-resolv",
                    "--no-hosts", "--bind-interfaces", f"--listen-address={program.peer}", "--local=/test/",
                    *(f"--host-record=n{number}.test,192.0.2.{number}" for number in range(1, 250)))
    names.wait_for("started")
    yield program
    names.stop()


def test_lookup_answers_line_by_line(lookup):
    asked = "".join(f"n{number}.test\r\n" for number in range(1, 100)) + "none.test\nn9.test"
    told = run("curl", "-sS", "--max-time", 60, "--data-binary", "@-", f"http://{lookup.ip}/lookup",
               stdin=asked.encode(), timeout=70).decode().splitlines()
    assert told[:99] == [f"n{number}.test 192.0.2.{number}" for number in range(1, 100)]
    assert told[99] == f"none.test: not found (NXDOMAIN, says {lookup.peer})" and told[100] == "n9.test 192.0.2.9"
    assert run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--data-binary", "@-",
               f"http://{lookup.ip}/lookup", stdin=2001 * b"x") == b"413"


def test_lookup_says_who_did_not_answer(leat):
    """The kernel says that the port of the server is closed."""
    program = leat("lookup")
    told = run("curl", "-sS", "--max-time", 60, "--data-binary", "n1.test", f"http://{program.ip}/lookup", timeout=70)
    assert told.decode() == (f"n1.test: connection refused ({program.peer} says: port unreachable (ICMP type 3, "
                             "code 3))\n")


def test_lookup_of_more_at_a_time_than_it_has_tasks(lookup):
    """Sixteen are served, sixteen wait, eight are told to come again; a client that leaves frees its place."""
    head, answer = b"POST /lookup HTTP/1.1\r\nHost: leat\r\nContent-Length: 7\r\n\r\nn1", b"n1.test 192.0.2.1\n"
    conns = [socket.create_connection((lookup.ip, 80), 30) for _ in range(40)]
    for conn in conns:
        conn.sendall(head)
        lookup.settle()
    for conn in conns[32:]:
        assert conn.recv(1000).startswith(b"HTTP/1.1 503 ")
        conn.close()
    for conn in conns[:16]:  # half of them leave, the others stay
        if conn.fileno() % 2:
            conn.sendall(b".test")
            wait_for(conn, answer)
        conn.close()
    for conn in conns[16:32]:
        conn.sendall(b".test")
    for conn in conns[16:32]:
        wait_for(conn, answer)
        conn.close()


@pytest.fixture
def whois():
    """whois(question) starts to ask 10.77.0.1, where a test may serve."""
    make_tap("whois0", address="10.77.0.1/24")
    yield lambda *words: Process(binary("whois"), "--tap", "whois0", "--ip", "10.77.0.2/24",
                                 "--server", "10.77.0.1", *words)
    run("ip", "link", "del", "whois0", check=False)


def serve_once(server, answer):
    conn, _ = server.accept()
    with conn:
        question = read_line(conn)
        conn.sendall(answer)
    return question


def test_whois_prints_the_answer(whois):
    with socket.create_server(("10.77.0.1", 43)) as server:
        server.settimeout(60)
        asking = whois("example.com")
        assert serve_once(server, b"one\r\ntwo\r\nend") == b"example.com\r\n"
        assert asking.wait(60) == 0
    assert asking.lines[-3:] == ["one", "two", "end"]


def test_whois_tries_again(whois):
    asking = whois("example.com")
    asking.wait_for("connection refused", 60)
    with socket.create_server(("10.77.0.1", 43)) as server:
        server.settimeout(60)
        serve_once(server, b"there\r\n")
        assert asking.wait(60) == 0
    assert asking.lines[-1] == "there"


def test_whois_gives_up(whois):
    asking = whois("example.com")
    begin = time.monotonic()
    assert asking.wait(120) == 7
    assert time.monotonic() - begin >= 7  # pauses of 1, 2 and 4 s
    assert asking.lines.count("connection refused") == 4


@pytest.fixture
def named(whois, tmp_path):
    """named(v6) starts to ask whois.test, whose addresses are 10.77.0.1 and @v6; returns whois and the name server,
    which is stopped if @held."""
    made = []

    def start(v6, held=False):
        run("ip", "addr", "add", "2001:db8:77::1/64", "dev", "whois0", "nodad")
        made.append(Process(
            shutil.which("dnsmasq", path="/usr/sbin:/usr/bin") or pytest.skip("no dnsmasq"), "--keep-in-foreground",
            "--conf-file=/dev/null", "--log-facility=-", "--no-resolv", "--no-hosts", "--user=", "--group=",
            f"--pid-file={tmp_path}/pid", "--listen-address=10.77.0.1", "--bind-interfaces", "--local=/test/",
            f"--host-record=whois.test,10.77.0.1,{v6}"))  # fmt: skip
        made[-1].wait_for("started")
        if held:
            os.kill(made[-1].pid, signal.SIGSTOP)
        return whois("--ip6", "2001:db8:77::2/64", "example.com", "whois.test"), made[-1]

    yield start
    for one in made:
        one.kill()


REFUSED_BY_BOTH = r"whois.test: 2001:db8:77::1 connection refused \(RST\); 10.77.0.1 connection refused \(RST\)"


def test_whois_of_a_name_comes_by_ipv6_first(named):
    """Prints the outcome of each address while there is no server. At the first try its own address is still being
    probed."""
    asking, _ = named("2001:db8:77::1")
    asking.wait_for(REFUSED_BY_BOTH, 60)
    with socket.create_server(("::", 43), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        server.settimeout(60)
        conn, peer = server.accept()
        with conn:
            assert read_line(conn) == b"example.com\r\n"
            conn.sendall(b"there\r\n")
        assert asking.wait(60) == 0
    assert asking.lines[-1] == "there"
    assert peer[0] == "2001:db8:77::2"


def _neighbour_asked(frame):
    """The target address of a neighbour solicitation, else None."""
    return frame[62:78] if frame[12:14] == b"\x86\xdd" and frame[54] == 135 else None


def test_whois_of_a_name_comes_by_ipv4_250_ms_after_an_ipv6_that_is_silent(named):
    """The capture has the question for the missing neighbour, and then a SYN by IPv4. The name server is held until
    our own address has been probed; otherwise the SYN would come first. The beginning of later tries can't be seen
    in a capture."""
    ours, silent = (socket.inet_pton(socket.AF_INET6, "2001:db8:77::" + host) for host in ("2", "99"))
    asked = syn = None
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as wire:
        wire.settimeout(60)
        wire.bind(("whois0", 0))
        asking, server = named("2001:db8:77::99", held=True)
        while _neighbour_asked(wire.recv(2000)) != ours:
            pass
        time.sleep(2)  # the probe takes one second
        os.kill(server.pid, signal.SIGCONT)
        while not syn:
            frame = wire.recv(2000)
            if _neighbour_asked(frame) == silent:
                asked = asked or time.monotonic()
            elif asked and frame[12:14] == b"\x08\0" and frame[23] == 6 and frame[36:38] == b"\0\x2b":
                syn = time.monotonic()
    asking.kill()
    assert 0.2 < syn - asked < 10  # later only on a busy machine
