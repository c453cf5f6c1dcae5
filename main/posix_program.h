/* posix_program.h -- a program of leat_main() on POSIX, for the files that make it. */
#ifndef POSIX_PROGRAM_H
#define POSIX_PROGRAM_H

#include <leat/leat.h>
#include <leat/main.h>
#include <leat/pcap.h>
#include <leat/posix_folder.h>

#include "bring_up.h"
#include "explain.h"
#include "flight.h"
#include "keep.h"
#include "notes.h"
#include "options.h"
#include "posix_device.h"
#include "posix_files.h"
#include "posix_link.h"
#include "posix_notify.h"
#include "posix_output.h"

enum {
    STATUS_FAILED = 1,
    STATUS_NOT_STARTED = 2 /* an error of the command line, the device, or the program */
};

struct program {
    struct leat_platform platform; /* first; the program sees only this part */
    const struct leat_app *app;
    struct leat_host host; /* the machine's, with an end that the program can ask for */
    struct options_world world;
    struct options options;
    struct options fresh; /* read at SIGHUP */
    char **argv;          /* as they were given, without the name of the program */
    char **words;         /* the same, for options_parse() at SIGHUP */
    int argc;             /* of both */
    struct posix_device device;
    struct posix_link link; /* of a device of Linux */
    bool outlives_device;   /* it has work without one, so a lost device doesn't end it */
    bool device_is_lost;    /* and was told */
    struct leat_pcap_recorder *recorder;
    struct leat_netif *netif; /* what the stack is attached to */
    struct bring_up up;
    struct flight flight;
    void *flight_memory;
    struct explain explain;
    uint8_t seed[LEAT_SEED_BYTES];
    char notes[NOTES_BYTES]; /* of the recording */
    void *memory;            /* the stack's */
    size_t memory_bytes;
    struct leat_block_device *disk; /* of --store */
    struct keep *keep;              /* NULL: nothing is kept */
    struct posix_files files;
    const char *config_bytes; /* of the configuration, or NULL */
    struct posix_output output;
    struct posix_notify notify;
    struct leat_files *folder; /* of --files */
    char why[LEAT_WHY_BYTES];
    char line[OPTIONS_LINE_BYTES];
    int status;
};

/* Reads the command line and the configuration.  False: program->status is the exit status. */
bool posix_configure(struct program *program, int argc, char **argv);

/* Sets program->host. */
void posix_host_make(struct program *program);

/* SIGHUP (@arg is the program): the configuration and the program's files are read again. */
void posix_on_hangup(void *arg);

/* Takes SIGHUP if there is something to read or to open again. */
void posix_take_hangup(struct program *program);

#endif
