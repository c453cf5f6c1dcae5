/*
 * fuzz_blocklist.c -- blocklists: the result doesn't depend on the pieces that the text comes in,
 * and every line is counted in one counter. Lines may have
 * conditions and regular expressions.
 *
 * The first byte sets where the text is cut, the second whether it is a list of exceptions.
 */
#include <stdlib.h>
#include <string.h>

#include <leat/blocklist.h>

enum {
    NAMES = 64,
    RULES_BYTES = LEAT_BLOCKLIST_RULES_BYTES_MIN
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct set {
    struct leat_blocklist *list;
    uint8_t memory[4096];
    _Alignas(8) uint8_t rules[RULES_BYTES];
};

static void demand(bool condition)
{
    if (!condition)
        abort();
}

static void start(struct set *set, bool allow)
{
    static const uint64_t key[2] = {1, 2};

    demand(leat_blocklist_memory_bytes(NAMES) <= sizeof set->memory);
    demand(!leat_blocklist_open(&set->list, set->memory, sizeof set->memory, NAMES, key));
    demand(!leat_blocklist_give_rules(set->list, set->rules, sizeof set->rules));
    leat_blocklist_begin(set->list, allow);
}

/* Parses a copy of @len bytes that ends at the end of its memory. */
static void feed(struct set *set, const uint8_t *bytes, size_t len)
{
    uint8_t *copy = malloc(len + !len);

    demand(copy != NULL);
    memcpy(copy, bytes, len);
    leat_blocklist_read(set->list, copy, len);
    free(copy);
}

/* Looks up each word of the text as a name; both sets must agree. */
static void compare(const struct set *a, const struct set *b, const uint8_t *bytes, size_t len,
                    bool allow)
{
    char text[300];
    size_t at = 0;

    for (size_t i = 0; i <= len; i++) {
        struct leat_blocklist_question question = {.type = (uint16_t)at,
                                                   .client = LEAT_IP4(10, 0, 0, 1)};
        struct leat_blocklist_answer of_a, of_b;
        struct leat_dns_name name;

        if (i < len && bytes[i] > ' ' && bytes[i] != '\\' && at < sizeof text - 1) {
            text[at++] = (char)bytes[i];
            continue;
        }
        text[at] = '\0';
        at = 0;
        if (leat_dns_name_parse(text, &name))
            continue;
        question.name = &name;
        leat_blocklist_ask(a->list, &question, &of_a);
        leat_blocklist_ask(b->list, &question, &of_b);
        demand(of_a.verdict == of_b.verdict && of_a.labels == of_b.labels);
        demand(of_a.text == of_b.text && of_a.line == of_b.line);
        demand(of_a.has_ip4 == of_b.has_ip4 && of_a.has_ip6 == of_b.has_ip6);
        demand(!allow || of_a.verdict != LEAT_BLOCKLIST_BLOCKED);
        demand(of_a.line <= leat_blocklist_counts(a->list)->lines);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct set whole, cut;
    const struct leat_blocklist_counts *counts;
    const struct leat_blocklist_text *text;
    uint64_t line_ends = 0;
    size_t at;

    if (size < 2 || size > 20000)
        return 0;
    at = (size - 2) * data[0] / 255;
    start(&whole, data[1] & 1);
    feed(&whole, data + 2, size - 2);
    leat_blocklist_end(whole.list);
    start(&cut, data[1] & 1);
    feed(&cut, data + 2, at);
    feed(&cut, data + 2 + at, size - 2 - at);
    leat_blocklist_end(cut.list);
    counts = leat_blocklist_counts(whole.list);
    demand(!memcmp(counts, leat_blocklist_counts(cut.list), sizeof *counts));
    text = leat_blocklist_text(whole.list);
    demand(text->understood == leat_blocklist_text(cut.list)->understood);
    demand(text->refused == leat_blocklist_text(cut.list)->refused);
    demand(text->lines == text->understood + text->ignored + text->refused);
    demand(text->no_room + text->over_limit <= text->refused &&
           text->expressions <= text->understood);
    for (size_t i = 2; i < size; i++)
        line_ends += data[i] == '\n' || i == size - 1;
    demand(counts->lines == line_ends);
    demand(counts->names <= NAMES && counts->other_line <= counts->lines);
    compare(&whole, &cut, data + 2, size - 2, data[1] & 1);
    return 0;
}
