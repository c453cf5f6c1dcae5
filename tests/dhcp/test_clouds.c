/* test_clouds.c -- leases like those of clouds; in each case a packet must leave beyond the
 * router.
 */
#include "dhcp_talk.h"

#include <leat/autoconf.h>

#include "ip/ipv4.h"

enum {
    OFFER = 2,
    ACK = 5
};

#define IP_FAR IP4(192, 0, 2, 1)

struct cloud {
    const char *name;
    leat_ip4 ip, mask, router, server, name_server;
    uint32_t lease_s;
    uint16_t mtu;       /* 0: not in the lease */
    const char *routes; /* option 121 */
    uint8_t routes_bytes;
};

/* As observed, or as documented. */
static const struct cloud clouds[] = {
    {"Google", IP4(10, 128, 0, 5), 0xffffffff, IP4(10, 128, 0, 1), IP4(169, 254, 169, 254),
     IP4(169, 254, 169, 254), 86400, 1460,
     "\x20\x0a\x80\x00\x01\x00\x00\x00\x00\x00\x0a\x80\x00\x01", 14},
    {"Hetzner", IP4(95, 216, 0, 5), 0xffffffff, IP4(172, 31, 1, 1), IP4(172, 31, 1, 1),
     IP4(185, 12, 64, 1), 86400, 0, "\x20\xac\x1f\x01\x01\x00\x00\x00\x00\x00\xac\x1f\x01\x01", 14},
    {"OVH", IP4(51, 68, 0, 55), 0xffffffff, IP4(51, 68, 0, 1), IP4(51, 68, 0, 2),
     IP4(213, 186, 33, 99), 86400, 0, "", 0},
    {"AWS", IP4(172, 31, 16, 5), 0xfffff000, IP4(172, 31, 16, 1), IP4(172, 31, 16, 1),
     IP4(172, 31, 0, 2), 3600, 9001, "", 0},
    {"Azure", IP4(10, 0, 0, 4), 0xffffff00, IP4(10, 0, 0, 1), IP4(168, 63, 129, 16),
     IP4(168, 63, 129, 16), UINT32_MAX, 0,
     "\x00\x0a\x00\x00\x01\x20\xa8\x3f\x81\x10\x0a\x00\x00\x01\x20\xa9\xfe\xa9\xfe\x0a\x00\x00\x01",
     23},
    {"DigitalOcean", IP4(10, 108, 0, 2), 0xfffff000, IP4(10, 108, 0, 1), IP4(10, 108, 0, 1),
     IP4(67, 207, 67, 2), 86400, 0, "", 0},
    {"Vultr", IP4(45, 76, 0, 5), 0xfffffe00, IP4(45, 76, 0, 1), IP4(169, 254, 169, 254),
     IP4(108, 61, 10, 10), 86400, 0, "\x20\xa9\xfe\xa9\xfe\x2d\x4c\x00\x01\x00\x2d\x4c\x00\x01",
     14},
    {"Oracle", IP4(10, 0, 0, 9), 0xffffff00, IP4(10, 0, 0, 1), IP4(169, 254, 169, 254),
     IP4(169, 254, 169, 254), 86400, 9000, "\x00\x0a\x00\x00\x01\x10\xa9\xfe\x00\x00\x00\x00", 12},
};

static struct answer of_cloud(const struct talk *talk, const struct cloud *cloud, uint8_t type)
{
    struct answer made = answer(talk, type, cloud->lease_s);
    uint8_t bytes[4];

    made.src = cloud->server;
    frame_put32(made.bytes + 16, cloud->ip);
    frame_put32(bytes, cloud->server);
    answer_change(&made, 54, bytes, 4);
    frame_put32(bytes, cloud->mask);
    answer_change(&made, 1, bytes, 4);
    answer_option32(&made, 3, cloud->router);
    answer_option32(&made, 6, cloud->name_server);
    frame_put16(bytes, cloud->mtu);
    if (cloud->mtu)
        answer_option(&made, 26, bytes, 2);
    if (cloud->routes_bytes)
        answer_option(&made, 121, cloud->routes, cloud->routes_bytes);
    return made;
}

