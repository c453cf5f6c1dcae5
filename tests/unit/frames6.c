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

    return frame_sum(packet + 8, 32 + len, len + packet[6]);
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

struct frame frame_udp6(struct leat_ip src, uint16_t src_port, struct leat_ip dst,
                        uint16_t dst_port, const void *data, uint32_t len)
{
    uint8_t datagram[1600] = {0};
    struct frame frame;

    frame_put16(datagram, src_port);
    frame_put16(datagram + 2, dst_port);
    frame_put16(datagram + 4, 8 + len);
    memcpy(datagram + 8, data, len);
    frame = frame_ip6(17, src, dst, datagram, 8 + len);
    frame_put16(frame.bytes + FRAME6_L4 + 6, sum_of(frame.bytes + 14));
    return frame;
}

struct frame frame_tcp6(struct leat_ip src, struct leat_ip dst, const struct frame_segment *segment,
                        const void *data, uint32_t len)
{
    const struct frame plain = frame_tcp(segment, data, len);
    struct frame frame =
        frame_ip6(6, src, dst, plain.bytes + FRAME_L4,
                  FRAME_IP + frame_get16(plain.bytes + FRAME_IP + 2) - (uint32_t)FRAME_L4);

    frame_put16(frame.bytes + FRAME6_L4 + 16, 0);
    frame_put16(frame.bytes + FRAME6_L4 + 16, sum_of(frame.bytes + 14));
    return frame;
}

void frame_is_ip6(const struct fake_frame *sent, uint8_t next_header)
{
    const uint8_t *packet = sent->bytes + 14;

    assert_int_equal(frame_get16(sent->bytes + 12), 0x86dd);
    assert_int_equal(packet[0] >> 4, 6);
    assert_int_equal(sent->len, 54 + frame_get16(packet + 4));
    assert_int_equal(packet[6], next_header);
    assert_int_equal(sum_of(packet), 0);
}

uint8_t frame_icmp6_type(const struct fake_frame *sent)
{
    frame_is_ip6(sent, 58);
    return sent->bytes[FRAME6_L4];
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
