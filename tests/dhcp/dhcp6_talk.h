/*
 * dhcp6_talk.h -- a DHCPv6 client of the stack, with servers played by the test, byte by byte.
 *
 *      talk6_setup, talk6_teardown     of every test; a test that wants another configuration takes
 *                                      talk6_setup_later, changes talk->config, calls talk6_begin
 *      talk6_start                     leat_dhcp6_start() and the first message
 *      talk6_heard                     the client's last message, parsed; fails if there is none
 *      answer6, answer6_..., talk6_feed   a server's message
 *      talk6_to_bound                  all steps until the address is usable
 */
#ifndef DHCP6_TALK_H
#define DHCP6_TALK_H

#include "frames6.h"

#include <leat/dhcp6.h>

#include "proto/dhcp/dhcp6.h"

/* The leased address, its server, and other facts. */
#define IP6_LEASED        ip6_of("2001:db8:5::50")
#define IP6_LEASED_OTHER  ip6_of("2001:db8:5::51")
#define IP6_SERVER        ip6_of("fe80::5")
#define TALK6_SERVER_DUID "\0\3\0\1\2\0\0\0\0\5"
#define TALK6_OTHER_DUID  "\0\3\0\1\2\0\0\0\0\6"

enum {
    TALK6_DUID_BYTES = 10,
    TALK6_NEWS_MAX = 32
};

/* A message of the client. */
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
    uint32_t ia_at; /* offset of the open association; 0: none */
    struct leat_ip src, dst;
};

struct talk6 {
    struct world *world;
    struct leat_dhcp6_config config;
    struct leat_dhcp6 *dhcp6;
    uint8_t taken[32][32]; /* [state][event]: the next state of each transition since
                            * talk6_mark() */
    enum leat_dhcp6_news news[TALK6_NEWS_MAX];
    unsigned news_count;
    struct leat_dhcp6_lease lease; /* of the last report with a lease */
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

/* Forgets transitions, reports and messages. */
void talk6_mark(struct talk6 *talk);

void talk6_start(struct talk6 *talk);

/* Parses all messages sent; the last one is in talk->heard. False: there was none. */
bool talk6_listen(struct talk6 *talk);

/* The same; the message must be of @type. */
const struct heard6 *talk6_heard(struct talk6 *talk, uint8_t type);

/* A message of @type for the client's exchange, from the server with @duid. */
struct answer6 answer6_from(const struct talk6 *talk, uint8_t type, const char *duid);
struct answer6 answer6(const struct talk6 *talk, uint8_t type);

/* Adds an option to the open association, or to the message if none is open. */
void answer6_option(struct answer6 *answer, uint16_t code, const void *bytes, uint32_t len);
void answer6_option32(struct answer6 *answer, uint16_t code, uint32_t value);
void answer6_status(struct answer6 *answer, uint16_t status);

/* Opens the client's association; answer6_close() ends it. */
void answer6_ia(struct answer6 *answer, const struct talk6 *talk, uint32_t t1_s, uint32_t t2_s);
void answer6_address(struct answer6 *answer, struct leat_ip ip, uint32_t preferred_s,
                     uint32_t valid_s);
void answer6_close(struct answer6 *answer);

/* answer6() with an association that has IP6_LEASED with this lifetime. */
struct answer6 grant6(const struct talk6 *talk, uint8_t type, uint32_t valid_s);

/* Delivers the message to the client. */
void talk6_feed(struct talk6 *talk, const struct answer6 *answer);

/* Polls at the client's next deadline. */
void talk6_wait_until(struct talk6 *talk, uint64_t at_ns);

/* Another host claims @ip. */
void talk6_claim(struct talk6 *talk, struct leat_ip ip);

/* Solicit, Advertise, Request, Reply, with a valid lifetime of @valid_s, and the check. */
void talk6_to_requesting(struct talk6 *talk);
void talk6_to_bound(struct talk6 *talk, uint32_t valid_s);

/* True if this report came since talk6_mark(). */
bool talk6_was_told(const struct talk6 *talk, enum leat_dhcp6_news news);

/* True if @ip is ours and usable. */
bool talk6_has(const struct talk6 *talk, struct leat_ip ip);

/* The last message was counted there, and made no event. */
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
