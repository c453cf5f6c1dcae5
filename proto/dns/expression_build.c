/* expression_build.c -- makes an automaton of tokens. See expression.h. */
#include "proto/dns/expression.h"

#include <string.h>

#include "core/assert.h"

enum {
    WORD_BITS = 64,
    SETS = 4 /* beside `follow`: first, last, started, finished */
};

/* ---- sets --------------------------------------------------------------------------------- */

static void set_add(uint64_t *set, const uint64_t *other, unsigned words)
{
    for (unsigned i = 0; i < words; i++)
        set[i] |= other[i];
}

/* The first position of the set from @from on, or @end. */
static unsigned set_next(const uint64_t *set, unsigned from, unsigned end)
{
    while (from < end && !expression_set_has(set, from))
        from++;
    return from;
}

/* Has each position of @last be followed by those of @first. */
static void set_follow(const struct expression *expression, const struct expression_set *last,
                       const struct expression_set *first)
{
    const unsigned end = expression->positions;

    for (unsigned i = set_next(last->words, 0, end); i < end; i = set_next(last->words, i + 1, end))
        set_add(expression->follow + (size_t)i * expression->words, first->words,
                expression->words);
}

/* ---- literals ----------------------------------------------------------------------------- */

/* The shortest literal's length: how much a set of them is worth; 0: there is none. */
static unsigned worth(const struct expression_part *part)
{
    unsigned least = part->literal_count > 0 ? part->literals[0].len : 0;

    for (unsigned i = 1; i < part->literal_count; i++) {
        if (part->literals[i].len < least)
            least = part->literals[i].len;
    }
    return least;
}

/* True if the literals of @a are better than those of @b. */
static bool is_better(const struct expression_part *a, const struct expression_part *b)
{
    const unsigned a_worth = worth(a), b_worth = worth(b);

    return a_worth > b_worth ||
           (a_worth == b_worth && a->literal_count > 0 && a->literal_count < b->literal_count);
}

static void take_literals(struct expression_part *to, const struct expression_part *from)
{
    memcpy(to->literals, from->literals, sizeof to->literals);
    to->literal_count = from->literal_count;
}

/* The end of a match becomes a literal, if it is better than those before. */
static void try_tail(struct expression_part *part)
{
    if (part->tail.len > worth(part)) {
        part->literals[0] = part->tail;
        part->literal_count = 1;
    }
}

/* ---- parts -------------------------------------------------------------------------------- */

/* Puts @a and @b one behind the other, in @a. */
static void then(const struct expression *expression, struct expression_part *a,
                 const struct expression_part *b)
{
    const unsigned words = expression->words;

    set_follow(expression, &a->last, &b->first);
    if (a->nullable)
        set_add(a->first.words, b->first.words, words);
    if (b->nullable)
        set_add(a->last.words, b->last.words, words);
    else
        a->last = b->last;
    a->nullable = a->nullable && b->nullable;
    a->exact = a->exact && b->exact;
    if (is_better(b, a))
        take_literals(a, b);
    if (b->exact && a->tail.len > 0)
        a->tail.len = (uint16_t)(a->tail.len + b->tail.len);
    else
        a->tail = b->tail;
    try_tail(a);
}

/* One of @a and @b, in @a. */
static void or (const struct expression *expression, struct expression_part *a,
                const struct expression_part *b)
{
    set_add(a->first.words, b->first.words, expression->words);
    set_add(a->last.words, b->last.words, expression->words);
    a->nullable = a->nullable || b->nullable;
    a->exact = false;
    a->tail.len = 0;
    if (a->literal_count == 0 || b->literal_count == 0 ||
        a->literal_count + b->literal_count > EXPRESSION_LITERALS_MAX) {
        a->literal_count = 0;
        return;
    }
    memcpy(&a->literals[a->literal_count], b->literals, b->literal_count * sizeof *b->literals);
    a->literal_count = (uint8_t)(a->literal_count + b->literal_count);
}

static void quantify(const struct expression *expression, struct expression_part *part,
                     unsigned token)
{
    if (token != EXPRESSION_OPTION)
        set_follow(expression, &part->last, &part->first);
    part->exact = false;
    if (token == EXPRESSION_PLUS)
        return;
    part->nullable = true;
    part->literal_count = 0;
    part->tail.len = 0;
}

/* A part that is one position, or nothing. */
static void begin(struct expression_part *part, unsigned token, unsigned position)
{
    memset(part, 0, sizeof *part);
    if (token == EXPRESSION_NOTHING) {
        part->nullable = true;
        return;
    }
    part->first.words[position / WORD_BITS] = UINT64_C(1) << position % WORD_BITS;
    part->last = part->first;
    if (token >= EXPRESSION_BEGIN)
        return;
    part->exact = true;
    part->tail = (struct expression_literal){.begin = (uint16_t)position, .len = 1};
    try_tail(part);
}

/* Evaluates the tokens; the whole is work->parts[0] then. */
static void evaluate(struct expression_work *work, const struct expression *expression)
{
    struct expression_part *parts = work->parts;
    unsigned position = 0;

    work->part_count = 0;
    for (unsigned i = 0; i < work->token_count; i++) {
        const unsigned token = work->tokens[i];

        if (token <= EXPRESSION_NOTHING) {
            leat_assert(work->part_count < sizeof work->parts / sizeof *work->parts);
            begin(&parts[work->part_count++], token, position);
            position += token != EXPRESSION_NOTHING;
        } else if (token == EXPRESSION_THEN) {
            work->part_count--;
            then(expression, &parts[work->part_count - 1], &parts[work->part_count]);
        } else if (token == EXPRESSION_OR) {
            work->part_count--;
            or (expression, &parts[work->part_count - 1], &parts[work->part_count]);
        } else {
            quantify(expression, &parts[work->part_count - 1], token);
        }
    }
    leat_assert(work->part_count == 1);
}

