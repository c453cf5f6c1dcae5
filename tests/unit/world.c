/* world.c -- one stack, one fake device, one peer. */
#include "world.h"

#include "link/link.h"
#include "tcp_check.h"

static void on_address(struct leat *stack, struct leat_netif *netif, struct leat_ip ip, void *arg)
{
    struct world *world = arg;

    (void)stack;
    (void)netif;
    world->usable++;
    world->last_address = ip;
    world->last_ip = leat_ip_v4_number(ip);
}

static void on_conflict(struct leat *stack, struct leat_netif *netif, struct leat_ip ip, void *arg)
{
    struct world *world = arg;

    (void)stack;
    (void)netif;
    world->conflicts++;
    world->last_address = ip;
    world->last_ip = leat_ip_v4_number(ip);
}

struct world *world_create(void)
{
    struct world *world = calloc(1, sizeof *world);

    assert_non_null(world);
    fake_netif_init(&world->dev);
    fake_netif_init(&world->second);
    world->second.netif.mac.octet[5] = 0x11;
    for (unsigned i = 0; i < LEAT_SEED_BYTES; i++)
        world->config.seed[i] = (uint8_t)(i + 1);
    world->config.on_address = on_address;
    world->config.on_conflict = on_conflict;
    world->config.arg = world;
    world->now_ns = 1000 * second;
    return world;
}

void world_init(struct world *world)
{
    const size_t bytes = leat_memory_bytes(&world->config) + leat_udp_memory_bytes(0) +
                         world->more_bytes +
                         (world->with_tcp ? leat_tcp_memory_bytes(&world->tcp_config) : 0) +
                         (world->with_ipv6 ? leat_ipv6_memory_bytes(&world->ipv6_config) : 0);

    world->memory = malloc(bytes);
    assert_non_null(world->memory);
    memset(world->memory, 0xa5, bytes);
    assert_int_equal(leat_init(&world->stack, world->memory, bytes, &world->config), LEAT_OK);
    assert_int_equal(leat_attach(world->stack, &world->dev.netif), LEAT_OK);
    assert_int_equal(leat_udp_register(world->stack, 0), LEAT_OK);
    if (world->with_tcp)
        assert_int_equal(leat_tcp_register(world->stack, &world->tcp_config), LEAT_OK);
    if (world->with_ipv6)
        assert_int_equal(leat_ipv6_register(world->stack, &world->ipv6_config), LEAT_OK);
    world_poll(world);
}

int world_setup(void **state)
{
    struct world *world = world_create();

    world_init(world);
    world_settle(world);
    *state = world;
    return 0;
}

struct leat_ip world_ip(const struct world *world, leat_ip4 ip)
{
    struct leat_ip ip6;

    if (!world->translate)
        return leat_ip_v4(ip);
    world->translate(ip, ip6.bytes);
    return ip6;
}

uint8_t world_bits(const struct world *world, uint8_t bits)
{
    if (!world->translate)
        return bits;
    return bits == 32 ? 128 : (uint8_t)(32 + bits);
}

void world_settle(struct world *world)
{
    assert_int_equal(leat_address_add(world->stack, &world->dev.netif, world_ip(world, IP_US),
                                      world_bits(world, 24)),
                     LEAT_OK);
    world_wait(world, 5 * second);
    world_meet(world, IP_PEER, &MAC_PEER);
}

void world_attach_second(struct world *world)
{
    assert_int_equal(leat_attach(world->stack, &world->second.netif), LEAT_OK);
    assert_int_equal(
        leat_address_add(world->stack, &world->second.netif, LEAT_IP4(10, 1, 0, 1), 24), LEAT_OK);
    world_wait(world, 5 * second);
    fake_netif_forget(&world->second);
    fake_netif_forget(&world->dev);
}

