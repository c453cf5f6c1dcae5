/*
 * policy.c -- the policy table of RFC 6724 2.1.
 *
 * An IPv4 address is looked up in its IPv4-mapped form, so that one table orders both families.
 */
#include "policy.h"

#include "base.h"

/* The columns are the prefix, its length, precedence and label. A source with the label of the
 * destination is preferred (rule 6 of source selection, 5 of destination selection). Destinations
 * of a higher precedence come first (rule 6). */
static const struct leat_ipv6_policy defaults[] = {
    {{{[15] = 1}}, 128, 50, 0},                /* ::1 */
    {{{[10] = 0xff, [11] = 0xff}}, 96, 35, 4}, /* IPv4 */
    {{{0}}, 96, 1, 3},                         /* IPv4-compatible */
    {{{0x20, 0x01, 0x00, 0x00}}, 32, 5, 5},    /* Teredo */
    {{{0x20, 0x02}}, 16, 30, 2},               /* 6to4 */
    {{{0x3f, 0xfe}}, 16, 1, 12},               /* 6bone */
    {{{0xfe, 0xc0}}, 10, 1, 11},               /* site-local */
    {{{0xfc}}, 7, 3, 13},                      /* unique local */
};

/* The policy of an address that no entry matches. */
static const struct leat_ipv6_policy all = {{{0}}, 0, 40, 1};

static bool holds(const struct leat_ipv6_policy *policy, const struct leat_ip *ip)
{
    const unsigned whole = policy->prefix_bits / 8u;
    const unsigned rest = policy->prefix_bits % 8u;
    const uint8_t mask = (uint8_t)(0xff00u >> rest);

    return memcmp(ip->bytes, policy->prefix.bytes, whole) == 0 &&
           (rest == 0 || ((ip->bytes[whole] ^ policy->prefix.bytes[whole]) & mask) == 0);
}

const struct leat_ipv6_policy *policy_of(const struct leat *stack, const struct leat_ip *ip)
{
    const bool is_given = stack && stack->policies;
    const struct leat_ipv6_policy *table = is_given ? stack->policies : defaults;
    const uint32_t count = is_given ? stack->policy_count : sizeof defaults / sizeof defaults[0];
    const struct leat_ipv6_policy *best = &all;

    for (uint32_t i = 0; i < count; i++) {
        /* the longest prefix decides; ">=", so that a table may have a ::/0 of its own */
        if (table[i].prefix_bits >= best->prefix_bits && holds(&table[i], ip))
            best = &table[i];
    }
    return best;
}
