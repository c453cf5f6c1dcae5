/*
 * time.h -- dates (C11 7.27 and POSIX), for machines without a libc.
 *
 * The zone of an image is UTC, so mktime() is timegm(), and localtime_r() is gmtime_r().
 */
#ifndef BARE_TIME_H
#define BARE_TIME_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#define BARE_RESTRICT
#else
#define BARE_RESTRICT restrict
#endif

typedef long time_t; /* seconds since 1970-01-01 00:00 UTC, without leap seconds */

struct tm {
    int tm_sec;   /* 0 to 59 */
    int tm_min;   /* 0 to 59 */
    int tm_hour;  /* 0 to 23 */
    int tm_mday;  /* 1 to 31 */
    int tm_mon;   /* 0 to 11 */
    int tm_year;  /* since 1900 */
    int tm_wday;  /* since Sunday */
    int tm_yday;  /* 0 to 365 */
    int tm_isdst; /* 0 */
};

/* The machine's clock, also in @seconds if that isn't NULL; -1: it has none. SNTP doesn't correct
 * it: leat_civil_ns() has the stack's time. */
time_t time(time_t *seconds);

/* NULL: the year doesn't fit; errno is EOVERFLOW. */
struct tm *gmtime_r(const time_t *BARE_RESTRICT seconds, struct tm *BARE_RESTRICT date);
struct tm *localtime_r(const time_t *BARE_RESTRICT seconds, struct tm *BARE_RESTRICT date);

/* The inverse. Members of @date may exceed their ranges; they are put in order. tm_wday, tm_yday
 * and tm_isdst aren't read. -1 and errno EOVERFLOW: the year doesn't fit. */
time_t timegm(struct tm *date);
time_t mktime(struct tm *date);

#ifdef __cplusplus
}
#endif
#undef BARE_RESTRICT
#endif
