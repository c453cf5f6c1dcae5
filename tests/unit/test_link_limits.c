/* test_link_limits.c -- what a device takes in one frame, and frames that find no memory. */
#include "frames6.h"
#include "super.h"

#include "ip/v6/ipv6.h"
#include "link/arp.h"
#include "link/ethernet.h"
#include "link/link.h"

static struct link *link_of(struct world *world)
{
    return &world->stack->links[0];
}

/* ---- what a device takes -------------------------------------------------------------------- */

static void a_frame_has_as_many_pieces_as_the_device_gathers(void **state)
{
    struct leat_netif netif = {.mtu = 1500};
    const struct link link = {.netif = &netif};

    (void)state;
    assert_int_equal(link_gathers(NULL), LEAT_NETIF_GATHER_PIECES - 1);
    assert_int_equal(link_gathers(&link), LEAT_NETIF_GATHER_PIECES - 1);
    for (uint8_t pieces = 1; pieces < 200; pieces++) { /* one is for the headers */
        netif.gather_pieces = pieces;
        assert_int_equal(link_gathers(&link), pieces - 1);
    }
}

static void a_super_frame_is_as_long_as_the_device_takes(void **state)
{
    struct leat_netif netif = {.mtu = 1500};
    const struct link link = {.netif = &netif};

    (void)state;
    assert_int_equal(link_super_data(NULL, 100), UINT32_MAX);
    assert_int_equal(link_super_data(&link, 100), UINT32_MAX);
    netif.super_bytes = 1;
    assert_int_equal(link_super_data(&link, 100), 0);
    netif.super_bytes = 100;
    assert_int_equal(link_super_data(&link, 100), 0);
    netif.super_bytes = 101;
    assert_int_equal(link_super_data(&link, 100), 1);
    netif.super_bytes = 60000;
    assert_int_equal(link_super_data(&link, 100), 59900);
}

static void segments_are_cut_by_devices_with_all_of_three_capabilities(void **state)
{
    const uint32_t needed = LEAT_NETIF_TSO | LEAT_NETIF_TX_CHECKSUM | LEAT_NETIF_GATHER;
    struct leat_netif netif = {.capabilities = needed};
    const struct link link = {.netif = &netif};

    (void)state;
    assert_true(link_has_tso(&link));
    for (uint32_t bit = 1; bit > 0; bit <<= 1) {
        netif.capabilities = needed & ~bit;
        assert_int_equal(link_has_tso(&link), (needed & bit) == 0);
        netif.capabilities = needed | bit;
        assert_true(link_has_tso(&link));
    }
}

/* ---- frames without memory ------------------------------------------------------------------ */

/* Takes all buffers of the size that a whole frame needs. */
static struct leat_buf *take_all_large(struct world *world)
{
    struct leat_buf *all = NULL, *buf;

    while ((buf = leat_buf_alloc(leat_pool(world->stack), 0))) {
        buf->queued = all;
        all = buf;
    }
    return all;
}

/* Sends a datagram in two pieces: other views share the payload, so no header fits before it. */
static void send_in_pieces(struct world *world, struct leat_udp *udp, struct leat_buf *data)
{
    const struct leat_endpoint peer = leat_endpoint_of(leat_ip_v4(IP_PEER), 9);

    world_mark(world);
    assert_int_equal(leat_udp_send_to(udp, leat_buf_slice(data, 0, leat_buf_total(data)), &peer),
                     LEAT_OK);
    world_poll(world);
}

static void pieces_are_joined_for_a_device_that_cannot_gather(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);
    struct leat_buf *data = leat_buf_copy(leat_pool(world->stack), payload, 200), *all;
    const struct fake_frame *sent;

    send_in_pieces(world, udp, data);
    assert_int_equal(world_expect(world)->pieces, 2);
    assert_grown(world, copied_tx_bytes, 0);
    world->dev.netif.capabilities = 0;
    send_in_pieces(world, udp, data);
    sent = world_expect(world);
    assert_int_equal(sent->pieces, 1);
    assert_int_equal(sent->len, FRAME_UDP_DATA + 200);
    assert_memory_equal(sent->bytes + FRAME_UDP_DATA, payload, 200);
    assert_grown(world, copied_tx_bytes, FRAME_UDP_DATA + 200);
    assert_grown(world, tx_no_memory, 0);
    all = take_all_large(world);
    send_in_pieces(world, udp, data);
    assert_silent(world);
    assert_grown(world, copied_tx_bytes, 0);
    assert_grown(world, tx_no_memory, 1);
    assert_grown(world, tx_frames, 0);
    world_give_all(all);
    send_in_pieces(world, udp, data);
    assert_int_equal(world_expect(world)->pieces, 1);
    leat_buf_free(data);
}

