/*
 * blocklist_text.rl -- the formats of lists of names to block, parsed piece by piece.
 *
 * A list is downloaded from a foreign server, and may be an HTML page that says it has moved. So a line blocks
 * something only if all of it is understood; other lines are counted. For the same reason a word of one label is no
 * name in a plain list: it would block a top-level domain.
 */
#include "proto/dns/blocklist.h"

#include <string.h>

#include "proto/wire/dns.h"

enum {
    ROOT_BYTES = 1,
    ALLOW_MARKS = LEAT_BLOCKLIST_ALLOW_NAME | LEAT_BLOCKLIST_ALLOW_BELOW,
    NAME_AND_BELOW = LEAT_BLOCKLIST_BLOCK_NAME | LEAT_BLOCKLIST_BLOCK_BELOW,
    ALLOW_SHIFT = 2, /* from BLOCK to ALLOW */
    FORCE_SHIFT = 1
};

/* ---- The current name, in wire format ------------------------------------------------------ */

static void name_start(struct blocklist_reader *reader)
{
    reader->bad = false;
    reader->ended = false;
    reader->label = 0;
    reader->name.len = 1; /* room for the first label's length */
}

/* Ends the current label. */
static void name_close_label(struct blocklist_reader *reader)
{
    const unsigned len = reader->name.len - reader->label - 1u;

    reader->bad |= len == 0 || len > LEAT_DNS_LABEL_BYTES;
    reader->name.wire[reader->label] = (uint8_t)len;
    reader->label = reader->name.len;
}

/* Adds one byte to the name, up to its maximum length. */
static void name_add(struct blocklist_reader *reader, uint8_t octet)
{
    if (reader->name.len >= LEAT_DNS_NAME_BYTES - ROOT_BYTES) {
        reader->bad = true;
        return;
    }
    if (octet == '.')
        name_close_label(reader);
    else
        reader->name.wire[reader->name.len] = octet;
    reader->name.len++;
}

static inline bool is_in_label(uint8_t octet)
{
    return (unsigned)(octet | 0x20) - 'a' < 26 || octet - (unsigned)'0' < 10 || octet == '-' ||
           octet == '_';
}

/* Adds bytes to the name, up to @end; returns the end of those that belong to it. */
static const uint8_t *name_add_all(struct blocklist_reader *reader, const uint8_t *at,
                                   const uint8_t *end)
{
    const uint8_t *part;

    do {
        const size_t room = LEAT_DNS_NAME_BYTES - (size_t)ROOT_BYTES - reader->name.len;
        size_t len;

        part = at;
        while (at < end && is_in_label(*at))
            at++;
        len = (size_t)(at - part);
        if (len > room) {
            reader->bad = true;
        } else {
            memcpy(reader->name.wire + reader->name.len, part, len);
            reader->name.len = (uint8_t)(reader->name.len + len);
        }
        while (at < end && *at == '.')
            name_add(reader, *at++);
    } while (at < end && at > part);
    return at;
}

/* True if the label at @at is all digits: an address, and no name (RFC 3696 2). */
static bool is_number(const struct leat_dns_name *name, unsigned at)
{
    for (unsigned i = at + 1; i <= at + name->wire[at]; i++) {
        if (name->wire[i] < '0' || name->wire[i] > '9')
            return false;
    }
    return true;
}

/* True for rpz-ip, rpz-nsdname and others: triggers of a policy zone that aren't the question's name. */
static bool is_trigger(const uint8_t *label)
{
    return *label > 4 && dns_bytes_equal(label + 1, (const uint8_t *)"rpz-", 4);
}

