/* arithmetic.c -- absolute values, and quotients with their remainders, without a libc. */
#include <inttypes.h>
#include <stdlib.h>

int abs(int value)
{
    return value < 0 ? -value : value;
}

long labs(long value)
{
    return value < 0 ? -value : value;
}

long long llabs(long long value)
{
    return value < 0 ? -value : value;
}

intmax_t imaxabs(intmax_t value)
{
    return value < 0 ? -value : value;
}

div_t div(int value, int by)
{
    return (div_t){.quot = value / by, .rem = value % by};
}

ldiv_t ldiv(long value, long by)
{
    return (ldiv_t){.quot = value / by, .rem = value % by};
}

lldiv_t lldiv(long long value, long long by)
{
    return (lldiv_t){.quot = value / by, .rem = value % by};
}

imaxdiv_t imaxdiv(intmax_t value, intmax_t by)
{
    return (imaxdiv_t){.quot = value / by, .rem = value % by};
}
