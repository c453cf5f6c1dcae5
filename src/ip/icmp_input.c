/* icmp_input.c -- processes received ICMP messages: answers echo requests, passes errors to their
 * protocol, counts and ignores the rest (RFC 1122 3.2.2). */
#include "ip/icmp.h"

#include "core/checksum.h"
#include "core/writable.h"
#include "ip/ipv4.h"
#include "link/address.h"
#include "wire/bytes.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"

enum {
    QUOTE_MIN = 8, /* RFC 792: quoted bytes of the transport header */
    REPLY_HEADROOM = 40
};

/* Turns a request into its reply.  Only the type changes, so the checksum is updated, not
 * recomputed. */
static void turn_round(struct leat_buf *buf)
{
    const uint16_t old_word = get16(buf->data);

    put16(buf->data, (uint16_t)(old_word & 0xff));
    put16(buf->data + 2, checksum_update(get16(buf->data + 2), old_word, old_word & 0xff));
    /* the device's verdict was about the request */
    buf->checksum = LEAT_CHECKSUM_UNKNOWN;
}

/* A reply that shares the data of a request whose buffer can't be written.  NULL: no memory. */
static struct leat_buf *reply_apart(struct leat *stack, const struct leat_buf *request)
{
    const uint32_t data_bytes = leat_buf_total(request) - ICMP_HEADER_BYTES;
    struct leat_buf *head = leat_buf_alloc_small(&stack->pool, LEAT_BUF_HEADROOM);
    struct leat_buf *data = leat_buf_slice(request, ICMP_HEADER_BYTES, data_bytes);
    uint8_t *at = head ? leat_buf_put(head, ICMP_HEADER_BYTES) : 0;

    if (!at || !data) {
        leat_buf_free(head);
        leat_buf_free(data);
        return 0;
    }
    for (unsigned i = 0; i < ICMP_HEADER_BYTES; i++)
        at[i] = request->data[i];
    turn_round(head);
    leat_buf_append(head, data);
    return head;
}

static void echo_input(struct leat *stack, struct packet *packet)
{
    const struct ipv4_options options = {.protocol = IP_ICMP, .tos = packet->tos & 0xfc};
    struct leat_buf *reply = packet->buf;
    struct path path;

    /* RFC 1122 3.2.2.6 allows silence, which keeps us out of smurf attacks */
    if (packet->is_group) {
        stack_end(stack, packet->buf, drop_icmp_broadcast);
        return;
    }
    if (!limiter_take(&stack->icmp_echoes, stack->now_ns, 0)) {
        stack_end(stack, packet->buf, drop_icmp_limit);
        return;
    }
    if (buf_is_writable(reply) && leat_buf_headroom(reply) >= REPLY_HEADROOM) {
        stack->stats.taken_icmp++;
        turn_round(reply);
    } else {
        reply = reply_apart(stack, packet->buf);
        stack_end(stack, packet->buf, taken_icmp);
        if (!reply) {
            stack->stats.tx_no_memory++;
            return;
        }
    }
    /* the reply comes from the address that was asked (RFC 1122 3.2.2.6) */
    if (ipv4_path(stack, packet->dst, packet->src, &path) != LEAT_OK) {
        leat_buf_free(reply);
        return;
    }
    if (ipv4_output(stack, &path, &options, reply) == LEAT_OK)
        stack->stats.icmp_echo_replies++;
}

/* This is a function of its own, so that its report doesn't enlarge the stack frame of
 * error_input(). "Too big" is no failure: the transport sends smaller packets. */
COLD static __attribute__((noinline)) void note_unreachable(struct leat *stack,
                                                            const struct icmp_error *error)
{
    const struct leat_unreachable report = {.to = leat_ip_v4(error->remote_ip),
                                            .from = leat_ip_v4(error->reporter),
                                            .how = LEAT_UNREACHABLE_ICMP,
                                            .type = error->type,
                                            .code = error->code,
                                            .at_ns = stack->now_ns};

    if (icmp_error_meaning(error) != LEAT_ERR_TOO_BIG)
        unreachable_note(&stack->unreachables, &report);
}

