/* test_link_offload.c -- the wire between two stacks segments and merges like a network card, in
 * both families. */
#include "frames6.h"
#include "super.h"

#include "offload.h"

enum {
    SEGMENTS = 10,
    LAST_BYTES = 50,
    HEADERS4 = FRAME_L4 + 20 + TS_BYTES,
    HEADERS6 = FRAME6_L4 + 20 + TS_BYTES
};

struct offloaded {
    struct frame (*segment)(uint32_t index, uint32_t len, uint8_t flags);
    uint32_t headers;
    uint32_t tcp_at;
    uint32_t length_at;
};

static struct frame segment6(uint32_t index, uint32_t len, uint8_t flags)
{
    const struct frame_segment s = fields_of(80, index, flags);

    return frame_tcp6(IP6_PEER, IP6_US, &s, payload + index * DATA, len);
}

static const struct offloaded families[] = {{segment, HEADERS4, FRAME_L4, FRAME_IP + 2},
                                            {segment6, HEADERS6, FRAME6_L4, FRAME_IP + 4}};

/* The sum of the pseudo-header, with @len bytes of TCP (RFC 9293 3.1). */
static uint16_t pseudo_sum(const struct frame *frame, const struct offloaded *family, uint32_t len)
{
    const uint32_t addresses = family->headers == HEADERS6 ? 32 : 8;
    uint32_t sum = 6 + len;

    for (uint32_t at = family->tcp_at - addresses; at < family->tcp_at; at += 2)
        sum += frame_get16(frame->bytes + at);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

/* Corrects TCP's checksum for any headers. */
static void seal(struct frame *frame, const struct offloaded *family)
{
    const uint32_t len = frame->len - family->tcp_at;
    uint8_t *tcp = frame->bytes + family->tcp_at;

    frame_put16(tcp + 16, 0);
    frame_put16(tcp + 16, frame_sum(tcp, len, pseudo_sum(frame, family, len)));
}

/* A super-frame as the stack sends it: its checksum field is the pseudo-header's sum with the total
 * length. */
static struct leat_buf *super_of(struct world *world, const struct offloaded *family)
{
    struct frame headers = family->segment(0, 0, 24);
    struct leat_buf *super = leat_buf_alloc_small(leat_pool(world->stack), 20);
    const uint32_t all = headers.len - family->tcp_at + (SEGMENTS - 1) * DATA + LAST_BYTES;

    frame_put16(headers.bytes + family->tcp_at + 16, pseudo_sum(&headers, family, all));
    memcpy(leat_buf_put(super, headers.len), headers.bytes, headers.len);
    leat_buf_append(super, leat_buf_lend(leat_pool(world->stack), payload,
                                         (SEGMENTS - 1) * DATA + LAST_BYTES, NULL, NULL));
    super->segment_bytes = DATA;
    super->checksum = LEAT_CHECKSUM_PARTIAL;
    return super;
}

static void a_super_frame_is_cut_into_right_segments(void **state)
{
    struct world *world = *state;

    for (unsigned f = 0; f < 2; f++) {
        const struct offloaded *family = &families[f];
        struct leat_buf *super = super_of(world, family);

        assert_int_equal(leat_link_segment_count(super), SEGMENTS);
        for (uint32_t i = 0; i < SEGMENTS; i++) {
            const bool is_last = i == SEGMENTS - 1;
            struct frame wanted =
                family->segment(i, is_last ? LAST_BYTES : DATA, is_last ? 24 : 16);
            uint8_t bytes[HEADERS6 + DATA];

            assert_int_equal(leat_link_segment(super, i, bytes, sizeof bytes), wanted.len);
            assert_true(leat_link_checksum_is_right(bytes, wanted.len));
            if (f == 0) /* each has an identification of its own */
                memcpy(wanted.bytes + FRAME_IP, bytes + FRAME_IP, 12);
            assert_memory_equal(bytes, wanted.bytes, wanted.len);
        }
        leat_buf_free(super);
    }
}

static bool goes_on(const struct offloaded *family, const struct frame *first,
                    const struct frame *next)
{
    return leat_link_mergeable_headers(first->bytes, first->len) == family->headers &&
           leat_link_mergeable_headers(next->bytes, next->len) == family->headers &&
           leat_link_goes_on(first->bytes, next->bytes, family->headers, DATA);
}

static void segments_that_follow_each_other_are_merged(void **state)
{
    (void)state;
    for (unsigned f = 0; f < 2; f++) {
        const struct offloaded *family = &families[f];
        struct frame first = family->segment(0, DATA, 16);
        const struct frame next = family->segment(1, DATA, 24);
        const struct frame other = family->segment(2, DATA, 16);

        assert_true(goes_on(family, &first, &next));
        assert_false(goes_on(family, &first, &other));
        leat_link_set_data_bytes(first.bytes, family->headers, 3 * DATA);
        assert_int_equal(frame_get16(first.bytes + family->length_at),
                         family->headers + 3 * DATA - (f == 0 ? FRAME_IP : FRAME6_L4));
    }
}

/* If any byte of a header differs, with a valid TCP checksum, two segments aren't merged. */
static void every_byte_of_a_header_that_differs_keeps_segments_apart(void **state)
{
    const struct offloaded *family = &families[1];

    (void)state;
    for (uint32_t at = 0; at < HEADERS6; at++) {
        const bool may_differ = /* the urgent pointer without URG */
            at == FRAME6_L4 + 18 || at == FRAME6_L4 + 19;
        const struct frame first = segment6(0, DATA, 16);
        struct frame next = segment6(1, DATA, 16);

        next.bytes[at] ^= 1;
        if (at != FRAME6_L4 + 16 && at != FRAME6_L4 + 17)
            seal(&next, family);
        if (goes_on(family, &first, &next) != may_differ)
            fail_msg("byte %u", (unsigned)at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        super_test(a_super_frame_is_cut_into_right_segments),
        super_test(segments_that_follow_each_other_are_merged),
        super_test(every_byte_of_a_header_that_differs_keeps_segments_apart),
    };

    return cmocka_run_group_tests_name("link_offload", tests, NULL, NULL);
}
