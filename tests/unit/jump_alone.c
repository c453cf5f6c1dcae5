/*
 * jump_alone.c -- setjmp and longjmp of images: the registers of a caller survive a jump.
 *
 * keep() has values in all registers that survive a call. try_jump() returns there after a jump out
 * of overwrite(), which has overwritten those registers.
 */
#include <stdint.h>
#include <stdio.h>

typedef unsigned long image_jmp_buf[32];

int image_setjmp(image_jmp_buf from) __attribute__((returns_twice));
void image_longjmp(image_jmp_buf to, int value) __attribute__((noreturn));

#if defined(__x86_64__)
#define OVERWRITE                                                                                  \
    "movl $-1, %%ebx\n\tmovl $-1, %%ebp\n\tmovl $-1, %%r12d\n\tmovl $-1, %%r13d\n\t"               \
    "movl $-1, %%r14d\n\tmovl $-1, %%r15d\n\tandq $-4096, %%rsp\n\t"
#define JUMP     "call image_longjmp"
#define WORDS(X) X(3, rbx) X(5, r12) X(7, r13) X(9, r14) X(11, r15)
#define DOUBLES(X)
#elif defined(__aarch64__)
#define OVERWRITE                                                                                  \
    "mov x19, #-1\n\tmov x20, #-1\n\tmov x21, #-1\n\tmov x22, #-1\n\tmov x23, #-1\n\t"             \
    "mov x24, #-1\n\tmov x25, #-1\n\tmov x26, #-1\n\tmov x27, #-1\n\tmov x28, #-1\n\t"             \
    "mov x29, #-1\n\tfmov d8, #1.0\n\tfmov d9, #1.0\n\tfmov d10, #1.0\n\tfmov d11, #1.0\n\t"       \
    "fmov d12, #1.0\n\tfmov d13, #1.0\n\tfmov d14, #1.0\n\tfmov d15, #1.0\n\t"                     \
    "and sp, x2, #0xfffffffffffff000\n\t"
#define JUMP "bl image_longjmp"
#define WORDS(X)                                                                                   \
    X(3, x19)                                                                                      \
    X(5, x20) X(7, x21) X(9, x22) X(11, x23) X(13, x24) X(15, x25) X(17, x26) X(19, x27)           \
        X(21, x28)
#define DOUBLES(X)  X(3, d8) X(5, d9) X(7, d10) X(9, d11) X(11, d12) X(13, d13) X(15, d14) X(17, d15)
#define IN_REGISTER "+w"
#else
#define OVERWRITE                                                                                  \
    "li s0, -1\n\tli s1, -1\n\tli s2, -1\n\tli s3, -1\n\tli s4, -1\n\tli s5, -1\n\tli s6, -1\n\t"  \
    "li s7, -1\n\tli s8, -1\n\tli s9, -1\n\tli s10, -1\n\tli s11, -1\n\t"                          \
    "fmv.d.x fs0, s1\n\tfmv.d.x fs1, s1\n\tfmv.d.x fs2, s1\n\tfmv.d.x fs3, s1\n\t"                 \
    "fmv.d.x fs4, s1\n\tfmv.d.x fs5, s1\n\tfmv.d.x fs6, s1\n\tfmv.d.x fs7, s1\n\t"                 \
    "fmv.d.x fs8, s1\n\tfmv.d.x fs9, s1\n\tfmv.d.x fs10, s1\n\tfmv.d.x fs11, s1\n\t"               \
    "andi sp, sp, -2048\n\t"
#define JUMP "call image_longjmp"
#define WORDS(X)                                                                                   \
    X(3, s1)                                                                                       \
    X(5, s2) X(7, s3) X(9, s4) X(11, s5) X(13, s6) X(15, s7) X(17, s8) X(19, s9) X(21, s10)        \
        X(23, s11)
#define DOUBLES(X)                                                                                 \
    X(3, fs0)                                                                                      \
    X(5, fs1) X(7, fs2) X(9, fs3) X(11, fs4) X(13, fs5) X(15, fs6) X(17, fs7) X(19, fs8)           \
        X(21, fs9) X(23, fs10) X(25, fs11)
#define IN_REGISTER "+f"
#endif

static image_jmp_buf buffer;

/* Never returns, so it need not save the registers that its instructions destroy. */
static __attribute__((noinline)) void overwrite(int value)
{
#if defined(__x86_64__)
    register unsigned long *to __asm__("rdi") = buffer;
    register int given __asm__("esi") = value;

    __asm__ volatile(OVERWRITE JUMP : : "r"(to), "r"(given) : "memory");
#elif defined(__aarch64__)
    register unsigned long *to __asm__("x0") = buffer;
    register int given __asm__("w1") = value;
    register void *stack __asm__("x2") = __builtin_frame_address(0);

    __asm__ volatile(OVERWRITE JUMP : : "r"(to), "r"(given), "r"(stack) : "memory");
#else
    register unsigned long *to __asm__("a0") = buffer;
    register int given __asm__("a1") = value;

    __asm__ volatile(OVERWRITE JUMP : : "r"(to), "r"(given) : "memory");
#endif
    __builtin_unreachable();
}

/* Calls itself, so that the stack pointer at the jump is far from that of the return. */
static __attribute__((noinline)) void deeper(int depth, int value)
{
    volatile char room[300];

    room[0] = (char)depth;
    if (depth > 0)
        deeper(depth - 1, value);
    else
        overwrite(value);
    room[1] = room[0];
}

static __attribute__((noinline)) int try_jump(int value)
{
    const int came = image_setjmp(buffer);

    if (came == 0)
        deeper(20, value);
    return came;
}

static volatile uint64_t seed = 0x123456789abcdef;

/* Where it isn't optimized, a variable is only in its register within the empty instructions. */
static __attribute__((noinline)) int keep(int value)
{
    int came, wrong = 0;
#define DECLARE(n, name)        register uint64_t name __asm__(#name) = seed * n;
#define DECLARE_DOUBLE(n, name) register double name __asm__(#name) = (double)seed * n;
    WORDS(DECLARE)
    DOUBLES(DECLARE_DOUBLE)

#define HOLD(n, name)        __asm__ volatile("" : "+r"(name));
#define HOLD_DOUBLE(n, name) __asm__ volatile("" : IN_REGISTER(name));
    WORDS(HOLD)
    DOUBLES(HOLD_DOUBLE)
    came = try_jump(value);
    WORDS(HOLD)
    DOUBLES(HOLD_DOUBLE)
#define CHECK(n, name)        wrong |= name != seed * n;
#define CHECK_DOUBLE(n, name) wrong |= name != (double)seed * n;
    WORDS(CHECK)
    DOUBLES(CHECK_DOUBLE)
    return wrong ? -1000 : came;
}

int main(void)
{
    if (keep(7) != 7 || keep(-1) != -1 || keep(1) != 1)
        return 1;
    if (keep(0) != 1) /* C11 7.13.2.1 */
        return 2;
    puts("good");
    return 0;
}
