/* test_lan9118.c -- the driver of the LAN9118 on registers in memory: starts that fail, frames that
 * are dropped, the link, resets. The kit tests the rest. */
#include "two_lists.h"

#include "lan9118_model.h"
#include "registers.h"

enum {
    LEN = 100,
    AT_ONCE = 32
};

static const uint64_t second = 1000000000;
static const uint32_t abilities_full = 0x1e1, abilities_half = 0x081, abilities_10 = 0x061;

static struct lan9118_model model;
static struct leat_lan9118 controller;
static struct leat_netif *netif;

struct fixture {
    struct leat_pool *pool;
    struct leat *stack;
    void *memory;
    uint32_t free_before;
};

static int set_up(void **state)
{
    const struct leat_lan9118_config config = (model_power_up(&model, 1), model_config(&model));
    struct fixture *f = calloc(1, sizeof *f);
    const char *why;

    f->stack = two_lists_stack(&f->memory);
    f->pool = leat_pool(f->stack);
    f->free_before = leat_pool_free_count(f->pool);
    assert_int_equal(leat_lan9118_open(&controller, &config, &why), LEAT_OK);
    assert_null(why);
    netif = leat_lan9118_netif(&controller);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    netif->ops->close(netif);
    assert_int_equal(leat_pool_free_count(f->pool), f->free_before);
    leat_close(f->stack);
    free(f->memory);
    free(f);
    return 0;
}

static uint32_t receive(const struct fixture *f, uint64_t now_ns, struct leat_buf **frames)
{
    return netif->ops->receive(netif, now_ns, f->pool, frames, AT_ONCE);
}

/* Receives, checks that each frame has @len bytes of its number from @first on, and frees them. */
static uint32_t receive_right(const struct fixture *f, uint64_t now_ns, uint32_t len, uint8_t first)
{
    struct leat_buf *frames[AT_ONCE];
    const uint32_t count = receive(f, now_ns, frames);

    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(frames[i]->len, len);
        for (uint32_t at = 0; at < len; at++)
            assert_int_equal(frames[i]->data[at], first + i);
        leat_buf_free(frames[i]);
    }
    return count;
}

static void arrive(uint32_t len, uint8_t number, uint32_t errors)
{
    uint8_t bytes[MODEL_FRAME_MAX];

    memset(bytes, number, sizeof bytes);
    model_receive(&model, bytes, len, errors);
}

static void send_one(const struct fixture *f, uint32_t len)
{
    struct leat_buf *frame = leat_buf_alloc(f->pool, 0);

    memset(leat_buf_put(frame, len), 7, len);
    netif->ops->transmit(netif, 0, &frame, 1);
}

/* ---- the start ---------------------------------------------------------------------------- */

static void expect_refusal(const struct leat_lan9118_config *config, enum leat_err err,
                           const char *word)
{
    static struct leat_lan9118 other;
    const char *why = NULL;

    assert_int_equal(leat_lan9118_open(&other, config, &why), err);
    assert_non_null(strstr(why, word));
}

static void a_controller_that_does_not_answer_is_refused(void **state)
{
    const struct leat_lan9118_config config = model_config(&model);

    (void)state;
    model_power_up(&model, 1);
    model.is_absent = true;
    expect_refusal(&config, LEAT_ERR_NOT_FOUND, "no LAN9118 answers");
    model_power_up(&model, 1);
    model.never_resets = true;
    expect_refusal(&config, LEAT_ERR_DEVICE, "reset");
    model_power_up(&model, 1);
    model.mac_is_stuck = true;
    expect_refusal(&config, LEAT_ERR_DEVICE, "of its MAC");
    model_power_up(&model, 1);
    model.phy_is_stuck = true;
    expect_refusal(&config, LEAT_ERR_DEVICE, "of its PHY");
}

static void a_wrong_configuration_is_refused(void **state)
{
    const struct leat_mac group = {{1, 0, 0x5e, 0, 0, 1}}, none = {{0}};
    struct leat_lan9118_config config = model_config(&model);

    (void)state;
    model_power_up(&model, 1);
    config.mac = &group;
    expect_refusal(&config, LEAT_ERR_ARGUMENT, "MAC");
    config.mac = &none;
    expect_refusal(&config, LEAT_ERR_ARGUMENT, "MAC");
    config = model_config(&model);
    config.mtu = 67;
    expect_refusal(&config, LEAT_ERR_ARGUMENT, "68 to 1500");
    config.mtu = 1501;
    expect_refusal(&config, LEAT_ERR_ARGUMENT, "68 to 1500");
    config = model_config(&model);
    config.write = NULL;
    expect_refusal(&config, LEAT_ERR_ARGUMENT, "function");
    config = model_config(&model);
    config.reserved[1] = 1;
    expect_refusal(&config, LEAT_ERR_ARGUMENT, "");
    assert_int_equal(model.resets, 0);
}

