/* test_bring_up.c -- how leat_main() configures a program from the network, and when it starts.
 * The test acts as the network. */
#include "unit.h"

#include <leat/link.h>

#include "board.h"
#include "bring_up.h"
#include "log.h"
#include "metadata.h"

static const uint64_t second = 1000000000;

struct fixture {
    struct leat_link *link;
    void *link_memory, *memory;
    struct leat_host host;
    struct leat_platform platform;
    struct options options;
    struct bring_up up;
    struct leat_autoconf_facts facts;
    uint64_t now_ns;
};

/* ---- stubs -------------------------------------------------------------------------------- */

static struct leat_autoconf_config asked;
static unsigned starts;

static const char *start(struct leat_platform *platform)
{
    (void)platform;
    starts++;
    return NULL;
}

static const struct leat_app app = {
    .name = "test", .default_port = 7, .lacks = leat_platform_lacks_server, .start = start};

enum leat_err board_serve(const struct options *options, struct leat_platform *platform,
                          const char *title, const bool *started)
{
    (void)started;
    (void)options;
    (void)platform;
    (void)title;
    return LEAT_OK;
}

enum leat_err log_open(const struct options *options, struct leat_platform *platform,
                       const char *name)
{
    (void)name;
    (void)options;
    (void)platform;
    return LEAT_OK;
}

size_t leat_autoconf_memory_bytes(void)
{
    return 0;
}

enum leat_err leat_autoconf_start(struct leat *stack, struct leat_netif *netif,
                                  struct leat_autoconf **autoconf,
                                  const struct leat_autoconf_config *config)
{
    static int nothing;

    (void)stack;
    (void)netif;
    *autoconf = (struct leat_autoconf *)(void *)&nothing;
    asked = *config;
    return LEAT_OK;
}

bool leat_autoconf_keep(const struct leat_autoconf *autoconf,
                        uint8_t kept[LEAT_AUTOCONF_KEPT_BYTES])
{
    (void)autoconf;
    memset(kept, 0, LEAT_AUTOCONF_KEPT_BYTES);
    return false;
}

uint64_t leat_autoconf_waited_ns(const struct leat_autoconf *autoconf)
{
    (void)autoconf;
    return 0;
}

const struct leat_dhcp6 *leat_autoconf_dhcp6(const struct leat_autoconf *autoconf)
{
    (void)autoconf;
    return NULL;
}

const struct leat_slaac *leat_autoconf_slaac(const struct leat_autoconf *autoconf)
{
    (void)autoconf;
    return NULL;
}

size_t leat_autoconf_why(const struct leat_autoconf *autoconf, char text[LEAT_AUTOCONF_WHY_BYTES])
{
    (void)autoconf;
    text[0] = '\0';
    return 0;
}

/* A client with a lease of zeros. */
const struct leat_dhcp *leat_autoconf_dhcp(const struct leat_autoconf *autoconf)
{
    static const uint64_t zeros[1024];

    (void)autoconf;
    return (const struct leat_dhcp *)(const void *)zeros;
}

const struct leat_autoconf_facts *leat_autoconf_facts(const struct leat_autoconf *autoconf)
{
    static const struct leat_autoconf_facts nothing;

    (void)autoconf;
    return &nothing;
}

void leat_autoconf_stop(struct leat_autoconf *autoconf, bool release)
{
    (void)autoconf;
    (void)release;
}

bool metadata_is_asked(const struct options *options)
{
    (void)options;
    return false;
}

const char *metadata_ask(struct bring_up *up)
{
    (void)up;
    return NULL;
}

enum options_outcome options_parse_again(struct options *options, const struct options_world *world,
                                         const struct leat_app *what)
{
    (void)options;
    (void)world;
    (void)what;
    return OPTIONS_RUN;
}

static void say(struct leat_platform *platform, const char *line)
{
    (void)platform;
    (void)line;
}

static uint64_t now_ns(struct leat_host *host)
{
    (void)host;
    return second;
}

/* ---- a stack and its network -------------------------------------------------------------- */

static int set_up(void **state)
{
    const struct leat_tcp_config tcp = {.connections = 8};
    const struct leat_config config = {.seed = {1}, .buf_count = 64};
    struct fixture *f = calloc(1, sizeof *f);
    const char *step;
    size_t bytes;

    assert_non_null(f);
    starts = 0;
    f->link_memory = malloc(leat_link_memory_bytes(16, 1514));
    f->link = leat_link_init(f->link_memory, 16, 1514, 1);
    f->host.now_ns = now_ns;
    f->now_ns = second;
    f->platform.say = say;
    bytes = leat_memory_bytes(&config) + bring_up_bytes(&f->options, &tcp);
    f->memory = malloc(bytes);
    assert_int_equal(leat_init(&f->platform.stack, f->memory, bytes, &config), LEAT_OK);
    f->up = (struct bring_up){.platform = &f->platform,
                              .app = &app,
                              .netif = leat_link_end(f->link, 0),
                              .options = &f->options,
                              .host = &f->host};
    assert_int_equal(bring_up(&f->up, &tcp, &step), LEAT_OK);
    assert_null(bring_up_start(&f->up));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    leat_close(f->platform.stack);
    free(f->memory);
    free(f->link_memory);
    free(f);
    return 0;
}

static void let_pass(struct fixture *f, uint64_t ns)
{
    f->now_ns += ns;
    leat_poll(f->platform.stack, f->now_ns);
}

/* Routers were faster but named no DNS server; DHCP brings one later. */
static void servers_of_a_later_address_are_learnt(void **state)
{
    struct fixture *f = *state;

    assert_true(leat_ip_parse("2001:db8::2", &f->facts.ipv6.ip));
    asked.on_configured(f->up.autoconf, &f->facts, asked.arg);
    let_pass(f, second);
    assert_int_equal(starts, 0);
    f->facts.ip = LEAT_IP4(10, 0, 0, 2);
    f->facts.gateway = LEAT_IP4(10, 0, 0, 1);
    f->facts.name_servers[0] = LEAT_IP4(10, 0, 0, 53);
    f->facts.name_server_count = 1;
    asked.on_change(f->up.autoconf, LEAT_AUTOCONF_ADDRESS, &f->facts, asked.arg);
    assert_true(f->platform.has_ipv4);
    assert_true(leat_ip_equal(f->platform.gateway, f->facts.gateway));
    assert_true(leat_ip_equal(f->platform.server, f->facts.name_servers[0]));
    let_pass(f, second / 10);
    assert_int_equal(starts, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(servers_of_a_later_address_are_learnt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
