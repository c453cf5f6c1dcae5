"""Every link, format and compression of one conversation reads the same."""

import gzip
import json
import shutil
import struct
import subprocess

import pytest

from captures import (CLIENT6, NS, SERVER, SERVER6, block, conversation, interface, packet, pcap, pcapng, peak_kib,
                      replay, section)
from links import ANSWER, LINKS, REQUEST, SRC, capture_of, ether, on_link, snoop, streams

FRAMES = conversation()
FRAMES6 = conversation(ends=(CLIENT6, SERVER6))


@pytest.mark.parametrize("frames", [FRAMES, FRAMES6], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize("name", LINKS)
def test_a_stream_is_the_same_on_every_link(tmp_path, name, frames):
    assert streams(capture_of(name, frames), tmp_path) == [REQUEST, ANSWER]


@pytest.mark.parametrize("name", LINKS)
def test_a_stack_that_is_fed_hears_what_is_for_it(tmp_path, name):
    """Its link address is found, or made up as those of the peers are."""
    path = tmp_path / "capture"
    path.write_bytes(capture_of(name, FRAMES))
    done = replay("feed", "--json", "--ip", SERVER[0], path)
    told = json.loads(done.stdout)
    assert done.returncode == 0 and told["ip"] == SERVER[0] and told["balance"]
    assert told["frames"] == len(FRAMES) and told["counters"]["drop_tcp_port"] == 7


@pytest.mark.parametrize("name", LINKS)
def test_a_frame_cut_anywhere_is_read_or_left(tmp_path, name):
    """Headers that end early hold no packet; nothing is read behind the frame."""
    path = tmp_path / "capture"
    link, wrap = LINKS[name]
    whole = wrap(FRAMES[3][1][14:])
    path.write_bytes(pcap([(NS, whole[:length]) for length in range(len(whole))], link_type=link))
    done = replay("feed", "--json", path)
    assert done.returncode == 0 and json.loads(done.stdout)["frames"] == len(whole), done


def test_what_is_no_data_frame_of_802_11_holds_no_packet(tmp_path):
    """Beacons, null data, encrypted frames, fragments."""
    _, wrap = LINKS["802.11"]
    whole = wrap(FRAMES[0][1][14:])
    frames = [(NS, control + whole[2:]) for control in (b"\x80\0", b"\x48\2", b"\x08\x42", b"\x08\6")]
    assert streams(pcap(frames, link_type=105), tmp_path) == []


def mixed(order="<"):
    """Each frame of another interface: links, resolutions and time offsets of all kinds, and three kinds of blocks."""
    options = struct.pack(order + "HHB3x", 9, 1, 0x80 | 20) + struct.pack(order + "HHq", 14, 8, 10**6) + bytes(4)
    content = section(order) + interface(order, digits=9) + interface(order, link_type=101, digits=3)
    content += block(1, struct.pack(order + "HHI", 113, 0, 0) + options, order) + interface(order, link_type=189)
    for number, (time, frame) in enumerate(FRAMES):
        if number % 4 == 0:
            content += packet(time, frame, order)
        elif number % 4 == 1:
            content += packet(time, frame[14:], order, per_s=1000, number=1)
        elif number % 4 == 2:
            units = (time - 10**15) * 2**20 // NS
            data = on_link("cooked", [(time, frame)])[0][1]
            head = struct.pack(order + "HHIIII", 2, 0, units >> 32, units & 0xFFFFFFFF, len(data), len(data))
            content += block(2, head + data, order)
        else:
            content += block(3, struct.pack(order + "I", len(frame)) + frame, order)
            content += packet(time, b"no frame of USB", order, number=3)
    return content


@pytest.mark.parametrize("order", ["<", ">"])
def test_interfaces_of_different_links_in_one_pcapng(tmp_path, order):
    assert streams(mixed(order), tmp_path) == [REQUEST, ANSWER]
    done = replay("feed", "--json", tmp_path / "capture")
    left_out = len(FRAMES) // 4
    assert f"{left_out} frames left out, the first of link type 189 (USB)".encode() in done.stderr
    assert done.stderr.count(b"\n") == 1 and json.loads(done.stdout)["frames"] == len(FRAMES)


@pytest.mark.parametrize("order", ["<", ">"])
def test_times_of_interfaces_with_different_resolutions_are_the_same(tmp_path, order):
    path = tmp_path / "capture"
    path.write_bytes(mixed(order))
    lines = replay("feed", "-v", "--ip", SERVER[0], path).stdout.decode().splitlines()
    told = [float(line.split()[1]) for line in lines if " bytes:" in line and "sends" not in line]
    assert len(told) > 4
    for number, seconds in enumerate(told):
        meant = number - 1 if number % 4 == 3 else number  # a simple block has the time of the one before
        assert abs(seconds - meant / 1000) < 0.0000021, (number, seconds)


def test_sections_of_both_byte_orders_in_one_pcapng(tmp_path):
    half = len(FRAMES) // 2
    content = pcapng(FRAMES[:half]) + pcapng(FRAMES[half:], ">", 10**6)
    assert streams(content, tmp_path) == [REQUEST, ANSWER]


@pytest.mark.parametrize("name, datalink", [("Ethernet", 0), ("Ethernet", 4), ("FDDI", 8), ("Token Ring", 2), ("raw IPv4", 21)])
def test_snoop(tmp_path, name, datalink):
    assert streams(snoop(on_link(name, FRAMES), datalink), tmp_path) == [REQUEST, ANSWER]


def test_a_snaplen_of_snoop(tmp_path):
    path = tmp_path / "capture"
    path.write_bytes(snoop(FRAMES, cut=3))
    assert json.loads(replay("feed", "--json", path).stdout)["cut"] == len(FRAMES)


def test_the_last_padding_of_snoop_may_be_missing(tmp_path):
    frames = [(time, frame) for time, frame in FRAMES if len(frame) % 4][:1]
    content = snoop(FRAMES + frames)
    assert content.endswith(b"\0")
    assert streams(content[: -(-len(frames[0][1]) % 4)], tmp_path) == [REQUEST, ANSWER]


def test_pcap_of_a_patched_libpcap(tmp_path):
    """Kuznetsov's: 8 bytes more before each frame."""
    content = bytearray(struct.pack("<IHHiIII", 0xA1B2CD34, 2, 4, 0, 0, 65535, 1))
    for time, frame in FRAMES:
        content += struct.pack("<IIIIIHBB", time // NS, time % NS // 1000, len(frame), len(frame), 2, 8, 0, 0) + frame
    assert streams(bytes(content), tmp_path) == [REQUEST, ANSWER]


def zstd(content, *words):
    if not shutil.which("zstd"):
        pytest.skip("zstd is not installed")
    return subprocess.run(["zstd", "-q", "-c", *words], input=content, stdout=subprocess.PIPE, check=True).stdout


COMPRESSORS = {"gzip": gzip.compress, "zstd": zstd}
COMPRESSED = pytest.mark.parametrize("compress", COMPRESSORS.values(), ids=COMPRESSORS)


def expands(name):
    """Whether this build reads files of that compression."""
    done = replay("feed", "-", stdin={"gzip": b"\x1f\x8b\x08\0", "zstd": b"\x28\xb5\x2f\xfd"}[name])
    return b"this build doesn't read" not in done.stderr


@pytest.fixture(autouse=True)
def built_in(request):
    for name, compress in COMPRESSORS.items():
        if request.node.callspec.params.get("compress") is compress if hasattr(request.node, "callspec") else False:
            if not expands(name):
                pytest.skip(f"leat-replay was built without {name}")


@COMPRESSED
@pytest.mark.parametrize("make", [pcap, pcapng, snoop])
def test_compressed_captures(tmp_path, compress, make):
    content = compress(make(FRAMES))
    assert streams(content, tmp_path) == [REQUEST, ANSWER]
    path = tmp_path / "capture"
    for command in ("feed", "flow"):
        assert replay(command, "--json", path).stdout == replay(command, "--json", "-", stdin=content).stdout
    done = replay("streams", "--json", "--out", tmp_path, "-", stdin=content)
    assert [one["bytes"] for one in json.loads(done.stdout)["streams"]] == [len(REQUEST), len(ANSWER)]


@COMPRESSED
def test_members_one_behind_the_other(tmp_path, compress):
    content = pcap(FRAMES)
    pieces = [content[at : at + 700] for at in range(0, len(content), 700)]
    assert streams(b"".join(map(compress, pieces)), tmp_path) == [REQUEST, ANSWER]


@COMPRESSED
def test_compressed_data_that_is_cut_off_or_broken(tmp_path, compress):
    path = tmp_path / "capture"
    whole = compress(pcap([(NS, bytes(at % 251 for at in range(size, size + 900))) for size in range(999)]))
    for content, reason in ((whole[: len(whole) // 2], b"the compressed data is cut off"),
                            (whole[:20] + bytes(30) + whole[50:], b": "), (whole + b"more", b": ")):
        path.write_bytes(content)
        done = replay("feed", "--json", path)
        assert done.returncode == 2 and done.stderr.count(b"\n") == 1, done
        assert b"(expanded): " in done.stderr and reason in done.stderr
    path.write_bytes(compress(b"no capture at all"))
    assert b"offset 0 (expanded): no capture" in replay("feed", path).stderr
    path.write_bytes(compress(compress(pcap(FRAMES))))
    assert b"no capture that is read: it is compressed by" in replay("feed", path).stderr


@COMPRESSED
def test_threat_F1_what_expands_without_end_is_refused(tmp_path, compress):
    """Blocks that are skipped, 16 MiB of zeros each: 300 times more than the free 256 MiB must not come."""
    path = tmp_path / "bomb"
    zeros = block(99, bytes((1 << 24) - 12))
    path.write_bytes(compress(section() + interface() + zeros * 20))
    done = replay("feed", "--json", path)
    assert done.returncode == 2 and b"it expands to more than 1000 times its size" in done.stderr, done
    small = tmp_path / "small"
    small.write_bytes(compress(section() + interface() + zeros))
    assert peak_kib("feed", path, status=2) < peak_kib("feed", small) + 4096


def test_other_compressions_are_named(tmp_path):
    path = tmp_path / "capture"
    for magic, name in ((b"\xfd7zXZ\0", b"xz"), (b"BZh9", b"bzip2"), (b"\4\x22\x4d\x18", b"lz4"), (b"PK\3\4", b"zip")):
        path.write_bytes(magic + bytes(40))
        done = replay("feed", path)
        assert done.returncode == 2 and b"offset 0: no capture that is read: it is " in done.stderr and name in done.stderr


def test_a_pipe_that_has_a_name(tmp_path):
    """Its first bytes, which tell whether it is compressed, come once."""
    path = tmp_path / "capture"
    path.write_bytes(pcap(FRAMES))
    done = subprocess.run(["bash", "-c", f"cat {path} | {replay.__globals__['TOOL']} streams --json --out {tmp_path} /dev/stdin"],
                          capture_output=True, timeout=60, check=True)
    assert [one["bytes"] for one in json.loads(done.stdout)["streams"]] == [len(REQUEST), len(ANSWER)]


def test_addresses_of_the_link_are_kept(tmp_path):
    """Those of Ethernet with a tag are the recorded ones."""
    path, out = tmp_path / "capture", tmp_path / "out.pcap"
    path.write_bytes(capture_of("802.1Q", FRAMES))
    assert replay("feed", "--ip", SERVER[0], "--record", out, path).returncode == 0
    assert ether(0x0800, FRAMES[0][1][14:]) in out.read_bytes() and SRC in out.read_bytes()
