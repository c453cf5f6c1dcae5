/*
 * sim.h -- two stacks, a wire, two programs and a watcher, in virtual time (docs/lab/simulator.md).
 *
 *      sim_create -> sim_run -> look at the result -> sim_destroy
 *
 * sim_run() jumps from deadline to deadline. After every step it checks the invariants. The first
 * violation is kept in `failure`, and the run ends.
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
    SIM_PATTERN_RUN = 65536,    /* bytes that are available in one piece */
    SIM_PORT_LISTEN = 80,
    SIM_PORT_ACTIVE = 10000, /* + number of the pair */
    SIM_FAILURE_BYTES = 400,
    SIM_ATTACK_KINDS_MAX = 40
};

struct sim;

/* One end of one connection: the program, and its observations. */
struct sim_side {
    struct sim *sim;
    struct sim_side *peer;
    const struct sim_plan *plan;
    unsigned end;  /* 0 or 1 */
    unsigned pair; /* number of the connection */
    struct leat_tcp *conn;
    struct leat_stream stream; /* used by the program: the connection, or a session on it */
    struct sim_below below;    /* below a session */
    struct leat_tls_client client;
    uint64_t early;      /* bytes of early data in flight, besides those written */
    uint64_t early_read; /* of the peer's early data */
    bool early_offered;
    bool early_taken;
    uint64_t written;
    uint64_t read;
    uint64_t lent;     /* buffers of ours that the stack holds */
    uint64_t wake_ns;  /* when the program wants to be called again */
    uint64_t write_ns; /* not before */
    uint64_t read_ns;
    uint64_t hold_ns;      /* when held data is given back */
    struct leat_buf *held; /* received, not yet given back */
    uint32_t held_bytes;
    bool exists; /* after connect() or accept() */
    bool opened;
    bool full;    /* waits for on_writable */
    bool paused;  /* the pause of its plan has begun */
    bool ended;   /* shutdown() or close() was called */
    bool eof;     /* all of the peer's data was read, and its FIN has come */
    bool violent; /* abort() or an early close() was called */
    uint64_t accepted_ns;
    bool cookie_lost;  /* the server sent a cookie, and never received the first ACK */
    bool pool_was_low; /* at the end: the stack may have evicted it */
    bool closed;       /* on_closed() has been called */
    enum leat_err why;
    uint64_t closed_ns;
    /* after the last step */
    struct leat_tcp_info info;
    bool has_info;
    uint64_t unacked_ns; /* since when received data is unacknowledged; 0: it isn't */
    /* for a program that is a task */
    struct leat_task *task; /* NULL: it hasn't begun, or is over */
    struct leat_flow flow;
    bool flows;   /* the flow is open */
    bool partial; /* a write was given up: it is unknown how much of `written` the stack has */
    bool enough;  /* its plan wants a violent end now */
    enum leat_err gave_up; /* why its tasks gave up */
};

struct sim_end {
    struct sim *sim;
    unsigned index;
    struct leat *stack;
    void *memory;
    struct leat_tcp_listener *listener;
    struct sim_device device;
    struct sim_drought drought;
    uint32_t free[SIM_LISTS]; /* free entries before the first connection */
    uint64_t deadline_ns;     /* as leat_poll() returned, in the simulator's time */
    uint64_t lateness_ns;     /* of the next poll */
    bool starved;             /* the wire has frames, but the stack has no memory for them */
    bool pool_was_low;        /* before the poll that runs */
    uint64_t frozen_from_ns;  /* no polls in between */
    uint64_t frozen_until_ns;
    uint32_t idle_polls; /* in a row, at the same time, with nothing to do */
    uint64_t idle_second;
    uint32_t idle_in_second;
    uint64_t polls;
    struct sim_random attack_random;
    uint64_t attack_count;
    uint64_t connects_refused; /* for lack of memory */
    uint64_t not_accepted;     /* times that the server didn't accept */
    bool accepts;              /* the server accepts again */
    uint32_t attacks[SIM_ATTACK_KINDS_MAX];
    struct sim_tasks *tasks; /* NULL: its programs are callbacks */
    struct sim_tls *tls;     /* NULL: no connection is encrypted */
};

/* The results of the waits of an end's tasks. */
struct sim_waits {
    uint64_t count;
    uint64_t cancelled;
    uint64_t timeouts;
    uint64_t no_place; /* tasks that could not be started */
};

/* Times at which a fault is active: once, or periodically. */
struct sim_window {
    uint64_t at_ns;
    uint64_t len_ns; /* 0: never */
    uint64_t every_ns;
};

struct sim {
    struct sim_scenario scenario;
    struct sim_random random; /* for programs and machines; the wire has its own */
    uint64_t now_ns;
    struct leat_link *link;
    void *link_memory;
    struct sim_end ends[2];
    struct sim_side sides[SIM_PAIRS_MAX][2];
    struct sim_watcher watcher;
    uint64_t progress_ns; /* time of the last progress */
    uint64_t events;      /* calls of the program; a poll without any is idle */
    uint64_t steps;
    uint64_t hash; /* of all frames */
    FILE *record;
    bool verbose;
    void (*configure)(struct leat_tcp_config *config, void *arg); /* called last; may be NULL */
    void *configure_arg;
    bool failed;
    char failure[SIM_FAILURE_BYTES];
    const uint8_t *pattern; /* SIM_PATTERN_PERIOD + SIM_PATTERN_RUN bytes */
};

/* ---- sim.c: the world and its clock ------------------------------------------------------- */

