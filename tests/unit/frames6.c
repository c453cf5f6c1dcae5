/* frames6.c -- legal frames of IPv6. */
#include "frames6.h"

struct leat_ip ip6_of(const char *text)
{
    struct leat_ip ip;

    assert_true(leat_ip_parse(text, &ip));
    return ip;
}

struct leat_ip ip6_asked(struct leat_ip ip)
{
    struct leat_ip group = ip6_of("ff02::1:ff00:0");

    memcpy(group.bytes + 13, ip.bytes + 13, 3);
    return group;
}

struct frame frame_ip6(uint8_t next_header, struct leat_ip src, struct leat_ip dst,
                       const void *payload, uint32_t len)
{
    uint8_t packet[2000] = {0x60};
    struct frame frame;

    frame_put16(packet + 4, len);
    packet[6] = next_header;
    packet[7] = 64;
    memcpy(packet + 8, src.bytes, 16);
    memcpy(packet + 24, dst.bytes, 16);
    memcpy(packet + 40, payload, len);
    frame = frame_ethernet(0x86dd, packet, 40 + len);
    if (leat_ip_is_multicast(dst)) {
        frame.bytes[0] = frame.bytes[1] = 0x33;
        memcpy(frame.bytes + 2, dst.bytes + 12, 4);
    }
    return frame;
}

/* RFC 8200 8.1 */
static uint16_t sum_of(const uint8_t *packet)
{
    const uint32_t len = frame_get16(packet + 4);

    return frame_sum(packet + 8, 32 + len, len + 58);
}

void frame_icmp6_repair(struct frame *frame)
{
    frame_put16(frame->bytes + FRAME6_L4 + 2, 0);
    frame_put16(frame->bytes + FRAME6_L4 + 2, sum_of(frame->bytes + 14));
}

struct frame frame_icmp6(struct leat_ip src, struct leat_ip dst, const void *message, uint32_t len)
{
    struct frame frame = frame_ip6(58, src, dst, message, len);

    frame.bytes[21] = 255;
    frame_icmp6_repair(&frame);
    return frame;
}

struct frame frame_echo6(struct leat_ip src, struct leat_ip dst, uint32_t data_len)
{
    uint8_t message[1600] = {128, 0, 0, 0, 0x12, 0x34, 0, 1};

    for (uint32_t i = 0; i < data_len; i++)
        message[8 + i] = (uint8_t)i;
    return frame_icmp6(src, dst, message, 8 + data_len);
}

struct frame frame_ndp(uint8_t type, uint8_t flags, struct leat_ip src, struct leat_ip dst,
                       struct leat_ip target, const struct leat_mac *mac, const uint8_t *nonce)
{
    uint8_t message[40] = {type, 0, 0, 0, flags};
    uint32_t len = 24;

    memcpy(message + 8, target.bytes, 16);
    if (mac) {
        message[len] = type == 135 ? 1 : 2;
        message[len + 1] = 1;
        memcpy(message + len + 2, mac->octet, 6);
        len += 8;
    }
    if (nonce) {
        message[len] = 14;
        message[len + 1] = 1;
        memcpy(message + len + 2, nonce, 6);
        len += 8;
    }
    return frame_icmp6(src, dst, message, len);
}

uint8_t frame_icmp6_type(const struct fake_frame *sent)
{
    const uint8_t *packet = sent->bytes + 14;

    assert_int_equal(frame_get16(sent->bytes + 12), 0x86dd);
    assert_int_equal(packet[0] >> 4, 6);
    assert_int_equal(sent->len, 54 + frame_get16(packet + 4));
    assert_int_equal(packet[6], 58);
    assert_int_equal(sum_of(packet), 0);
    return packet[40];
}

struct leat_ip frame_ip6_at(const uint8_t *at)
{
    struct leat_ip ip;

    memcpy(ip.bytes, at, 16);
    return ip;
}

struct world *world6_create(void)
{
    struct world *world = world_create();

    world->with_ipv6 = true;
    for (uint8_t i = 0; i < LEAT_IPV6_SECRET_BYTES; i++)
        world->ipv6_config.secret[i] = (uint8_t)(i + 1);
    return world;
}

void world6_settle(struct world *world)
{
    const struct frame hello = frame_ndp(135, 0, IP6_PEER, ip6_asked(IP6_US), IP6_US, &MAC_PEER, 0);

    assert_int_equal(leat_address_add(world->stack, &world->dev.netif, IP6_US, 64), LEAT_OK);
    world_wait(world, 3 * second);
    world_feed(world, &hello);
    assert_ended(world, taken_ndp);
    fake_netif_forget(&world->dev);
}

int world6_setup(void **state)
{
    struct world *world = world6_create();

    world_init(world);
    world6_settle(world);
    *state = world;
    return 0;
}
