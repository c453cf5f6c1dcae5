/*
 * posix_main.c -- leat_main() on POSIX: options, a device, a stack.
 *
 *      device (posix_device.h)  <-  recorder, with --record  <-  flight recorder  <-  stack
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <leat/task.h>

#include "access.h"
#include "board.h"
#include "metadata.h"
#include "posix_check.h"
#include "posix_flight.h"
#include "posix_program.h"
#include "posix_reach.h"
#include "posix_store.h"
#include "sink.h"

enum {
    BUFFERS = 4096
};

static struct program *program_of(struct leat_platform *platform)
{
    return (struct program *)platform; /* its first member */
}

static void say(struct leat_platform *platform, const char *line)
{
    struct leat_host *host = platform->host;

    if (program_of(platform)->app->prints) {
        posix_output_say(line);
        return;
    }
    host->console(host, line, strlen(line));
    host->console(host, "\n", 1);
}

static void finish(struct leat_platform *platform, int status)
{
    leat_stop(platform->stack, status);
}

static enum leat_err read_file(struct leat_platform *platform, const char *path, const char **bytes,
                               size_t *len)
{
    return posix_files_read(&program_of(platform)->files, path, bytes, len);
}

static enum leat_err write_data(struct leat_platform *platform, const void *bytes, size_t len)
{
    return posix_output_write(&program_of(platform)->output, bytes, len);
}

static enum leat_err open_output(struct leat_platform *platform, const char *path, bool append,
                                 uint64_t *have)
{
    return posix_output_open(&program_of(platform)->output, path, append, have);
}

static uint64_t changed_ns(struct leat_platform *platform, const char *path)
{
    (void)platform;
    return posix_files_changed_ns(path);
}

static const char *open_folder(struct leat_platform *platform, struct leat_files **files,
                               const char **root)
{
    struct program *program = program_of(platform);

    *root = "";
    if (!program->folder &&
        leat_posix_folder_open(&program->folder, platform->folder, program->why))
        return program->why;
    *files = program->folder;
    return NULL;
}

static void free_file(struct leat_platform *platform, const char *bytes)
{
    posix_files_free(&program_of(platform)->files, bytes);
}

static enum leat_err write_file(struct leat_platform *platform, const char *path, const void *bytes,
                                size_t len)
{
    (void)platform;
    return posix_files_write(path, bytes, len);
}

static void on_conflict(struct leat *stack, struct leat_netif *netif, struct leat_ip ip, void *arg)
{
    const struct program *program = arg;
    char text[LEAT_IP_TEXT_BYTES];

    (void)stack;
    leat_ip_format(ip, text);
    fprintf(stderr, "%s: another host on %s claims %s\n", program->app->name, netif->name, text);
}

/* Opens the device; false after a line with the reason was printed. */
static bool open_device(struct program *program)
{
    char why[LEAT_WHY_BYTES] = "no memory";

    if (!posix_device_open(&program->device, &program->options, program->memory,
                           program->memory_bytes, why)) {
        fprintf(stderr, "%s: %s\n", program->app->name, why);
        return false;
    }
    program->netif = program->device.netif;
    if (posix_device_is_of_linux(&program->device))
        posix_link_open(&program->link, program->device.posix, program->netif->name);
    return true;
}

/* Sets the seed of the run: as given, or from the machine. */
static bool draw_seed(struct program *program)
{
    const struct options *options = &program->options;

    if (options->seed_given)
        memcpy(program->seed, options->seed, sizeof program->seed);
    else if (getrandom(program->seed, sizeof program->seed, 0) != (ssize_t)sizeof program->seed) {
        fprintf(stderr, "%s: entropy: %s\n", program->app->name, strerror(errno));
        return false;
    }
    return true;
}

/* Puts the recorder around the device; false after a line with the reason was printed. */
static bool open_recorder(struct program *program)
{
    const struct options *options = &program->options;
    char *notes = program->notes;
    char why[LEAT_WHY_BYTES];

    if (!options->record)
        return true;
    if (program->options.clock_ns == 0) /* the same when it happens again */
        program->options.clock_ns = program->host.civil_ns(&program->host);
    notes_write(notes, program->app->name, options, program->netif, program->seed);
    if (leat_pcap_recorder_open(&program->recorder, program->netif, options->record, notes, why)) {
        fprintf(stderr, "%s: %s\n", program->app->name, why);
        return false;
    }
    program->netif = leat_pcap_recorder_netif(program->recorder);
    return true;
}

/* Puts the flight recorder around all that; without memory there is none. */
static void open_flight(struct program *program)
{
    const struct options *options = &program->options;
    const size_t bytes = flight_bytes(options);

    program->flight_memory = bytes ? malloc(bytes) : NULL;
    if (!program->flight_memory)
        return;
    program->netif = flight_wrap(&program->flight, options, program->flight_memory, program->netif);
    if (!options->check_config)
        posix_flight_watch(&program->flight, options->flight_file, program->device.posix);
}