/* The next hop and source of our packets to @dst. */
static void assert_goes_by(const struct talk *talk, const struct cloud *cloud, leat_ip4 dst,
                           leat_ip4 next_hop)
{
    struct path path;

    assert_int_equal(ipv4_path(talk->world->stack, IP4_ANY, dst, &path), LEAT_OK);
    assert_int_equal(path.src, cloud->ip);
    assert_int_equal(path.next_hop, next_hop);
}

/* The router answers ARP; forwarded packets are answered through it. */
static void assert_pings(struct talk *talk, const struct cloud *cloud)
{
    const struct frame echo = frame_icmp(IP_FAR, cloud->ip, 8, 0, 0, "ping", 4);
    const struct frame claim = frame_arp(2, &MAC_OTHER, cloud->router, cloud->ip);
    const struct fake_frame *sent;

    talk->world->dev.answers_arp = false;
    fake_netif_forget(&talk->world->dev);
    world_feed(talk->world, &echo);
    sent = world_expect(talk->world);
    assert_int_equal(frame_get16(sent->bytes + 12), 0x0806);
    assert_int_equal(frame_get32(sent->bytes + 28), cloud->ip);
    assert_int_equal(frame_get32(sent->bytes + 38), cloud->router);
    world_feed(talk->world, &claim);
    sent = world_expect(talk->world);
    assert_memory_equal(sent->bytes, MAC_OTHER.octet, 6);
    assert_int_equal(frame_get32(sent->bytes + FRAME_IP + 16), IP_FAR);
}

static void get_lease(struct talk *talk, const struct cloud *cloud, bool routes)
{
    const struct leat_autoconf_config config = {.routes = routes};
    struct leat_autoconf *autoconf;
    struct answer made;

    assert_int_equal(
        leat_autoconf_start(talk->world->stack, &talk->world->dev.netif, &autoconf, &config),
        LEAT_OK);
    memcpy(&talk->dhcp, &(const struct leat_dhcp *){leat_autoconf_dhcp(autoconf)},
           sizeof talk->dhcp);
    world_wait(talk->world, ms);
    talk_listen(talk);
    made = of_cloud(talk, cloud, OFFER);
    talk_feed(talk, &made);
    talk_listen(talk);
    made = of_cloud(talk, cloud, ACK);
    talk_feed(talk, &made);
    assert_state(talk, "BOUND");
    assert_int_equal(leat_dhcp_lease(talk->dhcp)->ignored_parts, 0);
    assert_int_equal(leat_ip_v4_number(leat_autoconf_facts(autoconf)->gateway), cloud->router);
    assert_int_equal(leat_ip_v4_number(leat_autoconf_facts(autoconf)->name_servers[0]),
                     cloud->name_server);
    world_wait(talk->world, 5 * second); /* the address is announced */
}

static void a_lease_of_a_cloud_leads_beyond_its_router(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2 * sizeof clouds / sizeof *clouds; i++) {
        const struct cloud *cloud = &clouds[i / 2];
        struct talk talk = {.world = world_create()};
        void *world = talk.world;

        print_message("%s, %s option 121\n", cloud->name, i % 2 ? "with" : "without");
        talk.world->more_bytes = leat_autoconf_memory_bytes();
        talk.world->dev.answers_arp = false;
        world_init(talk.world);
        get_lease(&talk, cloud, i % 2);
        assert_goes_by(&talk, cloud, IP_FAR, cloud->router);
        assert_goes_by(&talk, cloud, cloud->router, cloud->router);
        assert_pings(&talk, cloud);
        world_teardown(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lease_of_a_cloud_leads_beyond_its_router),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
