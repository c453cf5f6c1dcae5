/* sntp_talk.h -- an NTP client on the fake device, and up to four servers behind a router. */
#ifndef SNTP_TALK_H
#define SNTP_TALK_H

#include <leat/civil.h>
#include <leat/sntp.h>

#include "unit.h"
#include "world.h"

#define CIVIL_NS UINT64_C(1800000000123456789) /* the truth, when the clock of the world was 0 */

enum {
    SERVERS = LEAT_SNTP_SERVERS_MAX
};

/* A request as it came to a server. */
struct asked {
    bool waits; /* for an answer */
    uint16_t port;
    uint64_t transmit;
    uint64_t at_ns;
};

/* What a server says.  ntp_answer() makes one that is right. */
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
    enum leat_sntp_news news; /* the last, and its report */
    struct leat_sntp_report report;
};

/* A world with a way to the servers, and a config with all of them; no client yet. */
int talk_setup(void **state);
int talk_teardown(void **state);
#define talk_test(function) cmocka_unit_test_setup_teardown(function, talk_setup, talk_teardown)

/* Opens and starts the client with talk->config, whose first @servers are asked; reads requests. */
void talk_begin(struct talk *talk, unsigned servers);

struct leat_endpoint talk_server(unsigned index);

/* Lets time pass, and reads the requests that were sent meanwhile. */
void talk_wait(struct talk *talk, uint64_t ns);

void talk_mark(struct talk *talk);

/* The same, then lets time pass until there is a request, 20 days at most. */
void talk_next(struct talk *talk);

/* The timestamp of NTP (RFC 5905 6) of a moment since 1970. */
uint64_t ntp_timestamp(uint64_t civil_ns);

/* The truth now, and how far civil time is from it. */
uint64_t talk_truth_ns(const struct talk *talk);
int64_t talk_error_ns(const struct talk *talk);

/* An answer to the last request to this server, of a clock that is @ahead_ns too early or late. */
struct ntp ntp_answer(const struct talk *talk, unsigned index, int64_t ahead_ns);

/* Sends it now. */
void talk_answer(struct talk *talk, unsigned index, const struct ntp *ntp);

/* Both. */
void talk_answer_right(struct talk *talk, unsigned index, int64_t ahead_ns);

#endif
