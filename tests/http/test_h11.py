"""Heads of requests, changed at random, read by the server's grammar and by h11, an independent implementation.

Each head that the server accepts must be accepted by h11, with the same end and the same framing of
the body. Otherwise a proxy could see another request than the server behind it. A head that only the
server refuses must have a reason in REASONS.

    test_h11.py PROGRAM [COUNT [SEED]]
"""

import random
import re
import struct
import subprocess
import sys

try:
    import h11
except ImportError:
    print("skipped: there is no h11 (python3-h11)")
    sys.exit(77)

from heads import made

# heads that the server refuses and h11 accepts, with the reason
REASONS = [
    ("a bare LF ends a line (RFC 9112 2.2: may be taken, need not)", rb"(?<!\r)\n"),
    ("a folded line (RFC 9112 5.2: may be refused)", rb"\r\n[ \t]"),
    ("two lengths, or several in one (RFC 9112 6.3: may be refused, even if they are equal)",
     rb"(?is)(\ncontent-length:.*){2}|\ncontent-length:[^\r\n]*,"),
    ("a length beside a coding (RFC 9112 6.1: may be refused)",
     rb"(?is)(?=.*\ncontent-length:)(?=.*\ntransfer-encoding:)"),
    ("a coding in HTTP/1.0 (RFC 9112 6.1)", rb"(?is)http/1\.0.*\ntransfer-encoding:"),
    ("two media types", rb"(?is)(\ncontent-type:.*){2}"),
    ("a target that is neither a path nor a URL of http or https, or has characters that none may have",
     rb"^(\r\n)*\S+ (?!(/([\w\-.~!$&'()*+,;=:@/\[\]|{}^\x80-\xff]|%[0-9A-Fa-f]{2})*(\?\S*)?"
     rb"|(?i:https?)://[\w\-.~!$&'()*+,;=:@%\[\]]+(/([\w\-.~!$&'()*+,;=:@/\[\]|{}^\x80-\xff]|%[0-9A-Fa-f]{2})*)?(\?\S*)?) HTTP)"),
    ("a host with characters that none may have (RFC 3986 3.2.2)",
     rb"(?i)\nhost:[ \t]*[\w\-.~!$&'()*+,;=:@%\[\]]*[^\w\-.~!$&'()*+,;=:@%\[\]\r\n]"),
    ("options of the connection that are no list of tokens (RFC 9110 7.6.1)",
     rb"(?i)\nconnection:(?![ \t]*[\w!#$%&'*+\-.^`|~]*[ \t]*(,[ \t]*[\w!#$%&'*+\-.^`|~]*[ \t]*)*\r)"),
    ("a control character in a value (RFC 9110 5.5)", rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"),
    ("no host in a version of HTTP/1 later than 1.1, which is read as that (RFC 9110 2.5, RFC 9112 3.2)",
     rb"(?is)^(?!.*\nhost:).* HTTP/1\.[2-9]\r"),
    ("a length that is none", rb"(?i)\ncontent-length:[ \t]*(?![0-9]+[ \t]*\r)"),
]
REASONS = [(text, re.compile(pattern)) for text, pattern in REASONS]
OTHERS = {414: "line", 417: "expectation", 431: "head", 501: "method or coding", 505: "version"}


def by_h11(text):
    """(accepted?, bytes of the head, framing); the framing is None if it is refused."""
    conn = h11.Connection(h11.SERVER, max_incomplete_event_size=100_000)
    # h11 takes no octet over 0x7e in a target
    line = re.match(rb"((?:\r\n)*[!-~]+ )([^ \r\n]*)", text)
    if line:
        text = line[1] + re.sub(rb"[\x80-\xff]", b"x", line[2]) + text[line.end():]
    # a server should skip at least one empty line before a request (RFC 9112 2.2); h11 doesn't
    conn.receive_data(text[re.match(rb"(\r\n)*", text).end():])
    try:
        event = conn.next_event()
    except h11.RemoteProtocolError:
        return False, 0, None
    if not isinstance(event, h11.Request):
        return False, 0, None
    names = dict(event.headers)
    left, _ = conn.trailing_data
    framing = "chunked 0" if b"transfer-encoding" in names else f"length {int(names.get(b'content-length', 0))}"
    return True, len(text) - len(left), framing


def by_leat(program, texts):
    told = subprocess.run([program], input=b"".join(struct.pack("<I", len(text)) + text for text in texts),
                          stdout=subprocess.PIPE, timeout=100, check=True).stdout.decode()
    for line in told.splitlines():
        status, taken, framing = line.split(" ", 2)
        yield int(status), int(taken), framing


def complaint(text, leat, other):
    """The difference of two verdicts, or None."""
    status, taken, framing = leat
    if status == 200:
        if not other[0]:
            return "the server accepts a head that h11 refuses"
        if (taken, framing) != other[1:]:
            return "both accept it, with different results"
        return None
    if other[0] and status not in OTHERS and not any(pattern.search(text[:other[1]]) for _, pattern in REASONS):
        return f"only the server refuses it, {status}, without a reason in REASONS"
    return None


def main():
    program, count, seed = sys.argv[1], int((sys.argv[2:] or ["20000"])[0]), int((sys.argv[3:] or ["1"])[0])
    rng = random.Random(seed)
    texts = [made(rng) for _ in range(count)]
    both, wrong = 0, 0
    for text, leat in zip(texts, by_leat(program, texts), strict=True):
        other = by_h11(text)
        both += leat[0] == 200 and other[0]
        why = complaint(text, leat, other)
        if why:
            wrong += 1
            if wrong <= 20:
                print(f"{why}: {text!r}: {leat} {other}")
    print(f"{count} heads, seed {seed}: {both} taken by both, {wrong} complaints")
    return 1 if wrong or both < count // 20 else 0


if __name__ == "__main__":
    sys.exit(main())
