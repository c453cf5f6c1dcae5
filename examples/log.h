/* log.h -- --syslog: what an example says goes to a server of logs, too. */
#ifndef LOG_H
#define LOG_H

#include <leat/err.h>

#include "example.h"
#include "options.h"

/* From now on @platform->say() sends each line there as well, if --syslog is given; its stack has
 * UDP and TCP.  One log a program. */
enum leat_err log_open(const struct options *options, struct example_platform *platform);

#endif
