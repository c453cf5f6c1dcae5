/* test_lists.c -- the ring, and the queue of frames. */
#include "unit_pool.h"

#include "core/queue.h"
#include "core/ring.h"

struct item {
    int number;
    struct ring node;
};

static void a_ring_gives_its_nodes_in_order(void **state)
{
    struct ring head;
    struct item items[3] = {{.number = 1}, {.number = 2}, {.number = 3}};
    int expected = 1;

    (void)state;
    ring_init(&head);
    assert_true(ring_is_empty(&head));
    for (unsigned i = 0; i < 3; i++) {
        assert_false(ring_is_in(&items[i].node));
        ring_put(&head, &items[i].node);
        assert_true(ring_is_in(&items[i].node));
    }
    for (struct ring *node = head.next; node != &head; node = node->next)
        assert_int_equal(container_of(node, struct item, node)->number, expected++);
    assert_int_equal(expected, 4);
}

static void ring_nodes_leave_from_anywhere(void **state)
{
    struct ring head;
    struct item items[3] = {{.number = 1}, {.number = 2}, {.number = 3}};

    (void)state;
    ring_init(&head);
    for (unsigned i = 0; i < 3; i++)
        ring_put(&head, &items[i].node);
    ring_remove(&items[1].node);
    ring_remove(&items[1].node); /* a second removal has no effect */
    assert_false(ring_is_in(&items[1].node));
    assert_ptr_equal(head.next, &items[0].node);
    assert_ptr_equal(head.next->next, &items[2].node);
    ring_remove(&items[0].node);
    ring_remove(&items[2].node);
    assert_true(ring_is_empty(&head));
    ring_put(&head, &items[1].node);
    assert_ptr_equal(head.prev, &items[1].node);
}

static void a_queue_gives_the_oldest_first(void **state)
{
    struct leat_buf frames[3];
    struct buf_queue queue = {0};

    (void)state;
    memset(frames, 0xa5, sizeof frames); /* `queued` needs no initialization */
    assert_null(queue_take(&queue));
    for (unsigned i = 0; i < 3; i++)
        queue_put(&queue, &frames[i]);
    assert_int_equal(queue.count, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_ptr_equal(queue_take(&queue), &frames[i]);
        assert_null(frames[i].queued);
    }
    assert_null(queue_take(&queue));
    assert_int_equal(queue.count, 0);
    queue_put(&queue, &frames[2]);
    assert_ptr_equal(queue.first, &frames[2]);
    assert_ptr_equal(queue.last, &frames[2]);
}

static void freeing_a_queue_frees_all_pieces_of_all_frames(void **state)
{
    struct unit_pool unit;
    struct buf_queue queue = {0};

    (void)state;
    unit_pool_open(&unit, 8, 256, 1, 1);
    for (unsigned i = 0; i < 4; i++) {
        struct leat_buf *frame = leat_buf_alloc(&unit.pool, 0);

        leat_buf_append(frame, leat_buf_alloc(&unit.pool, 0));
        queue_put(&queue, frame);
    }
    queue_free_all(&queue);
    assert_int_equal(queue.count, 0);
    unit_pool_close(&unit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ring_gives_its_nodes_in_order),
        cmocka_unit_test(ring_nodes_leave_from_anywhere),
        cmocka_unit_test(a_queue_gives_the_oldest_first),
        cmocka_unit_test(freeing_a_queue_frees_all_pieces_of_all_frames),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
