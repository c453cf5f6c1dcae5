/* test_names.c -- getaddrinfo() and getnameinfo(), with a name server on the other stack. */
#include "sockets_test.h"

#include <leat/dns_server.h>
#include <netdb.h>
#include <stdio.h>

_Static_assert(sizeof(struct leat_addrinfo) == sizeof(struct addrinfo), "");
_Static_assert(offsetof(struct leat_addrinfo, ai_next) == offsetof(struct addrinfo, ai_next), "");

#define SAME(name) assert_int_equal(LEAT_##name, name)

static void numbers_of_names_are_those_of_the_host(void **state)
{
    (void)state;
    SAME(AI_PASSIVE), SAME(AI_CANONNAME), SAME(AI_NUMERICHOST), SAME(AI_V4MAPPED), SAME(AI_ALL);
    SAME(AI_ADDRCONFIG), SAME(AI_NUMERICSERV), SAME(NI_NUMERICHOST), SAME(NI_NUMERICSERV);
    SAME(NI_NOFQDN), SAME(NI_NAMEREQD), SAME(NI_DGRAM), SAME(EAI_BADFLAGS), SAME(EAI_NONAME);
    SAME(EAI_AGAIN), SAME(EAI_FAIL), SAME(EAI_NODATA), SAME(EAI_FAMILY), SAME(EAI_SOCKTYPE);
    SAME(EAI_SERVICE), SAME(EAI_ADDRFAMILY), SAME(EAI_MEMORY), SAME(EAI_SYSTEM), SAME(EAI_OVERFLOW);
}

/* ---- results as text ------------------------------------------------------------------------ */

/* "4 s 192.0.2.3:80, " and so on for each result; "error -2" for an error. */
static const char *look_up(struct net *net, const char *node, const char *service, int flags,
                           int family, int type)
{
    const struct leat_addrinfo hints = {
        .ai_flags = flags, .ai_family = family, .ai_socktype = type};
    struct leat_sockets *s = net->sockets[CLIENT];
    struct leat_addrinfo *found;
    static char text[1000];
    char *at = text;
    const int error = leat_bsd_getaddrinfo(s, node, service, &hints, &found, NULL);

    *at = '\0';
    if (error) {
        assert_null(found);
        snprintf(text, sizeof text, "error %d", error);
        return text;
    }
    for (const struct leat_addrinfo *next = found; next; next = next->ai_next) {
        char host[64], port[16];

        assert_int_equal(leat_bsd_getnameinfo(s, next->ai_addr, next->ai_addrlen, host, sizeof host,
                                              port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV),
                         0);
        at += sprintf(at, "%s%s %s %s", at > text ? ", " : "",
                      next->ai_socktype == SOCK_STREAM ? "tcp" : "udp", host, port);
        assert_int_equal(next->ai_family == AF_INET6, strchr(host, ':') != NULL);
    }
    if (flags & AI_CANONNAME)
        at += sprintf(at, " = %s", found->ai_canonname);
    leat_bsd_freeaddrinfo(s, found);
    return text;
}

/* ---- without a server ----------------------------------------------------------------------- */

