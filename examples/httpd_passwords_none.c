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

enum leat_http_login_answer passwords_judge(void *arg, struct leat_http_login *login)
{
    return leat_http_passwords_allow(arg, login->name, login->password) ? LEAT_HTTP_LOGIN_ALLOWED
                                                                        : LEAT_HTTP_LOGIN_REFUSED;
}
