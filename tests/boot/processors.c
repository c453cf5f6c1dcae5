/*
 * processors.c -- an image that starts all processors; they pass a token round by interrupts.
 *
 * The last word of the command line chooses what the last processor does: "crash", "exit" or
 * "return".  Otherwise all of them end at Ctrl-D.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <leat/leat.h>
#include <leat/metal.h>

enum {
    ROUNDS = 1000,
    STATUS_EXIT = 5,
    LINE_BYTES = 96
};

/* A processor's own. */
struct worker {
    unsigned number;
    uint64_t last_ns;
    uint32_t rounds;
    float half; /* by SSE, if the compiler wants */
};

static struct worker workers[LEAT_METAL_PROCESSORS_MAX];
static unsigned count, token; /* the number of the processor that has it */
static const char *order;

static void say(struct leat_host *host, const char *what, unsigned number, uint64_t value)
{
    char line[LINE_BYTES];
    const int len = snprintf(line, sizeof line, "processor %u: %s %llu\n", number, what,
                             (unsigned long long)value);

    host->console(host, line, (size_t)len);
}

/* Passes the token on, if it is here. */
static void turn(struct leat_host *host, struct worker *worker)
{
    const unsigned next = (worker->number + 1) % count;
    const uint64_t now_ns = host->now_ns(host);

    if (now_ns < worker->last_ns)
        say(host, "its clock went back by", worker->number, worker->last_ns - now_ns);
    worker->last_ns = now_ns;
    if (__atomic_load_n(&token, __ATOMIC_ACQUIRE) != worker->number || worker->rounds == ROUNDS)
        return;
    worker->rounds++;
    if (worker->number == 0 && worker->rounds == ROUNDS)
        say(host, "rounds of the token:", 0, ROUNDS);
    __atomic_store_n(&token, next, __ATOMIC_RELEASE);
    leat_metal_wake(next);
}

static void run(struct leat_host *host, void *arg)
{
    struct worker *worker = arg;
    uint8_t bytes[8];

    say(host, "began, entropy:", worker->number,
        host->entropy(host, bytes, sizeof bytes) == LEAT_OK);
    if (worker->number == count - 1) {
        if (strcmp(order, "crash") == 0)
            __builtin_trap();
        if (strcmp(order, "exit") == 0)
            leat_metal_exit(STATUS_EXIT);
        if (strcmp(order, "return") == 0)
            return;
    }
    do {
        turn(host, worker);
    } while (host->wait(host, LEAT_NEVER_NS));
    say(host, "ends after", worker->number, worker->rounds);
}

static bool have_all_ended(void)
{
    for (unsigned i = 1; i < count; i++) {
        if (!leat_metal_processor_ended(i))
            return false;
    }
    return true;
}

int leat_metal_main(struct leat_metal *metal)
{
    struct leat_host *host = metal->host;
    bool ending = false;

    order = strrchr(metal->command_line, ' ');
    order = order ? order + 1 : metal->command_line;
    count = leat_metal_processors();
    say(host, "processors:", 0, count);
    if (leat_metal_start_processor(metal, 0, run, &workers[0]) ||
        leat_metal_start_processor(metal, count, run, &workers[0]))
        say(host, "started one that isn't there", 0, count);
    for (unsigned i = 1; i < count; i++) {
        workers[i].number = i;
        if (!leat_metal_start_processor(metal, i, run, &workers[i]))
            say(host, "did not start", i, 0);
        if (leat_metal_start_processor(metal, i, run, &workers[i]))
            say(host, "started twice", i, 0);
    }
    while (!(ending || strcmp(order, "return") == 0) || !have_all_ended()) {
        turn(host, &workers[0]);
        if (!host->wait(host, LEAT_NEVER_NS))
            ending = true;
    }
    say(host, "all have ended", 0, count);
    return 0;
}
