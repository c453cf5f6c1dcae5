"""Over QEMU's user network: the access of an ordinary user, with forwarded ports."""

import contextlib
import datetime
import email.utils
import io
import os
import pathlib
import random
import re
import select
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import zipfile

import pytest

from conftest import BUILD, LONG, echo_tcp, echo_udp, free_port


sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))
import blocklists  # noqa: E402

SITE = pathlib.Path(__file__).resolve().parents[2] / "examples/site"


def forwarded(there):
    """The options of the netdev, and the addresses by TCP and UDP."""
    tcp, udp = free_port(), free_port(socket.SOCK_DGRAM)
    words = f"user,id=net,hostfwd=tcp:127.0.0.1:{tcp}-:{there},hostfwd=udp:127.0.0.1:{udp}-:{there}"
    return words, ("127.0.0.1", tcp), ("127.0.0.1", udp)


def test_tcp_echo_of_ten_megabytes(guest, machine):
    netdev, tcp, _ = forwarded(7)
    echo = guest("echo", machine, netdev).up()
    data = os.urandom(10_000_000)
    assert echo_tcp(tcp, data) == data
    echo.stop()


def test_udp_echo_of_ten_megabytes(guest, machine):
    netdev, _, udp = forwarded(7)
    echo = guest("echo", machine, netdev).up()
    sizes = random.Random(1)
    payloads = [os.urandom(sizes.randint(1, 1472)) for _ in range(14_000)]
    assert sum(map(len, payloads)) > 10_000_000
    assert echo_udp(udp, payloads) == payloads
    echo.stop()


def test_a_form_of_more_than_its_memory_comes_back_as_an_archive(guest, tmp_path):
    total = 1 << 30 if LONG else 48 << 20
    block = os.urandom(1 << 20)
    path, archive = tmp_path / "file", tmp_path / "file.zip"
    with path.open("wb") as file:
        for number in range(total >> 20):
            file.write(number.to_bytes(4, "big") + block[4:])
    port = free_port()
    seconds = total / 1e6 + 100
    netdev = f"user,id=net,hostfwd=tcp:127.0.0.1:{port}-:80"
    upload = guest("upload", None, netdev, memory=32, seconds=seconds + 60).up()
    subprocess.run(["curl", "-sS", "--max-time", str(seconds), "-F", f"file=@{path}", "-o", archive,
                    f"http://127.0.0.1:{port}/upload"], check=True)
    subprocess.run(["unzip", "-tqq", archive], check=True)
    with subprocess.Popen(["unzip", "-p", archive], stdout=subprocess.PIPE) as unzip, path.open("rb") as file:
        while piece := file.read(1 << 20):
            assert unzip.stdout.read(1 << 20) == piece
        assert unzip.stdout.read() == b""
    upload.stop()


def test_a_form_comes_back_compressed(guest, machine):
    """With zlib on the bare machine."""
    if not (BUILD / "compress/zlib/libleat-deflate-metal.a").is_file():
        pytest.skip("built without zlib")
    port = free_port()
    netdev = f"user,id=net,hostfwd=tcp:127.0.0.1:{port}-:80"
    upload = guest("upload", machine, netdev, arguments=["deflate"]).up()
    out = subprocess.run(["curl", "-sS", "--max-time", "60", "-F", f"file=@{__file__}",
                          f"http://127.0.0.1:{port}/upload"], check=True, stdout=subprocess.PIPE).stdout
    archive = zipfile.ZipFile(io.BytesIO(out))
    assert archive.read("test_user.py") == pathlib.Path(__file__).read_bytes()
    assert archive.getinfo("test_user.py").compress_type == zipfile.ZIP_DEFLATED
    upload.stop()


def test_a_long_list_is_read_before_the_first_answer(guest):
    """250,000 names. The duration by the clock depends on other load; the processor time has a limit, with room for another
    program on the same core, which halves its speed."""
    port = free_port(socket.SOCK_DGRAM)
    sieve = guest("sieve_names", None, f"user,id=net,hostfwd=udp:127.0.0.1:{port}-:53",
                  arguments=["--server=10.0.2.3", "/list"])
    while blocklists.ask("127.0.0.1", "last.example.test", port) != 3:
        assert time.monotonic() < sieve.began + 60, sieve.text
    took, processor = time.monotonic() - sieve.began, blocklists.processor_s(sieve.pid)
    print(f"the first answer after {took:.2f} s, {processor:.2f} s of the processor")
    assert "/list: of 250001 lines 250000 understood, 1 ignored, 0 refused" in sieve.text
    assert processor < 2
    sieve.stop()


def test_the_dashboard_shows_the_counters(guest, machine):
    port = free_port()
    netdev, tcp, _ = forwarded(7)
    echo = guest("echo", machine, f"{netdev},hostfwd=tcp:127.0.0.1:{port}-:8080", arguments=["--dashboard", "8080"]).up()
    with socket.create_connection(tcp, 60) as client:
        client.sendall(b"shown")
        assert client.recv(5) == b"shown"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60) as answer:
            page = answer.read().decode()
    assert "<td>7<td>ESTABLISHED" in page
    assert "<td>8080<td>ESTABLISHED" not in page  # its own connection
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as text:
        assert "leat_tcp_opened_passive_total 3\n" in text.read().decode()
    echo.stop()


