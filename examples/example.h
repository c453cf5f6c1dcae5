/*
 * example.h -- what the examples add to leat/main.h.
 *
 * An example is one source file for every platform and defines `const struct leat_app example`;
 * main.c gives it to leat_main().
 */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <leat/main.h>

/** Bytes for @p count tasks with stacks of 16 KiB, and a guard page for each. */
#define EXAMPLE_TASK_BYTES(count) (((count) + 1) * (16384 + 4096))

/** The result of example.start() when the port is taken already. */
#define EXAMPLE_PORT_TAKEN "can't open the TCP port: --dashboard or --flight-port may have taken it"

extern const struct leat_app example;

#endif
