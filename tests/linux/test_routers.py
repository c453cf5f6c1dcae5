"""IPv6 configured by routers: radvd and dnsmasq advertise, the kernel is the gateway and the neighbour."""

import itertools
import os
import re
import socket
import threading
import time

import pytest
from scapy.layers.inet6 import ICMPv6ND_RA, ICMPv6NDOptPrefixInfo, ICMPv6NDOptSrcLLAddr, IPv6
from scapy.layers.l2 import Ether

from conftest import XDP, binary, came, run, until
from services import Device, program

_numbers = itertools.count()
MAC = "02:6c:65:61:73:66"


class Network(Device):
    """A device where the kernel is fe80::a and 2001:db8:N::1, with routers, and a program of leat."""

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
        """Writes the configuration, and waits until radvd has read it."""
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

    def advertise(self):
        """An unsolicited advertisement, at once."""
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
            sock.bind((self.device, 0))
            mac = sock.getsockname()[4].hex(":")
            frame = Ether(src=mac, dst="33:33:00:00:00:01") / IPv6(src="fe80::a", dst="ff02::1", hlim=255)
            frame /= ICMPv6ND_RA() / ICMPv6NDOptSrcLLAddr(lladdr=mac)
            frame /= ICMPv6NDOptPrefixInfo(prefix=f"{self.prefix}::", prefixlen=64)
            sock.send(bytes(frame))

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
    """The line about router facts."""
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
    assert "ff:fe" not in ip  # RFC 8064: not derived from the MAC
    assert until(lambda: answers(ip))
    assert until(lambda: answers(ip, "-I", network.far))  # reached through the gateway
    assert echo.stop() == 0
    assert "the counters do not balance" not in echo.text


def test_an_address_within_a_second_and_a_half_of_the_first_answer(network):
    """Duplicate address detection takes a second; radvd answers within half a second (RFC 4861 6.2.6)."""
    network.radvd()
    time.sleep(1)
    begin = time.monotonic()
    echo = network.echo()
    facts(echo, rf"{network.prefix}:")
    took = time.monotonic() - begin
    print(f"first global address by SLAAC after {took:.3f} s")
    # on a device that was up before, radvd may have advertised just then (MIN_DELAY_BETWEEN_RAS, 3 s)
    assert took < (6 if XDP else 3)


def test_new_connections_use_a_temporary_address(network):
    """RFC 8981: the same seed would give the same stable address again"""
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

        def askers():
            return set(re.findall(r"query\S+ www.example.com from (\S+)", "\n".join(server.lines[before:]), re.I))

        assert until(askers)  # radvd's log may come later than its answer
        return askers()

    stable, temporary = asked_from(), asked_from("--temporary")
    assert len(stable) == len(temporary) == 1 and stable != temporary


def test_a_name_without_a_dot_is_of_the_routers_domain(network):
    """RFC 8106 5.2, in Linux's interpretation"""
    network.start_dnsmasq(
        "--enable-ra", f"--dhcp-range={network.prefix}::,ra-only,64,3600", "--no-resolv", "--no-hosts",
        f"--dhcp-option=option6:dns-server,[{network.prefix}::1]", "--dhcp-option=option6:domain-search,lan.example",
        f"--host-record=www.lan.example,{network.prefix}::1", port=53).wait_for("router advertisement")  # fmt: skip
    with socket.create_server((f"{network.prefix}::1", 8080), family=socket.AF_INET6) as listener:
        listener.settimeout(30)
        fetch = network.start(binary("fetch"), *network.words, "--mac", MAC, "http://www:8080/")
        fetch.wait_for(r"fetch: IPv6: .* search lan.example")
        conn, _ = listener.accept()
        with conn:
            assert b"Host: www:8080" in conn.recv(1000)
            conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nthere\n")
        assert fetch.wait() == 0 and "there" in fetch.text, fetch.text


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
    radvd.kill()  # killed, it can't send a last advertisement
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
    assert answers(old)  # RFC 4862 5.5.4: open connections continue


class Talk:
    """A connection to the echo server that sends and receives without an end."""

    def __init__(self, ip, port=7):
        self.sock = socket.create_connection((ip, port), timeout=10)
        self.bytes = 0
        self.wrong = ""
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        try:
            while not self._ends.is_set():
                text = os.urandom(20_000)
                self.sock.sendall(text)
                back = b""
                while len(back) < len(text):
                    back += self.sock.recv(len(text) - len(back)) or b"?" * len(text)
                assert back == text
                self.bytes += len(text)
                time.sleep(0.02)
        except (OSError, AssertionError) as error:
            self.wrong = repr(error)

    def goes_on(self):
        before = self.bytes
        return until(lambda: self.wrong or self.bytes > before + 100_000) and not self.wrong

    def close(self):
        self._ends.set()
        self._thread.join()
        self.sock.close()


