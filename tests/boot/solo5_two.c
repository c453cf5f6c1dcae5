/* solo5_two.c -- one stack on two devices of Solo5: echoes UDP on both, until it gets a datagram
 * of 1 byte.
 */
#include <stdio.h>
#include <string.h>

#include <leat/leat.h>
#include <leat/solo5.h>

#include <solo5.h>

enum {
    PORT = 7,
    LINE_BYTES = 160
};

static struct leat_solo5 solo5;
static struct leat *stack;
static bool ended;

static void say(const char *line)
{
    solo5.host.console(&solo5.host, line, strlen(line));
}

static void echo(struct leat_udp *udp, struct leat_buf *payload, const struct leat_endpoint *peer,
                 const struct leat_endpoint *local, void *arg)
{
    (void)arg;
    ended = leat_buf_total(payload) == 1;
    leat_udp_send_from(udp, payload, peer, local->ip);
}

static const struct leat_udp_events events = {.on_datagram = echo};

/* Attaches the device @name with the address @ip/24. */
static bool attach(const char *name, struct leat_ip ip)
{
    const struct leat_solo5_net_config config = {.solo5 = &solo5, .device = name};
    struct leat_solo5_net *net;
    const char *why;

    if (leat_solo5_net_open(&net, &config, &why)) {
        say(why);
        say("\n");
        return false;
    }
    return !leat_attach(stack, leat_solo5_net_netif(net)) &&
           !leat_address_add(stack, leat_solo5_net_netif(net), ip, 24);
}

static bool begin(void)
{
    struct leat_config config = {.buf_count = 256};
    struct leat_udp *udp;
    size_t bytes = leat_memory_bytes(&config) + leat_udp_memory_bytes(NULL);
    void *memory = leat_solo5_take(&solo5, bytes);

    return memory && !solo5.host.entropy(&solo5.host, config.seed, sizeof config.seed) &&
           !leat_init(&stack, memory, bytes, &config) && attach("left", LEAT_IP4(10, 78, 0, 2)) &&
           attach("right", LEAT_IP4(10, 79, 0, 2)) && !leat_udp_register(stack, NULL) &&
           !leat_udp_open(stack, &udp, &events, NULL) && !leat_udp_bind(udp, LEAT_IP_ANY, PORT);
}

static void say_stats(void)
{
    const struct leat_stats *stats = leat_stats(stack);
    char line[LINE_BYTES];

    for (unsigned i = 0; i < LEAT_STAT_COUNT; i++) {
        const enum leat_stat stat = (enum leat_stat)i;

        snprintf(line, sizeof line, "%s %llu\n", leat_stat_name(stat),
                 (unsigned long long)leat_stat_value(stats, stat));
        say(line);
    }
}

int solo5_app_main(const struct solo5_start_info *start)
{
    struct leat_solo5_net *none;
    const struct leat_solo5_net_config unknown = {.solo5 = &solo5, .device = "nobody"};
    const char *why;

    leat_solo5_init(&solo5, start);
    if (!begin())
        return 2;
    if (leat_solo5_net_open(&none, &unknown, &why) != LEAT_ERR_NOT_FOUND)
        return 3;
    say("two: ready\n");
    while (!ended)
        solo5.host.wait(&solo5.host, leat_poll(stack, solo5.host.now_ns(&solo5.host)));
    leat_poll(stack, solo5.host.now_ns(&solo5.host));
    say_stats();
    return leat_stats_balance(leat_stats(stack)) ? 0 : 1;
}
