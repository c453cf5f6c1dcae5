/*
 * iperf_udp_send.c -- tests by UDP in which we send (iperf -u -R), at the rate that the client asks
 * for.
 *
 * Once a millisecond the datagrams that are due by then are sent.  The client asks by one datagram
 * and is silent until the end, so it can't be distinguished from an attacker with a forged address.
 * So a test ends after 64 KiB, and its peer gets no other one for 10 s, unless the program was
 * started with "any-rate".
 */
#include <string.h>

#include "iperf.h"

enum {
    SENDERS_MAX = 16,
    STAMP_WORDS = 4, /* id, seconds, microseconds, id (high): in front of the payload */
    USUAL_BYTES = 1470,
    BYTES_MAX = 65507,
    BURST = 64,             /* datagrams at a time: a poll then sends them before there are more */
    LASTS = 3,              /* the last one may be lost */
    UNPROVEN_BYTES = 65536, /* with headers, to a peer that may not have asked */
    IPV4_UDP_BYTES = 28,    /* so many are the headers */
    IPV6_UDP_BYTES = 48
};

static const uint64_t tick_ns = 1000000;
static const uint64_t last_again_ns = 100000000;
static const uint64_t unproven_again_ns = 10000000000;
static const uint64_t second_ns = 1000000000;

struct sender {
    struct leat_platform *platform; /* NULL: free */
    struct leat_timer timer;
    struct leat_udp *udp;
    struct leat_endpoint peer;
    struct leat_ip from;
    struct iperf_goal goal;
    uint64_t rate; /* bits a second */
    uint64_t begun_ns;
    uint64_t peer_ns; /* its clock then */
    uint64_t datagrams;
    uint32_t len;
    uint8_t lasts; /* how often the end has been sent */
    bool unproven; /* the peer's address may be forged; after the end it must wait */
    bool cut;      /* it asked for more than it gets */
    bool over;     /* it has got all that it gets */
};

static struct sender senders[SENDERS_MAX];

static struct sender *sender_of(const struct leat_endpoint *peer)
{
    for (unsigned i = 0; i < SENDERS_MAX; i++) {
        struct sender *sender = &senders[i];

        if (sender->platform && leat_endpoint_equal(&sender->peer, peer))
            return sender;
    }
    return NULL;
}

static struct sender *free_sender(void)
{
    for (unsigned i = 0; i < SENDERS_MAX; i++)
        if (!senders[i].platform)
            return &senders[i];
    return NULL;
}

static uint64_t since_ns(const struct sender *sender)
{
    return leat_now_ns(sender->platform->stack) - sender->begun_ns;
}

/* One datagram of @len bytes; false: there is no buffer for it now. */
static bool send_one(struct sender *sender, int64_t id, uint32_t len)
{
    struct leat_pool *pool = leat_pool(sender->platform->stack);
    const uint64_t clock_ns = sender->peer_ns + since_ns(sender);
    uint8_t stamp[4 * STAMP_WORDS];
    struct leat_buf *head, *data;

    iperf_put(stamp, 0, (uint32_t)((uint64_t)id & UINT32_MAX));
    iperf_put(stamp, 1, (uint32_t)(clock_ns / second_ns));
    iperf_put(stamp, 2, (uint32_t)(clock_ns % second_ns / 1000));
    iperf_put(stamp, 3, (uint32_t)((uint64_t)id >> 32));
    head = leat_buf_alloc_small(pool, LEAT_BUF_HEADROOM);
    if (!head)
        return false;
    memcpy(leat_buf_put(head, sizeof stamp), stamp, sizeof stamp);
    if (len > sizeof stamp) {
        data = leat_buf_lend(pool, iperf_pattern(), len - (uint32_t)sizeof stamp, NULL, NULL);
        if (!data) {
            leat_buf_free(head);
            return false;
        }
        leat_buf_append(head, data);
    }
    return leat_udp_send_from(sender->udp, head, &sender->peer, sender->from) == LEAT_OK;
}

static uint64_t sent_bytes(const struct sender *sender)
{
    return sender->datagrams * sender->len;
}

/* True if all has been sent, and only the end is left. */
static bool is_over(const struct sender *sender)
{
    return sent_bytes(sender) >= sender->goal.bytes ||
           leat_now_ns(sender->platform->stack) >= sender->goal.until_ns;
}

