/* plot.c -- a table in Markdown and a plot in SVG. */
#include "plot.h"

#include <math.h>

/* ---- Markdown ----------------------------------------------------------------------------- */

/* How much of the time without a queue frames waited in it: mean, and longest. */
static void queue(const struct lossy_result *result, unsigned rtt_ms, FILE *to)
{
    fprintf(to, " %.2f, %.2f |", result->wait_ms / rtt_ms, result->wait_max_ms / rtt_ms);
}

static void queues(const struct goodput *g, FILE *to)
{
    fprintf(
        to,
        "\n## The queue\n\n"
        "How long frames of CUBIC and of BBRv3 have waited in the buffer, on average and at most, "
        "in\n"
        "round trips of the empty path. The buffer is as large as the path, at 1 ms 12 times.\n\n"
        "| Loss |");
    for (unsigned r = 0; r < GOODPUT_RTTS; r++)
        fprintf(to, " CUBIC, %u ms | BBRv3 |", g->rtt_ms[r]);
    fprintf(to, "\n|---:|");
    for (unsigned r = 0; r < GOODPUT_RTTS; r++)
        fprintf(to, "---:|---:|");
    for (unsigned l = 0; l < GOODPUT_LOSSES; l++) {
        fprintf(to, "\n| %g %% |", g->loss_percent[l]);
        for (unsigned r = 0; r < GOODPUT_RTTS; r++) {
            for (unsigned v = GOODPUT_VARIANTS - 2; v < GOODPUT_VARIANTS; v++)
                queue(&g->results[v][r][l], g->rtt_ms[r], to);
        }
    }
    fprintf(to, "\n");
}

static void shares(const struct goodput *g, unsigned seconds, FILE *to)
{
    fprintf(to,
            "\n## Two on one path\n\n"
            "Two connections share the path for %u virtual seconds, without random losses; the "
            "second begins\n"
            "half a second later. Mbit/s of each, and how full the buffer was on average and at "
            "most, in round\n"
            "trips. The buffer is a quarter of the path, as large, and four times as large.\n\n"
            "![Two on one path](goodput-shares.svg)\n",
            2 * seconds);
    for (unsigned pair = 0; pair < SHARE_PAIRS; pair++) {
        fprintf(to, "\n### %s and %s\n\n| RTT |", g->share_names[pair][0], g->share_names[pair][1]);
        for (unsigned b = 0; b < SHARE_BUFFERS; b++)
            fprintf(to, " buffer %u %% | | queue |", g->buffer_percent[b]);
        fprintf(to, "\n|---:|");
        for (unsigned b = 0; b < SHARE_BUFFERS; b++)
            fprintf(to, "---:|---:|---:|");
        for (unsigned r = 0; r < GOODPUT_RTTS; r++) {
            fprintf(to, "\n| %u ms |", g->rtt_ms[r]);
            for (unsigned b = 0; b < SHARE_BUFFERS; b++) {
                const struct lossy_result *result = &g->shares[pair][r][b];

                fprintf(to, " %.1f | %.1f |", result->mbit_per_s[0], result->mbit_per_s[1]);
                queue(result, g->rtt_ms[r], to);
            }
        }
        fprintf(to, "\n");
    }
}

void goodput_markdown(const struct goodput *g, unsigned seconds, unsigned seeds, FILE *to)
{
    fprintf(
        to,
        "# Goodput under loss\n"
        "\n"
        "Made by `meson compile -C build goodput-update` from [the simulator](simulator.md); don't "
        "edit.\n"
        "\n"
        "One connection sends for %u virtual seconds over a path of 100 Mbit/s with a queue as\n"
        "large as the path; frames with data are lost at random. Each number is what the other\n"
        "program has read, in Mbit/s, the average of %u seeds. Headers take 4 %%: 95.6 is the "
        "most\n"
        "that can be.\n"
        "\n"
        "![Goodput against loss](goodput.svg)\n",
        seconds, seeds);
    for (unsigned r = 0; r < GOODPUT_RTTS; r++) {
        fprintf(to, "\n## Round-trip time %u ms\n\n| Loss |", g->rtt_ms[r]);
        for (unsigned v = 0; v < GOODPUT_VARIANTS; v++)
            fprintf(to, " %s |", g->names[v]);
        fprintf(to, "\n|---:|");
        for (unsigned v = 0; v < GOODPUT_VARIANTS; v++)
            fprintf(to, "---:|");
        for (unsigned l = 0; l < GOODPUT_LOSSES; l++) {
            fprintf(to, "\n| %g %% |", g->loss_percent[l]);
            for (unsigned v = 0; v < GOODPUT_VARIANTS; v++)
                fprintf(to, " %.2f |", g->results[v][r][l].mbit_per_s[0]);
        }
        fprintf(to, "\n");
    }
    fprintf(
        to,
        "\n"
        "## Its limits\n"
        "\n"
        "NewReno's window, and CUBIC's where it is no faster (RFC 9438 4.3), is √(1.5 / p) "
        "segments\n"
        "on average when a share p of them is lost, however well losses are repaired. At 2 "
        "%% these\n"
        "are 8.7 segments: 5.0 Mbit/s at 20 ms, 1.0 at 100 ms. No recovery makes a "
        "multiple of that;\n"
        "it decides where the round trip is short beside a timeout, as at 1 ms.\n"
        "\n"
        "BBRv3 doesn't take a loss for a full queue: below 2 %% of a flight it goes on at the rate "
        "that\n"
        "the path has delivered ([bbr.h](../../src/tcp/bbr/bbr.h)); beyond, it takes it for the "
        "path's limit.\n");
    queues(g, to);
    shares(g, seconds, to);
}

