/* test_special.c -- questions that a forwarder answers or refuses without its servers, and the
 * reasons that it tells. */
#include "dns_home.h"

/* The SOA record of a special zone (RFC 6303 3). */
#define SOA(zone) zone " 10800 IN SOA " zone " nobody.invalid. 1 3600 1200 604800 10800\n"
#define NO_NAME(name, zone)                                                                        \
    {                                                                                              \
        name, LEAT_DNS_A, "NXDOMAIN\n--\n" SOA(zone) "--\n"                                        \
    }
#define NO_RECORD(name, zone)                                                                      \
    {                                                                                              \
        name, LEAT_DNS_A, "NOERROR \n--\n" SOA(zone) "--\n"                                        \
    }
#define UPSTREAM(name)                                                                             \
    {                                                                                              \
        name, LEAT_DNS_A, NULL                                                                     \
    }

/* RFC 6303, 6761, 7686, 7793, 9462: none of these questions leaves the network, others do. */
static const struct {
    const char *name;
    uint16_t type;
    const char *reply; /* NULL: the server answers */
} special[] = {
    {"localhost.", LEAT_DNS_A, "NOERROR \nlocalhost. 10800 IN A 127.0.0.1\n--\n--\n"},
    {"a.LocalHost.", LEAT_DNS_AAAA, "NOERROR \na.LocalHost. 10800 IN AAAA ::1\n--\n--\n"},
    {"localhost.", LEAT_DNS_MX, "NOERROR \n--\n" SOA("localhost.") "--\n"},
    {"localhost.", LEAT_DNS_NS, "NOERROR \nlocalhost. 10800 IN NS localhost.\n--\n--\n"},
    {"10.in-addr.arpa.", LEAT_DNS_SOA, "NOERROR \n" SOA("10.in-addr.arpa.") "--\n--\n"},
    {"10.in-addr.arpa.", LEAT_DNS_NS,
     "NOERROR \n10.in-addr.arpa. 10800 IN NS 10.in-addr.arpa.\n--\n--\n"},
    {"1.10.in-addr.arpa.", LEAT_DNS_SOA, "NXDOMAIN\n--\n" SOA("10.in-addr.arpa.") "--\n"},
    {"8.b.d.0.1.0.0.2.IP6.arpa.", LEAT_DNS_SOA,
     "NOERROR \n" SOA("8.b.d.0.1.0.0.2.IP6.arpa.") "--\n--\n"},
    UPSTREAM("localhost.example."),
    UPSTREAM("xlocalhost."),
    NO_NAME("a.invalid.", "invalid."),
    NO_NAME("a.b.onion.", "onion."),
    NO_RECORD("onion.", "onion."),
    UPSTREAM("onion.example."),
    UPSTREAM("a.test."),
    NO_RECORD("_dns.resolver.arpa.", "resolver.arpa."),
    NO_RECORD("resolver.arpa.", "resolver.arpa."),
    NO_NAME("other.resolver.arpa.", "resolver.arpa."),
    UPSTREAM("arpa."),
    UPSTREAM("home.arpa."),
    UPSTREAM("in-addr.arpa."),
    NO_NAME("1.0.0.10.in-addr.arpa.", "10.in-addr.arpa."),
    NO_RECORD("10.in-addr.arpa.", "10.in-addr.arpa."),
    UPSTREAM("11.in-addr.arpa."),
    UPSTREAM("010x.in-addr.arpa."),
    UPSTREAM("010.in-addr.arpa."),
    UPSTREAM("1.0.0.127.in-addr.arpa.example."),
    NO_RECORD("0.in-addr.arpa.", "0.in-addr.arpa."),
    UPSTREAM("256.in-addr.arpa."),
    NO_NAME("1.16.172.in-addr.arpa.", "16.172.in-addr.arpa."),
    NO_NAME("1.31.172.in-addr.arpa.", "31.172.in-addr.arpa."),
    UPSTREAM("1.15.172.in-addr.arpa."),
    UPSTREAM("1.32.172.in-addr.arpa."),
    UPSTREAM("172.in-addr.arpa."),
    NO_NAME("5.64.100.in-addr.arpa.", "64.100.in-addr.arpa."),
    NO_NAME("5.127.100.in-addr.arpa.", "127.100.in-addr.arpa."),
    UPSTREAM("5.128.100.in-addr.arpa."),
    NO_NAME("1.1.168.192.in-addr.arpa.", "168.192.in-addr.arpa."),
    UPSTREAM("1.1.169.192.in-addr.arpa."),
    NO_NAME("1.254.169.in-addr.arpa.", "254.169.in-addr.arpa."),
    NO_NAME("1.2.0.192.in-addr.arpa.", "2.0.192.in-addr.arpa."),
    UPSTREAM("1.3.0.192.in-addr.arpa."),
    NO_RECORD("255.255.255.255.in-addr.arpa.", "255.255.255.255.in-addr.arpa."),
    {"1.0.0.127.in-addr.arpa.", LEAT_DNS_PTR,
     "NOERROR \n1.0.0.127.in-addr.arpa. 10800 IN PTR localhost.\n--\n--\n"},
    NO_RECORD("1.0.0.127.in-addr.arpa.", "127.in-addr.arpa."),
    NO_RECORD("0.0.127.in-addr.arpa.", "127.in-addr.arpa."),
    NO_NAME("2.0.0.127.in-addr.arpa.", "127.in-addr.arpa."),
    NO_NAME("x.1.0.0.127.in-addr.arpa.", "127.in-addr.arpa."),
    {"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa.", LEAT_DNS_PTR,
     "NOERROR \n1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa. 10800 IN "
     "PTR localhost.\n--\n--\n"},
    NO_RECORD("0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa.",
              "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa."),
    UPSTREAM("2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa."),
    UPSTREAM("0.0.ip6.arpa."),
    NO_NAME("1.D.f.ip6.arpa.", "D.f.ip6.arpa."),
    NO_RECORD("d.f.ip6.arpa.", "d.f.ip6.arpa."),
    UPSTREAM("c.f.ip6.arpa."),
    NO_NAME("0.8.e.f.ip6.arpa.", "8.e.f.ip6.arpa."),
    NO_RECORD("b.e.f.ip6.arpa.", "b.e.f.ip6.arpa."),
    UPSTREAM("c.e.f.ip6.arpa."),
    NO_NAME("1.8.b.d.0.1.0.0.2.ip6.arpa.", "8.b.d.0.1.0.0.2.ip6.arpa."),
    NO_RECORD("8.b.d.0.1.0.0.2.ip6.arpa.", "8.b.d.0.1.0.0.2.ip6.arpa."),
    UPSTREAM("b.d.0.1.0.0.2.ip6.arpa."),
    UPSTREAM("ip6.arpa."),
};

