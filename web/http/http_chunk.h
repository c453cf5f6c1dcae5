/* http_chunk.h -- framing of a body in chunks that we send (RFC 9112 7.1). */
#ifndef HTTP_HTTP_CHUNK_H
#define HTTP_HTTP_CHUNK_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/buf.h>

enum {
    HTTP_FRAMING_BYTES = 32 /* bound of the framing of one chunk and the end of the body */
};

/* The end of a body. Omit its first two bytes if there was no chunk. */
extern const char http_chunks_end[7];

/* Writes the size line of a chunk of @len bytes to @frame, which is empty. If the chunk @follows
 * another, the end of that comes first. */
void http_chunk_frame(struct leat_buf *frame, uint32_t len, bool follows);

#endif
