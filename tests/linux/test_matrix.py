"""Linux's options, one by one, over a lossy path, as client and as server. The table of the last run is in matrix.md
of the build directory; docs/lab/linux-matrix.md has a long one."""

import itertools

import pytest

from conftest import LONG, QUICK, Table, until
from flow import PORT, Flows
from namespace import Namespace

MEGABYTES = 100 if LONG else 0.4 if QUICK else 1.6  # each way
COUNT = 8  # number of connections, as a single one without SACK or timestamps would mostly wait
EACH = int(MEGABYTES * 1_000_000) // COUNT
# a path of 200 Mbit/s and 1 ms; frames are marked long before the queue is full
PATH = ("--rate", 200, "--delay", 0.5, "--queue", 200, "--mark", 30)
TIMEOUT = 900 if LONG else 100

OPTIONS = list(itertools.product([1, 5], [1, 0], [1, 0], [0, 1]))
IDS = [f"loss{loss}-ts{ts}-sack{sack}-ecn{ecn}" for loss, ts, sack, ecn in OPTIONS]
cells = pytest.mark.parametrize("loss,ts,sack,ecn", OPTIONS, ids=IDS)

TABLE = Table(
    "matrix", "Loss", "Timestamps", "SACK", "ECN", "leat is", "leat to Linux, Mbit/s",
    "Linux to leat, Mbit/s", "s", "sent again by leat", "by Linux",
)  # fmt: skip


def settings(ts, sack, ecn):
    return {"tcp_timestamps": ts, "tcp_sack": sack, "tcp_ecn": ecn, "tcp_no_metrics_save": 1}


def mbit(count, seconds):
    return f"{count * 8 / seconds / 1e6:.1f}"


def note(options, who, there, back, retransmits):
    loss, *chosen = options
    TABLE.row(f"{loss} %", *("yes" if on else "–" for on in chosen), who, mbit(EACH * COUNT, there),
              mbit(EACH * COUNT, back), f"{max(there, back):.1f}", *retransmits)  # fmt: skip


def in_use(flows, program, ts, sack, ecn):
    """Both ends must report exactly these options. A sender that repeats its SYN gives up ECN (RFC 3168 6.1.1.1),
    even if only the answer was lost, so ECN on some connections is enough."""
    lines = [line.split() for line in program.lines if " cwnd " in line]
    said = [(flow.info.timestamps, flow.info.sack, flow.info.ecn) for flow in flows]
    said += [("ts" in words, "sack" in words, "ecn" in words) for words in lines]
    assert len(said) == 2 * COUNT and program.text.count("pump: right") == COUNT
    assert all(one[:2] == (ts, sack) for one in said)
    for side in said[:COUNT], said[COUNT:]:
        agreed = sum(one[2] for one in side)
        assert agreed > 1 if ecn else agreed == 0


def finish(flows, program, ts, sack, ecn):
    """Returns the number of segments that each end has retransmitted."""
    assert until(lambda: program.text.count("pump: ") > COUNT, 30)  # the first line is its start
    stats = program.stop()
    in_use(flows, program, ts, sack, ecn)
    assert QUICK or stats["tcp_retransmitted"] > 0
    if LONG:
        assert (stats.get("tcp_ecn_reductions", 0) > 0) == ecn
    return stats.get("tcp_retransmitted", 0), sum(flow.info.retransmits for flow in flows)


@cells
def test_leat_as_server(leat, lossy, loss, ts, sack, ecn):
    here = Namespace(fresh=False)
    here.sysctl(**settings(ts, sack, ecn))
    pump = leat("pump", link=lossy(loss, more=PATH), options=["--buffers", 16384],
                arguments=["listen", EACH, EACH])  # fmt: skip
    with Flows() as flows:
        for _ in range(COUNT):
            flows.connect(here.socket(), (pump.ip, PORT), EACH, EACH)
        there, back = flows.run_all(COUNT, TIMEOUT)
    again = finish(flows.flows, pump, ts, sack, ecn)
    note((loss, ts, sack, ecn), "server", there, back, again)


@cells
def test_leat_as_client(leat, lossy, loss, ts, sack, ecn):
    here = Namespace(fresh=False)
    here.sysctl(**settings(ts, sack, ecn))
    link = lossy(loss, seed=2, more=PATH)
    with Flows() as flows:
        sock = here.socket()
        sock.bind((link.peer, PORT))
        flows.listen(sock, EACH, EACH)
        pump = leat("pump", link=link, options=["--buffers", 16384],
                    arguments=["connect", COUNT, EACH, EACH])  # fmt: skip
        there, back = flows.run_all(COUNT, TIMEOUT)
    again = finish(flows.flows, pump, ts, sack, ecn)
    note((loss, ts, sack, ecn), "client", there, back, again)


@cells
@pytest.mark.skipif(not LONG, reason="only to compare with: --setup long")
def test_linux_with_itself(lossy, spaces, loss, ts, sack, ecn):
    """The result of two kernels over the same path."""
    here, (far,) = Namespace(fresh=False), spaces(1)
    for space in (here, far):
        space.sysctl(**settings(ts, sack, ecn))
    link = lossy(loss, seed=3, more=PATH, spaces=[far])
    link.join()
    with Flows() as flows:
        sock = far.socket()
        sock.bind((link.ips[0], PORT))
        flows.listen(sock, EACH, EACH)
        for _ in range(COUNT):
            flows.connect(here.socket(), (link.ips[0], PORT), EACH, EACH)
        flows.run_all(2 * COUNT, TIMEOUT)
    ends = [[flow for flow in flows.flows if flow.is_client == client] for client in (True, False)]
    there, back = (max(flow.received_at for flow in side) - flows.began for side in ends)
    again = [sum(flow.info.retransmits for flow in side) for side in ends[::-1]]
    note((loss, ts, sack, ecn), "Linux too, server", there, back, again)
