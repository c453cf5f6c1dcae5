/* http_chunk.h -- what stands around the data of a body in chunks that we send (RFC 9112 7.1). */
#ifndef HTTP_HTTP_CHUNK_H
#define HTTP_HTTP_CHUNK_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/buf.h>

enum {
    HTTP_FRAMING_BYTES = 32 /* more than a chunk and the end of the body need around the data */
};

/* The end of a body; without its first two bytes if there was no chunk. */
extern const char http_chunks_end[7];

/* Writes the size of a chunk of @len bytes to @frame, which is empty; behind the end of the chunk
 * before it, if it @follows one. */
void http_chunk_frame(struct leat_buf *frame, uint32_t len, bool follows);

#endif
