/* http_passwords.c -- basic authentication (RFC 7617). */
#include <string.h>

#include <leat/crypto.h>

#include "web/http/http_folder.h"

enum {
    LOGIN_BYTES = HTTP_CREDENTIALS_BYTES * 3 / 4 + 1 /* decoded, with a NUL */
};

/* ---- Credentials ----------------------------------------------------------------------------- */

/* The value of a character of base64 (RFC 4648 4), or -1. */
static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Decodes base64 to a string. False: it is broken, or has control characters (RFC 7617 2). */
static bool decode(const char *text, size_t len, char login[LOGIN_BYTES])
{
    uint32_t bits = 0;
    unsigned count = 0;
    size_t at = 0;

    /* the padding says nothing that the length doesn't say, and some clients leave it out */
    while (len > 0 && text[len - 1] == '=')
        len--;
    for (size_t i = 0; i < len; i++) {
        const int value = value_of(text[i]);

        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        count += 6;
        if (count < 8)
            continue;
        count -= 8;
        login[at] = (char)(bits >> count & 0xff);
        if ((unsigned char)login[at] < ' ' || login[at] == 0x7f)
            return false;
        at++;
    }
    login[at] = '\0';
    return true;
}

/* Divides "name:password". NULL: there is no colon. */
static char *divide(char *login)
{
    /* RFC 7617 2: the first colon; a password may have others */
    while (*login && *login != ':')
        login++;
    if (!*login)
        return NULL;
    *login = '\0';
    return login + 1;
}

/* Asks the program. */
static enum leat_http_login_answer ask(const struct leat_http_folder_config *config,
                                       struct leat_http_login *login)
{
    if (config->judge)
        return config->judge(config->allows_arg, login);
    return config->allows(config->allows_arg, login->name, login->password)
               ? LEAT_HTTP_LOGIN_ALLOWED
               : LEAT_HTTP_LOGIN_REFUSED;
}

enum leat_http_login_answer http_folder_judge(const struct leat_http_folder *folder,
                                              const struct http_asked *asked, uint16_t *retry_s)
{
    static const char scheme[] = "basic ";
    const struct http_words *words = asked->request->words;
    struct leat_http_login login = {.client = asked->client, .retry_s = 1};
    enum leat_http_login_answer answer = LEAT_HTTP_LOGIN_REFUSED;
    char text[LOGIN_BYTES];
    size_t at = 0;
    bool is_basic;

    if (!folder->config.allows && !folder->config.judge)
        return LEAT_HTTP_LOGIN_ALLOWED;
    /* a password that was cut isn't the client's */
    if (words->credentials_too_long)
        return LEAT_HTTP_LOGIN_REFUSED;
    while (at < words->credentials_len && at < sizeof scheme - 1 &&
           (words->credentials[at] | 0x20) == scheme[at]) /* any letter case (RFC 9110 11.1) */
        at++;
    is_basic = at == sizeof scheme - 1;
    while (at < words->credentials_len && words->credentials[at] == ' ')
        at++;
    if (is_basic && decode(words->credentials + at, words->credentials_len - at, text)) {
        login.name = text;
        login.password = divide(text);
    }
    if (login.password)
        answer = ask(&folder->config, &login);
    *retry_s = login.retry_s;
    /* the memory of this frame is used again: the password must not stay there */
    leat_crypto_wipe(text, sizeof text);
    return answer;
}

/* ---- Passwords ------------------------------------------------------------------------------- */

/* True if @text is the string @secret; this takes as long for all that are as long as @text. */
static bool is_same(const char *text, size_t len, const char *secret)
{
    char padded[2][LOGIN_BYTES] = {{0}};
    const size_t secret_len = http_length(secret, LOGIN_BYTES - 1);
    const bool fits = len < LOGIN_BYTES && secret_len < LOGIN_BYTES;
    bool same;

    /* Both are compared in full, padded with zeros. A comparison that stops at the first difference
     * would reveal by its time how much of a guess is right. */
    memcpy(padded[0], text, fits ? len : 0);
    memcpy(padded[1], secret, fits ? secret_len : 0);
    same = leat_crypto_equal(padded[0], padded[1], LOGIN_BYTES) & fits & (len == secret_len);
    leat_crypto_wipe(padded, sizeof padded);
    return same;
}

/* True if the line is for this user. */
static bool line_allows(const struct leat_http_passwords *passwords, const char *line, size_t len,
                        const char *name, const char *password)
{
    static const char plain[] = "{PLAIN}"; /* as nginx writes it */
    const char *stored;
    size_t name_len = 0, stored_len;
    bool is_name;

    while (name_len < len && line[name_len] != ':')
        name_len++;
    if (len == 0 || line[0] == '#' || name_len == 0 || name_len == len)
        return false;
    stored = line + name_len + 1;
    stored_len = len - name_len - 1;
    /* Both comparisons are made, and joined by &, so the time doesn't say whether the name
     * exists. Only a hash is left out for other names: it is made to be slow, and there may be
     * many lines. */
    is_name = is_same(line, name_len, name);
    if (stored_len > 0 && stored[0] == '$')
        return is_name && passwords->verify && passwords->verify(password, stored, stored_len);
    if (stored_len >= sizeof plain - 1 && memcmp(stored, plain, sizeof plain - 1) == 0) {
        stored += sizeof plain - 1;
        stored_len -= sizeof plain - 1;
    }
    return is_same(stored, stored_len, password) & is_name;
}

bool leat_http_passwords_allow(void *arg, const char *name, const char *password)
{
    const struct leat_http_passwords *passwords = arg;
    bool allowed = false;
    size_t at = 0;

    while (at < passwords->len) {
        const char *line = passwords->lines + at;
        size_t len = 0;

        while (at + len < passwords->len && line[len] != '\n')
            len++;
        at += len + 1;
        if (len > 0 && line[len - 1] == '\r')
            len--;
        /* goes on behind a match, so the time doesn't say in which line it was */
        allowed |= line_allows(passwords, line, len, name, password);
    }
    return allowed;
}
