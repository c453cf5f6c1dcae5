/* talk.c -- conversations with one TCP connection. */
#include "talk.h"

#include "ip/v6/ipv6.h"
#include "translate.h"

uint8_t talk_taken[TCP_NSTATES][TCP_NEVENTS];
unsigned talk_last_state, talk_last_event;

static void on_transition(void *arg, unsigned state, unsigned event, unsigned next_state)
{
    (void)arg;
    talk_taken[state][event] = (uint8_t)(next_state + 1);
    talk_last_state = state;
    talk_last_event = event;
}

/* ---- callbacks ---------------------------------------------------------------------------- */

static void on_open(struct leat_tcp *conn, void *arg)
{
    struct talk *talk = arg;

    (void)conn;
    talk->opened++;
}

static void read_data(struct talk *talk, struct leat_tcp *conn, uint32_t bytes_max)
{
    struct leat_buf *data = leat_tcp_receive(conn, bytes_max);
    const uint32_t len = leat_buf_read(data, 0, talk->data + talk->data_len,
                                       (uint32_t)sizeof talk->data - talk->data_len);

    assert_true(len <= bytes_max);
    leat_buf_free(data);
    talk->data_len += len;
    leat_tcp_consumed(conn, len);
}

static void on_readable(struct leat_tcp *conn, void *arg)
{
    struct talk *talk = arg;

    talk->readable++;
    if (!talk->read_nothing)
        read_data(talk, conn, (uint32_t)sizeof talk->data - talk->data_len);
    if (talk->in_readable)
        talk->in_readable(talk);
}

static void on_writable(struct leat_tcp *conn, void *arg)
{
    struct talk *talk = arg;

    (void)conn;
    talk->writable++;
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct talk *talk = arg;

    assert_ptr_equal(conn, talk->conn);
    talk->closed++;
    talk->why = why;
    if (talk->in_closed)
        talk->in_closed(talk);
    talk->conn = 0;
}

static const struct leat_tcp_events events = {.on_open = on_open,
                                              .on_readable = on_readable,
                                              .on_writable = on_writable,
                                              .on_closed = on_closed};

static void on_acceptable(struct leat_tcp_listener *listener, void *arg)
{
    struct talk *talk = arg;

    if (talk->hold_on_accept)
        return;
    assert_null(talk->conn);
    talk->conn = leat_tcp_accept(listener, &events, talk);
    assert_non_null(talk->conn);
    assert_null(leat_tcp_accept(listener, &events, talk));
}

void talk_accept(struct talk *talk)
{
    talk->conn = leat_tcp_accept(talk->listener, &events, talk);
}

/* ---- start and end ------------------------------------------------------------------------ */

bool talk_is_ipv6(void)
{
    return translate_wanted();
}

void talk_choose_family(struct world *world)
{
    if (!talk_is_ipv6())
        return;
    world->with_ipv6 = true;
    world->translate = translate_address;
    world->dev.to_stack = world->second.to_stack = translate_to_ipv6;
    world->dev.from_stack = world->second.from_stack = translate_to_ipv4;
    world->dev.netif.mtu += TRANSLATE_MTU_MORE;
    world->second.netif.mtu += TRANSLATE_MTU_MORE;
}

struct leat_endpoint talk_remote(const struct talk *talk, leat_ip4 ip, uint16_t port)
{
    return leat_endpoint_of(world_ip(talk->world, ip), port);
}

leat_ip4 talk_host(const struct talk *talk, leat_ip4 ip)
{
    return talk_is_ipv6() ? host6_of(talk->world->stack, world_ip(talk->world, ip), 1) : ip;
}

int talk_setup_later(void **state)
{
    struct talk *talk = calloc(1, sizeof *talk);

    assert_non_null(talk);
    talk->world = world_create();
    talk->world->with_tcp = true;
    talk->world->tcp_config.on_transition = on_transition;
    talk_choose_family(talk->world);
    talk->window_peer = WINDOW_PEER;
    talk->port_us = PORT_US;
    talk->port_peer = PORT_PEER;
    *state = talk;
    return 0;
}

void talk_begin(struct talk *talk)
{
    world_init(talk->world);
    world_settle(talk->world);
    talk->world->dev.answers_arp = true;
}

int talk_setup(void **state)
{
    talk_setup_later(state);
    talk_begin(*state);
    return 0;
}

int talk_teardown(void **state)
{
    struct talk *talk = *state;
    void *world = talk->world;

    world_teardown(&world);
    free(talk);
    return 0;
}

void talk_listen(struct talk *talk)
{
    struct leat_tcp_listen_config config = talk->listen;

    config.port = PORT_US;
    config.on_acceptable = on_acceptable;
    config.arg = talk;
    talk->err = leat_tcp_listen(talk->world->stack, &talk->listener, &config);
}

void talk_connect(struct talk *talk)
{
    const struct leat_endpoint remote = talk_remote(talk, IP_PEER, talk->port_peer);
    const struct leat_endpoint local = leat_endpoint_of(LEAT_IP_ANY, PORT_US);
    struct leat_tcp *conn = 0;

    world_mark(talk->world);
    talk->err = leat_tcp_connect(talk->world->stack, &conn, &remote, &local, &events, talk);
    if (conn)
        talk->conn = conn;
    world_poll(talk->world);
}

