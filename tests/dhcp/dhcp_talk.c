/* dhcp_talk.c -- a DHCP client of the stack, with servers played by the test. */
#include "dhcp_talk.h"

enum {
    BOOTP_AT = FRAME_UDP_DATA,
    OPTIONS_AT = BOOTP_AT + 240
};

static bool on_lease(struct leat_dhcp *dhcp, const struct leat_dhcp_lease *lease, void *arg)
{
    struct talk *talk = arg;

    assert_ptr_equal(dhcp, talk->dhcp);
    assert_false(leat_ip_is_any(lease->ip));
    talk->asked++;
    return !talk->refuse;
}

static void on_news(struct leat_dhcp *dhcp, enum leat_dhcp_news news,
                    const struct leat_dhcp_lease *lease, void *arg)
{
    struct talk *talk = arg;

    assert_ptr_equal(dhcp, talk->dhcp);
    assert_true(talk->news_count < TALK_NEWS_MAX);
    talk->news[talk->news_count++] = news;
    talk->had_lease = lease != NULL;
    if (lease)
        talk->lease = *lease;
}

static void on_transition(void *arg, uint8_t from, uint8_t event, uint8_t to)
{
    struct talk *talk = arg;

    assert_true(from < 32 && event < 32);
    talk->taken[from][event] = to;
}

int talk_setup_later(void **state)
{
    struct talk *talk = calloc(1, sizeof *talk);

    assert_non_null(talk);
    talk->world = world_create();
    talk->world->more_bytes = leat_dhcp_memory_bytes();
    talk->config = (struct leat_dhcp_config){
        .on_lease = on_lease, .on_news = on_news, .on_transition = on_transition, .arg = talk};
    *state = talk;
    return 0;
}

void talk_begin(struct talk *talk)
{
    struct world *world = talk->world;

    world->dev.answers_arp = true;
    world_init(world);
    assert_int_equal(leat_dhcp_open(world->stack, &world->dev.netif, &talk->dhcp, &talk->config),
                     LEAT_OK);
    talk_mark(talk);
}

int talk_setup(void **state)
{
    talk_setup_later(state);
    talk_begin(*state);
    return 0;
}

int talk_teardown(void **state)
{
    struct talk *talk = *state;
    void *world = talk->world;

    world_teardown(&world);
    free(talk);
    return 0;
}

void talk_mark(struct talk *talk)
{
    memset(talk->taken, 0, sizeof talk->taken);
    talk->news_count = 0;
    talk->heard_count = 0;
    memset(&talk->heard, 0, sizeof talk->heard);
    world_mark(talk->world);
}

const uint8_t *heard_option(const struct heard *heard, uint8_t code)
{
    uint32_t at = 0;

    while (at < heard->options_len && heard->options[at] != 255) {
        if (heard->options[at] == 0) {
            at++;
            continue;
        }
        assert_true(at + 2 + heard->options[at + 1] <= heard->options_len);
        if (heard->options[at] == code)
            return heard->options + at + 1;
        at += 2u + heard->options[at + 1];
    }
    return NULL;
}

static leat_ip4 heard_ip(const struct heard *heard, uint8_t code)
{
    const uint8_t *option = heard_option(heard, code);

    if (!option)
        return IP4_ANY;
    assert_int_equal(option[0], 4);
    return frame_get32(option + 1);
}

static void hear(struct talk *talk, const struct fake_frame *frame)
{
    struct heard *heard = &talk->heard;
    const uint8_t *bytes = talk->heard_bytes;
    const uint8_t *type;
    const uint32_t udp_len = frame_get16(frame->bytes + FRAME_L4 + 4);

    memcpy(talk->heard_bytes, frame->bytes, frame->len);
    assert_true(frame->len >= OPTIONS_AT + 4);
    assert_int_equal(frame_get16(bytes + FRAME_L4), 68);
    assert_int_equal(frame_get16(bytes + FRAME_L4 + 2), 67);
    assert_true(udp_len >= 308); /* RFC 1542 2.1 */
    assert_int_equal(bytes[BOOTP_AT], 1);
    assert_memory_equal(bytes + BOOTP_AT + 28, MAC_US.octet, 6);
    assert_int_equal(frame_get32(bytes + BOOTP_AT + 236), 0x63825363);
    *heard = (struct heard){.src = frame_get32(bytes + FRAME_IP + 12),
                            .dst = frame_get32(bytes + FRAME_IP + 16),
                            .xid = frame_get32(bytes + BOOTP_AT + 4),
                            .secs = frame_get16(bytes + BOOTP_AT + 8),
                            .flags = frame_get16(bytes + BOOTP_AT + 10),
                            .ciaddr = frame_get32(bytes + BOOTP_AT + 12),
                            .options = bytes + OPTIONS_AT,
                            .options_len = udp_len - 8 - 240};
    memcpy(&heard->to, bytes, 6);
    type = heard_option(heard, 53);
    assert_non_null(heard_option(heard, 61));
    if (!type)
        fail_msg("a message without its type");
    else
        heard->type = type[1];
    heard->requested = heard_ip(heard, 50);
    heard->server = heard_ip(heard, 54);
    talk->heard_count++;
}

bool talk_listen(struct talk *talk)
{
    const struct fake_frame *frame;
    bool any = false;

    while ((frame = fake_netif_sent(&talk->world->dev))) {
        if (frame_get16(frame->bytes + 12) != 0x0800 || frame->bytes[FRAME_IP + 9] != 17)
            continue;
        hear(talk, frame);
        any = true;
    }
    return any;
}

