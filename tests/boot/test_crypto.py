"""BearSSL on the bare machine gives the same results as elsewhere. On x86-64 it is Debian's own archive, which uses SSE, a
guard word at %fs:0x28 and a red zone."""

import pytest

from conftest import ARCH, MACHINES, rng


@pytest.mark.parametrize("machine", MACHINES)
def test_known_answers(guest, machine):
    image = guest("crypto", machine, netdev=None, extra=rng(machine))
    assert image.wait(60) == 0, image.text
    assert "all answers are right" in image.text


@pytest.mark.skipif(ARCH != "x86_64", reason="of x86-64")
def test_known_answers_without_the_processors_aes(guest):
    image = guest("crypto", cpu="max,-aes,-pclmulqdq")
    assert image.wait(60) == 0, image.text
    assert "all answers are right" in image.text
