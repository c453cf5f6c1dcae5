/* test_facts6.c -- the facts and times of a DHCPv6 server's answer, each at its limits. */
#include "dhcp6_talk.h"

/* Options that a test writes, and dhcp6_facts_read() reads. */
struct written {
    uint8_t bytes[2000];
    uint32_t len;
};

static void option(struct written *written, uint16_t code, const void *bytes, uint32_t len)
{
    uint8_t *at = written->bytes + written->len;

    frame_put16(at, code);
    frame_put16(at + 2, len);
    if (len > 0)
        memcpy(at + 4, bytes, len);
    written->len += 4 + len;
}

static void number(struct written *written, uint16_t code, uint32_t value)
{
    uint8_t bytes[4];

    frame_put32(bytes, value);
    option(written, code, bytes, 4);
}

/* The lease as the options leave it; @left_out: the number of parts that don't count. */
static const struct leat_dhcp6_lease *read_facts(struct talk6 *talk, const struct written *written,
                                                 unsigned left_out, uint16_t code)
{
    const struct wire_dhcp6_options options = {written->bytes, written->len};
    const uint64_t before = talk->dhcp6->counts.ignored_parts;

    memset(&talk->dhcp6->read, 0, sizeof talk->dhcp6->read);
    dhcp6_facts_read(talk->dhcp6, &options);
    assert_int_equal(talk->dhcp6->read.ignored_parts, left_out);
    assert_int_equal(talk->dhcp6->read.ignored_option, code);
    assert_int_equal(talk->dhcp6->counts.ignored_parts, before + left_out);
    return &talk->dhcp6->read;
}

/* RFC 8415 21.24, 21.25: from a minute to a day, and nothing else. */
static void limits_of_waits_are_taken_from_a_minute_to_a_day(void **state)
{
    static const uint32_t values[] = {0, 59, 60, 61, 3600, 86399, 86400, 86401, UINT32_MAX};
    static const uint16_t codes[] = {DHCP6_SOL_MAX_RT, DHCP6_INF_MAX_RT};
    struct talk6 *talk = *state;

    for (unsigned k = 0; k < 2; k++) {
        uint32_t *const value = k == 0 ? &talk->dhcp6->sol_max_s : &talk->dhcp6->inf_max_s;
        uint32_t *const other = k == 0 ? &talk->dhcp6->inf_max_s : &talk->dhcp6->sol_max_s;

        for (unsigned i = 0; i < sizeof values / sizeof *values; i++) {
            struct written written = {.len = 0};

            *value = *other = 1111;
            number(&written, codes[k], values[i]);
            read_facts(talk, &written, 0, 0);
            assert_int_equal(*value, values[i] >= 60 && values[i] <= 86400 ? values[i] : 1111);
            assert_int_equal(*other, 1111);
        }
        for (uint32_t len = 0; len < 9; len++) {
            struct written written = {.len = 0};

            *value = 1111;
            option(&written, codes[k], "\0\0\2\0\0\0\2\0", len);
            read_facts(talk, &written, len != 4, len != 4 ? codes[k] : 0);
            assert_int_equal(*value, len == 4 ? 512 : 1111);
        }
    }
}

/* RFC 8415 7.6, 21.23 */
static void facts_are_refreshed_after_ten_minutes_at_least(void **state)
{
    static const uint32_t table[][2] = {{0, 600},
                                        {1, 600},
                                        {599, 600},
                                        {600, 600},
                                        {601, 601},
                                        {86401, 86401},
                                        {UINT32_MAX, UINT32_MAX}};
    struct talk6 *talk = *state;
    struct written written = {.len = 0};

    assert_int_equal(read_facts(talk, &written, 0, 0)->refresh_s, 86400);
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        written.len = 0;
        number(&written, DHCP6_REFRESH_TIME, table[i][0]);
        assert_int_equal(read_facts(talk, &written, 0, 0)->refresh_s, table[i][1]);
    }
    for (uint32_t len = 0; len < 9; len++) {
        written.len = 0;
        option(&written, DHCP6_REFRESH_TIME, "\0\0\3\0\0\0\3\0", len);
        assert_int_equal(
            read_facts(talk, &written, len != 4, len != 4 ? DHCP6_REFRESH_TIME : 0)->refresh_s,
            len == 4 ? 768 : 86400);
    }
}

