/* send.c -- messages to servers (RFC 2131 table 5). */
#include <string.h>

#include "core/assert.h"
#include "core/second.h"
#include "proto/dhcp/dhcp.h"
#include "wire/bytes.h"

static const uint64_t renew_retry_ns = 60 * UINT64_C(1000000000); /* RFC 2131 4.4.5: at least
                                                                   * a minute */

/* Client identifier of RFC 4361 6.1: the IAID distinguishes our netifs, the DUID (RFC 8415
 * 11.4: DUID-LL, the same as in DHCPv6) distinguishes hosts. Both derive from MACs, so they are
 * the same after each start. */
uint32_t dhcp_client_id(const struct leat_dhcp *dhcp, uint8_t id[DHCP_CLIENT_ID_MAX])
{
    const uint8_t *mac = dhcp->netif->mac.octet;

    if (dhcp->config.client_id) {
        memcpy(id, dhcp->config.client_id, dhcp->config.client_id_bytes);
        return dhcp->config.client_id_bytes;
    }
    /* RFC 4361 6.1: 255 says that an IAID and a DUID follow. The IAID is the end of the MAC. */
    id[0] = 255;
    memcpy(id + 1, mac + 2, 4);
    put16(id + 5, 3);
    put16(id + 7, 1);
    memcpy(id + 9, service_first_mac(dhcp->stack)->octet, 6);
    return 1 + 4 + 2 + 2 + 6; /* type, IAID, and the DUID's type, hardware type and address */
}

static void put_text(struct wire_dhcp_writer *writer, uint8_t code, const char *text)
{
    uint32_t len = 0;

    while (text && text[len])
        len++;
    if (len > 0)
        wire_dhcp_put(writer, code, text, len);
}

/* Options that we request; some only if the program wants them. RFC 3442: option 121 stands
 * before option 3. */
enum wish_of {
    OF_ALL,
    OF_ROUTES,
    OF_VENDOR_CLASS,
    OF_IPV6_ONLY
};

static const struct wish {
    uint8_t code;
    uint8_t of; /* enum wish_of */
} wishes[] = {
    {DHCP_ROUTES, OF_ROUTES},    {DHCP_MASK, OF_ALL},
    {DHCP_ROUTERS, OF_ALL},      {DHCP_NAME_SERVERS, OF_ALL},
    {DHCP_HOST_NAME, OF_ALL},    {DHCP_DOMAIN_NAME, OF_ALL},
    {DHCP_MTU, OF_ALL},          {DHCP_NTP_SERVERS, OF_ALL},
    {DHCP_RENEWAL_TIME, OF_ALL}, {DHCP_REBINDING_TIME, OF_ALL},
    {DHCP_SEARCH, OF_ALL},       {DHCP_VENDOR_SPECIFIC, OF_VENDOR_CLASS},
    {DHCP_V6ONLY, OF_IPV6_ONLY},
};

enum {
    WISHES = sizeof wishes / sizeof *wishes
};

/* The requested options, and our properties: for DISCOVER, REQUEST and INFORM. */
static void put_wishes(const struct leat_dhcp *dhcp, struct wire_dhcp_writer *writer)
{
    const struct leat_dhcp_config *config = &dhcp->config;
    const bool wants[] = {[OF_ALL] = true,
                          [OF_ROUTES] = config->routes,
                          [OF_VENDOR_CLASS] = config->vendor_class != 0,
                          [OF_IPV6_ONLY] = config->ipv6_only};
    const uint16_t mtu = dhcp->netif->mtu;
    uint8_t codes[WISHES];
    unsigned count = 0;

    for (unsigned i = 0; i < WISHES; i++) {
        if (wants[wishes[i].of])
            codes[count++] = wishes[i].code;
    }
    wire_dhcp_put(writer, DHCP_PARAMETER_LIST, codes, count);
    /* RFC 2132 9.10: at least 576, including the headers; we can't receive more than 1500 */
    wire_dhcp_put16(writer, DHCP_MESSAGE_MAX, mtu < 576 ? 576 : mtu < 1500 ? mtu : 1500);
    put_text(writer, DHCP_HOST_NAME, config->host_name);
    put_text(writer, DHCP_VENDOR_CLASS, config->vendor_class);
}

static uint16_t secs_now(const struct leat_dhcp *dhcp)
{
    const uint64_t secs = dhcp_waited_ns(dhcp) / second_ns;

    return secs < UINT16_MAX ? (uint16_t)secs : UINT16_MAX;
}

