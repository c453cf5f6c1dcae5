/*
 * setjmp.S -- int setjmp(jmp_buf from), and longjmp(jmp_buf to, int value).
 *
 * Kept are the registers that belong to a caller (System V ABI for AMD64, 3.2.1), the stack pointer as it is after the
 * return, and the return address.
 */
    .section .text.setjmp, "ax"
    .globl setjmp
    .type setjmp, @function
setjmp:
    movq (%rsp), %rdx
    leaq 8(%rsp), %rcx
    movq %rbx, 0(%rdi)
    movq %rbp, 8(%rdi)
    movq %r12, 16(%rdi)
    movq %r13, 24(%rdi)
    movq %r14, 32(%rdi)
    movq %r15, 40(%rdi)
    movq %rcx, 48(%rdi)
    movq %rdx, 56(%rdi)
    xorl %eax, %eax
    ret
    .size setjmp, . - setjmp

    .section .text.longjmp, "ax"
    .globl longjmp
    .type longjmp, @function
longjmp:
    movl %esi, %eax
    cmpl $1, %eax
    adcl $0, %eax /* 0 becomes 1 (C11 7.13.2.1) */
    movq 0(%rdi), %rbx
    movq 8(%rdi), %rbp
    movq 16(%rdi), %r12
    movq 24(%rdi), %r13
    movq 32(%rdi), %r14
    movq 40(%rdi), %r15
    movq 48(%rdi), %rsp
    jmpq *56(%rdi)
    .size longjmp, . - longjmp

    .section .note.GNU-stack, "", @progbits