/* Whole addresses, which a server can have, up to a limit. */
static void name_servers_are_hosts(void **state)
{
    static const char *const no_hosts[] = {"ff02::1", "::", "::1", "::ffff:192.0.2.1"};
    struct talk6 *talk = *state;
    uint8_t bytes[16 * (LEAT_DHCP6_SERVERS_MAX + 2)];

    for (unsigned i = 0; i < LEAT_DHCP6_SERVERS_MAX + 2; i++) {
        const struct leat_ip ip = ip6_of("2001:db8::10");

        memcpy(bytes + 16 * i, ip.bytes, 16);
        bytes[16 * i + 15] = (uint8_t)(i + 1);
    }
    for (uint32_t len = 0; len <= sizeof bytes; len++) {
        const bool is_whole = len > 0 && len % 16 == 0;
        const unsigned count =
            len / 16 < LEAT_DHCP6_SERVERS_MAX ? len / 16 : LEAT_DHCP6_SERVERS_MAX;
        const unsigned left_out = is_whole ? len / 16 - count : 1;
        struct written written = {.len = 0};
        const struct leat_dhcp6_lease *lease;

        option(&written, DHCP6_NAME_SERVERS, bytes, len);
        lease = read_facts(talk, &written, left_out, left_out > 0 ? DHCP6_NAME_SERVERS : 0);
        assert_int_equal(lease->name_server_count, is_whole ? count : 0);
        assert_memory_equal(lease->name_servers, bytes, is_whole ? 16 * count : 0);
    }
    for (unsigned i = 0; i <= sizeof no_hosts / sizeof *no_hosts; i++) {
        const bool is_ours = i == sizeof no_hosts / sizeof *no_hosts;
        const struct leat_ip bad = is_ours ? talk->us : ip6_of(no_hosts[i]);
        struct written written = {.len = 0};

        memcpy(bytes, bad.bytes, 16);
        option(&written, DHCP6_NAME_SERVERS, bytes, 32);
        assert_int_equal(read_facts(talk, &written, 1, DHCP6_NAME_SERVERS)->name_server_count, 1);
        assert_int_equal(talk->dhcp6->read.name_servers[0].bytes[15], 2);
    }
}

