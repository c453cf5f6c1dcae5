/*
 * sim.h -- two stacks, a wire, two programs and a watcher, in virtual time (docs/simulator.md).
 *
 *      sim_create -> sim_run -> look at what it says -> sim_destroy
 *
 * sim_run() jumps from deadline to deadline.  After every step it checks what must hold then; the
 * first thing that does not is kept in `failure`, and the run ends.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <leat/leat.h>
#include <leat/link.h>

#include "random.h"
#include "scenario.h"
#include "watcher.h"

#define SIM_NS_PER_US 1000u
#define SIM_NS_PER_MS 1000000u
#define SIM_NS_PER_S  1000000000u

enum {
    SIM_PATTERN_PERIOD = 65521, /* a prime: no window, segment or buffer is a multiple of it */
    SIM_PATTERN_RUN = 65536,    /* bytes that can be had in one piece */
    SIM_PORT_LISTEN = 80,
    SIM_PORT_ACTIVE = 10000, /* + number of the pair */
    SIM_FAILURE_BYTES = 400,
    SIM_TABLES = 6 /* of entries that TCP takes and gives back */
};

struct sim;

/* One end of one connection: the program, and what it has seen. */
struct sim_side {
    struct sim *sim;
    struct sim_side *peer;
    const struct sim_plan *plan;
    unsigned end;  /* 0 or 1 */
    unsigned pair; /* number of the connection */
    struct leat_tcp *conn;
    uint64_t written;
    uint64_t read;
    uint64_t lent;     /* buffers of ours that the stack has */
    uint64_t wake_ns;  /* the program wants to be called again */
    uint64_t write_ns; /* not before */
    uint64_t read_ns;
    uint64_t hold_ns;      /* when what is held is given back */
    struct leat_buf *held; /* received, not yet given back */
    uint32_t held_bytes;
    bool exists; /* connect() or accept() has made it */
    bool opened;
    bool full;         /* waits for on_writable */
    bool paused;       /* the pause of its plan has begun */
    bool ended;        /* shutdown() or close() was called */
    bool eof;          /* all of the peer's text was read, and its FIN has come */
    bool violent;      /* abort() or an early close() was called */
    bool pool_was_low; /* at the end: the stack may have given up for others' sake */
    bool closed;       /* on_closed() has come */
    enum leat_err why;
    uint64_t closed_ns;
    /* as they were after the last step */
    struct leat_tcp_info info;
    bool has_info;
    uint64_t unacked_ns; /* since when received text is not acknowledged; 0: it is */
};

struct sim_end {
    struct sim *sim;
    unsigned index;
    struct leat *stack;
    void *memory;
    struct leat_tcp_listener *listener;
    uint32_t free[SIM_TABLES]; /* entries, before the first connection */
    uint64_t deadline_ns;      /* as leat_poll() said */
    uint64_t lateness_ns;      /* of the next poll */
    bool starved;              /* the wire has frames, but the stack has no memory for them */
    uint64_t frozen_from_ns;   /* nobody polls in between */
    uint64_t frozen_until_ns;
    uint32_t idle_polls; /* in a row, at the same time, in which nothing happened */
    uint64_t idle_second;
    uint32_t idle_in_second;
    uint64_t polls;
};

struct sim {
    struct sim_scenario scenario;
    struct sim_random random; /* of the programs and machines; the wire has its own */
    uint64_t now_ns;
    struct leat_link *link;
    void *link_memory;
    struct sim_end ends[2];
    struct sim_side sides[SIM_PAIRS_MAX][2];
    struct sim_watcher watcher;
    uint64_t progress_ns; /* when something last moved */
    uint64_t events;      /* calls of the program; a poll without any is idle */
    uint64_t steps;
    uint64_t hash; /* of all frames */
    FILE *record;
    bool verbose;
    void (*configure)(struct leat_tcp_config *config, void *arg); /* last word, may be NULL */
    void *configure_arg;
    bool failed;
    char failure[SIM_FAILURE_BYTES];
    uint8_t pattern[SIM_PATTERN_PERIOD + SIM_PATTERN_RUN];
};

/* ---- sim.c: the world and its clock ------------------------------------------------------- */

/* A world for @scenario; @record (may be NULL) gets a capture of all that is sent. */
struct sim *sim_create(const struct sim_scenario *scenario, FILE *record);

/* Builds the stacks and runs until everything has ended.  False: see sim->failure. */
bool sim_run(struct sim *sim);

/* The same, until @until_ns at most: whoever measures wants no end.  Once for each world. */
bool sim_run_until(struct sim *sim, uint64_t until_ns);

void sim_destroy(struct sim *sim);

/* Something that must not be has happened; the first one is kept. */
void sim_fail(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What happens, for --verbose. */
void sim_say(const struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- program.c: the two programs ---------------------------------------------------------- */

/* @len bytes from @offset of what @end sends in connection @pair; at most SIM_PATTERN_RUN. */
const uint8_t *sim_pattern(const struct sim *sim, unsigned pair, unsigned end, uint64_t offset);

void sim_program_listen(struct sim_end *end);
/* Lets all sides of @end whose time has come do something; true if one did. */
bool sim_program_wake(struct sim_end *end);
/* When the next of them wants to. */
uint64_t sim_program_next_ns(const struct sim_end *end);

/* ---- invariants.c: what must hold after every step, and at the end ------------------------ */

void sim_check_step(struct sim *sim);
void sim_check_poll(struct sim_end *end, uint64_t polled_for_ns, bool busy);
/* True when nothing is left of any connection. */
bool sim_is_over(const struct sim *sim);
void sim_check_end(struct sim *sim);
void sim_count_free(const struct sim_end *end, uint32_t counts[SIM_TABLES]);
/* Nothing moves: how long that may last, ns. */
uint64_t sim_patience_ns(const struct sim *sim);

/* Frames or segments that the stack of @end could not send for lack of memory or room. */
uint64_t sim_unsent(const struct sim_end *end);

#endif
