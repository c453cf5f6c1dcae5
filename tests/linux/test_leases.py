"""Short leases from Kea and ISC's dhcpd: renewed, refused, expired, in conflict, and from two servers."""

import json
import os
import socket

import pytest

from conftest import Process, binary, came, run, until
from services import Network, program

MAC = "02:6c:65:61:73:65"
LEASE_S, RENEW_S, REBIND_S = 12, 4, 8


class Kea:
    """kea-dhcp4 on a network, with leases in memory only."""

    def __init__(self, network, first=50, last=60):
        path = network.folder / f"kea{first}.json"
        path.write_text(json.dumps({"Dhcp4": {
            "interfaces-config": {"interfaces": [network.device], "dhcp-socket-type": "raw"},
            "lease-database": {"type": "memfile", "persist": False},
            "valid-lifetime": LEASE_S, "renew-timer": RENEW_S, "rebind-timer": REBIND_S, "authoritative": True,
            "subnet4": [{"subnet": f"{network.net}.0/24", "pools": [
                {"pool": f"{network.net}.{first} - {network.net}.{last}"}],
                "option-data": [{"name": "routers", "data": f"{network.net}.1"}]}],
            "loggers": [{"name": "kea-dhcp4", "severity": "DEBUG", "debuglevel": 55,
                         "output_options": [{"output": "stdout"}]}]}}), encoding="utf-8")
        env = os.environ | {"KEA_PIDFILE_DIR": str(network.folder), "KEA_LOCKFILE_DIR": "none"}
        self.process = Process(program("kea-dhcp4"), "-c", path, env=env)
        network.processes.append(self.process)
        self.process.wait_for("DHCP4_STARTED")


class Dhcpd:
    """ISC's dhcpd; @fixed: one client's address, for which it needs no lease."""

    def __init__(self, network, first=50, last=60, fixed=None):
        folder = network.folder
        leases = folder / f"dhcpd{first}.leases"
        leases.touch()
        host = f"host leat {{ hardware ethernet {MAC}; fixed-address {fixed}; }}\n" if fixed else ""
        (folder / f"dhcpd{first}.conf").write_text(
            f"authoritative; ping-check false; min-lease-time 5; default-lease-time {LEASE_S};\n"
            f"max-lease-time {LEASE_S}; option dhcp-renewal-time {RENEW_S}; option dhcp-rebinding-time {REBIND_S};\n"
            f"subnet {network.net}.0 netmask 255.255.255.0 {{ range {network.net}.{first} {network.net}.{last};\n"
            f"  option routers {network.net}.1; }}\n{host}", encoding="utf-8")
        self.process = network.start(program("dhcpd"), "-4", "-f", "-d", "--no-pid", "-cf",
                                     folder / f"dhcpd{first}.conf", "-lf", leases, network.device)
        self.process.wait_for("Server starting service|Sending on +Socket|Sending on +LPF")


SERVERS = pytest.mark.parametrize("server", [Kea, Dhcpd])


@pytest.fixture
def network(tmp_path):
    tmp_path.chmod(0o755)
    made = Network(tmp_path)
    yield made
    made.close()


def lease(network, *servers):
    """An example that gets its address from the servers, and the servers. The example starts first: a TAP device
    without a program has no carrier, and Kea doesn't listen there."""
    echo = network.start(binary("echo"), *network.words, "--mac", MAC, "--stats")
    assert until(lambda: b"LOWER_UP" in run("ip", "link", "show", network.device), 30)
    started = [start(network) for start in servers]
    return echo, echo.wait_for(r", MTU 1500, port 7", timeout=90).split(": ")[1].split("/")[0], *started


def answers(ip):
    """True if TCP echo works there."""
    try:
        with socket.create_connection((ip, 7), 5) as client:
            client.sendall(b"hello")
            return client.recv(5) == b"hello"
    except OSError:
        return False


@SERVERS
def test_a_lease_is_renewed_again_and_again(network, server):
    echo, ip, _ = lease(network, server)
    assert not came(lambda: "the address is gone" in echo.text, seconds=3 * LEASE_S)
    assert answers(ip)
    assert echo.stop() == 0
    assert "the counters do not balance" not in echo.text


@SERVERS
def test_a_server_that_dies_takes_the_address_with_it_and_brings_it_back(network, server):
    echo, ip, first = lease(network, server)
    assert answers(ip)
    first.process.kill()
    echo.wait_for("echo: the address is gone", timeout=4 * LEASE_S)
    run("ip", "neigh", "flush", "dev", network.device)
    assert not answers(ip)
    server(network)
    line = echo.wait_for(rf"echo: the address is {network.net}\.\d+/24 now", timeout=120)
    assert answers(line.split("is ")[1].split("/")[0])


@SERVERS
def test_a_server_that_starts_again_in_time_is_not_noticed(network, server):
    echo, ip, first = lease(network, server)
    first.process.kill()
    server(network)
    assert not came(lambda: "the address is gone" in echo.text, seconds=2 * LEASE_S)
    assert answers(ip)


@SERVERS
def test_another_range_is_a_refusal_and_another_address(network, server):
    echo, ip, first = lease(network, server)
    first.process.kill()
    server(network, first=100, last=110)
    line = echo.wait_for(rf"echo: the address is {network.net}\.1[01]\d/24 now", timeout=120)
    assert not answers(ip)
    assert answers(line.split("is ")[1].split("/")[0])


@SERVERS
def test_an_address_that_another_host_has_is_declined(network, server):
    """The kernel has one of two addresses: the client ends up with the other, whichever is offered first."""
    run("ip", "addr", "add", f"{network.net}.50/24", "dev", network.device)
    echo, _, made = lease(network, lambda network: server(network, first=50, last=51))
    assert until(lambda: answers(f"{network.net}.51"), timeout=90)
    if "another host has the address" in echo.text:
        assert "DHCPDECLINE" in made.process.text


def test_another_server_takes_over_a_lease(network):
    """The second server identifies the client by its MAC, so it refuses no renewal of the first one's lease."""
    echo, ip, first = lease(network, Kea)
    first.process.kill()
    second = Dhcpd(network, first=70, last=80, fixed=ip)
    assert not came(lambda: "the address is gone" in echo.text, seconds=2 * LEASE_S)
    assert answers(ip)
    assert f"DHCPACK on {ip}" in second.process.text


def test_of_two_servers_one_is_taken_and_kept(network):
    """Both servers receive all messages; each offers addresses of its own range."""
    run("ip", "addr", "add", f"{network.net}.9/24", "dev", network.device)
    echo, ip, _, _ = lease(network, Kea, lambda network: network.dnsmasq(first=100, last=110))
    assert not came(lambda: "the address is gone" in echo.text, seconds=LEASE_S)
    assert answers(ip)
