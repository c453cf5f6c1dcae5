/* syslog.h -- another name of syslog.h. */
#ifndef PORT_SYS_SYSLOG_H
#define PORT_SYS_SYSLOG_H

#include <syslog.h>

#endif
