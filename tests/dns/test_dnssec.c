/* test_dnssec.c -- signatures, proofs and the bits DO, CD and AD, passed on by a forwarder. */
#include "dns_home.h"

/* The reply of the server, made by the current test. */
static struct {
    struct dns_writer writer;
    struct message message;
    const char *name; /* asked for, in the letters of the query */
    bool dnssec_ok;
    uint16_t flags;  /* of the query */
    bool lacks_edns; /* the server has none */
    void (*make)(void);
} upstream;

static void add(enum dns_section section, const char *owner, uint16_t type, uint32_t ttl_s,
                const void *rdata, size_t len)
{
    const struct leat_dns_name name = name_of(owner);
    const struct dns_new_record record = {.owner = name.wire,
                                          .rdata = rdata,
                                          .ttl_s = ttl_s,
                                          .type = type,
                                          .rdata_len = (uint16_t)len};

    dns_write_record(&upstream.writer, section, &record);
}

static void add_a(const char *owner)
{
    add(DNS_ANSWER, owner, LEAT_DNS_A, 300, "\300\0\2\7", 4);
}

/* A signature: the type that it covers, other numbers, the signer "test", and a byte. */
static void sign(enum dns_section section, const char *owner, uint16_t type, uint32_t ttl_s)
{
    uint8_t rdata[18 + 6 + 1] = {[18] = 4, 't', 'e', 's', 't', 0, 0x5a};

    put16(rdata, type);
    if (upstream.dnssec_ok)
        add(section, owner, DNS_TYPE_RRSIG, ttl_s, rdata, sizeof rdata);
}

static void add_soa(const char *owner)
{
    static const uint8_t rdata[22] = {[20] = 1}; /* MINIMUM: 256 s */

    add(DNS_AUTHORITY, owner, LEAT_DNS_SOA, 900, rdata, sizeof rdata);
    sign(DNS_AUTHORITY, owner, LEAT_DNS_SOA, 900);
}

static void add_nsec(const char *owner, uint16_t type)
{
    if (!upstream.dnssec_ok)
        return;
    add(DNS_AUTHORITY, owner, type, 200, "\0\0\1\2", 4);
    sign(DNS_AUTHORITY, owner, type, 200);
}

static void says_signed(struct liar *liar)
{
    struct dns_edns edns = {.payload_bytes = 1232};
    struct dns_question question;
    size_t at = DNS_HEADER_BYTES;
    const uint8_t *end = liar->query.bytes + liar->query.len;

    upstream.flags = get16(liar->query.bytes + 2);
    upstream.dnssec_ok = false;
    if (has_edns(liar)) { /* OPT is the last record; a cookie may be in it */
        size_t opt = liar->query.len - 11;

        while (get16(liar->query.bytes + opt + 1) != DNS_TYPE_OPT ||
               liar->query.bytes + opt + 11 + get16(liar->query.bytes + opt + 9) != end)
            opt--;
        upstream.dnssec_ok = liar->query.bytes[opt + 7] & 0x80;
    }
    assert_true(dns_question_read(liar->query.bytes, liar->query.len, &at, &question));
    dns_write_start(&upstream.writer, upstream.message.bytes, 1232);
    dns_write_question(&upstream.writer, question.name, question.type, DNS_CLASS_IN);
    upstream.message.bytes[3] = 0;
    upstream.flags |= 0;
    upstream.make();
    edns.dnssec_ok = upstream.dnssec_ok;
    dns_write_opt(&upstream.writer, &edns);
    upstream.message.len =
        dns_write_end(&upstream.writer, get16(liar->query.bytes),
                      (uint16_t)(get16(upstream.message.bytes + 2) | DNS_QR | DNS_RD | DNS_RA));
    say(liar, &upstream.message);
}

/* The rcode and bits of the reply; dns_write_end() takes them from there. */
static void with(uint16_t flags)
{
    put16(upstream.message.bytes + 2, flags);
}

enum {
    PLAIN = 0,
    DO = 1,
    CD = 2,
    AD = 4
};

/* Asks with these bits; returns the reply as text, and its AD and CD bits. */
static const char *ask_with(const char *name, uint16_t type, unsigned bits, unsigned *back)
{
    const struct dns_edns edns = {.payload_bytes = 1232, .dnssec_ok = (bits & DO) != 0};
    const struct leat_dns_name asked = name_of(name);
    const struct message *reply = &home.heard[home.heard_count];
    struct dns_writer writer;
    struct message query;
    unsigned flags;

    dns_write_start(&writer, query.bytes, sizeof query.bytes);
    dns_write_question(&writer, asked.wire, type, DNS_CLASS_IN);
    if (bits & DO)
        dns_write_opt(&writer, &edns);
    query.len = dns_write_end(
        &writer, 7, (uint16_t)(DNS_RD | (bits & CD ? DNS_CD : 0) | (bits & AD ? DNS_AD : 0)));
    send_query(&query);
    world_wait(home.f->world, second / 2);
    flags = get16(reply->bytes + 2);
    *back = (flags & DNS_CD ? CD : 0u) | (flags & DNS_AD ? AD : 0u);
    if (bits & DO && (flags & 15u) != LEAT_DNS_SERVFAIL)             /* that has a reason, too */
        assert_int_equal(reply->bytes[reply->len - 4] & 0x80, 0x80); /* DO (RFC 3225 3) */
    return text_of(reply->bytes, reply->len);
}

