"""Streams and flows: what the stack's receiver gets, and what it says when it plays a side."""

import json
import os
import pathlib
import random
import subprocess
import xml.dom.minidom

import pytest

from captures import CLIENT, SERVER, RST, ACK, conversation, pcap, replay, tcp

TRACES = os.environ.get("LEAT_TRACES", "")
OWN = pathlib.Path(__file__).resolve().parent.parent / "traces"


def write(tmp_path, frames):
    path = tmp_path / "flow.pcap"
    path.write_bytes(pcap(frames))
    return path


def streams(path, folder, *words):
    done = replay("streams", "--json", "--out", folder, *words, path)
    assert done.returncode == 0, done
    return json.loads(done.stdout)["streams"]


def texts(found):
    return [pathlib.Path(stream["file"]).read_bytes() for stream in found]


REQUEST, ANSWER = b"what is it?\n", b"a leat\n" * 300


def test_streams(tmp_path):
    found = streams(write(tmp_path, conversation()), tmp_path)
    assert texts(found) == [REQUEST, ANSWER]
    assert all(stream["complete"] for stream in found)


@pytest.mark.parametrize("seed", range(20))
def test_streams_of_reordered_and_repeated_segments(tmp_path, seed):
    noise = random.Random(seed)
    frames = [frame for _, frame in conversation(answer=bytes(range(256)) * 100)]
    middle = [frame for frame in frames[3:-3] for _ in range(noise.choice((1, 1, 2)))]
    for _ in range(10):
        at = noise.randrange(len(middle) - 1)
        middle[at], middle[at + 1] = middle[at + 1], middle[at]
    frames = frames[:3] + middle + frames[-3:]
    timed = [(10**18 + at * 10**6, frame) for at, frame in enumerate(frames)]
    assert texts(streams(write(tmp_path, timed), tmp_path)) == [REQUEST, bytes(range(256)) * 100]


def test_a_wrong_checksum_is_text_that_never_came(tmp_path):
    frames = conversation()
    time, frame = frames[3]
    frames[3] = (time, frame[:-1] + b"?")
    path = write(tmp_path, frames)
    assert texts(streams(path, tmp_path))[0] == b""
    assert texts(streams(path, tmp_path, "--repair-checksums"))[0] == REQUEST[:-1] + b"?"


@pytest.mark.parametrize("side", ["server", "client"])
def test_a_played_side_finds_nothing_wrong(tmp_path, side):
    path = write(tmp_path, conversation())
    done = replay("flow", "--json", "--side", side, "--out", tmp_path, path)
    played = json.loads(done.stdout)["played"]
    assert done.returncode == 0 and [one["findings"] for one in played] == [[]], done
    assert played[0]["delivered"] == len(REQUEST if side == "server" else ANSWER)
    assert (tmp_path / f"0-{side}.bin").read_bytes() == (REQUEST if side == "server" else ANSWER)


def test_a_reset_of_nowhere_is_as_recorded(tmp_path):
    frames = conversation()[:5]
    frames.append((frames[-1][0] + 10**6, tcp(SERVER, CLIENT, RST | ACK, 0xFFFFFF01 + 1000, 1013)))
    done = replay("flow", "--json", write(tmp_path, frames))
    assert done.returncode == 0, done


def test_the_picture_is_svg_with_axes_and_legend(tmp_path):
    picture = tmp_path / "flow.svg"
    done = replay("flow", "--side", "client", "--plot", picture, write(tmp_path, conversation()))
    assert done.returncode == 0
    text = picture.read_text()
    xml.dom.minidom.parseString(text)
    for word in ("sequence number", "time, ms", "segment", "retransmission", "acknowledged",
                 "window", "SACK"):
        assert word in text


def test_a_picture_a_play(tmp_path):
    done = replay("flow", "--plot", tmp_path / "flow.svg", write(tmp_path, conversation()))
    assert done.returncode == 0
    assert {path.name for path in tmp_path.glob("*.svg")} == {"flow-0-server.svg",
                                                              "flow-0-client.svg"}


