/* netback.c -- a model of the domain that serves a network interface of Xen. */
#include "netback.h"

#include "core/arena.h"

#include <stdio.h>
#include <string.h>

enum {
    BUFFERS = 96,
    BUFFER_BYTES = 512,
    VIEWS = 200
};

struct netback netback;
struct xen_world xen_world;

/* ---- the hypervisor ----------------------------------------------------------------------- */

static bool grant(struct xen_machine *machine, uint32_t ref, const void *page, uint16_t domain,
                  bool read_only)
{
    struct netback_grant *entry = &netback.grants[ref];

    (void)machine;
    assert_true(ref >= NETBACK_REFS_FIRST && ref < NETBACK_REFS);
    assert_int_equal((uintptr_t)page % XEN_PAGE_BYTES, 0);
    if (entry->page)
        return entry->page == page && entry->domain == domain && entry->read_only == read_only;
    *entry = (struct netback_grant){.page = page, .domain = domain, .read_only = read_only};
    return true;
}

static bool take_back(struct xen_machine *machine, uint32_t ref)
{
    (void)machine;
    assert_true(ref >= NETBACK_REFS_FIRST && ref < NETBACK_REFS);
    if (netback.grants[ref].mapped)
        return false;
    netback.grants[ref].page = NULL;
    return true;
}

static bool port_open(struct xen_machine *machine, uint16_t domain, uint32_t *port)
{
    (void)machine;
    assert_int_equal(domain, NETBACK_DOMAIN);
    if (netback.ports_open == netback.ports_max)
        return false;
    *port = NETBACK_PORT + netback.ports_open++;
    return true;
}

static void port_close(struct xen_machine *machine, uint32_t port)
{
    (void)machine;
    netback.ports_open--;
    assert_in_range(port, NETBACK_PORT, NETBACK_PORT + netback.ports_open);
}

static void notify(struct xen_machine *machine, uint32_t port)
{
    (void)machine;
    if (port == netback.machine.store_port) {
        netback_serve_store();
        return;
    }
    assert_in_range(port, NETBACK_PORT, NETBACK_PORT + NETBACK_PORTS);
    netback.notified++;
    netback.notified_port = port;
}

static void sleep_until(struct xen_machine *machine, uint64_t deadline_ns)
{
    (void)machine;
    netback_serve_store();
    if (!xen_store_is_due(&xen_world.store) && deadline_ns > netback.now_ns)
        netback.now_ns = deadline_ns;
}

static uint64_t now_ns(struct xen_machine *machine)
{
    (void)machine;
    return netback.now_ns;
}

static const struct xen_machine_ops ops = {.grant = grant,
                                           .revoke = take_back,
                                           .port_open = port_open,
                                           .port_close = port_close,
                                           .notify = notify,
                                           .wait = sleep_until,
                                           .now_ns = now_ns};

uint8_t *netback_page(uint32_t ref, bool writes)
{
    const struct netback_grant *entry = &netback.grants[ref];
    union {
        const uint8_t *granted;
        uint8_t *bytes;
    } page = {ref < NETBACK_REFS ? entry->page : NULL};

    return page.bytes && entry->domain == NETBACK_DOMAIN && (!writes || !entry->read_only)
               ? page.bytes
               : NULL;
}

/* ---- xenstore ----------------------------------------------------------------------------- */

static void full_path(const char *path, char full[XEN_STORE_PATH_MAX])
{
    const bool theirs = strncmp(path, "~/", 2) == 0;
    const int len = snprintf(full, XEN_STORE_PATH_MAX, "%s%s", theirs ? netback.backend : "",
                             theirs ? path + 2 : path);

    assert_true(len > 0 && len < XEN_STORE_PATH_MAX);
}

static struct netback_key *find(const char *path)
{
    char full[XEN_STORE_PATH_MAX];

    full_path(path, full);
    for (unsigned i = 0; i < netback.key_count; i++) {
        if (strcmp(netback.keys[i].path, full) == 0)
            return &netback.keys[i];
    }
    return NULL;
}

const char *netback_key(const char *path)
{
    const struct netback_key *key = find(path);

    return key ? key->value : NULL;
}

void netback_store_bytes(const void *bytes, uint32_t len)
{
    struct xen_store_ring *ring = netback.store;
    const uint8_t *at = bytes;

    for (uint32_t i = 0; i < len; i++)
        ring->answers[ring->answer_produced++ % XEN_STORE_RING_BYTES] = at[i];
}

static void answer(const struct xen_store_head *to, uint32_t type, const void *text, uint32_t len)
{
    struct xen_store_head head = {.type = type, .request = to->request, .len = len};

    netback_store_bytes(&head, sizeof head);
    netback_store_bytes(text, len);
}

static bool is_watched(const char *path)
{
    char full[XEN_STORE_PATH_MAX];

    full_path(path, full);
    for (unsigned i = 0; i < netback.watch_count; i++) {
        if (strcmp(netback.watches[i], full) == 0)
            return true;
    }
    return false;
}

