/* http_text.h -- a reply that is written entry by entry, as there is room for it. */
#ifndef HTTP_HTTP_TEXT_H
#define HTTP_HTTP_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include <leat/http_exchange.h>

#include "core/text.h"

/* Adds text of strangers: what HTML would take for its own is escaped. */
void http_text_add_escaped(struct text *text, const char *words);

/* What comes next of a reply. */
struct http_entries {
    size_t bytes_max;                            /* an entry has at most so many */
    bool (*write)(struct text *text, void *arg); /* the next one; false: no more */
    void *arg;
};

enum http_text_outcome {
    HTTP_TEXT_WAITS, /* on_writable follows, for what is left */
    HTTP_TEXT_SENT,  /* all of it, and the exchange is over */
    HTTP_TEXT_FAILED /* on_failed follows */
};

/* Sends entries, in the buffers that they are written to, until there is no room. */
enum http_text_outcome http_text_send(struct leat_http_exchange *exchange,
                                      const struct http_entries *entries);

#endif
