/* device.c -- a backend whose other end is a script. */
#include "device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "translate.h"

enum {
    UDP_CHECKSUM_AT = 14 + 20 + 6 /* in a transmitted frame */
};

static const uint8_t mac_stack[6] = {2, 0, 0, 0, 0, 1};
static const uint8_t mac_peer[6] = {2, 0, 0, 0, 0, 2};

static void *take_memory(size_t bytes)
{
    void *memory = calloc(1, bytes);

    if (!memory) {
        fputs("leat-script: out of memory\n", stderr);
        exit(2);
    }
    return memory;
}

static void queue_in(struct device *device, const uint8_t *bytes, uint32_t len)
{
    struct received *frame = take_memory(sizeof *frame + len + TRANSLATE_GROWTH);

    memcpy(frame->bytes, bytes, len);
    frame->len = device->is_ipv6 ? translate_to_ipv6(frame->bytes, len) : len;
    if (frame->len == 0) { /* untranslatable to IPv6 */
        free(frame);
        return;
    }
    *device->in_end = frame;
    device->in_end = &frame->next;
}

static uint32_t device_receive(struct leat_netif *netif, uint64_t now_ns, struct leat_pool *pool,
                               struct leat_buf **frames, uint32_t frames_max)
{
    struct device *device = (struct device *)(void *)netif;
    uint32_t count = 0;

    (void)now_ns;
    while (count < frames_max && device->in) {
        struct received *frame = device->in;

        frames[count] = leat_buf_copy(pool, frame->bytes, frame->len);
        if (!frames[count])
            break;
        count++;
        device->in = frame->next;
        free(frame);
    }
    if (!device->in)
        device->in_end = &device->in;
    return count;
}

static uint32_t device_transmit_room(struct leat_netif *netif)
{
    (void)netif;
    return UINT32_MAX;
}

static void keep(struct device *device, uint64_t now_ns, const struct leat_buf *frame)
{
    uint32_t len = leat_buf_total(frame);
    struct sent *sent = take_memory(sizeof *sent + len + TRANSLATE_GROWTH);

    leat_buf_read(frame, 0, sent->bytes, len);
    if (device->is_ipv6)
        len = translate_to_ipv4(sent->bytes, len);
    if (wire_answer_arp(sent->bytes, len, mac_peer)) {
        queue_in(device, sent->bytes, len);
        free(sent);
        return;
    }
    if (len == 0 || (len > 13 && sent->bytes[12] == 8 && sent->bytes[13] == 6)) { /* other ARP */
        free(sent);
        return;
    }
    sent->at_ns = now_ns;
    sent->wrong = wire_read(sent->bytes, len, &sent->packet);
    if (!sent->wrong && sent->packet.protocol == PACKET_UDP)
        device->udp_checksum =
            (uint16_t)(sent->bytes[UDP_CHECKSUM_AT] << 8 | sent->bytes[UDP_CHECKSUM_AT + 1]);
    *device->out_end = sent;
    device->out_end = &sent->next;
}

static void device_transmit(struct leat_netif *netif, uint64_t now_ns, struct leat_buf **frames,
                            uint32_t frame_count)
{
    for (uint32_t i = 0; i < frame_count; i++) {
        keep((struct device *)(void *)netif, now_ns, frames[i]);
        leat_buf_free(frames[i]);
    }
}

static uint64_t device_next_look_ns(struct leat_netif *netif, uint64_t now_ns)
{
    return ((struct device *)(void *)netif)->in ? now_ns : LEAT_NEVER_NS;
}

static void device_close(struct leat_netif *netif)
{
    device_forget((struct device *)(void *)netif);
}

static const struct leat_netif_ops device_ops = {
    .receive = device_receive,
    .transmit_room = device_transmit_room,
    .transmit = device_transmit,
    .next_look_ns = device_next_look_ns,
    .close = device_close,
};

void device_init(struct device *device, uint16_t mtu, bool is_ipv6)
{
    *device = (struct device){.is_ipv6 = is_ipv6,
                              .netif = {.ops = &device_ops,
                                        .name = "script",
                                        .mtu = (uint16_t)(mtu + (is_ipv6 ? TRANSLATE_MTU_MORE : 0)),
                                        .capabilities = LEAT_NETIF_GATHER}};
    memcpy(device->netif.mac.octet, mac_stack, sizeof mac_stack);
    device->in_end = &device->in;
    device->out_end = &device->out;
}

void device_feed(struct device *device, const struct packet *packet)
{
    uint8_t *frame = take_memory(WIRE_HEADERS_MAX + packet->len);
    struct packet whole = *packet;

    whole.quoted_checksum = device->udp_checksum;
    queue_in(device, frame, wire_build(&whole, mac_peer, mac_stack, frame));
    free(frame);
}

struct sent *device_take(struct device *device)
{
    struct sent *sent = device->out;

    if (!sent)
        return 0;
    device->out = sent->next;
    if (!device->out)
        device->out_end = &device->out;
    sent->next = 0;
    return sent;
}

void device_forget(struct device *device)
{
    struct sent *sent;

    while ((sent = device_take(device)))
        free(sent);
    while (device->in) {
        struct received *next = device->in->next;

        free(device->in);
        device->in = next;
    }
    device->in_end = &device->in;
}
