/* test_metrics.c -- the text for Prometheus: its format, its completeness, and the route. */
#include "http_test.h"

#include <leat/metrics.h>

#include "pipe.h"
#include "tcp/tcp.h"

static const struct leat_http_route routes[] = {LEAT_METRICS_ROUTE("/metrics")};

static int set_up_route(void **state)
{
    const struct leat_http_server_config config = {.files = files,
                                                   .file_count = FILES,
                                                   .routes = routes,
                                                   .route_count = 1,
                                                   .clients = CLIENTS};

    return set_up_with(state, &config);
}

/* All entries of the stack as one text. */
static const char *all_entries(const struct leat *stack)
{
    static char text[100000];
    size_t at = 0, len;

    for (unsigned i = 0;; i++) {
        char entry[LEAT_METRICS_ENTRY_BYTES];

        len = leat_metrics_entry(stack, i, entry);
        assert_true(len < LEAT_METRICS_ENTRY_BYTES - 1); /* none was truncated */
        if (len == 0)
            break;
        assert_int_equal(entry[len - 1], '\n');
        memcpy(text + at, entry, len);
        at += len;
    }
    text[at] = '\0';
    return text;
}

/* The sample that begins with @name; fails if there is none. */
static uint64_t sample(const char *text, const char *name)
{
    char line[200];
    const char *found;

    snprintf(line, sizeof line, "\n%s ", name);
    found = strstr(text, line);
    if (!found)
        fail_msg("no %s", name);
    assert_null(strstr(found + 1, line));
    return strtoull(found + strlen(line), NULL, 10);
}

static void test_each_counter_is_there_once_with_its_value(void **state)
{
    struct fixture *f = *state;
    const struct leat *stack = f->world->stacks[SERVER];
    const struct leat_stats *stats = leat_stats(stack);
    struct leat_holdings holdings;
    const char *text;
    char name[100];

    check(f, GET("/", "Connection: close\r\n"),
          "HTTP/1.1 200 OK\r\nETag: " PAGE_TAG
          "\r\nAccept-Ranges: bytes\r\nContent-Type: text/html\r\nContent-Length: 11\r\n"
          "Connection: close\r\n\r\n" PAGE);
    text = all_entries(stack);
    for (unsigned i = 0; i < LEAT_STAT_COUNT; i++) {
        const enum leat_stat stat = (enum leat_stat)i;
        const char *own = leat_stat_name(stat);

        if (leat_stat_group(stat) == LEAT_STAT_DROP)
            snprintf(name, sizeof name, "leat_drops_total{reason=\"%s\"}", own + strlen("drop_"));
        else
            snprintf(name, sizeof name, "leat_%s_total", own);
        assert_int_equal(sample(text, name), leat_stat_value(stats, stat));
    }
    leat_holdings(stack, &holdings);
    assert_int_equal(sample(text, "leat_buffers{held=\"free\"}"), holdings.held_free);
    assert_int_equal(sample(text, "leat_buffers{held=\"others\"}"), holdings.held_others);
    assert_true(sample(text, "leat_rx_frames_total") > 0);
}

/* Buckets are cumulative. */
static void test_round_trips_are_a_histogram(void **state)
{
    struct fixture *f = *state;
    const struct leat *stack = f->world->stacks[SERVER];
    const struct leat_tcp_rtts *rtts = leat_tcp_rtts(stack);
    uint64_t before = 0, total = 0;
    struct client *client = connect_client(f);
    const char *text;
    char name[100];

    send_text(client, GET("/", ""));
    world_wait(f->world, second);
    text = all_entries(stack);
    for (unsigned i = 0; i <= LEAT_TCP_RTT_BUCKETS; i++) {
        const uint64_t bound_ns = leat_tcp_rtt_bound_ns(i);

        total += rtts->counts[i];
        if (i < LEAT_TCP_RTT_BUCKETS)
            snprintf(name, sizeof name, "leat_tcp_rtt_seconds_bucket{le=\"%u.%09u\"}",
                     (unsigned)(bound_ns / second), (unsigned)(bound_ns % second));
        else
            snprintf(name, sizeof name, "leat_tcp_rtt_seconds_bucket{le=\"+Inf\"}");
        assert_int_equal(sample(text, name), total);
        assert_true(total >= before);
        before = total;
    }
    assert_true(total > 0);
    assert_int_equal(sample(text, "leat_tcp_rtt_seconds_count"), total);
    assert_int_equal(sample(text, "leat_tcp_rtt_seconds_sum"), rtts->sum_ns / second);
    /* a histogram ends with its sum and its count (OpenMetrics 5.2.3) */
    assert_true(strstr(text, "le=\"+Inf\"") < strstr(text, "leat_tcp_rtt_seconds_sum "));
    assert_true(strstr(text, "leat_tcp_rtt_seconds_sum ") <
                strstr(text, "leat_tcp_rtt_seconds_count "));
    assert_true(rtts->counts[0] == 0 && rtts->sum_ns >= total * 10 * ms); /* 5 ms each way */
    leave_server(f, client);
}

