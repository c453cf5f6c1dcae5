/* termios.h -- a terminal, which an image doesn't have: ENOTTY. */
#ifndef PORT_TERMIOS_H
#define PORT_TERMIOS_H

#define ECHO      8
#define TCSANOW   0
#define TCSAFLUSH 2

struct termios {
    unsigned c_lflag;
};

int tcgetattr(int fd, struct termios *settings);
int tcsetattr(int fd, int when, const struct termios *settings);

#endif
