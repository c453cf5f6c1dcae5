/* explain.c -- says why frames were dropped. */
#include "explain.h"

#include <stdio.h>
#include <string.h>

static struct explain *explain_of(struct leat_netif *netif)
{
    return (struct explain *)(void *)netif; /* its first member */
}

/* Looks at the counters: has the last frame been dropped?  Packets to ourselves, which the counters
 * have, too, end after it. */
static void settle(struct explain *explain)
{
    const bool alone = explain->stats && explain->stats->rx_loopback == explain->before.rx_loopback;

    for (unsigned i = 0; i < LEAT_STAT_COUNT && explain->wire_bytes > 0 && alone; i++) {
        const enum leat_stat stat = (enum leat_stat)i;

        if (leat_stat_group(stat) != LEAT_STAT_DROP || explain->first[i][0] ||
            leat_stat_value(explain->stats, stat) == leat_stat_value(&explain->before, stat))
            continue;
        explain_frame(explain->first[i], explain->head, explain->head_bytes, explain->wire_bytes);
        snprintf(explain->line, sizeof explain->line, "dropped: %s: %s (%s)", leat_stat_text(stat),
                 explain->first[i], leat_stat_name(stat));
        explain->say(explain->arg, explain->line);
    }
    explain->wire_bytes = 0;
}

static uint32_t receive(struct leat_netif *netif, uint64_t now_ns, struct leat_pool *pool,
                        struct leat_buf **frames, uint32_t frames_max)
{
    struct explain *explain = explain_of(netif);
    uint32_t count;

    settle(explain);
    count =
        explain->inner->ops->receive(explain->inner, now_ns, pool, frames, frames_max > 0 ? 1 : 0);
    if (count > 0) {
        explain->wire_bytes = leat_buf_total(frames[0]);
        explain->head_bytes = leat_buf_read(frames[0], 0, explain->head, sizeof explain->head);
        if (explain->stats)
            explain->before = *explain->stats;
    }
    return count;
}

static uint32_t transmit_room(struct leat_netif *netif)
{
    struct leat_netif *inner = explain_of(netif)->inner;

    return inner->ops->transmit_room(inner);
}

static void transmit(struct leat_netif *netif, uint64_t now_ns, struct leat_buf **frames,
                     uint32_t count)
{
    struct leat_netif *inner = explain_of(netif)->inner;

    inner->ops->transmit(inner, now_ns, frames, count);
}

/* A frame was taken in this poll: there may be more, although the stack got fewer than it wanted.
 */
static uint64_t next_look_ns(struct leat_netif *netif, uint64_t now_ns)
{
    struct explain *explain = explain_of(netif);

    return explain->wire_bytes > 0 ? now_ns
                                   : explain->inner->ops->next_look_ns(explain->inner, now_ns);
}

static void close_inner(struct leat_netif *netif)
{
    struct leat_netif *inner = explain_of(netif)->inner;

    inner->ops->close(inner);
}

static const struct leat_netif_ops explain_ops = {.receive = receive,
                                                  .transmit_room = transmit_room,
                                                  .transmit = transmit,
                                                  .next_look_ns = next_look_ns,
                                                  .close = close_inner};

struct leat_netif *explain_wrap(struct explain *explain, struct leat_netif *netif,
                                void (*say)(void *arg, const char *line), void *arg)
{
    memset(explain, 0, sizeof *explain);
    explain->netif = *netif;
    explain->netif.ops = &explain_ops;
    explain->inner = netif;
    explain->say = say;
    explain->arg = arg;
    return &explain->netif;
}

void explain_watch(struct explain *explain, const struct leat_stats *stats)
{
    explain->stats = stats;
    explain->before = *stats;
}

void explain_sum(struct explain *explain)
{
    settle(explain);
    for (unsigned i = 0; i < LEAT_STAT_COUNT && explain->stats; i++) {
        const enum leat_stat stat = (enum leat_stat)i;
        const uint64_t count = leat_stat_value(explain->stats, stat);

        if (leat_stat_group(stat) != LEAT_STAT_DROP || count == 0)
            continue;
        snprintf(explain->line, sizeof explain->line, "%s: %llu dropped: %s; the first: %s",
                 leat_stat_name(stat), (unsigned long long)count, leat_stat_text(stat),
                 explain->first[i][0] ? explain->first[i]
                                      : "a packet to ourselves, or one of many");
        explain->say(explain->arg, explain->line);
    }
}
