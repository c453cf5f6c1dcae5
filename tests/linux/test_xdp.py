"""AF_XDP over a veth pair: special cases, beside the tests that also run on TAP."""

import os
import re
import signal
import socket
import subprocess
import time

import pytest
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, Ether

from conftest import XDP, binary, run, until
from stream import echo_all

pytestmark = pytest.mark.skipif(not XDP, reason="LEAT_DEVICE isn't xdp")


def cpu_s(pid):
    """Processor time that it has used."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        words = file.read().rsplit(") ", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


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
    """Our address and its group are ours; the next address, its group and all-nodes are the kernel's."""
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
    (["--xdp", "lo", "--mac", "03:00:00:00:00:01"], "the MAC address is a group's"),
    (["--xdp", "lo", "--ip", "10.1.2.3/24", "--ip", "10.1.2.4/24"], "--xdp with a second --ip needs --mac"),
    (["--busy-poll", "20"], "--busy-poll needs --xdp or --shm"),
    (["--xdp", "lo", "--ip", "10.1.2.3/24", "--mtu", "3000"], "the MTU must be 68 to"),
])  # fmt: skip
def test_impossible_settings_are_refused(words, message):
    done = subprocess.run([binary("echo"), *words], check=False, capture_output=True, text=True, timeout=20)
    assert done.returncode == 2 and message in done.stderr, done


def test_busy_polling_answers(leat):
    echo = leat("echo", options=["--busy-poll", "20"])
    run("ping", "-n", "-c", 20, "-i", 0.01, "-w", 10, echo.ip)
    time.sleep(1)
    assert echo.stop()["xdp_kicks"] < 20_000  # it has slept, too


def test_nothing_is_copied_by_us(leat):
    """Data goes back in the buffers that it came in; Linux before 6.6 takes one buffer per frame."""
    echo = leat("echo", options=["--buffers", "32768"])
    echo_all((echo.ip, 7), 1, 3_000_000, timeout=60)
    stats = echo.stop()
    assert stats["copied_xdp_bytes"] == 0
    if tuple(int(number) for number in os.uname().release.split(".")[:2]) >= (6, 6):
        assert stats["copied_tx_bytes"] == 0


# ---- With a MAC address of its own ----------------------------------------------------------

OWN = "02:6c:65:61:74:aa"


def mac_of(ip, device):
    """The kernel's neighbour entry for that address."""
    run("ip", "neigh", "flush", "dev", device)
    run("ping", "-n", "-c", 1, "-W", 5, ip)
    return re.search(r"lladdr (\S+)", run("ip", "neigh", "show", ip, "dev", device).decode())[1]


def test_leat_and_linux_are_two_hosts_on_one_card(leat):
    """Each answers at its MAC address, and both receive multicast: nothing is taken from Linux."""
    echo = leat("echo", options=["--mac", OWN])
    assert mac_of(echo.ip, echo.wire) == OWN
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806)) as there, socket.socket(
        socket.AF_PACKET, socket.SOCK_RAW
    ) as wire:
        there.bind((echo.device, 0x0806))
        there.settimeout(5)
        wire.bind((echo.wire, 0))
        wire.send(bytes(Ether(dst="ff:ff:ff:ff:ff:ff", src="02:00:00:00:00:99")
                        / ARP(psrc=f"{echo.net}.9", pdst=echo.ip, hwsrc="02:00:00:00:00:99")))  # fmt: skip
        while Ether(there.recv(2000)).src != "02:00:00:00:00:99":
            pass
    stats = echo.stop()
    assert stats["arp_replies_sent"] >= 2 and stats["xdp_rx_aside"] >= 2 and "xdp_rx_aside_lost" not in stats


def test_a_mac_address_of_its_own_is_not_the_cards(leat):
    """Derived from the device's if none is given, because DHCP needs one (RFC 2131 4.1)."""
    echo = leat("echo", options=["--mac", "00:00:00:00:00:00"])
    own = mac_of(echo.ip, echo.wire)
    assert own != echo.mac and own[3:] == echo.mac[3:] and int(own[:2], 16) & 3 == 2


def test_data_by_its_own_mac_address_is_not_copied(leat):
    """Only multicast comes by way of Linux."""
    echo = leat("echo", options=["--mac", OWN, "--buffers", "32768"])
    echo_all((echo.ip, 7), 1, 1_000_000, timeout=60)
    stats = echo.stop()
    assert stats["copied_xdp_bytes"] == 0 and stats["copied_xdp_rx_bytes"] < 10_000


def test_groups_do_not_starve_the_card(leat):
    """More questions at once than the ring holds: losses are counted, and connections continue."""
    echo = leat("echo", options=["--mac", OWN])
    ask = bytes(Ether(dst="ff:ff:ff:ff:ff:ff", src="02:00:00:00:00:99")
                / ARP(psrc=f"{echo.net}.9", pdst=f"{echo.net}.200", hwsrc="02:00:00:00:00:99"))  # fmt: skip
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind((echo.wire, 0))
        echo.signal(signal.SIGSTOP)
        for _ in range(1000):
            wire.send(ask)
        echo.signal(signal.SIGCONT)
    echo_all((echo.ip, 7), 1, 100_000, timeout=60)
    stats = echo.stop()
    assert stats["xdp_rx_aside_lost"] >= 1000 - 256
    assert stats["xdp_rx_aside"] + stats["xdp_rx_aside_lost"] >= 1000


def test_a_card_that_is_down_for_a_while(leat):
    """The link comes back, and leat waits for that without work."""
    echo = leat("echo", options=["--mac", OWN])
    run("ip", "link", "set", echo.device, "down")
    time.sleep(2.5)  # the device is looked at once a second
    before = cpu_s(echo.pid)
    time.sleep(2)
    assert cpu_s(echo.pid) - before < 0.5
    run("ip", "link", "set", echo.device, "up")
    assert until(lambda: b" 1 received" in run("ping", "-n", "-c", 1, "-W", 1, echo.ip, check=False), 20)
