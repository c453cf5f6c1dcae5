/* blkback.c -- a model of the domain that serves a disk of Xen. */
#include "blkback.h"

#include <string.h>

struct blkback blkback;

static void blkback_connect(void)
{
    blkback.head = (void *)netback_page(netback_number("device/vbd/51712/ring-ref"), true);
    assert_non_null(blkback.head);
    assert_int_equal(netback_number("device/vbd/51712/event-channel"), 7);
    assert_string_equal(netback_key("device/vbd/51712/protocol"), "x86_64-abi");
    blkback.taken = blkback.answered = 0;
}

static void blkback_disconnect(void)
{
    blkback.head = NULL;
}

void blkback_init(void)
{
    static const char *const keys[][2] = {
        {"device/vbd/51712/backend", "/local/domain/3/backend/vbd/9/51712"},
        {"device/vbd/51712/backend-id", "3"},
        {"device/vbd/51712/state", "1"},
        {"~/online", "1"},
        {"~/state", "2"},
        {"~/sectors", "256"},
        {"~/sector-size", "512"},
        {"~/info", "0"},
        {"~/feature-flush-cache", "1"}};

    netback_init();
    xen_world_prepare(0);
    netback.backend = "/local/domain/3/backend/vbd/9/51712/";
    netback.connect = blkback_connect;
    netback.disconnect = blkback_disconnect;
    for (unsigned i = 0; i < sizeof keys / sizeof *keys; i++)
        netback_set(keys[i][0], keys[i][1]);
    memset(&blkback, 0, sizeof blkback);
}

enum leat_err blkback_start(const char **why)
{
    blkback.block.machine = &netback.machine;
    blkback.block.store = &xen_world.store;
    blkback.block.pages = blkback.pages;
    return xen_block_start(&blkback.block, 51712, why);
}

bool blkback_take(void)
{
    struct xen_block_ring *ring = (void *)blkback.head;

    if (blkback.taken == ring->head.request_produced)
        return false;
    blkback.request = ring->slots[blkback.taken++ % XEN_BLOCK_RING_SLOTS].request;
    return true;
}

void blkback_do(void)
{
    uint64_t at = blkback.request.unit * XEN_BLOCK_UNIT;

    assert_int_equal(blkback.request.handle, 51712);
    assert_true(blkback.request.segment_count <= XEN_BLOCK_SEGMENTS);
    for (unsigned i = 0; i < blkback.request.segment_count; i++) {
        const struct xen_block_segment *segment = &blkback.request.segments[i];
        const uint32_t len = (segment->last - segment->first + 1u) * XEN_BLOCK_UNIT;
        uint8_t *page = netback_page(segment->ref, true);

        assert_non_null(page);
        assert_true(segment->first <= segment->last && segment->last < 8);
        assert_true(at + len <= sizeof blkback.disk);
        page += segment->first * XEN_BLOCK_UNIT;
        if (blkback.request.operation == XEN_BLOCK_WRITE)
            memcpy(blkback.disk + at, page, len);
        else
            memcpy(page, blkback.disk + at, len);
        at += len;
    }
}

void blkback_answer(uint64_t id, int16_t status)
{
    struct xen_block_ring *ring = (void *)blkback.head;

    ring->slots[blkback.answered++ % XEN_BLOCK_RING_SLOTS].response =
        (struct xen_block_ring_response){.id = id, .status = status};
    ring->head.response_produced = blkback.answered;
}

void blkback_serve(void)
{
    while (blkback_take()) {
        blkback_do();
        blkback_answer(blkback.request.id, XEN_BLOCK_OKAY);
    }
}
