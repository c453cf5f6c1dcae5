/* test_ip_link.c -- a carrier of IP packets, presented as an Ethernet with two stations. */
#include <leat/ip_link.h>

#include "two_lists.h"

enum {
    ETHERNET_BYTES = 14
};

#define OURS  "\x02\x6c\x65\x61\x74\x01"
#define OTHER "\x02\x6c\x65\x61\x74\x02"
#define IPV4  "\x45\0\0\x18\0\0\0\0\x40\x11\0\0\x0a\0\0\x01"
#define OUR6  "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x02"
#define PEER6 "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01"
#define NONE6 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

struct fixture {
    struct leat *stack; /* for its pool */
    void *memory, *link_memory;
    struct leat_pool *pool;
    uint32_t free_before;
    struct leat_ip_link *link;
    struct leat_netif *netif;
    const struct leat_ip_link_counts *counts;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    two_lists_open(LEAT_NETIF_GATHER | LEAT_NETIF_TAGGED);
    f->stack = two_lists_stack(&f->memory);
    f->pool = leat_pool(f->stack);
    f->free_before = leat_pool_free_count(f->pool);
    f->link_memory = malloc(leat_ip_link_memory_bytes() + 1);
    f->link = leat_ip_link_init((uint8_t *)f->link_memory + 1, &two_lists.netif);
    f->netif = leat_ip_link_netif(f->link);
    f->counts = leat_ip_link_counts(f->link);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    f->netif->ops->close(f->netif);
    assert_int_equal(two_lists.closed, 1);
    two_lists_close();
    assert_int_equal(leat_pool_free_count(f->pool), f->free_before);
    leat_close(f->stack);
    free(f->memory);
    free(f->link_memory);
    free(f);
    return 0;
}

static struct leat_buf *make(struct fixture *f, uint32_t headroom, const void *bytes, uint32_t len)
{
    struct leat_buf *made = leat_buf_alloc(f->pool, headroom);

    memcpy(leat_buf_put(made, len), bytes, len);
    return made;
}

static void come(struct fixture *f, uint32_t headroom, const void *packet, uint32_t len)
{
    two_lists.in[two_lists.in_count++] = make(f, headroom, packet, len);
}

/* Expects that the stack gets one frame: @header and @packet. */
static void expect_frame(struct fixture *f, const void *header, const void *packet, uint32_t len)
{
    struct leat_buf *frame = NULL;
    uint8_t bytes[128];

    assert_int_equal(f->netif->ops->receive(f->netif, 0, f->pool, &frame, 1), 1);
    assert_int_equal(leat_buf_read(frame, 0, bytes, sizeof bytes), ETHERNET_BYTES + len);
    assert_memory_equal(bytes, header, ETHERNET_BYTES);
    assert_memory_equal(bytes + ETHERNET_BYTES, packet, len);
    leat_buf_free(frame);
}

static void send(struct fixture *f, const void *frame, uint32_t len)
{
    struct leat_buf *made = make(f, 32, frame, len);

    assert_true(f->netif->ops->transmit_room(f->netif) > 0);
    f->netif->ops->transmit(f->netif, 0, &made, 1);
}

/* ---- In ------------------------------------------------------------------------------------ */

static void test_packets_get_a_header_of_their_family(void **state)
{
    static const char six[40] = "\x60\0\0\0\0\0\x3b\x40";
    struct fixture *f = *state;

    come(f, ETHERNET_BYTES, IPV4 "\x0a\0\0\x02payl", 24);
    expect_frame(f, OURS OTHER "\x08\0", IPV4 "\x0a\0\0\x02payl", 24);
    come(f, ETHERNET_BYTES, six, sizeof six);
    expect_frame(f, OURS OTHER "\x86\xdd", six, sizeof six);
}

/* Multicast packets get a group's Ethernet address, or else the stack would take them for
 * unicast. */
