/* posix_check.h -- --check-config: a start that changes nothing. */
#ifndef POSIX_CHECK_H
#define POSIX_CHECK_H

#include "posix_program.h"

/* Gives the program addresses, if it has to ask the network for them; the options are read. */
void posix_check_assume(struct options *options);

/* In place of the store, the device and the recorder: looks whether they could be opened, and opens
 * a device that leads nowhere.  The program's writes to files are dropped from now on.  False: a
 * line with the reason was printed. */
bool posix_check_open(struct program *program);

/* Has the program start, with its stack attached; returns the exit status. */
int posix_check_start(struct program *program);

#endif
