/* options.h -- the command line of leat-replay. */
#ifndef REPLAY_OPTIONS_H
#define REPLAY_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <leat/capture.h>
#include <leat/leat.h>

#include "core/ip4.h"

enum {
    STATUS_FINE = 0,
    STATUS_FINDING = 1, /* a difference, or a frame that the stack should not have sent */
    STATUS_WRONG = 2,   /* an error in the command line or in the file */
    LISTEN_MAX = 16,
    OPTIONS_MAX = 32,
    PROGRESS_FRAMES = 65536
};

struct options {
    const char *command;
    const char *path;  /* "-": standard input */
    const char *name;  /* the file's name in messages */
    struct leat_ip ip; /* "::": unset */
    uint16_t listen[LISTEN_MAX];
    unsigned listen_count;
    uint32_t flow; /* UINT32_MAX: all */
    bool server;   /* only these sides; neither: both */
    bool client;
    const char *out;    /* a folder */
    const char *record; /* NULL: don't */
    const char *plot;
    const char *program;
    bool repair;
    bool verbose;
    bool json;
    bool quiet; /* no progress bar */
    bool help;
    bool version;
};

/* Parses the command line; returns an exit status, or -1 to continue. */
int options_parse(struct options *options, int argc, char **argv);

/* Prints the help of @command, or of all (NULL). */
void help_print(const char *command);

/* True if there is such a command, and if it has this option. */
bool help_knows(const char *command);
bool help_has(const char *command, const char *option);

/* Opens the capture, which may be compressed; prints an error line on failure. Its frames are
 * Ethernet frames without tags and labels. */
struct leat_capture *open_capture(const struct options *options);

/* The same for a recording of leat, whose frames are unchanged. */
struct leat_capture *open_recording(const struct options *options);

/* A progress bar on a terminal, for long files. */
void progress_show(const struct options *options, const struct leat_capture *capture,
                   uint64_t frames);

/* To be called for each frame; short files end before the bar appears. */
static inline void progress(const struct options *options, const struct leat_capture *capture,
                            uint64_t frames)
{
    if (frames % PROGRESS_FRAMES == 0)
        progress_show(options, capture, frames);
}
void progress_flows(const struct options *options, uint32_t number, uint32_t count);
void progress_end(const struct options *options);

/* Prints the error of a broken capture; returns the exit status. */
int capture_end(const struct options *options, const struct leat_capture *capture);

/* Prints a JSON string with its quotes. */
void json_string(FILE *to, const char *text);

int feed(const struct options *options);
int streams(const struct options *options);
int flow(const struct options *options);
int recorded(const struct options *options);
int unhex(const struct options *options);

#endif
