#include "dhcp_home.h"

static void on_configured(struct leat_autoconf *autoconf, const struct leat_autoconf_facts *facts,
                          void *arg)
{
    struct home *home = arg;

    assert_ptr_equal(autoconf, home->autoconf);
    assert_false(leat_ip_is_any(facts->ip));
    home->configured++;
}

static void on_change(struct leat_autoconf *autoconf, enum leat_autoconf_change change,
                      const struct leat_autoconf_facts *facts, void *arg)
{
    struct home *home = arg;

    assert_ptr_equal(facts, leat_autoconf_facts(autoconf));
    home->changes[change]++;
}

struct home *home_create(void)
{
    struct home *home = calloc(1, sizeof *home);

    assert_non_null(home);
    home->talk.world = world_create();
    home->talk.world->more_bytes = leat_autoconf_memory_bytes();
    home->talk.world->dev.answers_arp = true;
    home->config = (struct leat_autoconf_config){
        .on_configured = on_configured, .on_change = on_change, .arg = home};
    return home;
}

int home_setup(void **state)
{
    struct home *home = home_create();

    world_init(home->talk.world);
    *state = home;
    return 0;
}

int home_teardown(void **state)
{
    struct home *home = *state;
    void *world = home->talk.world;

    world_teardown(&world);
    free(home);
    return 0;
}

struct leat_netif *home_netif(struct home *home)
{
    return &home->talk.world->dev.netif;
}

void home_start(struct home *home)
{
    struct talk *talk = &home->talk;

    assert_int_equal(
        leat_autoconf_start(talk->world->stack, home_netif(home), &home->autoconf, &home->config),
        LEAT_OK);
    assert_int_equal(leat_autoconf_facts(home->autoconf)->mtu, 1500); /* before there is a lease */
    /* the servers of the test answer in the client's exchange */
    memcpy(&talk->dhcp, &(const struct leat_dhcp *){leat_autoconf_dhcp(home->autoconf)},
           sizeof talk->dhcp);
    world_wait(talk->world, ms);
    talk_listen(talk);
}

void home_acknowledge(struct home *home, leat_ip4 name_server)
{
    struct answer ack = answer(&home->talk, ACK, 3600);

    answer_option32(&ack, 3, IP_GATEWAY);
    answer_option32(&ack, 6, name_server);
    answer_option(&ack, 26, "\x05\x78", 2);
    talk_feed(&home->talk, &ack);
}

void home_configure(struct home *home)
{
    struct answer offer;

    home_start(home);
    offer = answer(&home->talk, OFFER, 3600);
    talk_feed(&home->talk, &offer);
    talk_listen(&home->talk);
    home_acknowledge(home, IP4(9, 9, 9, 9));
    assert_int_equal(home->configured, 1);
}

leat_ip4 home_next_probe(struct home *home)
{
    const struct fake_frame *frame;
    leat_ip4 wanted = IP4_ANY;

    while (wanted == IP4_ANY) { /* a probe: the sender's address is 0 */
        world_wait(home->talk.world, second / 4);
        while ((frame = fake_netif_sent(&home->talk.world->dev))) {
            if (frame_get16(frame->bytes + 12) == 0x0806)
                wanted = frame_get32(frame->bytes + 38);
        }
    }
    return wanted;
}