/* Asserts that the counters of sent frames agree with the device, unless it was full. */
static void assert_counted(struct world *world)
{
    const struct leat_stats *stats = leat_stats(world->stack);
    const uint32_t *sent = world->dev.sent;

    if (world->dev.room == 0 || (LEAT_NETIFS_MAX > 1 && world->stack->links[1].netif))
        return;
    if (world->now_ns < world->stack->now_ns) /* the test used a clock of its own */
        world->now_ns = world->stack->now_ns;
    world_poll(world);
    assert_int_equal(stats->arp_requests_sent, sent[FAKE_ARP_REQUEST]);
    assert_int_equal(stats->arp_replies_sent, sent[FAKE_ARP_REPLY]);
    assert_int_equal(stats->ndp_router_solicitations_sent, sent[FAKE_ROUTER_SOLICITATION]);
    assert_int_equal(stats->ndp_solicitations_sent, sent[FAKE_SOLICITATION]);
    /* one may still be parked */
    assert_in_range(stats->ndp_advertisements_sent, sent[FAKE_ADVERTISEMENT],
                    sent[FAKE_ADVERTISEMENT] + 1);
    assert_int_equal(stats->group_reports_sent, sent[FAKE_REPORT]);
}

int world_teardown(void **state)
{
    struct world *world = *state;

    if (world->stack) { /* a test that was skipped has opened none */
        assert_true(leat_stats_balance(leat_stats(world->stack)));
        assert_counted(world);
        leat_close(world->stack);
        assert_true(world->dev.closed);
        assert_true(pool_is_whole(&world->stack->pool));
    }
    free(world->memory);
    free(world);
    return 0;
}

void world_poll(struct world *world)
{
    const char *wrong;

    world->next_ns = leat_poll(world->stack, world->now_ns);
    assert_true(world->next_ns >= world->now_ns);
    wrong = tcp_check(world->stack);
    if (wrong)
        fail_msg("%s", wrong);
}

void world_wait(struct world *world, uint64_t ns)
{
    const uint64_t until_ns = world->now_ns + ns;

    world_poll(world);
    for (unsigned polls = 0; world->next_ns <= until_ns; polls++) {
        assert_true(polls < 100000);
        world->now_ns = world->next_ns;
        world_poll(world);
    }
    world->now_ns = until_ns;
    world_poll(world);
}

void world_mark(struct world *world)
{
    world->before = *leat_stats(world->stack);
    for (unsigned kind = 0; kind < 3; kind++)
        world->free_before[kind] = world->stack->pool.lists[kind].free_count;
    fake_netif_forget(&world->dev);
}

void world_feed_bytes(struct world *world, const void *bytes, uint32_t len)
{
    world_mark(world);
    fake_netif_feed(&world->dev, bytes, len);
    world_poll(world);
    assert_true(leat_stats_balance(leat_stats(world->stack)));
}

void world_feed(struct world *world, const struct frame *frame)
{
    world_feed_bytes(world, frame->bytes, frame->len);
}

void world_meet(struct world *world, leat_ip4 ip, const struct leat_mac *mac)
{
    const struct frame request = frame_arp(1, mac, ip, IP_US);

    world_feed(world, &request);
    world_assert_end(world, world->translate ? LEAT_STAT_taken_ndp : LEAT_STAT_taken_arp);
    fake_netif_forget(&world->dev);
}

const struct fake_frame *world_expect(struct world *world)
{
    const struct fake_frame *frame = fake_netif_sent(&world->dev);

    assert_non_null(frame);
    assert_true(frame->len >= 60);
    return frame;
}

uint64_t world_grown(const struct world *world, enum leat_stat stat)
{
    return leat_stat_value(leat_stats(world->stack), stat) - leat_stat_value(&world->before, stat);
}

void world_assert_end(const struct world *world, enum leat_stat stat)
{
    for (unsigned i = 0; i < LEAT_STAT_COUNT; i++) {
        const enum leat_stat_group group = leat_stat_group((enum leat_stat)i);

        if (group != LEAT_STAT_TAKEN && group != LEAT_STAT_DROP)
            continue;
        if (world_grown(world, (enum leat_stat)i) != (i == stat))
            fail_msg("expected %s, but %s grew by %u", leat_stat_name(stat),
                     leat_stat_name((enum leat_stat)i),
                     (unsigned)world_grown(world, (enum leat_stat)i));
    }
}

