/* url.c -- URLs of "http" and "https": their parts, and resolution of references. */
#include <leat/url.h>

#include <string.h>

#include <leat/addr.h>

enum {
    PORT = 80,
    SECURE_PORT = 443
};

static char lower(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c + ('a' - 'A'));
    return c;
}

/* The rest of @text if it begins with @prefix, in any case; else NULL. */
static const char *after(const char *text, const char *prefix)
{
    while (*prefix) {
        if (lower(*text++) != *prefix++)
            return NULL;
    }
    return text;
}

/* ---- Parts -------------------------------------------------------------------------------- */

static bool is_name_char(char c)
{
    /* host names have no underscore (RFC 952), but names with one are in use */
    c = lower(c);
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

static bool is_address_char(char c)
{
    c = lower(c);
    return (c >= 'a' && c <= 'f') || (c >= '0' && c <= '9') || c == ':' || c == '.';
}

/* RFC 3986 3.2.2: in brackets there are only addresses of IPv6. */
static bool is_ipv6(const char *text)
{
    struct leat_ip ip;
    const bool is_address = leat_ip_parse(text, &ip);

    /* leat_ip_parse() also takes an IPv4 address, which has no colon */
    while (*text && *text != ':')
        text++;
    return is_address && *text;
}

/* Reads the host up to its end. NULL: it is absent or invalid. */
static const char *read_host(struct leat_url *url, const char *at)
{
    const bool bracket = *at == '[';
    size_t len = 0;

    at += bracket;
    /* RFC 3986 6.2.2.1: hosts are compared in lower case. '@' is in no host: a URL with a user is
     * refused, because such URLs are used to hide the real host (RFC 9110 4.2.4). */
    while (bracket ? is_address_char(*at) : is_name_char(*at)) {
        if (len == LEAT_URL_HOST_BYTES - 1)
            return NULL;
        url->host[len++] = lower(*at++);
    }
    url->host[len] = '\0';
    if (len == 0 || (bracket && (*at++ != ']' || !is_ipv6(url->host))))
        return NULL;
    return at;
}

/* Reads ":8080"; ":" or nothing mean the scheme's default (RFC 3986 3.2.3). */
static const char *read_port(struct leat_url *url, const char *at)
{
    uint32_t port = 0;
    bool given = false;

    url->port = url->secure ? SECURE_PORT : PORT;
    if (*at != ':')
        return at;
    for (at++; *at >= '0' && *at <= '9'; at++) {
        /* checked at each digit, so that a long number can't wrap around to a legal one */
        port = 10 * port + (uint32_t)(*at - '0');
        given = true;
        if (port > UINT16_MAX)
            return NULL;
    }
    if (given && port == 0)
        return NULL;
    if (given)
        url->port = (uint16_t)port;
    return at;
}

enum leat_err leat_url_parse(struct leat_url *url, const char *text)
{
    const char *at = after(text, "http://");
    size_t len = 0;

    for (; text[len]; len++) {
        /* A space or a line end would end the request line, and the rest of the URL would be read
         * as fields. */
        if ((unsigned char)text[len] <= ' ' || (unsigned char)text[len] >= 0x7f)
            return LEAT_ERR_FORMAT;
        if (len == LEAT_URL_BYTES - 1)
            return LEAT_ERR_TOO_BIG;
    }
    url->secure = !at;
    if (!at)
        at = after(text, "https://");
    if (!at)
        return LEAT_ERR_PROTOCOL;
    at = read_host(url, at);
    if (at)
        at = read_port(url, at);
    if (!at || (*at && *at != '/' && *at != '?' && *at != '#'))
        return LEAT_ERR_FORMAT;
    url->target = at;
    /* RFC 9110 7.1: the fragment is for the client only, and isn't sent */
    while (*at && *at != '#')
        at++;
    url->target_len = (size_t)(at - url->target);
    return LEAT_OK;
}

/* ---- References --------------------------------------------------------------------------- */

struct joining {
    char *text;
    size_t len;
    bool full;
};

static void add(struct joining *joining, const char *text, size_t len)
{
    if (len > LEAT_URL_BYTES - 1 - joining->len) {
        joining->full = true;
        return;
    }
    memcpy(joining->text + joining->len, text, len);
    joining->len += len;
}

/* Bytes of @text before the first of @ends, at most @len. */
static size_t until(const char *text, size_t len, const char *ends)
{
    for (size_t i = 0; i < len; i++) {
        for (const char *end = ends; *end; end++) {
            if (text[i] == *end)
                return i;
        }
    }
    return len;
}

/* True if the reference begins with a scheme (RFC 3986 3.1). */
static bool has_scheme(const char *text, size_t len)
{
    size_t i = 0;

    while (i < len && ((lower(text[i]) >= 'a' && lower(text[i]) <= 'z') ||
                       (i > 0 && ((text[i] >= '0' && text[i] <= '9') || text[i] == '+' ||
                                  text[i] == '-' || text[i] == '.'))))
        i++;
    return i > 0 && i < len && text[i] == ':';
}

/* Removes "." and ".." from the path of @len bytes, which begins with a slash (RFC 3986 5.2.4).
 * Returns the new length. */
static size_t remove_dots(char *path, size_t len)
{
    size_t from = 0, to = 0;

    while (from < len) {
        const size_t segment = 1 + until(path + from + 1, len - from - 1, "/");
        const bool one = segment == 2 && path[from + 1] == '.';
        const bool two = segment == 3 && path[from + 1] == '.' && path[from + 2] == '.';

        /* At the root there is nothing to remove. The output never gets ahead of the input, so both
         * use the same memory. */
        if (two) {
            while (to > 0 && path[--to] != '/') {
            }
        } else if (!one) {
            memmove(path + to, path + from, segment);
            to += segment;
        }
        from += segment;
        if ((one || two) && from == len) /* a folder keeps its slash */
            path[to++] = '/';
    }
    return to;
}

/* Adds a reference without scheme and host to the origin. */
static void add_path(struct joining *joining, const struct leat_url *base, const char *reference,
                     size_t len)
{
    size_t path_len = until(base->target, base->target_len, "?");

    /* RFC 3986 5.2.2: an empty reference is the base with its query */
    if (len == 0) {
        add(joining, base->target, base->target_len);
        return;
    }
    if (reference[0] != '?' && reference[0] != '/') { /* 5.2.3: replaces the base's last segment */
        while (path_len > 0 && base->target[path_len - 1] != '/')
            path_len--;
    }
    if (reference[0] != '/') {
        add(joining, base->target, path_len);
        if (path_len == 0)
            add(joining, "/", 1);
    }
    add(joining, reference, len);
}

/* Offset of the path of a URL with a scheme and a host; without a host, the end. */
static size_t path_at(const struct joining *joining)
{
    const size_t at = until(joining->text, joining->len, "/");

    if (at == 0 || joining->text[at - 1] != ':' || at + 1 >= joining->len ||
        joining->text[at + 1] != '/')
        return joining->len;
    return at + 2 + until(joining->text + at + 2, joining->len - at - 2, "/?");
}

/* Removes dots from the path at offset @path. */
static void tidy(struct joining *joining, size_t path)
{
    const size_t end = path + until(joining->text + path, joining->len - path, "?");
    size_t kept;

    if (joining->full || end == path || joining->text[path] != '/')
        return;
    kept = remove_dots(joining->text + path, end - path);
    /* the query moves up behind the path; dots in it mean nothing */
    memmove(joining->text + path + kept, joining->text + end, joining->len - end);
    joining->len -= end - path - kept;
}

enum leat_err leat_url_join(char joined[LEAT_URL_BYTES], const char *base, const char *reference,
                            size_t len)
{
    struct joining joining = {.text = joined};
    struct leat_url url;
    const enum leat_err err = leat_url_parse(&url, base);

    if (err)
        return err;
    /* as in leat_url_parse(): the fragment isn't sent */
    len = until(reference, len, "#");
    if (has_scheme(reference, len)) {
        add(&joining, reference, len);
        tidy(&joining, path_at(&joining));
    } else if (len >= 2 && reference[0] == '/' && reference[1] == '/') {
        /* RFC 3986 4.2: two slashes begin another host, so only the scheme and its colon come from
         * the base */
        add(&joining, base, url.secure ? 6 : 5);
        add(&joining, reference, len);
        tidy(&joining, path_at(&joining));
    } else {
        const size_t origin_len = (size_t)(url.target - base);

        add(&joining, base, origin_len);
        add_path(&joining, &url, reference, len);
        tidy(&joining, origin_len);
    }
    joined[joining.len] = '\0';
    return joining.full ? LEAT_ERR_TOO_BIG : LEAT_OK;
}
