/*
 * run_threads.c -- calls of sockets that threads, signals and fork() disturb; says what they
 * return.
 *
 * test_run_threads.py compares its lines under leat-run with those on Linux.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    RECORDS = 2000,
    RECORD_BYTES = 100,
    A_WHILE_US = 300000 /* until a thread certainly waits in its call */
};

static void check(bool is_right, const char *what)
{
    if (!is_right) {
        printf("%s: %s\n", what, strerror(errno));
        exit(1);
    }
}

static int listen_at(struct sockaddr_in *at)
{
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t len = sizeof *at;

    *at = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    check(fd >= 0 && bind(fd, (struct sockaddr *)at, sizeof *at) == 0 && listen(fd, 16) == 0 &&
              getsockname(fd, (struct sockaddr *)at, &len) == 0,
          "listen");
    return fd;
}

static int connect_to(const struct sockaddr_in *at)
{
    const int fd = socket(AF_INET, SOCK_STREAM, 0);

    check(fd >= 0 && connect(fd, (const struct sockaddr *)at, sizeof *at) == 0, "connect");
    return fd;
}

/* Both ends of a connection. */
static void connect_pair(int ends[2])
{
    struct sockaddr_in at;
    const int listener = listen_at(&at);

    ends[0] = connect_to(&at);
    ends[1] = accept(listener, NULL, NULL);
    check(ends[1] >= 0, "accept");
    close(listener);
}

/* ---- two threads send on one socket ---------------------------------------------------------- */

struct sender {
    int fd;
    char byte;
};

static void *send_records(void *arg)
{
    const struct sender *sender = arg;
    char record[RECORD_BYTES];

    memset(record, sender->byte, sizeof record);
    for (unsigned i = 0; i < RECORDS; i++)
        check(send(sender->fd, record, sizeof record, 0) == RECORD_BYTES, "send");
    return NULL;
}

static void two_senders(void)
{
    static char record[RECORD_BYTES], same[RECORD_BYTES];
    unsigned counts[2] = {0};
    pthread_t threads[2];
    struct sender senders[2];
    int ends[2];

    connect_pair(ends);
    for (int i = 0; i < 2; i++) {
        senders[i] = (struct sender){ends[0], (char)('a' + i)};
        check(pthread_create(&threads[i], NULL, send_records, &senders[i]) == 0, "thread");
    }
    for (unsigned i = 0; i < 2 * RECORDS; i++) {
        check(recv(ends[1], record, sizeof record, MSG_WAITALL) == RECORD_BYTES, "recv");
        memset(same, record[0], sizeof same);
        if (memcmp(record, same, sizeof same) == 0)
            counts[record[0] == 'b']++;
    }
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    printf("records that are whole: %u %u\n", counts[0], counts[1]);
    close(ends[0]);
    printf("then: %zd\n", recv(ends[1], record, sizeof record, 0));
    close(ends[1]);
}

/* ---- the listener ends while a thread waits for a connection -----------------------------------
 */

static void *accept_one(void *arg)
{
    const int fd = accept(*(int *)arg, NULL, NULL);

    if (fd < 0)
        printf("accept: %s\n", strerror(errno));
    else
        printf("accept: a connection\n");
    if (fd >= 0)
        close(fd);
    return NULL;
}

static void close_during_accept(bool shuts)
{
    struct sockaddr_in at;
    int listener = listen_at(&at), number = listener;
    pthread_t thread;

    check(pthread_create(&thread, NULL, accept_one, &number) == 0, "thread");
    usleep(A_WHILE_US);
    if (shuts) {
        printf("shutdown: %d\n", shutdown(listener, SHUT_RDWR));
        pthread_join(thread, NULL);
        close(listener);
        return;
    }
    printf("close: %d\n", close(listener));
    usleep(A_WHILE_US);
    close(connect_to(&at)); /* the call that waits holds the listener */
    pthread_join(thread, NULL);
}

/* ---- signals --------------------------------------------------------------------------------- */

static volatile sig_atomic_t signals;

static void on_signal(int number)
{
    (void)number;
    signals++;
}

struct waiter {
    int fd;
    pthread_t thread;
    int writes_to; /* -1: nothing is written */
};

