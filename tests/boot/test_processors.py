"""Several processors of a machine: an image (processors.c) starts all, and they pass a token round by interrupts."""

import re
import socket

import pytest

ROUNDS = 1000
MACHINES = ["microvm", "q35", "q35-seabios", "pc"]


def boot(guest, machine, count, order, more=()):
    acpi = ["-M", "acpi=on"] if machine == "microvm" else []  # it lists the processors; the second -M adds to the first
    return guest("processors", machine, netdev=None, arguments=[order], extra=["-smp", str(count), *acpi, *more])


def check_round(image, count):
    """Every processor began and had the token; none of their clocks went back."""
    assert f"processor 0: processors: {count}" in image.text
    image.wait_for(f"processor 0: rounds of the token: {ROUNDS}", timeout=60)
    for number in range(1, count):
        assert f"processor {number}: began, entropy: 1" in image.text
    assert not re.search("went back|not start|twice|isn't there", image.text)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("count", [1, 2, 3])
def test_all_processors_run_and_end_in_order(guest, machine, count):
    image = boot(guest, machine, count, "wait")
    image.wait_for("rounds of the token", timeout=60)
    check_round(image, count)
    image.type(b"\x04")
    assert image.wait() == 0
    for number in range(1, count):
        assert f"processor {number}: ends after {ROUNDS}" in image.text
    assert image.text.endswith(f"processor 0: all have ended {count}")


def test_the_power_button_ends_all_processors(guest, tmp_path):
    path = tmp_path / "monitor"
    image = boot(guest, "q35", 2, "wait", ["-monitor", f"unix:{path},server=on,wait=off"])
    image.wait_for("rounds of the token", timeout=60)
    with socket.socket(socket.AF_UNIX) as monitor:
        monitor.connect(str(path))
        monitor.sendall(b"system_powerdown\n")
        assert image.wait() == 0
    assert f"processor 1: ends after {ROUNDS}" in image.text


def test_a_machine_without_tables_of_acpi_has_one(guest):
    image = guest("processors", "microvm", netdev=None, arguments=["wait"], extra=["-smp", "2"])
    image.wait_for("rounds of the token", timeout=60)
    check_round(image, 1)


def test_more_processors_than_are_used(guest):
    image = boot(guest, "q35", 18, "wait")
    image.wait_for("processors: 16")
    image.wait_for("processor 15: began", timeout=60)


def test_a_crash_of_one_processor_ends_the_machine_with_its_report(guest):
    image = boot(guest, "q35", 3, "crash")
    assert image.wait() == 127
    assert image.text.count("leat: exception") == 1
    assert "vec 0000000000000006" in image.text


def test_any_processor_may_end_the_machine(guest):
    image = boot(guest, "q35", 3, "exit")
    assert image.wait() == 5


def test_the_first_processor_hears_that_another_has_ended(guest):
    """By an interrupt: nothing else ends its wait until Ctrl-D."""
    image = boot(guest, "q35", 2, "return")
    assert image.wait() == 0
    assert image.text.endswith("processor 0: all have ended 2")
