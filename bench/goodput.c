/*
 * goodput.c -- how much arrives, against loss and round-trip time, for each way to recover from
 * loss.
 *
 * One connection sends for some virtual seconds over a path of 100 Mbit/s whose queue holds as much
 * as the path; frames are lost at random in that direction.  Goodput is what the other program has
 * read, divided by that time, averaged over some seeds.  The machine's speed does not matter.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "plot.h"
#include "sim.h"

struct options {
    unsigned seconds;
    unsigned seeds;
    const char *markdown;
    const char *svg;
    bool check;
};

/* A way to recover from loss: to add one is to add a line. */
static const struct variant {
    const char *name;
    enum leat_tcp_congestion congestion;
    bool no_sack;
    bool no_rack;
} variants[GOODPUT_VARIANTS] = {
    {"NewReno without SACK", LEAT_TCP_NEWRENO, true, true},
    {"NewReno with SACK", LEAT_TCP_NEWRENO, false, true},
    {"RACK-TLP and CUBIC", LEAT_TCP_CUBIC, false, false},
};

enum {
    PATH_KBIT_PER_S = 100000,
    MTU = 1500,
    BUFS = 8192,
    WINDOW_BYTES = 6 << 20,
    WORST = 0, /* of the variants */
    BEST = GOODPUT_VARIANTS - 1
};

/* What must stay true.  With 20 ms the congestion window is a few segments, and what it may be is a
 * matter of congestion control (RFC 9438 4.3 keeps CUBIC as slow there as Reno); with 1 ms it is
 * large, and recovery decides. */
static const struct promise {
    unsigned loss_per_m;
    unsigned rtt_ms;
    double times; /* BEST is at least so many times as good as WORST */
} promises[] = {{20000, 20, 1.1}, {50000, 1, 3}};

static const unsigned loss_per_m[GOODPUT_LOSSES] = {0, 1000, 10000, 20000, 50000, 100000};
static const unsigned rtt_ms[GOODPUT_RTTS] = {1, 20, 100};

static struct sim_scenario scenario_of(const struct variant *variant, unsigned loss, unsigned rtt,
                                       uint64_t seed)
{
    const uint64_t path_frames = (uint64_t)PATH_KBIT_PER_S * rtt / 8 / MTU;
    struct sim_scenario s;

    sim_scenario_neutral(&s, seed);
    for (unsigned end = 0; end < 2; end++) {
        s.delay_us[end] = rtt * 500u;
        s.kbit_per_s[end] = PATH_KBIT_PER_S;
        /* those on their way count too; and a queue of 100 is the least that anybody builds */
        s.queue_frames[end] = path_frames + (path_frames > 100 ? path_frames : 100);
        s.bufs[end] = BUFS;
        s.window_bytes[end] = WINDOW_BYTES;
        s.send_queue_bytes[end] = WINDOW_BYTES;
        s.sent_segments[end] = BUFS;
        s.reorder_runs[end] = 1024;
        s.congestion[end] = variant->congestion;
        s.no_sack[end] = variant->no_sack;
        s.no_rack[end] = variant->no_rack;
    }
    s.loss_per_m[0] = loss;
    s.plans[0].bytes[0] = UINT64_MAX / 2;
    s.plans[0].bytes[1] = 0;
    s.plans[0].chunk[0] = SIM_PATTERN_RUN;
    s.plans[0].how[0] = SIM_LEND;
    return s;
}

/* Mbit/s. */
static double measure(const struct options *options, const struct variant *variant, unsigned loss,
                      unsigned rtt)
{
    double sum = 0;

    for (unsigned seed = 1; seed <= options->seeds; seed++) {
        const struct sim_scenario scenario = scenario_of(variant, loss, rtt, seed);
        struct sim *sim = sim_create(&scenario, NULL);

        if (!sim_run_until(sim, options->seconds * (uint64_t)SIM_NS_PER_S)) {
            fprintf(stderr, "goodput: %s, loss %u of a million, %u ms, seed %u: %s\n",
                    variant->name, loss, rtt, seed, sim->failure);
            exit(1);
        }
        sum += (double)sim->sides[0][1].read * 8 / 1e6 / options->seconds;
        sim_destroy(sim);
    }
    return sum / options->seeds;
}

static void measure_all(const struct options *options, struct goodput *goodput)
{
    for (unsigned v = 0; v < GOODPUT_VARIANTS; v++) {
        goodput->names[v] = variants[v].name;
        for (unsigned r = 0; r < GOODPUT_RTTS; r++) {
            for (unsigned l = 0; l < GOODPUT_LOSSES; l++)
                goodput->mbit_per_s[v][r][l] =
                    measure(options, &variants[v], loss_per_m[l], rtt_ms[r]);
        }
    }
    for (unsigned l = 0; l < GOODPUT_LOSSES; l++)
        goodput->loss_percent[l] = loss_per_m[l] / 10000.0;
    for (unsigned r = 0; r < GOODPUT_RTTS; r++)
        goodput->rtt_ms[r] = rtt_ms[r];
}

static int check(const struct options *options)
{
    int broken = 0;

    for (unsigned i = 0; i < sizeof promises / sizeof *promises; i++) {
        const struct promise *p = &promises[i];
        const double worst = measure(options, &variants[WORST], p->loss_per_m, p->rtt_ms);
        const double best = measure(options, &variants[BEST], p->loss_per_m, p->rtt_ms);

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

static int write_all(const struct options *options)
{
    struct goodput goodput;
    FILE *file = options->markdown ? open_file(options->markdown) : stdout;

    measure_all(options, &goodput);
    goodput_markdown(&goodput, options->seconds, options->seeds, file);
    if (file != stdout)
        fclose(file);
    if (options->svg) {
        file = open_file(options->svg);
        goodput_svg(&goodput, file);
        fclose(file);
    }
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
    static const struct option longs[] = {{"seconds", required_argument, NULL, 't'},
                                          {"seeds", required_argument, NULL, 's'},
                                          {"markdown", required_argument, NULL, 'm'},
                                          {"svg", required_argument, NULL, 'g'},
                                          {"check", no_argument, NULL, 'c'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
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
        else if (letter == 'c')
            options.check = true;
        else {
            fputs(usage, letter == 'h' ? stdout : stderr);
            return letter == 'h' ? 0 : 2;
        }
    }
    return options.check ? check(&options) : write_all(&options);
}
