/* send6.c -- messages to servers (RFC 8415 18.2), all from our link-local address to the
 * multicast address.
 */
#include <string.h>

#include "proto/dhcp/dhcp6.h"
#include "wire/bytes.h"

static const uint64_t elapsed_unit_ns = 10000000; /* RFC 8415 21.9: hundredths of a second */
static const uint64_t late_ns = 30 * UINT64_C(1000000000);

/* ff02::1:2, RFC 8415 7.1: all servers and relays on the link */
static const struct leat_ip all_servers = {{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2}};

/* The largest value stands for all longer times (RFC 8415 21.9). */
static void put_elapsed(const struct leat_dhcp6 *dhcp6, struct wire_dhcp6_writer *writer)
{
    const uint64_t elapsed = (leat_now_ns(dhcp6->stack) - dhcp6->first_ns) / elapsed_unit_ns;

    wire_dhcp6_put16(writer, DHCP6_ELAPSED_TIME,
                     elapsed < UINT16_MAX ? (uint16_t)elapsed : UINT16_MAX);
}

/* The requested options; SOL_MAX_RT and INF_MAX_RT must be requested (RFC 8415 21.24, 21.25). */
static void put_wishes(struct wire_dhcp6_writer *writer, enum dhcp6_message type)
{
    static const uint16_t by_lease[] = {DHCP6_NAME_SERVERS, DHCP6_SEARCH, DHCP6_NTP_SERVER,
                                        DHCP6_SOL_MAX_RT};
    static const uint16_t by_itself[] = {DHCP6_NAME_SERVERS, DHCP6_SEARCH, DHCP6_NTP_SERVER,
                                         DHCP6_REFRESH_TIME, DHCP6_INF_MAX_RT};
    const bool informs = type == DHCP6_INFORMATION_REQUEST;
    const uint16_t *wishes = informs ? by_itself : by_lease;
    const uint32_t count = (informs ? sizeof by_itself : sizeof by_lease) / sizeof *wishes;
    uint8_t codes[sizeof by_itself];

    _Static_assert(sizeof by_itself >= sizeof by_lease, "there is room for either");
    for (uint32_t i = 0; i < count; i++)
        put16(codes + 2 * i, wishes[i]);
    wire_dhcp6_put(writer, DHCP6_OPTION_REQUEST, codes, 2 * count);
}

/* Begins a message of @type. Opens a new exchange for it, unless the open one is of @type. */
static void begin_message(struct leat_dhcp6 *dhcp6, struct wire_dhcp6_writer *writer,
                          enum dhcp6_message type)
{
    if (dhcp6->awaits != type)
        dhcp6_open_exchange(dhcp6, type);
    wire_dhcp6_write(writer, (uint8_t)type, dhcp6->xid, dhcp6->message, sizeof dhcp6->message);
    wire_dhcp6_put(writer, DHCP6_CLIENT_ID, dhcp6->duid.bytes, dhcp6->duid.len);
    put_elapsed(dhcp6, writer);
}

/* Servers discard a Request, Renew, Decline or Release that names another server (RFC 8415 16.4,
 * 16.6, 16.8, 16.9), and a Confirm or Rebind that names any (16.5, 16.7). */
static void put_server(const struct leat_dhcp6 *dhcp6, struct wire_dhcp6_writer *writer)
{
    wire_dhcp6_put(writer, DHCP6_SERVER_ID, dhcp6->server.bytes, dhcp6->server.len);
}

static void send_message(struct leat_dhcp6 *dhcp6, const struct wire_dhcp6_writer *writer)
{
    struct leat *stack = dhcp6->stack;
    const struct leat_endpoint to = {all_servers, DHCP6_SERVER_PORT,
                                     service_zone(stack, dhcp6->netif)};
    const struct leat_ip from = service_link_local6(stack, dhcp6->netif);
    struct leat_buf *payload = writer->full || leat_ip_is_any(from)
                                   ? 0
                                   : leat_buf_copy(leat_pool(stack), dhcp6->message, writer->len);

    /* A message that can't be sent counts as a try. It is repeated after the wait, as one that was
     * lost. */
    if (leat_udp_send_from(service_dhcp6_clients(stack)->udp, payload, &to, from) == LEAT_OK)
        dhcp6->counts.sent++;
    else
        dhcp6->counts.unsent++;
    if (dhcp6->tries < UINT8_MAX)
        dhcp6->tries++;
    dhcp6_await(dhcp6);
}

void dhcp6_snd_SOLICIT(struct leat_dhcp6 *dhcp6, struct dhcp6_step *step)
{
    struct wire_dhcp6_writer writer;

    (void)step;
    begin_message(dhcp6, &writer, DHCP6_SOLICIT);
    /* all retransmissions share one xid; after so long a wait, an answer is for the last one */
    if (dhcp6->rexmt.rt_ns >= late_ns)
        dhcp6->asked_ns = leat_now_ns(dhcp6->stack);
    /* 18.2.1: an address in a Solicit is a hint, which servers may ignore. */
    wire_dhcp6_put_ia(&writer, dhcp6->iaid, leat_ip_is_any(dhcp6->kept) ? 0 : &dhcp6->kept);
    if (dhcp6->config.rapid_commit)
        wire_dhcp6_put(&writer, DHCP6_RAPID_COMMIT, 0, 0);
    put_wishes(&writer, DHCP6_SOLICIT);
    send_message(dhcp6, &writer);
}

