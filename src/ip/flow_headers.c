/* flow_headers.c -- prepares the headers of a connection's packets. */
#include "ip/flow_headers.h"

#include "ip/header_template.h"

/* Makes IPv4's headers out of the template of the path. */
static void make4(const struct leat *stack, const struct path *path, uint8_t protocol,
                  struct flow_headers *headers)
{
    const struct header_template *template = path->template;
    uint8_t *ip = headers->bytes + ETHERNET_HEADER_BYTES;

    if (!template || template->generation != stack->neighbour_generation)
        return;
    memcpy(headers->bytes, template->bytes, sizeof template->bytes);
    put32(ip, 0); /* written for each packet; the sum is without it */
    put32(ip + 4, IPV4_FLAG_DF);
    put32(ip + IPV4_TTL_AT, (uint32_t)stack->config.ttl << 24 | (uint32_t)protocol << 16);
    put32(ip + IPV4_DST_AT, path->dst); /* the template may be one for many hosts */
    headers->first_word = (uint32_t)IPV4_NO_OPTIONS << 24;
    headers->sum = checksum_fold32(checksum_20_bytes(ip));
    headers->hop = template->hop;
    headers->neighbour_generation = stack->neighbour_generation;
}

void flow_headers_make(struct leat *stack, const struct path *path, uint8_t protocol,
                       uint32_t ports, struct flow_headers *headers)
{
    headers->neighbour_generation = 0;
    if (!path->link || path->is_group)
        return;
    headers->link = path->link;
    headers->mtu = path->mtu;
    headers->is_v6 = path->is_v6;
    headers->pseudo_sum = path->pseudo_sum;
    headers->reached_until_ns = path->reached_until_ns;
    headers->route_generation = stack->route_generation;
    if (path->is_v6)
        stack->ipv6_family->flow_headers(stack, path, protocol, ports, headers);
    else
        make4(stack, path, protocol, headers);
}
