"""Streams: connections of TCP, and sessions of TLS on them."""

import asyncio

from ._leat import ffi, lib
from .addresses import ip_text
from .errors import ClosedError, check, error_of
from .views import Borrowed

LEND_BYTES = 4096  # as many bytes are lent to the stack instead of copied
READ_BYTES = 256 * 1024


class _Lent:
    """Bytes of Python that the stack sends, kept until the peer has them."""

    __slots__ = ("lent", "data", "handle")

    def __init__(self, lent, data):
        self.lent, self.data, self.handle = lent, data, ffi.new_handle(self)
        lent.add(self)

    def release(self):
        """Ends it, without leaving a circle of references to Python's collector."""
        self.lent.discard(self)
        self.data = self.handle = None


class Stream:
    """A stream of bytes. One task reads and one writes at a time."""

    def __init__(self, stack, stream):
        self._stack, self._why, self._detail, self._rest = stack, None, "", b""
        self._c = ffi.new("struct leat_stream *", stream)
        self._reader = self._writer = self._opening = None
        self._is_ours_ended, self._kept = False, None
        self._taken = ffi.new("size_t *")
        self._handle = ffi.new_handle(self)
        self._peer = ip_text(lib.leat_stream_peer(self._c))
        stack._live.add(self)
        lib.leat_stream_set_events(self._c, lib.leat_py_stream_events, self._handle)

    # ---- Reading ----

    def _take(self, count):
        """Bytes that have arrived, or b""."""
        buf = lib.leat_stream_receive(self._c, count)
        if not buf:
            return b""
        if buf.next:
            parts, piece = [], buf
            while piece:
                parts.append(ffi.buffer(piece.data, piece.len)[:])
                piece = piece.next
            data = b"".join(parts)
        else:
            data = ffi.buffer(buf.data, buf.len)[:]
        lib.leat_buf_free(buf)
        lib.leat_stream_consumed(self._c, len(data))
        return data

    async def read(self, count=READ_BYTES):
        """Some bytes, at most count; b"" at the end of the stream."""
        while self._c is not None:
            data = self._take(count)
            if data:
                self._stack._poll_soon()  # the window may have opened
                return data
            if lib.leat_stream_at_end(self._c):
                return b""
            await self._wait("_reader")
        return self._take_rest(count)

    def _take_rest(self, count):
        """Bytes that had arrived before the stream was closed; b"" at its end."""
        if self._rest or self._why == lib.LEAT_OK:
            data, self._rest = self._rest[:count], self._rest[count:]
            return data
        raise error_of(self._why, self._detail)

    async def read_views(self, count=READ_BYTES):
        """As read(), but without a copy: a list of read-only memoryviews; [] at the end of the stream.

        The peer may send as much again when they and their slices are gone, or were released. close() and abort() release the
        memoryviews, and so does the end of the stack: any use is a ValueError then. A slice keeps its bytes.
        """
        while self._c is not None:
            buf = lib.leat_stream_receive(self._c, count)
            if buf:
                return Borrowed(self, buf).show()
            if lib.leat_stream_at_end(self._c):
                return []
            await self._wait("_reader")
        data = self._take_rest(count)
        return [memoryview(data)] if data else []

    async def readexactly(self, count):
        """Exactly count bytes; asyncio.IncompleteReadError at an earlier end."""
        parts, left = [], count
        while left:
            data = await self.read(left)
            if not data:
                raise asyncio.IncompleteReadError(b"".join(parts), count)
            parts.append(data)
            left -= len(data)
        return b"".join(parts)

    def __aiter__(self):
        return self

    async def __anext__(self):
        data = await self.read()
        if not data:
            raise StopAsyncIteration
        return data

    # ---- Writing ----

    def _give(self, view):
        """Queues the first bytes of a view; returns how many."""
        if self._is_ours_ended:
            raise ClosedError("our side of the stream has ended", lib.LEAT_ERR_CLOSING)
        if len(view) >= LEND_BYTES and view.readonly:
            room = lib.leat_stream_send_room(self._c)
            if room < LEND_BYTES:
                lib.leat_stream_want_room(self._c, LEND_BYTES)
                return 0
            view = view[:room]
            lent = _Lent(self._stack._lent, ffi.from_buffer(view))
            buf = lib.leat_buf_lend(self._stack._pool, lent.data, len(view), lib.leat_py_on_released, lent.handle)
            if buf:
                check(lib.leat_stream_send(self._c, buf))
                return len(view)
            lent.release()
        err = lib.leat_stream_write(self._c, ffi.from_buffer(view), len(view), self._taken)
        if err == lib.LEAT_ERR_FULL:
            return 0
        check(err)
        return self._taken[0]

    async def write(self, data):
        """Queues all bytes, and waits for room as often as needed. Large bytes objects are lent to the stack, not copied."""
        view = memoryview(data).cast("B")
        while len(view):
            self._check_open()
            count = self._give(view)
            if count:
                view = view[count:]
                self._stack._poll()
            else:
                await self._wait("_writer")

    def end(self):
        """Ends our side; the peer may still send."""
        self._check_open()
        if not self._is_ours_ended:
            self._is_ours_ended = True
            check(lib.leat_stream_shutdown(self._c))
            self._stack._poll_soon()

    # ---- Closing ----

    def close(self):
        """Closes both directions; queued data is still delivered. It does nothing to a stream that is closed."""
        self._forget(lambda c: lib.leat_stream_close(c), "closed by us")

    def abort(self):
        """Closes at once; the peer sees a reset."""
        self._forget(lambda c: lib.leat_stream_abort(c), "aborted by us")

    def _forget(self, how, why):
        if self._c is not None:
            c = self._c
            for borrowed in [borrowed for borrowed in self._stack._borrowed if borrowed.is_of(self)]:
                borrowed.release()
            self._lost(lib.LEAT_ERR_CLOSED, why)
            self._stack._live.add(self)  # on_closed follows
            how(c)
            self._stack._poll_soon()

    def _lost(self, code, detail):
        """The stream is gone: everything that waits is woken."""
        if self._c is not None:
            self._c, self._why, self._detail = None, code, detail
        self._stack._live.discard(self)
        for name in ("_reader", "_writer", "_opening"):
            self._wake(name)

    async def __aenter__(self):
        return self

    async def __aexit__(self, kind, *_):
        if kind:
            self.abort()
        else:
            self.close()

    @property
    def closed(self):
        """True once it is closed, by us or the peer."""
        return self._c is None

    @property
    def peer(self):
        """The address of the other end."""
        return self._peer

    def _check_open(self):
        if self._c is None:
            raise ClosedError(self._detail) if self._why in (lib.LEAT_OK, lib.LEAT_ERR_CLOSED) else error_of(
                self._why, self._detail)

    # ---- Waiting ----

    async def _wait(self, name):
        if getattr(self, name):
            raise RuntimeError("another task waits for this stream")
        future = self._stack._loop.create_future()
        setattr(self, name, future)
        try:
            await future
        finally:
            setattr(self, name, None)

    def _wake(self, name):
        future = getattr(self, name)
        if future and not future.done():
            future.set_result(None)


