"""The data of the hosts in the captures: neither random nor periodic."""

import hashlib


def pattern(who, count):
    """@count bytes from the beginning of the pattern; the side is "up" (the client) or "down"."""
    made = b""
    block = 0
    while len(made) < count:
        made += hashlib.sha256(f"{who} {block}".encode()).digest()
        block += 1
    return made[:count]