static void the_address_is_that_of_the_EEPROM_or_the_programs(void **state)
{
    const struct leat_mac own = {{2, 1, 2, 3, 4, 5}};
    struct leat_lan9118_config config = model_config(&model);
    const char *why;

    (void)state;
    model_power_up(&model, 9);
    assert_int_equal(leat_lan9118_open(&controller, &config, &why), LEAT_OK);
    assert_memory_equal(leat_lan9118_netif(&controller)->mac.octet, "\2\0\0\0\0\11", 6);
    model_power_up(&model, 0);
    expect_refusal(&config, LEAT_ERR_ARGUMENT, "EEPROM");
    config.mac = &own;
    assert_int_equal(leat_lan9118_open(&controller, &config, &why), LEAT_OK);
    assert_int_equal(model.mac[MAC_ADDRL], 0x03020102);
    assert_int_equal(model.mac[MAC_ADDRH], 0x0504);
}

static void the_interrupt_line_is_driven_high_or_pulled_low(void **state)
{
    struct leat_lan9118_config config = model_config(&model);
    const char *why;

    (void)state;
    model_power_up(&model, 1);
    assert_int_equal(leat_lan9118_open(&controller, &config, &why), LEAT_OK);
    assert_int_equal(model.irq_cfg, IRQ_EN | IRQ_ACTIVE_HIGH | IRQ_PUSH_PULL);
    config.irq_is_open_drain = true;
    assert_int_equal(leat_lan9118_open(&controller, &config, &why), LEAT_OK);
    assert_int_equal(model.irq_cfg, IRQ_EN);
}

/* ---- received frames ---------------------------------------------------------------------- */

static void a_frame_interrupts_until_it_is_received(void **state)
{
    const struct fixture *f = *state;

    assert_int_equal(receive_right(f, 0, LEN, 0), 0);
    assert_false(model_interrupts(&model));
    arrive(LEN, 3, 0);
    assert_true(model_interrupts(&model));
    assert_int_equal(receive_right(f, 0, LEN, 3), 1);
    assert_false(model_interrupts(&model));
    assert_true(netif->ops->next_look_ns(netif, 5) == LEAT_NEVER_NS);
}

static void the_IP_header_is_aligned(void **state)
{
    const struct fixture *f = *state;
    struct leat_buf *frames[AT_ONCE];

    assert_int_equal(receive(f, 0, frames), 0);
    arrive(LEN, 1, 0);
    assert_int_equal(receive(f, 0, frames), 1);
    assert_int_equal((uintptr_t)(frames[0]->data + 14) % 4, 0);
    assert_true(leat_buf_headroom(frames[0]) >= LEAT_BUF_HEADROOM - 2);
    leat_buf_free(frames[0]);
}

static void frames_that_are_bad_or_of_a_wrong_length_are_dropped_and_counted(void **state)
{
    const struct leat_lan9118_counters *counters = leat_lan9118_counters(&controller);
    const struct fixture *f = *state;

    assert_int_equal(receive_right(f, 0, LEN, 0), 0);
    arrive(LEN, 1, RX_STATUS_ERROR);
    arrive(13, 1, 0);
    arrive(1519, 1, 0);
    arrive(2040, 1, RX_STATUS_ERROR);
    arrive(1518, 2, 0);
    assert_int_equal(receive_right(f, 0, 1518, 2), 1);
    assert_int_equal(counters->rx_bad, 2);
    assert_int_equal(counters->rx_length, 2);
    assert_int_equal(model.rx_word_count, 0);
}

static void many_bad_frames_do_not_keep_the_stack_from_its_turn(void **state)
{
    const struct fixture *f = *state;

    assert_int_equal(receive_right(f, 0, LEN, 0), 0);
    for (unsigned i = 0; i < 150; i++)
        arrive(20, 1, RX_STATUS_ERROR);
    assert_int_equal(receive_right(f, 0, LEN, 0), 0);
    assert_int_equal(model.rx_count, 150 - 64);
    assert_true(netif->ops->next_look_ns(netif, 5) == 5);
}

