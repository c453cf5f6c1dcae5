"""Providers compared with each other on random inputs: their answers must be equal."""

import os
import random

import pytest

from conftest import Ask

PROVIDERS = os.environ.get("LEAT_PROVIDERS", "openssl bearssl").split()
INPUTS = 1_000_000 if os.environ.get("LEAT_LONG") else 10_000  # meson test --setup long
KEYS = {"aes-128-gcm": 16, "aes-256-gcm": 32, "chacha20-poly1305": 32}


@pytest.fixture(scope="module")
def both():
    processes = [Ask(name) for name in PROVIDERS]
    yield processes
    for process in processes:
        process.close()


def pieces(rng, most):
    return [rng.randbytes(rng.randrange(most)) for _ in range(rng.randrange(1, 4))]


def question(rng):
    """A command with random words. Shares are rare, because they are slow."""
    kind = rng.randrange(40)
    if kind < 10:
        return "hash", rng.choice(("sha256", "sha384")), pieces(rng, 200)
    if kind < 20:
        return "hmac", rng.choice(("sha256", "sha384")), rng.randbytes(rng.randrange(150)), pieces(rng, 100)
    if kind < 39:
        aead = rng.choice(list(KEYS))
        words = aead, rng.randbytes(KEYS[aead]), rng.randbytes(12), rng.randbytes(rng.randrange(30)), pieces(rng, 150)
        return ("seal", *words, "=") if kind < 38 else ("open", *words, "=", rng.randbytes(16))
    if rng.randrange(2):
        return "agree", "0x1d", rng.randbytes(32), rng.randbytes(32)
    point = rng.randbytes(64) if rng.randrange(2) else None
    share = b"\4" + point if point else None
    return ("agree", "0x17", rng.randbytes(32), share) if share else ("agree", "0x17", rng.randbytes(64), "peer")


def test_providers_agree(both):
    rng = random.Random(INPUTS)
    peer = bytes.fromhex(both[0]("agree", "0x17", rng.randbytes(32), b"").split()[0])
    for number in range(INPUTS):
        words = [peer if word == "peer" else word for word in question(rng)]
        first, second = (ask(*words) for ask in both)
        assert first == second, (number, words)
        if words[0] == "agree" and words[1] == "0x17" and len(first.split()[0]) == 130:
            peer = bytes.fromhex(first.split()[0])
