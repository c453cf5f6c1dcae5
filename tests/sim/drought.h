/*
 * drought.h -- lack of memory: entries of free lists are hidden for a while.
 *
 * An empty list is a state that a stack can get into by itself; a forced failure with a list that
 * isn't empty would show impossible cases. To hide all but the first k entries during one poll
 * makes allocation k + 1 of that poll fail. Over all polls and all k, each allocation of a run
 * fails once.
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
    uint64_t polls; /* polls that were short of memory */
    void *hidden[SIM_LISTS];
    uint32_t counts[SIM_LISTS];
};

/* Hides entries if the scenario wants it now; shows them again. */
void sim_drought_begin(struct sim_end *end);
void sim_drought_end(struct sim_end *end);

/* Free entries in each list; droughts must be over. */
void sim_count_free(const struct sim_end *end, uint32_t counts[SIM_LISTS]);

/* The list's name, such as "runs". */
const char *sim_list_name(unsigned list);

#endif
