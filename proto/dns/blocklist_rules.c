/* blocklist_rules.c -- see blocklist_rules.h. */
#include "proto/dns/blocklist_rules.h"

#include <string.h>

#include "core/assert.h"
#include "proto/dns/dns_text.h"
#include "proto/wire/dns.h"
#include "wire/bytes.h"

enum {
    CONDITIONS_MAX = 255,
    CIDR_BYTES = LEAT_IP_TEXT_BYTES + 4,
    IPV4_BITS = 96, /* in front of an address of IPv4 */
    ALIGN = sizeof(uint64_t)
};

struct blocklist_rules *blocklist_rules_begin(void *memory, size_t bytes)
{
    struct blocklist_rules *rules = memory;

    if (bytes < sizeof *rules)
        return NULL;
    memset(rules, 0, sizeof *rules);
    rules->bytes = memory;
    rules->bytes_max = bytes < UINT32_MAX ? bytes : UINT32_MAX;
    rules->used = sizeof *rules; /* so no place is BLOCKLIST_NO_RULE */
    return rules;
}

/* Makes room for @bytes behind what is there; NULL: there is none. */
static void *extend(struct blocklist_rules *rules, size_t bytes)
{
    void *place = rules->bytes + rules->used;

    if (bytes > rules->bytes_max - rules->used)
        return NULL;
    rules->used += bytes;
    return place;
}

/* Aligns the next thing. */
static enum expression_why align(struct blocklist_rules *rules)
{
    return extend(rules, (ALIGN - rules->used % ALIGN) % ALIGN) ? EXPRESSION_OK
                                                                : EXPRESSION_NO_ROOM;
}

/* ---- reading conditions ------------------------------------------------------------------- */

/* Takes the next value of a list with "|" between them; false: there is none. */
static bool next_value(struct blocklist_span *list, struct blocklist_span *value)
{
    size_t len = 0;

    if (!list->text)
        return false;
    while (len < list->len && list->text[len] != '|')
        len++;
    *value = (struct blocklist_span){.text = list->text, .len = len};
    if (len == list->len) {
        list->text = NULL;
    } else {
        list->text += len + 1;
        list->len -= len + 1;
    }
    return true;
}

/* Removes the sign of a value that is an exception. */
static uint8_t take_not(struct blocklist_span *value)
{
    const bool is_not = value->len > 0 && value->text[0] == '~';

    value->text += is_not;
    value->len -= is_not;
    return is_not;
}

/* Reads "ADDRESS" or "ADDRESS/PREFIX", also in quotes. */
static bool read_client(struct blocklist_span value, struct leat_ip *ip, uint8_t *bits)
{
    char text[CIDR_BYTES];

    if (value.len >= 2 && (value.text[0] == '\'' || value.text[0] == '"') &&
        value.text[value.len - 1] == value.text[0]) {
        value.text++;
        value.len -= 2;
    }
    if (value.len == 0 || value.len >= sizeof text)
        return false;
    memcpy(text, value.text, value.len);
    text[value.len] = '\0';
    return leat_ip_parse_cidr(text, ip, bits);
}

static enum expression_why add_clients(struct blocklist_rules *rules, struct blocklist_span list,
                                       struct blocklist_rule *rule)
{
    struct blocklist_span value;

    while (list.len > 0 && next_value(&list, &value)) {
        const uint8_t is_not = take_not(&value);
        struct leat_ip ip;
        uint8_t bits, *to;

        if (!read_client(value, &ip, &bits) || rule->client_count == CONDITIONS_MAX)
            return EXPRESSION_SYNTAX;
        to = extend(rules, BLOCKLIST_CLIENT_BYTES);
        if (!to)
            return EXPRESSION_NO_ROOM;
        memcpy(to, ip.bytes, sizeof ip.bytes);
        to[16] = (uint8_t)(bits + (leat_ip_is_v4(ip) ? IPV4_BITS : 0u));
        to[17] = is_not;
        rule->client_count++;
    }
    return EXPRESSION_OK;
}

