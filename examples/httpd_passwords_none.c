/* httpd_passwords_none.c -- a build without cryptography takes passwords as they are only. */
#include <leat/http_folder.h>

#include "httpd_passwords.h"

const char *passwords_fault(struct leat_platform *platform, const char *hash, size_t len)
{
    (void)platform;
    (void)hash;
    (void)len;
    return "this program was built without cryptography: write the password";
}

bool passwords_verify(const char *password, const char *hash, size_t len)
{
    (void)password;
    (void)hash;
    (void)len;
    return false;
}

bool passwords_allow(void *arg, const char *name, const char *password)
{
    return leat_http_passwords_allow(arg, name, password);
}

bool passwords_are_busy(void *arg)
{
    (void)arg;
    return false;
}
