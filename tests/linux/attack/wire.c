/* wire.c -- frames by a packet socket: Ethernet, ARP, IPv4 and TCP, built and parsed by hand. */
#include "wire_inside.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    FRAME_BYTES_MAX = 65536 + 64, /* a device may carry super-frames */
    IP_BYTES = 20,
    TCP_BYTES = 20,
    UDP_BYTES = 8,
    DATAGRAM_BYTES_MAX = 512,
    MSS_OPTION_BYTES = 4,
    ARP_BYTES = 28,
    ASKS = 50, /* ARP requests for the server's MAC address, 100 ms apart */
    ASK_MS = 100,
    TRIES = 16 /* for a frame that the device has no room for */
};

static const uint8_t everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/* RFC 1071. */
uint32_t wire_sum(const uint8_t *at, size_t len, uint32_t sum)
{
    for (; len > 1; at += 2, len -= 2)
        sum += get16(at);
    return len ? sum + ((uint32_t)at[0] << 8) : sum;
}

uint16_t wire_checksum(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

bool wire_transmit(struct wire *wire, const uint8_t *frame, size_t len)
{
    struct pollfd writable = {.fd = wire->fd, .events = POLLOUT};

    for (int i = 0; i < TRIES; i++) {
        if (send(wire->fd, frame, len, MSG_DONTWAIT) == (ssize_t)len) {
            wire->frames_sent++;
            return true;
        }
        if (errno != ENOBUFS && errno != EAGAIN)
            break;
        poll(&writable, 1, 1);
    }
    wire->frames_refused++;
    return false;
}

void wire_ethernet(const struct wire *wire, uint8_t *frame, const uint8_t *to, uint16_t type)
{
    memcpy(frame, to, ETH_ALEN);
    memcpy(frame + ETH_ALEN, wire->station, ETH_ALEN);
    put16(frame + 12, type);
}

/* ---- ARP ------------------------------------------------------------------------------------ */

static void send_arp(struct wire *wire, uint16_t operation, uint32_t from, const uint8_t *station,
                     uint32_t to)
{
    static const uint8_t ethernet_ipv4[] = {0, 1, 8, 0, 6, 4};
    uint8_t frame[60] = {0};
    uint8_t *arp = frame + ETH_BYTES;

    wire_ethernet(wire, frame, station, ETHERTYPE_ARP);
    memcpy(arp, ethernet_ipv4, sizeof ethernet_ipv4);
    put16(arp + 6, operation);
    memcpy(arp + 8, wire->station, ETH_ALEN);
    put32(arp + 14, from);
    if (operation == 2)
        memcpy(arp + 18, station, ETH_ALEN);
    put32(arp + 24, to);
    wire_transmit(wire, frame, sizeof frame);
}

bool wire_is_ours(const struct wire *wire, uint32_t ip)
{
    return ip - wire->first < wire->count;
}

/* Answers a request for an address of ours; notes the server's MAC address. */
static void take_arp(struct wire *wire, const uint8_t *arp, size_t len)
{
    uint32_t sender, target;

    if (len < ARP_BYTES)
        return;
    sender = get32(arp + 14);
    target = get32(arp + 24);
    if (sender == wire->server)
        memcpy(wire->server_station, arp + 8, ETH_ALEN);
    if (get16(arp + 6) == 1 && (target == wire->gateway || wire_is_ours(wire, target)))
        send_arp(wire, 2, target, arp + 8, sender);
}

/* ---- TCP ------------------------------------------------------------------------------------ */

/* Writes the IP header; returns the sum of the pseudo-header. */
static uint32_t write_ipv4(const struct wire *wire, uint8_t *ip, uint8_t protocol, uint32_t from,
                           uint32_t len)
{
    ip[0] = 0x45;
    put16(ip + 2, IP_BYTES + len);
    put16(ip + 6, 0x4000); /* DF */
    ip[8] = 64;
    ip[9] = protocol;
    put32(ip + 12, from);
    put32(ip + 16, wire->server);
    put16(ip + 10, wire_checksum(wire_sum(ip, IP_BYTES, 0)));
    return wire_sum(ip + 12, 8, protocol + len);
}

/* Writes Ethernet and IP headers of a frame to the server; returns the sum as above. */
static uint32_t write_heads(const struct wire *wire, uint8_t *frame, uint8_t protocol,
                            uint32_t from, uint32_t len)
{
    uint8_t *ip = frame + ETH_BYTES;

    memset(ip, 0, wire->v6 ? IP6_BYTES : IP_BYTES);
    wire_ethernet(wire, frame, wire->server_station, wire->v6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP);
    return wire->v6 ? wire6_write(wire, ip, protocol, from, len)
                    : write_ipv4(wire, ip, protocol, from, len);
}

bool wire_send_datagram(struct wire *wire, uint32_t ip, uint16_t port, const uint8_t *payload,
                        uint32_t len)
{
    static uint8_t frame[ETH_BYTES + IP6_BYTES + UDP_BYTES + DATAGRAM_BYTES_MAX];
    const size_t head = ETH_BYTES + (wire->v6 ? IP6_BYTES : IP_BYTES);
    uint8_t *udp = frame + head;
    uint32_t sum;

    if (len > DATAGRAM_BYTES_MAX)
        return false;
    sum = write_heads(wire, frame, IPPROTO_UDP, ip, UDP_BYTES + len);
    put16(udp, port);
    put16(udp + 2, wire->port);
    put16(udp + 4, UDP_BYTES + len);
    put16(udp + 6, 0);
    memcpy(udp + UDP_BYTES, payload, len);
    put16(udp + 6, wire_checksum(wire_sum(udp, UDP_BYTES + len, sum)));
    return wire_transmit(wire, frame, head + UDP_BYTES + len);
}

bool wire_send(struct wire *wire, const struct segment *segment)
{
    static uint8_t frame[ETH_BYTES + IP6_BYTES + TCP_BYTES + MSS_OPTION_BYTES + TCP_MSS];
    const size_t head = ETH_BYTES + (wire->v6 ? IP6_BYTES : IP_BYTES);
    uint8_t *tcp = frame + head;
    const uint32_t option = segment->flags & TCP_SYN ? MSS_OPTION_BYTES : 0;
    const uint32_t len = TCP_BYTES + option + segment->len;
    uint32_t sum;

    sum = write_heads(wire, frame, IPPROTO_TCP, segment->ip, len);
    memset(tcp, 0, TCP_BYTES);
    put16(tcp, segment->port);
    put16(tcp + 2, wire->port);
    put32(tcp + 4, segment->seq);
    put32(tcp + 8, segment->ack);
    tcp[12] = (uint8_t)((TCP_BYTES + option) / 4 << 4);
    tcp[13] = segment->flags;
    put16(tcp + 14, segment->window);
    if (option) {
        tcp[20] = 2;
        tcp[21] = MSS_OPTION_BYTES;
        put16(tcp + 22, TCP_MSS - (uint32_t)(head - ETH_BYTES - IP_BYTES));
    }
    if (segment->len > 0)
        memcpy(tcp + TCP_BYTES + option, segment->data, segment->len);
    put16(tcp + 16, wire_checksum(wire_sum(tcp, len, sum)));
    return wire_transmit(wire, frame, head + len);
}

/* Length of the IP header, 0 if the packet is not from the server to an address of ours. The
 * pointer @total gets the length of header and payload, @to the number of our address. */
static size_t read_ipv4(const struct wire *wire, const uint8_t *ip, size_t len, size_t *total,
                        uint32_t *to)
{
    const size_t head = len > 0 ? (size_t)(ip[0] & 15) * 4 : 0;

    if (len < IP_BYTES || ip[0] >> 4 != 4 || head < IP_BYTES || ip[9] != IPPROTO_TCP ||
        get32(ip + 12) != wire->server)
        return 0;
    *total =
        get16(ip + 2) ? get16(ip + 2) : len; /* 0: a super-frame, longer than the field allows */
    *to = get32(ip + 16);
    return head;
}

/* Parses a segment of the server. Its checksums are ignored, because a local device need not
 * compute them. */
static bool read_segment(const struct wire *wire, const uint8_t *ip, size_t len,
                         struct segment *segment)
{
    size_t total = 0, offset;
    uint32_t to = 0;
    const size_t head =
        wire->v6 ? wire6_read(wire, ip, len, &total, &to) : read_ipv4(wire, ip, len, &total, &to);
    const uint8_t *tcp = ip + head;

    if (head == 0 || len < head + TCP_BYTES)
        return false;
    offset = (size_t)(tcp[12] >> 4) * 4;
    if (get16(tcp) != wire->port || !wire_is_ours(wire, to) || total > len || offset < TCP_BYTES ||
        total < head + offset)
        return false;
    *segment = (struct segment){.ip = to,
                                .port = get16(tcp + 2),
                                .seq = get32(tcp + 4),
                                .ack = get32(tcp + 8),
                                .flags = tcp[13],
                                .window = get16(tcp + 14),
                                .len = (uint32_t)(total - head - offset)};
    return true;
}

void wire_wait(const struct wire *wire, int wait_ms)
{
    struct pollfd readable = {.fd = wire->fd, .events = POLLIN};

    poll(&readable, 1, wait_ms);
}

bool wire_receive(struct wire *wire, struct segment *segment)
{
    static uint8_t frame[FRAME_BYTES_MAX];
    struct sockaddr_ll from;
    socklen_t from_bytes = sizeof from;
    ssize_t got;

    while ((got = recvfrom(wire->fd, frame, sizeof frame, MSG_DONTWAIT, (struct sockaddr *)&from,
                           &from_bytes)) >= 0) {
        const size_t len = (size_t)got;

        from_bytes = sizeof from;
        if (from.sll_pkttype == PACKET_OUTGOING || len < ETH_BYTES)
            continue;
        if (get16(frame + 12) == ETHERTYPE_ARP)
            take_arp(wire, frame + ETH_BYTES, len - ETH_BYTES);
        if (wire->v6 && get16(frame + 12) == ETHERTYPE_IPV6)
            wire6_take(wire, frame, len);
        if (get16(frame + 12) == (wire->v6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP) &&
            read_segment(wire, frame + ETH_BYTES, len - ETH_BYTES, segment)) {
            wire->frames_received++;
            return true;
        }
    }
    return false;
}

bool wire_open(struct wire *wire, const char *device)
{
    static const uint8_t nobody[6];
    struct sockaddr_ll where = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
    struct segment ignored;
    int room = 8 << 20, on = 1;

    where.sll_ifindex = wire->device = (int)if_nametoindex(device);
    wire->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (wire->fd < 0 || wire->device == 0 ||
        bind(wire->fd, (struct sockaddr *)&where, sizeof where) < 0) {
        fprintf(stderr, "attacker: packet socket on %s: %s\n", device, strerror(errno));
        return false;
    }
    setsockopt(wire->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    setsockopt(wire->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on);
    for (int i = 0; i < ASKS; i++) {
        if (wire->v6)
            wire6_ask(wire);
        else
            send_arp(wire, 1, wire->gateway, everybody, wire->server);
        usleep(ASK_MS * 1000);
        while (wire_receive(wire, &ignored)) {
        }
        if (memcmp(wire->server_station, nobody, ETH_ALEN) != 0)
            return true;
    }
    fprintf(stderr, "attacker: the server does not say which station it is\n");
    return false;
}
