/* accecn.c -- Accurate ECN of a connection that has agreed on it (RFC 9768). */
#include "tcp/conn/accecn.h"

#include "tcp/congestion/accecn.h"
#include "tcp/congestion/seq.h"
#include "tcp/conn/wake.h"
#include "tcp/send/emit.h"

/* Sets the count of CE marks, and CONN_CWR while its ACE field contains CWR. Hardware that cuts
 * super-frames clears CWR in all segments but the first (RFC 3168 6.1.2), so then none are sent. */
static void set_r_cep(struct leat_tcp *conn, unsigned r_cep)
{
    conn->r_cep = r_cep & ACE_MASK;
    conn->flags &= ~(unsigned)CONN_CWR;
    if (ace_flags(conn->r_cep) & TCP_CWR)
        conn->flags |= CONN_CWR;
}

uint16_t tcp_accecn_read(const struct tcp_segment *segment)
{
    const uint8_t *payload = segment->packet->buf->data;

    return segment->header.flags | wire_tcp_ae(payload - segment->header.header_bytes);
}

bool tcp_accecn_is_other(const struct tcb *tcb, const struct tcp_segment *segment)
{
    if (segment->header.flags & TCP_ACK)
        return false;
    switch (ecn_mode_of_SYN(ace_of(tcp_accecn_read(segment)))) {
    case ECN_CLASSIC:
        return tcb->flags & TCB_ACCECN;
    case ECN_ACCURATE:
        return tcb->kind == TCB_HALF && (tcb->flags & (TCB_ECN | TCB_ACCECN)) == TCB_ECN;
    case ECN_NONE:
        break;
    }
    return false;
}

static void begin(struct leat_tcp *conn)
{
    conn->s_cep = ACE_BEGIN;
    conn->flags |= CONN_ECE;
    set_r_cep(conn, ACE_BEGIN);
}

void tcp_accecn_begin(struct leat_tcp *conn, uint16_t tcp_flags, uint8_t tos)
{
    begin(conn);
    set_r_cep(conn, ace_of_handshake(
                        tos)); /* until a pure ACK has echoed the handshake's mark (3.2.2.1) */
    conn->tcb.flags |= TCB_ACE_SYN;
    if ((tcp_flags & TCP_ACK) && ace_says_mangled(ace_of(tcp_flags)))
        conn->tcb.flags &= TCB_FLAGS & ~TCB_ECN;
}

static bool is_pure_ack(const struct tcp_segment *segment)
{
    return segment->data_bytes + segment->skip_bytes == 0 && !segment->fin &&
           segment->header.sack_count == 0;
}

void tcp_accecn_promoted(struct leat_tcp *conn, struct tcp_segment *segment)
{
    const unsigned ace = ace_of(tcp_accecn_read(segment));

    begin(conn);
    if (is_pure_ack(segment)) {
        if (ace_says_mangled(ace)) /* 0 counts too: no ECN then (table 4, note 1) */
            conn->tcb.flags &= TCB_FLAGS & ~TCB_ECN;
        conn->s_cep = ace == ACE_CE ? ACE_CE : ACE_BEGIN;
    }
    tcp_accecn_take(conn, segment);
}

/* The number of segments in a super-frame; 1 for any other frame. */
static uint32_t segments_of(const struct tcp_segment *segment)
{
    const struct leat_buf *buf = segment->packet->buf;
    const uint32_t each = buf ? buf->segment_bytes : 0;
    const uint32_t bytes = segment->data_bytes + segment->skip_bytes;

    return each > 0 && bytes > each ? (bytes + each - 1) / each : 1;
}

/* 3.2.2.2: False for an ACK that a later one has superseded. */
static bool is_news(const struct leat_tcp *conn, const struct wire_tcp *header)
{
    return seq_lt(conn->snd_una, header->ack) ||
           (conn->snd_una == header->ack && seq_le(conn->snd_wl1, header->seq));
}

void tcp_accecn_take(struct leat_tcp *conn, struct tcp_segment *segment)
{
    struct wire_tcp *header = &segment->header;
    const unsigned ace = ace_of(tcp_accecn_read(segment));
    bool marked;

    if (header->flags & TCP_SYN) /* in a SYN the flags negotiate ECN */
        return;
    header->flags &= (uint16_t)~ACE_FLAGS;
    if ((segment->packet->tos & TOS_CE) == TOS_CE) { /* 3.2.2.5.1: each mark is echoed at once */
        if (conn->tcb.flags & TCB_ACE_SYN)           /* the mark of the SYN,ACK is echoed no more */
            (void)tcp_accecn_flags(conn, true);
        set_r_cep(conn, conn->r_cep + segments_of(segment));
        conn->flags |= CONN_ACK_NOW;
        tcp_want_output(conn);
    }
    if ((conn->tcb.flags & TCB_SYN_UNACKED) || !is_news(conn, header))
        return;
    marked = ace_grown(conn->s_cep, ace) > 0;
    conn->s_cep = ace & ACE_MASK;
    if (marked && (conn->tcb.flags & TCB_ECN))
        header->flags |= TCP_ECE;
}

uint16_t tcp_accecn_flags(struct leat_tcp *conn, bool is_pure)
{
    unsigned ace = conn->r_cep;

    if (!(conn->tcb.flags & TCB_ACE_SYN))
        return ace_flags(ace);
    if (!is_pure) /* data: the handshake's ACK is yet to come */
        return ace_flags(ace == ACE_CE ? ACE_CE : ACE_BEGIN);
    conn->tcb.flags &= TCB_FLAGS & ~TCB_ACE_SYN;
    set_r_cep(conn, ace == ACE_CE ? ACE_CE : ACE_BEGIN); /* table 3 */
    return ace_flags(ace);
}