static void request(struct leat_dhcp6 *dhcp6, struct leat_ip ip)
{
    struct wire_dhcp6_writer writer;

    begin_message(dhcp6, &writer, DHCP6_REQUEST);
    put_server(dhcp6, &writer);
    wire_dhcp6_put_ia(&writer, dhcp6->iaid, &ip);
    put_wishes(&writer, DHCP6_REQUEST);
    send_message(dhcp6, &writer);
}

void dhcp6_snd_REQUEST(struct leat_dhcp6 *dhcp6, struct dhcp6_step *step)
{
    (void)step;
    request(dhcp6, dhcp6->offered);
}

/* RFC 8415 18.2.10.1: asks the server that doesn't know our address. */
void dhcp6_snd_REQUEST_again(struct leat_dhcp6 *dhcp6, struct dhcp6_step *step)
{
    (void)step;
    /* The first message of the exchange takes the server; a retransmission keeps it. */
    if (dhcp6->awaits != DHCP6_REQUEST)
        dhcp6->server = dhcp6->read_server;
    request(dhcp6, dhcp6->lease.ip);
    dhcp6->rexmt.mrc = 0; /* the address stays ours until it expires */
}

void dhcp6_snd_RENEW(struct leat_dhcp6 *dhcp6, struct dhcp6_step *step)
{
    struct wire_dhcp6_writer writer;

    (void)step;
    if (dhcp6->awaits != DHCP6_RENEW)
        dhcp6->begun_ns = leat_now_ns(dhcp6->stack);
    /* T1 has passed, and must not become due again while this exchange is open. */
    dhcp6->t1_ns = LEAT_NEVER_NS;
    begin_message(dhcp6, &writer, DHCP6_RENEW);
    put_server(dhcp6, &writer);
    wire_dhcp6_put_ia(&writer, dhcp6->iaid, &dhcp6->lease.ip);
    put_wishes(&writer, DHCP6_RENEW);
    send_message(dhcp6, &writer);
}

static void rebind(struct leat_dhcp6 *dhcp6, struct leat_ip ip)
{
    struct wire_dhcp6_writer writer;

    begin_message(dhcp6, &writer, DHCP6_REBIND);
    wire_dhcp6_put_ia(&writer, dhcp6->iaid, &ip);
    put_wishes(&writer, DHCP6_REBIND);
    send_message(dhcp6, &writer);
}

void dhcp6_snd_REBIND_kept(struct leat_dhcp6 *dhcp6, struct dhcp6_step *step)
{
    (void)step;
    rebind(dhcp6, dhcp6->kept);
}

void dhcp6_snd_REBIND(struct leat_dhcp6 *dhcp6, struct dhcp6_step *step)
{
    (void)step;
    /* A Renew has cleared T1. If it is still set, the host has slept through T1, and the attempt
     * begins with this message. */
    if (dhcp6->t1_ns != LEAT_NEVER_NS)
        dhcp6->begun_ns = leat_now_ns(dhcp6->stack);
    dhcp6->t1_ns = dhcp6->t2_ns = LEAT_NEVER_NS;
    rebind(dhcp6, dhcp6->lease.ip);
}

void dhcp6_snd_CONFIRM(struct leat_dhcp6 *dhcp6, struct dhcp6_step *step)
{
    struct wire_dhcp6_writer writer;

    (void)step;
    begin_message(dhcp6, &writer, DHCP6_CONFIRM);
    wire_dhcp6_put_ia(&writer, dhcp6->iaid, &dhcp6->lease.ip);
    send_message(dhcp6, &writer);
}

/* The common part of Decline and Release: the server, and the address that we have withdrawn. */
static void give_back(struct leat_dhcp6 *dhcp6, enum dhcp6_message type)
{
    struct wire_dhcp6_writer writer;

    /* No deadline of the lease may end the exchange that gives the lease back. */
    if (dhcp6->awaits != type)
        dhcp6_forget_times(dhcp6);
    dhcp6->has_lease = false;
    begin_message(dhcp6, &writer, type);
    put_server(dhcp6, &writer);
    wire_dhcp6_put_ia(&writer, dhcp6->iaid, &dhcp6->lease.ip);
    send_message(dhcp6, &writer);
}

void dhcp6_snd_DECLINE(struct leat_dhcp6 *dhcp6, struct dhcp6_step *step)
{
    (void)step;
    give_back(dhcp6, DHCP6_DECLINE);
}

void dhcp6_snd_RELEASE(struct leat_dhcp6 *dhcp6, struct dhcp6_step *step)
{
    (void)step;
    give_back(dhcp6, DHCP6_RELEASE);
}

void dhcp6_snd_INFORMATION_REQUEST(struct leat_dhcp6 *dhcp6, struct dhcp6_step *step)
{
    struct wire_dhcp6_writer writer;

    (void)step;
    if (dhcp6->awaits != DHCP6_INFORMATION_REQUEST)
        dhcp6->begun_ns = leat_now_ns(dhcp6->stack);
    dhcp6->refresh_ns = LEAT_NEVER_NS;
    begin_message(dhcp6, &writer, DHCP6_INFORMATION_REQUEST);
    put_wishes(&writer, DHCP6_INFORMATION_REQUEST);
    send_message(dhcp6, &writer);
}
