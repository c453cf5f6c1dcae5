/* fetch_words.h -- the command line of fetch, as curl has it, and its exit statuses. */
#ifndef FETCH_WORDS_H
#define FETCH_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/url.h>

#include "example.h"

/* Those of curl(1). */
enum fetch_status {
    FETCH_OK = 0,
    FETCH_UNSUPPORTED = 1, /* a protocol, or a redirect from https to http */
    FETCH_USAGE = 2,
    FETCH_BAD_URL = 3,
    FETCH_NO_HOST = 6, /* its name can't be resolved */
    FETCH_NO_CONNECTION = 7,
    FETCH_WEIRD_REPLY = 8,
    FETCH_PARTIAL = 18,    /* the connection ended before the body did */
    FETCH_HTTP_ERROR = 22, /* status 400 or more */
    FETCH_NOT_WRITTEN = 23,
    FETCH_NOT_READ = 26, /* the file to send */
    FETCH_TIMEOUT = 28,
    FETCH_NO_RANGES = 33, /* -C: the server sends the whole file */
    FETCH_TLS = 35,
    FETCH_REDIRECTS = 47,
    FETCH_NO_REPLY = 52,
    FETCH_SEND = 55,
    FETCH_RECEIVE = 56,
    FETCH_UNTRUSTED = 60
};

enum {
    FETCH_FIELDS_BYTES = 12288
};

/* The command line. */
struct fetch_words {
    char url[LEAT_URL_BYTES]; /* without a user, its host in ASCII */
    const char *body_file;    /* NULL: GET */
    const char *output;       /* NULL: the standard output */
    bool resume;              /* behind the bytes that `output` has, or: */
    uint64_t from;
    bool fail; /* write no body of an error */
    unsigned redirects_max;
    uint64_t max_ns;                  /* 0: for ever */
    char fields[FETCH_FIELDS_BYTES];  /* of each request */
    char secrets[FETCH_FIELDS_BYTES]; /* those only for the first host: Authorization, Cookie */
};

/* Lines of --help. */
extern const char fetch_options[];

/* Reads the words. FETCH_OK; else *why has the reason. */
enum fetch_status fetch_words_read(struct fetch_words *words, const struct leat_platform *platform,
                                   const char **why);

#endif
