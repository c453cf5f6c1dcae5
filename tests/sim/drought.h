/*
 * drought.h -- memory that runs out: entries of free lists are hidden for a while.
 *
 * A stack that finds a list empty is in a state that it can get into by itself; a failure that is
 * forced upon a list that is not would show what can't happen.  To hide all but the first k entries
 * during one poll is to let the allocation k + 1 of that poll fail: for all polls and all k, each
 * allocation of a run fails once.
 */
#ifndef SIM_DROUGHT_H
#define SIM_DROUGHT_H

#include <stdbool.h>
#include <stdint.h>

struct leat;
struct sim_end;

enum {
    SIM_LIST_CONNS = 3,
    SIM_LIST_TIME_WAITS = 5,
    SIM_LIST_LISTENERS,
    SIM_LIST_TRANSFERS = 9,
    SIM_LISTS = 10 /* of free entries: three of the pool, seven of TCP */
};

struct sim_drought {
    bool is_on;
    uint64_t polls; /* that were short of memory */
    void *hidden[SIM_LISTS];
    uint32_t counts[SIM_LISTS];
};

/* Hides entries if the scenario wants it now, and shows them again. */
void sim_drought_begin(struct sim_end *end);
void sim_drought_end(struct sim_end *end);

/* Entries that are free in each list; droughts must be over. */
void sim_count_free(const struct sim_end *end, uint32_t counts[SIM_LISTS]);

/* "runs", and the like. */
const char *sim_list_name(unsigned list);

#endif
