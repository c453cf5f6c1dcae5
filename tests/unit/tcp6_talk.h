/* tcp6_talk.h -- a stack with TCP over IPv6, and its peers' segments. */
#ifndef TCP6_TALK_H
#define TCP6_TALK_H

#include "frames6.h"

enum {
    FIN = 1,
    SYN = 2,
    RST = 4,
    ACK = 16,
    FLAGS_AT = FRAME6_L4 + 13,
    SEQ_AT = FRAME6_L4 + 4,
    ACK_AT = FRAME6_L4 + 8,
    MSS_AT = FRAME6_L4 + 22 /* the first option of our SYNs */
};

/* A world with TCP and IPv6; @hosts: as in its configuration. */
struct world *tcp6_begin(uint32_t hosts);
int tcp6_setup(void **state);

/* The number of host entries that are held. */
uint32_t tcp6_held(const struct world *world);

void tcp6_feed(struct world *world, struct leat_ip from, const struct frame_segment *segment,
               const char *text);

/* Expects that the next frame is a segment to @to. */
const struct fake_frame *tcp6_expect(struct world *world, struct leat_ip to, uint8_t flags);

/* A listener on port 80. */
struct leat_tcp_listener *tcp6_listening(struct world *world, struct leat_ip ip);

/* A SYN to that port, with an MSS of 1,440. */
struct frame_segment tcp6_syn_from(uint16_t port);

/* The handshake of a client; returns our initial sequence number. */
uint32_t tcp6_opened_by(struct world *world, struct leat_ip from, uint16_t port);

/* An established connection to the peer's port 80. */
struct leat_tcp *tcp6_connected(struct world *world, uint32_t *iss);

#define test(function) cmocka_unit_test_setup_teardown(function, tcp6_setup, world_teardown)

#endif
