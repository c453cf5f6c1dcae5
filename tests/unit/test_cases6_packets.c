/*
 * test_cases6_packets.c -- one packet in, one reaction out. The cases are those of conformance
 * testers of IPv6 hosts for RFC 8200 and RFC 4443, one row each (docs/lab/conformance-ipv6.md).
 *
 * A row's packet is an IPv6 header, the row's bytes, and an echo request of 16 bytes after them.
 */
#include "frames6.h"

#include <stdio.h>

enum {
    HBH = 0,
    UDP = 17,
    ROUTING = 43,
    FRAGMENT = 44,
    ICMP = 58,
    NONE = 59,
    DESTINATION = 60,
    UNKNOWN = 143, /* an unassigned protocol */
    PROBLEM = 4,   /* types of RFC 4443 */
    UNREACHABLE = 1,
    ECHO_BYTES = 16
};

enum reaction {
    REPLY,  /* an echo reply */
    SILENT, /* nothing at all */
    ERROR   /* an ICMPv6 error, which quotes the packet */
};

struct packet_case {
    const char *rfc;
    const char *name;
    uint8_t first; /* next header in the IPv6 header */
    uint8_t len;   /* of the headers after it */
    uint8_t headers[40];
    bool to_all; /* to all nodes, from the peer's link-local address */
    enum reaction reaction;
    uint8_t type; /* of the error */
    uint8_t code;
    uint32_t at; /* the pointer of a Parameter Problem */
};

/* clang-format off */
static const struct packet_case header_cases[] = {
    {"8200 3", "no header in between", ICMP, 0, {0}, false, REPLY, 0, 0, 0},
    {"8200 4.7", "no next header", NONE, 0, {0}, false, SILENT, 0, 0, 0},
    {"8200 4.7", "no next header behind options", DESTINATION, 8, {NONE, 0, 1, 4}, false, SILENT, 0, 0, 0},
    {"8200 4", "unknown next header", UNKNOWN, 0, {0}, false, ERROR, PROBLEM, 1, 6},
    {"8200 4", "unknown next header, reserved", 255, 0, {0}, false, ERROR, PROBLEM, 1, 6},
    {"8200 4", "unknown next header behind options",
     DESTINATION, 8, {UNKNOWN, 0, 1, 4}, false, ERROR, PROBLEM, 1, 40},
    {"8200 4", "unknown next header behind hop-by-hop options",
     HBH, 8, {UNKNOWN, 0, 1, 4}, false, ERROR, PROBLEM, 1, 40},
    {"8200 4.1", "hop-by-hop options that are not in front",
     DESTINATION, 16, {HBH, 0, 1, 4, 0, 0, 0, 0, ICMP, 0, 1, 4}, false, ERROR, PROBLEM, 1, 40},
    {"8200 4.1", "hop-by-hop options twice",
     HBH, 16, {HBH, 0, 1, 4, 0, 0, 0, 0, ICMP, 0, 1, 4}, false, ERROR, PROBLEM, 1, 40},
    {"8200 4.1", "destination options before and behind routing",
     DESTINATION, 24,
     {ROUTING, 0, 1, 4, 0, 0, 0, 0, DESTINATION, 0, 0, 0, 0, 0, 0, 0, ICMP, 0, 1, 4}, false, REPLY, 0, 0, 0},
    {"8200 4.1", "an order that isn't recommended",
     ROUTING, 24,
     {DESTINATION, 0, 0, 0, 0, 0, 0, 0, DESTINATION, 0, 1, 4, 0, 0, 0, 0, ICMP, 0, 1, 4}, false, REPLY, 0, 0, 0},
    {"8200 4.1", "headers in turn: a bad option in front of a bad fragment",
     DESTINATION, 16, {FRAGMENT, 0, 0x87, 4, 0, 0, 0, 0, ICMP, 0, 0, 1, 0, 0, 0, 1}, false, ERROR, PROBLEM, 2, 42},
    {"8200 4.1", "headers in turn: an option to drop at in front of a bad fragment",
     DESTINATION, 16, {FRAGMENT, 0, 0x47, 4, 0, 0, 0, 0, ICMP, 0, 0, 1, 0, 0, 0, 1}, false, SILENT, 0, 0, 0},
    {"8200 4.2", "options in turn: to skip, then to drop at, then to tell of",
     DESTINATION, 16, {ICMP, 1, 7, 0, 71, 0, 135, 0, 1, 6}, false, SILENT, 0, 0, 0},
    {"8200 4.2", "options in turn: to skip, then to tell of, then to drop at",
     DESTINATION, 16, {ICMP, 1, 7, 0, 135, 0, 71, 0, 1, 6}, false, ERROR, PROBLEM, 2, 44},
    {"8200 4.2", "options in turn: to skip, then to tell hosts of, then to drop at",
     DESTINATION, 16, {ICMP, 1, 7, 0, 199, 0, 71, 0, 1, 6}, false, ERROR, PROBLEM, 2, 44},
    {"8200 4.2", "Pad1 six times", DESTINATION, 8, {ICMP}, false, REPLY, 0, 0, 0},
    {"8200 4.2", "PadN of no data three times", DESTINATION, 8, {ICMP, 0, 1, 0, 1, 0, 1, 0}, false, REPLY, 0, 0, 0},
    {"8200 4.2", "an option longer than its header", DESTINATION, 8, {ICMP, 0, 7, 5}, false, ERROR, PROBLEM, 0, 42},
    {"8200 4.4", "unknown routing, nothing left", ROUTING, 8, {ICMP, 0, 33, 0}, false, REPLY, 0, 0, 0},
    {"8200 4.4", "unknown routing, something left", ROUTING, 8, {ICMP, 0, 33, 1}, false, ERROR, PROBLEM, 0, 42},
    {"5095 3", "routing type 0, nothing left", ROUTING, 24, {ICMP, 2, 0, 0}, false, REPLY, 0, 0, 0},
    {"5095 3", "routing type 0, one left", ROUTING, 24, {ICMP, 2, 0, 1}, false, ERROR, PROBLEM, 0, 42},
    {"8200 4.5", "an atomic fragment", FRAGMENT, 8, {ICMP, 0, 0, 0, 0, 0, 0, 9}, false, REPLY, 0, 0, 0},
    {"8200 4.5", "an atomic fragment with reserved bits",
     FRAGMENT, 8, {ICMP, 0xff, 0, 6, 0, 0, 0, 9}, false, REPLY, 0, 0, 0},
    {"8200 4.5", "a first fragment of an odd length",
     FRAGMENT, 12, {ICMP, 0, 0, 1, 0, 0, 0, 9, 128}, false, ERROR, PROBLEM, 0, 4},
    {"8200 4.5", "a fragment that ends beyond 65,535 bytes",
     FRAGMENT, 8, {ICMP, 0, 0xff, 0xf8, 0, 0, 0, 9}, false, ERROR, PROBLEM, 0, 42},
    {"8200 4", "a header longer than the packet", DESTINATION, 8, {ICMP, 9, 1, 4}, false, SILENT, 0, 0, 0},
    {"8200 4", "unknown next header to a group", UNKNOWN, 0, {0}, true, SILENT, 0, 0, 0},
    {"8200 4.4", "unknown routing to a group, something left", ROUTING, 8, {ICMP, 0, 33, 1}, true, SILENT, 0, 0, 0},
};
/* clang-format on */

