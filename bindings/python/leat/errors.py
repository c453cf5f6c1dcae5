"""Errors of leat as exceptions: each is an Error, and where Python has an exception for it, that one, too."""

from ._leat import ffi, lib


class Error(OSError):
    """A call of leat has failed. code is a number of enum leat_err."""

    def __init__(self, code, detail=""):
        text = ffi.string(lib.leat_err_text(code)).decode()
        super().__init__(f"{text}: {detail}" if detail else text)
        self.code = code


class ResetError(Error, ConnectionResetError):
    """The peer has reset the connection, or memory was short."""


class RefusedError(Error, ConnectionRefusedError):
    """The peer refused the connection."""


class AbortedError(Error, ConnectionAbortedError):
    """We have aborted the connection."""


class TimedOutError(Error, TimeoutError):
    """The peer did not answer in time."""


class ClosedError(Error, BrokenPipeError):
    """The object is closed: by us, or because its stack is."""

    def __init__(self, detail="", code=lib.LEAT_ERR_CLOSED):
        super().__init__(code, detail)


class NotFoundError(Error, LookupError):
    """There is no such name or record."""


_CLASSES = {
    lib.LEAT_ERR_RESET: ResetError,
    lib.LEAT_ERR_REFUSED: RefusedError,
    lib.LEAT_ERR_ABORTED: AbortedError,
    lib.LEAT_ERR_TIMEOUT: TimedOutError,
    lib.LEAT_ERR_NOT_FOUND: NotFoundError,
}
_CLOSED = (lib.LEAT_ERR_CLOSED, lib.LEAT_ERR_CLOSING)


def error_of(code, detail=""):
    """The exception for a number of enum leat_err."""
    if code in _CLOSED:
        return ClosedError(detail, code)
    return _CLASSES.get(code, Error)(code, detail)


def check(code, detail=""):
    """Raises the exception of a number that is not LEAT_OK."""
    if code != lib.LEAT_OK:
        raise error_of(code, detail)
