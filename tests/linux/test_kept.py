"""--store: leases, addresses and secrets survive a restart, and no other content is overwritten. Keys of TLS tickets are
in test_ticket_keys.py."""

import fcntl
import os
import re
import resource
import signal
import stat

import pytest

from conftest import binary, run, until
from services import Network
from test_leases6 import Network as Network6
from test_options import start

FILE_BYTES = 256 * 1024
SECTOR = 512
MAC = "02:6c:65:61:73:65"


@pytest.fixture
def network(tmp_path):
    made = Network(tmp_path)
    yield made
    made.close()


@pytest.fixture
def network6(tmp_path):
    tmp_path.chmod(0o755)
    made = Network6(tmp_path)
    yield made
    made.close()


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


def echo_on(network, store, *options):
    return network.start(binary("echo"), *network.words, "--store", store, *options)


def leased(echo):
    """The address that it has."""
    return re.search(r"echo: ([0-9.]+)/24 on", echo.wait_for(r"echo: [0-9.]+/24 on .*, MTU 1500, port 7"))[1]


def messages(server, kinds="DISCOVER|OFFER|REQUEST|ACK|NAK"):
    return re.findall(rf" DHCP({kinds})\(", server.text)


def test_the_second_start_gets_its_address_in_one_exchange(network, store):
    server = network.dnsmasq()
    server.wait_for("DHCP, IP range")
    echo = echo_on(network, store)
    ip = leased(echo)
    assert echo.stop() == 0
    assert messages(server) == ["DISCOVER", "OFFER", "REQUEST", "ACK"]
    for starts in (1, 2):
        echo = echo_on(network, store)
        assert leased(echo) == ip
        assert echo.stop() == 0
        assert messages(server) == ["DISCOVER", "OFFER", "REQUEST", "ACK"] + starts * ["REQUEST", "ACK"]


def test_a_lease_survives_a_crash(network, store):
    server = network.dnsmasq()
    server.wait_for("DHCP, IP range")
    echo = echo_on(network, store)
    ip = leased(echo)
    assert until(lambda: b"leat/lease" in store.read_bytes())
    echo.kill()
    assert leased(echo_on(network, store)) == ip
    assert messages(server) == ["DISCOVER", "OFFER", "REQUEST", "ACK", "REQUEST", "ACK"]


def test_another_mac_asks_for_any_address(network, store):
    """A server gives leases to MAC addresses, so that of another one would only be refused."""
    server = network.dnsmasq()
    server.wait_for("DHCP, IP range")
    for mac in (MAC, "02:6c:65:61:73:66"):
        echo = echo_on(network, store, "--mac", mac)
        leased(echo)
        assert echo.stop() == 0
    assert messages(server) == 2 * ["DISCOVER", "OFFER", "REQUEST", "ACK"]


def test_a_lease_of_another_network_leads_to_a_new_one(network, store):
    server = network.dnsmasq()
    server.wait_for("DHCP, IP range")
    echo = echo_on(network, store)
    leased(echo)
    assert echo.stop() == 0
    server.kill()
    (network.folder / "leases").unlink()
    server = network.dnsmasq(first=100, last=110)
    server.wait_for("DHCP, IP range")
    assert re.search(r"\.1[01]\d$", leased(echo_on(network, store)))
    assert "NAK" in messages(server)


def test_ipv6_addresses_stay(network6, store):
    """That of a DHCPv6 server is asked for again."""
    network, found, server = network6, [], None
    for _ in range(2):
        echo = echo_on(network, store)
        if not server:
            assert until(lambda: "LOWER_UP" in os.popen(f"ip link show {network.device}").read(), 30)
            server = network.dnsmasq()
        leased6 = echo.wait_for(r"echo: DHCPv6: [0-9a-f:]+ for", 60)
        found.append(re.search(r"DHCPv6: ([0-9a-f:]+) for", leased6)[1])
        assert echo.stop() == 0
    assert found[0] == found[1]
    assert messages(server, "SOLICIT|CONFIRM|REBIND|REQUEST") == ["SOLICIT", "REBIND"]  # the first with rapid commit


def test_addresses_of_a_prefix_are_stable(network6, store):
    network, found = network6, []
    for words in ((store,), (store,), (store.with_name("other"),)):
        echo = network.start(binary("echo"), *network.words, "--store", *words)
        if not found:
            assert until(lambda: "LOWER_UP" in os.popen(f"ip link show {network.device}").read(), 30)
            network.radvd(flags="", autonomous="on")
        line = echo.wait_for(rf"echo: IPv6: {network.prefix}:[0-9a-f:]+/64 by", 60)
        found.append(re.search(r"IPv6: ([0-9a-f:]+)/64", line)[1])
        assert echo.stop() == 0
    assert found[0] == found[1] != found[2]


def test_the_file_is_made_for_its_owner(leat, store):
    leat("echo", options=["--store", store]).stop()
    assert store.stat().st_size == FILE_BYTES and stat.S_IMODE(store.stat().st_mode) == 0o600


