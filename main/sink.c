/* sink.c -- see sink.h. */
#include "sink.h"

#include <stdio.h>
#include <string.h>

#include <leat/civil.h>

enum {
    SYSLOG_QUEUE_BYTES = 16 * 1024,
    SYSLOG_BYTES = SYSLOG_QUEUE_BYTES + 1024,
    SYSLOG_HEADER_BYTES = 100, /* limit of a message without its line */
    SAY_BYTES = 300,
    END_MS = 1000,
    END_STEP_MS = 5
};

static const uint64_t retry_after_ns = 100000000;

static struct leat_log logs[SINKS_MAX];
static unsigned log_count;

/* ---- Open and close ----------------------------------------------------------------------- */

static const char *open_server(struct leat_log *log, unsigned index)
{
    static _Alignas(8) char memory[SINKS_MAX][SYSLOG_BYTES];
    const struct leat_syslog_config config = {.server = log->target.server,
                                              .tcp = log->target.tcp,
                                              .app_name = log->program,
                                              .queue_bytes = SYSLOG_QUEUE_BYTES};
    const enum leat_err err = leat_syslog_open(&log->server, log->platform->stack, memory[index],
                                               sizeof memory[index], &config);

    return err ? leat_err_text(err) : NULL;
}

const char *sink_open(struct leat_log **log, const struct sink_target *target, const char *option,
                      struct leat_platform *platform, const char *program)
{
    static char line[SAY_BYTES];
    struct leat_log *made = &logs[log_count];
    const char *why = "there are too many logs";

    if (log_count < SINKS_MAX) {
        *made = (struct leat_log){.option = option,
                                  .program = program,
                                  .platform = platform,
                                  .target = *target,
                                  .fd = -1};
        why = target->kind == SINK_SYSLOG ? open_server(made, log_count) : sink_device_open(made);
    }
    if (why) {
        snprintf(line, sizeof line, "--%.30s %.160s: %.80s", option,
                 target->kind == SINK_FILE     ? target->path
                 : target->kind == SINK_OUTPUT ? "stdout"
                                               : "syslog",
                 why);
        return line;
    }
    leat_civil_from_host(platform->stack, platform->host); /* no clock: lines without a date */
    log_count++;
    *log = made;
    return NULL;
}

/* Tells "PROGRAM: --OPTION: TEXT". */
static void say(const struct leat_log *log, const char *text)
{
    char line[SAY_BYTES];

    snprintf(line, sizeof line, "%.40s: --%.30s: %.200s", log->program, log->option, text);
    sink_device_say(log, line);
}

static void say_lost(const struct leat_log *log, const char *before)
{
    char text[100];

    snprintf(text, sizeof text, "%s%llu lines were lost", before, (unsigned long long)log->untold);
    say(log, text);
}

/* ---- Lines -------------------------------------------------------------------------------- */

/* Takes the lines that are written whole off the queue.  So one that isn't can be written again as
 * a whole to another file. */
static void drop_written(struct leat_log *log)
{
    uint32_t end = log->begun;

    while (end > 0 && log->queue[end - 1] != '\n')
        end--;
    log->queued -= end;
    log->begun -= end;
    if (log->queued > 0)
        memmove(log->queue, log->queue + end, log->queued);
}

/* Tells how writing went; @why is NULL unless it failed. */
static void tell(struct leat_log *log, const char *why)
{
    char text[160];

    if (why && !log->has_failed) {
        log->has_failed = true;
        snprintf(text, sizeof text, "%.80s; lines wait, those beyond 64 KiB are lost", why);
        say(log, text);
    }
    if (why || log->queued > 0)
        return;
    /* what the standard output lacks is told at its place there */
    if (log->untold > 0 && log->target.kind == SINK_FILE) {
        say_lost(log, log->has_failed ? "it can be written again; " : "");
        log->untold = 0;
    } else if (log->has_failed) {
        say(log, "it can be written again");
    }
    log->has_failed = false;
}

static void push(struct leat_log *log)
{
    const char *why = NULL;

    log->begun +=
        (uint32_t)sink_device_write(log, log->queue + log->begun, log->queued - log->begun, &why);
    drop_written(log);
    tell(log, why);
}

static void add(struct leat_log *log, const char *line, size_t len)
{
    memcpy(log->queue + log->queued, line, len);
    log->queue[log->queued + len] = '\n';
    log->queued += (uint32_t)len + 1;
}

