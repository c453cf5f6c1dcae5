"""DHCPv6: radvd announces a server, which is Kea or dnsmasq. Leases of seconds are renewed, expired, or in conflict;
servers die and come back."""

import itertools
import json
import os
import re
import time

import pytest

from conftest import Process, binary, came, run, until
from services import Device, program

_numbers = itertools.count()
MAC = "02:6c:65:61:73:68"
VALID_S, PREFERRED_S, RENEW_S, REBIND_S = 30, 24, 5, 20


class Network(Device):
    """A device where the kernel is fe80::a and 2001:db8:dN::1, with routers, servers, and a program of leat."""

    def __init__(self, folder):
        number = next(_numbers)
        self.prefix = f"2001:db8:d{number:x}"
        super().__init__(folder, f"leased{number}")
        for address in (f"{self.prefix}::1/64", "fe80::a/64"):
            run("ip", "addr", "add", address, "dev", self.device, "nodad")

    def echo(self):
        """The example starts before the servers: a TAP device without a program has no carrier, and Kea doesn't
        listen there."""
        echo = self.start(binary("echo"), *self.words, "--mac", MAC, "--stats")
        assert until(lambda: b"LOWER_UP" in run("ip", "link", "show", self.device), 30)
        return echo

    def radvd(self, flags="AdvManagedFlag on; AdvOtherConfigFlag on;", autonomous="off"):
        path = self.folder / "radvd.conf"
        path.write_text(
            f"interface {self.device} {{ AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4;\n"
            f"AdvRASrcAddress {{ fe80::a; }}; {flags}\n"
            f"prefix {self.prefix}::/64 {{ AdvAutonomous {autonomous}; }}; }};\n", encoding="utf-8")
        return self.start(program("radvd"), "--nodaemon", "--logmethod=stderr", "--debug=1",
                          f"--config={path}", f"--pidfile={self.folder}/radvd.pid")

    def kea(self, first=0x50, last=0x60, rapid=False, **more):
        """kea-dhcp6, with leases in memory only."""
        run("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1")
        path = self.folder / f"kea{first}.json"
        option_data = [{"name": "dns-servers", "data": f"{self.prefix}::53"},
                       {"name": "domain-search", "data": "leat.example, lab.example"}]
        path.write_text(json.dumps({"Dhcp6": {
            "interfaces-config": {"interfaces": [self.device]},
            "lease-database": {"type": "memfile", "persist": False},
            "server-id": {"type": "EN", "enterprise-id": 2495, "identifier": f"0011{first:02x}", "persist": False},
            "valid-lifetime": VALID_S, "preferred-lifetime": PREFERRED_S,
            "renew-timer": RENEW_S, "rebind-timer": REBIND_S,
            "option-data": option_data,
            "subnet6": [{"subnet": f"{self.prefix}::/64", "interface": self.device, "rapid-commit": rapid,
                         "pools": [{"pool": f"{self.prefix}::{first:x} - {self.prefix}::{last:x}"}], **more}],
            "loggers": [{"name": "kea-dhcp6", "severity": "DEBUG", "debuglevel": 55,
                         "output_options": [{"output": "stdout"}]}]}}), encoding="utf-8")
        env = os.environ | {"KEA_PIDFILE_DIR": str(self.folder), "KEA_LOCKFILE_DIR": "none",
                            "KEA_DHCP_DATA_DIR": str(self.folder)}
        process = Process(program("kea-dhcp6"), "-c", path, env=env)
        self.processes.append(process)
        process.wait_for("DHCP6_STARTED")
        return process

    def dnsmasq(self, *options, ranges="::50,::60,64,120"):
        """dnsmasq, which sends router advertisements, too."""
        first, last, *rest = ranges.split(",")
        return self.start_dnsmasq(
            "--enable-ra", f"--dhcp-range={self.prefix}{first},{self.prefix}{last},{','.join(rest)}", *options)


@pytest.fixture
def network(tmp_path):
    tmp_path.chmod(0o755)
    made = Network(tmp_path)
    yield made
    made.close()


def lease(echo, pattern="", timeout=40):
    """The line about the lease of a DHCPv6 server, and its address."""
    line = echo.wait_for(rf"echo: DHCPv6: [0-9a-f:]+ for \d+ s.*{pattern}", timeout)
    return line, re.search(r"DHCPv6: ([0-9a-f:]+) for", line)[1]


