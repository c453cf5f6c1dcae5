/* test_lease.c -- each part of a lease at its limits, and the messages of the client. */
#include "dhcp_talk.h"

enum {
    OFFER = 2,
    ACK = 5
};

/* Binds with one more option (0: none), stops, and returns the lease. */
static struct leat_dhcp_lease lease_with(struct talk *talk, uint8_t code, const void *bytes,
                                         uint32_t len)
{
    struct leat_dhcp_lease lease;
    struct answer ack;

    talk_to_requesting(talk, 3600);
    ack = answer(talk, ACK, 3600);
    if (code)
        answer_option(&ack, code, bytes, len);
    talk_feed(talk, &ack);
    world_poll(talk->world);
    assert_state(talk, "BOUND");
    lease = *leat_dhcp_lease(talk->dhcp);
    leat_dhcp_stop(talk->dhcp);
    talk_mark(talk);
    return lease;
}

static void expect_parts(const struct leat_dhcp_lease *lease, unsigned parts, uint8_t code)
{
    assert_int_equal(lease->ignored_parts, parts);
    assert_int_equal(lease->ignored_option, parts ? code : 0);
}

static void a_mask_has_ones_and_then_zeros(void **state)
{
    static const struct {
        uint32_t mask;
        uint8_t bits; /* 0: left out */
    } table[] = {{0xff000000, 8},  {0xffff0000, 16}, {0xfffffffc, 30}, {0xfffffffe, 31},
                 {0xffffffff, 32}, {0xfe000000, 7},  {0x80000000, 1},  {0, 0},
                 {0xff00ff00, 0},  {1, 0},           {0x7f000000, 0}};
    struct talk *talk = *state;

    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        struct leat_dhcp_lease lease;
        struct answer ack;
        uint8_t mask[4];

        frame_put32(mask, table[i].mask);
        talk_to_requesting(talk, 3600);
        ack = answer(talk, ACK, 3600);
        answer_change(&ack, 1, mask, 4);
        talk_feed(talk, &ack);
        world_poll(talk->world);
        assert_state(talk, "BOUND");
        lease = *leat_dhcp_lease(talk->dhcp);
        assert_int_equal(lease.prefix_bits, table[i].bits ? table[i].bits : 8); /* class A */
        expect_parts(&lease, table[i].bits == 0, 1);
        leat_dhcp_stop(talk->dhcp);
        talk_mark(talk);
    }
}

/* RFC 1122 3.2.1.3 */
static void without_a_mask_the_class_decides(void **state)
{
    static const struct {
        leat_ip4 ip;
        uint8_t bits;
    } table[] = {{IP4(10, 0, 0, 50), 8},  {IP4(126, 255, 255, 1), 8},
                 {IP4(128, 0, 0, 1), 16}, {IP4(191, 255, 1, 1), 16},
                 {IP4(192, 0, 0, 1), 24}, {IP4(223, 255, 255, 1), 24}};
    struct talk *talk = *state;

    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        struct answer offer;

        talk_start(talk, NULL);
        offer = answer(talk, OFFER, 3600);
        frame_put32(offer.bytes + 16, table[i].ip);
        answer_change(&offer, 1, "\0\0\0\0", 4); /* left out, as if it were absent */
        talk_feed(talk, &offer);
        assert_state(talk, "REQUESTING");
        assert_int_equal(leat_ip_v4_number(talk->dhcp->read.ip), table[i].ip);
        assert_int_equal(talk->dhcp->read.prefix_bits, table[i].bits);
        leat_dhcp_stop(talk->dhcp);
        talk_mark(talk);
    }
}

static void an_MTU_has_576_at_least(void **state)
{
    static const struct {
        const char *bytes;
        uint32_t len;
        uint16_t mtu; /* 0: left out */
    } table[] = {{"\2\100", 2, 576}, {"\2\77", 2, 0}, {"\377\377", 2, 65535}, {"\0\0", 2, 0},
                 {"\5\334\0", 3, 0}, {"\5", 1, 0},    {"\3\0", 2, 768}};
    struct talk *talk = *state;

    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        const struct leat_dhcp_lease lease = lease_with(talk, 26, table[i].bytes, table[i].len);

        assert_int_equal(lease.mtu, table[i].mtu);
        expect_parts(&lease, table[i].mtu == 0, 26);
    }
}