/* A value equal to a bound is in the bucket of that bound. */
static void test_a_round_trip_is_in_the_bucket_of_its_bound(void **state)
{
    static const struct {
        uint64_t ns;
        unsigned bucket;
    } cases[] = {{1, 0},      {65536, 0},        {65537, 1},        {131072, 1},
                 {131073, 2}, {34359738368, 19}, {34359738369, 20}, {UINT64_MAX, 20}};

    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        static struct tcp tcp;

        memset(&tcp.rtts, 0, sizeof tcp.rtts);
        tcp_count_rtt(&tcp, cases[i].ns);
        assert_int_equal(tcp.rtts.counts[cases[i].bucket], 1);
        assert_true(tcp.rtts.sum_ns == cases[i].ns);
    }
}

/* The entries of a server: the last ones are its histogram. */
static void test_the_durations_of_replies(void **state)
{
    struct leat_http_server_counts counts = {
        .requests = 12, .reply_bytes = 34, .latency_sum_ns = 5 * second};
    char text[20000] = "\n", entry[LEAT_METRICS_ENTRY_BYTES];
    uint64_t total = 0, power_ns = 100000;
    char name[100];
    size_t at = 1, len;

    (void)state;
    for (unsigned i = 0; i <= LEAT_HTTP_LATENCY_BUCKETS; i++)
        counts.latencies[i] = i + 1;
    for (unsigned i = 0; (len = leat_metrics_server_entry(&counts, i, entry)) > 0; i++) {
        assert_int_equal(entry[len - 1], '\n');
        memcpy(text + at, entry, len);
        at += len;
    }
    text[at] = '\0';
    for (unsigned i = 0; i < LEAT_HTTP_LATENCY_BUCKETS; i += 3) { /* 1, 2.5 and 5 of each power */
        assert_true(leat_http_latency_bound_ns(i) == power_ns);
        assert_true(i + 1 >= LEAT_HTTP_LATENCY_BUCKETS ||
                    (2 * leat_http_latency_bound_ns(i + 1) == 5 * power_ns &&
                     leat_http_latency_bound_ns(i + 2) == 5 * power_ns));
        power_ns *= 10;
    }
    assert_int_equal(sample(text, "leat_http_requests_total"), 12);
    assert_int_equal(sample(text, "leat_http_reply_bytes_total"), 34);
    for (unsigned i = 0; i < LEAT_HTTP_LATENCY_BUCKETS; i++) {
        const uint64_t bound_ns = leat_http_latency_bound_ns(i);

        total += i + 1;
        assert_true(i == 0 || bound_ns > leat_http_latency_bound_ns(i - 1));
        snprintf(name, sizeof name, "leat_http_request_duration_seconds_bucket{le=\"%u.%09u\"}",
                 (unsigned)(bound_ns / second), (unsigned)(bound_ns % second));
        assert_int_equal(sample(text, name), total);
    }
    total += LEAT_HTTP_LATENCY_BUCKETS + 1;
    assert_int_equal(sample(text, "leat_http_request_duration_seconds_bucket{le=\"+Inf\"}"), total);
    assert_int_equal(sample(text, "leat_http_request_duration_seconds_count"), total);
    assert_int_equal(sample(text, "leat_http_request_duration_seconds_sum"), 5);
}

/* Each family has one header, followed by its samples. */
static void test_families_are_whole(void **state)
{
    struct fixture *f = *state;
    char *text = strdup(all_entries(f->world->stacks[SERVER]));
    char family[100] = "", seen[20000] = "\n", key[110];
    char *rest = text;

    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        size_t len = strcspn(line, " {");

        if (strncmp(line, "# HELP ", 7) == 0) {
            snprintf(family, sizeof family, "%.*s", (int)strcspn(line + 7, " "), line + 7);
            snprintf(key, sizeof key, "\n%s\n", family);
            assert_null(strstr(seen, key));
            strcat(seen, key + 1);
            assert_true(strlen(line) > 8 + strlen(family));
            assert_null(strchr(line, '\\'));
        } else if (strncmp(line, "# TYPE ", 7) == 0) {
            assert_int_equal(strncmp(line + 7, family, strlen(family)), 0);
            assert_non_null(strstr(line, strstr(family, "_total")     ? " counter"
                                         : strstr(family, "_seconds") ? " histogram"
                                                                      : " gauge"));
        } else if (strstr(family, "_seconds")) {
            assert_true(len > strlen(family) && line[strlen(family)] == '_');
            assert_memory_equal(line, family, strlen(family));
        } else {
            assert_int_equal(len, strlen(family));
            assert_memory_equal(line, family, len);
            assert_int_equal(strspn(line, "abcdefghijklmnopqrstuvwxyz_0123456789"), len);
        }
    }
    free(text);
}

/* The route sends the entries of leat_metrics_entry() and of its server, in chunks, even to a slow
 * client. */
