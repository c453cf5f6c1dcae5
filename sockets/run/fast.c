/*
 * fast.c -- fast mode: the shared memory, and its slots.
 *
 * A slot that a program still has open may be locked by one of its threads. Until that has unlocked
 * it, the slot waits in limbo. So no thread writes to another connection's ring.
 */
#include "server.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SERVER_LOCK = UINT32_MAX, /* no thread's id */
    LIMBO_SWEEPS = 60         /* after which the thread has ended with the lock */
};

enum use {
    USE_FREE,
    USE_TAKEN,
    USE_LIMBO
};

static struct {
    struct fast_region *region; /* NULL: not in fast mode */
    struct fast_rings *rings;
    int fd;
    struct {
        struct sock *sock;
        enum use use;
        uint8_t sweeps; /* in limbo */
        bool is_dirty;  /* its rings may have memory */
        uint32_t seen;  /* positions at the last sweep */
    } of[FAST_SLOTS];
    uint16_t free[FAST_SLOTS]; /* a stack: the memory that was used last is taken first */
    uint32_t free_count;
    uint32_t busy_us;
    uint32_t awake_us; /* the time until which the server doesn't sleep */
} fast = {.fd = -1};

_Static_assert(sizeof(struct sock) + sizeof(struct fast_slot) + sizeof fast.of[0] +
                       sizeof fast.free[0] <=
                   400,
               "an idle connection takes 400 bytes at most beside its TCP");

