/* test_lookups.c -- tasks that look up names. */
#include "task_test.h"

#include <leat/dns_server.h>
#include <leat/dns_zone.h>

static const char zone_text[] = "$ORIGIN example.test.\n"
                                "@ 60 SOA ns host 1 2 3 4 5\n"
                                "@ 60 NS ns\n"
                                "ns 60 A 10.0.0.1\n"
                                "www 60 A 10.0.0.1\n"
                                "www 60 A 192.0.2.7\n"
                                "six 60 AAAA 2001:db8::1\n"
                                "both 60 A 10.0.0.1\n"
                                "both 60 AAAA 2001:db8:ffff::1\n"
                                "both 60 AAAA 2001:db8::1\n";

static struct leat_resolver *resolver;

static enum leat_err looks_up(struct leat_task *task, void *arg)
{
    struct leat_endpoint ends[4];
    unsigned count;

    (void)arg;
    assert_int_equal(
        leat_task_resolve(task, resolver, "www.example.test", PORT, ends, 4, &count, LEAT_NEVER_NS),
        LEAT_OK);
    assert_int_equal(count, 2);
    assert_int_equal(ends[0].port, PORT);
    assert_int_equal(ends[1].port, PORT);
    assert_int_equal(
        leat_task_resolve(task, resolver, "www.example.test", PORT, ends, 1, &count, LEAT_NEVER_NS),
        LEAT_OK);
    assert_int_equal(count, 1);
    assert_int_equal(leat_task_resolve(task, NULL, "10.0.0.1", PORT, ends, 4, &count, 0), LEAT_OK);
    assert_int_equal(count, 1);
    assert_memory_equal(&ends[0].ip, &served_at.ip, sizeof served_at.ip);
    assert_int_equal(leat_task_resolve(task, resolver, "nobody.example.test", PORT, ends, 4, &count,
                                       LEAT_NEVER_NS),
                     LEAT_ERR_NOT_FOUND);
    assert_int_equal(
        leat_task_resolve(task, resolver, "a..b", PORT, ends, 4, &count, LEAT_NEVER_NS),
        LEAT_ERR_FORMAT);
    assert_int_equal(
        leat_task_resolve(task, resolver, "www.example.test", PORT, ends, 0, &count, LEAT_NEVER_NS),
        LEAT_ERR_ARGUMENT);
    assert_int_equal(count, 0);
    return LEAT_OK;
}

/* The line that says why @name has no addresses. */
static const char *why_not(struct leat_task *task, const char *name, uint64_t deadline_ns,
                           enum leat_err expected)
{
    static char text[LEAT_REFUSAL_TEXT_BYTES];
    struct leat_lookup_failure why;
    struct leat_endpoint ends[4];
    unsigned count;
    size_t len;

    assert_int_equal(
        leat_task_resolve_why(task, resolver, name, PORT, ends, 4, &count, deadline_ns, &why),
        expected);
    assert_int_equal(why.err, expected);
    len = leat_lookup_failure_format(resolver, &why, text);
    assert_int_equal(len, strlen(text));
    return text;
}

static enum leat_err looks_up_in_vain(struct leat_task *task, void *arg)
{
    (void)arg;
    assert_string_equal(
        why_not(task, "www.example.test", leat_task_in(task, 10 * ms), LEAT_ERR_TIMEOUT),
        "10.0.0.1 says: port unreachable (ICMP type 3, code 3)");
    assert_string_equal(
        why_not(task, "www.example.test", leat_task_in(task, 9 * second), LEAT_ERR_REFUSED),
        "10.0.0.1 says: port unreachable (ICMP type 3, code 3)");
    return LEAT_ERR_REFUSED;
}

static enum leat_err looks_up_what_is_not_there(struct leat_task *task, void *arg)
{
    (void)arg;
    assert_string_equal(why_not(task, "none.example.test", LEAT_NEVER_NS, LEAT_ERR_NOT_FOUND),
                        "NXDOMAIN, says 10.0.0.1");
    assert_string_equal(why_not(task, "six.example.test", LEAT_NEVER_NS, LEAT_ERR_NOT_FOUND),
                        "NOERROR, says 10.0.0.1");
    assert_string_equal(why_not(task, "elsewhere.test", LEAT_NEVER_NS, LEAT_ERR_SERVERS),
                        "REFUSED; asked: 10.0.0.1");
    return LEAT_OK;
}

