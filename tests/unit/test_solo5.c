/* test_solo5.c -- the backend and the host of Solo5, with a tender that obeys the rules or breaks
 * them. */
#include "unit_pool.h"

#include <leat/solo5.h>

#include <solo5.h>

#include "../virtio/metal/ends.h"
#include "../virtio/metal/entropy.h"
#include "../virtio/metal/services.h"

enum {
    HANDLE = 3,
    FRAMES_MAX = 8,
    HEAP_BYTES = 512 * 1024,
    STACK_BYTES = 256 * 1024,
    TIME_NS = 1000,
    CIVIL_NS = 2000
};

/* The tender: its resources, and the calls it got. */
static struct {
    size_t mtu;
    bool acquired;
    const char *lines; /* a letter per read: f, a frame; l, one too long; else an error */
    size_t frame_bytes;
    bool endless; /* repeats the first letter for ever */
    solo5_result_t write_result;
    uint8_t written[70000];
    size_t written_bytes;
    unsigned writes;
    solo5_time_t yielded_until;
    uintptr_t tls_base;
    char console[64];
    jmp_buf ended;
} tender;

/* A program's constructor and destructor, in the arrays of the linker script, whose ends the
 * linker's options set. */
static unsigned constructed, destructed;

static void constructor(void)
{
    constructed++;
}

static void destructor(void)
{
    destructed++;
}

program_end_fn *const constructors_start[] = {constructor};
program_end_fn *const destructors_start[] = {destructor};

solo5_time_t solo5_clock_monotonic(void)
{
    return TIME_NS;
}

solo5_result_t solo5_set_tls_base(uintptr_t base)
{
    tender.tls_base = base;
    return SOLO5_R_OK;
}

solo5_time_t solo5_clock_wall(void)
{
    return CIVIL_NS;
}

void solo5_yield(solo5_time_t deadline, solo5_handle_set_t *ready)
{
    assert_null(ready);
    tender.yielded_until = deadline;
}

void solo5_exit(int status)
{
    longjmp(tender.ended, 1 + status);
}

void solo5_abort(void)
{
    longjmp(tender.ended, -1);
}

void solo5_console_write(const char *text, size_t len)
{
    assert_in_range(len, 0, sizeof tender.console - 1);
    memcpy(tender.console, text, len);
}

solo5_result_t solo5_net_acquire(const char *name, solo5_handle_t *handle,
                                 struct solo5_net_info *info)
{
    if (strcmp(name, "service") != 0 || tender.acquired)
        return SOLO5_R_EINVAL;
    tender.acquired = true;
    *handle = HANDLE;
    *info = (struct solo5_net_info){.mac_address = {2, 0, 0, 0, 0, 1}, .mtu = tender.mtu};
    return SOLO5_R_OK;
}

solo5_result_t solo5_net_write(solo5_handle_t handle, const uint8_t *bytes, size_t len)
{
    assert_int_equal(handle, HANDLE);
    assert_in_range(len, 1, sizeof tender.written);
    memcpy(tender.written, bytes, len);
    tender.written_bytes = len;
    tender.writes++;
    return tender.write_result;
}

solo5_result_t solo5_net_read(solo5_handle_t handle, uint8_t *bytes, size_t room, size_t *len)
{
    assert_int_equal(handle, HANDLE);
    if (!*tender.lines)
        return SOLO5_R_AGAIN;
    switch (tender.endless ? *tender.lines : *tender.lines++) {
    case 'f': /* a frame */
        assert_in_range(tender.frame_bytes, 1, room);
        memset(bytes, 0xab, tender.frame_bytes);
        *len = tender.frame_bytes;
        return SOLO5_R_OK;
    case 'l': /* too long, so it fills the buffer */
        memset(bytes, 0xcd, room);
        *len = room;
        return SOLO5_R_OK;
    default:
        return SOLO5_R_EUNSPEC;
    }
}

bool entropy_from_cpu(void *bytes, size_t len)
{
    memset(bytes, 0x5a, len);
    return len != 13; /* the processor's source fails for this length */
}

