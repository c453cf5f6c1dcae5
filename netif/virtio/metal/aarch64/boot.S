/*
 * boot.S -- from the loader's jump to metal_start().
 *
 * The image begins as Linux' does (Documentation/arch/arm64/booting.rst), so what boots Linux boots it: x0 is the device
 * tree, the MMU is off, the exception level is 1 or 2. It may lie at any address that is a multiple of 4 KiB.
 *
 * Nothing is written before the MMU is on but the page tables and the boot stack, whose lines are dropped from the cache;
 * a loader may have left old ones there.
 */
#define STACK_BYTES 65536
#define BOOT_STACK_BYTES 4096
#define R_AARCH64_RELATIVE 1027
#define HCR_RW (1 << 31)           /* EL1 is AArch64 */
#define SPSR_EL1_MASKED 0x3c5      /* EL1 with its own stack, no interrupts */
#define CPACR_FPEN (3 << 20)       /* floating point doesn't trap */
#define MAIR 0x04ff                /* 0: normal write-back; 1: device, nGnRE */
#define SCTLR 0x30d0199d           /* the bits that are one, MMU, caches, EL0's rights as Linux has them; no alignment check */

    .section .text.head, "ax"
    .globl _start
_start:
    b begin
    .long 0
    .quad 0 /* the offset from a multiple of 2 MiB */
    /* here image.ld puts the image's bytes, with .bss */
    .section .text.boot, "ax"
    .quad 0xa /* little-endian, pages of 4 KiB, anywhere in memory */
    .quad 0, 0, 0
    .ascii "ARM\x64"
    .long 0

begin:
    mov x19, x0
    msr daifset, #15 /* no interrupt is ever taken: see gic.c */
    mrs x1, CurrentEL
    cmp x1, #(2 << 2)
    b.ne 1f
    /* a hypervisor's level: give EL1 the timer, the interrupt controller and all instructions */
    mov x1, #HCR_RW
    msr hcr_el2, x1
    mov x1, #3
    msr cnthctl_el2, x1
    msr cntvoff_el2, xzr
    mov x1, #0x33ff
    msr cptr_el2, x1
    msr vttbr_el2, xzr
    mrs x1, id_aa64pfr0_el1
    ubfx x1, x1, #24, #4
    cbz x1, 0f
    mrs x1, S3_4_C12_C9_5 /* ICC_SRE_EL2 */
    mov x2, #9 /* system registers, also at EL1 */
    orr x1, x1, x2
    msr S3_4_C12_C9_5, x1
    isb
    msr S3_4_C12_C11_0, xzr /* ICH_HCR_EL2 */
0:  mov x1, #SPSR_EL1_MASKED
    msr spsr_el2, x1
    ldr x1, =0x30d00800 /* SCTLR_EL1: the bits that are one */
    msr sctlr_el1, x1
    adr x1, 1f
    msr elr_el2, x1
    eret
1:  mov x1, #CPACR_FPEN
    msr cpacr_el1, x1
    adrp x1, boot_stack_top
    add x1, x1, :lo12:boot_stack_top
    mov sp, x1
    mov x0, x19
    bl paging_boot /* makes the tables; returns TCR_EL1 */
    mov x20, x0
    ldr x1, =MAIR
    msr mair_el1, x1
    msr tcr_el1, x20
    adrp x1, page_root
    add x1, x1, :lo12:page_root
    msr ttbr0_el1, x1
    dsb sy
    isb
    tlbi vmalle1
    ic iallu
    dsb sy
    isb
    ldr x1, =SCTLR
    msr sctlr_el1, x1
    isb
    /* memory is memory now */
    adrp x1, bss_start
    add x1, x1, :lo12:bss_start
    adrp x2, bss_end
    add x2, x2, :lo12:bss_end
2:  cmp x1, x2
    b.hs 3f
    str xzr, [x1], #8
    b 2b
3:  adrp x1, relocations_start
    add x1, x1, :lo12:relocations_start
    adrp x2, relocations_end
    add x2, x2, :lo12:relocations_end
    adrp x3, _start
    add x3, x3, :lo12:_start
4:  cmp x1, x2
    b.hs 5f
    ldp x4, x5, [x1]
    ldr x6, [x1, #16]
    add x1, x1, #24
    cmp w5, #R_AARCH64_RELATIVE
    b.ne 4b
    add x6, x6, x3
    str x6, [x4, x3]
    b 4b
5:  adrp x1, vectors
    add x1, x1, :lo12:vectors
    msr vbar_el1, x1
    adrp x1, stack_top
    add x1, x1, :lo12:stack_top
    mov sp, x1
    mov x0, #0
    mov x1, x19
    mov x29, xzr
    mov x30, xzr
    bl metal_start

/* An exception: the stack may have overflowed, so the report has its own. No register is saved, for nothing returns. */
    .text
    .balign 2048
vectors:
    .rept 16
    b trap
    .balign 128
    .endr
trap:
    mov x3, sp
    mov x4, x30
    adrp x0, trap_stack_top
    add x0, x0, :lo12:trap_stack_top
    mov sp, x0
    mrs x0, esr_el1
    mrs x1, elr_el1
    mrs x2, far_el1
    b trap_taken

    .section .tables, "aw", @nobits
    .balign 4096
    .globl page_root
page_root:
    .skip 4096
    .globl page_first
page_first: /* 512 GiB, in pages of 1 GiB */
    .skip 4096
    .globl page_image
page_image: /* the gibibyte of the image, in pages of 2 MiB */
    .skip 4096
    .globl page_image_parts
page_image_parts: /* what the image covers, in pages of 4 KiB */
    .skip 5 * 4096
    .skip BOOT_STACK_BYTES
boot_stack_top:

    .bss
    .balign 16
    .skip 16384
trap_stack_top:
    .skip STACK_BYTES
stack_top:

    .section .note.GNU-stack, "", @progbits
