/* expression_match.c -- matches a name with an automaton. See expression.h. */
#include "proto/dns/expression.h"

/* True if the position is for @byte. */
static bool takes(const struct expression *expression, unsigned position, uint8_t byte)
{
    const unsigned symbol = expression->symbols[position];

    if (symbol < EXPRESSION_CLASS)
        return symbol == byte;
    return expression_class_has(&expression->classes[symbol - EXPRESSION_CLASS], byte);
}

/* The lowest position of a word that isn't 0. */
static unsigned lowest(uint64_t word)
{
    return (unsigned)__builtin_ctzll(word);
}

/* Sets @next to all positions that may take the next byte. */
static void spread(const struct expression *expression, const uint64_t *now, uint64_t *next)
{
    const unsigned words = expression->words;

    for (unsigned i = 0; i < words; i++)
        next[i] = expression->first[i];
    for (unsigned i = 0; i < words; i++) {
        for (uint64_t left = now[i]; left != 0; left &= left - 1) {
            const uint64_t *follow =
                expression->follow + (size_t)(i * 64 + lowest(left)) * expression->words;

            for (unsigned word = 0; word < words; word++)
                next[word] |= follow[word];
        }
    }
}

/* Removes from @set the positions that don't take @byte. */
static void filter(const struct expression *expression, uint64_t *set, uint8_t byte)
{
    for (unsigned i = 0; i < expression->words; i++) {
        for (uint64_t left = set[i]; left != 0; left &= left - 1) {
            const unsigned bit = lowest(left);

            if (!takes(expression, i * 64 + bit, byte))
                set[i] &= ~(UINT64_C(1) << bit);
        }
    }
}

static bool meets(const struct expression *expression, const uint64_t *set, const uint64_t *other)
{
    uint64_t both = 0;

    for (unsigned i = 0; i < expression->words; i++)
        both |= set[i] & other[i];
    return both != 0;
}

bool expression_matches(const struct expression *expression, const uint8_t *name, size_t len)
{
    struct expression_set sets[2] = {{{0}}};
    unsigned now = 0;

    for (unsigned i = 0; i < expression->words; i++)
        sets[0].words[i] = expression->started[i];
    for (size_t at = 0; at < len; at++, now = !now) {
        spread(expression, sets[now].words, sets[!now].words);
        filter(expression, sets[!now].words, name[at]);
        if (meets(expression, sets[!now].words, expression->last))
            return true;
    }
    return meets(expression, sets[now].words, expression->finished);
}
