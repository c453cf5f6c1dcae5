"""AF_XDP over a pair of devices: what is its own, beside the tests that run on TAP as well."""

import os
import socket
import subprocess
import time

import pytest
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether

from conftest import XDP, binary, run, until
from stream import echo_all

pytestmark = pytest.mark.skipif(not XDP, reason="LEAT_DEVICE isn't xdp")


def test_the_rest_is_left_to_linux(leat):
    """Another address of the same device is the kernel's, with the same MAC address."""
    echo = leat("echo")
    run("ip", "addr", "add", f"{echo.net}.9/32", "dev", echo.device)
    ours = Ether(dst=echo.mac, src="02:00:00:00:00:99") / IP(src=echo.peer, dst=echo.ip) / ICMP()
    theirs = Ether(dst=echo.mac, src="02:00:00:00:00:99") / IP(src=echo.peer, dst=f"{echo.net}.9")
    theirs /= UDP(dport=4444) / b"to Linux"
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800)) as there, socket.socket(
        socket.AF_PACKET, socket.SOCK_RAW
    ) as wire:
        there.bind((echo.device, 0x0800))
        there.settimeout(5)
        wire.bind((f"{echo.device}p", 0))
        wire.send(bytes(ours))
        wire.send(bytes(theirs))
        assert b"to Linux" in there.recv(2000)
    assert echo.stop()["rx_frames"] >= 1


def test_the_rest_of_ipv6_is_left_to_linux(leat):
    """Our address and its group are ours; the next one, its group and all nodes are the kernel's."""
    echo = leat("echo", options=["--ip6", "2001:db8:6::2/64"])
    run("ip", "addr", "add", "2001:db8:6::1/64", "dev", echo.wire, "nodad")
    assert until(lambda: b" 1 received" in run("ping", "-6", "-n", "-c", 1, "-W", 1, "2001:db8:6::2", check=False))
    seen = set()
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x86DD)) as there, socket.socket(
        socket.AF_PACKET, socket.SOCK_RAW
    ) as wire:
        there.bind((echo.device, 0x86DD))
        there.settimeout(5)
        wire.bind((echo.wire, 0))
        for host in ("2001:db8:6::2", "ff02::1:ff00:2", "2001:db8:6::3", "ff02::1:ff00:3", "ff02::1", "fe80::2"):
            wire.send(bytes(Ether(dst=echo.mac, src="02:00:00:00:00:99") / IPv6(src="2001:db8:6::1", dst=host)
                            / UDP(dport=4444) / b"whose?"))  # fmt: skip
        while "fe80::2" not in seen:
            frame = Ether(there.recv(2000))
            if b"whose?" in bytes(frame):
                seen.add(frame[IPv6].dst)
    assert seen == {"2001:db8:6::3", "ff02::1:ff00:3", "ff02::1", "fe80::2"}


def test_two_programs_do_not_share_a_queue(leat):
    echo = leat("echo")
    second = subprocess.run(
        [binary("echo"), "--xdp", echo.device, "--ip", "10.0.0.77/24"],
        check=False, capture_output=True, text=True, timeout=20,
    )  # fmt: skip
    assert second.returncode == 2 and "another program has it" in second.stderr, second


@pytest.mark.parametrize("words,message", [
    (["--xdp", "nowhere0", "--ip", "10.1.2.3/24"], "there is no device nowhere0"),
    (["--xdp", "lo", "--ip", "10.1.2.3/24", "--socket", "x"], "--xdp or a socket, not both"),
    (["--busy-poll", "20"], "--busy-poll needs --xdp or --shm"),
    (["--xdp", "lo", "--ip", "10.1.2.3/24", "--mtu", "3000"], "the MTU must be 68 to"),
])  # fmt: skip
def test_what_can_not_be_is_told(words, message):
    done = subprocess.run([binary("echo"), *words], check=False, capture_output=True, text=True, timeout=20)
    assert done.returncode == 2 and message in done.stderr, done


def test_busy_polling_answers(leat):
    echo = leat("echo", options=["--busy-poll", "20"])
    run("ping", "-n", "-c", 20, "-i", 0.01, "-w", 10, echo.ip)
    time.sleep(1)
    assert echo.stop()["xdp_kicks"] < 20_000  # it has slept, too


def test_nothing_is_copied_by_us(leat):
    """Text goes back in the buffers that it came in; Linux before 6.6 takes one piece a frame."""
    echo = leat("echo", options=["--buffers", "32768"])
    echo_all((echo.ip, 7), 1, 3_000_000, timeout=60)
    stats = echo.stop()
    assert stats["copied_xdp_bytes"] == 0
    if tuple(int(number) for number in os.uname().release.split(".")[:2]) >= (6, 6):
        assert stats["copied_tx_bytes"] == 0
