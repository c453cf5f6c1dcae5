"""The formats that leat-replay reads, and its errors for broken files: threats F1 and F2."""

import json
import os
import pty
import select
import struct
import subprocess

import pytest

from captures import (ACK, CLIENT, CLIENT6, NS, SERVER, SERVER6, TOOL, US, block, conversation, interface, ipv6, packet,
                      pcap, pcapng, peak_kib, replay, section, tcp)
from links import snoop

FORMS = {
    f"{name} {order_name} {unit_name}": make(conversation(), order, unit)
    for name, make in (("pcap", pcap), ("pcapng", pcapng))
    for order_name, order in (("little", "<"), ("big", ">"))
    for unit_name, unit in (("us", US), ("ns", NS))
}


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("by", ["file", "pipe"])
def test_every_form_reads_the_same(tmp_path, name, by):
    path = tmp_path / "capture"
    path.write_bytes(FORMS[name])
    words = ("feed", "--json", "--ip", "10.0.0.2")
    if by == "file":
        done = replay(*words, path)
    else:
        done = replay(*words, "-", stdin=FORMS[name])
    assert done.returncode == 0, done
    told = json.loads(done.stdout)
    assert told["frames"] == len(conversation()) and told["balance"]
    assert told["counters"]["drop_tcp_port"] == 7  # the port is closed
    assert told["counters"]["drop_eth_not_ours"] == 0  # all hosts of the script share one MAC address


def test_ipv6_is_fed_as_ipv4_is(tmp_path):
    path = tmp_path / "capture"
    path.write_bytes(pcap(conversation(ends=(CLIENT6, SERVER6))))
    told = json.loads(replay("feed", "--json", "--ip", SERVER6[0], path).stdout)
    assert told["ip"] == SERVER6[0] and told["balance"] and told["counters"]["drop_tcp_port"] == 7
    assert told["counters"]["drop_eth_not_ours"] == 0
    # also the busiest destination: in the script a client sends more often
    assert json.loads(replay("feed", "--json", path).stdout)["ip"] == SERVER6[0]
    # the port is open for a SYN, and its answer finds the neighbour that sent it
    done = replay("feed", "-v", "--listen", "80", "--ip", SERVER6[0], path)
    assert b"sends [2001:db8::2]:80 > [2001:db8::1]:40000 SYN ACK, 0 bytes" in done.stdout, done
    assert b"bytes of ICMPv6" in done.stdout  # the first frame is a neighbour solicitation
    # of another address leat owns nothing
    told = json.loads(replay("feed", "--json", "--ip", "2001:db8::9", path).stdout)
    assert told["counters"]["drop_tcp_port"] == 0 and told["balance"]


def test_groups_and_the_unspecified_address_are_no_busiest_host(tmp_path):
    """Whatever their Ethernet address."""
    path = tmp_path / "capture"
    for odd in ("ff02::1", "::", "::1"):
        path.write_bytes(pcap(conversation(ends=(CLIENT6, SERVER6)) + [(NS, ipv6(CLIENT6[0], odd, 17, bytes(8)))] * 50))
        assert json.loads(replay("feed", "--json", path).stdout)["ip"] == SERVER6[0]


FRAME = b"\xff" * 60
START = pcap([])
ONE = pcap([(NS, FRAME)])
NG = section() + interface()
SNOOP = snoop([(NS, FRAME)])


def record(length):
    return struct.pack("<IIII", 1, 0, length, length)


