/*
 * wolfssl_peer.c -- wolfSSL as a peer of leat's TLS.
 *
 *      wolfssl_peer serve PORT CERTIFICATES KEY SUITE GROUP        echoes, one connection after
 * another wolfssl_peer ask IP PORT AUTHORITY SUITE GROUP,... COUNT    COUNT connections to an echo
 * server, from the second on with a ticket
 *
 * The share that a client sends is of the first group.  Each end updates its keys now and then.
 */
#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    PIECE_BYTES = 16000,
    PIECES = 66,      /* 1 MB, each way */
    UPDATE_EVERY = 20 /* pieces */
};

static const char name[] = "leat.test";

static void fail(const char *what)
{
    fprintf(stderr, "wolfssl_peer: %s\n", what);
    exit(1);
}

static void fail_session(WOLFSSL *ssl, const char *what)
{
    char why[WOLFSSL_MAX_ERROR_SZ];
    const int err = wolfSSL_get_error(ssl, 0);

    fprintf(stderr, "wolfssl_peer: %s: %d %s\n", what, err,
            wolfSSL_ERR_error_string((unsigned long)err, why));
    exit(1);
}

/* The number of "P-256" (RFC 8446 4.2.7). */
static int group_number(const char *text)
{
    static const struct {
        const char *text;
        int number;
    } groups[] = {{"X25519", WOLFSSL_ECC_X25519},
                  {"P-256", WOLFSSL_ECC_SECP256R1},
                  {"P-384", WOLFSSL_ECC_SECP384R1},
                  {"P-521", WOLFSSL_ECC_SECP521R1}};

    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        if (strcmp(groups[i].text, text) == 0)
            return groups[i].number;
    fail("no such group");
    return 0;
}

/* Sets suite and groups; returns the first of them. */
static int choose(WOLFSSL_CTX *context, const char *suite, char *group_list)
{
    int groups[3], count = 0;

    for (char *at = strtok(group_list, ","); at && count < 3; at = strtok(NULL, ","))
        groups[count++] = group_number(at);
    if (wolfSSL_CTX_set_cipher_list(context, suite) != WOLFSSL_SUCCESS ||
        wolfSSL_CTX_set_groups(context, groups, count) != WOLFSSL_SUCCESS)
        fail("suite or groups");
    return groups[0];
}

static void read_all(WOLFSSL *ssl, char *bytes, int len)
{
    int have = 0;

    while (have < len) {
        const int got = wolfSSL_read(ssl, bytes + have, len - have);

        if (got <= 0)
            fail_session(ssl, "read");
        have += got;
    }
}

static void update_at_times(WOLFSSL *ssl, int piece)
{
    if (piece % UPDATE_EVERY == UPDATE_EVERY - 1 && wolfSSL_update_keys(ssl) != WOLFSSL_SUCCESS)
        fail_session(ssl, "key update");
}

/* ---- The server ---- */

static void echo(WOLFSSL *ssl)
{
    static char bytes[PIECE_BYTES];
    int got, pieces = 0;

    if (wolfSSL_accept(ssl) != WOLFSSL_SUCCESS)
        fail_session(ssl, "accept");
    while ((got = wolfSSL_read(ssl, bytes, sizeof bytes)) > 0) {
        update_at_times(ssl, pieces++);
        if (wolfSSL_write(ssl, bytes, got) != got)
            fail_session(ssl, "write");
    }
    if (wolfSSL_get_error(ssl, got) != WOLFSSL_ERROR_ZERO_RETURN)
        fail_session(ssl, "read");
    wolfSSL_shutdown(ssl);
}

