/* plot.h -- a time-sequence diagram of one direction of a flow, as SVG. */
#ifndef REPLAY_PLOT_H
#define REPLAY_PLOT_H

#include <stdbool.h>
#include <stdint.h>

enum {
    PLOT_EVENTS_MAX = 100000 /* later events are not drawn, and the title says so */
};

enum plot_kind {
    PLOT_SEGMENT,        /* bytes from..to */
    PLOT_RETRANSMISSION, /* a segment with some data that was sent before */
    PLOT_ACK,            /* all data before `to` is acknowledged */
    PLOT_WINDOW,         /* the window ends at `to` */
    PLOT_SACK,           /* the bytes from..to are SACKed */
    PLOT_RST,            /* at `to` */
    PLOT_KINDS
};

struct plot_event {
    uint64_t time_ns;
    uint32_t from, to; /* bytes since the SYN */
    enum plot_kind kind;
};

struct plot {
    struct plot_event *events;
    uint32_t count;
    uint32_t room;
    uint64_t bytes;   /* of segments */
    uint32_t highest; /* highest sequence number sent so far; lower ones are retransmissions */
    bool too_many;
};

void plot_add(struct plot *plot, uint64_t time_ns, enum plot_kind kind, uint32_t from, uint32_t to);

/* Adds a segment, as a retransmission if bytes of it were sent before. */
void plot_add_segment(struct plot *plot, uint64_t time_ns, uint32_t from, uint32_t to);

/* False: the file can't be written; an error line has been printed. */
bool plot_write(const struct plot *plot, const char *path, const char *title);

void plot_free(struct plot *plot);

#endif
