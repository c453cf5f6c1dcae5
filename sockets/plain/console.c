/* console.c -- printf() and its relatives in an image: by the descriptors 1 and 2, unbuffered. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    LINE_BYTES = 256 /* on the stack of a task; longer texts are cut off */
};

struct plain_stream {
    int fd;
};

static const struct plain_stream streams[2] = {{STDOUT_FILENO}, {STDERR_FILENO}};

FILE *const leat_plain_stdout = (FILE *)(uintptr_t)&streams[0];
FILE *const leat_plain_stderr = (FILE *)(uintptr_t)&streams[1];

static int put(const FILE *stream, const char *text, size_t len)
{
    return write(stream->fd, text, len) == (ssize_t)len ? (int)len : EOF;
}

int vfprintf(FILE *stream, const char *format, va_list list)
{
    char line[LINE_BYTES];
    const int len = vsnprintf(line, sizeof line, format, list);
    const int put_len = len < LINE_BYTES ? len : LINE_BYTES - 1;

    if (len < 0 || put(stream, line, (size_t)put_len) < 0)
        return EOF;
    return len;
}

int fprintf(FILE *stream, const char *format, ...)
{
    va_list list;
    int len;

    va_start(list, format);
    len = vfprintf(stream, format, list);
    va_end(list);
    return len;
}

int printf(const char *format, ...)
{
    va_list list;
    int len;

    va_start(list, format);
    len = vfprintf(stdout, format, list);
    va_end(list);
    return len;
}

int fputs(const char *text, FILE *stream)
{
    return put(stream, text, strlen(text));
}

int puts(const char *text)
{
    return fputs(text, stdout) < 0 ? EOF : fputs("\n", stdout);
}

int putchar(int c)
{
    const char byte = (char)c;

    return put(stdout, &byte, 1) < 0 ? EOF : (unsigned char)byte;
}

int fflush(FILE *stream)
{
    (void)stream;
    return 0;
}

void perror(const char *text)
{
    const int error = errno;

    fprintf(stderr, "%s%s%s\n", text ? text : "", text && *text ? ": " : "", strerror(error));
}