/* A world for @scenario; @record (may be NULL) gets a capture of all frames. */
struct sim *sim_create(const struct sim_scenario *scenario, FILE *record);

/* Builds the stacks and runs until everything has ended.  False: see sim->failure. */
bool sim_run(struct sim *sim);

/* The same, until @until_ns at most, for measurements that need no end. Once for each world. */
bool sim_run_until(struct sim *sim, uint64_t until_ns);

void sim_destroy(struct sim *sim);

/* The address of @end. */
struct leat_ip sim_address(const struct sim *sim, unsigned end);

/* The clock of @end. */
uint64_t sim_clock_ns(const struct sim_end *end);

/* Reports a violation; the first one is kept. */
void sim_fail(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Reports an event, for --verbose. */
void sim_say(const struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints the state of connections that are not closed. */
void sim_say_sides(const struct sim *sim);

/* ---- program.c: the two programs ---------------------------------------------------------- */

/* @len bytes from @offset of the data that @end sends in connection @pair; at most
 * SIM_PATTERN_RUN. */
const uint8_t *sim_pattern(const struct sim *sim, unsigned pair, unsigned end, uint64_t offset);

/* Gives all sides of @end whose time has come a turn; true if one did something. */
bool sim_program_wake(struct sim_end *end);
/* The time of the next such turn. */
uint64_t sim_program_next_ns(const struct sim_end *end);

/* For opening.c: a turn of the program; one call that writes, false: no more now; its end, if that
 * is due. Also an end that comes too early, and the time of the next turn. */
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

/* Shared with programs that are tasks. Notes progress of @side. */
void sim_side_moved(struct sim_side *side);
/* Bytes to write in one call; 0: all are written. */
uint32_t sim_side_chunk(const struct sim_side *side);
/* Checks @len bytes that @side has read. */
void sim_side_read(struct sim_side *side, const void *bytes, uint32_t len);
/* True if a violent end is due. */
bool sim_side_has_enough(const struct sim_side *side);
/* The connection is over; its handle is invalid when the caller returns. */
void sim_side_closed(struct sim_side *side, enum leat_err why);
/* Events of a program that does nothing. */
extern const struct leat_tcp_events sim_only_closed;

/* ---- opening.c: how a program gets its connection ----------------------------------------- */

/* Gives a connection from a listener to the side that waits for it. */
void sim_program_accepted(struct sim_side *side, struct leat_tcp *conn);
/* Connects. */
void sim_side_open(struct sim_side *side);
void sim_side_set_options(struct sim_side *side);
/* Takes @conn, which came from a listener. */
void sim_side_accepted(struct sim_side *side, struct leat_tcp *conn);
/* The addresses of an active open. */
void sim_side_ends(const struct sim_side *side, struct leat_endpoint *local,
                   struct leat_endpoint *remote);

/* ---- tasks.c: the programs of an end as tasks --------------------------------------------- */

/* Makes room for tasks, if the scenario has any. */
void sim_tasks_open(struct sim_end *end);
void sim_tasks_close(struct sim_end *end);
/* Starts the program of @side, with its connection, or without one: then it connects. False: there
 * is no place for a task. */
bool sim_tasks_start(struct sim_side *side);
/* Looks at the state of its flows after a poll. */
void sim_tasks_look(struct sim_end *end);
/* True when no task is left. */
bool sim_tasks_are_over(const struct sim_end *end);
/* True if connections come by a service: then there is no listener of our own. */
bool sim_tasks_serve(const struct sim_end *end);
/* Bytes that a flow has taken, and the program hasn't yet. */
uint32_t sim_tasks_held_bytes(const struct sim_side *side);
struct sim_waits sim_tasks_waits(const struct sim_end *end);

/* ---- server.c ----------------------------------------------------------------------------- */

void sim_program_listen(struct sim_end *end);
/* Does what is due. Returns true if there was something. */
bool sim_server_wake(struct sim_end *end);
uint64_t sim_server_next_ns(const struct sim_end *end);

/* ---- invariants.c: invariants after every step, and at the end ---------------------------- */

void sim_check_step(struct sim *sim);
void sim_check_poll(struct sim_end *end, bool busy);
/* True when nothing is left of any connection. */
bool sim_is_over(const struct sim *sim);
void sim_check_end(struct sim *sim);
/* Reports a hang, and what is missing. */
void sim_fail_of_hang(struct sim *sim, const char *what);
/* True when the honest connections are over. */
bool sim_all_closed(const struct sim *sim);
/* How long there may be no progress, ns. */
uint64_t sim_patience_ns(const struct sim *sim);

/* Frames or segments that the stack of @end could not send for lack of memory or room. */
uint64_t sim_unsent(const struct sim_end *end);

/* True if so few buffers are free that the stack may evict a connection. */
bool sim_pool_is_low(const struct sim_end *end);
/* Frames given to @end. */
uint64_t sim_heard(const struct sim_end *end);
/* True if @end may lack memory. */
bool sim_may_lack(const struct sim *sim, unsigned end);
/* True if there are faults of a machine, its device or memory, or attacks, and not only of the
 * wire. */
bool sim_has_faults(const struct sim *sim);
/* False if the machine or its device may delay the stack. */
bool sim_is_punctual(const struct sim *sim, unsigned end);

/* ---- device.c ----------------------------------------------------------------------------- */

bool sim_window_is_open(const struct sim_window *window, uint64_t now_ns);
/* The end of a window that is open. */
uint64_t sim_window_end_ns(const struct sim_window *window, uint64_t now_ns);
struct sim_window sim_drought_window(const struct sim_scenario *scenario, unsigned end);

#endif
