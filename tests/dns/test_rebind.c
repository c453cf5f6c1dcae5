/* test_rebind.c -- private addresses in public names. */
#include "dns_lookup.h"

static uint8_t told_address[16];
static uint16_t told_len;

static void tells_an_address(struct liar *liar)
{
    const uint8_t *name = liar->query.bytes + DNS_HEADER_BYTES;
    const struct dns_new_record record = {.owner = name,
                                          .rdata = told_address,
                                          .ttl_s = 9,
                                          .type = told_len == 4 ? LEAT_DNS_A : LEAT_DNS_AAAA,
                                          .rdata_len = told_len};
    struct message reply;
    struct dns_writer writer;

    dns_write_start(&writer, reply.bytes, 512);
    dns_write_question(&writer, name, record.type, DNS_CLASS_IN);
    dns_write_record(&writer, DNS_ANSWER, &record);
    reply.len = dns_write_end(&writer, get16(liar->query.bytes), DNS_QR | DNS_RD | DNS_RA);
    say(liar, &reply);
}

static enum leat_err fate_of(struct fixture *f, const char *name, const char *address)
{
    struct leat_ip ip;
    uint8_t bytes[16];

    f->liar.count = 0;
    assert_true(leat_ip_parse(address, &ip));
    memcpy(bytes, &ip, sizeof bytes);
    told_len = leat_ip_is_v4(ip) && !strchr(address, ':') ? 4 : 16;
    memcpy(told_address, bytes + 16 - told_len, told_len);
    return look_up(f, name, told_len == 4 ? LEAT_DNS_A : LEAT_DNS_AAAA)->err;
}

static void test_threat_N11_private_addresses_in_public_names(void **state)
{
    static const char *const private_ones[] = {
        "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "127.0.0.1", "0.0.0.0",
        "169.254.1.1", "100.64.0.1", "::1", "::", "fd00::1", "fc00::1", "fe80::1", "fec0::1",
        "::ffff:10.0.0.1", "::10.0.0.1", "64:ff9b::192.168.0.1", "2002:a00:1::1",
        /* the ends of each network */
        "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.0",
        "127.255.255.255", "169.254.0.0", "169.254.255.255", "172.16.0.0", "192.168.0.0",
        "192.168.255.255", "::ffff:ffff", "fdff:ffff::1", "fe80::", "febf:ffff::1", "feff:ffff::1"};
    static const char *const public_ones[] = {
        "192.0.2.1", "11.0.0.1", "9.255.255.255", "172.15.255.255", "172.32.0.0", "192.167.255.255",
        "126.255.255.255", "100.63.255.255", "100.128.0.0", "2001:db8::1", "fb00::1", "fe00::1",
        "::ffff:192.0.2.1", "64:ff9b::192.0.2.1", "2002:c000:201::1",
        /* beside each network */
        "1.0.0.0", "128.0.0.0", "169.253.255.255", "169.255.0.0", "192.169.0.0", "::1:0:0",
        "::fffe:a00:1", "::1:ffff:a00:1", "fe7f:ffff::1", "ff00::1", "2003:a00:1::1",
        "2001:a00:1::1", "2082:a00:1::1", "64:ff9b::1:a00:1", "64:ff9a::a00:1",
        "64:ff9b:0:0:8000:0:a00:1"};
    struct leat_dns_name own[2];
    const struct leat_resolver_config config = {.servers = {{.ip = SERVER_IP}},
                                                .server_count = 1,
                                                .no_rebinding = true,
                                                .own_names = own,
                                                .own_name_count = 2};
    struct fixture *f = *state;
    const size_t count = sizeof private_ones / sizeof *private_ones;

    own[0] = name_of("home.arpa");
    own[1] = name_of("Office.example.test");
    with_liar(f, tells_an_address);
    open_resolver(f, &config);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(fate_of(f, "evil.test", private_ones[i]), LEAT_ERR_SERVERS);
        assert_int_equal(fate_of(f, "printer.home.ARPA", private_ones[i]), LEAT_OK);
    }
    assert_int_equal(f->counts->drop_private, count);
    for (size_t i = 0; i < sizeof public_ones / sizeof *public_ones; i++)
        assert_int_equal(fate_of(f, "evil.test", public_ones[i]), LEAT_OK);
    assert_int_equal(fate_of(f, "office.example.test", "10.0.0.1"), LEAT_OK);
    assert_int_equal(fate_of(f, "nohome.arpa", "10.0.0.1"), LEAT_ERR_SERVERS);
    assert_int_equal(fate_of(f, "arpa", "10.0.0.1"), LEAT_ERR_SERVERS);
}

