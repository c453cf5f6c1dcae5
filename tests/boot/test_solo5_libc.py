"""Constructors, destructors and the C library of images on Solo5, in C and in C++: the images of test_libc.py."""

import os
import re

import pytest
from solo5 import START_S, Tender, tools
from test_solo5 import abi  # noqa: F401  pylint: disable=unused-import

# exit status of the tender, None: not 0; lines that the image must print or not
ENDS = {
    "return": (0, ["atexit", "destructor"], []),
    "exit": (5, ["atexit", "destructor"], []),
    "_Exit": (6, [], ["atexit", "destructor"]),
    "abort": (None, [r"abort\(\) was called"], ["atexit", "destructor"]),
    "assert": (None, [r"(.*/)?libc\.c:\d+: leat_metal_main\(\): assertion failed: !strstr\(.*"], ["atexit", "destructor"]),
}


def run(kind, name, *words):
    """An image that has ended, and the tender's status."""
    tender = Tender(kind, name, {}, words)
    try:
        assert tools.until(lambda: not tender.running, START_S)
        return tender, tender.wait()
    finally:
        tender.remove()


@pytest.mark.parametrize("how", ENDS)
def test_constructors_run_in_order_and_destructors_at_the_end(abi, how):  # noqa: F811
    status, said, unsaid = ENDS[how]
    libc, code = run(abi, "libc", how)
    assert "wrong" not in libc.text and "all is right" in libc.lines
    assert code != 0 if status is None else code == status
    for line in said:
        assert any(re.fullmatch(line, other) for other in libc.lines), line
    assert not set(unsaid) & set(libc.lines)


def test_an_image_in_cpp_has_its_objects(abi):  # noqa: F811
    if not os.path.isfile(tools.BUILD / f"tests/boot/cpp.{abi}"):
        pytest.skip("made without a compiler of C++")
    cpp, code = run(abi, "cpp")
    assert code == 0
    assert [line for line in cpp.lines if line.startswith(("C++", "the "))] == ["C++ is right", "the global object is destroyed"]
