/* inmem.h -- shared by the sources of inmem. */
#ifndef BENCH_INMEM_H
#define BENCH_INMEM_H

#include "world.h"

enum {
    MESSAGE = 64, /* a request, and its response */
    DATA_BYTES = 65536
};

extern uint8_t some_data[DATA_BYTES]; /* the data of all messages */

/* Counts of events. */
struct tally {
    uint32_t opened;
    uint32_t closed;
    uint64_t received;
    uint64_t answered;
    struct leat_tcp **conns; /* the client's */
};

extern struct tally tally;
extern const struct leat_tcp_events *server_events; /* of connections that the server accepts */
extern void (*listen_all)(struct world *world);     /* makes the server listen */

/* Opens --connections; the server's have server_events, the client's get their number as argument.
 * Frames are lost only from then on. */
void connect_all(struct world *world, const struct leat_tcp_events *events);

/* The number of the connection whose end in the server this is. */
uint32_t connection_number(const struct leat_tcp *conn);

/* Frees received data; returns how much it was. */
uint32_t swallow(struct leat_tcp *conn);

/* on_open: tally it. */
void note_open(struct leat_tcp *conn, void *arg);

/* on_closed: tally it; an error ends the bench. */
void note_closed(struct leat_tcp *conn, enum leat_err why, void *arg);

/* Writes MESSAGE bytes, for which there is room. */
void write_message(struct leat_tcp *conn);

/* Turns until @closed connections have been closed. */
void run_until_closed(struct world *world, uint32_t closed, bool counted);

/* Turns until @warm answers have been tallied; then counts as many as make --units, of @a_unit
 * each, and prints the line of the mode. */
void count_answers(struct world *world, uint64_t warm, unsigned a_unit);

/* Counts what @run does with --units after it has done 2,000, and prints the line of the mode. */
void count_run(struct world *world, void (*run)(struct world *world, uint32_t units, bool counted));

/* The modes of users' traffic: inmem_traffic.c. */
void mix(struct world *world);
void requests(struct world *world);
void udp_mix(struct world *world);

/* Fills @options in; returns the mode's name, or exits. */
const char *options_read(int argc, char **argv, struct options *options);
_Noreturn void options_usage(void);

/* Makes the server answer requests by tasks (leat/task.h), one per connection, which waits for the
 * next request. */
void tasks_listen(struct world *world);

/* Ends them; returns how many there were at a time. */
uint64_t tasks_end(void);

#endif
