/*
 * dhcp_talk.h -- a client of the stack, and its servers as a test plays them, byte by byte.
 *
 *      talk_setup, talk_teardown      of every test; a test that wants another configuration takes
 *                                     talk_setup_later, changes talk->config, calls talk_begin
 *      talk_start                     leat_dhcp_start() and the first message
 *      talk_heard                     the client's last message, read; fails if there is none
 *      answer, answer_option, talk_feed   a server's message
 *      talk_to_bound                  all of it until the address is usable
 */
#ifndef DHCP_TALK_H
#define DHCP_TALK_H

#include "world.h"

#include <leat/dhcp.h>

#include "proto/dhcp/dhcp.h"

/* What we are granted, and by whom: the peer of the world. */
#define IP_GRANTED IP4(10, 0, 0, 50)
#define IP_SERVER  IP_PEER

/* What the client has sent. */
struct heard {
    uint8_t type;
    leat_ip4 src, dst;
    struct leat_mac to;
    uint32_t xid;
    uint16_t secs, flags;
    leat_ip4 ciaddr;
    leat_ip4 requested, server; /* options 50 and 54; 0: not there */
    const uint8_t *options;
    uint32_t options_len;
};

/* A message of a server; what is not said is that of the exchange. */
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
    bool refuse; /* what on_lease says no to */
    uint32_t asked;
    uint8_t taken[32]
                 [32]; /* [state][event]: the next state, of each transition since talk_mark() */
    enum leat_dhcp_news news[TALK_NEWS_MAX];
    unsigned news_count;
    struct leat_dhcp_lease lease; /* of the last news that had one */
    bool had_lease;
    struct heard heard;
    uint8_t heard_bytes[FAKE_FRAME_BYTES];
    uint32_t heard_count;
};

int talk_setup(void **state);
int talk_setup_later(void **state);
void talk_begin(struct talk *talk);
int talk_teardown(void **state);

/* Forgets transitions, news and messages. */
void talk_mark(struct talk *talk);

void talk_start(struct talk *talk, const uint8_t *kept);

/* Reads all messages that were sent; the last one is in talk->heard.  False: there was none. */
bool talk_listen(struct talk *talk);

/* The same, and it must be of @type. */
const struct heard *talk_heard(struct talk *talk, uint8_t type);

/* The option @code of what was heard, or NULL: its length stands in front of it. */
const uint8_t *heard_option(const struct heard *heard, uint8_t code);

/* A reply of @type for the client's exchange: from the server, and, but for a NAK, with the
 * address, the mask and a lease of @lease_s (0: none). */
struct answer answer(const struct talk *talk, uint8_t type, uint32_t lease_s);

/* Adds an option in front of the end. */
void answer_option(struct answer *answer, uint8_t code, const void *bytes, uint32_t len);
void answer_option32(struct answer *answer, uint8_t code, uint32_t value);

/* Changes the bytes of an option that is there. */
void answer_change(struct answer *answer, uint8_t code, const void *bytes, uint32_t len);

/* It comes in, and the client looks at it. */
void talk_feed(struct talk *talk, const struct answer *answer);

/* What talk_feed() has brought was counted there, and was no event. */
#define assert_ignored(talk, name)                                                                 \
    do {                                                                                           \
        assert_int_equal(leat_dhcp_counts((talk)->dhcp)->name, 1);                                 \
        assert_int_equal(leat_dhcp_counts((talk)->dhcp)->taken, 0);                                \
        assert_false(talk_listen(talk));                                                           \
    } while (0)

/* Polls at the time that the client waits for. */
void talk_wait_until(struct talk *talk, uint64_t at_ns);

/* DISCOVER, OFFER, REQUEST, ACK, with a lease of @lease_s. */
void talk_to_requesting(struct talk *talk, uint32_t lease_s);
void talk_to_bound(struct talk *talk, uint32_t lease_s);

/* An OFFER is taken without @parts of it, the first of them in option @code; the client begins
 * again. */
void talk_taken_without(struct talk *talk, const struct answer *offer, unsigned parts,
                        uint8_t code);

/* The same of an OFFER with one more option, which alone is left out. */
void talk_left_out(struct talk *talk, uint8_t code, const void *bytes, uint32_t len);

/* True if this news was told since talk_mark(). */
bool talk_was_told(const struct talk *talk, enum leat_dhcp_news news);

/* Another host answers for @ip. */
void talk_claim(struct talk *talk, leat_ip4 ip);

#define assert_state(talk, name) assert_string_equal(leat_dhcp_state_name((talk)->dhcp), name)

#define talk_test(function) cmocka_unit_test_setup_teardown(function, talk_setup, talk_teardown)
#define talk_test_later(function)                                                                  \
    cmocka_unit_test_setup_teardown(function, talk_setup_later, talk_teardown)

#endif