static struct liar *open_signed(struct fixture *f, void (*make)(void))
{
    struct liar *liar = with_liar(f, says_signed);

    upstream.make = make;
    open_home(f);
    return liar;
}

#define RRSIG(owner, ttl, type_hex)                                                                \
    owner " " ttl " IN TYPE46 \\# 25 " type_hex "00000000000000000000000000000000"                 \
          "0474657374005a\n"

static void a_signed_set(void)
{
    add_a("www.test");
    sign(DNS_ANSWER, "www.test", LEAT_DNS_A, 250);
    sign(DNS_ANSWER, "www.test", LEAT_DNS_AAAA, 3); /* of another set */
    sign(DNS_ANSWER, "else.test", LEAT_DNS_A, 3);
    add(DNS_AUTHORITY, "test", LEAT_DNS_NS, 2, "\1n\4test", 8);
    sign(DNS_AUTHORITY, "test", LEAT_DNS_NS, 2);
    with(DNS_AD);
}

static void signatures_go_to_clients_that_ask_for_them(void **state)
{
    struct fixture *f = *state;
    struct liar *liar = open_signed(f, a_signed_set);
    unsigned back;

    for (unsigned i = 0; i < 2; i++) {
        assert_string_equal(ask_with("www.test", LEAT_DNS_A, DO, &back),
                            "NOERROR \nwww.test. 300 IN A 192.0.2.7\n" RRSIG(
                                "www.test.", "250", "0001") "--\n--\nOPT 1232\n");
        assert_int_equal(back, AD);
    }
    assert_true(upstream.dnssec_ok);
    assert_int_equal(liar->count, 1);
    for (unsigned i = 0; i < 2; i++) {
        assert_string_equal(ask_with("www.test", LEAT_DNS_A, PLAIN, &back),
                            "NOERROR \nwww.test. 300 IN A 192.0.2.7\n--\n--\n");
        assert_int_equal(back, 0);
    }
    assert_false(upstream.dnssec_ok);
    assert_true(upstream.flags & DNS_AD);
    assert_int_equal(liar->count, 2);
    ask_with("www.test", LEAT_DNS_A, AD, &back); /* RFC 6840 5.7 */
    assert_int_equal(back, AD);
    world_wait(f->world, 251 * second); /* the signature's TTL counts */
    ask_with("www.test", LEAT_DNS_A, DO, &back);
    assert_int_equal(liar->count, 3);
}

/* With CD the server doesn't validate, so its answer may be another one. */
static void bogus_but_with_cd(void)
{
    if (!(upstream.flags & DNS_CD)) {
        with(LEAT_DNS_SERVFAIL);
        return;
    }
    add_a("bad.test");
    sign(DNS_ANSWER, "bad.test", LEAT_DNS_A, 300);
    with(DNS_CD);
}

static void without_validation_is_another_question(void **state)
{
    struct fixture *f = *state;
    unsigned back;

    open_signed(f, bogus_but_with_cd);
    for (unsigned i = 0; i < 2; i++) {
        assert_memory_equal(ask_with("bad.test", LEAT_DNS_A, DO, &back), "SERVFAIL", 8);
        assert_int_equal(back, 0);
        assert_non_null(strstr(ask_with("bad.test", LEAT_DNS_A, DO | CD, &back), "TYPE46"));
        assert_int_equal(back, CD);
        assert_non_null(strstr(ask_with("bad.test", LEAT_DNS_A, CD, &back), "192.0.2.7"));
        assert_int_equal(back, CD);
        assert_memory_equal(ask_with("bad.test", LEAT_DNS_A, PLAIN, &back), "SERVFAIL", 8);
    }
}

static void no_name(void)
{
    add_soa("test");
    add_nsec("a.test", DNS_TYPE_NSEC);
    add_nsec("hash.test", DNS_TYPE_NSEC3);
    add(DNS_AUTHORITY, "test", LEAT_DNS_NS, 2, "\1n\4test", 8);
    with(DNS_AD | LEAT_DNS_NXDOMAIN);
}

