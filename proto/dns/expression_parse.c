/* expression_parse.c -- makes tokens of a regular expression, in postfix order. See expression.h.
 */
#include "proto/dns/expression.h"

#include <string.h>

#include "core/assert.h"

enum {
    BYTES = 256,
    CLASS_NAME_MAX = 8
};

/* The text, and where it is read. */
struct reader {
    struct expression_work *work;
    const char *text;
    size_t len, at;
};

/* ---- classes ------------------------------------------------------------------------------ */

static void class_add(struct expression_class *class, unsigned from, unsigned to)
{
    for (unsigned byte = from; byte <= to; byte++)
        class->bits[byte / 64] |= UINT64_C(1) << byte % 64;
}

static void class_invert(struct expression_class *class)
{
    for (unsigned i = 0; i < 4; i++)
        class->bits[i] = ~class->bits[i];
}

static void class_add_all(struct expression_class *class, const struct expression_class *other)
{
    for (unsigned i = 0; i < 4; i++)
        class->bits[i] |= other->bits[i];
}

/* Names are matched in lower case. */
static void class_lower(struct expression_class *class)
{
    for (unsigned byte = 'A'; byte <= 'Z'; byte++) {
        if (expression_class_has(class, (uint8_t)byte))
            class_add(class, byte | 0x20, byte | 0x20);
    }
}

/* The class of the letter of an escape (\d, \w, \s and their opposites); false: it has none. */
static bool escape_class(char letter, struct expression_class *class)
{
    *class = (struct expression_class){.bits = {0}};
    switch (letter | 0x20) {
    case 'd':
        class_add(class, '0', '9');
        break;
    case 'w':
        class_add(class, '0', '9');
        class_add(class, 'a', 'z');
        class_add(class, 'A', 'Z');
        class_add(class, '_', '_');
        break;
    case 's':
        class_add(class, '\t', '\r');
        class_add(class, ' ', ' ');
        break;
    default:
        return false;
    }
    if (!(letter & 0x20))
        class_invert(class);
    return true;
}

/* POSIX names of classes, each with its ranges of bytes. */
static const struct {
    char name[CLASS_NAME_MAX];
    char ranges[CLASS_NAME_MAX];
} posix_classes[] = {
    {"alnum:]", "09azAZ"},  {"alpha:]", "azAZ"},     {"blank:]", "  \t\t"}, {"digit:]", "09"},
    {"lower:]", "azAZ"},    {"punct:]", "!/:@[`{~"}, {"space:]", "\t\r  "}, {"upper:]", "azAZ"},
    {"word:]", "09azAZ__"}, {"xdigit:]", "09afAF"},  {"graph:]", "!~"},     {"print:]", " ~"},
};

/* Adds the class whose name begins at @at, behind "[:". Returns the bytes of the name, or 0. */
static size_t posix_class(struct reader *reader, struct expression_class *class)
{
    for (size_t i = 0; i < sizeof posix_classes / sizeof *posix_classes; i++) {
        const char *ranges = posix_classes[i].ranges;
        size_t len = 0;

        while (len < CLASS_NAME_MAX && posix_classes[i].name[len] != '\0')
            len++;
        if (reader->len - reader->at < len ||
            memcmp(reader->text + reader->at, posix_classes[i].name, len) != 0)
            continue;
        for (unsigned at = 0; at + 1 < CLASS_NAME_MAX && ranges[at] != '\0'; at += 2)
            class_add(class, (uint8_t)ranges[at], (uint8_t)ranges[at + 1]);
        return len;
    }
    return 0;
}

/* The byte of an escape of a character that isn't a letter or a digit, or of a control character.
 */
static bool escape_byte(char letter, uint8_t *byte)
{
    static const char letters[] = "tnrfv", bytes[] = "\t\n\r\f\v";

    for (unsigned i = 0; i < sizeof letters - 1; i++) {
        if (letter == letters[i]) {
            *byte = (uint8_t)bytes[i];
            return true;
        }
    }
    *byte = (uint8_t)letter;
    return !((letter >= '0' && letter <= '9') ||
             ((letter | 0x20) >= 'a' && (letter | 0x20) <= 'z'));
}

