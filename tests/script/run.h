/* run.h -- a script against the stack, in virtual time. */
#ifndef SCRIPT_RUN_H
#define SCRIPT_RUN_H

#include <stdio.h>

#include "ast.h"
#include "flow.h"
#include "sockets.h"

enum run_outcome { /* values are exit statuses */
    RUN_PASSED = 0,
    RUN_FAILED = 1,
    RUN_UNUSABLE = 2,
    RUN_SKIPPED = 3 /* about another IP version: no status */
};

enum {
    FLOWS_MAX = 32
};

/*
 *     run.c         runs events in order, and advances the time
 *      run_packet.c  packets in and out
 *      report.c      the output
 */
struct run_mode {
    bool verbose; /* print each event */
    bool relaxed; /* as expect_same() */
    enum ip_version version;
    const char *mtu; /* MTU of the link, unless the script sets one; NULL: 1500 */
};

struct run {
    const char *path;
    const struct script *script;
    struct settings settings;
    struct machine *machine;
    struct sockets sockets;
    struct flow flows[FLOWS_MAX];
    bool pending; /* a call has not returned yet */
    struct calling calling;
    const struct event *calling_event;
    uint64_t calling_from_ns, calling_until_ns;
    uint64_t event_ns; /* time of the current event; UINT64_MAX: any time */
    struct run_mode mode;
    enum run_outcome outcome;
    FILE *out; /* failures */
};

/* Runs a parsed script.  @machine keeps its memory for the next one. */
enum run_outcome script_run(const char *path, const struct script *script, struct machine *machine,
                            struct run_mode mode, FILE *out);

/* ---- shared by run's files ----------------------------------------------------------------- */

/* Advances to @until_ns, or until a packet was sent if @stop_when_sent. */
void run_until(struct run *run, uint64_t until_ns, bool stop_when_sent);

/* The tolerance of an event that is due at @at_ns. */
uint64_t run_tolerance_ns(const struct run *run, uint64_t at_ns);

/* Called after each event: polls the stack, and retries a blocking call. */
void run_settle(struct run *run);

void run_inbound(struct run *run, const struct event *event);
void run_outbound(struct run *run, const struct event *event);

/* Fails if an old packet is still queued. */
void run_check_quiet(struct run *run, const struct event *event);

/* Fails the script here. Further lines follow by report_line(). */
void report_failure(struct run *run, struct position at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void report_line(struct run *run, const char *label, const struct packet *packet);
void report_event(struct run *run, const struct event *event);
void report_note(struct run *run, struct position at, const char *text);

/* Script time as text, seconds with six decimals. */
struct report_time {
    char text[32];
};
struct report_time report_time(const struct run *run, uint64_t at_ns);

#endif