static void *disturb(void *arg)
{
    const struct waiter *waiter = arg;

    usleep(A_WHILE_US);
    pthread_kill(waiter->thread, SIGUSR1);
    usleep(A_WHILE_US);
    if (waiter->writes_to >= 0)
        check(send(waiter->writes_to, "data", 4, 0) == 4, "send");
    return NULL;
}

static void signal_during_recv(int flags)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags};
    struct waiter waiter = {.thread = pthread_self(), .writes_to = -1};
    pthread_t thread;
    char bytes[16];
    int ends[2];
    ssize_t got;

    sigaction(SIGUSR1, &action, NULL);
    signals = 0;
    connect_pair(ends);
    waiter.fd = ends[0];
    if (flags & SA_RESTART)
        waiter.writes_to = ends[1];
    check(pthread_create(&thread, NULL, disturb, &waiter) == 0, "thread");
    got = recv(ends[0], bytes, sizeof bytes, 0);
    printf("recv: %zd, %s, %d signals\n", got, got < 0 ? strerror(errno) : "no error", signals);
    pthread_join(thread, NULL);
    close(ends[0]);
    close(ends[1]);
}

/* ---- fork() ---------------------------------------------------------------------------------- */

static void fork_with_sockets(void)
{
    struct sockaddr_in at;
    const int listener = listen_at(&at);
    char bytes[16] = "";
    int ends[2], status, later;
    pid_t child;

    connect_pair(ends);
    child = fork();
    if (child == 0) {
        close(ends[1]);
        check(send(ends[0], "child", 5, 0) == 5, "send");
        later = accept(listener, NULL, NULL);
        check(later >= 0 && send(later, "later", 5, 0) == 5, "accept in the child");
        _exit(7);
    }
    check(child > 0, "fork");
    close(ends[0]); /* the child still has it */
    check(recv(ends[1], bytes, 5, MSG_WAITALL) == 5, "recv");
    printf("from the child: %.5s\n", bytes);
    close(listener); /* the child still has it */
    later = connect_to(&at);
    check(recv(later, bytes, 5, MSG_WAITALL) == 5, "recv");
    printf("from the child: %.5s\n", bytes);
    check(waitpid(child, &status, 0) == child, "wait");
    printf("the child: %d, then: %zd %zd\n", WEXITSTATUS(status), recv(ends[1], bytes, 1, 0),
           recv(later, bytes, 1, 0));
    close(ends[1]);
    close(later);
}

/* ---- many at once ---------------------------------------------------------------------------- */

static void *open_and_close(void *arg)
{
    const struct sockaddr_in *at = arg;
    char byte = 'x';

    for (unsigned i = 0; i < 20; i++) {
        const int fd = connect_to(at);
        struct pollfd look = {.fd = fd, .events = POLLIN};

        check(send(fd, &byte, 1, 0) == 1 && poll(&look, 1, -1) == 1 && recv(fd, &byte, 1, 0) == 1,
              "exchange");
        close(fd);
    }
    return NULL;
}

static void *answer_one(void *arg)
{
    const int fd = (int)(intptr_t)arg;
    char byte;

    while (recv(fd, &byte, 1, 0) == 1)
        check(send(fd, &byte, 1, 0) == 1, "answer");
    close(fd);
    return NULL;
}

static void many_threads(void)
{
    struct sockaddr_in at;
    const int listener = listen_at(&at);
    pthread_t threads[4], answers[4 * 20];

    for (unsigned i = 0; i < 4; i++)
        check(pthread_create(&threads[i], NULL, open_and_close, &at) == 0, "thread");
    for (unsigned i = 0; i < 4 * 20; i++) {
        const int fd = accept(listener, NULL, NULL);

        check(fd >= 0 && pthread_create(&answers[i], NULL, answer_one, (void *)(intptr_t)fd) == 0,
              "accept");
    }
    for (unsigned i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < 4 * 20; i++)
        pthread_join(answers[i], NULL);
    close(listener);
    printf("80 connections\n");
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    two_senders();
    close_during_accept(true);
    close_during_accept(false);
    signal_during_recv(0);
    signal_during_recv(SA_RESTART);
    fork_with_sockets();
    many_threads();
    puts("good");
    return 0;
}
