"""BearSSL on the bare machine: Debian's own archive, which uses SSE, a guard word at %fs:0x28 and a red zone, gives
the same results as elsewhere."""

import pytest

from conftest import MACHINES


@pytest.mark.parametrize("machine", MACHINES)
def test_known_answers(guest, machine):
    image = guest("crypto", machine, netdev=None)
    assert image.wait(60) == 0, image.text
    assert "all answers are right" in image.text


def test_known_answers_without_the_processors_aes(guest):
    image = guest("crypto", cpu="max,-aes,-pclmulqdq")
    assert image.wait(60) == 0, image.text
    assert "all answers are right" in image.text