static _Alignas(64) uint8_t heap[HEAP_BYTES];
static struct leat_solo5 guest;
static struct leat_solo5_net *net;
static struct unit_pool unit;
static struct leat_buf *frames[FRAMES_MAX];
static const char *why;

static int boot(void **state)
{
    const struct solo5_start_info start = {"--ip=10.0.0.2/24", (uintptr_t)heap, HEAP_BYTES};

    (void)state;
    memset(&tender, 0, sizeof tender);
    tender.mtu = 1500;
    tender.lines = "";
    tender.frame_bytes = 60;
    constructed = destructed = 0;
    leat_solo5_init(&guest, &start);
    net = NULL;
    return 0;
}

static void open_net(size_t mtu, uint32_t buffers)
{
    const struct leat_solo5_net_config config = {.solo5 = &guest};

    tender.mtu = mtu;
    assert_int_equal(leat_solo5_net_open(&net, &config, &why), LEAT_OK);
    unit_pool_open(&unit, buffers, 2048, 4, 16);
}

/* Receives frames and frees them; returns their number. */
static uint32_t receive(uint32_t frames_max)
{
    struct leat_netif *netif = leat_solo5_net_netif(net);
    const uint32_t count = netif->ops->receive(netif, TIME_NS, &unit.pool, frames, frames_max);

    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(leat_buf_total(frames[i]), tender.frame_bytes);
        assert_int_equal(frames[i]->data[0], 0xab);
        leat_buf_free(frames[i]);
    }
    return count;
}

static uint64_t next_look_ns(void)
{
    struct leat_netif *netif = leat_solo5_net_netif(net);

    return netif->ops->next_look_ns(netif, TIME_NS);
}

static void the_host_is_the_guest(void **state)
{
    uint8_t bytes[16];

    (void)state;
    assert_string_equal(guest.command_line, "--ip=10.0.0.2/24");
    assert_int_equal(guest.memory_bytes, HEAP_BYTES - STACK_BYTES);
    assert_int_equal(guest.host.now_ns(&guest.host), TIME_NS);
    assert_int_equal(guest.host.civil_ns(&guest.host), CIVIL_NS);
    assert_true(guest.host.wait(&guest.host, TIME_NS)); /* already due: no yield */
    assert_int_equal(tender.yielded_until, 0);
    assert_true(guest.host.wait(&guest.host, TIME_NS + 5));
    assert_int_equal(tender.yielded_until, TIME_NS + 5);
    assert_int_equal(guest.host.entropy(&guest.host, bytes, 16), LEAT_OK);
    assert_int_equal(guest.host.entropy(&guest.host, bytes, 13), LEAT_ERR_ENTROPY);
    guest.host.console(&guest.host, "hello", 5);
    assert_string_equal(tender.console, "hello");
}

static void memory_is_taken_aligned_and_only_once(void **state)
{
    uint8_t *const first = leat_solo5_take(&guest, 1);
    uint8_t *const second = leat_solo5_take(&guest, 65);

    (void)state;
    assert_ptr_equal(first, heap);
    assert_ptr_equal(second, heap + 64);
    assert_null(leat_solo5_take(&guest, HEAP_BYTES - STACK_BYTES));
    assert_null(leat_solo5_take(&guest, SIZE_MAX)); /* the sum must not wrap */
    assert_ptr_equal(leat_solo5_take(&guest, 1), heap + 192);
}

static void a_small_heap_leaves_nothing(void **state)
{
    const struct solo5_start_info start = {"", (uintptr_t)heap, STACK_BYTES};

    (void)state;
    leat_solo5_init(&guest, &start);
    assert_int_equal(guest.memory_bytes, 0);
    assert_null(leat_solo5_take(&guest, 1));
}

/* The address that the stack protector uses on x86-64. */
static void there_is_a_guard_word(void **state)
{
    uint64_t word;

    (void)state;
    memcpy(&word, (const unsigned char *)tender.tls_base + 0x28, sizeof word);
    assert_in_range(tender.tls_base, (uintptr_t)&guest, (uintptr_t)&guest + sizeof guest - 0x30);
    assert_int_not_equal(word, 0);
}