/* RFC 8200 4.2: the highest bits of an unknown option, in either header, to a host or a group. */
static const struct option_case {
    uint8_t option;
    bool to_all;
    enum reaction reaction;
} option_cases[] = {
    {7, false, REPLY},    {7, true, REPLY},      {0x3f, false, REPLY}, {71, false, SILENT},
    {71, true, SILENT},   {0x7f, false, SILENT}, {135, false, ERROR},  {135, true, ERROR},
    {0xbf, false, ERROR}, {199, false, ERROR},   {199, true, SILENT},  {0xff, false, ERROR},
};

static struct frame packet_of(uint8_t first, const uint8_t *headers, uint32_t len, bool to_all)
{
    const struct leat_ip src = to_all ? IP6_PEER_LINK : IP6_PEER, dst = to_all ? IP6_ALL : IP6_US;
    const struct frame echo = frame_echo6(src, dst, ECHO_BYTES - 8);
    uint8_t payload[64];

    memcpy(payload, headers, len);
    memcpy(payload + len, echo.bytes + FRAME6_L4, ECHO_BYTES);
    return frame_ip6(first, src, dst, payload, len + ECHO_BYTES);
}

/* NULL, or a description of the wrong reaction. */
static const char *wrong_with(struct world *world, const struct frame *frame,
                              const struct packet_case *c)
{
    const struct fake_frame *sent;

    world_wait(world, 5 * second); /* so that no limit of errors applies */
    world_feed(world, frame);
    sent = fake_netif_sent(&world->dev);
    if (c->reaction == SILENT)
        return sent ? "something was sent" : 0;
    if (!sent || fake_netif_sent_count(&world->dev) != 0)
        return sent ? "more than one packet was sent" : "nothing was sent";
    if (c->reaction == REPLY)
        return frame_icmp6_type(sent) == 129 ? 0 : "no reply";
    if (frame_icmp6_type(sent) != c->type || sent->bytes[FRAME6_L4 + 1] != c->code)
        return "another type or code";
    if (c->type == PROBLEM && frame_get32(sent->bytes + FRAME6_L4 + 4) != c->at)
        return "it points elsewhere";
    return memcmp(sent->bytes + FRAME6_L4 + 8, frame->bytes + FRAME_IP, frame->len - FRAME_IP)
               ? "it quotes something else"
               : 0;
}

