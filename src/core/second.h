/* second.h -- the number of nanoseconds in a second. */
#ifndef CORE_SECOND_H
#define CORE_SECOND_H

#include <stdint.h>

static const uint64_t second_ns = 1000000000;

#endif
