/*
 * dhcp6_talk.h -- a DHCPv6 client of the stack, and its servers as a test plays them, byte by byte.
 *
 *      talk6_setup, talk6_teardown     of every test; a test that wants another configuration takes
 *                                      talk6_setup_later, changes talk->config, calls talk6_begin
 *      talk6_start                     leat_dhcp6_start() and the first message
 *      talk6_heard                     the client's last message, read; fails if there is none
 *      answer6, answer6_..., talk6_feed   a server's message
 *      talk6_to_bound                  all of it until the address is usable
 */
#ifndef DHCP6_TALK_H
#define DHCP6_TALK_H

#include "frames6.h"

#include <leat/dhcp6.h>

#include "proto/dhcp/dhcp6.h"

/* What we are granted, by whom, and what else there is. */
#define IP6_LEASED        ip6_of("2001:db8:5::50")
#define IP6_LEASED_OTHER  ip6_of("2001:db8:5::51")
#define IP6_SERVER        ip6_of("fe80::5")
#define TALK6_SERVER_DUID "\0\3\0\1\2\0\0\0\0\5"
#define TALK6_OTHER_DUID  "\0\3\0\1\2\0\0\0\0\6"

enum {
    TALK6_DUID_BYTES = 10,
    TALK6_NEWS_MAX = 32
};

/* What the client has sent. */
struct heard6 {
    uint8_t type;
    uint32_t xid;
    struct leat_ip src;
    struct wire_dhcp6_options options; /* in talk->heard_bytes */
    bool has_server;
    bool has_ia;
    struct leat_ip ip; /* in the association; "::": none */
    uint16_t elapsed;
};

/* A message of a server. */
struct answer6 {
    uint8_t bytes[1400];
    uint32_t len;
    uint32_t ia_at; /* where the association begins that is open; 0: none */
    struct leat_ip src, dst;
};

struct talk6 {
    struct world *world;
    struct leat_dhcp6_config config;
    struct leat_dhcp6 *dhcp6;
    uint8_t taken[32][32]; /* [state][event]: the next state, of each since talk6_mark() */
    enum leat_dhcp6_news news[TALK6_NEWS_MAX];
    unsigned news_count;
    struct leat_dhcp6_lease lease; /* of the last news that had one */
    bool had_lease;
    struct leat_ip us; /* our link-local address */
    struct heard6 heard;
    uint8_t heard_bytes[FAKE_FRAME_BYTES];
    uint32_t heard_count;
};

int talk6_setup(void **state);
int talk6_setup_later(void **state);
void talk6_begin(struct talk6 *talk);
int talk6_teardown(void **state);

/* Forgets transitions, news and messages. */
void talk6_mark(struct talk6 *talk);

void talk6_start(struct talk6 *talk);

/* Reads all messages that were sent; the last one is in talk->heard.  False: there was none. */
bool talk6_listen(struct talk6 *talk);

/* The same, and it must be of @type. */
const struct heard6 *talk6_heard(struct talk6 *talk, uint8_t type);

/* A message of @type for the client's exchange, from the server with @duid. */
struct answer6 answer6_from(const struct talk6 *talk, uint8_t type, const char *duid);
struct answer6 answer6(const struct talk6 *talk, uint8_t type);

/* Adds an option: to the association that is open, or else to the message. */
void answer6_option(struct answer6 *answer, uint16_t code, const void *bytes, uint32_t len);
void answer6_option32(struct answer6 *answer, uint16_t code, uint32_t value);
void answer6_status(struct answer6 *answer, uint16_t status);

/* Opens the client's association; answer6_close() ends it. */
void answer6_ia(struct answer6 *answer, const struct talk6 *talk, uint32_t t1_s, uint32_t t2_s);
void answer6_address(struct answer6 *answer, struct leat_ip ip, uint32_t preferred_s,
                     uint32_t valid_s);
void answer6_close(struct answer6 *answer);

/* answer6() with an association that has IP6_LEASED for so long. */
struct answer6 grant6(const struct talk6 *talk, uint8_t type, uint32_t valid_s);

/* It comes in, and the client looks at it. */
void talk6_feed(struct talk6 *talk, const struct answer6 *answer);

/* Polls at the time that the client waits for. */
void talk6_wait_until(struct talk6 *talk, uint64_t at_ns);

/* Another host says that it has @ip. */
void talk6_claim(struct talk6 *talk, struct leat_ip ip);

/* Solicit, Advertise, Request, Reply, with a valid lifetime of @valid_s, and the check. */
void talk6_to_requesting(struct talk6 *talk);
void talk6_to_bound(struct talk6 *talk, uint32_t valid_s);

/* True if this news was told since talk6_mark(). */
bool talk6_was_told(const struct talk6 *talk, enum leat_dhcp6_news news);

/* True if @ip is ours and may be used. */
bool talk6_has(const struct talk6 *talk, struct leat_ip ip);

/* What was fed was counted there, and was no event. */
#define assert_ignored6(talk, name)                                                                \
    do {                                                                                           \
        assert_int_equal(leat_dhcp6_counts((talk)->dhcp6)->name, 1);                               \
        assert_int_equal(leat_dhcp6_counts((talk)->dhcp6)->taken, 0);                              \
        assert_false(talk6_listen(talk));                                                          \
    } while (0)

#define assert_state6(talk, name) assert_string_equal(leat_dhcp6_state_name((talk)->dhcp6), name)

#define talk6_test(function) cmocka_unit_test_setup_teardown(function, talk6_setup, talk6_teardown)
#define talk6_test_later(function)                                                                 \
    cmocka_unit_test_setup_teardown(function, talk6_setup_later, talk6_teardown)

#endif
