/* test_libc_time.c -- an image's dates are those of the C library. */
#include "unit.h"

#include <errno.h>
#include <limits.h>
#include <time.h>

#include "libc.h"

#include "../../netif/virtio/metal/services.h"

enum {
    ROUNDS = 300000
};

static uint64_t civil_ns;

uint64_t machine_civil_ns(void)
{
    return civil_ns;
}

static void assert_date(const struct bare_tm *ours, const struct tm *theirs)
{
    assert_int_equal(ours->tm_sec, theirs->tm_sec);
    assert_int_equal(ours->tm_min, theirs->tm_min);
    assert_int_equal(ours->tm_hour, theirs->tm_hour);
    assert_int_equal(ours->tm_mday, theirs->tm_mday);
    assert_int_equal(ours->tm_mon, theirs->tm_mon);
    assert_int_equal(ours->tm_year, theirs->tm_year);
    assert_int_equal(ours->tm_wday, theirs->tm_wday);
    assert_int_equal(ours->tm_yday, theirs->tm_yday);
    assert_int_equal(ours->tm_isdst, theirs->tm_isdst);
}

static void date_of(long seconds)
{
    struct bare_tm ours;
    struct tm theirs;

    errno = leat_libc_errno = 0;
    assert_int_equal(bare_gmtime_r(&seconds, &ours) != NULL, gmtime_r(&seconds, &theirs) != NULL);
    assert_int_equal(leat_libc_errno, errno);
    if (errno != 0)
        return;
    assert_date(&ours, &theirs);
    assert_int_equal(bare_timegm(&ours), seconds);
    assert_date(&ours, &theirs);
    assert_int_equal(bare_localtime_r(&seconds, &ours)->tm_mday, theirs.tm_mday);
    assert_int_equal(bare_mktime(&ours), seconds);
}

static void seconds_have_the_same_dates(void **state)
{
    static const long moments[] = {0,
                                   -1,
                                   951782399,
                                   951782400,
                                   951868800,
                                   4107542400,
                                   -2203891200,
                                   INT_MAX,
                                   INT_MIN,
                                   LONG_MAX,
                                   LONG_MIN,
                                   67767976233532799,
                                   67767976233532800,
                                   67768036191676799,
                                   67768036191676800,
                                   -67768040609740800,
                                   -67768040609740801};
    uint64_t seed = 1;

    (void)state;
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++)
        date_of(moments[i]);
    for (long day = -800L * 366; day < 800L * 366; day++) /* each day of 1600 years, twice */
        date_of(day * 86400 + (day % 2 ? 0 : 86399));
    for (unsigned i = 0; i < ROUNDS; i++)
        date_of((long)unit_random(&seed) >> unit_below(&seed, 64));
}

static void members_out_of_range_are_put_in_order(void **state)
{
    uint64_t seed = 2;

    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++) {
        const unsigned shift = unit_below(&seed, 32);
#define DRAW ((int)(unit_random(&seed) >> 32) >> shift)
        struct bare_tm ours = {DRAW, DRAW, DRAW, DRAW, DRAW, DRAW, DRAW, DRAW, 0};
#undef DRAW
        struct tm theirs = {.tm_sec = ours.tm_sec,
                            .tm_min = ours.tm_min,
                            .tm_hour = ours.tm_hour,
                            .tm_mday = ours.tm_mday,
                            .tm_mon = ours.tm_mon,
                            .tm_year = ours.tm_year};
        long our_s, their_s;

        errno = leat_libc_errno = 0;
        our_s = bare_timegm(&ours);
        their_s = timegm(&theirs);
        assert_int_equal(our_s, their_s);
        assert_int_equal(leat_libc_errno, errno);
        if (errno == 0)
            assert_date(&ours, &theirs);
    }
}

static void time_is_the_machines(void **state)
{
    long seconds = 0;

    (void)state;
    civil_ns = 0;
    assert_int_equal(bare_time(&seconds), -1);
    assert_int_equal(seconds, -1);
    civil_ns = 1234567890999999999;
    assert_int_equal(bare_time(&seconds), 1234567890);
    assert_int_equal(seconds, 1234567890);
    assert_int_equal(bare_time(NULL), 1234567890);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seconds_have_the_same_dates),
        cmocka_unit_test(members_out_of_range_are_put_in_order),
        cmocka_unit_test(time_is_the_machines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
