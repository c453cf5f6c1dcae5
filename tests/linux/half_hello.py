"""A client of TLS whose ClientHello comes in two parts, and whose server begins to end between them."""

import contextlib
import ssl
import time


def ask_in_halves(conn, context, end):
    """Sends half of a ClientHello, calls end(), and finishes: one request is answered, then comes close_notify."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context.wrap_bio(incoming, outgoing, server_hostname="leat.test")
    with contextlib.suppress(ssl.SSLWantReadError):
        session.do_handshake()
    hello = outgoing.read()
    conn.sendall(hello[:50])
    time.sleep(0.5)  # any time before the rest of it
    end()
    conn.sendall(hello[50:])

    def step(call, *words):
        while True:
            try:
                return call(*words)
            except ssl.SSLWantReadError:
                incoming.write(conn.recv(65536))
            finally:
                conn.sendall(outgoing.read())

    step(session.do_handshake)
    step(session.write, b"GET / HTTP/1.1\r\nHost: leat.test\r\n\r\n")
    reply = step(session.read, 65536)
    assert reply.startswith(b"HTTP/1.1 200 OK\r\n") and b"Connection: close\r\n" in reply
    with contextlib.suppress(ssl.SSLZeroReturnError):  # close_notify, not only a FIN
        while step(session.read, 65536):
            pass
