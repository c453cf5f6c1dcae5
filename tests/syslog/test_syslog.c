/* test_syslog.c -- messages of RFC 5424 by UDP and by TCP, and lost ones.
 */
#include "dns_world.h"

#include <leat/civil.h>
#include <leat/syslog.h>

enum {
    TEXT_BYTES = 1000000,
    SYSLOG_TCP_PORT = 601
};

struct fixture {
    struct dns_world *world;
    struct leat_syslog *log;
    void *memory;
    struct leat_tcp_listener *listener;
    struct leat_tcp *conn;
    unsigned connections;
    bool hold; /* don't read */
    size_t have;
    char text[TEXT_BYTES]; /* by UDP one line per datagram */
};

static void take(struct fixture *f, struct leat_buf *buf)
{
    assert_true(f->have + leat_buf_total(buf) + 2 < TEXT_BYTES);
    for (const struct leat_buf *piece = buf; piece; piece = piece->next) {
        memcpy(f->text + f->have, piece->data, piece->len);
        f->have += piece->len;
    }
    f->text[f->have] = '\0';
}

static void on_datagram(struct leat_udp *udp, struct leat_buf *payload,
                        const struct leat_endpoint *peer, const struct leat_endpoint *local,
                        void *arg)
{
    struct fixture *f = arg;

    (void)udp;
    (void)peer;
    (void)local;
    take(f, payload);
    f->text[f->have++] = '\n';
    f->text[f->have] = '\0';
    leat_buf_free(payload);
}

static void on_readable(struct leat_tcp *conn, void *arg)
{
    struct fixture *f = arg;
    struct leat_buf *text;

    if (f->hold)
        return;
    text = leat_tcp_receive(conn, UINT32_MAX);
    if (text) {
        leat_tcp_consumed(conn, leat_buf_total(text));
        take(f, text);
        leat_buf_free(text);
    }
    if (leat_tcp_at_end(conn))
        leat_tcp_close(conn);
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    (void)conn;
    (void)why;
    ((struct fixture *)arg)->conn = NULL;
}

static void on_acceptable(struct leat_tcp_listener *listener, void *arg)
{
    static const struct leat_tcp_events events = {.on_readable = on_readable,
                                                  .on_closed = on_closed};
    struct fixture *f = arg;

    f->conn = leat_tcp_accept(listener, &events, f);
    f->connections++;
}

static void listen_for_logs(struct fixture *f)
{
    const struct leat_tcp_listen_config config = {
        .port = SYSLOG_TCP_PORT, .on_acceptable = on_acceptable, .arg = f};

    assert_int_equal(leat_tcp_listen(f->world->stacks[SERVER], &f->listener, &config), LEAT_OK);
}

static int set_up(void **state)
{
    static const struct leat_udp_events events = {.on_datagram = on_datagram};
    struct fixture *f = calloc(1, sizeof *f);
    struct leat_udp *udp;

    f->world = world_create();
    assert_int_equal(leat_udp_open(f->world->stacks[SERVER], &udp, &events, f), LEAT_OK);
    assert_int_equal(leat_udp_bind(udp, LEAT_IP_ANY, LEAT_SYSLOG_PORT), LEAT_OK);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    if (f->log)
        leat_syslog_close(f->log);
    world_wait(f->world, 5 * second);
    if (f->conn)
        leat_tcp_abort(f->conn);
    if (f->listener)
        leat_tcp_listener_close(f->listener);
    world_wait(f->world, second);
    world_destroy(f->world);
    free(f->memory);
    free(f);
    return 0;
}

static enum leat_err open_log(struct fixture *f, const struct leat_syslog_config *config)
{
    const size_t bytes = leat_syslog_memory_bytes(config);

    f->memory = realloc(f->memory, bytes);
    return leat_syslog_open(&f->log, f->world->stacks[CLIENT], f->memory, bytes, config);
}

