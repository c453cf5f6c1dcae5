/* test_date.c -- dates in the server's replies, and conditions on dates. Time is virtual. */
#include "http_test.h"

#include <leat/civil.h>

#define CHANGED "Sun, 06 Nov 1994 08:49:37 GMT"
#define BEFORE  "Sun, 06 Nov 1994 08:49:36 GMT"
#define LATER   "Sun, 06 Nov 1994 08:49:38 GMT"
#define TODAY   "Tue, 03 Nov 2026 12:00:00 GMT"

static const uint64_t changed_ns = 784111777 * UINT64_C(1000000000);
static const uint64_t today_ns = 1793707200 * UINT64_C(1000000000);

/* The page's head without its Date. */
#define PAGE_FIELDS(status, more)                                                                  \
    "HTTP/1.1 " status "\r\nETag: " PAGE_TAG "\r\nLast-Modified: " CHANGED "\r\n" more
#define OK_FIELDS                                                                                  \
    PAGE_FIELDS("200 OK", "Accept-Ranges: bytes\r\nContent-Type: text/html\r\n"                    \
                          "Content-Length: 11\r\n")
#define FAILED_FIELDS                                                                              \
    PAGE_FIELDS("412 Precondition Failed", "Content-Type: text/plain\r\nContent-Length: 20\r\n")
#define NOT_MODIFIED PAGE_FIELDS("304 Not Modified", "\r\n")
#define PART_FIELDS                                                                                \
    PAGE_FIELDS("206 Partial Content", "Content-Range: bytes 3-6/11\r\nContent-Type: "             \
                                       "text/html\r\nContent-Length: 4\r\n")

static void answer_route(struct leat_http_exchange *exchange, void *arg)
{
    static const struct leat_http_head head = {
        .status = 200, .type = "text/plain", .fields = "X: y\r\n"};

    (void)arg;
    leat_http_answer(exchange, &head, "route", 5);
}

static int set_up_dated(void **state)
{
    static struct leat_http_file dated[2] = {
        {.path = "/index.html", .type = "text/html", .bytes = PAGE, .len = 11, .tag = 0xaa},
        {.path = "/tomorrow", .type = "text/plain", .bytes = "x", .len = 1}};
    static const struct leat_http_route routes[] = {
        {.path = "/route", .methods = LEAT_HTTP_GET, .on_request = answer_route}};
    const struct leat_http_server_config config = {
        .files = dated, .file_count = 2, .routes = routes, .route_count = 1, .clients = CLIENTS};

    dated[0].modified_ns = changed_ns + 999999999;
    dated[1].modified_ns = today_ns + 86400 * second;
    return set_up_with(state, &config);
}

static void set_time(struct fixture *f, uint64_t civil_ns)
{
    leat_civil_set(f->world->stacks[SERVER], civil_ns);
}

/* The same as check(), exactly at noon. */
static void check_at_noon(struct fixture *f, const char *request, const char *expected)
{
    set_time(f, today_ns + 100 * ms);
    check(f, request, expected);
}

static void without_civil_time_there_is_no_date(void **state)
{
    struct fixture *f = *state;

    check(f, GET("/", ""), OK_FIELDS "\r\n" PAGE);
    set_time(f, today_ns);
    set_time(f, 0);
    check(f, GET("/", ""), OK_FIELDS "\r\n" PAGE);
}

static void every_reply_has_a_date(void **state)
{
    struct fixture *f = *state;

    check_at_noon(f, GET("/", ""), OK_FIELDS "Date: " TODAY "\r\n\r\n" PAGE);
    check_at_noon(f, "HEAD / HTTP/1.1\r\nHost: leat\r\n\r\n", OK_FIELDS "Date: " TODAY "\r\n\r\n");
    check_at_noon(f, GET("/", "Range: bytes=3-6\r\n"), PART_FIELDS "Date: " TODAY "\r\n\r\nleat");
    check_at_noon(f, GET("/", "If-None-Match: *\r\n"),
                  PAGE_FIELDS("304 Not Modified", "Date: " TODAY "\r\n\r\n"));
    check_at_noon(f, GET("/x", ""),
                  "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n"
                  "Date: " TODAY "\r\n\r\nNot Found\n");
    check_at_noon(f, GET("/", "Connection: close\r\n"),
                  OK_FIELDS "Connection: close\r\nDate: " TODAY "\r\n\r\n" PAGE);
    check_at_noon(f, GET("/route", ""),
                  "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n"
                  "Date: " TODAY "\r\nX: y\r\n\r\nroute");
    check_at_noon(f, "nonsense\r\n",
                  "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n"
                  "Connection: close\r\nDate: " TODAY "\r\n\r\nBad Request\n");
}

static void the_date_goes_on_with_the_time_and_back_with_it(void **state)
{
    static const char *const dates[] = {TODAY, "Tue, 03 Nov 2026 12:00:01 GMT", LATER};
    static const uint64_t late_ns = 999999999;
    struct fixture *f = *state;
    char expected[500];

    for (int i = 0; i < 3; i++) {
        struct client *client = connect_client(f);

        set_time(f, i == 0   ? today_ns + late_ns - 100 * ms
                    : i == 1 ? today_ns + second
                             : changed_ns + second);
        send_text(client, GET("/", ""));
        world_wait(f->world, 50 * ms);
        snprintf(expected, sizeof expected, "%sDate: %s\r\n\r\n" PAGE, OK_FIELDS, dates[i]);
        assert_string_equal(client->bytes, expected);
        leave_server(f, client);
    }
}

