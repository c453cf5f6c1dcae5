/*
 * lwip.c -- lwIP as Debian has it (liblwip), measured as bench/inmem measures leat: two stacks in
 * one process, a wire that costs nothing, instructions of each end by callgrind.
 *
 *      lwip bulk | rr
 *
 * The library keeps its state in globals, so it is loaded twice, each time into a name space of its
 * own (dlmopen).  Its raw interface is driven from one thread; the numbers include the cost of its
 * locks.
 */
#include <dlfcn.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <lwip/etharp.h>
#include <lwip/init.h>
#include <lwip/netif.h>
#include <lwip/pbuf.h>
#include <lwip/tcp.h>
#include <lwip/timeouts.h>
#include <netif/ethernet.h>

#ifdef HAVE_CALLGRIND
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_START_INSTRUMENTATION
#endif

enum {
    QUEUE = 1024,
    FRAME_BYTES = 1600,
    MSS = 1460,
    WARM_UP = 2000,
    BULK_SEGMENTS = 100000,
    REQUESTS = 20000,
    REQUEST_BYTES = 64,
    PORT = 5001,
    HEAP_BYTES = 12 << 20
};

/* The functions that are called in one copy of the library. */
struct library {
    void (*init)(void);
    void (*check_timeouts)(void);
    __typeof__(netif_add) *netif_add;
    __typeof__(netif_set_up) *netif_set_up;
    __typeof__(netif_set_link_up) *netif_set_link_up;
    __typeof__(netif_set_default) *netif_set_default;
    __typeof__(ethernet_input) *ethernet_input;
    __typeof__(etharp_output) *etharp_output;
    __typeof__(pbuf_alloc) *pbuf_alloc;
    __typeof__(pbuf_free) *pbuf_free;
    __typeof__(tcp_new) *tcp_new;
    __typeof__(tcp_bind) *tcp_bind;
    __typeof__(tcp_listen_with_backlog) *listen;
    __typeof__(tcp_accept) *tcp_accept;
    __typeof__(tcp_connect) *tcp_connect;
    __typeof__(tcp_write) *tcp_write;
    __typeof__(tcp_output) *tcp_output;
    __typeof__(tcp_recved) *tcp_recved;
    __typeof__(tcp_recv) *tcp_recv;
};

struct frame {
    uint16_t len;
    uint8_t bytes[FRAME_BYTES];
};

/* One end: its library, and the frames that are on their way to it. */
struct end {
    struct library lib;
    struct netif netif;
    struct tcp_pcb *conn;
    struct frame *frames;
    unsigned head, tail;
    uint64_t received;
};

static struct end client, server;
static bool echoes;
static uint8_t data[65536];

static void *symbol(void *handle, const char *name)
{
    void *found = dlsym(handle, name);

    if (!found) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    return found;
}

/* Loads a function of the library into the member of the table with the same name. */
#define LOAD(member, name)                                                                         \
    do {                                                                                           \
        void *found = symbol(handle, name);                                                        \
        memcpy(&lib->member, &found, sizeof found);                                                \
    } while (0)

/* Each name space has a libc of its own, and these don't notice when another one moves the end of
 * the heap.  So each takes all that it will ever need at once. */
static void take_heap(void *handle)
{
    void *const functions[] = {symbol(handle, "mallopt"), symbol(handle, "malloc"),
                               symbol(handle, "free")};
    int (*set)(int, int);
    void *(*allocate)(size_t);
    void (*release)(void *);

    memcpy(&set, &functions[0], sizeof set);
    memcpy(&allocate, &functions[1], sizeof allocate);
    memcpy(&release, &functions[2], sizeof release);
    set(M_MMAP_THRESHOLD, 2 * HEAP_BYTES);
    set(M_TRIM_THRESHOLD, INT32_MAX);
    release(allocate(HEAP_BYTES));
}

