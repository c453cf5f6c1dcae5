/* main.c -- leat-sim: runs seeds, and prints how to run a failed one again. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "faults.h"
#include "sim.h"
#include "sweep.h"
#include "tls.h"

enum {
    SETTINGS_MAX = 64,
    SECONDS_MAX = 120,   /* of processor time, for one run: then it hangs */
    SEEDS_FOR_NEEDS = 50 /* so many seeds must show all that a profile promises */
};

static const char usage[] =
    "usage: leat-sim [OPTION]...\n"
    "Runs TCP between two stacks over a bad wire, in virtual time, all of it chosen by a seed.\n"
    "\n"
    "  --seed N             run this seed (default 1)\n"
    "  --seeds FIRST..LAST  run all of these\n"
    "  --digest             print one number for all bytes that the seeds have put on the wire\n"
    "  --twice              run each seed twice: both must put the same bytes on the wire\n"
    "  --faults PROFILE     add faults to the seed's scenario: memory, device, clock, program,\n"
    "                       crowd, attack, offload, all, tasks, bbr, tls; print their counts, and\n"
    "                       fail if a fault of the profile did not happen once in 50 seeds\n"
    "  --sweep WHAT         run the scenario once for each place where a fault can strike: memory\n"
    "                       (each allocation fails once), end (each program ends in each poll),\n"
    "                       cancel (each wait of a task is cancelled), provider (each call of the\n"
    "                       cryptography provider fails)\n"
    "  --set NAME=VALUE     change the scenario: NAME=V, NAME=V0/V1 (ends 0 and 1), c2.NAME=V\n"
    "  --neutral            begin with a quiet scenario on a good wire, not with the seed's\n"
    "  --shrink             after a failure, look for a simpler scenario that fails as well\n"
    "  --record FILE        write all frames that the ends send to a capture\n"
    "  --print              print each scenario\n"
    "  --verbose            print what the programs do\n"
    "  --help               show this\n"
    "\n"
    "Exit status: 0 no failure, 1 a failure, 2 wrong usage. See docs/lab/simulator.md.\n";

struct options {
    uint64_t first;
    uint64_t last;
    const char *record;
    const char *sweep;
    const struct sim_profile *faults;
    struct sim_tallies *tallies;
    const char *set[SETTINGS_MAX];
    unsigned set_count;
    uint64_t hash; /* of all runs, with --digest */
    bool digest, twice, neutral, shrink, print, verbose;
};

/* Printed if the stack stops the program. */
static char last_words[256];

static void on_signal(int number)
{
    const char *const why = number == SIGPROF ? "hangs" : "stopped by an assertion or a crash";

    /* write() and nothing else: this is a signal handler */
    if (write(STDERR_FILENO, last_words, strlen(last_words)) < 0 ||
        write(STDERR_FILENO, why, strlen(why)) < 0 || write(STDERR_FILENO, "\n", 1) < 0)
        _exit(1);
    _exit(1);
}

/* Sanitizers report some of these better: only signals that they don't handle. */
static void catch_signals(void)
{
    static const int numbers[] = {SIGILL, SIGTRAP, SIGABRT, SIGPROF};

    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++)
        signal(numbers[i], on_signal);
}

/* Limits processor time, so that waiting on a busy machine doesn't count. 0: no limit. */
static void limit_time(time_t seconds)
{
    const struct itimerval limit = {.it_value.tv_sec = seconds};

    setitimer(ITIMER_PROF, &limit, NULL);
}

static struct sim_scenario scenario_of(const struct options *options, uint64_t seed)
{
    struct sim_scenario scenario;

    if (options->neutral)
        sim_scenario_neutral(&scenario, seed);
    else
        sim_scenario_from_seed(&scenario, seed);
    if (options->faults)
        sim_profile_apply(options->faults, &scenario);
    for (unsigned i = 0; i < options->set_count; i++) {
        if (!sim_scenario_set(&scenario, options->set[i])) {
            fprintf(stderr, "leat-sim: no such setting: %s\n", options->set[i]);
            exit(2);
        }
    }
    return scenario;
}

static void print_faults(const struct options *options, FILE *to)
{
    if (options->faults)
        fprintf(to, " --faults %s", sim_profile_name(options->faults));
}

static void print_command(const struct options *options, uint64_t seed, FILE *to)
{
    fprintf(to, "leat-sim --seed %" PRIu64, seed);
    if (options->neutral)
        fprintf(to, " --neutral");
    print_faults(options, to);
    for (unsigned i = 0; i < options->set_count; i++)
        fprintf(to, " --set %s", options->set[i]);
}

static FILE *open_record(const struct options *options)
{
    FILE *file;

    if (!options->record)
        return NULL;
    file = fopen(options->record, "wb");
    if (!file) {
        fprintf(stderr, "leat-sim: %s: %s\n", options->record, strerror(errno));
        exit(2);
    }
    return file;
}