static void open_resolver(struct fixture *f)
{
    const struct leat_resolver_config config = {.servers = {{.ip = SERVER_IP}}, .server_count = 1};
    static char memory[1 << 19];

    assert_int_equal(
        leat_resolver_open(&resolver, f->world->stacks[CLIENT], memory, sizeof memory, &config),
        LEAT_OK);
}

/* Runs @run with a server of these names. */
static void run_beside_server(struct fixture *f, leat_task_fn *run)
{
    static char zone_memory[1 << 14], server_memory[1 << 17];
    struct leat_dns_server_config serving = {.no_rate_limit = true};
    struct leat_dns_server *server;
    struct leat_dns_zone *zone;
    const struct leat_dns_zone *zones[1];
    struct leat_dns_zone_error error;

    assert_int_equal(leat_dns_zone_parse(&zone, zone_memory, sizeof zone_memory, zone_text,
                                         sizeof zone_text - 1, &error),
                     LEAT_OK);
    zones[0] = zone;
    serving.zones = (struct leat_dns_zones){.list = zones, .count = 1};
    assert_int_equal(leat_dns_server_open(&server, f->world->stacks[SERVER], server_memory,
                                          sizeof server_memory, &serving),
                     LEAT_OK);
    assert_int_equal(run_task(f, run, 10 * second), LEAT_OK);
    leat_dns_server_close(server);
}

static void a_task_waits_for_the_addresses_of_a_name(void **state)
{
    struct fixture *f = *state;

    open_resolver(f);
    assert_int_equal(run_task(f, looks_up_in_vain, 10 * second), LEAT_ERR_REFUSED);
    run_beside_server(f, looks_up);
    run_beside_server(f, looks_up_what_is_not_there);
    leat_resolver_close(resolver);
}

static void assert_is(const struct leat_endpoint *end, const char *ip)
{
    char text[LEAT_IP_TEXT_BYTES];

    leat_ip_format(end->ip, text);
    assert_string_equal(text, ip);
    assert_int_equal(end->port, PORT);
}

static enum leat_err looks_up_both(struct leat_task *task, void *arg)
{
    struct leat_endpoint ends[4];
    unsigned count;

    (void)arg;
    assert_int_equal(leat_task_resolve(task, resolver, "both.example.test", PORT, ends, 4, &count,
                                       LEAT_NEVER_NS),
                     LEAT_OK);
    assert_int_equal(count, 3);
    assert_is(&ends[0], "2001:db8::1"); /* RFC 6724 6, rule 9: in our prefix */
    assert_is(&ends[1], "2001:db8:ffff::1");
    assert_is(&ends[2], "10.0.0.1"); /* rule 6 */
    assert_int_equal(
        leat_task_resolve(task, resolver, "six.example.test", PORT, ends, 4, &count, LEAT_NEVER_NS),
        LEAT_OK);
    assert_int_equal(count, 1);
    assert_int_equal(leat_task_resolve(task, resolver, "both.example.test", PORT, ends, 1, &count,
                                       LEAT_NEVER_NS),
                     LEAT_OK);
    assert_int_equal(count, 1);
    assert_is(&ends[0], "2001:db8::1");
    return LEAT_OK;
}

static enum leat_err looks_up_without_IPv6(struct leat_task *task, void *arg)
{
    struct leat_endpoint ends[4];
    unsigned count;

    (void)arg;
    assert_int_equal(leat_task_resolve(task, resolver, "both.example.test", PORT, ends, 4, &count,
                                       LEAT_NEVER_NS),
                     LEAT_OK);
    assert_int_equal(count, 3);
    assert_is(&ends[0], "10.0.0.1"); /* rule 1: we have no source address for the others */
    return LEAT_OK;
}