/* ---- SVG ---------------------------------------------------------------------------------- */

enum {
    PANEL_WIDTH = 250,
    PANEL_HEIGHT = 260,
    PANEL_GAP = 30,
    LEFT = 70,
    TOP = 70,
    WIDTH = LEFT + GOODPUT_RTTS * (PANEL_WIDTH + PANEL_GAP),
    HEIGHT = TOP + PANEL_HEIGHT + 60,
    DECADES = 3 /* 0.1 to 100 Mbit/s */
};

/* Told apart by people who see few colours, too (Okabe and Ito 2008), and by their marks. */
static const char *const colours[] = {"#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00"};

static double x_of(unsigned panel, unsigned loss)
{
    const double step = (double)PANEL_WIDTH / GOODPUT_LOSSES;

    return LEFT + panel * (double)(PANEL_WIDTH + PANEL_GAP) + (loss + 0.5) * step;
}

static double y_of(double mbit_per_s)
{
    const double low = mbit_per_s < 0.1 ? 0.1 : mbit_per_s;

    return TOP + PANEL_HEIGHT * (1 - (log10(low) + 1) / DECADES);
}

static void mark(FILE *to, unsigned variant, double x, double y)
{
    const char *colour = colours[variant % (sizeof colours / sizeof *colours)];

    if (variant % 3 == 0)
        fprintf(to, "<circle cx='%.1f' cy='%.1f' r='4' fill='%s'/>\n", x, y, colour);
    else if (variant % 3 == 1)
        fprintf(to, "<rect x='%.1f' y='%.1f' width='8' height='8' fill='%s'/>\n", x - 4, y - 4,
                colour);
    else
        fprintf(to, "<path d='M%.1f %.1fl5 9h-10z' fill='%s'/>\n", x, y - 6, colour);
}

static void panel(FILE *to, const struct goodput *g, unsigned r)
{
    const double left = LEFT + r * (double)(PANEL_WIDTH + PANEL_GAP);

    fprintf(to,
            "<text x='%.1f' y='%d' class='head'>RTT %u ms</text>\n"
            "<rect x='%.1f' y='%d' width='%d' height='%d' class='frame'/>\n",
            left + PANEL_WIDTH / 2.0, TOP - 8, g->rtt_ms[r], left, TOP, PANEL_WIDTH, PANEL_HEIGHT);
    for (int decade = -1; decade <= 2; decade++) {
        const double y = y_of(pow(10, decade));

        fprintf(to, "<path d='M%.1f %.1fh%d' class='grid'/>\n", left, y, PANEL_WIDTH);
        if (r == 0)
            fprintf(to, "<text x='%.1f' y='%.1f' class='scale'>%g</text>\n", left - 6, y + 4,
                    pow(10, decade));
    }
    for (unsigned l = 0; l < GOODPUT_LOSSES; l++)
        fprintf(to, "<text x='%.1f' y='%d' class='mid'>%g</text>\n", x_of(r, l),
                TOP + PANEL_HEIGHT + 18, g->loss_percent[l]);
    for (unsigned v = 0; v < GOODPUT_VARIANTS; v++) {
        fprintf(to, "<polyline fill='none' stroke='%s' stroke-width='2' points='",
                colours[v % (sizeof colours / sizeof *colours)]);
        for (unsigned l = 0; l < GOODPUT_LOSSES; l++)
            fprintf(to, "%.1f,%.1f ", x_of(r, l), y_of(g->results[v][r][l].mbit_per_s[0]));
        fprintf(to, "'/>\n");
        for (unsigned l = 0; l < GOODPUT_LOSSES; l++)
            mark(to, v, x_of(r, l), y_of(g->results[v][r][l].mbit_per_s[0]));
    }
}

void goodput_svg(const struct goodput *g, FILE *to)
{
    fprintf(to,
            "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %d' font-family='sans-serif' "
            "font-size='13'>\n"
            "<title>Goodput against loss on a path of 100 Mbit/s</title>\n"
            "<style>.frame{fill:none;stroke:#555}.grid{stroke:#ddd}.head{text-anchor:middle;"
            "font-weight:bold}.mid{text-anchor:middle}.scale{text-anchor:end}</style>\n"
            "<rect width='%d' height='%d' fill='#fff'/>\n",
            WIDTH, HEIGHT, WIDTH, HEIGHT);
    for (unsigned v = 0; v < GOODPUT_VARIANTS; v++) {
        mark(to, v, LEFT + 10 + v * 220.0, 24);
        fprintf(to, "<text x='%.1f' y='28'>%s</text>\n", LEFT + 22 + v * 220.0, g->names[v]);
    }
    fprintf(to,
            "<text transform='translate(18 %d) rotate(-90)' class='mid'>goodput, Mbit/s</text>\n",
            TOP + PANEL_HEIGHT / 2);
    for (unsigned r = 0; r < GOODPUT_RTTS; r++)
        panel(to, g, r);
    fprintf(to, "<text x='%d' y='%d' class='mid'>frames lost, %%</text>\n</svg>\n",
            (LEFT + WIDTH) / 2, HEIGHT - 14);
}
