/* memory.c -- the block of a stack, in huge pages where that pays. */
#include <leat/posix.h>

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static const size_t large_page = (size_t)2 << 20;
static const size_t large_from = (size_t)16 << 20; /* smaller ones cost what they touch, no more */

static size_t round_up(size_t bytes, size_t to)
{
    return (bytes + to - 1) / to * to;
}

void *leat_posix_memory(size_t bytes)
{
    const size_t page = bytes < large_from ? (size_t)sysconf(_SC_PAGESIZE) : large_page;
    void *memory;

    if (bytes > SIZE_MAX - large_page)
        return NULL;
    memory = aligned_alloc(page, round_up(bytes > 0 ? bytes : 1, page));
#ifdef MADV_HUGEPAGE
    if (memory && page == large_page)
        (void)madvise(memory, round_up(bytes, page), MADV_HUGEPAGE); /* else it is slower */
#endif
    return memory;
}