static void a_dry_pool_leaves_frames_in_the_controller(void **state)
{
    const struct leat_lan9118_counters *counters = leat_lan9118_counters(&controller);
    const struct fixture *f = *state;
    struct leat_buf *held[AT_ONCE], *frames[AT_ONCE];
    unsigned count = 0;

    assert_int_equal(receive(f, 0, frames), 0);
    while ((held[count] = leat_buf_alloc(f->pool, 0)))
        count++;
    arrive(LEN, 1, 0);
    arrive(LEN, 2, 0);
    assert_int_equal(receive(f, 0, frames), 0);
    assert_int_equal(counters->rx_starved, 1);
    assert_true(netif->ops->next_look_ns(netif, 5) == 5 + second / 1000);
    while (count > 0)
        leat_buf_free(held[--count]);
    assert_int_equal(receive_right(f, 0, LEN, 1), 2);
    assert_int_equal(counters->rx_starved, 1);
}

static void frames_beyond_the_FIFO_are_counted_as_the_controller_does(void **state)
{
    const struct leat_lan9118_counters *counters = leat_lan9118_counters(&controller);
    const struct fixture *f = *state;

    assert_int_equal(receive_right(f, 0, LEN, 0), 0);
    for (unsigned i = 0; i < 10; i++)
        arrive(1514, (uint8_t)i, 0); /* 6 of them fill it */
    assert_int_equal(receive_right(f, 0, 1514, 0), 6);
    assert_int_equal(counters->rx_overrun, 4);
    assert_int_equal(receive_right(f, 0, 1514, 0), 0);
    assert_int_equal(counters->rx_overrun, 4);
}

/* ---- frames to send ----------------------------------------------------------------------- */

static void reports_on_sent_frames_are_taken_before_their_FIFO_is_full(void **state)
{
    const struct leat_lan9118_counters *counters = leat_lan9118_counters(&controller);
    const struct fixture *f = *state;

    assert_int_equal(receive_right(f, 0, LEN, 0), 0);
    for (unsigned i = 0; i < 1000; i++) {
        assert_true(netif->ops->transmit_room(netif) > 0);
        send_one(f, 60 + i % 1455);
    }
    assert_int_equal(model.sent, 1000);
    assert_true(netif->ops->transmit_room(netif) > 0);
    assert_int_equal(counters->tx_bad, 0);
    model.tx_status = TX_STATUS_ERROR;
    send_one(f, LEN);
    assert_true(netif->ops->transmit_room(netif) > 0);
    assert_int_equal(counters->tx_bad, 1);
}

static void a_full_FIFO_takes_no_frame_and_is_asked_again(void **state)
{
    const struct fixture *f = *state;
    unsigned count = 0;

    assert_int_equal(receive_right(f, 0, LEN, 0), 0);
    model.holds_tx = true;
    for (; netif->ops->transmit_room(netif) > 0; count++)
        send_one(f, 1518);
    assert_int_equal(count, MODEL_TX_BYTES / (8 + 1520));
    assert_true(netif->ops->next_look_ns(netif, 5) == 5 + second / 1000);
    model.held_bytes = 0;
    assert_true(netif->ops->next_look_ns(netif, 5) == LEAT_NEVER_NS);
}

static void a_frame_that_is_too_long_is_lost_and_counted(void **state)
{
    const struct fixture *f = *state;

    send_one(f, 1519);
    assert_int_equal(model.sent, 0);
    assert_int_equal(leat_lan9118_counters(&controller)->tx_lost, 1);
}

/* ---- the link, and failures --------------------------------------------------------------- */

static void the_duplex_mode_is_the_negotiated_one(void **state)
{
    const struct fixture *f = *state;

    assert_false(leat_lan9118_link_up(&controller));
    (void)receive_right(f, 0, LEN, 0);
    assert_true(leat_lan9118_link_up(&controller));
    assert_true(model.mac[MAC_CR] & MAC_CR_FULL_DUPLEX);
    model_set_link(&model, true, abilities_half);
    (void)receive_right(f, 0, LEN, 0);
    assert_false(model.mac[MAC_CR] & MAC_CR_FULL_DUPLEX);
    model_set_link(&model, true, abilities_10);
    (void)receive_right(f, 0, LEN, 0);
    assert_true(model.mac[MAC_CR] & MAC_CR_FULL_DUPLEX);
}

