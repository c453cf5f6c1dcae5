/* exit.c -- the end of a program: exit, _Exit, abort, without a libc. */
#include <stdlib.h>

#include "../../netif/virtio/metal/services.h"

_Noreturn void exit(int status)
{
    machine_end(status);
}

_Noreturn void _Exit(int status)
{
    machine_halt(status);
}

_Noreturn void abort(void)
{
    static const char line[] = "abort() was called\n";

    machine_write(line, sizeof line - 1);
    machine_crash();
}
