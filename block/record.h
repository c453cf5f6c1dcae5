/*
 * record.h -- the records of a store's log, as they lie on the device.
 *
 * A record has whole sectors. Each begins with a tag, that of the first one or that of the others:
 * so the bytes of a value are never taken for the beginning of a record. All numbers are
 * little-endian. Offsets in the first sector:
 *
 *       0  tag, 4 bytes
 *       4  kind, 1
 *       5  the sector's size: its binary logarithm, 1
 *       6  sectors of the record, 1
 *       7  zero, 1
 *       8  sequence, 8
 *      16  sequence of the tail, 8
 *      24  sector of the tail, 4
 *      28  bytes of the value, 4
 *      32  checksum, 8
 *      40  name, 32
 *      72  value
 *
 * In the others:
 *
 *       0  tag, 4
 *       4  zero, 4
 *       8  value
 *
 * The checksum is SipHash-2-4 of all sectors, with zeros in its place and a key that is the same
 * everywhere: it detects damage, not malice. "Tail" is the oldest record that counted when this one
 * was written; records with a lower sequence are dead, though their bytes may still be there.
 */
#ifndef BLOCK_RECORD_H
#define BLOCK_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/store.h>

enum record_kind {
    RECORD_PUT = 1,
    RECORD_DELETE = 2
};

enum {
    RECORD_OTHER_BYTES = 8 /* of a sector behind the first that aren't the value's */
};

struct record {
    enum record_kind kind;
    uint64_t sequence;
    uint64_t tail_sequence;
    uint32_t tail;
    uint32_t len; /* bytes of the value */
    char name[LEAT_STORE_NAME_BYTES + 1];
};

/* Sectors that a value of @len bytes takes. */
uint32_t record_sectors(uint32_t sector_bytes, uint32_t len);

/* Bytes of the largest value of a record of @sectors. */
uint32_t record_value_max(uint32_t sector_bytes, uint32_t sectors);

/* True if the sector begins like a record. */
bool record_is_first(const uint8_t *sector);

/* True if the sector is neither of a record, whole or torn, nor zero; or of one with other sectors.
 */
bool record_is_foreign(const uint8_t *sector, uint32_t bytes);

/* Writes the record to @to, without a checksum. */
void record_write(const struct record *record, const void *value, uint8_t *to,
                  uint32_t sector_bytes);

/* Completes a record of @sectors with its checksum. */
void record_seal(uint8_t *bytes, uint32_t sector_bytes, uint32_t sectors);

/* Changes the numbers of a record that was read; record_seal() follows. */
void record_renumber(uint8_t *bytes, const struct record *numbers);

/* Reads a record, of which at most @sectors_max are at @bytes; false: there is none, or it is
 * damaged.  The bytes are unchanged. */
bool record_read(struct record *record, uint8_t *bytes, uint32_t sector_bytes,
                 uint32_t sectors_max);

/* The sequence of a record at @bytes that has more than @sectors_max, so that it can't be read; 0:
 * there is none. Damage doesn't make one: two of its fields agree on the number. */
uint64_t record_longer(const uint8_t *bytes, uint32_t sector_bytes, uint32_t sectors_max);

/* Copies the value of a record that record_read() has accepted. */
void record_value(const struct record *record, const uint8_t *bytes, uint32_t sector_bytes,
                  void *to);

#endif
