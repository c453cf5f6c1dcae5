"""Sockets of UDP."""

from collections import deque

from ._leat import ffi, lib
from .addresses import endpoint_of, endpoint_text
from .errors import ClosedError, check, error_of

QUEUE = 256  # datagrams that wait for receive(); further ones are dropped and counted


class Datagrams:
    """A socket of UDP. Addresses are (host, port)."""

    def __init__(self, stack, ip, port, broadcast):
        self._stack, self._queue, self._waiter, self._handle = stack, deque(), None, ffi.new_handle(self)
        self.dropped = 0
        udp = ffi.new("struct leat_udp **")
        check(lib.leat_udp_open(stack._stack, udp, lib.leat_py_datagram_events, self._handle))
        err = lib.leat_udp_bind(udp[0], ip, port)
        if err:
            lib.leat_udp_close(udp[0])
            check(err, f"port {port}")
        self._c = udp[0]
        lib.leat_udp_set_broadcast(self._c, broadcast)
        stack._live.add(self)

    @property
    def local(self):
        """Our end: (host, port)."""
        self._check_open()
        return endpoint_text(lib.leat_udp_local(self._c))

    def send(self, data, address):
        """Sends one datagram to (host, port); UDP never waits."""
        self._check_open()
        view, peer = memoryview(data).cast("B"), endpoint_of(address)
        buf = lib.leat_buf_copy(self._stack._pool, ffi.from_buffer(view), len(view)) if len(view) else \
            lib.leat_buf_alloc_small(self._stack._pool, lib.LEAT_BUF_HEADROOM)
        check(lib.leat_udp_send_to(self._c, buf, peer), f"{address[0]}:{address[1]}")
        self._stack._poll_soon()

    async def receive(self):
        """The next datagram: (bytes, (host, port) of its sender). Raises an error of ICMP about an earlier one that was sent."""
        while not self._queue:
            self._check_open()
            if self._waiter:
                raise RuntimeError("another task waits for this socket")
            self._waiter = self._stack._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        item = self._queue.popleft()
        if isinstance(item, Exception):
            raise item
        return item

    def _arrived(self, item):
        if len(self._queue) >= QUEUE:
            self.dropped += 1
            return
        self._queue.append(item)
        self._wake()

    def _wake(self):
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)

    def close(self):
        """Closes the socket. It does nothing to one that is closed."""
        if self._c is not None:
            c = self._c
            self._lost()
            lib.leat_udp_close(c)

    def _lost(self, *_):
        self._c = None
        self._stack._live.discard(self)
        self._wake()

    def _check_open(self):
        if self._c is None:
            raise ClosedError("the socket is closed")

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        self.close()


@ffi.def_extern()
def leat_py_on_datagram(_udp, payload, peer, _local, arg):
    """A datagram has arrived."""
    socket = ffi.from_handle(arg)
    data = bytearray(lib.leat_buf_total(payload))
    lib.leat_buf_read(payload, 0, ffi.from_buffer(data), len(data))
    lib.leat_buf_free(payload)
    socket._arrived((bytes(data), endpoint_text(peer)))


@ffi.def_extern()
def leat_py_on_error(_udp, err, peer, arg):
    """ICMP reports an error."""
    host, port = endpoint_text(peer)
    ffi.from_handle(arg)._arrived(error_of(err, f"{host}:{port}"))
