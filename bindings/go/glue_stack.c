/* glue_stack.c -- opens, polls and closes a stack; the list of events. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <leat/socket.h>
#include <leat/tap.h>

#include "glue_inside.h"

/* ---- Items and events ---- */

struct glue_item *glue_item_new(struct glue *glue, enum glue_kind kind, uint64_t number)
{
    struct glue_item *item = calloc(1, sizeof *item);

    if (!item)
        return NULL;
    glue->items++;
    item->glue = glue;
    item->kind = kind;
    item->number = number;
    item->is_owned = item->is_live = item->is_open = true;
    item->next = glue->live;
    item->back = &glue->live;
    if (item->next)
        item->next->back = &item->next;
    glue->live = item;
    return item;
}

static void destroy(struct glue *glue)
{
    free(glue->resolver_memory);
    free(glue->tls_memory);
    free(glue->texts[0]);
    free(glue->texts[1]);
    free(glue->memory);
    free(glue);
}

static void free_if_unused(struct glue_item *item)
{
    struct glue *glue = item->glue;

    if (item->is_owned || item->is_live || item->is_listed)
        return;
    while (item->count > 0) {
        leat_buf_free(item->queue[item->first].data);
        item->first = (item->first + 1) % GLUE_QUEUE;
        item->count--;
    }
    leat_buf_free(item->rest);
    free(item->queue);
    free(item->connecting);
    free(item->found);
    free(item->text);
    free(item->client);
    free(item);
    if (--glue->items == 0 && glue->is_over)
        destroy(glue);
}

void glue_item_dead(struct glue_item *item)
{
    if (!item->is_live)
        return;
    item->is_live = false;
    *item->back = item->next;
    if (item->next)
        item->next->back = item->back;
    free_if_unused(item);
}

void glue_tell(struct glue_item *item, unsigned events)
{
    struct glue *glue = item->glue;

    item->events |= events;
    if (item->is_listed || !item->is_owned)
        return;
    item->is_listed = true;
    item->next_event = NULL;
    *glue->last_event = item;
    glue->last_event = &item->next_event;
}

bool glue_event(struct glue *glue, uint64_t *number, unsigned *events)
{
    while (glue->first_event) {
        struct glue_item *item = glue->first_event;

        glue->first_event = item->next_event;
        if (!glue->first_event)
            glue->last_event = &glue->first_event;
        item->is_listed = false;
        *number = item->number;
        *events = item->events;
        item->events = 0;
        if (item->is_owned)
            return true;
        free_if_unused(item);
    }
    return false;
}

void glue_item_lost(struct glue_item *item, enum leat_err err, const char *detail)
{
    if (item->is_open) {
        item->is_open = false;
        item->err = err;
        item->detail = detail;
    }
    glue_tell(item, GLUE_CLOSED);
}

void glue_release(struct glue_item *item)
{
    glue_end_item(item, false);
    if (item->kind == GLUE_CONNECT && item->conn) { /* done, and never taken */
        if (item->glue->stack)
            leat_tcp_abort(item->conn);
        item->conn = NULL;
    }
    item->is_owned = false;
    free_if_unused(item);
}

enum leat_err glue_error(const struct glue_item *item, char *detail)
{
    if (detail)
        snprintf(detail, LEAT_CONNECT_TEXT_BYTES, "%s", item->detail ? item->detail : "");
    if (item->is_open)
        return item->is_ended ? LEAT_ERR_CLOSING : item->socket_err;
    return item->err == LEAT_OK ? LEAT_ERR_CLOSED : item->err;
}

/* ---- Opening ---- */

/* leat_posix_open() and _close() block and unblock signals, which stay the language's. */
static enum leat_err open_host(struct glue *glue)
{
    sigset_t before;
    enum leat_err err;

    pthread_sigmask(SIG_BLOCK, NULL, &before);
    err = leat_posix_open(&glue->posix);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!err)
        glue->host = leat_posix_host(glue->posix);
    return err;
}

static void close_host(struct glue *glue)
{
    sigset_t before;

    if (glue->kick > 0) {
        leat_posix_unwatch(glue->posix, glue->kick);
        close(glue->kick);
    }
    pthread_sigmask(SIG_BLOCK, NULL, &before);
    leat_posix_close(glue->posix);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    glue->posix = NULL;
}

