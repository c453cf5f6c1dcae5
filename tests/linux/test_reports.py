"""Reports of faults in other TCP/IP stacks: leat gets the packets of each, and its answer is asserted.

docs/lab/reports.md has the list; a name here is a repository of GitHub and the number of its issue or pull request.
"""

import os
import pathlib
import socket
import struct
import time

os.environ |= {"XDG_CACHE_HOME": "/nonexistent", "XDG_CONFIG_HOME": "/nonexistent"}  # keeps scapy from writing files

import pytest
from scapy.all import (ARP, BOOTP, DHCP, ICMP, IP, TCP, UDP, Ether, ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ND_NS, ICMPv6ND_RA,
                       ICMPv6NDOptSrcLLAddr, IPOption, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, Raw, fragment)

from conftest import LIMIT_S, PATH, PATIENCE, Leat, came, run
from report_peer import OUR6, QUIET_S, Peer, of_another_router, text_of

if PATH:
    pytest.skip("frames are sent on a device", allow_module_level=True)

REPORTS = {}
CHALLENGE_S = 0.7  # one challenge in half a second and connection (RFC 5961 7)

def report(*names):
    """Makes a test of the function, for these reports."""
    def note(function):
        REPORTS[names] = function
        return function

    return note


@pytest.fixture(scope="module")
def echo():
    made = Leat("echo", options=["--ip6", f"{OUR6}/64"])
    assert came(lambda: answers6(made), LIMIT_S)
    yield made
    made.remove()  # checks that the counters balance


def answers6(made):
    run("ip", "addr", "replace", "fd78::1/64", "dev", made.wire, "nodad")
    return b" 1 received" in run("ping", "-n", "-c", 1, "-W", 1, OUR6, check=False)


@pytest.fixture
def peer(echo):
    made = Peer(echo)
    yield made
    made.check_alive()
    made.close()


# ---- Options of TCP ---------------------------------------------------------------------------------------------

