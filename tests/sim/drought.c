/* drought.c -- hiding free entries. */
#include "drought.h"

#include <string.h>

#include "core/pool.h"
#include "sim.h"
#include "stack.h"
#include "tcp/tcp.h"

/* A list of free entries, whatever they are. */
struct list {
    void *head;      /* a pointer to the pointer to the first */
    size_t next_at;  /* offset of the pointer to the next one */
    uint32_t *count; /* NULL: nobody counts them */
};

static void lists_of(struct leat *stack, struct list lists[SIM_LISTS])
{
    struct tcp *tcp = stack->tcp;
    struct pool_list *pool = stack->pool.lists;
    const size_t buf_next = offsetof(struct leat_buf, next);
    const size_t tcb_next = offsetof(struct tcb, hash_next);
    const struct list all[SIM_LISTS] = {
        {&pool[POOL_FULL].free, buf_next, &pool[POOL_FULL].free_count},
        {&pool[POOL_SMALL].free, buf_next, &pool[POOL_SMALL].free_count},
        {&pool[POOL_VIEW].free, buf_next, &pool[POOL_VIEW].free_count},
        {&tcp->free_conns, tcb_next, NULL},
        {&tcp->free_halves, tcb_next, NULL},
        {&tcp->free_time_waits, tcb_next, NULL},
        {&tcp->free_listeners, tcb_next, NULL},
        {&tcp->runs.free, offsetof(struct run, next), &tcp->runs.free_count},
        {&tcp->sents.free, offsetof(struct sent, next), &tcp->sents.free_count},
        {&tcp->transfers.free, offsetof(struct transfer, next), NULL},
    };

    memcpy(lists, all, sizeof all);
}

const char *sim_list_name(unsigned list)
{
    static const char *const names[SIM_LISTS] = {
        "full buffers",      "small buffers", "views", "connections", "half-open connections",
        "TIME-WAIT entries", "listeners",     "runs",  "sents",       "transfers"};

    return names[list];
}

static void *get(const void *at)
{
    void *pointer;

    memcpy(&pointer, at, sizeof pointer);
    return pointer;
}

static void put(void *at, void *pointer)
{
    memcpy(at, &pointer, sizeof pointer);
}

/* Where the pointer behind the first @entries, or all that there are, lies. */
static void *link_behind(const struct list *list, uint64_t entries)
{
    char *link = list->head;

    for (; entries > 0 && get(link); entries--)
        link = (char *)get(link) + list->next_at;
    return link;
}

static uint32_t length(const struct list *list, void *first)
{
    uint32_t count = 0;

    for (; first; first = get((char *)first + list->next_at))
        count++;
    return count;
}

/* Entries that @i keeps in this drought.  One for TIME-WAIT is free or in use: the oldest makes
 * room for a new one. */
static uint64_t entries_left(const struct sim_end *end, unsigned i)
{
    const struct sim_scenario *s = &end->sim->scenario;
    const uint64_t only = s->dry_list[end->index];
    const uint64_t left = s->dry_left[end->index];

    /* without a free transfer TCP looks at all of them for one to take back: none can be hidden */
    if ((only > 0 && only != i + 1) || i == SIM_LIST_TRANSFERS)
        return UINT64_MAX;
    return i == SIM_LIST_TIME_WAITS && left == 0 && ring_is_empty(&end->stack->tcp->time_wait)
               ? 1
               : left;
}

static bool is_due(const struct sim_end *end)
{
    const struct sim_scenario *s = &end->sim->scenario;
    const struct sim_window window = sim_drought_window(s, end->index);

    return sim_window_is_open(&window, end->sim->now_ns) ||
           (s->dry_poll[end->index] > 0 && s->dry_poll[end->index] == end->polls + 1);
}

void sim_drought_begin(struct sim_end *end)
{
    struct sim_drought *drought = &end->drought;
    struct list lists[SIM_LISTS];

    if (!is_due(end))
        return;
    drought->is_on = true;
    drought->polls++;
    lists_of(end->stack, lists);
    for (unsigned i = 0; i < SIM_LISTS; i++) {
        void *link = link_behind(&lists[i], entries_left(end, i));

        drought->hidden[i] = get(link);
        put(link, NULL);
        drought->counts[i] = length(&lists[i], drought->hidden[i]);
        if (lists[i].count)
            *lists[i].count -= drought->counts[i];
    }
}

void sim_drought_end(struct sim_end *end)
{
    struct sim_drought *drought = &end->drought;
    struct list lists[SIM_LISTS];

    if (!drought->is_on)
        return;
    drought->is_on = false;
    lists_of(end->stack, lists);
    for (unsigned i = 0; i < SIM_LISTS; i++) {
        put(link_behind(&lists[i], UINT64_MAX), drought->hidden[i]);
        if (lists[i].count)
            *lists[i].count += drought->counts[i];
    }
}

void sim_count_free(const struct sim_end *end, uint32_t counts[SIM_LISTS])
{
    struct list lists[SIM_LISTS];

    lists_of(end->stack, lists);
    for (unsigned i = 0; i < SIM_LISTS; i++)
        counts[i] = length(&lists[i], get(lists[i].head));
}
