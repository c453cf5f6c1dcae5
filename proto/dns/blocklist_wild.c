/*
 * blocklist_wild.c -- patterns of names with "*" in Adblock's syntax: they become expressions.
 *
 *      ||ads*.example.^         (^|\.)ads.*\.example\.$
 *      ||*.a*.example^          \.a.*\.example$
 *      |ocsp*.example^          ^ocsp.*\.example$
 */
#include "proto/dns/blocklist.h"

enum {
    PATTERN, /* within the pattern */
    CLOSED,  /* behind its "^" */
    OPTIONS, /* behind the "$" of the options */
    BLANKS,  /* behind all of it */
    WRONG
};

void blocklist_keep(struct blocklist_more *more, uint8_t byte)
{
    if (more->len < sizeof more->text)
        more->text[more->len++] = (char)byte;
    else
        more->cut = true;
}

static void keep_text(struct leat_blocklist *list, const char *text)
{
    while (*text)
        blocklist_keep(&list->more, (uint8_t)*text++);
}

static void keep_octet(struct leat_blocklist *list, uint8_t octet)
{
    if (octet == '.')
        keep_text(list, "\\");
    blocklist_keep(&list->more, octet);
}

/* Keeps what stands for the pattern's "|", "||" or "||*.". */
static void begin(struct leat_blocklist *list)
{
    const unsigned marks = list->reader.marks;

    list->reader.wild = PATTERN;
    list->more.len = 0;
    keep_text(list, marks == LEAT_BLOCKLIST_BLOCK_NAME    ? "^"
                    : marks == LEAT_BLOCKLIST_BLOCK_BELOW ? "\\."
                                                          : "(^|\\.)");
}

void blocklist_wild_first(struct leat_blocklist *list)
{
    begin(list);
    keep_text(list, ".*");
}

void blocklist_wild_begin(struct leat_blocklist *list)
{
    const struct blocklist_reader *reader = &list->reader;
    unsigned at = 0;

    begin(list);
    while (at < reader->label) { /* labels that are complete, and the dot behind them */
        const unsigned end = at + 1u + reader->name.wire[at];

        for (unsigned i = at + 1; i < end; i++)
            keep_octet(list, reader->name.wire[i]);
        keep_octet(list, '.');
        at = end;
    }
    for (unsigned i = at + 1; i < reader->name.len; i++)
        keep_octet(list, reader->name.wire[i]);
    keep_text(list, ".*");
    if (reader->bad)
        list->reader.wild = WRONG;
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

/* Adds a byte of the pattern; returns the next state. */
static uint8_t add_to_pattern(struct leat_blocklist *list, uint8_t byte)
{
    const unsigned lower = byte | 0x20u;

    if (byte == '^') {
        keep_text(list, "$/");
        return CLOSED;
    }
    if (is_blank(byte)) {
        keep_text(list, "/");
        return BLANKS;
    }
    if (byte == '*') {
        keep_text(list, ".*");
        return PATTERN;
    }
    keep_octet(list, byte);
    return (lower >= 'a' && lower <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' ||
                   byte == '_' || byte == '.'
               ? PATTERN
               : WRONG;
}

void blocklist_wild_add(struct leat_blocklist *list, uint8_t byte)
{
    uint8_t *state = &list->reader.wild;

    if (*state == PATTERN) {
        *state = add_to_pattern(list, byte);
    } else if (*state == BLANKS) {
        *state = is_blank(byte) ? BLANKS : WRONG;
    } else if (*state != WRONG && is_blank(byte)) {
        *state = BLANKS;
    } else if (*state == CLOSED && byte == '$') {
        blocklist_keep(&list->more, byte);
        *state = OPTIONS;
    } else if (*state == OPTIONS) {
        blocklist_keep(&list->more, byte);
    } else if (*state != CLOSED || byte != '|') {
        *state = WRONG;
    }
}

enum blocklist_result blocklist_take_wild(struct leat_blocklist *list)
{
    if (list->reader.wild == WRONG)
        return BLOCKLIST_REFUSED;
    if (list->reader.wild == PATTERN) /* it has no "^": the name may go on */
        keep_text(list, "/");
    return blocklist_take_expression(list, list->reader.excepts);
}
