/*
 * libc.c -- an image that calls its C library, and has constructors and destructors.
 *
 * The command line says how it ends: "return", "exit", "_Exit", "assert", or "abort".
 */
#undef NDEBUG /* releases test assert(), too */
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <leat/metal.h>

enum {
    LINE_BYTES = 160,
    STATUS = 5
};

static struct leat_metal *machine;
static char order[16]; /* of the constructors */
static unsigned wrong;

__attribute__((constructor(102))) static void construct_second(void)
{
    strcat(order, "2");
}

__attribute__((constructor)) static void construct_last(void)
{
    strcat(order, "3");
}

__attribute__((constructor(101))) static void construct_first(void)
{
    strcat(order, "1");
}

static void construct_before(void)
{
    strcat(order, "0");
}

__attribute__((section(".preinit_array"),
               used)) static void (*const before)(void) = construct_before;

static void say(const char *line)
{
    machine->host->console(machine->host, line, strlen(line));
    machine->host->console(machine->host, "\n", 1);
}

__attribute__((destructor)) static void destruct(void)
{
    say("destructor");
}

static void at_exit(void)
{
    say("atexit");
}

static void check(int condition, const char *what)
{
    char line[LINE_BYTES];

    if (condition)
        return;
    wrong++;
    snprintf(line, sizeof line, "wrong: %s", what);
    say(line);
}
#define CHECK(condition) check((condition) != 0, #condition)

static void check_texts(void)
{
    char text[LINE_BYTES], *end, *rest;

    CHECK(snprintf(text, sizeof text, "%05d|%-4s|%#x|%" PRIu64 "|%c", -42, "ab", 255u, UINT64_MAX,
                   'z') == 38);
    CHECK(strcmp(text, "-0042|ab  |0xff|18446744073709551615|z") == 0);
    CHECK(strtol("  -0x7f rest", &end, 0) == -127 && strcmp(end, " rest") == 0);
    errno = 0;
    CHECK(strtoull("18446744073709551616", NULL, 10) == ULLONG_MAX && errno == ERANGE);
    CHECK(atoi("17 and") == 17 && isalpha('q') && !isdigit('q') && toupper('q') == 'Q');
    strcpy(text, "one, two");
    CHECK(strcmp(strtok_r(text, ", ", &rest), "one") == 0);
    CHECK(strcmp(strtok_r(NULL, ", ", &rest), "two") == 0 && !strtok_r(NULL, ", ", &rest));
    CHECK(strcmp(strerror(EINVAL), "Not a valid argument") == 0);
    CHECK(div(-7, 2).quot == -3 && div(-7, 2).rem == -1 && labs(-3) == 3);
}

static int compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void check_sorting(void)
{
    int numbers[] = {5, 3, 9, -1, 0, 3, 8}, wanted = 8;

    qsort(numbers, 7, sizeof *numbers, compare);
    CHECK(numbers[0] == -1 && numbers[1] == 0 && numbers[2] == 3 && numbers[6] == 9);
    CHECK(bsearch(&wanted, numbers, 7, sizeof *numbers, compare) == numbers + 5);
}

static jmp_buf back;

static void jump(int value)
{
    longjmp(back, value);
}

static void check_jumps(void)
{
    static int came; /* a local variable might be lost */
    static int jumps;

    came = setjmp(back);
    if (jumps++ == 0)
        jump(7);
    CHECK(came == 7 && jumps == 2);
}

static void check_time(void)
{
    const time_t leap_day = 951782400;
    struct tm date;
    char line[LINE_BYTES];
    const time_t now = time(NULL);

    CHECK(gmtime_r(&leap_day, &date) && date.tm_mon == 1 && date.tm_mday == 29);
    CHECK(timegm(&date) == leap_day);
    snprintf(line, sizeof line, "time %ld", (long)now);
    say(line);
}

int leat_metal_main(struct leat_metal *metal)
{
    machine = metal;
    check(strcmp(order, "0123") == 0, order);
    check_texts();
    check_sorting();
    check_jumps();
    check_time();
    CHECK(atexit(at_exit) == 0);
    if (wrong > 0)
        return 1;
    say("all is right");
    if (strstr(metal->command_line, "_Exit"))
        _Exit(STATUS + 1);
    if (strstr(metal->command_line, "exit"))
        exit(STATUS);
    if (strstr(metal->command_line, "abort"))
        abort();
    assert(!strstr(metal->command_line, "assert"));
    return 0;
}
