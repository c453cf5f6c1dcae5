/* needs.h -- tests of parts that a small build leaves out (core/parts.h). */
#ifndef NEEDS_H
#define NEEDS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/parts.h"

/* The first line of a test: it is skipped in a build without @part. */
#define NEEDS(part)                                                                                \
    do {                                                                                           \
        if (!HAS_##part) {                                                                         \
            print_message("skipped: a small build has no " #part "\n");                            \
            skip();                                                                                \
        }                                                                                          \
    } while (0)

#endif
