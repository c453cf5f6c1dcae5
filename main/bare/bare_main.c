/* bare_main.c -- leat_main() on a machine without an operating system. */
#include "bare_files.h"
#include "bare_generation.h"
#include "bare_seed.h"
#include "bare_store.h"

#include <stdio.h>
#include <string.h>

#include <leat/main.h>
#include <leat/task.h>

#include "access.h"
#include "board.h"
#include "bring_up.h"
#include "flight.h"
#include "metadata.h"
#include "options.h"
#include "sink.h"

enum {
    STATUS_FAILED = 1, /* as on POSIX */
    STATUS_NOT_STARTED = 2,
    COMMAND_LINE_BYTES = 4096,
    WORDS_MAX = 64,
    BUFFERS = 2048, /* half as many as on POSIX: a guest should start quickly */
    BUFFERS_MIN = 16,
    LINE_BYTES = 320
};

struct program {
    struct leat_platform platform; /* first; the program sees only this part */
    const struct leat_app *app;
    struct leat_host host; /* the machine's, with an end that the program can ask for */
    struct options_world world;
    struct bare_machine *machine;
    struct options options;
    struct leat_netif *netif;
    struct keep keep;
    struct bring_up up;
    struct flight flight;
    char text[COMMAND_LINE_BYTES];
    char *argv[WORDS_MAX + 2]; /* a name, the words, NULL */
    char *words[WORDS_MAX];    /* of leat_main(), for options_parse_again(), as the next ones */
    char *room[WORDS_MAX];
    char line[OPTIONS_LINE_BYTES];
};

/* One on a machine. It has no initial value, which would have room in the image. */
static struct program program;

static uint64_t host_now_ns(struct leat_host *host)
{
    struct leat_host *machine = program.machine->host;

    (void)host;
    return machine->now_ns(machine);
}

static int complain(const char *what, const char *why);

/* Prints what has become of the device; false: it is lost. */
static bool tell_news(void)
{
    bool lost = false;
    const char *news = program.machine->news ? program.machine->news(program.machine, &lost) : NULL;

    if (news)
        complain(program.netif->name, news);
    return !lost;
}

static bool host_wait(struct leat_host *host, uint64_t deadline_ns)
{
    struct leat_host *machine = program.machine->host;
    bool goes_on;

    (void)host;
    if (!tell_news()) {
        leat_stop(program.platform.stack, STATUS_FAILED);
        return false;
    }
    goes_on = machine->wait(machine, deadline_ns);

    bare_generation_look();
    if (goes_on)
        return true;
    bring_up_ending(&program.up);
    return false;
}

static enum leat_err host_entropy(struct leat_host *host, void *bytes, size_t len)
{
    struct leat_host *machine = program.machine->host;
    const enum leat_err err = machine->entropy(machine, bytes, len);

    (void)host;
    if (!err && program.platform.store && !program.options.seed_given)
        keep_stir(&program.keep, bytes, len);
    return err;
}

static void host_console(struct leat_host *host, const char *text, size_t len)
{
    struct leat_host *machine = program.machine->host;

    (void)host;
    machine->console(machine, text, len);
}

static uint64_t host_civil_ns(struct leat_host *host)
{
    struct leat_host *machine = program.machine->host;

    (void)host;
    return keep_runs_civil_ns(&program.keep, machine->civil_ns ? machine->civil_ns(machine) : 0);
}

static void say(struct leat_platform *platform, const char *line)
{
    struct leat_host *host = program.machine->host;

    (void)platform;
    host->console(host, line, strlen(line));
    host->console(host, "\n", 1);
}

static void print_line(const struct options_world *world, const char *line)
{
    (void)world;
    say(&program.platform, line);
}

static int complain(const char *what, const char *why)
{
    char line[LINE_BYTES];

    snprintf(line, sizeof line, "%s: %.60s%s%.220s", program.app->name, what, *what ? ": " : "",
             why);
    say(&program.platform, line);
    return STATUS_NOT_STARTED;
}

