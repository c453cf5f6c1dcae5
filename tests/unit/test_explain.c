/* test_explain.c -- why frames were dropped, as --explain-drops says it. */
#include "unit_pool.h"

#include <stdio.h>
#include <stdlib.h>

#include <leat/stack.h>

#include "explain.h"

enum {
    BUF_BYTES = 512,
    SAID_MAX = 8
};

static struct unit_pool unit;

/* A device that has one frame after the other. */
struct device {
    struct leat_netif netif; /* first */
    struct leat_buf *frames[SAID_MAX];
    unsigned count, next;
    uint32_t asked;
};

static struct device device;
static struct explain explain;
static struct leat_stats stats;
static char said[SAID_MAX][EXPLAIN_LINE_BYTES];
static unsigned said_count;

static uint32_t receive(struct leat_netif *netif, uint64_t now_ns, struct leat_pool *pool,
                        struct leat_buf **frames, uint32_t frames_max)
{
    (void)netif;
    (void)now_ns;
    (void)pool;
    device.asked = frames_max;
    if (device.next == device.count || frames_max == 0)
        return 0;
    frames[0] = device.frames[device.next++];
    return 1;
}

static uint64_t next_look_ns(struct leat_netif *netif, uint64_t now_ns)
{
    (void)netif;
    return now_ns + 1000;
}

static void say(void *arg, const char *line)
{
    assert_ptr_equal(arg, &device);
    assert_true(said_count < SAID_MAX);
    snprintf(said[said_count++], EXPLAIN_LINE_BYTES, "%s", line);
}

static int set_up(void **state)
{
    static const struct leat_netif_ops ops = {.receive = receive, .next_look_ns = next_look_ns};

    (void)state;
    unit_pool_open(&unit, SAID_MAX, BUF_BYTES, 1, 1);
    device = (struct device){.netif = {.ops = &ops, .name = "device", .mtu = 1500}};
    stats = (struct leat_stats){0};
    said_count = 0;
    assert_ptr_equal(explain_wrap(&explain, &device.netif, say, &device), &explain.netif);
    explain_watch(&explain, &stats);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    while (device.next < device.count)
        leat_buf_free(device.frames[device.next++]);
    unit_pool_close(&unit);
    return 0;
}

/* A frame for the device, of UDP to port @port. */
static void add_frame(uint8_t port)
{
    const uint8_t bytes[60] = {2,  0,    0, 0, 0,  2, 2, 0, 0,    0,    0,  1,   8,
                               0,  0x45, 0, 0, 46, 0, 0, 0, 0,    64,   17, 0,   0,
                               10, 0,    0, 1, 10, 0, 0, 2, 0x0f, 0xa0, 0,  port};
    struct leat_buf *buf = leat_buf_alloc(&unit.pool, 0);

    memcpy(leat_buf_put(buf, sizeof bytes), bytes, sizeof bytes);
    device.frames[device.count++] = buf;
}

/* The stack asks for frames. */
static uint32_t ask(void)
{
    struct leat_buf *frames[16];
    const uint32_t count = explain.netif.ops->receive(&explain.netif, 1, &unit.pool, frames, 16);

    if (count > 0)
        leat_buf_free(frames[0]);
    return count;
}

static void the_first_frame_of_a_reason_is_told(void **state)
{
    (void)state;
    for (uint8_t port = 1; port <= 4; port++)
        add_frame(port);
    assert_int_equal(ask(), 1);
    assert_int_equal(device.asked, 1); /* one by one */
    stats.taken_udp++;
    assert_int_equal(ask(), 1); /* the second */
    assert_int_equal(said_count, 0);
    stats.drop_udp_port++;
    assert_int_equal(ask(), 1);
    assert_int_equal(said_count, 1);
    assert_string_equal(said[0],
                        "dropped: UDP datagram to a closed port: 10.0.0.1 port 4000 > 10.0.0.2 "
                        "port 2 UDP, 60 bytes (drop_udp_port)");
    stats.drop_udp_port++; /* the third: the same */
    assert_int_equal(ask(), 1);
    assert_int_equal(said_count, 1);
    stats.drop_udp_full++; /* the fourth: another */
    explain_sum(&explain);
    assert_int_equal(said_count, 4);
    assert_non_null(strstr(said[1], "port 4 UDP, 60 bytes (drop_udp_full)"));
    assert_string_equal(said[2],
                        "drop_udp_port: 2 dropped: UDP datagram to a closed port; the first: "
                        "10.0.0.1 port 4000 > 10.0.0.2 port 2 UDP, 60 bytes");
    assert_non_null(strstr(said[3], "drop_udp_full: 1 dropped"));
}

static void a_packet_to_ourselves_is_not_taken_for_the_frame(void **state)
{
    (void)state;
    add_frame(1);
    assert_int_equal(ask(), 1);
    stats.rx_loopback++;
    stats.drop_udp_port++;
    assert_int_equal(ask(), 0);
    assert_int_equal(said_count, 0);
    explain_sum(&explain);
    assert_non_null(strstr(said[0], "the first: a packet to ourselves"));
}

