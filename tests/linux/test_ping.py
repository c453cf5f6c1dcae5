"""ICMP echo and ARP with the kernel's own tools; datagrams larger than the MTU."""

import re

import pytest

from conftest import LIMIT_S, run, until


def ping(host, *options, count=5, expect=None, wait=LIMIT_S):
    """Pings without a pause; returns the number of replies, which must be complete unless told otherwise."""
    # before it knows the MAC the kernel queues only a few fragments
    assert until(lambda: b" 1 received" in run("ping", "-n", "-c", 1, "-W", 1, host, check=False))
    text = run("ping", "-n", "-c", count, "-i", "0.2", "-W", wait, *options, host, check=False).decode()
    replies = int(re.search(r"(\d+) received", text)[1])
    assert replies == (count if expect is None else expect), text
    assert "wrong data byte" not in text and "DUP!" not in text, text
    return replies


@pytest.mark.parametrize("size", [0, 1, 17, 18, 56, 1472])
def test_every_size_up_to_the_mtu(leat, size):
    ping(leat("echo").ip, "-s", size, count=2)


def test_a_thousand_at_once_are_all_answered(leat):
    echo = leat("echo")
    run("ping", "-n", "-f", "-c", 1000, "-W", 2, echo.ip, check=False)
    assert echo.stop()["icmp_echo_replies"] >= 1000  # ping may have missed some of them


@pytest.mark.parametrize("mtu", [576, 1500, 9000])
@pytest.mark.parametrize("fragments", [2, 3, 8])
def test_fragments_are_put_together_and_made(leat, mtu, fragments):
    echo = leat("echo", mtu=mtu)
    each = (mtu - 20) // 8 * 8
    size = min(fragments * each, 65515) - 8  # -8: the ICMP header
    ping(echo.ip, "-s", size, count=2)
    stats = echo.stop()
    sent = -(-(size + 8) // each)
    assert stats["ip_reassembled"] == 2
    assert stats["taken_fragment"] == 2 * sent
    assert stats["ip_fragments_sent"] == 2 * sent


@pytest.mark.parametrize("mtu", [1500, 9000])
def test_the_largest_datagram_there_is(leat, mtu):
    echo = leat("echo", mtu=mtu)
    ping(echo.ip, "-s", 65507, count=3)
    assert echo.stop()["ip_reassembled"] == 3


def test_a_datagram_of_too_many_fragments_is_given_up(leat):
    """FragmentSmack: 65507 bytes are 121 fragments at 576, more than one datagram may have."""
    echo = leat("echo", mtu=576)
    ping(echo.ip, "-s", 65507, count=1, expect=0, wait=2)
    ping(echo.ip, count=1)
    stats = echo.stop()
    assert stats["drop_ip_fragment_limit"] == 1
    assert stats["drop_ip_fragment_condemned"] == 54
    assert "drop_ip_fragment" not in stats


def test_one_fragment_lost_is_one_datagram_lost(leat, lossy):
    """An incomplete datagram is dropped, and the next one is complete again."""
    echo = leat("echo", link=lossy(10))
    text = run("ping", "-n", "-c", 40, "-i", "0.01", "-W", 1, "-s", 4000, echo.ip, check=False)
    received = int(re.search(rb"(\d+) received", text)[1])
    assert 0 < received < 40, text.decode()


def test_arping(leat):
    echo = leat("echo")
    # arping asks once a second, and on a busy machine may end before it reads the last answer; the kernel asks, too
    text = run("arping", "-c", 3, "-w", 20, "-I", echo.wire, echo.ip, check=False).decode()
    assert echo.mac in text.lower(), text
    asked = int(re.search(r"Sent (\d+) probes", text)[1])
    stats = echo.stop()
    assert asked <= stats["arp_replies_sent"] <= stats["taken_arp"], text


def test_duplicate_address_detection_of_the_kernel_is_answered(leat):
    """arping -D probes from 0.0.0.0 (RFC 5227 2.1.1): status 1 means that the address is in use."""
    echo = leat("echo")
    text = run("arping", "-D", "-c", 3, "-w", LIMIT_S, "-I", echo.wire, echo.ip, check=False).decode()
    assert re.search(r"Received [1-9]\d* response", text), text


def test_the_kernel_hears_our_announcement(leat):
    """RFC 5227 2.3: an announcement corrects a stale entry of the kernel."""
    echo = leat("echo", options=["--record", "/dev/null"])
    text = run("ip", "neigh", "show", "dev", echo.wire).decode()
    assert "lladdr" not in text or echo.mac in text, text