/* Calls @p add for each word of a text. */
static enum leat_err each_word(struct glue *glue, const char *text,
                               enum leat_err (*add)(struct glue *glue, const char *word),
                               char why[LEAT_WHY_BYTES])
{
    while (text && *text) {
        const size_t len = strcspn(text, " ");
        char word[64];
        enum leat_err err = LEAT_ERR_FORMAT;

        snprintf(word, sizeof word, "%.*s", (int)len, text);
        if (len > 0 && len < sizeof word)
            err = add(glue, word);
        if (err && len > 0) {
            snprintf(why, LEAT_WHY_BYTES, "%s", word);
            return err;
        }
        text += len + (text[len] == ' ');
    }
    return LEAT_OK;
}

static enum leat_err add_address(struct glue *glue, const char *word)
{
    struct leat_ip ip;
    uint8_t bits;

    if (!leat_ip_parse_cidr(word, &ip, &bits))
        return LEAT_ERR_FORMAT;
    return leat_address_add(glue->stack, glue->netif, ip, bits);
}

static enum leat_err add_gateway(struct glue *glue, const char *word)
{
    struct leat_ip ip;

    if (!leat_ip_parse(word, &ip))
        return LEAT_ERR_FORMAT;
    return leat_route_add(glue->stack, leat_ip_is_v4(ip) ? LEAT_IP4_ANY : LEAT_IP_ANY, 0, ip);
}

static enum leat_err open_passt(struct glue *glue, const struct glue_config *config,
                                char why[LEAT_WHY_BYTES])
{
    struct leat_passt_config passt = {.tcp = config->tcp, .udp = config->udp, .posix = glue->posix};
    char address[64], gateway[64];

    if (sscanf(config->addresses, "%63s", address) != 1 ||
        !leat_ip_parse_cidr(address, &passt.ip, &passt.prefix_bits) ||
        sscanf(config->gateways, "%63s", gateway) != 1 || !leat_ip_parse(gateway, &passt.gateway)) {
        snprintf(why, LEAT_WHY_BYTES, "passt needs an address and a gateway");
        return LEAT_ERR_ARGUMENT;
    }
    return leat_passt_open(&glue->socket, &passt, why);
}

static enum leat_err open_device(struct glue *glue, const struct glue_config *config,
                                 char why[LEAT_WHY_BYTES])
{
    enum leat_err err;

    if (config->tap) {
        const struct leat_tap_config tap = {.device = config->tap, .posix = glue->posix};

        err = leat_tap_open(&glue->tap, &tap, why);
        if (!err)
            glue->netif = leat_tap_netif(glue->tap);
        return err;
    }
    if (config->passt) {
        err = open_passt(glue, config, why);
    } else {
        const struct leat_socket_config socket = {
            .path = config->path,
            .fd = config->fd,
            .listen = config->listen,
            .framing = config->datagrams ? LEAT_SOCKET_DATAGRAM : LEAT_SOCKET_STREAM,
            .posix = glue->posix};

        err = leat_socket_open(&glue->socket, &socket, why);
    }
    if (!err)
        glue->netif = leat_socket_netif(glue->socket);
    return err;
}

static enum leat_err build(struct glue *glue, const struct glue_config *config)
{
    struct leat_config stack = {.buf_count = 8192, .now_ns = glue->host->now_ns(glue->host)};
    const struct leat_tcp_config tcp = {.connections =
                                            config->connections ? config->connections : 4096};
    const struct leat_udp_config udp = {.sockets = 1024};
    const size_t bytes = leat_memory_bytes(&stack) + leat_ipv6_memory_bytes(NULL) +
                         leat_tcp_memory_bytes(&tcp) + leat_udp_memory_bytes(&udp);
    enum leat_err err = LEAT_OK;

    if (config->seed)
        memcpy(stack.seed, config->seed, sizeof stack.seed);
    else
        err = glue->host->entropy(glue->host, stack.seed, sizeof stack.seed);
    glue->memory = leat_posix_memory(bytes);
    if (!glue->memory)
        return LEAT_ERR_MEMORY;
    if (!err)
        err = leat_init(&glue->stack, glue->memory, bytes, &stack);
    if (!err)
        err = leat_attach(glue->stack, glue->netif);
    if (!err && glue->netif->mtu >= 1280)
        err = leat_ipv6_register(glue->stack, NULL);
    if (!err)
        err = leat_udp_register(glue->stack, &udp);
    if (!err)
        err = leat_tcp_register(glue->stack, &tcp);
    return err;
}

