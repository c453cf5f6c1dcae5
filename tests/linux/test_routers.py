"""IPv6 by routers: radvd and dnsmasq advertise, the kernel is the gateway and the neighbour."""

import itertools
import re
import time

import pytest

from conftest import XDP, binary, run, until
from services import Device, program

_numbers = itertools.count()
MAC = "02:6c:65:61:73:66"


class Network(Device):
    """A device where the kernel is fe80::a and 2001:db8:N::1, routers, and a program of leat's."""

    def __init__(self, folder):
        number = next(_numbers)
        self.prefix = f"2001:db8:{number + 1:x}"
        self.far = f"2001:db8:f{number:x}::1"
        super().__init__(folder, f"slaac{number}")
        run("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1")
        for address in (f"{self.prefix}::1/64", "fe80::a/64"):
            run("ip", "addr", "add", address, "dev", self.device, "nodad")
        run("ip", "addr", "add", f"{self.far}/128", "dev", "lo", "nodad")

    def radvd(self, options="", prefix=None, lifetimes="", source="fe80::a", name="radvd"):
        """Its configuration, and time to read it."""
        path = self.folder / f"{name}.conf"
        path.write_text(
            f"interface {self.device} {{ AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4;\n"
            f"AdvRASrcAddress {{ {source}; }}; {options}\n"
            f"prefix {prefix or self.prefix}::/64 {{ {lifetimes} }}; }};\n", encoding="utf-8")  # fmt: skip
        return self.start(program("radvd"), "--nodaemon", "--logmethod=stderr", "--debug=1",
                          f"--config={path}", f"--pidfile={self.folder}/{name}.pid")  # fmt: skip

    def dnsmasq(self, *options):
        return self.start_dnsmasq(
            "--enable-ra", f"--dhcp-range={self.prefix}::,ra-only,64,3600", *options
        )

    def echo(self, *options):
        return self.start(binary("echo"), *self.words, "--mac", MAC, "--stats", *options)

    def close(self):
        super().close()
        run("ip", "addr", "del", f"{self.far}/128", "dev", "lo", check=False)


@pytest.fixture
def network(tmp_path):
    made = Network(tmp_path)
    yield made
    made.close()


def facts(echo, pattern, timeout=20):
    """The line that says what routers say."""
    return echo.wait_for(rf"echo: IPv6: {pattern}", timeout)


def address_of(line):
    return re.search(r"IPv6: ([0-9a-f:]+)/", line)[1]


def answers(ip, *options):
    text = run("ping", "-6", "-n", "-c", 1, "-W", 1, *options, ip, check=False).decode()
    return "1 received" in text


def test_radvd_gives_an_address_a_gateway_and_a_name_server(network):
    network.radvd("AdvLinkMTU 1400; RDNSS 2001:db8::53 { }; DNSSL lan.example { };")
    echo = network.echo()
    line = facts(echo, rf"{network.prefix}:")
    assert f"/64 by fe80::a, MTU 1400, name server 2001:db8::53, search lan.example" in line
    ip = address_of(line)
    assert "ff:fe" not in ip  # RFC 8064: made of no MAC
    assert until(lambda: answers(ip))
    assert until(lambda: answers(ip, "-I", network.far))  # by the gateway
    assert echo.stop() == 0
    assert "the counters do not balance" not in echo.text


def test_an_address_within_a_second_and_a_half_of_the_first_answer(network):
    """The check for duplicates takes a second; radvd answers within half of one (RFC 4861 6.2.6)."""
    network.radvd()
    time.sleep(1)
    begin = time.monotonic()
    echo = network.echo()
    facts(echo, rf"{network.prefix}:")
    took = time.monotonic() - begin
    print(f"first global address by SLAAC after {took:.3f} s")
    # on a device that was up before, radvd may have advertised just then (MIN_DELAY_BETWEEN_RAS, 3 s)
    assert took < (6 if XDP else 3)


