/* ends.h -- constructors and destructors of a program: the linker's arrays of functions. */
#ifndef METAL_ENDS_H
#define METAL_ENDS_H

/* A constructor, or a destructor. */
typedef void program_end_fn(void);

/* The arrays: image.ld's, or those of tools/solo5_script.py. Hidden, so that their addresses are
 * known before an image that may lie anywhere is complete. */
extern __attribute__((visibility("hidden"))) program_end_fn *const constructors_start[],
    *const constructors_end[], *const destructors_start[], *const destructors_end[];

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