static struct leat_config stack_config(struct program *program)
{
    return (struct leat_config){.buf_count = program->options.buffers,
                                .drain_ns = program->options.drain_ns,
                                .on_conflict = on_conflict,
                                .arg = program};
}

/* One block for leat itself, UDP, TCP and the rest: whole pages, as some devices want it, and huge
 * pages if it is large. */
static bool take_memory(struct program *program)
{
    const struct leat_config config = stack_config(program);
    const struct leat_tcp_config tcp = options_tcp(&program->options, program->app);
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t bytes = leat_memory_bytes(&config) + bring_up_bytes(&program->options, &tcp);

    program->memory_bytes = (bytes + page - 1) / page * page;
    program->memory = leat_posix_memory(program->memory_bytes);
    if (!program->memory)
        fprintf(stderr,
                "%s: can't get %zu MiB of memory: give less to --buffers or --connections\n",
                program->app->name, (program->memory_bytes >> 20) + 1);
    return program->memory;
}

/* The stack without a device. */
static bool make_stack(struct program *program)
{
    struct leat_config config = stack_config(program);
    struct leat **stack = &program->platform.stack;
    enum leat_err err;

    memcpy(config.seed, program->seed, sizeof config.seed);
    err = leat_init(stack, program->memory, program->memory_bytes, &config);
    if (err)
        fprintf(stderr, "%s: leat_init: %s\n", program->app->name, leat_err_text(err));
    return !err;
}

static enum leat_err attach(struct program *program, const char **step)
{
    const struct options *options = &program->options;
    const struct leat_tcp_config tcp = options_tcp(options, program->app);
    struct leat *stack = program->platform.stack;
    enum leat_err err;

    explain_watch(&program->explain, leat_stats(stack));
    if (program->recorder)
        leat_pcap_recorder_watch(program->recorder, leat_stats(stack));
    program->up = (struct bring_up){.platform = &program->platform,
                                    .app = program->app,
                                    .netif = program->netif,
                                    .options = options,
                                    .keep = program->keep,
                                    .host = &program->host};
    err = bring_up(&program->up, &tcp, step);
    if (err)
        return err;
    *step = "--flight-port";
    return flight_serve(&program->flight, options, stack);
}

static void say_drop(void *arg, const char *line)
{
    say(arg, line);
}

static void say_counter(void *arg, const char *name, uint64_t value, const char *text)
{
    struct program *program = arg;
    char line[160];

    if (value == 0 && strncmp(name, "copied_", 7) != 0) /* a zero here is worth a line */
        return;
    snprintf(line, sizeof line, "%-24s %12llu  %s", name, (unsigned long long)value, text);
    say(&program->platform, line);
}

static void say_stats(struct program *program)
{
    const struct leat_stats *stats = leat_stats(program->platform.stack);
    struct leat_holdings holdings;

    leat_holdings(program->platform.stack, &holdings);
#define SAY(name, text) say_counter(program, #name, holdings.name, text);
    LEAT_HOLDINGS(SAY)
#undef SAY
    for (unsigned i = 0; i < LEAT_STAT_COUNT; i++) {
        enum leat_stat stat = (enum leat_stat)i;

        say_counter(program, leat_stat_name(stat), leat_stat_value(stats, stat),
                    leat_stat_text(stat));
    }
    posix_device_counters(&program->device, say_counter, program);
    if (!leat_stats_balance(stats))
        say(&program->platform, "the counters do not balance");
}

/* Reports facts that are known only at the end, or when the files are closed. */
static void report_captures(struct program *program)
{
    char why[LEAT_WHY_BYTES];

    if (program->recorder && leat_pcap_recorder_status(program->recorder)) {
        fprintf(stderr, "%s: could not write all frames to %s\n", program->app->name,
                program->options.record);
        program->status = STATUS_FAILED;
    }
    if (program->device.reader && leat_pcap_reader_status(program->device.reader, why)) {
        fprintf(stderr, "%s: %s\n", program->app->name, why);
        program->status = STATUS_FAILED;
    }
}

static void close_all(struct program *program)
{
    sinks_close();
    posix_store_close(program);
    if (program->platform.stack)
        leat_close(program->platform.stack);
    report_captures(program);
    leat_pcap_recorder_close(program->recorder);
    posix_link_close(&program->link);
    posix_device_close(&program->device);
    posix_files_close(&program->files);
    leat_posix_folder_close(program->folder);
    if (posix_output_close(&program->output)) {
        fprintf(stderr, "%s: the output could not be written\n", program->app->name);
        program->status = STATUS_FAILED;
    }
    posix_notify_close(&program->notify);
    free(program->argv);
    free(program->words);
    posix_flight_end();
    free(program->flight_memory);
    free(program->memory);
}

