/*
 * valgrind.h -- tells valgrind of the stacks, so that it doesn't take a switch for a very large
 * frame and the memory between two stacks for unused.
 *
 * A client request (see valgrind's manual) is a sequence of instructions without effect, which
 * valgrind recognizes. Each task makes one at its begin and one at its end, of five instructions.
 */
#ifndef TASK_VALGRIND_H
#define TASK_VALGRIND_H

#include <stdint.h>

#if defined(__x86_64__)

enum valgrind_request {
    VALGRIND_STACK_BEGIN = 0x1501, /* lowest and highest address; returns the stack's number */
    VALGRIND_STACK_END = 0x1502    /* the stack's number */
};

/* The answer to a request; 0 without valgrind. */
static inline uint64_t valgrind_ask(enum valgrind_request request, uint64_t first, uint64_t second)
{
    const volatile uint64_t words[6] = {request, first, second};
    uint64_t answer = 0;

    __asm__ volatile("rolq $3, %%rdi\n\t"
                     "rolq $13, %%rdi\n\t"
                     "rolq $61, %%rdi\n\t"
                     "rolq $51, %%rdi\n\t"
                     "xchgq %%rbx, %%rbx"
                     : "+d"(answer)
                     : "a"(words)
                     : "cc", "memory");
    return answer;
}

static inline uint32_t valgrind_stack_begin(const void *low, const void *end)
{
    return (uint32_t)valgrind_ask(VALGRIND_STACK_BEGIN, (uintptr_t)low, (uintptr_t)end - 1);
}

static inline void valgrind_stack_end(uint32_t id)
{
    valgrind_ask(VALGRIND_STACK_END, id, 0);
}

#else

static inline uint32_t valgrind_stack_begin(const void *low, const void *end)
{
    (void)low;
    (void)end;
    return 0;
}

static inline void valgrind_stack_end(uint32_t id)
{
    (void)id;
}

#endif
#endif
