/* test_dashboard.c -- the page that shows a stack: its samples, its rows, its readers. */
#include "http_test.h"

#include "web/http/dashboard.h"

enum {
    SAMPLES = 10,
    PAGE_BYTES_MAX = 40000,
    HELD_REQUESTS = 80
};

static struct leat_dashboard *dashboard;
static struct leat_http_route route;
static void *dashboard_memory;

static const struct leat_dashboard_config ten = {.title = "a <b> & \"c\"", .samples = SAMPLES};

/* The server is opened before the dashboard, and has its route. */
static int set_up_dashboard(void **state)
{
    const struct leat_http_server_config config = {
        .files = files, .file_count = FILES, .routes = &route, .route_count = 1, .clients = 8};
    const size_t bytes = leat_dashboard_memory_bytes(&ten);
    struct fixture *f;

    route = (struct leat_http_route){.path = "/", .methods = LEAT_HTTP_GET};
    assert_int_equal(set_up_with(state, &config), 0);
    f = *state;
    dashboard_memory = malloc(bytes + 1);
    memset(dashboard_memory, 0xa5, bytes + 1); /* earlier content of the memory doesn't matter */
    assert_int_equal(leat_dashboard_start(&dashboard, f->world->stacks[SERVER],
                                          (char *)dashboard_memory + 1, bytes, &ten),
                     LEAT_OK);
    route = leat_dashboard_route(dashboard, "/");
    return 0;
}

static int tear_down_dashboard(void **state)
{
    leat_dashboard_stop(dashboard);
    free(dashboard_memory);
    return tear_down(state);
}

