/*
 * world.h -- a stack with nothing around it but a capture: frames are given to it at their times,
 * and what it says is shown to whoever asked.
 *
 * Neighbours answer its ARP requests at once, with the address they had in the capture or a made-up
 * one: a capture holds no answers to questions that were asked by nobody then.
 */
#ifndef REPLAY_WORLD_H
#define REPLAY_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/leat.h>
#include <leat/pcap.h>

#include "core/ip4.h"
#include "wire/bytes.h"

enum {
    WORLD_QUEUE = 64,       /* frames that wait for the next poll */
    WORLD_NEIGHBOURS = 1024 /* a table of as many places */
};

/* Memory that worlds use one after the other: it need not be touched anew for each. */
struct world_memory {
    void *block;
    size_t bytes;
};

struct world_config {
    struct leat_ip ip;
    leat_ip4 gateway; /* of IPv4; IP4_ANY: all the world is on this link */
    struct leat_mac mac;
    uint32_t buffers;
    struct leat_tcp_config tcp;
    uint8_t seed[LEAT_SEED_BYTES];
    struct world_memory *memory; /* NULL: its own */
    const char *record;          /* a file for frames in and out; NULL: don't */
    const char *notes;           /* for its section header */
    /* Shows a frame that the stack sends; NULL: nobody looks. */
    void (*on_sent)(void *arg, uint64_t now_ns, const uint8_t *frame, uint32_t len);
    void *arg;
};

struct world_neighbour {
    struct leat_ip ip;
    struct leat_mac mac;
};

struct world {
    struct leat_netif netif;             /* first */
    struct leat_pcap_recorder *recorder; /* around netif, or NULL */
    struct leat *stack;
    void *memory;
    struct world_config config;
    uint64_t now_ns;  /* of the last poll */
    uint64_t next_ns; /* when the stack wants the next one */
    struct leat_buf *queue[WORLD_QUEUE];
    uint32_t queue_count;
    uint64_t sent_frames;
    uint64_t lost_frames; /* the pool had no buffers for them, or they were too long */
    struct world_neighbour neighbours[WORLD_NEIGHBOURS];
    uint8_t flat[14 + 4 + 65535]; /* a frame in one piece */
};

/* Builds the stack.  False: no memory; a line has been printed. */
bool world_open(struct world *world, const struct world_config *config);

/* False: the recording could not be written; a line has been printed. */
bool world_close(struct world *world);

/* Lets a frame wait for the next poll; false: the queue is full. */
bool world_queue(struct world *world, const uint8_t *frame, uint32_t len);

/* Polls at @now_ns, again as long as the stack wants it at once. */
void world_poll(struct world *world, uint64_t now_ns);

/* Lets all timers before @now_ns fire, each at its own time: mostly there are none. */
void world_run_timers(struct world *world, uint64_t now_ns);

static inline void world_run_until(struct world *world, uint64_t now_ns)
{
    if (world->next_ns < now_ns)
        world_run_timers(world, now_ns);
}

/* Of either family, for tables: its upper bits are the good ones. */
static inline uint32_t world_hash(struct leat_ip ip)
{
    const uint32_t left = get32(ip.bytes) * 31 ^ get32(ip.bytes + 4);
    const uint32_t right = get32(ip.bytes + 8) * 31 ^ get32(ip.bytes + 12);

    return (left * 961 ^ right) * 2654435761u;
}

/* Remembers which link address a host had. */
void world_learn(struct world *world, struct leat_ip ip, const struct leat_mac *mac);

#endif