/* Says the result, once. */
static void say_result(struct sender *sender)
{
    if (sender->lasts > 0)
        return;
    iperf_say(sender->platform, &sender->peer, "sent by UDP", sent_bytes(sender), since_ns(sender));
    if (sender->cut)
        sender->platform->say(sender->platform,
                              "that was all without \"any-rate\": its address may be forged\n");
}

/* The place is free again: at once, or when an unproven peer may ask once more. */
static void end(struct sender *sender)
{
    struct leat *stack = sender->platform->stack;

    leat_timer_cancel(stack, &sender->timer);
    if (sender->unproven && !sender->over) {
        sender->over = true;
        leat_timer_set(stack, &sender->timer, leat_now_ns(stack) + unproven_again_ns);
    } else {
        sender->platform = NULL;
    }
}

/* Sends the end once more. */
static void send_last(struct sender *sender)
{
    struct leat *stack = sender->platform->stack;

    say_result(sender);
    send_one(sender, -(int64_t)(sender->datagrams + 1),
             sender->unproven ? 4 * STAMP_WORDS : sender->len);
    if (++sender->lasts == LASTS)
        end(sender);
    else
        leat_timer_set(stack, &sender->timer, leat_now_ns(stack) + last_again_ns);
}

/* Sends the datagrams that are due, and sets the timer for the next time. */
static void on_tick(struct leat_timer *timer, void *arg)
{
    struct sender *sender = arg;
    struct leat *stack = sender->platform->stack;
    const uint64_t now_ns = leat_now_ns(stack);
    const uint64_t bits = 8 * (uint64_t)sender->len;
    const uint64_t us = since_ns(sender) / 1000 + 1;
    /* in two parts, so that neither overflows in the days that a test may take */
    const uint64_t due =
        1 + (sender->rate / 1000000 * us + sender->rate % 1000000 * us / 1000000) / bits;

    if (sender->over || is_over(sender)) {
        if (sender->over)
            end(sender);
        else
            send_last(sender);
        return;
    }
    for (unsigned i = 0; i < BURST && sender->datagrams < due && !is_over(sender); i++) {
        if (!send_one(sender, (int64_t)(sender->datagrams + 1), sender->len))
            break;
        sender->datagrams++;
    }
    leat_timer_set(stack, timer, sender->datagrams < due ? now_ns : now_ns + tick_ns);
}

/* Limits a test for a peer whose address may be forged: it gets at least one datagram. */
static void limit(struct sender *sender)
{
    const uint32_t headers = leat_ip_is_v4(sender->peer.ip) ? IPV4_UDP_BYTES : IPV6_UDP_BYTES;
    const uint64_t most = UNPROVEN_BYTES / (sender->len + headers) * sender->len;

    sender->unproven = true;
    sender->cut = sender->goal.bytes > most;
    if (sender->cut)
        sender->goal.bytes = most;
}

void iperf_udp_send(struct leat_platform *platform, struct leat_udp *udp,
                    const struct leat_endpoint *peer, struct leat_ip from, const uint8_t *head,
                    uint64_t peer_ns, bool any_rate)
{
    struct sender *sender = free_sender();
    const uint64_t now_ns = leat_now_ns(platform->stack);
    const uint32_t len = iperf_get(head, IPERF_LENGTH);

    if (sender_of(peer) || !sender || len > BYTES_MAX || (len > 0 && len < 4 * STAMP_WORDS))
        return;
    *sender = (struct sender){.platform = platform,
                              .timer = {.on_time = on_tick, .arg = sender},
                              .udp = udp,
                              .peer = *peer,
                              .from = from,
                              .goal = iperf_goal(head, now_ns),
                              .rate = (uint64_t)(iperf_get(head, IPERF_RATE_HIGH) >> 8) << 32 |
                                      iperf_get(head, IPERF_RATE),
                              .begun_ns = now_ns,
                              .peer_ns = peer_ns,
                              .len = len ? len : USUAL_BYTES};
    if (!any_rate)
        limit(sender);
    leat_timer_set(platform->stack, &sender->timer, now_ns);
}

void iperf_udp_stop(struct leat_platform *platform, const struct leat_endpoint *peer)
{
    struct sender *sender = sender_of(peer);

    if (!sender || sender->platform != platform || sender->over)
        return;
    say_result(sender);
    end(sender);
}
