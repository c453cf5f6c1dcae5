/*
 * fuzz_socket.c -- the backend over UNIX sockets, with both framings, over the kernel's sockets.
 * The peer is in this process: it writes anything, in pieces of any size, reads late or never, and
 * disconnects.
 *
 * The input is the actions of the peer and the program, and shortage of memory. Each delivered
 * frame was written completely by the peer, in order. The peer reads the program's frames, complete
 * and in order, each after its length. An illegal length ends the connection with a line that gives
 * the reason; a listening backend then accepts another peer. At the end all frames have been
 * delivered or counted as lost, and every buffer and descriptor is back.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <leat/leat.h>
#include <leat/socket.h>

#include "core/pool.h"
#include "demand.h"
#include "inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    BUFFERS = 64,
    BUFFER_BYTES = 1024,
    SMALL = 16,
    VIEWS = 128,
    HELD = 128,
    FRAMES = 512, /* unchecked frames in each direction */
    FRAME_BYTES = 4000,
    WIRE_BYTES = 8192,
    STEPS_MAX = 200
};

/* A frame in flight, generated from its number and length. */
struct sent {
    uint32_t number;
    uint32_t len;
};

struct queue {
    struct sent frames[FRAMES];
    uint32_t first, count;
};

static struct {
    const uint8_t *input, *input_end;
    struct leat_pool pool;
    struct leat_socket *socket;
    int peer;     /* -1: disconnected */
    int listener; /* -1: no listener */
    bool stream, marked;
    bool wild;   /* the peer's bytes on this connection are no sequence of frames any more */
    bool sloppy; /* memory was short, so frames may be lost */
    struct queue in, out;
    uint32_t numbers;
    uint32_t connects; /* connections of peers to the listener */
    uint32_t in_bytes; /* bytes left to write of the peer's current frame */
    struct sent unfinished;
    uint32_t read_bytes; /* bytes that the peer has read of an incomplete frame */
    uint8_t wire[WIRE_BYTES];
    struct leat_buf *held[HELD];
    uint32_t held_count;
    uint8_t memory[160 * 1024] __attribute__((aligned(64)));
} world;

static uint8_t next8(void)
{
    return world.input < world.input_end ? *world.input++ : 0;
}

static uint32_t next16(void)
{
    const uint32_t low = next8();

    return low | (uint32_t)next8() << 8;
}

static uint8_t byte_of(const struct sent *sent, uint32_t at)
{
    return (uint8_t)(sent->number * 37 + at * 11 + (at >> 8));
}

static void push(struct queue *queue, struct sent sent)
{
    demand(queue->count < FRAMES);
    queue->frames[(queue->first + queue->count++) % FRAMES] = sent;
}

static struct sent pop(struct queue *queue)
{
    demand(queue->count > 0);
    queue->count--;
    return queue->frames[queue->first++ % FRAMES];
}

/* ---- the peer ----------------------------------------------------------------------------- */

/* Writes as much as the socket takes; false: not everything. */
static bool write_all(const uint8_t *bytes, uint32_t len)
{
    return send(world.peer, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)len;
}

static void put_word(uint8_t *at, uint32_t word)
{
    for (unsigned i = 0; i < FRAME_LENGTH_BYTES; i++)
        at[i] = (uint8_t)(word >> (24 - 8 * i));
}

/* Writes up to @most further bytes of the current frame. */
static void go_on_writing(uint32_t most)
{
    const uint32_t len = world.in_bytes < most ? world.in_bytes : most;
    const uint32_t from = world.unfinished.len - world.in_bytes;
    uint8_t bytes[FRAME_BYTES];

    if (len == 0 || world.peer < 0)
        return;
    for (uint32_t i = 0; i < len; i++)
        bytes[i] = byte_of(&world.unfinished, from + i);
    world.wild |= !write_all(bytes, len);
    world.in_bytes -= len;
    if (world.in_bytes == 0 && !world.wild)
        push(&world.in, world.unfinished);
}

