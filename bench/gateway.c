/* gateway.c -- a gateway between two stacks that gives the client many addresses (NAT). */
#include "gateway.h"

#include <stdbool.h>
#include <string.h>

enum {
    TYPE_AT = 12,
    IPV4_SUM_AT = 24,
    UDP_SUM = 6, /* from the transport's header on */
    TCP_SUM = 16,
    IPV4 = 0x0800,
    IPV6 = 0x86dd,
    TCP = 6,
    UDP = 17,
    FIRST_PORT = 10000, /* of the client */
    FIRST_SERVER_PORT = 7000,
    PORTS_A_SERVER_PORT = 10000
};

/* Where things lie in a frame of a family. */
struct layout {
    uint8_t protocol_at;
    uint8_t src_at;
    uint8_t dst_at;
    uint8_t ip_bytes; /* of an address */
    uint8_t transport_at;
    uint8_t client[16];
    uint8_t first_peer[16];
};

static const struct layout ipv4 = {.protocol_at = 23,
                                   .src_at = 26,
                                   .dst_at = 30,
                                   .ip_bytes = 4,
                                   .transport_at = 34,
                                   .client = {10, 0, 0, 1},
                                   .first_peer = {11, 0, 0, 1}};

static const struct layout ipv6 = {.protocol_at = 20,
                                   .src_at = 22,
                                   .dst_at = 38,
                                   .ip_bytes = 16,
                                   .transport_at = 54,
                                   .client = {0x20, 0x01, 0x0d, 0xb8, [15] = 1},
                                   .first_peer = {0x20, 0x01, 0x0d, 0xb8, 0, 1, [15] = 1}};

static uint32_t get16_at(const uint8_t *at)
{
    return (uint32_t)(at[0] << 8 | at[1]);
}

static void put16_at(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/* RFC 1624: the sum at @sum, when @len bytes at @at become @to. */
static void update(uint8_t *sum, const uint8_t *at, const uint8_t *to, unsigned len)
{
    uint32_t value = (uint16_t)~get16_at(sum);

    for (unsigned i = 0; i < len; i += 2)
        value += (uint16_t)~get16_at(at + i) + get16_at(to + i);
    value = (value >> 16) + (value & 0xffff);
    value += value >> 16;
    put16_at(sum, (uint16_t)~value);
}

static const struct layout *layout_of(const uint8_t *frame)
{
    return get16_at(frame + TYPE_AT) == IPV6 ? &ipv6 : &ipv4;
}

static bool is_translated(const uint8_t *frame, const struct layout *layout)
{
    const uint32_t type = get16_at(frame + TYPE_AT);
    const uint8_t protocol = frame[layout->protocol_at];

    return (type == IPV4 || type == IPV6) && (protocol == TCP || protocol == UDP);
}

/* Exchanges the address at @at, and what it is in the sums of.  A sum of UDP that is 0 is none. */
static void readdress(uint8_t *frame, const struct layout *layout, unsigned at, const uint8_t *to)
{
    const bool is_tcp = frame[layout->protocol_at] == TCP;
    uint8_t *const sum = frame + layout->transport_at + (is_tcp ? TCP_SUM : UDP_SUM);

    if (layout == &ipv4)
        update(frame + IPV4_SUM_AT, frame + at, to, layout->ip_bytes);
    if (is_tcp || get16_at(sum) != 0)
        update(sum, frame + at, to, layout->ip_bytes);
    memcpy(frame + at, to, layout->ip_bytes);
}

void gateway_to_server(uint8_t *frame, uint32_t peers)
{
    const struct layout *layout = layout_of(frame);
    const uint8_t *ports = frame + layout->transport_at;
    uint8_t to[16];
    uint32_t number;

    if (!is_translated(frame, layout))
        return;
    number = get16_at(ports) - FIRST_PORT +
             (get16_at(ports + 2) - FIRST_SERVER_PORT) * PORTS_A_SERVER_PORT;
    number %= peers;
    memcpy(to, layout->first_peer, sizeof to);
    for (unsigned i = layout->ip_bytes; number > 0; number >>= 8) { /* to += number */
        number += to[--i];
        to[i] = (uint8_t)number;
    }
    readdress(frame, layout, layout->src_at, to);
}

void gateway_to_client(uint8_t *frame)
{
    const struct layout *layout = layout_of(frame);

    if (is_translated(frame, layout))
        readdress(frame, layout, layout->dst_at, layout->client);
}

uint32_t gateway_flow(const uint8_t *frame)
{
    return get16_at(frame + layout_of(frame)->transport_at);
}