def test_a_transfer_goes_on_while_its_network_is_renumbered(network):
    """RFC 4862 5.5.4: a connection keeps its deprecated address; new ones use the other."""
    first = network.radvd()
    echo = network.echo()
    talk = Talk(address_of(facts(echo, rf"{network.prefix}:")))
    try:
        assert talk.goes_on()
        first.stop()
        new = network.prefix.replace("db8", "db9")
        run("ip", "addr", "add", f"{new}::1/64", "dev", network.device, "nodad")
        network.radvd(prefix=new, options=f"prefix {network.prefix}::/64 {{ AdvPreferredLifetime 0; }};")
        other = Talk(address_of(facts(echo, rf"{new}:")))
        assert talk.goes_on() and other.goes_on(), talk.wrong + other.wrong
        other.close()
    finally:
        talk.close()
    assert not talk.wrong
    assert echo.stop() == 0


def test_new_connections_after_a_renumbering_use_the_new_address(network):
    first = network.radvd()
    server = network.start_dnsmasq("--no-resolv", "--no-hosts", "--log-queries", "--address=/example.com/192.0.2.7",
                                   port=53)  # fmt: skip
    resolver = network.start(binary("resolver"), *network.words, "--mac", MAC, "--server", f"{network.prefix}::1")

    def ip_by(prefix):
        return re.search(r"IPv6: ([0-9a-f:]+)/", resolver.wait_for(rf"resolver: IPv6: {prefix}:", 20))[1]

    def asked_from(name, ip):
        assert until(lambda: b"192.0.2.7" in run("dig", "+tries=1", "+time=1", f"@{ip}", name, check=False))
        return re.search(rf"query\S+ {name} from (\S+)", server.text, re.I)[1]

    old = ip_by(network.prefix)
    assert asked_from("a.example.com", old) == old
    first.stop()
    new = network.prefix.replace("db8", "db9")
    run("ip", "addr", "add", f"{new}::1/64", "dev", network.device, "nodad")
    network.radvd(prefix=new, options=f"prefix {network.prefix}::/64 {{ AdvPreferredLifetime 0; }};")
    ip = ip_by(new)
    # its server is in the old prefix, but a deprecated address isn't chosen (RFC 6724 5, rule 3)
    assert asked_from("b.example.com", ip) == ip


def test_a_link_of_1280_bytes_by_its_router(network):
    """RFC 4861 6.3.4, RFC 8200 5: replies are fragmented, segments fit."""
    network.radvd("AdvLinkMTU 1280;")
    echo = network.echo()
    line = facts(echo, rf"{network.prefix}:")
    ip = address_of(line)
    assert "MTU 1280" in line
    for size in (1232, 1233, 1452, 4000):
        assert until(lambda size=size: answers(ip, "-s", size)), size
    talk = Talk(ip)
    assert talk.goes_on()
    assert talk.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG) <= 1280 - 60
    talk.close()
    assert echo.stop() == 0
    assert int(re.search(r"ip_fragments_sent\s+(\d+)", echo.text)[1]) >= 2 + 2 + 4


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


def test_a_host_with_our_address_keeps_it_and_we_take_another(network):
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


@pytest.mark.parametrize("where", ["on the link", "behind the router"])
def test_a_program_that_needs_ipv6_waits_for_it_though_ipv4_comes_first(network, where):
    """A URL with an IPv6 address can't be reached by IPv4, whose lease is there before any router fact."""
    there = f"{network.prefix}::1" if where == "on the link" else network.far
    run("ip", "addr", "add", "10.79.0.1/24", "dev", network.device)
    server = network.start_dnsmasq("--no-ping", "--dhcp-authoritative", "--dhcp-range=10.79.0.50,10.79.0.60,255.255.255.0,120")
    server.wait_for("DHCP, IP range")
    with socket.create_server((there, 8080), family=socket.AF_INET6) as listener:
        listener.settimeout(30)
        fetch = network.start(binary("fetch"), *network.words, "--mac", MAC, f"http://[{there}]:8080/")
        server.wait_for("DHCPACK")
        # until the check of its link-local address, which it might otherwise wait for
        run("ping", "-6", "-n", "-L", "-c", 1, "-i", 0.1, "-w", 5, f"ff02::1%{network.device}", check=False)
        assert not came(lambda: fetch.lines or not fetch.running, seconds=0.3), fetch.text
        network.advertise()
        assert "10.79.0." in fetch.wait_for("MTU 1500, port")
        conn, _ = listener.accept()
        with conn:
            conn.recv(1000)
            conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nthere\n")
        assert fetch.wait() == 0 and "there" in fetch.text
