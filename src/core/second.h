/* second.h -- how many nanoseconds a second has. */
#ifndef CORE_SECOND_H
#define CORE_SECOND_H

#include <stdint.h>

static const uint64_t second_ns = 1000000000;

#endif