static void the_rest_of_the_frames_is_asked_for_at_once(void **state)
{
    (void)state;
    add_frame(1);
    assert_int_equal(explain.netif.ops->next_look_ns(&explain.netif, 5), 1005);
    assert_int_equal(ask(), 1);
    assert_int_equal(explain.netif.ops->next_look_ns(&explain.netif, 5), 5);
    assert_int_equal(ask(), 0);
    assert_int_equal(explain.netif.ops->next_look_ns(&explain.netif, 5), 1005);
}

static void expect_frame(const char *expected, const void *bytes, uint32_t len)
{
    char text[EXPLAIN_FRAME_BYTES];
    uint8_t *copy = malloc(len); /* of this length: the sanitizer sees a read beyond it */

    assert_non_null(copy);
    memcpy(copy, bytes, len);
    explain_frame(text, copy, len, len);
    free(copy);
    assert_string_equal(text, expected);
}

#define MACS  "\2\0\0\0\0\2\2\0\0\0\0\1"
#define IPV4  "\x45\0\0\0\0\0"
#define HOSTS "\12\0\0\1\12\0\0\2"

static void frames_of_each_protocol_are_described(void **state)
{
    (void)state;
    expect_frame("a frame of 13 bytes", MACS "\x08", 13);
    expect_frame("02:00:00:00:00:01 > 02:00:00:00:00:02 EtherType 0x88cc, 15 bytes",
                 MACS "\x88\xcc\1", 15);
    expect_frame("10.0.0.1 port 513 > 10.0.0.2 port 7 TCP SYN,ACK, 48 bytes",
                 MACS "\x08\0" IPV4 "\0\0\100\6\0\0" HOSTS "\2\1\0\7\0\0\0\0\0\0\0\0\x50\x12", 48);
    expect_frame("10.0.0.1 port 513 > 10.0.0.2 port 7 TCP, 38 bytes",
                 MACS "\x08\0" IPV4 "\0\0\100\6\0\0" HOSTS "\2\1\0\7", 38);
    expect_frame("10.0.0.1 > 10.0.0.2 protocol 17, a later fragment, 38 bytes",
                 MACS "\x08\0" IPV4 "\0\1\100\21\0\0" HOSTS "\2\1\0\7", 38);
    expect_frame("10.0.0.1 > 10.0.0.2 ICMP type 3 code 1, 40 bytes, VLAN 5",
                 MACS "\x81\0\0\5\x08\0" IPV4 "\0\0\100\1\0\0" HOSTS "\3\1", 40);
}

static void what_is_cut_off_is_described_by_what_there_is(void **state)
{
    (void)state;
    expect_frame("02:00:00:00:00:01 > 02:00:00:00:00:02 EtherType 0x0800, 33 bytes",
                 MACS "\x08\0" IPV4 "\0\0\100\6\0\0" HOSTS, 33);
    expect_frame("10.0.0.1 > 10.0.0.2 protocol 6, 34 bytes",
                 MACS "\x08\0" IPV4 "\0\0\100\6\0\0" HOSTS, 34);
    expect_frame("10.0.0.1 > 10.0.0.2 protocol 6, 34 bytes", /* options beyond the end */
                 MACS "\x08\0\x4f\0\0\0\0\0\0\0\100\6\0\0" HOSTS, 34);
    expect_frame("02:00:00:00:00:01 > 02:00:00:00:00:02 EtherType 0x86dd, 15 bytes",
                 MACS "\x86\xdd\x60", 15);
    expect_frame("02:00:00:00:00:01 > 02:00:00:00:00:02 EtherType 0x0806, 15 bytes",
                 MACS "\x08\6\1", 15);
    expect_frame("02:00:00:00:00:01 > 02:00:00:00:00:02 EtherType 0x8100, 17 bytes",
                 MACS "\x81\0\0\5\x08", 17);
}

static void arp_and_ipv6_are_described(void **state)
{
    uint8_t frame[62] = MACS "\x86\xdd\x60";

    (void)state;
    expect_frame("ARP request from 10.0.0.1 about 10.0.0.9, 42 bytes",
                 MACS "\x08\6\0\1\x08\0\6\4\0\1\2\0\0\0\0\1\12\0\0\1\0\0\0\0\0\0\12\0\0\11", 42);
    frame[20] = 58;
    frame[22] = frame[38] = 0xfe;
    frame[23] = frame[39] = 0x80;
    frame[37] = 1;
    frame[53] = 2;
    frame[54] = 135;
    expect_frame("fe80::1 > fe80::2 ICMPv6 type 135 code 0, 62 bytes", frame, 62);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_first_frame_of_a_reason_is_told),
        TEST(a_packet_to_ourselves_is_not_taken_for_the_frame),
        TEST(the_rest_of_the_frames_is_asked_for_at_once),
        cmocka_unit_test(frames_of_each_protocol_are_described),
        cmocka_unit_test(what_is_cut_off_is_described_by_what_there_is),
        cmocka_unit_test(arp_and_ipv6_are_described),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
