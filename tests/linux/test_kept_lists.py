"""--store of sieve: lists that were sent, and the totals, survive a restart."""

import pathlib
import re
import signal
import socket

import pytest

from conftest import QUICK
from test_kept_names import FIRST, upstream_  # noqa: F401  pylint: disable=unused-import
from test_sieve import answer, curl

PASSED = "NOERROR 192.0.2.1"
STORE_BYTES, AREA_BYTES = 256 << 10, 32 << 20
SECTOR = 512
NAMES = 20_000 if QUICK else 200_000  # of the long list: more than some chunks of the disk


@pytest.fixture
def sieve(leat, upstream, tmp_path):
    """sieve(words...): one with a list of one name, which forwards other questions to dnsmasq."""
    upstream(FIRST)
    (tmp_path / "hosts").write_text("0.0.0.0 ads.hosts.test\n")
    return lambda *words: leat("sieve", options=["--server", FIRST, *words], arguments=[tmp_path / "hosts"])


def put(program, path):
    return curl("-T", path, f"http://{program.ip}/lists?x")


def long_list(path, mark, names=NAMES):
    path.write_text("".join(f"n{number}.{mark}.test\n" for number in range(names)))
    return path


def value_of(store, name):
    """The bytes of a value in its newest record (block/record.h)."""
    newest, bytes_ = (0, b""), store.read_bytes()[:STORE_BYTES]
    for at in range(0, len(bytes_), SECTOR):
        record = bytes_[at:at + SECTOR]
        if record[40:72].rstrip(b"\0") == name and record[4] == 1:
            length = int.from_bytes(record[28:32], "little")
            newest = max(newest, (int.from_bytes(record[8:16], "little"), record[72:72 + length]))
    return newest[1]


def place_of(store):
    """The first sector of the kept lists."""
    return int.from_bytes(value_of(store, b"sieve/lists")[1:9], "big")


def test_lists_that_were_sent_serve_again(sieve, tmp_path):
    store = tmp_path / "store"
    words = ["--store", store, "token=x"]
    program = sieve(*words)
    assert store.stat().st_size == STORE_BYTES + AREA_BYTES
    told = put(program, long_list(tmp_path / "sent", "sent"))
    assert f"{NAMES} names, 0 repeated" in told and told.endswith("; kept for the next start\n")
    program.kill()
    program.expect_status(-9)
    first = place_of(store)
    program = sieve(*words)
    program.wait_for(rf"sieve: the lists that were sent on \w{{3}}, .* GMT serve: {NAMES} names, 0 repeated, .*; of {NAMES} lines {NAMES} understood")
    assert answer(program, f"n{NAMES - 1}.sent.test") == "NXDOMAIN"
    assert answer(program, "ads.hosts.test") == PASSED  # in a file of the command line
    put(program, long_list(tmp_path / "newer", "newer"))
    program.stop()
    assert place_of(store) != first
    program = sieve(*words)
    assert answer(program, "n7.newer.test") == "NXDOMAIN" and answer(program, "n7.sent.test") == PASSED


def test_sighup_brings_the_files_back_for_good(sieve, tmp_path):
    words = ["--store", tmp_path / "store", "token=x"]
    program = sieve(*words)
    put(program, long_list(tmp_path / "sent", "sent", 10))
    program.signal(signal.SIGHUP)
    program.wait_for("SIGHUP: files read again")
    assert answer(program, "ads.hosts.test") == "NXDOMAIN"
    program.stop()
    program = sieve(*words)
    assert answer(program, "ads.hosts.test") == "NXDOMAIN" and answer(program, "n7.sent.test") == PASSED


def test_sighup_without_files_keeps_what_was_sent(leat, tmp_path):
    """Otherwise it would open the sieve."""
    program = leat("sieve", arguments=["token=x"])
    put(program, long_list(tmp_path / "sent", "sent", 10))
    program.signal(signal.SIGHUP)
    program.wait_for("no list is a file or was fetched, so those that were sent stay$")
    assert answer(program, "n7.sent.test") == "NXDOMAIN"