/* Ends the name, once or again; returns its labels, 0: it is illegal. A final dot is noted. */
static unsigned name_end(struct blocklist_reader *reader)
{
    struct leat_dns_name *name = &reader->name;
    unsigned count = 0, last = 0;
    const bool has_dot = reader->label > 0 && name->len == reader->label + 1;

    if (!reader->ended)
        reader->absolute = has_dot;
    reader->ended = true;
    if (has_dot)
        name->len = reader->label;
    else
        name_close_label(reader);
    if (reader->bad)
        return 0;
    for (unsigned at = 0; at < name->len; at += name->wire[at] + 1u, count++)
        last = at;
    name->wire[name->len++] = 0;
    reader->number = is_number(name, last);
    reader->bad = is_trigger(name->wire + last);
    return reader->bad ? 0 : count;
}

/* ---- The current line ---------------------------------------------------------------------- */

/* Adds bytes to the kept beginning of the line. */
static void keep_head(struct blocklist_reader *reader, const uint8_t *at, const uint8_t *end)
{
    for (; at < end && reader->head_bytes < sizeof reader->head; at++)
        reader->head[reader->head_bytes++] = *at;
}

static void count_refused(struct leat_blocklist *list)
{
    const struct blocklist_reader *reader = &list->reader;
    struct leat_blocklist_text *text = &list->text;
    struct leat_blocklist_line *line = &text->first[text->told];
    unsigned bytes = reader->head_bytes;

    if (list->counts.other++ == 0)
        list->counts.other_line = list->counts.lines;
    text->refused++;
    if (text->told == LEAT_BLOCKLIST_TOLD)
        return;
    text->told++;
    line->number = text->lines;
    if (bytes > 0 && reader->head[bytes - 1] == '\r')
        bytes--;
    for (unsigned i = 0; i < bytes; i++)
        line->text[i] = reader->head[i] >= ' ' && reader->head[i] < 0x7f ? (char)reader->head[i] : '?';
    line->text[bytes] = '\0';
}

/* Counts the line, which ends at @end; of it @at and the following bytes are in this piece. Returns
 * the beginning of the next one. */
static const uint8_t *end_line(struct leat_blocklist *list, const uint8_t *at, const uint8_t *end)
{
    struct blocklist_reader *reader = &list->reader;

    list->counts.lines++;
    list->text.lines++;
    if (reader->refused) {
        keep_head(reader, at, end);
        count_refused(list);
    } else if (reader->entered) {
        list->text.understood++;
    } else {
        list->text.ignored++;
    }
    reader->refused = false;
    reader->entered = false;
    reader->head_bytes = 0;
    reader->excepts = false;
    reader->marks = LEAT_BLOCKLIST_BLOCK_NAME;
    list->more.len = 0;
    list->more.cut = false;
    return end + 1;
}

/* ---- Actions of the machine ---------------------------------------------------------------- */

static void not_understood(struct leat_blocklist *list)
{
    list->reader.refused = true;
}

/* Exceptions of an allowing text win over all others. */
unsigned blocklist_marks(const struct leat_blocklist *list, unsigned marks)
{
    const unsigned passes = marks & LEAT_BLOCKLIST_PASS_BELOW ? LEAT_BLOCKLIST_ALLOW_BELOW : 0;
    const unsigned as_allowed =
        ((marks | marks << ALLOW_SHIFT) & ALLOW_MARKS) | passes | LEAT_BLOCKLIST_FORCE_ALLOW;

    return list->reader.allow ? as_allowed : marks;
}

static void add(struct leat_blocklist *list, unsigned marks)
{
    list->reader.entered = true;
    (void)leat_blocklist_add(list, &list->reader.name, blocklist_marks(list, marks));
}

/* Notes what became of a line whose end is in list->more. */
static void took(struct leat_blocklist *list, enum blocklist_result result)
{
    list->reader.entered = result == BLOCKLIST_UNDERSTOOD;
    list->reader.refused = result == BLOCKLIST_REFUSED;
}

/* The marks of an exception in the place of marks that block. */
static uint8_t to_allow(uint8_t marks)
{
    const unsigned force = (unsigned)(marks & LEAT_BLOCKLIST_FORCE_BLOCK);

    return (uint8_t)((unsigned)(marks & NAME_AND_BELOW) << ALLOW_SHIFT | force << FORCE_SHIFT);
}

