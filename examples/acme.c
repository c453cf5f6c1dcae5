/*
 * acme.c -- see acme.h: the client of ACME, with all that it stands on.
 *
 * Keys and certificates are kept in the folder of --acme-folder or, without it, in the store of
 * --store.  Without both they end with the program: then each start orders a new certificate, and
 * authorities limit how many.
 */
#include "acme.h"

#include <stdio.h>
#include <string.h>

#include <leat/civil.h>
#include <leat/resolver.h>
#include <leat/store.h>

enum {
    NAMES_BYTES = 4096,
    BINDING_BYTES = 512,
    PATH_BYTES = 320
};

static const char system_authorities[] = "/etc/ssl/certs/ca-certificates.crt";

static struct keeper {
    struct leat_platform *platform;
    struct leat_acme *acme;
    struct leat_store_request request; /* one at a time */
    struct leat_http_client *client;
    struct leat_connect_config names; /* how the authority's name is found */
    struct leat_crypto_anchors anchors;
    const char *list[LEAT_ACME_NAMES_MAX];
    char list_text[NAMES_BYTES];
    char binding[BINDING_BYTES];
    char why[PATH_BYTES + 100];
} keeper;

static _Alignas(16) unsigned char memory[160 * 1024]; /* of the client of ACME */
static _Alignas(16) unsigned char client_memory[64 * 1024];
static _Alignas(16) unsigned char resolver_memory[1 << 15];
static _Alignas(16) unsigned char anchor_memory[320 * 1024]; /* as many bytes as the text suffice */

/* ---- The store --------------------------------------------------------------------------------
 */

/* The values are PEM as it is, without a version. */
static const char *stored_name(const char *name)
{
    return strcmp(name, LEAT_ACME_ACCOUNT) == 0 ? "acme/account" : "acme/certificate";
}

static void on_stored(struct leat_store *store, struct leat_store_request *request,
                      enum leat_err err, void *arg)
{
    (void)store;
    if (err != LEAT_ERR_CLOSED) /* the program ends */
        leat_acme_kept(arg, err, request->len);
}

/* ---- The folder -------------------------------------------------------------------------------
 */

static const char *path_of(const char *name)
{
    static char path[PATH_BYTES];
    const int len = snprintf(path, sizeof path, "%s/%s.pem", keeper.platform->acme_folder, name);

    return len > 0 && (size_t)len < sizeof path ? path : NULL;
}

static void read_from_folder(struct leat_platform *platform, struct leat_acme *acme,
                             const char *name, void *to, size_t room)
{
    const char *path = path_of(name), *bytes = NULL;
    enum leat_err err = LEAT_ERR_NOT_FOUND;
    size_t len = 0;

    if (path)
        err = platform->read_file(platform, path, &bytes, &len);
    if (!err && len > room)
        err = LEAT_ERR_TOO_BIG;
    if (!err)
        memcpy(to, bytes, len);
    leat_platform_free_file(platform, bytes);
    leat_acme_kept(acme, err, len);
}

/* ---- Both -------------------------------------------------------------------------------------
 */

static void get(void *context, struct leat_acme *acme, const char *name, void *to, size_t room)
{
    struct leat_platform *platform = context;
    enum leat_err err = LEAT_ERR_NOT_FOUND;

    if (platform->acme_folder) {
        read_from_folder(platform, acme, name, to, room);
        return;
    }
    if (platform->store)
        err = leat_store_get(platform->store, &keeper.request, stored_name(name), to, room,
                             on_stored, acme);
    if (err)
        leat_acme_kept(acme, err, 0);
}

static void put(void *context, struct leat_acme *acme, const char *name, const void *value,
                size_t len)
{
    struct leat_platform *platform = context;
    const char *path = platform->acme_folder ? path_of(name) : NULL;
    enum leat_err err = platform->acme_folder ? LEAT_ERR_DEVICE : LEAT_OK;

    if (!platform->acme_folder && platform->store) {
        err = leat_store_put(platform->store, &keeper.request, stored_name(name), value, len,
                             on_stored, acme);
        if (!err)
            return;
    } else if (path && platform->write_file) {
        err = platform->write_file(platform, path, value, len);
    }
    leat_acme_kept(acme, err, 0);
}

/* ---- The configuration ------------------------------------------------------------------------
 */

/* Divides the names of --acme; returns their number, or 0: too many. */
static uint8_t divide(const char *names)
{
    uint8_t count = 0;
    char *at = keeper.list_text;

    if (strlen(names) >= sizeof keeper.list_text)
        return 0;
    memcpy(keeper.list_text, names, strlen(names) + 1);
    for (;;) {
        if (count == LEAT_ACME_NAMES_MAX)
            return 0;
        keeper.list[count++] = at;
        at = strchr(at, ',');
        if (!at)
            return count;
        *at++ = '\0';
    }
}