static void test_the_route(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);
    char *plain = calloc(1, 100000);
    size_t total;

    client->hold = true;
    send_text(client, GET("/metrics", ""));
    world_wait(f->world, second);
    for (unsigned i = 0; i < 2000; i++) {
        read_some(client, 100);
        world_wait(f->world, ms);
    }
    assert_non_null(strstr(client->bytes, "\r\nContent-Type: text/plain; version=0.0.4"));
    total = data_of_chunks(client, plain);
    assert_int_equal(sample(plain, "leat_http_requests_total"), 1);
    assert_int_equal(sample(plain, "leat_http_displaced_total"), 0);
    assert_int_equal(sample(plain, "leat_drops_total{reason=\"ip_checksum\"}"), 0);
    assert_true(sample(plain, "leat_buffers{held=\"free\"}") > 0);
    assert_int_equal(plain[total - 1], '\n');
    client->have = 0;
    client->hold = false;
    send_text(client, "HEAD /metrics HTTP/1.1\r\nHost: leat\r\n\r\n" GET("/", ""));
    world_wait(f->world, second);
    assert_non_null(strstr(client->bytes, "\r\n\r\n" PAGE_HEAD PAGE));
    free(plain);
    leave_server(f, client);
}

/* Without buffers it waits, and then continues. */
static void test_the_route_without_buffers(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);
    static struct hog hog;

    take_all_but(&hog, f->world->stacks[SERVER], 3);
    send_text(client, GET("/metrics", "Connection: close\r\n"));
    world_wait(f->world, second);
    give_all(&hog);
    assert_true(world_run(f->world, &client->closed, 20 * second));
    assert_int_equal(client->why, LEAT_OK);
    assert_memory_equal(client->bytes + client->have - 7, "\r\n0\r\n\r\n", 7);
    assert_non_null(strstr(client->bytes, "leat_http_displaced_total 0\n"));
    leave_server(f, client);
}

/* The reader's end of a stream that copies, as a session of TLS does. */
struct reader {
    struct leat_stream stream;
    size_t have;
    char bytes[100000];
};

static void on_readable(struct leat_tcp *conn, void *arg)
{
    struct reader *reader = arg;
    struct leat_buf *text = leat_stream_receive(&reader->stream, UINT32_MAX);
    const uint32_t len = leat_buf_total(text);

    (void)conn;
    assert_true(reader->have + len < sizeof reader->bytes);
    reader->have += leat_buf_read(text, 0, reader->bytes + reader->have, len);
    leat_buf_free(text);
    leat_stream_consumed(&reader->stream, len);
}

/* Admits only as much as there are buffers for, and leaves some to others. */
static uint32_t grants_buffers(struct pipe_end *end, uint32_t room)
{
    const uint32_t free_count = leat_pool_free_count(leat_pool(end->stack));
    const uint32_t may = free_count > 8 ? (free_count - 8) * 1500 : 0;

    if (may == 0)
        end->wanted = 1; /* on_writable follows */
    return may < room ? may : room;
}

/* The room that was counted includes the buffer that is written to. */
static void test_the_route_takes_the_last_buffer(void **state)
{
    static const struct leat_tcp_events events = {.on_readable = on_readable};
    static struct hog hog;
    struct fixture *f = *state;
    struct reader *reader = calloc(1, sizeof *reader);
    struct pipe_end ends[2];
    struct leat_stream served;
    size_t taken;

    pipe_open(ends, f->world->stacks[SERVER], 50000);
    ends[1].grants = grants_buffers;
    served = pipe_stream(&ends[1]);
    reader->stream = pipe_stream(&ends[0]);
    leat_stream_set_events(&reader->stream, &events, reader);
    assert_true(leat_http_server_serve(f->server, &served));
    leat_stream_write(&reader->stream, GET("/metrics", ""), strlen(GET("/metrics", "")), &taken);
    take_all_but(&hog, f->world->stacks[SERVER], 12);
    world_wait(f->world, second);
    give_all(&hog);
    leat_stream_want_room(&served, 1);
    world_wait(f->world, second);
    assert_non_null(strstr(reader->bytes, "leat_http_displaced_total 0\n"));
    assert_memory_equal(reader->bytes + reader->have - 7, "\r\n0\r\n\r\n", 7);
    leat_stream_abort(&reader->stream);
    world_wait(f->world, second);
    free(reader);
}

#define METRICS_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_route, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        METRICS_TEST(test_each_counter_is_there_once_with_its_value),
        METRICS_TEST(test_round_trips_are_a_histogram),
        METRICS_TEST(test_a_round_trip_is_in_the_bucket_of_its_bound),
        METRICS_TEST(test_the_durations_of_replies),
        METRICS_TEST(test_families_are_whole),
        METRICS_TEST(test_the_route),
        METRICS_TEST(test_the_route_without_buffers),
        METRICS_TEST(test_the_route_takes_the_last_buffer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