BROKEN = {  # {name: (content, offset, reason)}
    "empty": (b"", 0, "no capture"),
    "three bytes": (b"\xd4\xc3\xb2", 0, "no capture"),
    "no magic": (bytes(64), 0, "no capture"),
    "text": (b"this is no capture at all, sorry", 0, "no capture"),
    "cut header": (START[:20], 0, "cut off"),
    "version 9": (START[:4] + b"\x09\0" + START[6:], 0, "version"),
    "USB": (pcap([], link_type=189), 0, "link type 189 (USB): read are Ethernet"),
    "no known link type": (pcap([], link_type=12345), 0, "12345 (unknown)"),
    "cut record": (ONE + record(60)[:9], len(ONE), "cut off"),
    "cut frame": (ONE + record(60) + FRAME[:7], len(ONE), "7 of frame 2's 60 bytes"),
    "frame over 262,144": (ONE + record(262145) + bytes(262145), len(ONE), "262145"),
    "frame of 4 GiB": (START + record(0xFFFFFFFF), 24, "4294967295"),
    "block under 12": (NG + struct.pack("<III", 6, 8, 8), len(NG), "too short"),
    "section under 28": (section()[:4] + struct.pack("<I", 24) + section()[8:], 0, "too short"),
    "length 0": (NG + struct.pack("<III", 6, 0, 0), len(NG), "too short"),
    "length no multiple of 4": (NG + struct.pack("<II", 6, 33) + bytes(40), len(NG), "multiple"),
    "block over 16 MiB": (NG + struct.pack("<II", 6, 1 << 25) + bytes(64), len(NG), "more than"),
    "trailer differs": (NG + block(6, bytes(20))[:-4] + struct.pack("<I", 36), len(NG), "ends with"),
    "cut block": (NG + packet(NS, FRAME)[:40], len(NG), "cut off"),
    "cut section": (section()[:10], 0, "cut off"),
    "order that is none": (section()[:8] + b"\1\1\1\1" + section()[12:], 0, "byte order"),
    "packet longer than its block": (
        NG + block(6, struct.pack("<IIIII", 0, 0, 0, 61, 61) + FRAME), len(NG), "claims 61"),
    "packet of 4 GiB": (
        NG + block(6, struct.pack("<IIIII", 0, 0, 0, 2**32 - 1, 60) + FRAME), len(NG), "claims"),
    "packet of no interface": (section() + packet(NS, FRAME), 28, "interface 0"),
    "interface cut short": (section() + block(1, b""), 28, "cut short"),
    "interface of USB": (section() + interface(link_type=189), 28, "link type 189 (USB)"),
    "frames of USB alone": (NG + interface(link_type=189) + packet(NS, FRAME, number=1), len(NG), "(USB)"),
    "snoop cut": (b"snoop\0\0\0" + bytes(4), 0, "cut off: 12"),
    "snoop of version 3": (b"snoop\0\0\0" + struct.pack(">II", 3, 4), 0, "version 3"),
    "snoop of ATM": (b"snoop\0\0\0" + struct.pack(">II", 2, 18), 0, "data link type 18"),
    "snoop, cut record": (snoop([(NS, FRAME)])[:-1], 16, "59 of frame 1's 60 bytes"),
    "snoop, cut lengths": (snoop([(NS, FRAME)]) + bytes(9), 100, "cut off: 9 of the 24"),
    "snoop, record too short": (SNOOP[:24] + struct.pack(">I", 83) + SNOOP[28:], 16, "in a record of 83"),
    "snoop, frame of 4 GiB": (SNOOP[:20] + b"\xff\xff\xff\xff" + SNOOP[24:], 16, "claims 4294967295"),
    "interfaces without end": (section() + 257 * interface(), 28 + 256 * 32, "interfaces"),
}


NOT_PCAPNG = [name for name, (content, _, _) in BROKEN.items() if not content.startswith(NG[:4])]
PCAPNG = [name for name in BROKEN if name not in NOT_PCAPNG]


def assert_refused(tmp_path, command, name):
    content, offset, reason = BROKEN[name]
    path = tmp_path / "broken"
    path.write_bytes(content)
    done = replay(command, *(() if command == "feed" else ("--out", tmp_path)), path)
    lines = done.stderr.decode().splitlines()
    assert done.returncode == 2 and len(lines) == 1, done
    assert f"offset {offset}: " in lines[0] and reason in lines[0] and str(path)[:90] in lines[0]


@pytest.mark.parametrize("command", ["feed", "streams", "flow"])
@pytest.mark.parametrize("name", NOT_PCAPNG)
def test_threat_F1_broken_pcap_is_refused_with_its_place(tmp_path, command, name):
    assert_refused(tmp_path, command, name)


@pytest.mark.parametrize("command", ["feed", "streams", "flow"])
@pytest.mark.parametrize("name", PCAPNG)
def test_threat_F2_broken_pcapng_is_refused_with_its_place(tmp_path, command, name):
    assert_refused(tmp_path, command, name)


@pytest.mark.parametrize("command", ["feed", "streams", "flow"])
@pytest.mark.parametrize("name", ["empty", "cut header", "cut frame", "cut block"])
def test_broken_standard_input(tmp_path, command, name):
    content, offset, reason = BROKEN[name]
    words = () if command == "feed" else ("--out", tmp_path)
    done = replay(command, *words, "-", stdin=content)
    lines = done.stderr.decode().splitlines()
    assert done.returncode == 2 and len(lines) == 1, done
    assert lines[0].startswith(f"leat-replay: standard input: offset {offset}: ")
    assert reason in lines[0]


