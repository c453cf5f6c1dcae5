"""The images on Solo5: spt always, hvt where KVM can run it, virtio under QEMU."""

import io
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time
import zipfile

import pytest
from solo5 import SLOW_RTT_MS, START_S, Guest, Tender, image, ping, tools
from stream import echo_all
from test_tls import echo as echo_by_tls

ROOT = pathlib.Path(__file__).resolve().parents[2]
_hvt = {}  # cached result of the check


def hvt_trouble():
    """The reason why hvt can't be tested here; "" if it can."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "there is no /dev/kvm that we may use"
    tools.make_tap("probe0")
    tender = Tender("hvt", "echo", {"service": "probe0"}, ["--version"])
    try:
        if not tools.until(lambda: not tender.running, START_S):
            return f"an image that only says its version did not end in {START_S} s"
        return "" if tender.wait() == 0 else f"KVM does not run the image: {tender.text}"
    finally:
        tender.remove()
        tools.run("ip", "link", "del", "probe0", check=False)


@pytest.fixture(params=["spt", "hvt"])
def abi(request):
    if request.param == "hvt":
        if "trouble" not in _hvt:
            _hvt["trouble"] = hvt_trouble()
        if _hvt["trouble"]:
            pytest.skip(f"hvt: {_hvt['trouble']}")
    return request.param


@pytest.fixture
def guest(abi):
    """guest(name, ...) boots an example."""
    started = []

    def start(*args, **kwargs):
        if abi == "hvt":  # each buffer costs time on an emulated KVM
            kwargs["options"] = ("--buffers=512", "--connections=16", *kwargs.get("options", ()))
        started.append(Guest(abi, *args, **kwargs))
        return started[-1]

    yield start
    for one in reversed(started):
        one.remove()


def is_slow(guest):
    """True if the machine is interpreted; the first round trip resolves the neighbours."""
    return min(ping(guest.ip)) > SLOW_RTT_MS


def test_every_address_of_the_command_line_answers(guest):
    """Two global addresses and a unique local one, beside a second IPv4 address."""
    words = ["2001:db8:17::2/64", "2001:db8:18::2/64", "fd17:1eaf::2/64", "10.99.1.2/24"]
    echo = guest("echo", options=[f"--ip{6 if ':' in word else ''}={word}" for word in words])
    for word in words:
        tools.run("ip", "addr", "add", word.replace("2/", "1/"), "dev", echo.tap, *(["nodad"] if ":" in word else []))
    for there in [echo.ip, *(word.split("/")[0] for word in words)]:
        assert tools.until(lambda: b" 1 received" in tools.run("ping", "-n", "-c", 1, "-W", 1, there, check=False), 20), there
        echo_all((there, 7), 1, 20_000, timeout=60)


def test_addresses_by_a_router(abi, tmp_path):
    """No address on the command line, and no DHCP server: IPv6 is enough."""
    dnsmasq = shutil.which("dnsmasq", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or pytest.skip("no dnsmasq")
    tools.make_tap("ra0")
    for address in ("fe80::1/64", "2001:db8:19::1/64"):
        tools.run("ip", "addr", "add", address, "dev", "ra0", "nodad")
    network = tools.Process(dnsmasq, "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--user=", "--group=",
                            f"--pid-file={tmp_path}/pid", f"--dhcp-leasefile={tmp_path}/leases", "--interface=ra0",
                            "--enable-ra", "--dhcp-range=2001:db8:19::,ra-only")
    echo = None
    try:
        echo = Tender(abi, "echo", {"service": "ra0"}, ["--buffers=512", "--connections=16"])
        line = echo.wait_for(r"echo: 2001:db8:19:[0-9a-f:]+/64 on service, MTU 1500, port 7", START_S)
        there = line.split()[1].split("/")[0]
        ping(there)
        echo_all((there, 7), 1, 20_000, timeout=60)
    finally:
        if echo:
            echo.remove()
        network.kill()
        tools.run("ip", "link", "del", "ra0", check=False)


def udp_socket(guest):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(10)
    sock.connect((guest.ip, 7))
    return sock


def test_arp_and_ping(guest):
    echo = guest("echo", options=("--mac=02:6c:65:61:74:05",))
    ping(echo.ip)
    assert b"02:6c:65:61:74:05" in tools.run("ip", "neigh", "show", echo.ip)
    tools.run("arping", "-q", "-c", 2, "-I", echo.tap, echo.ip)
    ping(echo.ip, 3, "-s", 1472, "-M", "do")
    ping(echo.ip, 1, "-s", 6000)  # in fragments


def test_udp_echo(guest):
    echo = guest("echo")
    with udp_socket(echo) as sock:
        for size in (0, 1, 17, 512, 1471, 1472):
            data = os.urandom(size)
            sock.send(data)
            assert sock.recv(65536) == data


def test_tcp_echo_of_10_mb(guest):
    echo = guest("echo")
    total = 200_000 if is_slow(echo) else 10_000_000
    seconds = echo_all((echo.ip, 7), 1, total, 100)
    print(f"{total} bytes each way in {seconds:.2f} s")


def test_echo_told_by_tasks(guest):
    echo = guest("echo_task")
    echo_all((echo.ip, 7), 4, 20_000, 100)


def test_chat(guest):
    room = guest("chat")
    with socket.create_connection((room.ip, 2323), 10) as anna:
        lines = anna.makefile("rb")
        assert lines.readline() == b"Who are you?\n"
        anna.sendall(b"anna\n")
        with socket.create_connection((room.ip, 2323), 10) as bert:
            said = bert.makefile("rb")
            assert said.readline() == b"Who are you?\n"
            bert.sendall(b"bert\n")
            assert lines.readline() == b"* bert is here\n"
            bert.sendall(b"hello\n")
            assert lines.readline() == b"bert: hello\n"


def test_whois(guest):
    """Without --server the gateway is the name server: the kernel."""
    with socket.create_server(("0.0.0.0", 0)) as server:
        server.settimeout(30)
        asks = guest("whois", options=(f"--port={server.getsockname()[1]}",), up=False,
                     arguments=("example.com",))  # fmt: skip
        conn, _ = server.accept()
        with conn:
            assert conn.recv(100) == b"example.com\r\n"
            conn.sendall(b"the answer\r\n")
        assert asks.wait(30) == 0
        assert "the answer" in asks.text


def test_flight_recorder(guest):
    """A client that connects gets the last frames as a pcapng."""
    echo = guest("echo", options=("--flight-port=99",))
    with udp_socket(echo) as sock:
        sock.send(b"to be remembered")
        sock.recv(100)
    got = b""
    with socket.create_connection((echo.ip, 99), timeout=20) as sock:
        while data := sock.recv(65536):
            got += data
    assert got.startswith(b"\x0a\x0d\x0d\x0a") and got.count(b"to be remembered") == 2


def test_an_assertion(abi, guest, tmp_path):
    """The console has the place, and the last frames in hex."""
    tool = tools.BUILD / "tools/leat-replay/leat-replay"
    if not tool.is_file():
        pytest.skip(f"{tool} has not been built")
    crash = guest("crash")
    with udp_socket(crash) as sock:
        sock.send(b"hello")
        assert sock.recv(100) == b"hello"
        sock.send(b"crash")
        assert crash.wait() != 0
    assert re.search(r"assertion failed: [a-z_]+\.[ch]:\d+", crash.text)
    console, path = tmp_path / "console", tmp_path / "last.pcapng"
    console.write_text(crash.text)
    tools.run(tool, "unhex", "--record", path, console)
    assert path.read_bytes().count(b"hello") == 2 and path.read_bytes().count(b"crash") == 1


def test_many_connections(guest):
    echo = guest("echo")
    total = 10_000 if is_slow(echo) else 500_000
    echo_all((echo.ip, 7), 8, total, 100)


@pytest.mark.parametrize("mtu", [576, 9000, 65521])
def test_mtu_is_the_devices(guest, mtu):
    echo = guest("echo", mtu=mtu)
    assert f"MTU {mtu}, port" in echo.text
    ping(echo.ip, 2, "-s", min(mtu - 28, 65507 - 28), "-M", "do")
    with udp_socket(echo) as sock:
        data = os.urandom(min(mtu - 28, 65507))
        sock.send(data)
        assert sock.recv(65536) == data
    echo_all((echo.ip, 7), 1, 100_000 if is_slow(echo) else 10_000_000, 100)


def test_smaller_mtu_is_kept(guest):
    echo = guest("echo", options=("--mtu=1000",))
    assert "MTU 1000, port" in echo.text
    echo_all((echo.ip, 7), 1, 50_000, 60)


def test_httpd(guest):
    web = guest("httpd")
    page = (ROOT / "examples/site/index.html").read_bytes()
    words = ["curl", "-sS", "--max-time", "20"]
    assert tools.run(*words, f"http://{web.ip}/") == page
    assert tools.run(*words, "-r", "5-9", f"http://{web.ip}/") == page[5:10]
    requests = 20 if is_slow(web) else 1000
    assert tools.run(*words, f"http://{web.ip}/?[1-{requests}]") == requests * page


def test_tls(guest):
    """BearSSL, which reads its guard word at %fs:0x28."""
    if not (tools.BUILD / "tests/boot/echo_tls_keys.spt").is_file():
        pytest.skip("built without libbearssl")
    server = guest("echo_tls_keys", options=("--cert=/server.pem", "--key=/server.key"))
    if is_slow(server):  # such a KVM lacks SSE arithmetic, and the guest ends at its first use
        pytest.skip("KVM interprets the guest")
    data = os.urandom(1_000_000)
    assert echo_by_tls((server.ip, 7), data) == data


def test_a_form_comes_back_compressed(guest):
    """With zlib, which uses a guard word, too."""
    if not (tools.BUILD / "compress/zlib/libleat-deflate-metal.a").is_file():
        pytest.skip("built without zlib")
    if is_slow(guest("upload")):  # as in test_tls()
        pytest.skip("KVM interprets the guest")
    server = guest("upload", arguments=["deflate"])
    out = tools.run("curl", "-sS", "--max-time", "60", "-F", f"file=@{__file__}", f"http://{server.ip}/upload")
    archive = zipfile.ZipFile(io.BytesIO(out))
    assert archive.read("test_solo5.py") == pathlib.Path(__file__).read_bytes()
    assert archive.getinfo("test_solo5.py").compress_type == zipfile.ZIP_DEFLATED


def test_discard_and_chargen(guest):
    sink, source = guest("discard"), guest("chargen")
    count = 100_000 if is_slow(sink) else 5_000_000
    with socket.create_connection((sink.ip, 9), 30) as conn:
        conn.sendall(bytes(count))
        conn.shutdown(socket.SHUT_WR)
        assert conn.recv(1) == b""
    with socket.create_connection((source.ip, 19), 30) as conn:
        got = b""
        while len(got) < count:
            got += conn.recv(100_000)
    assert set(map(len, got.split(b"\r\n")[:-1])) == {72}


@pytest.mark.skipif(not shutil.which("iperf"), reason="iperf 2 is not installed")
def test_iperf(guest):
    server = guest("iperf")
    amount = 100_000 if is_slow(server) else 5_000_000
    tools.run("iperf", "-c", server.ip, "-n", amount, timeout=60)
    tools.run("iperf", "-c", server.ip, "-n", amount, "-R", timeout=60)
    for what in ("received", "sent"):
        line = server.wait_for(rf":\d+ {what} (\d+) bytes in", START_S)
        assert int(re.search(rf"{what} (\d+) bytes", line)[1]) >= amount


def test_resolve_asks_dns(abi, guest):
    """Two guests, with the kernel as a router between them."""
    pathlib.Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    dns = guest("dns")
    asks = guest("resolve", options=(f"--server={dns.ip}",), arguments=("www.example.com",),
                 up=False)  # it may end before the check
    assert asks.wait(30) == 0
    assert "www.example.com. 3600 IN A 192.0.2.3" in asks.lines
    assert "the counters do not balance" not in asks.text
    assert asks.stats["copied_solo5_rx_bytes"] == 0
    assert asks.stats["copied_solo5_tx_bytes"] == 0
    none = guest("resolve", options=(f"--server={dns.ip}",), arguments=("no.example.com",),
                 up=False)
    assert none.wait(30) == 6
    assert f"no.example.com. A: not found (NXDOMAIN, says {dns.ip})" in none.lines


@pytest.mark.parametrize("words, line", [
    (["--nonsense=1"], "echo: wrong option: --nonsense=1; see --help"),
    (["--ip=10.0.0.300/24"], "echo: --ip=10.0.0.300/24: must be an IPv4 address of a host and 0 to 32, as 10.0.0.2/24; see --help"),
    (["--ip"], "echo: no value: --ip; see --help"),
    (["--mtu=1501"], "echo: network device: the MTU must be 68 at least, and the device's at most"),
    (["--mac=03:00:00:00:00:01"], "echo: network device: the MAC address must be one station's"),
    (["word"], "echo: takes no arguments: word"),
])  # fmt: skip
def test_wrong_options(guest, words, line):
    echo = guest("echo", arguments=words, up=False)
    assert echo.wait(START_S) == 2
    assert line in echo.text


def test_help_and_version(guest):
    for word, said in (("--help", "usage: echo"), ("--version", "echo (leat)")):
        echo = guest("echo", arguments=[word], up=False)
        assert echo.wait(START_S) == 0
        assert said in echo.text


def test_little_memory(guest):
    echo = guest("echo", memory=8)
    ping(echo.ip)


def test_too_little_memory(guest):
    echo = guest("echo", options=("--buffers=100000",), up=False)
    assert echo.wait(START_S) == 2
    told = re.search(r"echo: the stack needs (\d+) KiB of memory, and the machine has (\d+) for it: ", echo.text)
    assert told and int(told[1]) > 100_000 > int(told[2]), echo.text


def test_two_devices(abi):
    """Both receive frames, each with its own address; the counters balance at the end."""
    tools.make_tap("left0", address="10.78.0.1/24")
    tools.make_tap("right0", address="10.79.0.1/24")
    two = Tender(abi, "two", {"left": "left0", "right": "right0"})
    try:
        two.wait_for("two: ready", START_S)
        for ip in ("10.78.0.2", "10.79.0.2"):
            ping(ip)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.settimeout(10)
                sock.connect((ip, 7))
                for data in (b"here", b"and here" * 100) + ((b".",) if ip == "10.79.0.2" else ()):
                    sock.send(data)
                    assert sock.recv(65536) == data
        assert two.wait() == 0, two.text
        stats = dict(line.split() for line in two.lines if re.fullmatch(r"[a-z0-9_]+ \d+", line))
        assert stats["copied_tx_bytes"] == "0"
    finally:
        two.remove()
        for tap in ("left0", "right0"):
            tools.run("ip", "link", "del", tap, check=False)


def test_boot_runs_it(abi):
    """tools/boot, ended by a signal as from Ctrl-C."""
    tools.make_tap("boot0", address="10.0.0.1/24")
    boot = tools.Process(ROOT / "tools/boot", "--hypervisor", f"solo5-{abi}", "--net", "tap=boot0",
                         "--build", os.environ["LEAT_BUILD"], "echo", "--", "--ipv4=10.0.0.2/24",
                         "--ipv4-gateway=10.0.0.1", "--buffers=256", "--connections=16")  # fmt: skip
    try:
        boot.wait_for("echo: 10.0.0.2/24 on service, MTU 1500, port 7", START_S)
        ping("10.0.0.2")
        os.kill(boot.pid, signal.SIGINT)
        assert boot.wait() == 0, boot.text
    finally:
        boot.stop()
        tools.run("ip", "link", "del", "boot0", check=False)


@pytest.mark.skipif(not shutil.which("qemu-system-x86_64"), reason="QEMU is not installed")
def test_virtio_target():
    """QEMU's exit status is that of Solo5's bindings, so it is not checked."""
    echo, dns = Guest("virtio", "echo"), Guest("virtio", "dns")
    try:
        ping(echo.ip, 3, "-s", 1472, "-M", "do")
        with udp_socket(echo) as sock:
            data = os.urandom(1472)
            sock.send(data)
            assert sock.recv(65536) == data
        echo_all((echo.ip, 7), 1, 1_000_000, 100)
        answer = tools.run("dig", f"@{dns.ip}", "www.example.com", "A", "+short")
        assert answer.split() == [b"192.0.2.3"]
    finally:
        echo.remove()
        dns.remove()


def test_idle_sleeps():
    """An idle guest takes no processor time."""
    echo = Guest("spt", "echo")
    try:
        ping(echo.ip)
        time.sleep(0.2)
        fields = pathlib.Path(f"/proc/{echo.pid}/stat").read_text().rsplit(")")[1].split()
        time.sleep(1)
        after = pathlib.Path(f"/proc/{echo.pid}/stat").read_text().rsplit(")")[1].split()
        ticks = sum(map(int, after[11:13])) - sum(map(int, fields[11:13]))
        assert ticks <= 2, f"{ticks} of {os.sysconf('SC_CLK_TCK')} ticks"
    finally:
        echo.remove()


def test_images_hold_no_more_than_they_use():
    """An image doesn't contain functions that it doesn't call."""
    symbols = subprocess.run(["nm", image("resolve", "spt")], check=True, capture_output=True)
    names = {line.split()[-1] for line in symbols.stdout.decode().splitlines()}
    assert "solo5_app_main" in names or "leat_solo5_net_open" in names
    assert "leat_virtio_open" not in names
    assert "leat_dns_server_open" not in names
