"""Captures: a recorded run is repeated byte for byte; errors in broken files are reported with their place."""

import os
import socket
import struct
import subprocess

import pytest

from conftest import INET, V6, binary, run
from stream import echo_all

SEED = "5eed"
MAC = "02:00:00:00:00:07"


def replay(path, *options, name="echo", mac=MAC):
    return subprocess.run(
        [binary(name), "--replay", str(path), "--seed", SEED, "--mac", mac, *map(str, options)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def record(leat, path, work, name="echo", options=(), **kwargs):
    """A recorded run on a TAP device; returns the program, which has ended."""
    program = leat(name, options=["--seed", SEED, "--record", path, *options], **kwargs)
    work(program)
    program.stop()
    return program


def again(program, path, mtu=1500):
    """Replays the recording and records that; returns the bytes of both files."""
    second = path.with_suffix(".again.pcap")
    done = replay(
        path, "--record", second, "--ip", f"{program.net}.2/24", "--gateway", f"{program.net}.1",
        *(["--ip6", f"{program.ip}/64", "--ip6-gateway", program.gateway] if program.over_v6 else []), "--mtu", mtu, mac=program.mac,
    )  # fmt: skip
    assert done.returncode == 0, done
    return path.read_bytes(), second.read_bytes()


def frames(capture):
    """The frames of a nanosecond pcap: (time in ns, bytes)."""
    magic, at, found = struct.unpack_from("=I", capture)[0], 24, []
    assert magic == 0xA1B23C4D
    while at < len(capture):
        seconds, nanoseconds, length, _ = struct.unpack_from("=IIII", capture, at)
        found.append((seconds * 10**9 + nanoseconds, capture[at + 16 : at + 16 + length]))
        at += 16 + length
    return found


def same(first, second):
    if first == second:
        return True
    for number, (one, two) in enumerate(zip(frames(first), frames(second)), 1):
        if one != two:
            pytest.fail(f"frame {number}: at {one[0]} {one[1].hex()}\nagain at {two[0]} {two[1].hex()}")
    pytest.fail(f"{len(frames(first))} frames, and {len(frames(second))} again")
    return False


def talk(program):
    """A bit of everything."""
    run("ping", "-n", "-c", 3, "-i", "0.2", "-s", 4000, program.ip)
    with socket.socket(INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.connect((program.ip, 7))
        for size in (0, 10, 5000):
            sock.send(b"." * size)
            assert len(sock.recv(9000)) == size
    echo_all((program.ip, 7), 10, 50_000, timeout=60)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((program.ip, 9), timeout=5)


@pytest.mark.parametrize("mtu", [1500, 576])
def test_same_seed_same_inputs_same_bytes(leat, tmp_path, mtu):
    if V6 and mtu < 1280:
        pytest.skip("IPv6 wants an MTU of 1,280")
    path = tmp_path / "run.pcap"
    program = record(leat, path, talk, mtu=mtu)
    first, second = again(program, path, mtu)
    assert len(frames(first)) > 100
    assert same(first, second)


def test_with_loss_timers_fire_when_they_fired(leat, lossy, tmp_path):
    path = tmp_path / "lossy.pcap"
    link = lossy(5, seed=11)
    program = record(leat, path, lambda p: echo_all((p.ip, 7), 5, 100_000, timeout=60), link=link)
    assert program.stats["tcp_retransmitted"] > 0
    assert same(*again(program, path))


def test_another_seed_other_bytes(leat, tmp_path):
    """otherwise the comparison would prove nothing"""
    path = tmp_path / "run.pcap"
    program = record(leat, path, lambda p: echo_all((p.ip, 7), 1, 1000, timeout=20))
    done = subprocess.run(
        [binary("echo"), "--replay", path, "--seed", "07e4", "--mac", program.mac, "--ip",
         f"{program.net}.2/24", *(["--ip6", f"{program.ip}/64"] if program.over_v6 else []), "--record", tmp_path / "other.pcap"],
        check=False, timeout=20,
    )  # fmt: skip
    assert done.returncode == 0
    assert path.read_bytes() != (tmp_path / "other.pcap").read_bytes()


def test_the_recording_is_complete(leat, tmp_path):
    path = tmp_path / "run.pcap"
    program = record(leat, path, talk)
    total = program.stats["rx_frames"] + program.stats["tx_frames"]
    assert len([data for _, data in frames(path.read_bytes()) if data]) == total


HEADER = struct.pack("=IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1)


def record_of(length, data=None, seconds=1):
    data = b"\xff" * length if data is None else data
    return struct.pack("=IIII", seconds, 0, length, length) + data


BROKEN = {
    "empty": (b"", "no capture"),
    "no magic": (b"\0" * 64, "no capture"),
    "cut header": (HEADER[:20], "cut off"),
    "USB": (HEADER[:20] + struct.pack("=I", 189), "link type 189 (USB"),
    "cut frame header": (HEADER + record_of(60)[:8], "offset"),
    "cut frame": (HEADER + record_of(60) + record_of(60)[:40], "frame 2"),
    "frame over 262,144": (HEADER + record_of(262145), "offset"),
    "frame of 4 GiB": (HEADER + record_of(60, b"")[:8] + b"\xff" * 8, "offset"),
    "pcapng, block under 12": (
        bytes.fromhex("0a0d0d0a0400000" "04d3c2b1a"), "too short"),
    "pcapng, length not of 4": (
        struct.pack("=IIIHHq", 0x0A0D0D0A, 29, 0x1A2B3C4D, 1, 0, -1) + b"\0" * 5, "multiple of 4"),
    "pcapng, block over 16 MiB": (
        struct.pack("=IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
        + struct.pack("=II", 1, 1 << 28), "more than"),
    "pcapng, trailer differs": (
        struct.pack("=IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
        + struct.pack("=IIHHII", 1, 20, 1, 0, 0, 24), "ends with"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_broken_capture(tmp_path, name):
    """F1, F2: the error has its place, and a length in a file doesn't cause an allocation."""
    content, words = BROKEN[name]
    path = tmp_path / "broken.pcap"
    path.write_bytes(content)
    done = replay(path)
    assert done.returncode in (1, 2), done
    assert done.stderr.count("\n") == 1 and words in done.stderr and str(path)[:80] in done.stderr


def test_frames_longer_than_ip_are_left_out(tmp_path):
    path = tmp_path / "long.pcap"
    path.write_bytes(HEADER + record_of(100_000) + record_of(60))
    done = replay(path, "--stats")
    assert done.returncode == 0 and "rx_frames                           1 " in done.stdout, done


def test_time_that_goes_back(tmp_path):
    path = tmp_path / "back.pcap"
    path.write_bytes(HEADER + record_of(60, seconds=9) + record_of(60, seconds=3))
    assert replay(path).returncode == 0


def test_no_such_capture():
    done = replay("/nonexistent/in.pcap")
    assert done.returncode == 2 and "/nonexistent/in.pcap" in done.stderr


def test_a_full_disk_ends_the_recording_not_the_program(leat):
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full")
    echo = leat("echo", options=["--record", "/dev/full"])
    echo_all((echo.ip, 7), 1, 1_000_000, timeout=30)
    echo.expect_status(1)
    assert "could not write" in echo.text
