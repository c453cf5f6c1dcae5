/*
 * guard.c -- pages that trap when written to, for the stacks of tasks.
 *
 * They may be read: who looks for leaks at the end of a process reads all of its static memory.
 */
#include <leat/posix.h>

#include <sys/mman.h>

bool leat_posix_guard(void *page, size_t bytes, bool guarded)
{
    return mprotect(page, bytes, guarded ? PROT_READ : PROT_READ | PROT_WRITE) == 0;
}
