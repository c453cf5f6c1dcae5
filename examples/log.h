/* log.h -- --syslog: sends an example's messages to a syslog server, too. */
#ifndef LOG_H
#define LOG_H

#include <leat/err.h>

#include "example.h"
#include "options.h"

/* Makes @platform->say() send each line there as well, if --syslog is given; the stack must have
 * UDP and TCP.  One log per program. */
enum leat_err log_open(const struct options *options, struct example_platform *platform);

#endif