void world_assert_no_growth(const struct world *world)
{
    for (unsigned kind = 0; kind < 3; kind++)
        assert_true(world->stack->pool.lists[kind].free_count >= world->free_before[kind]);
}

struct leat_buf *world_take_all_small(struct world *world)
{
    struct leat_buf *all = 0, *buf;

    while ((buf = leat_buf_alloc_small(leat_pool(world->stack), 0))) {
        buf->queued = all;
        all = buf;
    }
    return all;
}

void world_give_all(struct leat_buf *all)
{
    while (all) {
        struct leat_buf *buf = all;

        all = buf->queued;
        leat_buf_free(buf);
    }
}

void world_expect_icmp(struct world *world, const struct frame *about, uint8_t type, uint8_t code)
{
    const struct fake_frame *error = world_expect(world);
    const uint8_t *ip = error->bytes + FRAME_IP;
    const uint8_t *icmp = error->bytes + FRAME_L4;
    const uint32_t ip_bytes = frame_get16(ip + 2);
    uint32_t quoted = frame_get16(about->bytes + FRAME_IP + 2);

    if (quoted > 548)
        quoted = 548;
    assert_int_equal(ip[9], 1);
    assert_int_equal(frame_get32(ip + 12), frame_get32(about->bytes + FRAME_IP + 16));
    assert_int_equal(frame_get32(ip + 16), frame_get32(about->bytes + FRAME_IP + 12));
    assert_int_equal(icmp[0], type);
    assert_int_equal(icmp[1], code);
    assert_int_equal(frame_sum(icmp, ip_bytes - 20, 0), 0);
    assert_int_equal(ip_bytes, 28 + quoted);
    assert_memory_equal(icmp + 8, about->bytes + FRAME_IP, quoted);
}

static void on_datagram(struct leat_udp *udp, struct leat_buf *payload,
                        const struct leat_endpoint *peer, const struct leat_endpoint *local,
                        void *arg)
{
    struct world *world = arg;

    (void)udp;
    world->datagrams++;
    world->data_len = leat_buf_read(payload, 0, world->data, sizeof world->data);
    assert_int_equal(payload->segment_bytes, 0);
    world->peer = *peer;
    world->local = *local;
    leat_buf_free(payload);
}

static void on_error(struct leat_udp *udp, enum leat_err err, const struct leat_endpoint *peer,
                     void *arg)
{
    struct world *world = arg;

    (void)udp;
    world->errors++;
    world->error = err;
    world->error_peer = *peer;
}

static const struct leat_udp_events udp_events = {on_datagram, on_error};

struct leat_udp *world_socket(struct world *world, uint16_t port)
{
    struct leat_udp *udp;

    assert_int_equal(leat_udp_open(world->stack, &udp, &udp_events, world), LEAT_OK);
    if (port > 0)
        assert_int_equal(leat_udp_bind(udp, LEAT_IP_ANY, port), LEAT_OK);
    return udp;
}

enum leat_err world_send_to(struct world *world, struct leat_udp *udp, struct leat_endpoint peer,
                            const void *data, uint32_t len)
{
    struct leat_buf *payload = leat_buf_copy(leat_pool(world->stack), data, len);
    enum leat_err err;

    world_mark(world);
    err = leat_udp_send_to(udp, payload, &peer);
    world_poll(world);
    return err;
}

enum leat_err world_send(struct world *world, struct leat_udp *udp, leat_ip4 ip, uint16_t port,
                         const void *data, uint32_t len)
{
    return world_send_to(world, udp, leat_endpoint_of(leat_ip_v4(ip), port), data, len);
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct world *world = arg;

    (void)conn;
    world->closed++;
    world->why = why;
}

const struct leat_tcp_events world_closes = {.on_closed = on_closed};

int world_setup_tcp(void **state)
{
    struct world *world = world_create();

    world->with_tcp = true;
    world_init(world);
    assert_int_equal(leat_address_add(world->stack, &world->dev.netif, leat_ip_v4(IP_US), 24),
                     LEAT_OK);
    world_wait(world, 5 * second);
    world_meet(world, IP_PEER, &MAC_PEER);
    *state = world;
    return 0;
}