/* Lists of addresses are used whole or not at all, but for addresses that no host can have. */
static void lists_of_addresses_have_whole_ones(void **state)
{
    static const uint8_t codes[] = {3, 6, 42};
    static const uint8_t many[] = {10, 0, 0, 1, 10, 0, 0, 2, 10, 0, 0, 3,
                                   10, 0, 0, 4, 10, 0, 0, 5, 10, 0, 0, 6};
    struct talk *talk = *state;

    for (unsigned i = 0; i < sizeof codes; i++) {
        for (uint32_t len = 0; len <= sizeof many; len++) {
            const struct leat_dhcp_lease lease = lease_with(talk, codes[i], many, len);
            const uint8_t counts[] = {lease.router_count, lease.name_server_count,
                                      lease.ntp_server_count};
            const bool good = len > 0 && len % 4 == 0;
            const uint32_t fit = len / 4 < LEAT_DHCP_SERVERS_MAX ? len / 4 : LEAT_DHCP_SERVERS_MAX;

            assert_int_equal(counts[i], good ? fit : 0);
            assert_int_equal(counts[0] + counts[1] + counts[2], good ? fit : 0);
            expect_parts(&lease, !good, codes[i]);
        }
    }
}

/* RFC 2131 4.4.5: T1 before T2 before the end, or half and seven eighths of the lease. */
static void times_in_order_are_taken(void **state)
{
    static const struct {
        uint32_t renew_s, rebind_s, t1_s, t2_s;
    } table[] = {{1000, 2000, 1000, 2000}, {1, 2, 1, 2},
                 {3598, 3599, 3598, 3599}, {2000, 2000, 1800, 3150},
                 {2001, 2000, 1800, 3150}, {0, 2000, 1800, 3150},
                 {1000, 3600, 1800, 3150}, {1000, 3601, 1800, 3150},
                 {1000, 0, 1800, 3150}};
    struct talk *talk = *state;

    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        struct answer ack;

        talk_to_requesting(talk, 3600);
        ack = answer(talk, ACK, 3600);
        answer_option32(&ack, 58, table[i].renew_s);
        answer_option32(&ack, 59, table[i].rebind_s);
        talk_feed(talk, &ack);
        world_poll(talk->world);
        assert_int_equal(leat_dhcp_lease(talk->dhcp)->renew_s, table[i].t1_s);
        assert_int_equal(leat_dhcp_lease(talk->dhcp)->rebind_s, table[i].t2_s);
        leat_dhcp_stop(talk->dhcp);
        talk_mark(talk);
    }
}

/* A lease below ten seconds is refused, or below what the program says. */
static void a_lease_has_the_least_time(void **state)
{
    struct talk *talk = *state;

    for (unsigned at_least = 0; at_least < 2; at_least++) {
        const uint32_t least_s = at_least ? 60 : 10;

        talk->dhcp->config.lease_s_min = least_s;
        for (uint32_t lease_s = least_s - 1; lease_s <= least_s; lease_s++) {
            struct answer offer;

            talk_start(talk, NULL);
            offer = answer(talk, OFFER, lease_s);
            talk_feed(talk, &offer);
            assert_state(talk, lease_s < least_s ? "SELECTING" : "REQUESTING");
            leat_dhcp_stop(talk->dhcp);
        }
    }
    assert_int_equal(leat_dhcp_counts(talk->dhcp)->drop_time, 2);
}

/* Each byte alone in a name. NULs at the end are cut off. */
static void names_have_letters_digits_and_three_signs(void **state)
{
    struct talk *talk = *state;

    for (unsigned byte = 1; byte < 256; byte++) {
        const char name[] = {'a', (char)byte, 'z', '\0'};
        const bool good = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                          (byte >= '0' && byte <= '9') || byte == '-' || byte == '_' || byte == '.';
        const struct leat_dhcp_lease lease = lease_with(talk, 12, name, 4);

        assert_string_equal(lease.host_name, good ? name : "");
        expect_parts(&lease, !good, 12);
    }
}

static void a_name_has_255_characters_at_most(void **state)
{
    struct talk *talk = *state;
    char name[LEAT_DHCP_NAME_BYTES];
    struct leat_dhcp_lease lease;
    struct answer ack;

    memset(name, 'n', sizeof name);
    lease = lease_with(talk, 15, name, 255);
    assert_int_equal(strlen(lease.domain_name), 255);
    expect_parts(&lease, 0, 0);
    lease = lease_with(talk, 15, name, 1);
    assert_string_equal(lease.domain_name, "n");
    lease = lease_with(talk, 15, "\0\0", 2);
    assert_string_equal(lease.domain_name, "");
    expect_parts(&lease, 1, 15);
    lease = lease_with(talk, 15, "", 0);
    expect_parts(&lease, 0, 0);
    talk_to_requesting(talk, 3600);
    ack = answer(talk, ACK, 3600);
    answer_option(&ack, 15, name, 255);
    answer_option(&ack, 15, name, 1); /* RFC 3396: 256 in all */
    talk_feed(talk, &ack);
    world_poll(talk->world);
    assert_string_equal(leat_dhcp_lease(talk->dhcp)->domain_name, "");
    expect_parts(leat_dhcp_lease(talk->dhcp), 1, 15);
}

