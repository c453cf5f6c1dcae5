/*
 * runtime.c -- what C++ without exceptions and RTTI calls beside operator new and delete.
 *
 * Those two are the program's, since the memory is.
 */
#include "runtime.h"

#include <string.h>

#include "../../netif/virtio/metal/services.h"

static _Noreturn void crash(const char *line)
{
    machine_write(line, strlen(line));
    machine_crash();
}

_Noreturn void __cxa_pure_virtual(void)
{
    crash("a pure virtual function was called\n");
}

_Noreturn void __cxa_deleted_virtual(void)
{
    crash("a deleted virtual function was called\n");
}

/* One processor: the first byte says whether the object is there. A constructor of such an object
 * must not wait in a task, or another task could make the object once more. */
int __cxa_guard_acquire(uint64_t *guard)
{
    return *(const unsigned char *)guard == 0;
}

void __cxa_guard_release(uint64_t *guard)
{
    *(unsigned char *)guard = 1;
}
