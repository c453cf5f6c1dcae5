"""The C library of images, their constructors and destructors, and an image in C++."""

import re
import time

import pytest

from conftest import ARCH, image

# exit status of the guest, and lines that it must print or not
ENDS = {
    "return": (0, ["atexit", "destructor"], []),
    "exit": (5, ["atexit", "destructor"], []),
    "_Exit": (6, [], ["atexit", "destructor"]),
    "abort": (127, [r"abort\(\) was called", "leat: exception"], ["atexit"]),
    "assert": (127, [r"(.*/)?libc\.c:\d+: leat_metal_main\(\): assertion failed: !strstr\(.*", "leat: exception"], ["atexit"]),
}


@pytest.mark.parametrize("how", ENDS)
def test_an_image_calls_its_c_library_and_ends(guest, how):
    status, said, unsaid = ENDS[how]
    libc = guest("libc", netdev=None, arguments=[how])
    code = libc.wait()
    assert "wrong" not in libc.text and "all is right" in libc.lines
    assert code == status
    for line in said:
        assert any(re.fullmatch(line, other) for other in libc.lines), line
    assert not set(unsaid) & set(libc.lines)


def test_its_time_is_ours(guest, machine):
    before = time.time()
    libc = guest("libc", machine, netdev=None, arguments=["return"])
    line = libc.wait_for(r"time -?\d+")
    after = time.time()
    said = int(line.split()[1])
    assert libc.wait() == 0
    if said == -1:
        pytest.skip(f"{machine} has no clock")
    assert before - 2 <= said <= after + 2


@pytest.mark.skipif(ARCH != "x86_64", reason="made by the native compiler only")
def test_an_image_in_cpp_has_its_objects(guest):
    image("cpp")  # skips where there is no compiler of C++
    cpp = guest("cpp", netdev=None)
    assert cpp.wait() == 0
    assert [line for line in cpp.lines if line.startswith(("C++", "the "))] == ["C++ is right", "the global object is destroyed"]