@pytest.mark.parametrize("name", sorted(path.name for path in OWN.glob("*.pcap*")))
def test_own_traces(tmp_path, name):
    """Each is read by all commands; no flow of them brings a finding."""
    path = OWN / name
    assert replay("feed", path).returncode == 0
    assert replay("streams", "--out", tmp_path, path).returncode == 0
    done = replay("flow", path)
    assert done.returncode == 0, done.stdout.decode()


def given(folder):
    """Captures of a folder that LEAT_TRACES names."""
    if not TRACES or not (pathlib.Path(TRACES) / folder).is_dir():
        pytest.skip("LEAT_TRACES names no folder of captures")
    return sorted(path for path in (pathlib.Path(TRACES) / folder).iterdir()
                  if path.suffix.startswith(".pcap"))


# Streams that are not tshark's, and why the stack is right.
OTHER_STREAMS = {
    "ftp__bigtransfer.pcap": "a hole of a gigabyte, over which tshark jumps",
    "globus-url-copy-bad-encoding.pcap": "a wrong checksum",
    "modbus__modbus-and-non-modbus-p502.pcap": "a wrong checksum",
    "nfs__nfs_write_bad_stable_how.pcap": "a wrong checksum",
    "dnp3__dnp3.pcap": "one flow has no SYN",
}


def follow(path, tuples):
    """tshark's streams: {(from, to): [bytes, ...]}, in the order of the flows."""
    found = {}
    for number, (one, other) in sorted(tuples.items()):
        out = subprocess.run(["tshark", "-r", path, "-q", "-z", f"follow,tcp,raw,{number}"],
                             capture_output=True, text=True, check=True).stdout.splitlines()
        first = next(line for line in out if line.startswith("Node 0: "))[8:]
        second = other if first == one else one
        lines = {True: "", False: ""}
        for line in out[6:]:
            if line.startswith("==="):
                break
            lines[line.startswith("\t")] += line.strip()
        found.setdefault((first, second), []).append(bytes.fromhex(lines[False]))
        found.setdefault((second, first), []).append(bytes.fromhex(lines[True]))
    return found


def tshark_tuples(path):
    """{tcp.stream: (endpoint, endpoint)} of the streams over IPv4."""
    out = subprocess.run(["tshark", "-r", path, "-Y", "tcp && ip", "-T", "fields", "-e",
                          "tcp.stream", "-e", "ip.src", "-e", "tcp.srcport", "-e", "ip.dst",
                          "-e", "tcp.dstport"], capture_output=True, text=True, check=True).stdout
    tuples = {}
    for line in out.splitlines():
        number, src, sport, dst, dport = line.split("\t")
        if "," not in src + number:
            tuples.setdefault(int(number), (f"{src}:{sport}", f"{dst}:{dport}"))
    return tuples


def test_streams_are_those_of_tshark(tmp_path):
    wrong = []
    for path in given("flows"):
        ours = {}
        for stream in streams(path, tmp_path):
            ours.setdefault((stream["from"], stream["to"]), []).append(
                pathlib.Path(stream["file"]).read_bytes())
        if ours != follow(path, tshark_tuples(path)) and path.name not in OTHER_STREAMS:
            wrong.append(path.name)
    assert wrong == []


def test_all_given_flows_play_in_both_roles():
    wrong = [path.name for path in given("flows") if replay("flow", path).returncode != 0]
    assert wrong == []


@pytest.mark.parametrize("command", ["feed", "streams", "flow"])
def test_odd_captures_are_read_or_refused(tmp_path, command):
    for path in given("odd"):
        done = replay(command, *(() if command == "feed" else ("--out", tmp_path)), path)
        assert done.returncode in (0, 1, 2), (path, done)
        if done.returncode == 2:
            assert done.stderr.count(b"\n") == 1 and b"offset" in done.stderr, (path, done)
