"""The examples without root: over UNIX sockets and through passt, as an ordinary user."""

import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import time

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import ARP, Ether

from conftest import BEYOND, BUILD, Process, as_user, binary, run, until

US = "02:00:00:00:00:01"
ALL = "ff:ff:ff:ff:ff:ff"


class Peer:
    """The other end of a stream socket, implemented by the test."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(10)
        self.sock.connect(str(path))

    def write(self, packet, cuts=()):
        frame = bytes(packet)
        data = struct.pack(">I", len(frame)) + frame
        for begin, end in zip((0, *cuts), (*cuts, len(data))):
            self.sock.sendall(data[begin:end])

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            more = self.sock.recv(count - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def read(self):
        (length,) = struct.unpack(">I", self._exactly(4))
        return Ether(self._exactly(length))

    def read_until(self, layer):
        while True:
            packet = self.read()
            if layer in packet:
                return packet

    def ask_mac(self):
        self.write(Ether(dst=ALL, src=US) / ARP(op=1, psrc="10.0.0.1", hwsrc=US, pdst="10.0.0.2"))
        while True:
            reply = self.read_until(ARP)
            if reply[ARP].op == 2:
                return reply[ARP].hwsrc

    def close(self):
        self.sock.close()


@pytest.fixture
def example():
    started = []

    def start(name, *words, up=r"MTU \d+, port"):
        started.append(Process(*as_user(binary(name), *words)))
        started[-1].wait_for(up)
        return started[-1]

    yield start
    for process in reversed(started):
        if process.running:
            process.stop()
        print(f"--- {' '.join(process.command)}\n{process.text}")


@pytest.mark.parametrize("how", [["--socket"], ["--shm"], ["--offload", "--socket"]])
def test_two_programs_on_leat_are_a_network_of_their_own(example, folder, how):
    path = folder / "wire"
    example("dns", *how, path, "--listen", "--ip", "10.0.0.2/24")
    asked = run(*as_user(binary("resolve"), *how, str(path), "--ip", "10.0.0.3/24",
                         "--server", "10.0.0.2", "www.example.com"))  # fmt: skip
    assert b"192.0.2." in asked, asked


def test_a_peer_without_marks_ends_a_program_that_leaves_checksums_out(example, folder):
    path = folder / "wire"
    example("dns", "--socket", path, "--listen", "--ip", "10.0.0.2/24")
    asker = Process(*as_user(binary("resolve"), "--offload", "--socket", str(path), "--ip", "10.0.0.3/24",
                             "--server", "10.0.0.2", "www.example.com"))  # fmt: skip
    asker.wait_for("the peer has closed the connection")
    assert asker.wait() == 1


def test_frames_that_the_peer_cuts_anywhere_are_answered(example, folder):
    echo = example("echo", "--socket", folder / "wire", "--listen", "--ip", "10.0.0.2/24")
    peer = Peer(folder / "wire")
    mac = peer.ask_mac()
    for size in (0, 1, 56, 1400, 1472):
        ping = Ether(dst=mac, src=US) / IP(src="10.0.0.1", dst="10.0.0.2") / ICMP(id=size) / (b"x" * size)
        for cuts in ((), (1,), (3, 5), (17, 18, 19)):
            peer.write(ping, cuts)
            reply = peer.read_until(ICMP)
            assert reply[ICMP].id == size and reply[IP].len == 28 + size
    peer.close()
    # the next one is served as well
    peer = Peer(folder / "wire")
    assert peer.ask_mac() == mac
    assert echo.stop() == 0


def test_a_recorded_run_happens_again(example, folder):
    """Its frames have no padding, and get some when they are sent again."""
    tool = BUILD / "tools/leat-replay/leat-replay"
    if not tool.is_file():
        pytest.skip("leat-replay has not been built")
    echo = example("echo", "--socket", folder / "wire", "--listen", "--ip", "10.0.0.2/24", "--record", folder / "run")
    peer = Peer(folder / "wire")
    mac = peer.ask_mac()
    peer.write(Ether(dst=mac, src=US) / IP(src="10.0.0.1", dst="10.0.0.2") / ICMP())
    assert len(peer.read_until(ICMP)) == 42
    assert echo.stop() == 0
    assert b"the same" in run(tool, "recorded", folder / "run")


def test_a_length_of_4_GiB_ends_the_connecting_program_with_a_clear_line(example, folder):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(folder / "wire"))
    os.chmod(folder / "wire", 0o777)
    listener.listen()
    echo = example("echo", "--socket", folder / "wire", "--ip", "10.0.0.2/24")
    there, _ = listener.accept()
    there.sendall(b"\xff\xff\xff\xff")
    echo.wait_for("a frame of 4294967295 bytes: no such framing")
    assert echo.wait() == 1


def test_the_end_of_the_peer_ends_the_connecting_program_with_a_clear_line(example, folder):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(folder / "wire"))
    os.chmod(folder / "wire", 0o777)
    listener.listen()
    echo = example("echo", "--socket", folder / "wire", "--ip", "10.0.0.2/24")
    there, _ = listener.accept()
    there.close()
    echo.wait_for("wire: the peer has closed the connection")
    assert echo.wait() == 1


@pytest.mark.parametrize("words,message", [
    (["--socket", "/nowhere/wire"], "start the other end first"),
    (["--gateway", "10.0.0.1"], "--gateway needs --ip"),
    (["--listen"], "--listen needs --socket or --shm"),
    (["--datagram", "x"], "--datagram needs --socket"),
    (["--offload"], "--offload needs --socket"),
    (["--offload", "--socket", "x", "--datagram", "y"], "--offload needs --socket, without --datagram"),
    (["--shm", "/nowhere/wire"], "start the other end first"),
    (["--shm", "x", "--socket", "y"], "--shm or another network, not both"),
    (["--busy-poll", "5"], "--busy-poll needs --xdp or --shm"),
    (["--forward", "tcp:7"], "--forward needs --passt"),
    (["--passt", "--forward", "sctp:7"], "must be tcp:PORT or udp:PORT"),
    (["--passt", "--socket", "x"], "--passt or --socket, not both"),
])  # fmt: skip
def test_impossible_settings_are_refused(words, message):
    done = subprocess.run([binary("echo"), *words], check=False, capture_output=True, timeout=20)
    assert done.returncode == 2 and message in done.stderr.decode(), done


@pytest.mark.parametrize("kind", ["stream", "dgram"])
def test_a_guest_of_qemu_is_the_other_end(example, folder, kind):
    """QEMU's -netdev stream and dgram carry the frames of a booted image."""
    image = BUILD / "examples" / "dns.elf"
    if not shutil.which("qemu-system-x86_64") or not image.is_file():
        pytest.skip("no QEMU, or no image")
    ours, theirs = folder / "ours", folder / "theirs"
    if kind == "stream":
        netdev = f"stream,id=net,server=on,addr.type=unix,addr.path={theirs}"
        words = ["--socket", theirs]
    else:
        netdev = f"dgram,id=net,local.type=unix,local.path={theirs},remote.type=unix,remote.path={ours}"
        words = ["--socket", theirs, "--datagram", ours]
    guest = Process(
        *as_user("qemu-system-x86_64"), "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-serial", "stdio", "-m", "64", "-accel", "tcg", "-cpu", "max",
        "-M", "microvm,x-option-roms=off,pit=off,pic=off,rtc=off,isa-serial=on,acpi=off",
        "-global", "virtio-mmio.force-legacy=false", "-kernel", image, "-append", "--ip=10.0.0.2/24",
        "-netdev", netdev, "-device", "virtio-net-device,netdev=net",
    )  # fmt: skip
    try:
        guest.wait_for("dns: 10.0.0.2/24")
        assert until(theirs.exists)
        asked = run(*as_user(binary("resolve"), *map(str, words), "--ip", "10.0.0.3/24",
                             "--server", "10.0.0.2", "www.example.com"))  # fmt: skip
        assert b"192.0.2." in asked, asked
    finally:
        guest.kill()
        print(guest.text)


