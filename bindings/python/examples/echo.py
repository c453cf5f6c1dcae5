"""An echo server on a UNIX socket, at which it waits for a peer: echo.py PATH. bench/bindings.py measures it."""

import asyncio
import sys

import leat


async def echo(stream):
    """Serves one connection."""
    async for data in stream:
        await stream.write(data)


async def main(path):
    """Serves until it is stopped."""
    async with leat.Stack(leat.Socket(path, listen=True), addresses=["10.0.0.1/24"]) as stack:
        async with await stack.listen(7, echo):
            await asyncio.get_running_loop().create_future()


asyncio.run(main(sys.argv[1]))