static void test_groups_have_their_stations(void **state)
{
    struct fixture *f = *state;
    char six[40] = "\x60\0\0\0\0\0\x3b\x40";

    come(f, ETHERNET_BYTES, IPV4 "\xe0\x80\x01\x02payl", 24);
    expect_frame(f, "\x01\0\x5e\0\x01\x02" OTHER "\x08\0", IPV4 "\xe0\x80\x01\x02payl", 24);
    come(f, ETHERNET_BYTES, IPV4 "\xff\xff\xff\xffpayl", 24);
    expect_frame(f, "\xff\xff\xff\xff\xff\xff" OTHER "\x08\0", IPV4 "\xff\xff\xff\xffpayl", 24);
    memcpy(six + 24, "\xff\x02\0\0\0\0\0\0\0\0\0\x01\xff\0\0\x02", 16);
    come(f, ETHERNET_BYTES, six, sizeof six);
    expect_frame(f, "\x33\x33\xff\0\0\x02" OTHER "\x86\xdd", six, sizeof six);
}

static void test_malformed_packets_are_counted(void **state)
{
    struct fixture *f = *state;
    struct leat_buf *frame;

    come(f, ETHERNET_BYTES, "\x50nothing", 8);
    come(f, ETHERNET_BYTES, IPV4, 16); /* a truncated header */
    come(f, ETHERNET_BYTES, "\x60", 1);
    come(f, ETHERNET_BYTES, "", 0);
    come(f, ETHERNET_BYTES - 1, IPV4 "\x0a\0\0\x02payl", 24); /* no headroom */
    assert_int_equal(f->netif->ops->receive(f->netif, 0, f->pool, &frame, 1), 0);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(f->netif->ops->receive(f->netif, 0, f->pool, &frame, 1), 0);
    assert_int_equal(f->counts->rx_malformed, 5);
}

/* ---- Out ------------------------------------------------------------------------------------ */

static void test_a_packet_leaves_without_its_header(void **state)
{
    struct fixture *f = *state;
    uint8_t bytes[64];

    send(f, OTHER OURS "\x08\0" IPV4 "\x0a\0\0\x02payl", ETHERNET_BYTES + 24);
    assert_int_equal(two_lists.out_count, 1);
    assert_int_equal(leat_buf_read(two_lists.out[0], 0, bytes, sizeof bytes), 24);
    assert_memory_equal(bytes, IPV4 "\x0a\0\0\x02payl", 24);
    assert_int_equal(f->netif->capabilities, LEAT_NETIF_GATHER | LEAT_NETIF_NO_PADDING);
}

#define ARP(operation, sender_ip, target_ip)                                                       \
    "\xff\xff\xff\xff\xff\xff" OURS "\x08\x06\0\x01\x08\0\x06\x04\0" operation OURS sender_ip      \
    "\0\0\0\0\0\0" target_ip

static void test_arp_is_answered_here(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(f->netif->ops->next_look_ns(f->netif, 7), LEAT_NEVER_NS);
    send(f, ARP("\x01", "\x0a\0\0\x02", "\x0a\0\0\x01"), 42);
    assert_int_equal(f->netif->ops->next_look_ns(f->netif, 7), 7);
    expect_frame(f, OURS OTHER "\x08\x06",
                 "\0\x01\x08\0\x06\x04\0\x02" OTHER "\x0a\0\0\x01" OURS "\x0a\0\0\x02", 28);
    assert_int_equal(two_lists.out_count, 0);
    assert_int_equal(f->counts->answered, 1);
}

