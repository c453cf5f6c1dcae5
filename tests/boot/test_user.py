"""Over QEMU's user network: what an ordinary user reaches, with ports forwarded."""

import os
import random
import socket

import pytest

from conftest import echo_tcp, echo_udp, free_port


def forwarded(there):
    """The netdev's words, and the addresses by TCP and UDP."""
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
    """What dnspython isn't needed for: scapy's DNS."""
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


def test_resolve_gets_an_answer_from_nobody(guest, machine):
    """There is no name server that a test may ask: it is told so, and the status is 1."""
    resolve = guest("resolve", machine, "user,id=net,restrict=on",
                    arguments=["--server=10.0.2.99", "www.example.com"])  # fmt: skip
    assert resolve.wait(60) == 1
    assert "no reply" in resolve.text
