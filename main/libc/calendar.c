/*
 * calendar.c -- seconds since 1970 and dates of the Gregorian calendar, without a libc.
 *
 * Days are counted from a March 1st, so that the day that only some years have is a year's last
 * one. Each 400 years have the same number of days.
 */
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <time.h>

enum {
    DAY_S = 86400,
    YEAR_DAYS = 365,
    FOUR_YEARS_DAYS = 4 * YEAR_DAYS + 1,
    CENTURY_DAYS = 25 * FOUR_YEARS_DAYS - 1,
    ERA_YEARS = 400,
    ERA_DAYS = 4 * CENTURY_DAYS + 1,
    FIRST_YEAR = 2000, /* of the era that contains day 0 of this count: 2000-03-01 */
    FIRST_DAY = 11017, /* that day, since 1970-01-01 */
    FIRST_WEEKDAY = 3, /* it was a Wednesday */
    TM_YEAR = 1900,    /* the year 0 of struct tm */
    MARCH = 2,         /* the months before it belong to the year before */
    MONTHS = 12,
    JANUARY_DAYS = 306, /* from March 1st to January 1st */
    MARCH_YDAY = 59     /* from January 1st to March 1st, in a common year */
};

/* March 1st to the first day of each month. */
static const int16_t month_days[MONTHS + 1] = {0,   31,  61,  92,  122, 153, 184,
                                               214, 245, 275, 306, 337, 366};

static int64_t divide(int64_t value, int64_t by, int64_t *rest)
{
    int64_t quotient = value / by;

    *rest = value % by;
    if (*rest < 0) {
        *rest += by;
        quotient--;
    }
    return quotient;
}

static int is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

struct day {
    int64_t year; /* that begins in March */
    int of_year;  /* 0: March 1st */
};

/* An era has a day more than four centuries, and four years a day more than four common ones: that
 * day belongs to the last century or year, and begins none. */
static struct day day_of(int64_t days)
{
    int64_t rest;
    const int64_t era = divide(days - FIRST_DAY, ERA_DAYS, &rest);
    const int64_t century = rest / CENTURY_DAYS < 3 ? rest / CENTURY_DAYS : 3;
    const int64_t in_century = rest - century * CENTURY_DAYS;
    const int64_t fours = in_century / FOUR_YEARS_DAYS;
    const int64_t in_fours = in_century - fours * FOUR_YEARS_DAYS;
    const int64_t year = in_fours / YEAR_DAYS < 3 ? in_fours / YEAR_DAYS : 3;

    return (struct day){.year = FIRST_YEAR + ERA_YEARS * era + 100 * century + 4 * fours + year,
                        .of_year = (int)(in_fours - year * YEAR_DAYS)};
}

struct tm *gmtime_r(const time_t *restrict seconds, struct tm *restrict date)
{
    int64_t second, weekday;
    const int64_t days = divide(*seconds, DAY_S, &second);
    const struct day day = day_of(days);
    const int64_t year = day.year + (day.of_year >= JANUARY_DAYS);
    int month = 0;

    if (year - TM_YEAR > INT_MAX || year - TM_YEAR < INT_MIN) {
        errno = EOVERFLOW;
        return NULL;
    }
    while (day.of_year >= month_days[month + 1])
        month++;
    divide(days - FIRST_DAY + FIRST_WEEKDAY, 7, &weekday);
    *date = (struct tm){.tm_sec = (int)(second % 60),
                        .tm_min = (int)(second / 60 % 60),
                        .tm_hour = (int)(second / 3600),
                        .tm_mday = day.of_year - month_days[month] + 1,
                        .tm_mon = (month + MARCH) % MONTHS,
                        .tm_year = (int)(year - TM_YEAR),
                        .tm_wday = (int)weekday,
                        .tm_yday = day.of_year >= JANUARY_DAYS
                                       ? day.of_year - JANUARY_DAYS
                                       : day.of_year + MARCH_YDAY + is_leap(year)};
    return date;
}

time_t timegm(struct tm *date)
{
    int64_t month, in_era;
    const int64_t carry = divide(date->tm_mon - (int64_t)MARCH, MONTHS, &month);
    const int64_t year = (int64_t)date->tm_year + TM_YEAR + carry;
    const int64_t era = divide(year - FIRST_YEAR, ERA_YEARS, &in_era);
    const int64_t days = FIRST_DAY + era * ERA_DAYS + in_era * YEAR_DAYS + in_era / 4 -
                         in_era / 100 + month_days[month] + date->tm_mday - 1;
    const time_t seconds =
        days * DAY_S + date->tm_hour * INT64_C(3600) + date->tm_min * INT64_C(60) + date->tm_sec;

    return gmtime_r(&seconds, date) ? seconds : -1;
}

struct tm *localtime_r(const time_t *restrict seconds, struct tm *restrict date)
{
    return gmtime_r(seconds, date);
}

time_t mktime(struct tm *date)
{
    return timegm(date);
}