def test_passt_loses_nothing_of_a_full_window(example, outside):
    """QEMU drops what its end of the socket doesn't take at once, so the socket has room for a window."""
    if not shutil.which("passt") or int(pathlib.Path("/proc/sys/net/core/wmem_max").read_text()) < 4 << 20:
        pytest.skip("no passt, or a system whose users have small sockets")
    discard = example("discard", "--passt", "--forward", "tcp:7010:9", "--stats", up="MTU 32808, port")

    def taken():
        try:
            with socket.create_connection(("127.0.0.1", 7010), 20) as client:
                client.settimeout(20)
                client.sendall(bytes(40_000_000))
                client.shutdown(socket.SHUT_WR)
                return client.recv(1) == b""
        except OSError:
            return False

    if not until(taken, 40) and not discard.running:
        pytest.skip("passt doesn't run here: " + discard.text)
    discard.stop()
    assert re.search(r"^tcp_opened_passive +[1-9]", discard.text, re.M), discard.text
    assert not re.search(r"^tcp_out_of_order +[1-9]", discard.text, re.M), discard.text


def test_passt_takes_bulk_from_us(example, outside):
    """No byte is missing or wrong, although it drops what its own sockets don't take."""
    if not shutil.which("passt"):
        pytest.skip("no passt")
    chargen = example("chargen", "--passt", "--forward", "tcp:7019:19", up="MTU 32808, port")
    period = 95 * 74

    def taken():
        with socket.create_connection(("127.0.0.1", 7019), 20) as client:
            client.settimeout(20)
            client.sendall(b"x")
            data = bytearray()
            while len(data) < 3000 * period:
                more = client.recv(1 << 20)
                if not more:
                    return b""
                data += more
            return bytes(data[: 3000 * period])

    data = b""
    for _ in range(40):
        try:
            data = taken()
        except OSError:
            time.sleep(0.1)
        if data:
            break
    if not data and not chargen.running:
        pytest.skip("passt doesn't run here: " + chargen.text)
    assert data.startswith(bytes(range(32, 104)) + b"\r\n") and data == data[:period] * 3000
    assert chargen.stop() == 0


