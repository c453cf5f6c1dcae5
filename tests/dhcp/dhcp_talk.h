/*
 * dhcp_talk.h -- a DHCP client of the stack, with servers played by the test, byte by byte.
 *
 *      talk_setup, talk_teardown      of every test; a test that wants another configuration takes
 *                                     talk_setup_later, changes talk->config, calls talk_begin
 *      talk_start                     leat_dhcp_start() and the first message
 *      talk_heard                     the client's last message, parsed; fails if there is none
 *      answer, answer_option, talk_feed   a server's message
 *      talk_to_bound                  all steps until the address is usable
 */
#ifndef DHCP_TALK_H
#define DHCP_TALK_H

#include "world.h"

#include <leat/dhcp.h>

#include "proto/dhcp/dhcp.h"

/* The leased address, and its server: the peer of the world. */
#define IP_GRANTED IP4(10, 0, 0, 50)
#define IP_SERVER  IP_PEER

/* A message of the client. */
struct heard {
    uint8_t type;
    leat_ip4 src, dst;
    struct leat_mac to;
    uint32_t xid;
    uint16_t secs, flags;
    leat_ip4 ciaddr;
    leat_ip4 requested, server; /* options 50 and 54; 0: absent */
    const uint8_t *options;
    uint32_t options_len;
};

/* A message of a server; members that are 0 are those of the exchange. */
struct answer {
    uint8_t bytes[1400];
    uint32_t len;
    leat_ip4 src, dst;
    uint16_t src_port;
};

enum {
    TALK_NEWS_MAX = 32
};

struct talk {
    struct world *world;
    struct leat_dhcp_config config;
    struct leat_dhcp *dhcp;
    bool refuse; /* on_lease refuses the lease */
    uint32_t asked;
    uint8_t taken[32][32]; /* [state][event]: the next state of each transition since talk_mark() */
    enum leat_dhcp_news news[TALK_NEWS_MAX];
    unsigned news_count;
    struct leat_dhcp_lease lease; /* of the last report with a lease */
    bool had_lease;
    struct heard heard;
    uint8_t heard_bytes[FAKE_FRAME_BYTES];
    uint32_t heard_count;
};

int talk_setup(void **state);
int talk_setup_later(void **state);
void talk_begin(struct talk *talk);
int talk_teardown(void **state);

/* Forgets transitions, reports and messages. */
void talk_mark(struct talk *talk);

void talk_start(struct talk *talk, const uint8_t *kept);

/* Parses all messages sent; the last one is in talk->heard. False: there was none. */
bool talk_listen(struct talk *talk);

/* The same; the message must be of @type. */
const struct heard *talk_heard(struct talk *talk, uint8_t type);

/* Option @code of the received message, beginning with its length; NULL: absent. */
const uint8_t *heard_option(const struct heard *heard, uint8_t code);

/* A reply of @type for the client's exchange, from the server. Unless it is a NAK it has the
 * address, the mask and a lease of @lease_s (0: none). */
struct answer answer(const struct talk *talk, uint8_t type, uint32_t lease_s);

/* Adds an option before the end option. */
void answer_option(struct answer *answer, uint8_t code, const void *bytes, uint32_t len);
void answer_option32(struct answer *answer, uint8_t code, uint32_t value);

/* Changes the bytes of an existing option. */
void answer_change(struct answer *answer, uint8_t code, const void *bytes, uint32_t len);

/* Delivers the message to the client. */
void talk_feed(struct talk *talk, const struct answer *answer);

/* The message of talk_feed() was counted there, and made no event. */
#define assert_ignored(talk, name)                                                                 \
    do {                                                                                           \
        assert_int_equal(leat_dhcp_counts((talk)->dhcp)->name, 1);                                 \
        assert_int_equal(leat_dhcp_counts((talk)->dhcp)->taken, 0);                                \
        assert_false(talk_listen(talk));                                                           \
    } while (0)

/* Polls at the client's next deadline. */
void talk_wait_until(struct talk *talk, uint64_t at_ns);

/* DISCOVER, OFFER, REQUEST, ACK, with a lease of @lease_s. */
void talk_to_requesting(struct talk *talk, uint32_t lease_s);
void talk_to_bound(struct talk *talk, uint32_t lease_s);

/* An OFFER is accepted without @parts of it, the first of them in option @code; the client
 * starts again. */
void talk_taken_without(struct talk *talk, const struct answer *offer, unsigned parts,
                        uint8_t code);

/* The same for an OFFER with one more option, which alone is left out. */
void talk_left_out(struct talk *talk, uint8_t code, const void *bytes, uint32_t len);

/* True if this report came since talk_mark(). */
bool talk_was_told(const struct talk *talk, enum leat_dhcp_news news);

/* Another host answers ARP for @ip. */
void talk_claim(struct talk *talk, leat_ip4 ip);

#define assert_state(talk, name) assert_string_equal(leat_dhcp_state_name((talk)->dhcp), name)

#define talk_test(function) cmocka_unit_test_setup_teardown(function, talk_setup, talk_teardown)
#define talk_test_later(function)                                                                  \
    cmocka_unit_test_setup_teardown(function, talk_setup_later, talk_teardown)

#endif
