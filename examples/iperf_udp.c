/* iperf_udp.c -- tests by UDP: datagrams are counted, and the result is sent to the client; or the
 * client asks us to send (iperf_udp_send.c). */
#include "iperf.h"

#include <string.h>

enum {
    SESSIONS_MAX = 16,
    REPORT_WORDS = 32 /* 4 of an empty head, 28 of the report */
};

/* The head of a datagram: id (low), seconds, microseconds, id (high); then that of the test. */
enum {
    ID_LOW = 0,
    SECONDS = 1,
    MICROSECONDS = 2,
    ID_HIGH = 3,
    TEST = 4,
    HEAD_WORDS = TEST + IPERF_UDP_WORDS,
    HEAD_LEAST = 4 * (TEST + 1) /* bytes: shorter datagrams don't belong to a test */
};

/* Words of the report, which takes the place of the head of the test. */
enum {
    REPORT_FLAGS = TEST,
    REPORT_BYTES = 5, /* 64 bits, as are those with a _HIGH below */
    REPORT_SECONDS = 7,
    REPORT_LOST = 9,
    REPORT_OUT_OF_ORDER = 10,
    REPORT_DATAGRAMS = 11,
    REPORT_JITTER = 12,
    REPORT_DATAGRAMS_HIGH = 31
};

static const uint32_t wide_ids = 0x08000000; /* flag: 64 bits of id, and of the report's numbers */
static const uint64_t second_ns = 1000000000;

struct session {
    struct leat_endpoint peer; /* port 0: free */
    uint64_t begun_ns;
    uint64_t last_ns;
    uint64_t bytes;
    uint64_t datagrams; /* the highest id */
    uint64_t came;
    uint64_t out_of_order;
    int64_t transit_ns; /* of the last one; clocks differ, so only changes are meaningful */
    int64_t jitter_ns;  /* RFC 3550 6.4.1; never below 0 */
    bool ended;         /* the report has been sent, perhaps in vain */
};

static struct leat_platform *platform;
static bool any_rate;
static struct session sessions[SESSIONS_MAX];

/* The session of @peer, or a new one in the place of the one that has been idle longest. */
static struct session *session_of(const struct leat_endpoint *peer)
{
    struct session *oldest = &sessions[0];

    for (unsigned i = 0; i < SESSIONS_MAX; i++) {
        struct session *session = &sessions[i];

        if (leat_endpoint_equal(&session->peer, peer))
            return session;
        if (session->last_ns < oldest->last_ns)
            oldest = session;
    }
    *oldest = (struct session){.peer = *peer, .begun_ns = leat_now_ns(platform->stack)};
    return oldest;
}

/* The client's clock at the time of sending. */
static uint64_t time_of(const uint8_t *head)
{
    return iperf_get(head, SECONDS) * second_ns + iperf_get(head, MICROSECONDS) * UINT64_C(1000);
}

static void count(struct session *session, const uint8_t *head, uint64_t id, uint32_t len)
{
    const uint64_t now_ns = leat_now_ns(platform->stack);
    const int64_t transit_ns = (int64_t)now_ns - (int64_t)time_of(head);
    const int64_t change_ns = transit_ns - session->transit_ns;

    if (session->came > 0)
        session->jitter_ns += ((change_ns < 0 ? -change_ns : change_ns) - session->jitter_ns) / 16;
    session->transit_ns = transit_ns;
    session->last_ns = now_ns;
    session->bytes += len;
    session->came++;
    if (id > session->datagrams)
        session->datagrams = id;
    else
        session->out_of_order++;
}