@pytest.fixture
def passt6(outside6):
    if not shutil.which("passt"):
        pytest.skip("no passt")


def echoed(ip, port, text):
    with socket.create_connection((ip, port), 20) as client:
        client.sendall(text)
        return client.makefile("rb").read(len(text)) == text


def first_echoed(echo, ip, port, text):
    """Waits for the first echo. Until then passt may reset connections, because it doesn't know leat's address yet."""
    def is_echoed():
        try:
            return echoed(ip, port, text)
        except OSError:
            return False

    return until(lambda: not echo.running or is_echoed())


def test_passt_forwards_over_both_families(example, passt6):
    echo = example("echo", "--passt", "--forward", "tcp:7007:7", "--forward", "tcp:::1/6007:7", up="IPv6: 2001:db8:51:")
    text = os.urandom(100_000)
    for ip, port in ("127.0.0.1", 7007), ("::1", 7007), ("::1", 6007):
        assert first_echoed(echo, ip, port, text[:1])
        assert echoed(ip, port, text), (ip, port, echo.text)
    assert echo.stop() == 0


def test_passt_gives_the_address_of_ipv6_that_is_asked_for(example, passt6):
    echo = example("echo", "--passt", "--forward", "tcp:7007:7", "--ip6", "2001:db8:77::2/64", up="port")
    assert first_echoed(echo, "::1", 7007, b"a")
    assert echoed("::1", 7007, os.urandom(100_000)), echo.text
    assert echo.stop() == 0


def test_fetch_reaches_a_server_of_ipv6_behind_passt(example, passt6):
    """Not at the address that passt gives us: with this lease it is our own address."""
    with socket.create_server((BEYOND, 8080), family=socket.AF_INET6) as listener:
        listener.settimeout(30)
        fetch = example("fetch", "--passt", f"http://[{BEYOND}]:8080/", up="MTU 32808, port")
        conn, _ = listener.accept()
        with conn:
            conn.recv(1000)
            conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nthere\n")
        assert fetch.wait(30) == 0 and "there" in fetch.text


def test_passt_lets_an_ordinary_user_be_reached_on_a_port(example, outside):
    if not shutil.which("passt"):
        pytest.skip("no passt")
    echo = example("echo", "--passt", "--forward", "tcp:7007:7", "--forward", "udp:7007:7", "--stats",
                   up="MTU 32808, port")  # fmt: skip

    def answered():
        with socket.socket() as client:
            client.settimeout(5)
            try:
                client.connect(("127.0.0.1", 7007))
                client.sendall(b"hello")
                return client.recv(5) == b"hello"
            except OSError:
                return False

    if not until(answered) and not echo.running:
        pytest.skip("passt doesn't run here: " + echo.text)
    text = os.urandom(3_000_000)
    with socket.create_connection(("127.0.0.1", 7007), 20) as client:
        client.settimeout(20)
        back = b""
        for at in range(0, len(text), 60_000):
            client.sendall(text[at : at + 60_000])
            while len(back) < min(at + 60_000, len(text)):
                back += client.recv(1 << 20)
    assert back == text
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(1)
        client.connect(("127.0.0.1", 7007))

        def echoed():
            client.send(b"datagram")
            try:
                return client.recv(100) == b"datagram"
            except OSError:
                return False

        assert until(echoed)
    assert echo.stop() == 0
