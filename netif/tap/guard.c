/* guard.c -- pages that trap when touched, for the stacks of tasks. */
#include <leat/posix.h>

#include <sys/mman.h>

bool leat_posix_guard(void *page, size_t bytes, bool guarded)
{
    return mprotect(page, bytes, guarded ? PROT_NONE : PROT_READ | PROT_WRITE) == 0;
}