static void finish(struct leat_platform *platform, int status)
{
    leat_stop(platform->stack, status);
}

static enum leat_err write_data(struct leat_platform *platform, const void *bytes, size_t len)
{
    struct leat_host *machine = program.machine->host;

    (void)platform;
    machine->console(machine, bytes, len);
    return LEAT_OK;
}

static enum leat_err open_output(struct leat_platform *platform, const char *path, bool append,
                                 uint64_t *have)
{
    (void)platform;
    (void)path;
    (void)append;
    (void)have;
    return LEAT_ERR_DEVICE;
}

/* Cuts the command line at its spaces; returns how many words there are, or -1: too many. */
static int split(void)
{
    const char *skip = program.machine->skip;
    char *at = program.text;
    int count = 0;

    for (;;) {
        while (*at == ' ')
            at++;
        if (!*at)
            return count;
        if (!skip || strncmp(at, skip, strlen(skip)) != 0) {
            if (count == WORDS_MAX)
                return -1;
            program.argv[++count] = at;
        }
        while (*at && *at != ' ')
            at++;
        if (*at)
            *at++ = '\0';
    }
}

static size_t stack_bytes(const struct leat_config *config, const struct leat_tcp_config *tcp)
{
    return leat_memory_bytes(config) + bring_up_bytes(&program.options, tcp);
}

/* As many buffers as were asked for, or as the memory holds. */
static void choose_buffers(struct leat_config *config, const struct leat_tcp_config *tcp)
{
    config->buf_count = program.options.buffers ? program.options.buffers : BUFFERS;
    while (!program.options.buffers && config->buf_count > BUFFERS_MIN &&
           stack_bytes(config, tcp) > program.machine->memory_bytes)
        config->buf_count /= 2;
}

static void dump_flight(void *arg)
{
    (void)arg;
    if (program.flight.recorder)
        leat_flight_dump_hex(program.flight.recorder, program.machine->host);
}

/* A failed assertion is a crash like others, if the machine reports crashes.  A program may
 * define the two functions below itself. */
static _Noreturn void die(const char *why)
{
    say(&program.platform, why);
    if (!program.machine->on_crash)
        dump_flight(NULL);
    __builtin_trap();
}

__attribute__((weak)) void leat_assert_failed(const char *file, unsigned line)
{
    char text[OPTIONS_LINE_BYTES];

    snprintf(text, sizeof text, "leat: assertion failed: %s:%u", file, line);
    die(text);
}

__attribute__((weak)) void leat_task_overflowed(const char *name)
{
    char text[OPTIONS_LINE_BYTES];

    snprintf(text, sizeof text, "leat: the stack of task \"%s\" has overflowed", name);
    die(text);
}

/* Takes the recorder's memory off the front of the machine's. */
static void wrap_netif(void)
{
    struct bare_machine *machine = program.machine;
    const size_t bytes = flight_bytes(&program.options);
    void *memory = machine->memory;

    if (bytes == 0 || bytes > machine->memory_bytes / 2)
        return;
    machine->memory = (uint8_t *)memory + bytes; /* whole KiB: it stays aligned */
    machine->memory_bytes -= bytes;
    program.netif = flight_wrap(&program.flight, &program.options, memory, program.netif);
    if (machine->on_crash)
        machine->on_crash(dump_flight, NULL);
}

