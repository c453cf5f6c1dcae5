/* tls_test.h -- shared by the tests of TLS: client and server on a pipe, and their keys. */
#ifndef TLS_TEST_H
#define TLS_TEST_H

#include "dns_world.h"
#include "pipe.h"

#include <leat/crypto_openssl.h>
#include <leat/tls.h>

#include "tls/places.h"

enum {
    EC,
    RSA,
    IDENTITIES,
    CIVIL_S = 1800000000, /* January 2027 */
    HEARD_BYTES = 1 << 20
};

/* The program at one end. */
struct user {
    struct leat_stream stream;
    struct leat_tls_info info; /* when it was opened, or when it ended */
    bool open, closed, ended;
    bool hold; /* don't read */
    enum leat_err why;
    unsigned writable;
    size_t have;
    uint8_t bytes[HEARD_BYTES];
};

struct fixture {
    struct dns_world *world;
    struct leat_crypto crypto;
    struct leat_crypto_anchors anchors;
    struct leat_tls_identity identities[IDENTITIES];
    const struct leat_tls_identity *list[IDENTITIES];
    uint8_t der[IDENTITIES][2048];
    struct leat_tls_config config[2]; /* SERVER, CLIENT */
    struct leat_tls_client client;
    struct leat_tls_ticket ticket; /* the client's, after use_ticket() */
    struct leat_tls *tls[2];
    void *memory[2];
    struct pipe_end ends[2];
    struct user *users[2];
    uint64_t civil_s;
    char secrets[8][LEAT_TLS_KEY_LINE_BYTES];
    unsigned secret_count;
    uint32_t taken[TLS_NSTATES][TLS_NEVENTS]; /* the next state */
};

extern const struct leat_tcp_events user_events;

int set_up(void **state);
int tear_down(void **state);

/* Opens TLS at both ends by f->config, and a pipe of @capacity. */
void begin(struct fixture *f, uint32_t capacity);

void wait_s(struct fixture *f, uint64_t seconds);

/* Runs the handshake of both ends. */
void shake(struct fixture *f);

/* Does the same, and expects that both are open. */
void open_both(struct fixture *f, uint32_t capacity);

/* Sends @len bytes of a pattern from one end, as fast as there is room, and checks that they
 * arrive. */
void send_pattern(struct fixture *f, unsigned from, size_t len, size_t step);

void say(struct fixture *f, unsigned from, const char *text);

/* The session of an end. */
struct tls_session *session_of(const struct fixture *f, unsigned end);

/* Waits until an end is closed, and checks the reason. */
void expect_end(struct fixture *f, unsigned end, enum leat_err why);

/* Closes both ends that are open, in order. */
void leave(struct fixture *f);

/* Gives the client empty memory for a ticket. */
void use_ticket(struct fixture *f);

/* Runs another session over another pipe. TLS of both ends stays. */
void shake_again(struct fixture *f);

/* Expects that both are open and exchange data, and that the client gets a ticket. */
void expect_talk(struct fixture *f, bool resumed);

/* Opens a first session, in which the client gets a ticket. */
void open_first(struct fixture *f);

/* Opens the next session, and expects that it is resumed or not. */
void open_next(struct fixture *f, bool resumed);

/* Number of hellos with tickets of which the server accepted none. */
uint64_t refused(const struct fixture *f);

/* The smallest legal offer: AES-128 and @share of X25519; its random is zeros. */
struct wire_tls_client_offer least_offer(const uint8_t *share, uint32_t share_len);

/* Accepts the pipe, and gives the server's session the memory of a handshake, which it would get
 * with its first record. */
struct tls_session *accept_ready(struct fixture *f);

/* Sends only a first hello, to a new session on a pipe that is open. */
void say_first_hello(struct fixture *f, struct pipe_end ends[2], struct leat_stream *session);

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