/* RFC 5908 4: addresses and names; groups and unknown forms are left out. */
static void time_servers_have_three_forms(void **state)
{
    static const struct {
        uint16_t form;
        const char *bytes;
        uint32_t len;
        unsigned count, left_out;
        const char *names;
    } table[] = {
        {1, "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16, 1, 0, ""},
        {1, "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 15, 0, 1, ""},
        {1, "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 17, 0, 1, ""},
        {1, "\xff\2\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16, 0, 1, ""},
        {2, "\xff\2\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16, 0, 1, ""},
        {3, "\2ti\4test", 9, 0, 0, "ti.test"},
        {3, "\2ti\4test", 8, 0, 1, ""},
        {3, "", 0, 0, 1, ""},
        {4, "\2ti\4test", 9, 0, 1, ""},
    };
    struct talk6 *talk = *state;

    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        struct written inside = {.len = 0}, written = {.len = 0};
        const struct leat_dhcp6_lease *lease;

        option(&inside, table[i].form, table[i].bytes, table[i].len);
        option(&written, DHCP6_NTP_SERVER, inside.bytes, inside.len);
        lease =
            read_facts(talk, &written, table[i].left_out, table[i].left_out ? DHCP6_NTP_SERVER : 0);
        assert_int_equal(lease->ntp_server_count, table[i].count);
        assert_string_equal(lease->ntp_names, table[i].names);
        assert_int_equal(lease->name_server_count, 0);
        /* a part of another form follows */
        written.len = 0;
        option(&written, DHCP6_NTP_SERVER, inside.bytes, inside.len + 1);
        lease = read_facts(talk, &written, table[i].left_out + 1, DHCP6_NTP_SERVER);
        assert_int_equal(lease->ntp_server_count, table[i].count);
    }
}

/* A list of names with a space between them, as far as it has room. */
static void a_search_list_has_255_characters(void **state)
{
    struct talk6 *talk = *state;
    uint8_t bytes[400];

    for (uint8_t last = 55; last <= 63; last++) { /* bytes of the fourth label */
        const unsigned len = 3u * 64 + last;      /* characters of the name */
        struct written written = {.len = 0};
        const struct leat_dhcp6_lease *lease;
        uint32_t at = 0;

        for (unsigned i = 0; i < 4; i++) {
            const uint8_t label = i < 3 ? 63 : last;

            bytes[at++] = label;
            memset(bytes + at, 'a', label);
            at += label;
        }
        bytes[at++] = 0;
        memcpy(bytes + at, "\2bb", 4); /* with its root */
        option(&written, DHCP6_SEARCH, bytes, at + 4);
        if (len > 253)
            continue; /* no legal name */
        lease = read_facts(talk, &written, len + 3 > 255, len + 3 > 255 ? DHCP6_SEARCH : 0);
        assert_int_equal(strlen(lease->search), len + 3 > 255 ? len : len + 3);
        if (len + 3 <= 255)
            assert_string_equal(lease->search + len, " bb");
    }
}

static void what_follows_a_malformed_end_is_left_out(void **state)
{
    struct talk6 *talk = *state;
    struct written written = {.len = 0};

    number(&written, DHCP6_REFRESH_TIME, 1000);
    for (uint32_t more = 1; more < 4; more++) {
        written.len = 8 + more;
        assert_int_equal(read_facts(talk, &written, 1, 0)->refresh_s, 1000);
    }
    written.len = 8;
    option(&written, 999, "abc", 3);
    read_facts(talk, &written, 0, 0);
    written.len--;
    read_facts(talk, &written, 1, 0);
}

static void parts_are_counted_up_to_255(void **state)
{
    struct talk6 *talk = *state;
    struct leat_dhcp6_lease *lease = &talk->dhcp6->read;

    memset(lease, 0, sizeof *lease);
    for (unsigned i = 1; i < 300; i++) {
        dhcp6_leave_out(talk->dhcp6, (uint16_t)(i + 40));
        assert_int_equal(lease->ignored_parts, i < 255 ? i : 255);
        assert_int_equal(lease->ignored_option, 41);
        assert_int_equal(talk->dhcp6->counts.ignored_parts, i);
    }
}

/* ---- times of a lease --------------------------------------------------------------------- */

/* RFC 8415 14.2, 21.4 */
static void times_of_the_server_are_taken_if_they_are_in_order(void **state)
{
    static const struct {
        uint32_t preferred_s, valid_s, t1_s, t2_s, renew_s, rebind_s;
    } table[] = {
        {1000, 2000, 0, 0, 500, 800},
        {0, 2000, 0, 0, 1000, 1600},
        {1000, 2000, 300, 700, 300, 700},
        {1000, 2000, 700, 700, 700, 700},
        {1000, 2000, 300, 1999, 300, 1999},
        {1000, 2000, 300, 2000, 300, 800},
        {1000, 2000, 900, 0, 500, 800},
        {1000, 2000, 800, 0, 800, 800},
        {1000, 2000, 801, 0, 500, 800},
        {1000, 2000, 0, 400, 400, 400},
        {1000, 2000, 0, 500, 500, 500},
        {1000, 2000, 0, 501, 500, 501},
        {1, 2000, 0, 0, 1, 1},
        {2, 2000, 0, 0, 1, 1},
        {3, 2000, 0, 0, 1, 2},
        {UINT32_MAX, UINT32_MAX, 0, 0, UINT32_MAX, UINT32_MAX},
        {UINT32_MAX, UINT32_MAX, 0, 5000, 5000, 5000},
        {UINT32_MAX, UINT32_MAX, 10, UINT32_MAX, 10, UINT32_MAX},
    };
    struct talk6 *talk = *state;

    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        struct answer6 made = answer6(talk, DHCP6_REPLY);
        struct wire_dhcp6 message;

        talk->dhcp6->asked_ns = leat_now_ns(talk->world->stack);
        answer6_ia(&made, talk, table[i].t1_s, table[i].t2_s);
        answer6_address(&made, IP6_LEASED, table[i].preferred_s, table[i].valid_s);
        answer6_close(&made);
        assert_true(wire_dhcp6_parse(&message, made.bytes, made.len));
        assert_int_equal(dhcp6_lease_read(talk->dhcp6, &message), DHCP6_IS_OURS);
        assert_int_equal(talk->dhcp6->read.renew_s, table[i].renew_s);
        assert_int_equal(talk->dhcp6->read.rebind_s, table[i].rebind_s);
        assert_int_equal(talk->dhcp6->read.valid_s, table[i].valid_s);
    }
}

/* A lease is too short if it has the least time, or is over already. */
static void a_lease_lasts_until_it_is_over(void **state)
{
    struct talk6 *talk = *state;
    struct leat_dhcp6 *dhcp6 = talk->dhcp6;

    dhcp6->config.lease_s_min = 100;
    for (uint32_t valid_s = 98; valid_s < 103; valid_s++) {
        struct answer6 made = grant6(talk, DHCP6_REPLY, valid_s);
        struct wire_dhcp6 message;

        assert_true(wire_dhcp6_parse(&message, made.bytes, made.len));
        dhcp6->asked_ns = leat_now_ns(talk->world->stack);
        assert_int_equal(dhcp6_lease_read(dhcp6, &message),
                         valid_s < 100 ? DHCP6_FLAW_TIME : DHCP6_IS_OURS);
        dhcp6->asked_ns -= 101 * second;
        assert_int_equal(dhcp6_lease_read(dhcp6, &message),
                         valid_s <= 101 ? DHCP6_FLAW_TIME : DHCP6_IS_OURS);
    }
}

/* ---- actions ------------------------------------------------------------------------------ */

/* 10 to 20 s after the first failure, doubled each time, five times at most. */
static void failures_make_the_client_wait(void **state)
{
    struct talk6 *talk = *state;
    struct leat_dhcp6 *dhcp6 = talk->dhcp6;
    const uint64_t now_ns = leat_now_ns(talk->world->stack);
    struct dhcp6_step step = {0};

    for (unsigned failures = 0; failures < 9; failures++) {
        const uint64_t least_ns = 10 * second << (failures < 5 ? failures : 5);
        uint64_t least = UINT64_MAX, most = 0;

        for (unsigned i = 0; i < 2000; i++) {
            uint64_t wait_ns;

            dhcp6->failures = (uint8_t)failures;
            dhcp6->tries = 3;
            dhcp6->has_offer = dhcp6->has_lease = true;
            dhcp6->expires_ns = dhcp6->begun_ns = 0;
            dhcp6_back_off(dhcp6, &step);
            wait_ns = dhcp6->wait_ns - now_ns;
            least = wait_ns < least ? wait_ns : least;
            most = wait_ns > most ? wait_ns : most;
            assert_int_equal(dhcp6->failures, failures + 1);
            assert_int_equal(dhcp6->tries, 0);
            assert_false(dhcp6->has_offer || dhcp6->has_lease);
            assert_true(dhcp6->expires_ns == LEAT_NEVER_NS && dhcp6->begun_ns == now_ns);
        }
        assert_in_range(least, least_ns, least_ns + least_ns / 50);
        assert_in_range(most, 2 * least_ns - least_ns / 50, 2 * least_ns);
    }
    dhcp6->failures = 255;
    dhcp6_back_off(dhcp6, &step);
    assert_int_equal(dhcp6->failures, 255);
    dhcp6_rest(dhcp6, &step);
    assert_int_equal(dhcp6->failures, 0);
    assert_true(dhcp6->wait_ns == LEAT_NEVER_NS);
}

/* RFC 8415 18.2.9: the highest preference; the first of several. */
static void the_best_offer_is_kept(void **state)
{
    static const struct {
        uint8_t preference, kept;
    } table[] = {{5, 0}, {5, 0}, {4, 0}, {6, 3}, {0, 3}, {6, 3}, {255, 6}};
    struct talk6 *talk = *state;
    struct leat_dhcp6 *dhcp6 = talk->dhcp6;
    struct dhcp6_step step = {0};

    dhcp6->has_offer = false;
    dhcp6->offer_preference = 200; /* of an earlier attempt */
    for (uint8_t i = 0; i < sizeof table / sizeof *table; i++) {
        dhcp6->read_preference = table[i].preference;
        dhcp6->read.ip.bytes[15] = i;
        dhcp6->read_server.bytes[0] = i;
        dhcp6_keep_offer(dhcp6, &step);
        assert_true(dhcp6->has_offer);
        assert_int_equal(dhcp6->offered.bytes[15], table[i].kept);
        assert_int_equal(dhcp6->server.bytes[0], table[i].kept);
        assert_int_equal(dhcp6->offer_preference, table[table[i].kept].preference);
    }
}

/* A lease counts from its request on; a time of all ones never comes. */
static void a_lease_has_its_times(void **state)
{
    struct talk6 *talk = *state;
    struct leat_dhcp6 *dhcp6 = talk->dhcp6;
    struct dhcp6_step step = {0};

    dhcp6->asked_ns = 77;
    dhcp6->read = (struct leat_dhcp6_lease){.valid_s = 2000, .renew_s = 500, .rebind_s = 800};
    dhcp6->read_server.len = 9;
    dhcp6->awaits = DHCP6_REQUEST;
    dhcp6_take_lease(dhcp6, &step);
    assert_true(dhcp6->expires_ns == 77 + 2000 * second);
    assert_true(dhcp6->leased_ns == 77 && dhcp6->t1_ns == LEAT_NEVER_NS);
    assert_int_equal(dhcp6->server.len, 9);
    assert_int_equal(dhcp6->awaits, 0);
    dhcp6->failures = 4;
    dhcp6_set_T1_T2(dhcp6, &step);
    assert_true(dhcp6->t1_ns == 77 + 500 * second && dhcp6->t2_ns == 77 + 800 * second);
    assert_int_equal(dhcp6->failures, 0);
    dhcp6->t1_ns = dhcp6->t2_ns = LEAT_NEVER_NS;
    dhcp6->rexmt_ns = 5;
    dhcp6->awaits = DHCP6_CONFIRM;
    dhcp6_resume(dhcp6, &step);
    assert_true(dhcp6->t1_ns == 77 + 500 * second && dhcp6->t2_ns == 77 + 800 * second);
    assert_true(dhcp6->rexmt_ns == LEAT_NEVER_NS && dhcp6->expires_ns == 77 + 2000 * second);
    assert_int_equal(dhcp6->awaits, 0);
    dhcp6->lease.renew_s = dhcp6->lease.rebind_s = LEAT_DHCP6_FOR_EVER;
    dhcp6_set_T1_T2(dhcp6, &step);
    assert_true(dhcp6->t1_ns == LEAT_NEVER_NS && dhcp6->t2_ns == LEAT_NEVER_NS);
    dhcp6_forget_times(dhcp6);
}

/* 21.23: up to a second later than the server says; 18.2.1: a Solicit within its delay. */
static void some_times_have_a_random_part(void **state)
{
    struct talk6 *talk = *state;
    struct leat_dhcp6 *dhcp6 = talk->dhcp6;
    const uint64_t now_ns = leat_now_ns(talk->world->stack);
    uint64_t most = 0, least = UINT64_MAX, most_begin = 0, least_begin = UINT64_MAX;
    struct dhcp6_step step = {0};

    dhcp6->config.start_delay_ns = second;
    dhcp6->read = (struct leat_dhcp6_lease){.refresh_s = 1000};
    for (unsigned i = 0; i < 2000; i++) {
        uint64_t wait_ns;

        dhcp6->leased_ns = 0;
        dhcp6_take_facts(dhcp6, &step);
        assert_true(dhcp6->leased_ns == now_ns && dhcp6->has_lease);
        wait_ns = dhcp6->refresh_ns - now_ns;
        least = wait_ns < least ? wait_ns : least;
        most = wait_ns > most ? wait_ns : most;
        dhcp6_begin(dhcp6, &step);
        wait_ns = dhcp6->wait_ns - now_ns;
        least_begin = wait_ns < least_begin ? wait_ns : least_begin;
        most_begin = wait_ns > most_begin ? wait_ns : most_begin;
    }
    assert_in_range(least, 1000 * second, 1000 * second + 20 * ms);
    assert_in_range(most, 1001 * second - 20 * ms, 1001 * second);
    assert_in_range(least_begin, 0, 20 * ms);
    assert_in_range(most_begin, second - 20 * ms, second);
    dhcp6->read.refresh_s = LEAT_DHCP6_FOR_EVER;
    dhcp6_take_facts(dhcp6, &step);
    assert_true(dhcp6->refresh_ns == LEAT_NEVER_NS);
    dhcp6->has_lease = false;
}

/* RFC 8415 21.9: hundredths of a second, up to 65,535 of them. */
static void the_elapsed_time_is_in_hundredths(void **state)
{
    static const struct {
        uint64_t ns;
        uint16_t elapsed;
    } table[] = {{0, 0},
                 {9999999, 0},
                 {10000000, 1},
                 {19999999, 1},
                 {1000000000, 100},
                 {655340000000, 65534},
                 {655349999999, 65534},
                 {655350000000, 65535},
                 {655360000000, 65535},
                 {900000000000, 65535}};
    struct talk6 *talk = *state;
    struct leat_dhcp6 *dhcp6 = talk->dhcp6;
    struct dhcp6_step step = {0};

    world_wait(talk->world, 1000 * second);
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        dhcp6_open_exchange(dhcp6, DHCP6_INFORMATION_REQUEST);
        dhcp6->first_ns = leat_now_ns(talk->world->stack) - table[i].ns;
        dhcp6_snd_INFORMATION_REQUEST(dhcp6, &step);
        world_poll(talk->world);
        assert_int_equal(talk6_heard(talk, DHCP6_INFORMATION_REQUEST)->elapsed, table[i].elapsed);
        talk6_mark(talk);
    }
    dhcp6_forget_times(dhcp6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk6_test(limits_of_waits_are_taken_from_a_minute_to_a_day),
        talk6_test(facts_are_refreshed_after_ten_minutes_at_least),
        talk6_test(name_servers_are_hosts),
        talk6_test(time_servers_have_three_forms),
        talk6_test(a_search_list_has_255_characters),
        talk6_test(what_follows_a_malformed_end_is_left_out),
        talk6_test(parts_are_counted_up_to_255),
        talk6_test(times_of_the_server_are_taken_if_they_are_in_order),
        talk6_test(a_lease_lasts_until_it_is_over),
        talk6_test(failures_make_the_client_wait),
        talk6_test(the_best_offer_is_kept),
        talk6_test(a_lease_has_its_times),
        talk6_test(some_times_have_a_random_part),
        talk6_test(the_elapsed_time_is_in_hundredths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
