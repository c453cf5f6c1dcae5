/* unix.h -- UNIX sockets by their paths, for all backends over them. */
#ifndef SOCKET_UNIX_H
#define SOCKET_UNIX_H

#include <stdbool.h>

#include <leat/addr.h>
#include <leat/posix.h>

/* Sets *@fd, which the caller closes, also after an error, if it isn't -1.
 *
 * *@unlink_path becomes a copy of a path that was made; the caller removes that path at the end,
 * and frees the copy.  @why gets a line with the failure. */
enum leat_err leat_unix_listen(int *fd, const char *path, char **unlink_path,
                               char why[LEAT_WHY_BYTES]);

/* leat_unix_listen(), but connects to @path; @local_path, for our own end, may be NULL. */
enum leat_err leat_unix_connect(int *fd, int type, const char *path, const char *local_path,
                                char **unlink_path, char why[LEAT_WHY_BYTES]);

/* Sets @mac to @given, or to a random address if @given is NULL. False: @given isn't the address
 * of one station. */
bool leat_unix_choose_mac(struct leat_mac *mac, const struct leat_mac *given);

#endif
