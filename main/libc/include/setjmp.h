/*
 * setjmp.h -- jumps out of functions (C11 7.13), for machines without a libc.
 *
 * A jump restores the registers that a function must keep, and nothing else: rounding modes stay.
 * Within a task it may not leave that task.
 */
#ifndef BARE_SETJMP_H
#define BARE_SETJMP_H

#ifdef __cplusplus
extern "C" {
#endif

/* enough for each processor: RV64 keeps 26 words */
typedef unsigned long jmp_buf[32];

int setjmp(jmp_buf from) __attribute__((returns_twice));
void longjmp(jmp_buf to, int value) __attribute__((noreturn));
#define setjmp(from) setjmp(from)

#ifdef __cplusplus
}
#endif
#endif
