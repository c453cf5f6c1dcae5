/*
 * forward_wait.c -- queries that wait for their answers.
 *
 * Each waiting query takes a place, even if several wait for one lookup, because a place belongs to
 * the sender of the query. The lookup goes on as long as a query waits for it. Places have shares
 * (core/shares.h). If a sender is at its limit, the oldest query of the largest holder gets a stale
 * answer or SERVFAIL at once. Its resolver can then ask another server, while silence would cost it
 * seconds.
 */
#include "core/container_of.h"
#include "proto/dns/forward.h"

static uint32_t place_of(const struct forward_wait *wait)
{
    return (uint32_t)(wait - wait->queue->waits);
}

void forward_release(struct forward_wait *wait)
{
    struct forward_queue *queue = wait->queue;
    struct forward_client *client = wait->client;

    if (client) {
        struct forward_wait **link = &client->waiting;

        while (*link != wait)
            link = &(*link)->next;
        *link = wait->next;
        client->count--;
    }
    wait->lookup = NULL;
    shares_give(&queue->shares, place_of(wait));
    wait->next = queue->free_waits;
    queue->free_waits = wait;
}

/* The question of a lookup, valid until its place is used again. */
static struct dns_question question_of(const struct leat_lookup *lookup)
{
    return (struct dns_question){.name = lookup->asked.wire,
                                 .name_bytes = lookup->asked.len,
                                 .type = lookup->type,
                                 .class_number = DNS_CLASS_IN};
}

void forward_abandon(struct forward_wait *wait)
{
    struct dns_told *told = &wait->forwarder->told;
    const struct leat_dns_name *name = &wait->lookup->asked;

    if (dns_is_told(told)) {
        dns_told_name(told, name->wire, name->len, wait->lookup->type);
        told->access.how = LEAT_DNS_HOW_UPSTREAM;
        dns_told_tell(told, &wait->peer.ip,
                      wait->client ? dns_client_transport(&wait->client->tcp) : LEAT_DNS_OVER_HTTPS,
                      wait->query_at_ns, false);
    }
    leat_lookup_cancel(wait->lookup);
    forward_release(wait);
}

/* Serves a client inside of a resolver's callback. resolver->kept is saved, because other
 * queries may wait for the same answer. */
static void serve_meanwhile(struct forward_client *client, struct leat_resolver *resolver)
{
    const struct dns_kept kept = resolver->kept;
    const struct dns_kept_age kept_age = resolver->kept_age;
    const bool has_kept = resolver->has_kept;

    dns_client_serve(&client->tcp);
    resolver->kept = kept;
    resolver->kept_age = kept_age;
    resolver->has_kept = has_kept;
}

static void on_done(void *arg, enum leat_err err, const struct leat_dns_result *result)
{
    struct forward_wait *wait = arg;
    struct forward_client *client = wait->client;
    struct leat_resolver *resolver = wait->queue->resolver;
    /* the lookup is over, and its place not reused yet */
    const struct dns_question question = question_of(wait->lookup);

    (void)result;
    wait->forwarder->resolver = resolver;
    wait->forwarder->told.access.how = LEAT_DNS_HOW_UPSTREAM;
    if (!resolver->has_kept)
        forward_note_error(wait->forwarder, err);
    forward_reply(wait, &question);
    forward_release(wait);
    if (client)
        serve_meanwhile(client, resolver);
}

/* Sets resolver->kept to a stale answer to the question, if there is one. */
static void keep_stale(struct leat_resolver *resolver, const struct leat_lookup *lookup)
{
    const struct cache_entry *stale;

    resolver_key(resolver, &lookup->asked, lookup->type, lookup->variant);
    stale = resolver_find_stale(resolver);
    resolver->has_kept = stale && resolver_keep_from(resolver, stale);
}

static void on_ready(struct leat *stack, struct ready *ready)
{
    (void)stack;
    dns_client_serve(&container_of(ready, struct forward_client, ready)->tcp);
}

static void serve_soon(struct forward_client *client)
{
    /* from the ready queue: the caller may itself be serving this client */
    client->ready.run = on_ready;
    service_ready(forward_owner(client)->stack, &client->ready);
}

/* Replies to a query of the current resolver whose place is needed. If its TCP client was at its
 * limit, it is served from the ready queue. */
static void displace(struct leat_forwarder *forwarder, struct forward_wait *wait)
{
    struct forward_client *client = wait->client;
    const struct dns_question question = question_of(wait->lookup);

    keep_stale(forwarder->resolver, wait->lookup);
    forwarder->told.access.how = LEAT_DNS_HOW_BUSY;
    forward_reply(wait, &question);
    forwarder->counts.displaced++;
    leat_lookup_cancel(wait->lookup);
    forward_release(wait);
    if (client)
        serve_soon(client);
}

bool forward_await(struct leat_forwarder *forwarder, const struct forward_from *from,
                   const struct forward_form *form, uint16_t type)
{
    struct forward_queue *queue = forwarder->way->queue;
    const uint64_t holder = shares_holder(&from->peer.ip);
    const uint32_t room = shares_room(&queue->shares, holder);
    struct forward_wait *wait;

    if (room != SHARES_NONE)
        displace(forwarder, &queue->waits[room]);
    wait = queue->free_waits;
    leat_assert(wait != NULL);
    if (lookup_start(queue->resolver, &forwarder->name, type, form->variant, on_done, wait,
                     &wait->lookup)) {
        wait->lookup = NULL;
        return false;
    }
    /* taken off the list only now, because lookup_start() may have refused */
    queue->free_waits = wait->next;
    forwarder->way->counts.waited++;
    shares_take(&queue->shares, place_of(wait), holder);
    wait->peer = from->peer;
    wait->local_ip = from->local_ip;
    wait->query_at_ns = from->query_at_ns;
    wait->client = from->client;
    wait->query = from->query;
    wait->form = *form;
    if (wait->query)
        wait->query->wait = wait;
    if (wait->client) {
        wait->next = wait->client->waiting;
        wait->client->waiting = wait;
        wait->client->count++;
    }
    return true;
}
