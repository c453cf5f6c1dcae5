/* log.h -- --syslog: sends a program's messages to a syslog server, too. */
#ifndef LOG_H
#define LOG_H

#include <leat/err.h>

#include <leat/main.h>
#include "options.h"

/* Makes @platform->say() send each line there as well, as @name, if --syslog is given; the stack
 * must have UDP and TCP.  One log per program. */
enum leat_err log_open(const struct options *options, struct leat_platform *platform,
                       const char *name);

#endif