static enum leat_err open_names(struct glue *glue, const struct glue_config *config)
{
    struct leat_resolver_config asked = {.cache_bytes = 65536};
    const char *text = config->name_servers;
    char word[64];
    int len;

    for (; text && sscanf(text, "%63s%n", word, &len) == 1; text += len) {
        if (asked.server_count == LEAT_RESOLVER_SERVERS_MAX)
            return LEAT_ERR_FULL;
        if (!leat_ip_parse(word, &asked.servers[asked.server_count++].ip))
            return LEAT_ERR_FORMAT;
    }
    if (asked.server_count > 0) {
        const size_t bytes = leat_resolver_memory_bytes(&asked);
        enum leat_err err;

        glue->resolver_memory = malloc(bytes);
        if (!glue->resolver_memory)
            return LEAT_ERR_MEMORY;
        err =
            leat_resolver_open(&glue->resolver, glue->stack, glue->resolver_memory, bytes, &asked);
        if (err)
            return err;
    }
    glue->texts[0] = config->hosts ? strdup(config->hosts) : NULL;
    glue->texts[1] = config->search ? strdup(config->search) : NULL;
    if ((config->hosts && !glue->texts[0]) || (config->search && !glue->texts[1]))
        return LEAT_ERR_MEMORY;
    glue->names = (struct leat_connect_config){
        .resolver = glue->resolver, .hosts = glue->texts[0], .search = glue->texts[1]};
    return LEAT_OK;
}

enum leat_err glue_open(struct glue **opened, const struct glue_config *config,
                        char why[LEAT_WHY_BYTES])
{
    struct glue *glue = calloc(1, sizeof *glue);
    enum leat_err err = glue ? LEAT_OK : LEAT_ERR_MEMORY;

    why[0] = '\0';
    if (!err) {
        glue->last_event = &glue->first_event;
        err = open_host(glue);
    }
    if (err) {
        if (config->fd >= 0)
            close(config->fd);
        free(glue);
        return err;
    }
    err = open_device(glue, config, why);
    if (!err)
        err = build(glue, config);
    if (!err)
        err = each_word(glue, config->addresses, add_address, why);
    if (!err)
        err = each_word(glue, config->gateways, add_gateway, why);
    if (!err)
        err = open_names(glue, config);
    if (!err && leat_posix_descriptor(glue->posix) < 0)
        err = LEAT_ERR_DEVICE;
    if (err) {
        glue_close(glue);
        glue_free(glue);
        return err;
    }
    *opened = glue;
    return LEAT_OK;
}

/* ---- Closing ---- */

void glue_close(struct glue *glue)
{
    if (!glue->posix)
        return;
    for (struct glue_item *item = glue->live; item; item = item->next)
        glue_item_lost(item, LEAT_ERR_CLOSED, "the stack is closed");
    glue_tls_close_sessions(glue);
    if (glue->resolver)
        leat_resolver_close(glue->resolver);
    if (glue->stack)
        leat_close(glue->stack);
    glue->stack = NULL;
    while (glue->live)
        glue_item_dead(glue->live);
    glue_tls_close(glue);
    leat_socket_close(glue->socket);
    leat_tap_close(glue->tap);
    close_host(glue);
}

void glue_free(struct glue *glue)
{
    uint64_t number;
    unsigned events;

    while (glue_event(glue, &number, &events))
        ;
    glue->is_over = true;
    if (glue->items == 0)
        destroy(glue);
}

int glue_descriptor(const struct glue *glue)
{
    return leat_posix_descriptor(glue->posix);
}

uint64_t glue_poll(struct glue *glue)
{
    uint64_t now_ns, next_ns;

    if (!glue->stack)
        return LEAT_NEVER_NS;
    now_ns = glue->host->now_ns(glue->host);
    next_ns = leat_poll(glue->stack, now_ns);
    if (next_ns == LEAT_NEVER_NS)
        return LEAT_NEVER_NS;
    return next_ns > now_ns ? next_ns - now_ns : 0;
}
