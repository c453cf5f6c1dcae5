"""The kit of tests/backend over devices that need root: two TAP devices on a bridge, and a veth pair."""

import itertools
import subprocess

import pytest

from conftest import BUILD, make_pair, make_tap, run

KIT = BUILD / "tests" / "backend" / "test_backend"
RULES = (
    "its_facts_are_such_as_a_stack_takes",
    "frames_of_every_length_pass_unchanged",
    "pieces_are_put_together_and_left_as_they_were",
    "a_burst_comes_in_its_order",
    "frames_left_over_are_asked_for_at_once",
    "an_idle_backend_does_not_want_to_be_asked_at_once",
    "an_empty_pool_is_waited_for",
    "an_end_that_does_not_read_is_waited_for_or_loses",
    "a_device_that_vanishes_is_silent_and_told",
)
_numbers = itertools.count()


def two_taps():
    """Each frame of one device goes to the other, and nowhere else."""
    number = next(_numbers)
    bridge, ends = f"kit{number}", [f"kit{number}a", f"kit{number}b"]
    run("ip", "link", "add", bridge, "type", "bridge", "mcast_snooping", "0")
    run("ip", "link", "set", bridge, "addrgenmode", "none", check=False)
    run("ip", "link", "set", bridge, "up")
    for end in ends:
        make_tap(end)
        run("ip", "link", "set", end, "master", bridge)
    return ends


def two_queues():
    number = next(_numbers)
    device = f"kit{number}"
    make_pair(device, f"02:6b:69:74:00:{number:02x}", 1500, f"10.66.{number}.1/24")
    return [device, f"{device}p"]


def kit(backend, ends, rule):
    """One rule of the kit; other rules need new devices."""
    done = subprocess.run([KIT, f"{backend}:{','.join(ends)}", rule], check=False, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("backend", ["tap", "xdp"])
def test_a_backend_keeps_the_rule(backend, rule):
    if not KIT.is_file():
        pytest.skip("the kit has not been built")
    ends = two_taps() if backend == "tap" else two_queues()
    try:
        status, said = kit(backend, ends, rule)
    finally:
        run("ip", "link", "del", ends[0], check=False)
        run("ip", "link", "del", ends[1], check=False)
    if status == 2:
        pytest.skip("built without AF_XDP")
    assert status == 0 and "[  PASSED  ] 1 test" in said, said
