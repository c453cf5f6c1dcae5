/* test_reserved.c -- a member that only a later version has is refused, instead of being ignored
 * (leat/abi.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <leat/autoconf.h>
#include <leat/connect.h>
#include <leat/dashboard.h>
#include <leat/dhcp.h>
#include <leat/dhcp6.h>
#include <leat/forwarder.h>
#include <leat/http_client.h>
#include <leat/http_server.h>
#include <leat/leat.h>
#include <leat/link.h>
#include <leat/pcap.h>
#include <leat/resolver.h>
#include <leat/shm.h>
#include <leat/slaac.h>
#include <leat/sntp.h>
#include <leat/socket.h>
#include <leat/syslog.h>
#include <leat/tap.h>
#include <leat/task.h>
#include <leat/vlan.h>

enum {
    STACK_BYTES = 64 << 20,
    BLOCK_BYTES = 8 << 20
};

struct world {
    void *memory, *block, *wire_memory;
    struct leat_link *wire;
    struct leat_netif *netif;
    struct leat *stack;
};

static int set_up(void **state)
{
    struct leat_config config = {.seed = {1}, .buf_count = 256};
    struct world *w = calloc(1, sizeof *w);

    w->memory = malloc(STACK_BYTES);
    w->block = malloc(BLOCK_BYTES);
    w->wire_memory = malloc(leat_link_memory_bytes(8, 1514));
    w->wire = leat_link_init(w->wire_memory, 8, 1514, 1);
    w->netif = leat_link_end(w->wire, 0);
    assert_int_equal(leat_init(&w->stack, w->memory, STACK_BYTES, &config), LEAT_OK);
    assert_int_equal(leat_attach(w->stack, w->netif), LEAT_OK);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    leat_close(w->stack);
    free(w->wire_memory);
    free(w->block);
    free(w->memory);
    free(w);
    return 0;
}

static void register_all(struct world *w)
{
    assert_int_equal(leat_ipv6_register(w->stack, NULL), LEAT_OK);
    assert_int_equal(leat_udp_register(w->stack, NULL), LEAT_OK);
    assert_int_equal(leat_tcp_register(w->stack, NULL), LEAT_OK);
    assert_int_equal(leat_dhcp6_register(w->stack, 1), LEAT_OK);
}

/* The call with `config` succeeds or fails for another reason only without the later member. */
#define REFUSES(call)                                                                              \
    do {                                                                                           \
        config.reserved[0] = 1;                                                                    \
        assert_int_equal(call, LEAT_ERR_ARGUMENT);                                                 \
        config.reserved[0] = 0;                                                                    \
        config.reserved[LEAT_RESERVED - 1] = UINT64_C(1) << 63;                                    \
        assert_int_equal(call, LEAT_ERR_ARGUMENT);                                                 \
        config.reserved[LEAT_RESERVED - 1] = 0;                                                    \
    } while (false)

static void the_stack_and_its_protocols_refuse_it(void **state)
{
    struct world *w = *state;
    struct leat_tcp_listener *listener;
    struct leat *stack;

    {
        struct leat_config config = {.seed = {1}, .buf_count = 64};
        REFUSES(leat_init(&stack, w->block, BLOCK_BYTES, &config));
        assert_int_equal(leat_init(&stack, w->block, BLOCK_BYTES, &config), LEAT_OK);
    }
    {
        struct leat_udp_config config = {0};
        REFUSES(leat_udp_register(w->stack, &config));
    }
    {
        struct leat_tcp_config config = {0};
        REFUSES(leat_tcp_register(w->stack, &config));
    }
    {
        struct leat_ipv6_config config = {.hosts = 0};
        REFUSES(leat_ipv6_register(w->stack, &config));
    }
    register_all(w);
    {
        struct leat_tcp_listen_config config = {.port = 7};
        REFUSES(leat_tcp_listen(w->stack, &listener, &config));
        assert_int_equal(leat_tcp_listen(w->stack, &listener, &config), LEAT_OK);
    }
}

static void clients_of_addresses_and_time_refuse_it(void **state)
{
    struct world *w = *state;
    struct leat_autoconf *autoconf;
    struct leat_dhcp *dhcp;
    struct leat_dhcp6 *dhcp6;
    struct leat_slaac *slaac;
    struct leat_sntp *sntp;

    register_all(w);
    {
        struct leat_autoconf_config config = {0};
        REFUSES(leat_autoconf_start(w->stack, w->netif, &autoconf, &config));
    }
    {
        struct leat_dhcp_config config = {0};
        REFUSES(leat_dhcp_open(w->stack, w->netif, &dhcp, &config));
    }
    {
        struct leat_dhcp6_config config = {0};
        REFUSES(leat_dhcp6_open(w->stack, w->netif, &dhcp6, &config));
    }
    {
        struct leat_slaac_config config = {0};
        REFUSES(leat_slaac_start(w->stack, w->netif, &slaac, &config));
    }
    {
        struct leat_sntp_config config = {.poll_ns = 0};
        REFUSES(leat_sntp_open(w->stack, &sntp, &config));
    }
}