static void tell_watch(void)
{
    static const struct xen_store_head none;

    if (netback.store_how == NETBACK_STORE_GOOD)
        answer(&none, XEN_STORE_WATCH_EVENT, "x\0leat", 7);
}

void netback_set(const char *path, const char *value)
{
    struct netback_key *key = find(path);

    if (!value) {
        if (key)
            *key = netback.keys[--netback.key_count];
    } else {
        if (!key) {
            assert_true(netback.key_count < NETBACK_KEYS);
            key = &netback.keys[netback.key_count++];
            full_path(path, key->path);
        }
        assert_true(snprintf(key->value, sizeof key->value, "%s", value) < (int)sizeof key->value);
    }
    if (is_watched(path))
        tell_watch();
}

uint32_t netback_number(const char *path)
{
    const char *value = netback_key(path);
    uint32_t number = 0;

    for (; value && *value; value++)
        number = number * 10 + (uint32_t)(*value - '0');
    return number;
}

/* A number in the driver's folder, or in that of one of its queues. */
static uint32_t number_of(const char *folder, const char *key)
{
    char path[XEN_STORE_PATH_MAX];

    snprintf(path, sizeof path, "device/vif/0/%s%s", folder, key);
    return netback_number(path);
}

static void connect_queue(struct netback_queue *queue, const char *folder)
{
    queue->tx_head = (void *)netback_page(number_of(folder, "tx-ring-ref"), true);
    queue->rx_head = (void *)netback_page(number_of(folder, "rx-ring-ref"), true);
    assert_non_null(queue->tx_head);
    assert_non_null(queue->rx_head);
    queue->port = number_of(folder, "event-channel");
    queue->tx_taken = queue->rx_taken = 0;
}

/* Linux' netback connects. */
static void netback_connect(void)
{
    const uint32_t offered = netback_number("~/multi-queue-max-queues");
    const uint32_t count = netback_number("device/vif/0/multi-queue-num-queues");

    assert_in_range(count, 1, offered > 0 ? offered : 1);
    assert_true(count <= XEN_NET_QUEUES);
    for (unsigned i = 0; i < count; i++) {
        char folder[20];

        snprintf(folder, sizeof folder, "queue-%u/", i);
        connect_queue(&netback.queues[i], count > 1 ? folder : "");
        assert_int_equal(netback.queues[i].port, NETBACK_PORT + i);
    }
    assert_int_equal(netback_number("device/vif/0/request-rx-copy"), 1);
    netback.queue_count = count;
    netback.group_count = 0;
}

static void netback_disconnect(void)
{
    memset(netback.queues, 0, sizeof netback.queues);
    netback.queue_count = 0;
}

/* The driver has written its state: the other domain follows, as Linux' backends do. */
static void follow(const char *path)
{
    const uint32_t state = netback_number(path);

    if (!netback.follows)
        return;
    if (state == XEN_BUS_CONNECTED) {
        netback.connect();
        netback_set("~/state", "4");
    } else if (state == XEN_BUS_CLOSING || state == XEN_BUS_CLOSED) {
        netback.disconnect();
        netback_set("~/state", state == XEN_BUS_CLOSING ? "5" : "6");
    } else if (state == XEN_BUS_INITIALISING) {
        netback_set("~/state", "2");
    }
}

static void serve(const struct xen_store_head *head, const char *path)
{
    const char *value = path + strlen(path) + 1;
    char text[XEN_STORE_VALUE_MAX + 1] = {0};
    const struct netback_key *key;

    if (head->type == XEN_STORE_READ) {
        key = find(path);
        if (key)
            answer(head, XEN_STORE_READ, key->value, (uint32_t)strlen(key->value));
        else
            answer(head, XEN_STORE_ERROR, "ENOENT", 7);
        if (key == find("~/state") && netback.next_state) {
            const char *next = netback.next_state;

            netback.next_state = NULL;
            netback_set("~/state", next);
        }
        return;
    }
    if (head->type == XEN_STORE_WRITE) {
        memcpy(text, value, head->len - (size_t)(value - path));
        answer(head, XEN_STORE_WRITE, "OK", 3);
        netback_set(path, text);
        if (strncmp(path, "device/", 7) == 0 && strcmp(path + strlen(path) - 6, "/state") == 0)
            follow(path);
        return;
    }
    assert_int_equal(head->type, XEN_STORE_WATCH);
    if (netback.no_watches || is_watched(path)) {
        answer(head, XEN_STORE_ERROR, is_watched(path) ? "EEXIST" : "E2BIG",
               is_watched(path) ? 7 : 6);
        return;
    }
    answer(head, XEN_STORE_WATCH, "OK", 3);
    assert_true(netback.watch_count < NETBACK_WATCHES);
    full_path(path, netback.watches[netback.watch_count++]);
    tell_watch(); /* one comes at once */
}

