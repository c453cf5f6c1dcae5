/* string.h -- picolibc's, with texts for Linux's numbers of errors. */
#ifndef PORT_STRING_H
#define PORT_STRING_H

#include_next <string.h>

char *port_strerror(int error);
#define strerror(error) port_strerror(error)

#endif
