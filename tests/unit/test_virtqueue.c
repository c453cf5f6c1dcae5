/* test_virtqueue.c -- a split virtqueue with a device that obeys the rules, and one that breaks
 * them. */
#include "unit.h"

#include "virtqueue.h"

enum {
    SIZE = 8,
    NEXT = 1,
    WRITE = 2,
    INDIRECT = 4
};

static struct virtqueue queue;
static struct virtqueue_indirect tables[SIZE];
static uint8_t memory[4][100];
static int tokens[SIZE];

static const struct virtqueue_piece pieces[] = {{memory[0], 12}, {memory[1], 100}, {memory[2], 50}};

/* Acts as the device: uses chain @id after writing @len bytes. */
static void use(uint32_t id, uint32_t len)
{
    queue.used.ring[queue.used.index % SIZE] = (struct virtqueue_used_element){id, len};
    queue.used.index++;
}

static void a_chain_lists_its_pieces_and_comes_back_once(void **state)
{
    uint32_t len;
    uint16_t head;

    (void)state;
    virtqueue_init(&queue, SIZE, false, 0);
    assert_true(virtqueue_add(&queue, pieces, 3, VIRTQUEUE_FROM_DEVICE, &tokens[0]));
    assert_int_equal(queue.available.index, 0); /* not yet */
    assert_true(virtqueue_publish(&queue));
    assert_int_equal(queue.available.index, 1);
    head = queue.available.ring[0];
    for (unsigned i = 0; i < 3; i++) {
        const struct virtqueue_descriptor *at = &queue.descriptors[head];

        assert_int_equal(at->address, (uintptr_t)pieces[i].bytes);
        assert_int_equal(at->len, pieces[i].len);
        assert_int_equal(at->flags, i < 2 ? WRITE | NEXT : WRITE);
        head = at->next;
    }
    assert_null(virtqueue_take(&queue, &len));
    use(queue.available.ring[0], 60);
    assert_ptr_equal(virtqueue_take(&queue, &len), &tokens[0]);
    assert_int_equal(len, 60);
    assert_null(virtqueue_take(&queue, &len));
    assert_int_equal(queue.free_count, SIZE);
    assert_false(queue.broken);
}

static void a_full_queue_takes_nothing_and_changes_nothing(void **state)
{
    (void)state;
    virtqueue_init(&queue, SIZE, false, 0);
    assert_true(virtqueue_add(&queue, pieces, 3, VIRTQUEUE_TO_DEVICE, &tokens[0]));
    assert_true(virtqueue_add(&queue, pieces, 3, VIRTQUEUE_TO_DEVICE, &tokens[1]));
    assert_false(virtqueue_add(&queue, pieces, 3, VIRTQUEUE_TO_DEVICE, &tokens[2]));
    assert_int_equal(queue.free_count, 2);
    assert_true(virtqueue_add(&queue, pieces, 2, VIRTQUEUE_TO_DEVICE, &tokens[2]));
    assert_int_equal(queue.free_count, 0);
}

static void an_indirect_chain_takes_one_descriptor(void **state)
{
    (void)state;
    virtqueue_init(&queue, SIZE, false, tables);
    for (unsigned i = 0; i < SIZE; i++)
        assert_true(virtqueue_add(&queue, pieces, 3, VIRTQUEUE_TO_DEVICE, &tokens[i]));
    assert_int_equal(virtqueue_room(&queue), 0);
    assert_int_equal(queue.descriptors[3].flags, INDIRECT);
    assert_int_equal(queue.descriptors[3].address, (uintptr_t)tables[3].table);
    assert_int_equal(queue.descriptors[3].len, 3 * sizeof(struct virtqueue_descriptor));
    assert_int_equal(tables[3].table[0].flags, NEXT);
    assert_int_equal(tables[3].table[2].flags, 0);
}

/* Any order, far beyond the wraparound of the 16-bit indexes. */
static void chains_used_in_any_order_come_back_right(void **state)
{
    uint32_t len, random = 1;

    (void)state;
    virtqueue_init(&queue, SIZE, true, 0);
    for (unsigned round = 0; round < 30000; round++) {
        uint16_t heads[SIZE];
        unsigned count = 0;

        while (virtqueue_add(&queue, pieces, 1 + (round + count) % 3, VIRTQUEUE_FROM_DEVICE,
                             &tokens[count])) {
            heads[count] = queue.available.ring[(uint16_t)(queue.available_index - 1) % SIZE];
            count++;
        }
        virtqueue_publish(&queue);
        for (unsigned left = count; left > 0; left--) {
            const unsigned pick = (random = random * 1664525 + 1013904223) >> 16;
            const uint16_t head = heads[pick % left];
            const void *token = queue.chains[head].token;

            heads[pick % left] = heads[left - 1];
            use(head, 5);
            assert_ptr_equal(virtqueue_take(&queue, &len), token);
        }
        assert_int_equal(queue.free_count, SIZE);
    }
    assert_false(queue.broken);
}

