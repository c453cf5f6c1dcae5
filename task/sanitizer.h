/* sanitizer.h -- tells AddressSanitizer of each switch, so that it doesn't mistake one stack for
 * the other. */
#ifndef TASK_SANITIZER_H
#define TASK_SANITIZER_H

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define TASK_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TASK_ASAN 1
#endif
#endif

/* AddressSanitizer's state of a stack. */
struct asan_stack {
#ifdef TASK_ASAN
    void *fake;      /* its fake stack, while the stack isn't running */
    const void *low; /* bounds of the stack */
    size_t bytes;
#else
    char nothing;
#endif
};

#ifdef TASK_ASAN

void __sanitizer_start_switch_fiber(void **fake, const void *low, size_t bytes);
void __sanitizer_finish_switch_fiber(void *fake, const void **low, size_t *bytes);
void __asan_unpoison_memory_region(const volatile void *low, size_t bytes);

static inline void asan_begin(struct asan_stack *stack, void *low, size_t bytes)
{
    __asan_unpoison_memory_region(low, bytes); /* removes marks of frames that were never left */
    stack->fake = NULL;
    stack->low = low;
    stack->bytes = bytes;
}

/* Before a switch to @to. @from is NULL if the current stack never runs again. */
static inline void asan_leave(struct asan_stack *from, const struct asan_stack *to)
{
    __sanitizer_start_switch_fiber(from ? &from->fake : NULL, to->low, to->bytes);
}

/* After a switch to @here. @from, if not NULL, gets the bounds of the other stack. */
static inline void asan_arrive(const struct asan_stack *here, struct asan_stack *from)
{
    const void *low;
    size_t bytes;

    __sanitizer_finish_switch_fiber(here->fake, &low, &bytes);
    if (from) {
        from->low = low;
        from->bytes = bytes;
    }
}

#else

static inline void asan_begin(struct asan_stack *stack, void *low, size_t bytes)
{
    (void)stack;
    (void)low;
    (void)bytes;
}

static inline void asan_leave(struct asan_stack *from, const struct asan_stack *to)
{
    (void)from;
    (void)to;
}

static inline void asan_arrive(const struct asan_stack *here, struct asan_stack *from)
{
    (void)here;
    (void)from;
}

#endif
#endif
