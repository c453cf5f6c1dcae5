/*
 * http_body.rl -- the chunked coding (RFC 9112 7.1), read as it arrives.
 *
 * Extensions and trailers are checked by their grammar and discarded. A sign, a space or "0x"
 * before a size, a bare LF, a size of more than 16 digits: all that two programs could read
 * differently is refused (RFC 9112 11.2).
 */
#include "web/http/http_body.h"

/* Adds a digit of a size. True: too many digits. */
static bool size_digit(struct http_body *body, uint8_t digit)
{
    const int value = digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;

    body->left = body->left << 4 | (uint64_t)value;
    return body->digits++ == 16;
}

%%{
machine http_chunks;
alphtype unsigned char;
variable cs body->state;

action size  { body->left = 0; body->digits = 0; }
action digit { if (size_digit(body, fc)) { body->phase = HTTP_BODY_BAD; fbreak; } }
action data  { body->phase = HTTP_BODY_DATA; body->framing_bytes = 0; fbreak; }
action last  { body->last = true; body->framing_bytes = 0; }
action over  { body->phase = HTTP_BODY_OVER; fbreak; }

crlf    = "\r\n";
bws     = [ \t]*;
token   = ( alnum | [!#$%&'*+\-.^_`|~] )+;                # RFC 9110 5.6.2
visible = 0x21..0x7e | 0x80..0xff | [ \t];
data    = visible*;
quoted  = '"' ( visible - [\\"] | "\\" visible )* '"';    # RFC 9110 5.6.4

ext     = bws ";" bws token ( bws "=" bws ( token | quoted ) )?;
chunk   = ( "0"* ( xdigit - "0" ) xdigit* ) >size $digit ext* crlf @data crlf;
last    = ( "0"+ ) >size $digit ext* crlf @last;
trailer = token ":" data crlf;

main := chunk* last trailer* crlf @over;
}%%

%% write data nofinal noentry;

/* Runs the machine on bytes that all may be framing. Unchecked for the reason in
 * http_request.rl. */
static __attribute__((no_sanitize("undefined"))) size_t step(struct http_body *body,
                                                             const uint8_t *bytes, size_t len)
{
    const uint8_t *p = bytes;
    const uint8_t *const pe = bytes + len;

    %% write exec;
    if (body->state == http_chunks_error)
        body->phase = HTTP_BODY_BAD;
    return (size_t)(p - bytes);
}

void http_body_start(struct http_body *body, bool chunked, uint64_t length)
{
    *body = (struct http_body){.left = length, .state = http_chunks_start, .chunked = chunked};
    body->phase = chunked ? HTTP_BODY_FRAMING : length > 0 ? HTTP_BODY_DATA : HTTP_BODY_OVER;
}

size_t http_body_framing(struct http_body *body, const uint8_t *bytes, size_t len)
{
    size_t taken = 0;

    while (taken < len && body->phase == HTTP_BODY_FRAMING) {
        const size_t max = body->last ? HTTP_TRAILER_BYTES : HTTP_CHUNK_LINE_BYTES;
        const size_t room = max - body->framing_bytes;
        const bool was_last = body->last;
        size_t read;

        if (room == 0) {
            body->phase = HTTP_BODY_BAD;
            break;
        }
        read = step(body, bytes + taken, len - taken < room ? len - taken : room);
        taken += read;
        if (body->phase == HTTP_BODY_FRAMING && body->last == was_last)
            body->framing_bytes = (uint16_t)(body->framing_bytes + read);
    }
    return taken;
}

void http_body_take(struct http_body *body, uint64_t bytes)
{
    body->left -= bytes;
    body->taken += bytes;
    if (body->left == 0)
        body->phase = body->chunked ? HTTP_BODY_FRAMING : HTTP_BODY_OVER;
}
