/*
 * fuzz_expression.c -- regular expressions for names. There is no oracle; expressions.py has one.
 *
 * The automaton takes exactly the memory that it says. A name that matches contains one of the
 * literals. Without "^" and "$" it still matches with more bytes around it.
 *
 * The text up to the first line end is the expression, each further line a name.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/dns/expression.h"

enum {
    MEMORY_BYTES = 64 * 1024,
    NAME_BYTES = 255
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct expression_work work;

static void demand(bool condition)
{
    if (!condition)
        abort();
}

/* Builds the tokens again in exactly @bytes, and in one byte less, which is too little. */
static void build_exactly(struct expression *expression, void **memory, size_t bytes)
{
    size_t taken = bytes - 1;

    *memory = malloc(bytes);
    demand(*memory != NULL);
    demand(expression_build(&work, expression, *memory, &taken) == EXPRESSION_NO_ROOM);
    taken = bytes;
    demand(expression_build(&work, expression, *memory, &taken) == EXPRESSION_OK && taken == bytes);
}

static bool is_free(const struct expression *expression)
{
    for (unsigned i = 0; i < expression->positions; i++) {
        if (expression->symbols[i] == EXPRESSION_BEGIN || expression->symbols[i] == EXPRESSION_END)
            return false;
    }
    return true;
}

static bool has(const struct expression *expression, const struct expression_literal *literal,
                const uint8_t *name, size_t len)
{
    for (size_t at = 0; at + literal->len <= len; at++) {
        unsigned i = 0;

        while (i < literal->len && name[at + i] == expression->symbols[literal->begin + i])
            i++;
        if (i == literal->len)
            return true;
    }
    return false;
}

static void try_name(const struct expression *expression, const uint8_t *bytes, size_t len)
{
    const struct expression_part *part = &work.parts[0];
    uint8_t name[NAME_BYTES + 2];
    bool found = part->literal_count == 0;

    if (len > NAME_BYTES)
        return;
    for (size_t i = 0; i < len; i++)
        name[i + 1] = bytes[i] >= 'A' && bytes[i] <= 'Z' ? bytes[i] | 0x20 : bytes[i];
    if (!expression_matches(expression, name + 1, len))
        return;
    for (unsigned i = 0; i < part->literal_count; i++)
        found = found || has(expression, &part->literals[i], name + 1, len);
    demand(found);
    name[0] = name[len + 1] = 'q';
    demand(!is_free(expression) || expression_matches(expression, name, len + 2));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static _Alignas(8) uint8_t memory[MEMORY_BYTES];
    const uint8_t *end = memchr(data, '\n', size);
    const size_t len = end ? (size_t)(end - data) : size;
    struct expression expression;
    size_t bytes = sizeof memory;
    enum expression_why why;
    void *exact;

    if (size > 4096)
        return 0;
    why = expression_parse(&work, (const char *)data, len);
    if (!why)
        why = expression_build(&work, &expression, memory, &bytes);
    demand(why != EXPRESSION_NO_ROOM);
    if (why)
        return 0;
    demand(expression.positions <= EXPRESSION_POSITIONS_MAX);
    build_exactly(&expression, &exact, bytes);
    for (size_t at = len + 1, to; at < size; at = to + 1) {
        for (to = at; to < size && data[to] != '\n'; to++) {
        }
        try_name(&expression, data + at, to - at);
    }
    free(exact);
    return 0;
}
