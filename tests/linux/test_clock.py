"""The clock example against chrony, which serves the kernel's own clock."""

import re

import pytest

from conftest import binary
from services import Network


def clock(network, *words):
    return network.start(binary("clock"), *network.words, *words)


@pytest.fixture
def network(tmp_path):
    made = Network(tmp_path)
    yield made
    made.close()


def assert_right(network, asking):
    """Both clocks are the kernel's, so the correction is the error of the path."""
    assert asking.wait(60) == 0
    assert re.search(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT by the machine's clock", asking.text)
    assert re.search(rf"GMT by {network.net}\.1\n", asking.text)
    said = re.search(r"stratum (\d+) of 1 answers; it was (\d+) us (ahead|behind), and is right within \d+ us",
                     asking.text)  # fmt: skip
    assert said[1] == "3"
    assert int(said[2]) < 10_000_000


def test_the_time_comes_from_chrony(network):
    network.chrony("local stratum 3")
    assert_right(network, clock(network, "--ip", f"{network.net}.2/24", f"{network.net}.1"))


def test_the_network_names_the_time_server(network):
    """DHCP's option 42."""
    network.chrony("local stratum 3")
    server = network.dnsmasq(f"--dhcp-option=option:ntp-server,{network.net}.1")
    server.wait_for("DHCP, IP range")
    assert_right(network, clock(network))


def test_a_server_that_does_not_know_the_time_is_not_believed(network):
    network.chrony()
    asking = clock(network, "--ip", f"{network.net}.2/24", f"{network.net}.1")
    asking.wait_for(f"clock: {network.net}.1 answered, but it says that its clock is not synchronized; still trying",
                    timeout=60)  # fmt: skip
    assert asking.running


def test_a_server_that_comes_later_is_heard(network):
    asking = clock(network, "--ip", f"{network.net}.2/24", f"{network.net}.1")
    asking.wait_for("clock: no time server answered; still trying", timeout=60)
    network.chrony("local stratum 3")
    assert asking.wait(120) == 0


@pytest.mark.parametrize("option", ["-m", "--max-time"])
def test_it_ends_after_the_time_that_it_may_take(network, option):
    asking = clock(network, "--ip", f"{network.net}.2/24", option, "1", f"{network.net}.1")
    assert asking.wait(60) == 28
    assert "it takes longer than it may (-m)" in asking.text


@pytest.mark.parametrize("words", [(), ("time.example.com",), ("10.0.0.1",) * 5, ("-m",), ("-m", "0", "10.0.0.1"), ("-m", "1s", "10.0.0.1"),
                                   ("-m", "31536001", "10.0.0.1"), ("--such", "10.0.0.1")])
def test_wrong_arguments(network, words):
    assert clock(network, "--ip", f"{network.net}.2/24", *words).wait() == 2
