"""Every example that serves, on two devices: addresses, routes and DHCP of each (two.c)."""

import json
import os
import socket
import ssl
import urllib.request

import pytest

from conftest import PATIENCE, XDP, Process, binary, make_tap, run, until
from services import program
from test_tls import Keys

if XDP:
    pytest.skip("the second device is a TAP device", allow_module_level=True)

SECOND, FAR, ROUTER = "10.79.0.2", "10.80.0.1", "10.79.0.1"
SECOND6, ROUTER6 = "fd79::2", "fd79::1"


@pytest.fixture
def second(monkeypatch):
    """The second device, whose other end has addresses of the kernel, one of them beyond leat's prefix."""
    made = "second0"
    make_tap(made, address=f"{ROUTER}/24")
    run("ip", "addr", "add", f"{ROUTER6}/64", "dev", made, "nodad")
    run("ip", "addr", "add", f"{FAR}/32", "dev", made)
    monkeypatch.setenv("LEAT_SECOND", made)
    monkeypatch.setenv("LEAT_SECOND_ADDRESSES", f"{SECOND}/24 {SECOND6}/64")
    yield made
    run("ip", "link", "del", made, check=False)


def ask(address, port, text=b"", source=None, end=True):
    """Returns what a TCP server says to @text, and to our end after it, up to its end or to 4,096 bytes."""
    with socket.create_connection((address, port), PATIENCE * 10, source and (source, 0)) as conn:
        conn.sendall(text)
        if end:
            conn.shutdown(socket.SHUT_WR)
        got = b""
        while len(got) < 4096 and (more := conn.recv(4096)):
            got += more
        return got


def ask_by_udp(address, port, text):
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(PATIENCE * 10)
        sock.connect((address, port))
        sock.send(text)
        return sock.recv(65536)


def posted(url, data):
    with urllib.request.urlopen(f"http://{url}", data, PATIENCE * 10) as answer:
        return answer.read()


def host_of(address):
    return f"[{address}]" if ":" in address else address


QUESTION = b"\x12\x34\1\0\0\1\0\0\0\0\0\0\3www\7example\3com\0\0\1\0\1"


def answered(address):
    """The name server's records for www.example.com."""
    return int.from_bytes(ask_by_udp(address, 53, QUESTION)[6:8], "big") > 0


def uploaded(address):
    body = b'--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nhello\r\n--x--\r\n'
    request = urllib.request.Request(f"http://{host_of(address)}/upload", body, {"Content-Type": "multipart/form-data; boundary=x"})
    with urllib.request.urlopen(request, timeout=PATIENCE * 10) as answer:
        return answer.read().startswith(b"PK")


def echoed_by_tls(address, authority):
    context = ssl.create_default_context(cafile=authority)
    with socket.create_connection((address, 7), PATIENCE * 10) as conn, \
            context.wrap_socket(conn, server_hostname="leat.test") as session:
        session.sendall(b"hello")
        return session.recv(100) == b"hello"


SERVED = {  # example: a question, by address, that it must answer
    "chargen": lambda address: len(ask(address, 19, end=False)) >= 4096,
    "chat": lambda address: b"Who are you?" in ask(address, 2323, b"anna\n"),
    "discard": lambda address: ask(address, 9, b"x" * 5000) == b"",
    "dns": answered,
    "echo": lambda address: ask(address, 7, b"hello") == b"hello" and ask_by_udp(address, 7, b"hi") == b"hi",
    "echo_task": lambda address: ask(address, 7, b"hello") == b"hello",
    "iperf": lambda address: ask(address, 5001, bytes(5000)) == b"",
    "lookup": lambda address: b"n1.test: " in posted(f"{host_of(address)}/lookup", b"n1.test"),
    "resolver": lambda address: ask_by_udp(address, 53, QUESTION)[:2] == QUESTION[:2],
    "sieve": lambda address: ask_by_udp(address, 53, QUESTION)[:2] == QUESTION[:2],
    "httpd": lambda address: b"<html" in ask(address, 80, b"GET / HTTP/1.0\r\n\r\n"),
    "upload": uploaded,
}


def check_both(server, question):
    """Asks the question at both addresses of both devices."""
    run("ip", "addr", "add", "fd78::1/64", "dev", server.wire, "nodad")
    for address in (server.ip, SECOND, "fd78::2", SECOND6):
        assert until(lambda there=address: b" 1 received" in run("ping", "-n", "-c", "1", "-W", "1", there, check=False), 30)
        assert question(address), address
    server.stop()


@pytest.mark.parametrize("name", SERVED)
def test_an_example_serves_on_both_devices(leat, second, name):
    check_both(leat(f"two_{name}", options=["--ip6", "fd78::2/64"]), SERVED[name])


def test_echo_tls_serves_on_both_devices(leat, second, tmp_path):
    keys = Keys(tmp_path)
    server = leat("two_echo_tls", options=["--ip6", "fd78::2/64", *keys.words("ec")])
    check_both(server, lambda address: echoed_by_tls(address, keys.authority))


def test_replies_leave_by_the_device_of_their_route(leat, second):
    """A peer beyond the first device's gateway gets its replies by that, and never by the other one."""
    server = leat("two_echo", options=["--ip6", "fd78::2/64"])
    run("ip", "addr", "add", "10.81.0.1/32", "dev", server.wire)
    before = sent_by(second)
    assert ask(server.ip, 7, b"hello", "10.81.0.1") == b"hello"
    assert sent_by(second) - before <= 2  # neighbour discovery, perhaps
    server.stop()


def sent_by(device):
    return json.loads(run("ip", "-s", "-j", "link", "show", device))[0]["stats64"]["rx"]["packets"]


def dnsmasq(tmp_path, device, *options):
    return Process(program("dnsmasq"), "--keep-in-foreground", "--conf-file=/dev/null", "--log-facility=-", "--log-dhcp",
                   "--port=0", "--user=", "--group=", f"--pid-file={tmp_path}/{device}.pid",
                   f"--dhcp-leasefile={tmp_path}/{device}.leases", f"--interface={device}", "--bind-interfaces", "--no-ping",
                   "--dhcp-authoritative", *options)  # fmt: skip


def test_each_device_has_a_lease_and_its_routes(second, tmp_path, monkeypatch):
    """Two servers, two leases: the default route is the first one's, and option 121 of the second gives its own route."""
    monkeypatch.setenv("LEAT_SECOND_ADDRESSES", "")
    make_tap("first0", address="10.82.0.1/24")
    run("ip", "addr", "add", "10.83.0.1/32", "dev", "first0")
    servers = [dnsmasq(tmp_path, "first0", "--dhcp-range=10.82.0.50,10.82.0.50,255.255.255.0,120"),
               dnsmasq(tmp_path, second, "--dhcp-range=10.79.0.60,10.79.0.60,255.255.255.0,120",
                       f"--dhcp-option=121,{FAR}/32,{ROUTER}")]  # fmt: skip
    echo = Process(binary("two_echo"), "--tap", "first0", "--stats", "--ip6", "fd78::2/64")
    try:
        echo.wait_for(r"second: 10\.79\.0\.60/24", 60)
        echo.wait_for(r"10\.82\.0\.50/24 on ", 60)
        for address, source in (("10.82.0.50", None), ("10.79.0.60", None), ("10.82.0.50", "10.83.0.1"), ("10.79.0.60", FAR)):
            assert ask(address, 7, b"hello", source) == b"hello", (address, source)
    finally:
        for process in (echo, *servers):
            process.kill()
            print(process.text)
        run("ip", "link", "del", "first0", check=False)
    assert os.path.exists(tmp_path / "first0.leases")
