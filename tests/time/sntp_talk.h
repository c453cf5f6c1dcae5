/* sntp_talk.h -- an NTP client on the fake device, and up to four servers behind a router. */
#ifndef SNTP_TALK_H
#define SNTP_TALK_H

#include <leat/civil.h>
#include <leat/sntp.h>

#include "unit.h"
#include "world.h"

#define CIVIL_NS UINT64_C(1800000000123456789) /* true time when the world's clock was 0 */

enum {
    SERVERS = LEAT_SNTP_SERVERS_MAX
};

/* A request that a server has received. */
struct asked {
    bool waits; /* unanswered */
    uint16_t port;
    uint64_t transmit;
    uint64_t at_ns;
};

/* A server's answer; ntp_answer() makes a correct one. */
struct ntp {
    uint8_t leap, version, mode, stratum;
    uint32_t root_delay, root_dispersion, reference_id;
    uint64_t origin, receive, transmit;
    uint32_t bytes; /* length of the packet */
};

struct talk {
    struct world *world;
    struct leat_sntp *sntp;
    struct leat_sntp_config config;
    struct asked asked[SERVERS];
    unsigned requests; /* since talk_mark() */
    unsigned news_count;
    enum leat_sntp_news news; /* the last report */
    struct leat_sntp_report report;
};

/* A world with a route to the servers, and a configuration with all of them; no client yet. */
int talk_setup(void **state);
int talk_teardown(void **state);
#define talk_test(function) cmocka_unit_test_setup_teardown(function, talk_setup, talk_teardown)

/* Opens and starts the client with the first @servers of talk->config; parses its requests. */
void talk_begin(struct talk *talk, unsigned servers);

struct leat_endpoint talk_server(unsigned index);

/* Advances the time, and parses the requests sent meanwhile. */
void talk_wait(struct talk *talk, uint64_t ns);

void talk_mark(struct talk *talk);

/* The same, and then advances until there is a request, at most 20 days. */
void talk_next(struct talk *talk);

/* The NTP timestamp (RFC 5905 6) of a moment since 1970. */
uint64_t ntp_timestamp(uint64_t civil_ns);

/* True civil time, and the error of the stack's. */
uint64_t talk_truth_ns(const struct talk *talk);
int64_t talk_error_ns(const struct talk *talk);

/* An answer to the last request to this server, by a clock that is @ahead_ns fast. */
struct ntp ntp_answer(const struct talk *talk, unsigned index, int64_t ahead_ns);

/* Sends it now. */
void talk_answer(struct talk *talk, unsigned index, const struct ntp *ntp);

/* Both. */
void talk_answer_right(struct talk *talk, unsigned index, int64_t ahead_ns);

#endif
