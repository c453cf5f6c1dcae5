/* civil.c -- civil time on top of the stack's, and dates. */
#include <leat/civil.h>

#include <string.h>

#include "stack.h"

enum {
    YEAR_FIRST = 1970,
    YEAR_LAST = 2553, /* the last that uint64_t nanoseconds hold whole */
    DAY_S = 86400,
    DAYS_TO_1970 = 719468, /* from March 1st of the year 0 */
    DAYS_OF_400_YEARS = 146097,
    DAYS_OF_100_YEARS = 36524,
    DAYS_OF_4_YEARS = 1461,
    THURSDAY = 4 /* 1970-01-01 was one */
};

static const uint64_t second_ns = 1000000000;

uint64_t leat_civil_ns(const struct leat *stack)
{
    return stack->civil_known ? stack->civil_at_zero_ns + stack->now_ns : 0;
}

void leat_civil_set(struct leat *stack, uint64_t civil_ns)
{
    stack->civil_known = civil_ns != 0;
    stack->civil_at_zero_ns = civil_ns - stack->now_ns; /* modulo 2^64 */
}

bool leat_civil_from_host(struct leat *stack, struct leat_host *host)
{
    const uint64_t civil_ns = host->civil_ns ? host->civil_ns(host) : 0;

    if (civil_ns != 0) /* it is later now than at the poll */
        leat_civil_set(stack, civil_ns - (host->now_ns(host) - stack->now_ns));
    return civil_ns != 0;
}

/* Years are counted from March, so that a leap day is the last of its year; @days since 1970. */
static void set_day(struct leat_civil_date *date, uint32_t days)
{
    const uint32_t from_zero = days + DAYS_TO_1970;
    const uint32_t era = from_zero / DAYS_OF_400_YEARS;
    const uint32_t day_of_era = from_zero % DAYS_OF_400_YEARS;
    const uint32_t year_of_era =
        (day_of_era - day_of_era / (DAYS_OF_4_YEARS - 1) + day_of_era / DAYS_OF_100_YEARS -
         day_of_era / (DAYS_OF_400_YEARS - 1)) /
        365;
    const uint32_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const uint32_t month_from_march = (5 * day_of_year + 2) / 153; /* 153 days in five months */

    date->day = (uint8_t)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    date->month = (uint8_t)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    date->year = (uint16_t)(400 * era + year_of_era + (date->month <= 2));
}

struct leat_civil_date leat_civil_date(uint64_t civil_ns)
{
    const uint64_t seconds = civil_ns / second_ns;
    const uint32_t days = (uint32_t)(seconds / DAY_S);
    const uint32_t of_day = (uint32_t)(seconds % DAY_S);
    struct leat_civil_date date = {.hour = (uint8_t)(of_day / 3600),
                                   .minute = (uint8_t)(of_day / 60 % 60),
                                   .second = (uint8_t)(of_day % 60),
                                   .weekday = (uint8_t)((days + THURSDAY) % 7)};

    set_day(&date, days);
    return date;
}

static uint8_t days_of_month(const struct leat_civil_date *date)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = date->year % 4 == 0 && (date->year % 100 != 0 || date->year % 400 == 0);

    return date->month == 2 && leap ? 29 : days[date->month - 1];
}

static bool date_exists(const struct leat_civil_date *date)
{
    return date->year >= YEAR_FIRST && date->year <= YEAR_LAST && date->month >= 1 &&
           date->month <= 12 && date->day >= 1 && date->day <= days_of_month(date) &&
           date->hour < 24 && date->minute < 60 && date->second < 60;
}

uint64_t leat_civil_of_date(const struct leat_civil_date *date)
{
    uint32_t year, month_from_march, days;
    uint64_t seconds;

    if (!date_exists(date))
        return 0;
    year = date->year - (uint32_t)(date->month <= 2);
    month_from_march = date->month > 2 ? date->month - 3u : date->month + 9u;
    days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month_from_march + 2) / 5 +
           date->day - 1 - DAYS_TO_1970;
    seconds = (uint64_t)days * DAY_S + date->hour * 3600u + date->minute * 60u + date->second;
    return seconds * second_ns;
}

static void put_two(char *at, unsigned number)
{
    at[0] = (char)('0' + number / 10 % 10);
    at[1] = (char)('0' + number % 10);
}

void leat_civil_format_http(uint64_t civil_ns, char text[LEAT_CIVIL_HTTP_BYTES])
{
    static const char weekdays[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const struct leat_civil_date date = leat_civil_date(civil_ns);

    memcpy(text, "Www, dd Mmm yyyy hh:mm:ss GMT", LEAT_CIVIL_HTTP_BYTES);
    memcpy(text, weekdays + 3 * date.weekday, 3);
    put_two(text + 5, date.day);
    memcpy(text + 8, months + 3 * (date.month - 1), 3);
    put_two(text + 12, date.year / 100u);
    put_two(text + 14, date.year % 100u);
    put_two(text + 17, date.hour);
    put_two(text + 20, date.minute);
    put_two(text + 23, date.second);
}