static void set_address(struct fixture *f)
{
    static const struct leat_ip gateway = {{0x20, 0x01, 0x0d, 0xb8, [15] = 1}};
    static const struct leat_ip ip = {{0x20, 0x01, 0x0d, 0xb8, [15] = 2}};
    struct leat *stack = f->world->stacks[CLIENT];

    assert_int_equal(leat_address_add(stack, leat_link_end(f->world->link, CLIENT), ip, 64),
                     LEAT_OK);
    world_wait(f->world, 10 * second); /* RFC 4862 5.4 */
    assert_int_equal(leat_route_add(stack, LEAT_IP_ANY, 0, gateway), LEAT_OK);
}

static void the_addresses_of_both_families_come_sorted(void **state)
{
    struct fixture *f = *state;

    open_resolver(f);
    world_wait(f->world, 10 * second);
    run_beside_server(f, looks_up_without_IPv6);
    set_address(f);
    run_beside_server(f, looks_up_both);
    leat_resolver_close(resolver);
}

static uint16_t answered; /* a type */
static uint8_t rcode;     /* 0: with an address */

/* Answers questions for one type with one address, and ignores others. */
static void answer_one(struct leat_udp *udp, struct leat_buf *payload,
                       const struct leat_endpoint *peer, const struct leat_endpoint *local,
                       void *arg)
{
    static const uint8_t six[] = {0xc0, 12, 0,    28,   0,    1,    0,    0,    0,       60,
                                  0,    16, 0x20, 0x01, 0x0d, 0xb8, 0xff, 0xff, [27] = 1};
    static const uint8_t four[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7};
    const size_t name = 12;
    uint8_t bytes[512] = {0};
    uint32_t end = (uint32_t)name;

    (void)local;
    leat_buf_read(payload, 0, bytes, sizeof bytes);
    leat_buf_free(payload);
    while (bytes[end] > 0)
        end += bytes[end] + 1u;
    end += 5;
    if (bytes[end - 3] != answered)
        return;
    bytes[2] |= 0x80; /* QR */
    memset(bytes + 4, 0, 8);
    if (rcode > 0) {
        bytes[3] = rcode;
        bytes[5] = 1;
        leat_udp_send_to(udp, leat_buf_copy(leat_pool(arg), bytes, end), peer);
        return;
    }
    bytes[5] = bytes[7] = 1; /* a question, an answer */
    if (answered == LEAT_DNS_AAAA)
        memcpy(bytes + end, six, sizeof six);
    else
        memcpy(bytes + end, four, sizeof four);
    end += (uint32_t)(answered == LEAT_DNS_AAAA ? sizeof six : sizeof four);
    leat_udp_send_to(udp, leat_buf_copy(leat_pool(arg), bytes, end), peer);
}

static enum leat_err waits_for_both(struct leat_task *task, void *arg)
{
    const struct fixture *f = arg;
    const uint64_t deadline_ns = leat_task_in(task, 200 * ms);
    struct leat_endpoint ends[4];
    unsigned count;

    assert_int_equal(
        leat_task_resolve(task, resolver, "late.test", PORT, ends, 4, &count, deadline_ns),
        LEAT_OK);
    assert_int_equal(count, 1);
    assert_is(&ends[0], "2001:db8:ffff::1");
    assert_true(f->world->now_ns >= deadline_ns);
    return LEAT_OK;
}

/* A server that answers questions for @type. */
static struct leat_udp *open_answerer(struct fixture *f, uint16_t type)
{
    static const struct leat_udp_events events = {.on_datagram = answer_one};
    struct leat_udp *udp;

    answered = type;
    assert_int_equal(
        leat_udp_open(f->world->stacks[SERVER], &udp, &events, f->world->stacks[SERVER]), LEAT_OK);
    assert_int_equal(leat_udp_bind(udp, LEAT_IP4_ANY, LEAT_DNS_PORT), LEAT_OK);
    return udp;
}

