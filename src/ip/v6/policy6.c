/* policy6.c -- the default policy table (RFC 6724 2.1); its precedences are in connect/order.c. */
#include "ip/v6/policy6.h"

#include "ip/v6/ipv6.h"

static const struct {
    struct leat_ip prefix;
    uint8_t bits;
    uint8_t label;
} policies[] = {
    /* the longest prefix that holds an address is the first */
    {{{[15] = 1}}, 128, 0},                /* ::1 */
    {{{[10] = 0xff, [11] = 0xff}}, 96, 4}, /* IPv4 */
    {{{0}}, 96, 3},                        /* IPv4-compatible */
    {{{0x20, 0x01, 0x00, 0x00}}, 32, 5},   /* Teredo */
    {{{0x20, 0x02}}, 16, 2},               /* 6to4 */
    {{{0x3f, 0xfe}}, 16, 12},              /* 6bone */
    {{{0xfe, 0xc0}}, 10, 11},              /* site-local */
    {{{0xfc}}, 7, 13},                     /* unique local */
    {{{0}}, 0, 1},
};

uint8_t policy6_label(struct leat_ip ip)
{
    unsigned i = 0;

    while (!ip6_in_prefix(policies[i].prefix, ip, policies[i].bits)) /* the last one holds all */
        i++;
    return policies[i].label;
}