const char *fast_open(uint32_t busy_us)
{
    const size_t bytes = FAST_RINGS_AT + FAST_SLOTS * sizeof(struct fast_rings);
    void *region;

    fast.fd = memfd_create("leat-run", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fast.fd < 0 || ftruncate(fast.fd, (off_t)bytes) ||
        fcntl(fast.fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
        return "--fast: the kernel has no shared memory";
    region = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fast.fd, 0);
    if (region == MAP_FAILED)
        return "--fast: no room for the shared memory";
    fast.region = region;
    fast.busy_us = busy_us;
    fast.awake_us = fast_now_us();
    atomic_store(&fast.region->busy_us, busy_us);
    fast.rings = (struct fast_rings *)((uint8_t *)region + FAST_RINGS_AT);
    for (uint32_t i = FAST_SLOTS; i > 0; i--)
        fast.free[fast.free_count++] = (uint16_t)(i - 1);
    return NULL;
}

int fast_descriptor(void)
{
    return fast.fd;
}

static uint32_t number_of(const struct fast_slot *slot)
{
    return (uint32_t)(slot - fast.region->slots);
}

struct fast_rings *fast_rings_of(const struct fast_slot *slot)
{
    return &fast.rings[number_of(slot)];
}

static void clear_side(struct fast_side *side)
{
    atomic_store(&side->head, 0);
    atomic_store(&side->tail, 0);
    atomic_store(&side->base, 0);
    atomic_store(&side->wants, 0);
}

static bool lock(_Atomic uint32_t *lock)
{
    uint32_t nobody = 0;

    return atomic_compare_exchange_strong(lock, &nobody, SERVER_LOCK);
}

/* True: no thread of a program is at the slot, and none comes. */
static bool lock_both(struct fast_slot *slot)
{
    if (!lock(&slot->locks[FAST_UP]))
        return false;
    if (lock(&slot->locks[FAST_DOWN]))
        return true;
    atomic_store(&slot->locks[FAST_UP], 0);
    return false;
}

static void unlock_both(struct fast_slot *slot)
{
    atomic_store(&slot->locks[FAST_DOWN], 0);
    atomic_store(&slot->locks[FAST_UP], 0);
}

void fast_take(struct sock *sock)
{
    struct fast_slot *slot;
    uint16_t i;

    if (!fast.region || fast.free_count == 0)
        return; /* the connection uses the kernel's socket */
    i = fast.free[--fast.free_count];
    slot = &fast.region->slots[i];
    if (!lock_both(slot)) { /* a thread that came late, or a program has written there */
        fast.of[i].use = USE_LIMBO;
        fast.of[i].sweeps = 0;
        return;
    }
    clear_side(&slot->program);
    clear_side(&slot->server);
    atomic_store(&slot->bell, 0);
    atomic_store(&slot->wants_bell, 0);
    atomic_store(&slot->sleepers, 0);
    atomic_store(&slot->waiter, 0);
    atomic_store(&slot->ended, 0);
    atomic_store(&slot->shut, 0);
    atomic_store(&slot->awake_us, fast_now_us());
    unlock_both(slot);
    fast.of[i].sock = sock;
    fast.of[i].use = USE_TAKEN;
    fast.of[i].is_dirty = true;
    sock->slot = slot;
}

struct fast_place fast_place_of(const struct sock *sock)
{
    if (!sock->slot)
        return (struct fast_place){.number = 0};
    return (struct fast_place){.number = number_of(sock->slot) + 1,
                               .generation = atomic_load(&sock->slot->generation)};
}

static bool is_empty(struct fast_slot *slot, enum fast_way way)
{
    return fast_used(fast_ring(slot, way)) == 0;
}

static bool try_to_free(uint32_t i, bool by_force)
{
    struct fast_slot *slot = &fast.region->slots[i];

    if (!lock_both(slot) && !by_force)
        return false;
    atomic_fetch_add(&slot->generation, 1);
    atomic_store(&slot->ended, 1);
    unlock_both(slot);
    fast.of[i].use = USE_FREE;
    fast.free[fast.free_count++] = (uint16_t)i;
    return true;
}

void fast_release(struct sock *sock)
{
    uint32_t i;

    if (!sock->slot)
        return;
    i = number_of(sock->slot);
    sock->slot = NULL;
    fast.of[i].sock = NULL;
    fast.of[i].use = USE_LIMBO;
    fast.of[i].sweeps = 0;
    try_to_free(i, false);
}

/* ---- around waits ------------------------------------------------------------------------------
 */

/* There was something to do. */
static void stay_awake(void)
{
    if (fast.busy_us > 0)
        fast.awake_us = fast_now_us() + fast.busy_us;
}

bool fast_may_sleep(void)
{
    if (!fast.region)
        return true;
    if (fast.busy_us > 0 && fast_is_before(fast_now_us(), fast.awake_us)) {
        sched_yield(); /* the program may have to run on this processor */
        return false;
    }
    atomic_store(&fast.region->server_sleeps, 1);
    if (!atomic_load(&fast.region->kicked.summary))
        return true;
    atomic_store(&fast.region->server_sleeps, 0);
    return false;
}

static void serve_slot(uint32_t i)
{
    struct sock *sock = fast.of[i].sock;

    if (!sock)
        return;
    if (atomic_load(&sock->slot->wants_bell)) {
        atomic_store(&sock->slot->wants_bell, 0);
        if (!is_empty(sock->slot, FAST_DOWN))
            fast_bell(sock);
    }
    stream_event(sock, 0);
}

void fast_serve(void)
{
    uint64_t words[FAST_WORDS], summary;

    if (!fast.region)
        return;
    if (atomic_load_explicit(&fast.region->server_sleeps, memory_order_relaxed))
        atomic_store(&fast.region->server_sleeps, 0);
    summary = fast_set_take(&fast.region->kicked, words);
    if (summary)
        stay_awake();
    for (; summary; summary &= summary - 1) {
        const uint32_t word = (uint32_t)__builtin_ctzll(summary);

        for (uint64_t rest = words[word]; rest; rest &= rest - 1)
            serve_slot(word * 64 + (uint32_t)__builtin_ctzll(rest));
    }
}

/* True: a thread will look at the ring without a bell. At the end of its time it looks once more.
 */
static bool is_looked_at(struct fast_slot *slot)
{
    return fast.busy_us > 0 && !atomic_load(&slot->sleepers) &&
           fast_is_before(fast_now_us(), atomic_load(&slot->awake_us));
}

void fast_post(struct sock *sock)
{
    struct fast_slot *slot = sock->slot;
    const uint32_t waiter = atomic_load(&slot->waiter);
    struct fast_group *group;

    stay_awake();
    if (waiter == 0 || waiter > FAST_GROUPS) {
        if (!is_looked_at(slot))
            fast_bell(sock);
        return;
    }
    if (atomic_load(&slot->sleepers))
        fast_bell(sock);
    group = &fast.region->groups[waiter - 1];
    fast_set_add(&group->ready, number_of(slot));
    if (atomic_load(&group->shared) ||
        (atomic_load(&group->sleeping) && atomic_exchange(&group->sleeping, 0)))
        fast_bell(sock);
}

/* ---- sweep ----------------------------------------------------------------------------------- */

/* Gives the memory of both rings back to the kernel. */
static void punch(uint32_t i)
{
    const size_t at = FAST_RINGS_AT + i * sizeof(struct fast_rings);

    fallocate(fast.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at,
              (off_t)sizeof(struct fast_rings));
}

static void sweep_slot(uint32_t i)
{
    struct fast_slot *slot = &fast.region->slots[i];
    const uint32_t now = atomic_load(&slot->program.tail) + atomic_load(&slot->server.tail);

    if (fast.of[i].use == USE_LIMBO)
        try_to_free(i, ++fast.of[i].sweeps > LIMBO_SWEEPS);
    if (now != fast.of[i].seen) { /* not idle */
        fast.of[i].seen = now;
        fast.of[i].is_dirty = true;
        return;
    }
    if (!fast.of[i].is_dirty || !lock_both(slot))
        return;
    if (is_empty(slot, FAST_UP) && is_empty(slot, FAST_DOWN)) {
        punch(i);
        fast.of[i].is_dirty = false;
    }
    unlock_both(slot);
}

void fast_sweep(void)
{
    if (!fast.region)
        return;
    for (uint32_t i = 0; i < FAST_SLOTS; i++)
        if (fast.of[i].is_dirty || fast.of[i].use != USE_FREE)
            sweep_slot(i);
}
