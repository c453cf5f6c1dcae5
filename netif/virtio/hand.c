/* hand.c -- frames from the stack of one processor to that of another. */
#include "hand.h"

#include <leat/assert.h>

_Static_assert((HAND_SLOTS & (HAND_SLOTS - 1)) == 0, "counts wrap");
_Static_assert(sizeof(struct virtio_hand_slot) == 2048, "without padding");

bool virtio_hand_put(struct virtio_hand *hand, const struct leat_buf *frame)
{
    struct virtio_hand_slot *slot = &hand->slots[hand->put % HAND_SLOTS];
    const uint32_t len = leat_buf_total(frame);

    leat_debug_assert(hand->put - hand->taken <= HAND_SLOTS);
    if (len > sizeof slot->bytes ||
        hand->put - __atomic_load_n(&hand->taken, __ATOMIC_ACQUIRE) == HAND_SLOTS)
        return false;
    slot->len = (uint16_t)leat_buf_read(frame, 0, slot->bytes, len);
    slot->segment_bytes = frame->segment_bytes;
    slot->checksum = (uint32_t)frame->checksum;
    __atomic_store_n(&hand->put, hand->put + 1, __ATOMIC_RELEASE);
    return true;
}

bool virtio_hand_has(const struct virtio_hand *hand)
{
    return __atomic_load_n(&hand->put, __ATOMIC_ACQUIRE) != hand->taken;
}

struct leat_buf *virtio_hand_take(struct virtio_hand *hand, struct leat_pool *pool)
{
    const struct virtio_hand_slot *slot = &hand->slots[hand->taken % HAND_SLOTS];
    struct leat_buf *frame;

    if (!virtio_hand_has(hand))
        return 0;
    leat_debug_assert(slot->len <= HAND_FRAME_BYTES);
    frame = leat_buf_copy(pool, slot->bytes, slot->len);
    if (!frame)
        return 0;
    frame->segment_bytes = slot->segment_bytes;
    frame->checksum = (uint8_t)slot->checksum;
    __atomic_store_n(&hand->taken, hand->taken + 1, __ATOMIC_RELEASE);
    return frame;
}
