/* shares.c -- a plot of the shares of two connections on one path. */
#include "plot.h"

enum {
    PANEL_WIDTH = 200,
    PANEL_GAP = 34,
    BAR_HEIGHT = 14,
    BAR_STEP = 20,
    GROUP_GAP = 12, /* between round-trip times */
    LEFT = 170,
    TOP = 58,
    GROUP_HEIGHT = SHARE_BUFFERS * BAR_STEP + GROUP_GAP,
    WIDTH = LEFT + SHARE_PAIRS * (PANEL_WIDTH + PANEL_GAP),
    HEIGHT = TOP + GOODPUT_RTTS * GROUP_HEIGHT + 50,
    PATH_MBIT_PER_S = 100
};

/* As in plot.c. */
static const char *const colours[LOSSY_FLOWS_MAX] = {"#0072b2", "#e69f00"};

static int y_of(unsigned r, unsigned b)
{
    return TOP + (int)(r * GROUP_HEIGHT + b * BAR_STEP);
}

static double x_of(unsigned pair, double mbit_per_s)
{
    return LEFT + pair * (double)(PANEL_WIDTH + PANEL_GAP) +
           mbit_per_s * PANEL_WIDTH / PATH_MBIT_PER_S;
}

/* Both side by side, with a mark where the shares would be equal. */
static void bar(FILE *to, const struct lossy_result *result, unsigned pair, int y)
{
    double begin = 0;

    for (unsigned flow = 0; flow < LOSSY_FLOWS_MAX; flow++) {
        const double end = begin + result->mbit_per_s[flow];

        fprintf(to,
                "<rect x='%.1f' y='%d' width='%.1f' height='%d' fill='%s'/>\n"
                "<text x='%.1f' y='%d' class='%s'>%.0f</text>\n",
                x_of(pair, begin), y, x_of(pair, end) - x_of(pair, begin), BAR_HEIGHT,
                colours[flow], flow == 0 ? x_of(pair, 1) : x_of(pair, end - 1), y + BAR_HEIGHT - 3,
                flow == 0 ? "first" : "second", result->mbit_per_s[flow]);
        begin = end;
    }
    fprintf(to, "<path d='M%.1f %dv%d' class='mark'/>\n", x_of(pair, begin / 2), y - 2,
            BAR_HEIGHT + 4);
}

static void panel(FILE *to, const struct goodput *g, unsigned pair)
{
    for (int flow = 0; flow < LOSSY_FLOWS_MAX; flow++)
        fprintf(to, "<text x='%.1f' y='%d' class='head'>%s%s</text>\n",
                x_of(pair, PATH_MBIT_PER_S / 2), TOP - 30 + 18 * flow, g->share_names[pair][flow],
                flow == 0 ? "," : "");
    for (unsigned r = 0; r < GOODPUT_RTTS; r++) {
        for (unsigned b = 0; b < SHARE_BUFFERS; b++)
            bar(to, &g->shares[pair][r][b], pair, y_of(r, b));
    }
    for (int scale = 0; scale <= PATH_MBIT_PER_S; scale += 25)
        fprintf(to, "<text x='%.1f' y='%d' class='mid'>%d</text>\n", x_of(pair, scale), HEIGHT - 34,
                scale);
}

void shares_svg(const struct goodput *g, FILE *to)
{
    plot_begin(to, WIDTH, HEIGHT, "Two connections on one path of 100 Mbit/s",
               ".scale,.second{text-anchor:end}text.first{fill:#fff}text.second{fill:#000}");
    for (unsigned r = 0; r < GOODPUT_RTTS; r++) {
        for (unsigned b = 0; b < SHARE_BUFFERS; b++)
            fprintf(to, "<text x='%d' y='%d' class='scale'>%u ms, buffer %u %%</text>\n", LEFT - 8,
                    y_of(r, b) + BAR_HEIGHT - 3, g->rtt_ms[r], g->buffer_percent[b]);
    }
    for (unsigned pair = 0; pair < SHARE_PAIRS; pair++)
        panel(to, g, pair);
    fprintf(to,
            "<text x='%d' y='%d' class='mid'>Mbit/s of the first (left) and of the second; the "
            "line is where they would have the same</text>\n</svg>\n",
            (LEFT + WIDTH) / 2, HEIGHT - 12);
}