void talk_establish(struct talk *talk)
{
    talk_listen(talk);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    rx(talk, ACK, 1, 1, 0);
    quiet(talk);
    assert_non_null(talk->conn);
    assert_int_equal(talk_state(talk), LEAT_TCP_ESTABLISHED);
}

void talk_establish_with(struct talk *talk, uint16_t mss, uint8_t shift)
{
    talk_options(talk, mss, shift);
    talk_establish(talk);
}

/* ---- segments of the peer ----------------------------------------------------------------- */

struct frame talk_frame(struct talk *talk, uint8_t flags, uint32_t seq, uint32_t ack,
                        const void *data, uint32_t len)
{
    struct frame_segment segment = {
        .src_port = talk->port_peer,
        .dst_port = talk->port_us,
        .seq = IRS + seq,
        .ack = flags & ACK ? talk->iss + ack : 0,
        .flags = flags,
        .window = talk->window_peer,
    };

    if (flags & SYN) {
        segment.options = talk->options;
        segment.options_len = talk->options_len;
    } else {
        segment.options = talk->extra;
        segment.options_len = talk->extra_len;
    }
    return frame_tcp(&segment, data, len);
}

void talk_extra_none(struct talk *talk)
{
    talk->extra_len = 0;
}

void talk_extra_ts(struct talk *talk, uint32_t tsval, uint32_t tsecr)
{
    uint8_t *at = talk->extra + talk->extra_len;

    memcpy(at, "\1\1\10\12", 4);
    frame_put32(at + 4, tsval);
    frame_put32(at + 8, tsecr);
    talk->extra_len += 12;
}

void talk_extra_sack(struct talk *talk, uint32_t left, uint32_t right)
{
    uint8_t *at = talk->extra + talk->extra_len;

    memcpy(at, "\1\1\5\12", 4);
    frame_put32(at + 4, talk->iss + left);
    frame_put32(at + 8, talk->iss + right);
    talk->extra_len += 12;
}

void talk_offer(struct talk *talk, uint32_t tsval)
{
    uint8_t *at;

    talk_options(talk, MSS_PEER, 7);
    at = talk->options + talk->options_len;
    memcpy(at, "\1\1\4\2", 4);
    talk->options_len += 4;
    if (tsval == 0)
        return;
    memcpy(at + 4, "\1\1\10\12", 4);
    frame_put32(at + 8, tsval);
    frame_put32(at + 12, 0);
    talk->options_len += 12;
}

void talk_fast_open(struct talk *talk, const uint8_t *cookie)
{
    uint8_t *at;

    talk_options(talk, MSS_PEER, NO_SHIFT);
    at = talk->options + talk->options_len;
    memcpy(at, "\1\1\42\2", 4);
    talk->options_len += 4;
    if (!cookie)
        return;
    at[3] = 10;
    memcpy(at + 4, cookie, 8);
    talk->options_len += 8;
}

void talk_get_cookie(struct talk *talk, uint8_t cookie[8])
{
    const uint8_t *option;

    talk_fast_open(talk, 0);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    option = talk_option(talk, 34);
    if (!option || option[1] != 10)
        fail_msg("no cookie in the SYN,ACK");
    else
        memcpy(cookie, option + 2, 8);
    rx(talk, RST, 1, 0, 0);
    quiet(talk);
    talk_fast_open(talk, cookie);
}

void rx_data(struct talk *talk, uint8_t flags, uint32_t seq, uint32_t ack, const void *data,
             uint32_t len)
{
    const struct frame frame = talk_frame(talk, flags, seq, ack, data, len);

    quiet(talk);
    world_feed(talk->world, &frame);
}

void rx(struct talk *talk, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len)
{
    const uint32_t first = seq + ((flags & SYN) != 0); /* a SYN has its number before the data */
    uint8_t data[1460];

    assert_true(len <= sizeof data);
    for (uint32_t i = 0; i < len; i++)
        data[i] = talk_byte(first + i);
    rx_data(talk, flags, seq, ack, data, len);
}

void rx_icmp(struct talk *talk, uint8_t type, uint8_t code, uint32_t detail)
{
    const struct frame frame = frame_icmp(IP_PEER, IP_US, type, code, detail,
                                          talk->last.bytes + FRAME_IP, talk->last.len - FRAME_IP);

    quiet(talk);
    world_feed(talk->world, &frame);
}

/* ---- segments of ours --------------------------------------------------------------------- */

static const uint8_t *tcp_header(const struct talk *talk)
{
    return talk->last.bytes + FRAME_L4;
}

static uint32_t header_bytes(const struct talk *talk)
{
    return (uint32_t)(tcp_header(talk)[12] >> 4) * 4;
}

const uint8_t *talk_data(const struct talk *talk)
{
    return tcp_header(talk) + header_bytes(talk);
}

