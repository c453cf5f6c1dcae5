"""Received data without a copy."""

import functools
import threading
import weakref

from ._leat import ffi, lib


def _nothing(_kept, _pointer):
    """The end of one piece; the arguments are what it has kept."""


class Borrowed:
    """Buffers that a stream has received, until no memoryview shows them any more.

    Each piece refers to one token, and so does each slice of it that the program makes. The buffers go back to the stack when the
    last of them is gone, and never earlier. If the stack is closed before, they keep its memory.
    """

    def __init__(self, stream, buf):
        self._stream, self._stack, self._buf = stream, stream._stack, buf
        self._memory, self._lent = self._stack._memory, None
        self._thread = threading.get_ident()
        self._len = lib.leat_buf_total(buf)
        self._stack._borrowed.add(self)
        self._views = []

    def show(self):
        """The memoryviews, which are read-only."""
        token, views = ffi.gc(self._buf, self._end), []
        piece = self._buf
        while piece:
            data = ffi.gc(piece.data, functools.partial(_nothing, token))
            views.append(memoryview(ffi.buffer(data, piece.len)).toreadonly())
            piece = piece.next
        self._views = [weakref.ref(view) for view in views]
        return views

    def release(self):
        """Makes the memoryviews unusable, except those whose bytes another object uses."""
        for view in [ref() for ref in self._views]:
            try:
                if view is not None:
                    view.release()
            except BufferError:
                pass

    def keep(self, lent):
        """The stack is closed. Its buffers may show bytes that the program has lent."""
        self._lent = lent

    def is_of(self, stream):
        """True for the data of this stream."""
        return self._stream is stream

    def _end(self, _buf):
        """Nothing shows the buffers any more."""
        if threading.get_ident() == self._thread:
            self._free()
            return
        try:
            self._stack._loop.call_soon_threadsafe(self._free)
        except RuntimeError:
            pass  # the loop is closed, and with it the stack

    def _free(self):
        self._stack._borrowed.discard(self)
        if self._stack._stack is not None:
            lib.leat_buf_free(self._buf)
            if self._stream._c is not None:
                lib.leat_stream_consumed(self._stream._c, self._len)  # the window opens
                self._stack._poll_soon()
        self._memory = self._lent = None
