"""A device with a Cortex-M3 and 64 KiB of RAM (examples/mps2), with a LAN9118, in QEMU."""

import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from conftest import BUILD, CPU, END, IP, MAC, MACHINES, PEER, Guest, echo_tcp, echo_udp, free_port, image
from test_tap import tap  # noqa: F401  pylint: disable=unused-import


class Device(Guest):
    """One boot. @nic: words of QEMU's option; @words: the command line."""

    def __init__(self, nic, words="", seconds=120):  # pylint: disable=super-init-not-called
        self._start(["qemu-system-arm", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio",
                     *MACHINES["mps2-an385"], "-accel", "tcg", "-cpu", CPU, *END, "-kernel", image("device"),
                     "-append", words, "-nic", f"{nic},model=lan9118,mac={MAC}"], seconds)

    def up(self):
        self.wait_for(r"device: ready on lan9118")
        return self

    def end(self):
        """Shuts it down; returns [starved, overrun, bad, lost] frames."""
        self.type(b"\x04")
        assert self.wait() == 0, self.text
        return [int(word) for word in self.wait_for("frames starved").rpartition(": ")[2].split()]


@pytest.fixture
def boot():
    started = []

    def start(*args, **kwargs):
        started.append(Device(*args, **kwargs))
        return started[-1]

    yield start
    for one in reversed(started):
        one.remove()


@pytest.fixture
def user():
    """QEMU's network with the ports of echo and HTTP."""
    echo, datagrams, web = free_port(), free_port(socket.SOCK_DGRAM), free_port()
    forwards = f"tcp:127.0.0.1:{echo}-:7", f"udp:127.0.0.1:{datagrams}-:7", f"tcp:127.0.0.1:{web}-:80"
    nic = ",".join(["user", *(f"hostfwd={forward}" for forward in forwards)])
    return nic, ("127.0.0.1", echo), ("127.0.0.1", datagrams), f"http://127.0.0.1:{web}/"


def page(url):
    with urllib.request.urlopen(url, timeout=20) as reply:
        return reply.status, reply.headers["Content-Type"], reply.read().decode()


def test_echo_by_TCP_and_UDP_and_a_page_by_HTTP(boot, user):
    nic, echo, datagrams, url = user
    device = boot(nic).up()
    data = os.urandom(300_000)
    assert echo_tcp(echo, data) == data
    sizes = random.Random(1)
    payloads = [os.urandom(sizes.randint(1, 1472)) for _ in range(500)]
    assert echo_udp(datagrams, payloads) == payloads
    status, kind, text = page(url)
    assert (status, kind) == (200, "text/html") and "64 KiB of RAM" in text
    assert device.end()[2:] == [0, 0]


def test_eight_connections_at_a_time(boot, user):
    nic, echo, _, url = user
    device = boot(nic).up()
    open_ones = [socket.create_connection(echo, 20) for _ in range(6)]
    for number, conn in enumerate(open_ones):
        conn.sendall(bytes([number]) * 100)
    for number, conn in enumerate(open_ones):
        got = b""
        while len(got) < 100:
            got += conn.recv(100)
        assert got == bytes([number]) * 100
    assert page(url)[0] == 200
    for conn in open_ones:
        conn.close()
    device.end()


def test_ping_and_frames_of_the_kernel(boot, tap):  # noqa: F811
    subprocess.run(["ip", "link", "set", tap, "up"], check=True)
    device = boot(f"tap,ifname={tap},script=no,downscript=no", f"{IP}/24 {PEER}").up()
    for size in ("0", "56", "1472"):
        subprocess.run(["ping", "-n", "-c", "3", "-i", "0.2", "-W", "5", "-s", size, IP], check=True)
    data = os.urandom(300_000)
    assert echo_tcp((IP, 7), data) == data
    assert page(f"http://{IP}/")[0] == 200
    assert device.end()[2:] == [0, 0]


def test_a_wrong_address_is_refused(boot, user):
    device = boot(user[0], "10.0.2.300/24")
    assert device.wait() == 2
    assert "device: address: it is no address with a prefix" in device.text


def test_a_command_line_that_is_too_long_is_refused(boot, user):
    device = boot(user[0], f"10.0.2.15/24 10.0.2.2 {'x' * 256}")
    assert device.wait() == 2
    assert "device: address: the command line is too long, with the path of the image" in device.text


def test_all_of_its_memory_is_64_KiB_with_room_left():
    sizes = subprocess.run(["arm-none-eabi-size", image("device")], check=True, capture_output=True, text=True).stdout
    _, data, bss = (int(word) for word in sizes.splitlines()[1].split()[:3])
    script = (pathlib.Path(os.environ["LEAT_SOURCE"]) / "examples/mps2/image.ld").read_text()
    assert re.search(r"ram \(rw\) : .* LENGTH = 64K", script)
    assert data + bss < 1024  # the rest is the block of leat, and the stack
    assert BUILD.name == "cortex-m3"


def test_the_stack_of_calls_is_deep_enough(boot, user):
    nic, echo, _, url = user
    device = boot(nic).up()
    data = os.urandom(50_000)
    assert echo_tcp(echo, data) == data
    assert page(url)[0] == 200
    device.end()
    used = int(device.wait_for("stack of calls, bytes").rpartition(" ")[2])
    assert 500 < used < 6 * 1024 * 3 // 4


def test_tools_boot_says_how_to_reach_it_and_ends_with_ctrl_c():
    command = [sys.executable, os.environ["LEAT_SOURCE"] + "/tools/boot", "--build", str(BUILD), "--arch", "cortex-m3", "device"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as child:
        said = ""
        for line in child.stdout:
            said += line
            if "device: ready" in line:
                break
        port = int(re.search(r"tcp 127.0.0.1:(\d+) -> 10.0.2.15:80", said)[1])
        assert page(f"http://127.0.0.1:{port}/")[0] == 200
        child.send_signal(signal.SIGINT)
        rest = child.stdout.read()
        assert child.wait(30) == 0, said + rest
    assert "frames starved" in rest
