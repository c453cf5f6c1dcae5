/*
 * plot.c -- a time-sequence diagram: time to the right, sequence numbers upwards.
 *
 * A segment is a bar from its first byte to its last. The lower line of the receiver is its
 * acknowledgments, the upper one the end of its window: where bars touch it, the window is the
 * limit.
 */
#include "plot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WIDTH = 960,
    HEIGHT = 560,
    LEFT = 90,
    RIGHT = 20,
    TOP = 50,
    BOTTOM = 90
};

struct scale {
    uint64_t first_ns;
    double span_s;
    double top; /* the highest sequence number */
};

struct style {
    const char *name;
    const char *color;
};

static const struct style styles[PLOT_KINDS] = {
    [PLOT_SEGMENT] = {"segment", "#1f5fa8"},  [PLOT_RETRANSMISSION] = {"retransmission", "#c8102e"},
    [PLOT_ACK] = {"acknowledged", "#2a7f3b"}, [PLOT_WINDOW] = {"window", "#b0862c"},
    [PLOT_SACK] = {"SACK", "#7b3fa0"},        [PLOT_RST] = {"RST", "#000000"}};

void plot_add(struct plot *plot, uint64_t time_ns, enum plot_kind kind, uint32_t from, uint32_t to)
{
    if (plot->count == plot->room) {
        const uint32_t room = plot->room ? 2 * plot->room : 1024;
        struct plot_event *larger =
            plot->count < PLOT_EVENTS_MAX ? realloc(plot->events, room * sizeof *larger) : NULL;

        plot->too_many |= !larger;
        if (!larger)
            return;
        plot->events = larger;
        plot->room = room;
    }
    plot->events[plot->count++] = (struct plot_event){time_ns, from, to, kind};
}

void plot_add_segment(struct plot *plot, uint64_t time_ns, uint32_t from, uint32_t to)
{
    plot_add(plot, time_ns, from < plot->highest ? PLOT_RETRANSMISSION : PLOT_SEGMENT, from, to);
    plot->bytes += to - from;
    if (to > plot->highest)
        plot->highest = to;
}

static double x_of(const struct scale *scale, uint64_t time_ns)
{
    const double s = (double)(time_ns - scale->first_ns) / 1e9;

    return LEFT + s / scale->span_s * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct scale *scale, double sequence)
{
    return HEIGHT - BOTTOM - sequence / scale->top * (HEIGHT - TOP - BOTTOM);
}

static struct scale scale_of(const struct plot *plot)
{
    struct scale scale = {.first_ns = UINT64_MAX};
    uint64_t last_ns = 0;

    for (uint32_t i = 0; i < plot->count; i++) {
        const struct plot_event *event = &plot->events[i];

        if (event->time_ns < scale.first_ns)
            scale.first_ns = event->time_ns;
        if (event->time_ns > last_ns)
            last_ns = event->time_ns;
        /* a window far above all data would flatten the diagram */
        if (event->kind != PLOT_WINDOW && event->to > scale.top)
            scale.top = event->to;
    }
    scale.span_s = plot->count ? (double)(last_ns - scale.first_ns) / 1e9 * 1.02 : 0;
    if (scale.span_s <= 0)
        scale.span_s = 1e-3;
    scale.top = scale.top > 0 ? scale.top * 1.1 : 1;
    return scale;
}

/* 1, 2 or 5 times a power of ten, for about @count steps in @span. */
static double step_of(double span, int count)
{
    static const double steps[] = {1, 2, 5, 10};
    double power = 1;
    int i = 0;

    while (power * 10 < span / count)
        power *= 10;
    while (power > span / count)
        power /= 10;
    while (i < 3 && steps[i] * power < span / count)
        i++;
    return steps[i] * power;
}

static void draw_axes(const struct scale *scale, FILE *to)
{
    const double seconds = step_of(scale->span_s, 8), bytes = step_of(scale->top, 6);
    const bool ms = scale->span_s < 1;

    for (double s = 0; s <= scale->span_s; s += seconds) {
        const double x = LEFT + s / scale->span_s * (WIDTH - LEFT - RIGHT);

        fprintf(to,
                "<path class='grid' d='M%.1f %d V%d'/><text x='%.1f' y='%d' "
                "text-anchor='middle'>%g</text>\n",
                x, TOP, HEIGHT - BOTTOM, x, HEIGHT - BOTTOM + 18, ms ? s * 1000 : s);
    }
    for (double sequence = 0; sequence <= scale->top; sequence += bytes)
        fprintf(to,
                "<path class='grid' d='M%d %.1f H%d'/><text x='%d' y='%.1f' "
                "text-anchor='end'>%.0f</text>\n",
                LEFT, y_of(scale, sequence), WIDTH - RIGHT, LEFT - 6, y_of(scale, sequence) + 4,
                sequence);
    fprintf(to, "<text x='%d' y='%d' text-anchor='middle'>time, %s</text>\n",
            (LEFT + WIDTH - RIGHT) / 2, HEIGHT - BOTTOM + 38, ms ? "ms" : "s");
    fprintf(to,
            "<text transform='translate(16 %d) rotate(-90)' text-anchor='middle'>sequence number, "
            "bytes since the SYN</text>\n",
            (TOP + HEIGHT - BOTTOM) / 2);
}

