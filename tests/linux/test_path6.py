"""IPv6 paths that are narrower than the link: a kernel forwards, and sends Packet Too Big (RFC 8201)."""

import pathlib
import re
import sys

import pytest

from conftest import run, until
from namespace import Namespace
from services import program

PREFIX, FAR = "2001:db8:6:", "2001:db8:fa6:"
MTU = 1280
ECHO = f"{PREFIX}:2"


def has_carrier(device):
    return re.search(r" state (UP|UNKNOWN) ", run("ip", "link", "show", "dev", device).decode())


class Far:
    """A host behind the kernel, which forwards at most @there bytes to leat and @back bytes from it."""

    def __init__(self, wire, there=1500, back=1500):
        self.space = Namespace()
        run("ip", "link", "add", "near6", "type", "veth", "peer", "name", "far6")
        self.space.adopt("far6", "10.79.6.2/24")
        self.space.run("ip", "addr", "add", f"{FAR}:2/64", "dev", "far6", "nodad")
        run("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1")
        run("ip", "addr", "add", f"{FAR}:1/64", "dev", "near6", "nodad")
        run("ip", "link", "set", "near6", "up")
        # The MTU of IPv6, not of the devices, which would also drop what comes from there. The kernel resets it to the
        # device's when the carrier comes up, which may be some time after the other end is up.
        for device, mtu in (("near6", back), (wire, there)):
            assert until(lambda name=device: has_carrier(name))
            run("sysctl", "-qw", f"net.ipv6.conf.{device}.mtu={mtu}")
        self.space.run("ip", "route", "add", "default", "via", f"{FAR}:1")

    def run(self, *command):
        return self.space.call(lambda: run(*command, timeout=60, check=False)).decode()

    def remove(self):
        run("ip", "link", "del", "near6", check=False)


@pytest.fixture
def far(leat):
    """An example with a gateway, and a host behind it."""
    made = []

    def make(**mtus):
        echo = leat("echo", options=["--ip6", f"{ECHO}/64", "--ip6-gateway", f"{PREFIX}:1"])
        for address in (f"{PREFIX}:1/64", "fe80::1/64"):
            run("ip", "addr", "add", address, "dev", echo.wire, "nodad")
        made.append(Far(echo.wire, **mtus))
        assert until(lambda: "1 received" in made[0].run("ping", "-6", "-n", "-c", 1, "-W", 1, ECHO))
        return echo, made[0]

    yield make
    for host in made:
        host.remove()


@pytest.mark.parametrize("size", [1233, 1452, 4000])
def test_replies_to_pings_fit_through_their_path(far, size):
    """The first replies are lost, until Packet Too Big comes; all others are fragmented."""
    echo, host = far(back=MTU)
    assert until(lambda: "1 received" in host.run("ping", "-6", "-n", "-c", 1, "-W", 1, "-s", size, ECHO))
    text = host.run("ping", "-6", "-n", "-i", 0.2, "-c", 5, "-W", 10, "-s", size, ECHO)
    assert "5 received" in text, text
    stats = echo.stop()
    assert stats["ip_fragments_sent"] >= 12
    # about a second fragment of 4,000 bytes, which proves nothing
    assert ("drop_icmp_quote" in stats) == (size == 4000)


def test_tracepath_finds_us_and_the_path(far):
    """traceroute sends datagrams with small hop limits, and ends at a closed port."""
    _, host = far(there=MTU, back=MTU)
    text = host.run(program("tracepath"), "-6", "-n", ECHO)
    assert re.search(rf"{ECHO} .*reached", text) and f"pmtu {MTU}" in text, text
    assert "hops 2" in text, text


@pytest.mark.parametrize("ways", [{"back": MTU}, {"there": MTU, "back": MTU}])
def test_streams_fit_through_their_path(far, ways):
    echo, host = far(**ways)
    folder = str(pathlib.Path(__file__).parent)
    words = f"import stream; stream.echo_all(('{ECHO}', 7), 1, 500_000, timeout=30)"
    said = host.run(sys.executable, "-B", "-c", f"import sys; sys.path.insert(0, {folder!r}); {words}; print('all of it')")
    assert "all of it" in said
    stats = echo.stop()
    assert stats["taken_icmp6"] >= 2  # the ping before it, and Packet Too Big
    assert stats["tcp_retransmitted"] >= 1  # data that was too big has been sent again in smaller segments
    assert "ip_fragments_sent" not in stats
