/*
 * mutate_dhcp6.c -- changes one or two bytes of a legal message of a DHCPv6 server to edge values,
 * for a client that selects, that requests and that renews.
 *
 * The two bytes are close to each other: types, codes and lengths of options and of nested options,
 * identifiers, lifetimes.  The fuzz target has the assertions.
 */
#include <stdio.h>
#include <string.h>

#include "frames.h"
#include "wire/bytes.h"
#include "proto/wire/dhcp6.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    INPUT_MAX = 160,
    NEAR = 24,         /* distance of two changed bytes: the same option, or the next */
    ADVERTISED = 0x00, /* first byte of a step of fuzz_dhcp6.c: a valid message */
    REPLIED = 0x01,
    WILD = 0x07, /* a message whose only valid part is the xid */
    LATER = 0x30 /* after the time of a renewal */
};

static const uint8_t edges[] = {0, 1, 255};

static uint32_t put_option(uint8_t *at, uint16_t code, const void *bytes, uint16_t len)
{
    put16(at, code);
    put16(at + 2, len);
    memcpy(at + 4, bytes, len);
    return 4u + len;
}

/* Writes a message of @type with an address and name servers for the client of fuzz_dhcp6.c. */
static uint32_t put_message(uint8_t *at, uint8_t type)
{
    static const uint8_t server_duid[] = {0, 3, 0, 1, 2, 0, 0, 0, 0, 5};
    static const uint8_t ip[16] = {0x20, 1, 0xd, 0xb8, 0, 5, [15] = 0x50};
    uint8_t duid[10] = {0, 3, 0, 1}, ia[40] = {[3] = 0};
    uint32_t len = 1;

    at[0] = type;
    memcpy(duid + 4, MAC_US.octet, 6);
    memcpy(ia, MAC_US.octet + 2, 4);
    put16(ia + 12, DHCP6_IA_ADDRESS);
    put16(ia + 14, 24);
    memcpy(ia + 16, ip, sizeof ip);
    ia[35] = ia[39] = 60;
    len += put_option(at + len, DHCP6_CLIENT_ID, duid, sizeof duid);
    len += put_option(at + len, DHCP6_SERVER_ID, server_duid, sizeof server_duid);
    len += put_option(at + len, DHCP6_IA_NA, ia, sizeof ia);
    len += put_option(at + len, DHCP6_NAME_SERVERS, ip, sizeof ip);
    return len;
}

/* Runs the changes after the steps @front, which lead to the state. */
static unsigned long run(const uint8_t *front, uint32_t front_len, uint8_t how, uint8_t type)
{
    const unsigned edge_count = sizeof edges;
    uint8_t whole[INPUT_MAX], changed[INPUT_MAX];
    uint32_t at = front_len + 2, len;
    unsigned long cases = 0;

    memcpy(whole, front, front_len);
    len = put_message(whole + at, type);
    whole[front_len] = how;
    whole[front_len + 1] = (uint8_t)len;
    for (uint32_t a = at; a < at + len; a++)
        for (uint32_t b = a; b < at + len && b < a + NEAR; b++)
            for (unsigned i = 0; i < edge_count * edge_count; i++) {
                if (a == b && i % edge_count != i / edge_count) /* one byte has one value */
                    continue;
                memcpy(changed, whole, at + len);
                changed[a] = edges[i % edge_count];
                changed[b] = edges[i / edge_count];
                LLVMFuzzerTestOneInput(changed, at + len);
                cases++;
            }
    return cases;
}

int main(void)
{
    static const uint8_t advertised[] = {ADVERTISED, 0};
    static const uint8_t bound[] = {ADVERTISED, 0, REPLIED, 0};
    unsigned long cases = run(advertised, 0, WILD, DHCP6_ADVERTISE);

    cases += run(advertised, sizeof advertised, WILD, DHCP6_REPLY);
    cases += run(bound, sizeof bound, WILD | LATER, DHCP6_REPLY);
    printf("%lu messages\n", cases);
    return 0;
}
