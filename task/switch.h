/*
 * switch.h -- switches from one stack to another.
 *
 * A stack that isn't running is three words: its stack pointer, its frame pointer, its program
 * counter. All other registers are declared as clobbered, so the compiler saves only those that it
 * needs after context_switch(). That requires inlining: a function would have to save them all.
 * Rounding modes (MXCSR, FPCR, fcsr) and the signal mask belong to the processor, not to the stack.
 *
 * On other architectures POSIX does it (LEAT_TASK_UCONTEXT), by a call. Without that there are no
 * tasks, and the build omits them.
 */
#ifndef TASK_SWITCH_H
#define TASK_SWITCH_H

#include <stddef.h>
#include <stdint.h>

struct context {
    void *sp;
    void *fp;
    void *pc;
};

/* Entry function of a new stack. It must not return. */
typedef void context_entry_fn(struct context *self);

/* Bytes that a switch keeps on the stacks themselves: two of POSIX's ucontext_t. */
enum {
#if !defined(LEAT_TASK_UCONTEXT)
    CONTEXT_STACK_BYTES = 0
#elif defined(__aarch64__)
    CONTEXT_STACK_BYTES = 10240
#else
    CONTEXT_STACK_BYTES = 4096
#endif
};

#if defined(LEAT_TASK_UCONTEXT)

/* In leat-posix. Declared here because this folder must not include leat/posix.h. */
void *leat_posix_context_begin(void *end, void (*entry)(void *arg), void *arg);
void leat_posix_context_switch(void **from, void *to);

static inline struct context *context_switch(struct context *from, struct context *to)
{
    leat_posix_context_switch(&from->sp, to->sp);
    return from;
}

/* Runs on the new stack. */
static inline void context_enter(void *self)
{
    struct context *context = self;

    ((context_entry_fn *)(uintptr_t)context->pc)(context);
}

#elif defined(__x86_64__)

#ifdef __AVX512F__
#define CONTEXT_AVX512                                                                             \
    , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25",    \
        "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31", "k1", "k2", "k3", "k4", "k5", "k6",  \
        "k7"
#else
#define CONTEXT_AVX512
#endif

#ifdef __SSE__
#define CONTEXT_VECTORS                                                                            \
    , "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",     \
        "xmm11", "xmm12", "xmm13", "xmm14", "xmm15" CONTEXT_AVX512
#else
#define CONTEXT_VECTORS
#endif

/* Continues or begins @to. Returns when another switch continues @from. The pointer to @to is
 * passed in the register of the first argument, for an entry function. It equals @from on return,
 * so no register has to be saved for it. */
static inline __attribute__((always_inline)) struct context *context_switch(struct context *from,
                                                                            struct context *to)
{
    __asm__ volatile("leaq 1f(%%rip), %%rax\n\t"
                     "movq %%rsp, 0(%0)\n\t"
                     "movq %%rbp, 8(%0)\n\t"
                     "movq %%rax, 16(%0)\n\t"
                     "movq 0(%1), %%rsp\n\t"
                     "movq 8(%1), %%rbp\n\t"
                     "jmpq *16(%1)\n"
                     "1:\n\t"
#if defined(__CET__) && (__CET__ & 1)
                     "endbr64"
#endif
                     : "+S"(from), "+D"(to)
                     :
                     : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
                       "r15", "cc", "memory" CONTEXT_VECTORS);
    return to;
}

/* As after a call, the stack is one word off a multiple of 16. That word, the return address, is 0,
 * so that a debugger's backtrace ends there. */
static inline void *context_top(void *end)
{
    uint64_t *top = end;

    *--top = 0;
    return top;
}

#elif defined(__aarch64__)

static inline __attribute__((always_inline)) struct context *context_switch(struct context *from,
                                                                            struct context *to)
{
    register struct context *next __asm__("x0") = to;
    register struct context *last __asm__("x1") = from;

    __asm__ volatile("adr x9, 1f\n\t"
                     "mov x10, sp\n\t"
                     "stp x10, x29, [x1]\n\t"
                     "str x9, [x1, #16]\n\t"
                     "ldp x10, x29, [x0]\n\t"
                     "ldr x9, [x0, #16]\n\t"
                     "mov sp, x10\n\t"
                     "mov x30, xzr\n\t"
                     "br x9\n"
                     "1:\n\t"
                     "hint #36" /* bti j */
                     : "+r"(next), "+r"(last)
                     :
                     : "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13",
                       "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24",
                       "x25", "x26", "x27", "x28", "x30", "v0", "v1", "v2", "v3", "v4", "v5", "v6",
                       "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16", "v17",
                       "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28",
                       "v29", "v30", "v31", "cc", "memory");
    return next;
}

static inline void *context_top(void *end)
{
    return end; /* the link register is the return address: 0 */
}

#elif defined(__riscv) && __riscv_xlen == 64

#ifdef __riscv_flen
#define CONTEXT_VECTORS                                                                            \
    , "ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6", "ft7", "ft8", "ft9", "ft10", "ft11", "fa0", \
        "fa1", "fa2", "fa3", "fa4", "fa5", "fa6", "fa7", "fs0", "fs1", "fs2", "fs3", "fs4", "fs5", \
        "fs6", "fs7", "fs8", "fs9", "fs10", "fs11"
#else
#define CONTEXT_VECTORS
#endif

static inline __attribute__((always_inline)) struct context *context_switch(struct context *from,
                                                                            struct context *to)
{
    register struct context *next __asm__("a0") = to;
    register struct context *last __asm__("a1") = from;

    __asm__ volatile("lla t0, 1f\n\t"
                     "sd sp, 0(a1)\n\t"
                     "sd s0, 8(a1)\n\t"
                     "sd t0, 16(a1)\n\t"
                     "ld sp, 0(a0)\n\t"
                     "ld s0, 8(a0)\n\t"
                     "ld t0, 16(a0)\n\t"
                     "mv ra, zero\n\t"
                     "jr t0\n"
                     "1:"
                     : "+r"(next), "+r"(last)
                     :
                     : "ra", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a2", "a3", "a4", "a5", "a6",
                       "a7", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11",
                       "memory" CONTEXT_VECTORS);
    return next;
}

static inline void *context_top(void *end)
{
    return end;
}

#else
#error "no switch of stacks for this architecture yet: three words and a jump, as above"
#endif

/* Prepares a stack that grows down from @end, a multiple of 16, and begins with @entry. */
static inline void context_begin(struct context *context, void *end, context_entry_fn *entry)
{
    context->fp = NULL;
    context->pc = (void *)(uintptr_t)entry;
#if defined(LEAT_TASK_UCONTEXT)
    context->sp = leat_posix_context_begin(end, context_enter, context);
#else
    context->sp = context_top(end);
#endif
}

#endif