static void a_failed_open_says_why(void **state)
{
    static const struct leat_mac group = {{3, 0, 0, 0, 0, 1}};
    struct leat_solo5_net_config config = {.solo5 = &guest, .device = "other"};

    (void)state;
    assert_int_equal(leat_solo5_net_open(&net, &config, &why), LEAT_ERR_NOT_FOUND);
    assert_non_null(strstr(why, "manifest"));
    config.device = NULL;
    config.mtu = 1501;
    assert_int_equal(leat_solo5_net_open(&net, &config, &why), LEAT_ERR_ARGUMENT);
    assert_non_null(strstr(why, "MTU"));
    tender.acquired = false;
    config.mtu = 67;
    assert_int_equal(leat_solo5_net_open(&net, &config, &why), LEAT_ERR_ARGUMENT);
    tender.acquired = false;
    config.mtu = 0;
    config.mac = &group;
    assert_int_equal(leat_solo5_net_open(&net, &config, &why), LEAT_ERR_ARGUMENT);
    assert_non_null(strstr(why, "MAC"));
    tender.acquired = false;
    config.mac = NULL;
    guest.memory_bytes = 256; /* enough for the device, but not for the frame */
    assert_int_equal(leat_solo5_net_open(&net, &config, &why), LEAT_ERR_MEMORY);
    guest.memory_bytes = 0;
    assert_int_equal(leat_solo5_net_open(&net, &config, &why), LEAT_ERR_MEMORY);
    assert_non_null(strstr(why, "memory"));
    assert_null(net);
}

static void an_mtu_of_64_kib_is_cut_to_the_longest_frame(void **state)
{
    (void)state;
    open_net(70000, 4);
    assert_int_equal(leat_solo5_net_netif(net)->mtu, 65521);
    assert_true(leat_solo5_net_netif(net)->capabilities & LEAT_NETIF_GATHER);
    unit_pool_close(&unit);
}

static void frames_are_read_in_place(void **state)
{
    (void)state;
    open_net(1500, 4);
    tender.lines = "fff";
    assert_int_equal(receive(2), 2);
    assert_int_equal(next_look_ns(), TIME_NS); /* there may be more */
    assert_int_equal(receive(FRAMES_MAX), 1);
    assert_int_equal(next_look_ns(), LEAT_NEVER_NS);
    assert_int_equal(leat_solo5_net_counters(net)->rx_copied_bytes, 0);
    unit_pool_close(&unit);
}

static void long_frames_and_errors_are_counted(void **state)
{
    (void)state;
    open_net(1500, 4);
    tender.lines = "flf!f";
    assert_int_equal(receive(FRAMES_MAX), 2);
    assert_int_equal(leat_solo5_net_counters(net)->rx_cut, 1);
    assert_int_equal(leat_solo5_net_counters(net)->rx_error, 1);
    assert_int_equal(receive(FRAMES_MAX), 1);
    unit_pool_close(&unit);
}

/* A link with only overlong frames must not block the program. */
static void endless_long_frames_end_the_look(void **state)
{
    (void)state;
    open_net(1500, 4);
    tender.lines = "l";
    tender.endless = true;
    assert_int_equal(receive(FRAMES_MAX), 0);
    assert_true(leat_solo5_net_counters(net)->rx_cut > 0);
    assert_int_equal(next_look_ns(), TIME_NS);
    unit_pool_close(&unit);
}

static void without_buffers_it_looks_again_later(void **state)
{
    struct leat_buf *held;

    (void)state;
    open_net(1500, 1);
    held = leat_buf_alloc(&unit.pool, 0);
    tender.lines = "f";
    assert_int_equal(receive(FRAMES_MAX), 0);
    assert_int_equal(leat_solo5_net_counters(net)->rx_starved, 1);
    assert_true(next_look_ns() > TIME_NS && next_look_ns() != LEAT_NEVER_NS);
    leat_buf_free(held);
    assert_int_equal(receive(1), 1);
    unit_pool_close(&unit);
}

