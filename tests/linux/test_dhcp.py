"""Leases from other servers: dnsmasq and busybox's udhcpd, some of which last only seconds."""

import os
import signal
import socket

import pytest

from conftest import LIMIT_S, binary, came, run, until
from services import Network


def echo_on(network, *options):
    return network.start(binary("echo"), *network.words, "--mac", "02:6c:65:61:73:65", "--stats",
                         *options)  # fmt: skip


@pytest.fixture
def network(tmp_path):
    made = Network(tmp_path)
    yield made
    made.close()


def answers(ip, seconds=LIMIT_S):
    """True if TCP echo works there within so many seconds."""
    with socket.socket() as client:
        client.settimeout(seconds)
        try:
            client.connect((ip, 7))
            client.sendall(b"hello")
            return client.recv(5) == b"hello"
        except OSError:
            return False


def address_of(line):
    return line.split(": ")[1].split("/")[0]


def test_dnsmasq_gives_an_address_and_hears_our_name(network):
    server = network.dnsmasq()
    server.wait_for("DHCP, IP range")
    echo = echo_on(network)
    ip = address_of(echo.wait_for(rf"echo: {network.net}\.\d+/24 on .*, MTU 1500, port 7"))
    assert answers(ip)
    assert ip in (network.folder / "leases").read_text() and " echo " in (network.folder / "leases").read_text()
    assert echo.stop() == 0
    assert "the counters do not balance" not in echo.text


def test_the_name_server_of_the_lease_is_asked(network):
    """The command line of resolve names no server."""
    server = network.dnsmasq(f"--dhcp-option=option:dns-server,{network.net}.1",
                             "--address=/www.example.com/192.0.2.7", "--no-resolv", "--no-hosts", port=53)  # fmt: skip
    server.wait_for("DHCP, IP range")
    asked = run(binary("resolve"), *network.words, "--mac", "02:6c:65:61:73:65", "www.example.com")
    assert b"192.0.2.7" in asked


def test_without_a_server_it_says_so_and_goes_on_trying(network):
    echo = echo_on(network)
    echo.wait_for(r"echo: no DHCP server answered for \d+ s; still trying", timeout=60)
    network.dnsmasq()
    echo.wait_for(r", MTU 1500, port 7", timeout=120)


def test_a_lease_of_seconds_is_renewed_again_and_again(network):
    network.udhcpd(12)
    echo = echo_on(network)
    ip = address_of(echo.wait_for(r", MTU 1500, port 7", timeout=60))
    for _ in range(4):
        assert not came(lambda: "the address is gone" in echo.text, seconds=8)
        assert answers(ip)
    assert echo.stop() == 0


def test_without_a_renewal_the_address_goes_and_comes_back_with_the_server(network):
    server = network.udhcpd(12)
    echo = echo_on(network)
    ip = address_of(echo.wait_for(r", MTU 1500, port 7", timeout=60))
    assert answers(ip)
    server.kill()
    echo.wait_for("echo: the address is gone", timeout=60)
    run("ip", "neigh", "flush", "dev", network.device)
    assert b" 100% packet loss" in run("ping", "-n", "-c", 1, "-W", 1, ip, check=False)
    network.udhcpd(12)
    echo.wait_for(f"echo: the address is {ip}/24 now", timeout=120)
    assert answers(ip)


def test_another_range_is_a_refusal_and_another_address(network):
    server = network.udhcpd(12)
    echo = echo_on(network)
    first = address_of(echo.wait_for(r", MTU 1500, port 7", timeout=60))
    server.kill()
    (network.folder / "udhcpd.leases").unlink()
    network.udhcpd(12, first=100, last=110)
    line = echo.wait_for(rf"echo: the address is {network.net}\.1[01]\d/24 now", timeout=120)
    assert not answers(first, 5)
    assert answers(line.split("is ")[1].split("/")[0])


def test_an_address_that_another_host_has_is_declined(network):
    """The kernel has the first of two addresses."""
    run("ip", "addr", "add", f"{network.net}.50/24", "dev", network.device)
    server = network.dnsmasq(first=50, last=51)
    server.wait_for("DHCP, IP range")
    # the address that dnsmasq offers first depends on the MAC, so both outcomes are right
    echo = echo_on(network)
    echo.wait_for(rf"echo: ({network.net}\.51/24 on|the address is {network.net}\.51/24 now)", timeout=120)
    assert until(lambda: answers(f"{network.net}.51", 5), timeout=30)
    if "another host has the address" in echo.text:
        assert "DHCPDECLINE" in server.text


def test_it_ends_in_order_while_no_server_answers(network):
    echo = echo_on(network)
    echo.wait_for("no DHCP server", timeout=60)
    os.kill(echo.pid, signal.SIGTERM)
    assert echo.wait() == 0


@pytest.mark.parametrize("name", ["dns", "httpd"])
def test_a_mistake_in_a_file_is_told_before_an_address_is_asked_for(network, name):
    """There is no server: with --dhcp the example would wait for ever."""
    child = network.start(binary(name), *network.words, "/nonexistent")
    assert child.wait(60) == 2
    assert "/nonexistent" in child.text and "DHCP" not in child.text