/* RFC 3442: as many bytes of the network as its prefix needs. */
static void routes_have_whole_prefixes(void **state)
{
    static const struct {
        uint8_t bytes[12];
        uint32_t len;
        uint8_t count, bits;
        leat_ip4 network, gateway;
    } table[] = {
        {{0, 10, 0, 0, 1}, 5, 1, 0, 0, IP4(10, 0, 0, 1)},
        {{0, 10, 0, 0}, 4, 0, 0, 0, 0},
        {{8, 11, 10, 0, 0, 1}, 6, 1, 8, IP4(11, 0, 0, 0), IP4(10, 0, 0, 1)},
        {{9, 11, 128, 10, 0, 0, 1}, 7, 1, 9, IP4(11, 128, 0, 0), IP4(10, 0, 0, 1)},
        {{16, 172, 16, 10, 0, 0, 1}, 7, 1, 16, IP4(172, 16, 0, 0), IP4(10, 0, 0, 1)},
        {{17, 172, 16, 128, 10, 0, 0, 1}, 8, 1, 17, IP4(172, 16, 128, 0), IP4(10, 0, 0, 1)},
        {{24, 172, 16, 5, 10, 0, 0, 1}, 8, 1, 24, IP4(172, 16, 5, 0), IP4(10, 0, 0, 1)},
        {{32, 172, 16, 5, 7, 10, 0, 0, 1}, 9, 1, 32, IP4(172, 16, 5, 7), IP4(10, 0, 0, 1)},
        {{32, 172, 16, 5, 7, 10, 0, 0, 1}, 8, 0, 0, 0, 0},
        {{33, 172, 16, 5, 7, 0, 10, 0, 0, 1}, 10, 0, 0, 0, 0},
        {{8, 11, 0, 0, 0, 0}, 6, 1, 8, IP4(11, 0, 0, 0), 0}, /* on the link */
        {{8, 127, 10, 0, 0, 1}, 6, 0, 0, 0, 0},
        {{7, 11, 10, 0, 0, 1}, 6, 0, 0, 0, 0},   /* a bit behind the prefix */
        {{8, 11, 10, 0, 0, 50}, 6, 0, 0, 0, 0},  /* by ourselves */
        {{8, 11, 10, 0, 0, 255}, 6, 0, 0, 0, 0}, /* by an edge of our prefix */
        {{8, 11, 224, 0, 0, 1}, 6, 0, 0, 0, 0},  /* by a group */
        {{8, 11, 192, 0, 2, 1}, 6, 1, 8, IP4(11, 0, 0, 0), IP4(192, 0, 2, 1)},
    };
    struct talk *talk = *state;

    talk->dhcp->config.routes = true;
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        const struct leat_dhcp_lease lease = lease_with(talk, 121, table[i].bytes, table[i].len);

        assert_int_equal(lease.route_count, table[i].count);
        expect_parts(&lease, table[i].count == 0, 121);
        assert_int_equal(lease.routes[0].prefix_bits, table[i].bits);
        assert_true(table[i].count == 0 ||
                    leat_ip_v4_number(lease.routes[0].network) == table[i].network);
        assert_true(table[i].count == 0 ||
                    leat_ip_v4_number(lease.routes[0].gateway) == table[i].gateway);
    }
}

/* ---- What the client says ----------------------------------------------------------------- */

static void texts_are_said_unless_they_are_empty(void **state)
{
    static const size_t lens[] = {0, 1, 2, 62, 63};
    struct talk *talk = *state;
    char text[256];

    for (unsigned i = 0; i < sizeof lens / sizeof *lens; i++) {
        memset(text, 'h', sizeof text);
        text[lens[i]] = '\0';
        for (unsigned k = 0; k < 2; k++) {
            const uint8_t *said;

            talk->dhcp->config.host_name = k == 0 ? text : NULL;
            talk->dhcp->config.vendor_class = k == 1 ? text : NULL;
            talk_start(talk, NULL);
            said = heard_option(talk_heard(talk, 1), k == 0 ? 12 : 60);
            assert_true((said != NULL) == (lens[i] > 0));
            assert_null(heard_option(&talk->heard, k == 0 ? 60 : 12));
            if (said) {
                assert_int_equal(said[0], lens[i]);
                assert_memory_equal(said + 1, text, lens[i]);
            }
            leat_dhcp_stop(talk->dhcp);
        }
    }
}

