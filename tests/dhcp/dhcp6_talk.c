/* dhcp6_talk.c -- a DHCPv6 client of the stack, with servers played by the test. */
#include "dhcp6_talk.h"

#include "family.h"

enum {
    MESSAGE_AT = FRAME6_L4 + 8
};

static void on_news(struct leat_dhcp6 *dhcp6, enum leat_dhcp6_news news,
                    const struct leat_dhcp6_lease *lease, void *arg)
{
    struct talk6 *talk = arg;

    assert_ptr_equal(dhcp6, talk->dhcp6);
    assert_true(talk->news_count < TALK6_NEWS_MAX);
    talk->news[talk->news_count++] = news;
    talk->had_lease = lease != NULL;
    if (lease)
        talk->lease = *lease;
}

static void on_transition(void *arg, uint8_t from, uint8_t event, uint8_t to)
{
    struct talk6 *talk = arg;

    assert_true(from < 32 && event < 32);
    talk->taken[from][event] = to;
}

int talk6_setup_later(void **state)
{
    struct talk6 *talk = calloc(1, sizeof *talk);

    assert_non_null(talk);
    talk->world = world6_create();
    talk->world->more_bytes = leat_dhcp6_memory_bytes(1);
    talk->config =
        (struct leat_dhcp6_config){.on_news = on_news, .on_transition = on_transition, .arg = talk};
    *state = talk;
    return 0;
}

void talk6_begin(struct talk6 *talk)
{
    struct world *world = talk->world;

    world_init(world);
    assert_int_equal(leat_dhcp6_register(world->stack, 1), LEAT_OK);
    assert_int_equal(leat_dhcp6_open(world->stack, &world->dev.netif, &talk->dhcp6, &talk->config),
                     LEAT_OK);
    world_wait(world, 2 * second);
    talk->us = service_link_local6(world->stack, talk->dhcp6->netif);
    assert_true(leat_ip_is_link_local(talk->us));
    talk6_mark(talk);
}

int talk6_setup(void **state)
{
    talk6_setup_later(state);
    talk6_begin(*state);
    return 0;
}

int talk6_teardown(void **state)
{
    struct talk6 *talk = *state;
    void *world = talk->world;

    world_teardown(&world);
    free(talk);
    return 0;
}

void talk6_mark(struct talk6 *talk)
{
    memset(talk->taken, 0, sizeof talk->taken);
    talk->news_count = 0;
    talk->heard_count = 0;
    memset(&talk->heard, 0, sizeof talk->heard);
    world_mark(talk->world);
}

/* The association in the received message, in the format of RFC 8415 21.4. */
static void hear_ia(struct heard6 *heard)
{
    struct wire_dhcp6_option option;
    struct wire_dhcp6_address address;
    struct wire_dhcp6_ia ia;

    heard->has_ia = wire_dhcp6_find(&heard->options, DHCP6_IA_NA, &option);
    if (!heard->has_ia)
        return;
    assert_true(wire_dhcp6_ia(&option, &ia));
    assert_int_equal(ia.t1_s | ia.t2_s, 0);
    if (!wire_dhcp6_find(&ia.options, DHCP6_IA_ADDRESS, &option))
        return;
    assert_true(wire_dhcp6_address(&option, &address));
    assert_int_equal(address.preferred_s | address.valid_s, 0);
    heard->ip = address.ip;
}

static void hear(struct talk6 *talk, const struct fake_frame *frame)
{
    struct heard6 *heard = &talk->heard;
    struct wire_dhcp6_option option;
    struct wire_dhcp6 message;

    frame_is_ip6(frame, 17);
    memcpy(talk->heard_bytes, frame->bytes, frame->len);
    assert_memory_equal(frame->bytes, "\x33\x33\0\1\0\2", 6);
    assert_int_equal(frame->bytes[21], 1); /* RFC 8415 18.4: hop limit 1, it stays on the link */
    assert_true(leat_ip_equal(frame_ip6_at(frame->bytes + 38), ip6_of("ff02::1:2")));
    assert_int_equal(frame_get16(frame->bytes + FRAME6_L4), 546);
    assert_true(
        wire_dhcp6_parse(&message, talk->heard_bytes + MESSAGE_AT, frame->len - MESSAGE_AT));
    *heard = (struct heard6){.type = message.type,
                             .xid = message.xid,
                             .src = frame_ip6_at(frame->bytes + 22),
                             .options = message.options};
    assert_true(leat_ip_equal(heard->src, talk->us));
    assert_true(wire_dhcp6_find(&message.options, DHCP6_CLIENT_ID, &option));
    assert_int_equal(option.len, talk->dhcp6->duid.len);
    assert_memory_equal(option.bytes, talk->dhcp6->duid.bytes, option.len);
    assert_true(wire_dhcp6_find(&message.options, DHCP6_ELAPSED_TIME, &option));
    assert_int_equal(option.len, 2);
    heard->elapsed = (uint16_t)frame_get16(option.bytes);
    heard->has_server = wire_dhcp6_find(&message.options, DHCP6_SERVER_ID, &option);
    hear_ia(heard);
    talk->heard_count++;
}

bool talk6_listen(struct talk6 *talk)
{
    const struct fake_frame *frame;
    bool any = false;

    while ((frame = fake_netif_sent(&talk->world->dev))) {
        if (frame_get16(frame->bytes + 12) != 0x86dd || frame->bytes[20] != 17 ||
            frame_get16(frame->bytes + FRAME6_L4 + 2) != 547)
            continue;
        hear(talk, frame);
        any = true;
    }
    return any;
}

const struct heard6 *talk6_heard(struct talk6 *talk, uint8_t type)
{
    talk6_listen(talk);
    assert_int_equal(talk->heard.type, type);
    return &talk->heard;
}