static void open_tcp(struct fixture *f)
{
    const struct leat_syslog_config config = {.server = {.ip = SERVER_IP, .port = SYSLOG_TCP_PORT},
                                              .tcp = true,
                                              .host_name = "h",
                                              .app_name = "a"};

    assert_int_equal(open_log(f, &config), LEAT_OK);
}

static void say(struct fixture *f, const char *line)
{
    leat_syslog_send(f->log, LEAT_SYSLOG_INFORMATIONAL, line, strlen(line));
}

static void test_datagrams(void **state)
{
    struct fixture *f = *state;
    const struct leat_syslog_config config = {
        .server = {.ip = SERVER_IP}, .facility = 16, .host_name = "gate", .app_name = "echo"};
    const struct leat_civil_date date = {2026, 11, 23, 7, 21, 3, 0};
    struct leat *stack;

    assert_int_equal(open_log(f, &config), LEAT_OK);
    stack = f->world->stacks[CLIENT];
    leat_syslog_send(f->log, LEAT_SYSLOG_ERROR, "it broke", 8);
    world_wait(f->world, second);
    assert_string_equal(f->text, "<131>1 - gate echo - - - it broke\n");
    f->have = 0;
    leat_civil_set(stack, leat_civil_of_date(&date) + 1234000);
    leat_syslog_send(f->log, LEAT_SYSLOG_DEBUG, "one\ntwo\x7f\0.", 10);
    world_wait(f->world, second);
    assert_string_equal(f->text, "<135>1 2026-11-23T07:21:03.001234Z gate echo - - - one two  .\n");
    assert_int_equal(leat_syslog_counts(f->log)->sent, 2);
    assert_int_equal(leat_syslog_counts(f->log)->lost, 0);
}

/* A message longer than the minimum that servers accept is truncated (RFC 5426 3.2). */
static void test_a_long_line_is_cut(void **state)
{
    struct fixture *f = *state;
    const struct leat_syslog_config config = {.server = {.ip = SERVER_IP}};
    char line[3000];

    memset(line, 'x', sizeof line);
    assert_int_equal(open_log(f, &config), LEAT_OK);
    leat_syslog_send(f->log, LEAT_SYSLOG_NOTICE, line, sizeof line);
    world_wait(f->world, second);
    assert_int_equal(f->have, LEAT_SYSLOG_MESSAGE_BYTES + 1);
    assert_memory_equal(f->text, "<29>1 - - - - - - xxx", 21);
}

static void test_losses_are_told(void **state)
{
    struct fixture *f = *state;
    const struct leat_syslog_config config = {.server = {.ip = SERVER_IP}};
    static struct hog hog;

    assert_int_equal(open_log(f, &config), LEAT_OK);
    take_all_but(&hog, f->world->stacks[CLIENT], 0);
    say(f, "1");
    say(f, "2");
    give_all(&hog);
    say(f, "3");
    say(f, "4");
    world_wait(f->world, second);
    assert_string_equal(f->text, "<28>1 - - - - - - 2 lines were lost\n"
                                 "<30>1 - - - - - - 3\n<30>1 - - - - - - 4\n");
    assert_int_equal(leat_syslog_counts(f->log)->lost, 2);
}

/* RFC 6587 3.4.1: each message follows its length; the first line opens the connection.
 */
static void test_by_tcp(void **state)
{
    struct fixture *f = *state;

    listen_for_logs(f);
    open_tcp(f);
    world_wait(f->world, second);
    assert_int_equal(f->connections, 0); /* there is no message yet */
    say(f, "one");
    say(f, "");
    world_wait(f->world, second);
    say(f, "three");
    world_wait(f->world, second);
    assert_string_equal(f->text,
                        "21 <30>1 - h a - - - one18 <30>1 - h a - - - 23 <30>1 - h a - - - three");
    assert_int_equal(f->connections, 1);
    assert_int_equal(leat_syslog_counts(f->log)->sent, 3);
}

