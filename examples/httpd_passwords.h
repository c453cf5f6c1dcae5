/*
 * httpd_passwords.h -- passwords that are stored as hashes, in lines of --passwords:
 *
 *      NAME:$pbkdf2-sha256$ROUNDS$SALT$DIGEST
 *
 * Each check takes milliseconds, in which the program does nothing else.  So a password that was
 * right is remembered, and another one is checked only when eight times the duration has passed
 * since the last check, as estimated.
 */
#ifndef HTTPD_PASSWORDS_H
#define HTTPD_PASSWORDS_H

#include "example.h"

/* The reason why such a hash can't be used, or NULL.  It opens the library of cryptography. */
const char *passwords_fault(struct leat_platform *platform, const char *hash, size_t len);

/* For leat_http_passwords.verify. */
bool passwords_verify(const char *password, const char *hash, size_t len);

/* For leat_http_folder_config: leat_http_passwords_allow(), and whether its last refusal only meant
 * that it is too early for another check. */
bool passwords_allow(void *arg, const char *name, const char *password);
bool passwords_are_busy(void *arg);

#endif