static void a_short_frame_finds_no_room_for_its_padding(void **state)
{
    struct world *world = *state;
    struct leat_pool *pool = leat_pool(world->stack);
    struct leat_buf *data = leat_buf_copy(pool, "x", 1), *all, *view;
    struct leat_buf *packets[2];

    for (unsigned i = 0; i < 2; i++) {
        packets[i] = leat_buf_alloc_small(pool, LEAT_BUF_HEADROOM);
        memset(leat_buf_put(packets[i], 10), 'p', 10);
        leat_buf_append(packets[i], leat_buf_slice(data, 0, 1));
    }
    all = world_take_all_small(world);
    while ((view = leat_buf_slice(data, 0, 1))) {
        view->queued = all;
        all = view;
    }
    world_mark(world);
    ethernet_output(link_of(world), packets[0], &MAC_PEER, 0x88b5);
    world_poll(world);
    assert_silent(world);
    assert_grown(world, tx_no_memory, 1);
    world_give_all(all);
    ethernet_output(link_of(world), packets[1], &MAC_PEER, 0x88b5);
    world_poll(world);
    assert_int_equal(world_expect(world)->len, 60);
    assert_grown(world, tx_no_memory, 1);
    leat_buf_free(data);
}

static void an_ARP_packet_without_memory_is_counted(void **state)
{
    struct world *world = *state;
    struct leat_buf *all = world_take_all_small(world);
    const uint64_t before = leat_stats(world->stack)->arp_requests_sent;

    world_mark(world);
    assert_false(arp_request(link_of(world), IP_US, IP_PEER, &MAC_PEER));
    assert_grown(world, tx_no_memory, 1);
    assert_int_equal(leat_stats(world->stack)->arp_requests_sent, before);
    world_give_all(all);
    world_mark(world);
    assert_true(arp_request(link_of(world), IP_US, IP_PEER, &MAC_PEER));
    assert_grown(world, tx_no_memory, 0);
    assert_int_equal(leat_stats(world->stack)->arp_requests_sent, before + 1);
    world_poll(world);
    world_expect(world);
}

static void a_router_solicitation_without_memory_is_counted(void **state)
{
    struct world *world = *state;
    struct leat_buf *all = world_take_all_small(world);
    const uint64_t before = leat_stats(world->stack)->ndp_router_solicitations_sent;

    world_mark(world);
    ndp_solicit_routers(link_of(world));
    assert_grown(world, tx_no_memory, 1);
    assert_int_equal(leat_stats(world->stack)->ndp_router_solicitations_sent, before);
    world_give_all(all);
    ndp_solicit_routers(link_of(world));
    assert_int_equal(leat_stats(world->stack)->ndp_router_solicitations_sent, before + 1);
    world_poll(world);
    world_expect(world);
}

/* An address that names the network or all of its hosts is none for a host. */
static void edges_of_a_prefix_are_no_addresses(void **state)
{
    static const leat_ip4 network = IP4(10, 2, 0, 64);
    struct world *world = *state;

    for (uint8_t bits = 26; bits <= 33; bits++) {
        for (uint32_t host = 0; host < 64; host++) {
            const leat_ip4 ip = network + host;
            const leat_ip4 edge = bits < 31 ? (1u << (32 - bits)) - 1 : 0;
            const bool good =
                bits <= 32 && (edge == 0 || ((ip & edge) != 0 && (ip & edge) != edge));

            assert_int_equal(
                leat_address_add(world->stack, &world->dev.netif, leat_ip_v4(ip), bits),
                good ? LEAT_OK : LEAT_ERR_ARGUMENT);
            if (good)
                assert_int_equal(
                    leat_address_remove(world->stack, &world->dev.netif, leat_ip_v4(ip)), LEAT_OK);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_has_as_many_pieces_as_the_device_gathers),
        cmocka_unit_test(a_super_frame_is_as_long_as_the_device_takes),
        cmocka_unit_test(segments_are_cut_by_devices_with_all_of_three_capabilities),
        world_test(pieces_are_joined_for_a_device_that_cannot_gather),
        world_test(a_short_frame_finds_no_room_for_its_padding),
        world_test(an_ARP_packet_without_memory_is_counted),
        world6_test(a_router_solicitation_without_memory_is_counted),
        world_test(edges_of_a_prefix_are_no_addresses),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