void netback_serve_store(void)
{
    static const char noise[] = "an answer to another request";
    struct xen_store_ring *ring = netback.store;
    struct xen_store_head head;

    if (netback.store_how == NETBACK_STORE_STILL)
        return;
    while (ring->request_consumed != ring->request_produced) {
        netback.request[netback.request_len++] =
            ring->requests[ring->request_consumed++ % XEN_STORE_RING_BYTES];
        if (netback.request_len < sizeof head)
            continue;
        memcpy(&head, netback.request, sizeof head);
        if (netback.request_len < sizeof head + head.len)
            continue;
        netback.request[netback.request_len] = '\0';
        netback.request_len = 0;
        for (unsigned i = 0; i < netback.stranger; i++)
            answer(&(struct xen_store_head){.request = head.request + 77}, XEN_STORE_READ, noise,
                   sizeof noise);
        if (netback.store_how == NETBACK_STORE_GOOD)
            serve(&head, (const char *)netback.request + sizeof head);
    }
}

/* ---- the whole ---------------------------------------------------------------------------- */

void netback_init(void)
{
    static struct xen_store_ring ring;
    static const char *const keys[][2] = {
        {"device/vif/0/backend", "/local/domain/3/backend/vif/9/0"},
        {"device/vif/0/backend-id", "3"},
        {"device/vif/0/mac", "00:16:3e:00:0a:FF"},
        {"device/vif/0/mtu", "1500"},
        {"device/vif/0/trusted", "1"},
        {"device/vif/0/state", "1"},
        {"~/online", "1"},
        {"~/state", "2"},
        {"~/feature-sg", "1"},
        {"~/feature-gso-tcpv4", "1"},
        {"~/feature-gso-tcpv6", "1"},
        {"~/feature-ipv6-csum-offload", "1"},
        {"~/feature-rx-copy", "1"}};

    memset(&ring, 0, sizeof ring);
    netback = (struct netback){.store = &ring,
                               .follows = true,
                               .groups_max = NETBACK_GROUPS,
                               .ports_max = NETBACK_PORTS,
                               .memory_of_queues = XEN_NET_QUEUES,
                               .queue = netback.queues,
                               .now_ns = 1000000000,
                               .backend = "/local/domain/3/backend/vif/9/0/",
                               .connect = netback_connect,
                               .disconnect = netback_disconnect};
    netback.machine = (struct xen_machine){.ops = &ops,
                                           .store = &ring,
                                           .store_port = 1,
                                           .ref_first = NETBACK_REFS_FIRST,
                                           .ref_end = NETBACK_REFS};
    for (unsigned i = 0; i < sizeof keys / sizeof *keys; i++)
        netback_set(keys[i][0], keys[i][1]);
}

static struct xen_queue *take_queue(struct leat_xen *xen)
{
    const uint32_t number = xen->queue_count;
    struct xen_queue *queue = &xen_world.queues[number];

    if (number >= netback.memory_of_queues)
        return NULL;
    queue->pages = xen_world.pages[number];
    xen_queue_init(queue, xen, number);
    return queue;
}

void xen_world_prepare(unsigned how)
{
    struct arena arena = {xen_world.memory, xen_world.memory + sizeof xen_world.memory};

    memset(&xen_world.xen, 0, sizeof xen_world.xen);
    memset(&xen_world.pool, 0, sizeof xen_world.pool);
    assert_true(pool_init(&xen_world.pool, &arena, BUFFERS, BUFFER_BYTES, NETBACK_SMALL, VIEWS));
    xen_store_open(&xen_world.store, &netback.machine);
    xen_world.xen.store = &xen_world.store;
    xen_world.xen.machine = &netback.machine;
    xen_world.xen.take_queue = take_queue;
    xen_world.xen.queues_max = XEN_NET_QUEUES;
    xen_world.xen.window = (uintptr_t)xen_world.memory;
    xen_world.xen.window_pages = NETBACK_WINDOW_PAGES;
    xen_world.xen.no_offload = how & XEN_WORLD_NO_OFFLOAD;
    xen_world.xen.untrusted = how & XEN_WORLD_UNTRUSTED;
}

enum leat_err xen_world_start(const char **why)
{
    struct leat_netif *netif = leat_xen_netif(&xen_world.xen);
    const enum leat_err err = xen_net_start(&xen_world.xen, 0, NULL, 0, why);
    struct leat_buf *none[1];

    for (unsigned i = 0; !err && i < 100; i++) { /* the watch is set only now */
        if (netif->ops->next_look_ns(netif, netback.now_ns) > netback.now_ns)
            break;
        assert_int_equal(netif->ops->receive(netif, netback.now_ns, &xen_world.pool, none, 1), 0);
    }
    return err;
}

void xen_world_look(unsigned ms)
{
    struct leat_netif *netif = leat_xen_netif(&xen_world.xen);
    struct leat_buf *frames[4];

    netback.now_ns += ms * UINT64_C(1000000);
    netback_serve_store();
    do
        assert_int_equal(netif->ops->receive(netif, netback.now_ns, &xen_world.pool, frames, 4), 0);
    while (netif->ops->next_look_ns(netif, netback.now_ns) == netback.now_ns);
}

void xen_world_look_for(unsigned seconds)
{
    for (unsigned i = 0; i < seconds * 20; i++)
        xen_world_look(50);
}