/* Writes a frame of @len bytes; on a stream only its first @part bytes. */
static void write_frame(uint32_t len, uint32_t part)
{
    const struct sent sent = {world.numbers++, len};
    uint8_t bytes[FRAME_LENGTH_BYTES + FRAME_BYTES];

    if (world.peer < 0 || world.in.count == FRAMES - 1)
        return;
    go_on_writing(UINT32_MAX);
    for (uint32_t i = 0; i < len; i++)
        bytes[FRAME_LENGTH_BYTES + i] = byte_of(&sent, i);
    if (!world.stream) {
        if (write_all(bytes + FRAME_LENGTH_BYTES, len))
            push(&world.in, sent);
        return;
    }
    put_word(bytes, len | (world.marked ? FRAME_MARKED : 0));
    world.wild |= !write_all(bytes, FRAME_LENGTH_BYTES);
    world.unfinished = sent;
    world.in_bytes = len;
    go_on_writing(part);
}

/* Writes bytes that are no frame; on a stream the following frames can't be found any more. */
static void write_rubbish(uint32_t len)
{
    uint8_t bytes[64];

    if (world.peer < 0 || len == 0)
        return;
    for (uint32_t i = 0; i < len; i++)
        bytes[i] = next8();
    if (world.stream) {
        (void)write_all(bytes, len);
        world.wild = true;
        world.in_bytes = 0;
    } else if (len < FRAME_MIN) {
        (void)write_all(bytes, len);
    }
}

