/*
 * sim.h -- two stacks, a wire, two programs and a watcher, in virtual time (docs/lab/simulator.md).
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

#include <leat/flow.h>
#include <leat/leat.h>
#include <leat/link.h>
#include <leat/tls.h>

#include "attack.h"
#include "below.h"
#include "device.h"
#include "drought.h"
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
    SIM_ATTACK_KINDS_MAX = 40
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
    struct leat_stream stream; /* what its program uses: the connection, or a session on it */
    struct sim_below below;    /* of a session */
    struct leat_tls_client client;
    uint64_t early;      /* bytes of early data that are on their way, besides what is written */
    uint64_t early_read; /* from the peer's */
    bool early_offered;
    bool early_taken;
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
    bool full;    /* waits for on_writable */
    bool paused;  /* the pause of its plan has begun */
    bool ended;   /* shutdown() or close() was called */
    bool eof;     /* all of the peer's data was read, and its FIN has come */
    bool violent; /* abort() or an early close() was called */
    uint64_t accepted_ns;
    bool cookie_lost;  /* its server answered with a cookie, and never saw the first ACK */
    bool pool_was_low; /* at the end: the stack may have given up for others' sake */
    bool closed;       /* on_closed() has come */
    enum leat_err why;
    uint64_t closed_ns;
    /* as they were after the last step */
    struct leat_tcp_info info;
    bool has_info;
    uint64_t unacked_ns; /* since when received data is not acknowledged; 0: it is */
    /* of a program that is a task */
    struct leat_task *task; /* NULL: it hasn't begun, or is over */
    struct leat_flow flow;
    bool flows;            /* the flow is open */
    bool partial;          /* a write was given up: what of `written` the stack has nobody knows */
    bool enough;           /* its plan wants a violent end now */
    enum leat_err gave_up; /* why its tasks did */
};

struct sim_end {
    struct sim *sim;
    unsigned index;
    struct leat *stack;
    void *memory;
    struct leat_tcp_listener *listener;
    struct sim_device device;
    struct sim_drought drought;
    uint32_t free[SIM_LISTS]; /* entries, before the first connection */
    uint64_t deadline_ns;     /* as leat_poll() said, in the simulator's time */
    uint64_t lateness_ns;     /* of the next poll */
    bool starved;             /* the wire has frames, but the stack has no memory for them */
    bool pool_was_low;        /* before the poll that runs */
    uint64_t frozen_from_ns;  /* nobody polls in between */
    uint64_t frozen_until_ns;
    uint32_t idle_polls; /* in a row, at the same time, in which nothing happened */
    uint64_t idle_second;
    uint32_t idle_in_second;
    uint64_t polls;
    struct sim_random attack_random;
    uint64_t attack_count;
    uint64_t connects_refused; /* for lack of memory */
    uint64_t not_accepted;     /* times that the server would not */
    bool accepts;              /* it does now, though it did not */
    uint32_t attacks[SIM_ATTACK_KINDS_MAX];
    struct sim_tasks *tasks; /* NULL: its programs are callbacks */
    struct sim_tls *tls;     /* NULL: no connection is encrypted */
};

/* What the waits of an end's tasks have come to. */
struct sim_waits {
    uint64_t count;
    uint64_t cancelled;
    uint64_t timeouts;
    uint64_t no_place; /* tasks that could not be started */
};

/* Times in which something is wrong: once, or again and again. */
struct sim_window {
    uint64_t at_ns;
    uint64_t len_ns; /* 0: never */
    uint64_t every_ns;
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
    const uint8_t *pattern; /* SIM_PATTERN_PERIOD + SIM_PATTERN_RUN bytes */
};

/* ---- sim.c: the world and its clock ------------------------------------------------------- */

/* A world for @scenario; @record (may be NULL) gets a capture of all that is sent. */
struct sim *sim_create(const struct sim_scenario *scenario, FILE *record);

/* Builds the stacks and runs until everything has ended.  False: see sim->failure. */
bool sim_run(struct sim *sim);

/* The same, until @until_ns at most: whoever measures wants no end.  Once for each world. */
bool sim_run_until(struct sim *sim, uint64_t until_ns);

void sim_destroy(struct sim *sim);

/* The address of @end. */
struct leat_ip sim_address(const struct sim *sim, unsigned end);

/* What the clock of @end says. */
uint64_t sim_clock_ns(const struct sim_end *end);

