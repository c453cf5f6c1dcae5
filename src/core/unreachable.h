/* unreachable.h -- remembers the last reports that packets don't arrive (leat/refusal.h). */
#ifndef CORE_UNREACHABLE_H
#define CORE_UNREACHABLE_H

#include <leat/refusal.h>

#include "core/cold.h"

enum {
    UNREACHABLES = 4 /* one per destination; those that are tried at the same time are few */
};

struct unreachables {
    struct leat_unreachable all[UNREACHABLES]; /* at_ns 0: free */
};

/* Remembers @report in place of an older one about its destination, or of the oldest. */
COLD void unreachable_note(struct unreachables *reports, const struct leat_unreachable *report);

#endif