static void numbers(struct net *net)
{
    assert_string_equal(look_up(net, "192.0.2.1", "80", 0, AF_UNSPEC, SOCK_STREAM),
                        "tcp 192.0.2.1 80");
    assert_string_equal(look_up(net, "192.0.2.1", "domain", 0, AF_INET, 0),
                        "tcp 192.0.2.1 53, udp 192.0.2.1 53");
    assert_string_equal(look_up(net, "192.0.2.1", "http", 0, AF_INET, 0), "tcp 192.0.2.1 80");
    assert_string_equal(look_up(net, "192.0.2.1", "ntp", 0, AF_INET, SOCK_STREAM), "error -8");
    assert_string_equal(look_up(net, "192.0.2.1", "65536", 0, AF_INET, 0), "error -8");
    assert_string_equal(look_up(net, "192.0.2.1", "http", AI_NUMERICSERV, AF_INET, 0), "error -2");
    assert_string_equal(look_up(net, "2001:db8::5", "1", 0, AF_UNSPEC, SOCK_DGRAM),
                        "udp 2001:db8::5 1");
    assert_string_equal(look_up(net, "fe80::1%1", NULL, 0, AF_INET6, SOCK_DGRAM),
                        "udp fe80::1%1 0");
    assert_string_equal(look_up(net, "2001:db8::5", "1", 0, AF_INET, 0), "error -9");
    assert_string_equal(look_up(net, "192.0.2.1", "1", 0, AF_INET6, 0), "error -9");
    assert_string_equal(look_up(net, "192.0.2.1", "1", AI_V4MAPPED, AF_INET6, SOCK_STREAM),
                        "tcp ::ffff:192.0.2.1 1");
    assert_string_equal(look_up(net, NULL, "7", AI_PASSIVE, AF_UNSPEC, SOCK_STREAM),
                        "tcp 0.0.0.0 7, tcp :: 7");
    assert_string_equal(look_up(net, NULL, "7", 0, AF_UNSPEC, SOCK_STREAM),
                        "tcp ::1 7, tcp 127.0.0.1 7");
    assert_string_equal(look_up(net, "LocalHost.", "7", 0, AF_INET, SOCK_STREAM),
                        "tcp 127.0.0.1 7");
    assert_string_equal(look_up(net, "www.example.test", "7", AI_NUMERICHOST, AF_INET, 0),
                        "error -2");
    assert_string_equal(look_up(net, "www.example.test", "7", 0, AF_INET, 0), "error -4");
    assert_string_equal(look_up(net, NULL, NULL, 0, AF_INET, 0), "error -2");
    assert_string_equal(look_up(net, NULL, "7", AI_CANONNAME, AF_INET, 0), "error -1");
    assert_string_equal(look_up(net, NULL, "7", 1 << 20, AF_INET, 0), "error -1");
    assert_string_equal(look_up(net, NULL, "7", 0, AF_UNIX, 0), "error -6");
    assert_string_equal(look_up(net, NULL, "7", 0, AF_INET, SOCK_RAW), "error -7");
}

static void numbers_need_no_server(void **state)
{
    run_one(*state, numbers);
}

static void results_are_bounded(void **state)
{
    struct net *net = *state;
    struct leat_sockets *s = net->sockets[CLIENT];
    struct leat_addrinfo *found[17];

    for (int i = 0; i < 16; i++)
        assert_int_equal(leat_bsd_getaddrinfo(s, "192.0.2.1", "53", NULL, &found[i], NULL), 0);
    assert_int_equal(leat_bsd_getaddrinfo(s, "192.0.2.1", "53", NULL, &found[16], NULL),
                     EAI_MEMORY);
    for (int i = 0; i < 16; i++)
        leat_bsd_freeaddrinfo(s, found[i]);
    assert_int_equal(leat_bsd_getaddrinfo(s, "192.0.2.1", "53", NULL, &found[16], NULL), 0);
    leat_bsd_freeaddrinfo(s, found[16]);
}

static void names_of_addresses(void **state)
{
    struct net *net = *state;
    struct leat_sockets *s = net->sockets[CLIENT];
    struct sockaddr_in in = server4(443);
    char host[16], port[16];

    assert_int_equal(leat_bsd_getnameinfo(s, &in, sizeof in, host, sizeof host, port, sizeof port,
                                          NI_NUMERICHOST),
                     0);
    assert_string_equal(host, "10.0.0.1");
    assert_string_equal(port, "https");
    assert_int_equal(leat_bsd_getnameinfo(s, &in, sizeof in, host, 8, NULL, 0, NI_NUMERICHOST),
                     EAI_OVERFLOW);
    assert_int_equal(leat_bsd_getnameinfo(s, &in, sizeof in, host, 9, NULL, 0, NI_NAMEREQD),
                     EAI_NONAME);
    assert_int_equal(leat_bsd_getnameinfo(s, &in, 3, host, 9, NULL, 0, 0), EAI_FAMILY);
    assert_int_equal(leat_bsd_getnameinfo(s, &in, sizeof in, NULL, 0, NULL, 0, 0), EAI_NONAME);
    assert_int_equal(leat_bsd_getnameinfo(s, &in, sizeof in, host, 9, NULL, 0, 1 << 10),
                     EAI_BADFLAGS);
    for (int error = 1; error >= EAI_OVERFLOW - 1; error--)
        assert_true(strlen(leat_bsd_gai_text(error)) > 5);
}

/* ---- with a server --------------------------------------------------------------------------- */

static const char reverse_text[] = "$ORIGIN 2.0.192.in-addr.arpa.\n"
                                   "$TTL 1h\n"
                                   "@ SOA ns hostmaster ( 1 2h 30m 2w 5m )\n"
                                   "  NS  ns.example.test.\n"
                                   "3 PTR www.example.test.\n";

