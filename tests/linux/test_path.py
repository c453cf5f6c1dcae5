"""A network at a path, over a socket or in shared memory: special cases, beside the tests that also run on TAP."""

import signal
import socket

import pytest

from conftest import PATH

pytestmark = pytest.mark.skipif(not PATH, reason="LEAT_DEVICE isn't socket or shm")


def test_it_runs_without_a_capability(leat):
    echo = leat("echo")
    with open(f"/proc/{echo.pid}/status", encoding="ascii") as status:
        assert "CapEff:\t0000000000000000\n" in status.readlines()
    echo.stop()


def test_a_peer_that_takes_nothing_for_a_while_is_waited_for(leat):
    """The other end stops; the ring or the socket fills up, and everything goes on afterwards."""
    chargen = leat("chargen")
    with socket.create_connection((chargen.ip, 19), 20) as talk:
        assert talk.recv(1000)
        for _ in range(5):
            chargen.cable.signal(signal.SIGSTOP)
            talk.setblocking(False)
            try:
                while talk.recv(1 << 20):
                    pass
            except BlockingIOError:
                pass
            chargen.cable.signal(signal.SIGCONT)
            talk.settimeout(20)
            got = 0
            while got < 1_000_000:
                more = talk.recv(1 << 20)
                assert more
                got += len(more)
    chargen.stop()