/* Puts a line into the queue.  False: it is full, or lines were lost and it is not half empty yet,
 * so that one message tells of many. */
static bool queue_line(struct leat_log *log, const char *line, size_t len)
{
    char lost[SAY_BYTES];
    const size_t limit = log->untold > 0 ? SINK_QUEUE_BYTES / 2 : SINK_QUEUE_BYTES;
    int lost_len;

    if (log->queued + len + 1 > limit)
        push(log);
    if (log->queued + len + 1 > limit)
        return false;
    if (log->untold > 0 && log->target.kind == SINK_OUTPUT) {
        lost_len = snprintf(lost, sizeof lost, "%.40s: --%.30s: %llu lines were lost", log->program,
                            log->option, (unsigned long long)log->untold);
        add(log, lost, (size_t)lost_len); /* the other half of the queue has room for it */
        log->untold = 0;
    }
    add(log, line, len);
    return true;
}

size_t sink_line_bytes(const struct leat_log *log)
{
    return log->server ? LEAT_SYSLOG_MESSAGE_BYTES - SYSLOG_HEADER_BYTES : SINK_LINE_BYTES;
}

void sink_line(struct leat_log *log, const char *line, size_t len)
{
    const char *why;

    log->lines++;
    if (len > SINK_LINE_BYTES)
        len = SINK_LINE_BYTES;
    if (log->server) {
        leat_syslog_send(log->server, LEAT_SYSLOG_INFORMATIONAL, line, len);
    } else if (!log->queue) {
        sink_device_write(log, line, len, &why);
        sink_device_write(log, "\n", 1, &why);
    } else if (!queue_line(log, line, len)) {
        log->dropped++;
        log->untold++;
    }
}

uint64_t sink_dropped(const struct leat_log *log)
{
    return log->dropped + (log->server ? leat_syslog_counts(log->server)->lost : 0);
}

const struct leat_log *sink_at(unsigned index)
{
    return index < log_count ? &logs[index] : NULL;
}

/* ---- All logs ----------------------------------------------------------------------------- */

uint64_t sinks_flush(uint64_t now_ns)
{
    uint64_t next_ns = LEAT_NEVER_NS;

    for (unsigned i = 0; i < log_count; i++) {
        struct leat_log *log = &logs[i];

        if (log->queued > 0 && now_ns >= log->retry_ns) {
            push(log);
            log->retry_ns = log->queued > 0 ? now_ns + retry_after_ns : 0;
        }
        if (log->queued > 0 && log->retry_ns < next_ns)
            next_ns = log->retry_ns;
    }
    return next_ns;
}

bool sinks_have_file(void)
{
    bool has_file = false;

    for (unsigned i = 0; i < log_count; i++)
        has_file |= logs[i].target.kind == SINK_FILE;
    return has_file;
}

/* Not inlined, so that its text doesn't enlarge its caller's frame. */
__attribute__((noinline)) static void say_still_open(const struct leat_log *log, const char *why)
{
    char text[160];

    snprintf(text, sizeof text, "can't open it again: %.80s; the open file stays in use", why);
    say(log, text);
}

bool sinks_reopen(void)
{
    bool all = true;

    for (unsigned i = 0; i < log_count; i++) {
        struct leat_log *log = &logs[i];
        const char *why;

        if (log->target.kind != SINK_FILE)
            continue;
        push(log);
        why = sink_device_open(log);
        if (why) {
            say_still_open(log, why);
            all = false;
            continue;
        }
        log->begun = 0; /* a line that the file before has in part is whole in the new one */
        log->retry_ns = 0;
    }
    return all;
}

/* Writes the rest; lines that stay behind are lost. */
static void finish(struct leat_log *log)
{
    if (log->queued > 0)
        push(log);
    /* a pipe takes a part whenever its reader has taken one */
    for (unsigned i = 0; i < END_MS / END_STEP_MS && log->queued > 0; i++) {
        if (sink_device_wait(log, END_STEP_MS))
            push(log);
    }
    for (uint32_t i = log->begun; i < log->queued; i++) {
        log->dropped += log->queue[i] == '\n';
        log->untold += log->queue[i] == '\n';
    }
    if (log->untold > 0)
        say_lost(log, "");
    log->queued = log->begun = 0;
    log->untold = 0;
}

void sinks_close(void)
{
    for (unsigned i = 0; i < log_count; i++) {
        if (!logs[i].server) {
            finish(&logs[i]);
            sink_device_close(&logs[i]);
        }
    }
    log_count = 0;
}
