/*
 * fast.h -- the memory that leat-run --fast shares with its programs.
 *
 * Each connection has a slot with two rings.  The server puts what TCP has received into one and
 * takes what is to be sent from the other, and the preloaded library does the opposite.  The number
 * that the program sees is still a UNIX socket of the kernel, so it can be waited for.  In fast
 * mode no data passes that socket, but two kinds of bytes do, whose value is 0:
 *
 *   A bell    from the server: the ring has data.  The library takes it away with the last data.
 *
 *   A filler  from the library: there is no room, so the socket must not be writable.  The server
 *             takes it away when there is room again.  It also wakes a server that sleeps.
 *
 * A bell costs two system calls.  None is needed while the program isn't waiting: an epoll of a
 * program is a group, and the server notes which slots have data for it.  The library looks at that
 * before it waits, and tells when it sleeps.
 *
 * Each side takes the values of the other as hints only: the server, because a program may write
 * anything there.  A process may end at each instruction.
 */
#ifndef RUN_FAST_H
#define RUN_FAST_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

enum {
    FAST_SLOTS = 4096, /* bits of one word of words */
    FAST_WORDS = FAST_SLOTS / 64,
    FAST_RING_BYTES = 262144, /* a power of two; the kernel's sockets take nearly so much */
    FAST_CHUNK_SLOTS = 8,     /* that a program maps at a time: some have a limit of addresses */
    FAST_CHUNKS = FAST_SLOTS / FAST_CHUNK_SLOTS,
    FAST_GROUPS = 64,
    FAST_LINE_BYTES = 64, /* of a processor's cache */
    FAST_SHUT_READ = 1,
    FAST_SHUT_WRITE = 2
};

/* A slot as it is handed to the library; number 0: none. */
struct fast_place {
    uint32_t number; /* from 1 */
    uint32_t generation;
};

/* A set of slots: those who set and the one who takes need no lock. */
struct fast_set {
    _Atomic uint64_t summary; /* a bit of each word that may have bits */
    _Atomic uint64_t words[FAST_WORDS];
};

/* The members of both rings that one side writes. Positions count bytes. */
struct fast_side {
    _Atomic uint32_t tail;  /* of the ring that it gives to */
    _Atomic uint32_t base;  /* the position of that ring's first byte */
    _Atomic uint32_t wants; /* it waits for room in that ring */
    _Atomic uint32_t head;  /* of the ring that it takes from */
};

struct fast_slot {
    alignas(FAST_LINE_BYTES) struct fast_side program;
    _Atomic uint32_t locks[2];   /* of the program's side: enum fast_way; 0: free */
    _Atomic uint32_t wants_bell; /* to be rung if there is data */
    _Atomic uint32_t sleepers;   /* threads in a call that blocks: bells are needed */
    _Atomic uint32_t waiter;     /* the group, from 1; 0: bells are needed */
    _Atomic uint32_t shut;       /* FAST_SHUT_... */
    _Atomic uint32_t awake_us;   /* until this time a thread looks without a bell: fast_now_us() */
    alignas(FAST_LINE_BYTES) struct fast_side server;
    _Atomic uint32_t bell;       /* a bell is on its way to the program, or there */
    _Atomic uint32_t ended;      /* there is no connection any more, so nothing can be sent */
    _Atomic uint32_t generation; /* another one: the slot is another connection's */
};

enum fast_way {
    FAST_UP, /* from the program to the network */
    FAST_DOWN
};

/* Microseconds that both sides count alike; they wrap. */
static inline uint32_t fast_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)now.tv_sec * 1000000u + (uint32_t)now.tv_nsec / 1000u;
}

static inline bool fast_is_before(uint32_t now_us, uint32_t end_us)
{
    return (int32_t)(now_us - end_us) < 0;
}

/* A ring of a slot. */
struct fast_ring {
    struct fast_side *giver, *taker;
};

static inline struct fast_ring fast_ring(struct fast_slot *slot, enum fast_way way)
{
    return way == FAST_UP ? (struct fast_ring){&slot->program, &slot->server}
                          : (struct fast_ring){&slot->server, &slot->program};
}

