/*
 * port.h -- what the two halves of a ported program say to each other.
 *
 * The program and picolibc become one object that shows only leat_program_main(): they and leat's
 * own C library have functions of the same names. The object calls leat_plain_...(), and these.
 */
#ifndef PORT_H
#define PORT_H

#include <stddef.h>
#include <stdint.h>

/* The bytes of a file of the image, as long as it runs. 0, or an errno. */
int port_file(const char *path, const char **bytes, size_t *len);

/* Microseconds since 1970. */
int64_t port_time_us(void);

/* Words for an errno of Linux. */
char *port_strerror(int error);

/* Ends the machine with that status. */
void port_exit(int status) __attribute__((noreturn));

#endif