static void error_input(struct leat *stack, struct packet *packet, const struct wire_icmp *icmp)
{
    /* an error that we sent to ourselves has its quote in a second piece */
    struct leat_buf *quote = leat_buf_consume(packet->buf, ICMP_HEADER_BYTES);
    const struct protocol *protocol;
    struct wire_ipv4 quoted;
    struct icmp_error error;

    if (!quote || !wire_ipv4_parse_quote(&quoted, quote->data, quote->len) ||
        quote->len - quoted.header_bytes < QUOTE_MIN) {
        stack_end(stack, quote, drop_icmp_format);
        return;
    }
    /* The quoted packet is ours only if its source is the address that the error was sent to. A
     * later fragment has no ports to find the sender by. Destinations that no host has aren't
     * looked up, because 240/8 are IPv6 host numbers (ip/host.h). */
    protocol = ipv4_protocol(stack, quoted.protocol);
    if (packet->is_group || quoted.src != packet->dst || ip4_is_no_host(quoted.dst) ||
        quoted.fragment_offset > 0 || !protocol) {
        stack_end(stack, quote, drop_icmp_quote);
        return;
    }
    error = (struct icmp_error){.type = icmp->type,
                                .code = icmp->code,
                                .protocol = quoted.protocol,
                                .reporter = packet->src,
                                .local_ip = quoted.src,
                                .remote_ip = quoted.dst,
                                .transport = quote->data + quoted.header_bytes,
                                .transport_bytes = quote->len - quoted.header_bytes};
    if (icmp->type == ICMP_UNREACHABLE && icmp->code == ICMP_FRAGMENTATION_NEEDED)
        error.next_hop_mtu = (uint16_t)(icmp->detail & 0xffff);
    /* the transport decides whether the quote matches data in flight (RFC 5927 4.1) */
    if (protocol->icmp_error(stack, &error)) {
        note_unreachable(stack, &error);
        stack_end(stack, quote, taken_icmp);
    } else {
        stack_end(stack, quote, drop_icmp_blind);
    }
}

void icmp_input(struct leat *stack, struct packet *packet)
{
    struct wire_icmp icmp;

    packet->buf->segment_bytes = 0; /* a device may have marked it as a super-frame of TCP */
    if (!wire_icmp_parse(&icmp, packet->buf->data, packet->buf->len)) {
        stack_end(stack, packet->buf, drop_icmp_format);
        return;
    }
    if (!checksum_agrees(checksum_list(packet->buf))) {
        stack_end(stack, packet->buf, drop_icmp_checksum);
        return;
    }
    switch (icmp.type) {
    case ICMP_ECHO:
        echo_input(stack, packet);
        break;
    case ICMP_UNREACHABLE:
    case ICMP_TIME_EXCEEDED:
    case ICMP_PARAMETER:
        error_input(stack, packet, &icmp);
        break;
    default:
        /* redirects and quenches are more often forged than real (RFC 6633; C3) */
        stack_end(stack, packet->buf, drop_icmp_type);
        break;
    }
}

enum leat_err icmp_error_meaning(const struct icmp_error *error)
{
    if (error->type != ICMP_UNREACHABLE)
        return LEAT_ERR_UNREACHABLE;
    if (error->code == ICMP_PORT_UNREACHABLE || error->code == ICMP_PROTOCOL_UNREACHABLE)
        return LEAT_ERR_REFUSED;
    return error->code == ICMP_FRAGMENTATION_NEEDED ? LEAT_ERR_TOO_BIG : LEAT_ERR_UNREACHABLE;
}

void icmp_unresolved(struct leat *stack, const struct leat_buf *packet)
{
    const struct leat_buf *piece = packet;
    const struct protocol *protocol;
    struct wire_ipv4 header;
    struct icmp_error error;
    uint32_t skip;

    if (!wire_ipv4_parse_quote(&header, packet->data, packet->len) || header.fragment_offset > 0)
        return;
    /* the header of a fragment is a piece of its own */
    skip = header.header_bytes;
    if (piece->len == skip && piece->next) {
        piece = piece->next;
        skip = 0;
    }
    protocol = ipv4_protocol(stack, header.protocol);
    if (!protocol || piece->len - skip < QUOTE_MIN)
        return;
    error = (struct icmp_error){.type = ICMP_UNREACHABLE,
                                .code = ICMP_HOST_UNREACHABLE,
                                .protocol = header.protocol,
                                .reporter = header.src,
                                .local_ip = header.src,
                                .remote_ip = header.dst,
                                .transport = piece->data + skip,
                                .transport_bytes = piece->len - skip};
    protocol->icmp_error(stack, &error);
}