/* Begins a message of @type; @ciaddr is the client IP address of RFC 2131 4.3.2. */
static void begin_message(struct leat_dhcp *dhcp, struct wire_dhcp_writer *writer, uint8_t type,
                          leat_ip4 ciaddr)
{
    /* A server or relay may be unable to send to an address that isn't configured yet. So the third
     * try, and the following ones, ask for a broadcast answer (RFC 2131 4.1). */
    const bool ask_all = dhcp->config.broadcast || dhcp->tries >= 2;
    uint8_t id[DHCP_CLIENT_ID_MAX];
    const struct wire_dhcp message = {
        .op = DHCP_BOOTREQUEST,
        .xid = dhcp->xid,
        .secs = type <= DHCP_REQUEST || type == DHCP_INFORM ? dhcp->secs : 0, /* table 5 */
        .flags = ask_all && ciaddr == IP4_ANY && type <= DHCP_REQUEST ? DHCP_BROADCAST : 0,
        .ciaddr = ciaddr,
        .chaddr = dhcp->netif->mac};

    wire_dhcp_write(writer, &message, dhcp->message, sizeof dhcp->message);
    wire_dhcp_put8(writer, DHCP_MESSAGE_TYPE, type);
    wire_dhcp_put(writer, DHCP_CLIENT_ID, id, dhcp_client_id(dhcp, id));
}

/* Sends the message to @server (IP4_BROADCAST: to all), from @from or from 0.0.0.0. */
static void send_message(struct leat_dhcp *dhcp, struct wire_dhcp_writer *writer, leat_ip4 server,
                         leat_ip4 from)
{
    const struct leat_endpoint to = leat_endpoint_of(leat_ip_v4(server), DHCP_SERVER_PORT);
    const uint32_t len = wire_dhcp_end(writer);
    struct leat_buf *payload =
        len > 0 ? leat_buf_copy(leat_pool(dhcp->stack), dhcp->message, len) : 0;

    leat_debug_assert(dhcp->tries < UINT8_MAX);
    if (leat_udp_send_from(dhcp->udp, payload, &to, leat_ip_v4(from)) == LEAT_OK)
        dhcp->counts.sent++;
    else
        dhcp->counts.unsent++;
    dhcp->tries++;
}

/* Sets the deadline of the answer. */
static void await(struct leat_dhcp *dhcp, unsigned tries_max)
{
    const uint64_t now_ns = leat_now_ns(dhcp->stack);

    leat_debug_assert(dhcp->tries > 0);
    dhcp->wait_ns = LEAT_NEVER_NS;
    dhcp->tries_max = (uint8_t)tries_max;
    dhcp->rexmt_ns = now_ns + dhcp_retry_ns(dhcp, dhcp->tries - 1u);
    /* Retransmission without a limit: the counter may stop, because the wait has its maximum
     * by then */
    if (tries_max == UINT8_MAX && dhcp->tries == UINT8_MAX)
        dhcp->tries--;
}

void dhcp_snd_DISCOVER(struct leat_dhcp *dhcp, struct dhcp_step *step)
{
    struct wire_dhcp_writer writer;

    (void)step;
    dhcp->secs = secs_now(dhcp);
    if (dhcp->config.rapid_commit) {
        /* a new xid identifies the request that is answered, since the lease begins when that
         * was sent */
        dhcp->xid = (uint32_t)leat_random(dhcp->stack);
        dhcp->asked_ns = leat_now_ns(dhcp->stack);
    }
    begin_message(dhcp, &writer, DHCP_DISCOVER, IP4_ANY);
    if (dhcp->config.rapid_commit)
        wire_dhcp_put(&writer, DHCP_RAPID_COMMIT, 0, 0);
    put_wishes(dhcp, &writer);
    send_message(dhcp, &writer, IP4_BROADCAST, IP4_ANY);
    await(dhcp, UINT8_MAX);
}

/* Broadcasts a REQUEST, so that the servers that were not chosen receive it too (RFC 2131 3.1
 * item 3). */
static void request_from_all(struct leat_dhcp *dhcp)
{
    enum {
        TRIES = 4 /* 30 s in all; RFC 2131 3.1 item 5 says a minute */
    };
    struct wire_dhcp_writer writer;

    /* All tries of a REQUEST have one xid, so an answer may be to the first one, from which the
     * lease counts. */
    if (dhcp->tries == 0)
        dhcp->asked_ns = leat_now_ns(dhcp->stack);
    if (dhcp->server_want == IP4_ANY) /* otherwise the secs of the DISCOVER (4.4.1) */
        dhcp->secs = secs_now(dhcp);
    begin_message(dhcp, &writer, DHCP_REQUEST, IP4_ANY);
    wire_dhcp_put32(&writer, DHCP_REQUESTED_IP, dhcp->ip_want);
    if (dhcp->server_want != IP4_ANY)
        wire_dhcp_put32(&writer, DHCP_SERVER_ID, dhcp->server_want);
    put_wishes(dhcp, &writer);
    send_message(dhcp, &writer, IP4_BROADCAST, IP4_ANY);
    await(dhcp, TRIES);
}

