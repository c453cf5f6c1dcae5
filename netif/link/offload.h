/*
 * offload.h -- what a network card does for its host: checksums, cutting and merging of segments.
 *
 * All functions work on whole frames, as they lie on the wire.  They are written from the RFCs and
 * share nothing with the stack, so that one can find the other's mistakes.
 */
#ifndef LINK_OFFLOAD_H
#define LINK_OFFLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/buf.h>

/* Completes the checksum of TCP or UDP, whose field holds the pseudo-header's sum. */
void leat_link_checksum_complete(uint8_t *frame, uint32_t len);

/* True if the frame is TCP or UDP, of either family, and its sums are right. */
bool leat_link_checksum_is_right(const uint8_t *frame, uint32_t len);

/* Segments that a super-frame is cut into. */
uint32_t leat_link_segment_count(const struct leat_buf *super);

/* Writes segment @number of @super to @bytes, which has room for @bytes_max; returns its length. */
uint32_t leat_link_segment(const struct leat_buf *super, uint32_t number, uint8_t *bytes,
                           uint32_t bytes_max);

/* Bytes of headers in front of the payload of a TCP segment that may be merged; 0: it must not be.
 */
uint32_t leat_link_mergeable_headers(const uint8_t *frame, uint32_t len);

/* True if @next, which leat_link_mergeable_headers() allows, continues @first with @so_far bytes of
 * payload, and its headers agree with those of @first. */
bool leat_link_goes_on(const uint8_t *first, const uint8_t *next, uint32_t headers,
                       uint32_t so_far);

/* Turns the headers of a frame into those of a super-frame with @data_bytes of payload. */
void leat_link_set_data_bytes(uint8_t *frame, uint32_t headers, uint32_t data_bytes);

#endif