static uint32_t word_at(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Checks that the peer has read the program's next frame. */
static void judge(const uint8_t *bytes, uint32_t len)
{
    const struct sent sent = pop(&world.out);

    demand(sent.len == len);
    for (uint32_t i = 0; i < len; i++)
        demand(bytes[i] == byte_of(&sent, i));
}

/* Takes complete frames from the front of the bytes read. */
static void judge_stream(void)
{
    uint32_t at = 0;

    while (world.read_bytes - at >= FRAME_LENGTH_BYTES) {
        const uint32_t word = word_at(world.wire + at);
        const uint32_t len = word & ~(FRAME_MARKED | FRAME_NEVER_ON_A_WIRE);

        demand(!!(word & FRAME_MARKED) == world.marked && len <= FRAME_BYTES);
        if (world.read_bytes - at - FRAME_LENGTH_BYTES < len)
            break;
        judge(world.wire + at + FRAME_LENGTH_BYTES, len);
        at += FRAME_LENGTH_BYTES + len;
    }
    world.read_bytes -= at;
    memmove(world.wire, world.wire + at, world.read_bytes);
}

/* The peer reads up to @most bytes, or a datagram; false: there was none. */
static bool read_some(uint32_t most)
{
    const uint32_t room = (uint32_t)sizeof world.wire - world.read_bytes;
    ssize_t got;

    if (world.peer < 0)
        return false;
    got = recv(world.peer, world.wire + world.read_bytes,
               !world.stream || most > room ? room : most, MSG_DONTWAIT);
    if (got <= 0)
        return false;
    if (world.stream) {
        world.read_bytes += (uint32_t)got;
        judge_stream();
    } else {
        judge(world.wire, (uint32_t)got);
    }
    return true;
}

/* Forgets the bytes in flight to and from the peer. */
static void forget(void)
{
    world.in.count = world.out.count = 0;
    world.in_bytes = world.read_bytes = 0;
}

static void leave(void)
{
    if (world.peer >= 0)
        close(world.peer);
    world.peer = -1;
    world.wild = true; /* its last frames may be incomplete */
    world.in_bytes = 0;
}

static void come(void)
{
    struct sockaddr_un address;
    socklen_t bytes = sizeof address;

    /* a peer that has disconnected before it was accepted may be in the queue */
    if (world.listener < 0 || world.peer >= 0 || world.socket->fd >= 0 ||
        world.connects > leat_socket_counters(world.socket)->peers)
        return;
    world.connects++;
    world.peer = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    demand(world.peer >= 0 &&
           getsockname(world.listener, (struct sockaddr *)&address, &bytes) == 0);
    demand(connect(world.peer, (const struct sockaddr *)&address, bytes) == 0);
    forget();
    world.wild = false;
}

/* ---- the program -------------------------------------------------------------------------- */

/* Finds the received frame among those written by the peer. Illegal frames, and frames lost
 * for lack of memory, are passed over. */
static void judge_received(const struct leat_buf *frame)
{
    const uint32_t len = leat_buf_total(frame);
    uint8_t bytes[FRAME_BYTES];
    struct sent sent;

    demand(len >= FRAME_MIN && len <= world.socket->frame_max);
    if (world.wild && (world.in.count == 0 || len > sizeof bytes))
        return;
    leat_buf_read(frame, 0, bytes, sizeof bytes);
    do {
        demand(world.in.count > 0 || world.wild);
        if (world.in.count == 0)
            return;
        sent = pop(&world.in);
    } while (sent.len < FRAME_MIN || sent.len > world.socket->frame_max ||
             (world.sloppy && (sent.len != len || bytes[0] != byte_of(&sent, 0))));
    demand(world.wild || sent.len == len);
    for (uint32_t i = 0; i < len && !world.wild; i++)
        demand(bytes[i] == byte_of(&sent, i));
}

static uint32_t receive(uint32_t most)
{
    struct leat_netif *netif = leat_socket_netif(world.socket);
    const bool had_peer = world.socket->fd >= 0;
    struct leat_buf *frames[32];
    const uint32_t count = netif->ops->receive(netif, 1, &world.pool, frames, most);

    demand(count <= most);
    for (uint32_t i = 0; i < count; i++) {
        judge_received(frames[i]);
        leat_buf_free(frames[i]);
    }
    world.sloppy |= leat_socket_counters(world.socket)->rx_dropped > 0;
    if (had_peer && world.socket->fd < 0) { /* the peer may still read the frames sent */
        world.wild = true;
        world.in.count = world.in_bytes = 0;
    }
    demand((leat_socket_lost(world.socket) != NULL) ==
           (world.socket->fd < 0 && world.listener < 0));
    return count;
}

static struct leat_buf *make_frame(const struct sent *sent, uint8_t pieces)
{
    uint8_t bytes[FRAME_BYTES];
    struct leat_buf *frame, *rest;
    uint32_t first;

    for (uint32_t i = 0; i < sent->len; i++)
        bytes[i] = byte_of(sent, i);
    frame = leat_buf_copy(&world.pool, bytes, sent->len);
    first = pieces % 64 + 1u;
    if (!frame || !(pieces & 64) || first >= frame->len || frame->next)
        return frame;
    rest = leat_buf_slice(frame, first, frame->len - first);
    if (!rest)
        return frame;
    leat_buf_trim(frame, first);
    leat_buf_append(frame, rest);
    return frame;
}

static void transmit(uint8_t how)
{
    struct leat_netif *netif = leat_socket_netif(world.socket);
    const struct sent sent = {world.numbers++, FRAME_MIN + next16() % (FRAME_BYTES - FRAME_MIN)};
    const uint64_t refused = leat_socket_counters(world.socket)->tx_refused;
    const bool open = world.socket->fd >= 0 && world.peer >= 0;
    struct leat_buf *frame;

    if (netif->ops->transmit_room(netif) == 0 || world.out.count == FRAMES - 1)
        return;
    frame = make_frame(&sent, how);
    if (!frame)
        return;
    push(&world.out, sent);
    netif->ops->transmit(netif, 1, &frame, 1);
    if (leat_socket_counters(world.socket)->tx_refused == refused && open)
        return;
    demand(!open || !world.stream);
    world.out.count -= world.out.count > 0; /* too long for a datagram, or without a peer */
}

static void hold_all(uint32_t left)
{
    while (leat_pool_free_count(&world.pool) > left && world.held_count < HELD)
        world.held[world.held_count++] = leat_buf_alloc(&world.pool, 0);
}

static void free_held(void)
{
    while (world.held_count > 0)
        leat_buf_free(world.held[--world.held_count]);
}

static void step(uint8_t what)
{
    switch (what % 8) {
    case 0:
        write_frame(what & 8 ? next16() % FRAME_BYTES : next8(), what & 16 ? next8() : UINT32_MAX);
        break;
    case 1:
        go_on_writing(next8() * 4u);
        break;
    case 2:
        if (what & 128)
            write_rubbish(what >> 3 & 15);
        else
            (void)read_some(1 + next8() * 16u);
        break;
    case 3:
        receive(1 + next8() % 32u);
        break;
    case 4:
    case 5:
        transmit(next8());
        break;
    case 6:
        if (what & 8)
            hold_all(what >> 4 & 7);
        else
            free_held();
        break;
    default:
        if (what >= 224)
            leave();
        else
            come();
        break;
    }
}

/* ---- all of it ---------------------------------------------------------------------------- */

static void open_socket(uint8_t draw)
{
    static const uint16_t mtus[] = {1500, 3000, 100, 9000};
    static const struct leat_mac mac = {{2, 0, 0, 0, 0, 1}};
    struct leat_socket_config config = {.framing =
                                            draw & 1 ? LEAT_SOCKET_DATAGRAM : LEAT_SOCKET_STREAM,
                                        .mac = &mac,
                                        .mtu = mtus[draw >> 1 & 3],
                                        .marks = !(draw & 1) && draw & 8};
    struct sockaddr_un any = {.sun_family = AF_UNIX};
    char why[LEAT_WHY_BYTES];
    int ends[2];

    world.stream = !(draw & 1);
    world.marked = config.marks;
    demand(socketpair(AF_UNIX, (world.stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK, 0,
                      ends) == 0);
    world.peer = ends[1];
    config.fd = ends[0];
    demand(leat_socket_open(&world.socket, &config, why) == LEAT_OK);
    world.listener = -1;
    if (!world.stream || !(draw & 16))
        return;
    /* an abstract address that the kernel chooses */
    world.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    demand(world.listener >= 0 &&
           bind(world.listener, (const struct sockaddr *)&any, sizeof any.sun_family) == 0 &&
           listen(world.listener, 1) == 0);
    world.socket->listen_fd = world.listener;
}

/* Memory is available, and both ends read everything. */
static void end_well(void)
{
    free_held();
    go_on_writing(UINT32_MAX);
    for (unsigned i = 0; i < 400; i++) {
        const uint32_t count = receive(32);

        if (!read_some(UINT32_MAX) && count == 0 && world.socket->waiting_count == 0 &&
            !world.socket->more)
            break;
    }
    if (world.wild || world.socket->fd < 0)
        return;
    for (; world.in.count > 0 && !world.sloppy; pop(&world.in))
        demand(world.in.frames[world.in.first % FRAMES].len < FRAME_MIN ||
               world.in.frames[world.in.first % FRAMES].len > world.socket->frame_max);
    demand(world.out.count == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {world.memory, world.memory + sizeof world.memory};
    const int lowest = dup(0);

    close(lowest);
    world.input = data;
    world.input_end = data + size;
    world.pool = (struct leat_pool){0};
    demand(pool_init(&world.pool, &arena, BUFFERS, BUFFER_BYTES, SMALL, VIEWS));
    world.in.first = world.out.first = world.numbers = world.held_count = 0;
    world.connects = 0;
    world.wild = world.sloppy = false;
    forget();
    open_socket(next8());
    for (unsigned i = 0; i < STEPS_MAX && world.input < world.input_end; i++)
        step(next8());
    end_well();
    leave();
    leat_socket_close(world.socket);
    free_held();
    demand(pool_is_whole(&world.pool));
    world.peer = dup(0); /* checks that every descriptor is back */
    demand(world.peer == lowest);
    close(world.peer);
    return 0;
}
