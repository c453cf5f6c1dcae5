/*
 * goodput.c -- how much arrives, against loss and round-trip time, for each way to recover from
 * loss.
 *
 * One connection sends for some virtual seconds over a path of 100 Mbit/s whose queue holds as much
 * as the path; frames are lost at random in that direction.  Goodput is the data that the other
 * program has read, divided by that time, averaged over some seeds.  Then two connections share the
 * path, for twice as long, with shallow and with deep buffers.  The machine's speed does not
 * matter.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "plot.h"

struct options {
    unsigned seconds;
    unsigned seeds;
    const char *markdown;
    const char *svg;
    const char *shares_svg;
    bool check;
};

/* To add a variant, add a line. */
static const struct variant variants[GOODPUT_VARIANTS] = {
    {"NewReno without SACK", &leat_tcp_newreno, true, true},
    {"NewReno with SACK", &leat_tcp_newreno, false, true},
    {"RACK-TLP and CUBIC", &leat_tcp_cubic, false, false},
    {"BBRv3", &leat_tcp_bbr, false, false},
};

enum {
    WORST = 0, /* of those that halve their window, or nearly so, */
    BEST = 2,
    CUBIC = 2,
    BBR = 3
};

/* Promises that the figures must keep.  With 20 ms the congestion window is a few segments, and its
 * size depends on congestion control (RFC 9438 4.3 keeps CUBIC as slow there as Reno).  With 1 ms
 * it is large, and recovery decides. */
static const struct promise {
    unsigned loss_per_m;
    unsigned rtt_ms;
    double times; /* BEST is at least so many times as good as WORST */
} promises[] = {{20000, 20, 1.1}, {50000, 1, 3}};

/* The strength of BBR: 1 % of losses, 20 ms, and a buffer that has room for a longer queue. At 2 %,
 * its threshold, chance must not make it yield. */
static const struct bbr_promise {
    unsigned loss_per_m;
    unsigned rtt_ms;
    unsigned buffer_percent;
    double mbit_per_s;
    double flights; /* that wait in the buffer, at most */
} bbr_promises[] = {{10000, 20, 300, 88, 1.5}, {20000, 20, 100, 85, 1.5}};

static const unsigned loss_per_m[GOODPUT_LOSSES] = {0, 1000, 10000, 20000, 50000, 100000};
static const unsigned rtt_ms[GOODPUT_RTTS] = {1, 20, 100, 300};
static const unsigned buffer_percent[SHARE_BUFFERS] = {25, 100, 400};
static const unsigned share_pairs[SHARE_PAIRS][LOSSY_FLOWS_MAX] = {
    {BBR, CUBIC}, {BBR, BBR}, {CUBIC, CUBIC}};

static struct lossy_result measure(const struct options *options, const struct variant *variant,
                                   unsigned loss, unsigned rtt)
{
    const struct lossy lossy = {
        .rtt_ms = rtt,
        .loss_per_m = loss,
        /* a queue of 100 is the smallest in practice */
        .buffer_percent = rtt < 12 ? 1200 / rtt : 100,
        .flows = 1,
        .variants = {variant},
        .seconds = options->seconds,
        .seeds = options->seeds,
    };

    return lossy_measure(&lossy);
}

static void measure_all(const struct options *options, struct goodput *goodput)
{
    for (unsigned v = 0; v < GOODPUT_VARIANTS; v++) {
        goodput->names[v] = variants[v].name;
        for (unsigned r = 0; r < GOODPUT_RTTS; r++) {
            for (unsigned l = 0; l < GOODPUT_LOSSES; l++)
                goodput->results[v][r][l] =
                    measure(options, &variants[v], loss_per_m[l], rtt_ms[r]);
        }
    }
    for (unsigned l = 0; l < GOODPUT_LOSSES; l++)
        goodput->loss_percent[l] = loss_per_m[l] / 10000.0;
    for (unsigned r = 0; r < GOODPUT_RTTS; r++)
        goodput->rtt_ms[r] = rtt_ms[r];
}

/* Two connections on one path. */
static void measure_shares(const struct options *options, struct goodput *goodput)
{
    for (unsigned i = 0; i < SHARE_PAIRS * GOODPUT_RTTS * SHARE_BUFFERS; i++) {
        const unsigned pair = i / (GOODPUT_RTTS * SHARE_BUFFERS);
        const unsigned r = i / SHARE_BUFFERS % GOODPUT_RTTS, b = i % SHARE_BUFFERS;
        const struct lossy lossy = {
            .rtt_ms = rtt_ms[r],
            .buffer_percent = buffer_percent[b],
            .flows = 2,
            .variants = {&variants[share_pairs[pair][0]], &variants[share_pairs[pair][1]]},
            .seconds = 2 * options->seconds,
            .seeds = options->seeds,
        };

        goodput->shares[pair][r][b] = lossy_measure(&lossy);
        for (unsigned flow = 0; flow < LOSSY_FLOWS_MAX; flow++)
            goodput->share_names[pair][flow] = variants[share_pairs[pair][flow]].name;
        goodput->buffer_percent[b] = buffer_percent[b];
    }
}

