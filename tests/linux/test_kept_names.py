"""--store of name servers: the answers in the cache survive a restart."""

import re

import pytest

from conftest import Process, run
from test_sieve import dig

FIRST, OTHER = "10.99.0.1", "10.99.0.2"  # of the kernel, whatever the device
TTL_S = 600
LABELS = ".".join(["x" * 60] * 3)  # long names fill blocks sooner


@pytest.fixture(name="upstream")
def upstream_():
    """upstream(ip): a server that knows all names below test."""
    started = []
    for ip in (FIRST, OTHER):
        run("ip", "addr", "add", f"{ip}/32", "dev", "lo")

    def start(ip):
        started.append(Process(
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--log-facility=-", "--no-resolv", "--no-hosts",
            "--bind-interfaces", f"--listen-address={ip}", f"--local-ttl={TTL_S}", "--address=/test/192.0.2.1"))
        started[-1].wait_for("started")
        return started[-1]

    yield start
    for one in started:
        one.stop()
    for ip in (FIRST, OTHER):
        run("ip", "addr", "del", f"{ip}/32", "dev", "lo")


def name_of(number):
    return f"host-{number}.{LABELS}.test"


def answer(program, name):
    """The address, in dig's short form: the other one has no tabs behind a long name."""
    return dig(program, name, "+short").strip()


def kept(program):
    """Answers that it has taken from its store."""
    found = re.search(r"answers of the last run that are in the cache: (\d+)", program.text)
    return int(found[1]) if found else 0


@pytest.mark.parametrize("name", ["resolver", "sieve"])
def test_answers_survive_a_restart(leat, upstream, tmp_path, name):
    options = ["--store", tmp_path / "store", "--server", FIRST]
    server = upstream(FIRST)
    program = leat(name, options=options)
    for number in range(50):
        assert answer(program, name_of(number)) == "192.0.2.1"
    program.stop()
    server.stop()
    for _ in range(2):  # the second end keeps them, too
        program = leat(name, options=options)
        program.wait_for(f"{name}: answers of the last run that are in the cache: 50$")
        for number in range(0, 50, 7):
            assert answer(program, name_of(number)) == "192.0.2.1"
        program.stop()


def test_fewer_answers_leave_no_older_ones(leat, upstream, tmp_path):
    """Each block in the store is of the last end."""
    options = ["--store", tmp_path / "store"]
    program = leat("resolver", options=[*options, "--server", FIRST])
    upstream(FIRST)
    for number in range(100):
        answer(program, name_of(number))
    program.stop()
    assert b"dns/cache-2\0" in (tmp_path / "store").read_bytes()
    other = leat("resolver", options=[*options, "--server", OTHER])
    upstream(OTHER)
    answer(other, "one.test")
    other.stop()
    assert kept(other) == 0  # the answers of other servers are not taken
    again = leat("resolver", options=[*options, "--server", OTHER])
    again.wait_for("answers of the last run that are in the cache: 1$")
    again.stop()
    first = leat("resolver", options=[*options, "--server", FIRST])
    answer(first, "one.test")
    assert kept(first) == 0


def test_a_crash_leaves_the_answers_of_the_last_end(leat, upstream, tmp_path):
    options = ["--store", tmp_path / "store", "--server", FIRST]
    upstream(FIRST)
    program = leat("resolver", options=options)
    answer(program, "early.test")
    program.stop()
    program = leat("resolver", options=options)
    program.wait_for("answers of the last run that are in the cache: 1$")
    answer(program, "late.test")
    program.kill()
    program.expect_status(-9)
    program = leat("resolver", options=options)
    program.wait_for("answers of the last run that are in the cache: 1$")
    program.stop()


def test_a_store_without_room_keeps_none(leat, upstream, tmp_path):
    """The smallest store is for leases and keys."""
    store = tmp_path / "store"
    store.write_bytes(bytes(25088))
    upstream(FIRST)
    program = leat("resolver", options=["--store", store, "--server", FIRST])
    answer(program, "one.test")
    program.stop()
    assert b"dns/cache" not in store.read_bytes()
