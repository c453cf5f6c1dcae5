/* test_wire_tcp.c -- the TCP header: emit is the inverse of parse, and no option leads outside. */
#include "world.h"

#include "unit.h"

#include "wire/tcp.h"

/* Parses @options after a legal header; false: refused. */
static bool parse(const void *options, uint32_t len, struct wire_tcp *header)
{
    struct frame_segment segment = {.flags = TCP_SYN, .options = options, .options_len = len};
    const struct frame frame = frame_tcp(&segment, 0, 0);
    const uint8_t *at = frame.bytes + FRAME_L4;

    memset(header, 0xa5, sizeof *header);
    assert_true(wire_tcp_parse(at, 20 + len, header));
    return wire_tcp_parse_options(at, header);
}

static void emit_inverts_parse(void **state)
{
    const struct frame_segment segment = {.src_port = 0x1234,
                                          .dst_port = 0xfedc,
                                          .seq = 0xdeadbeef,
                                          .ack = 0x87654321,
                                          .flags = TCP_ACK | TCP_PSH,
                                          .window = 0xabcd};
    const struct frame frame = frame_tcp(&segment, 0, 0);
    const uint8_t *at = frame.bytes + FRAME_L4;
    struct wire_tcp header;
    uint8_t made[WIRE_TCP_BYTES + WIRE_TCP_OPTIONS_BYTES];

    (void)state;
    assert_true(wire_tcp_parse(at, 20, &header));
    assert_int_equal(header.src_port, 0x1234);
    assert_int_equal(header.dst_port, 0xfedc);
    assert_int_equal(header.seq, 0xdeadbeef);
    assert_int_equal(header.ack, 0x87654321);
    assert_int_equal(header.flags, TCP_ACK | TCP_PSH);
    assert_int_equal(header.window, 0xabcd);
    assert_true(wire_tcp_parse_options(at, &header));
    assert_int_equal(wire_tcp_bytes(&header), 20);
    memset(made, 0xa5, sizeof made);
    wire_tcp_emit(made, &header, wire_tcp_bytes(&header));
    frame_put16(made + WIRE_TCP_CHECKSUM_AT, frame_get16(at + WIRE_TCP_CHECKSUM_AT));
    assert_memory_equal(made, at, 20);
}

static void options_survive_the_way_there_and_back(void **state)
{
    static const uint16_t sizes[] = {0, 1, 536, 1460, 65535};
    static const uint8_t shifts[] = {0, 7, 14, WIRE_TCP_NO_SHIFT};

    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        /* parsed from a minimal header, so that absent options have the values that mean so */
        struct wire_tcp header, back;
        uint8_t made[60] = {[12] = 0x50};

        assert_true(wire_tcp_parse(made, 20, &header));
        header.mss = sizes[i / 4];
        header.wind_shift = shifts[i % 4];
        memset(made, 0, sizeof made);
        assert_true(wire_tcp_bytes(&header) <= sizeof made);
        assert_int_equal(wire_tcp_bytes(&header) % 4, 0);
        wire_tcp_emit(made, &header, wire_tcp_bytes(&header));
        assert_true(wire_tcp_parse(made, wire_tcp_bytes(&header), &back));
        assert_int_equal(back.header_bytes, wire_tcp_bytes(&header));
        assert_true(wire_tcp_parse_options(made, &back));
        assert_int_equal(back.mss, header.mss);
        assert_int_equal(back.wind_shift, header.wind_shift);
    }
}

/* RFC 9293 3.1: the data offset includes the header, and must lie within the segment */
/* The options of nearly every SYN have a parser of their own. */
static void usual_SYN_is_read_to_the_last_field(void **state)
{
    static const uint8_t syn[] = {0,  7,  0,  9,  0,  0,  0,  1,  0, 0, 0, 2, 0xa0, 0x12,
                                  1,  2,  0,  0,  0,  0,  2,  4,  5, 6, 4, 2, 8,    10,
                                  11, 12, 13, 14, 21, 22, 23, 24, 1, 3, 3, 7};
    struct wire_tcp header;

    (void)state;
    assert_true(wire_tcp_parse(syn, sizeof syn, &header));
    assert_true(wire_tcp_parse_options(syn, &header));
    assert_int_equal(header.mss, 0x0506);
    assert_true(header.sack_permitted && header.has_ts);
    assert_int_equal(header.tsval, 0x0b0c0d0e);
    assert_int_equal(header.tsecr, 0x15161718);
    assert_int_equal(header.wind_shift, 7);
}