def test_what_is_begun_comes_from_a_temporary_address(network):
    """RFC 8981: with the same seed the stable address would be the same again."""
    server = network.start_dnsmasq(
        "--enable-ra", f"--dhcp-range={network.prefix}::,ra-only,64,3600", "--no-resolv", "--no-hosts",
        "--log-queries", f"--dhcp-option=option6:dns-server,[{network.prefix}::1]",
        "--address=/www.example.com/192.0.2.7", port=53)  # fmt: skip
    server.wait_for("router advertisement")

    def asked_from(*options):
        before = len(server.lines)
        said = run(binary("resolve"), *network.words, "--mac", MAC, "--seed", "07", *options, "www.example.com",
                   timeout=60)  # fmt: skip
        assert b"192.0.2.7" in said
        return set(re.findall(r"query\S+ www.example.com from (\S+)", "\n".join(server.lines[before:]), re.I))

    stable, temporary = asked_from(), asked_from("--temporary")
    assert len(stable) == len(temporary) == 1 and stable != temporary


def test_dnsmasq_advertises_too(network):
    network.dnsmasq(f"--dhcp-option=option6:dns-server,[{network.prefix}::1]").wait_for("router advertisement")
    echo = network.echo()
    line = facts(echo, rf"{network.prefix}:.* name server {network.prefix}::1")
    assert until(lambda: answers(address_of(line)))


def test_an_address_of_a_short_life_ends(network):
    radvd = network.radvd(lifetimes="AdvPreferredLifetime 5; AdvValidLifetime 8;")
    echo = network.echo()
    ip = address_of(facts(echo, rf"{network.prefix}:"))
    assert until(lambda: answers(ip))
    radvd.kill()  # it can't say that it goes
    facts(echo, "::/0")
    assert until(lambda: not answers(ip), timeout=20)


def test_a_router_that_goes_is_none(network):
    radvd = network.radvd()
    echo = network.echo()
    ip = address_of(facts(echo, rf"{network.prefix}:.* by fe80::a"))
    assert until(lambda: answers(ip, "-I", network.far))
    radvd.stop()  # with a lifetime of 0
    facts(echo, rf"{ip}/64 by ::,")
    assert answers(ip)  # its address stays
    assert not answers(ip, "-I", network.far)


def test_a_network_is_renumbered(network):
    first = network.radvd()
    echo = network.echo()
    old = address_of(facts(echo, rf"{network.prefix}:"))
    first.stop()
    new = network.prefix.replace("db8", "db9")
    run("ip", "addr", "add", f"{new}::1/64", "dev", network.device, "nodad")
    network.radvd(prefix=new, options=f"prefix {network.prefix}::/64 {{ AdvPreferredLifetime 0; }};")
    ip = address_of(facts(echo, rf"{new}:"))
    assert until(lambda: answers(ip))
    assert answers(old)  # RFC 4862 5.5.4: what is open goes on


def test_of_two_routers_the_one_that_answers_is_taken(network):
    run("ip", "addr", "add", "fe80::b/64", "dev", network.device, "nodad")
    preferred = network.radvd("AdvDefaultPreference high;")
    network.radvd("AdvDefaultPreference low;", source="fe80::b", name="second")
    echo = network.echo()
    ip = address_of(facts(echo, rf"{network.prefix}:.* by fe80::a"))
    assert until(lambda: answers(ip, "-I", network.far))
    preferred.kill()
    run("ip", "addr", "del", "fe80::a/64", "dev", network.device)
    assert until(lambda: answers(ip, "-I", network.far) and "by fe80::b" in echo.text, timeout=90)


def test_who_has_our_address_keeps_it_and_we_take_another(network):
    network.radvd()
    seed = ["--seed", "6c656174"]
    echo = network.echo(*seed)
    ip = address_of(facts(echo, rf"{network.prefix}:"))
    assert echo.stop() == 0
    echo = network.echo(*seed)
    assert address_of(facts(echo, rf"{network.prefix}:")) == ip
    assert echo.stop() == 0
    run("ip", "addr", "add", f"{ip}/64", "dev", network.device, "nodad")
    echo = network.echo(*seed)
    other = address_of(facts(echo, rf"{network.prefix}:"))
    assert other != ip
    assert until(lambda: answers(other))
