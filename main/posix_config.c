/* posix_config.c -- the command line and the configuration file on POSIX, at the start and at
 * SIGHUP. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metadata.h"
#include "posix_program.h"
#include "posix_seed.h"
#include "sink.h"

static void print_line(const struct options_world *world, const char *line)
{
    (void)world;
    puts(line);
}

static void complain_line(const struct options_world *world, const char *line)
{
    (void)world;
    fprintf(stderr, "%s\n", line);
}

/* For options_world.read; the bytes are freed by the next call, or at the end. */
static enum leat_err read_config(const struct options_world *world, const char *path,
                                 const char **bytes, size_t *len)
{
    struct program *program = world->arg;
    enum leat_err err;

    if (program->config_bytes)
        posix_files_free(&program->files, program->config_bytes);
    program->config_bytes = NULL;
    err = posix_files_read(&program->files, path, bytes, len);
    if (!err)
        program->config_bytes = *bytes;
    return err;
}

/* Keeps the words of the command line twice, because reading them moves them. */
static bool keep_words(struct program *program, int argc, char **argv)
{
    const size_t bytes = ((size_t)argc + 1) * sizeof *argv;

    program->argc = argc;
    program->argv = malloc(bytes);
    program->words = malloc(bytes);
    if (!program->argv || !program->words)
        return false;
    memcpy(program->argv, argv, (size_t)argc * sizeof *argv);
    return true;
}

bool posix_configure(struct program *program, int argc, char **argv)
{
    const char *wrong = LEAT_RESERVED_IS_USED(program->app) ? LEAT_RESERVED_WHY : NULL;
    enum options_outcome outcome;

    program->world = (struct options_world){.posix = true,
                                            .line = program->line,
                                            .arg = program,
                                            .read = read_config,
                                            .print = print_line,
                                            .complain = complain_line};
    program->status = STATUS_NOT_STARTED;
    if (!wrong && !keep_words(program, argc, argv))
        wrong = "no memory for the command line";
    if (wrong) {
        fprintf(stderr, "%s: %s\n", program->app->name, wrong);
        return false;
    }
    metadata_open(&program->world);
    program->world.words = program->argv;
    program->world.room = program->words;
    program->world.count = argc;
    outcome = options_parse(&program->options, &program->world, program->app, argc, argv);
    if (outcome == OPTIONS_RUN && program->options.metadata.where == METADATA_NOCLOUD)
        outcome = posix_seed_read(program);
    if (outcome == OPTIONS_DONE)
        program->status = EXIT_SUCCESS;
    return outcome == OPTIONS_RUN;
}

static void say_hangup(struct program *program, const char *text, const char *more)
{
    snprintf(program->line, sizeof program->line, "%s: SIGHUP: %.200s%s", program->app->name, text,
             more);
    program->platform.say(&program->platform, program->line);
}

/* Takes over the files that a running program can change; names the other changes. */
static void take_over(struct program *program)
{
    static const unsigned taken[] = {KEY_CERT, KEY_KEY};
    struct options *options = &program->options;
    const struct options *fresh = &program->fresh;
    char names[200] = "";

    for (unsigned i = 0; i < sizeof taken / sizeof *taken; i++)
        options->digest[taken[i]] = fresh->digest[taken[i]];
    for (unsigned key = 0; key < KEY_COUNT; key++) {
        const size_t len = strlen(names);

        if (fresh->digest[key] != options->digest[key])
            snprintf(names + len, sizeof names - len, " --%s", all_options[key].name);
    }
    program->platform.certificate = fresh->certificate;
    program->platform.key = fresh->key;
    if (names[0])
        say_hangup(program, "these changes need a new start:", names);
}

static void read_again(struct program *program)
{
    const char *why;

    if (program->options.config) {
        if (options_parse_again(&program->fresh, &program->world, program->app) != OPTIONS_RUN) {
            say_hangup(program, "the earlier configuration stays in force", "");
            return;
        }
        take_over(program);
    }
    why = program->app->reload ? program->app->reload(&program->platform) : NULL;
    say_hangup(program, why ? why : "files read again",
               why ? "; the earlier files stay in force" : "");
}

void posix_on_hangup(void *arg)
{
    struct program *program = arg;
    struct leat_host *host = &program->host;
    bool opened;

    posix_notify_reload(&program->notify, host->now_ns(host), true);
    opened = sinks_reopen();
    if (program->options.config || program->app->reload)
        read_again(program);
    else if (opened)
        say_hangup(program, "log opened again", "");
    posix_notify_reload(&program->notify, host->now_ns(host), false);
}

void posix_take_hangup(struct program *program)
{
    if ((program->app->reload || program->options.config || sinks_have_file()) &&
        program->device.posix &&
        leat_posix_on_hangup(program->device.posix, posix_on_hangup, program))
        fprintf(stderr, "%s: SIGHUP can't be taken\n", program->app->name);
}
