/*
 * mailbox.c -- a queue of datagrams for one task.
 *
 * leat_poll() gives datagrams to on_datagram(), which puts them into a ring of the program's
 * memory. The task takes them from there when it runs.
 */
#include "task/flows.h"

static void on_datagram(struct leat_udp *udp, struct leat_buf *payload,
                        const struct leat_endpoint *peer, const struct leat_endpoint *local,
                        void *arg)
{
    struct leat_mailbox *mailbox = arg;

    (void)udp;
    /* The newest is dropped, as by a full socket of other systems: a sender that floods the mailbox
     * can't push out what has arrived before. */
    if (mailbox->count == mailbox->count_max) {
        mailbox->dropped++;
        leat_buf_free(payload);
        return;
    }
    mailbox->places[(mailbox->first + mailbox->count++) % mailbox->count_max] =
        (struct leat_datagram){.payload = payload, .peer = *peer, .local = *local};
    task_wake_now(&mailbox->waiter);
}

enum leat_err leat_mailbox_open(struct leat_mailbox *mailbox, struct leat_tasks *tasks,
                                struct leat_datagram *places, uint32_t count_max)
{
    static const struct leat_udp_events events = {.on_datagram = on_datagram};

    leat_assert(count_max > 0);
    *mailbox = (struct leat_mailbox){.tasks = tasks, .places = places, .count_max = count_max};
    return leat_udp_open(tasks->stack, &mailbox->udp, &events, mailbox);
}

enum leat_err leat_mailbox_receive(struct leat_mailbox *mailbox, struct leat_datagram *datagram,
                                   uint64_t deadline_ns)
{
    struct leat_task *task = task_running(mailbox->tasks);
    enum leat_err err = task_may_wait(task);

    while (!err && mailbox->count == 0) {
        leat_assert(!mailbox->waiter); /* only one task may receive */
        err = task_wait(task, &mailbox->waiter, deadline_ns);
    }
    if (err)
        return err;
    *datagram = mailbox->places[mailbox->first];
    mailbox->first = (mailbox->first + 1) % mailbox->count_max;
    mailbox->count--;
    return LEAT_OK;
}

void leat_mailbox_close(struct leat_mailbox *mailbox)
{
    leat_assert(!mailbox->waiter);
    /* The socket is closed first, so no further datagram is put into the ring. */
    leat_udp_close(mailbox->udp);
    for (; mailbox->count > 0; mailbox->count--) {
        leat_buf_free(mailbox->places[mailbox->first].payload);
        mailbox->first = (mailbox->first + 1) % mailbox->count_max;
    }
}
