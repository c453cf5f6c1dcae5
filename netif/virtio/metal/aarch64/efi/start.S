/*
 * start.S -- the beginning and the end of the program that UEFI starts from a disk (see start.c).
 *
 * tools/image puts a header of PE in front of it, and the payload behind it. All addresses are taken from the program
 * counter, because the firmware loads it anywhere.
 */
    .section .text.head, "ax"
    .globl _start
_start: /* x0: the handle, x1: the system table */
    adrp x2, payload
    add x2, x2, :lo12:payload
    b efi_main

/* _Noreturn void efi_leave(uint64_t image, const void *tree): turns off the MMU and the caches, at EL1 or EL2, and jumps to the
 * image as a loader of Linux does (Documentation/arch/arm64/booting.rst). The image and the tree are in memory, not in the cache. */
    .text
    .globl efi_leave
efi_leave:
    msr daifset, #15
    mov x5, x0
    mov x0, x1
    mov x6, #0x1005 /* I, C, M */
    mrs x4, CurrentEL
    cmp x4, #(2 << 2)
    b.eq 1f
    mrs x4, sctlr_el1
    bic x4, x4, x6
    msr sctlr_el1, x4
    b 2f
1:  mrs x4, sctlr_el2
    bic x4, x4, x6
    msr sctlr_el2, x4
2:  isb
    ic iallu
    dsb sy
    isb
    mov x1, xzr
    mov x2, xzr
    mov x3, xzr
    br x5