/* Draws steps: a value holds until the next one. */
static void draw_line(const struct plot *plot, const struct scale *scale, enum plot_kind kind,
                      FILE *to)
{
    bool begun = false;

    fprintf(to, "<path fill='none' stroke='%s' d='", styles[kind].color);
    for (uint32_t i = 0; i < plot->count; i++) {
        const struct plot_event *event = &plot->events[i];

        if (event->kind != kind)
            continue;
        if (begun)
            fprintf(to, "H%.1f V%.1f ", x_of(scale, event->time_ns), y_of(scale, event->to));
        else
            fprintf(to, "M%.1f %.1f ", x_of(scale, event->time_ns), y_of(scale, event->to));
        begun = true;
    }
    fprintf(to, "'/>\n");
}

static void draw_bars(const struct plot *plot, const struct scale *scale, FILE *to)
{
    for (uint32_t i = 0; i < plot->count; i++) {
        const struct plot_event *event = &plot->events[i];
        const double x = x_of(scale, event->time_ns);
        double low = y_of(scale, event->from), high = y_of(scale, event->to);

        if (event->kind == PLOT_ACK || event->kind == PLOT_WINDOW)
            continue;
        if (event->kind == PLOT_RST) {
            fprintf(to, "<text x='%.1f' y='%.1f' text-anchor='middle'>RST</text>\n", x, high - 4);
            continue;
        }
        if (low - high < 2) /* otherwise invisible */
            low = high + 2;
        fprintf(to, "<path stroke='%s' stroke-width='%g' d='M%.1f %.1f V%.1f'/>\n",
                styles[event->kind].color, event->kind == PLOT_SEGMENT ? 1.5 : 2.5, x, low, high);
    }
}

static void draw_legend(const struct plot *plot, FILE *to)
{
    int x = LEFT;

    for (int kind = 0; kind < PLOT_RST; kind++) {
        uint32_t count = 0;

        for (uint32_t i = 0; i < plot->count; i++)
            count += plot->events[i].kind == (enum plot_kind)kind;
        fprintf(to,
                "<rect x='%d' y='%d' width='14' height='4' fill='%s'/><text x='%d' y='%d'>%s "
                "(%u)</text>\n",
                x, HEIGHT - 28, styles[kind].color, x + 20, HEIGHT - 22, styles[kind].name, count);
        x += 170;
    }
}

static void draw_title(const char *title, bool too_many, FILE *to)
{
    fprintf(to, "<text x='%d' y='28' font-size='15'>", LEFT);
    for (; *title; title++) {
        if (*title == '>')
            fputs("→", to);
        else if (*title != '<' && *title != '&')
            putc(*title, to);
    }
    fprintf(to, "%s</text>\n", too_many ? " (the first part)" : "");
}

bool plot_write(const struct plot *plot, const char *path, const char *title)
{
    const struct scale scale = scale_of(plot);
    FILE *to = fopen(path, "w");
    bool good = to != NULL;

    if (good) {
        fprintf(to,
                "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %d' "
                "font-family='sans-serif' font-size='12'>\n<style>.grid{stroke:#ddd}</style>\n"
                "<rect width='%d' height='%d' fill='#fff'/>\n"
                "<clipPath id='area'><rect x='%d' y='%d' width='%d' height='%d'/></clipPath>\n",
                WIDTH, HEIGHT, WIDTH, HEIGHT, LEFT, TOP, WIDTH - LEFT - RIGHT,
                HEIGHT - TOP - BOTTOM);
        draw_title(title, plot->too_many, to);
        draw_axes(&scale, to);
        fprintf(to, "<g clip-path='url(#area)'>\n");
        draw_line(plot, &scale, PLOT_WINDOW, to);
        draw_line(plot, &scale, PLOT_ACK, to);
        draw_bars(plot, &scale, to);
        fprintf(to, "</g>\n");
        draw_legend(plot, to);
        fprintf(to, "</svg>\n");
        good = !ferror(to);
        good = fclose(to) == 0 && good;
    }
    if (!good)
        fprintf(stderr, "leat-replay: %s: %s\n", path, strerror(errno));
    return good;
}

void plot_free(struct plot *plot)
{
    free(plot->events);
    *plot = (struct plot){0};
}