static enum expression_why add_types(struct blocklist_rules *rules, struct blocklist_span list,
                                     struct blocklist_rule *rule)
{
    struct blocklist_span value;

    while (list.len > 0 && next_value(&list, &value)) {
        const uint8_t is_not = take_not(&value);
        uint16_t type;
        uint8_t *to;

        if (!dns_type_read(value.text, value.len, &type) || rule->type_count == CONDITIONS_MAX)
            return EXPRESSION_SYNTAX;
        to = extend(rules, BLOCKLIST_TYPE_BYTES);
        if (!to)
            return EXPRESSION_NO_ROOM;
        put16(to, type);
        to[2] = is_not;
        rule->type_count++;
    }
    return EXPRESSION_OK;
}

static enum expression_why add_exceptions(struct blocklist_rules *rules, struct blocklist_span list,
                                          struct blocklist_rule *rule)
{
    struct blocklist_span value;

    while (list.len > 0 && next_value(&list, &value)) {
        struct leat_dns_name name;
        bool absolute;
        uint8_t *to;

        if (value.len == 0 || dns_labels_read(value.text, value.len, &name, &absolute) ||
            rule->except_count == CONDITIONS_MAX)
            return EXPRESSION_SYNTAX;
        name.wire[name.len++] = 0;
        to = extend(rules, name.len + 1u);
        if (!to)
            return EXPRESSION_NO_ROOM;
        to[0] = name.len;
        memcpy(to + 1, name.wire, name.len);
        rule->except_count++;
    }
    return EXPRESSION_OK;
}

/* Makes a rule behind all others; on an error rules->used is to be set back. */
static enum expression_why make_rule(struct blocklist_rules *rules, unsigned marks,
                                     const struct blocklist_options *options, uint32_t *place)
{
    struct blocklist_rule *rule;
    enum expression_why why = align(rules);

    if (why)
        return why;
    *place = (uint32_t)rules->used;
    rule = extend(rules, sizeof *rule);
    if (!rule)
        return EXPRESSION_NO_ROOM;
    *rule = (struct blocklist_rule){.text = options->text,
                                    .line = options->line,
                                    .marks = (uint8_t)(options->bad ? 0 : marks),
                                    .cancelled = (uint8_t)(options->bad ? marks : 0),
                                    .has_rewrite = options->has_rewrite,
                                    .rewrite = options->rewrite};
    why = add_clients(rules, options->clients, rule);
    if (!why)
        why = add_types(rules, options->types, rule);
    return why ? why : add_exceptions(rules, options->except, rule);
}

/* The rules for the name with @hash. A question has to try them all, so their number is limited. */
static unsigned count_rules(const struct blocklist_rules *rules, uint32_t bucket, uint64_t hash)
{
    unsigned count = 0;

    for (uint32_t place = bucket; place != BLOCKLIST_NO_RULE;
         place = blocklist_rule_at(rules, place)->next)
        count += blocklist_rule_at(rules, place)->hash == hash;
    return count;
}

enum expression_why blocklist_rules_add(struct blocklist_rules *rules, uint64_t hash,
                                        unsigned marks, const struct blocklist_options *options)
{
    uint32_t *bucket = &rules->names[(hash >> 32) % BLOCKLIST_BUCKETS];
    const size_t before = rules->used;
    enum expression_why why;
    uint32_t place;

    if (count_rules(rules, *bucket, hash) == LEAT_BLOCKLIST_NAME_RULES)
        return EXPRESSION_OVER_LIMIT;
    why = make_rule(rules, marks, options, &place);
    if (why) {
        rules->used = before;
        return why;
    }
    blocklist_rule_at(rules, place)->hash = hash;
    blocklist_rule_at(rules, place)->next = *bucket;
    *bucket = place;
    return EXPRESSION_OK;
}

/* ---- expressions -------------------------------------------------------------------------- */