/* Reads one element of a class: a byte, or a class, which is added (*@byte is then BYTES). */
static enum expression_why class_element(struct reader *reader, struct expression_class *class,
                                         unsigned *byte)
{
    const char *text = reader->text;
    const char c = text[reader->at++];
    struct expression_class other;
    uint8_t escaped;

    *byte = (uint8_t)c;
    if (c == '[' && reader->at < reader->len && text[reader->at] == ':') {
        size_t len;

        reader->at++;
        len = posix_class(reader, class);
        reader->at += len;
        *byte = BYTES;
        return len > 0 ? EXPRESSION_OK : EXPRESSION_UNSUPPORTED;
    }
    if (c != '\\')
        return EXPRESSION_OK;
    if (reader->at == reader->len)
        return EXPRESSION_SYNTAX;
    if (escape_class(text[reader->at], &other)) {
        class_add_all(class, &other);
        reader->at++;
        *byte = BYTES;
        return EXPRESSION_OK;
    }
    if (!escape_byte(text[reader->at++], &escaped))
        return EXPRESSION_UNSUPPORTED;
    *byte = escaped;
    return EXPRESSION_OK;
}

/* Adds an element of a class, or a range of them. */
static enum expression_why class_range(struct reader *reader, struct expression_class *class)
{
    unsigned from, to;
    enum expression_why why = class_element(reader, class, &from);

    to = from;
    if (!why && reader->len - reader->at >= 2 && reader->text[reader->at] == '-' &&
        reader->text[reader->at + 1] != ']') {
        reader->at++;
        why = class_element(reader, class, &to);
        if (!why && (from == BYTES || to == BYTES || to < from))
            why = EXPRESSION_SYNTAX;
    }
    if (!why && from != BYTES)
        class_add(class, from, to);
    return why;
}

/* Reads a class behind its "[". */
static enum expression_why class_read(struct reader *reader, struct expression_class *class)
{
    const bool inverted = reader->at < reader->len && reader->text[reader->at] == '^';
    size_t begin;

    *class = (struct expression_class){.bits = {0}};
    reader->at += inverted;
    begin = reader->at;
    /* a "]" at the beginning is an element */
    while (reader->at < reader->len && (reader->text[reader->at] != ']' || reader->at == begin)) {
        const enum expression_why why = class_range(reader, class);

        if (why)
            return why;
    }
    if (reader->at >= reader->len)
        return EXPRESSION_SYNTAX;
    reader->at++;
    class_lower(class);
    if (inverted)
        class_invert(class);
    return EXPRESSION_OK;
}

/* ---- tokens ------------------------------------------------------------------------------- */

static bool put(struct expression_work *work, unsigned token)
{
    if (work->token_count == EXPRESSION_TOKENS_MAX)
        return false;
    work->tokens[work->token_count++] = (uint16_t)token;
    return true;
}

/* Joins the last two parts of the current alternative. */
static bool join(struct expression_work *work)
{
    if (work->groups[work->depth].behinds < 2)
        return true;
    work->groups[work->depth].behinds = 1;
    return put(work, EXPRESSION_THEN);
}

/* Begins a part of the current alternative. */
static bool begin_part(struct expression_work *work, bool may_repeat)
{
    if (!join(work))
        return false;
    work->groups[work->depth].behinds++;
    work->groups[work->depth].last = (uint16_t)work->token_count;
    work->groups[work->depth].may_repeat = may_repeat;
    return true;
}

static enum expression_why put_part(struct expression_work *work, unsigned token, bool may_repeat)
{
    return begin_part(work, may_repeat) && put(work, token) ? EXPRESSION_OK : EXPRESSION_TOO_LONG;
}

/* Ends the current alternative, and joins it with those before. */
static bool end_alternative(struct expression_work *work)
{
    if (work->groups[work->depth].behinds == 0 && put_part(work, EXPRESSION_NOTHING, false))
        return false;
    if (!join(work))
        return false;
    if (work->groups[work->depth].has_or && !put(work, EXPRESSION_OR))
        return false;
    work->groups[work->depth].has_or = true;
    work->groups[work->depth].behinds = 0;
    return true;
}

