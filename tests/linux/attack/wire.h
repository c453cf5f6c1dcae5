/*
 * wire.h -- a network device with raw frames, and a minimal TCP for an attacker.
 *
 * Nothing of leat is used here. The station has one MAC address and any number of IP addresses, for
 * all of which it answers ARP or neighbour solicitations. The kernel, which has the device too,
 * ignores these frames as they have another MAC address.
 */
#ifndef ATTACK_WIRE_H
#define ATTACK_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TCP_FIN = 0x01,
    TCP_SYN = 0x02,
    TCP_RST = 0x04,
    TCP_PSH = 0x08,
    TCP_ACK = 0x10,
    TCP_MSS = 1460
};

/* IPv4 addresses are in host order. Over IPv6 each is mapped to one in a /64 of its own:
 * a.b.c.d to 2001:db8:AABB:CCDD::1. */
struct wire {
    int fd;
    int device; /* its index */
    uint8_t station[6];
    uint8_t server_station[6];
    uint32_t gateway;      /* ours as well: the next hop for servers that route to other networks */
    uint32_t first, count; /* our addresses */
    uint32_t server;
    bool v6; /* the IPv6 addresses of server and gateway */
    uint8_t server6[16], gateway6[16];
    uint16_t port; /* of the server */
    uint64_t frames_sent, frames_refused, frames_received;
};

struct segment {
    uint32_t ip; /* of our side */
    uint16_t port;
    uint8_t flags;
    uint16_t window;
    uint32_t seq, ack;
    const uint8_t *data; /* for sending; NULL in a received segment */
    uint32_t len;
};

/* Opens @device, and resolves the server's MAC address; false after it has printed an error. */
bool wire_open(struct wire *wire, const char *device);

/* Sends one segment; false if the device refused it: it is lost. */
bool wire_send(struct wire *wire, const struct segment *segment);

/* Sends a datagram from @ip and @port of ours; false as above. */
bool wire_send_datagram(struct wire *wire, uint32_t ip, uint16_t port, const uint8_t *payload,
                        uint32_t len);

/* Waits until @wait_ms have passed, or a frame has come. */
void wire_wait(const struct wire *wire, int wait_ms);

/* The next TCP segment from the server to one of our addresses; false: there is none. Answers
 * requests for our MAC address. */
bool wire_receive(struct wire *wire, struct segment *segment);

#endif
