"""Hosts behind a router: the kernel forwards, and sends ICMP errors."""

import pathlib
import re
import subprocess
import sys

import pytest

from conftest import Process, binary, make_tap, run, until


@pytest.fixture
def router():
    """enables forwarding, in this namespace only"""
    with open("/proc/sys/net/ipv4/ip_forward", "w", encoding="ascii") as switch:
        switch.write("1")


@pytest.fixture
def resolve(leat, router):
    """resolve(name, type) asks the dns example by way of a gateway; returns status and output."""
    server = leat("dns")
    make_tap("asker0", address="10.78.0.1/24")

    def ask(*words, port=53):
        done = subprocess.run(
            [binary("resolve"), "--tap", "asker0", "--ip", "10.78.0.2/24", "--gateway", "10.78.0.1",
             "--server", server.ip, "--port", str(port), *words],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    yield ask
    run("ip", "link", "del", "asker0")


def test_leat_asks_leat(resolve):
    status, text = resolve("www.example.com", "A")
    assert status == 0 and re.search(r"www\.example\.com\.\s.*\bA\s+192\.0\.2\.3", text), text


def test_no_such_name(resolve):
    status, text = resolve("no-such-name.example.com")
    assert status == 6 and "NXDOMAIN" in text, text


def test_a_closed_port_is_reported(resolve):
    status, text = resolve("www.example.com", port=54)
    assert status == 7 and "says: port unreachable" in text, text


class Far:
    """A host behind the router; the MTU is small only on the way to it."""

    ip = "10.79.0.2"

    def __init__(self, mtu):
        self._home = Process("unshare", "--net", "sleep", 600)
        self._pid = self._home.pid
        assert until(lambda: self._namespace() != pathlib.Path("/proc/self/ns/net").readlink())
        run("ip", "link", "add", "near0", "type", "veth", "peer", "name", "far0")
        run("ip", "link", "set", "far0", "netns", self._pid)
        run("ip", "addr", "add", "10.79.0.1/24", "dev", "near0")
        run("ip", "link", "set", "near0", "up")
        # the MTU of the route, not of the device, which would also drop what comes from there
        run("ip", "route", "replace", "10.79.0.0/24", "dev", "near0", "mtu", "lock", mtu)
        self.run("ip", "addr", "add", f"{self.ip}/24", "dev", "far0")
        self.run("ip", "link", "set", "far0", "up")
        self.run("ip", "route", "add", "default", "via", "10.79.0.1")

    def _namespace(self):
        return pathlib.Path(f"/proc/{self._pid}/ns/net").readlink()

    def run(self, *command):
        return run("nsenter", f"--net=/proc/{self._pid}/ns/net", *command, timeout=60)

    def remove(self):
        run("ip", "link", "del", "near0", check=False)
        self._home.stop()


@pytest.fixture
def far(router):
    made = []

    def make(mtu):
        made.append(Far(mtu))
        return made[-1]

    yield make
    for host in made:
        host.remove()


def test_path_mtu_is_learnt_from_the_router(leat, far):
    """RFC 1191: our segments have DF set, and "fragmentation needed" has the size that fits."""
    echo = leat("echo")
    program = f"import stream; stream.echo_all(('{echo.ip}', 7), 1, 500_000, timeout=20)"
    far(mtu=800).run(
        sys.executable, "-B", "-c",
        f"import sys; sys.path.insert(0, {str(pathlib.Path(__file__).parent)!r}); {program}",
    )  # fmt: skip
    stats = echo.stop()
    assert stats["taken_icmp"] >= 1
    assert stats["tcp_sent"] > 500_000 // 760 and stats["tcp_retransmitted"] > 0
    assert "ip_fragments_sent" not in stats


def test_ping_by_way_of_a_gateway(leat, far):
    """One hop decrements the TTL of the reply by one."""
    echo = leat("echo")
    text = far(mtu=1500).run("ping", "-n", "-c", 2, "-i", "0.2", echo.ip).decode()
    assert "2 received" in text and "ttl=63" in text, text
