"""One connection, one direction, all options, over a lossy path: leat's and Linux's goodput. The table of the last
run is in alone.md of the build directory."""

import pytest

from conftest import LONG, QUICK, Table
from flow import PORT, Flows
from namespace import Namespace

PATH = ("--rate", 200, "--delay", 0.5, "--queue", 200)
TOTAL = 10_000_000 if LONG else 200_000 if QUICK else 500_000
SEEDS = (1, 2, 3) if LONG else (1,)

TABLE = Table("alone", "Loss", "Sender", "Receiver", "Mbit/s, a seed each")


def carry(server, ip, sent, wanted):
    """Seconds that a client here needs to send and receive so much; `server`: Linux is the server."""
    with Flows() as flows:
        if server:
            sock = server.socket()
            sock.bind((ip, PORT))
            flows.listen(sock, wanted, sent)
        flows.connect(Namespace(fresh=False).socket(), (ip, PORT), sent, wanted)
        return max(flows.run_all(2 if server else 1, 200))


@pytest.mark.parametrize("loss", [0, 1, 5])
@pytest.mark.parametrize("sender,receiver", [("leat", "Linux"), ("Linux", "leat"), ("Linux", "Linux")])
def test_one_connection(leat, lossy, spaces, sender, receiver, loss):
    sent, wanted = (0, TOTAL) if sender == "leat" else (TOTAL, 0)
    found = []
    for seed in SEEDS:
        server = spaces(1)[-1]
        link = lossy(loss, seed, PATH, [server])
        if sender == receiver:
            link.join()
            seconds = carry(server, link.ips[0], sent, wanted)
        else:
            pump = leat("pump", link=link, arguments=["listen", wanted, sent])
            seconds = carry(None, pump.ip, sent, wanted)
        found.append(f"{TOTAL * 8 / seconds / 1e6:.1f}")
    TABLE.row(f"{loss} %", sender, receiver, ", ".join(found))
