/* drought.c -- hiding free entries. */
#include "drought.h"

#include <string.h>

#include "core/pool.h"
#include "sim.h"
#include "base.h"
#include "tcp/tcp.h"

/* A list of free entries of any kind. */
struct list {
    void *head;      /* a pointer to the link to the first */
    size_t next_at;  /* offset of the link to the next entry */
    uint32_t *count; /* NULL: there is no counter */
    void *base;      /* the base of near pointers (core/near.h); NULL: links are pointers */
};

static void lists_of(struct leat *stack, struct list lists[SIM_LISTS])
{
    struct tcp *tcp = stack->tcp;
    struct pool_list *pool = stack->pool.lists;
    const size_t buf_next = offsetof(struct leat_buf, next);
    const size_t tcb_next = offsetof(struct tcb, hash_next); /* near pointers */
    const struct list all[SIM_LISTS] = {
        {&pool[POOL_FULL].free, buf_next, &pool[POOL_FULL].free_count, NULL},
        {&pool[POOL_SMALL].free, buf_next, &pool[POOL_SMALL].free_count, NULL},
        {&pool[POOL_VIEW].free, buf_next, &pool[POOL_VIEW].free_count, NULL},
        {&tcp->free_conns, tcb_next, NULL, tcp},
        {&tcp->free_halves, tcb_next, NULL, tcp},
        {&tcp->free_time_waits, tcb_next, NULL, tcp},
        {&tcp->free_listeners, tcb_next, NULL, tcp},
        {&tcp->runs.free, offsetof(struct run, next), &tcp->runs.free_count, NULL},
        {&tcp->sents.free, offsetof(struct sent, next), &tcp->sents.free_count, NULL},
        {&tcp->transfers.free, offsetof(struct transfer, next), NULL, NULL},
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

static void *get(const struct list *list, const void *at)
{
    void *pointer;
    uint32_t near;

    if (list->base) {
        memcpy(&near, at, sizeof near);
        return near == NEAR_NONE ? NULL : near_at(list->base, near);
    }
    memcpy(&pointer, at, sizeof pointer);
    return pointer;
}

static void put(const struct list *list, void *at, void *pointer)
{
    const uint32_t near = list->base && pointer ? near_to(list->base, pointer) : NEAR_NONE;

    if (list->base)
        memcpy(at, &near, sizeof near);
    else
        memcpy(at, &pointer, sizeof pointer);
}

/* The link behind the first @entries, or behind all if there are fewer. */
static void *link_behind(const struct list *list, uint64_t entries)
{
    char *link = list->head;

    for (; entries > 0 && get(list, link); entries--)
        link = (char *)get(list, link) + list->next_at;
    return link;
}

static uint32_t length(const struct list *list, void *first)
{
    uint32_t count = 0;

    for (; first; first = get(list, (char *)first + list->next_at))
        count++;
    return count;
}

/* How many entries of list @i stay in this drought. One for TIME-WAIT stays free or in use: the
 * oldest gives way to a new one. */
static uint64_t entries_left(const struct sim_end *end, unsigned i)
{
    const struct sim_scenario *s = &end->sim->scenario;
    const uint64_t only = s->dry_list[end->index];
    const uint64_t left = s->dry_left[end->index];

    /* without a free transfer TCP searches all of them for an idle one: none can be hidden */
    if ((only > 0 && only != i + 1) || i == SIM_LIST_TRANSFERS)
        return UINT64_MAX;
    return i == SIM_LIST_TIME_WAITS && left == 0 &&
                   near_ring_is_empty(end->stack->tcp, &end->stack->tcp->time_wait)
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

        drought->hidden[i] = get(&lists[i], link);
        put(&lists[i], link, NULL);
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
        put(&lists[i], link_behind(&lists[i], UINT64_MAX), drought->hidden[i]);
        if (lists[i].count)
            *lists[i].count += drought->counts[i];
    }
}

void sim_count_free(const struct sim_end *end, uint32_t counts[SIM_LISTS])
{
    struct list lists[SIM_LISTS];

    lists_of(end->stack, lists);
    for (unsigned i = 0; i < SIM_LISTS; i++)
        counts[i] = length(&lists[i], get(&lists[i], lists[i].head));
}