def answers(ip):
    return "1 received" in run("ping", "-6", "-n", "-c", 1, "-W", 1, ip, check=False).decode()


def is_gone(echo):
    return "the address is gone" in echo.text


def test_kea_gives_an_address_name_servers_and_domains(network):
    echo = network.echo()
    kea = network.kea()
    network.radvd()
    line, ip = lease(echo)
    assert re.fullmatch(rf"{network.prefix}::(5[0-9a-f]|60)", ip)
    assert f" for {VALID_S} s, name server {network.prefix}::53, " in line
    assert "search leat.example lab.example" in line
    assert until(lambda: answers(ip))
    echo.wait_for(rf"echo: {ip}/128 on {network.device}")  # the address comes from the lease alone
    assert echo.stop() == 0
    assert "the counters do not balance" not in echo.text
    assert "DHCP6_LEASE_ALLOC" in kea.text


def test_rapid_commit_is_one_exchange(network):
    echo = network.echo()
    kea = network.kea(rapid=True)
    network.radvd()
    lease(echo)
    assert "REQUEST" not in re.findall(r"DHCP6_PACKET_RECEIVED.*?: (\w+) \(type", kea.text)
    assert "SOLICIT" in kea.text


def test_a_lease_is_renewed_again_and_again(network):
    echo = network.echo()
    kea = network.kea()
    network.radvd()
    _, ip = lease(echo)
    assert not came(lambda: is_gone(echo), seconds=VALID_S + 2 * RENEW_S)
    assert answers(ip)
    assert kea.text.count("DHCP6_LEASE_RENEW") >= 5


def test_a_server_that_starts_again_in_time_is_not_noticed(network):
    """The server has lost its leases, and answers NoBinding or renews: the address stays."""
    echo = network.echo()
    first = network.kea()
    network.radvd()
    _, ip = lease(echo)
    first.kill()
    network.kea()
    assert not came(lambda: is_gone(echo), seconds=VALID_S + RENEW_S)
    assert answers(ip)


def test_another_server_takes_over_by_rebinding(network):
    """A server with another identifier ignores Renew, and answers Rebind."""
    echo = network.echo()
    first = network.kea()
    network.radvd()
    _, ip = lease(echo)
    first.kill()
    second = network.kea(first=0x4f, last=0x61, reservations=[{"hw-address": MAC, "ip-addresses": [ip]}])
    assert not came(lambda: is_gone(echo), seconds=VALID_S + RENEW_S)
    assert answers(ip)
    assert "REBIND" in second.text


def test_a_server_that_dies_takes_the_address_with_it_and_brings_it_back(network):
    echo = network.echo()
    first = network.kea()
    network.radvd()
    _, ip = lease(echo)
    assert until(lambda: answers(ip))
    killed = time.monotonic()
    first.kill()
    echo.wait_for("DHCPv6: the address is gone", timeout=2 * VALID_S)
    assert time.monotonic() - killed < VALID_S + 10  # to the millisecond: tests/dhcp/test_client6.c
    assert not answers(ip)
    echo.wait_for("no DHCPv6 server answered for", timeout=60)
    network.kea(first=0x70, last=0x80)
    line = echo.wait_for(rf"DHCPv6: {network.prefix}::(7[0-9a-f]|80) for", timeout=120)
    assert until(lambda: answers(re.search(r"DHCPv6: (\S+)", line)[1]))


def test_an_address_that_another_host_has_is_declined(network):
    """The kernel has the first of two addresses, which Kea offers first."""
    run("ip", "addr", "add", f"{network.prefix}::50/64", "dev", network.device, "nodad")
    echo = network.echo()
    kea = network.kea(first=0x50, last=0x51)
    network.radvd()
    _, ip = lease(echo, timeout=90)
    assert ip == f"{network.prefix}::51"
    assert "another host has the address that the DHCPv6 server gave" in echo.text
    assert f"sent DECLINE for address {network.prefix}::50" in kea.text


