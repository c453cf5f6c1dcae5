/*
 * boot.S -- from the loader's jump to metal_start().
 *
 * The image begins as Linux' does (Documentation/arch/riscv/boot-image-header.rst), so what boots Linux boots it:
 * a0 is the hart, a1 the device tree, paging is off. It may lie at any address that is a multiple of 2 MiB, so the
 * words that the linker could not know are completed first.
 */
#define STACK_BYTES 65536
#define R_RISCV_RELATIVE 3
#define SSTATUS_FS_INITIAL 0x2000
#define SATP_SV39 8
#define PAGE_RWX 0xcf /* valid, readable, writable, executable, accessed, dirty */

    .section .text.head, "ax"
    .option norvc
    .globl _start
_start:
    j begin
    nop
    .quad 0x200000 /* the offset from the start of RAM */
    /* here image.ld puts the image's bytes, with .bss */
    .section .text.boot, "ax"
    .quad 0        /* little-endian */
    .long 0x2      /* version 0.2 of the header */
    .long 0
    .quad 0
    .ascii "RISCV\0\0\0"
    .ascii "RSC\x05"
    .long 0
    .option rvc

begin:
    csrw sie, zero
    csrci sstatus, 2 /* no interrupt is ever taken: see machine.c */
    li t0, SSTATUS_FS_INITIAL
    csrs sstatus, t0
    mv s0, a0
    mv s1, a1
    lla sp, stack_top
    lla t0, bss_start
    lla t1, image_end
1:  bgeu t0, t1, 2f
    sd zero, 0(t0)
    addi t0, t0, 8
    j 1b
2:  /* words of the data that hold addresses: add where we are */
    lla t0, relocations_start
    lla t1, relocations_end
    lla t2, _start
    li t5, R_RISCV_RELATIVE
3:  bgeu t0, t1, 5f
    ld t3, 0(t0)
    ld t4, 8(t0)
    ld t6, 16(t0)
    addi t0, t0, 24
    bne t4, t5, 3b
    add t3, t3, t2
    add t6, t6, t2
    sd t6, 0(t3)
    j 3b
5:  /* the lower 256 GiB, in pages of 1 GiB; the machine itself knows its devices */
    lla t0, page_root
    li t1, PAGE_RWX
    li t2, 256
    li t3, 1 << 28
6:  sd t1, 0(t0)
    add t1, t1, t3
    addi t0, t0, 8
    addi t2, t2, -1
    bnez t2, 6b
    lla t0, page_root
    srli t0, t0, 12
    li t1, SATP_SV39 << 60
    or t0, t0, t1
    sfence.vma
    csrw satp, t0
    sfence.vma
    lla t0, trap
    csrw stvec, t0
    lla t0, trap_stack_top
    csrw sscratch, t0
    mv a0, s0
    mv a1, s1
    mv ra, zero
    mv s0, zero
    call metal_start

/* An exception: the stack may have overflowed, so the report has its own. */
    .balign 4
trap:
    csrrw sp, sscratch, sp
    csrr a0, scause
    csrr a1, sepc
    csrr a2, stval
    csrr a3, sscratch
    mv a4, ra
    lla t0, trap_stack_top
    csrw sscratch, t0
    call trap_taken

    .bss
    .balign 4096
    .globl page_root
page_root:
    .skip 4096
    .balign 16
    .skip 16384
trap_stack_top:
    .skip STACK_BYTES
stack_top:

    .section .note.GNU-stack, "", @progbits
