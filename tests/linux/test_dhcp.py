"""Leases of others' servers: dnsmasq and busybox's udhcpd, whose leases may last seconds."""

import itertools
import os
import shutil
import signal
import socket

import pytest

from conftest import Process, binary, make_tap, run, until

_numbers = itertools.count()


def program(name):
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    return path or pytest.skip(f"no {name}")


class Network:
    """A TAP device with the kernel's address 10.78.N.1, a server there, and a program of leat's."""

    def __init__(self, folder):
        self.folder = folder
        self.device = f"lease{next(_numbers)}"
        self.net = f"10.78.{self.device[5:]}"
        self.processes = []
        make_tap(self.device, address=f"{self.net}.1/24")

    def start(self, *command):
        self.processes.append(Process(*command))
        return self.processes[-1]

    def dnsmasq(self, *options, first=50, last=60, port=0):
        return self.start(
            program("dnsmasq"), "--keep-in-foreground", "--conf-file=/dev/null", "--log-facility=-",
            "--log-dhcp", f"--port={port}", "--no-ping", "--dhcp-authoritative", "--user=", "--group=",
            f"--pid-file={self.folder}/pid", f"--dhcp-leasefile={self.folder}/leases",
            f"--interface={self.device}", "--bind-interfaces",
            f"--dhcp-range={self.net}.{first},{self.net}.{last},255.255.255.0,120", *options,
        )  # fmt: skip

    def udhcpd(self, seconds, first=50, last=60):
        path = self.folder / "udhcpd.conf"
        path.write_text(
            f"start {self.net}.{first}\nend {self.net}.{last}\ninterface {self.device}\n"
            f"lease_file {self.folder}/udhcpd.leases\npidfile {self.folder}/udhcpd.pid\n"
            f"option subnet 255.255.255.0\noption router {self.net}.1\n"
            f"option lease {seconds}\nmin_lease 5\n", encoding="utf-8")  # fmt: skip
        (self.folder / "udhcpd.leases").touch()
        return self.start(program("udhcpd"), "-f", path)

    def echo(self, *options):
        return self.start(binary("echo"), "--tap", self.device, "--mac", "02:6c:65:61:73:65", "--stats",
                          *options)  # fmt: skip

    def close(self):
        for process in reversed(self.processes):
            if process.running:
                process.kill()
            print(f"--- {' '.join(process.command)}\n{process.text}")
        run("ip", "link", "del", self.device, check=False)


@pytest.fixture
def network(tmp_path):
    made = Network(tmp_path)
    yield made
    made.close()


def answers(ip):
    """Whether TCP echo works there."""
    with socket.socket() as client:
        client.settimeout(5)
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
    echo = network.echo()
    ip = address_of(echo.wait_for(rf"echo: {network.net}\.\d+/24 on .*, MTU 1500, port 7"))
    assert answers(ip)
    assert ip in (network.folder / "leases").read_text() and " echo " in (network.folder / "leases").read_text()
    assert echo.stop() == 0
    assert "the counters do not balance" not in echo.text


def test_the_name_server_of_the_lease_is_asked(network):
    """resolve has nobody named whom to ask."""
    server = network.dnsmasq(f"--dhcp-option=option:dns-server,{network.net}.1",
                             "--address=/www.example.com/192.0.2.7", "--no-resolv", "--no-hosts", port=53)  # fmt: skip
    server.wait_for("DHCP, IP range")
    asked = run(binary("resolve"), "--tap", network.device, "--mac", "02:6c:65:61:73:65", "www.example.com")
    assert b"192.0.2.7" in asked


def test_without_a_server_it_says_so_and_goes_on_trying(network):
    echo = network.echo()
    echo.wait_for(r"echo: no DHCP server answered for \d+ s; still trying", timeout=60)
    network.dnsmasq()
    echo.wait_for(r", MTU 1500, port 7", timeout=120)


def test_a_lease_of_seconds_is_renewed_again_and_again(network):
    network.udhcpd(12)
    echo = network.echo()
    ip = address_of(echo.wait_for(r", MTU 1500, port 7", timeout=60))
    for _ in range(4):
        assert not until(lambda: "the address is gone" in echo.text, timeout=8)
        assert answers(ip)
    assert echo.stop() == 0


def test_without_a_renewal_the_address_goes_and_comes_back_with_the_server(network):
    server = network.udhcpd(12)
    echo = network.echo()
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
    echo = network.echo()
    first = address_of(echo.wait_for(r", MTU 1500, port 7", timeout=60))
    server.kill()
    (network.folder / "udhcpd.leases").unlink()
    network.udhcpd(12, first=100, last=110)
    line = echo.wait_for(rf"echo: the address is {network.net}\.1[01]\d/24 now", timeout=120)
    assert not answers(first)
    assert answers(line.split("is ")[1].split("/")[0])


def test_an_address_that_another_host_has_is_declined(network):
    """The kernel has the first of two."""
    run("ip", "addr", "add", f"{network.net}.50/24", "dev", network.device)
    server = network.dnsmasq(first=50, last=51)
    server.wait_for("DHCP, IP range")
    # which one dnsmasq offers first hangs on the MAC: so both ways end well
    echo = network.echo()
    echo.wait_for(rf"echo: ({network.net}\.51/24 on|the address is {network.net}\.51/24 now)", timeout=120)
    assert until(lambda: answers(f"{network.net}.51"), timeout=30)
    if "another host has the address" in echo.text:
        assert "DHCPDECLINE" in server.text


def test_it_ends_in_order_while_no_server_answers(network):
    echo = network.echo()
    echo.wait_for("no DHCP server", timeout=60)
    os.kill(echo.pid, signal.SIGTERM)
    assert echo.wait() == 0


@pytest.mark.parametrize("name", ["dns", "httpd"])
def test_a_mistake_in_a_file_is_told_before_an_address_is_asked_for(network, name):
    """There is no server: with an address to wait for it would wait for ever."""
    child = network.start(binary(name), "--tap", network.device, "/nonexistent")
    assert child.wait(60) == 2
    assert "/nonexistent" in child.text and "DHCP" not in child.text
