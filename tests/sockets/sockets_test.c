#include "sockets_test.h"

enum {
    TASKS = 8,
    STACK_BYTES = 262144
};

/* ---- worlds -------------------------------------------------------------------------------- */

static void open_end(struct net *net, int end)
{
    const struct leat_tasks_config config = {.tasks = TASKS, .stack_bytes = STACK_BYTES};
    const struct leat_sockets_config limits = {.descriptors = 16, .datagrams = 8};
    const size_t bytes = leat_tasks_memory_bytes(&config);
    const size_t more = leat_sockets_memory_bytes(&limits);

    net->memory[end] = malloc(bytes);
    net->memory[2 + end] = malloc(more + 1);
    assert_int_equal(leat_tasks_open(&net->tasks[end], net->world->stacks[end], net->memory[end],
                                     bytes, &config),
                     LEAT_OK);
    assert_int_equal(leat_sockets_open(&net->sockets[end], net->tasks[end],
                                       (char *)net->memory[2 + end] + 1, more, &limits),
                     LEAT_OK);
}

int set_up(void **state)
{
    struct net *net = calloc(1, sizeof *net);

    net->world = world_create();
    for (int end = 0; end < 2; end++)
        open_end(net, end);
    *state = net;
    return 0;
}

int set_up6(void **state)
{
    struct net *net;

    world_has_ipv6 = true;
    set_up(state);
    world_has_ipv6 = false;
    net = *state;
    for (int end = 0; end < 2; end++) {
        struct leat_ip ip = {{0x20, 0x01, 0x0d, 0xb8}};

        ip.bytes[15] = (uint8_t)(end + 1);
        assert_int_equal(
            leat_address_add(net->world->stacks[end], leat_link_end(net->world->link, end), ip, 64),
            LEAT_OK);
    }
    world_wait(net->world, 3 * second); /* duplicate address detection */
    return 0;
}

int tear_down(void **state)
{
    struct net *net = *state;

    for (int end = 0; end < 2; end++) {
        if (leat_task_running(net->tasks[end]))
            return -1; /* an assertion has failed in a task */
        leat_sockets_close(net->sockets[end]);
        leat_tasks_close(net->tasks[end]);
    }
    world_destroy(net->world);
    for (int i = 0; i < 4; i++)
        free(net->memory[i]);
    free(net);
    return 0;
}

/* ---- programs ------------------------------------------------------------------------------ */

static enum leat_err run_program(struct leat_task *task, void *arg)
{
    struct running *running = arg;
    bool all_done = true;

    (void)task;
    running->run(running->net);
    running->done = true;
    for (unsigned i = 0; i < running->net->running_count; i++)
        all_done = all_done && running->net->running[i].done;
    running->net->all_done = all_done;
    return LEAT_OK;
}

void start(struct net *net, int end, program_fn *run)
{
    struct running *running = &net->running[net->running_count++];

    *running = (struct running){.net = net, .run = run};
    assert_int_equal(leat_task_start(net->tasks[end], "program", run_program, running, NULL),
                     LEAT_OK);
}

void run_all(struct net *net, uint64_t limit_ns)
{
    net->all_done = false;
    assert_true(world_run(net->world, &net->all_done, limit_ns));
    net->running_count = 0;
}

void run_one(struct net *net, program_fn *client)
{
    start(net, CLIENT, client);
    run_all(net, 1000 * second);
}

void run_both(struct net *net, program_fn *server, program_fn *client)
{
    start(net, SERVER, server);
    start(net, CLIENT, client);
    run_all(net, 1000 * second);
}

void sleep_for(struct net *net, int end, uint64_t ns)
{
    struct leat_task *task = leat_task_running(net->tasks[end]);

    assert_int_equal(leat_task_sleep(task, leat_task_in(task, ns)), LEAT_OK);
}

/* ---- addresses and sockets ------------------------------------------------------------------ */

static struct sockaddr_in in4(uint32_t ip, uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {.s_addr = htonl(ip)}};
}

struct sockaddr_in server4(uint16_t port)
{
    return in4(0x0a000001, port);
}

struct sockaddr_in local4(uint16_t port)
{
    return in4(INADDR_LOOPBACK, port);
}

struct sockaddr_in any4(uint16_t port)
{
    return in4(INADDR_ANY, port);
}

struct sockaddr_in6 any6(uint16_t port)
{
    return (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port)};
}

struct sockaddr_in6 server6(uint16_t port)
{
    struct sockaddr_in6 in6 = any6(port);

    inet_pton(AF_INET6, "2001:db8::1", &in6.sin6_addr);
    return in6;
}

int listening(struct net *net)
{
    struct leat_sockets *s = net->sockets[SERVER];
    const struct sockaddr_in at = any4(PORT);
    const int fd = leat_bsd_socket(s, AF_INET, SOCK_STREAM, 0);

    assert_int_equal(leat_bsd_bind(s, fd, &at, sizeof at), 0);
    assert_int_equal(leat_bsd_listen(s, fd, 5), 0);
    return fd;
}

int connected(struct net *net)
{
    struct leat_sockets *s = net->sockets[CLIENT];
    const struct sockaddr_in to = server4(PORT);
    const int fd = leat_bsd_socket(s, AF_INET, SOCK_STREAM, 0);

    assert_int_equal(leat_bsd_connect(s, fd, &to, sizeof to), 0);
    return fd;
}

void make_pair(struct net *net, int pair[2])
{
    struct leat_sockets *s = net->sockets[CLIENT];
    struct sockaddr_in at = local4(0);
    const int listener = leat_bsd_socket(s, AF_INET, SOCK_STREAM, 0);
    uint32_t len = sizeof at;

    assert_int_equal(leat_bsd_bind(s, listener, &at, sizeof at), 0);
    assert_int_equal(leat_bsd_listen(s, listener, 1), 0);
    assert_int_equal(leat_bsd_getsockname(s, listener, &at, &len), 0);
    pair[0] = leat_bsd_socket(s, AF_INET, SOCK_STREAM, 0);
    assert_int_equal(leat_bsd_connect(s, pair[0], &at, len), 0);
    pair[1] = leat_bsd_accept4(s, listener, NULL, NULL, 0);
    assert_true(pair[1] >= 0);
    assert_int_equal(leat_bsd_close(s, listener), 0);
}

void set_time(struct leat_sockets *sockets, int fd, int name, unsigned ms_count)
{
    const struct timeval time = {ms_count / 1000, ms_count % 1000 * 1000};

    assert_int_equal(leat_bsd_setsockopt(sockets, fd, SOL_SOCKET, name, &time, sizeof time), 0);
}

unsigned events_of(struct leat_sockets *sockets, int fd)
{
    struct leat_pollfd one = {.fd = fd, .events = 0x7fff};

    leat_bsd_poll(sockets, &one, 1, 0);
    return (unsigned short)one.revents;
}
