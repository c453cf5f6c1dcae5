/* told.h -- keeps what a name server tells its program of each query. */
#ifndef TOLD_H
#define TOLD_H

#include <leat/dns_access.h>

#include "dns_test.h"

enum {
    SEEN_MAX = 400
};

/* A copy of the query that on_access got. */
struct seen {
    struct leat_dns_access access;
    char name[LEAT_DNS_NAME_TEXT_BYTES]; /* "-": none */
};

extern struct seen seen[SEEN_MAX]; /* the last ones: number i at i % SEEN_MAX */
extern unsigned seen_count;

/* For a configuration; @arg is seen. */
void on_access(void *arg, const struct leat_dns_access *access);

/* "udp A www.example.test. NOERROR zone"; static memory. */
const char *line_of(const struct seen *one);

/* The last one. */
const struct seen *last(void);

/* The last query is told as @line, and it is query number @count. */
void assert_told(unsigned count, const char *line);

#endif