/* The stack without a device; NULL, or what has failed, in static memory. */
static const char *make_stack(void)
{
    const struct options *options = &program.options;
    struct bare_machine *machine = program.machine;
    struct leat_config config = {.drain_ns = options->drain_ns};
    struct leat_tcp_config tcp = options_tcp(options, program.app);
    const char *wrong;
    enum leat_err err;

    if (options->seed_given)
        memcpy(config.seed, options->seed, sizeof config.seed);
    else if (program.host.entropy(&program.host, config.seed, sizeof config.seed))
        return "entropy: the machine has none: give it a virtio-rng device, or a processor with "
               "RDRAND or RNDR";
    choose_buffers(&config, &tcp);
    err = leat_init(&program.platform.stack, machine->memory, machine->memory_bytes, &config);
    if (err)
        return bring_up_why(err, stack_bytes(&config, &tcp), machine->memory_bytes);
    wrong = bare_store_open(&program.keep, options, config.seed);
    if (!wrong && !options->seed_given) /* a seed that is given isn't replaced */
        bare_generation_open(&program.keep, machine);
    return wrong;
}

static enum leat_err attach(const char **step)
{
    const struct options *options = &program.options;
    struct leat_tcp_config tcp = options_tcp(options, program.app);
    enum leat_err err;

    program.up = (struct bring_up){.platform = &program.platform,
                                   .app = program.app,
                                   .netif = program.netif,
                                   .options = options,
                                   .keep = bare_store_kept(&program.keep),
                                   .host = &program.host};
    err = bring_up(&program.up, &tcp, step);
    if (err)
        return err;
    *step = "--flight-port";
    return flight_serve(&program.flight, options, program.platform.stack);
}

static void say_counter(void *arg, const char *name, uint64_t value, const char *text)
{
    char line[LINE_BYTES];

    (void)arg;
    if (value == 0 && strncmp(name, "copied_", 7) != 0) /* a zero here is worth a line */
        return;
    snprintf(line, sizeof line, "%-24s %12llu  %s", name, (unsigned long long)value, text);
    say(&program.platform, line);
}

static void say_stats(void)
{
    const struct leat_stats *stats = leat_stats(program.platform.stack);
    struct leat_holdings holdings;

    leat_holdings(program.platform.stack, &holdings);
#define SAY(name, text) say_counter(NULL, #name, holdings.name, text);
    LEAT_HOLDINGS(SAY)
#undef SAY
    for (unsigned i = 0; i < LEAT_STAT_COUNT; i++) {
        const enum leat_stat stat = (enum leat_stat)i;

        say_counter(NULL, leat_stat_name(stat), leat_stat_value(stats, stat), leat_stat_text(stat));
    }
    if (program.machine->say_counters)
        program.machine->say_counters(program.machine, say_counter, NULL);
    if (!leat_stats_balance(stats))
        say(&program.platform, "the counters do not balance");
}

/* Asks for metadata, if that is wanted, and starts the program. NULL, or what is wrong; "" if that
 * was printed. */
static const char *start(void)
{
    struct options *options = &program.options;
    const char *step = "", *complaint;
    enum leat_err err;

    if (!bring_up_metadata(&program.up, options, &program.world))
        return "";
    if (metadata_is_asked(options))
        options_platform(options, &program.platform);
    if (metadata_note())
        complain("", metadata_note());
    err = bring_up_late(&program.up, &step);
    if (err) {
        complain(step, bring_up_step_why(err));
        return "";
    }
    complaint = access_open(options, &program.platform, program.app->name);
    return complaint ? complaint : bring_up_start(&program.up);
}

/* Builds everything and runs; returns the exit status. */
static int run(void)
{
    const struct options *options = &program.options;
    const char *step = "", *why = "";
    const char *complaint = bare_store_disk(&program.keep, program.machine, options);
    enum leat_err err;
    int status;

    if (complaint)
        return complain("", complaint);
    program.netif = program.machine->open_netif(
        program.machine, options->mac_given ? &options->mac : NULL, options->mtu, &why);
    if (!program.netif)
        return complain("network device", why);
    wrap_netif();
    complaint = make_stack();
    if (complaint)
        return complain("", complaint);
    err = attach(&step);
    if (err)
        return complain(step, bring_up_step_why(err));
    complaint = start();
    if (complaint)
        return *complaint ? complain("", complaint) : STATUS_NOT_STARTED;
    status = leat_run(program.platform.stack, &program.host);
    bring_up_ended(&program.up);
    sinks_close();
    bare_generation_close();
    keep_close(&program.keep);
    if (options->stats)
        say_stats();
    if (options->flight_dump)
        dump_flight(NULL);
    leat_close(program.platform.stack);
    return status;
}

