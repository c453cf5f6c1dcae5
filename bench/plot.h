/* plot.h -- the table of goodput, and how it is shown. */
#ifndef BENCH_PLOT_H
#define BENCH_PLOT_H

#include <stdio.h>

#include "lossy.h"

enum {
    GOODPUT_VARIANTS = 4,
    GOODPUT_LOSSES = 6,
    GOODPUT_RTTS = 4,
    SHARE_BUFFERS = 3,
    SHARE_PAIRS = 3
};

struct goodput {
    const char *names[GOODPUT_VARIANTS];
    double loss_percent[GOODPUT_LOSSES];
    unsigned rtt_ms[GOODPUT_RTTS];
    struct lossy_result results[GOODPUT_VARIANTS][GOODPUT_RTTS][GOODPUT_LOSSES];
    /* of two connections on one path */
    const char *share_names[SHARE_PAIRS][LOSSY_FLOWS_MAX];
    unsigned buffer_percent[SHARE_BUFFERS];
    struct lossy_result shares[SHARE_PAIRS][GOODPUT_RTTS][SHARE_BUFFERS];
};

/* A page with a table for each round-trip time. */
void goodput_markdown(const struct goodput *goodput, unsigned seconds, unsigned seeds, FILE *to);

/* Begins a picture: its size, title, colours, and the @rules of its style beside those that all
 * have. */
void plot_begin(FILE *to, int width, int height, const char *title, const char *rules);

/* One panel for each round-trip time, a line for each variant, goodput on a logarithmic axis. */
void goodput_svg(const struct goodput *goodput, FILE *to);

/* One panel for each pair that shares a path, a bar for each round-trip time and buffer. */
void shares_svg(const struct goodput *goodput, FILE *to);

#endif
