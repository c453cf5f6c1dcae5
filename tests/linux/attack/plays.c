/* plays.c -- the table of attacks, and the requests to each server. */
#include "plays.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum {
    WINDOW = 65535
};

#define LEN(data) (sizeof(data) - 1)

/* RFC 1035 4.2.2: length, then a question for MX of example.com, which also gives additional
 * records. */
#define QUERY "\0\35\0\1\1\0\0\1\0\0\0\0\0\0\7example\3com\0\0\17\0\1"

#define HEAD "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
#define GET  "GET /large HTTP/1.1\r\nHost: a\r\n\r\n"

/* A complete ClientHello of TLS 1.3 (RFC 8446 4.1.2): AES-128-GCM, X25519 with its base
 * point, ECDSA on P-256. */
#define HELLO                                                                                      \
    "\26\3\1\0\160\1\0\0\154\3\3abcdefghijklmnopqrstuvwxyz012345\0\0\2\23\1\1\0\0\101"             \
    "\0\12\0\4\0\2\0\35\0\15\0\4\0\2\4\3\0\53\0\3\2\3\4"                                           \
    "\0\63\0\46\0\44\0\35\0\40\11\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

#define FORM                                                                                       \
    "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=B\r\n"        \
    "Content-Length: 99999999\r\n\r\n--B\r\nContent-Disposition: form-data; name=\"f\"; "          \
    "filename=\"a\"\r\n\r\n"

#define QUESTION "POST /lookup HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nx"

static const struct play plays[] = {
    {.name = "Q1",
     .what = "one-byte segments out of order, each its own buffer; the first byte never comes",
     .connections = 16,
     .window = WINDOW,
     .single_bytes = 1000},
    {.name = "Q2",
     .what = "request much, shut the window, answer the probes",
     .connections = 64,
     .data = DATA_ASK},
    {.name = "Q3",
     .what = "many small requests at once, window shut; accept one byte of each probe",
     .connections = 16,
     .data = DATA_PIPELINED,
     .takes_one = true},
    {.name = "Q4",
     .what = "1,000 peers request much and fill the first window; one in four falls silent",
     .connections = 1000,
     .window = WINDOW,
     .data = DATA_ASK,
     .one_in_four_falls_silent = true},
    {.name = "Q5",
     .what = "open, then send nothing, not even a FIN; always new connections",
     .connections = 1000,
     .window = WINDOW,
     .silent = true,
     .stays_s = 48},
    {.name = "Q6",
     .what = "open, send no data, answer correctly; open again when closed",
     .connections = 1100,
     .window = WINDOW},
    {.name = "Q12",
     .what = "send a complete TLS ClientHello, and no more; open again when closed",
     .connections = 300,
     .window = WINDOW,
     .data = DATA_BEGIN},
    {.name = "Q13",
     .what = "begin a request, and send no more; open again when closed",
     .connections = 200,
     .window = WINDOW,
     .data = DATA_BEGIN},
    {.name = "Q17",
     .what = "send a form, 550 bytes a second; come again when closed",
     .connections = 400,
     .window = WINDOW,
     .data = DATA_BEGIN,
     .drip_bytes_per_s = 550},
    {.name = "Q14-20",
     .what = "20 questions a second by UDP for names that no server answers",
     .connections = 16,
     .asks_by_udp = true,
     .rate = 20},
    {.name = "Q14-200",
     .what = "the same, 200 a second",
     .connections = 16,
     .asks_by_udp = true,
     .rate = 200},
    {.name = "Q14-2000",
     .what = "the same, 2,000 a second",
     .connections = 16,
     .asks_by_udp = true,
     .rate = 2000},
    {.name = "Q19",
     .what = "take what the server sends without end, as fast as it comes",
     .connections = 64,
     .window = WINDOW},
    {.name = "Q18",
     .what = "a byte a second of a query by TCP that never ends; come again when closed",
     .connections = 40,
     .window = WINDOW,
     .trickles = true},
};

/* chargen needs no request; echo returns what it gets, so a large request is data in full
 * segments. */
static const struct service services[] = {
    {.name = "httpd",
     .port = 80,
     .ask = GET,
     .ask_len = LEN(GET),
     .asks = 1,
     .small = HEAD,
     .small_len = LEN(HEAD),
     .smalls = 2500,
     .segment_bytes = 1400},
    {.name = "dns",
     .port = 53,
     .ask = QUERY,
     .ask_len = LEN(QUERY),
     .asks = 200,
     .small = QUERY,
     .small_len = LEN(QUERY),
     .smalls = 2500,
     .segment_bytes = 1400},
    {.name = "echo",
     .port = 7,
     .ask = HEAD,
     .ask_len = LEN(HEAD),
     .asks = 9000,
     .small = HEAD,
     .small_len = LEN(HEAD),
     .smalls = 2500,
     .segment_bytes = 1},
    {.name = "resolver", .port = 53, .segment_bytes = 1},
    {.name = "sieve", .port = 53, .segment_bytes = 1},
    {.name = "chargen", .port = 19, .segment_bytes = 1},
    {.name = "https", .port = 443, .segment_bytes = 1, .begin = HELLO, .begin_len = LEN(HELLO)},
    {.name = "upload", .port = 80, .segment_bytes = 1, .begin = FORM, .begin_len = LEN(FORM)},
    {.name = "echo_task", .port = 7, .segment_bytes = 1, .begin = "x", .begin_len = 1},
    {.name = "chat", .port = 2323, .segment_bytes = 1, .begin = "x", .begin_len = 1},
    {.name = "lookup",
     .port = 80,
     .segment_bytes = 1,
     .begin = QUESTION,
     .begin_len = LEN(QUESTION)},
};

const struct play *play_named(const char *name)
{
    for (size_t i = 0; i < sizeof plays / sizeof *plays; i++)
        if (strcmp(plays[i].name, name) == 0)
            return &plays[i];
    return NULL;
}

const struct service *service_named(const char *name)
{
    for (size_t i = 0; i < sizeof services / sizeof *services; i++)
        if (strcmp(services[i].name, name) == 0)
            return &services[i];
    return NULL;
}

void plays_print(void)
{
    printf("\nplays:\n");
    for (size_t i = 0; i < sizeof plays / sizeof *plays; i++)
        printf("  %-8s %s (%u connections)\n", plays[i].name, plays[i].what, plays[i].connections);
    printf("\nservices:");
    for (size_t i = 0; i < sizeof services / sizeof *services; i++)
        printf(" %s (port %u)", services[i].name, services[i].port);
    printf("\n");
}