def test_frames_before_an_error_are_reported(tmp_path):
    path = tmp_path / "cut"
    path.write_bytes(pcap(conversation())[:-10])
    done = replay("feed", "--json", path)
    assert done.returncode == 2
    assert json.loads(done.stdout)["frames"] == len(conversation()) - 1


def test_no_file_a_directory_no_permission(tmp_path):
    for path in (tmp_path / "none", tmp_path):
        done = replay("feed", path)
        assert done.returncode == 2 and done.stderr.count(b"\n") == 1 and b"offset 0" in done.stderr
    if os.geteuid() != 0:
        path = tmp_path / "locked"
        path.write_bytes(START)
        path.chmod(0)
        assert replay("feed", path).returncode == 2


def test_threat_F2_memory_is_bounded_by_the_block_not_the_claim(tmp_path):
    """A length of up to 16 MiB is accepted, and the data must follow."""
    path = tmp_path / "large"
    path.write_bytes(NG + struct.pack("<II", 99, 1 << 24) + bytes((1 << 24) - 12)
                     + struct.pack("<I", 1 << 24) + packet(NS, FRAME))
    done = replay("feed", "--json", path)
    assert done.returncode == 0 and json.loads(done.stdout)["frames"] == 1


@pytest.mark.parametrize("command", ["feed", "streams", "flow"])
def test_threat_F1_memory_is_bounded_whatever_the_size(tmp_path, command):
    frame = b"\xff" * 1500
    small, large = tmp_path / "small", tmp_path / "large"
    for path, count in ((small, 2000), (large, 40_000)):
        path.write_bytes(pcap((NS + at, frame) for at in range(count)))
    words = () if command == "feed" else ("--out", tmp_path)
    assert peak_kib(command, *words, large) < peak_kib(command, *words, small) + 2048


@pytest.mark.parametrize("later, ours", [(17_100, CLIENT), (2000, SERVER)])
def test_our_address_is_the_busiest_destination(tmp_path, later, ours):
    """Also if another destination was far ahead until shortly before the end."""
    to_server, to_client = tcp(CLIENT, SERVER, ACK, 1, 1), tcp(SERVER, CLIENT, ACK, 1, 1)
    path = tmp_path / "many.pcap"
    path.write_bytes(pcap((NS + at, frame) for at, frame in
                          enumerate([to_server] * 17_000 + [to_client] * later)))
    told = json.loads(replay("feed", "--json", path).stdout)
    assert told["ip"] == ours[0] and told["frames"] == 17_000 + later


def test_command_lines(tmp_path):
    path = tmp_path / "one"
    path.write_bytes(ONE)
    for words in ((), ("feed",), ("nothing", path), ("feed", "--what", path), ("feed", path, path),
                  ("feed", "--ip", "10.0.0", path), ("flow", "--side", "left", path),
                  ("flow", "--flow", "x", path), ("flow", "--flow", "7", path),
                  ("feed", path, "--ip"), ("feed", "--plot", "x.svg", path),
                  ("streams", "--listen", 7, path), 40 * ("-v",)):
        done = replay(*words)
        assert done.returncode == 2 and done.stderr.count(b"\n") == 1, words


COMMANDS = ("feed", "streams", "flow", "recorded", "unhex")


def test_help():
    """--help of all commands together, and of each with its own options."""
    done = replay("--help")
    assert done.returncode == 0 and all(f"  {name} " in done.stdout.decode() for name in COMMANDS)
    for name in COMMANDS:
        done = replay(name, "--help")
        assert done.returncode == 0 and done.stdout == replay("-h", name).stdout
        assert done.stdout.startswith(f"usage: leat-replay {name} ".encode())
        assert (b"--plot" in done.stdout) == (name == "flow")
    assert replay("--version").returncode == 0


def on_a_terminal(*words):
    """The output of the tool on a terminal as its standard error."""
    master, slave = pty.openpty()
    subprocess.run([str(TOOL), *map(str, words)], stdout=subprocess.DEVNULL, stderr=slave,
                   check=True, timeout=120)
    os.close(slave)
    got = b""
    while select.select([master], [], [], 0)[0]:
        try:
            got += os.read(master, 65536)
        except OSError:
            break
    os.close(master)
    return got


def test_a_bar_for_long_files_on_terminals(tmp_path):
    path = tmp_path / "long"
    path.write_bytes(pcap((NS, FRAME) for _ in range(200_000)))
    assert b"100%" not in replay("feed", path).stderr
    assert b"%  65536 frames" in on_a_terminal("feed", path)
    assert b"frames" not in on_a_terminal("feed", "--quiet", path)
    path.write_bytes(ONE)
    assert b"frames" not in on_a_terminal("feed", path)
