/*
 * ip_link.c -- an Ethernet of two stations for a carrier of IP packets.
 *
 *      carrier -> packet: add an Ethernet header from the other station -> stack
 *      stack   -> frame with IP: remove the header -> carrier
 *              -> request for a neighbour: answer it at the next receive()
 *              -> other frames about addresses of the link: drop them
 *
 * The stack speaks Ethernet on every link, so it has no code for links without.  Adding and
 * removing a header of 14 bytes costs less than a second path through the stack.
 */
#include <leat/assert.h>
#include <leat/ip_link.h>

#include <stdbool.h>
#include <string.h>

enum {
    ETHERNET_BYTES = 14,
    MAC_BYTES = 6,
    TYPE_AT = 12,
    TYPE_IPV4 = 0x0800,
    TYPE_ARP = 0x0806,
    TYPE_IPV6 = 0x86dd,
    ALIGN = 16,
    ANSWERS_MAX = 32, /* that wait; the stack asks again for others */
    /* RFC 826 */
    ARP_BYTES = 28,
    ARP_OPERATION_AT = 6,
    ARP_SENDER_AT = 8,
    ARP_SENDER_IP_AT = 14,
    ARP_TARGET_AT = 18,
    ARP_TARGET_IP_AT = 24,
    ARP_REQUEST = 1,
    ARP_REPLY = 2,
    /* RFC 8200 3, RFC 4861 4.3, 4.4 */
    IPV6_BYTES = 40,
    IPV6_NEXT_AT = 6,
    IPV6_SRC_AT = 8,
    IPV6_DST_AT = 24,
    PROTOCOL_ICMPV6 = 58,
    ND_SOLICITATION = 135,
    ND_ADVERTISEMENT = 136,
    ND_TARGET_AT = 8,
    ND_BYTES = 24,
    ND_OPTION_BYTES = 8,
    ND_TARGET_OPTION = 2,
    ND_SOLICITED_OVERRIDE = 0x60,
    ADDRESS_BYTES = 16
};

struct leat_ip_link {
    struct leat_netif netif; /* first: the table's functions get its address */
    struct leat_netif *carrier;
    struct leat_buf *answers[ANSWERS_MAX];
    uint32_t answer_count;
    struct leat_ip_link_counts counts;
};

static const struct leat_mac ours = {{0x02, 0x6c, 0x65, 0x61, 0x74, 0x01}};
static const struct leat_mac other = {{0x02, 0x6c, 0x65, 0x61, 0x74, 0x02}};

static struct leat_ip_link *link_of(struct leat_netif *netif)
{
    return (struct leat_ip_link *)netif; /* its first member */
}

static uint32_t get16(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 8 | bytes[1];
}