static void serve(char **words)
{
    const struct sockaddr_in here = {.sin_family = AF_INET,
                                     .sin_port = htons((uint16_t)atoi(words[0]))};
    const int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    WOLFSSL_CTX *context = wolfSSL_CTX_new(wolfTLSv1_3_server_method());

    if (wolfSSL_CTX_use_certificate_chain_file(context, words[1]) != WOLFSSL_SUCCESS ||
        wolfSSL_CTX_use_PrivateKey_file(context, words[2], WOLFSSL_FILETYPE_PEM) != WOLFSSL_SUCCESS)
        fail("certificates or key");
    choose(context, words[3], words[4]);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (const struct sockaddr *)&here, sizeof here) || listen(listener, 8))
        fail("bind");
    for (;;) {
        const int conn = accept(listener, NULL, NULL);
        WOLFSSL *ssl = wolfSSL_new(context);
        char first;

        if (recv(conn, &first, 1, MSG_PEEK) == 1) { /* a readiness check sends nothing */
            wolfSSL_set_fd(ssl, conn);
            echo(ssl);
        }
        wolfSSL_free(ssl);
        close(conn);
    }
}

/* ---- The client ---- */

static void say_and_hear(WOLFSSL *ssl)
{
    static char said[PIECE_BYTES], heard[PIECE_BYTES];

    for (int i = 0; i < PIECES; i++) {
        for (int k = 0; k < PIECE_BYTES; k++)
            said[k] = (char)(i + k % 251);
        update_at_times(ssl, i);
        if (wolfSSL_write(ssl, said, PIECE_BYTES) != PIECE_BYTES)
            fail_session(ssl, "write");
        read_all(ssl, heard, PIECE_BYTES);
        if (memcmp(said, heard, PIECE_BYTES) != 0)
            fail("what came back is something else");
    }
}

/* One connection, with the ticket of @session if there is one; returns its own session. */
static WOLFSSL_SESSION *ask_once(WOLFSSL_CTX *context, const struct sockaddr_in *where, int group,
                                 WOLFSSL_SESSION *session)
{
    const int conn = socket(AF_INET, SOCK_STREAM, 0);
    WOLFSSL *ssl = wolfSSL_new(context);

    if (connect(conn, (const struct sockaddr *)where, sizeof *where))
        fail("connect");
    wolfSSL_set_fd(ssl, conn);
    wolfSSL_UseSNI(ssl, WOLFSSL_SNI_HOST_NAME, name, sizeof name - 1);
    wolfSSL_check_domain_name(ssl, name);
    if (wolfSSL_UseKeyShare(ssl, (word16)group) != WOLFSSL_SUCCESS ||
        (session && wolfSSL_set_session(ssl, session) != WOLFSSL_SUCCESS))
        fail_session(ssl, "share or session");
    if (wolfSSL_connect(ssl) != WOLFSSL_SUCCESS)
        fail_session(ssl, "connect");
    say_and_hear(ssl);
    printf("open %s %s resumed %d\n", wolfSSL_get_cipher_name(ssl), wolfSSL_get_curve_name(ssl),
           wolfSSL_session_reused(ssl));
    session = wolfSSL_get1_session(ssl); /* includes the ticket, which came after the handshake */
    wolfSSL_shutdown(ssl);
    wolfSSL_free(ssl);
    close(conn);
    return session;
}

static void ask(char **words)
{
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(words[1]))};
    WOLFSSL_CTX *context = wolfSSL_CTX_new(wolfTLSv1_3_client_method());
    WOLFSSL_SESSION *session = NULL;
    const int count = atoi(words[5]);
    int group;

    if (inet_pton(AF_INET, words[0], &where.sin_addr) != 1 ||
        wolfSSL_CTX_load_verify_locations(context, words[2], NULL) != WOLFSSL_SUCCESS)
        fail("address or authority");
    wolfSSL_CTX_set_verify(context, WOLFSSL_VERIFY_PEER, NULL);
    group = choose(context, words[3], words[4]);
    for (int i = 0; i < count; i++) {
        WOLFSSL_SESSION *next = ask_once(context, &where, group, session);

        wolfSSL_SESSION_free(session);
        session = next;
    }
    wolfSSL_SESSION_free(session);
    wolfSSL_CTX_free(context);
}

int main(int argc, char **argv)
{
    wolfSSL_Init();
    if (argc == 7 && strcmp(argv[1], "serve") == 0)
        serve(argv + 2);
    else if (argc == 8 && strcmp(argv[1], "ask") == 0)
        ask(argv + 2);
    else
        fail("serve or ask?");
    wolfSSL_Cleanup();
    return 0;
}
