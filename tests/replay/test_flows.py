"""Streams and flows: the data that the stack's receiver gets, and the result when the stack plays a side."""

import json
import os
import pathlib
import random
import shutil
import struct
import sys
import xml.dom.minidom

import pytest

import judge
from captures import (ACK, CLIENT, CLIENT6, RST, SERVER, SERVER6, SYN, checksum, conversation, ip4, ipv6, pcap, replay,
                      tcp)

TRACES = os.environ.get("LEAT_TRACES", "")
OWN = pathlib.Path(__file__).resolve().parent.parent / "traces"
INDEX = json.loads((OWN / "index.json").read_text())
sys.path.insert(0, str(OWN))
from pattern import pattern  # noqa: E402


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


FAMILIES = pytest.mark.parametrize("ends", [(CLIENT, SERVER), (CLIENT6, SERVER6)])


@FAMILIES
def test_streams(tmp_path, ends):
    found = streams(write(tmp_path, conversation(ends=ends)), tmp_path)
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


@FAMILIES
def test_a_wrong_checksum_is_data_that_never_came(tmp_path, ends):
    frames = conversation(ends=ends)
    time, frame = frames[3]
    frames[3] = (time, frame[:-1] + b"?")
    path = write(tmp_path, frames)
    assert texts(streams(path, tmp_path))[0] == b""
    assert texts(streams(path, tmp_path, "--repair-checksums"))[0] == REQUEST[:-1] + b"?"


@FAMILIES
@pytest.mark.parametrize("side", ["server", "client"])
def test_a_played_side_finds_nothing_wrong(tmp_path, side, ends):
    path = write(tmp_path, conversation(ends=ends))
    done = replay("flow", "--json", "--side", side, "--out", tmp_path, path)
    played = json.loads(done.stdout)["played"]
    assert done.returncode == 0 and [one["findings"] for one in played] == [[]], done
    assert played[0]["delivered"] == len(REQUEST if side == "server" else ANSWER)
    assert (tmp_path / f"0-{side}.bin").read_bytes() == (REQUEST if side == "server" else ANSWER)


def test_flows_of_both_families_in_one_capture(tmp_path):
    """The addresses are printed as recorded; the same ports of the other family are another flow."""
    frames = sorted(conversation() + conversation(b"six\n", b"VI" * 900, ends=(CLIENT6, SERVER6)))
    path = write(tmp_path, frames)
    found = streams(path, tmp_path)
    assert sorted(texts(found)) == sorted([REQUEST, ANSWER, b"six\n", b"VI" * 900])
    assert any("[2001:db8::1]:40000" in json.dumps(one) for one in found)
    done = replay("flow", path)
    assert done.returncode == 0 and b"[2001:db8::2]:80" in done.stdout, done


def test_headers_before_tcp_are_walked(tmp_path):
    """A Destination Options header is skipped (RFC 8200 4.6); a fragment or an incomplete packet belongs to no flow."""
    frames = conversation(ends=(CLIENT6, SERVER6))
    options = bytes([6, 0, 1, 4, 0, 0, 0, 0])
    when, text = frames[3][0], REQUEST
    frames[3] = when, tcp(CLIENT6, SERVER6, ACK, 1001, 0xFFFFFF01, text, headers=options)
    frames.insert(3, (when, ipv6(CLIENT6[0], SERVER6[0], 44, bytes([6, 0, 0, 1, 0, 0, 0, 1]) + bytes(24))))
    frames.insert(3, (when, ipv6(CLIENT6[0], SERVER6[0], 6, bytes(19))))
    assert texts(streams(write(tmp_path, frames), tmp_path)) == [REQUEST, ANSWER]


def test_from_standard_input(tmp_path):
    content = pcap(conversation())
    done = replay("streams", "--json", "--out", tmp_path, "-", stdin=content)
    assert done.returncode == 0
    assert texts(json.loads(done.stdout)["streams"]) == [REQUEST, ANSWER]
    done = replay("flow", "--json", "-", stdin=content)
    assert done.returncode == 0
    assert [one["delivered"] for one in json.loads(done.stdout)["played"]] == [12, 2100]
    done = replay("flow", "-", stdin=content[:-7])  # the complete part is reported
    assert done.returncode == 2 and b"12 bytes received, 2100 sent" in done.stdout
    assert done.stderr.count(b"\n") == 1 and b"standard input" in done.stderr


