/* http_chunk.c -- framing of a body in chunks. */
#include "web/http/http_chunk.h"

const char http_chunks_end[7] = {'\r', '\n', '0', '\r', '\n', '\r', '\n'};

void http_chunk_frame(struct leat_buf *frame, uint32_t len, bool follows)
{
    uint32_t digits = 1;
    uint8_t *at;

    /* two shifts, as one by 32 would be undefined; no leading zeros */
    while (len >> 4 * (digits - 1) >> 4)
        digits++;
    /* the line end that closes the chunk before is written with the next one, so that both are one
     * buffer */
    at = leat_buf_put(frame, digits + (follows ? 4 : 2));
    if (follows) {
        *at++ = '\r';
        *at++ = '\n';
    }
    while (digits-- > 0)
        *at++ = (uint8_t) "0123456789abcdef"[len >> 4 * digits & 15];
    *at++ = '\r';
    *at = '\n';
}
