/*
 * fuzz_tls.c -- a complete TLS server or client, and an arbitrary peer: data is delivered only
 * after its tag has been checked, limits hold, every session ends, and all memory is back.
 *
 * The input is the configuration of the end, how it ends, and steps: an opcode, an operand, two
 * bytes of length, and the bytes. Lengths and tags of records and handshake messages are corrected.
 */
#include <stdlib.h>
#include <string.h>

#include "tls_end.h"
#include "tls/wire/tls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    INPUT_BYTES_MAX = 20000,
    STEPS_MAX = 48,
    STEP_HEADER = 4,
    RECORD_BYTES = INPUT_BYTES_MAX + 64
};

enum step {
    RAW,
    RECORD,
    SEALED_RECORD,
    MESSAGE,
    SEALED_MESSAGE,
    TIME,
    PROGRAM,
    WIRE
};

static struct tls_end end;
static bool stuck; /* the end's output is not taken */

static void feed_record(uint8_t type, bool sealed, const uint8_t *head, uint32_t head_len,
                        const uint8_t *body, uint32_t len, uint32_t piece)
{
    static uint8_t record[RECORD_BYTES];

    memcpy(record + WIRE_TLS_RECORD_HEADER, head, head_len);
    memcpy(record + WIRE_TLS_RECORD_HEADER + head_len, body, len);
    tls_end_feed_record(&end, record, head_len + len, type, sealed, piece);
}

static void feed_message(uint8_t type, bool sealed, const uint8_t *body, uint32_t len,
                         uint32_t piece)
{
    const uint8_t head[WIRE_TLS_MESSAGE_HEADER] = {type, 0, (uint8_t)(len >> 8), (uint8_t)len};

    feed_record(WIRE_TLS_HANDSHAKE, sealed, head, sizeof head, body, len, piece);
}

static void let_time_pass(uint8_t how)
{
    static const uint64_t waits_ns[] = {1,          1000000,     100000000,   2500000000,
                                        4000000000, 11000000000, 31000000000, 7300000000000};

    tls_world_wait(waits_ns[how % 8]);
}

static void act_on_wire(uint8_t how)
{
    const struct leat_stream wire = pipe_stream(&end.pipe[1]);

    switch (how % 4) {
    case 0:
        leat_stream_shutdown(&wire);
        break;
    case 1:
        leat_stream_abort(&wire);
        break;
    default:
        stuck = how & 1;
        break;
    }
}

static void take_step(uint8_t what, uint8_t how, const uint8_t *body, uint32_t len)
{
    static const uint32_t pieces[] = {1500, 1, 40, 1500};
    const uint32_t piece = len > 600 ? 1500 : pieces[what >> 6];
    uint8_t sent[2000];

    switch ((enum step)(what % 8)) {
    case RAW:
        tls_end_feed(&end, body, len, piece);
        break;
    case RECORD:
    case SEALED_RECORD:
        feed_record(how, what % 8 == SEALED_RECORD, body, 0, body, len, piece);
        break;
    case MESSAGE:
    case SEALED_MESSAGE:
        feed_message(how, what % 8 == SEALED_MESSAGE, body, len, piece);
        break;
    case TIME:
        let_time_pass(how);
        break;
    case PROGRAM:
        tls_end_act(&end, how);
        break;
    case WIRE:
        act_on_wire(how);
        break;
    }
    tls_world_poll();
    while (!stuck && tls_end_sent(&end, sent, sizeof sent) > 0)
        continue;
    tls_world_poll();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool at_once;

    if (size < 2 || size > INPUT_BYTES_MAX)
        return 0;
    stuck = false;
    at_once = data[1] & 1;
    tls_world_open(data[0] & TLS_END_FEW_BUFFERS);
    tls_end_open(&end, (uint16_t)(data[0] | (data[1] & 4 ? TLS_END_EARLY : 0)), data[1] & 2);
    tls_world_poll();
    data += 2;
    size -= 2;
    for (unsigned i = 0; i < STEPS_MAX && size >= STEP_HEADER; i++) {
        const uint32_t left = (uint32_t)size - STEP_HEADER;
        const uint32_t said = (uint32_t)data[2] << 8 | data[3], len = said < left ? said : left;

        take_step(data[0], data[1], data + STEP_HEADER, len);
        data += STEP_HEADER + len;
        size -= STEP_HEADER + len;
    }
    tls_end_close(&end, at_once);
    tls_world_close();
    return 0;
}
