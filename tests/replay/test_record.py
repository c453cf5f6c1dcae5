"""The contents of a recording: frames, directions, drop reasons, options of the run; and the flight recorder's text."""

import pathlib

from captures import ACK, NS, SYN, conversation, ipv4, pcap, recorded, replay, tcp

US = ("10.0.0.2", 80)


def record(tmp_path, frames, *words, name="out.pcapng"):
    source, path = tmp_path / "in.pcap", tmp_path / name
    source.write_bytes(pcap(frames))
    done = replay("feed", "--ip", US[0], "--record", path, *words, source)
    assert done.returncode == 0, done
    return path


def test_directions_reasons_and_answers(tmp_path):
    """A frame for another port, one with a wrong checksum, and a SYN that gets an answer."""
    peer = ("10.0.0.9", 4000)
    good = tcp(peer, US, SYN, 1, 0)
    frames = [tcp(peer, (US[0], 81), ACK, 1, 1), good[:-1] + b"?", good]
    path = record(tmp_path, [((at + 1) * NS, frame) for at, frame in enumerate(frames)],
                  "--listen", US[1])
    notes, got = recorded(path)
    received = [(time, comment, data) for time, way, comment, data in got if way == "in"]
    assert [one for one in received if one[2] in frames] == [
        (NS, "drop_tcp_port", frames[0]), (2 * NS, "drop_tcp_checksum", frames[1]),
        (3 * NS, "", frames[2])]
    sent = [data for _, way, _, data in got if way == "out" and data[12:14] == b"\x08\0"]
    assert len(sent) >= 2 and sent[0][47] & 4 and sent[1][47] & SYN
    lines = notes.splitlines()
    assert "program leat-replay" in lines and f"ip {US[0]}" in lines and "listen 80" in lines
    assert any(line.startswith("seed ") and len(line) == 69 for line in lines)


def test_a_pcap_has_the_frames_alone(tmp_path):
    path = record(tmp_path, conversation(), name="out.pcap")
    assert path.read_bytes()[:4] == b"\x4d\x3c\xb2\xa1"
    assert replay("feed", path).returncode == 0


def test_it_can_be_fed_again(tmp_path):
    path = record(tmp_path, conversation())
    assert replay("feed", path).returncode == 0


def test_a_record_that_cannot_be_written(tmp_path):
    source = tmp_path / "in.pcap"
    source.write_bytes(pcap(conversation()))
    for path in (tmp_path / "no" / "where", "/dev/full" if pathlib.Path("/dev/full").exists()
                 else tmp_path):
        done = replay("feed", "--record", path, source)
        assert done.returncode == 2 and done.stderr.count(b"\n") == 1, done


def test_unhex(tmp_path):
    content = pcap([(NS, ipv4("10.0.0.1", "10.0.0.2", 17, bytes(8)))])
    lines = [f"[   1.5] flight: {content[at : at + 32].hex()}\r\n"
             for at in range(0, len(content), 32)]
    console, path = tmp_path / "console", tmp_path / "out.pcap"
    console.write_text("boot\n" + "noise between\n".join(lines) + "flight: xyz\nend")
    assert replay("unhex", "--record", path, console).returncode == 0
    assert path.read_bytes() == content
    assert replay("unhex", "--record", path, "-", stdin=console.read_bytes()).returncode == 0
    assert path.read_bytes() == content
    for text in ("", "nothing here\n"):
        console.write_text(text)
        done = replay("unhex", "--record", path, console)
        assert done.returncode == 2 and done.stderr.count(b"\n") == 1
    assert replay("unhex", console).returncode == 2
    assert replay("unhex", "--record", path, tmp_path / "none").returncode == 2