def test_data_of_a_syn(tmp_path):
    """Fast Open (RFC 7413): the receiver gets the data, with any cookie."""
    frames = conversation()
    (when, _), text = frames[0], b"early "
    frames[0] = when, tcp(CLIENT, SERVER, SYN, 1000 - len(text), 0, text)
    found = streams(write(tmp_path, frames), tmp_path)
    assert texts(found) == [text + REQUEST, ANSWER]
    assert replay("flow", tmp_path / "flow.pcap").returncode == 0


def test_the_answer_before_the_syn(tmp_path):
    frames = conversation()
    frames[0], frames[1] = (frames[0][0], frames[1][1]), (frames[1][0], frames[0][1])
    assert texts(streams(write(tmp_path, frames), tmp_path)) == [REQUEST, ANSWER]
    assert replay("flow", tmp_path / "flow.pcap").returncode == 0


def played(path, *words):
    done = replay("flow", "--json", *words, path)
    return done.returncode, json.loads(done.stdout)["played"]


def damage(frame, at):
    """The frame with a wrong byte in its IPv4 header (at 24: the checksum's) or after it."""
    return frame[:at] + bytes([frame[at] ^ 0x55]) + frame[at + 1:]


def test_repaired_checksums_are_those_of_ipv4_too(tmp_path):
    path = write(tmp_path, [(time, damage(frame, 24)) for time, frame in conversation()])
    assert texts(streams(path, tmp_path, "--repair-checksums")) == [REQUEST, ANSWER]
    status, plays = played(path, "--repair-checksums")
    assert status == 0 and [one["delivered"] for one in plays] == [len(REQUEST), len(ANSWER)]
    assert [one["damaged"] for one in plays] == [0, 0]


@pytest.mark.parametrize("at", [24, 50])  # the checksums of IPv4 and of TCP
def test_a_play_in_which_nothing_came_is_not_fine(tmp_path, at):
    path = write(tmp_path, [(time, damage(frame, at)) for time, frame in conversation()])
    status, plays = played(path)
    assert status == 1
    for one in plays:
        assert one["delivered"] == 0 and one["damaged"] > 0
        assert any("nothing came or went" in finding for finding in one["findings"])


def test_text_in_a_reset_is_not_of_the_stream(tmp_path):
    """RFC 1122 4.2.2.12: it may say why; tshark takes it for data."""
    frames = conversation()[:4]
    frames.append((frames[-1][0] + 10**6, tcp(SERVER, CLIENT, RST | ACK, 0xFFFFFF01, 1001 + len(REQUEST), b"too busy")))
    found = streams(write(tmp_path, frames), tmp_path)
    assert texts(found)[1] == b"" and found[1]["remark"] == "8 bytes of a RST say why, and are not of the stream"


def test_data_behind_a_reset_is_nobodys(tmp_path):
    """No data came, as in the capture: the reset was first."""
    frames = conversation()[:3]
    for frame in (tcp(SERVER, CLIENT, RST | ACK, 0xFFFFFF01, 1001),
                  tcp(SERVER, CLIENT, ACK, 0xFFFFFF01, 1001, b"late")):
        frames.append((frames[-1][0] + 10**6, frame))
    status, plays = played(write(tmp_path, frames), "--side", "client")
    assert status == 0 and plays[0]["delivered"] == 0, plays


def late(frames, first):
    """The first @first of the frames, and then those of @frames."""
    begin = frames[0][0] - len(first) * 10**6
    return [(begin + at * 10**6, frame) for at, frame in enumerate(first)] + frames


def test_a_reset_in_syn_sent_is_no_abort(tmp_path):
    """RFC 9293 3.5.1: an ACK of an old connection is reset, and the SYN sent again."""
    frames = conversation()
    old = tcp(SERVER, CLIENT, ACK, 77, 500)
    status, plays = played(write(tmp_path, late(frames, [
        frames[0][1], old, tcp(CLIENT, SERVER, RST, 500, 0)])), "--side", "client")
    assert status == 0 and plays[0]["delivered"] == len(ANSWER), plays


@pytest.mark.parametrize("side", ["server", "client"])
def test_a_refused_syn_that_is_sent_again(tmp_path, side):
    """The server's RST is for a port that was still closed: no program has aborted."""
    frames = conversation()
    status, plays = played(write(tmp_path, late(frames, [
        frames[0][1], tcp(SERVER, CLIENT, RST | ACK, 0, 1001)])), "--side", side)
    assert status == 0 and plays[0]["delivered"] == len(REQUEST if side == "server" else ANSWER)
    assert plays[0]["sent"] == len(ANSWER if side == "server" else REQUEST)


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