/* The marks of a line that passes names on, in the place of marks that block. In dnsmasq's, unbound's
 * and policy zones' formats the longest name counts. */
static uint8_t to_pass(uint8_t marks)
{
    return (uint8_t)((marks & LEAT_BLOCKLIST_BLOCK_NAME ? LEAT_BLOCKLIST_ALLOW_NAME : 0) |
                     (marks & LEAT_BLOCKLIST_BLOCK_BELOW ? LEAT_BLOCKLIST_PASS_BELOW : 0));
}

/* Handles a word of a hosts file, which blocks that name alone. A word of one label is a local name, or an
 * address, as in "0.0.0.0 0.0.0.0". */
static void host(struct leat_blocklist *list)
{
    const unsigned labels = name_end(&list->reader);

    if (labels > 1 && !list->reader.number)
        add(list, LEAT_BLOCKLIST_BLOCK_NAME);
    else if (labels > 0)
        list->counts.local++;
    else
        not_understood(list);
}

/* Adds the entry of a line with one name, which must have @labels at least. An address concerns no
 * name. */
static void entry(struct leat_blocklist *list, unsigned labels, unsigned marks)
{
    const unsigned count = name_end(&list->reader);

    if (list->reader.number && count == 4)
        list->counts.local++;
    else if (count >= labels && !list->reader.number && list->more.len > 0)
        took(list, blocklist_take_options(list, marks));
    else if (count >= labels && !list->reader.number)
        add(list, marks);
    else
        not_understood(list);
}

/* Handles the owner of a policy: it is relative to the zone's origin, or absolute and below it. */
static void policy(struct leat_blocklist *list)
{
    struct blocklist_reader *reader = &list->reader;
    struct leat_dns_name *name = &reader->name;
    const struct leat_dns_name *origin = &reader->origin;
    const unsigned labels = name_end(reader);
    const size_t at = (size_t)name->len - origin->len; /* without the final root of both */
    unsigned next = 0, last = 0;

    if (labels > 0 && reader->absolute && origin->len > 0) {
        while (name->len > origin->len && next < at) {
            last = next;
            next += name->wire[next] + 1u;
        }
        if (name->len <= origin->len || next != at || is_trigger(name->wire + last) ||
            !dns_bytes_equal(name->wire + at, origin->wire, origin->len)) {
            not_understood(list); /* a trigger of another kind, or out of the zone (RFC 1035 5.2) */
            return;
        }
        name->wire[at] = 0;
        name->len = (uint8_t)(at + ROOT_BYTES);
        reader->number = false;
    }
    if (labels > 0 && !reader->number)
        add(list, reader->marks);
    else
        not_understood(list);
}

/* Handles an address in unbound's format: it counts for all names below, if it belongs to a zone that
 * redirects them. */
static void data(struct leat_blocklist *list)
{
    struct blocklist_reader *reader = &list->reader;

    if (name_end(reader) > 0 && leat_dns_name_equal(&reader->name, &reader->redirected))
        reader->marks = NAME_AND_BELOW;
    entry(list, 1, reader->marks);
}

/* Takes the current name as the origin of a policy zone. */
static void set_origin(struct blocklist_reader *reader)
{
    if (name_end(reader) > 0 && reader->absolute)
        reader->origin = reader->name;
}

/* True if a line's first word is an address that leads nowhere: names follow it. */
static bool is_sink(struct blocklist_reader *reader)
{
    const uint8_t *wire = reader->name.wire;
    const unsigned labels = name_end(reader);

    return reader->number &&
           (labels == 1 ? wire[0] == 1 && wire[1] == '0'
                        : labels == 4 && ((wire[0] == 1 && wire[1] == '0') ||
                                          dns_bytes_equal(wire, (const uint8_t *)"\003127", 4) ||
                                          dns_bytes_equal(wire, (const uint8_t *)"\003255", 4)));
}

