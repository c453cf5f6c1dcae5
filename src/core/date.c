/*
 * date.c -- calendar dates: see leat/civil.h.
 *
 * Days are counted as POSIX does: each has 86,400 seconds, so there are no leap seconds. The
 * calendar is the Gregorian one, in which 400 years (an era) have always the same number of days.
 */
#include <leat/civil.h>

#include <string.h>

#include "core/assert.h"
#include "core/second.h"

enum {
    YEAR_FIRST = 1970,
    YEAR_LAST = 2553, /* the last full year that uint64_t nanoseconds can express */
    DAY_S = 86400,
    DAYS_TO_1970 = 719468, /* from March 1st of the year 0 */
    DAYS_OF_400_YEARS = 146097,
    DAYS_OF_100_YEARS = 36524,
    DAYS_OF_4_YEARS = 1461,
    THURSDAY = 4 /* the weekday of 1970-01-01 */
};

/* Counts years from March, so that the leap day is the last day of a year; @days since 1970. An era
 * is first rid of its leap days: one each 1,460 days, but none each 36,524, and one more at its
 * end. The rest divided by 365 is the year. */
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

    leat_assert(date->month >= 1);
    return date->month == 2 && leap ? 29 : days[date->month - 1];
}

static bool date_exists(const struct leat_civil_date *date)
{
    /* a leap second, xx:xx:60, has no number in this count, so it is no date */
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
    /* as in set_day(), January and February belong to the year before */
    year = date->year - (uint32_t)(date->month <= 2);
    month_from_march = date->month > 2 ? date->month - 3u : date->month + 9u;
    days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month_from_march + 2) / 5 +
           date->day - 1 - DAYS_TO_1970;
    seconds = (uint64_t)days * DAY_S + date->hour * 3600u + date->minute * 60u + date->second;
    return seconds * second_ns;
}

static const char weekdays[] = "SunMonTueWedThuFriSat";
static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

_Static_assert(sizeof weekdays == 7 * 3 + 1, "three letters each");
_Static_assert(sizeof months == 12 * 3 + 1, "the same");

static void put_two(char *at, unsigned number)
{
    at[0] = (char)('0' + number / 10 % 10);
    at[1] = (char)('0' + number % 10);
}

void leat_civil_format_http(uint64_t civil_ns, char text[LEAT_CIVIL_HTTP_BYTES])
{
    const struct leat_civil_date date = leat_civil_date(civil_ns);

    leat_debug_assert(date.month <= 12);
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

/* ---- Reading dates ------------------------------------------------------------------------ */

/* The unread rest of a string. */
struct reader {
    const char *at;
    const char *end;
    bool failed;
};

/* Reads exactly @digits digits. After a failure it returns 0 and reads nothing, as all functions
 * here. */
static unsigned take_number(struct reader *reader, unsigned digits)
{
    unsigned number = 0;

    for (; digits > 0 && !reader->failed; digits--) {
        reader->failed = reader->at == reader->end || *reader->at < '0' || *reader->at > '9';
        if (!reader->failed)
            number = 10 * number + (unsigned)(*reader->at++ - '0');
    }
    return number;
}

/* Reads one of @names, of three letters each; returns its index. */
static unsigned take_name(struct reader *reader, const char *names)
{
    unsigned i = 0;

    reader->failed |= reader->end - reader->at < 3;
    if (reader->failed)
        return 0;
    while (names[3 * i] && memcmp(names + 3 * i, reader->at, 3) != 0)
        i++;
    reader->failed = !names[3 * i];
    reader->at += 3;
    return i;
}

static void take_literal(struct reader *reader, char literal)
{
    reader->failed |= reader->at == reader->end || *reader->at != literal;
    reader->at += !reader->failed;
}

/* The weekday isn't compared with the date: RFC 9110 5.6.7 asks recipients to be robust. */
static void take_weekday(struct reader *reader, bool whole)
{
    static const char *const tails[] = {"day", "day", "sday", "nesday", "rsday", "day", "urday"};
    const unsigned weekday = take_name(reader, weekdays);

    _Static_assert(sizeof tails / sizeof *tails == 7, "a tail for each of weekdays");
    for (const char *c = reader->failed || !whole ? "" : tails[weekday]; *c; c++)
        take_literal(reader, *c);
}

/* asctime() pads a one-digit day with a blank. */
static unsigned take_day(struct reader *reader)
{
    const bool blank = reader->at < reader->end && *reader->at == ' ';

    reader->at += blank;
    return take_number(reader, blank ? 1 : 2);
}

/* RFC 9110 5.6.7 decides the century by the current time, which isn't known here. */
static unsigned take_short_year(struct reader *reader)
{
    const unsigned year = take_number(reader, 2) + 1900;

    return year < YEAR_FIRST ? year + 100 : year;
}

/* Reads the input that one character of a pattern stands for: a field of the date, or a literal. W
 * and D are the long weekday and the day of asctime(); o is the month, since m is the minute. */
static void take_part(struct reader *reader, char part, struct leat_civil_date *date)
{
    if (part == 'w' || part == 'W')
        take_weekday(reader, part == 'W');
    else if (part == 'd')
        date->day = (uint8_t)take_number(reader, 2);
    else if (part == 'D')
        date->day = (uint8_t)take_day(reader);
    else if (part == 'o')
        date->month = (uint8_t)(take_name(reader, months) + 1);
    else if (part == 'y')
        date->year = (uint16_t)take_short_year(reader);
    else if (part == 'Y')
        date->year = (uint16_t)take_number(reader, 4);
    else if (part == 'h')
        date->hour = (uint8_t)take_number(reader, 2);
    else if (part == 'm')
        date->minute = (uint8_t)take_number(reader, 2);
    else if (part == 's')
        date->second = (uint8_t)take_number(reader, 2);
    else
        take_literal(reader, part);
}

uint64_t leat_civil_parse_http(const char *text, size_t len)
{
    /* a server must accept all three forms of RFC 9110 5.6.7: IMF-fixdate, that of RFC 850, and
     * that of asctime() */
    static const char *const forms[] = {"w, d o Y h:m:s GMT", "W, d-o-y h:m:s GMT",
                                        "w o D h:m:s Y"};

    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct reader reader = {.at = text, .end = text + len};
        struct leat_civil_date date = {.year = 0};

        for (const char *part = forms[i]; *part && !reader.failed; part++)
            take_part(&reader, *part, &date);
        while (reader.at < reader.end && (*reader.at == ' ' || *reader.at == '\t'))
            reader.at++;
        if (!reader.failed && reader.at == reader.end)
            return leat_civil_of_date(&date);
    }
    return 0;
}