class Listener:
    """Accepts connections."""

    def __init__(self, stack, ip, port, serve, tls, backlog):
        self._stack, self._serve, self._tls = stack, serve, tls
        self._tasks, self._waiter, self._handle = set(), None, ffi.new_handle(self)
        if tls:
            tls._use(stack)
        config = ffi.new("struct leat_tcp_listen_config *", {
            "ip": ip, "port": port, "backlog": backlog, "on_acceptable": lib.leat_py_on_acceptable, "arg": self._handle})
        listener = ffi.new("struct leat_tcp_listener **")
        check(lib.leat_tcp_listen(stack._stack, listener, config), f"port {port}")
        self._c = listener[0]
        stack._live.add(self)

    def _next(self):
        """The next connection as a Stream, or None."""
        conn = lib.leat_tcp_accept(self._c, lib.leat_py_stream_events, ffi.NULL)
        if not conn:
            return None
        lib.leat_tcp_set_nodelay(conn, True)
        return Stream(self._stack, lib.leat_stream_of_tcp(conn))

    def _accept_all(self):
        while self._c is not None and (stream := self._next()):
            task = self._stack._loop.create_task(self._run(stream))
            self._tasks.add(task)
            task.add_done_callback(self._done)

    async def _run(self, stream):
        try:
            if self._tls:
                stream = await self._tls._accept(self._stack, stream)
            async with stream:
                await self._serve(stream)
        except ConnectionError:
            stream.abort()  # the peer's doing

    def _done(self, task):
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._stack._loop.call_exception_handler({"message": "a server of leat has failed", "exception": error, "task": task})

    async def accept(self):
        """The next connection."""
        while self._c is not None:
            if stream := self._next():
                return await self._tls._accept(self._stack, stream) if self._tls else stream
            if self._waiter:
                raise RuntimeError("another task waits for this listener")
            self._waiter = self._stack._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        raise ClosedError("the listener is closed")

    def close(self):
        """Stops listening, and cancels the tasks of its connections. It does nothing to a listener that is closed."""
        if self._c is not None:
            c = self._c
            self._lost(lib.LEAT_ERR_CLOSED, "closed by us")
            lib.leat_tcp_listener_close(c)
            self._stack._poll_soon()

    def _lost(self, *_):
        self._c = None
        self._stack._live.discard(self)
        for task in list(self._tasks):
            task.cancel()
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        self.close()


@ffi.def_extern()
def leat_py_on_open(_conn, arg):
    """A session of TLS is open."""
    if arg:
        ffi.from_handle(arg)._wake("_opening")


@ffi.def_extern()
def leat_py_on_readable(_conn, arg):
    """Data has arrived, or the end."""
    if arg:
        future = ffi.from_handle(arg)._reader
        if future and not future.done():
            future.set_result(None)


@ffi.def_extern()
def leat_py_on_writable(_conn, arg):
    """There is room again."""
    if arg:
        ffi.from_handle(arg)._wake("_writer")


@ffi.def_extern()
def leat_py_on_closed(_conn, why, arg):
    """The last callback of a stream. Data that has arrived is kept for its reader."""
    if not arg:
        return
    stream = ffi.from_handle(arg)
    if stream._c is not None:
        if why == lib.LEAT_OK:
            parts = []
            while data := stream._take(READ_BYTES):
                parts.append(data)
            stream._rest = b"".join(parts)
        detail = ""
        if why == lib.LEAT_ERR_TLS:
            info = ffi.new("struct leat_tls_info *")
            lib.leat_tls_get_info(stream._c, info)
            detail = ffi.string(info.why).decode()
        stream._lost(why, detail)
    stream._stack._live.discard(stream)


@ffi.def_extern()
def leat_py_on_acceptable(_listener, arg):
    """Connections wait."""
    listener = ffi.from_handle(arg)
    if listener._serve:
        listener._accept_all()
    elif listener._waiter and not listener._waiter.done():
        listener._waiter.set_result(None)


@ffi.def_extern()
def leat_py_on_released(arg):
    """The stack needs lent bytes no more."""
    ffi.from_handle(arg).release()