/* RFC 2132 9.10 */
static void the_largest_message_is_that_of_the_link(void **state)
{
    static const uint16_t table[][2] = {{500, 576},   {575, 576},   {576, 576},   {577, 577},
                                        {1499, 1499}, {1500, 1500}, {1501, 1500}, {9000, 1500}};
    struct talk *talk = *state;

    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        const uint8_t *said;

        talk->world->dev.netif.mtu = table[i][0];
        talk_start(talk, NULL);
        said = heard_option(talk_heard(talk, 1), 57);
        assert_int_equal(said[0], 2);
        assert_int_equal(frame_get16(said + 1), table[i][1]);
        leat_dhcp_stop(talk->dhcp);
    }
    talk->world->dev.netif.mtu = 1500;
}

/* RFC 3442: option 121 stands before option 3. */
static void what_the_program_wants_is_asked_for(void **state)
{
    static const uint8_t always[] = {1, 3, 6, 12, 15, 26, 42, 58, 59, 119};
    struct talk *talk = *state;

    for (unsigned wants = 0; wants < 8; wants++) {
        uint8_t expected[sizeof always + 3];
        const uint8_t *said;
        uint8_t count = 0;

        talk->dhcp->config.routes = wants & 1;
        talk->dhcp->config.vendor_class = wants & 2 ? "v" : NULL;
        talk->dhcp->config.ipv6_only = wants & 4;
        if (wants & 1)
            expected[count++] = 121;
        memcpy(expected + count, always, sizeof always);
        count += sizeof always;
        if (wants & 2)
            expected[count++] = 43;
        if (wants & 4)
            expected[count++] = 108;
        talk_start(talk, NULL);
        said = heard_option(talk_heard(talk, 1), 55);
        assert_int_equal(said[0], count);
        assert_memory_equal(said + 1, expected, count);
        leat_dhcp_stop(talk->dhcp);
    }
}

/* The server is then the one that was chosen. */
static void a_server_that_is_no_host_is_left_out(void **state)
{
    static const uint8_t nobody[4] = {0};
    struct talk *talk = *state;
    struct answer ack;

    talk_to_requesting(talk, 3600);
    ack = answer(talk, ACK, 3600);
    answer_change(&ack, 54, nobody, 4);
    talk_feed(talk, &ack);
    world_poll(talk->world);
    assert_state(talk, "BOUND");
    expect_parts(leat_dhcp_lease(talk->dhcp), 1, 54);
    assert_true(leat_ip_equal(leat_dhcp_lease(talk->dhcp)->server, leat_ip_v4(IP_SERVER)));
}

static void limits_of_the_configuration(void **state)
{
    struct talk *talk = *state;
    struct world *world = talk->world;
    static uint8_t id[DHCP_CLIENT_ID_MAX + 1];
    static char text[257];
    const struct {
        struct leat_dhcp_config config;
        enum leat_err err; /* LEAT_ERR_IN_USE: it is legal, and there is a client */
    } table[] = {
        {{.host_name = text + 256 - 63}, LEAT_ERR_IN_USE},
        {{.host_name = text + 256 - 64}, LEAT_ERR_ARGUMENT},
        {{.vendor_class = text + 256 - 255}, LEAT_ERR_IN_USE},
        {{.vendor_class = text}, LEAT_ERR_ARGUMENT},
        {{.client_id = id, .client_id_bytes = 1}, LEAT_ERR_ARGUMENT},
        {{.client_id = id, .client_id_bytes = 2}, LEAT_ERR_IN_USE},
        {{.client_id = id, .client_id_bytes = DHCP_CLIENT_ID_MAX}, LEAT_ERR_IN_USE},
        {{.client_id = id, .client_id_bytes = DHCP_CLIENT_ID_MAX + 1}, LEAT_ERR_ARGUMENT},
        {{.reserved = {1}}, LEAT_ERR_ARGUMENT},
    };

    memset(text, 't', 256);
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        struct leat_dhcp *other;

        assert_int_equal(leat_dhcp_open(world->stack, &world->dev.netif, &other, &table[i].config),
                         table[i].err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test(a_mask_has_ones_and_then_zeros),
        talk_test(without_a_mask_the_class_decides),
        talk_test(an_MTU_has_576_at_least),
        talk_test(lists_of_addresses_have_whole_ones),
        talk_test(times_in_order_are_taken),
        talk_test(a_lease_has_the_least_time),
        talk_test(names_have_letters_digits_and_three_signs),
        talk_test(a_name_has_255_characters_at_most),
        talk_test(routes_have_whole_prefixes),
        talk_test(texts_are_said_unless_they_are_empty),
        talk_test(the_largest_message_is_that_of_the_link),
        talk_test(what_the_program_wants_is_asked_for),
        talk_test(a_server_that_is_no_host_is_left_out),
        talk_test(limits_of_the_configuration),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
