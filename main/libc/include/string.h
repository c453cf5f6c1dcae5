/*
 * string.h -- bytes and strings, for machines without a libc.
 *
 * C11 7.24 in the "C" locale, and some functions of POSIX.  strdup is left out because it needs an
 * allocator.  strtok has a hidden state: programs with tasks call strtok_r.
 */
#ifndef BARE_STRING_H
#define BARE_STRING_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#define BARE_RESTRICT
#else
#define BARE_RESTRICT restrict
#endif

void *memcpy(void *BARE_RESTRICT to, const void *BARE_RESTRICT from, size_t len);
void *memmove(void *to, const void *from, size_t len);
void *memset(void *to, int byte, size_t len);
int memcmp(const void *a, const void *b, size_t len);
void *memchr(const void *bytes, int byte, size_t len);

size_t strlen(const char *text);
size_t strnlen(const char *text, size_t len);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t len);
int strcasecmp(const char *a, const char *b);
int strncasecmp(const char *a, const char *b, size_t len);
char *strchr(const char *text, int c);
char *strrchr(const char *text, int c);
char *strstr(const char *text, const char *part);
size_t strspn(const char *text, const char *of);
size_t strcspn(const char *text, const char *of);
char *strpbrk(const char *text, const char *of);
char *strcpy(char *BARE_RESTRICT to, const char *BARE_RESTRICT from);
char *strncpy(char *BARE_RESTRICT to, const char *BARE_RESTRICT from, size_t len);
char *strcat(char *BARE_RESTRICT to, const char *BARE_RESTRICT from);
char *strncat(char *BARE_RESTRICT to, const char *BARE_RESTRICT from, size_t len);
char *stpcpy(char *BARE_RESTRICT to, const char *BARE_RESTRICT from);
void *memccpy(void *BARE_RESTRICT to, const void *BARE_RESTRICT from, int last, size_t len);
char *strtok(char *BARE_RESTRICT text, const char *BARE_RESTRICT between);
char *strtok_r(char *BARE_RESTRICT text, const char *BARE_RESTRICT between,
               char **BARE_RESTRICT rest);
int strcoll(const char *a, const char *b);
size_t strxfrm(char *BARE_RESTRICT to, const char *BARE_RESTRICT from, size_t size);
char *strerror(int error);

#ifdef __cplusplus
}
#endif
#undef BARE_RESTRICT
#endif
