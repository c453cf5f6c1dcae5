/* receive6.c -- checks a datagram, and turns it into an event. */
#include <string.h>

#include "proto/dhcp/dhcp6.h"

/* Reads the DUID in option @code; false: absent, or of an illegal length. */
static bool read_duid(const struct wire_dhcp6_options *options, uint16_t code,
                      struct dhcp6_duid *duid)
{
    struct wire_dhcp6_option option;

    if (!wire_dhcp6_find(options, code, &option) || option.len < DHCP6_DUID_MIN ||
        option.len > DHCP6_DUID_MAX)
        return false;
    duid->len = (uint8_t)option.len;
    memcpy(duid->bytes, option.bytes, option.len);
    return true;
}

static bool is_same(const struct dhcp6_duid *a, const struct dhcp6_duid *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

/* RFC 8415 16.3, 16.10: true if it repeats our xid and client identifier, and is the type
 * that we await. */
static bool is_for_us(struct leat_dhcp6 *dhcp6, const struct wire_dhcp6 *message)
{
    const bool is_rapid = dhcp6->awaits == DHCP6_SOLICIT && message->type == DHCP6_REPLY;
    struct wire_dhcp6_option option;

    if (dhcp6->awaits == 0 || message->xid != dhcp6->xid ||
        !wire_dhcp6_find(&message->options, DHCP6_CLIENT_ID, &option) ||
        option.len != dhcp6->duid.len ||
        memcmp(option.bytes, dhcp6->duid.bytes, dhcp6->duid.len) != 0)
        return false;
    if (is_rapid)
        return dhcp6->config.rapid_commit &&
               wire_dhcp6_find(&message->options, DHCP6_RAPID_COMMIT, &option);
    return message->type == (dhcp6->awaits == DHCP6_SOLICIT ? DHCP6_ADVERTISE : DHCP6_REPLY);
}

/* True if the message has a server identifier, that of the server we asked if we asked one. */
static bool is_of_server(struct leat_dhcp6 *dhcp6, const struct wire_dhcp6 *message)
{
    const bool was_asked = dhcp6->awaits == DHCP6_REQUEST || dhcp6->awaits == DHCP6_RENEW ||
                           dhcp6->awaits == DHCP6_RELEASE || dhcp6->awaits == DHCP6_DECLINE;

    return read_duid(&message->options, DHCP6_SERVER_ID, &dhcp6->read_server) &&
           (!was_asked || is_same(&dhcp6->read_server, &dhcp6->server));
}

static void take(struct leat_dhcp6 *dhcp6, enum dhcp6_event event)
{
    dhcp6->counts.taken++;
    dhcp6_event(dhcp6, event);
}

/* Handles an Advertise, or a Reply with rapid commit. */
static void take_offer(struct leat_dhcp6 *dhcp6, const struct wire_dhcp6 *message)
{
    dhcp6->read_preference = 0;
    wire_dhcp6_find8(&message->options, DHCP6_PREFERENCE, &dhcp6->read_preference);
    if (message->type == DHCP6_REPLY)
        take(dhcp6, DHCP6_rcv_REPLY_rapid);
    else if (dhcp6->read_preference == DHCP6_PREFERENCE_MAX || dhcp6->tries > 1)
        take(dhcp6, DHCP6_rcv_ADVERTISE_now);
    else
        take(dhcp6, DHCP6_rcv_ADVERTISE);
}

/* Handles a Reply to Request, Renew or Rebind that grants nothing (RFC 8415 18.2.10.1). */
static void take_refusal(struct leat_dhcp6 *dhcp6, enum dhcp6_verdict verdict)
{
    const bool is_request = dhcp6->awaits == DHCP6_REQUEST;

    if (verdict == DHCP6_SAYS_NOTHING ||
        (!is_request && (verdict == DHCP6_SAYS_NO_ADDRS || verdict == DHCP6_SAYS_NOT_ON_LINK)))
        dhcp6->counts.drop_status++;
    else if (is_request)
        take(dhcp6, verdict == DHCP6_SAYS_NOT_ON_LINK ? DHCP6_rcv_NotOnLink : DHCP6_rcv_NoAddrs);
    else if (verdict == DHCP6_SAYS_NO_BINDING)
        take(dhcp6, DHCP6_rcv_NoBinding);
    else if (verdict == DHCP6_IS_ZERO)
        take(dhcp6, DHCP6_rcv_REPLY_zero);
    else
        dhcp6->counts.drop_address++; /* our address stays as it is */
}

static void take_grant(struct leat_dhcp6 *dhcp6, const struct wire_dhcp6 *message)
{
    const enum dhcp6_verdict verdict = dhcp6_lease_read(dhcp6, message);
    const bool grants = verdict == DHCP6_IS_OURS || verdict == DHCP6_IS_OTHER;

    if (verdict == DHCP6_FLAW_FORMAT)
        dhcp6->counts.drop_format++;
    else if (verdict == DHCP6_FLAW_TIME)
        dhcp6->counts.drop_time++;
    else if (grants && dhcp6->awaits == DHCP6_SOLICIT)
        take_offer(dhcp6, message);
    else if (grants)
        take(dhcp6, verdict == DHCP6_IS_OURS ? DHCP6_rcv_REPLY : DHCP6_rcv_REPLY_other);
    else if (dhcp6->awaits != DHCP6_SOLICIT)
        take_refusal(dhcp6, verdict);
    else if (verdict == DHCP6_IS_NONE || verdict == DHCP6_IS_ZERO) /* RFC 8415 18.2.9 */
        dhcp6->counts.drop_address++;
    else
        dhcp6->counts.drop_status++;
}

/* Handles a Reply to Confirm, Decline or Release; any status ends the latter two (18.2.10.2). */
static void take_word(struct leat_dhcp6 *dhcp6, const struct wire_dhcp6 *message)
{
    uint16_t status;

    if (!wire_dhcp6_status(&message->options, &status))
        dhcp6->counts.drop_format++;
    else if (dhcp6->awaits != DHCP6_CONFIRM || status == DHCP6_SUCCESS)
        take(dhcp6, DHCP6_rcv_REPLY_done);
    else if (status == DHCP6_NOT_ON_LINK)
        take(dhcp6, DHCP6_rcv_NotOnLink);
    else
        dhcp6->counts.drop_status++;
}

static void take_facts(struct leat_dhcp6 *dhcp6, const struct wire_dhcp6 *message)
{
    uint16_t status;

    if (!wire_dhcp6_status(&message->options, &status))
        dhcp6->counts.drop_format++;
    else if (status == DHCP6_SUCCESS)
        take(dhcp6, DHCP6_rcv_REPLY_facts);
    else
        dhcp6->counts.drop_status++;
}

/* Checks in this order: well formed, ours, from a server, sound. */
static void take_message(struct leat_dhcp6 *dhcp6, const uint8_t *bytes, uint32_t len)
{
    struct wire_dhcp6 message;

    if (!wire_dhcp6_parse(&message, bytes, len)) {
        dhcp6->counts.drop_format++;
        return;
    }
    if (message.type == DHCP6_RECONFIGURE) {
        dhcp6->counts.drop_forced++;
        return;
    }
    if (!is_for_us(dhcp6, &message)) {
        dhcp6->counts.drop_foreign++;
        return;
    }
    if (!is_of_server(dhcp6, &message)) {
        dhcp6->counts.drop_server++;
        return;
    }
    memset(&dhcp6->read, 0, sizeof dhcp6->read);
    dhcp6->read.server_bytes = dhcp6->read_server.len;
    memcpy(dhcp6->read.server, dhcp6->read_server.bytes, dhcp6->read_server.len);
    if (!dhcp6_facts_read(dhcp6, &message.options))
        dhcp6->counts.drop_format++;
    else if (dhcp6->awaits == DHCP6_INFORMATION_REQUEST)
        take_facts(dhcp6, &message);
    else if (dhcp6->awaits == DHCP6_CONFIRM || dhcp6->awaits == DHCP6_DECLINE ||
             dhcp6->awaits == DHCP6_RELEASE)
        take_word(dhcp6, &message);
    else
        take_grant(dhcp6, &message);
}

/* Finds the client of a datagram: servers answer to our link-local address, and its zone is
 * the link's number. */
static struct leat_dhcp6 *client_of(struct leat *stack, const struct leat_endpoint *local)
{
    struct dhcp6_clients *clients = stack->dhcp6_clients;

    for (unsigned i = 0; i < clients->open; i++) {
        if (local->zone > 0 && clients->all[i].link == &stack->links[local->zone - 1])
            return &clients->all[i];
    }
    return 0;
}

void dhcp6_on_datagram(struct leat_udp *udp, struct leat_buf *payload,
                       const struct leat_endpoint *peer, const struct leat_endpoint *local,
                       void *arg)
{
    struct leat *stack = arg;
    struct leat_dhcp6 *dhcp6 = client_of(stack, local);
    uint8_t *received = stack->dhcp6_clients->received;

    (void)udp;
    (void)peer;
    if (dhcp6 && payload->next) /* in small buffers, or in fragments */
        take_message(dhcp6, received, leat_buf_read(payload, 0, received, DHCP6_RECEIVED_BYTES));
    else if (dhcp6)
        take_message(dhcp6, payload->data, payload->len);
    leat_buf_free(payload);
}