static void test_special_names_are_answered_here(void **state)
{
    struct fixture *f = *state;
    unsigned upstream = 0, here = 0;

    with_liar(f, says_8);
    open_home(f);
    for (unsigned i = 0; i < sizeof special / sizeof *special; i++) {
        const char *said = ask(special[i].name, special[i].type);

        if (special[i].reply && strcmp(said, special[i].reply) != 0)
            fail_msg("%s: %s", special[i].name, said);
        here += special[i].reply != NULL;
        upstream += special[i].reply == NULL;
        if (f->liar.count != upstream)
            fail_msg("%s: %u questions left", special[i].name, f->liar.count);
    }
    assert_int_equal(home.counts->special, here);
}

/* A number is decimal up to 255 or one hexadecimal digit, without zeros in front. */
static void test_other_labels_are_no_numbers(void **state)
{
    static const char *const here[] = {"9.e.f.ip6.arpa",  "A.e.f.ip6.arpa", "8.e.F.ip6.arpa",
                                       "10.in-addr.arpa", "0.in-addr.arpa", "127.in-addr.arpa"};
    static const char *const upstream[] = {
        "10a.in-addr.arpa",        "a.in-addr.arpa",   "00.in-addr.arpa", "1/.in-addr.arpa",
        "4294967306.in-addr.arpa", "0x0.in-addr.arpa", "1:.in-addr.arpa", "d.1f.ip6.arpa",
        "11.e.f.ip6.arpa",         "7.e.f.ip6.arpa",   "d.g.ip6.arpa",    "d.0f.ip6.arpa",
        "8.e.f0.ip6.arpa",         "8.ee.f.ip6.arpa",  "8.e.`.ip6.arpa",  "8.e.?.ip6.arpa"};
    struct fixture *f = *state;

    with_liar(f, says_8);
    open_home(f);
    for (unsigned i = 0; i < sizeof here / sizeof *here; i++) {
        ask(here[i], LEAT_DNS_A);
        if (home.counts->special != i + 1)
            fail_msg("%s is asked for", here[i]);
    }
    for (unsigned i = 0; i < sizeof upstream / sizeof *upstream; i++) {
        ask(upstream[i], LEAT_DNS_A);
        if (f->liar.count != i + 1)
            fail_msg("%s is not asked for", upstream[i]);
    }
}

