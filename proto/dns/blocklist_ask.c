/* blocklist_ask.c -- applies the rules of a blocklist to a question. See blocklist_rules.h. */
#include <string.h>

#include "proto/dns/blocklist_rules.h"
#include "proto/dns/dns_text.h"
#include "proto/wire/dns.h"
#include "wire/bytes.h"

enum {
    BLOCKS = LEAT_BLOCKLIST_BLOCK_NAME | LEAT_BLOCKLIST_BLOCK_BELOW,
    MARKS_BELOW = LEAT_BLOCKLIST_BLOCK_BELOW | LEAT_BLOCKLIST_ALLOW_BELOW,
    MARKS_NAME = LEAT_BLOCKLIST_BLOCK_NAME | LEAT_BLOCKLIST_ALLOW_NAME
};

static bool is_in_network(const uint8_t *network, const struct leat_ip *ip)
{
    const unsigned bits = network[16], whole = bits / 8;
    const unsigned mask = 0xff00u >> bits % 8 & 0xff;

    return memcmp(ip->bytes, network, whole) == 0 &&
           (bits % 8 == 0 || ((ip->bytes[whole] ^ network[whole]) & mask) == 0);
}

/* True if @name is @domain of @len bytes, or below it. */
static bool is_in_domain(const struct leat_dns_name *name, const uint8_t *domain, unsigned len)
{
    unsigned at = 0;

    while (name->len - at > len)
        at += 1u + name->wire[at];
    return name->len - at == len && dns_bytes_equal(name->wire + at, domain, len);
}

/* True if the conditions of the rule hold. The client and the type are among those that it has, if
 * it has any. Neither they nor the name are among those that it excludes. */
static bool holds(const struct blocklist_rule *rule, const struct leat_blocklist_question *question)
{
    const uint8_t *at = (const uint8_t *)(rule + 1);
    bool wanted = false, is = false;

    for (unsigned i = 0; i < rule->client_count; i++, at += BLOCKLIST_CLIENT_BYTES) {
        const bool in = is_in_network(at, &question->client);

        if (in && at[17])
            return false;
        wanted |= !at[17];
        is |= in;
    }
    if (wanted && !is)
        return false;
    wanted = is = false;
    for (unsigned i = 0; i < rule->type_count; i++, at += BLOCKLIST_TYPE_BYTES) {
        const bool same = get16(at) == question->type;

        if (same && at[2])
            return false;
        wanted |= !at[2];
        is |= same;
    }
    if (wanted && !is)
        return false;
    for (unsigned i = 0; i < rule->except_count; i++, at += at[0] + 1) {
        if (is_in_domain(question->name, at + 1, at[0]))
            return false;
    }
    return true;
}

/* Adds what the rule has for the answer: where it is, and addresses. */
static void answer_by(const struct blocklist_rule *rule, struct leat_blocklist_answer *answer)
{
    if (rule->marks & BLOCKS) {
        answer->text = rule->text;
        answer->line = rule->line;
    }
    if (!rule->has_rewrite)
        return;
    if (leat_ip_is_v4(rule->rewrite)) {
        answer->has_ip4 = true;
        answer->ip4 = rule->rewrite;
    } else {
        answer->has_ip6 = true;
        answer->ip6 = rule->rewrite;
    }
}

unsigned blocklist_rules_apply(const struct blocklist_rules *rules, uint64_t hash, unsigned marks,
                               bool is_name, const struct leat_blocklist_question *question,
                               struct leat_blocklist_answer *answer)
{
    const uint32_t bucket = rules->names[(hash >> 32) % BLOCKLIST_BUCKETS];
    const unsigned that_count = is_name ? MARKS_NAME : MARKS_BELOW;
    unsigned added = 0;

    for (uint32_t place = bucket; place != BLOCKLIST_NO_RULE;) {
        const struct blocklist_rule *rule = blocklist_rule_at(rules, place);

        place = rule->next;
        if (rule->hash != hash)
            continue;
        marks &= ~(unsigned)rule->cancelled;
        if (!(rule->marks & that_count) || !holds(rule, question))
            continue;
        added |= rule->marks;
        answer_by(rule, answer);
    }
    return marks | added;
}

/* The marks of the rule, if its expression matches; it is tried once a question. */
static unsigned try_rule(struct blocklist_rules *rules, struct blocklist_rule *rule,
                         const struct leat_blocklist_question *question,
                         struct leat_blocklist_answer *answer)
{
    if (rule->tried == rules->turn)
        return 0;
    rule->tried = rules->turn;
    if (!expression_matches(blocklist_expression_at(rules, rule->expression), rules->name,
                            rules->name_len) ||
        !holds(rule, question))
        return 0;
    answer_by(rule, answer);
    return rule->marks;
}

/* Tries the expressions with a literal whose hashed bytes are at @at of the name. */
static unsigned try_literals(struct blocklist_rules *rules, uint32_t place, size_t at,
                             const struct leat_blocklist_question *question,
                             struct leat_blocklist_answer *answer)
{
    unsigned found = 0;

    while (place != BLOCKLIST_NO_RULE) {
        const struct blocklist_literal *literal =
            (const struct blocklist_literal *)(const void *)(rules->bytes + place);

        place = literal->next;
        if (literal->before <= at && literal->len <= rules->name_len - (at - literal->before) &&
            memcmp(rules->name + at - literal->before, literal->text, literal->len) == 0)
            found |= try_rule(rules, blocklist_rule_at(rules, literal->rule), question, answer);
    }
    return found;
}

/* Makes the text of a name: labels with dots between them, in lower case. A dot inside of a label
 * becomes 0, which no expression has. */
static void write_name(struct blocklist_rules *rules, const struct leat_dns_name *name)
{
    size_t len = 0;

    for (unsigned at = 0; at < name->len && name->wire[at] > 0; at += 1u + name->wire[at]) {
        if (len > 0)
            rules->name[len++] = '.';
        for (unsigned i = 1; i <= name->wire[at]; i++) {
            const uint8_t byte = dns_lower(name->wire[at + i]);

            rules->name[len++] = byte == '.' ? 0 : byte;
        }
    }
    rules->name_len = len;
}

unsigned blocklist_rules_match(struct blocklist_rules *rules,
                               const struct leat_blocklist_question *question,
                               struct leat_blocklist_answer *answer)
{
    unsigned found = 0;

    rules->turn++;
    write_name(rules, question->name);
    for (size_t at = 0; at + 2 < rules->name_len; at++) {
        const uint32_t place = rules->grams[blocklist_gram(rules->name + at, 3)];

        if (place != BLOCKLIST_NO_RULE)
            found |= try_literals(rules, place, at, question, answer);
    }
    for (size_t at = 0; rules->has_pairs && at + 1 < rules->name_len; at++) {
        const uint32_t place = rules->pairs[blocklist_gram(rules->name + at, 2)];

        if (place != BLOCKLIST_NO_RULE)
            found |= try_literals(rules, place, at, question, answer);
    }
    for (uint32_t place = rules->always; place != BLOCKLIST_NO_RULE;
         place = blocklist_rule_at(rules, place)->next)
        found |= try_rule(rules, blocklist_rule_at(rules, place), question, answer);
    return found;
}
