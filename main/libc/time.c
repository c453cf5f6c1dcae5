/* time.c -- time(), without a libc. */
#include <time.h>

#include "../../netif/virtio/metal/services.h"

enum {
    SECOND_NS = 1000000000
};

time_t time(time_t *seconds)
{
    const uint64_t civil_ns = machine_civil_ns();
    const time_t now = civil_ns > 0 ? (time_t)(civil_ns / SECOND_NS) : -1;

    if (seconds)
        *seconds = now;
    return now;
}