static void test_special_names_may_be_passed_on(void **state)
{
    const struct leat_forwarder_config config = {.pass_special = true};
    struct fixture *f = *state;

    with_liar(f, says_8);
    open_home_for(f, &plain_resolver, &config);
    assert_non_null(strstr(ask("localhost", LEAT_DNS_A), "192.0.2.8"));
    assert_non_null(strstr(ask("use-application-dns.net", LEAT_DNS_A), "192.0.2.8"));
    assert_int_equal(home.counts->special, 0);
}

static void test_canaries_do_not_exist_if_they_are_refused(void **state)
{
    const struct leat_forwarder_config config = {.refuse_canaries = true, .pass_special = true};
    struct fixture *f = *state;

    with_liar(f, says_8);
    open_home_for(f, &plain_resolver, &config);
    assert_memory_equal(ask("use-Application-dns.net", LEAT_DNS_A), "NXDOMAIN", 8);
    assert_memory_equal(ask("mask.icloud.com", LEAT_DNS_AAAA), "NXDOMAIN", 8);
    assert_memory_equal(ask("mask-h2.icloud.com", 65), "NXDOMAIN\n--\n", 12);
    assert_memory_equal(ask("mask-h2.icloud.com", LEAT_DNS_SOA), "NXDOMAIN\n--\n", 12);
    assert_non_null(strstr(ask("icloud.com", LEAT_DNS_A), "192.0.2.8"));
    assert_non_null(strstr(ask("a.mask.icloud.com", LEAT_DNS_A), "192.0.2.8"));
    assert_int_equal(home.counts->special, 4);
}

/* The code of the extended error in the last reply (RFC 8914 2), or -1. */
static int extended_error(void)
{
    const struct message *reply = &home.heard[home.heard_count - 1];

    if (reply->len < 17 || get16(reply->bytes + reply->len - 6) != DNS_OPTION_ERROR)
        return -1;
    assert_int_equal(get16(reply->bytes + reply->len - 4), 2);
    return get16(reply->bytes + reply->len - 2);
}

static void say_blocked(void *arg, const struct leat_forwarder_question *question,
                        struct leat_forwarder_own *own)
{
    (void)arg;
    if (question->name->wire[1] == 'b')
        *own = (struct leat_forwarder_own){
            .say = LEAT_FORWARDER_NXDOMAIN, .ttl_s = 1, .extended_error = LEAT_FORWARDER_BLOCKED};
}

static void test_the_reason_is_told_to_clients_with_EDNS(void **state)
{
    const struct leat_forwarder_config config = {.on_question = say_blocked};
    struct fixture *f = *state;

    with_liar(f, NULL);
    open_home_for(f, &plain_resolver, &config);
    assert_string_equal(ask_for("b.example", LEAT_DNS_A, 1232, second),
                        "NXDOMAIN\n--\nb.example. 1 IN SOA . . 1 1 1 1 1\n--\nOPT 1232\n");
    assert_int_equal(extended_error(), 15);
    ask("b.example", LEAT_DNS_A);
    assert_int_equal(extended_error(), -1);
    ask_for("silent.example", LEAT_DNS_A, 1232, 16 * second);
    assert_int_equal(extended_error(), 22);
    ask_for("silent.example", LEAT_DNS_A, 1232, second);
    assert_int_equal(extended_error(), 13); /* failures are kept for 5 s */
}

static void note_client(void *arg, struct leat_ip client)
{
    assert_true(leat_ip_equal(client, LEAT_IP4(10, 0, 0, 1)));
    ++*(unsigned *)arg;
}

