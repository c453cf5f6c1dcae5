/*
 * trampoline.S -- from the first instruction of another processor to processor_begin().
 *
 * A processor that is started begins in real mode, at the start of a page below 1 MiB.
 * start.c copies the first part there, which only goes to protected mode.  The second part
 * does what boot.S does for the first processor, with the same page tables.
 */
#define CR0_PE         (1 << 0)
#define CR0_MP         (1 << 1)
#define CR0_EM         (1 << 2)
#define CR0_TS         (1 << 3)
#define CR0_NW         (1 << 29)
#define CR0_CD         (1 << 30)
#define CR0_PG         (1 << 31)
#define CR4_PAE        (1 << 5)
#define CR4_OSFXSR     (1 << 9)
#define CR4_OSXMMEXCPT (1 << 10)
#define MSR_EFER       0xc0000080
#define EFER_LME       (1 << 8)
#define CODE_SELECTOR  8
#define DATA_SELECTOR  16
#define CODE32_SELECTOR 24

    .text
    .code16
    .globl trampoline
trampoline:
    cli
    cld
    movw %cs, %ax
    movw %ax, %ds
    lgdtl descriptors_pointer - trampoline
    movl %cr0, %eax
    orl $CR0_PE, %eax
    movl %eax, %cr0
    ljmpl $CODE32_SELECTOR, $protected_mode
    .balign 4
descriptors_pointer:
    .word 4 * 8 - 1
    .long descriptors
    .globl trampoline_end
trampoline_end:

    .code32
protected_mode:
    movl $DATA_SELECTOR, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    /* SSE, too: libraries that others have compiled use it */
    movl %cr4, %eax
    orl $(CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT), %eax
    movl %eax, %cr4
    movl $page_root, %eax
    movl %eax, %cr3
    movl $MSR_EFER, %ecx
    rdmsr
    orl $EFER_LME, %eax
    wrmsr
    /* after INIT the caches are off */
    movl %cr0, %eax
    andl $~(CR0_EM | CR0_TS | CR0_NW | CR0_CD), %eax
    orl $(CR0_PG | CR0_PE | CR0_MP), %eax
    movl %eax, %cr0
    ljmp $CODE_SELECTOR, $long_mode

    .code64
long_mode:
    movq trampoline_stack, %rsp
    xorl %ebp, %ebp
    call processor_begin
1:  hlt
    jmp 1b

    .section .rodata
    .balign 8
descriptors:
    .quad 0
    .quad 0x00af9b000000ffff /* code, 64 bits */
    .quad 0x00cf93000000ffff /* data */
    .quad 0x00cf9b000000ffff /* code, 32 bits */

    .bss
    .balign 8
    .globl trampoline_stack
trampoline_stack:
    .skip 8

    .section .note.GNU-stack, "", @progbits