def test_facts_alone_where_routers_say_no_more(network):
    """The flag O: the address has the router's prefix, and the name server comes from Kea."""
    echo = network.echo()
    network.kea()
    network.radvd(flags="AdvOtherConfigFlag on;", autonomous="on")
    line = echo.wait_for(r"DHCPv6: no address for \d+ s, name server", 40)
    assert f"name server {network.prefix}::53" in line
    echo.wait_for(rf"echo: IPv6: {network.prefix}:[0-9a-f:]+/64 by fe80::a", 40)


def test_dnsmasq_gives_an_address_and_a_time_server(network):
    """dnsmasq is the router as well, and puts it into its advertisements."""
    echo = network.echo()
    server = network.dnsmasq(f"--dhcp-option=option6:dns-server,[{network.prefix}::53]",
                             f"--dhcp-option=option6:ntp-server,[{network.prefix}::123]")
    server.wait_for("router advertisement")
    line, ip = lease(echo)
    assert f"name server {network.prefix}::53, time server {network.prefix}::123" in line
    assert until(lambda: answers(ip))
    assert echo.stop() == 0


def test_dnsmasq_gives_facts_alone(network):
    echo = network.echo()
    network.start_dnsmasq("--enable-ra", f"--dhcp-range={network.prefix}::,ra-stateless,64,600",
                          f"--dhcp-option=option6:dns-server,[{network.prefix}::53]")
    echo.wait_for(rf"DHCPv6: no address for \d+ s, name server {network.prefix}::53", 40)


def dns(network, ip, *options):
    """A name server at @ip of the device."""
    server = network.start(
        program("dnsmasq"), "--keep-in-foreground", "--conf-file=/dev/null", "--log-facility=-", "--no-resolv", "--no-hosts",
        "--user=", "--group=", f"--pid-file={network.folder}/dns.pid", f"--listen-address={ip}", "--bind-interfaces",
        "--local=/example/", *options)  # fmt: skip
    server.wait_for("started")
    return server


@pytest.mark.parametrize("words", [("--ip", "10.66.0.2/24"), ()])
def test_a_server_is_asked_as_soon_as_our_address_has_been_checked(network, words):
    """The address is probed when the example starts; without --ip it doesn't wait for a DHCP server."""
    dns(network, f"{network.prefix}::1", "--host-record=host.leat.example,10.1.2.3")
    asking = network.start(binary("resolve"), *network.words, *words, "--ip6", f"{network.prefix}::2/64",
                           "--server", f"{network.prefix}::1", "host.leat.example")
    assert asking.wait(20) == 0, asking.text
    assert asking.lines[-1] == "host.leat.example. 0 IN A 10.1.2.3"


def test_a_name_server_that_only_DHCPv6_tells_is_waited_for(network):
    run("ip", "addr", "add", f"{network.prefix}::53/64", "dev", network.device, "nodad")
    dns(network, f"{network.prefix}::53", "--host-record=host.leat.example,10.1.2.3")
    holder = network.echo()  # gives the device a carrier, so that Kea listens
    network.kea()
    network.radvd(flags="AdvOtherConfigFlag on;", autonomous="on")
    holder.wait_for("DHCPv6: no address", 40)
    assert holder.stop() == 0
    asking = network.start(binary("resolve"), *network.words, "host.leat.example")
    assert asking.wait(60) == 0, asking.text
    assert "host.leat.example. 0 IN A 10.1.2.3" in asking.lines


def test_a_time_server_that_the_network_names_is_looked_up(network):
    """RFC 5908 4.3."""
    path = network.folder / "chrony.conf"
    path.write_text(f"allow all\ncmdport 0\nbindaddress {network.prefix}::1\nlocal stratum 3\n"
                    f"pidfile {network.folder}/chronyd.pid\n", encoding="utf-8")
    network.start(program("chronyd"), "-x", "-d", "-u", "root", "-f", path).wait_for("chronyd version")
    dns(network, f"{network.prefix}::1", f"--host-record=time.leat.example,{network.prefix}::1")
    network.dnsmasq(f"--dhcp-option=option6:dns-server,[{network.prefix}::1]",
                    "--dhcp-option=option6:ntp-server,time.leat.example").wait_for("router advertisement")
    asking = network.start(binary("clock"), *network.words)
    assert asking.wait(60) == 0, asking.text
    assert re.search(rf"GMT by {network.prefix}::1", asking.text)
