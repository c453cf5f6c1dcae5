/* stdio.h -- also printf() and its relatives, for images: lines go to the console. */
#ifndef PLAIN_STDIO_H
#define PLAIN_STDIO_H

#pragma GCC system_header /* for this line */
#include_next <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EOF (-1)

/* There are two streams, and no others. */
typedef struct plain_stream FILE;
extern FILE *const leat_plain_stdout;
extern FILE *const leat_plain_stderr;
#define stdout leat_plain_stdout
#define stderr leat_plain_stderr

int printf(const char *format, ...) __asm__("leat_plain_printf")
    __attribute__((format(printf, 1, 2)));
int fprintf(FILE *stream, const char *format, ...) __asm__("leat_plain_fprintf")
    __attribute__((format(printf, 2, 3)));
int vfprintf(FILE *stream, const char *format, va_list list) __asm__("leat_plain_vfprintf")
    __attribute__((format(printf, 2, 0)));
int puts(const char *text) __asm__("leat_plain_puts");
int putchar(int c) __asm__("leat_plain_putchar");
int fputs(const char *text, FILE *stream) __asm__("leat_plain_fputs");
int fflush(FILE *stream) __asm__("leat_plain_fflush");
void perror(const char *text) __asm__("leat_plain_perror");

#ifdef __cplusplus
}
#endif
#endif
