/*
 * fuzz_flights.c -- two TLS ends and an attacker between them. The attacker changes, drops,
 * repeats, swaps, cuts and lengthens their records. The checks of fuzz_tls.c hold for both, and
 * without changes the session works.
 *
 * The input is the configuration of server and client, how they end, whether they use early data,
 * and the treatment of each record.
 */
#include <stdlib.h>
#include <string.h>

#include "tls_end.h"
#include "tls/wire/tls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    TURNS_MAX = 200,
    IDLE_MAX = 4,
    INPUT_BYTES_MAX = 2000,
    RECORD_BYTES = WIRE_TLS_RECORD_HEADER + WIRE_TLS_CIPHERTEXT_MAX,
    LONGER = 64
};

enum meddling {
    PASS, /* including all values below CHANGE */
    CHANGE = 6,
    DROP,
    REPEAT,
    SWAP,
    CUT,
    LENGTHEN,
    RETYPE,
    END,
    TIME,
    PROGRAM
};

static struct {
    const uint8_t *at, *stop; /* position in the input */
    bool meddled;
} input;

static uint8_t next(void)
{
    return input.at < input.stop ? *input.at++ : 0;
}

/* One direction. */
struct way {
    struct tls_end *to;
    uint32_t have, held;
    uint8_t bytes[2 * RECORD_BYTES]; /* bytes received, beginning with a record */
    uint8_t record[RECORD_BYTES + LONGER];
    uint8_t hold[RECORD_BYTES + LONGER]; /* a record that follows the next one */
};

static struct tls_end ends[2];
static struct way ways[2];

static void put_len(uint8_t *record, uint32_t len)
{
    record[3] = (uint8_t)((len - WIRE_TLS_RECORD_HEADER) >> 8);
    record[4] = (uint8_t)(len - WIRE_TLS_RECORD_HEADER);
}

/* Removes some of @len bytes, or inserts some. */
static uint32_t resize(uint8_t *record, uint32_t len, bool longer)
{
    const uint32_t at = WIRE_TLS_RECORD_HEADER + next() % (len - WIRE_TLS_RECORD_HEADER);
    const uint32_t count = 1u + next() % (LONGER - 1), left = len - at;
    const uint32_t cut = count < left ? count : left;

    if (longer) {
        memmove(record + at + count, record + at, left);
        for (uint32_t i = 0; i < count; i++)
            record[at + i] = next();
        len += count;
    } else {
        memmove(record + at, record + at + cut, left - cut);
        len -= cut;
    }
    put_len(record, len);
    return len;
}

static void change(uint8_t *record, uint32_t len)
{
    const uint32_t at = (uint32_t)next() << 8 | next();

    record[at % len] ^= (uint8_t)(next() | 1);
}

static void act(uint8_t how)
{
    static const uint64_t waits_ns[] = {1000000, 1000000000, 11000000000, 31000000000};

    if (how == TIME)
        tls_world_wait(waits_ns[next() % 4]);
    else
        tls_end_act(&ends[next() & 1], next());
}

static void end_way(struct way *way)
{
    const struct leat_stream wire = pipe_stream(&way->to->pipe[1]);

    if (next() & 1)
        leat_stream_abort(&wire);
    else
        leat_stream_shutdown(&wire);
}

/* Passes the record on in the way that the input chooses. */
static void pass(struct way *way, uint32_t len)
{
    const uint8_t how = next() & 15;
    unsigned times = 1;

    input.meddled |= how >= CHANGE;
    if (how == CHANGE) {
        change(way->record, len);
    } else if (how == DROP) {
        times = 0;
    } else if (how == REPEAT) {
        times = 2;
    } else if (how == CUT || how == LENGTHEN) {
        len = resize(way->record, len, how == LENGTHEN);
    } else if (how == RETYPE) {
        way->record[0] = (uint8_t)(20 + next() % 4);
    } else if (how == END) {
        end_way(way);
    } else if (how == TIME || how == PROGRAM) {
        act(how);
    } else if (how == SWAP && way->held == 0) {
        memcpy(way->hold, way->record, len);
        way->held = len;
        return;
    }
    while (times-- > 0)
        tls_end_feed(way->to, way->record, len, 1500);
    if (way->held > 0)
        tls_end_feed(way->to, way->hold, way->held, 1500);
    way->held = 0;
}

/* Passes on the records of one end; false: there are none. */
static bool relay(struct tls_end *from, struct way *way)
{
    const uint32_t got =
        tls_end_sent(from, way->bytes + way->have, (uint32_t)sizeof way->bytes - way->have);

    way->have += got;
    while (way->have >= WIRE_TLS_RECORD_HEADER) {
        const uint32_t len =
            WIRE_TLS_RECORD_HEADER + ((uint32_t)way->bytes[3] << 8 | way->bytes[4]);

        demand(len > WIRE_TLS_RECORD_HEADER && len <= RECORD_BYTES); /* 5.1, 5.2 */
        if (way->have < len)
            break;
        memcpy(way->record, way->bytes, len);
        way->have -= len;
        memmove(way->bytes, way->bytes + len, way->have);
        pass(way, len);
    }
    return got > 0;
}

static void talk(void)
{
    unsigned idle = 0;

    for (unsigned i = 0; i < TURNS_MAX && idle < IDLE_MAX; i++) {
        bool moved;

        tls_world_poll();
        moved = relay(&ends[0], &ways[1]);
        moved |= relay(&ends[1], &ways[0]);
        idle = moved ? 0 : idle + 1;
        if (!moved)
            tls_world_wait(20000000);
    }
}

/* With every tag right, refused early data looks like other data: it must be data that the
 * server accepts. */
static bool knows_early(const uint8_t *data)
{
    return (data[2] & 4) && !(data[0] & TLS_END_TICKET) &&
           !((data[0] | data[1]) & TLS_END_PROTOCOLS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint16_t options[2], early;
    bool short_of;

    if (size < 3 || size > INPUT_BYTES_MAX)
        return 0;
    early = knows_early(data) ? TLS_END_EARLY : 0;
    options[0] = (uint16_t)((data[0] & ~TLS_END_CLIENT) | early);
    options[1] = (uint16_t)(data[1] | TLS_END_CLIENT | early);
    short_of = (options[0] | options[1]) & TLS_END_FEW_BUFFERS;
    tls_world_open(short_of);
    input.at = data + 3;
    input.stop = data + size;
    input.meddled = false;
    for (unsigned i = 0; i < 2; i++) {
        ways[i].to = &ends[i];
        ways[i].have = ways[i].held = 0;
        tls_end_open(&ends[i], options[i], true);
    }
    talk();
    for (unsigned i = 0; i < 2 && !input.meddled && !short_of; i++)
        demand(ends[i].open &&
               (ends[i].heard == TLS_END_HELLO_BYTES + (i == 0 ? ends[i].early : 0) ||
                options[i] & TLS_END_HOLD));
    for (unsigned i = 0; i < 2; i++)
        tls_end_close(&ends[i], data[2] & (1u << i));
    tls_world_close();
    return 0;
}
