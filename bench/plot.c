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
            "![What two connections on one path have of it, as bars; the tables have the "
            "numbers](goodput-shares.svg)\n",
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
        "![Goodput against loss, a panel for each round-trip time; the tables have the "
        "numbers](goodput.svg)\n",
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
        "BBRv3 doesn't take a loss for a full queue. As long as a flight loses 2 %%, and what "
        "chance adds\n"
        "to that, it goes on at the rate that the path has delivered "
        "([bbr.h](../../src/tcp/bbr/bbr.h)).\n"
        "Beyond, it takes the losses for the path's limit. At 5 %% nearly each probe for more "
        "ends this way,\n"
        "with a lower limit. That is by design: a queue that overflows loses as much, and other "
        "flows need\n"
        "the room.\n");
    queues(g, to);
    shares(g, seconds, to);
}

/* ---- SVG ---------------------------------------------------------------------------------- */

enum {
    PANEL_WIDTH = 310,
    PANEL_HEIGHT = 220,
    PANEL_GAP = 30,
    COLUMNS = 2, /* of panels, and of names above them */
    ROWS = (GOODPUT_RTTS + COLUMNS - 1) / COLUMNS,
    NAMES_ROWS = (GOODPUT_VARIANTS + COLUMNS - 1) / COLUMNS,
    NAMES_STEP = 22,
    LEFT = 70,
    TOP = NAMES_ROWS * NAMES_STEP + 42,
    ROW_STEP = PANEL_HEIGHT + 58,
    WIDTH = LEFT + COLUMNS * (PANEL_WIDTH + PANEL_GAP),
    HEIGHT = TOP + ROWS * ROW_STEP + 12,
    DECADES = 3 /* 0.1 to 100 Mbit/s */
};

/* Told apart by people who see few colours, too (Okabe and Ito 2008), and by their marks. */
static const char *const colours[] = {"#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00"};

static double x_of(unsigned panel, unsigned loss)
{
    const double step = (double)PANEL_WIDTH / GOODPUT_LOSSES;

    return LEFT + panel % COLUMNS * (double)(PANEL_WIDTH + PANEL_GAP) + (loss + 0.5) * step;
}

static int top_of(unsigned panel)
{
    return TOP + (int)(panel / COLUMNS) * ROW_STEP;
}

static double y_of(unsigned panel, double mbit_per_s)
{
    const double low = mbit_per_s < 0.1 ? 0.1 : mbit_per_s;

    return top_of(panel) + PANEL_HEIGHT * (1 - (log10(low) + 1) / DECADES);
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

/* The frame of a panel, with its axes. */
static void frame(FILE *to, const struct goodput *g, unsigned r)
{
    const double left = x_of(r, 0) - 0.5 * PANEL_WIDTH / GOODPUT_LOSSES;
    const int top = top_of(r);

    fprintf(to,
            "<text x='%.1f' y='%d' class='head'>RTT %u ms</text>\n"
            "<rect x='%.1f' y='%d' width='%d' height='%d' class='frame'/>\n",
            left + PANEL_WIDTH / 2.0, top - 8, g->rtt_ms[r], left, top, PANEL_WIDTH, PANEL_HEIGHT);
    for (int decade = -1; decade <= 2; decade++) {
        const double y = y_of(r, pow(10, decade));

        fprintf(to, "<path d='M%.1f %.1fh%d' class='grid'/>\n", left, y, PANEL_WIDTH);
        if (r % COLUMNS == 0)
            fprintf(to, "<text x='%.1f' y='%.1f' class='scale'>%g</text>\n", left - 6, y + 4,
                    pow(10, decade));
    }
    for (unsigned l = 0; l < GOODPUT_LOSSES; l++)
        fprintf(to, "<text x='%.1f' y='%d' class='mid'>%g</text>\n", x_of(r, l),
                top + PANEL_HEIGHT + 18, g->loss_percent[l]);
}

static void panel(FILE *to, const struct goodput *g, unsigned r)
{
    frame(to, g, r);
    for (unsigned v = 0; v < GOODPUT_VARIANTS; v++) {
        fprintf(to, "<polyline fill='none' stroke='%s' stroke-width='2' points='",
                colours[v % (sizeof colours / sizeof *colours)]);
        for (unsigned l = 0; l < GOODPUT_LOSSES; l++)
            fprintf(to, "%.1f,%.1f ", x_of(r, l), y_of(r, g->results[v][r][l].mbit_per_s[0]));
        fprintf(to, "'/>\n");
        for (unsigned l = 0; l < GOODPUT_LOSSES; l++)
            mark(to, v, x_of(r, l), y_of(r, g->results[v][r][l].mbit_per_s[0]));
    }
}

/* The colours are those of tools/lib/picture.py. */
void plot_begin(FILE *to, int width, int height, const char *title, const char *rules)
{
    fprintf(to,
            "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %d' font-family='sans-serif' "
            "font-size='13'>\n"
            "<title>%s</title>\n"
            "<style>.frame{fill:none;stroke:#595959}.grid{stroke:#dddddd}.paper{fill:#ffffff}"
            "text{fill:#111111}.mark{stroke:#111111}.head{text-anchor:middle;font-weight:bold}"
            ".mid{text-anchor:middle}%s\n"
            "@media (prefers-color-scheme:dark){.frame{stroke:#a8a8a8}.grid{stroke:#404246}"
            ".paper{fill:#131416}text{fill:#ececec}.mark{stroke:#ececec}}</style>\n"
            "<rect width='%d' height='%d' class='paper'/>\n",
            width, height, title, rules, width, height);
}

void goodput_svg(const struct goodput *g, FILE *to)
{
    plot_begin(to, WIDTH, HEIGHT, "Goodput against loss on a path of 100 Mbit/s",
               ".scale{text-anchor:end}");
    for (unsigned v = 0; v < GOODPUT_VARIANTS; v++) {
        const double x = LEFT + 10 + v % COLUMNS * (double)(PANEL_WIDTH + PANEL_GAP);
        const unsigned y = 24 + v / COLUMNS * NAMES_STEP;

        mark(to, v, x, y);
        fprintf(to, "<text x='%.1f' y='%u'>%s</text>\n", x + 12, y + 4, g->names[v]);
    }
    fprintf(to,
            "<text transform='translate(18 %d) rotate(-90)' class='mid'>goodput, Mbit/s</text>\n",
            (TOP + HEIGHT) / 2);
    for (unsigned r = 0; r < GOODPUT_RTTS; r++)
        panel(to, g, r);
    fprintf(to, "<text x='%d' y='%d' class='mid'>frames lost, %%</text>\n</svg>\n",
            (LEFT + WIDTH) / 2, HEIGHT - 14);
}
