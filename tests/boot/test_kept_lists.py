"""--store disk: an image of sieve keeps the lists that were sent, and its totals, on its disk, over mmio and over PCI."""

import re
import socket

import pytest

from conftest import ARCH, echo_tcp, free_port
from test_store import words
from test_user import ask

NAMES = 20_000

pytestmark = pytest.mark.skipif(ARCH != "x86_64", reason="one architecture is enough")


class Sieve:
    """One under QEMU; it is asked for names in its lists only, since there is no server behind it."""

    def __init__(self, guest, machine, disk):
        self.http, self.dns = free_port(), free_port(socket.SOCK_DGRAM)
        netdev = f"user,id=net,hostfwd=tcp:127.0.0.1:{self.http}-:80,hostfwd=udp:127.0.0.1:{self.dns}-:53"
        self.guest = guest("sieve", machine, netdev, arguments=["null", "token=x", "--store", "disk"], extra=words(disk, machine))
        self.guest.wait_for("port 53")

    def put(self, lines):
        head = b"PUT /lists?x HTTP/1.1\r\nHost: sieve\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(lines)
        return echo_tcp(("127.0.0.1", self.http), head + lines)

    def blocks(self, name):
        return ask(("127.0.0.1", self.dns), name, "A").an[0].rdata == "0.0.0.0"

    def totals(self):
        shown = echo_tcp(("127.0.0.1", self.http), b"GET /sieve HTTP/1.1\r\nHost: sieve\r\nConnection: close\r\n\r\n").decode()
        found = re.search(r"<td>questions since [^<]*<td>(\d+)<tr><td>of these, blocked<td>(\d+)", shown)
        return int(found[1]), int(found[2])


def names(mark):
    return b"".join(b"0.0.0.0 n%d.%s.test\n" % (number, mark) for number in range(NAMES))


def test_lists_and_totals_survive_restarts(guest, machine, tmp_path):
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(4 << 20))
    sieve = Sieve(guest, machine, disk)
    assert b"kept for the next start\n" in sieve.put(names(b"first"))
    sieve.guest.remove()  # as if the power were cut
    sieve = Sieve(guest, machine, disk)
    sieve.guest.wait_for(f"the lists that were sent .* serve: {NAMES} names")
    assert sieve.blocks(f"n{NAMES - 1}.first.test")
    assert b"kept for the next start\n" in sieve.put(names(b"second"))
    sieve.guest.stop()
    sieve = Sieve(guest, machine, disk)
    assert sieve.blocks("n7.second.test")
    assert sieve.totals() == (2, 2)
    sieve.guest.stop()
