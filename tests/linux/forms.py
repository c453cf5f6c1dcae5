"""Forms with files for upload, and its replies in chunks."""

from conftest import run

PATIENCE_S = 150  # of a client, because the machine may be busy
HEAD = (b"POST /upload HTTP/1.1\r\nHost: leat\r\nContent-Length: %d\r\n"
        b"Content-Type: multipart/form-data; boundary=B\r\n\r\n")
PART = b'--B\r\nContent-Disposition: form-data; name="f"; filename="%s"\r\n\r\n'


def curl(*words, timeout=110):
    return run("curl", "-sS", "--no-progress-meter", "--max-time", timeout - 5, *words,
               timeout=timeout)


def unchunked(conn):
    """The data of a chunked reply."""
    conn.settimeout(PATIENCE_S)
    lines = conn.makefile("rb")
    while lines.readline() != b"\r\n":
        pass
    chunks = []
    while size := int(lines.readline(), 16):
        chunks.append(lines.read(size))
        assert lines.readline() == b"\r\n"
    return b"".join(chunks)
