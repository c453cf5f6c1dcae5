"""A task that overflows its stack, with page tables of our own."""

from conftest import ARCH

EXCEPTION = 127
PAGE_FAULT, TRAP = {
    "x86_64": ("vec 000000000000000e", "vec 0000000000000006"),
    "aarch64": ("esr 0000000096000047", "esr 00000000f20003e8"),  # a write to a page that isn't there; brk
    "riscv64": ("cau 000000000000000f", "cau 0000000000000003"),
}[ARCH]


def test_a_stack_that_overflows_meets_its_guard_page(guest, machine):
    overflow = guest("overflow", machine, arguments=["guard"])
    assert overflow.wait() == EXCEPTION
    assert 'leat: the stack of task "overflows" has overflowed into its guard page' in overflow.text
    assert PAGE_FAULT in overflow.text and "stk " in overflow.text
    assert "the task goes on" not in overflow.text


def test_without_a_guard_page_its_canary_is_found_dead(guest, machine):
    overflow = guest("overflow", machine, arguments=["canary"])
    assert overflow.wait() == EXCEPTION
    assert 'leat: the stack of task "overflows" has overflowed\n' in overflow.text.replace("\r", "")
    assert TRAP in overflow.text
    assert "guard page" not in overflow.text and "the task goes on" not in overflow.text


def test_a_stack_that_is_deep_enough_does_not_notice(guest, machine):
    overflow = guest("overflow", machine, arguments=["fits"])
    assert overflow.wait() == 0
    assert "the task goes on" in overflow.text