/* Retransmissions repeat the same bytes: a date doesn't change after it was sent. */
static void dates_on_a_bad_wire_are_whole_and_never_go_back(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);
    uint64_t seen_s = 0;
    const char *at;
    unsigned count = 0;

    set_time(f, today_ns);
    world_spoil(f->world, 200000);
    for (int i = 0; i < 200; i++) {
        send_text(client, GET("/", ""));
        world_wait(f->world, 100 * ms);
    }
    world_wait(f->world, 100 * second);
    for (at = client->bytes; (at = strstr(at, "Date: Tue, 03 Nov 2026 12:")); count++) {
        unsigned minute, s;

        at += strlen("Date: Tue, 03 Nov 2026 12:");
        assert_int_equal(sscanf(at, "%2u:%2u GMT\r\n\r\n" PAGE, &minute, &s), 2);
        assert_memory_equal(at + 5, " GMT\r\n\r\n" PAGE, 8 + strlen(PAGE));
        assert_true(60 * minute + s >= seen_s);
        seen_s = 60 * minute + s;
    }
    assert_int_equal(count, 200);
    assert_true(seen_s >= 19);
    leave_server(f, client);
}

static void conditions_on_dates(void **state)
{
    static const char *const unchanged[] = {CHANGED, LATER, "Sunday, 06-Nov-94 08:49:37 GMT",
                                            "Sun Nov  6 08:49:37 1994"};
    static const char *const changed[] = {BEFORE, "Sunday, 06-Nov-94 08:49:36 GMT", "yesterday"};
    struct fixture *f = *state;
    char request[300];

    for (size_t i = 0; i < sizeof unchanged / sizeof *unchanged; i++) {
        snprintf(request, sizeof request,
                 "GET / HTTP/1.1\r\nHost: leat\r\nIf-Modified-Since: %s\r\n\r\n", unchanged[i]);
        check(f, request, NOT_MODIFIED);
    }
    for (size_t i = 0; i < sizeof changed / sizeof *changed; i++) {
        snprintf(request, sizeof request,
                 "GET / HTTP/1.1\r\nHost: leat\r\nIf-Modified-Since: %s\r\n\r\n", changed[i]);
        check(f, request, OK_FIELDS "\r\n" PAGE);
    }
    assert_int_equal(f->counts->not_modified, 4);
    check(f, GET("/", "If-Unmodified-Since: " BEFORE "\r\n"),
          FAILED_FIELDS "\r\nPrecondition Failed\n");
    check(f, GET("/", "If-Unmodified-Since: " CHANGED "\r\n"), OK_FIELDS "\r\n" PAGE);
}

/* RFC 9110 13.2.2: a condition on a tag has precedence. */
static void a_condition_on_tags_comes_before_one_on_dates(void **state)
{
    struct fixture *f = *state;

    check(f, GET("/", "If-Modified-Since: " CHANGED "\r\nIf-None-Match: \"x\"\r\n"),
          OK_FIELDS "\r\n" PAGE);
    check(f, GET("/", "If-Modified-Since: " BEFORE "\r\nIf-None-Match: " PAGE_TAG "\r\n"),
          NOT_MODIFIED);
    check(f, GET("/", "If-Unmodified-Since: " BEFORE "\r\nIf-Match: " PAGE_TAG "\r\n"),
          OK_FIELDS "\r\n" PAGE);
}

static void a_range_of_the_version_of_a_date(void **state)
{
    struct fixture *f = *state;

    check(f, GET("/", "Range: bytes=3-6\r\nIf-Range: " CHANGED "\r\n"), PART_FIELDS "\r\nleat");
    check(f, GET("/", "Range: bytes=3-6\r\nIf-Range: " LATER "\r\n"), OK_FIELDS "\r\n" PAGE);
    check(f, GET("/", "Range: bytes=3-6\r\nIf-Range: " BEFORE "\r\n"), OK_FIELDS "\r\n" PAGE);
}

/* RFC 9110 8.8.2.1 */
static void nothing_was_changed_later_than_now(void **state)
{
    struct fixture *f = *state;

    check_at_noon(f, GET("/tomorrow", ""),
                  "HTTP/1.1 200 OK\r\nLast-Modified: " TODAY "\r\nAccept-Ranges: bytes\r\n"
                  "Content-Type: text/plain\r\nContent-Length: 1\r\nDate: " TODAY "\r\n\r\nx");
}

static void a_reply_waits_for_its_date(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);
    struct leat_pool *pool = leat_pool(f->world->stacks[SERVER]);
    struct leat_buf *small[HOGS];
    unsigned count = 0;

    set_time(f, today_ns);
    send_text(client, GET("/", ""));
    while (count < HOGS && (small[count] = leat_buf_alloc_small(pool, 0)))
        count++;
    world_wait(f->world, 300 * ms);
    assert_int_equal(client->have, 0);
    while (count > 0)
        leat_buf_free(small[--count]);
    world_wait(f->world, 2 * second);
    assert_non_null(strstr(client->bytes, "Date: Tue, 03 Nov 2026 12:00:0"));
    leave_server(f, client);
}

#define DATED(name) cmocka_unit_test_setup_teardown(name, set_up_dated, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DATED(without_civil_time_there_is_no_date),
        DATED(every_reply_has_a_date),
        DATED(the_date_goes_on_with_the_time_and_back_with_it),
        DATED(dates_on_a_bad_wire_are_whole_and_never_go_back),
        DATED(conditions_on_dates),
        DATED(a_condition_on_tags_comes_before_one_on_dates),
        DATED(a_range_of_the_version_of_a_date),
        DATED(nothing_was_changed_later_than_now),
        DATED(a_reply_waits_for_its_date),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
