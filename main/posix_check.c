/*
 * posix_check.c -- see posix_check.h.
 *
 * The check is a start: the same memory, stack, addresses, services and the program's own start().
 * So it refuses what a start refuses.  Only what changes something is left out.  Frames end in a
 * socket without a reader, and the loop doesn't run.  Files are not written, but looked at, and so
 * is the device.
 *
 * The device comes last, because a configuration may be written on another machine than its own.
 */
#include "posix_check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <leat/life.h>

#include "access.h"
#include "posix_probe.h"
#include "posix_store.h"
#include "sink.h"

/* The standard output has only the result. */
static void say(struct leat_platform *platform, const char *line)
{
    (void)platform;
    posix_output_say(line);
}

static enum leat_err drop(struct leat_platform *platform, const void *bytes, size_t len)
{
    (void)platform;
    (void)bytes;
    (void)len;
    return LEAT_OK;
}

static enum leat_err look_at_output(struct leat_platform *platform, const char *path, bool append,
                                    uint64_t *have)
{
    struct stat is;

    (void)platform;
    *have = append && stat(path, &is) == 0 ? (uint64_t)is.st_size : 0;
    return posix_probe_write(path) ? LEAT_ERR_DEVICE : LEAT_OK;
}

static enum leat_err look_at_file(struct leat_platform *platform, const char *path,
                                  const void *bytes, size_t len)
{
    (void)platform;
    (void)bytes;
    (void)len;
    return posix_probe_replace(path) ? LEAT_ERR_DEVICE : LEAT_OK;
}

static bool result(const struct program *program, const char *wrong)
{
    if (wrong)
        fprintf(stderr, "%s: %s\n", program->app->name, wrong);
    return !wrong;
}

static const char *complaint(struct program *program, const char *option, const char *path,
                             const char *why)
{
    if (!why)
        return NULL;
    snprintf(program->line, sizeof program->line, "%s %.160s: %.100s", option, path, why);
    return program->line;
}

void posix_check_assume(struct options *options)
{
    if (options->ip_count > 0)
        return;
    options->ip_count = 1; /* the first has a default */
    options->gateway = LEAT_IP4(10, 0, 0, 1);
    if (options->ip6_count > 0)
        return;
    options->ip6_count = 1;
    options->ip6s[0] = (struct options_address){
        {{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}}, 64};
    options->gateway6 =
        (struct leat_ip){{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
}

/* This machine may have the addresses that were assumed. */
static void forget_assumed(struct options *options)
{
    if (!options->source[KEY_IP])
        options->ip_count = 0;
    if (!options->source[KEY_IP6])
        options->ip6_count = 0;
}

bool posix_check_open(struct program *program)
{
    struct leat_platform *platform = &program->platform;

    platform->say = say;
    platform->write = drop;
    platform->open_output = look_at_output;
    platform->write_file = look_at_file;
    if (!result(program, posix_store_check(program)))
        return false;
    if (!posix_device_open_nowhere(&program->device, &program->options, program->why))
        return result(program, program->why);
    program->netif = program->device.netif;
    if (!program->options.source[KEY_IP]) { /* all that a network may have */
        platform->has_ipv4 = platform->has_ipv6 = true;
        platform->time_servers[0] = platform->gateway;
        platform->time_server_count = 1;
    }
    return true;
}

/* Files that are written later: at a start they are opened, or at its first poll. */
static const char *check_files(struct program *program)
{
    const struct options *options = &program->options;
    const char *wrong = NULL;

    if (options->record)
        wrong = complaint(program, "can't record to", options->record,
                          posix_probe_write(options->record));
    if (!wrong && options->ticket_keys)
        wrong = complaint(program, "--ticket-keys", options->ticket_keys,
                          posix_probe_replace(options->ticket_keys));
    if (!wrong)
        wrong = complaint(program, "--access-log", options->access_log.path,
                          sink_check(&options->access_log));
    return wrong;
}

/* A file becomes the standard output, to which nothing is written. */
static const char *open_log(struct program *program)
{
    if (program->options.access_log.kind == SINK_FILE)
        program->options.access_log.kind = SINK_OUTPUT;
    return access_open(&program->options, &program->platform, program->app->name);
}

int posix_check_start(struct program *program)
{
    const struct leat_app *app = program->app;
    struct leat_platform *platform = &program->platform;
    const char *wrong = check_files(program);
    int status = EXIT_SUCCESS;

    if (!wrong)
        wrong = open_log(program);
    if (!wrong)
        wrong = options_check_files(&program->options, platform, app);
    if (!wrong && !leat_stopped(platform->stack, NULL))
        wrong = app->start(platform);
    forget_assumed(&program->options);
    if (!wrong && !leat_stopped(platform->stack, &status))
        wrong = posix_device_check(&program->options, program->why);
    if (!result(program, wrong))
        return STATUS_NOT_STARTED;
    if (status == EXIT_SUCCESS)
        printf("%s: the configuration is right\n", app->name);
    return status;
}
