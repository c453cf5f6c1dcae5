"""Leases like those of clouds, from dnsmasq, with a router that is often outside of the lease's prefix. The kernel
is both, and a host of another network behind it."""

import itertools
import socket
from dataclasses import dataclass

import pytest

from conftest import binary, run, until
from services import Device

FAR, FAR6 = "192.0.2.1", "2001:db8:ffff::1"  # beyond the router
MAC = "02:6c:65:61:63:6c"

_numbers = itertools.count()


@dataclass(frozen=True)
class Cloud:
    """`server` is an address of the kernel in the lease's network, which dnsmasq requires."""

    ip: str
    mask: str
    router: str
    server: str
    mtu: int = 0
    routes: str = ""  # option 121


# Leases as observed, or as documented; the same as in tests/dhcp/test_clouds.c.
CLOUDS = {
    "Google": Cloud("10.128.0.5", "255.255.255.255", "10.128.0.1", "10.128.0.1/20", 1460,
                    "10.128.0.1/32,0.0.0.0,0.0.0.0/0,10.128.0.1"),
    "Hetzner": Cloud("95.216.0.5", "255.255.255.255", "172.31.1.1", "95.216.0.1/24", 0,
                     "172.31.1.1/32,0.0.0.0,0.0.0.0/0,172.31.1.1"),
    "OVH": Cloud("51.68.0.55", "255.255.255.255", "51.68.0.1", "51.68.0.2/24"),
    "AWS": Cloud("172.31.16.5", "255.255.240.0", "172.31.16.1", "172.31.16.1/20", 9001),
    "Azure": Cloud("10.0.0.4", "255.255.255.0", "10.0.0.1", "10.0.0.1/24", 0,
                   "0.0.0.0/0,10.0.0.1,168.63.129.16/32,10.0.0.1,169.254.169.254/32,10.0.0.1"),
    "DigitalOcean": Cloud("10.108.0.2", "255.255.240.0", "10.108.0.1", "10.108.0.1/20"),
    "Vultr": Cloud("45.76.0.5", "255.255.254.0", "45.76.0.1", "45.76.0.1/23", 0,
                   "169.254.169.254/32,45.76.0.1,0.0.0.0/0,45.76.0.1"),
    "Oracle": Cloud("10.0.0.9", "255.255.255.0", "10.0.0.1", "10.0.0.1/24", 9000,
                    "0.0.0.0/0,10.0.0.1,169.254.0.0/16,0.0.0.0"),
}  # fmt: skip


class Network(Device):
    """A device where the kernel is the server, the router and a host beyond it."""

    def __init__(self, folder):
        super().__init__(folder, f"cloud{next(_numbers)}", mtu=9001)
        for address in (f"{FAR}/32", f"{FAR6}/128"):
            run("ip", "addr", "add", address, "dev", "lo", *(["nodad"] if ":" in address else []))

    def address(self, *addresses):
        for address in addresses:
            run("ip", "addr", "add", address, "dev", self.device, *(["nodad"] if ":" in address else []))

    def serve(self, cloud):
        self.address(cloud.server)
        if cloud.router != cloud.server.split("/")[0]:
            self.address(f"{cloud.router}/32")
        options = [f"--dhcp-option-force=1,{cloud.mask}", f"--dhcp-option=3,{cloud.router}"]
        if cloud.mtu:
            options.append(f"--dhcp-option-force=26,{cloud.mtu}")
        if cloud.routes:
            options.append(f"--dhcp-option=121,{cloud.routes}")
        self.start_dnsmasq("--no-ping", "--dhcp-authoritative", f"--dhcp-range={cloud.ip},{cloud.ip},120",
                           *options).wait_for("DHCP, IP range")  # fmt: skip

    def echo(self, *options):
        return self.start(binary("echo"), *self.words, "--mac", MAC, "--stats", *options)

    def close(self):
        super().close()
        for address in (f"{FAR}/32", f"{FAR6}/128"):
            run("ip", "addr", "del", address, "dev", "lo", check=False)


@pytest.fixture
def network(tmp_path):
    made = Network(tmp_path)
    yield made
    made.close()


def mss_beyond_the_router(ip, far):
    """Sends an echo request and opens a connection, from an address behind the router. Returns the negotiated
    segment size, including options."""
    assert until(lambda: b" 1 received" in run("ping", "-n", "-c", 1, "-W", 1, "-I", far, ip, check=False), 20)
    with socket.create_connection((ip, 7), timeout=20, source_address=(far, 0)) as client:
        client.sendall(b"hello" * 1000)
        heard = b""
        while len(heard) < 5000:
            heard += client.recv(5000)
        mss = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)
    assert heard == b"hello" * 1000
    return mss


def assert_ends_in_order(echo):
    assert echo.stop() == 0
    assert "the counters do not balance" not in echo.text


@pytest.mark.parametrize("name", CLOUDS)
def test_a_lease_of_a_cloud_leads_beyond_its_router(network, name):
    cloud = CLOUDS[name]
    network.serve(cloud)
    echo = network.echo()
    line = echo.wait_for(r"echo: [\d.]+/\d+ on .*, port 7", timeout=60)
    assert f"echo: {cloud.ip}/{sum(int(part).bit_count() for part in cloud.mask.split('.'))} on" in line, line
    mss = mss_beyond_the_router(cloud.ip, FAR)
    assert mss <= cloud.mtu - 40 or not cloud.mtu  # the lease's MTU, if it has one; otherwise the device's
    assert_ends_in_order(echo)


def test_an_IPv6_gateway_outside_of_the_prefix(network):
    """OVH gives a /128 or a /64, and a gateway in a wider prefix, configured in the program."""
    network.address("2001:db8:40:1ff:ff:ff:ff:ff/128", "fe80::a/64")
    run("ip", "route", "add", "2001:db8:40:100::5/128", "dev", network.device)
    echo = network.echo("--ip", "10.76.0.2/24", "--ip6", "2001:db8:40:100::5/128", "--ip6-gateway",
                        "2001:db8:40:1ff:ff:ff:ff:ff")  # fmt: skip
    echo.wait_for("port 7", timeout=60)
    mss_beyond_the_router("2001:db8:40:100::5", FAR6)
    assert_ends_in_order(echo)


def test_an_address_by_DHCPv6_without_a_prefix(network):
    """AWS: the router advertises no prefix, and the address comes by DHCPv6 as a /128."""
    network.address("2001:db8:a5::1/64", "fe80::a/64")
    run("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1")
    echo = network.echo()
    assert until(lambda: b"LOWER_UP" in run("ip", "link", "show", network.device), 30)
    network.start_dnsmasq("--enable-ra", "--dhcp-range=2001:db8:a5::50,2001:db8:a5::50,64,120",
                          "--log-queries").wait_for("router advertisement")  # fmt: skip
    assert until(lambda: "2001:db8:a5::50" in echo.text, 60), echo.text
    mss_beyond_the_router("2001:db8:a5::50", FAR6)
    assert_ends_in_order(echo)
