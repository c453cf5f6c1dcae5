/*
 * stdlib.h -- conversions, sorting, and the end, for machines without a libc (C11 7.22).
 *
 * There is no heap: a program shares out the memory of its machine, as leat_init() does with its
 * part. rand() is left out: leat_host.entropy() gives random bytes. strtod() and its relatives are
 * left out because images need not have floating point.
 */
#ifndef BARE_STDLIB_H
#define BARE_STDLIB_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#define BARE_RESTRICT
#else
#define BARE_RESTRICT restrict
#endif

#define EXIT_SUCCESS 0
#define EXIT_FAILURE 1

typedef struct {
    int quot;
    int rem;
} div_t;

typedef struct {
    long quot;
    long rem;
} ldiv_t;

typedef struct {
    long long quot;
    long long rem;
} lldiv_t;

int atoi(const char *text);
long atol(const char *text);
long long atoll(const char *text);
long strtol(const char *BARE_RESTRICT text, char **BARE_RESTRICT end, int base);
long long strtoll(const char *BARE_RESTRICT text, char **BARE_RESTRICT end, int base);
unsigned long strtoul(const char *BARE_RESTRICT text, char **BARE_RESTRICT end, int base);
unsigned long long strtoull(const char *BARE_RESTRICT text, char **BARE_RESTRICT end, int base);

int abs(int value);
long labs(long value);
long long llabs(long long value);
div_t div(int value, int by);
ldiv_t ldiv(long value, long by);
lldiv_t lldiv(long long value, long long by);

/* Heapsort: no memory, no recursion, n log n comparisons for every input; not stable. */
void qsort(void *base, size_t count, size_t size, int (*compare)(const void *a, const void *b));
void qsort_r(void *base, size_t count, size_t size,
             int (*compare)(const void *a, const void *b, void *arg), void *arg);
void *bsearch(const void *key, const void *base, size_t count, size_t size,
              int (*compare)(const void *key, const void *element));

/* Registers a function for the end of the program. Not 0: 64 functions and destructors of static
 * objects are registered already. */
int atexit(void (*function)(void));

/* Runs the functions of atexit() and the destructors of static objects, the last registered one
 * first, then those in .fini_array. It ends the machine with @status, as far as the hypervisor
 * supports one. A return from main() does the same. */
void exit(int status) __attribute__((noreturn));

/* Ends the machine at once. */
void _Exit(int status) __attribute__((noreturn));

/* Stops the machine with the report of a crash. */
void abort(void) __attribute__((noreturn));

#ifdef __cplusplus
}
#endif
#undef BARE_RESTRICT
#endif