/* Lines wait for a server that is absent, or has gone. */
static void test_a_server_that_comes_late(void **state)
{
    struct fixture *f = *state;

    open_tcp(f);
    say(f, "early");
    world_wait(f->world, 10 * second);
    say(f, "later");
    listen_for_logs(f);
    world_wait(f->world, 70 * second);
    assert_string_equal(f->text, "23 <30>1 - h a - - - early23 <30>1 - h a - - - later");
    leat_tcp_abort(f->conn);
    world_wait(f->world, second / 2);
    f->have = 0;
    say(f, "again");
    assert_int_equal(f->connections, 1);
    world_wait(f->world, 2 * second);
    assert_int_equal(f->connections, 2);
    assert_string_equal(f->text, "23 <30>1 - h a - - - again");
    assert_int_equal(leat_syslog_counts(f->log)->lost, 0);
}

/* A server that sends data, which is discarded, and closes: the next line opens another
 * connection. */
static void test_a_server_that_closes(void **state)
{
    struct fixture *f = *state;
    size_t taken;

    listen_for_logs(f);
    open_tcp(f);
    say(f, "one");
    world_wait(f->world, second);
    assert_int_equal(leat_tcp_write(f->conn, "hello", 5, &taken), LEAT_OK);
    leat_tcp_shutdown(f->conn);
    world_wait(f->world, 2 * second);
    assert_null(f->conn); /* it has closed, too */
    say(f, "two");
    world_wait(f->world, 3 * second);
    assert_int_equal(f->connections, 2);
    assert_string_equal(f->text, "21 <30>1 - h a - - - one21 <30>1 - h a - - - two");
}

/* The route to the server disappears and returns. */
static void test_a_server_without_a_route(void **state)
{
    struct fixture *f = *state;
    const struct leat_ip far = LEAT_IP4(192, 0, 2, 1);
    const struct leat_syslog_config config = {.server = {.ip = far, .port = SYSLOG_TCP_PORT},
                                              .tcp = true,
                                              .host_name = "h",
                                              .app_name = "a"};

    assert_int_equal(open_log(f, &config), LEAT_OK);
    say(f, "one");
    world_wait(f->world, 10 * second);
    assert_int_equal(leat_syslog_counts(f->log)->sent, 0);
    assert_int_equal(
        leat_address_add(f->world->stacks[SERVER], leat_link_end(f->world->link, SERVER), far, 24),
        LEAT_OK);
    assert_int_equal(leat_address_add(f->world->stacks[CLIENT],
                                      leat_link_end(f->world->link, CLIENT), LEAT_IP4(192, 0, 2, 2),
                                      24),
                     LEAT_OK);
    listen_for_logs(f);
    world_wait(f->world, 20 * second);
    assert_string_equal(f->text, "21 <30>1 - h a - - - one");
}

/* Attempts are 1, 2, 4, ... 64 s apart. */
static void test_it_tries_less_and_less(void **state)
{
    struct fixture *f = *state;
    const struct leat_stats *stats = leat_stats(f->world->stacks[SERVER]);

    open_tcp(f);
    say(f, "x");
    world_wait(f->world, 63 * second + 900 * ms);
    assert_int_equal(stats->drop_tcp_port, 7); /* 0, 1, 3, 7, 15, 31, 63 s */
    world_wait(f->world, 64 * 3 * second);
    assert_int_equal(stats->drop_tcp_port, 10);
}

static const char *number_before(const char *end)
{
    while (end[-1] >= '0' && end[-1] <= '9')
        end--;
    return end;
}

/* The number of messages in the text, which must be complete; *@losses gets the number of
 * lost lines that they report. */
static unsigned messages(const struct fixture *f, uint64_t *losses)
{
    const char *at = f->text;
    unsigned count = 0;

    *losses = 0;
    for (; at < f->text + f->have; count++) {
        char *message;
        const unsigned long len = strtoul(at, &message, 10);
        const char *lost = strstr(at, " lines were lost");

        assert_memory_equal(message, " <", 2);
        at = message + 1 + len;
        if (lost && lost < at)
            *losses += strtoul(number_before(lost), NULL, 10);
    }
    assert_ptr_equal(at, f->text + f->have);
    return count;
}

