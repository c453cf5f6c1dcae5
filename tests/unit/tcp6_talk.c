/* tcp6_talk.c -- see tcp6_talk.h. */
#include "tcp6_talk.h"

#include "ip/host.h"
#include "base.h"

static const uint8_t mss_1440[4] = {2, 4, 5, 0xa0};

struct world *tcp6_begin(uint32_t hosts)
{
    struct world *world = world6_create();

    world->with_tcp = true;
    world->ipv6_config.hosts = hosts;
    world_init(world);
    world6_settle(world);
    return world;
}

int tcp6_setup(void **state)
{
    *state = tcp6_begin(0);
    return 0;
}

uint32_t tcp6_held(const struct world *world)
{
    return world->stack->hosts6->held;
}

void tcp6_feed(struct world *world, struct leat_ip from, const struct frame_segment *segment,
               const char *data)
{
    const struct frame frame =
        frame_tcp6(from, IP6_US, segment, data, data ? (uint32_t)strlen(data) : 0);

    world_feed(world, &frame);
}

const struct fake_frame *tcp6_expect(struct world *world, struct leat_ip to, uint8_t flags)
{
    const struct fake_frame *sent = world_expect(world);

    frame_is_ip6(sent, 6);
    assert_true(leat_ip_equal(frame_ip6_at(sent->bytes + 22), IP6_US));
    assert_true(leat_ip_equal(frame_ip6_at(sent->bytes + 38), to));
    assert_int_equal(sent->bytes[FLAGS_AT] & ~8, flags);
    return sent;
}

struct leat_tcp_listener *tcp6_listening(struct world *world, struct leat_ip ip)
{
    const struct leat_tcp_listen_config config = {.ip = ip, .port = 80, .backlog = 512};
    struct leat_tcp_listener *listener;

    assert_int_equal(leat_tcp_listen(world->stack, &listener, &config), LEAT_OK);
    return listener;
}

struct frame_segment tcp6_syn_from(uint16_t port)
{
    return (struct frame_segment){.src_port = port,
                                  .dst_port = 80,
                                  .seq = 1000,
                                  .flags = SYN,
                                  .window = 60000,
                                  .options = mss_1440,
                                  .options_len = 4};
}

uint32_t tcp6_opened_by(struct world *world, struct leat_ip from, uint16_t port)
{
    struct frame_segment segment = tcp6_syn_from(port);
    const struct fake_frame *sent;
    uint32_t iss;

    tcp6_feed(world, from, &segment, 0);
    assert_ended(world, taken_tcp);
    sent = tcp6_expect(world, from, SYN | ACK);
    assert_int_equal(frame_get16(sent->bytes + MSS_AT), 1440);
    iss = frame_get32(sent->bytes + SEQ_AT);
    segment = (struct frame_segment){.src_port = port,
                                     .dst_port = 80,
                                     .seq = 1001,
                                     .ack = iss + 1,
                                     .flags = ACK,
                                     .window = 60000};
    tcp6_feed(world, from, &segment, 0);
    assert_ended(world, taken_tcp);
    return iss;
}

struct leat_tcp *tcp6_connected(struct world *world, uint32_t *iss)
{
    const struct leat_endpoint remote = leat_endpoint_of(IP6_PEER, 80);
    const struct fake_frame *sent;
    struct frame_segment answer = {.src_port = 80,
                                   .seq = 5000,
                                   .flags = SYN | ACK,
                                   .window = 60000,
                                   .options = mss_1440,
                                   .options_len = 4};
    struct leat_tcp *conn;

    world_mark(world);
    assert_int_equal(leat_tcp_connect(world->stack, &conn, &remote, 0, &world_closes, world),
                     LEAT_OK);
    world_poll(world);
    sent = tcp6_expect(world, IP6_PEER, SYN);
    assert_int_equal(frame_get16(sent->bytes + MSS_AT), 1440);
    *iss = frame_get32(sent->bytes + SEQ_AT);
    answer.dst_port = frame_get16(sent->bytes + FRAME6_L4);
    answer.ack = *iss + 1;
    tcp6_feed(world, IP6_PEER, &answer, 0);
    tcp6_expect(world, IP6_PEER, ACK);
    return conn;
}