def with_options(peer, options, port, version=4):
    """A SYN whose options are these bytes."""
    options += b"\0" * (-len(options) % 4)
    head = TCP(sport=port, dport=7, flags="S", seq=1000, dataofs=5 + len(options) // 4)
    return (peer.v4() if version == 4 else peer.v6()) / head / Raw(options)


@report("tass-belgium/picotcp#506", "RIOT-OS/RIOT#12086", "RIOT-OS/RIOT#12253", "FreeRTOS/FreeRTOS-Plus-TCP#360")
def malformed_tcp_options_end(peer):
    """A length of 0, one beyond the header, one that is not the kind's: no loop, and nothing is read behind the header."""
    for number, options in enumerate((b"\2\0", b"\x50\0\0\0", b"\2\x28\5\xb4", b"\2\3\5\0", b"\3", b"\x08\x0a\0\0", b"\5\x0b" + b"\1" * 9)):
        for version in (4, 6):
            frame = with_options(peer, options, peer.port + 10 + number, version)
            answer = peer.ask(frame, lambda frame: TCP in frame, seconds=QUIET_S)
            assert answer is None or answer[TCP].flags in ("SA", "R", "RA")


@report("zephyrproject-rtos/zephyr#19511")
def options_of_zeros_are_none(peer):
    for number in range(8):
        answer = peer.ask(with_options(peer, bytes(40), peer.port + 20 + number), lambda frame: TCP in frame)
        assert answer[TCP].flags == "SA"
    peer.open().says(b"hello")


@report("google/gvisor#11536")
def timestamps_that_vanish_after_the_handshake(peer):
    """Segments without them are taken, as by Linux: conformance.md, RFC 7323 3.2."""
    talk = peer.open(options=[("MSS", 1460), ("Timestamp", (1, 0))])
    assert dict(talk.answer.options)["Timestamp"]
    talk.says(b"hello")


# ---- Segments that don't fit -------------------------------------------------------------------------------------

@report("zephyrproject-rtos/zephyr#93350")
def a_keep_alive_is_acknowledged(peer):
    talk = peer.open()
    talk.says(b"hello")
    for data in (b"", b"x"):  # RFC 9293 3.8.4: with a byte or without
        answer = talk.ask("A", data, seq=talk.next - 1)
        assert answer.flags == "A" and answer.ack == talk.next and answer.seq == talk.acked
    talk.says(b"again")


@report("zephyrproject-rtos/zephyr#90086", "zephyrproject-rtos/zephyr#4420")
def a_closed_port_answers_with_a_reset_that_is_taken(peer):
    """RFC 9293 3.10.7.1: the ACK covers SYN, FIN and data; with an ACK, SEQ is that."""
    for flags, data, covered in (("S", b"", 1), ("S", b"data", 5), ("F", b"", 1), ("", b"ab", 2)):
        answer = peer.ask(peer.v4() / TCP(sport=4000, dport=9999, flags=flags, seq=50) / Raw(data), lambda frame: TCP in frame)[TCP]
        assert answer.flags == "RA" and answer.seq == 0 and answer.ack == 50 + covered, (flags, answer.summary())
    answer = peer.ask(peer.v4() / TCP(sport=4000, dport=9999, flags="A", seq=50, ack=777), lambda frame: TCP in frame)[TCP]
    assert answer.flags == "R" and answer.seq == 777
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((peer.echo.ip, 9999), LIMIT_S)


@report("zephyrproject-rtos/zephyr#63966", "google/gvisor#1153")
def data_for_a_connection_that_is_not_there_is_reset(peer):
    answer = peer.ask(peer.v4() / TCP(sport=4001, dport=7, flags="PA", seq=5, ack=6) / b"data", lambda frame: TCP in frame)[TCP]
    assert answer.flags == "R" and answer.seq == 6
    talk = peer.open()
    talk.send("R")
    answer = talk.ask("PA", b"data")
    assert answer.flags == "R" and answer.seq == talk.acked


@report("zephyrproject-rtos/zephyr#48465", "ausimian/tricep#97")
def syn_and_reset_in_a_connection_are_challenged(peer):
    """RFC 5961 3.2, 4.2: only a RST at RCV.NXT ends a connection."""
    talk = peer.open()
    talk.says(b"hello")
    for flags, seq in (("S", talk.next), ("S", talk.next + 100), ("R", talk.next + 1)):
        answer = talk.ask(flags, seq=seq)
        assert answer.flags == "A" and answer.ack == talk.next, (flags, seq)
        time.sleep(CHALLENGE_S)
    talk.gets_nothing("R", seq=talk.next - 1)
    talk.gets_nothing("R", seq=talk.next + 1000000)
    talk.says(b"still here")
    talk.gets_nothing("R")
    assert talk.ask("PA", b"over").flags == "R"


@report("google/gvisor#7199")
def a_wrong_ack_in_syn_received_is_reset(peer):
    talk = peer.open(shake=False)
    answer = talk.ask("A", ack=talk.acked + 5)
    assert answer.flags == "R" and answer.seq == talk.acked + 5
    talk.send("A")
    talk.says(b"hello")


@report("zephyrproject-rtos/zephyr#19367")
def wrong_checksums_cost_nothing_but_their_segments(peer):
    peer.gets_nothing(*[peer.v4() / TCP(sport=4100 + number, dport=7, flags="S", chksum=1) for number in range(20)])
    talk = peer.open()
    talk.gets_nothing("PA", b"wrong", chksum=1)
    talk.says(b"right")


@report("containers/gvisor-tap-vsock#127")
def handshakes_that_end_with_a_reset_leave_nothing_behind(peer):
    """As health checks of a load balancer do."""
    for _ in range(50):
        talk = peer.open(shake=False)
        talk.send("R")
    peer.open().says(b"hello")


@report("mirage/mirage-tcpip#107")
def nothing_is_sent_after_a_reset(peer):
    talk = peer.open()
    talk.send("PA", b"x" * 1000)
    assert talk.receive(wanted=lambda segment: bool(text_of(segment)))
    talk.next += 1000
    talk.send("R")
    assert (late := talk.receive(1.5)) is None, late.summary()


# ---- Order and loss ----------------------------------------------------------------------------------------------

@report("microsoft/demikernel#1441", "demikernel/inetstack#145")
def data_and_a_fin_that_overtake_are_kept(peer):
    talk = peer.open()
    talk.send("FPA", b"89", seq=talk.next + 8)
    talk.send("PA", b"4567", seq=talk.next + 4)
    talk.send("PA", b"0123")
    talk.next += 11
    talk.hears(b"0123456789")
    fin = talk.answer if "F" in str(talk.answer.flags) else talk.receive(wanted=lambda segment: "F" in str(segment.flags))
    assert fin.ack == talk.next


@report("apache/nuttx#9041")
def empty_segments_out_of_order_are_no_data(peer):
    talk = peer.open()
    for ahead in (1, 5, 9):
        talk.send("A", seq=talk.next + ahead)
    talk.says(b"0123456789")
    talk.says(b"more")


@report("mirage/mirage#233")
def a_fin_gets_one_answer(peer):
    talk = peer.open()
    talk.says(b"hello")
    talk.send("FA")
    talk.next += 1
    answers = []
    while (segment := talk.receive(1)) is not None:
        answers.append(str(segment.flags))
        if "F" in answers[-1]:
            talk.acked = segment.seq + 1
            talk.send("A")
    assert answers in (["FA"], ["A", "FA"])


@report("tass-belgium/picotcp#126")
def a_probe_of_a_closed_window_can_be_answered(peer):
    """RFC 9293 3.8.6.1: it has an ACK and an expected sequence number."""
    talk = peer.open()
    talk.window = 0
    talk.send("PA", b"hello")
    talk.next += 5
    probe = talk.receive(wanted=lambda segment: segment.seq != talk.acked or bool(text_of(segment)))
    assert probe.flags.A and probe.ack == talk.next and probe.seq in (talk.acked, talk.acked - 1) and len(text_of(probe)) <= 1
    talk.window = 65535
    talk.send("A")
    talk.hears(b"hello")


@report("google/gvisor#13393")
def a_fin_behind_a_closed_window_comes_when_it_opens(peer):
    talk = peer.open()
    talk.window = 0
    talk.send("FPA", b"hello")
    talk.next += 6
    assert talk.receive().ack == talk.next
    talk.window = 65535
    talk.send("A")
    heard, fin = b"", None
    while fin is None:
        segment = talk.receive()
        if text_of(segment) and segment.seq == talk.acked:
            heard += text_of(segment)
            talk.acked += len(text_of(segment))
        if segment.flags.F and segment.seq + len(text_of(segment)) == talk.acked:
            fin = segment
            talk.acked += 1
        talk.send("A")
    assert heard == b"hello"


@report("smoltcp-rs/smoltcp#518")
def the_window_of_one_connection_is_not_anothers(peer):
    talk = peer.open()
    talk.says(b"hello")
    answer = peer.ask(peer.v4() / TCP(sport=4300, dport=7, flags="FA", seq=9, ack=9, window=63), lambda frame: TCP in frame)
    assert answer[TCP].flags == "R"
    talk.send("PA", b"x" * 1400)
    talk.next += 1400
    assert len(text_of(talk.receive(wanted=lambda segment: bool(text_of(segment))))) == 1400
    talk.send("R")


@report("mirage/mirage-tcpip#340", "smoltcp-rs/smoltcp#199")
def a_window_that_closed_opens_again(peer):
    """The kernel sends until nothing more is taken, reads late, and gets all of it."""
    with socket.create_connection((peer.echo.ip, 7), LIMIT_S) as conn:
        conn.setblocking(False)
        sent, still = 0, time.monotonic()
        while time.monotonic() - still < 1:
            try:
                sent += conn.send(bytes(65536))
                still = time.monotonic()
            except BlockingIOError:
                time.sleep(0.01)
        conn.settimeout(LIMIT_S)
        heard = 0
        while heard < sent:
            assert (data := conn.recv(65536))
            heard += len(data)
        conn.sendall(b"more")
        assert conn.recv(10) == b"more" and heard == sent


@report("espressif/esp-lwip#18")
def an_end_right_behind_data_is_heard(peer):
    data = os.urandom(7661)
    for _ in range(50):
        with socket.create_connection((peer.echo.ip, 7), LIMIT_S) as conn:
            conn.sendall(data)
            conn.shutdown(socket.SHUT_WR)
            heard = b""
            while more := conn.recv(65536):
                heard += more
            assert heard == data


# ---- ARP ---------------------------------------------------------------------------------------------------------

@report("zephyrproject-rtos/zephyr#11489", "zephyrproject-rtos/zephyr#11257")
def a_malformed_arp_request_gets_no_reply(peer):
    broadcast = peer.ether(dst="ff:ff:ff:ff:ff:ff")
    peer.gets_nothing(broadcast / ARP(hwsrc=peer.mac, psrc="127.0.0.1", pdst=peer.echo.ip))
    peer.gets_nothing(broadcast / ARP(hwsrc=peer.mac, psrc=peer.ip, pdst=peer.echo.ip, plen=5))
    reply = peer.ask(broadcast / ARP(hwsrc=peer.mac, psrc=peer.ip, pdst=peer.echo.ip), lambda frame: ARP in frame and frame[ARP].op == 2)
    assert reply[ARP].hwsrc == peer.echo.mac


@report("zephyrproject-rtos/zephyr#16098")
def answers_go_to_the_sender_of_the_arp_packet(peer):
    """Another station's Ethernet source, as some switches and bonds have it."""
    request = ARP(hwsrc=peer.mac, psrc=peer.ip, pdst=peer.echo.ip)
    peer.send(peer.ether(src="02:00:00:00:02:02", dst="ff:ff:ff:ff:ff:ff") / request)
    reply = peer.ask(peer.v4() / ICMP(id=1), lambda frame: ICMP in frame)
    assert reply.dst == peer.mac


@report("zephyrproject-rtos/zephyr#10188")
def a_neighbour_that_changes_its_address_is_followed(peer):
    peer.ask(peer.v4() / ICMP(id=1), lambda frame: ICMP in frame)
    peer.mac = "02:00:00:00:02:03"
    peer.send(peer.ether(dst="ff:ff:ff:ff:ff:ff") / ARP(hwsrc=peer.mac, psrc=peer.ip, pdst=peer.ip))
    # first the earlier address is asked, so that a liar moves no neighbour (docs/security.md, A2)
    assert came(lambda: peer.ask(peer.v4() / ICMP(id=2), lambda frame: ICMP in frame, seconds=1), LIMIT_S)


@report("smoltcp-rs/smoltcp#597")
def the_first_echo_request_is_answered(peer):
    """Our address isn't known yet: it is asked for, and the reply waits."""
    assert peer.ask(peer.v4() / ICMP(id=5, seq=1) / b"first", lambda frame: ICMP in frame)[ICMP].seq == 1
    reply = peer.ask(peer.v6() / ICMPv6EchoRequest(id=5, seq=1), lambda frame: ICMPv6EchoReply in frame)
    assert reply[ICMPv6EchoReply].seq == 1


@report("zephyrproject-rtos/zephyr#21016")
def dhcp_of_others_is_left_alone(peer):
    """No ARP request for an address that another host is asking for: Windows takes that for a conflict."""
    discover = BOOTP(chaddr=bytes(6), xid=5) / DHCP(options=[("message-type", "request"), ("requested_addr", f"{peer.echo.net}.200"), "end"])
    heard = []
    peer.send(peer.ether(dst="ff:ff:ff:ff:ff:ff") / IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=68, dport=67) / discover)
    end = time.monotonic() + QUIET_S
    while time.monotonic() < end:
        peer.raw.settimeout(QUIET_S)
        try:
            data, address = peer.raw.recvfrom(65536)
        except TimeoutError:
            break
        if address[2] != socket.PACKET_OUTGOING and Ether(data).src == peer.echo.mac:
            heard.append(Ether(data))
    assert not any(ARP in frame or ICMP in frame for frame in heard)