const uint8_t *talk_option(const struct talk *talk, uint8_t kind)
{
    const uint8_t *at = tcp_header(talk) + 20;

    while (at < talk_data(talk) && *at != 0) {
        if (*at == kind)
            return at;
        at += *at == 1 ? 1 : at[1];
    }
    return 0;
}

void talk_options(struct talk *talk, uint16_t mss, uint8_t shift)
{
    const uint8_t options[8] = {2, 4, (uint8_t)(mss >> 8), (uint8_t)mss, 1, 3, 3, shift};

    memcpy(talk->options, options, sizeof options);
    talk->options_len = shift == NO_SHIFT ? 4 : 8;
}

static void assert_checksum(const struct talk *talk)
{
    const uint8_t *ip = talk->last.bytes + FRAME_IP;
    const uint32_t len = frame_get16(ip + 2) - 20u;
    uint32_t pseudo = 6 + len;

    for (unsigned i = 12; i < 20; i += 2)
        pseudo += frame_get16(ip + i);
    assert_int_equal(frame_sum(tcp_header(talk), len, pseudo), 0);
}

void tx(struct talk *talk, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len)
{
    const uint8_t *tcp = talk->last.bytes + FRAME_L4;
    const uint8_t *ip = talk->last.bytes + FRAME_IP;
    const uint32_t first = seq + ((flags & SYN) != 0);

    talk->last = *world_expect(talk->world);
    assert_int_equal(ip[9], 6);
    assert_int_equal(frame_get32(ip + 12), IP_US);
    assert_int_equal(frame_get32(ip + 16), IP_PEER);
    assert_checksum(talk);
    assert_int_equal(frame_get16(tcp + 2), talk->port_peer);
    if ((tcp[13] & SYN) && !(flags & RST)) {
        talk->iss = frame_get32(tcp + 4);
        talk->port_us = frame_get16(tcp);
    }
    talk->last_window = frame_get16(tcp + 14);
    assert_int_equal(tcp[13] & ~PSH, flags & ~PSH);
    if (flags & PSH)
        assert_true(tcp[13] & PSH);
    assert_int_equal(frame_get32(tcp + 4) - talk->iss, seq);
    if (flags & ACK)
        assert_int_equal(frame_get32(tcp + 8) - IRS, ack);
    assert_int_equal(frame_get16(ip + 2) - 20u - header_bytes(talk), len);
    for (uint32_t i = 0; i < len; i++)
        assert_int_equal(talk_data(talk)[i], talk_byte(first + i));
}

void quiet(struct talk *talk)
{
    assert_silent(talk->world);
}

/* ---- the program -------------------------------------------------------------------------- */

void talk_queue(struct talk *talk, uint32_t len)
{
    struct leat_tcp_info info;
    uint8_t *data = malloc(len);
    struct leat_buf *buf;

    assert_non_null(data);
    leat_tcp_get_info(talk->conn, &info);
    for (uint32_t i = 0; i < len; i++) /* by its position in the stream */
        data[i] = talk_byte((info.state <= LEAT_TCP_SYN_RECEIVED ? 1 : info.snd_una - talk->iss) +
                            info.queued_bytes + i);
    buf = leat_buf_copy(leat_pool(talk->world->stack), data, len);
    free(data);
    assert_non_null(buf);
    talk->err = leat_tcp_send(talk->conn, buf);
}

void talk_send(struct talk *talk, uint32_t len)
{
    talk_queue(talk, len);
    world_poll(talk->world);
}

void talk_read(struct talk *talk, uint32_t bytes_max)
{
    read_data(talk, talk->conn, bytes_max);
    world_poll(talk->world);
}

void talk_wait(struct talk *talk, uint64_t ns)
{
    world_wait(talk->world, ns);
}

void talk_silence(struct talk *talk, uint64_t ns)
{
    talk_wait(talk, ns - 5 * ms);
    quiet(talk);
    talk_wait(talk, 10 * ms);
}

struct leat_tcp_info talk_info(const struct talk *talk)
{
    struct leat_tcp_info info;

    assert_non_null(talk->conn);
    leat_tcp_get_info(talk->conn, &info);
    return info;
}

enum leat_tcp_state talk_state(const struct talk *talk)
{
    return talk_info(talk).state;
}

void talk_heard(const struct talk *talk, uint32_t len)
{
    assert_int_equal(talk->data_len, len);
    for (uint32_t i = 0; i < len; i++)
        assert_int_equal(talk->data[i], talk_byte(1 + i));
}

void talk_shut(struct talk *talk)
{
    assert_int_equal(leat_tcp_shutdown(talk->conn), LEAT_OK);
    world_poll(talk->world);
    tx(talk, FIN | ACK, 1, 1, 0);
    rx(talk, ACK, 1, 2, 0);
    assert_int_equal(talk_state(talk), LEAT_TCP_FIN_WAIT_2);
}

void talk_close_actively(struct talk *talk)
{
    talk_shut(talk);
    rx(talk, FIN | ACK, 1, 2, 0);
    tx(talk, ACK, 2, 2, 0);
    world_poll(talk->world);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->why, LEAT_OK);
}