def test_what_is_no_list_or_is_cut_leaves_the_kept_ones(sieve, tmp_path):
    words = ["--store", tmp_path / "store", "token=x"]
    program = sieve(*words)
    put(program, long_list(tmp_path / "sent", "sent", 10))
    (tmp_path / "page").write_text("<html>\n<h1>301 Moved Permanently</h1>\n" * 3000)
    assert put(program, tmp_path / "page").startswith("The former lists stay: this looks like no list")
    with socket.create_connection((program.ip, 80), 10) as conn:
        conn.sendall(b"PUT /lists?x HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" + b"||passed.test^\n" * 9000)
        program.settle()
    program.wait_for("they were cut. The former lists stay.$")
    program.kill()
    program.expect_status(-9)
    program = sieve(*words)
    assert answer(program, "n7.sent.test") == "NXDOMAIN" and answer(program, "passed.test") == PASSED


def test_lists_without_room_serve_and_are_told(sieve, tmp_path):
    store = tmp_path / "store"
    store.write_bytes(bytes(STORE_BYTES + 100 * SECTOR))
    words = ["--store", store, "token=x"]
    program = sieve(*words)
    assert put(program, long_list(tmp_path / "small", "small", 1000)).endswith("; kept for the next start\n")
    told = put(program, long_list(tmp_path / "large", "large", 3000))
    assert told.endswith(f"; NOT kept for the next start: the disk of --store has room for {50 * SECTOR} bytes\n")
    assert answer(program, "n7.large.test") == "NXDOMAIN"
    program.stop()
    program = sieve(*words)
    assert answer(program, "n7.small.test") == "NXDOMAIN" and answer(program, "n7.large.test") == PASSED
    program.stop()
    with store.open("ab") as file:  # a larger disk: the kept lists stay where they are
        file.truncate(STORE_BYTES + 1000 * SECTOR)
    program = sieve(*words)
    assert answer(program, "n7.small.test") == "NXDOMAIN"
    assert put(program, tmp_path / "large").endswith("; kept for the next start\n")
    program.stop()
    program = sieve(*words)
    assert answer(program, "n7.large.test") == "NXDOMAIN"


def test_a_store_of_an_earlier_version_gets_room(leat, tmp_path):
    store = tmp_path / "store"
    resolver = leat("resolver", options=["--store", store])
    resolver.stop()
    assert store.stat().st_size == STORE_BYTES
    mac = value_of(store, b"leat/mac")
    program = leat("sieve", options=["--store", store], arguments=["token=x"])
    assert put(program, long_list(tmp_path / "sent", "sent", 10)).endswith("; kept for the next start\n")
    program.stop()
    assert store.stat().st_size == STORE_BYTES + AREA_BYTES and value_of(store, b"leat/mac") == mac


def test_the_smallest_store_keeps_no_lists(leat, tmp_path):
    store = tmp_path / "store"
    store.write_bytes(bytes(25088))
    program = leat("sieve", options=["--store", store], arguments=["token=x"])
    assert put(program, long_list(tmp_path / "sent", "sent", 10)).endswith("0 refused\n")
    program.stop()
    assert store.stat().st_size == 25088


def test_damaged_lists_are_not_used(sieve, tmp_path):
    store = tmp_path / "store"
    words = ["--store", store, "token=x"]
    program = sieve(*words)
    put(program, long_list(tmp_path / "sent", "sent", 3000))
    program.stop()
    with store.open("r+b") as file:
        file.seek(place_of(store) * SECTOR + 10_000)
        file.write(b"x")
    program = sieve(*words)
    program.wait_for("sieve: the lists that were sent are damaged, and are not used$")
    assert answer(program, "ads.hosts.test") == "NXDOMAIN"


def totals(program):
    shown = curl(f"http://{program.ip}/sieve")
    found = re.search(r"<td>questions since (\w{3}, [^<]* GMT)<td>(\d+)<tr><td>of these, blocked<td>(\d+)", shown)
    return found[1], int(found[2]), int(found[3])


def test_totals_are_those_of_all_runs(sieve, tmp_path):
    words = ["--store", tmp_path / "store"]
    since = None
    for run in (1, 2, 3):
        program = sieve(*words)
        answer(program, "ads.hosts.test")
        answer(program, "passed.test")
        found = totals(program)
        assert found[1:] == (2 * run, run)
        assert since in (None, found[0])
        since = found[0]
        program.stop()


def test_without_a_store_there_are_no_totals(sieve):
    assert "questions since" not in curl(f"http://{sieve().ip}/sieve")


@pytest.fixture(autouse=True)
def _room(tmp_path):
    """A store takes 32 MiB, and pytest keeps the folders of three runs."""
    yield
    for path in pathlib.Path(tmp_path).glob("store"):
        path.unlink()