/* ---- both ends of a name ------------------------------------------------------------------ */

/* Adds to @set the positions of "^" that may follow one of it; true: there were new ones. */
static bool add_begins(const struct expression *expression, uint64_t *set)
{
    const unsigned end = expression->positions;
    bool grew = false;

    for (unsigned i = set_next(set, 0, end); i < end; i = set_next(set, i + 1, end)) {
        const uint64_t *follow = expression->follow + (size_t)i * expression->words;

        for (unsigned at = set_next(follow, 0, end); at < end; at = set_next(follow, at + 1, end)) {
            if (expression->symbols[at] == EXPRESSION_BEGIN && !expression_set_has(set, at)) {
                set[at / WORD_BITS] |= UINT64_C(1) << at % WORD_BITS;
                grew = true;
            }
        }
    }
    return grew;
}

/* Sets @set to the positions that the name's begin leads to: "^", and more of them behind it. */
static void set_started(const struct expression *expression, uint64_t *set)
{
    for (unsigned i = 0; i < expression->positions; i++) {
        if (expression->symbols[i] == EXPRESSION_BEGIN && expression_set_has(expression->first, i))
            set[i / WORD_BITS] |= UINT64_C(1) << i % WORD_BITS;
    }
    while (add_begins(expression, set)) { /* at most once for each position */
    }
}

/* Adds to @set the positions that "$" in it may follow; true: there were new ones. */
static bool add_ends(const struct expression *expression, uint64_t *set)
{
    const unsigned end = expression->positions;
    bool grew = false;

    for (unsigned i = end; i-- > 0;) { /* backward, because that is how they follow each other */
        const uint64_t *follow = expression->follow + (size_t)i * expression->words;

        if (expression_set_has(set, i))
            continue;
        for (unsigned at = set_next(follow, 0, end); at < end; at = set_next(follow, at + 1, end)) {
            if (expression->symbols[at] == EXPRESSION_END && expression_set_has(set, at)) {
                set[i / WORD_BITS] |= UINT64_C(1) << i % WORD_BITS;
                grew = true;
                break;
            }
        }
    }
    return grew;
}

/* ---- the whole ---------------------------------------------------------------------------- */

/* Sets the number of positions; false: there are too many. */
static bool count_positions(const struct expression_work *work, struct expression *expression)
{
    unsigned count = 0;

    for (unsigned i = 0; i < work->token_count; i++)
        count += work->tokens[i] < EXPRESSION_NOTHING;
    if (count > EXPRESSION_POSITIONS_MAX)
        return false;
    expression->positions = (uint16_t)count;
    expression->words = (uint8_t)((count + WORD_BITS - 1) / WORD_BITS);
    expression->class_count = (uint8_t)work->class_count;
    return true;
}

static size_t align_up(size_t bytes)
{
    return (bytes + sizeof(uint64_t) - 1) & ~(sizeof(uint64_t) - 1);
}

static void copy_symbols(const struct expression_work *work, uint16_t *symbols)
{
    for (unsigned i = 0; i < work->token_count; i++) {
        if (work->tokens[i] < EXPRESSION_NOTHING)
            *symbols++ = work->tokens[i];
    }
}

/* True if no byte is needed for a match: "", "a*", "^", "$". */
static bool matches_all(const struct expression_work *work, const struct expression *expression)
{
    for (unsigned i = 0; i < expression->positions; i++) {
        if ((expression_set_has(expression->started, i) &&
             expression_set_has(expression->last, i)) ||
            (expression->symbols[i] == EXPRESSION_END && expression_set_has(expression->first, i) &&
             expression_set_has(expression->finished, i)))
            return true;
    }
    return work->parts[0].nullable;
}

enum expression_why expression_build(struct expression_work *work, struct expression *expression,
                                     void *memory, size_t *bytes)
{
    const size_t room = *bytes;
    size_t sets, classes;
    uint64_t *words = memory;

    *bytes = 0;
    if (!count_positions(work, expression))
        return EXPRESSION_TOO_LONG;
    sets = (size_t)expression->words * (SETS + expression->positions);
    classes = work->class_count * sizeof(struct expression_class);
    if (sets * sizeof *words + classes + align_up(expression->positions * sizeof(uint16_t)) > room)
        return EXPRESSION_NO_ROOM;
    memset(words, 0, sets * sizeof *words);
    expression->follow = words + (size_t)expression->words * SETS;
    memcpy(words + sets, work->classes, classes);
    expression->classes = (const struct expression_class *)(const void *)(words + sets);
    copy_symbols(work, (uint16_t *)(void *)((uint8_t *)(words + sets) + classes));
    expression->symbols = (const uint16_t *)(const void *)((uint8_t *)(words + sets) + classes);
    evaluate(work, expression);
    memcpy(words, work->parts[0].first.words, expression->words * sizeof *words);
    expression->first = words;
    words += expression->words;
    memcpy(words, work->parts[0].last.words, expression->words * sizeof *words);
    expression->last = words;
    words += expression->words;
    set_started(expression, words);
    expression->started = words;
    words += expression->words;
    memcpy(words, expression->last, expression->words * sizeof *words);
    while (add_ends(expression, words)) { /* at most once for each position */
    }
    expression->finished = words;
    *bytes = sets * sizeof *words + classes + align_up(expression->positions * sizeof(uint16_t));
    return matches_all(work, expression) ? EXPRESSION_EMPTY : EXPRESSION_OK;
}