/* The answer for IPv6 arrives first. The one for IPv4 is waited for until the deadline. */
static void the_later_family_is_waited_for_until_the_deadline(void **state)
{
    struct fixture *f = *state;
    struct leat_udp *udp;

    open_resolver(f);
    world_wait(f->world, 10 * second);
    udp = open_answerer(f, LEAT_DNS_AAAA);
    assert_int_equal(run_task(f, waits_for_both, 10 * second), LEAT_OK);
    assert_int_equal(f->counts->timeouts, 1);
    leat_udp_close(udp);
    leat_resolver_close(resolver);
}

static enum leat_err asks_again_and_again(struct leat_task *task, void *arg)
{
    char name[] = "0.test";
    struct leat_endpoint ends[4];
    unsigned count;

    (void)arg;
    for (; name[0] < '9'; name[0]++) {
        const uint64_t deadline_ns = leat_task_in(task, 50 * ms);

        assert_int_equal(
            leat_task_resolve(task, resolver, name, PORT, ends, 4, &count, deadline_ns), LEAT_OK);
        assert_int_equal(count, 1);
        assert_is(&ends[0], answered == LEAT_DNS_A ? "192.0.2.7" : "2001:db8:ffff::1");
    }
    return LEAT_OK;
}

static enum leat_err is_told_why(struct leat_task *task, void *arg)
{
    struct leat_lookup_failure why;
    struct leat_endpoint ends[4];
    unsigned count;

    (void)arg;
    assert_int_equal(leat_task_resolve_why(task, resolver, "why.test", PORT, ends, 4, &count,
                                           leat_task_in(task, second), &why),
                     LEAT_ERR_TIMEOUT);
    assert_int_equal(why.rcode, rcode);
    return LEAT_OK;
}

/* The failure of one family is told, although the other one has no answer. */
static void the_failure_of_either_family_is_told(void **state)
{
    static const uint16_t types[] = {LEAT_DNS_A, LEAT_DNS_AAAA};
    struct fixture *f = *state;

    world_wait(f->world, 10 * second);
    rcode = LEAT_DNS_NXDOMAIN;
    for (unsigned i = 0; i < 2; i++) {
        struct leat_udp *udp = open_answerer(f, types[i]);

        open_resolver(f);
        assert_int_equal(run_task(f, is_told_why, 10 * second), LEAT_OK);
        leat_udp_close(udp);
        leat_resolver_close(resolver);
    }
    rcode = 0;
}

/* At the deadline both lookups end, whichever is still there. So the resolver has places for the
 * next ones. */
static void lookups_end_with_their_deadline(void **state)
{
    static const uint16_t types[] = {LEAT_DNS_A, LEAT_DNS_AAAA};
    const struct leat_resolver_config config = {
        .servers = {{.ip = SERVER_IP}}, .server_count = 1, .lookups = 2};
    static char memory[1 << 19];
    struct fixture *f = *state;

    world_wait(f->world, 10 * second);
    for (unsigned i = 0; i < 2; i++) {
        struct leat_udp *udp = open_answerer(f, types[i]);

        assert_int_equal(
            leat_resolver_open(&resolver, f->world->stacks[CLIENT], memory, sizeof memory, &config),
            LEAT_OK);
        assert_int_equal(run_task(f, asks_again_and_again, 10 * second), LEAT_OK);
        leat_udp_close(udp);
        leat_resolver_close(resolver);
    }
}

static int set_up_with_IPv6(void **state)
{
    int failed;

    world_has_ipv6 = true;
    failed = set_up(state);
    world_has_ipv6 = false;
    return failed;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_task_waits_for_the_addresses_of_a_name),
        cmocka_unit_test_setup_teardown(the_addresses_of_both_families_come_sorted,
                                        set_up_with_IPv6, tear_down),
        cmocka_unit_test_setup_teardown(the_later_family_is_waited_for_until_the_deadline,
                                        set_up_with_IPv6, tear_down),
        cmocka_unit_test_setup_teardown(lookups_end_with_their_deadline, set_up_with_IPv6,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_failure_of_either_family_is_told, set_up_with_IPv6,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