static enum expression_why put_class(struct expression_work *work,
                                     const struct expression_class *class)
{
    unsigned i = 0, bytes = 0, byte = 0;

    for (unsigned at = 0; at < BYTES; at++) {
        if (expression_class_has(class, (uint8_t)at)) {
            bytes++;
            byte = at;
        }
    }
    if (bytes == 0)
        return EXPRESSION_SYNTAX;
    if (bytes == 1)
        return put_part(work, byte, true);
    while (i < work->class_count && memcmp(&work->classes[i], class, sizeof *class) != 0)
        i++;
    if (i == EXPRESSION_CLASSES_MAX)
        return EXPRESSION_TOO_LONG;
    work->classes[i] = *class;
    work->class_count += i == work->class_count;
    return put_part(work, EXPRESSION_CLASS + i, true);
}

static enum expression_why put_byte(struct expression_work *work, uint8_t byte)
{
    return put_part(work, byte >= 'A' && byte <= 'Z' ? byte | 0x20u : byte, true);
}

/* ---- quantifiers -------------------------------------------------------------------------- */

/* Copies the tokens of the last part, from @begin on, behind all others. */
static bool copy_part(struct expression_work *work, unsigned begin, unsigned count)
{
    if (count > EXPRESSION_TOKENS_MAX - work->token_count)
        return false;
    memcpy(&work->tokens[work->token_count], &work->tokens[begin], count * sizeof *work->tokens);
    work->token_count += count;
    return true;
}

/* Puts a copy of the last part behind it, or the part itself (@i 0), with a quantifier or 0. */
static bool put_copy(struct expression_work *work, unsigned begin, unsigned count, unsigned i,
                     unsigned quantifier)
{
    if (i > 0 && !copy_part(work, begin, count))
        return false;
    if (quantifier > 0 && !put(work, quantifier))
        return false;
    return i == 0 || put(work, EXPRESSION_THEN);
}

/* The quantifier of copy @i of a part that may come @least times or more. */
static unsigned endless(unsigned i, unsigned copies, unsigned least)
{
    return i + 1 < copies ? 0 : least > 0 ? EXPRESSION_PLUS : EXPRESSION_STAR;
}

/* Repeats the last part @least to @most times; UINT32_MAX: without a limit. */
static enum expression_why repeat(struct expression_work *work, unsigned least, unsigned most)
{
    const unsigned begin = work->groups[work->depth].last;
    const unsigned count = work->token_count - begin;
    const bool is_endless = most == UINT32_MAX;
    const unsigned copies = !is_endless ? most : least > 0 ? least : 1;

    if (most == 0) {
        work->token_count = begin;
        return put(work, EXPRESSION_NOTHING) ? EXPRESSION_OK : EXPRESSION_TOO_LONG;
    }
    for (unsigned i = 0; i < copies; i++) {
        const unsigned quantifier = is_endless   ? endless(i, copies, least)
                                    : i >= least ? EXPRESSION_OPTION
                                                 : 0;

        if (!put_copy(work, begin, count, i, quantifier))
            return EXPRESSION_TOO_LONG;
    }
    return EXPRESSION_OK;
}

/* Reads digits; false: there are none, or too large a number. */
static bool read_number(struct reader *reader, unsigned *number)
{
    const size_t begin = reader->at;

    for (*number = 0; reader->at < reader->len && reader->text[reader->at] >= '0' &&
                      reader->text[reader->at] <= '9' && *number <= EXPRESSION_REPEAT_MAX;
         reader->at++)
        *number = *number * 10 + (unsigned)(reader->text[reader->at] - '0');
    return reader->at > begin && *number <= EXPRESSION_REPEAT_MAX;
}

/* Reads "m}", "m,}", "m,n}" or ",n}". */
static enum expression_why read_bounds(struct reader *reader, unsigned *least, unsigned *most)
{
    const char *text = reader->text;

    *least = 0;
    if (reader->at < reader->len && text[reader->at] != ',' && !read_number(reader, least))
        return EXPRESSION_SYNTAX;
    *most = *least;
    if (reader->at < reader->len && text[reader->at] == ',') {
        reader->at++;
        *most = UINT32_MAX;
        if (reader->at < reader->len && text[reader->at] != '}' && !read_number(reader, most))
            return EXPRESSION_SYNTAX;
    }
    if (reader->at == reader->len || text[reader->at++] != '}' || *most < *least)
        return EXPRESSION_SYNTAX;
    return EXPRESSION_OK;
}

