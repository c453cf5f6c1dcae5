/* dns_access.c -- see dns_access.h. */
#include <leat/dns_access.h>

#include "core/assert.h"
#include "core/log_line.h"
#include "proto/dns/dns_text.h"

enum {
    FIXED_BYTES = 340, /* limit of a line without the name */
    LETTER_BYTES = 4,  /* of an octet of a name as text: "\DDD" */
    ESCAPED_BYTES = 7, /* of this text in a line: "\x5CDDD" */
    TYPE_TEXT_BYTES = 10
};

_Static_assert(LEAT_DNS_ACCESS_BYTES >= FIXED_BYTES + LEAT_DNS_NAME_BYTES * ESCAPED_BYTES,
               "no name is cut");
_Static_assert(LEAT_DNS_ACCESS_BYTES_MIN >= FIXED_BYTES + 100, "there is room for a name");

const char *leat_dns_how_text(enum leat_dns_how how)
{
    static const char *const texts[] = {
        [LEAT_DNS_HOW_ZONE] = "zone",       [LEAT_DNS_HOW_CACHE] = "cache",
        [LEAT_DNS_HOW_STALE] = "stale",     [LEAT_DNS_HOW_UPSTREAM] = "upstream",
        [LEAT_DNS_HOW_LOCAL] = "local",     [LEAT_DNS_HOW_BLOCKED] = "blocked",
        [LEAT_DNS_HOW_REFUSED] = "refused", [LEAT_DNS_HOW_LIMITED] = "limited",
        [LEAT_DNS_HOW_BUSY] = "busy",       [LEAT_DNS_HOW_COOKIE] = "cookie"};

    leat_assert((size_t)how < sizeof texts / sizeof *texts);
    return texts[how];
}

static const char *transport_text(enum leat_dns_transport transport)
{
    static const char *const texts[] = {[LEAT_DNS_OVER_UDP] = "udp",
                                        [LEAT_DNS_OVER_TCP] = "tcp",
                                        [LEAT_DNS_SLIP] = "udp",
                                        [LEAT_DNS_OVER_TLS] = "tls",
                                        [LEAT_DNS_OVER_HTTPS] = "https"};

    leat_assert((size_t)transport < sizeof texts / sizeof *texts);
    return texts[transport];
}

/* Adds the text of an octet of a name, which is written whole or not at all. */
static bool add_letter(struct log_line *made, uint8_t octet, size_t *room)
{
    char letter[LETTER_BYTES];
    struct dns_text text = {.bytes = letter, .bytes_max = sizeof letter};

    dns_text_byte(&text, octet, ".\\");
    if (*room < ESCAPED_BYTES) {
        made->is_cut = true;
        return false;
    }
    for (size_t i = 0; i < text.len; i++)
        log_line_octet(made, letter[i], room);
    return true;
}

/* Adds the name with its final dot. Each label is checked to lie within the name. */
static void add_name(struct log_line *made, const struct leat_dns_name *name)
{
    size_t room = made->texts_bytes;
    size_t at = 0;

    if (name->len <= 1)
        text_add(&made->text, ".");
    while (at < name->len && name->wire[at] > 0) {
        const size_t end = at + 1 + name->wire[at];

        for (at++; at < end && at < name->len; at++) {
            if (!add_letter(made, name->wire[at], &room))
                return;
        }
        text_add(&made->text, ".");
        room -= room > 0;
    }
}

static void add_type(struct log_line *made, uint16_t type)
{
    char text[TYPE_TEXT_BYTES];

    leat_dns_type_format(type, text);
    text_add(&made->text, text);
}

static void add_rcode(struct log_line *made, unsigned rcode)
{
    const char *text = leat_dns_rcode_text(rcode);

    if (text[0] >= 'A' && text[0] <= 'Z') { /* otherwise it has no name */
        text_add(&made->text, text);
        return;
    }
    text_add(&made->text, "RCODE");
    text_add_number(&made->text, rcode);
}

static struct log_line begin(enum log_form form, const struct leat_dns_access *access,
                             uint64_t civil_ns, char *line, size_t size)
{
    const struct log_event event = {
        .client = access->peer, .civil_ns = civil_ns, .took_ns = access->took_ns};

    leat_assert(size >= LEAT_DNS_ACCESS_BYTES_MIN);
    return log_line_begin(form, line, size, FIXED_BYTES, &event);
}

size_t leat_dns_access_common(const struct leat_dns_access *access, uint64_t civil_ns, char *line,
                              size_t size)
{
    struct log_line made = begin(LOG_COMMON, access, civil_ns, line, size);
    struct text *text = &made.text;

    text_add(text, " \"");
    if (access->name) {
        add_type(&made, access->type);
        text_add(text, " ");
        add_name(&made, access->name);
    } else {
        text_add(text, "-");
    }
    text_add(text, "\" ");
    if (access->complete)
        add_rcode(&made, access->rcode);
    else
        text_add(text, "-");
    text_add(text, " ");
    text_add_number(text, access->reply_bytes);
    text_add(text, " ");
    text_add(text, leat_dns_how_text(access->how));
    text_add(text, " ");
    log_line_seconds(&made, access->took_ns);
    text_add(text, " ");
    text_add(text, transport_text(access->transport));
    return text->len;
}

/* The members of the question. */
static void add_question(struct log_line *made, const struct leat_dns_access *access)
{
    if (!access->name)
        return;
    text_add(&made->text, ",\"name\":\"");
    add_name(made, access->name);
    text_add(&made->text, "\",\"type\":\"");
    add_type(made, access->type);
    text_add(&made->text, "\"");
}

/* The members of the answer. */
static void add_answer(struct log_line *made, const struct leat_dns_access *access)
{
    struct text *text = &made->text;

    if (access->complete) {
        text_add(text, ",\"rcode\":\"");
        add_rcode(made, access->rcode);
        text_add(text, "\"");
    }
    text_add(text, ",\"how\":\"");
    text_add(text, leat_dns_how_text(access->how));
    text_add(text, "\"");
    if (access->extended_error > 0) {
        text_add(text, ",\"error\":");
        text_add_number(text, access->extended_error);
    }
}

size_t leat_dns_access_json(const struct leat_dns_access *access, uint64_t civil_ns, char *line,
                            size_t size)
{
    struct log_line made = begin(LOG_JSON, access, civil_ns, line, size);
    struct text *text = &made.text;

    text_add(text, ",\"transport\":\"");
    text_add(text, transport_text(access->transport));
    text_add(text, "\"");
    add_question(&made, access);
    add_answer(&made, access);
    text_add(text, ",\"bytes\":");
    text_add_number(text, access->reply_bytes);
    text_add(text, ",\"seconds\":");
    log_line_seconds(&made, access->took_ns);
    log_line_end_json(&made, access->complete);
    return text->len;
}
