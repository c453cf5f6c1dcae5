/* http_text.h -- replies that are written entry by entry, as there is room. */
#ifndef HTTP_HTTP_TEXT_H
#define HTTP_HTTP_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include <leat/http_exchange.h>

#include "core/text.h"

/* Adds untrusted text, with HTML's special characters escaped. */
void http_text_add_escaped(struct text *text, const char *words);

/* The source of a reply's entries. */
struct http_entries {
    size_t bytes_max;                            /* limit of an entry */
    bool (*write)(struct text *text, void *arg); /* writes the next entry; false: no more */
    void *arg;
};

enum http_text_outcome {
    HTTP_TEXT_WAITS, /* on_writable follows, to send the rest */
    HTTP_TEXT_SENT,  /* everything; the exchange is over */
    HTTP_TEXT_FAILED /* on_failed follows */
};

/* Sends entries in the buffers that they are written to, until there is no room. */
enum http_text_outcome http_text_send(struct leat_http_exchange *exchange,
                                      const struct http_entries *entries);

#endif