/* Something that must not be has happened; the first one is kept. */
void sim_fail(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What happens, for --verbose. */
void sim_say(const struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Says how the connections that are not closed look. */
void sim_say_sides(const struct sim *sim);

/* ---- program.c: the two programs ---------------------------------------------------------- */

/* @len bytes from @offset of what @end sends in connection @pair; at most SIM_PATTERN_RUN. */
const uint8_t *sim_pattern(const struct sim *sim, unsigned pair, unsigned end, uint64_t offset);

/* Lets all sides of @end whose time has come do something; true if one did. */
bool sim_program_wake(struct sim_end *end);
/* When the next of them wants to. */
uint64_t sim_program_next_ns(const struct sim_end *end);

/* What opening.c needs: a turn of the program; one call that writes, false: no more now; its end, if
 * it is due, and one that comes too early; and to be called again. */
void sim_side_turn(struct sim_side *side);
bool sim_side_write_chunk(struct sim_side *side);
void sim_side_maybe_end(struct sim_side *side);
void sim_side_end_violently(struct sim_side *side);
void sim_side_wake_at(struct sim_side *side, uint64_t at_ns);
extern const struct leat_tcp_events sim_program_events;

static inline bool sim_side_has_tasks(const struct sim_side *side)
{
    return side->sim->ends[side->end].tasks != NULL;
}

/* What the programs do the same way as tasks.  @side has got further: */
void sim_side_moved(struct sim_side *side);
/* Bytes to write in one call; 0: all are written. */
uint32_t sim_side_chunk(const struct sim_side *side);
/* It has read @len bytes: are they the right ones? */
void sim_side_read(struct sim_side *side, const void *bytes, uint32_t len);
/* A violent end is due. */
bool sim_side_has_enough(const struct sim_side *side);
/* The connection is over; its handle is dead when the caller returns. */
void sim_side_closed(struct sim_side *side, enum leat_err why);
/* What a connection tells a program that does nothing. */
extern const struct leat_tcp_events sim_only_closed;

/* ---- opening.c: how a program gets its connection ----------------------------------------- */

/* Gives a connection that has come to the side that waits for it. */
void sim_program_accepted(struct sim_side *side, struct leat_tcp *conn);
/* @side connects. */
void sim_side_open(struct sim_side *side);
void sim_side_set_options(struct sim_side *side);
/* A listener has given it @conn. */
void sim_side_accepted(struct sim_side *side, struct leat_tcp *conn);
/* From where and to where an active open goes. */
void sim_side_ends(const struct sim_side *side, struct leat_endpoint *local,
                   struct leat_endpoint *remote);

/* ---- tasks.c: the programs of an end as tasks --------------------------------------------- */

/* Room for them, if the scenario wants any. */
void sim_tasks_open(struct sim_end *end);
void sim_tasks_close(struct sim_end *end);
/* Begins the program of @side: with its connection, or without one, which it makes.  False: there
 * is no place. */
bool sim_tasks_start(struct sim_side *side);
/* Looks at what became of its flows in a poll. */
void sim_tasks_look(struct sim_end *end);
/* True when none is left. */
bool sim_tasks_are_over(const struct sim_end *end);
/* True if connections come by a service: who has no listener of his own then. */
bool sim_tasks_serve(const struct sim_end *end);
/* Bytes that a flow has taken, and the program not yet. */
uint32_t sim_tasks_held_bytes(const struct sim_side *side);
struct sim_waits sim_tasks_waits(const struct sim_end *end);

/* ---- server.c ----------------------------------------------------------------------------- */

void sim_program_listen(struct sim_end *end);
/* Does what is due; true if there was something. */
bool sim_server_wake(struct sim_end *end);
uint64_t sim_server_next_ns(const struct sim_end *end);

/* ---- invariants.c: what must hold after every step, and at the end ------------------------ */

void sim_check_step(struct sim *sim);
void sim_check_poll(struct sim_end *end, bool busy);
/* True when nothing is left of any connection. */
bool sim_is_over(const struct sim *sim);
void sim_check_end(struct sim *sim);
/* It goes nowhere, and says what is missing. */
void sim_fail_of_hang(struct sim *sim, const char *what);
/* True when the honest connections are over. */
bool sim_all_closed(const struct sim *sim);
/* Nothing moves: how long that may last, ns. */
uint64_t sim_patience_ns(const struct sim *sim);

/* Frames or segments that the stack of @end could not send for lack of memory or room. */
uint64_t sim_unsent(const struct sim_end *end);

/* So few buffers are free that the stack may give somebody up for others' sake. */
bool sim_pool_is_low(const struct sim_end *end);
/* Frames that @end has been given. */
uint64_t sim_heard(const struct sim_end *end);
/* True if @end may say that it has no memory. */
bool sim_may_lack(const struct sim *sim, unsigned end);
/* True if a machine, its device, its memory or a stranger makes trouble, not only the wire. */
bool sim_has_faults(const struct sim *sim);
/* False if the machine or its device may hold up what the stack does in time. */
bool sim_is_punctual(const struct sim *sim, unsigned end);

/* ---- device.c ----------------------------------------------------------------------------- */

bool sim_window_is_open(const struct sim_window *window, uint64_t now_ns);
/* The end of a window that is open. */
uint64_t sim_window_end_ns(const struct sim_window *window, uint64_t now_ns);
struct sim_window sim_drought_window(const struct sim_scenario *scenario, unsigned end);

#endif
