/*
 * multipart.rl -- multipart/form-data (RFC 7578), read as it arrives.
 *
 * The data of a part ends with CR LF "--" boundary. Only its first byte is a CR. So if a match
 * fails, only the byte that failed can begin another match. The bytes matched so far are then
 * reported as data from the delimiter itself, and no input has to be stored.
 */
#include <leat/multipart.h>

#include <string.h>

enum phase {
    PHASE_DATA,  /* of a part; before the first one: the preamble */
    PHASE_AFTER, /* after a delimiter; the next bytes tell whether another part follows */
    PHASE_DASH,  /* after one of two dashes */
    PHASE_PAD,   /* spaces, CR LF (RFC 2046 5.1.1) */
    PHASE_LF,
    PHASE_HEAD, /* fields */
    PHASE_OVER,
    PHASE_BAD
};

/* Adds an octet to a string. True: it is too long. */
static bool add(char *string, uint8_t *len, size_t max, uint8_t octet)
{
    if (*len == max)
        return true;
    string[(*len)++] = (char)octet;
    return false;
}

/* The charset of "filename*" is known: the name counts more than that of "filename". */
static void begin_extended(struct leat_multipart *reader, bool latin)
{
    reader->latin = latin;
    reader->extended = true;
    reader->file_len = 0;
}

/* RFC 8187 3.2.1 has UTF-8 alone; RFC 5987, before it, others. A name in one that isn't known stands
 * in only where there is no "filename". */
static void begin_foreign(struct leat_multipart *reader)
{
    reader->foreign = true;
    if (!reader->plain)
        reader->file_len = 0;
}

/* Adds an octet of "filename*" in its charset, as UTF-8 (RFC 8187 3.2.1). True: it is too long. */
static bool add_extended(struct leat_multipart *reader, uint8_t octet)
{
    if (reader->foreign && reader->plain)
        return false;
    if (reader->foreign)
        return add(reader->file, &reader->file_len, sizeof reader->file,
                   octet < 0x80 ? octet : (uint8_t)'_');
    if (!reader->latin || octet < 0x80)
        return add(reader->file, &reader->file_len, sizeof reader->file, octet);
    return add(reader->file, &reader->file_len, sizeof reader->file, (uint8_t)(0xc0 | octet >> 6)) ||
           add(reader->file, &reader->file_len, sizeof reader->file, (uint8_t)(0x80 | (octet & 0x3f)));
}