static void check(struct world *world, const struct frame *frame, const struct packet_case *c)
{
    const char *wrong = wrong_with(world, frame, c);

    if (wrong)
        fail_msg("RFC %s, %s: %s", c->rfc, c->name, wrong);
}

static void meet_the_peer(struct world *world)
{
    const struct frame hello =
        frame_ndp(135, 0, IP6_PEER_LINK, ip6_asked(IP6_US), IP6_US, &MAC_PEER, 0);
    const struct frame known[] = {
        frame_ndp(136, 0x60, IP6_PEER, IP6_US, IP6_PEER, &MAC_PEER, 0),
        frame_ndp(136, 0x60, IP6_PEER_LINK, IP6_US, IP6_PEER_LINK, &MAC_PEER, 0)};

    world_feed(world, &hello);
    world_feed(world, &known[0]);
    world_feed(world, &known[1]);
}

static void each_header_has_its_reaction(void **state)
{
    struct world *world = *state;

    for (unsigned i = 0; i < sizeof header_cases / sizeof header_cases[0]; i++) {
        const struct packet_case *c = &header_cases[i];
        const struct frame frame = packet_of(c->first, c->headers, c->len, c->to_all);

        meet_the_peer(world);
        check(world, &frame, c);
    }
}

static void each_unknown_option_has_its_reaction(void **state)
{
    static const uint8_t firsts[] = {HBH, DESTINATION};
    struct world *world = *state;

    for (unsigned i = 0; i < 2 * sizeof option_cases / sizeof option_cases[0]; i++) {
        const struct option_case *o = &option_cases[i / 2];
        const uint8_t headers[8] = {ICMP, 0, o->option, 4};
        const struct frame frame = packet_of(firsts[i % 2], headers, 8, o->to_all);
        char name[64];
        const struct packet_case c = {"8200 4.2", name,        0,       0, {0},
                                      o->to_all,  o->reaction, PROBLEM, 2, 42};

        snprintf(name, sizeof name, "option 0x%02x in header %u to a %s", o->option, firsts[i % 2],
                 o->to_all ? "group" : "host");
        meet_the_peer(world);
        check(world, &frame, &c);
    }
}

/* One byte of the IPv6 header is changed. */
static const struct field_case {
    const char *rfc;
    const char *name;
    uint8_t at;
    uint8_t value;
    enum reaction reaction;
} field_cases[] = {
    {"8200 3", "version 0", 0, 0x00, SILENT},
    {"8200 3", "version 4", 0, 0x40, SILENT},
    {"8200 3", "version 5", 0, 0x50, SILENT},
    {"8200 3", "version 7", 0, 0x70, SILENT},
    {"8200 3", "version 15", 0, 0xf0, SILENT},
    {"8200 7", "a traffic class", 0, 0x62, REPLY},
    {"6437 2", "a flow label", 2, 0x77, REPLY},
    {"8200 3", "more payload than there is", 5, ECHO_BYTES + 1, SILENT},
    {"8200 3", "hop limit 0, for us", 7, 0, REPLY},
    {"8200 3", "hop limit 1", 7, 1, REPLY},
    {"8200 3", "hop limit 255", 7, 255, REPLY},
    {"4291 2.7", "from a group", 8, 0xff, SILENT},
    {"8200 3", "to an address that isn't ours", 39, 0x77, SILENT},
};

static void each_field_has_its_reaction(void **state)
{
    struct world *world = *state;

    for (unsigned i = 0; i < sizeof field_cases / sizeof field_cases[0]; i++) {
        const struct field_case *f = &field_cases[i];
        const struct packet_case c = {f->rfc, f->name, 0, 0, {0}, false, f->reaction, 0, 0, 0};
        struct frame frame = frame_echo6(IP6_PEER, IP6_US, ECHO_BYTES - 8);

        meet_the_peer(world);
        frame.bytes[FRAME_IP + f->at] = f->value;
        if (f->at >= 8)
            frame_icmp6_repair(&frame);
        check(world, &frame, &c);
    }
}

