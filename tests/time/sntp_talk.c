/* sntp_talk.c -- parses requests and writes answers byte by byte, without the code under test.
 */
#include "sntp_talk.h"

enum {
    NTP_LEN = 48
};

static const uint32_t to_1970_s = 2208988800u;
static const leat_ip4 first_server = 0xc0000201; /* 192.0.2.1 */

static uint64_t get_64(const uint8_t *at)
{
    return (uint64_t)frame_get32(at) << 32 | frame_get32(at + 4);
}

static void put_64(uint8_t *at, uint64_t value)
{
    frame_put32(at, (uint32_t)(value >> 32));
    frame_put32(at + 4, (uint32_t)value);
}

struct leat_endpoint talk_server(unsigned index)
{
    return leat_endpoint_of(leat_ip_v4(first_server + index), 0);
}

int talk_setup(void **state)
{
    struct talk *talk = calloc(1, sizeof *talk);

    assert_non_null(talk);
    talk->world = world_create();
    talk->world->more_bytes = leat_sntp_memory_bytes();
    world_init(talk->world);
    world_settle(talk->world);
    talk->world->dev.answers_arp = true;
    assert_int_equal(leat_route_add(talk->world->stack, LEAT_IP4_ANY, 0, leat_ip_v4(IP_PEER)),
                     LEAT_OK);
    for (unsigned i = 0; i < SERVERS; i++)
        talk->config.servers[i] = talk_server(i);
    *state = talk;
    return 0;
}

int talk_teardown(void **state)
{
    struct talk *talk = *state;
    void *world = talk->world;

    leat_sntp_stop(talk->sntp);
    world_teardown(&world);
    free(talk);
    return 0;
}

static void on_news(struct leat_sntp *sntp, enum leat_sntp_news news,
                    const struct leat_sntp_report *report, void *arg)
{
    struct talk *talk = arg;

    assert_ptr_equal(sntp, talk->sntp);
    talk->news = news;
    talk->news_count++;
    talk->report = *report;
}

/* Records a request. It has version 4, the mode of a client and a random transmit timestamp; all
 * its other fields are zero. */
static void hear(struct talk *talk, const struct fake_frame *frame)
{
    static const uint8_t nothing[NTP_LEN];
    const uint8_t *ntp = frame->bytes + FRAME_UDP_DATA;
    const uint32_t index = frame_get32(frame->bytes + FRAME_IP + 16) - first_server;

    assert_in_range(index, 0, SERVERS - 1);
    assert_int_equal(frame->bytes[FRAME_IP + 9], 17);
    assert_int_equal(frame_get16(frame->bytes + FRAME_L4 + 2), 123);
    assert_int_equal(frame_get16(frame->bytes + FRAME_L4 + 4), 8 + NTP_LEN);
    assert_int_equal(ntp[0], 4 << 3 | 3);
    assert_memory_equal(ntp + 1, nothing, 39);
    assert_true(get_64(ntp + 40) != 0);
    talk->asked[index] = (struct asked){.waits = true,
                                        .port = frame_get16(frame->bytes + FRAME_L4),
                                        .transmit = get_64(ntp + 40),
                                        .at_ns = talk->world->now_ns};
    talk->requests++;
}

static void hear_all(struct talk *talk)
{
    const struct fake_frame *frame;

    while ((frame = fake_netif_sent(&talk->world->dev)))
        hear(talk, frame);
}

void talk_wait(struct talk *talk, uint64_t ns)
{
    struct world *world = talk->world;
    const uint64_t until_ns = world->now_ns + ns;

    world_poll(world);
    hear_all(talk);
    while (world->next_ns <= until_ns) {
        world->now_ns = world->next_ns;
        world_poll(world);
        hear_all(talk);
    }
    world->now_ns = until_ns;
    world_poll(world);
    hear_all(talk);
}

void talk_mark(struct talk *talk)
{
    talk->news_count = 0;
    talk->requests = 0;
    memset(talk->asked, 0, sizeof talk->asked);
    world_mark(talk->world);
}

void talk_next(struct talk *talk)
{
    const uint64_t until_ns = talk->world->now_ns + 20 * 86400 * second;

    talk_mark(talk);
    while (talk->requests == 0) {
        assert_true(talk->world->now_ns < until_ns);
        talk_wait(talk, 100 * ms);
    }
}

void talk_begin(struct talk *talk, unsigned servers)
{
    talk->config.server_count = (uint8_t)servers;
    talk->config.on_news = on_news;
    talk->config.arg = talk;
    assert_int_equal(leat_sntp_open(talk->world->stack, &talk->sntp, &talk->config), LEAT_OK);
    talk_mark(talk);
    leat_sntp_start(talk->sntp);
    talk_wait(talk, ms);
}

uint64_t ntp_timestamp(uint64_t civil_ns)
{
    const uint64_t seconds = civil_ns / second + to_1970_s;

    return seconds << 32 | ((civil_ns % second << 32) + second - 1) / second;
}

uint64_t talk_truth_ns(const struct talk *talk)
{
    return CIVIL_NS + talk->world->now_ns;
}

int64_t talk_error_ns(const struct talk *talk)
{
    return (int64_t)(leat_civil_ns(talk->world->stack) - talk_truth_ns(talk));
}

struct ntp ntp_answer(const struct talk *talk, unsigned index, int64_t ahead_ns)
{
    const struct asked *asked = &talk->asked[index];
    const uint64_t middle_ns = (asked->at_ns + talk->world->now_ns) / 2;
    const uint64_t says = ntp_timestamp(CIVIL_NS + middle_ns + (uint64_t)ahead_ns);

    assert_true(asked->waits);
    return (struct ntp){.version = 4,
                        .mode = 4,
                        .stratum = 2,
                        .root_delay = 1 << 6, /* 1 ms */
                        .root_dispersion = 1 << 6,
                        .reference_id = 0x7f7f0101,
                        .origin = asked->transmit,
                        .receive = says,
                        .transmit = says,
                        .bytes = NTP_LEN};
}

void talk_answer(struct talk *talk, unsigned index, const struct ntp *ntp)
{
    uint8_t bytes[128] = {0};
    struct frame frame;

    bytes[0] = (uint8_t)(ntp->leap << 6 | ntp->version << 3 | ntp->mode);
    bytes[1] = ntp->stratum;
    frame_put32(bytes + 4, ntp->root_delay);
    frame_put32(bytes + 8, ntp->root_dispersion);
    frame_put32(bytes + 12, ntp->reference_id);
    put_64(bytes + 24, ntp->origin);
    put_64(bytes + 32, ntp->receive);
    put_64(bytes + 40, ntp->transmit);
    frame = frame_udp(first_server + index, 123, IP_US, talk->asked[index].port, bytes, ntp->bytes);
    world_feed(talk->world, &frame);
    hear_all(talk);
}

void talk_answer_right(struct talk *talk, unsigned index, int64_t ahead_ns)
{
    const struct ntp ntp = ntp_answer(talk, index, ahead_ns);

    talk_answer(talk, index, &ntp);
}
