/*
 * world.h -- a stack whose only network is a capture: it receives frames at their times, and its
 * own frames are passed to a callback.
 *
 * Neighbours answer its ARP requests at once, with their address in the capture or a made-up one,
 * because a capture has no replies to requests that were not sent then.
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
    WORLD_NEIGHBOURS = 1024 /* places in the table */
};

/* Memory that several worlds use in turn, to avoid new page faults for each. */
struct world_memory {
    void *block;
    size_t bytes;
};

struct world_config {
    struct leat_ip ip;
    leat_ip4 gateway; /* of IPv4; IP4_ANY: all addresses are on this link */
    struct leat_mac mac;
    uint32_t buffers;
    struct leat_tcp_config tcp;
    uint8_t seed[LEAT_SEED_BYTES];
    struct world_memory *memory; /* NULL: memory of its own */
    const char *record;          /* a file for received and sent frames; NULL: none */
    const char *notes;           /* for its section header */
    /* Called for each frame that the stack sends; may be NULL. */
    void (*on_sent)(void *arg, uint64_t now_ns, const uint8_t *frame, uint32_t len);
    void *arg;
};

struct world_neighbour {
    struct leat_ip ip;
    struct leat_mac mac;
};

struct world {
    struct leat_netif netif;             /* first */
    struct leat_pcap_recorder *recorder; /* wraps netif; or NULL */
    struct leat *stack;
    void *memory;
    struct world_config config;
    uint64_t now_ns;  /* of the last poll */
    uint64_t next_ns; /* when the stack is to be polled next */
    struct leat_buf *queue[WORLD_QUEUE];
    uint32_t queue_count;
    uint64_t sent_frames;
    uint64_t lost_frames; /* without buffers, or too long */
    struct world_neighbour neighbours[WORLD_NEIGHBOURS];
    uint8_t flat[14 + 4 + 65535]; /* a contiguous copy of a frame */
};

/* Creates the stack. False: no memory; an error line has been printed. */
bool world_open(struct world *world, const struct world_config *config);

/* False: the recording could not be written; an error line has been printed. */
bool world_close(struct world *world);

/* Queues a frame for the next poll; false: the queue is full. */
bool world_queue(struct world *world, const uint8_t *frame, uint32_t len);

/* Polls at @now_ns, and again as long as the stack is due at once. */
void world_poll(struct world *world, uint64_t now_ns);

/* Fires all timers before @now_ns, each at its own time; usually there are none. */
void world_run_timers(struct world *world, uint64_t now_ns);

static inline void world_run_until(struct world *world, uint64_t now_ns)
{
    if (world->next_ns < now_ns)
        world_run_timers(world, now_ns);
}

/* A hash of an address of either family; its upper bits are the better ones. */
static inline uint32_t world_hash(struct leat_ip ip)
{
    const uint32_t left = get32(ip.bytes) * 31 ^ get32(ip.bytes + 4);
    const uint32_t right = get32(ip.bytes + 8) * 31 ^ get32(ip.bytes + 12);

    return (left * 961 ^ right) * 2654435761u;
}

/* Stores the link address of a host. */
void world_learn(struct world *world, struct leat_ip ip, const struct leat_mac *mac);

#endif
