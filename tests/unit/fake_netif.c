/* fake_netif.c -- a backend made of two arrays. */
#include "fake_netif.h"

#include <string.h>

#include "frames.h"

static uint32_t fake_receive(struct leat_netif *netif, uint64_t now_ns, struct leat_pool *pool,
                             struct leat_buf **frames, uint32_t frames_max)
{
    struct fake_netif *fake = (struct fake_netif *)netif;
    uint32_t count = 0;

    (void)now_ns;
    while (count < frames_max && count < fake->rx_count) {
        const struct fake_frame *frame = &fake->rx[count];

        frames[count] = leat_buf_copy(pool, frame->bytes, frame->len);
        if (!frames[count])
            break;
        if (fake->verified)
            frames[count]->checksum = LEAT_CHECKSUM_VERIFIED;
        frames[count]->segment_bytes = fake->segment_bytes;
        count++;
    }
    fake->rx_count -= count;
    memmove(fake->rx, fake->rx + count, fake->rx_count * sizeof fake->rx[0]);
    return count;
}

static uint32_t fake_transmit_room(struct leat_netif *netif)
{
    return ((struct fake_netif *)netif)->room;
}

/* Answers an ARP request for the peer's address; false: it isn't one. */
static bool answer_arp(struct fake_netif *fake, const uint8_t *arp, uint32_t len)
{
    struct frame reply;

    if (!fake->answers_arp || len < 42 || frame_get16(arp + 12) != 0x0806 ||
        frame_get16(arp + 20) != 1 || frame_get32(arp + 38) != IP_PEER)
        return false;
    reply = frame_arp(2, &MAC_PEER, IP_PEER, IP_US);
    fake_netif_feed(fake, reply.bytes, reply.len);
    return true;
}

static void keep(struct fake_netif *fake, const struct leat_buf *frame)
{
    struct fake_frame *kept = &fake->tx[fake->tx_count];
    uint32_t len;

    if (fake->tx_count == FAKE_TX_MAX) {
        fake->lost++;
        return;
    }
    kept->len = len = leat_buf_read(frame, 0, kept->bytes, FAKE_FRAME_BYTES);
    kept->segment_bytes = frame->segment_bytes;
    kept->whole_len = kept->pieces = 0;
    do {
        kept->pieces++;
        kept->whole_len += frame->len;
        frame = frame->next;
    } while (frame);
    if (fake->from_stack) {
        kept->len = fake->from_stack(kept->bytes, len);
        kept->whole_len += kept->len - len;
    }
    if (kept->len > 0 && !answer_arp(fake, kept->bytes, kept->len))
        fake->tx_count++;
}

/* True for a report of groups to routers: hop-by-hop options in front of an ICMPv6 message, or
 * IGMP. */
static bool is_report(const struct leat_buf *frame)
{
    uint8_t bytes[55];

    if (leat_buf_read(frame, 0, bytes, sizeof bytes) < sizeof bytes)
        return false;
    return frame_get16(bytes + 12) == 0x86dd ? bytes[20] == 0 && bytes[54] == 58
                                             : frame_get16(bytes + 12) == 0x0800 && bytes[23] == 2;
}

static enum fake_kind kind_of(const struct leat_buf *frame)
{
    uint8_t bytes[55] = {0};

    leat_buf_read(frame, 0, bytes, sizeof bytes);
    if (is_report(frame))
        return FAKE_REPORT;
    if (frame_get16(bytes + 12) == 0x0806)
        return frame_get16(bytes + 20) == 1 ? FAKE_ARP_REQUEST : FAKE_ARP_REPLY;
    if (frame_get16(bytes + 12) != 0x86dd || bytes[20] != 58)
        return FAKE_OTHER;
    switch (bytes[54]) {
    case 133:
        return FAKE_ROUTER_SOLICITATION;
    case 135:
        return FAKE_SOLICITATION;
    case 136:
        return FAKE_ADVERTISEMENT;
    default:
        return FAKE_OTHER;
    }
}

static void fake_transmit(struct leat_netif *netif, uint64_t now_ns, struct leat_buf **frames,
                          uint32_t frame_count)
{
    struct fake_netif *fake = (struct fake_netif *)netif;

    (void)now_ns;
    for (uint32_t i = 0; i < frame_count; i++) {
        fake->sent[kind_of(frames[i])]++;
        if (fake->keeps_reports || !is_report(frames[i]))
            keep(fake, frames[i]);
        leat_buf_free(frames[i]);
    }
    if (fake->room != UINT32_MAX)
        fake->room -= frame_count;
}

static uint64_t fake_next_look_ns(struct leat_netif *netif, uint64_t now_ns)
{
    const struct fake_netif *fake = (struct fake_netif *)netif;

    if (fake->rx_count > 0)
        return now_ns;
    return fake->room == 0 ? fake->room_ns : LEAT_NEVER_NS;
}

static void fake_close(struct leat_netif *netif)
{
    ((struct fake_netif *)netif)->closed = true;
}

static const struct leat_netif_ops fake_ops = {
    .receive = fake_receive,
    .transmit_room = fake_transmit_room,
    .transmit = fake_transmit,
    .next_look_ns = fake_next_look_ns,
    .close = fake_close,
};

void fake_netif_init(struct fake_netif *fake)
{
    /* the arrays aren't cleared, because this runs for each input of a fuzzer */
    fake->rx_count = fake->tx_first = fake->tx_count = fake->lost = 0;
    fake->segment_bytes = 0;
    memset(fake->sent, 0, sizeof fake->sent);
    fake->verified = fake->closed = fake->answers_arp = fake->keeps_reports = false;
    fake->to_stack = fake->from_stack = 0;
    fake->netif.ops = &fake_ops;
    fake->netif.name = "fake0";
    fake->netif.mac = (struct leat_mac){{2, 0, 0, 0, 0, 1}};
    fake->netif.mtu = 1500;
    fake->netif.capabilities = LEAT_NETIF_GATHER;
    fake->room = UINT32_MAX;
    fake->room_ns = LEAT_NEVER_NS;
}

void fake_netif_feed(struct fake_netif *fake, const void *bytes, uint32_t len)
{
    struct fake_frame *frame = &fake->rx[fake->rx_count];

    if (fake->rx_count == FAKE_RX_MAX)
        return;
    frame->len = len < FAKE_FRAME_BYTES ? len : FAKE_FRAME_BYTES;
    if (frame->len > 0)
        memcpy(frame->bytes, bytes, frame->len);
    if (fake->to_stack) {
        frame->len = fake->to_stack(frame->bytes, frame->len);
        if (frame->len == 0)
            return;
    }
    fake->rx_count++;
}

const struct fake_frame *fake_netif_sent(struct fake_netif *fake)
{
    return fake->tx_first < fake->tx_count ? &fake->tx[fake->tx_first++] : 0;
}

uint32_t fake_netif_sent_count(const struct fake_netif *fake)
{
    return fake->tx_count - fake->tx_first;
}

void fake_netif_forget(struct fake_netif *fake)
{
    fake->tx_first = fake->tx_count = 0;
}