/* An answer to a probe would tell the stack that its address is taken (RFC 5227). */
static void test_probes_and_announcements_end_here(void **state)
{
    struct fixture *f = *state;
    struct leat_buf *frame;

    send(f, ARP("\x01", "\0\0\0\0", "\x0a\0\0\x02"), 42);
    send(f, ARP("\x01", "\x0a\0\0\x02", "\x0a\0\0\x02"), 42);
    send(f, ARP("\x02", "\x0a\0\0\x02", "\x0a\0\0\x01"), 42);
    send(f, ARP("\x01", "\x0a\0\0\x02", "\x0a\0\0\x01"), 41);
    send(f, OTHER OURS "\x88\xcc nothing of IP", 28);
    assert_int_equal(f->netif->ops->receive(f->netif, 0, f->pool, &frame, 1), 0);
    assert_int_equal(two_lists.out_count, 0);
    assert_int_equal(f->counts->tx_kept, 5);
}

#define ND(type, src)                                                                              \
    "\x33\x33\xff\0\0\x01" OURS "\x86\xdd\x60\0\0\0\0\x20\x3a\xff" src                             \
    "\xff\x02\0\0\0\0\0\0\0\0\0\x01\xff\0\0\x01" type "\0\x12\x34\0\0\0\0" PEER6 "\x01\x01" OURS

static void test_a_solicitation_is_answered_here(void **state)
{
    static const char answer[] =
        "\x60\0\0\0\0\x20\x3a\xff" PEER6 OUR6 "\x88\0\xe2\x22\x60\0\0\0" PEER6 "\x02\x01" OTHER;
    struct fixture *f = *state;
    struct leat_buf *frame = NULL;
    uint8_t bytes[128];
    uint32_t sum = 58 + 32;

    send(f, ND("\x87", OUR6), ETHERNET_BYTES + 72);
    assert_int_equal(f->netif->ops->receive(f->netif, 0, f->pool, &frame, 1), 1);
    assert_int_equal(leat_buf_read(frame, 0, bytes, sizeof bytes), ETHERNET_BYTES + 72);
    leat_buf_free(frame);
    assert_memory_equal(bytes, OURS OTHER "\x86\xdd", ETHERNET_BYTES);
    for (unsigned i = ETHERNET_BYTES + 8; i < ETHERNET_BYTES + 72; i += 2)
        sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
    assert_int_equal((sum & 0xffff) + (sum >> 16), 0xffff);
    memset(bytes + ETHERNET_BYTES + 42, 0, 2);
    assert_memory_equal(bytes + ETHERNET_BYTES, answer, 42);
    assert_memory_equal(bytes + ETHERNET_BYTES + 44, answer + 44, 72 - 44);
    assert_int_equal(two_lists.out_count, 0);
}

static void test_duplicate_detection_gets_no_answer_and_routers_are_asked(void **state)
{
    struct fixture *f = *state;
    struct leat_buf *frame;

    send(f, ND("\x87", NONE6), ETHERNET_BYTES + 72);
    send(f, ND("\x88", OUR6), ETHERNET_BYTES + 72);
    assert_int_equal(f->netif->ops->receive(f->netif, 0, f->pool, &frame, 1), 0);
    assert_int_equal(two_lists.out_count, 0);
    assert_int_equal(f->counts->tx_kept, 2);
    send(f, ND("\x85", OUR6),
         ETHERNET_BYTES + 72); /* a router solicitation may have an answer there */
    assert_int_equal(two_lists.out_count, 1);
}

/* Answers beyond the bound are dropped; the stack asks again. */
static void test_answers_are_bounded(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < 40; i++)
        send(f, ARP("\x01", "\x0a\0\0\x02", "\x0a\0\0\x01"), 42);
    assert_int_equal(f->counts->answered, 32);
    assert_int_equal(f->counts->tx_no_memory, 8);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_packets_get_a_header_of_their_family),
        TEST(test_groups_have_their_stations),
        TEST(test_malformed_packets_are_counted),
        TEST(test_a_packet_leaves_without_its_header),
        TEST(test_arp_is_answered_here),
        TEST(test_probes_and_announcements_end_here),
        TEST(test_a_solicitation_is_answered_here),
        TEST(test_duplicate_detection_gets_no_answer_and_routers_are_asked),
        TEST(test_answers_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