static void load(struct library *lib)
{
    void *handle = dlmopen(LM_ID_NEWLM, "liblwip.so.0", RTLD_NOW);

    if (!handle) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    take_heap(handle);
    LOAD(init, "lwip_init");
    LOAD(check_timeouts, "sys_check_timeouts");
    LOAD(netif_add, "netif_add");
    LOAD(netif_set_up, "netif_set_up");
    LOAD(netif_set_link_up, "netif_set_link_up");
    LOAD(netif_set_default, "netif_set_default");
    LOAD(ethernet_input, "ethernet_input");
    LOAD(etharp_output, "etharp_output");
    LOAD(pbuf_alloc, "pbuf_alloc");
    LOAD(pbuf_free, "pbuf_free");
    LOAD(tcp_new, "tcp_new");
    LOAD(tcp_bind, "tcp_bind");
    LOAD(listen, "tcp_listen_with_backlog");
    LOAD(tcp_accept, "tcp_accept");
    LOAD(tcp_connect, "tcp_connect");
    LOAD(tcp_write, "tcp_write");
    LOAD(tcp_output, "tcp_output");
    LOAD(tcp_recved, "tcp_recved");
    LOAD(tcp_recv, "tcp_recv");
}

/* ---- The wire: the work of a device is not counted, so each end has copies of its own -----------
 */

#define NOINLINE __attribute__((noinline))

void client_copy(struct frame *frame, const struct pbuf *chain);
void server_copy(struct frame *frame, const struct pbuf *chain);
void client_take(struct pbuf *to, const struct frame *frame);
void server_take(struct pbuf *to, const struct frame *frame);
void client_poll(uint32_t write_bytes);
void server_poll(void);

static inline void gather(struct frame *frame, const struct pbuf *chain)
{
    frame->len = 0;
    for (; chain; chain = chain->next) {
        memcpy(frame->bytes + frame->len, chain->payload, chain->len);
        frame->len = (uint16_t)(frame->len + chain->len);
    }
}

NOINLINE void client_copy(struct frame *frame, const struct pbuf *chain)
{
    gather(frame, chain);
}

NOINLINE void server_copy(struct frame *frame, const struct pbuf *chain)
{
    gather(frame, chain);
}

static inline void scatter(struct pbuf *to, const struct frame *frame)
{
    unsigned at = 0;

    for (; to; to = to->next) {
        memcpy(to->payload, frame->bytes + at, to->len);
        at += to->len;
    }
}

NOINLINE void client_take(struct pbuf *to, const struct frame *frame)
{
    scatter(to, frame);
}

NOINLINE void server_take(struct pbuf *to, const struct frame *frame)
{
    scatter(to, frame);
}

static err_t transmit(struct netif *netif, struct pbuf *chain)
{
    struct end *to = netif == &client.netif ? &server : &client;

    if (to->tail - to->head == QUEUE)
        return ERR_OK; /* lost; it doesn't happen with these windows */
    if (to == &server)
        client_copy(&to->frames[to->tail++ % QUEUE], chain);
    else
        server_copy(&to->frames[to->tail++ % QUEUE], chain);
    return ERR_OK;
}

static err_t set_up_netif(struct netif *netif)
{
    struct end *end = netif->state;

    netif->output = end->lib.etharp_output;
    netif->linkoutput = transmit;
    netif->mtu = 1500;
    netif->hwaddr_len = 6;
    memset(netif->hwaddr, end == &client ? 2 : 6, 6);
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
    netif->name[0] = 'b';
    return ERR_OK;
}

static void set_up(struct end *end, unsigned host)
{
    ip4_addr_t ip, mask, none;

    load(&end->lib);
    end->lib.init();
    IP4_ADDR(&ip, 10, 0, 0, (uint8_t)host);
    IP4_ADDR(&mask, 255, 255, 255, 0);
    IP4_ADDR(&none, 0, 0, 0, 0);
    end->lib.netif_add(&end->netif, &ip, &mask, &none, end, set_up_netif, end->lib.ethernet_input);
    end->lib.netif_set_default(&end->netif);
    end->lib.netif_set_up(&end->netif);
    end->lib.netif_set_link_up(&end->netif);
}

static void take_frames(struct end *end)
{
    while (end->head != end->tail) {
        const struct frame *frame = &end->frames[end->head++ % QUEUE];
        struct pbuf *chain = end->lib.pbuf_alloc(PBUF_RAW, frame->len, PBUF_RAM);

        if (!chain)
            return;
        if (end == &client)
            client_take(chain, frame);
        else
            server_take(chain, frame);
        if (end->lib.ethernet_input(chain, &end->netif) != ERR_OK)
            end->lib.pbuf_free(chain);
    }
    end->lib.check_timeouts();
}

/* ---- The two programs --------------------------------------------------------------------- */