static void frames_longer_than_a_buffer_are_copied_once(void **state)
{
    (void)state;
    open_net(9000, 16);
    tender.frame_bytes = 9014;
    tender.lines = "f";
    assert_int_equal(receive(FRAMES_MAX), 1);
    assert_int_equal(leat_solo5_net_counters(net)->rx_copied_bytes, 9014);
    unit_pool_close(&unit);
    unit_pool_open(&unit, 2, 2048, 4, 16);
    tender.lines = "f";
    assert_int_equal(receive(FRAMES_MAX), 0); /* the frame stays with the tender */
    assert_int_equal(leat_solo5_net_counters(net)->rx_starved, 1);
    assert_string_equal(tender.lines, "f");
    unit_pool_close(&unit);
}

static void frames_are_written_in_one_piece(void **state)
{
    struct leat_netif *netif;
    struct leat_buf *frame;

    (void)state;
    open_net(9000, 8);
    netif = leat_solo5_net_netif(net);
    assert_true(netif->ops->transmit_room(netif) > 0);
    frame = leat_buf_alloc(&unit.pool, 0);
    memset(leat_buf_put(frame, 100), 1, 100);
    netif->ops->transmit(netif, TIME_NS, &frame, 1);
    assert_int_equal(tender.written_bytes, 100);
    assert_int_equal(leat_solo5_net_counters(net)->tx_copied_bytes, 0);
    frame = leat_buf_alloc(&unit.pool, 0);
    memset(leat_buf_put(frame, 100), 1, 100);
    frame->next = leat_buf_alloc(&unit.pool, 0);
    memset(leat_buf_put(frame->next, 50), 2, 50);
    tender.write_result = SOLO5_R_EUNSPEC;
    netif->ops->transmit(netif, TIME_NS, &frame, 1);
    assert_int_equal(tender.written_bytes, 150);
    assert_int_equal(tender.written[99], 1);
    assert_int_equal(tender.written[149], 2);
    assert_int_equal(leat_solo5_net_counters(net)->tx_copied_bytes, 150);
    assert_int_equal(leat_solo5_net_counters(net)->tx_refused, 1);
    assert_int_equal(tender.writes, 2);
    netif->ops->close(netif);
    unit_pool_close(&unit);
}

static void the_c_library_finds_its_machine(void **state)
{
    int how;

    (void)state;
    assert_int_equal(machine_civil_ns(), CIVIL_NS);
    machine_write("line", 4);
    assert_memory_equal(tender.console, "line", 4);
    assert_int_equal(constructed, 1);
    assert_int_equal(destructed, 0);
    how = setjmp(tender.ended);
    if (how == 0)
        machine_end(3);
    assert_int_equal(how, 4);
    assert_int_equal(destructed, 1);
    how = setjmp(tender.ended);
    if (how == 0)
        machine_halt(5);
    assert_int_equal(how, 6);
    how = setjmp(tender.ended);
    if (how == 0)
        machine_crash();
    assert_int_equal(how, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_host_is_the_guest, boot),
        cmocka_unit_test_setup(memory_is_taken_aligned_and_only_once, boot),
        cmocka_unit_test_setup(a_small_heap_leaves_nothing, boot),
        cmocka_unit_test_setup(there_is_a_guard_word, boot),
        cmocka_unit_test_setup(a_failed_open_says_why, boot),
        cmocka_unit_test_setup(an_mtu_of_64_kib_is_cut_to_the_longest_frame, boot),
        cmocka_unit_test_setup(frames_are_read_in_place, boot),
        cmocka_unit_test_setup(long_frames_and_errors_are_counted, boot),
        cmocka_unit_test_setup(endless_long_frames_end_the_look, boot),
        cmocka_unit_test_setup(without_buffers_it_looks_again_later, boot),
        cmocka_unit_test_setup(frames_longer_than_a_buffer_are_copied_once, boot),
        cmocka_unit_test_setup(frames_are_written_in_one_piece, boot),
        cmocka_unit_test_setup(the_c_library_finds_its_machine, boot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