/* A server that doesn't read: the queue fills, lines are lost, and the loss is reported; all
 * messages are complete. */
static void test_a_server_that_does_not_read(void **state)
{
    struct fixture *f = *state;
    const struct leat_syslog_counts *counts;
    uint64_t losses;
    char line[1000];

    memset(line, 'y', sizeof line);
    listen_for_logs(f);
    open_tcp(f);
    counts = leat_syslog_counts(f->log);
    f->hold = true;
    while (counts->lost < 10) {
        leat_syslog_send(f->log, LEAT_SYSLOG_INFORMATIONAL, line, sizeof line);
        world_wait(f->world, 10 * ms);
    }
    f->hold = false;
    on_readable(f->conn, f);
    world_wait(f->world, 5 * second);
    say(f, "well");
    world_wait(f->world, second);
    assert_int_equal(messages(f, &losses), counts->sent);
    assert_int_equal(losses, 10);
    assert_string_equal(f->text + f->have - 5, " well");
}

/* A message lies in many small buffers, and the pool has few: the connection takes it in parts. */
static void test_a_message_that_is_taken_in_parts(void **state)
{
    struct fixture *f = *state;
    const struct leat_syslog_counts *counts;
    static struct hog hog;
    uint64_t losses;
    char line[1000];

    memset(line, 'y', sizeof line);
    listen_for_logs(f);
    open_tcp(f);
    counts = leat_syslog_counts(f->log);
    say(f, "first");
    world_wait(f->world, second);
    take_all_but(&hog, f->world->stacks[CLIENT], 80);
    for (unsigned i = 0; i < 20; i++) {
        leat_syslog_send(f->log, LEAT_SYSLOG_INFORMATIONAL, line, sizeof line);
        world_wait(f->world, 300 * ms);
    }
    give_all(&hog);
    world_wait(f->world, 5 * second);
    assert_int_equal(messages(f, &losses), 21);
    assert_int_equal(counts->sent, 21);
    assert_int_equal(losses, 0);
}

static int set_up_small(void **state)
{
    world_buf_bytes = 512;
    return set_up(state);
}

static int tear_down_small(void **state)
{
    world_buf_bytes = 0;
    return tear_down(state);
}

static void test_illegal_configurations(void **state)
{
    struct fixture *f = *state;
    const struct leat_syslog_config good = {.server = {.ip = SERVER_IP}, .tcp = true};
    struct leat_syslog_config bad[6];
    char memory[64];
    char name[LEAT_SYSLOG_NAME_BYTES + 2];

    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    for (unsigned i = 0; i < 6; i++)
        bad[i] = good;
    bad[0].server.ip = LEAT_IP_ANY;
    bad[1].facility = 24;
    bad[2].host_name = "two words";
    bad[3].app_name = "";
    bad[4].app_name = name;
    bad[5].queue_bytes = 2047;
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(open_log(f, &bad[i]), LEAT_ERR_ARGUMENT);
    assert_int_equal(
        leat_syslog_open(&f->log, f->world->stacks[CLIENT], memory, sizeof memory, &good),
        LEAT_ERR_MEMORY);
    assert_null(f->log);
    name[LEAT_SYSLOG_NAME_BYTES] = '\0';
    assert_int_equal(open_log(f, &bad[4]), LEAT_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_datagrams),
        TEST(test_a_long_line_is_cut),
        TEST(test_losses_are_told),
        TEST(test_by_tcp),
        TEST(test_a_server_that_comes_late),
        TEST(test_a_server_that_closes),
        TEST(test_a_server_without_a_route),
        TEST(test_it_tries_less_and_less),
        TEST(test_a_server_that_does_not_read),
        cmocka_unit_test_setup_teardown(test_a_message_that_is_taken_in_parts, set_up_small,
                                        tear_down_small),
        TEST(test_illegal_configurations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
