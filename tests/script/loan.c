/* loan.c -- data lent to the stack by MSG_ZEROCOPY, and the notices of its return. */
#include "loan.h"

#include <stdlib.h>

#include "flow.h"
#include "sockets.h"

enum {
    CALLS_MAX = 64,   /* with data that hasn't come back */
    NOTICES_MAX = 64, /* as many as calls, so none is lost */
};

struct notice {
    uint32_t first, last;
};

/* Owned by the socket, and by each piece of data in the stack. */
struct lender {
    struct sock *sock; /* NULL: closed */
    unsigned refs;
    uint32_t next; /* the number of the current call, or of the next one */
    bool is_under_way;
    unsigned pieces[CALLS_MAX]; /* of the last calls: the number of pieces in the stack */
    struct notice notices[NOTICES_MAX];
    unsigned notice_count;
};

struct piece {
    struct lender *lender;
    uint32_t call;
    uint8_t bytes[];
};

static void unref(struct lender *lender)
{
    if (--lender->refs == 0)
        free(lender);
}

static void notify(struct lender *lender, uint32_t call)
{
    struct notice *last = lender->notice_count > 0 ? &lender->notices[lender->notice_count - 1] : 0;

    if (!lender->sock)
        return;
    lender->sock->news++;
    if (last && last->last + 1 == call)
        last->last = call;
    else if (lender->notice_count < NOTICES_MAX)
        lender->notices[lender->notice_count++] = (struct notice){call, call};
}

static void on_back(void *arg)
{
    struct piece *piece = arg;
    struct lender *lender = piece->lender;

    if (--lender->pieces[piece->call % CALLS_MAX] == 0 && piece->call != lender->next)
        notify(lender, piece->call);
    unref(lender);
    free(piece);
}

static struct lender *lender_of(struct sock *sock)
{
    if (!sock->lender) {
        sock->lender = calloc(1, sizeof *sock->lender);
        if (sock->lender)
            *sock->lender = (struct lender){.sock = sock, .refs = 1};
    }
    return sock->lender;
}

struct leat_buf *loan_make(struct sock *sock, struct leat_pool *pool, uint32_t at, uint32_t count)
{
    struct lender *lender = lender_of(sock);
    struct piece *piece;
    struct leat_buf *data;

    if (!lender || (!lender->is_under_way && lender->pieces[lender->next % CALLS_MAX] > 0))
        return 0;
    piece = malloc(sizeof *piece + count);
    if (!piece)
        return 0;
    *piece = (struct piece){.lender = lender, .call = lender->next};
    for (uint32_t i = 0; i < count; i++)
        piece->bytes[i] = flow_byte(at + i);
    data = leat_buf_lend(pool, piece->bytes, count, on_back, piece);
    if (!data) {
        free(piece);
        return 0;
    }
    lender->refs++;
    lender->pieces[lender->next % CALLS_MAX]++;
    lender->is_under_way = true;
    return data;
}

void loan_end_call(struct sock *sock, bool has_lent)
{
    struct lender *lender = sock->lender;

    if (!lender || !lender->is_under_way)
        return;
    lender->is_under_way = false;
    if (has_lent && lender->pieces[lender->next++ % CALLS_MAX] == 0)
        notify(lender, lender->next - 1);
}

bool loan_has_notice(const struct sock *sock)
{
    return sock->lender && sock->lender->notice_count > 0;
}

bool loan_take_notice(struct sock *sock, uint32_t *first, uint32_t *last)
{
    struct lender *lender = sock->lender;

    if (!loan_has_notice(sock))
        return false;
    *first = lender->notices[0].first;
    *last = lender->notices[0].last;
    lender->notice_count--;
    for (unsigned i = 0; i < lender->notice_count; i++)
        lender->notices[i] = lender->notices[i + 1];
    return true;
}

void loan_leave(struct sock *sock)
{
    if (!sock->lender)
        return;
    sock->lender->sock = 0;
    unref(sock->lender);
    sock->lender = 0;
}