# ---- IPv4 and ICMP -----------------------------------------------------------------------------------------------

@report("zephyrproject-rtos/zephyr#11698", "zephyrproject-rtos/zephyr#10971")
def icmp_with_a_wrong_checksum_is_dropped(peer):
    right = ICMP(bytes(ICMP(id=1, seq=1) / b"x")).chksum
    for wrong in (0, 0xFFFF, right ^ 1):
        peer.gets_nothing(peer.v4() / ICMP(id=1, seq=1, chksum=wrong) / b"x")
        peer.gets_nothing(peer.v6() / ICMPv6EchoRequest(id=1, seq=1, data=b"x", cksum=wrong))


@report("zephyrproject-rtos/zephyr#12164", "zephyrproject-rtos/zephyr#11618")
def icmp_with_an_odd_but_right_checksum_is_answered(peer):
    """One that is 0, and one behind options of IP."""
    plain = bytes(ICMP(type=8, code=0, id=1, seq=1, chksum=0) / b"\0\0")
    total = sum(struct.unpack("!5H", plain))
    tail = struct.pack("!H", 0xFFFF - (total & 0xFFFF) - (total >> 16))
    request = ICMP(type=8, code=0, id=1, seq=1, chksum=0) / tail
    assert peer.ask(peer.v4() / request, lambda frame: ICMP in frame)[ICMP].type == 0
    for options in (b"\1\1\1\0", b"\x07\x07\x04\0\0\0\0\0", b"\x44\x0c\x05\0" + bytes(8), b"\x94\x04\0\0"):
        reply = peer.ask(peer.v4(options=[IPOption(options)]) / ICMP(id=77, seq=88) / b"data", lambda frame: ICMP in frame)
        assert (reply[ICMP].type, reply[ICMP].id, reply[ICMP].seq) == (0, 77, 88)
        assert bytes(reply[ICMP].payload)[:4] == b"data"