static int check_bbr(const struct options *options, const struct bbr_promise *p)
{
    const struct lossy lossy = {
        .rtt_ms = p->rtt_ms,
        .loss_per_m = p->loss_per_m,
        .buffer_percent = p->buffer_percent,
        .flows = 1,
        .variants = {&variants[BBR]},
        .seconds = options->seconds,
        .seeds = options->seeds,
    };
    const struct lossy_result found = lossy_measure(&lossy);

    printf("%g %% loss, %u ms: %s %.2f Mbit/s, promised %.0f; a queue of %.2f flights, promised "
           "%.1f\n",
           p->loss_per_m / 10000.0, p->rtt_ms, variants[BBR].name, found.mbit_per_s[0],
           p->mbit_per_s, found.wait_max_ms / p->rtt_ms, p->flights);
    return found.mbit_per_s[0] < p->mbit_per_s || found.wait_max_ms > p->flights * p->rtt_ms;
}

static int check(const struct options *options)
{
    int broken = 0;

    for (unsigned i = 0; i < sizeof bbr_promises / sizeof *bbr_promises; i++)
        broken += check_bbr(options, &bbr_promises[i]);
    for (unsigned i = 0; i < sizeof promises / sizeof *promises; i++) {
        const struct promise *p = &promises[i];
        const double worst =
            measure(options, &variants[WORST], p->loss_per_m, p->rtt_ms).mbit_per_s[0];
        const double best =
            measure(options, &variants[BEST], p->loss_per_m, p->rtt_ms).mbit_per_s[0];

        printf("%g %% loss, %u ms: %s %.2f Mbit/s, %s %.2f Mbit/s, %.1f times, promised %.1f\n",
               p->loss_per_m / 10000.0, p->rtt_ms, variants[WORST].name, worst, variants[BEST].name,
               best, best / worst, p->times);
        broken += best < p->times * worst;
    }
    return broken > 0;
}

static FILE *open_file(const char *path)
{
    FILE *file = fopen(path, "w");

    if (!file) {
        fprintf(stderr, "goodput: %s: %s\n", path, strerror(errno));
        exit(2);
    }
    return file;
}

/* Nothing if @path is NULL. */
static void plot(const char *path, void (*svg)(const struct goodput *, FILE *),
                 const struct goodput *goodput)
{
    FILE *file;

    if (!path)
        return;
    file = open_file(path);
    svg(goodput, file);
    fclose(file);
}

static int write_all(const struct options *options)
{
    struct goodput goodput;
    FILE *file = options->markdown ? open_file(options->markdown) : stdout;

    measure_all(options, &goodput);
    measure_shares(options, &goodput);
    goodput_markdown(&goodput, options->seconds, options->seeds, file);
    if (file != stdout)
        fclose(file);
    plot(options->svg, goodput_svg, &goodput);
    plot(options->shares_svg, shares_svg, &goodput);
    return 0;
}

static const char usage[] =
    "usage: goodput [OPTION]...\n"
    "Goodput against loss and round-trip time, from the simulator, as a table in Markdown.\n"
    "\n"
    "  --seconds N       virtual seconds of each run (20)\n"
    "  --seeds N         runs of which each cell is the average (5)\n"
    "  --markdown FILE   write the table there, not to the standard output\n"
    "  --svg FILE        write a plot as well\n"
    "  --shares FILE     and one of two on one path\n"
    "  --check           only see whether modern recovery is as good as promised\n"
    "  --help            show this\n";

static unsigned number_or_exit(const char *text)
{
    const unsigned long number = strtoul(text, NULL, 10);

    if (number == 0 || number > 10000) {
        fprintf(stderr, "goodput: not a sensible number: %s\n", text);
        exit(2);
    }
    return (unsigned)number;
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {
        {"seconds", required_argument, NULL, 't'},  {"seeds", required_argument, NULL, 's'},
        {"markdown", required_argument, NULL, 'm'}, {"svg", required_argument, NULL, 'g'},
        {"shares", required_argument, NULL, 'p'},   {"check", no_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},           {NULL, 0, NULL, 0}};
    struct options options = {.seconds = 20, .seeds = 5};
    int letter;

    while ((letter = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        if (letter == 't')
            options.seconds = number_or_exit(optarg);
        else if (letter == 's')
            options.seeds = number_or_exit(optarg);
        else if (letter == 'm')
            options.markdown = optarg;
        else if (letter == 'g')
            options.svg = optarg;
        else if (letter == 'p')
            options.shares_svg = optarg;
        else if (letter == 'c')
            options.check = true;
        else {
            fputs(usage, letter == 'h' ? stdout : stderr);
            return letter == 'h' ? 0 : 2;
        }
    }
    return options.check ? check(&options) : write_all(&options);
}