static void proofs_belong_to_no(void **state)
{
    struct fixture *f = *state;
    struct liar *liar = open_signed(f, no_name);
    unsigned back;

    for (unsigned i = 0; i < 2; i++) {
        assert_string_equal(
            ask_with("no.test", i == 0 ? LEAT_DNS_A : LEAT_DNS_MX, DO, &back),
            "NXDOMAIN\n--\ntest. 256 IN SOA . . 0 0 0 0 256\n" RRSIG(
                "test.", "900",
                "0006") "a.test. 200 IN TYPE47 \\# 4 "
                        "00000102\n" RRSIG("a.test.", "200",
                                           "002f") "hash.test. 200 "
                                                   "IN TYPE50 \\# "
                                                   "4 "
                                                   "00000102"
                                                   "\n" RRSIG("hash"
                                                              ".tes"
                                                              "t.",
                                                              "200",
                                                              "003"
                                                              "2") "--\nOPT 1232\n");
        assert_int_equal(back, AD);
    }
    assert_int_equal(liar->count, 1); /* RFC 2308: for all types */
    assert_string_equal(ask_with("no.test", LEAT_DNS_A, PLAIN, &back),
                        "NXDOMAIN\n--\ntest. 256 IN SOA . . 0 0 0 0 256\n--\n");
    assert_int_equal(liar->count, 2);
    world_wait(f->world, 201 * second); /* the least TTL of SOA, NSEC and signatures */
    ask_with("no.test", LEAT_DNS_A, DO, &back);
    assert_int_equal(liar->count, 3);
    ask_with("no.test", LEAT_DNS_A, PLAIN, &back);
    assert_int_equal(liar->count, 3);
}

/* RFC 4035 3.1.3.3: the name itself isn't there, so a proof stands beside the wildcard's records.
 */
static void of_a_wildcard(void)
{
    add_a("x.any.test");
    sign(DNS_ANSWER, "x.any.test", LEAT_DNS_A, 300);
    add_nsec("w.any.test", DNS_TYPE_NSEC);
}

static void a_wildcard_has_a_proof(void **state)
{
    struct fixture *f = *state;
    unsigned back;

    open_signed(f, of_a_wildcard);
    for (unsigned i = 0; i < 2; i++)
        assert_string_equal(
            ask_with("x.any.test", LEAT_DNS_A, DO, &back),
            "NOERROR \nx.any.test. 300 IN A 192.0.2.7\n" RRSIG(
                "x.any.test.", "300", "0001") "--\nw.any.test. 200 IN TYPE47 \\# 4 "
                                              "00000102\n" RRSIG("w.any.test.", "200",
                                                                 "002f") "--\nOPT 1232\n");
}

/* RFC 6672: the CNAME has no signature, the DNAME above it has. */
static void by_a_dname(void)
{
    add(DNS_ANSWER, "old.test", 39, 300, "\3new\4test", 10);
    sign(DNS_ANSWER, "old.test", 39, 300);
    add(DNS_ANSWER, "else.test", 39, 300, "\3new\4test", 10);
    add(DNS_ANSWER, "www.old.test", LEAT_DNS_CNAME, 300, "\3www\3new\4test", 14);
    add_a("www.new.test");
    sign(DNS_ANSWER, "www.new.test", LEAT_DNS_A, 300);
}

static void a_dname_is_passed_on(void **state)
{
    struct fixture *f = *state;
    unsigned back;

    open_signed(f, by_a_dname);
    for (unsigned i = 0; i < 2; i++)
        assert_string_equal(
            ask_with("www.old.test", LEAT_DNS_A, DO, &back),
            "NOERROR \nwww.old.test. 300 IN CNAME www.new.test.\nold.test. 300 IN TYPE39 \\# 10 "
            "036e6577047465737400\n" RRSIG(
                "old.test.", "300",
                "0027") "www.new.test. 300 IN A 192.0.2.7\n" RRSIG("www.new.test.", "300",
                                                                   "0001") "--\n--\nOPT 1232\n");
    assert_string_equal(ask_with("www.old.test", LEAT_DNS_A, PLAIN, &back),
                        "NOERROR \nwww.old.test. 300 IN CNAME www.new.test.\nwww.new.test. 300 IN "
                        "A 192.0.2.7\n--\n--\n");
}

static void all_truncated(struct liar *liar)
{
    struct message *reply = make_reply(liar, LEAT_DNS_NOERROR, 0);

    put16(reply->bytes + 2, DNS_QR | DNS_TC | DNS_RD | DNS_RA);
    say(liar, reply);
}

/* Long replies to questions with DO say nothing about those without. */
static void truncated_signatures_are_no_habit(void **state)
{
    struct fixture *f = *state;
    unsigned back;

    with_liar(f, all_truncated);
    open_home(f);
    for (unsigned i = 0; i < 8; i++) {
        char name[20];

        sprintf(name, "n%u.test", i);
        ask_with(name, LEAT_DNS_A, DO, &back);
    }
    assert_false(habits_of(f).tcp_only);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOME(signatures_go_to_clients_that_ask_for_them),
        HOME(without_validation_is_another_question),
        HOME(proofs_belong_to_no),
        HOME(a_wildcard_has_a_proof),
        HOME(a_dname_is_passed_on),
        HOME(truncated_signatures_are_no_habit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