@report("zephyrproject-rtos/zephyr#54576")
def fragments_in_any_order_are_a_datagram(peer):
    """Sixteen of them, the last one first."""
    for number, order in enumerate((slice(None, None, -1), slice(None, None, 2))):
        whole = IP(src=peer.ip, dst=peer.echo.ip, id=7 + number) / ICMP(id=9, seq=number) / Raw(os.urandom(2040))
        parts = fragment(IP(bytes(whole)), fragsize=128)
        assert len(parts) == 16
        ordered = parts[order] + (parts[1::2] if number else [])
        peer.send(*[peer.ether() / part for part in ordered])
        frames = []
        while len(frames) < 2:  # the reply has two fragments
            frames.append(peer.receive(LIMIT_S, lambda frame: IP in frame and frame[IP].proto == 1))
        text = b"".join(bytes(frame[IP].payload) for frame in sorted(frames, key=lambda frame: frame[IP].frag))
        assert text[4:] == bytes(whole[ICMP])[4:]


@report("tass-belgium/picotcp#529")
def fragments_beyond_65535_bytes_are_none(peer):
    for version in (4, 6):
        for offset in range(0, 8192 - 128, 128):
            if version == 4:
                peer.send(peer.v4(id=77, proto=17, flags="MF", frag=offset) / Raw(bytes(1024)))
            else:
                peer.send(peer.v6() / IPv6ExtHdrFragment(nh=17, id=77, m=1, offset=offset) / Raw(bytes(1024)))
        last = peer.v4(id=77, proto=17, frag=8191) if version == 4 else peer.v6() / IPv6ExtHdrFragment(nh=17, id=77, m=0, offset=8191)
        peer.send(last / Raw(bytes(1400)))


