/* asked.h -- exit statuses of programs that ask and print, those of curl(1). */
#ifndef ASKED_H
#define ASKED_H

#include <leat/err.h>

enum asked {
    ASKED_NO_NAME = 6,       /* there is none, or it has no such record, or can't be resolved */
    ASKED_NO_CONNECTION = 7, /* refused, or no way to the server */
    ASKED_WEIRD_REPLY = 8,
    ASKED_DENIED = 9,
    ASKED_NOT_WRITTEN = 23,
    ASKED_TIMEOUT = 28,
    ASKED_TLS = 35,
    ASKED_BROKEN_OFF = 56
};

/* The status for a failure, one of these. */
int asked_status(enum leat_err err);

#endif