static void the_link_is_seen_by_its_interrupt_or_each_second(void **state)
{
    const struct leat_lan9118_counters *counters = leat_lan9118_counters(&controller);
    const struct fixture *f = *state;

    (void)receive_right(f, 0, LEN, 0);
    assert_int_equal(counters->link_changes, 1);
    model_set_link(&model, false, 0);
    assert_true(model_interrupts(&model));
    (void)receive_right(f, second, LEN, 0);
    assert_false(model_interrupts(&model));
    assert_false(leat_lan9118_link_up(&controller));
    assert_true(netif->ops->next_look_ns(netif, second) == 2 * second);
    model.phy[PHY_INT_MASK] = 0; /* no interrupt comes */
    model_set_link(&model, true, abilities_full);
    (void)receive_right(f, 2 * second - 1, LEN, 0);
    assert_false(leat_lan9118_link_up(&controller));
    (void)receive_right(f, 2 * second, LEN, 0);
    assert_true(leat_lan9118_link_up(&controller));
    assert_int_equal(counters->link_changes, 3);
}

static void an_error_of_the_FIFOs_resets_the_controller(void **state)
{
    const struct fixture *f = *state;

    (void)receive_right(f, 0, LEN, 0);
    arrive(LEN, 1, 0);
    model.int_sts |= INT_RXE;
    assert_int_equal(receive_right(f, 0, LEN, 0), 0);
    assert_int_equal(leat_lan9118_counters(&controller)->resets, 1);
    arrive(LEN, 2, 0);
    assert_int_equal(receive_right(f, 0, LEN, 2), 1);
    model.int_sts |= INT_TXE;
    (void)receive_right(f, 0, LEN, 0);
    assert_int_equal(leat_lan9118_counters(&controller)->resets, 2);
    send_one(f, LEN);
    assert_int_equal(model.sent, 1);
}

static void a_lost_controller_loses_frames_and_says_why(void **state)
{
    const struct fixture *f = *state;

    (void)receive_right(f, 0, LEN, 0);
    model_set_link(&model, false, 0);
    model.mac_is_stuck = true;
    arrive(LEN, 1, 0);
    assert_int_equal(receive_right(f, 0, LEN, 1), 0);
    assert_non_null(strstr(leat_lan9118_why(&controller), "of its MAC"));
    assert_int_equal(receive_right(f, 0, LEN, 1), 0);
    assert_true(netif->ops->transmit_room(netif) > 0);
    assert_true(netif->ops->next_look_ns(netif, 5) == LEAT_NEVER_NS);
    send_one(f, LEN);
    assert_int_equal(model.sent, 0);
    assert_int_equal(leat_lan9118_counters(&controller)->tx_lost, 1);
}

static void a_closed_controller_is_silent(void **state)
{
    const struct fixture *f = *state;

    (void)receive_right(f, 0, LEN, 0);
    arrive(LEN, 1, 0);
    netif->ops->close(netif);
    netif->ops->close(netif);
    assert_false(model_interrupts(&model));
    assert_int_equal(model.mac[MAC_CR], 0);
    assert_int_equal(receive_right(f, 0, LEN, 1), 0);
    send_one(f, LEN);
    assert_int_equal(model.sent, 0);
}

int main(void)
{
    const struct CMUnitTest starts[] = {
        cmocka_unit_test(a_controller_that_does_not_answer_is_refused),
        cmocka_unit_test(a_wrong_configuration_is_refused),
        cmocka_unit_test(the_address_is_that_of_the_EEPROM_or_the_programs),
        cmocka_unit_test(the_interrupt_line_is_driven_high_or_pulled_low),
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_frame_interrupts_until_it_is_received, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_IP_header_is_aligned, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            frames_that_are_bad_or_of_a_wrong_length_are_dropped_and_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_bad_frames_do_not_keep_the_stack_from_its_turn, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_dry_pool_leaves_frames_in_the_controller, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(frames_beyond_the_FIFO_are_counted_as_the_controller_does,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(reports_on_sent_frames_are_taken_before_their_FIFO_is_full,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_FIFO_takes_no_frame_and_is_asked_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_frame_that_is_too_long_is_lost_and_counted, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_duplex_mode_is_the_negotiated_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_link_is_seen_by_its_interrupt_or_each_second, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_error_of_the_FIFOs_resets_the_controller, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_lost_controller_loses_frames_and_says_why, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_closed_controller_is_silent, set_up, tear_down),
    };
    const int failed = cmocka_run_group_tests_name("lan9118, starts", starts, NULL, NULL);

    return failed + cmocka_run_group_tests_name("lan9118", tests, NULL, NULL);
}
