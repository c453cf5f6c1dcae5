"""The clock example against chrony, which says what the kernel's own clock says."""

import itertools
import os
import re
import shutil

import pytest

from conftest import Process, binary, make_tap, run

_numbers = itertools.count()


def program(name):
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    return path or pytest.skip(f"no {name}")


class Network:
    """A TAP device with the kernel's address 10.76.N.1, a time server there, and the example."""

    def __init__(self, folder):
        self.folder = folder
        self.device = f"clock{next(_numbers)}"
        self.net = f"10.76.{self.device[5:]}"
        self.processes = []
        make_tap(self.device, address=f"{self.net}.1/24")

    def start(self, *command):
        self.processes.append(Process(*command))
        return self.processes[-1]

    def chrony(self, *lines):
        """A server that neither sets the machine's clock nor asks anybody."""
        path = self.folder / "chrony.conf"
        path.write_text("\n".join([
            "allow all", "cmdport 0", f"bindaddress {self.net}.1", f"pidfile {self.folder}/chronyd.pid",
            *lines, ""]), encoding="utf-8")  # fmt: skip
        server = self.start(program("chronyd"), "-x", "-d", "-u", "root", "-f", path)
        server.wait_for("chronyd version")
        return server

    def clock(self, *words):
        return self.start(binary("clock"), "--tap", self.device, *words)

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


def assert_right(network, asking):
    """Both clocks are the kernel's, so what it was corrected by is what the way cost."""
    assert asking.wait(60) == 0
    assert re.search(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT by the machine's clock", asking.text)
    assert re.search(rf"GMT by {network.net}\.1\n", asking.text)
    said = re.search(r"stratum (\d+) of 1 answers; it was (\d+) us (ahead|behind), and is right within \d+ us",
                     asking.text)  # fmt: skip
    assert said[1] == "3"
    assert int(said[2]) < 10_000_000


def test_chrony_says_what_time_it_is(network):
    network.chrony("local stratum 3")
    assert_right(network, network.clock("--ip", f"{network.net}.2/24", f"{network.net}.1"))


def test_the_network_says_whom_to_ask(network):
    """DHCP's option 42."""
    network.chrony("local stratum 3")
    network.start(
        program("dnsmasq"), "--keep-in-foreground", "--conf-file=/dev/null", "--log-facility=-", "--port=0",
        "--no-ping", "--dhcp-authoritative", "--user=", "--group=", f"--pid-file={network.folder}/pid",
        f"--dhcp-leasefile={network.folder}/leases", f"--interface={network.device}", "--bind-interfaces",
        f"--dhcp-range={network.net}.50,{network.net}.60,255.255.255.0,120",
        f"--dhcp-option=option:ntp-server,{network.net}.1",
    ).wait_for("DHCP, IP range")  # fmt: skip
    assert_right(network, network.clock())


def test_a_server_that_does_not_know_the_time_is_not_believed(network):
    network.chrony()
    asking = network.clock("--ip", f"{network.net}.2/24", f"{network.net}.1")
    asking.wait_for("clock: no time server answered; still trying", timeout=60)
    assert asking.running


def test_a_server_that_comes_later_is_heard(network):
    asking = network.clock("--ip", f"{network.net}.2/24", f"{network.net}.1")
    asking.wait_for("clock: no time server answered; still trying", timeout=60)
    network.chrony("local stratum 3")
    assert asking.wait(120) == 0


@pytest.mark.parametrize("words", [(), ("time.example.com",), ("10.0.0.1",) * 5])
def test_wrong_arguments(network, words):
    assert network.clock("--ip", f"{network.net}.2/24", *words).wait() == 2