def test_an_empty_file_keeps_its_permissions(leat, store):
    store.touch(0o640)
    os.chmod(store, 0o640)
    leat("echo", options=["--store", store]).stop()
    assert store.stat().st_size == FILE_BYTES and stat.S_IMODE(store.stat().st_mode) == 0o640


def entropy_of(store):
    """The value of leat/entropy in its newest record (block/record.h)."""
    newest = (0, b"")
    bytes_ = store.read_bytes()
    for at in range(0, len(bytes_), SECTOR):
        record = bytes_[at:at + SECTOR]
        if record[:4] == b"LeS1" and record[40:72].rstrip(b"\0") == b"leat/entropy":
            newest = max(newest, (int.from_bytes(record[8:16], "little"), record[72:72 + 33]))
    return newest[1]


def test_entropy_is_replaced_at_each_start(leat, store):
    """Also if the program then crashes."""
    seen = set()
    for _ in range(3):
        echo = leat("echo", options=["--store", store])
        seen.add(entropy_of(store))
        echo.kill()
        echo.expect_status(-signal.SIGKILL)
    assert len(seen) == 3 and all(len(value) == 33 and value[0] == 1 for value in seen)


def test_a_foreign_file_stays_as_it_is(store):
    before = b"precious " * 30000
    store.write_bytes(before)
    done = start("--tap", "leat-none", "--ip", "10.1.2.3/24", "--store", store)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr == f"echo: --store {store}: it has something else than a store, and stays as it is: give another, " \
        "or erase it by --store-format\n"
    assert store.read_bytes() == before


def test_format_erases_it(leat, store):
    store.write_bytes(b"precious " * 30000)
    leat("echo", options=["--store", store, "--store-format"]).stop()
    assert b"precious" not in store.read_bytes()[:30000 * 9 // SECTOR * SECTOR]
    leat("echo", options=["--store", store]).stop()


def test_damage_is_told(network, store):
    """Not that of the newest record, which would look like a change that was cut short."""
    echo = echo_on(network, store)
    assert until(lambda: store.exists() and b"leat/ipv6-secret" in store.read_bytes())
    echo.kill()
    bytes_ = bytearray(store.read_bytes())
    bytes_[bytes_.index(b"leat/mac")] ^= 1
    store.write_bytes(bytes_)
    echo = echo_on(network, store)
    echo.wait_for("echo: --store .*: 1 damaged records are left out, so values may be lost or old: look at the disk")


def test_two_programs_dont_share_a_store(leat, store):
    leat("echo", options=["--store", store])
    done = start("--tap", "leat-none", "--ip", "10.1.2.3/24", "--store", store)
    assert done.returncode == 2
    assert done.stderr == f"echo: --store {store}: another program has it open\n"


def test_a_locked_file_is_not_changed(store):
    with open(store, "wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert start("--tap", "leat-none", "--ip", "10.1.2.3/24", "--store", store).returncode == 2


@pytest.mark.parametrize("path,why", [
    ("/", "/: neither a file nor a block device"), ("/dev/null", "/dev/null: neither a file nor a block device"),
    ("/no/such/folder", "/no/such/folder: No such file or directory")])
def test_what_is_no_file(path, why):
    done = start("--tap", "leat-none", "--ip", "10.1.2.3/24", "--store", path)
    assert done.returncode == 2 and done.stderr in (f"echo: --store {why}\n", "echo: --store /: Is a directory\n")


def test_a_small_file(store):
    store.write_bytes(bytes(8192))
    done = start("--tap", "leat-none", "--ip", "10.1.2.3/24", "--store", store)
    assert done.returncode == 2
    assert done.stderr == f"echo: --store {store}: it is too small: give it 25088 bytes or more\n"


def test_a_full_disk_is_told_at_the_start(store):
    """The file's bytes are taken from the host's disk when it is made."""
    done = start("--tap", "leat-none", "--ip", "10.1.2.3/24", "--store", store, restore_signals=False,
                 preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES // 2, FILE_BYTES // 2)))
    assert done.returncode == 2 and done.stderr == f"echo: --store {store}: File too large\n"
    assert store.stat().st_size == 0


def test_writes_are_few(leat, store):
    """A start with a fixed address writes five values at most, one sector each, and an end one."""
    leat("echo", options=["--store", store]).stop()
    used = [at for at in range(0, FILE_BYTES, SECTOR) if any(store.read_bytes()[at:at + SECTOR])]
    leat("echo", options=["--store", store]).stop()
    more = [at for at in range(0, FILE_BYTES, SECTOR) if any(store.read_bytes()[at:at + SECTOR])]
    # the entropy, and that of the runs once or, if another second has begun, twice
    assert len(used) <= 5 and len(used) + 2 <= len(more) <= len(used) + 3


def test_starts_are_counted(leat, store):
    for start in (1, 2, 3):
        echo = leat("echo", options=["--store", store, "--dashboard", "8080"])
        text = run("curl", "-sS", "--max-time", 60, f"http://{echo.ip}:8080/metrics").decode()
        assert f"\nleat_starts_total {start}\n" in text and re.search(r"\nleat_run_seconds_total \d+\n", text)
        echo.stop()
