"""Each of the examples but `stacks`, which needs TAP queues, on the network of this machine without a device:
through passt, and through QEMU's own stack. Everything runs as an ordinary user without capabilities."""

import contextlib
import os
import shutil
import socket
import struct
import threading
import time
import zipfile

import pytest

from conftest import Process, as_user, binary, run, until

OUR_IP = "10.0.2.15"
GATEWAY = "10.0.2.2"  # the address of this machine in both, including its loopback
SECONDS_1900_TO_1970 = 2_208_988_800
HERE = 7100  # plus the example's own port: the port on this machine


def passt_words(port):
    forward = [word for kind in ("tcp", "udp") for word in ("--forward", f"{kind}:{HERE + port}:{port}")]
    return ["--passt", "--ip", f"{OUR_IP}/24", "--gateway", GATEWAY, *(forward if port else [])]


def qemu(path, port):
    """QEMU's own stack behind a hub, with our socket at the hub's other side: no guest."""
    forward = "".join(f",hostfwd={kind}:127.0.0.1:{HERE + port}-{OUR_IP}:{port}" for kind in ("tcp", "udp") if port)
    return Process(*as_user(
        "qemu-system-x86_64", "-M", "none", "-nodefaults", "-display", "none", "-netdev", f"user,id=user{forward}",
        "-netdev", f"stream,id=wire,server=on,addr.type=unix,addr.path={path}",
        "-netdev", "hubport,hubid=0,id=a,netdev=user", "-netdev", "hubport,hubid=0,id=b,netdev=wire"))  # fmt: skip


@pytest.fixture(params=["passt", "qemu"])
def behind(request, outside, folder):
    """behind(name, port, more...) starts an example behind one of the two."""
    program = {"passt": "passt", "qemu": "qemu-system-x86_64"}[request.param]
    if not shutil.which(program):
        pytest.skip(f"no {program}")
    started = []

    def start(name, port, *more):
        words = passt_words(port)
        (folder / "resolv.conf").write_text("nameserver 198.51.100.2\n", encoding="ascii")
        # passt forwards questions to the machine's name server, which the test provides
        first = ["unshare", "--mount", "sh", "-ec", f'mount --bind {folder}/resolv.conf /etc/resolv.conf; exec "$@"', "sh"]
        if request.param == "qemu":
            first = []
            started.append(qemu(folder / "wire", port))
            assert until((folder / "wire").exists), started[-1].text
            words = ["--socket", folder / "wire", "--ip", f"{OUR_IP}/24", "--gateway", GATEWAY]
        started.append(Process(*first, *as_user(binary(name), *map(str, words), *more)))
        started[-1].wait_for(r"MTU \d+, port")
        return started[-1]

    start.way = request.param
    yield start
    for process in reversed(started):
        process.stop()
        print(f"--- {' '.join(process.command)}\n{process.text}")


def connect(port):
    client = socket.create_connection(("127.0.0.1", HERE + port), 20)
    client.settimeout(20)
    return client


def tried(ask, *args):
    """Waits until it is true, because forwarders accept connections before the example is ready."""
    def once():
        try:
            return ask(*args)
        except OSError:
            return False

    return until(once, 30)


def datagram(port, text, timeout=1):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(timeout)
        client.connect(("127.0.0.1", HERE + port))
        client.send(text)
        return client.recv(2000)


def exchange(port, text, enough):
    """The data from a connection, at least so many bytes."""
    with connect(port) as client:
        client.sendall(text)
        got = b""
        while len(got) < enough:
            more = client.recv(1 << 16)
            if not more:
                break
            got += more
        return got


QUERY = struct.pack(">6H", 0x1234, 0x0100, 1, 0, 0, 0) + b"\3www\7example\3com\0" + struct.pack(">2H", 1, 1)


@pytest.mark.parametrize("name", ["echo", "echo_task"])
def test_echo(behind, name):
    behind(name, 7)
    assert tried(lambda: exchange(7, b"hello", 5) == b"hello")
    text = os.urandom(50_000)
    assert exchange(7, text, len(text)) == text


def test_echo_of_datagrams(behind):
    behind("echo", 7)
    assert tried(lambda: datagram(7, b"datagram") == b"datagram")


def test_discard(behind):
    behind("discard", 9)

    def taken():
        with connect(9) as client:
            client.sendall(bytes(1_000_000))
            client.shutdown(socket.SHUT_WR)
            return client.recv(1) == b""

    assert tried(taken)


def test_chargen(behind):
    # Debian 12's passt acknowledges our SYN,ACK only when its client sends data
    first = b"go on" if behind.way == "passt" else b""
    behind("chargen", 19)
    assert tried(lambda: b"ABCDEFG" in exchange(19, first, 500_000))


