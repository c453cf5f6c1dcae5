"""Long streams through an echo server, compared byte for byte."""

import contextlib
import random
import select
import selectors
import socket
import ssl
import time

from patience import PATIENCE

BLOCK = random.Random(9293).randbytes(1_000_003)  # a prime, so that no shift is missed
TWICE = memoryview(BLOCK + BLOCK)
PIECE = 1 << 17


def expected(offset, count):
    """Bytes of the stream; at most len(BLOCK) of them."""
    start = offset % len(BLOCK)
    return TWICE[start : start + count]


class Echo:
    """One connection that sends `total` bytes and expects them back."""

    def __init__(self, address, total, start=0):
        self.total = total
        self.start = start  # connections begin at different offsets
        self.sent = 0
        self.received = 0
        self.ended = False
        self.sock = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        self.sock.setblocking(False)
        self.sock.connect_ex(address)

    @property
    def wants(self):
        writing = selectors.EVENT_WRITE if self.sent < self.total or not self.total else 0
        return selectors.EVENT_READ | writing

    def write(self):
        count = min(PIECE, self.total - self.sent)
        self.sent += self.sock.send(expected(self.start + self.sent, count))
        if self.sent == self.total:
            self.sock.shutdown(socket.SHUT_WR)

    def read(self):
        data = self.sock.recv(PIECE)
        if not data:
            assert self.received == self.total, f"ended after {self.received} of {self.total} bytes"
            self.ended = True
        elif data != expected(self.start + self.received, len(data)):
            raise AssertionError(f"wrong bytes at {self.received}..{self.received + len(data)}")
        self.received += len(data)


def echo_all(address, count, total, timeout):
    """Sends `total` bytes on each of `count` connections at a time, within PATIENCE * @timeout seconds; returns the
    seconds it took."""
    began = time.monotonic()
    with selectors.DefaultSelector() as selector:
        echoes = [Echo(address, total, start=7919 * number) for number in range(count)]
        for echo in echoes:
            selector.register(echo.sock, echo.wants, echo)
        left = count
        while left:
            done = sum(echo.received for echo in echoes) if time.monotonic() - began > PATIENCE * timeout else 0
            assert not done, f"{done} of {count * total} bytes, {left} connections left at the timeout"
            for key, mask in selector.select(1):
                echo = key.data
                if mask & selectors.EVENT_WRITE and echo.sent < total:
                    echo.write()
                if mask & selectors.EVENT_READ:
                    echo.read()
                if echo.ended:
                    selector.unregister(echo.sock)
                    echo.sock.close()
                    left -= 1
                elif key.events != echo.wants:
                    selector.modify(echo.sock, echo.wants, echo)
    return time.monotonic() - began


def both_ways(conn, data, timeout=60):
    """Sends `data` in a TLS session, and returns as many bytes of the answer. All in one thread, because OpenSSL
    sessions aren't thread-safe."""
    left, heard = memoryview(data), bytearray()
    end = time.monotonic() + PATIENCE * timeout
    conn.setblocking(False)
    while len(heard) < len(data):
        assert time.monotonic() < end, f"{len(heard)} of {len(data)} bytes at the timeout"
        before = len(left), len(heard)
        with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
            left = left[conn.send(left[:PIECE]):] if left else left
        with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
            piece = conn.recv(PIECE)
            if not piece:
                break
            heard += piece
        if before == (len(left), len(heard)):
            select.select([conn], [conn] if left else [], [], 1)
    conn.setblocking(True)
    return bytes(heard)