static uint8_t told_service[80];
static uint16_t told_service_len;

static void tells_a_service(struct liar *liar)
{
    const uint8_t *name = liar->query.bytes + DNS_HEADER_BYTES;
    const struct dns_new_record record = {.owner = name,
                                          .rdata = told_service,
                                          .ttl_s = 9,
                                          .type = get16(name + strlen((const char *)name) + 1),
                                          .rdata_len = told_service_len};
    struct message reply;
    struct dns_writer writer;

    dns_write_start(&writer, reply.bytes, 512);
    dns_write_question(&writer, name, record.type, DNS_CLASS_IN);
    dns_write_record(&writer, DNS_ANSWER, &record);
    reply.len = dns_write_end(&writer, get16(liar->query.bytes), DNS_QR | DNS_RD | DNS_RA);
    say(liar, &reply);
}

/* RFC 9460 2.2: "1 svc", and the parameters. */
static enum leat_err fate_of_hints(struct fixture *f, const uint8_t *parameters, size_t len)
{
    enum leat_err errs[2];

    memcpy(told_service, "\0\1\3svc", 7);
    memcpy(told_service + 7, parameters, len);
    told_service_len = (uint16_t)(7 + len);
    f->liar.count = 0;
    for (unsigned i = 0; i < 2; i++) /* SVCB, HTTPS */
        errs[i] = look_up(f, "evil.test", (uint16_t)(64 + i))->err;
    assert_int_equal(errs[0], errs[1]);
    return errs[0];
}

static void test_threat_N11_private_addresses_in_hints(void **state)
{
    const struct leat_resolver_config config = {
        .servers = {{.ip = SERVER_IP}}, .server_count = 1, .no_rebinding = true};
    struct fixture *f = *state;

    with_liar(f, tells_a_service);
    open_resolver(f, &config);
    assert_int_equal(fate_of_hints(f, BYTES("")), LEAT_OK);
    /* alpn=h2 ipv4hint=192.0.2.1,192.0.2.2 ipv6hint=2001:db8::1 */
    assert_int_equal(fate_of_hints(f, BYTES("\0\1\0\3\2h2\0\4\0\x8\xc0\0\2\1\xc0\0\2\2"
                                            "\0\6\0\x10\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1")),
                     LEAT_OK);
    assert_int_equal(fate_of_hints(f, BYTES("\0\4\0\x8\xc0\0\2\1\x0a\0\0\1")), LEAT_ERR_SERVERS);
    assert_int_equal(fate_of_hints(f, BYTES("\0\6\0\x10\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1")),
                     LEAT_ERR_SERVERS);
    /* the same after others */
    assert_int_equal(fate_of_hints(f, BYTES("\0\1\0\3\2h2\0\4\0\4\xc0\xa8\0\1")), LEAT_ERR_SERVERS);
    /* no address, but a value of another parameter */
    assert_int_equal(fate_of_hints(f, BYTES("\0\3\0\4\x0a\0\0\1")), LEAT_OK);
    /* truncated: in a parameter's header, its value, an address */
    assert_int_equal(fate_of_hints(f, BYTES("\0\4\0")), LEAT_ERR_SERVERS);
    assert_int_equal(fate_of_hints(f, BYTES("\0\4\0\x8\x0a\0\0\1")), LEAT_ERR_SERVERS);
    assert_int_equal(fate_of_hints(f, BYTES("\0\4\0\3\x0a\0\0")), LEAT_ERR_SERVERS);
    assert_int_equal(f->counts->drop_private, 12);
}

static void private_addresses_are_found_if_they_are_allowed(void **state)
{
    struct fixture *f = *state;

    with_liar(f, tells_an_address);
    open_plain_resolver(f, 1);
    assert_int_equal(fate_of(f, "www.example.test", "10.0.0.1"), LEAT_OK);
    assert_int_equal(f->counts->drop_private, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_threat_N11_private_addresses_in_public_names),
        TEST(test_threat_N11_private_addresses_in_hints),
        TEST(private_addresses_are_found_if_they_are_allowed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
