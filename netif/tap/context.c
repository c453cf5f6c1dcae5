/*
 * context.c -- switches stacks by POSIX (ucontext, in POSIX.1-2001): for tasks on machines that
 * task/switch.h doesn't support.  It is slow: each switch asks the kernel for the signal mask.
 */
#include <leat/posix.h>

#include <stdint.h>
#include <string.h>
#include <ucontext.h>

enum {
    ALIGN = 64,
    SAID_BYTES = 1024 /* makecontext() begins at the upper end of the bytes that it is given */
};

/* Lies at the upper end of a new stack, as long as that is used. */
struct beginning {
    ucontext_t context;
    void (*entry)(void *arg);
    void *arg;
};

/* makecontext() passes arguments of type int: a pointer takes two. */
static void enter(unsigned high, unsigned low)
{
    const struct beginning *begun =
        (const struct beginning *)(uintptr_t)((uint64_t)high << 32 | low);

    begun->entry(begun->arg);
}

void *leat_posix_context_begin(void *end, void (*entry)(void *arg), void *arg)
{
    const uintptr_t at = ((uintptr_t)end - sizeof(struct beginning)) & ~(uintptr_t)(ALIGN - 1);
    struct beginning *begun = (struct beginning *)at;

    getcontext(&begun->context);
    begun->context.uc_stack.ss_sp = (void *)(at - SAID_BYTES);
    begun->context.uc_stack.ss_size = SAID_BYTES;
    begun->context.uc_link = NULL;
    begun->entry = entry;
    begun->arg = arg;
    makecontext(&begun->context, (void (*)(void))enter, 2, (unsigned)((uint64_t)at >> 32),
                (unsigned)at);
    return &begun->context;
}

/* The saved context lies on the stack that is left: a frame of nearly 1 KiB, or 4 on aarch64. */
#pragma GCC diagnostic ignored "-Wframe-larger-than="

void leat_posix_context_switch(void **from, void *to)
{
    ucontext_t here;

    memset(&here.uc_stack, 0, sizeof here.uc_stack); /* AddressSanitizer looks there */
    *from = &here;
    swapcontext(&here, to);
}