/* The program is told of them, once a second. */
static void test_clients_outside_of_the_networks_are_told(void **state)
{
    struct leat_forwarder_network network = {LEAT_IP4(10, 1, 0, 0), 16};
    unsigned told = 0;
    const struct leat_forwarder_config config = {.networks = &network,
                                                 .network_count = 1,
                                                 .on_prohibited = note_client,
                                                 .on_prohibited_arg = &told};
    struct fixture *f = *state;

    with_liar(f, says_8);
    open_home_for(f, &plain_resolver, &config);
    for (unsigned i = 0; i < 3; i++)
        ask_for("a.example", LEAT_DNS_A, 0, second / 10);
    assert_int_equal(told, 1);
    ask_for("a.example", LEAT_DNS_A, 0, second);
    ask_for("a.example", LEAT_DNS_A, 0, second / 10);
    assert_int_equal(told, 2);
    assert_int_equal(home.counts->prohibited, 5);
    network.ip = LEAT_IP4(10, 0, 0, 0);
    network.prefix_bits = 24;
    ask_for("a.example", LEAT_DNS_A, 0, 2 * second);
    assert_int_equal(told, 2);
}

static void test_clients_outside_of_the_networks_are_refused(void **state)
{
    struct leat_forwarder_network networks[] = {{LEAT_IP4(10, 0, 0, 128), 25},
                                                {LEAT_IP4(10, 1, 0, 0), 16}};
    const struct leat_forwarder_config config = {.networks = networks, .network_count = 2};
    struct fixture *f = *state;

    with_liar(f, says_8);
    open_home_for(f, &plain_resolver, &config);
    assert_string_equal(ask_for("a.example", LEAT_DNS_A, 1232, second / 2),
                        "REFUSED \n--\n--\nOPT 1232\n");
    assert_int_equal(extended_error(), 18);
    assert_int_equal(home.counts->prohibited, 1);
    networks[0].ip = LEAT_IP4(10, 0, 0, 77); /* the /25 of the client */
    assert_non_null(strstr(ask("a.example", LEAT_DNS_A), "192.0.2.8"));
    assert_int_equal(home.counts->prohibited, 1);
    assert_int_equal(f->liar.count, 1);
}

/* They can't take a place from those that are served. */
static void test_connections_from_outside_of_the_networks_are_reset(void **state)
{
    struct leat_forwarder_network network = {LEAT_IP4(10, 1, 0, 0), 16};
    const struct leat_forwarder_config config = {
        .networks = &network, .network_count = 1, .clients = 2};
    struct fixture *f = *state;

    with_liar(f, says_8);
    open_home_for(f, &plain_resolver, &config);
    open_stream();
    assert_true(home.closed);
    assert_int_equal(home.counts->prohibited, 1);
    network.ip = LEAT_IP4(10, 0, 0, 77);
    open_stream();
    assert_false(home.closed);
    stream_query("a.example", LEAT_DNS_A, 1);
    world_wait(f->world, second);
    assert_string_equal(stream_ids(), "1 ");
    assert_int_equal(home.counts->prohibited, 1);
    assert_int_equal(home.counts->tcp_displaced, 0);
}

static void test_a_prefix_is_no_longer_than_an_address(void **state)
{
    const struct leat_forwarder_network bad[] = {
        {LEAT_IP4(10, 0, 0, 0), 33}, {{.bytes = {0xfd}}, 129}, {{.bytes = {0xfd}}, 255}};
    struct fixture *f = *state;

    open_home(f);
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        const struct leat_forwarder_config config = {
            .resolver = f->resolver, .networks = &bad[i], .network_count = 1};
        const size_t bytes = leat_forwarder_memory_bytes(&config);
        void *memory = malloc(bytes);
        struct leat_forwarder *none;

        assert_int_equal(
            leat_forwarder_open(&none, f->world->stacks[CLIENT], memory, bytes, &config),
            LEAT_ERR_ARGUMENT);
        free(memory);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOME(test_special_names_are_answered_here),
        HOME(test_other_labels_are_no_numbers),
        HOME(test_special_names_may_be_passed_on),
        HOME(test_canaries_do_not_exist_if_they_are_refused),
        HOME(test_the_reason_is_told_to_clients_with_EDNS),
        HOME(test_clients_outside_of_the_networks_are_refused),
        HOME(test_clients_outside_of_the_networks_are_told),
        HOME(test_connections_from_outside_of_the_networks_are_reset),
        HOME(test_a_prefix_is_no_longer_than_an_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
