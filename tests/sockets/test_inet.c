/* test_inet.c -- addresses as text in an image, compared with those of the C library. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "plain.h"

static const char *const texts[] = {"0.0.0.0",
                                    "127.0.0.1",
                                    "255.255.255.255",
                                    "256.0.0.1",
                                    "1.2.3",
                                    "1.2.3.4.5",
                                    "1.2.3.4 ",
                                    "",
                                    "::",
                                    "::1",
                                    "2001:db8::1",
                                    "2001:db8::",
                                    "1:2:3:4:5:6:7:8",
                                    "1:2:3:4:5:6:7::",
                                    "1:2:3:4:5:6:7:8:9",
                                    "::ffff:1.2.3.4",
                                    "fe80::1%eth0",
                                    "1::2::3",
                                    "12345::",
                                    "::1.2.3.4",
                                    "0:0:1::",
                                    "a:0:0:b:0:0:0:c",
                                    ":1",
                                    "1:",
                                    "x"};

static void texts_are_read_as_by_the_c_library(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        for (int family = AF_INET; family <= AF_INET6; family += AF_INET6 - AF_INET) {
            unsigned char ours[16] = {0}, theirs[16] = {0};
            const int want = inet_pton(family, texts[i], theirs);

            if (leat_plain_inet_pton(family, texts[i], ours) != want)
                fail_msg("%s: %d", texts[i], want);
            if (want == 1)
                assert_memory_equal(ours, theirs, sizeof ours);
        }
    }
    assert_int_equal(leat_plain_inet_pton(AF_UNIX, "1.2.3.4", NULL), -1);
    assert_int_equal(errno, EAFNOSUPPORT);
    assert_int_equal(leat_plain_inet_addr("10.0.0.2"), inet_addr("10.0.0.2"));
    assert_int_equal(leat_plain_inet_addr("10.0.0.256"), INADDR_NONE);
}

static void addresses_are_written_as_by_the_c_library(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const int family = strchr(texts[i], ':') ? AF_INET6 : AF_INET;
        char ours[INET6_ADDRSTRLEN], theirs[INET6_ADDRSTRLEN];
        unsigned char bytes[16];

        if (inet_pton(family, texts[i], bytes) != 1)
            continue;
        if (family == AF_INET6 && memcmp(bytes, "\0\0\0\0\0\0\0\0\0\0\0\0", 12) == 0 && bytes[12])
            continue; /* glibc writes addresses of ::/96 with dots, against RFC 5952 5 */
        assert_non_null(leat_plain_inet_ntop(family, bytes, ours, sizeof ours));
        assert_string_equal(ours, inet_ntop(family, bytes, theirs, sizeof theirs));
        assert_ptr_equal(leat_plain_inet_ntop(family, bytes, ours, (socklen_t)strlen(theirs)),
                         NULL);
        assert_int_equal(errno, ENOSPC);
    }
    assert_ptr_equal(leat_plain_inet_ntop(AF_UNIX, "", NULL, 0), NULL);
    assert_memory_equal(&leat_plain_in6addr_any, &in6addr_any, sizeof in6addr_any);
    assert_memory_equal(&leat_plain_in6addr_loopback, &in6addr_loopback, sizeof in6addr_loopback);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_read_as_by_the_c_library),
        cmocka_unit_test(addresses_are_written_as_by_the_c_library),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
