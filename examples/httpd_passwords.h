/*
 * httpd_passwords.h -- passwords that are stored as hashes, in lines of --passwords:
 *
 *      NAME:$pbkdf2-sha256$ROUNDS$SALT$DIGEST
 *
 * Each check takes milliseconds, in which the program does nothing else.  So a password that was
 * right is remembered, and another one is checked only when eight times the duration has passed
 * since the last check, as estimated.  A client whose password was wrong waits for longer, twice as
 * long each time, so that the checks of a client that guesses don't shut out the others.
 */
#ifndef HTTPD_PASSWORDS_H
#define HTTPD_PASSWORDS_H

#include <leat/http_folder.h>

#include "example.h"

/* The reason why such a hash can't be used, or NULL.  It opens the library of cryptography. */
const char *passwords_fault(struct leat_platform *platform, const char *hash, size_t len);

/* For leat_http_passwords.verify. */
bool passwords_verify(const char *password, const char *hash, size_t len);

/* For leat_http_folder_config: leat_http_passwords_allow(), which lets a client wait that may not
 * have another check yet. */
enum leat_http_login_answer passwords_judge(void *arg, struct leat_http_login *login);

#endif
