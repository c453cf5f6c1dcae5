"""leat: a TCP/IP stack in a Python process, without root and without the kernel's network, for asyncio.

    async with leat.Stack(leat.Passt(), addresses=["10.0.2.15/24"], gateway="10.0.2.2") as stack:
        async with await stack.connect("10.0.2.2", 7) as stream:
            await stream.write(b"hello")
            print(await stream.read())

leat._leat.lib has every function of leat's headers, for programs with a loop of their own.
"""

from .devices import Device, Passt, Socket, Tap
from .errors import AbortedError, ClosedError, Error, NotFoundError, RefusedError, ResetError, TimedOutError
from .stack import Stack
from .streams import Listener, Stream
from .datagrams import Datagrams
from .tls import Authorities, Identity

__all__ = ["AbortedError", "Authorities", "ClosedError", "Datagrams", "Device", "Error", "Identity", "Listener", "NotFoundError",
           "Passt", "RefusedError", "ResetError", "Socket", "Stack", "Stream", "Tap", "TimedOutError"]