static void names(struct net *net)
{
    struct leat_sockets *s = net->sockets[CLIENT];
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0000203)};
    char host[40];

    assert_string_equal(
        look_up(net, "a.b.c.example.test", "80", AI_CANONNAME, AF_INET, SOCK_STREAM),
        "tcp 192.0.2.5 80 = a.b.c.example.test");
    assert_string_equal(look_up(net, "a.b.c.example.test", "80", 0, AF_UNSPEC, SOCK_STREAM),
                        "tcp 192.0.2.5 80");
    assert_string_equal(look_up(net, "a.b.c.example.test", "80", 0, AF_INET6, SOCK_STREAM),
                        "error -5");
    assert_string_equal(
        look_up(net, "a.b.c.example.test", "80", AI_V4MAPPED, AF_INET6, SOCK_STREAM),
        "tcp ::ffff:192.0.2.5 80");
    assert_string_equal(look_up(net, "none.example.test", "80", 0, AF_UNSPEC, SOCK_STREAM),
                        "error -2");
    assert_string_equal(look_up(net, "bad..name", "80", 0, AF_UNSPEC, SOCK_STREAM), "error -2");
    assert_int_equal(leat_bsd_getnameinfo(s, &in, sizeof in, host, sizeof host, NULL, 0, 0), 0);
    assert_string_equal(host, "www.example.test");
    assert_int_equal(leat_bsd_getnameinfo(s, &in, sizeof in, host, 16, NULL, 0, 0), EAI_OVERFLOW);
    in.sin_addr.s_addr = htonl(0xc0000204);
    assert_int_equal(leat_bsd_getnameinfo(s, &in, sizeof in, host, sizeof host, NULL, 0, 0), 0);
    assert_string_equal(host, "192.0.2.4");
}

static void names_are_resolved(void **state)
{
    const struct leat_resolver_config asked = {.servers = {{.ip = SERVER_IP}}, .server_count = 1};
    struct leat_dns_server_config serves = {.port = 53};
    struct leat_sockets_config limits = {.descriptors = 4};
    const struct leat_dns_zone *zones[2];
    struct leat_dns_server *server;
    struct net *net = *state;
    struct leat_sockets *before = net->sockets[CLIENT];
    void *memory[5];

    zones[0] = zone_of(test_zone_text, &memory[0]);
    zones[1] = zone_of(reverse_text, &memory[1]);
    serves.zones = (struct leat_dns_zones){.list = zones, .count = 2};
    memory[2] = malloc(leat_dns_server_memory_bytes(&serves));
    assert_int_equal(leat_dns_server_open(&server, net->world->stacks[SERVER], memory[2],
                                          leat_dns_server_memory_bytes(&serves), &serves),
                     LEAT_OK);
    memory[3] = malloc(leat_resolver_memory_bytes(&asked));
    assert_int_equal(leat_resolver_open(&limits.resolver, net->world->stacks[CLIENT], memory[3],
                                        leat_resolver_memory_bytes(&asked), &asked),
                     LEAT_OK);
    memory[4] = malloc(leat_sockets_memory_bytes(&limits));
    assert_int_equal(leat_sockets_open(&net->sockets[CLIENT], net->tasks[CLIENT], memory[4],
                                       leat_sockets_memory_bytes(&limits), &limits),
                     LEAT_OK);
    run_one(net, names);
    leat_sockets_close(net->sockets[CLIENT]);
    net->sockets[CLIENT] = before;
    leat_resolver_close(limits.resolver);
    leat_dns_server_close(server);
    for (int i = 0; i < 5; i++)
        free(memory[i]);
}

static void a_configuration_that_is_too_large(void **state)
{
    const struct leat_sockets_config large = {.descriptors = 65537}, later = {.reserved = {1}};
    struct net *net = *state;
    struct leat_sockets *s;
    char memory[8];

    assert_int_equal(leat_sockets_open(&s, net->tasks[CLIENT], memory, sizeof memory, &large),
                     LEAT_ERR_ARGUMENT);
    assert_int_equal(leat_sockets_open(&s, net->tasks[CLIENT], memory, sizeof memory, &later),
                     LEAT_ERR_ARGUMENT);
    assert_int_equal(leat_sockets_open(&s, net->tasks[CLIENT], memory, sizeof memory, NULL),
                     LEAT_ERR_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_names_are_those_of_the_host),
        TEST6(numbers_need_no_server),
        TEST(results_are_bounded),
        TEST(names_of_addresses),
        TEST6(names_are_resolved),
        TEST(a_configuration_that_is_too_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
