/* receive.c -- a datagram: is it one of the exchange, and which event is it? */
#include <string.h>

#include "proto/dhcp/dhcp.h"
#include "core/second.h"

static bool is_for_us(const struct leat_dhcp *dhcp, const struct wire_dhcp *message,
                      const struct leat_endpoint *peer)
{
    const struct leat_mac *ours = &dhcp->link->netif->mac;

    return message->op == DHCP_BOOTREPLY && message->xid == dhcp->xid &&
           peer->port == DHCP_SERVER_PORT && memcmp(&message->chaddr, ours, sizeof *ours) == 0;
}

/* RFC 6842 3: a server may repeat our identifier, and must not say another's. */
static bool is_our_id(const struct leat_dhcp *dhcp, const struct wire_dhcp_options *options)
{
    uint8_t ours[DHCP_CLIENT_ID_MAX], said[DHCP_CLIENT_ID_MAX];
    const int32_t len = wire_dhcp_option(options, DHCP_CLIENT_ID, said, sizeof said);

    return len < 0 ||
           (len == (int32_t)dhcp_client_id(dhcp, ours) && memcmp(said, ours, (size_t)len) == 0);
}

/* RFC 2131 table 3: OFFER, ACK and NAK name their server. */
static bool is_of_server(const struct leat_dhcp *dhcp, const struct wire_dhcp_options *options)
{
    leat_ip4 server;

    return wire_dhcp_option32(options, DHCP_SERVER_ID, &server) && !address_is_no_host(server) &&
           (dhcp->server_want == IP4_ANY || dhcp->server_want == server);
}

/* Counts what is wrong; false if something is. */
static bool is_sound(struct leat_dhcp *dhcp, enum dhcp_flaw flaw)
{
    if (flaw == DHCP_FLAW_FORMAT)
        dhcp->counts.drop_format++;
    else if (flaw == DHCP_FLAW_ADDRESS)
        dhcp->counts.drop_address++;
    else if (flaw == DHCP_FLAW_TIME)
        dhcp->counts.drop_time++;
    return flaw == DHCP_SOUND;
}

/* True for a grant that came so late that its lease has ended. */
static bool is_over(const struct leat_dhcp *dhcp)
{

    return dhcp->read.lease_s != 0 && dhcp->read.lease_s != LEAT_DHCP_FOR_EVER &&
           leat_now_ns(dhcp->stack) >= dhcp->asked_ns + dhcp->read.lease_s * second_ns;
}

static void take_grant(struct leat_dhcp *dhcp, enum dhcp_message type,
                       const struct wire_dhcp *message, const struct wire_dhcp_options *options)
{
    const bool is_rapid =
        dhcp->config.rapid_commit && wire_dhcp_option(options, DHCP_RAPID_COMMIT, 0, 0) >= 0;

    if (!is_sound(dhcp, dhcp_lease_read(dhcp, message, options)))
        return;
    if (dhcp->ip_want != IP4_ANY && leat_ip_v4_number(dhcp->read.ip) != dhcp->ip_want) {
        dhcp->counts.drop_address++;
        return;
    }
    if (type == DHCP_ACK && is_over(dhcp)) {
        dhcp->counts.drop_time++;
        return;
    }
    dhcp->counts.taken++;
    if (type == DHCP_ACK)
        dhcp_event(dhcp, is_rapid ? DHCP_rcv_rapid_ACK : DHCP_rcv_ACK);
    else
        dhcp_event(dhcp, dhcp->read.ipv6_only_s ? DHCP_rcv_IPv6_only : DHCP_rcv_OFFER);
}

/* RFC 2131 3.1, in this order: well formed, ours, of a server, sound; so one end comes twice. */
static void take_message(struct leat_dhcp *dhcp, const uint8_t *bytes, uint32_t len,
                         const struct leat_endpoint *peer)
{
    struct wire_dhcp_options options;
    struct wire_dhcp message;
    uint8_t type = 0;

    /* NOLINTBEGIN(bugprone-branch-clone) */
    if (!wire_dhcp_parse(&message, &options, bytes, len) ||
        !wire_dhcp_option8(&options, DHCP_MESSAGE_TYPE, &type)) {
        dhcp->counts.drop_format++;
    } else if (type == DHCP_FORCERENEW) {
        dhcp->counts.drop_forced++;
    } else if (!is_for_us(dhcp, &message, peer) || !is_our_id(dhcp, &options)) {
        dhcp->counts.drop_foreign++;
    } else if (type != DHCP_OFFER && type != DHCP_ACK && type != DHCP_NAK) {
        dhcp->counts.drop_format++;
    } else if (!is_of_server(dhcp, &options)) {
        dhcp->counts.drop_server++;
    } else if (type == DHCP_NAK) {
        dhcp->counts.taken++;
        dhcp_event(dhcp, DHCP_rcv_NAK);
    } else {
        take_grant(dhcp, (enum dhcp_message)type, &message, &options);
    }
    /* NOLINTEND(bugprone-branch-clone) */
}

void dhcp_on_datagram(struct leat_udp *udp, struct leat_buf *payload,
                      const struct leat_endpoint *peer, const struct leat_endpoint *local,
                      void *arg)
{
    struct leat_dhcp *dhcp = arg;

    (void)udp;
    (void)local;
    if (payload->next) /* of a pool of small buffers, or in fragments */
        take_message(dhcp, dhcp->message,
                     leat_buf_read(payload, 0, dhcp->message, sizeof dhcp->message), peer);
    else
        take_message(dhcp, payload->data, payload->len, peer);
    leat_buf_free(payload);
}
