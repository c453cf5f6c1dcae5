/*
 * example.h -- what the examples add to leat/main.h.
 *
 * An example is one source file for every platform and defines `const struct example example`;
 * main.c gives it to leat_main().
 */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <leat/main.h>

/* leat/main.h declares these; the examples have shorter names for them */
#define example               leat_app
#define example_platform      leat_platform
#define example_free_file     leat_platform_free_file
#define example_lacks_address leat_platform_lacks_address
#define example_lacks_server  leat_platform_lacks_server

/** Bytes for @p count tasks with stacks of 16 KiB, and a guard page for each. */
#define EXAMPLE_TASK_BYTES(count) (((count) + 1) * (16384 + 4096))

/** The result of example.start() when the port is taken already. */
#define EXAMPLE_PORT_TAKEN "can't open the TCP port: --dashboard or --flight-port may have taken it"

extern const struct example example;

#endif