@pytest.mark.parametrize("name", INDEX)
def test_own_traces(tmp_path, name):
    """All commands read each capture; its streams are the hosts' data; no flow has a finding."""
    path = OWN / f"{name}.pcap"
    told = INDEX[name]
    done = replay("feed", "--json", "--ip", told["server"], path)
    assert done.returncode == 0
    assert json.loads(done.stdout)["frames"] == told["frames"]
    flows = told["flows"] or []
    found = [stream for stream in streams(path, tmp_path)
             if "not followed" not in (stream["remark"] or "")]
    assert texts(found) == [pattern(who, count) for flow in flows
                            for who, count in zip(("up", "down"), flow)] or name == "dns"
    done = replay("flow", "--json", path)
    assert done.returncode == 0, done.stdout.decode()
    assert len(json.loads(done.stdout)["played"]) == 2 * len(flows)


@pytest.mark.parametrize("name", INDEX)
def test_own_traces_are_followed_as_by_tshark(name):
    result = judged(OWN / f"{name}.pcap")
    assert result["differ"] == [] and result["exact"] == result["clean"] >= 2 * len(INDEX[name]["flows"] or ())


def judged(path):
    if not shutil.which("sharkd"):
        pytest.skip("sharkd, beside tshark, is not installed")
    return judge.judge(path)


COUNTERS = {  # counters of a stack in the server's place, for some captures
    "arp-conflict": {"arp_conflicts": 2},
    "fragments": {"drop_udp_port": 4, "icmp_echo_replies": 2},
    "udp": {"drop_udp_port": 6},
    "refused": {"drop_tcp_port": 1, "tcp_rst_sent": 1},
}


@pytest.mark.parametrize("name", COUNTERS)
def test_own_traces_are_counted(name):
    done = replay("feed", "--json", "--ip", INDEX[name]["server"], OWN / f"{name}.pcap")
    counters = json.loads(done.stdout)["counters"]
    assert {key: counters[key] for key in COUNTERS[name]} == COUNTERS[name]


def given(folder):
    """Captures in the folder LEAT_TRACES."""
    if not TRACES or not (pathlib.Path(TRACES) / folder).is_dir():
        pytest.skip(f"LEAT_TRACES names no folder with captures in {folder}/")
    return sorted(path for path in (pathlib.Path(TRACES) / folder).iterdir()
                  if path.suffix.startswith(".pcap"))


# Streams that differ from tshark's, and why the stack is right.
OTHER_STREAMS = {
    "modbus__modbus-and-non-modbus-p502.pcap": "text behind the sender's own RST",
    "ftp__bigtransfer.pcap": "a hole of a gigabyte, over which tshark jumps",
    "tcp__qi_internet_SYNACK_curl_jsonip.pcap":
        "an injected segment without the timestamps that were agreed on: RFC 7323 3.2 drops it",
}


def test_streams_are_those_of_tshark():
    if not shutil.which("sharkd"):
        pytest.skip("sharkd, beside tshark, is not installed")
    results = {path.name: result for path, result in judge.judge_all(given("flows"))}
    assert not any(result.get("limit") for result in results.values())
    assert {name for name, result in results.items() if result.get("differ")} <= set(OTHER_STREAMS)


def plays_well(path):
    """Without a finding; captures with wrong checksums are repaired."""
    status, plays = played(path)
    if status != 0 and any(one["damaged"] for one in plays):
        status, _ = played(path, "--repair-checksums")
    return status == 0


def test_all_given_flows_play_in_both_roles():
    wrong = [path.name for path in given("flows") if not plays_well(path)]
    assert wrong == []


@pytest.mark.parametrize("command", ["feed", "streams", "flow"])
def test_odd_captures_are_read_or_refused(tmp_path, command):
    for path in given("odd"):
        done = replay(command, *(() if command == "feed" else ("--out", tmp_path)), path)
        assert done.returncode in (0, 1, 2), (path, done)
        if done.returncode == 2:
            assert done.stderr.count(b"\n") == 1 and b"offset" in done.stderr, (path, done)


def jump(frames, number, seconds):
    """The frames, the recorded clock moved from frame @number on."""
    return [(time + (seconds * 10**9 if at >= number else 0), frame) for at, (time, frame) in enumerate(frames)]


