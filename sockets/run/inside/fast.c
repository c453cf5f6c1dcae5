/*
 * fast.c -- which descriptors have a slot, and the locks of slots.
 *
 * In fast mode the library has state: a table of slots, by descriptor. It follows close() and its
 * relatives. A number that is closed by syscall() is noticed there, too; one that the C library
 * closes itself, by fclose().
 */
#include "fast.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    PLACES = 65536, /* descriptors beyond are looked at each time */
    YIELDS = 4096
};

#define NO_SLOT UINT32_MAX

enum mode {
    MODE_UNKNOWN,
    MODE_OFF,
    MODE_ON
};

static _Atomic enum mode mode;
static _Atomic(struct fast_region *) shared;
static _Atomic(struct fast_rings *) chunks[FAST_CHUNKS]; /* NULL: not mapped */
/* Generation and number, from 1; 0: not looked at; NO_SLOT: it has none. */
static _Atomic uint64_t places[PLACES];

bool fast_is_on(void)
{
    enum mode now = atomic_load_explicit(&mode, memory_order_relaxed);

    if (now == MODE_UNKNOWN) {
        const char *end = runs() ? strrchr(run_name(), ':') : NULL;

        now = end && strcmp(end, ":fast") == 0 ? MODE_ON : MODE_OFF;
        atomic_store_explicit(&mode, now, memory_order_relaxed);
    }
    return now == MODE_ON;
}

struct fast_region *fast_region(void)
{
    return atomic_load_explicit(&shared, memory_order_acquire);
}

/* Maps a part. Without the memory a connection would be without its data. */
static void *map(size_t at, size_t bytes)
{
    const int fd = ask_map();
    void *memory = MAP_FAILED;

    if (fd >= 0)
        memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)at);
    if (memory == MAP_FAILED) {
        fprintf(stderr, "leat-run: no shared memory for --fast\n");
        abort();
    }
    NEXT(close)(fd);
    return memory;
}

void fast_prepare(void)
{
    struct fast_region *none = NULL;
    void *region;

    if (fast_region())
        return;
    region = map(0, sizeof(struct fast_region));
    if (!atomic_compare_exchange_strong(&shared, &none, region))
        munmap(region, sizeof(struct fast_region)); /* another thread was faster */
}

/* The rings of a slot are mapped from here on. */
static void prepare_rings(uint32_t number)
{
    const uint32_t i = number / FAST_CHUNK_SLOTS;
    const size_t bytes = FAST_CHUNK_SLOTS * sizeof(struct fast_rings);
    struct fast_rings *none = NULL;
    void *chunk;

    if (atomic_load_explicit(&chunks[i], memory_order_acquire))
        return;
    chunk = map(FAST_RINGS_AT + i * bytes, bytes);
    if (!atomic_compare_exchange_strong(&chunks[i], &none, chunk))
        munmap(chunk, bytes);
}

static struct fast at_place(int fd, uint64_t place)
{
    const uint32_t number = (uint32_t)place - 1;
    struct fast_rings *chunk =
        atomic_load_explicit(&chunks[number / FAST_CHUNK_SLOTS], memory_order_acquire);

    return (struct fast){.fd = fd,
                         .slot = &fast_region()->slots[number],
                         .rings = chunk + number % FAST_CHUNK_SLOTS,
                         .number = number,
                         .generation = (uint32_t)(place >> 32)};
}

static uint64_t place_at(int fd)
{
    return fd >= 0 && fd < PLACES ? atomic_load_explicit(&places[fd], memory_order_acquire) : 0;
}

void fast_attach(int fd, struct fast_place place)
{
    const bool good = place.number > 0 && place.number <= FAST_SLOTS;

    if (good) {
        fast_prepare();
        prepare_rings(place.number - 1);
    }
    if (fd >= 0 && fd < PLACES)
        atomic_store_explicit(&places[fd],
                              good ? (uint64_t)place.generation << 32 | place.number : NO_SLOT,
                              memory_order_release);
}

