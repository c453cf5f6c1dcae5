/* tls_end.c -- a TLS end that inputs are fed to. */
#include "tls_end.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <leat/stack.h>
#include "tls/tls.h"
#include "wire/bytes.h"

enum {
    CIVIL_S = 1800000000,
    POLLS_MAX = 1000
};

static const uint64_t second_ns = 1000000000;
static const uint64_t tick_ns = 1024; /* two ticks of the timers */

static struct {
    struct leat *stack;
    uint64_t now_ns;
    uint64_t next_ns;
    uint32_t free_count;
} world;

void tls_end_demand(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

/* ---- The stack --------------------------------------------------------------------------------
 */

void tls_world_open(bool few_buffers)
{
    const struct leat_config config = {.seed = {1},
                                       .buf_count = few_buffers ? 24 : 96,
                                       .small_count = few_buffers ? 16 : 96,
                                       .view_count = few_buffers ? 32 : 256};
    static void *memory;
    static size_t bytes;

    if (!memory) {
        const struct leat_config most = {
            .seed = {1}, .buf_count = 96, .small_count = 96, .view_count = 256};

        bytes = leat_memory_bytes(&most);
        memory = malloc(bytes);
    }
    demand(memory != NULL);
    demand(leat_init(&world.stack, memory, bytes, &config) == LEAT_OK);
    world.now_ns = second_ns;
    world.free_count = leat_pool_free_count(leat_pool(world.stack));
    tls_world_poll();
}

void tls_world_poll(void)
{
    world.now_ns += tick_ns; /* due timers fire with the next poll */
    world.next_ns = leat_poll(world.stack, world.now_ns);
    demand(world.next_ns >= world.now_ns);
}

void tls_world_wait(uint64_t ns)
{
    const uint64_t until_ns = world.now_ns + ns;

    for (unsigned polls = 0; polls < POLLS_MAX && world.next_ns <= until_ns; polls++) {
        world.now_ns = world.next_ns > world.now_ns ? world.next_ns : world.now_ns;
        tls_world_poll();
    }
    world.now_ns = until_ns > world.now_ns ? until_ns : world.now_ns;
    for (unsigned polls = 0; polls < 4; polls++)
        tls_world_poll();
}

void tls_world_close(void)
{
    tls_world_wait(second_ns);
    demand(leat_pool_free_count(leat_pool(world.stack)) == world.free_count);
    leat_close(world.stack);
}

/* ---- The program ------------------------------------------------------------------------------
 */

static void say(struct tls_end *end, uint32_t len)
{
    static const uint8_t data[4096] = "what a program says";
    size_t taken;

    leat_stream_write(&end->stream, data, len, &taken);
    demand(taken <= len);
}

/* Receives all data: that of opened records, in order. */
static void hear(struct tls_end *end)
{
    struct leat_buf *data;
    uint8_t bytes[700];

    while ((data = end->open ? leat_stream_receive(&end->stream, sizeof bytes)
                             : leat_tls_receive_early(&end->stream, sizeof bytes)) != NULL) {
        const uint32_t len = leat_buf_read(data, 0, bytes, sizeof bytes);

        demand(end->heard + len <= end->crypto.data_len);
        demand(memcmp(bytes, end->crypto.data + end->heard, len) == 0);
        end->heard += len;
        leat_buf_free(data);
        leat_stream_consumed(&end->stream, len);
    }
}

static void on_open(struct leat_tcp *conn, void *arg)
{
    struct tls_end *end = arg;
    struct leat_tls_info info;

    (void)conn;
    demand(!end->open && !end->closed);
    end->open = true;
    leat_tls_get_info(&end->stream, &info);
    demand(info.early_bytes <= TLS_END_EARLY_BYTES);
    end->early = info.early_bytes;
    if (end->greets)
        say(end, TLS_END_HELLO_BYTES);
}

static void on_readable(struct leat_tcp *conn, void *arg)
{
    struct tls_end *end = arg;

    (void)conn;
    demand(end->open && !end->closed);
    if (!(end->options & TLS_END_HOLD))
        hear(end);
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct tls_end *end = arg;
    struct leat_tls_info info;

    (void)conn;
    demand(!end->closed);
    leat_tls_get_info(&end->stream, &info);
    demand((why == LEAT_ERR_TLS) <= (info.why[0] != '\0'));
    end->closed = true;
}

static void on_early(void *arg)
{
    struct tls_end *end = arg;

    demand(!end->open && !end->closed);
    demand(leat_stream_readable(&end->stream) == 0);
    if (end->options & TLS_END_HOLD)
        return;
    hear(end);
    if (end->greets)
        say(end, TLS_END_HELLO_BYTES);
    end->greets = false;
}

static const struct leat_tcp_events events = {
    .on_open = on_open, .on_readable = on_readable, .on_closed = on_closed};

void tls_end_act(struct tls_end *end, uint8_t what)
{
    if (end->closed)
        return;
    switch (what % 8) {
    case 0:
        say(end, what * 16u);
        break;
    case 1:
        leat_stream_want_room(&end->stream, what * 16u);
        break;
    case 2:
        if (end->open)
            hear(end);
        break;
    case 3:
        leat_stream_shutdown(&end->stream);
        break;
    case 4:
        leat_stream_close(&end->stream);
        break;
    case 5:
        leat_stream_abort(&end->stream);
        break;
    case 6:
        end->options ^= TLS_END_HOLD;
        break;
    default:
        demand(leat_stream_readable(&end->stream) <= WIRE_TLS_PLAINTEXT_MAX);
        leat_stream_at_end(&end->stream);
        break;
    }
}

/* ---- Begin and end ----------------------------------------------------------------------------
 */

static uint64_t civil_time(void *arg)
{
    (void)arg;
    return CIVIL_S;
}

static const char *const protocols[] = {"h2", "http/1.1"};

static void make_ticket(struct leat_tls_ticket *ticket)
{
    *ticket = (struct leat_tls_ticket){.identity_len = 32,
                                       .suite = WIRE_TLS_AES_128_GCM,
                                       .lifetime_s = 3600,
                                       .age_add = 1,
                                       .early_bytes = TLS_END_EARLY_BYTES,
                                       .received_s = CIVIL_S - 10,
                                       .checked_s = CIVIL_S - 10};
    memset(ticket->name, AGREEABLE_DIGEST, sizeof ticket->name);
}

void tls_end_ticket(uint8_t ticket[TLS_END_TICKET_BYTES])
{
    uint8_t *inside = ticket + TLS_SEAL_NAME + LEAT_CRYPTO_NONCE_BYTES;

    _Static_assert((int)TLS_TICKET == (int)TLS_END_TICKET_BYTES, "a ticket");
    memset(ticket, 0, TLS_END_TICKET_BYTES);
    put16(inside, WIRE_TLS_AES_128_GCM);
    memset(inside + 2 + 8 + 4 + LEAT_TLS_PROTOCOL_BYTES, AGREEABLE_DIGEST, TLS_NAME_DIGEST);
    memset(ticket + TLS_TICKET - LEAT_CRYPTO_TAG_BYTES, AGREEABLE_TAG, LEAT_CRYPTO_TAG_BYTES);
}

/* Makes the server old enough to accept early data: it has made keys before. */
static void be_old(struct leat_tls *tls)
{
    tls->seals[0] = (struct tls_seal){.made = true, .made_ns = world.now_ns};
    tls->early_from_ns = 1;
}

static void begin_session(struct tls_end *end)
{
    static const uint8_t early[TLS_END_EARLY_BYTES + 1];
    static const struct leat_crypto_anchors nobody; /* trust everything */
    const struct leat_stream below = pipe_stream(&end->pipe[0]);
    const bool alpn = end->options & TLS_END_PROTOCOLS;

    if (end->options & TLS_END_CLIENT) {
        end->client = (struct leat_tls_client){.name = "leat.test",
                                               .anchors = &nobody,
                                               .protocols = alpn ? protocols : NULL,
                                               .protocol_count = alpn ? 2 : 0};
        make_ticket(&end->ticket);
        if (end->options & TLS_END_EARLY) {
            tls_end_ticket(end->ticket.identity);
            end->ticket.identity_len = TLS_END_TICKET_BYTES;
            end->ticket.received_s = CIVIL_S;
            end->ticket.age_add = 0;
            end->client.early = early;
            end->client.early_len = sizeof early;
        }
        end->client.ticket = end->options & TLS_END_TICKET ? &end->ticket : NULL;
        demand(leat_tls_connect(end->tls, &below, &end->client, &end->stream) == LEAT_OK);
    } else {
        demand(leat_tls_accept(end->tls, &below, &end->stream) == LEAT_OK);
    }
    leat_stream_set_events(&end->stream, &events, end);
}

void tls_end_open(struct tls_end *end, uint16_t options, bool greets)
{
    static uint8_t certificate[] = {0x30, 0x03, 0x02, 0x01, 0x00};
    static const struct leat_tls_identity identity = {.chain_count = 1,
                                                      .chain = {{certificate, sizeof certificate}}};
    static const struct leat_tls_identity *const identities[] = {&identity};
    const struct leat_crypto crypto = agreeable_open(&end->crypto);
    const bool alpn = options & TLS_END_PROTOCOLS;
    const struct leat_tls_config config = {
        .crypto = &crypto,
        .identities = identities,
        .identity_count = 1,
        .protocols = alpn ? protocols : NULL,
        .protocol_count = alpn ? 2 : 0,
        .server_handshakes = 1,
        .client_handshakes = 1,
        .cookie_handshakes = options & TLS_END_COOKIES ? 1 : 0,
        .sessions = 1,
        .server_message_bytes = 2048,
        .client_message_bytes = 1536,
        .records_per_key = 8,
        .early = options & TLS_END_EARLY ? &leat_tls_early : NULL,
        .early_bytes = options & TLS_END_EARLY ? TLS_END_EARLY_BYTES : 0,
        .early_hellos = 1,
        .on_early = on_early,
        .no_tickets = options & TLS_END_TICKET,
        .civil_time_s = civil_time};
    const size_t bytes = leat_tls_memory_bytes(&config);

    end->crypto.hybrid = options & TLS_END_HYBRID;
    end->options = options;
    end->greets = greets;
    end->heard = end->early = 0;
    end->open = end->closed = false;
    end->memory = malloc(bytes);
    demand(end->memory != NULL);
    demand(leat_tls_open(&end->tls, world.stack, end->memory, bytes, &config) == LEAT_OK);
    end->tls->on_transition = end->watch;
    end->tls->watcher = end->watcher;
    if (options & TLS_END_EARLY)
        be_old(end->tls);
    pipe_open(end->pipe, world.stack, options & TLS_END_NARROW ? 2500 : 1 << 16);
    begin_session(end);
}

/* Checks every limit. */
static void check_session(const struct tls_end *end)
{
    const struct tls_session *session = end->stream.end;
    const struct tls_handshake *handshake;

    if (end->closed)
        return;
    handshake = session->handshake;
    demand(session->data_bytes <= WIRE_TLS_PLAINTEXT_MAX);
    demand(leat_buf_total(session->data) == session->data_bytes);
    demand(!handshake ||
           (handshake->have <= handshake->message_max && handshake->out_len <= TLS_OUT_BYTES));
    demand(!handshake || !session->is_open);
}

static bool has_failed(const struct tls_end *end)
{
    return !end->closed && ((const struct tls_session *)end->stream.end)->state == TLS_FAILED;
}

static unsigned count_handshakes(const struct tls_handshake *list)
{
    unsigned count = 0;

    for (; list; list = list->next_free)
        count++;
    return count;
}

void tls_end_close(struct tls_end *end, bool at_once)
{
    tls_world_wait(60 * second_ns);
    demand(end->open || end->closed);
    demand(!has_failed(end));
    if (!end->closed && !at_once) {
        leat_stream_abort(&end->stream);
        tls_world_wait(second_ns);
        demand(end->closed);
    }
    if (end->closed)
        demand(end->tls->free_session && count_handshakes(end->tls->free_server) == 1 &&
               count_handshakes(end->tls->free_client) == 1 && end->tls->server_busy == 0 &&
               end->crypto.opened == 0);
    leat_tls_close(end->tls);
    end->closed = true;
    tls_world_poll(); /* the pipe's timers */
    demand(end->crypto.opened == 0);
    free(end->memory);
}

/* ---- The wire ---------------------------------------------------------------------------------
 */

uint32_t tls_end_sent(struct tls_end *end, uint8_t *bytes, uint32_t max)
{
    const struct leat_stream wire = pipe_stream(&end->pipe[1]);
    struct leat_buf *data = leat_stream_receive(&wire, max);
    const uint32_t len = leat_buf_read(data, 0, bytes, max);

    leat_buf_free(data);
    leat_stream_consumed(&wire, len);
    return len;
}

void tls_end_feed(struct tls_end *end, const uint8_t *bytes, uint32_t len, uint32_t piece)
{
    const struct leat_stream wire = pipe_stream(&end->pipe[1]);
    size_t taken = 1;

    for (uint32_t at = 0; at < len && taken > 0; at += (uint32_t)taken) {
        const uint32_t part = len - at < piece ? len - at : piece;

        if (leat_stream_write(&wire, bytes + at, part, &taken) != LEAT_OK)
            taken = 0;
    }
    tls_world_poll();
    tls_world_poll();
    check_session(end);
}

void tls_end_feed_record(struct tls_end *end, uint8_t *record, uint32_t len, uint8_t type,
                         bool sealed, uint32_t piece)
{
    uint32_t at = WIRE_TLS_RECORD_HEADER + len;

    if (sealed) {
        record[at++] = type;
        memset(record + at, AGREEABLE_TAG, LEAT_CRYPTO_TAG_BYTES);
        at += LEAT_CRYPTO_TAG_BYTES;
    }
    record[0] = sealed ? WIRE_TLS_APPLICATION_DATA : type;
    record[1] = record[2] = 3;
    record[3] = (uint8_t)((at - WIRE_TLS_RECORD_HEADER) >> 8);
    record[4] = (uint8_t)(at - WIRE_TLS_RECORD_HEADER);
    tls_end_feed(end, record, at, piece);
}
