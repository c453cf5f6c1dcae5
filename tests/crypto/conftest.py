"""A provider of cryptography as a process that answers lines; the program and the provider's name come
from LEAT_ASK and LEAT_PROVIDER."""

import os
import subprocess

import pytest

PROVIDER = os.environ.get("LEAT_PROVIDER", "openssl")
REFUSED = "refused"


class Ask:
    """A process of the program."""

    def __init__(self, provider):
        # memory of ask.c must not hide leaks of the provider, so leaks are checked only when it ends
        self.process = subprocess.Popen([os.environ["LEAT_ASK"], provider], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def __call__(self, *words):
        """The answer to a command; bytes become hex, lists of them pieces."""
        self.process.stdin.write(" ".join(map(text_of, words)) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer.endswith("\n"), f"the provider has ended: {words}"[:300]
        return answer.strip()

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(60) == 0


def text_of(word):
    if isinstance(word, (bytes, bytearray)):
        return word.hex() or "-"
    if isinstance(word, (list, tuple)):
        return ",".join(piece.hex() for piece in word) or "-"
    return str(word)


@pytest.fixture(scope="session")
def ask():
    process = Ask(PROVIDER)
    yield process
    process.close()
