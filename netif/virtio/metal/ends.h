/* ends.h -- constructors and destructors of a program: the linker's arrays of functions. */
#ifndef METAL_ENDS_H
#define METAL_ENDS_H

/* A constructor, or a destructor. */
typedef void program_end_fn(void);

/* Runs each function from @first to before @end. */
static inline void ends_construct(program_end_fn *const *first, program_end_fn *const *end)
{
    for (; first != end; first++)
        (*first)();
}

/* The same backwards, as destructors need it. */
static inline void ends_destruct(program_end_fn *const *first, program_end_fn *const *end)
{
    while (end != first)
        (*--end)();
}

#endif
