"""Two senders at one bottleneck: their shares of it. The table of the last run is in fairness.md of the build
directory; docs/lab/linux-matrix.md has a long one."""

import time

import pytest

from conftest import LONG, Table
from flow import PORT, Flows
from namespace import Namespace

# 50 Mbit/s and 20 ms, and a queue that holds as much as the path
PATH = ("--rate", 50, "--delay", 10, "--queue", 83)
SECONDS = 30 if LONG else 8
WARM_UP = 10 if LONG else 3
ENDLESS = 1 << 40  # bytes

TABLE = Table("fairness", "Senders", "Mbit/s each", "s", "Jain's index, mean", "least")


def jain(shares):
    """Jain, Chiu, Hawe, "A Quantitative Measure of Fairness and Discrimination", 1984."""
    return sum(shares) ** 2 / (len(shares) * sum(share * share for share in shares))


def sampled(flows):
    """Mbit/s of each flow, second by second."""
    samples = []
    for second in range(WARM_UP, WARM_UP + SECONDS + 1):
        flows.run(lambda: time.monotonic() > flows.began + second, second + 10)
        samples.append([flow.received * 8 / 1e6 for flow in flows.flows if flow.is_client])
    return [[after - before for before, after in zip(*pair)] for pair in zip(samples, samples[1:])]


def report(names, rates):
    """Fairness over one second, five, and the whole time; returns the shares of all."""
    means = [sum(flow) / len(rates) for flow in zip(*rates)]
    shown = ", ".join(f"{name} {mean:.1f}" for name, mean in zip(names, means))
    for seconds in (1, 5, SECONDS):
        found = [jain([sum(flow) for flow in zip(*rates[at : at + seconds])])
                 for at in range(0, len(rates) - seconds + 1, seconds)]  # fmt: skip
        TABLE.row(", ".join(names), shown, seconds, f"{sum(found) / len(found):.3f}",
                  f"{min(found):.3f}")  # fmt: skip
    return [mean / sum(means) for mean in means]


@pytest.mark.parametrize("names", [
    ["leat", "Linux"], ["Linux", "leat"], ["Linux", "Linux"], ["leat", "leat"],
    ["leat", "leat", "Linux", "Linux"],
], ids="-".join)  # fmt: skip
def test_cubic_shares_with_cubic(leat, lossy, spaces, names):
    """Starts the flows in order; the kernel at the near end requests an endless stream from each."""
    far = spaces(1)
    here = Namespace(fresh=False)
    for space in (here, *far):
        space.sysctl(tcp_no_metrics_save=1)
    link = lossy(0, more=PATH, spaces=far)
    pump = leat("pump", link=link, options=["--buffers", 16384], arguments=["listen", ENDLESS, 0])
    with Flows() as flows:
        sock = far[0].socket()
        sock.bind((link.ips[0], PORT))
        flows.listen(sock, ENDLESS, 0)
        for name in names:
            flows.connect(here.socket(), ((pump if name == "leat" else link).ips[0], PORT), 0, ENDLESS)
        shares = report(names, sampled(flows))
    for name, share in zip(names, shares):
        assert share > 0.1 / len(names), f"{name} starved"