/* The current page, by a client of its own. */
static const char *page_now(struct fixture *f)
{
    static char page[PAGE_BYTES_MAX];
    struct client *client = connect_client(f);

    send_text(client, GET("/", ""));
    world_wait(f->world, 100 * ms);
    assert_non_null(strstr(client->bytes, "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(client->bytes, "\r\nContent-Type: text/html\r\n"));
    assert_non_null(strstr(client->bytes, "default-src 'none'"));
    data_of_chunks(client, page);
    leave_server(f, client);
    return page;
}

static unsigned occurrences(const char *text, const char *of)
{
    unsigned count = 0;

    while ((text = strstr(text, of))) {
        count++;
        text += strlen(of);
    }
    return count;
}

/* The current value of @name on the page. */
static unsigned long value_of(const char *page, const char *name)
{
    char caption[100];
    const char *at;

    snprintf(caption, sizeof caption, "<span>%s</span><b>", name);
    at = strstr(page, caption);
    assert_non_null(at);
    return strtoul(at + strlen(caption), NULL, 10);
}

/* The points of the plot @name, one per sample: positions and heights. */
static unsigned points_of(const char *page, const char *name, unsigned long heights[SAMPLES])
{
    char label[100];
    const char *at;
    char *next;
    unsigned count = 0;

    snprintf(label, sizeof label, "aria-label='%s'", name);
    at = strstr(page, label);
    assert_non_null(at);
    at = strstr(at, "points='") + strlen("points='");
    while (*at != '\'') {
        const unsigned long place = strtoul(at, &next, 10);

        assert_true(count < SAMPLES && place < SAMPLES);
        heights[count++] = strtoul(next, &next, 10);
        assert_true(heights[count - 1] < 40);
        at = next + 1;
    }
    return count;
}

static void test_before_the_first_sample(void **state)
{
    unsigned long heights[SAMPLES];
    const char *page = page_now(*state);

    assert_int_equal(points_of(page, "Frames received", heights), 0);
    assert_int_equal(value_of(page, "Frames received"), 0);
}

static void test_a_sample_a_second(void **state)
{
    struct fixture *f = *state;
    unsigned long heights[SAMPLES];
    const char *page;

    world_wait(f->world, 3 * second + 500 * ms);
    page = page_now(f);
    assert_int_equal(points_of(page, "Frames received", heights), 3);
    assert_int_equal(value_of(page, "Frames received"), 0);
    assert_int_equal(heights[2], 39);
    assert_int_equal(occurrences(page, "<figure>"), 8);
    assert_int_equal(occurrences(page, "</figure>"), 8);
    assert_non_null(strstr(page, "<title>a &lt;b&gt; &amp; &quot;c&quot;</title>"));
    world_wait(f->world, second);
    page = page_now(f); /* of the second with the first sample */
    assert_true(value_of(page, "Frames received") >= 5);
    assert_true(value_of(page, "Frames sent") >= 5);
    assert_int_equal(points_of(page, "Frames received", heights), 4);
    assert_int_equal(heights[3], 1); /* the largest value is at the top */
    assert_int_equal(heights[2], 39);
    world_wait(f->world, 3 * SAMPLES * second);
    page = page_now(f); /* the old samples are gone */
    assert_int_equal(points_of(page, "Frames received", heights), SAMPLES);
    for (unsigned i = 0; i < SAMPLES; i++)
        assert_int_equal(heights[i], 39);
}

static void means(const struct leat_tcp *const *conns, unsigned count, unsigned long *rtt_us,
                  unsigned long *cwnd_bytes)
{
    uint64_t rtt_ns = 0, bytes = 0;

    for (unsigned i = 0; i < count; i++) {
        struct leat_tcp_info info;

        leat_tcp_get_info(conns[i], &info);
        assert_true(info.srtt_ns > 0);
        rtt_ns += info.srtt_ns;
        bytes += info.cwnd_bytes;
    }
    *rtt_us = rtt_ns / count / 1000;
    *cwnd_bytes = bytes / count;
}

/* Open connections are listed once, with their state. */
static void test_connections(void **state)
{
    struct fixture *f = *state;
    struct leat *stack = f->world->stacks[SERVER];
    struct client *clients[3];
    const struct leat_tcp *seen[4] = {0};
    struct leat_tcp_info info;
    unsigned long rtt_us, cwnd_bytes;
    uint32_t index = 0;
    unsigned count = 0;
    char row[100], end[LEAT_ENDPOINT_TEXT_BYTES];
    const char *page;

    assert_int_equal(leat_tcp_count(stack), 0);
    assert_null(leat_tcp_next(stack, &index));
    for (unsigned i = 0; i < 3; i++)
        clients[i] = connect_client(f);
    send_text(clients[0], "GET /big ");
    world_wait(f->world, second + 100 * ms);
    index = 0;
    while (count < 4 && (seen[count] = leat_tcp_next(stack, &index)))
        count++;
    assert_int_equal(count, 3);
    assert_int_equal(leat_tcp_count(stack), 3);
    means(seen, 3, &rtt_us, &cwnd_bytes);
    assert_true(seen[0] != seen[1] && seen[1] != seen[2] && seen[0] != seen[2]);
    page = page_now(f);
    assert_int_equal(value_of(page, "TCP connections"), 3);
    assert_int_equal(value_of(page, "Round-trip time"), rtt_us);
    assert_int_equal(value_of(page, "Congestion window"), cwnd_bytes);
    assert_int_equal(occurrences(page, "<td>ESTABLISHED<td>"),
                     3); /* without that of the page's reader */
    for (unsigned i = 0; i < 3; i++) {
        leat_tcp_get_info(clients[i]->conn, &info);
        leat_endpoint_format(&info.local, end);
        snprintf(row, sizeof row, "<tr><td>%s<td>80<td>ESTABLISHED<td>", end);
        assert_int_equal(occurrences(page, row), 1);
    }
    for (unsigned i = 0; i < 3; i++)
        leave_server(f, clients[i]);
    assert_int_equal(leat_tcp_count(stack), 0);
}

/* Times stand below both ends of a plot. */
static void test_the_axis_of_time(void **state)
{
    const char *page = page_now(*state);

    assert_int_equal(occurrences(page, "<small><span>\342\210\2229 s</span><span>at most "), 8);
    assert_int_equal(occurrences(page, "<span>now</span></small></figure>"), 8);
}

/* ---- Servers of HTTP ---- */

static struct leat_http_server_counts counted;
static bool has_servers;

static const struct leat_http_server_counts *counts_of(void *arg)
{
    assert_ptr_equal(arg, &counted);
    return has_servers ? &counted : NULL;
}

/* Their plots appear with the first sample after the first server. */
static void test_plots_of_http(void **state)
{
    struct fixture *f = *state;
    const char *page;

    counted = (struct leat_http_server_counts){.requests = 1000000};
    has_servers = false;
    dashboard->http = counts_of;
    dashboard->http_arg = &counted;
    world_wait(f->world, second);
    page = page_now(f);
    assert_int_equal(occurrences(page, "HTTP "), 0);
    has_servers = true;
    world_wait(f->world, second);
    assert_int_equal(value_of(page_now(f), "HTTP requests"), 1000000); /* all at once */
    counted.requests += 30;
    counted.client_errors += 2;
    counted.server_errors += 1;
    counted.failed += 4;
    counted.reply_bytes += UINT64_C(5000000000);
    world_wait(f->world, second);
    page = page_now(f);
    assert_int_equal(occurrences(page, "<figure>"), 11);
    assert_int_equal(value_of(page, "HTTP requests"), 30);
    assert_int_equal(value_of(page, "HTTP errors"), 7);
    assert_int_equal(value_of(page, "HTTP bytes sent"), UINT32_MAX); /* the limit of a plot */
    assert_non_null(strstr(page, " bytes/s</b>"));
    counted.reply_bytes += 123456789;
    world_wait(f->world, second);
    assert_int_equal(value_of(page_now(f), "HTTP bytes sent"), 123456789);
}

/* Sends a datagram to a port of the server that is not open. */
static void knock(struct fixture *f)
{
    static const struct leat_udp_events none = {0};
    const struct leat_endpoint closed = {.ip = SERVER_IP, .port = 4711};
    struct leat *stack = f->world->stacks[CLIENT];
    struct leat_buf *nothing = leat_buf_alloc(leat_pool(stack), LEAT_BUF_HEADROOM);
    struct leat_udp *udp;

    assert_int_equal(leat_udp_open(stack, &udp, &none, NULL), LEAT_OK);
    assert_int_equal(leat_udp_send_to(udp, nothing, &closed), LEAT_OK);
    world_wait(f->world, second);
    leat_udp_close(udp);
}

static void test_reasons_to_drop(void **state)
{
    struct fixture *f = *state;
    const char *page = page_now(f);

    assert_null(strstr(page, "UDP datagram to a closed port"));
    knock(f);
    page = page_now(f);
    assert_non_null(strstr(page, "<tr><td>UDP datagram to a closed port<td>1\n"));
    assert_int_equal(value_of(page, "Packets dropped"), 1);
}

/* A client that asks for more than it reads, so that a page is incomplete. */
static struct client *connect_held(struct fixture *f)
{
    struct client *client = connect_client(f);

    client->hold = true;
    for (unsigned i = 0; i < HELD_REQUESTS; i++)
        send_text(client, GET("/", ""));
    world_wait(f->world, 100 * ms);
    return client;
}

/* At most four pages at a time: one more ends the oldest that makes no progress. */
static void test_threat_Q17_pages_without_progress_keep_out_no_other(void **state)
{
    struct fixture *f = *state;
    struct client *held[LEAT_DASHBOARD_VIEWS];

    for (unsigned i = 0; i < LEAT_DASHBOARD_VIEWS; i++)
        held[i] = connect_held(f);
    page_now(f);
    world_wait(f->world, 100 * ms);
    for (unsigned i = 0; i < LEAT_DASHBOARD_VIEWS; i++) {
        assert_int_equal(held[i]->closed, i == 0);
        if (held[i]->closed)
            continue;
        held[i]->hold = false;
        read_some(held[i], UINT32_MAX);
        world_wait(f->world, second);
        assert_int_equal(occurrences(held[i]->bytes, "</html>\n"), HELD_REQUESTS);
    }
    for (unsigned i = 0; i < LEAT_DASHBOARD_VIEWS; i++)
        leave_server(f, held[i]);
    for (unsigned i = 0; i < 2 * LEAT_DASHBOARD_VIEWS; i++)
        page_now(f);
}

static void test_a_client_may_leave_before_the_end_of_its_page(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_held(f);

    leat_tcp_abort(client->conn);
    world_wait(f->world, 100 * ms);
    page_now(f);
    free(client);
}

static void test_impossible_configurations(void **state)
{
    struct fixture *f = *state;
    struct leat *stack = f->world->stacks[SERVER];
    static char memory[20000], title[LEAT_DASHBOARD_TITLE_BYTES + 2];
    struct leat_dashboard_config config = {.samples = LEAT_DASHBOARD_SAMPLES_MAX + 1};
    struct leat_dashboard *other;

    assert_int_equal(leat_dashboard_start(&other, stack, memory, sizeof memory, &config),
                     LEAT_ERR_ARGUMENT);
    config.samples = LEAT_DASHBOARD_SAMPLES_MAX;
    assert_int_equal(leat_dashboard_start(&other, stack, memory,
                                          leat_dashboard_memory_bytes(&config) - 1, &config),
                     LEAT_ERR_MEMORY);
    memset(title, 't', sizeof title - 1);
    config.title = title;
    assert_int_equal(leat_dashboard_start(&other, stack, memory, sizeof memory, &config),
                     LEAT_ERR_ARGUMENT);
    title[LEAT_DASHBOARD_TITLE_BYTES] = '\0';
    assert_int_equal(leat_dashboard_start(&other, stack, memory, sizeof memory, &config), LEAT_OK);
    leat_dashboard_stop(other);
    memset(title, 't', sizeof title - 1);
    title[0] = '\0'; /* an empty title, whatever follows it */
    assert_int_equal(leat_dashboard_start(&other, stack, memory, sizeof memory, &config), LEAT_OK);
    leat_dashboard_stop(other);
    assert_int_equal(leat_dashboard_start(&other, stack, memory, sizeof memory, NULL), LEAT_OK);
    leat_dashboard_stop(other);
}

#define DASHBOARD_TEST(name)                                                                       \
    cmocka_unit_test_setup_teardown(name, set_up_dashboard, tear_down_dashboard)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DASHBOARD_TEST(test_before_the_first_sample),
        DASHBOARD_TEST(test_a_sample_a_second),
        DASHBOARD_TEST(test_connections),
        DASHBOARD_TEST(test_the_axis_of_time),
        DASHBOARD_TEST(test_plots_of_http),
        DASHBOARD_TEST(test_reasons_to_drop),
        DASHBOARD_TEST(test_threat_Q17_pages_without_progress_keep_out_no_other),
        DASHBOARD_TEST(test_a_client_may_leave_before_the_end_of_its_page),
        DASHBOARD_TEST(test_impossible_configurations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
