/* access.h -- --access-log: a line for each request that the program's servers of HTTP and DNS have
 * answered. */
#ifndef ACCESS_H
#define ACCESS_H

#include <leat/main.h>

#include "options.h"

/* Opens the log of --access-log, if that is given, and sets on_access, on_query and clock of
 * @platform; call it after bring_up().  Returns NULL, or a line with the reason of a failure.  One
 * log per program. */
const char *access_open(const struct options *options, struct leat_platform *platform,
                        const char *program);

#endif
