/*
 * icmp_error.c -- the limiter of errors, and messages that quote a packet.
 *
 * A quote is a view of the packet that it is about, so an error copies nothing. The headers of that
 * packet are still in memory in front of its buffer.
 */
#include "ip/icmp_error.h"

bool icmp_error_take(struct leat *stack)
{
    /* The noise is for attackers that count our errors. They could else tell which of their guesses
     * used one up, and so find open ports (SAD DNS, CVE-2020-25705). */
    if (limiter_take(&stack->icmp_errors, stack->now_ns, leat_random(stack)))
        return true;
    stack->stats.icmp_errors_limited++;
    return false;
}

/* Uncovers the headers for the slice and covers them again; @packet is as before afterwards. */
static struct leat_buf *quote_of(struct leat_buf *packet, uint32_t header_bytes, uint32_t most)
{
    struct leat_buf *quote;
    uint32_t total;

    leat_buf_push(packet, header_bytes);
    total = leat_buf_total(packet);
    quote = leat_buf_slice(packet, 0, total < most ? total : most);
    leat_buf_pull(packet, header_bytes);
    return quote;
}

struct leat_buf *icmp_error_about(struct leat *stack, const struct wire_icmp *icmp,
                                  struct leat_buf *packet, uint32_t header_bytes,
                                  uint32_t quote_bytes_max)
{
    struct leat_buf *message = leat_buf_alloc_small(&stack->pool, LEAT_BUF_HEADROOM);
    struct leat_buf *quote = message ? quote_of(packet, header_bytes, quote_bytes_max) : 0;
    uint8_t *at = quote ? leat_buf_put(message, ICMP_HEADER_BYTES) : 0;

    if (!at) {
        stack->stats.tx_no_memory++;
        leat_buf_free(quote);
        leat_buf_free(message);
        return 0;
    }
    wire_icmp_emit(icmp, at);
    leat_buf_append(message, quote);
    return message;
}