static void names_and_logs_refuse_it(void **state)
{
    const struct leat_ip ip = LEAT_IP4_INIT(10, 0, 0, 9);
    static struct leat_connecting connecting;
    struct world *w = *state;
    struct leat_resolver *resolver;
    struct leat_forwarder *forwarder;
    struct leat_syslog *log;

    register_all(w);
    {
        struct leat_resolver_config config = {.servers = {{ip, 53, 0}}, .server_count = 1};
        REFUSES(leat_resolver_open(&resolver, w->stack, w->block, BLOCK_BYTES, &config));
        assert_int_equal(leat_resolver_open(&resolver, w->stack, w->block, BLOCK_BYTES, &config),
                         LEAT_OK);
    }
    {
        struct leat_forwarder_config config = {.resolver = resolver};
        REFUSES(leat_forwarder_open(&forwarder, w->stack, w->block, BLOCK_BYTES, &config));
    }
    {
        struct leat_syslog_config config = {
            .server = {ip, 514, 0}, .host_name = "a", .app_name = "b"};
        REFUSES(leat_syslog_open(&log, w->stack, w->block, BLOCK_BYTES, &config));
    }
    {
        struct leat_connect_config config = {.ndots = 1};
        REFUSES(leat_connect(w->stack, &connecting, &config, "10.0.0.1", 80, UINT64_MAX));
    }
}

static void web_and_tasks_refuse_it(void **state)
{
    static const struct leat_http_file file = {
        .path = "/a", .type = "text/plain", .bytes = "a", .len = 1};
    struct world *w = *state;
    struct leat_http_server *server;
    struct leat_http_client *client;
    struct leat_dashboard *dashboard;
    struct leat_tasks *tasks;

    register_all(w);
    {
        struct leat_http_server_config config = {.files = &file, .file_count = 1};
        REFUSES(leat_http_server_open(&server, w->stack, w->block, BLOCK_BYTES, &config));
    }
    {
        struct leat_http_route config = {.path = "/r"}; /* an element of an array */
        const struct leat_http_server_config with = {.routes = &config, .route_count = 1};
        REFUSES(leat_http_server_open(&server, w->stack, w->block, BLOCK_BYTES, &with));
    }
    {
        struct leat_dashboard_config config = {0};
        REFUSES(leat_dashboard_start(&dashboard, w->stack, w->block, BLOCK_BYTES, &config));
    }
    {
        struct leat_tasks_config config = {0};
        REFUSES(leat_tasks_open(&tasks, w->stack, w->block, BLOCK_BYTES, &config));
    }
    {
        struct leat_http_client_config config = {0};
        REFUSES(leat_http_client_open(&client, w->stack, w->block, BLOCK_BYTES, &config));
    }
}

static void backends_refuse_it_and_say_why(void **state)
{
    struct world *w = *state;
    struct leat_pcap_reader *reader;
    struct leat_socket *socket;
    struct leat_vlan *vlan;
    struct leat_tap *tap;
    struct leat_shm *shm;
    char why[LEAT_WHY_BYTES];

    {
        const struct leat_vlan_member member = {.id = 7};
        struct leat_vlan_config config = {.members = &member, .member_count = 1};
        REFUSES(leat_vlan_init(&vlan, w->netif, w->block, BLOCK_BYTES, &config));
    }
    {
        struct leat_tap_config config = {0};
        REFUSES(leat_tap_open(&tap, &config, why));
        assert_string_equal(why, LEAT_RESERVED_WHY);
        REFUSES(leat_tap_check(&config, why));
        assert_string_equal(why, LEAT_RESERVED_WHY);
    }
    {
        struct leat_socket_config config = {.path = "/nonexistent/socket"};
        REFUSES(leat_socket_open(&socket, &config, why));
        assert_string_equal(why, LEAT_RESERVED_WHY);
    }
    {
        struct leat_passt_config config = {.program = "/nonexistent/passt"};
        REFUSES(leat_passt_open(&socket, &config, why));
        assert_string_equal(why, LEAT_RESERVED_WHY);
    }
    {
        struct leat_shm_config config = {.path = "/nonexistent/shm"};
        REFUSES(leat_shm_open(&shm, &config, why));
        assert_string_equal(why, LEAT_RESERVED_WHY);
    }
    {
        struct leat_pcap_reader_config config = {.path = "/nonexistent/capture"};
        REFUSES(leat_pcap_reader_open(&reader, &config, why));
        assert_string_equal(why, LEAT_RESERVED_WHY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_stack_and_its_protocols_refuse_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(clients_of_addresses_and_time_refuse_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_and_logs_refuse_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(web_and_tasks_refuse_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(backends_refuse_it_and_say_why, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