static void make_platform(void)
{
    options_platform(&program.options, &program.platform);
    program.platform.host = &program.host;
    program.platform.read_file = bare_files_read;
    program.platform.log_line = sink_line;
    program.platform.show_http = board_show;
    program.platform.write = write_data;
    program.platform.open_output = open_output;
    program.platform.changed_ns = bare_files_changed_ns;
    program.platform.open_folder = bare_files_folder;
    program.platform.guard = program.machine->guard;
    program.platform.say = say;
    program.platform.finish = finish;
}

/* For options_world.read. */
static enum leat_err read_config(const struct options_world *world, const char *path,
                                 const char **bytes, size_t *len)
{
    (void)world;
    return bare_files_read(&program.platform, path, bytes, len);
}

/* --check-config: the options are right, so look at the files.  Returns the exit status. */
static int check_files(void)
{
    const char *wrong = options_check_files(&program.options, &program.platform, program.app);

    if (wrong)
        return complain("", wrong);
    complain("", "the configuration is right");
    return 0;
}

/* Reads the command line, and the seed disk if that is wanted. */
static enum options_outcome configure(int count, char **words)
{
    struct options *options = &program.options;
    enum options_outcome outcome;
    const char *why;

    program.world = (struct options_world){.line = program.line,
                                           .read = read_config,
                                           .print = print_line,
                                           .complain = print_line,
                                           .words = program.words,
                                           .room = program.room,
                                           .count = count};
    metadata_open(&program.world);
    if (count > WORDS_MAX) {
        complain("command line", "more than 64 words");
        return OPTIONS_WRONG;
    }
    memcpy(program.words, words, (size_t)count * sizeof *words);
    outcome = options_parse(options, &program.world, program.app, count, words);
    if (outcome != OPTIONS_RUN || options->metadata.where != METADATA_NOCLOUD)
        return outcome;
    why = bare_seed_read(program.machine, options);
    if (!why)
        return options_parse_again(options, &program.world, program.app);
    complain("", why);
    return OPTIONS_WRONG;
}

int leat_main(int argc, char **argv, const struct leat_app *app)
{
    enum options_outcome outcome;
    const char *why = LEAT_RESERVED_IS_USED(app) ? LEAT_RESERVED_WHY : NULL;

    program.app = app;
    if (why)
        return complain("", why);
    why = bare_files_open(program.machine, argc - 1, argv + 1);
    if (why)
        return complain("", why);
    outcome = configure(argc - 1, argv + 1);
    if (outcome != OPTIONS_RUN)
        return outcome == OPTIONS_DONE ? 0 : STATUS_NOT_STARTED;
    make_platform();
    program.keep.platform = &program.platform;
    program.keep.program = app->name;
    program.keep.has_area = app->area_bytes > 0;
    return program.options.check_config ? check_files() : run();
}

int bare_main(struct bare_machine *machine)
{
    static char nameless[] = "leat";
    static const struct leat_app no_app = {.name = nameless};
    int count = -1;

    program.machine = machine;
    program.app = &no_app; /* until leat_main() */
    program.host = (struct leat_host){.now_ns = host_now_ns,
                                      .wait = host_wait,
                                      .entropy = host_entropy,
                                      .console = host_console,
                                      .civil_ns = host_civil_ns};
    if (snprintf(program.text, sizeof program.text, "%s", machine->command_line) <
        COMMAND_LINE_BYTES)
        count = split();
    if (count < 0)
        return complain("command line", "more than 4095 bytes, or more than 64 words");
    program.argv[0] = nameless;
    return main(count + 1, program.argv);
}
