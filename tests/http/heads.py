"""Heads of requests, legal or nearly so, for comparisons of two readers."""

LINES = [b"GET / HTTP/1.1", b"POST /a/b?c=d HTTP/1.1", b"HEAD http://h/x HTTP/1.0", b"PUT /%41 HTTP/1.1",
         b"DELETE /x HTTP/1.1", b"OPTIONS * HTTP/1.1", b"BREW / HTTP/1.1", b"GET /x HTTP/1.2"]
FIELDS = [b"Host: leat", b"Host: [::1]:80", b"host:x", b"Content-Length: 5", b"Content-Length: 0", b"content-length: 12",
          b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: identity",
          b"Connection: close", b"Connection: keep-alive, x", b"Expect: 100-continue", b"Content-Type: text/plain",
          b"X: y", b"X:", b"X-Y: \ta b\t", b"Cookie: a=b; c=\"d\"", b"Range: bytes=0-5", b"If-None-Match: \"x\", W/\"y\""]
BITS = [b"\r", b"\n", b"\r\n", b" ", b"\t", b":", b",", b"\0", b"\x7f", b"\x0b", b"\x80", b"\xff", b"0", b"+", b"-",
        b"chunked", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"Host: x\r\n", b"HTTP/1.1", b"\r\n\r\n", b"/", b"%",
        b"_", b"\"", b"1", b";"]


def made(rng):
    """A random head, legal or nearly so."""
    fields = [b"Host: leat"] * (rng.random() < 0.8) + rng.sample(FIELDS, rng.randrange(4))
    rng.shuffle(fields)
    text = bytearray(b"\r\n".join([rng.choice(LINES), *fields]) + b"\r\n\r\n")
    for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
        at = rng.randrange(len(text) + 1)
        kind = rng.randrange(4)
        if kind == 0:
            text[at:at] = rng.choice(BITS)
        elif kind == 1:
            del text[at:at + rng.randrange(1, 4)]
        elif kind == 2:
            text[at:at + 1] = rng.choice(BITS)
        else:
            text[at:at + 1] = bytes([rng.randrange(256)])
    return bytes(text) + b"\r\n" * (rng.random() < 0.3)