/* An ICMPv6 message, or a datagram. */
/* clang-format off */
static const struct message_case {
    const char *rfc;
    const char *name;
    uint8_t type; /* 0: a datagram to a closed port */
    uint8_t len;
    const char *src;
    const char *dst;
    enum reaction reaction;
} message_cases[] = {
    {"4443 4.2", "echo of no data", 128, 8, "2001:db8::2", "2001:db8::1", REPLY},
    {"4443 4.2", "echo of an odd length", 128, 13, "2001:db8::2", "2001:db8::1", REPLY},
    {"4443 4.2", "echo to all nodes", 128, 8, "fe80::2", "ff02::1", REPLY},
    {"4443 4.2", "echo to all nodes of this interface", 128, 8, "fe80::2", "ff01::1", SILENT},
    {"4443 4.2", "echo to all routers", 128, 8, "fe80::2", "ff02::2", SILENT},
    {"4443 4.2", "echo from the unspecified address", 128, 8, "::", "2001:db8::1", SILENT},
    {"4443 4.2", "echo from the loopback address", 128, 8, "::1", "2001:db8::1", SILENT},
    {"4443 4.2", "an unsolicited echo reply", 129, 8, "2001:db8::2", "2001:db8::1", SILENT},
    {"4443 2.4 (b)", "unknown informational message", 254, 8, "2001:db8::2", "2001:db8::1", SILENT},
    {"4443 2.4 (a)", "unknown error", 127, 60, "2001:db8::2", "2001:db8::1", SILENT},
    {"4443 2.4 (a)", "a reserved error", 100, 60, "2001:db8::2", "2001:db8::1", SILENT},
    {"4443 2.1", "an echo cut short", 128, 7, "2001:db8::2", "2001:db8::1", SILENT},
    {"4443 3.1", "a closed port", 0, 16, "2001:db8::2", "2001:db8::1", ERROR},
    {"4443 3.1", "a closed port, by link-local addresses", 0, 16, "fe80::2", "ff02::1", SILENT},
    {"4443 2.4 (e)", "a closed port, from the unspecified address", 0, 16, "::", "2001:db8::1", SILENT},
    {"4443 2.4 (e)", "a closed port, from a group", 0, 16, "ff02::2", "2001:db8::1", SILENT},
    {"4861 6.2.6", "a router solicitation: a host is silent", 133, 8, "fe80::2", "ff02::2", SILENT},
    {"4861 6.2.6", "a router solicitation to us", 133, 8, "fe80::2", "2001:db8::1", SILENT},
};
/* clang-format on */

static void each_message_has_its_reaction(void **state)
{
    static const uint8_t data[16];
    struct world *world = *state;

    for (unsigned i = 0; i < sizeof message_cases / sizeof message_cases[0]; i++) {
        const struct message_case *m = &message_cases[i];
        const struct packet_case c = {m->rfc, m->name,     0,           0, {0},
                                      false,  m->reaction, UNREACHABLE, 4, 0};
        const uint8_t message[64] = {m->type};
        struct frame frame = frame_icmp6(ip6_of(m->src), ip6_of(m->dst), message, m->len);

        if (m->type == 0)
            frame = frame_udp6(ip6_of(m->src), 9, ip6_of(m->dst), 9999, data, m->len);
        meet_the_peer(world);
        check(world, &frame, &c);
    }
}

/* RFC 4443 2.4 (e.1, e.2): an error or a redirect never causes an error, whatever is wrong with its
 * headers. */
static void no_error_is_about_an_error(void **state)
{
    static const uint8_t types[] = {1, 2, 3, 4, 100, 127, 137};
    struct world *world = *state;

    for (unsigned i = 0; i < sizeof types; i++) {
        uint8_t payload[56] = {ICMP, 0, 0x87, 4, 0, 0, 0, 0, types[i]};
        const struct frame frame =
            frame_ip6(DESTINATION, IP6_PEER, IP6_US, payload, sizeof payload);
        const struct packet_case c = {"4443 2.4 (e)", "about an error", 0, 0, {0},
                                      false,          SILENT,           0, 0, 0};

        meet_the_peer(world);
        check(world, &frame, &c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world6_test(each_header_has_its_reaction),
        world6_test(each_unknown_option_has_its_reaction),
        world6_test(each_field_has_its_reaction),
        world6_test(each_message_has_its_reaction),
        world6_test(no_error_is_about_an_error),
    };

    return cmocka_run_group_tests_name("cases6_packets", tests, 0, 0);
}