@report("virtualsquare/picotcp#9")
def udp_shorter_than_its_header_is_dropped(peer):
    head = struct.pack("!4H", 4000, 7, 7, 0)
    peer.gets_nothing(*[peer.v4(proto=17) / Raw(head[:length]) for length in range(1, 9)])


# ---- IPv6 --------------------------------------------------------------------------------------------------------

@report("zephyrproject-rtos/zephyr#16483", "zephyrproject-rtos/zephyr#16379")
def udp_over_ipv6_has_a_checksum(peer):
    """0 is none, and dropped; a sum of 0 is sent as 0xffff."""
    peer.gets_nothing(peer.v6() / UDP(sport=4000, dport=7, chksum=0) / b"hello")
    plain = peer.v6() / UDP(sport=4001, dport=7) / b"\0\0"
    tail = struct.pack("!H", IPv6(bytes(plain.payload))[UDP].chksum)  # makes the sum 0
    reply = peer.ask(peer.v6() / UDP(sport=4001, dport=7, chksum=0xFFFF) / tail, lambda frame: UDP in frame)
    assert reply[UDP].chksum == 0xFFFF and bytes(reply[UDP].payload)[:2] == tail
    udp4 = peer.v4() / UDP(sport=4002, dport=7, chksum=0) / b"no sum"
    assert bytes(peer.ask(udp4, lambda frame: UDP in frame)[UDP].payload)[:6] == b"no sum"