static enum expression_why quantify(struct reader *reader, char c)
{
    struct expression_work *work = reader->work;
    unsigned least = c == '+', most = c == '?' ? 1 : UINT32_MAX;

    if (work->groups[work->depth].behinds == 0 || !work->groups[work->depth].may_repeat)
        return EXPRESSION_SYNTAX;
    if (c == '{') {
        const enum expression_why why = read_bounds(reader, &least, &most);

        if (why)
            return why;
    }
    work->groups[work->depth].may_repeat = false;
    if (reader->at < reader->len && reader->text[reader->at] == '+')
        return EXPRESSION_UNSUPPORTED; /* possessive */
    if (reader->at < reader->len && reader->text[reader->at] == '?')
        reader->at++; /* lazy: the same names match */
    return repeat(work, least, most);
}

/* ---- groups ------------------------------------------------------------------------------- */

static enum expression_why open_group(struct reader *reader)
{
    struct expression_work *work = reader->work;

    if (reader->at < reader->len && reader->text[reader->at] == '?') {
        if (reader->len - reader->at < 2 || reader->text[reader->at + 1] != ':')
            return EXPRESSION_UNSUPPORTED;
        reader->at += 2;
    }
    if (work->depth + 1 == EXPRESSION_DEPTH_MAX || !begin_part(work, true))
        return EXPRESSION_TOO_LONG;
    work->depth++;
    memset(&work->groups[work->depth], 0, sizeof work->groups[work->depth]);
    return EXPRESSION_OK;
}

static enum expression_why close_group(struct expression_work *work)
{
    if (work->depth == 0)
        return EXPRESSION_SYNTAX;
    if (!end_alternative(work))
        return EXPRESSION_TOO_LONG;
    work->depth--;
    return EXPRESSION_OK;
}

static enum expression_why escape(struct reader *reader)
{
    struct expression_class class;
    uint8_t byte;
    char letter;

    if (reader->at == reader->len)
        return EXPRESSION_SYNTAX;
    letter = reader->text[reader->at++];
    if (escape_class(letter, &class))
        return put_class(reader->work, &class);
    return escape_byte(letter, &byte) ? put_byte(reader->work, byte) : EXPRESSION_UNSUPPORTED;
}

static enum expression_why step(struct reader *reader)
{
    static const struct expression_class any = {
        .bits = {~(UINT64_C(1) << '\n'), UINT64_MAX, UINT64_MAX, UINT64_MAX}};
    struct expression_work *work = reader->work;
    const char c = reader->text[reader->at++];
    struct expression_class class;
    enum expression_why why;

    switch (c) {
    case '(':
        return open_group(reader);
    case ')':
        return close_group(work);
    case '|':
        return end_alternative(work) ? EXPRESSION_OK : EXPRESSION_TOO_LONG;
    case '*':
    case '+':
    case '?':
    case '{':
        return quantify(reader, c);
    case '[':
        why = class_read(reader, &class);
        return why ? why : put_class(work, &class);
    case '.':
        return put_class(work, &any);
    case '^':
        return put_part(work, EXPRESSION_BEGIN, false);
    case '$':
        return put_part(work, EXPRESSION_END, false);
    case '\\':
        return escape(reader);
    default:
        return put_byte(work, (uint8_t)c);
    }
}

enum expression_why expression_parse(struct expression_work *work, const char *text, size_t len)
{
    struct reader reader = {.work = work, .text = text, .len = len};

    work->token_count = 0;
    work->class_count = 0;
    work->depth = 0;
    memset(&work->groups[0], 0, sizeof work->groups[0]);
    while (reader.at < len) {
        const enum expression_why why = step(&reader);

        if (why)
            return why;
    }
    if (work->depth > 0)
        return EXPRESSION_SYNTAX;
    return end_alternative(work) ? EXPRESSION_OK : EXPRESSION_TOO_LONG;
}
