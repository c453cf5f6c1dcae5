/* authority.h -- a model of an authority, for tests of the client of ACME: two stacks on a wire,
 * the authority's HTTP server on one, the client on the other. */
#ifndef AUTHORITY_H
#define AUTHORITY_H

#include "call_test.h"

#include <leat/civil.h>

#include "web/acme/acme.h"

enum {
    CIVIL_S = 1795700000, /* November 2026 */
    DAY_S = 86400,
    PATHS_MAX = 400
};

#define CA "http://10.0.0.1"

/* A reply instead of the right one. */
struct wrong {
    const char *path; /* requests that are answered so; NULL: none */
    uint16_t status;
    const char *fields; /* beside the nonce; NULL: none */
    const char *body;
    bool no_nonce;
    bool cut;       /* the connection ends instead */
    unsigned times; /* 0: always */
};

struct authority {
    struct fixture *f;
    struct leat_acme *acme;
    void *memory;
    struct leat_acme_config config;
    struct wrong wrong;
    const char *meta;       /* of the directory */
    const char *window;     /* of renewal information; NULL: there is none */
    const char *challenge;  /* the type that it offers */
    unsigned refuse_nonces; /* of the next requests */
    unsigned retry_after_s; /* of replies about an authorization, or the order; 0: none */
    unsigned slow;          /* looks at an authorization, and at the order, that find nothing new */
    uint64_t lifetime_s;    /* of certificates */
    bool other_key;         /* certificates have the authority's own key */
    bool other_name;        /* ... lack a name */
    enum leat_err get_err, put_err;    /* of the store */
    bool keeps_account, reads_account; /* these errors aren't for it */
    /* what happened */
    unsigned nonce, orders, finalized, proven, looks;
    bool answered[LEAT_ACME_NAMES_MAX];
    bool replaced; /* the order names the certificate that it replaces */
    unsigned path_count;
    char paths[PATHS_MAX][64];
    char *accounts, *certificates; /* what is kept */
    unsigned taken;                /* certificates that the program got */
    const char *refuses;           /* the program's answer */
    char line[1024];               /* the last one for a human */
    char body[40000];
    char fields[256];
    char post[16384];
    size_t post_len;
};

struct wrong_reply {
    struct wrong wrong;
    const char *why; /* NULL: the end of the list */
};

extern const struct wrong_reply wrong_replies[];

/* Fills in the long ones. */
void make_wrong_replies(void);

extern struct authority ca;

int set_up_authority(void **state);
int tear_down_authority(void **state);
#define CA_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_authority, tear_down_authority)

/* Opens the client for @count of the names. */
void open_acme(unsigned count);
void close_acme(void);

/* Runs until a certificate was handed over, or a failure was told; at most so long. */
void run_acme(uint64_t limit_s);

/* Requests to paths that begin so. */
unsigned asked(const char *path);

struct leat_acme_info info_of_acme(void);

/* Fails for each line of acme.rl that no test of this program has taken. */
int check_transitions(void **state);

#endif
