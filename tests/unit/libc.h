/* libc.h -- the C library of images under the names that libc_names.h gives it. */
#ifndef UNIT_LIBC_H
#define UNIT_LIBC_H

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* string.h */
void *bare_memchr(const void *bytes, int byte, size_t len);
size_t bare_strnlen(const char *text, size_t len);
int bare_strcasecmp(const char *a, const char *b);
int bare_strncasecmp(const char *a, const char *b, size_t len);
char *bare_strrchr(const char *text, int c);
char *bare_strstr(const char *text, const char *part);
size_t bare_strspn(const char *text, const char *of);
size_t bare_strcspn(const char *text, const char *of);
char *bare_strpbrk(const char *text, const char *of);
char *bare_strcpy(char *to, const char *from);
char *bare_strncpy(char *to, const char *from, size_t len);
char *bare_strcat(char *to, const char *from);
char *bare_strncat(char *to, const char *from, size_t len);
char *bare_stpcpy(char *to, const char *from);
void *bare_memccpy(void *to, const void *from, int last, size_t len);
char *bare_strtok(char *text, const char *between);
char *bare_strtok_r(char *text, const char *between, char **rest);
int bare_strcoll(const char *a, const char *b);
size_t bare_strxfrm(char *to, const char *from, size_t size);
char *bare_strerror(int error);
void *bare_memcpy(void *to, const void *from, size_t len);
void *bare_memmove(void *to, const void *from, size_t len);
void *bare_memset(void *to, int byte, size_t len);
int bare_memcmp(const void *a, const void *b, size_t len);
size_t bare_strlen(const char *text);
int bare_strcmp(const char *a, const char *b);
int bare_strncmp(const char *a, const char *b, size_t len);
char *bare_strchr(const char *text, int c);

/* stdio.h */
int bare_snprintf(char *text, size_t size, const char *format, ...);
int bare_vsnprintf(char *text, size_t size, const char *format, va_list args);
int bare_sprintf(char *text, const char *format, ...);
int bare_vsprintf(char *text, const char *format, va_list args);

/* stdlib.h and inttypes.h */
int bare_atoi(const char *text);
long bare_atol(const char *text);
long long bare_atoll(const char *text);
long bare_strtol(const char *text, char **end, int base);
long long bare_strtoll(const char *text, char **end, int base);
unsigned long bare_strtoul(const char *text, char **end, int base);
unsigned long long bare_strtoull(const char *text, char **end, int base);
intmax_t bare_strtoimax(const char *text, char **end, int base);
uintmax_t bare_strtoumax(const char *text, char **end, int base);
int bare_abs(int value);
long bare_labs(long value);
long long bare_llabs(long long value);
intmax_t bare_imaxabs(intmax_t value);
div_t bare_div(int value, int by);
ldiv_t bare_ldiv(long value, long by);
lldiv_t bare_lldiv(long long value, long long by);
imaxdiv_t bare_imaxdiv(intmax_t value, intmax_t by);
void bare_qsort(void *base, size_t count, size_t size,
                int (*compare)(const void *a, const void *b));
void bare_qsort_r(void *base, size_t count, size_t size,
                  int (*compare)(const void *a, const void *b, void *arg), void *arg);
void *bare_bsearch(const void *key, const void *base, size_t count, size_t size,
                   int (*compare)(const void *key, const void *element));
int bare_atexit(void (*function)(void));
void bare_exit(int status) __attribute__((noreturn));
void bare_exit_at_once(int status) __attribute__((noreturn));
void bare_abort(void) __attribute__((noreturn));

/* errno.h */
extern int leat_libc_errno;

/* ctype.h */
int bare_isalnum(int c);
int bare_isalpha(int c);
int bare_isblank(int c);
int bare_iscntrl(int c);
int bare_isdigit(int c);
int bare_isgraph(int c);
int bare_islower(int c);
int bare_isprint(int c);
int bare_ispunct(int c);
int bare_isspace(int c);
int bare_isupper(int c);
int bare_isxdigit(int c);
int bare_tolower(int c);
int bare_toupper(int c);

/* time.h */
struct bare_tm {
    int tm_sec, tm_min, tm_hour, tm_mday, tm_mon, tm_year, tm_wday, tm_yday, tm_isdst;
};

long bare_time(long *seconds);
struct bare_tm *bare_gmtime_r(const long *seconds, struct bare_tm *date);
struct bare_tm *bare_localtime_r(const long *seconds, struct bare_tm *date);
long bare_timegm(struct bare_tm *date);
long bare_mktime(struct bare_tm *date);

/* assert.h, and what C++ calls */
void leat_libc_assert_failed(const char *condition, const char *file, unsigned line,
                             const char *function) __attribute__((noreturn));
int bare_cxa_atexit(void (*function)(void *arg), void *arg, const void *library);
void bare_cxa_pure_virtual(void) __attribute__((noreturn));
void bare_cxa_deleted_virtual(void) __attribute__((noreturn));
int bare_cxa_guard_acquire(uint64_t *guard);
void bare_cxa_guard_release(uint64_t *guard);

#endif
