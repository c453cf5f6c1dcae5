/*
 * boot.S -- from the hypervisor's jump to metal_start(), and from an interrupt to interrupt_taken().
 *
 * There are three ways in. PVH (QEMU, Firecracker, Cloud Hypervisor) enters in 32-bit protected mode
 * without paging, with struct hvm_start_info in %ebx. Multiboot2 (GRUB) does the same with its tags.
 * Linux' 64-bit entry (older Firecracker) has the zero page in %rsi. All end with the same identity
 * map of the first 4 GiB in pages of 2 MiB.
 */
#define CR0_PE         (1 << 0)
#define CR0_MP         (1 << 1)
#define CR0_EM         (1 << 2)
#define CR0_TS         (1 << 3)
#define CR0_PG         (1 << 31)
#define CR4_PAE        (1 << 5)
#define CR4_OSFXSR     (1 << 9)
#define CR4_OSXMMEXCPT (1 << 10)
#define MSR_EFER       0xc0000080
#define EFER_LME       (1 << 8)
#define PAGE_PRESENT   0x1
#define PAGE_WRITE     0x2
#define PAGE_LARGE     0x80
#define CODE_SELECTOR  8
#define DATA_SELECTOR  16
#define STACK_BYTES    65536
#define MULTIBOOT2_MAGIC 0xe85250d6
#define XEN_ELFNOTE_PHYS32_ENTRY 18

    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 8, XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .quad pvh_entry

/* Multiboot2 specification 2.0, 3.1. Its first version would be found by QEMU's -kernel, which then
 * refuses an ELF file of 64 bits. */
    .section .multiboot2, "a"
    .balign 8
multiboot2:
    .long MULTIBOOT2_MAGIC, 0, multiboot2_end - multiboot2
    .long -(MULTIBOOT2_MAGIC + multiboot2_end - multiboot2)
    .short 3, 0 /* the entry's address */
    .long 12, multiboot2_entry
    .balign 8
    .short 0, 0
    .long 8
multiboot2_end:

/* Fills in the page tables, which lie in .bss.  The same code for 32 and 64 bits.  Doesn't change
 * %edi and %esi. */
.macro BUILD_PAGE_TABLES
    movl $(page_pointers + PAGE_PRESENT + PAGE_WRITE), page_root
    movl $page_pointers, %ecx
    movl $(page_directories + PAGE_PRESENT + PAGE_WRITE), %eax
1:  movl %eax, (%ecx)
    addl $4096, %eax
    addl $8, %ecx
    cmpl $(page_pointers + 4 * 8), %ecx
    jne 1b
    movl $page_directories, %ecx
    movl $(PAGE_PRESENT + PAGE_WRITE + PAGE_LARGE), %eax
2:  movl %eax, (%ecx)
    addl $(1 << 21), %eax
    addl $8, %ecx
    cmpl $(page_directories + 4 * 4096), %ecx
    jne 2b
.endm

    .section .text.boot, "ax"
    .code32
multiboot2_entry:
    movl $2, %edi /* BOOT_MULTIBOOT2 */
    jmp protected
pvh_entry:
    movl $1, %edi /* BOOT_PVH */
protected:
    cli
    cld
    movl %ebx, %esi
    BUILD_PAGE_TABLES
    movl %cr4, %eax
    orl $CR4_PAE, %eax
    movl %eax, %cr4
    movl $page_root, %eax
    movl %eax, %cr3
    movl $MSR_EFER, %ecx
    rdmsr
    orl $EFER_LME, %eax
    wrmsr
    movl %cr0, %eax
    orl $(CR0_PG | CR0_PE), %eax
    movl %eax, %cr0
    lgdt gdt_pointer
    ljmp $CODE_SELECTOR, $long_mode

    .code64
    .globl _start
_start:
    cli
    cld
    movl $0, %edi /* BOOT_LINUX */
    BUILD_PAGE_TABLES
    movl $page_root, %eax
    movq %rax, %cr3
    lgdt gdt_pointer
    movl $stack_top, %esp
    pushq $CODE_SELECTOR
    pushq $long_mode
    lretq

long_mode:
    movl $DATA_SELECTOR, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    /* SSE: libraries that others have compiled use it */
    movq %cr0, %rax
    andl $~(CR0_EM | CR0_TS), %eax
    orl $CR0_MP, %eax
    movq %rax, %cr0
    movq %cr4, %rax
    orl $(CR4_OSFXSR | CR4_OSXMMEXCPT), %eax
    movq %rax, %cr4
    movl $stack_top, %esp
    xorl %ebp, %ebp
    call metal_start
3:  hlt
    jmp 3b

/* void interrupts_on_and_halt(void): sleeps until an interrupt. None comes between the two instructions, because sti takes
 * effect after the one that follows it (Intel SDM 2B, STI). interrupt_taken() helps where that is forgotten. */
    .text
    .globl interrupts_on_and_halt
interrupts_on_and_halt:
    sti
    .globl interrupts_halt
interrupts_halt:
    hlt
    ret

/*
 * One stub for each vector, of 16 bytes, so that its address follows from its number.  The processor
 * pushes an error code for some of the exceptions; the others push a zero in its place.
 */
    .text
    .balign 16
    .globl interrupt_stubs
interrupt_stubs:
    .set vector, 0
    .rept 48
    .balign 16
    .if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21)
    pushq $0
    .endif
    pushq $vector
    jmp interrupt_common
    .set vector, vector + 1
    .endr

/* Only what C may clobber is saved: handlers are compiled to use general registers alone. */
    .balign 16
interrupt_common:
    cld
    pushq %rax
    pushq %rcx
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    leaq 72(%rsp), %rdi /* struct interrupt_frame */
    pushq %rbp
    movq %rsp, %rbp
    andq $-16, %rsp
    call interrupt_taken
    movq %rbp, %rsp
    popq %rbp
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rdi
    popq %rsi
    popq %rdx
    popq %rcx
    popq %rax
    addq $16, %rsp
    iretq

    .section .rodata
    .balign 8
gdt:
    .quad 0
    .quad 0x00af9b000000ffff /* code, 64 bits */
    .quad 0x00cf93000000ffff /* data */
gdt_pointer:
    .word gdt_pointer - gdt - 1
    .quad gdt

    .bss
    .balign 4096
    .globl page_root
page_root:
    .skip 4096
    .globl page_pointers
page_pointers:
    .skip 4096
page_directories:
    .skip 4 * 4096
    .balign 16
    .skip STACK_BYTES
stack_top:

    .section .note.GNU-stack, "", @progbits