static void put16(uint8_t *bytes, uint32_t value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

static void put_header(uint8_t *at, const struct leat_mac *dst, const struct leat_mac *src,
                       uint32_t type)
{
    memcpy(at, dst->octet, MAC_BYTES);
    memcpy(at + MAC_BYTES, src->octet, MAC_BYTES);
    put16(at + TYPE_AT, type);
}

/* ---- In ---------------------------------------------------------------------------------------
 */

/* The station that a packet would be sent to on an Ethernet (RFC 1112 6.4, RFC 2464 7). */
static struct leat_mac station_of(const uint8_t *ip, bool is_v6)
{
    static const uint8_t broadcast[] = {255, 255, 255, 255};
    const uint8_t *dst = ip + (is_v6 ? (int)IPV6_DST_AT : 16);

    if (is_v6)
        return dst[0] != 0xff ? ours
                              : (struct leat_mac){{0x33, 0x33, dst[12], dst[13], dst[14], dst[15]}};
    if (memcmp(dst, broadcast, sizeof broadcast) == 0)
        return (struct leat_mac){{255, 255, 255, 255, 255, 255}};
    if (dst[0] >> 4 == 14)
        return (struct leat_mac){{0x01, 0x00, 0x5e, dst[1] & 0x7f, dst[2], dst[3]}};
    return ours;
}

/* Adds the header; false: it isn't an IP packet, or can't have one. */
static bool wrap(struct leat_buf *packet)
{
    const uint32_t version = packet->len > 0 ? packet->data[0] >> 4 : 0;
    const bool is_v6 = version == 6;
    struct leat_mac dst;

    if ((version != 4 && !is_v6) || packet->len < (is_v6 ? (uint32_t)IPV6_BYTES : 20) ||
        leat_buf_headroom(packet) < ETHERNET_BYTES)
        return false;
    dst = station_of(packet->data, is_v6);
    put_header(leat_buf_push(packet, ETHERNET_BYTES), &dst, &other, is_v6 ? TYPE_IPV6 : TYPE_IPV4);
    return true;
}

static uint32_t take_answers(struct leat_ip_link *link, struct leat_buf **frames,
                             uint32_t frames_max)
{
    const uint32_t count = link->answer_count < frames_max ? link->answer_count : frames_max;

    memcpy(frames, link->answers, count * sizeof(struct leat_buf *));
    link->answer_count -= count;
    memmove(link->answers, link->answers + count, link->answer_count * sizeof(struct leat_buf *));
    return count;
}

static uint32_t ip_link_receive(struct leat_netif *netif, uint64_t now_ns, struct leat_pool *pool,
                                struct leat_buf **frames, uint32_t frames_max)
{
    struct leat_ip_link *link = link_of(netif);
    uint32_t count = take_answers(link, frames, frames_max);
    const uint32_t come = link->carrier->ops->receive(link->carrier, now_ns, pool, frames + count,
                                                      frames_max - count);
    const uint32_t end = count + come;

    for (uint32_t i = count; i < end; i++) {
        if (wrap(frames[i])) {
            frames[count++] = frames[i];
        } else {
            link->counts.rx_malformed++;
            leat_buf_free(frames[i]);
        }
    }
    return count;
}

static uint64_t ip_link_next_look_ns(struct leat_netif *netif, uint64_t now_ns)
{
    const struct leat_ip_link *link = link_of(netif);

    if (link->answer_count > 0)
        return now_ns;
    return link->carrier->ops->next_look_ns(link->carrier, now_ns);
}

/* ---- Questions for neighbours -----------------------------------------------------------------
 */

/* Room for an answer of @len bytes, which is queued; NULL: there is none. */
static uint8_t *begin_answer(struct leat_ip_link *link, struct leat_pool *pool, uint32_t len)
{
    struct leat_buf *answer =
        link->answer_count < ANSWERS_MAX ? leat_buf_alloc_small(pool, 2) : NULL;
    uint8_t *at = answer ? leat_buf_put(answer, len) : NULL;

    if (!at) {
        leat_buf_free(answer);
        link->counts.tx_no_memory++;
        return NULL;
    }
    memset(at, 0, len);
    link->answers[link->answer_count++] = answer;
    link->counts.answered++;
    return at;
}

/* True if @arp asks for an address other than the sender's own.  Probes have no sender address, and
 * announcements ask for the sender's own (RFC 5227 2.1, 2.3). */
static bool is_arp_question(const uint8_t *arp)
{
    static const uint8_t none[4];

    return get16(arp + ARP_OPERATION_AT) == ARP_REQUEST &&
           memcmp(arp + ARP_SENDER_IP_AT, none, sizeof none) != 0 &&
           memcmp(arp + ARP_SENDER_IP_AT, arp + ARP_TARGET_IP_AT, 4) != 0;
}

static void answer_arp(struct leat_ip_link *link, const struct leat_buf *frame)
{
    uint8_t arp[ARP_BYTES], *at;

    if (leat_buf_read(frame, ETHERNET_BYTES, arp, sizeof arp) < sizeof arp ||
        !is_arp_question(arp)) {
        link->counts.tx_kept++;
        return;
    }
    at = begin_answer(link, frame->pool, ETHERNET_BYTES + ARP_BYTES);
    if (!at)
        return;
    put_header(at, &ours, &other, TYPE_ARP);
    at += ETHERNET_BYTES;
    memcpy(at, arp, ARP_OPERATION_AT);
    put16(at + ARP_OPERATION_AT, ARP_REPLY);
    memcpy(at + ARP_SENDER_AT, other.octet, MAC_BYTES);
    memcpy(at + ARP_SENDER_IP_AT, arp + ARP_TARGET_IP_AT, 4);
    memcpy(at + ARP_TARGET_AT, arp + ARP_SENDER_AT, MAC_BYTES + 4);
}

/* RFC 1071, of @len bytes (even) and the pseudo-header (RFC 8200 8.1) of the packet at @ip. */
static uint16_t checksum6(const uint8_t *ip, uint32_t len)
{
    uint32_t sum = PROTOCOL_ICMPV6 + len;

    for (uint32_t i = 0; i < 2 * ADDRESS_BYTES; i += 2)
        sum += get16(ip + IPV6_SRC_AT + i);
    for (uint32_t i = 0; i < len; i += 2)
        sum += get16(ip + IPV6_BYTES + i);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

/* Answers a solicitation; one without a source is a probe (RFC 4862 5.4.2) and has no answer. */
static void answer_solicitation(struct leat_ip_link *link, const struct leat_buf *frame,
                                const uint8_t *question)
{
    enum {
        BODY_BYTES = ND_BYTES + ND_OPTION_BYTES
    };
    static const uint8_t none[ADDRESS_BYTES];
    uint8_t *at, *body;

    if (memcmp(question + IPV6_SRC_AT, none, sizeof none) == 0) {
        link->counts.tx_kept++;
        return;
    }
    at = begin_answer(link, frame->pool, ETHERNET_BYTES + IPV6_BYTES + BODY_BYTES);
    if (!at)
        return;
    put_header(at, &ours, &other, TYPE_IPV6);
    at += ETHERNET_BYTES;
    at[0] = 6 << 4;
    put16(at + 4, BODY_BYTES);
    at[IPV6_NEXT_AT] = PROTOCOL_ICMPV6;
    at[7] = 255; /* RFC 4861 7.1.2 */
    memcpy(at + IPV6_SRC_AT, question + IPV6_BYTES + ND_TARGET_AT, ADDRESS_BYTES);
    memcpy(at + IPV6_DST_AT, question + IPV6_SRC_AT, ADDRESS_BYTES);
    body = at + IPV6_BYTES;
    body[0] = ND_ADVERTISEMENT;
    body[4] = ND_SOLICITED_OVERRIDE;
    memcpy(body + ND_TARGET_AT, question + IPV6_BYTES + ND_TARGET_AT, ADDRESS_BYTES);
    body[ND_BYTES] = ND_TARGET_OPTION;
    body[ND_BYTES + 1] = 1; /* of 8 bytes */
    memcpy(body + ND_BYTES + 2, other.octet, MAC_BYTES);
    put16(body + 2, checksum6(at, BODY_BYTES));
}

/* True if @frame is neighbour discovery about addresses of the link; then it has been handled. */
static bool is_about_neighbours(struct leat_ip_link *link, const struct leat_buf *frame)
{
    uint8_t start[IPV6_BYTES + ND_BYTES];

    if (leat_buf_read(frame, ETHERNET_BYTES, start, sizeof start) < sizeof start ||
        start[IPV6_NEXT_AT] != PROTOCOL_ICMPV6)
        return false;
    if (start[IPV6_BYTES] == ND_SOLICITATION)
        answer_solicitation(link, frame, start);
    else if (start[IPV6_BYTES] == ND_ADVERTISEMENT)
        link->counts.tx_kept++;
    else
        return false;
    return true;
}

/* ---- Out --------------------------------------------------------------------------------------
 */

/* Removes the header of @frame; false: there is nothing for the carrier. */
static bool unwrap(struct leat_ip_link *link, struct leat_buf *frame)
{
    const uint32_t type = get16(frame->data + TYPE_AT);

    if (type == TYPE_ARP) {
        answer_arp(link, frame);
        return false;
    }
    if (type == TYPE_IPV6 && is_about_neighbours(link, frame))
        return false;
    if (type != TYPE_IPV4 && type != TYPE_IPV6) {
        link->counts.tx_kept++;
        return false;
    }
    leat_buf_pull(frame, ETHERNET_BYTES);
    return true;
}

static void ip_link_transmit(struct leat_netif *netif, uint64_t now_ns, struct leat_buf **frames,
                             uint32_t frame_count)
{
    struct leat_ip_link *link = link_of(netif);
    struct leat_netif *carrier = link->carrier;

    for (uint32_t i = 0; i < frame_count; i++) {
        struct leat_buf *frame = frames[i];

        leat_debug_assert(frame->len >= ETHERNET_BYTES);
        if (unwrap(link, frame))
            carrier->ops->transmit(carrier, now_ns, &frame, 1);
        else
            leat_buf_free(frame);
    }
}

static uint32_t ip_link_transmit_room(struct leat_netif *netif)
{
    struct leat_netif *carrier = link_of(netif)->carrier;

    return carrier->ops->transmit_room(carrier);
}

/* ---- Begin and end ----------------------------------------------------------------------------
 */

static void ip_link_close(struct leat_netif *netif)
{
    struct leat_ip_link *link = link_of(netif);

    while (link->answer_count > 0)
        leat_buf_free(link->answers[--link->answer_count]);
    link->carrier->ops->close(link->carrier);
}

static const struct leat_netif_ops ip_link_ops = {.receive = ip_link_receive,
                                                  .transmit_room = ip_link_transmit_room,
                                                  .transmit = ip_link_transmit,
                                                  .next_look_ns = ip_link_next_look_ns,
                                                  .close = ip_link_close};

size_t leat_ip_link_memory_bytes(void)
{
    return sizeof(struct leat_ip_link) + ALIGN;
}

struct leat_ip_link *leat_ip_link_init(void *memory, struct leat_netif *carrier)
{
    const size_t skip = (size_t)(-(uintptr_t)memory & (ALIGN - 1));
    struct leat_ip_link *link = (struct leat_ip_link *)(void *)((uint8_t *)memory + skip);

    memset(link, 0, sizeof *link);
    link->carrier = carrier;
    link->netif = *carrier;
    link->netif.ops = &ip_link_ops;
    link->netif.mac = ours;
    link->netif.capabilities |= LEAT_NETIF_NO_PADDING;
    /* A packet without an Ethernet header has no place for a tag. */
    link->netif.capabilities &= ~(uint32_t)LEAT_NETIF_TAGGED;
    return link;
}

struct leat_netif *leat_ip_link_netif(struct leat_ip_link *link)
{
    return &link->netif;
}

const struct leat_ip_link_counts *leat_ip_link_counts(const struct leat_ip_link *link)
{
    return &link->counts;
}