static err_t on_data(void *arg, struct tcp_pcb *conn, struct pbuf *chain, err_t err)
{
    struct end *end = arg;

    (void)err;
    if (!chain)
        return ERR_OK;
    end->received += chain->tot_len;
    end->lib.tcp_recved(conn, chain->tot_len);
    if (echoes && end == &server) {
        end->lib.tcp_write(conn, data, chain->tot_len, 0);
        end->lib.tcp_output(conn);
    }
    end->lib.pbuf_free(chain);
    return ERR_OK;
}

static err_t on_accept(void *arg, struct tcp_pcb *conn, err_t err)
{
    (void)arg;
    (void)err;
    server.conn = conn;
    conn->callback_arg = &server;
    tcp_set_flags(conn, TF_NODELAY);
    server.lib.tcp_recv(conn, on_data);
    return ERR_OK;
}

static err_t on_connected(void *arg, struct tcp_pcb *conn, err_t err)
{
    (void)arg;
    (void)err;
    client.conn = conn;
    return ERR_OK;
}

/* A turn of the client: takes what came, and queues up to @write_bytes as far as there is room. */
NOINLINE void client_poll(uint32_t write_bytes)
{
    take_frames(&client);
    while (client.conn && write_bytes > 0) {
        uint32_t len = tcp_sndbuf(client.conn);

        len = len < write_bytes ? len : write_bytes;
        len = len < MSS ? len : MSS;
        if (len == 0 || (write_bytes >= MSS && len < MSS) ||
            client.lib.tcp_write(client.conn, data, (uint16_t)len, 0) != ERR_OK)
            break;
        write_bytes -= len;
    }
    if (client.conn)
        client.lib.tcp_output(client.conn);
}

NOINLINE void server_poll(void)
{
    take_frames(&server);
}

static void connect_both(void)
{
    struct tcp_pcb *listener = server.lib.tcp_new();
    struct tcp_pcb *conn = client.lib.tcp_new();
    ip_addr_t to = IPADDR4_INIT_BYTES(10, 0, 0, 2);
    const ip_addr_t any = IPADDR4_INIT(0);

    server.lib.tcp_bind(listener, &any, PORT);
    listener = server.lib.listen(listener, 4);
    server.lib.tcp_accept(listener, on_accept);
    conn->callback_arg = &client;
    tcp_set_flags(conn, TF_NODELAY);
    client.lib.tcp_recv(conn, on_data);
    client.lib.tcp_connect(conn, &to, PORT, on_connected);
    for (int i = 0; i < 1000 && !(client.conn && server.conn); i++) {
        client_poll(0);
        server_poll();
    }
    if (!client.conn || !server.conn) {
        fprintf(stderr, "no connection\n");
        exit(1);
    }
}

/* Sends @segments; returns how many polls it took. */
static void bulk(uint64_t segments)
{
    const uint64_t end = server.received + segments * MSS;

    while (server.received < end) {
        client_poll(UINT32_MAX / 2);
        server_poll();
    }
}

static void ask(unsigned requests)
{
    for (unsigned i = 0; i < requests; i++) {
        const uint64_t end = client.received + REQUEST_BYTES;

        client_poll(REQUEST_BYTES);
        while (client.received < end) {
            server_poll();
            client_poll(0);
        }
    }
}

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    const bool is_bulk = argc == 2 && strcmp(argv[1], "bulk") == 0;
    double begun;
    uint64_t before;

    if (argc != 2 || (!is_bulk && strcmp(argv[1], "rr") != 0)) {
        fprintf(stderr, "lwip bulk | rr\n");
        return 2;
    }
    echoes = !is_bulk;
    take_heap(RTLD_DEFAULT);
    client.frames = calloc(QUEUE, sizeof *client.frames); /* an end announces itself at once */
    server.frames = calloc(QUEUE, sizeof *server.frames);
    if (!client.frames || !server.frames)
        return 1;
    set_up(&client, 1);
    set_up(&server, 2);
    connect_both();
    if (is_bulk)
        bulk(WARM_UP);
    else
        ask(WARM_UP);
    CALLGRIND_START_INSTRUMENTATION;
    begun = now_s();
    before = server.received;
    if (is_bulk)
        bulk(BULK_SEGMENTS);
    else
        ask(REQUESTS);
    printf("units %.0f seconds %.6f bytes %.0f\n",
           is_bulk ? (double)(server.received - before) / MSS : (double)REQUESTS, now_s() - begun,
           (double)(server.received - before));
    return 0;
}