static void the_device_is_notified_when_it_asks(void **state)
{
    (void)state;
    virtqueue_init(&queue, SIZE, true, 0);
    queue.used.ring[SIZE].id = 1; /* avail_event: when the second is available */
    virtqueue_add(&queue, pieces, 1, VIRTQUEUE_TO_DEVICE, &tokens[0]);
    assert_false(virtqueue_publish(&queue));
    virtqueue_add(&queue, pieces, 1, VIRTQUEUE_TO_DEVICE, &tokens[1]);
    assert_true(virtqueue_publish(&queue));
    assert_false(virtqueue_publish(&queue)); /* nothing new */

    virtqueue_init(&queue, SIZE, false, 0);
    queue.used.flags = 1; /* VIRTQ_USED_F_NO_NOTIFY */
    virtqueue_add(&queue, pieces, 1, VIRTQUEUE_TO_DEVICE, &tokens[0]);
    assert_false(virtqueue_publish(&queue));
}

static void arming_tells_of_chains_used_before(void **state)
{
    uint32_t len;

    (void)state;
    for (unsigned with_events = 0; with_events < 2; with_events++) {
        virtqueue_init(&queue, SIZE, with_events, 0);
        virtqueue_add(&queue, pieces, 1, VIRTQUEUE_FROM_DEVICE, &tokens[0]);
        virtqueue_publish(&queue);
        assert_false(virtqueue_arm(&queue));
        use(0, 1);
        assert_true(virtqueue_arm(&queue));
        assert_non_null(virtqueue_take(&queue, &len));
        assert_false(virtqueue_arm(&queue));
        if (with_events)
            assert_int_equal(queue.available.ring[SIZE], 1); /* used_event */
    }
}

static void an_impossible_length_is_told(void **state)
{
    uint32_t len;

    (void)state;
    virtqueue_init(&queue, SIZE, false, 0);
    virtqueue_add(&queue, pieces, 3, VIRTQUEUE_FROM_DEVICE, &tokens[0]);
    use(0, 163);
    assert_ptr_equal(virtqueue_take(&queue, &len), &tokens[0]);
    assert_int_equal(len, UINT32_MAX);
    assert_false(queue.broken);
}

static void breaks_with(uint32_t id, uint16_t index)
{
    uint32_t len;

    virtqueue_init(&queue, SIZE, false, 0);
    virtqueue_add(&queue, pieces, 2, VIRTQUEUE_FROM_DEVICE, &tokens[0]);
    queue.used.ring[0] = (struct virtqueue_used_element){id, 1};
    queue.used.index = index;
    assert_null(virtqueue_take(&queue, &len));
    assert_true(queue.broken);
    assert_int_equal(virtqueue_room(&queue), 0);
    assert_false(virtqueue_add(&queue, pieces, 1, VIRTQUEUE_FROM_DEVICE, &tokens[1]));
    assert_ptr_equal(virtqueue_reclaim(&queue), &tokens[0]); /* nothing is lost */
    assert_null(virtqueue_reclaim(&queue));
}

static void a_device_that_breaks_the_rules_breaks_the_queue(void **state)
{
    (void)state;
    breaks_with(SIZE, 1);       /* no such descriptor */
    breaks_with(UINT32_MAX, 1); /* the same */
    breaks_with(1, 1);          /* the middle of a chain */
    breaks_with(5, 1);          /* one that the device doesn't own */
    breaks_with(0, 2);          /* more than available */
    breaks_with(0, UINT16_MAX); /* backwards */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_lists_its_pieces_and_comes_back_once),
        cmocka_unit_test(a_full_queue_takes_nothing_and_changes_nothing),
        cmocka_unit_test(an_indirect_chain_takes_one_descriptor),
        cmocka_unit_test(chains_used_in_any_order_come_back_right),
        cmocka_unit_test(the_device_is_notified_when_it_asks),
        cmocka_unit_test(arming_tells_of_chains_used_before),
        cmocka_unit_test(an_impossible_length_is_told),
        cmocka_unit_test(a_device_that_breaks_the_rules_breaks_the_queue),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