@report("zephyrproject-rtos/zephyr#16354", "zephyrproject-rtos/zephyr#14622")
def long_echo_requests_over_ipv6_are_answered(peer):
    for size in (1232, 1300, 1452, 1453, 3000):
        assert b" 1 received" in run("ping", "-n", "-c", 1, "-W", 5 * PATIENCE, "-s", size, OUR6, check=False), size


@report("contiki-ng/contiki-ng#2402", "FDio/vpp#3156", "FDio/vpp#3157")
def lengths_beyond_the_packet_are_dropped(peer):
    """The payload length says more than there is, in an echo request, a solicitation, and below an extension header."""
    request = ICMPv6EchoRequest(id=1, data=b"x" * 20)
    solicitation = ICMPv6ND_NS(tgt=OUR6) / ICMPv6NDOptSrcLLAddr(lladdr=peer.mac)
    for more in (1, 8, 40, 60000):
        for below, inside in ((peer.v6(), request), (peer.v6(hlim=255), solicitation), (peer.v6() / IPv6ExtHdrDestOpt(), request)):
            frame = below / inside
            frame[IPv6].plen = len(bytes(frame)) - 54 + more
            peer.send(frame)
        peer.gets_nothing(frame)


@report("contiki-ng/contiki-ng#867", "RIOT-OS/RIOT#10422")
def extension_headers_end_with_their_packet(peer):
    """Headers that are longer than the packet, empty ones, and packets without anything behind their headers."""
    for inside, nh in ((b"\x3a\xff" + bytes(6), 60), (b"\0\xff" + bytes(6), 0), (b"\x3a\x20" + bytes(14), 43),
                       (b"\x2b\x01" + bytes(14), 44), (b"", 60), (b"", 0), (b"", 59), (b"\x3b\0" + bytes(6), 60), (b"", 58)):
        peer.send(peer.v6(nh=nh) / Raw(inside))
    chain = b"\x3c\0\1\4\0\0\0\0" * 100
    peer.send(peer.v6(nh=60) / Raw(chain + b"\x3b\0\1\4\0\0\0\0"))
    while peer.receive(QUIET_S) is not None:  # parameter problems, at a limited rate
        pass


@report("zephyrproject-rtos/zephyr#6317", "NetworkConfiguration/dhcpcd#415", "PierreGode/Ragnar#806", "RIOT-OS/RIOT#3810")
def malformed_neighbour_discovery_ends(peer):
    """Too short, options of length 0, of another length than their kind's, RDNSS of an even length (CVE-2020-16898)."""
    here = peer.v6(src=f"fe80::{peer.port:x}", dst="ff02::1", hlim=255)
    for option in (b"\0\0" + bytes(6), b"\x19\4" + bytes(30), b"\x19\2" + bytes(14), b"\3\1" + bytes(6), b"\5\0" + bytes(6),
                   b"\1\0" + bytes(6), b"\x19\5" + bytes(20), b"\x1f\2" + b"\x3f" * 14):
        peer.send(here / ICMPv6ND_RA() / Raw(option))
        peer.send(peer.v6(hlim=255) / ICMPv6ND_NS(tgt=OUR6) / Raw(option))
    for length in range(24):
        peer.send(peer.v6(hlim=255, nh=58) / Raw(b"\x88" + bytes(length)), peer.v6(hlim=255, nh=58) / Raw(b"\x87" + bytes(length)))
    while peer.receive(QUIET_S) is not None:
        pass


@report("ARMmbed/sal-stack-nanostack#29")
def a_crowd_of_routers_is_no_burden(peer):
    first = bytes(peer.v6(src="fe80::1", dst="ff02::1", hlim=255) / ICMPv6ND_RA(routerlifetime=1800))
    for number in range(2000):
        peer.raw.send(of_another_router(first, number))
    peer.open(version=6).says(b"hello")


# ---- The list ----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("names", REPORTS, ids=lambda names: REPORTS[names].__name__)
def test_report(peer, names):
    REPORTS[names](peer)


def test_each_report_has_its_row():
    """docs/lab/reports.md has one row a report, with the name of its test."""
    text = (pathlib.Path(__file__).resolve().parents[2] / "docs/lab/reports.md").read_text(encoding="utf-8")
    for names, function in REPORTS.items():
        for name in names:
            row = [line for line in text.splitlines() if line.startswith(f"| [{name}](")]
            assert len(row) == 1 and f"`{function.__name__}`" in row[0], name