/* Adds a literal to the bucket that is least used of those of its bytes. */
static enum expression_why add_literal(struct blocklist_rules *rules, uint32_t rule,
                                       const uint16_t *symbols, unsigned len)
{
    const unsigned count = len > 2 ? 3 : 2;
    uint32_t *buckets = len > 2 ? rules->grams : rules->pairs, *bucket = NULL;
    struct blocklist_literal *literal;
    enum expression_why why = align(rules);
    const uint32_t place = (uint32_t)rules->used;

    literal = why ? NULL : extend(rules, sizeof *literal);
    if (!literal)
        return EXPRESSION_NO_ROOM;
    literal->rule = rule;
    literal->len = (uint8_t)(len < EXPRESSION_LITERAL_BYTES ? len : EXPRESSION_LITERAL_BYTES);
    for (unsigned i = 0; i < literal->len; i++)
        literal->text[i] = (uint8_t)symbols[i];
    for (unsigned i = 0; i + count <= literal->len; i++) {
        uint32_t *other = &buckets[blocklist_gram(literal->text + i, count)];

        if (!bucket || (*bucket != BLOCKLIST_NO_RULE && *other == BLOCKLIST_NO_RULE)) {
            bucket = other;
            literal->before = (uint8_t)i;
        }
    }
    leat_assert(bucket != NULL);
    literal->next = *bucket;
    *bucket = place;
    rules->has_pairs |= count == 2;
    return EXPRESSION_OK;
}

/* Makes a rule's expression findable: by its literals if all have two bytes at least. */
static enum expression_why index_expression(struct blocklist_rules *rules, uint32_t place,
                                            const struct expression *expression)
{
    const struct expression_part *part = &rules->work.parts[0];
    bool findable = part->literal_count > 0;

    for (unsigned i = 0; i < part->literal_count; i++)
        findable = findable && part->literals[i].len >= 2;
    if (!findable) {
        blocklist_rule_at(rules, place)->next = rules->always;
        rules->always = place;
        return EXPRESSION_OK;
    }
    /* all of them find room, or none is added */
    if (part->literal_count * (sizeof(struct blocklist_literal) + ALIGN) >
        rules->bytes_max - rules->used)
        return EXPRESSION_NO_ROOM;
    for (unsigned i = 0; i < part->literal_count; i++)
        (void)add_literal(rules, place, expression->symbols + part->literals[i].begin,
                          part->literals[i].len);
    return EXPRESSION_OK;
}

/* To match costs at most so much for each byte of a name. */
static uint32_t work_of(const struct expression *expression)
{
    return (uint32_t)expression->positions * expression->words;
}

static enum expression_why make_expression(struct blocklist_rules *rules, const char *text,
                                           size_t len, uint32_t *place)
{
    struct expression *expression;
    enum expression_why why = expression_parse(&rules->work, text, len);
    size_t bytes;

    if (!why)
        why = align(rules);
    if (why)
        return why;
    *place = (uint32_t)rules->used;
    expression = extend(rules, sizeof *expression);
    if (!expression || align(rules))
        return EXPRESSION_NO_ROOM;
    bytes = rules->bytes_max - rules->used;
    why = expression_build(&rules->work, expression, rules->bytes + rules->used, &bytes);
    rules->used += bytes;
    return why;
}

enum expression_why blocklist_rules_add_expression(struct blocklist_rules *rules, const char *text,
                                                   size_t len, unsigned marks,
                                                   const struct blocklist_options *options)
{
    const size_t before = rules->used;
    uint32_t place = 0, expression = 0;
    enum expression_why why =
        options->bad ? EXPRESSION_UNSUPPORTED : make_rule(rules, marks, options, &place);

    if (!why)
        why = make_expression(rules, text, len, &expression);
    if (!why &&
        work_of(blocklist_expression_at(rules, expression)) > LEAT_BLOCKLIST_WORK - rules->load)
        why = EXPRESSION_OVER_LIMIT;
    if (!why) {
        blocklist_rule_at(rules, place)->expression = expression;
        why = index_expression(rules, place, blocklist_expression_at(rules, expression));
    }
    if (why) {
        rules->used = before;
        return why;
    }
    rules->load += work_of(blocklist_expression_at(rules, expression));
    rules->has_expressions = true;
    return EXPRESSION_OK;
}
