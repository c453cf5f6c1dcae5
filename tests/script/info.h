/*
 * info.h -- the names available in %{ }%: a connection's leat_tcp_get_info() under leat's names and
 * those of Linux's struct tcp_info, and the counters of LEAT_STATS since the script began.
 */
#ifndef SCRIPT_INFO_H
#define SCRIPT_INFO_H

#include <leat/leat.h>

#include "ast.h"

struct snapshot {
    struct leat_tcp_info tcp;
    bool syn_data; /* the data of its SYN was accepted */
    struct leat_stats before, now;
    const struct variable *variables; /* the script's */
};

/* False: unknown name. */
bool info_value(const struct snapshot *snapshot, const char *name, size_t len, int64_t *value);

/* The first unknown name in the statements, or NULL; a name is known after its assignment.
 * @variables are the script's. */
const struct expr *info_find_unknown(const struct statement *statement,
                                     const struct variable *variables);

/* False: a division by zero. */
bool info_evaluate(const struct snapshot *snapshot, const struct expr *expr, int64_t *value);

#endif
