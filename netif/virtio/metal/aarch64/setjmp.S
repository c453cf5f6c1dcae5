/*
 * setjmp.S -- int setjmp(jmp_buf from), and longjmp(jmp_buf to, int value).
 *
 * Kept are the registers that belong to a caller (AAPCS64 6.1.1 and 6.1.2), the stack pointer, and the return address.
 */
    .section .text.setjmp, "ax"
    .globl setjmp
    .type setjmp, %function
setjmp:
    mov x9, sp
    stp x19, x20, [x0, #0]
    stp x21, x22, [x0, #16]
    stp x23, x24, [x0, #32]
    stp x25, x26, [x0, #48]
    stp x27, x28, [x0, #64]
    stp x29, x30, [x0, #80]
    stp d8, d9, [x0, #96]
    stp d10, d11, [x0, #112]
    stp d12, d13, [x0, #128]
    stp d14, d15, [x0, #144]
    str x9, [x0, #160]
    mov w0, #0
    ret
    .size setjmp, . - setjmp

    .section .text.longjmp, "ax"
    .globl longjmp
    .type longjmp, %function
longjmp:
    ldp x19, x20, [x0, #0]
    ldp x21, x22, [x0, #16]
    ldp x23, x24, [x0, #32]
    ldp x25, x26, [x0, #48]
    ldp x27, x28, [x0, #64]
    ldp x29, x30, [x0, #80]
    ldp d8, d9, [x0, #96]
    ldp d10, d11, [x0, #112]
    ldp d12, d13, [x0, #128]
    ldp d14, d15, [x0, #144]
    ldr x9, [x0, #160]
    mov sp, x9
    cmp w1, #0
    csinc w0, w1, wzr, ne /* 0 becomes 1 (C11 7.13.2.1) */
    ret
    .size longjmp, . - longjmp

    .section .note.GNU-stack, "", @progbits
