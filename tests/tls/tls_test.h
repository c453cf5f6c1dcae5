/* tls_test.h -- what the tests of TLS share: two ends of a session on a pipe, and their keys. */
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
    struct leat_tls_info info; /* when it was opened, or at its end */
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
    struct leat_tls_ticket ticket; /* its, after use_ticket() */
    struct leat_tls *tls[2];
    void *memory[2];
    struct pipe_end ends[2];
    struct user *users[2];
    uint64_t civil_s;
    char secrets[8][LEAT_TLS_KEY_LINE_BYTES];
    unsigned secret_count;
    uint32_t taken[TLS_NSTATES][TLS_NEVENTS]; /* the state that followed */
};

extern const struct leat_tcp_events user_events;

int set_up(void **state);
int tear_down(void **state);

/* Opens both ends' TLS by f->config, and a pipe of @capacity. */
void begin(struct fixture *f, uint32_t capacity);

/* Lets both ends shake hands. */
void shake(struct fixture *f);

/* ... and waits until both are open. */
void open_both(struct fixture *f, uint32_t capacity);

/* Sends @len bytes of a pattern from one end, as fast as there is room; checks that they come. */
void send_pattern(struct fixture *f, unsigned from, size_t len, size_t step);

void say(struct fixture *f, unsigned from, const char *text);

/* The session of an end. */
struct tls_session *session_of(const struct fixture *f, unsigned end);

/* Waits until an end is closed, and looks why. */
void expect_end(struct fixture *f, unsigned end, enum leat_err why);

/* Closes both ends that are open, as they should. */
void leave(struct fixture *f);

/* The client has a place for a ticket, empty. */
void use_ticket(struct fixture *f);

/* Another session over another pipe; TLS of both ends stays. */
void shake_again(struct fixture *f);

/* Both are open, and the client's ticket has come. */
void expect_talk(struct fixture *f, bool resumed);

/* A first session, whose ticket the client has. */
void open_first(struct fixture *f);

/* The next one, resumed or not. */
void open_next(struct fixture *f, bool resumed);

/* Hellos with tickets of which the server took none. */
uint64_t refused(const struct fixture *f);

/* The least that a hello may offer: AES-128, and @share of X25519; its random is zeros. */
struct wire_tls_client_offer least_offer(const uint8_t *share, uint32_t share_len);

/* Accepts the pipe, and gives the server's session the memory of a handshake, which the first
 * record would bring. */
struct tls_session *accept_ready(struct fixture *f);

/* A first hello of somebody who says no more, to a session of its own on a pipe that is open. */
void say_first_hello(struct fixture *f, struct pipe_end ends[2], struct leat_stream *session);

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