void dhcp_snd_REQUEST(struct leat_dhcp *dhcp, struct dhcp_step *step)
{
    (void)step;
    request_from_all(dhcp);
}

void dhcp_snd_REQUEST_reboot(struct leat_dhcp *dhcp, struct dhcp_step *step)
{
    (void)step;
    request_from_all(dhcp);
}

/* RFC 2131 4.4.5: waits half the time that is left until @end_ns, but at least a minute. */
static void await_until(struct leat_dhcp *dhcp, uint64_t end_ns)
{
    const uint64_t now_ns = leat_now_ns(dhcp->stack);
    const uint64_t left_ns = end_ns > now_ns ? end_ns - now_ns : 0;
    const uint64_t wait_ns = left_ns / 2 > renew_retry_ns ? left_ns / 2 : renew_retry_ns;

    dhcp->tries = 0;
    dhcp->tries_max = UINT8_MAX;
    dhcp->rexmt_ns = wait_ns < left_ns ? now_ns + wait_ns : LEAT_NEVER_NS;
}

/* Each renewal has its own xid, which tells which one was answered, and when that was sent. */
static void request_again(struct leat_dhcp *dhcp, leat_ip4 server)
{
    struct wire_dhcp_writer writer;

    dhcp->xid = (uint32_t)leat_random(dhcp->stack);
    dhcp->asked_ns = leat_now_ns(dhcp->stack);
    dhcp->secs = secs_now(dhcp);
    begin_message(dhcp, &writer, DHCP_REQUEST, leat_ip_v4_number(dhcp->lease.ip));
    put_wishes(dhcp, &writer);
    send_message(dhcp, &writer, server, leat_ip_v4_number(dhcp->lease.ip));
}

void dhcp_snd_REQUEST_renew(struct leat_dhcp *dhcp, struct dhcp_step *step)
{
    (void)step;
    if (dhcp->t1_ns != LEAT_NEVER_NS)
        dhcp->begun_ns = leat_now_ns(dhcp->stack);
    dhcp->t1_ns = LEAT_NEVER_NS;
    request_again(dhcp, leat_ip_v4_number(dhcp->lease.server));
    await_until(dhcp, dhcp->t2_ns);
}

void dhcp_snd_REQUEST_rebind(struct leat_dhcp *dhcp, struct dhcp_step *step)
{
    (void)step;
    if (dhcp->t1_ns != LEAT_NEVER_NS)
        dhcp->begun_ns = leat_now_ns(dhcp->stack);
    dhcp->t1_ns = dhcp->t2_ns = LEAT_NEVER_NS;
    /* RFC 2131 4.4.5: any server may extend the lease now */
    dhcp->server_want = IP4_ANY;
    request_again(dhcp, IP4_BROADCAST);
    await_until(dhcp, dhcp->expires_ns);
}

void dhcp_snd_DECLINE(struct leat_dhcp *dhcp, struct dhcp_step *step)
{
    struct wire_dhcp_writer writer;

    (void)step;
    dhcp->xid = (uint32_t)leat_random(dhcp->stack);
    begin_message(dhcp, &writer, DHCP_DECLINE, IP4_ANY);
    wire_dhcp_put32(&writer, DHCP_REQUESTED_IP, leat_ip_v4_number(dhcp->lease.ip));
    wire_dhcp_put32(&writer, DHCP_SERVER_ID, leat_ip_v4_number(dhcp->lease.server));
    send_message(dhcp, &writer, IP4_BROADCAST, IP4_ANY);
}

void dhcp_snd_RELEASE(struct leat_dhcp *dhcp, struct dhcp_step *step)
{
    struct wire_dhcp_writer writer;

    (void)step;
    dhcp->xid = (uint32_t)leat_random(dhcp->stack);
    begin_message(dhcp, &writer, DHCP_RELEASE, leat_ip_v4_number(dhcp->lease.ip));
    wire_dhcp_put32(&writer, DHCP_SERVER_ID, leat_ip_v4_number(dhcp->lease.server));
    send_message(dhcp, &writer, leat_ip_v4_number(dhcp->lease.server),
                 leat_ip_v4_number(dhcp->lease.ip));
}

void dhcp_snd_INFORM(struct leat_dhcp *dhcp, struct dhcp_step *step)
{
    struct wire_dhcp_writer writer;

    (void)step;
    dhcp->secs = secs_now(dhcp);
    begin_message(dhcp, &writer, DHCP_INFORM, dhcp->ip_want);
    put_wishes(dhcp, &writer);
    send_message(dhcp, &writer, IP4_BROADCAST, dhcp->ip_want);
    await(dhcp, UINT8_MAX);
}
