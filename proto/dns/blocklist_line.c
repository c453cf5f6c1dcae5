/* blocklist_line.c -- lines of a list with options, or with a regular expression: the text is in
 * list->more. */
#include "proto/dns/blocklist.h"
#include "proto/dns/blocklist_rules.h"

enum {
    ALLOW_SHIFT = 2, /* from BLOCK to ALLOW */
    BLOCK_MARKS = LEAT_BLOCKLIST_BLOCK_NAME | LEAT_BLOCKLIST_BLOCK_BELOW
};

/* The marks of an entry with $important. */
static unsigned force(unsigned marks)
{
    return marks | (marks & BLOCK_MARKS ? LEAT_BLOCKLIST_FORCE_BLOCK : LEAT_BLOCKLIST_FORCE_ALLOW);
}

/* Notes where the current line is; it is counted when it ends. */
static void set_place(const struct leat_blocklist *list, struct blocklist_options *options)
{
    options->text = list->text.number;
    options->line = (uint32_t)list->text.lines + 1;
}

/* Counts a rule that could not be added, and says what becomes of its line. */
static enum blocklist_result count(struct leat_blocklist *list, enum expression_why why)
{
    if (why == EXPRESSION_OK)
        return BLOCKLIST_UNDERSTOOD;
    list->text.no_room += why == EXPRESSION_NO_ROOM;
    list->text.over_limit += why == EXPRESSION_OVER_LIMIT;
    return BLOCKLIST_REFUSED;
}

/* Adds the current name with a rule. */
static enum blocklist_result add_rule(struct leat_blocklist *list, unsigned marks,
                                      const struct blocklist_options *options)
{
    uint64_t hash;

    if (!list->rules)
        return count(list, EXPRESSION_NO_ROOM);
    if (blocklist_add(list, &list->reader.name, BLOCKLIST_HAS_RULES, &hash))
        return BLOCKLIST_UNDERSTOOD; /* the table is full, which is counted */
    return count(list, blocklist_rules_add(list->rules, hash, marks, options));
}

enum blocklist_result blocklist_take_options(struct leat_blocklist *list, unsigned marks)
{
    struct blocklist_options options;

    if (list->more.cut || !blocklist_options_read(&options, list->more.text, list->more.len))
        return BLOCKLIST_REFUSED;
    set_place(list, &options);
    /* an exception from rewriting alone isn't one from blocking */
    if (options.unhandled || (options.has_rewrite && !(marks & BLOCK_MARKS))) {
        list->text.rewrites++;
        return BLOCKLIST_IGNORED;
    }
    marks = blocklist_marks(list, options.important ? force(marks) : marks);
    if (blocklist_options_need_rule(&options))
        return add_rule(list, marks, &options);
    (void)leat_blocklist_add(list, &list->reader.name, marks);
    return BLOCKLIST_UNDERSTOOD;
}

/* ---- expressions -------------------------------------------------------------------------- */

/* True for a rule about the content of pages: "#" and "#" with "@", "?", "$" or "%" between them.
 */
static bool is_about_pages(const char *text, size_t len)
{
    bool after = false;

    for (size_t i = 0; i < len; i++) {
        if (text[i] == '#' && after)
            return true;
        after = text[i] == '#' ||
                (after && (text[i] == '@' || text[i] == '?' || text[i] == '$' || text[i] == '%'));
    }
    return false;
}

/* Divides "EXPRESSION/" or "EXPRESSION/$OPTIONS"; false: it is neither. */
static bool divide(const char *text, size_t len, size_t *expression_len,
                   struct blocklist_span *options)
{
    *options = (struct blocklist_span){.text = NULL};
    while (len > 0 && (text[len - 1] == '\r' || text[len - 1] == ' ' || text[len - 1] == '\t'))
        len--;
    if (len > 0 && text[len - 1] == '/') {
        *expression_len = len - 1;
        return len > 1;
    }
    for (size_t at = len; at-- > 1;) { /* an option may have "/", too */
        if (text[at] != '/' || at + 2 >= len || text[at + 1] != '$')
            continue;
        *expression_len = at;
        *options = (struct blocklist_span){.text = text + at + 2, .len = len - at - 2};
        return true;
    }
    return false;
}

/* Adds an expression of @len bytes at the beginning of the text. */
static enum blocklist_result add_expression(struct leat_blocklist *list, size_t len, unsigned marks,
                                            struct blocklist_options *options)
{
    enum expression_why why;

    set_place(list, options);
    why = !list->rules ? EXPRESSION_NO_ROOM
          : list->text.expressions == LEAT_BLOCKLIST_EXPRESSIONS
              ? EXPRESSION_OVER_LIMIT
              : blocklist_rules_add_expression(list->rules, list->more.text, len, marks, options);
    list->text.expressions += why == EXPRESSION_OK;
    list->text.expressions_refused += why != EXPRESSION_OK;
    return count(list, why);
}

/* Blanks and other signs are in no name, but in the prose and the scripts of a page. */
static bool is_prose(const char *text, size_t len)
{
    static const char signs[] = " \t;<>\"'=";

    for (size_t i = 0; i < len; i++) {
        for (const char *sign = signs; *sign; sign++) {
            if (text[i] == *sign)
                return true;
        }
    }
    return false;
}

enum blocklist_result blocklist_take_raw(struct leat_blocklist *list)
{
    const char *text = list->more.text;
    struct blocklist_options options = {.important = false};
    size_t len = list->more.len;

    while (len > 0 && (text[len - 1] == '\r' || text[len - 1] == ' ' || text[len - 1] == '\t'))
        len--;
    if (list->more.cut || is_prose(text, len))
        return BLOCKLIST_REFUSED;
    return add_expression(list, len, blocklist_marks(list, LEAT_BLOCKLIST_BLOCK_NAME), &options);
}

enum blocklist_result blocklist_take_expression(struct leat_blocklist *list, bool except)
{
    unsigned marks = BLOCK_MARKS & LEAT_BLOCKLIST_BLOCK_NAME;
    struct blocklist_options options = {.important = false};
    struct blocklist_span span;
    size_t len = 0;

    if (is_about_pages(list->more.text, list->more.len))
        return BLOCKLIST_IGNORED;
    if (list->more.cut || !divide(list->more.text, list->more.len, &len, &span) ||
        (span.len > 0 && !blocklist_options_read(&options, span.text, span.len)))
        return BLOCKLIST_REFUSED;
    if (except)
        marks <<= ALLOW_SHIFT;
    if (options.unhandled || (options.has_rewrite && except)) {
        list->text.rewrites++;
        return BLOCKLIST_IGNORED;
    }
    marks = blocklist_marks(list, options.important ? force(marks) : marks);
    return add_expression(list, len, marks, &options);
}
