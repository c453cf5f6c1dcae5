/* data.h -- the bytes of one direction of a flow, reassembled from segments in any order. */
#ifndef REPLAY_DATA_H
#define REPLAY_DATA_H

#include <stdbool.h>
#include <stdint.h>

enum {
    DATA_MAX = 64 * 1024 * 1024 /* later bytes are ignored */
};

/* The state of a byte. */
enum data_byte {
    DATA_MISSING,
    DATA_THERE,
    DATA_CONTRADICTED /* it came twice with different values: the receiver may have taken either */
};

struct data {
    uint8_t *bytes; /* of the first copy */
    uint8_t *have;  /* enum data_byte of each */
    uint32_t room;
    uint32_t ready;     /* bytes from the beginning without a hole */
    uint32_t conflicts; /* bytes that came again with another value */
    bool too_long;
};

/* Stores @len bytes at @at, which wraps around; bytes before the beginning are left out. */
void data_put(struct data *data, uint32_t at, const uint8_t *bytes, uint32_t len);

/* True if the bytes from @at on are equal; @where gets the first that differs or is missing. */
bool data_equal(const struct data *data, uint32_t at, const uint8_t *bytes, uint32_t len,
                uint32_t *where);

void data_free(struct data *data);

#endif
