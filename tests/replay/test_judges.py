"""Links as others write and read them: scapy makes the captures, tshark reads ours."""

import shutil
import subprocess

import pytest

from captures import CLIENT6, SERVER6, conversation, pcap
from links import ANSWER, LINKS, REQUEST, capture_of, streams

FRAMES = conversation()
FRAMES6 = conversation(ends=(CLIENT6, SERVER6))


def test_what_scapy_writes_reads_the_same(tmp_path):
    """Another author's headers."""
    scapy = pytest.importorskip("scapy.all", reason="scapy is not installed")
    l2, ppp, mpls = (pytest.importorskip(f"scapy.{name}") for name in ("layers.l2", "layers.ppp", "contrib.mpls"))
    dot11 = pytest.importorskip("scapy.layers.dot11")
    links = {
        "Ethernet": (1, scapy.Ether()),
        "802.1Q": (1, scapy.Ether() / l2.Dot1Q(vlan=7)),
        "QinQ": (1, scapy.Ether() / l2.Dot1AD(vlan=7) / l2.Dot1Q(vlan=8)),
        "MPLS": (1, scapy.Ether() / mpls.MPLS(label=17, s=0) / mpls.MPLS(label=18, s=1)),
        "PPPoE": (1, scapy.Ether() / ppp.PPPoE(sessionid=7) / ppp.PPP()),
        "PPPoE alone": (51, ppp.PPPoE(sessionid=7) / ppp.PPP()),
        "PPP": (9, ppp.HDLC() / ppp.PPP()),
        "SNAP": (1, scapy.Dot3() / scapy.LLC() / scapy.SNAP()),
        "cooked": (113, l2.CookedLinux()),
        "cooked v2": (276, l2.CookedLinuxV2()),
        "loopback": (0, l2.Loopback()),
        "802.11": (105, dot11.Dot11(type=2, FCfield="from-DS") / scapy.LLC() / scapy.SNAP()),
        "radiotap": (127, dot11.RadioTap() / dot11.Dot11(type=2, FCfield="from-DS") / scapy.LLC() / scapy.SNAP()),
        "raw": (101, None),
    }
    for name, (link, head) in links.items():
        written = []
        for time, frame in FRAMES:
            inner = scapy.IP(frame[14:])
            written.append((time, bytes(inner if head is None else head.copy() / inner)))
        assert streams(pcap(written, link_type=link), tmp_path) == [REQUEST, ANSWER], name


# what tshark reads only with a preference, or not as the registry of link types says
OTHERWISE_BY_TSHARK = {"MPLS, a pseudowire", "MPLS, Ethernet at once", "MPLS alone", "SLIP", "nflog, big endian", "netANALYZER",
                       "DSA tag", "EDSA tag"}


def test_tshark_reads_the_links_as_we_do(tmp_path):
    """tshark checks the link headers of these tests."""
    if not shutil.which("tshark"):
        pytest.skip("tshark is not installed")
    path, otherwise = tmp_path / "capture", set()
    for name in LINKS:
        path.write_bytes(capture_of(name, FRAMES6 if name == "raw IPv6" else FRAMES))
        told = subprocess.run(["tshark", "-r", path, "-Y", "tcp", "-T", "fields", "-e", "tcp.len"], capture_output=True,
                              text=True, check=False).stdout.split()
        if sum(map(int, told)) != len(REQUEST) + len(ANSWER):
            otherwise.add(name)
    assert otherwise <= OTHERWISE_BY_TSHARK
