/* plot.h -- the table of goodput, and how it is shown. */
#ifndef BENCH_PLOT_H
#define BENCH_PLOT_H

#include <stdio.h>

enum {
    GOODPUT_VARIANTS = 3,
    GOODPUT_LOSSES = 6,
    GOODPUT_RTTS = 3
};

struct goodput {
    const char *names[GOODPUT_VARIANTS];
    double loss_percent[GOODPUT_LOSSES];
    unsigned rtt_ms[GOODPUT_RTTS];
    double mbit_per_s[GOODPUT_VARIANTS][GOODPUT_RTTS][GOODPUT_LOSSES];
};

/* A page with a table for each round-trip time. */
void goodput_markdown(const struct goodput *goodput, unsigned seconds, unsigned seeds, FILE *to);

/* One panel for each round-trip time, a line for each variant, goodput on a logarithmic axis. */
void goodput_svg(const struct goodput *goodput, FILE *to);

#endif
