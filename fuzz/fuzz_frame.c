/* fuzz_frame.c -- one frame. The first byte of the input sets whether it is repaired first,
 * and whether Fast Open is on. */
#include "harness.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t frame[FAKE_FRAME_BYTES];
    struct harness *harness;
    uint32_t len;

    if (size < 1)
        return 0;
    len = size - 1 < sizeof frame ? (uint32_t)(size - 1) : (uint32_t)sizeof frame;
    memcpy(frame, data + 1, len);
    if (data[0] & 1)
        harness_repair(frame, len);
    harness = harness_open(data[0] & 2 ? HARNESS_FAST_OPEN : 0);
    harness_feed(harness, frame, len);
    harness_wait(harness, 40000000000u);
    harness_close(harness);
    return 0;
}