%%{
machine blocklist_text;
alphtype unsigned char;
variable cs reader->state;

action start  { name_start(reader); }
action octet  {
    name_add(reader, fc);
    if (fcurs == ftargs) /* only name bytes stay in this state, so the following ones are handled at once */
        p = name_add_all(reader, p + 1, pe) - 1;
}
action done   { line = end_line(list, line, p); fgoto lines; }
action bad    { not_understood(list); fhold; fgoto rest; }
action host   { host(list); }
action hosts  { fgoto hosts; }
action plain  { entry(list, 2, reader->marks | NAME_AND_BELOW); }
action both   { reader->marks = NAME_AND_BELOW; }
action below  { reader->marks = LEAT_BLOCKLIST_BLOCK_BELOW; }
action more   { blocklist_keep(&list->more, fc); }
action regex  { took(list, blocklist_take_expression(list, false)); }
action regex_except { took(list, blocklist_take_expression(list, true)); }
action raw    { took(list, blocklist_take_raw(list)); }
action excepts { reader->excepts = true; }
action wild   { blocklist_wild_begin(list); fgoto wild; }
action wild_first { blocklist_wild_first(list); fhold; fgoto wild; }
action wild_byte { blocklist_wild_add(list, fc); }
action wild_end { took(list, blocklist_take_wild(list)); }
action except { reader->marks = to_allow(reader->marks); }
action pass   { reader->marks = to_pass(reader->marks); }
action entry  { entry(list, 1, reader->marks); }
action policy { policy(list); }
action origin { set_origin(reader); }
action zone   {
    if (name_end(reader) > 0)
        reader->redirected = reader->name;
    else
        not_understood(list);
}
action data   { data(list); }
action page   { reader->refused = false; }
action second {
    fhold;
    if (reader->marks == LEAT_BLOCKLIST_BLOCK_NAME && is_sink(reader))
        fgoto hosts;
    fgoto policy;
}

ws      = [ \t]+;
remark  = [#;] [^\n]*;
cr      = "\r"?;
trail   = [ \t]* cr | ws remark;
name    = ( [A-Za-z0-9_\-.]+ ) >start $octet;   # name_end() checks them

# one name; a "*." in front of it means "and below"; or the first of several words
words   = ( "*." @below )? name ( trail "\n" @plain @done | ws ( [^ \t#;\r\n] @second ) );

# hosts(5), after an address; IPv6 addresses don't match `words`
address = ( "::" "1"? | "fe80::1%lo0" | "ff0" digit "::" digit? ) ws @hosts;
hosts  := ( [ \t]* name %host ( ws name %host )* trail "\n" @done ) $err(bad);

# the part of Adblock's syntax that consists of names only
options = ( "$" ( [^ \t\r\n] @more )+ )?;  # blocklist_options.c reads them
# a "*" within a name leads to `wild`, which makes an expression of the line
below   = "*" ( "." @below | [A-Za-z0-9_\-] @wild_first );
pattern = ( "||" @both below? | "|" ) name ( "^" "|"? options | "*" @wild );
adblock = pattern trail "\n" @entry @done
        | "||" @both name trail "\n" @entry @done
        | "@@" @excepts pattern trail "\n" @except @entry @done;
wild   := ( [^\n] @wild_byte )* "\n" @wild_end @done;

# a regular expression between "/" and "/", and options behind "$": blocklist_expression.c reads the line
regex   = "/" ( [^\n] @more )* "\n" @regex @done
        | "@@/" ( [^\n] @more )* "\n" @regex_except @done;

# dnsmasq: a name and all below it, without an address or with one that leads nowhere; one of IPv6 alone blocks no name
nowhere = "#" | "0.0.0.0" | "127.0.0.1";
dnsmasq = "address=/" @both name "/" nowhere? trail "\n" @entry @done
        | "address=/" name "/::" "1"? trail "\n" @done
        | ( "server=/" | "local=/" ) @both name "/" "127.0.0.1"? trail "\n" @entry @done
        | "server=/" @both name "/#" trail "\n" @pass @entry @done;

# unbound: zones, and addresses in them
quote   = ["']?;
refuses = "always_nxdomain" | "always_nodata" | "always_null" | "always_refuse" | "always_deny"
        | "static" | "refuse" | "deny" | "inform_deny";
passes  = "transparent" | "typetransparent" | "always_transparent" | "inform";
unbound = ws? ( "server:" trail "\n" @done
        | "local-zone:" @both ws? quote name quote ws quote refuses quote trail "\n" @entry @done
        | "local-zone:" @both ws? quote name quote ws quote passes quote trail "\n" @pass @entry @done
        | "local-zone:" ws? quote name quote ws quote "redirect" quote trail "\n" @zone @done
        | "local-data:" ws? quote name ws ( digit+ ws )? ( "IN"i ws )?
          ( "A"i ws ( "0.0.0.0" | "127.0.0.1" ) | "AAAA"i ws "::" "1"? ) quote trail "\n" @data @done );

# response policy zones, after a name: triggers on the question's name
ttl     = digit+ [smhdwSMHDW]? ws;
class   = ttl? ( "IN"i ws )? ttl?;
policy := ( class ( "CNAME"i ws ( "." | "*." | "rpz-drop."i | "rpz-passthru."i @pass )
                  | "A"i ws ( "0.0.0.0" | "127.0.0.1" ) | "AAAA"i ws "::" "1"? ) trail "\n" @policy @done
          | class "SOA"i ws [^\n]* "\n" @origin @done | class "NS"i ws [^\n]* "\n" @done ) $err(bad);

# other lines: comments, the header of a zone or of an Adblock list, empty lines
around  = ( [#;!] [^\n]* | "*$" [^\n]* | "[" [^\n]* | "$TTL"i ws [^\n]* | "$ORIGIN"i ws name trail %origin | "@" ws [^\n]*
          | ws class "NS"i ws [^\n]* | ws digit+ [smhdwSMHDW]? ( ws? ")" )? trail
          | [ \t]* ")" trail | trail ) "\n" @done;

# Pi-hole: an expression by itself, which begins as no name does
raw     = [(\^] @more ( [^\n] @more )* "\n" @raw @done;

lines  := ( words | address | adblock | regex | raw | dnsmasq | unbound | around ) $err(bad);

# the rest of a line that was not understood; a rule about the content of pages concerns no name
rest   := ( [^\n]* "#" [@?$%]* "#" [^\n]* "\n" @page | [^\n]* "\n" ) @done;
main   := ( 0xef 0xbb 0xbf @{ fgoto lines; } | ^0xef >{ fhold; fgoto lines; } ) $err(bad);
}%%

%% write data nofinal noentry noerror;

/* Not instrumented: the indices of Ragel's tables are in bounds, and checks would double the time. */
static __attribute__((no_sanitize("undefined"))) void step(struct leat_blocklist *list,
                                                           const uint8_t *bytes, size_t len)
{
    struct blocklist_reader *reader = &list->reader;
    const uint8_t *p = bytes;
    const uint8_t *const pe = bytes + len;
    const uint8_t *const eof = NULL;
    const uint8_t *line = p; /* where the part of the line in this piece begins */

    %% write exec;
    keep_head(reader, line, pe);
}

void leat_blocklist_begin(struct leat_blocklist *list, bool allow)
{
    list->reader = (struct blocklist_reader){.state = blocklist_text_start,
                                             .allow = allow,
                                             .marks = LEAT_BLOCKLIST_BLOCK_NAME};
    list->more.len = 0;
    list->more.cut = false;
    list->text = (struct leat_blocklist_text){.number = list->text.number + 1};
}

void leat_blocklist_read(struct leat_blocklist *list, const void *text, size_t len)
{
    const uint8_t *bytes = text;

    if (len == 0)
        return;
    step(list, bytes, len);
    list->reader.within = bytes[len - 1] != '\n';
}

void leat_blocklist_end(struct leat_blocklist *list)
{
    static const uint8_t line_end = '\n';

    if (list->reader.within)
        leat_blocklist_read(list, &line_end, 1);
}