/* The results of a run. */
struct result {
    uint64_t hash;
    uint64_t polls[2];
    uint64_t waits[2];
    uint64_t calls[2];
    uint64_t shortages;
    char failure[SIM_FAILURE_BYTES + 32];
};

/* Runs a scenario. False: result->failure has the reason. */
static bool run(const struct options *options, const struct sim_scenario *scenario, bool quiet,
                struct result *result)
{
    FILE *record = quiet ? NULL : open_record(options);
    struct sim *sim = sim_create(scenario, record);
    bool good;

    sim->verbose = options->verbose && !quiet;
    limit_time(SECONDS_MAX);
    good = sim_run(sim);
    limit_time(0);
    result->hash = sim->hash;
    for (unsigned end = 0; end < 2; end++) {
        result->polls[end] = sim->ends[end].polls;
        result->waits[end] = sim_tasks_waits(&sim->ends[end]).count;
        result->calls[end] = sim->ends[end].tls ? sim->ends[end].tls->toy.calls : 0;
    }
    result->shortages = sim_shortages(sim);
    snprintf(result->failure, sizeof result->failure, "at %.6f s: %s", (double)sim->now_ns / 1e9,
             sim->failure);
    if (options->tallies)
        sim_tallies_add(options->tallies, sim);
    if (sim->verbose && !good)
        sim_say_sides(sim);
    if (sim->verbose)
        printf("%12.6f end: %" PRIu64 " steps, %" PRIu64 " frames, hash %016" PRIx64 "\n",
               (double)sim->now_ns / 1e9, sim->steps, sim->watcher.frames, sim->hash);
    sim_destroy(sim);
    if (record)
        fclose(record);
    return good;
}

/* True for the same failure, whatever the numbers in it. */
static bool is_alike(const char *a, const char *b)
{
    static const char digits[] = "0123456789";

    for (;; a++, b++) {
        a += strspn(a, digits);
        b += strspn(b, digits);
        if (*a != *b || *a == 0)
            return *a == *b;
    }
}

/* Tries every change towards the neutral scenario, and keeps those with which it still fails. */
static void shrink(const struct options *options, uint64_t seed, const char *first)
{
    struct sim_scenario best = scenario_of(options, seed);
    struct sim_scenario tried = best;
    struct result result;

    for (unsigned i = 0; sim_scenario_simplify(&tried, i); i++, tried = best) {
        if (memcmp(&tried, &best, sizeof best) != 0 && !run(options, &tried, true, &result) &&
            is_alike(result.failure, first))
            best = tried;
    }
    run(options, &best, true, &result);
    fprintf(stderr, "  simpler: FAILED %s\n    leat-sim --seed %" PRIu64 " --neutral",
            result.failure, seed);
    sim_scenario_print(&best, " --set ", stderr);
    fprintf(stderr, "\n");
}

static bool run_seed(struct options *options, uint64_t seed)
{
    const struct sim_scenario scenario = scenario_of(options, seed);
    struct result result, again;
    bool good;

    snprintf(last_words, sizeof last_words,
             "leat-sim --seed %" PRIu64 " (with the settings given): ", seed);
    if (options->print) {
        printf("seed %" PRIu64 ":", seed);
        sim_scenario_print(&scenario, " ", stdout);
        printf("\n");
    }
    good = run(options, &scenario, false, &result);
    options->hash = options->hash * 0x9e3779b97f4a7c15u + result.hash;
    if (good && options->twice) {
        good = run(options, &scenario, true, &again) && result.hash == again.hash;
        if (result.hash != again.hash)
            snprintf(result.failure, sizeof result.failure,
                     "the same seed gave other bytes the second time");
    }
    if (good)
        return true;
    fflush(stdout);
    fprintf(stderr, "seed %" PRIu64 ": FAILED %s\n  scenario:", seed, result.failure);
    sim_scenario_print(&scenario, " ", stderr);
    fprintf(stderr, "\n  replay: ");
    print_command(options, seed, stderr);
    fprintf(stderr, " --verbose --record seed-%" PRIu64 ".pcap\n", seed);
    if (options->shrink)
        shrink(options, seed, result.failure);
    return false;
}

/* ---- sweeps ------------------------------------------------------------------------------- */

static bool run_of_sweep(void *arg, const struct sim_scenario *scenario,
                         struct sim_sweep_result *came)
{
    const struct options *options = arg;
    struct result result;

    if (run(options, scenario, true, &result)) {
        *came = (struct sim_sweep_result){.polls = {result.polls[0], result.polls[1]},
                                          .waits = {result.waits[0], result.waits[1]},
                                          .calls = {result.calls[0], result.calls[1]},
                                          .hash = result.hash,
                                          .shortages = result.shortages};
        return true;
    }
    fprintf(stderr, "FAILED %s\n  replay: leat-sim --seed %" PRIu64 " --neutral", result.failure,
            scenario->seed);
    sim_scenario_print(scenario, " --set ", stderr);
    fprintf(stderr, " --verbose --record sweep.pcap\n");
    return false;
}