/* Says what may keep the program from being reached. */
static void tell_doubt(const struct program *program)
{
    char line[LEAT_WHY_BYTES];

    if (program->device.tap &&
        posix_reach_doubt(&program->options, program->device.netif->name, line))
        fprintf(stderr, "%s: %s\n", program->app->name, line);
}

static bool open_all(struct program *program)
{
    return posix_store_open(program) && open_device(program) && open_recorder(program);
}

/* The stack with its device, addresses and services; false after a line with the reason was
 * printed. */
static bool make_all(struct program *program)
{
    const char *step = "";
    enum leat_err err;

    if (!take_memory(program) || !draw_seed(program) || !make_stack(program) ||
        !(program->options.check_config ? posix_check_open(program) : open_all(program)))
        return false;
    open_flight(program);
    if (program->options.explain_drops)
        program->netif =
            explain_wrap(&program->explain, program->netif, say_drop, &program->platform);
    err = attach(program, &step);
    if (err)
        fprintf(stderr, "%s: %s: %s\n", program->app->name, step, leat_err_text(err));
    return !err;
}

/* Gives the options to the platform, at the start and after metadata have come. */
static void set_options(struct program *program)
{
    struct options *options = &program->options;

    if (options->buffers == 0)
        options->buffers = BUFFERS;
    options_platform(options, &program->platform);
    program->platform.early = options->early;
}

/* Asks for metadata, if that is wanted; false after a line with the reason was printed. */
static bool take_metadata(struct program *program)
{
    const char *step = "";
    enum leat_err err;

    if (!bring_up_metadata(&program->up, &program->options, &program->world))
        return false;
    if (metadata_is_asked(&program->options))
        set_options(program);
    if (metadata_note())
        fprintf(stderr, "%s: %s\n", program->app->name, metadata_note());
    err = bring_up_late(&program->up, &step);
    if (err)
        fprintf(stderr, "%s: %s: %s\n", program->app->name, step, leat_err_text(err));
    return !err;
}

/* Returns the exit status. */
static int run(struct program *program)
{
    const char *complaint;

    if (!make_all(program))
        return STATUS_NOT_STARTED;
    if (program->options.check_config)
        return posix_check_start(program);
    if (!take_metadata(program))
        return STATUS_NOT_STARTED;
    complaint = access_open(&program->options, &program->platform, program->app->name);
    posix_take_hangup(program);
    if (!complaint)
        complaint = bring_up_start(&program->up);
    if (complaint) {
        fprintf(stderr, "%s: %s\n", program->app->name, complaint);
        return STATUS_NOT_STARTED;
    }
    tell_doubt(program);
    if (!program->options.replay) /* a recording has another clock */
        posix_notify_open(&program->notify);
    program->status = leat_run(program->platform.stack, &program->host);
    bring_up_ended(&program->up);
    if (program->options.explain_drops)
        explain_sum(&program->explain);
    if (program->options.stats)
        say_stats(program);
    if (program->options.flight_dump)
        posix_flight_dump();
    return program->status;
}

/* The trap dumps the flight recorder.  A program may define its own of these two. */
__attribute__((weak)) void leat_assert_failed(const char *file, unsigned line)
{
    fprintf(stderr, "%s: assertion failed: %s:%u\n", program_invocation_short_name, file, line);
    __builtin_trap();
}

__attribute__((weak)) void leat_task_overflowed(const char *name)
{
    fprintf(stderr, "%s: the stack of task \"%s\" has overflowed\n", program_invocation_short_name,
            name);
    __builtin_trap();
}

/* Fills in the part that the program sees. */
static void make_platform(struct program *program)
{
    posix_host_make(program);
    set_options(program);
    program->platform.host = &program->host;
    program->platform.read_file = read_file;
    program->platform.log_line = sink_line;
    program->platform.show_http = board_show;
    program->platform.write = write_data;
    program->platform.open_output = open_output;
    program->platform.changed_ns = changed_ns;
    program->platform.open_folder = open_folder;
    program->platform.free_file = free_file;
    program->platform.write_file = write_file;
    program->platform.guard = leat_posix_guard;
    program->platform.say = say;
    program->platform.finish = finish;
}

int leat_main(int argc, char **argv, const struct leat_app *app)
{
    static struct program program; /* too large for a stack frame; a process has one */

    program.app = app;
    program.notify.fd = -1;
    if (posix_configure(&program, argc - 1, argv + 1)) {
        if (program.options.check_config)
            posix_check_assume(&program.options);
        make_platform(&program);
        program.status = run(&program);
    }
    close_all(&program);
    return program.status;
}
