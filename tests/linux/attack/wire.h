/*
 * wire.h -- a network device by raw frames, and a TCP of its own: as much of it as an attacker
 * needs.
 *
 * Nothing here is leat's.  The station has one MAC address and any number of addresses, for all of
 * which it answers ARP or neighbour solicitations; the kernel, which has the device too, sees these
 * frames as others'.
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

/* IPv4 addresses are in host order.  Over IPv6 each stands for one in a /64 of its own: a.b.c.d for
 * 2001:db8:AABB:CCDD::1. */
struct wire {
    int fd;
    int device; /* its index */
    uint8_t station[6];
    uint8_t server_station[6];
    uint32_t gateway;      /* ours as well: who sends to other networks sends to us */
    uint32_t first, count; /* the addresses that are ours */
    uint32_t server;
    bool v6; /* then these are the server and the gateway */
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
    const uint8_t *data; /* for sending; NULL when received */
    uint32_t len;
};

/* Opens @device and asks for the server's station; prints what is wrong and returns false. */
bool wire_open(struct wire *wire, const char *device);

/* Sends one segment; false if the device refused it: it is lost then. */
bool wire_send(struct wire *wire, const struct segment *segment);

/* Sends a datagram from @ip and @port of ours; false as above. */
bool wire_send_datagram(struct wire *wire, uint32_t ip, uint16_t port, const uint8_t *payload,
                        uint32_t len);

/* Waits until @wait_ms have passed, or a frame is here. */
void wire_wait(const struct wire *wire, int wait_ms);

/* The next TCP segment from the server to one of our addresses; false: none is here.  Answers who
 * asks for our station. */
bool wire_receive(struct wire *wire, struct segment *segment);

#endif