@pytest.mark.parametrize("seconds", [400, 10**5, 10**8, -10**8])
@pytest.mark.parametrize("number", range(1, 9))
def test_recorded_time_ends_no_connection(tmp_path, number, seconds):
    """The clock of the capturing host was set, or the peers were silent, in the handshake or later."""
    path = write(tmp_path, jump(conversation(), number, seconds))
    assert texts(streams(path, tmp_path)) == [REQUEST, ANSWER]
    status, plays = played(path)
    assert status == 0 and [one["delivered"] for one in plays] == [len(REQUEST), len(ANSWER)], plays


def test_a_SYN_that_was_sent_for_an_hour(tmp_path):
    """Each gap alone would be short."""
    frames = conversation()
    again = [(frames[0][0] + at * 60 * 10**9, frames[0][1]) for at in range(60)]
    path = write(tmp_path, again + [(time + 3600 * 10**9, frame) for time, frame in frames[1:]])
    assert texts(streams(path, tmp_path)) == [REQUEST, ANSWER]
    assert played(path)[0] == 0


def test_times_are_shown_as_recorded(tmp_path):
    lines = replay("flow", "-v", "--side", "server", write(tmp_path, jump(conversation(), 3, 1000))).stdout.decode()
    assert " 1000.003000  peer" in lines and " 1000.004000  leat" in lines, lines


def finish(frame, field=None):
    """The frame with a checksum that a device would complete: the pseudo-header's sum, or @field."""
    data = bytearray(frame)
    if field is None:
        data[50:52] = b"\0\0"
        field = 0xFFFF ^ checksum(bytes(data[26:34]) + struct.pack(">HH", 6, len(data) - 34))
    data[50:52] = struct.pack(">H", field)
    return bytes(data)


@pytest.mark.parametrize("field", [None, 0])
def test_checksums_that_the_device_completes_are_named(tmp_path, field):
    frames = [(time, finish(frame, field) if frame[26:30] == ip4(CLIENT[0]) else frame) for time, frame in conversation()]
    path = write(tmp_path, frames)
    done = replay("flow", "--side", "server", path)
    assert done.returncode == 1 and b"(offload)" in done.stdout and b"--repair-checksums" in done.stdout, done
    remark = json.loads(replay("streams", "--json", "--out", tmp_path, path).stdout)["streams"][0]["remark"]
    assert "wrong checksums: the sender's device completes them (offload)" in remark
    assert texts(streams(path, tmp_path, "--repair-checksums")) == [REQUEST, ANSWER]
    assert played(path, "--repair-checksums")[0] == 0
    path = write(tmp_path, [(time, damage(frame, 50)) for time, frame in conversation()])
    assert b"(offload)" not in replay("flow", path).stdout


def test_a_reset_after_a_damaged_SYN_is_no_finding(tmp_path):
    """The stack has no connection for the ACK that follows (RFC 9293 3.10.7.1)."""
    frames = conversation(b"", b"")
    frames[0] = frames[0][0], damage(frames[0][1], 50)
    done = replay("flow", "--side", "server", write(tmp_path, frames))
    assert done.returncode == 0 and b"RSTs for a connection whose segments were dropped" in done.stdout, done


WHYS = {
    "both SYNs are missing": conversation()[2:],
    "the client's SYN is missing": conversation()[1:],
    "the server's SYN is missing": conversation()[:1] + conversation()[2:],
    "the client's SYN was not answered": conversation()[:1],
    "the server refused it with a RST": conversation()[:1] + [(10**18 + 10**6, tcp(SERVER, CLIENT, RST | ACK, 0, 1001))],
    "the capture has truncated 4 of its 13 segments": [(time, frame[:57]) for time, frame in conversation()],
}


@pytest.mark.parametrize("why", WHYS)
def test_a_flow_that_is_not_played_says_why(tmp_path, why):
    path = write(tmp_path, WHYS[why])
    done = replay("flow", "--json", path)
    told = json.loads(done.stdout)
    assert done.returncode == 0 and told["played"] == [] and told["skipped"] == 1
    assert why in told["not_played"][0]["why"], told
    assert f"not played: {why}".encode() in replay("flow", path).stdout
    for stream in json.loads(replay("streams", "--json", "--out", tmp_path, path).stdout)["streams"]:
        assert why in stream["remark"] or "truncated" in stream["remark"], stream


def test_a_capture_without_flows_says_so(tmp_path):
    path = write(tmp_path, [(10**18, ipv6("fe80::1", "ff02::1", 58, bytes(8)))])
    assert b"no TCP flow in 1 frames" in replay("flow", path).stdout
