/* rtc.c -- the PC's real-time clock (a Motorola MC146818A in the chipset), as civil time. */
#include <leat/civil.h>

#include "cpu.h"
#include "xen_guest.h"
#include "../metal.h"

enum {
    RTC_INDEX = 0x70, /* ports */
    RTC_DATA = 0x71,
    RTC_SECOND = 0x00, /* registers */
    RTC_MINUTE = 0x02,
    RTC_HOUR = 0x04,
    RTC_DAY = 0x07,
    RTC_MONTH = 0x08,
    RTC_YEAR = 0x09,
    RTC_STATUS_A = 0x0a,
    RTC_STATUS_B = 0x0b,
    UPDATING = 0x80,  /* of status A: for up to 2 ms the others are not to be read */
    HOURS_24 = 0x02,  /* of status B */
    BINARY = 0x04,    /* else digits, four bits each */
    AFTERNOON = 0x80, /* of the hour, if there are 12 */
    NOTHING = 0xff,   /* what a port without a device reads as */
    CENTURY = 2000,   /* a clock that counts two digits can't be older than its hypervisor */
    SPINS_MAX = 100000,
    READS_MAX = 8
};

static uint8_t rtc_read(uint8_t reg)
{
    out8(RTC_INDEX, reg);
    return in8(RTC_DATA);
}

static unsigned number(uint8_t value, uint8_t status_b)
{
    return status_b & BINARY ? value : 10u * (value >> 4) + (value & 0xf);
}

/* False: its update never ends. */
static bool read_date(struct leat_civil_date *date)
{
    const uint8_t status_b = rtc_read(RTC_STATUS_B);
    unsigned hour, spins = 0;
    uint8_t raw_hour;

    while (rtc_read(RTC_STATUS_A) & UPDATING)
        if (++spins == SPINS_MAX)
            return false;
    raw_hour = rtc_read(RTC_HOUR);
    hour = number(raw_hour & (uint8_t)~AFTERNOON, status_b);
    if (!(status_b & HOURS_24))
        hour = hour % 12 + (raw_hour & AFTERNOON ? 12 : 0);
    *date =
        (struct leat_civil_date){.year = (uint16_t)(CENTURY + number(rtc_read(RTC_YEAR), status_b)),
                                 .month = (uint8_t)number(rtc_read(RTC_MONTH), status_b),
                                 .day = (uint8_t)number(rtc_read(RTC_DAY), status_b),
                                 .hour = (uint8_t)hour,
                                 .minute = (uint8_t)number(rtc_read(RTC_MINUTE), status_b),
                                 .second = (uint8_t)number(rtc_read(RTC_SECOND), status_b)};
    return true;
}

/* Reads until two readings agree: the clock may have advanced within one. */
uint64_t rtc_civil_ns(void)
{
    struct leat_civil_date date;
    uint64_t before_ns = 0, civil_ns;

    if (xen_guest())
        return xen_civil_ns();
    if (rtc_read(RTC_STATUS_A) == NOTHING)
        return 0; /* a microvm may have none */
    for (unsigned i = 0; i < READS_MAX; i++) {
        if (!read_date(&date))
            return 0;
        civil_ns = leat_civil_of_date(&date);
        if (civil_ns != 0 && civil_ns == before_ns)
            return civil_ns;
        before_ns = civil_ns;
    }
    return 0;
}