/* An epoll of a program. */
struct fast_group {
    _Atomic int32_t owner;     /* a process id; 0: unused */
    _Atomic uint32_t sleeping; /* a bell is needed */
    _Atomic uint32_t shared;   /* bells are always needed */
    struct fast_set ready;
};

struct fast_region {
    _Atomic uint32_t server_sleeps;
    _Atomic uint32_t busy_us; /* either side stays awake for so long before it sleeps; 0: not */
    alignas(FAST_LINE_BYTES) struct fast_set kicked; /* slots that the server has to look at */
    alignas(FAST_LINE_BYTES) struct fast_group groups[FAST_GROUPS];
    alignas(FAST_LINE_BYTES) struct fast_slot slots[FAST_SLOTS];
};

/* Behind the region, of each slot. */
struct fast_rings {
    uint8_t up[FAST_RING_BYTES];
    uint8_t down[FAST_RING_BYTES];
};

/* Where the rings begin: at a page. */
#define FAST_RINGS_AT ((sizeof(struct fast_region) + 65535) / 65536 * 65536)

static inline void fast_set_add(struct fast_set *set, uint32_t slot)
{
    const uint64_t word = UINT64_C(1) << slot / 64;

    atomic_fetch_or(&set->words[slot / 64], UINT64_C(1) << slot % 64);
    /* seen set: the taker hasn't come to the word yet */
    if (!(atomic_load(&set->summary) & word))
        atomic_fetch_or(&set->summary, word);
}

/* Takes all slots; returns the words that @words got. */
static inline uint64_t fast_set_take(struct fast_set *set, uint64_t words[FAST_WORDS])
{
    const uint64_t summary =
        atomic_load(&set->summary) ? atomic_exchange(&set->summary, 0) : UINT64_C(0);

    for (uint64_t rest = summary; rest; rest &= rest - 1)
        words[__builtin_ctzll(rest)] = atomic_exchange(&set->words[__builtin_ctzll(rest)], 0);
    return summary;
}

/* Bytes that can be taken; a value that can't be is none. */
static inline uint32_t fast_used(struct fast_ring ring)
{
    const uint32_t used = atomic_load(&ring.giver->tail) - atomic_load(&ring.taker->head);

    return used <= FAST_RING_BYTES ? used : 0;
}

static inline uint32_t fast_room(struct fast_ring ring)
{
    return FAST_RING_BYTES - fast_used(ring);
}

/* The byte at the tail. An empty ring begins at its first byte again, so that short messages always
 * use the same few lines of the caches. For the giver. */
static inline uint32_t fast_tail_at(struct fast_ring ring)
{
    const uint32_t tail = atomic_load(&ring.giver->tail);

    if (tail == atomic_load(&ring.taker->head))
        atomic_store(&ring.giver->base, tail);
    return (tail - atomic_load(&ring.giver->base)) % FAST_RING_BYTES;
}

/* The byte at @skip behind the head. For the taker of a ring with data. */
static inline uint32_t fast_head_at(struct fast_ring ring, uint32_t skip)
{
    return (atomic_load(&ring.taker->head) + skip - atomic_load(&ring.giver->base)) %
           FAST_RING_BYTES;
}

/* Copies to a ring, from its byte @at on. */
static inline void fast_put(uint8_t *ring, uint32_t at, const void *bytes, uint32_t len)
{
    const uint32_t first = len < FAST_RING_BYTES - at ? len : FAST_RING_BYTES - at;

    memcpy(ring + at, bytes, first);
    memcpy(ring, (const uint8_t *)bytes + first, len - first);
}

static inline void fast_get(const uint8_t *ring, uint32_t at, void *bytes, uint32_t len)
{
    const uint32_t first = len < FAST_RING_BYTES - at ? len : FAST_RING_BYTES - at;

    memcpy(bytes, ring + at, first);
    memcpy((uint8_t *)bytes + first, ring, len - first);
}

#endif