@pytest.mark.parametrize("without", ["mrg_rxbuf", "event_idx", "indirect_desc", "status", "ctrl_vq"])
def test_without_a_feature(guest, machine, without):
    netdev, tcp, udp = forwarded(7)
    echo = guest("echo", machine, netdev, device=f",{without}=off").up()
    data = os.urandom(1_000_000)
    assert echo_tcp(tcp, data) == data
    assert echo_udp(udp, [b"x", data[:1400]]) == [b"x", data[:1400]]
    echo.stop()


def test_the_device_tells_the_mtu(guest, machine):
    netdev, tcp, _ = forwarded(7)
    echo = guest("echo", machine, netdev, device=",host_mtu=1280")
    echo.wait_for("on virtio0, MTU 1280, port 7")
    data = os.urandom(100_000)
    assert echo_tcp(tcp, data) == data
    echo.stop()


def ask(address, name, kind, tcp=False):
    """scapy's DNS, so that dnspython isn't needed."""
    from scapy.layers.dns import DNS, DNSQR

    query = bytes(DNS(id=7, rd=1, qd=DNSQR(qname=name, qtype=kind)))
    if not tcp:
        return DNS(echo_udp(address, [query])[0])
    reply = echo_tcp(address, len(query).to_bytes(2, "big") + query)
    assert int.from_bytes(reply[:2], "big") == len(reply) - 2
    return DNS(reply[2:])


def test_dns(guest, machine):
    netdev, tcp, udp = forwarded(53)
    dns = guest("dns", machine, netdev)
    dns.wait_for("port 53")
    for address, by_tcp in ((udp, False), (tcp, True)):
        reply = ask(address, "www.example.com", "A", by_tcp)
        assert reply.id == 7 and reply.rcode == 0 and reply.aa == 1
        assert reply.an.rdata == "192.0.2.3"
    assert ask(udp, "nobody.example.com", "A").rcode == 3
    dns.stop()


def get(address, path, more=""):
    """The head and the body of a reply."""
    request = f"GET {path} HTTP/1.1\r\nHost: leat\r\nConnection: close\r\n{more}\r\n"
    head, _, body = echo_tcp(address, request.encode()).partition(b"\r\n\r\n")
    return head.decode(), body


def test_httpd(guest, machine):
    netdev, tcp, _ = forwarded(80)
    httpd = guest("httpd", machine, netdev)
    httpd.wait_for("port 80")
    page = (SITE / "index.html").read_bytes()
    head, body = get(tcp, "/")
    assert head.startswith("HTTP/1.1 200 OK\r\n") and body == page
    head, body = get(tcp, "/index.html", "Range: bytes=10-19\r\n")
    assert head.startswith("HTTP/1.1 206 ") and body == page[10:20]
    assert get(tcp, "/nothing")[0].startswith("HTTP/1.1 404 ")
    httpd.stop()


def test_discard(guest, machine):
    netdev, tcp, _ = forwarded(9)
    discard = guest("discard", machine, netdev)
    discard.wait_for("port 9")
    assert echo_tcp(tcp, bytes(1_000_000)) == b""
    discard.stop()


def test_chargen(guest, machine):
    netdev, tcp, udp = forwarded(19)
    chargen = guest("chargen", machine, netdev)
    chargen.wait_for("port 19")
    with socket.create_connection(tcp, 30) as conn:
        got = b""
        while len(got) < 1_000_000:
            got += conn.recv(100_000)
    lines = got.split(b"\r\n")
    assert lines[0] == bytes(range(32, 104)) and lines[95] == lines[0] and lines[1] == bytes(range(33, 105))
    assert len(echo_udp(udp, [bytes(100)])[0]) <= 100
    chargen.stop()


def test_resolve_without_a_server_fails(guest, machine):
    """The test may use no name server: the image reports that, with status 7."""
    resolve = guest("resolve", machine, "user,id=net,restrict=on",
                    arguments=["--server=10.0.2.99", "www.example.com"])  # fmt: skip
    assert resolve.wait(60) == 7
    assert "no answer from 10.0.2.99 to ARP" in resolve.text


def test_clock_of_the_machine_is_read(guest, machine):
    """The PC's clock; the microvm of the tests starts without one. There is no time server, so it keeps asking."""
    clock = guest("clock", machine, "user,id=net,restrict=on", arguments=["10.0.2.99"])
    clock.wait_for("no time server answered")
    if machine == "microvm":
        assert "the machine has no clock" in clock.text
        return
    said = re.search(r"^(.* GMT) by the machine's clock", clock.text, re.M)
    now = datetime.datetime.now(datetime.timezone.utc)
    assert abs(email.utils.parsedate_to_datetime(said[1]) - now) < datetime.timedelta(hours=1)