void talk6_start(struct talk6 *talk)
{
    assert_int_equal(leat_dhcp6_start(talk->dhcp6, NULL), LEAT_OK);
    talk6_wait_until(talk, talk->dhcp6->wait_ns);
    talk6_heard(talk, DHCP6_SOLICIT);
}

void answer6_option(struct answer6 *answer, uint16_t code, const void *bytes, uint32_t len)
{
    uint8_t *at = answer->bytes + answer->len;

    assert_true(answer->len + 4 + len <= sizeof answer->bytes);
    frame_put16(at, code);
    frame_put16(at + 2, len);
    if (len > 0)
        memcpy(at + 4, bytes, len);
    answer->len += 4 + len;
    if (answer->ia_at > 0)
        frame_put16(answer->bytes + answer->ia_at + 2, answer->len - answer->ia_at - 4);
}

void answer6_option32(struct answer6 *answer, uint16_t code, uint32_t value)
{
    uint8_t bytes[4];

    frame_put32(bytes, value);
    answer6_option(answer, code, bytes, sizeof bytes);
}

void answer6_status(struct answer6 *answer, uint16_t status)
{
    uint8_t bytes[6] = {0, 0, 't', 'e', 'x', 't'};

    frame_put16(bytes, status);
    answer6_option(answer, DHCP6_STATUS, bytes, sizeof bytes);
}

void answer6_ia(struct answer6 *answer, const struct talk6 *talk, uint32_t t1_s, uint32_t t2_s)
{
    const uint32_t at = answer->len;
    uint8_t bytes[12];

    frame_put32(bytes, talk->dhcp6->iaid);
    frame_put32(bytes + 4, t1_s);
    frame_put32(bytes + 8, t2_s);
    answer6_option(answer, DHCP6_IA_NA, bytes, sizeof bytes);
    answer->ia_at = at;
}

void answer6_address(struct answer6 *answer, struct leat_ip ip, uint32_t preferred_s,
                     uint32_t valid_s)
{
    uint8_t bytes[24];

    memcpy(bytes, ip.bytes, 16);
    frame_put32(bytes + 16, preferred_s);
    frame_put32(bytes + 20, valid_s);
    answer6_option(answer, DHCP6_IA_ADDRESS, bytes, sizeof bytes);
}

void answer6_close(struct answer6 *answer)
{
    answer->ia_at = 0;
}

struct answer6 answer6_from(const struct talk6 *talk, uint8_t type, const char *duid)
{
    struct answer6 made = {.len = 4, .src = IP6_SERVER, .dst = talk->us};

    frame_put32(made.bytes, (uint32_t)type << 24 | talk->dhcp6->xid);
    answer6_option(&made, DHCP6_CLIENT_ID, talk->dhcp6->duid.bytes, talk->dhcp6->duid.len);
    answer6_option(&made, DHCP6_SERVER_ID, duid, TALK6_DUID_BYTES);
    return made;
}

struct answer6 answer6(const struct talk6 *talk, uint8_t type)
{
    return answer6_from(talk, type, TALK6_SERVER_DUID);
}

struct answer6 grant6(const struct talk6 *talk, uint8_t type, uint32_t valid_s)
{
    struct answer6 made = answer6(talk, type);

    answer6_ia(&made, talk, 0, 0);
    answer6_address(&made, IP6_LEASED, valid_s, valid_s);
    answer6_close(&made);
    return made;
}

void talk6_feed(struct talk6 *talk, const struct answer6 *made)
{
    const struct frame frame = frame_udp6(made->src, 547, made->dst, 546, made->bytes, made->len);

    fake_netif_feed(&talk->world->dev, frame.bytes, frame.len);
    world_poll(talk->world);
    world_poll(talk->world); /* usable addresses are reported in the next turn */
    assert_true(leat_stats_balance(leat_stats(talk->world->stack)));
}

void talk6_wait_until(struct talk6 *talk, uint64_t at_ns)
{
    struct world *world = talk->world;

    assert_true(at_ns != LEAT_NEVER_NS);
    world_wait(world, (at_ns > world->now_ns ? at_ns - world->now_ns : 0) + 2048);
}

void talk6_claim(struct talk6 *talk, struct leat_ip ip)
{
    const struct frame claim = frame_ndp(136, 0x20, ip, IP6_ALL, ip, &MAC_OTHER, NULL);

    fake_netif_feed(&talk->world->dev, claim.bytes, claim.len);
    world_poll(talk->world);
    world_poll(talk->world);
}

void talk6_to_requesting(struct talk6 *talk)
{
    struct answer6 offer;

    talk6_start(talk);
    offer = grant6(talk, DHCP6_ADVERTISE, 3600);
    answer6_option(&offer, DHCP6_PREFERENCE, "\xff", 1);
    talk6_feed(talk, &offer);
    talk6_heard(talk, DHCP6_REQUEST);
    assert_state6(talk, "REQUESTING");
}

void talk6_to_bound(struct talk6 *talk, uint32_t valid_s)
{
    struct answer6 reply;

    talk6_to_requesting(talk);
    reply = grant6(talk, DHCP6_REPLY, valid_s);
    talk6_feed(talk, &reply);
    assert_state6(talk, "CHECKING");
    world_wait(talk->world, second + 10 * ms);
    assert_state6(talk, "BOUND");
}

bool talk6_was_told(const struct talk6 *talk, enum leat_dhcp6_news news)
{
    for (unsigned i = 0; i < talk->news_count; i++) {
        if (talk->news[i] == news)
            return true;
    }
    return false;
}

bool talk6_has(const struct talk6 *talk, struct leat_ip ip)
{
    return talk->world->stack->ipv6_family->is_ours(talk->world->stack, ip);
}