static bool sweep_seed(struct options *options, uint64_t seed)
{
    const struct sim_scenario scenario = scenario_of(options, seed);
    uint64_t runs = 1;
    const int64_t failures = sim_sweep(options->sweep, &scenario, run_of_sweep, options, &runs);

    printf("seed %" PRIu64 ", %s: %" PRIu64 " runs, %" PRId64 " failed\n", seed, options->sweep,
           runs, failures);
    return failures == 0;
}

/* ---- options ------------------------------------------------------------------------------ */

static bool parse_range(struct options *options, const char *text)
{
    char *end;

    options->first = options->last = strtoull(text, &end, 10);
    if (end == text)
        return false;
    if (strncmp(end, "..", 2) == 0)
        options->last = strtoull(end + 2, &end, 10);
    return *end == 0 && options->first <= options->last;
}

/* The flag that an option without a value sets; NULL: no such option. */
static bool *switch_of(struct options *options, int letter)
{
    switch (letter) {
    case 'd':
        return &options->digest;
    case '2':
        return &options->twice;
    case 'n':
        return &options->neutral;
    case 'k':
        return &options->shrink;
    case 'p':
        return &options->print;
    case 'v':
        return &options->verbose;
    default:
        return NULL;
    }
}

/* Takes an option with its value. False: the value is wrong. */
static bool take_value(struct options *options, int letter, char *value)
{
    switch (letter) {
    case 's':
        return parse_range(options, value);
    case 'S':
        if (options->set_count == SETTINGS_MAX)
            return false;
        options->set[options->set_count++] = value;
        return true;
    case 'f':
        options->faults = sim_profile_find(value);
        return options->faults != NULL;
    case 'w':
        options->sweep = value;
        return strcmp(value, "memory") == 0 || strcmp(value, "end") == 0 ||
               strcmp(value, "cancel") == 0 || strcmp(value, "provider") == 0;
    case 'r':
        options->record = value;
        return true;
    default:
        return false;
    }
}

/* Returns the word that is wrong, or NULL. */
static const char *parse(struct options *options, int argc, char **argv)
{
    static const struct option longs[] = {
        {"seed", required_argument, NULL, 's'},  {"seeds", required_argument, NULL, 's'},
        {"set", required_argument, NULL, 'S'},   {"faults", required_argument, NULL, 'f'},
        {"sweep", required_argument, NULL, 'w'}, {"record", required_argument, NULL, 'r'},
        {"digest", no_argument, NULL, 'd'},      {"twice", no_argument, NULL, '2'},
        {"neutral", no_argument, NULL, 'n'},     {"shrink", no_argument, NULL, 'k'},
        {"print", no_argument, NULL, 'p'},       {"verbose", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},        {NULL, 0, NULL, 0}};
    int letter;

    opterr = 0; /* one line of ours reports it */
    while ((letter = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        bool *on = switch_of(options, letter);

        if (letter == 'h') {
            fputs(usage, stdout);
            exit(0);
        }
        if (on)
            *on = true;
        else if (!take_value(options, letter, optarg))
            return argv[optind - 1];
    }
    return argv[optind];
}

/* True if everything that the profile promises was seen. */
static bool report(const struct options *options)
{
    const uint64_t seeds = options->last - options->first + 1;
    const char *missing;

    sim_tallies_print(options->tallies, stdout);
    if (!options->faults || seeds < SEEDS_FOR_NEEDS)
        return true;
    missing = sim_profile_missing(options->faults, options->tallies);
    if (missing)
        fprintf(stderr,
                "FAILED: --faults %s stands for it, but in %" PRIu64 " seeds it never came: %s\n",
                sim_profile_name(options->faults), seeds, missing);
    return !missing;
}

int main(int argc, char **argv)
{
    struct sim_tallies tallies = {{0}, {0}};
    struct options options = {.first = 1, .last = 1};
    uint64_t failures = 0;
    const char *wrong;

    wrong = parse(&options, argc, argv);
    if (wrong) {
        fprintf(stderr, "leat-sim: wrong option: %s; see --help\n", wrong);
        return 2;
    }
    if (options.faults || options.sweep)
        options.tallies = &tallies;
    catch_signals();
    for (uint64_t seed = options.first; seed <= options.last; seed++)
        failures += options.sweep ? !sweep_seed(&options, seed) : !run_seed(&options, seed);
    printf("%" PRIu64 " seeds, %" PRIu64 " failed\n", options.last - options.first + 1, failures);
    if (options.digest)
        printf("digest %016" PRIx64 "\n", options.hash);
    if (options.tallies)
        failures += !report(&options);
    return failures > 0;
}
