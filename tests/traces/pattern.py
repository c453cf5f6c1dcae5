"""What the hosts of the captures say to each other: not random, not periodic either."""

import hashlib


def pattern(who, count):
    """@count bytes, which always begin the same; @who: "up" (the client) or "down"."""
    made = b""
    block = 0
    while len(made) < count:
        made += hashlib.sha256(f"{who} {block}".encode()).digest()
        block += 1
    return made[:count]
