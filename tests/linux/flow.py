"""Streams in one direction or in both, the same that pump.c sends; every byte is compared."""

import selectors
import socket
import struct
import time

from patience import PATIENCE

PERIOD = 1_000_003
PIECE = 1 << 16
PORT = 5001
FIN_IN_FLIGHT = (4, 9, 11)  # Linux's numbers of FIN-WAIT-1, LAST-ACK and CLOSING


def _make_stream():
    """xorshift64*, eight bytes at a time, as in pump.c."""
    x, mask, words = 9293, (1 << 64) - 1, []
    for _ in range(PERIOD // 8 + 1):
        x ^= x >> 12
        x ^= x << 25 & mask
        x ^= x >> 27
        words.append(x * 2685821657736338717 & mask)
    return struct.pack(f"<{len(words)}Q", *words)[:PERIOD]


STREAM = _make_stream()
TWICE = memoryview(STREAM + STREAM)


class Info:
    """Linux's information about a connection (linux/tcp.h: struct tcp_info)."""

    def __init__(self, sock):
        data = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        self.state = data[0]
        self.timestamps = bool(data[5] & 1)
        self.sack = bool(data[5] & 2)
        self.ecn = bool(data[5] & 8)
        self.syn_data = bool(data[5] & 32)
        self.retransmits = struct.unpack_from("=I", data, 100)[0]


class Flow:
    """One connection of the kernel, with the numbers of bytes to send and to receive."""

    def __init__(self, sock, send, receive, client_port, is_client=True):
        start = client_port * 7919 % PERIOD
        back = (start + PERIOD // 2) % PERIOD
        self.send_start, self.receive_start = (start, back) if is_client else (back, start)
        self.is_client = is_client
        self.to_send, self.to_receive = send, receive
        self.sent = self.received = 0
        self.shut = False
        self.delivered_at = self.received_at = None  # when each direction was complete
        self.info = None
        self.sock = sock
        sock.setblocking(False)

    @property
    def wants(self):
        reading = 0 if self.received_at else selectors.EVENT_READ
        return reading | (0 if self.shut else selectors.EVENT_WRITE)

    @property
    def ended(self):
        return self.delivered_at and self.received_at

    def write(self):
        try:
            while self.sent < self.to_send:
                at = (self.send_start + self.sent) % PERIOD
                count = min(PIECE, self.to_send - self.sent)
                self.sent += self.sock.send(TWICE[at : at + count])
        except BlockingIOError:
            return
        self.shut = True
        self.sock.shutdown(socket.SHUT_WR)

    def read(self):
        data = self.sock.recv(PIECE)
        at = (self.receive_start + self.received) % PERIOD
        assert data == TWICE[at : at + len(data)], f"wrong bytes in {len(data)} at {self.received}"
        self.received += len(data)
        if not data:
            assert self.received == self.to_receive, f"ended after {self.received} bytes"
            self.received_at = time.monotonic()

    def look(self):
        """True if our FIN has been acknowledged, so our direction is complete."""
        if self.shut and not self.delivered_at:
            if Info(self.sock).state not in FIN_IN_FLIGHT:
                self.delivered_at = time.monotonic()
        if self.ended and not self.info:
            self.info = Info(self.sock)


class Flows:
    """Connections that run at the same time, and sockets that may accept more of them."""

    def __init__(self):
        self.flows = []
        self._selector = selectors.DefaultSelector()
        self._listening = []

    def __enter__(self):
        self.began = time.monotonic()
        return self

    def __exit__(self, *_):
        for flow in self.flows:
            flow.sock.close()
        for sock in self._listening:
            sock.close()
        self._selector.close()

    def _add(self, flow):
        self.flows.append(flow)
        self._selector.register(flow.sock, flow.wants, flow)
        return flow

    def connect(self, sock, address, send, receive):
        """A client; waits until it is connected."""
        sock.settimeout(30 * PATIENCE)
        sock.connect(address)
        return self._add(Flow(sock, send, receive, sock.getsockname()[1]))

    def listen(self, sock, send, receive):
        sock.listen(128)
        sock.setblocking(False)
        self._listening.append(sock)
        self._selector.register(sock, selectors.EVENT_READ, (send, receive))

    def _serve(self, key, mask):
        flow = key.data
        if isinstance(flow, tuple):
            sock, client = key.fileobj.accept()
            self._add(Flow(sock, *flow, client[1], is_client=False))
            return
        if mask & selectors.EVENT_WRITE and not flow.shut:
            flow.write()
        if mask & selectors.EVENT_READ:
            flow.read()
        if not flow.wants:
            self._selector.unregister(flow.sock)
        elif key.events != flow.wants:
            self._selector.modify(flow.sock, flow.wants, flow)

    def run(self, until, timeout):
        """Carries bytes until until() is true; fails after PATIENCE * @timeout seconds."""
        end = time.monotonic() + PATIENCE * timeout
        while not until():
            assert time.monotonic() < end, self.progress()
            for key, mask in self._selector.select(0.02):
                self._serve(key, mask)
            for flow in self.flows:
                flow.look()

    def run_all(self, count, timeout):
        """Runs until `count` connections have ended; returns the seconds that each direction took."""
        self.run(lambda: len(self.flows) == count and all(flow.ended for flow in self.flows), timeout)
        return (max(flow.received_at for flow in self.flows) - self.began,
                max(flow.delivered_at for flow in self.flows) - self.began)  # fmt: skip

    def progress(self):
        return "the time is over: " + ", ".join(
            f"{flow.sent} sent and {flow.received} received" for flow in self.flows)  # fmt: skip
