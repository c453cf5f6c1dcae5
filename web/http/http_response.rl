/*
 * http_response.rl -- the grammar of a reply's head (RFC 9112 4, 5).
 *
 * It is as strict as that of requests: it refuses bare CRs and LFs, folded lines, spaces before a
 * colon, two lengths, and a length beside a coding. By a reply that two programs read differently,
 * a server or a proxy can give one client's reply to another (RFC 9112 11.1, 11.2).
 */
#include "web/http/http_response.h"

#include <string.h>

static void digit(struct http_response *response, uint8_t octet)
{
    const uint64_t value = octet - (uint64_t)'0';

    if (response->content_length > ((uint64_t)INT64_MAX - value) / 10)
        response->verdict = HTTP_VERDICT_BAD;
    else
        response->content_length = 10 * response->content_length + value;
}

/* Checks the parts of a complete head against each other. */
static void finish(struct http_response *response)
{
    const bool framed = response->codings > 0 || response->length_given;
    const bool coded =
        response->codings == 0 || (response->codings == 1 && response->chunked &&
                                   !response->length_given && response->minor_version > 0);
    const bool none = response->status == 204 && (response->codings || response->content_length);

    response->verdict = HTTP_VERDICT_GOOD;
    if (!coded || none) /* RFC 9112 6.1, 6.3; RFC 9110 15.3.5 */
        response->verdict = HTTP_VERDICT_BAD;
    if (response->status < 200 && (framed || response->status == 101)) /* we never ask for 101 */
        response->verdict = HTTP_VERDICT_BAD;
}

%%{
machine reply;
alphtype unsigned char;
variable cs response->state;

action status_digit { response->status = (uint16_t)(10 * response->status + (fc - '0')); }
action minor_1      { response->minor_version = 1; }
action close        { response->close = true; }
action keep_alive   { response->keep_alive = true; }
action length       { if (response->length_given) { response->verdict = HTTP_VERDICT_BAD; fbreak; }
                      response->length_given = true; }
action length_digit { digit(response, fc); if (response->verdict) fbreak; }
action coding       { response->codings = response->codings ? 2 : 1; }
action chunked      { response->chunked = true; }
action done         { finish(response); fbreak; }

crlf    = "\r\n";
ows     = [ \t]*;
tchar   = alnum | [!#$%&'*+\-.^_`|~];                     # RFC 9110 5.6.2
token   = tchar+;
text    = ( 0x21..0x7e | 0x80..0xff | [ \t] )*;           # RFC 9110 5.5

status = ( [1-5] digit digit ) $status_digit;
line   = "HTTP/1." ( "0" | [1-9] @minor_1 ) " " status ( " " text )? crlf;

option     = token | "close"i %close | "keep-alive"i %keep_alive;
connection = "connection:"i ows option? ows ( "," ows option? ows )*;
length     = "content-length:"i @length ows ( digit+ $length_digit ) ows;
transfer   = "transfer-encoding:"i ( text %coding | ows "chunked"i ows %chunked );
names      = "connection"i | "content-length"i | "transfer-encoding"i;
field      = connection | length | transfer | ( token - names ) ":" text;

main := line ( field crlf )* crlf @done;
}%%

%% write data nofinal noentry;

void http_response_start(struct http_response *response)
{
    *response = (struct http_response){.state = reply_start};
}

/* Unchecked for the reason in http_request.rl. */
static __attribute__((no_sanitize("undefined"))) size_t step(struct http_response *response,
                                                             const uint8_t *bytes, size_t len)
{
    const uint8_t *p = bytes;
    const uint8_t *const pe = bytes + len;

    %% write exec;
    return (size_t)(p - bytes);
}

size_t http_response_read(struct http_response *response, const uint8_t *bytes, size_t len)
{
    const size_t taken = step(response, bytes, len);

    if (response->state == reply_error)
        response->verdict = HTTP_VERDICT_BAD;
    return taken;
}