static uint8_t hex_digit(uint8_t digit)
{
    return (uint8_t)(digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
}

%%{
machine multipart;
alphtype unsigned char;
variable cs reader->state;

action disposition { if (reader->named) { reader->phase = PHASE_BAD; fbreak; } reader->named = true; }
action has_type    { if (reader->typed) { reader->phase = PHASE_BAD; fbreak; } reader->typed = true; }
action name        { if (add(reader->name, &reader->name_len, sizeof reader->name, fc)) { reader->phase = PHASE_BAD; fbreak; } }
action file        { if (!reader->extended && add(reader->file, &reader->file_len, sizeof reader->file, fc)) { reader->phase = PHASE_BAD; fbreak; } }
action name_slash  { if (add(reader->name, &reader->name_len, sizeof reader->name, '\\')) { reader->phase = PHASE_BAD; fbreak; } }
action file_slash  { if (!reader->extended && add(reader->file, &reader->file_len, sizeof reader->file, '\\')) { reader->phase = PHASE_BAD; fbreak; } }
action has_name    { if (reader->has_name) { reader->phase = PHASE_BAD; fbreak; } reader->has_name = true; }
action has_file    { if (reader->plain) { reader->phase = PHASE_BAD; fbreak; } reader->plain = reader->has_file = true;
                     if (reader->foreign) reader->file_len = 0; }
action has_extended { if (reader->extended || reader->foreign) { reader->phase = PHASE_BAD; fbreak; } reader->has_file = true; }
action utf_8       { begin_extended(reader, false); }
action latin       { begin_extended(reader, true); }
action foreign     { begin_foreign(reader); }
action extended    { if (add_extended(reader, fc)) { reader->phase = PHASE_BAD; fbreak; } }
action high        { reader->high = hex_digit(fc); }
action low         { if (add_extended(reader, (uint8_t)(reader->high << 4 | hex_digit(fc)))) { reader->phase = PHASE_BAD; fbreak; } }
action type        { if (add(reader->type, &reader->type_len, sizeof reader->type, fc)) { reader->phase = PHASE_BAD; fbreak; } }
action done        { reader->phase = PHASE_DATA; fbreak; }

crlf    = "\r\n";
ows     = [ \t]*;
tchar   = alnum | [!#$%&'*+\-.^_`|~];
token   = tchar+;
octet   = 0x20..0x7e | 0x80..0xff | "\t";
data    = octet*;
# browsers send quotes as %22, other clients as \"; a lone backslash stands for itself
plain   = octet - [\\"];
quoted_name = '"' ( plain @name | "\\" ( [\\"] @name | plain >name_slash @name ) )* '"';
quoted_file = '"' ( plain @file | "\\" ( [\\"] @file | plain >file_slash @file ) )* '"';
quoted  = '"' ( plain | "\\" octet )* '"';
others  = ( token - ( "name"i | "filename"i | "filename*"i ) ) "=" ( token | quoted );
name    = quoted_name | ( tchar @name )+;                 # RFC 2183 2: in quotes, or without
file    = quoted_file | ( tchar @file )+;
# RFC 8187 3.2.1. RFC 7578 4.2 tells senders not to use it, but some do; it counts more than filename (RFC 6266 4.3).
charset = "utf-8"i %utf_8 | "iso-8859-1"i %latin
          | ( ( tchar - [*'%] )+ - ( "utf-8"i | "iso-8859-1"i ) ) %foreign;
extended = charset "'" ( alnum | "-" )* "'" ( ( tchar - [*'%] ) @extended | "%" xdigit @high xdigit @low )*;
param   = "name="i name >has_name | "filename="i file >has_file | "filename*="i extended >has_extended | others;

disposition = "content-disposition:"i @disposition ows "form-data"i ( ows ";" ows param )* ( ows ";" )? ows;
type        = "content-type:"i @has_type ows ( ( octet - [ \t] ) data )? $type;
field       = ( token - ( "content-disposition"i | "content-type"i ) ) ":" data;

main := ( ( disposition | type | field ) crlf )* crlf @done;
}%%

%% write data nofinal noentry;

/* Continues reading fields. Returns the bytes read. */
static __attribute__((no_sanitize("undefined"))) size_t step(struct leat_multipart *reader,
                                                             const uint8_t *bytes, size_t len)
{
    const uint8_t *p = bytes;
    const uint8_t *const pe = bytes + len;

    %% write exec;
    if (reader->state == multipart_error)
        reader->phase = PHASE_BAD;
    return (size_t)(p - bytes);
}

/* ---- Boundary -------------------------------------------------------------------------------- */

/* The bytes after @word if @at begins with it, in any case; else NULL. */
static const char *behind(const char *at, const char *end, const char *word)
{
    for (; *word; word++, at++) {
        const char c = at < end ? *at : '\0';

        if ((c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c) != *word)
            return NULL;
    }
    return at;
}

static const char *skip_spaces(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    return at;
}

/* RFC 2046 5.1.1: bchars. A space needs quotes. */
static bool is_boundary_char(char c, bool quoted)
{
    static const char others[] = "'()+_,-./:=?";

    if (c == ' ')
        return quoted;
    if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
        return true;
    for (size_t i = 0; i < sizeof others - 1; i++) {
        if (c == others[i])
            return true;
    }
    return false;
}

/* Takes the boundary, quoted or not, up to a semicolon or the end. */
static bool take_boundary(struct leat_multipart *reader, const char *at, const char *end)
{
    const bool quoted = at < end && *at == '"';
    size_t len = 0;

    at += quoted;
    while (at < end && len < LEAT_MULTIPART_BOUNDARY_BYTES && is_boundary_char(*at, quoted))
        reader->delimiter[4 + len++] = (uint8_t)*at++;
    reader->delimiter_len = (uint8_t)(4 + len);
    if (quoted && (at == end || *at++ != '"' || reader->delimiter[4 + len - 1] == ' '))
        return false; /* a boundary doesn't end with a space */
    at = skip_spaces(at, end);
    return len > 0 && (at == end || *at == ';');
}

/* Finds the end of a parameter: a semicolon outside quotes. NULL: a quote is not closed. */
static const char *skip_parameter(const char *at, const char *end)
{
    bool quoted = false;

    for (; at < end && (quoted || *at != ';'); at++) {
        if (*at == '"')
            quoted = !quoted;
        else if (quoted && *at == '\\' && at + 1 < end)
            at++;
    }
    return quoted ? NULL : at;
}

bool leat_multipart_start(struct leat_multipart *reader, const char *type, size_t len)
{
    const char *const end = type + len;
    const char *at = behind(type, end, "multipart/form-data");

    memset(reader, 0, sizeof *reader);
    memcpy(reader->delimiter, "\r\n--", 4);
    reader->matched = 2; /* the first delimiter has no CR LF in front of it */
    while (at) {
        const char *value;

        at = skip_spaces(at, end);
        if (at == end || *at++ != ';')
            return false;
        at = skip_spaces(at, end);
        value = behind(at, end, "boundary=");
        if (value)
            return take_boundary(reader, value, end);
        at = skip_parameter(at, end);
    }
    return false;
}

/* ---- Parts ----------------------------------------------------------------------------------- */

/* Reports @len bytes of a part's data. Data before the first part is ignored (RFC 2046 5.1.1). */
static enum leat_multipart_event tell(struct leat_multipart *reader, const uint8_t *data, size_t len)
{
    if (reader->parts == 0)
        return LEAT_MULTIPART_MORE;
    reader->data = data;
    reader->data_len = len;
    reader->data_is_given = data != reader->delimiter;
    return LEAT_MULTIPART_DATA;
}

/* Bytes before the first CR. Searches eight bytes at a time: after the XOR a CR is a zero byte. */
static size_t before_cr(const uint8_t *bytes, size_t len)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    size_t at = 0;

    for (; len - at >= sizeof each; at += sizeof each) {
        uint64_t word;

        memcpy(&word, bytes + at, sizeof word);
        word ^= each * '\r';
        if ((word - each) & ~word & each << 7)
            break;
    }
    while (at < len && bytes[at] != '\r')
        at++;
    return at;
}

/* True if the delimiter may begin at @bytes, as far as @len bytes tell. */
static bool may_begin(const struct leat_multipart *reader, const uint8_t *bytes, size_t len)
{
    const size_t known = len < reader->delimiter_len ? len : reader->delimiter_len;

    return memcmp(bytes, reader->delimiter, known) == 0;
}

/* Reads data up to its end, or up to a possible delimiter. */
static enum leat_multipart_event read_data(struct leat_multipart *reader, const uint8_t *bytes,
                                           size_t len, size_t *at)
{
    const uint8_t *from = bytes + *at;
    size_t run = 0;

    if (reader->matched == 0) {
        while ((run += before_cr(from + run, len - *at - run)) < len - *at &&
               !may_begin(reader, from + run, len - *at - run))
            run++;
        *at += run;
        if (run > 0)
            return tell(reader, from, run);
    }
    while (*at < len && reader->matched < reader->delimiter_len &&
           bytes[*at] == reader->delimiter[reader->matched]) {
        ++*at;
        reader->matched++;
    }
    if (reader->matched == reader->delimiter_len) {
        reader->phase = PHASE_AFTER;
        return reader->parts > 0 ? LEAT_MULTIPART_END : LEAT_MULTIPART_MORE;
    }
    if (*at == len)
        return LEAT_MULTIPART_MORE;
    run = reader->matched;
    reader->matched = 0;
    return tell(reader, reader->delimiter, run);
}

/* Reads a byte after a delimiter. */
static void read_behind(struct leat_multipart *reader, uint8_t octet)
{
    const bool space = octet == ' ' || octet == '\t';
    const uint8_t phase = reader->phase;

    reader->phase = PHASE_BAD;
    if (phase == PHASE_AFTER && octet == '-')
        reader->phase = PHASE_DASH;
    else if (phase == PHASE_DASH && octet == '-')
        reader->phase = PHASE_OVER;
    else if ((phase == PHASE_AFTER || phase == PHASE_PAD) && space)
        reader->phase = PHASE_PAD;
    else if ((phase == PHASE_AFTER || phase == PHASE_PAD) && octet == '\r')
        reader->phase = PHASE_LF;
    else if (phase == PHASE_LF && octet == '\n')
        reader->phase = PHASE_HEAD;
    if (reader->phase != PHASE_HEAD)
        return;
    reader->state = multipart_start;
    reader->head_bytes = 0;
    reader->named = false;
    reader->typed = false;
    reader->has_name = false;
    reader->has_file = false;
    reader->plain = false;
    reader->extended = false;
    reader->foreign = false;
    reader->name_len = 0;
    reader->file_len = 0;
    reader->type_len = 0;
}

/* Reads the fields of a part. Returns PART when they are complete. */
static enum leat_multipart_event read_head(struct leat_multipart *reader, const uint8_t *bytes,
                                           size_t len, size_t *at)
{
    const size_t room = LEAT_MULTIPART_HEAD_BYTES - reader->head_bytes;
    const size_t taken = step(reader, bytes + *at, len - *at < room ? len - *at : room);

    *at += taken;
    reader->head_bytes = (uint16_t)(reader->head_bytes + taken);
    if (reader->phase == PHASE_HEAD && reader->head_bytes == LEAT_MULTIPART_HEAD_BYTES)
        reader->phase = PHASE_BAD;
    if (reader->phase != PHASE_DATA)
        return LEAT_MULTIPART_MORE;
    if (!reader->named || reader->name_len == 0) { /* RFC 7578 4.2: each part has a name */
        reader->phase = PHASE_BAD;
        return LEAT_MULTIPART_MORE;
    }
    reader->matched = 0;
    reader->parts++;
    return LEAT_MULTIPART_PART;
}

enum leat_multipart_event leat_multipart_read(struct leat_multipart *reader, const uint8_t *bytes,
                                              size_t len, size_t *taken)
{
    enum leat_multipart_event event = LEAT_MULTIPART_MORE;
    size_t at = 0;

    while (at < len && reader->phase < PHASE_OVER && event == LEAT_MULTIPART_MORE) {
        if (reader->phase == PHASE_DATA)
            event = read_data(reader, bytes, len, &at);
        else if (reader->phase == PHASE_HEAD)
            event = read_head(reader, bytes, len, &at);
        else
            read_behind(reader, bytes[at++]);
    }
    *taken = at;
    if (event != LEAT_MULTIPART_MORE)
        return event;
    return reader->phase == PHASE_OVER  ? LEAT_MULTIPART_OVER
           : reader->phase == PHASE_BAD ? LEAT_MULTIPART_BAD
                                        : LEAT_MULTIPART_MORE;
}