def test_httpd(behind):
    behind("httpd", 80)
    assert tried(lambda: exchange(80, b"GET / HTTP/1.0\r\n\r\n", 1 << 20).startswith(b"HTTP/1.1 200 "))


def test_dns(behind):
    behind("dns", 53)
    framed = struct.pack(">H", len(QUERY)) + QUERY
    assert tried(lambda: exchange(53, framed, 40)[8:10] > b"\0\0")  # answers
    assert tried(lambda: datagram(53, QUERY)[6:8] > b"\0\0")


def test_iperf(behind):
    if not shutil.which("iperf"):
        pytest.skip("no iperf")
    behind("iperf", 5001)
    assert tried(lambda: connect(5001).close() is None)
    said = run("iperf", "-c", "127.0.0.1", "-p", HERE + 5001, "-n", "2M", timeout=120)
    assert b"bits/sec" in said, said


def answer_queries(server):
    """One address for all questions."""
    while True:
        query, peer = server.recvfrom(2000)
        if not query:
            return
        question = query[12 : query.index(b"\0", 12) + 5]
        reply = query[:2] + struct.pack(">5H", 0x8180, 1, 1, 0, 0) + question
        server.sendto(reply + b"\xc0\x0c" + struct.pack(">2HIH", 1, 1, 60, 4) + bytes([192, 0, 2, 33]), peer)


@contextlib.contextmanager
def serving(port, answer):
    """A UDP server on this machine, which both can reach at the gateway's address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("", port))
        thread = threading.Thread(target=answer, args=(server,), daemon=True)
        thread.start()
        yield
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.sendto(b"", ("127.0.0.1", port))
        thread.join(20)


def test_resolve(behind):
    with serving(53, answer_queries):
        asked = behind("resolve", 0, "name.example")
        asked.wait_for(r"192\.0\.2\.33")
        assert asked.wait() == 0


def test_resolver(behind):
    with serving(53, answer_queries):
        behind("resolver", 53)
        assert tried(lambda: datagram(53, QUERY)[-4:] == bytes([192, 0, 2, 33]))


def test_sieve(behind, folder):
    (folder / "list").write_text("||example.com^\n", encoding="ascii")
    behind("sieve", 53, "null", folder / "list")
    assert tried(lambda: datagram(53, QUERY)[-4:] == bytes(4))


def tell_time(server):
    """Stratum 3, and the kernel's time (RFC 5905 7.3)."""
    while True:
        query, peer = server.recvfrom(2000)
        if not query:
            return
        now = struct.pack(">Q", int((time.time() + SECONDS_1900_TO_1970) * (1 << 32)))
        server.sendto(struct.pack(">BBbbII4s", 0x24, 3, 6, -20, 1, 1, b"\x7f\0\0\1") + now + query[40:48] + now + now,
                      peer)  # fmt: skip


def test_clock(behind):
    with serving(123, tell_time):
        asking = behind("clock", 0, GATEWAY)
        assert asking.wait(60) == 0
    assert "stratum 3 of 1 answers" in asking.text


def test_chat(behind):
    behind("chat", 2323)
    assert tried(lambda: exchange(2323, b"anna\n", 13) == b"Who are you?\n")


def test_upload(behind, folder):
    (folder / "x").write_bytes(b"text of a file\n")
    behind("upload", 80)

    def archived():
        run("curl", "-sS", "--max-time", 10, "-o", folder / "zip", "-F", f"f=@{folder / 'x'}",
            f"http://127.0.0.1:{HERE + 80}/upload", check=False)  # fmt: skip
        return (folder / "zip").is_file() and zipfile.is_zipfile(folder / "zip")

    assert tried(archived)
    with zipfile.ZipFile(folder / "zip") as archive:
        assert archive.read("x") == b"text of a file\n"


@pytest.mark.parametrize("name,asked,said", [
    ("fetch", b"GET /x HTTP/1.1\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nthe answer\n"),
    ("whois", b"example.com\r\n", b"the answer\r\n"),
])  # fmt: skip
def test_a_question_by_tcp(behind, name, asked, said):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        port = server.getsockname()[1]
        words = {"fetch": [f"http://{GATEWAY}:{port}/x"],
                 "whois": ["--server", GATEWAY, "--port", port, "example.com"]}[name]
        asking = behind(name, 0, *map(str, words))
        conn, _ = server.accept()
        with conn:
            assert conn.recv(1000).startswith(asked)
            conn.sendall(said)
        assert asking.wait(30) == 0
    assert "the answer" in asking.text