def test_echo_told_by_tasks(guest, machine):
    netdev, tcp, _ = forwarded(7)
    echo = guest("echo_task", machine, netdev)
    echo.wait_for("port 7")
    data = os.urandom(10_000_000)
    assert echo_tcp(tcp, data) == data
    echo.stop()


def test_chat(guest, machine):
    netdev, tcp, _ = forwarded(2323)
    room = guest("chat", machine, netdev)
    room.wait_for("port 2323")
    with socket.create_connection(tcp, 30) as anna, socket.create_connection(tcp, 30) as bert:
        lines = [conn.makefile("rb") for conn in (anna, bert)]
        for conn, of, name in ((anna, lines[0], b"anna\n"), (bert, lines[1], b"bert\n")):
            assert of.readline() == b"Who are you?\n"
            conn.sendall(name)
        # the user network may deliver bert's name first; then ada is told of it
        [first], _, _ = select.select([anna, bert], [], [], 60)
        if first is anna:
            assert lines[0].readline() == b"* bert is here\n"
        else:
            assert lines[1].readline() == b"* anna is here\n"
        bert.sendall(b"hello\n")
        assert lines[0].readline() == b"bert: hello\n"
    room.stop()


def test_fetch(guest, machine):
    """From 10.0.2.2, which is the host."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        port = server.getsockname()[1]
        fetch = guest("fetch", machine, "user,id=net", arguments=[f"http://10.0.2.2:{port}/x"])
        conn, _ = server.accept()
        with conn:
            assert conn.recv(1000).startswith(b"GET /x HTTP/1.1\r\n")
            conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nthe answer\n")
            assert fetch.wait(60) == 0
        assert "the answer" in fetch.text


def test_whois(guest, machine):
    """10.0.2.2 is the host, for which the user network answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        port = server.getsockname()[1]
        whois = guest("whois", machine, "user,id=net",
                      arguments=["--server=10.0.2.2", f"--port={port}", "example.com"])  # fmt: skip
        conn, _ = server.accept()
        with conn:
            assert conn.recv(100) == b"example.com\r\n"
            conn.sendall(b"the answer\r\n")
        assert whois.wait(60) == 0
        assert "the answer" in whois.text


@contextlib.contextmanager
def upstream(ip="192.0.2.9"):
    """A name server at the host's own port 53, which a guest reaches at 10.0.2.2; returns the names in its
    questions."""
    from scapy.layers.dns import DNS, DNSRR

    if "LEAT_HOST_NETWORK" in os.environ:
        pytest.skip("the host's port 53 isn't ours")
    asked = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 53))
        sock.settimeout(0.1)
        ended = threading.Event()

        def serve():
            while not ended.is_set():
                with contextlib.suppress(TimeoutError):
                    query, peer = sock.recvfrom(2000)
                    dns = DNS(query)
                    name = dns.qd[0].qname if isinstance(dns.qd, list) else dns.qd.qname
                    asked.append(name.decode().lower())
                    # the question as it came, with its letter case
                    reply = DNS(id=dns.id, qr=1, rd=1, ra=1, qd=dns.qd, an=DNSRR(rrname=name, ttl=60, rdata=ip))
                    sock.sendto(bytes(reply), peer)

        server = threading.Thread(target=serve, daemon=True)
        server.start()
        try:
            yield asked
        finally:
            ended.set()
            server.join(10)


def test_resolver_asks_and_remembers(guest, machine):
    netdev, tcp, udp = forwarded(53)
    with upstream() as asked:
        resolver = guest("resolver", machine, netdev, arguments=["--server=10.0.2.2"])
        resolver.wait_for("port 53")
        for _ in range(3):
            for address, by_tcp in ((udp, False), (tcp, True)):
                reply = ask(address, "www.example.com", "A", by_tcp)
                assert reply.rcode == 0 and reply.an[0].rdata == "192.0.2.9"
        assert asked == ["www.example.com."]
        resolver.stop()


def test_lists_are_sent_to_sieve(guest, machine):
    """An image has no files: lists of names to block come by HTTP."""
    http, dns = free_port(), free_port(socket.SOCK_DGRAM)
    netdev = f"user,id=net,hostfwd=tcp:127.0.0.1:{http}-:80,hostfwd=udp:127.0.0.1:{dns}-:53"
    sieve = guest("sieve", machine, netdev, arguments=["null", "token=x"])
    sieve.wait_for("port 53")
    lines = b"||ads.test^\n" + b"".join(b"0.0.0.0 n%d.test\n" % number for number in range(20_000))
    head = b"PUT /lists?x HTTP/1.1\r\nHost: sieve\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(lines)
    assert b"\r\n\r\n20001 names" in echo_tcp(("127.0.0.1", http), head + lines)
    for name in ("a.ads.test", "n19999.test"):
        assert ask(("127.0.0.1", dns), name, "A").an[0].rdata == "0.0.0.0"
    sieve.stop()