static void data_offset_is_judged(void **state)
{
    uint8_t bytes[60] = {0};
    struct wire_tcp header;

    (void)state;
    for (uint32_t offset = 0; offset < 16; offset++) {
        for (uint32_t len = 0; len <= 60; len++) {
            bytes[12] = (uint8_t)(offset << 4);
            assert_int_equal(wire_tcp_parse(bytes, len, &header), offset >= 5 && len >= offset * 4);
        }
    }
}

/* RFC 9293 3.1, MUST-4: End, No-Operation and MSS are recognized at any position */
static void options_are_read_at_any_alignment(void **state)
{
    static const uint8_t late[12] = {1, 1, 1, 3, 3, 7, 2, 4, 5, 0xb4, 0, 0};
    static const uint8_t ended[8] = {0, 2, 4, 5, 0xb4, 0, 0, 0};
    struct wire_tcp header;

    (void)state;
    assert_true(parse(late, 12, &header));
    assert_int_equal(header.mss, 1460);
    assert_int_equal(header.wind_shift, 7);
    assert_true(parse(ended, 8, &header)); /* options after the end are ignored */
    assert_int_equal(header.mss, 0);
}

/* MUST-6 */
static void unknown_options_are_skipped(void **state)
{
    static const uint8_t unknown[12] = {253, 4, 2, 4, 254, 2, 2, 4, 2, 24, 1, 1};
    struct wire_tcp header;

    (void)state;
    assert_true(parse(unknown, 12, &header));
    assert_int_equal(header.mss, 536);
}

static void options_of_a_wrong_length_are_not_believed(void **state)
{
    static const uint8_t wrong[12] = {2, 3, 5, 3, 2, 2, 5, 9, 9, 9, 9, 0};
    struct wire_tcp header;

    (void)state;
    assert_false(parse(wrong, 12, &header)); /* the last one: 5 is SACK, 9 exceeds the header */
    assert_int_equal(header.mss, 0);
    assert_int_equal(header.wind_shift, WIRE_TCP_NO_SHIFT);
}

/* RFC 7323 2.3 */
static void window_scale_over_14_is_14(void **state)
{
    static const uint8_t large[4] = {3, 3, 255, 0};
    struct wire_tcp header;

    (void)state;
    assert_true(parse(large, 4, &header));
    assert_int_equal(header.wind_shift, 14);
}

/* MUST-7: CVE-2020-24337 and related ones; ASan checks every byte that is read */
static void random_options_never_lead_out_of_the_header(void **state)
{
    uint64_t seed = 3;
    struct wire_tcp header;

    (void)state;
    for (unsigned i = 0; i < 200000; i++) {
        const uint32_t len = 20 + 4 * unit_below(&seed, 11);
        uint8_t *bytes = malloc(len);

        assert_non_null(bytes);
        for (uint32_t at = 0; at < len; at++) /* small numbers are kinds and lengths */
            bytes[at] = (uint8_t)unit_below(&seed, unit_below(&seed, 4) ? 12 : 256);
        bytes[12] = (uint8_t)(len / 4 << 4);
        assert_true(wire_tcp_parse(bytes, len, &header));
        if (wire_tcp_parse_options(bytes, &header))
            assert_true(header.wind_shift <= 14 || header.wind_shift == WIRE_TCP_NO_SHIFT);
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(emit_inverts_parse),
        cmocka_unit_test(options_survive_the_way_there_and_back),
        cmocka_unit_test(usual_SYN_is_read_to_the_last_field),
        cmocka_unit_test(data_offset_is_judged),
        cmocka_unit_test(options_are_read_at_any_alignment),
        cmocka_unit_test(unknown_options_are_skipped),
        cmocka_unit_test(options_of_a_wrong_length_are_not_believed),
        cmocka_unit_test(window_scale_over_14_is_14),
        cmocka_unit_test(random_options_never_lead_out_of_the_header),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
