/*
 * sink.h -- where the lines of a log go: the standard output, a file, a syslog server.
 *
 * The loop never waits for a sink.  On POSIX lines wait in a queue as long as a disk is full or the
 * reader of a pipe is slow.  Lines that don't fit are dropped and counted, and their number is told
 * when the sink takes lines again.  SIGHUP opens files again.  No line is lost by that, since a
 * line that waits goes to the file before, or else to the new one.
 *
 * A log of another kind takes four steps:
 *
 *  1. an option, whose value option_take() reads by sink_parse() into a struct sink_target;
 *  2. sink_open() opens it, between bring_up() and bring_up_start(); the program finds it in
 *     struct leat_platform;
 *  3. posix_check.c looks at it by sink_check(), for --check-config;
 *  4. the program writes lines by leat_platform.log_line(), or what makes them calls sink_line().
 *
 * The platform calls sinks_flush(), sinks_reopen() and sinks_close(), and the metrics have all
 * logs.
 */
#ifndef SINK_H
#define SINK_H

#include <leat/addr.h>
#include <leat/main.h>
#include <leat/syslog.h>

enum {
    SINKS_MAX = 2,
    SINK_QUEUE_BYTES = 64 * 1024, /* of lines that wait, on POSIX */
    SINK_LINE_BYTES = 4096        /* longest line; the rest is cut off */
};

enum sink_kind {
    SINK_NONE,
    SINK_OUTPUT, /* the standard output, or an image's console */
    SINK_FILE,
    SINK_SYSLOG
};

struct sink_target {
    enum sink_kind kind;
    const char *path;            /* of a file */
    struct leat_endpoint server; /* of syslog */
    bool tcp;                    /* to that server, else by UDP */
};

/* A log; all zero: closed.  Nothing moves it. */
struct leat_log {
    const char *option;  /* the name of its option, for messages and metrics */
    const char *program; /* the name of the program */
    struct leat_platform *platform;
    struct sink_target target;
    struct leat_syslog *server; /* NULL: none */
    char *queue;                /* the platform's, of SINK_QUEUE_BYTES; NULL: none is needed */
    uint32_t queued;            /* bytes of lines in the queue */
    uint32_t begun;             /* bytes of the first line that are written */
    uint64_t retry_ns;          /* the next attempt to write what waits */
    uint64_t lines;             /* taken */
    uint64_t dropped;           /* without those of the syslog client */
    uint64_t untold;            /* dropped lines that no message has told */
    bool has_failed;            /* the last write failed, and that was told */
    int fd;                     /* the rest is the platform's; -1: none */
    bool is_socket;
    bool may_block; /* a write must be small, and preceded by poll() */
};

/* Reads "stdout", "syslog:[tcp:]IP:PORT", or the path of a file (@posix).  False: none of them. */
bool sink_parse(const char *text, bool posix, struct sink_target *target);

/* The legal values of such an option, for messages. */
#define SINK_EXPECTATION ": must be stdout, syslog:[tcp:]ADDRESS:PORT, or a file (not in an image)"

/* Opens the log of --@option as the target says; @program, as the options, stays.  For syslog the
 * stack has UDP and TCP.  Returns NULL, or a line with the reason of a failure. */
const char *sink_open(struct leat_log **log, const struct sink_target *target, const char *option,
                      struct leat_platform *platform, const char *program);

/* The longest line that gets through whole. */
size_t sink_line_bytes(const struct leat_log *log);

/* Writes a line of @len bytes, without its end.  The caller has escaped control characters. */
void sink_line(struct leat_log *log, const char *line, size_t len);

/* Lines that were lost, those of the syslog client included. */
uint64_t sink_dropped(const struct leat_log *log);

/* Log number @index, or NULL. */
const struct leat_log *sink_at(unsigned index);

/* Writes what waits.  Call it before each wait of the loop; returns when to call it again. */
uint64_t sinks_flush(uint64_t now_ns);

/* True if a log is a file, which sinks_reopen() opens again. */
bool sinks_have_file(void);

/* Opens the files again.  False: one can't be opened.  That is told, and its open file stays in
 * use. */
bool sinks_reopen(void);

/* Writes what waits, for a second at most, and closes the logs; call it after the loop. */
void sinks_close(void);

/* ---- The platform: posix_sink.c, bare/bare_sink.c ---- */

/* On POSIX: NULL, or why the target can't be opened, in static memory.  Creates nothing. */
const char *sink_check(const struct sink_target *target);

/* Opens the target, the standard output or a file, and closes what was open before.  Returns NULL,
 * or the reason of a failure in static memory; then all stays. */
const char *sink_device_open(struct leat_log *log);

/* Writes as much of @bytes as goes without waiting, and returns how much.  @why gets the reason, in
 * static memory, if it is not only a slow reader that stops it. */
size_t sink_device_write(struct leat_log *log, const char *bytes, size_t len, const char **why);

/* Waits for room, for @wait_ms at most; false: there was none. */
bool sink_device_wait(const struct leat_log *log, unsigned wait_ms);

/* Tells the user about this log, elsewhere than in it, if that is possible without waiting. */
void sink_device_say(const struct leat_log *log, const char *line);

void sink_device_close(struct leat_log *log);

#endif
