/*
 * http_request.rl -- the grammar of a request's head (RFC 9112, RFC 9110), and what is stored of
 * it.
 *
 * A head that doesn't fit the grammar is a bad request: bare CRs and LFs, folded lines, spaces
 * before a colon, and all else that two programs could read differently (RFC 9112 11.2).
 */
#include "web/http/http_request.h"
#include "web/http/http_said.h"

#include <string.h>

#include <leat/civil.h>

static const uint64_t second_ns = 1000000000;

/* ---- Functions for the actions --------------------------------------------------------------- */

/* For a field that may occur once. True: it was there already (RFC 9110 7.2, RFC 9112 6.3). */
static bool once(struct http_request *request, bool *given)
{
    if (*given)
        request->status = HTTP_BAD_REQUEST;
    *given = true;
    return request->status != HTTP_MORE;
}

/* Adds a digit. A number that is too large stays UINT64_MAX. */
static void decimal(uint64_t *number, uint8_t digit)
{
    const uint64_t value = digit - (uint64_t)'0';

    *number = *number > (UINT64_MAX - value) / 10 ? UINT64_MAX : 10 * *number + value;
}

static uint8_t hex(uint8_t digit)
{
    return (uint8_t)(digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
}

static void path_add(struct http_request *request, uint8_t octet)
{
    if (request->path_len == HTTP_PATH_BYTES)
        request->path_too_long = true;
    else
        request->path[request->path_len++] = (char)octet;
}

static void query_add(struct http_words *words, uint8_t octet)
{
    if (!words)
        return;
    if (words->query_len == HTTP_QUERY_BYTES)
        words->query_too_long = true;
    else
        words->query[words->query_len++] = (char)octet;
}

/* Surrounding spaces are not part of the value (RFC 9110 5.5). */
static void type_add(struct http_words *words, uint8_t octet)
{
    if (!words || (words->type_len == 0 && (octet == ' ' || octet == '\t')))
        return;
    if (words->type_len == HTTP_TYPE_BYTES)
        words->type_too_long = true;
    else
        words->type[words->type_len++] = (char)octet;
}

static void type_end(struct http_words *words)
{
    while (words && words->type_len > 0 &&
           (words->type[words->type_len - 1] == ' ' || words->type[words->type_len - 1] == '\t'))
        words->type_len--;
}

/* Spaces have no meaning in this list (RFC 9110 12.4.2). */
static void codings_add(struct http_words *words, uint8_t octet)
{
    if (!words || octet == ' ' || octet == '\t')
        return;
    if (words->codings_len == HTTP_CODINGS_BYTES)
        words->codings_too_long = true;
    else
        words->codings[words->codings_len++] = (char)octet;
}

static void credentials_start(struct http_words *words)
{
    if (words && words->credentials_len > 0)
        words->credentials_too_long = true;
}

static void credentials_add(struct http_words *words, uint8_t octet)
{
    if (!words || (words->credentials_len == 0 && (octet == ' ' || octet == '\t')))
        return;
    if (words->credentials_len == HTTP_CREDENTIALS_BYTES)
        words->credentials_too_long = true;
    else
        words->credentials[words->credentials_len++] = (char)octet;
}

/* Ranges on two lines may be ignored. */
static void range_start(struct http_request *request)
{
    request->range_fields = request->range_fields ? 2 : 1;
    request->span_count = 0;
    request->spans_read = 0;
}

static void span_start(struct http_request *request)
{
    request->span = (struct http_span){.last = UINT64_MAX};
}

/* A digit of the last byte, or of a suffix: without one the range ends with the file. */
static void span_last(struct http_request *request, uint8_t digit, bool begins)
{
    if (begins)
        request->span.last = 0;
    decimal(&request->span.last, digit);
}

/* Keeps the range that was read. RFC 9110 14.1.1: one invalid range makes all of them invalid. */
static void span_end(struct http_request *request, bool suffix)
{
    struct http_span span = request->span;

    if (suffix)
        span.first = HTTP_SPAN_SUFFIX;
    else if (span.first == HTTP_SPAN_SUFFIX)
        span.first--; /* beyond every file, too */
    if (request->spans_read >= HTTP_SPANS || (!suffix && span.first > span.last))
        request->spans_read = HTTP_SPANS + 1;
    else
        request->spans[request->spans_read++] = span;
}

static void range_end(struct http_request *request)
{
    const bool good = request->range_fields == 1 && request->spans_read <= HTTP_SPANS;

    request->span_count = good ? request->spans_read : 0;
}

static void tags_add(struct http_tags *tags, uint64_t tag, bool weak)
{
    if (tags->count == HTTP_TAGS)
        return;
    tags->tag[tags->count] = tag;
    tags->weak = (uint8_t)(tags->weak | weak << tags->count);
    tags->count++;
}

/* The value of a date field is stored and parsed when it is complete. A grammar of dates in each
 * field would make the machine half as large again. */
static void when_start(struct http_request *request, enum http_when when)
{
    request->when = (uint8_t)when;
    request->when_len = 0;
    request->when_fields[when] = request->when_fields[when] ? 2 : 1;
    request->when_s[when] = 0;
}

static void when_add(struct http_request *request, uint8_t octet)
{
    if (request->when_len < HTTP_DATE_BYTES)
        request->when_text[request->when_len++] = (char)octet;
}

/* A date is ignored if its field occurs twice, because it is ambiguous, if it is too long, or if it
 * is invalid. */
static void when_end(struct http_request *request)
{
    if (request->when_fields[request->when] == 1 && request->when_len < HTTP_DATE_BYTES)
        request->when_s[request->when] =
            leat_civil_parse_http(request->when_text, request->when_len) / second_ns;
}

/* A line of Transfer-Encoding. If the lines before it ended in "chunked", that wasn't the last coding
 * (RFC 9112 6.1). */
static void coding_line(struct http_request *request)
{
    request->codings = request->codings ? 2 : 1;
    request->ended_early = request->ended_early || request->ends_chunked;
    request->ends_chunked = false;
}

/* Checks the parts of a complete head against each other. */
static void finish(struct http_request *request)
{
    const bool modern = request->minor_version > 0;

    if (modern && !request->host) /* RFC 9112 3.2 */
        request->status = HTTP_BAD_REQUEST;
    else if (request->codings > 0 && (request->length_given || !modern)) /* RFC 9112 6.1 */
        request->status = HTTP_BAD_REQUEST;
    else if (request->codings > 0 && (!request->ends_chunked || request->ended_early))
        request->status = HTTP_BAD_REQUEST; /* RFC 9112 6.3: the body's end can't be known */
    else if (request->codings > 0 && !request->chunked)
        request->status = HTTP_NOT_IMPLEMENTED;
    else if (request->expect_other && modern) /* RFC 9110 10.1.1 */
        request->status = HTTP_EXPECTATION_FAILED;
    else
        request->status = HTTP_OK;
}

/* ---- The machine -------------------------------------------------------------------------- */

%%{
machine http;
alphtype unsigned char;
variable cs request->state;

# ---- Actions ---------------------------------------------------------------------------------

action get           { request->method = HTTP_GET; }
action head          { request->method = HTTP_HEAD; }
action post          { request->method = HTTP_POST; }
action put           { request->method = HTTP_PUT; }
action patch         { request->method = HTTP_PATCH; }
action delete        { request->method = HTTP_DELETE; }
action other         { request->method = HTTP_OTHER; }
action unknown       { request->method = HTTP_UNKNOWN; }
action path_octet    { path_add(request, fc); }
action root          { path_add(request, '/'); }
action query_octet   { query_add(request->words, fc); }
action hex_high      { request->octet = (uint8_t)(hex(fc) << 4); }
action hex_low       { path_add(request, (uint8_t)(request->octet | hex(fc))); }
action minor_1       { request->minor_version = 1; }
action major         { request->status = HTTP_VERSION_NOT_SUPPORTED; fbreak; }
action line_done     { request->line_done = true; }

action host          { if (once(request, &request->host)) fbreak; }
action close         { request->close = true; }
action keep_alive    { request->keep_alive = true; }
action length        { if (once(request, &request->length_given)) fbreak; }
action length_digit  { decimal(&request->content_length, fc); }
action type          { if (once(request, &request->type_given)) fbreak; }
action type_octet    { type_add(request->words, fc); }
action type_end      { type_end(request->words); }
action coding        { coding_line(request); }
action chunked       { request->chunked = request->codings == 1; request->ends_chunked = true; }
action ends_chunked  { request->ends_chunked = true; }
action ended_early   { request->ended_early = true; }
action expect_other  { request->expect_other = true; }
action continue      { request->expect_other = false; request->expect_continue = true; }

action codings       { codings_add(request->words, ','); }
action codings_octet { codings_add(request->words, fc); }
action credentials   { credentials_start(request->words); }
action secret_octet  { credentials_add(request->words, fc); }

action referer       { if (request->said) http_said_start(&request->said->referer); }
action referer_octet { if (request->said) http_said_add(&request->said->referer, fc); }
action agent         { if (request->said) http_said_start(&request->said->agent); }
action agent_octet   { if (request->said) http_said_add(&request->said->agent, fc); }

action range         { range_start(request); }
action span          { span_start(request); }
action first_digit   { decimal(&request->span.first, fc); }
action last_first    { span_last(request, fc, true); }
action last_digit    { span_last(request, fc, false); }
action span_both     { span_end(request, false); }
action span_suffix   { span_end(request, true); }
action range_end     { range_end(request); }

action tag_start     { request->tag = 0; }
action tag_digit     { request->tag = request->tag << 4 | hex(fc); }
action match         { request->if_match.given = true; }
action match_any     { request->if_match.any = true; }
action match_tag     { tags_add(&request->if_match, request->tag, false); }
action match_weak    { tags_add(&request->if_match, request->tag, true); }
action none          { request->if_none_match.given = true; }
action none_any      { request->if_none_match.any = true; }
action none_tag      { tags_add(&request->if_none_match, request->tag, false); }
action none_weak     { tags_add(&request->if_none_match, request->tag, true); }
action if_range      { request->if_range.given = true; }
action if_range_tag  { tags_add(&request->if_range, request->tag, false); }

action since         { when_start(request, HTTP_MODIFIED_SINCE); }
action not_since     { when_start(request, HTTP_UNMODIFIED_SINCE); }
action range_since   { when_start(request, HTTP_RANGE_SINCE); }
action when_octet    { when_add(request, fc); }
action when_end      { when_end(request); }
action done          { finish(request); fbreak; }

# ---- Letters ---------------------------------------------------------------------------------

crlf    = "\r\n";
ows     = [ \t]*;
tchar   = alnum | [!#$%&'*+\-.^_`|~];                     # RFC 9110 5.6.2
token   = tchar+;
visible = 0x21..0x7e;
text    = ( visible | 0x80..0xff | [ \t] )*;              # RFC 9110 5.5
digits  = digit+;

# ---- Request line (RFC 9112 3) ---------------------------------------------------------------

plain     = alnum | [\-._~!$&'()*+,;=:@];                 # RFC 3986 3.3, 3.2
# no path may have these, but curl and scripts send them, UTF-8 too, and other servers take them
raw       = [\[\]|{}^] | 0x80..0xff;
pchar     = ( plain | raw ) @path_octet | "%" xdigit @hex_high xdigit @hex_low;
query     = "?" ( ( visible | 0x80..0xff ) @query_octet )*;
path      = "/" @path_octet ( pchar | "/" @path_octet )* query?;
authority = ( plain | [%\[\]] )+;
target    = path | "http"i "s"i? "://" authority ( path | "" %root | query >root );
asks      = ( "GET" %get | "HEAD" %head | "POST" %post | "PUT" %put | "PATCH" %patch
              | "DELETE" %delete ) " " target;
named     = "CONNECT" | "OPTIONS" | "TRACE";
resources = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
others    = ( ( token - resources ) %unknown | named %other ) " " ( visible | 0x80..0xff )+;
version   = "HTTP/" ( "1." ( "0" | [1-9] @minor_1 ) | [02-9] "." digit @major );
line      = ( asks | others ) " " version crlf @line_done;

# ---- Fields (RFC 9110 5): those that matter, each with a grammar of its own --------------------
# If a value may also be any text, text is an alternative: the action at the end of the line is that
# of the one that was recognized.

host   = "host:"i @host ows ( plain | [%\[\]] )* ows;

option     = token | "close"i %close | "keep-alive"i %keep_alive;
connection = "connection:"i ows option? ows ( "," ows option? ows )*;

length   = "content-length:"i @length ows ( digits $length_digit ) ows;
type   = "content-type:"i @type ( text $type_octet ) %type_end;
transfer = "transfer-encoding:"i ( text %coding | ows "chunked"i ows %chunked
           | text "," ows "chunked"i ows %ends_chunked
           | ( text "," )? ows "chunked"i ows "," text %ended_early );
expect   = "expect:"i ( text %expect_other | ows "100-continue"i ows %continue );

last   = digit >last_first ( digit* $last_digit );
span   = digit >span @first_digit ( digit* $first_digit ) "-" last? %span_both
         | "-" >span last %span_suffix;
range  = "range:"i @range ( text
         | ows "bytes="i ( ows span? ows ( "," ows span? ows )* ) %range_end );

# for folders only; a list of codings is stored here, and parsed when a compressed file may be sent
accepts     = "accept-encoding:"i @codings ( text $codings_octet );
credentials = "authorization:"i @credentials ( text $secret_octet );

# what an access log needs
referer = "referer:"i @referer ( text $referer_octet );
agent   = "user-agent:"i @agent ( text $agent_octet );

ours   = '"' ( [0-9a-f]{16} ) >tag_start $tag_digit '"';  # other tags can't match
theirs = '"' ( 0x21 | 0x23..0x7e | 0x80..0xff )* '"';     # RFC 9110 8.8.3
match_entry = ours @match_tag | "W/" ours @match_weak | ( "W/"? theirs );
match  = "if-match:"i @match ( text
         | ows "*" ows %match_any
         | ows match_entry? ows ( "," ows match_entry? ows )* );
none_entry = ours @none_tag | "W/" ours @none_weak | ( "W/"? theirs );
none   = "if-none-match:"i @none ( text
         | ows "*" ows %none_any
         | ows none_entry? ows ( "," ows none_entry? ows )* );
dated  = ows ( visible ( visible | [ \t] )* ) $when_octet %when_end;
if_range = "if-range:"i @if_range @range_since ( text | ows ours @if_range_tag ows | dated );
since  = ( "if-modified-since:"i @since | "if-unmodified-since:"i @not_since ) ( text | dated );

names  = "host"i | "referer"i | "user-agent"i | "accept-encoding"i | "authorization"i | "connection"i | "content-length"i | "content-type"i | "transfer-encoding"i | "expect"i | "range"i
         | "if-match"i | "if-none-match"i | "if-range"i | "if-modified-since"i
         | "if-unmodified-since"i;
others_field = ( token - names ) ":" text;

field = host | referer | agent | accepts | credentials | connection | length | type | transfer | expect | range | match | none | if_range
        | since | others_field;

main := crlf* line ( field crlf )* crlf @done;
}%%

%% write data nofinal noentry;

void http_request_start(struct http_request *request, struct http_words *words)
{
    const size_t before_path = offsetof(struct http_request, path);

    memset(request, 0, before_path);
    request->words = words;
    if (words)
        memset(words, 0, offsetof(struct http_words, query));
    request->said = NULL;
    request->state = http_start;
}

/* Bytes that the current part may still have. */
static uint32_t allowance(const struct http_request *request)
{
    return (request->line_done ? HTTP_HEAD_BYTES : HTTP_LINE_BYTES) - request->bytes;
}

/* Runs the machine on bytes that all may be part of the head. UndefinedBehaviorSanitizer would add
 * three checks to each of its thousands of reads of *p, with which clang takes a minute.
 * AddressSanitizer still checks that p points into the bytes. */
static __attribute__((no_sanitize("undefined"))) size_t step(struct http_request *request,
                                                             const uint8_t *bytes, size_t len)
{
    const uint8_t *p = bytes;
    const uint8_t *const pe = bytes + len;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion" /* of Ragel's code for tables */
    %% write exec;
#pragma GCC diagnostic pop
    if (request->state == http_error && request->status == HTTP_MORE)
        request->status = HTTP_BAD_REQUEST;
    request->bytes += (uint32_t)(p - bytes);
    return (size_t)(p - bytes);
}

size_t http_request_read(struct http_request *request, const uint8_t *bytes, size_t len)
{
    size_t taken = 0;

    while (taken < len && request->status == HTTP_MORE) {
        const uint32_t room = allowance(request);
        const bool in_line = !request->line_done;

        if (room == 0) {
            request->status = in_line ? HTTP_URI_TOO_LONG : HTTP_FIELDS_TOO_LARGE;
            break;
        }
        taken += step(request, bytes + taken, len - taken < room ? len - taken : room);
    }
    return taken;
}

bool http_request_persists(const struct http_request *request)
{
    return !request->close && (request->minor_version > 0 || request->keep_alive);
}

bool http_request_body_is_plain(const struct http_request *request)
{
    return request->codings == 0 && !request->expect_continue;
}

bool http_tags_have(const struct http_tags *tags, uint64_t tag, bool weakly)
{
    for (unsigned i = 0; i < tags->count; i++) {
        if (tags->tag[i] == tag && (weakly || !(tags->weak >> i & 1)))
            return true;
    }
    return false;
}
