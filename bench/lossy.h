/* lossy.h -- one path with a bottleneck, in the simulator, and one or two connections that send as
 * much as they can. */
#ifndef BENCH_LOSSY_H
#define BENCH_LOSSY_H

#include <stdbool.h>

#include <leat/tcp.h>

enum {
    LOSSY_FLOWS_MAX = 2,
    LOSSY_KBIT_PER_S = 100000
};

/* A way to control congestion and to recover from loss. */
struct variant {
    const char *name;
    const struct leat_tcp_congestion *congestion;
    bool no_sack;
    bool no_rack;
};

struct lossy {
    unsigned rtt_ms;
    unsigned loss_per_m;
    unsigned buffer_percent; /* of the bottleneck, in percent of the path's own capacity */
    unsigned flows;
    const struct variant *variants[LOSSY_FLOWS_MAX]; /* two differ in BBR and CUBIC only */
    unsigned seconds;
    unsigned seeds; /* the results are averaged over them */
};

struct lossy_result {
    double mbit_per_s[LOSSY_FLOWS_MAX]; /* that the other programs have read */
    double wait_ms;                     /* of a frame in the buffer, on average */
    double wait_max_ms;
};

/* A failure of the simulator ends the program. */
struct lossy_result lossy_measure(const struct lossy *lossy);

#endif