bool fast_known(int fd, struct fast *found)
{
    const uint64_t place = place_at(fd);

    if (place == 0 || place == NO_SLOT)
        return false;
    *found = at_place(fd, place);
    return true;
}

void fast_forget(int fd)
{
    struct fast fast;

    if (place_at(fd) == 0)
        return;
    if (fast_known(fd, &fast))
        fast_drop(&fast);
    atomic_store_explicit(&places[fd], 0, memory_order_relaxed);
}

/* Asks for the slot of a connection that another process has made, or this one before exec(). */
static bool look(int fd, struct fast *found)
{
    const int kept = errno;
    struct run_request request = {.call = RUN_NAMES};
    struct run_reply reply;
    struct fast_place place;
    struct ours ours;
    int error = 0;

    if (!ours_look(fd, &ours) || ours.kind != KIND_STREAM || !ours.connected)
        return false;
    if (!ours.accepted)
        error = ask(&ours, &request, &reply);
    errno = kept;
    if (error && error != EINPROGRESS)
        return false;
    place = ours.accepted ? ours.ends.place : reply.place;
    fast_attach(fd, place);
    if (place.number == 0 || place.number > FAST_SLOTS)
        return false;
    *found = at_place(fd, (uint64_t)place.generation << 32 | place.number);
    if (atomic_load(&found->slot->waiter) &&
        atomic_load(&found->slot->generation) == found->generation) {
        atomic_store(&found->slot->waiter, 0); /* it was the other process's epoll */
        fast_want_bell(found);
    }
    return true;
}

bool fast_find(int fd, struct fast *found)
{
    if (!fast_is_on())
        return false;
    if (fast_known(fd, found))
        return true;
    return place_at(fd) == 0 && kind_guess(fd) != KIND_FOREIGN && look(fd, found);
}

void fast_kick(const struct fast *fast)
{
    struct fast_region *region = fast_region();
    const int kept = errno;

    fast_set_add(&region->kicked, fast->number);
    if (atomic_load(&region->server_sleeps) && atomic_exchange(&region->server_sleeps, 0) &&
        NEXT(send)(fast->fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        ask_nothing();
    errno = kept;
}

void fast_want_bell(const struct fast *fast)
{
    atomic_store(&fast->slot->wants_bell, 1);
    fast_kick(fast);
}

/* ---- locks ----------------------------------------------------------------------------------- */

static __attribute__((tls_model("initial-exec"))) _Thread_local uint32_t thread;

static void forget_thread(void)
{
    thread = 0;
}

__attribute__((constructor)) static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, forget_thread);
}

static uint32_t this_thread(void)
{
    if (!thread)
        thread = (uint32_t)gettid();
    return thread;
}

/* Takes the lock of a thread that has ended with it. */
static bool inherit(_Atomic uint32_t *lock, uint32_t owner)
{
    const int kept = errno;
    const bool is_gone = kill((pid_t)owner, 0) && errno == ESRCH;

    errno = kept;
    return is_gone && atomic_compare_exchange_strong(lock, &owner, this_thread());
}

bool fast_lock(const struct fast *fast, enum fast_way way)
{
    _Atomic uint32_t *lock = &fast->slot->locks[way];

    for (unsigned turn = 1;; turn++) {
        uint32_t owner = 0;

        if (atomic_compare_exchange_strong(lock, &owner, this_thread()))
            break;
        if (owner == this_thread())
            return false;
        if (turn % YIELDS == 0 && owner <= INT32_MAX && inherit(lock, owner))
            break;
        sched_yield();
    }
    if (atomic_load(&fast->slot->generation) == fast->generation)
        return true;
    fast_unlock(fast, way);
    return false;
}

void fast_unlock(const struct fast *fast, enum fast_way way)
{
    atomic_store(&fast->slot->locks[way], 0);
}