static void report(struct leat_udp *udp, struct session *session, struct leat_ip from)
{
    const uint64_t ns = session->last_ns - session->begun_ns;
    const uint64_t lost =
        session->datagrams > session->came ? session->datagrams - session->came : 0;
    uint8_t words[4 * REPORT_WORDS] = {0};

    iperf_put(words, REPORT_FLAGS, IPERF_BACK | wide_ids);
    iperf_put(words, REPORT_BYTES, (uint32_t)(session->bytes >> 32));
    iperf_put(words, REPORT_BYTES + 1, (uint32_t)session->bytes);
    iperf_put(words, REPORT_SECONDS, (uint32_t)(ns / second_ns));
    iperf_put(words, REPORT_SECONDS + 1, (uint32_t)(ns % second_ns / 1000));
    iperf_put(words, REPORT_LOST, (uint32_t)lost);
    iperf_put(words, REPORT_OUT_OF_ORDER, (uint32_t)session->out_of_order);
    iperf_put(words, REPORT_DATAGRAMS, (uint32_t)session->datagrams);
    iperf_put(words, REPORT_JITTER, (uint32_t)((uint64_t)session->jitter_ns / second_ns));
    iperf_put(words, REPORT_JITTER + 1,
              (uint32_t)((uint64_t)session->jitter_ns % second_ns / 1000));
    iperf_put(words, REPORT_DATAGRAMS_HIGH, (uint32_t)(session->datagrams >> 32));
    leat_udp_send_from(udp, leat_buf_copy(leat_pool(platform->stack), words, sizeof words),
                       &session->peer, from);
    if (!session->ended)
        iperf_say(platform, &session->peer, "received by UDP", session->bytes, ns);
    session->ended = true;
}

/* True if the client wants us to send, and not to count. */
static bool is_reverse(const uint8_t *head)
{
    const uint8_t *test = head + 4 * TEST;

    return (iperf_get(test, IPERF_FLAGS) & IPERF_EXTEND) &&
           (iperf_get(test, IPERF_MORE) & IPERF_REVERSE);
}

static void on_datagram(struct leat_udp *udp, struct leat_buf *payload,
                        const struct leat_endpoint *peer, const struct leat_endpoint *local,
                        void *arg)
{
    uint8_t head[4 * HEAD_WORDS] = {0};
    const uint32_t len = leat_buf_total(payload);
    struct session *session;
    uint64_t id;
    bool last;

    (void)arg;
    leat_buf_read(payload, 0, head, sizeof head);
    leat_buf_free(payload);
    if (len < HEAD_LEAST || peer->port == local->port)
        return;
    if (is_reverse(head)) {
        iperf_udp_send(platform, udp, peer, local->ip, head + 4 * TEST, time_of(head), any_rate);
        return;
    }
    id = iperf_get(head, ID_LOW);
    last = id > INT32_MAX; /* the last has its number's complement */
    if (iperf_get(head, TEST) & wide_ids) {
        id |= (uint64_t)iperf_get(head, ID_HIGH) << 32;
        last = id > INT64_MAX;
        id = last ? UINT64_MAX - id + 1 : id;
    } else if (last) {
        id = UINT32_MAX - id + 1;
    }
    session = session_of(peer);
    if (session->ended && !last)
        *session = (struct session){.peer = *peer, .begun_ns = leat_now_ns(platform->stack)};
    if (!session->ended)
        count(session, head, id, len);
    if (last)
        report(udp, session, local->ip);
}

static void on_error(struct leat_udp *udp, enum leat_err err, const struct leat_endpoint *peer,
                     void *arg)
{
    (void)udp;
    (void)arg;
    if (err == LEAT_ERR_REFUSED)
        iperf_udp_stop(platform, peer);
}

bool iperf_udp_open(struct leat_platform *given, bool at_any_rate)
{
    static const struct leat_udp_events events = {.on_datagram = on_datagram, .on_error = on_error};
    struct leat_udp *udp;

    platform = given;
    any_rate = at_any_rate;
    return leat_udp_open(platform->stack, &udp, &events, NULL) == LEAT_OK &&
           leat_udp_bind(udp, LEAT_IP_ANY, platform->port) == LEAT_OK;
}