/* Reads --acme-binding: "NAME KEY". */
static const char *read_binding(struct leat_platform *platform, struct leat_acme_config *config)
{
    const char *bytes;
    size_t len;
    char *space;

    if (!platform->acme_binding)
        return NULL;
    if (platform->read_file(platform, platform->acme_binding, &bytes, &len))
        return "--acme-binding: can't read that file";
    while (len > 0 && (bytes[len - 1] == '\n' || bytes[len - 1] == '\r' || bytes[len - 1] == ' '))
        len--;
    if (len < sizeof keeper.binding) {
        memcpy(keeper.binding, bytes, len);
        keeper.binding[len] = '\0';
    }
    leat_platform_free_file(platform, bytes);
    space = strchr(keeper.binding, ' ');
    if (!space)
        return "--acme-binding: the file has the key's name, a space, and the key";
    *space = '\0';
    config->binding_id = keeper.binding;
    config->binding_key = space + 1;
    return NULL;
}

const char *acme_check(struct leat_platform *platform)
{
    static struct leat_acme_config config;
    const char *wrong =
        divide(platform->acme) == 0 ? "--acme: too many names, or too long ones" : NULL;
    const char *bytes = NULL;
    size_t len;

    if (!wrong)
        wrong = read_binding(platform, &config);
    if (!wrong && platform->acme_trust &&
        platform->read_file(platform, platform->acme_trust, &bytes, &len))
        wrong = "--acme-trust: can't read that file";
    leat_platform_free_file(platform, bytes);
    return wrong;
}

static const char *open_names(struct leat_platform *platform)
{
    static struct leat_resolver_config config = {
        .servers = {{.port = LEAT_DNS_PORT}}, .server_count = 1, .lookups = 2};

    if (leat_ip_is_any(platform->server))
        return NULL; /* the authority's address is enough */
    config.servers[0].ip = platform->server;
    return leat_resolver_open(&keeper.names.resolver, platform->stack, resolver_memory,
                              sizeof resolver_memory, &config)
               ? "no memory for the resolver"
               : NULL;
}

static const char *open_anchors(struct leat_platform *platform, const struct leat_crypto *crypto)
{
    const char *name = platform->acme_trust ? platform->acme_trust : system_authorities;
    const char *text = NULL;
    size_t len = 0;
    enum leat_err err = platform->read_file(platform, name, &text, &len);

    if (!err) /* the text stays, as a provider may need it */
        err = crypto->ops->anchors_open(crypto->self, &keeper.anchors, text, len, anchor_memory,
                                        sizeof anchor_memory);
    if (!err)
        return NULL;
    snprintf(keeper.why, sizeof keeper.why, "no authorities in %.200s: give --acme-trust", name);
    return keeper.why;
}

static const char *open_client(struct leat_platform *platform, struct leat_tls *tls)
{
    const struct leat_http_client_config config = {.connect = &keeper.names,
                                                   .connections = 2,
                                                   .tls_connect = leat_tls_connect,
                                                   .tls = tls,
                                                   .anchors = &keeper.anchors};

    return leat_http_client_open(&keeper.client, platform->stack, client_memory,
                                 sizeof client_memory, &config)
               ? "no memory for the client of ACME"
               : NULL;
}

static void on_line(void *arg, const char *line)
{
    struct leat_platform *platform = arg;
    static char text[900]; /* not on the stack */
    struct leat_acme_info info;

    leat_acme_get_info(keeper.acme, &info);
    platform->certificates_obtained = info.certificates;
    platform->certificates_failed = info.failures;
    snprintf(text, sizeof text, "%s: %s", example.name, line);
    platform->say(platform, text);
}

static const char *reason(enum leat_err err)
{
    return err == LEAT_ERR_FORMAT    ? "--acme: a name that isn't one of DNS, in lower case and "
                                       "without \"*\"; or a URL, contact or binding that is none"
           : err == LEAT_ERR_TOO_BIG ? "--acme: the names are too long"
                                     : leat_err_text(err);
}

const char *acme_start(struct leat_platform *platform, const struct leat_crypto *crypto,
                       struct leat_tls *tls, bool no_http,
                       const char *(*take)(void *platform, const char *pem, size_t len))
{
    struct leat_acme_config config = {.crypto = crypto,
                                      .directory = platform->acme_directory,
                                      .names = keeper.list,
                                      .name_count = divide(platform->acme),
                                      .contact = platform->acme_contact,
                                      .agree = platform->acme_agree,
                                      .no_http = no_http,
                                      .tls = tls,
                                      .keep = {.get = get, .put = put, .context = platform},
                                      .on_certificate = take,
                                      .on_line = on_line,
                                      .arg = platform};
    const char *wrong = config.name_count == 0 ? "--acme: there can be 16 names" : NULL;
    enum leat_err err;

    keeper.platform = platform;
    leat_civil_from_host(platform->stack, platform->host); /* without a clock nothing is asked */
    if (!wrong)
        wrong = read_binding(platform, &config);
    if (!wrong)
        wrong = open_names(platform);
    if (!wrong)
        wrong = open_anchors(platform, crypto);
    if (!wrong)
        wrong = open_client(platform, tls);
    if (wrong)
        return wrong;
    config.client = keeper.client;
    err = leat_acme_open(&keeper.acme, platform->stack, memory, sizeof memory, &config);
    return err ? reason(err) : NULL;
}

const struct leat_http_route *acme_route(void)
{
    static struct leat_http_route route;

    leat_acme_route(&keeper.acme, &route);
    return &route;
}

void acme_again(void)
{
    if (keeper.acme)
        leat_acme_now(keeper.acme, false);
}
