/* metadata_reply.h -- a metadata server's whole reply by HTTP/1.0. */
#ifndef METADATA_REPLY_H
#define METADATA_REPLY_H

#include <stdbool.h>
#include <stddef.h>

struct metadata_reply {
    unsigned status;
    bool is_google; /* "Metadata-Flavor: Google" */
    const char *body;
    size_t len;
};

/* Reads the @len bytes of the reply, which is complete.  False: it isn't one of HTTP, is cut off,
 * or comes in chunks, which HTTP/1.0 hasn't. */
bool metadata_reply_read(struct metadata_reply *reply, const char *bytes, size_t len);

#endif