const struct heard *talk_heard(struct talk *talk, uint8_t type)
{
    talk_listen(talk);
    assert_int_equal(talk->heard.type, type);
    return &talk->heard;
}

void talk_start(struct talk *talk, const uint8_t *kept)
{
    assert_int_equal(leat_dhcp_start(talk->dhcp, kept), LEAT_OK);
    talk_wait_until(talk, talk->dhcp->wait_ns);
    talk_listen(talk);
}

void answer_option(struct answer *answer, uint8_t code, const void *bytes, uint32_t len)
{
    uint8_t *at = answer->bytes + answer->len - 1;

    assert_true(answer->len + 2 + len <= sizeof answer->bytes && len <= 255);
    at[0] = code;
    at[1] = (uint8_t)len;
    if (len > 0)
        memcpy(at + 2, bytes, len);
    at[2 + len] = 255;
    answer->len += 2 + len;
}

void answer_option32(struct answer *answer, uint8_t code, uint32_t value)
{
    uint8_t bytes[4];

    frame_put32(bytes, value);
    answer_option(answer, code, bytes, sizeof bytes);
}

void answer_change(struct answer *answer, uint8_t code, const void *bytes, uint32_t len)
{
    uint32_t at = 240;

    while (answer->bytes[at] != code) {
        assert_true(answer->bytes[at] != 255);
        at += 2u + answer->bytes[at + 1];
    }
    assert_int_equal(answer->bytes[at + 1], len);
    memcpy(answer->bytes + at + 2, bytes, len);
}

struct answer answer(const struct talk *talk, uint8_t type, uint32_t lease_s)
{
    struct answer made = {.len = 241, .src = IP_SERVER, .dst = IP4_BROADCAST, .src_port = 67};
    const bool is_nak = type == 6;

    made.bytes[0] = 2;
    made.bytes[1] = 1;
    made.bytes[2] = 6;
    frame_put32(made.bytes + 4, talk->dhcp->xid);
    frame_put32(made.bytes + 16, is_nak ? 0 : IP_GRANTED);
    memcpy(made.bytes + 28, MAC_US.octet, 6);
    frame_put32(made.bytes + 236, 0x63825363);
    made.bytes[240] = 255;
    answer_option(&made, 53, &type, 1);
    answer_option32(&made, 54, IP_SERVER);
    if (is_nak)
        return made;
    answer_option32(&made, 1, 0xffffff00);
    if (lease_s > 0)
        answer_option32(&made, 51, lease_s);
    return made;
}

void talk_feed(struct talk *talk, const struct answer *made)
{
    struct frame frame =
        frame_udp(made->src, made->src_port, made->dst, 68, made->bytes, made->len);

    if (made->dst == IP4_BROADCAST)
        frame_to(&frame, &MAC_ALL);
    fake_netif_feed(&talk->world->dev, frame.bytes, frame.len);
    world_poll(talk->world);
    world_poll(talk->world); /* usable addresses are reported in the next turn */
    assert_true(leat_stats_balance(leat_stats(talk->world->stack)));
}

void talk_wait_until(struct talk *talk, uint64_t at_ns)
{
    struct world *world = talk->world;

    assert_true(at_ns != LEAT_NEVER_NS);
    world_wait(world, (at_ns > world->now_ns ? at_ns - world->now_ns : 0) + 2048);
}

void talk_to_requesting(struct talk *talk, uint32_t lease_s)
{
    struct answer offer;

    talk_start(talk, NULL);
    talk_heard(talk, 1);
    offer = answer(talk, 2, lease_s);
    talk_feed(talk, &offer);
    talk_heard(talk, 3);
    assert_state(talk, "REQUESTING");
}

void talk_to_bound(struct talk *talk, uint32_t lease_s)
{
    struct answer ack;

    talk_to_requesting(talk, lease_s);
    ack = answer(talk, 5, lease_s);
    talk_feed(talk, &ack);
    world_poll(talk->world);
    assert_state(talk, "BOUND");
}

bool talk_was_told(const struct talk *talk, enum leat_dhcp_news news)
{
    for (unsigned i = 0; i < talk->news_count; i++) {
        if (talk->news[i] == news)
            return true;
    }
    return false;
}

void talk_claim(struct talk *talk, leat_ip4 ip)
{
    const struct frame claim = frame_arp(2, &MAC_OTHER, ip, IP4_ANY);

    fake_netif_feed(&talk->world->dev, claim.bytes, claim.len);
    world_poll(talk->world);
    world_poll(talk->world);
}

void talk_taken_without(struct talk *talk, const struct answer *offer, unsigned parts, uint8_t code)
{
    const uint64_t before = leat_dhcp_counts(talk->dhcp)->ignored_parts;

    talk_feed(talk, offer);
    assert_state(talk, "REQUESTING");
    assert_int_equal(leat_dhcp_counts(talk->dhcp)->ignored_parts, before + parts);
    assert_int_equal(talk->dhcp->read.ignored_parts, parts);
    assert_int_equal(talk->dhcp->read.ignored_option, code);
    leat_dhcp_stop(talk->dhcp);
    talk_start(talk, NULL);
}

void talk_left_out(struct talk *talk, uint8_t code, const void *bytes, uint32_t len)
{
    struct answer offer = answer(talk, 2, 3600);

    answer_option(&offer, code, bytes, len);
    talk_taken_without(talk, &offer, 1, code);
}
