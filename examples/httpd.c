/*
 * httpd.c -- serves files by HTTP: those of examples/site, which are part of the program, or the
 * folder of --files, and files from the command line.  Files in memory are sent from
 * there; nothing is copied.
 */
#include <stdio.h>
#include <string.h>

#include <leat/civil.h>
#include <leat/http_folder.h>
#include <leat/http_server.h>

#include "example.h"
#include "http2.h"
#include "httpd_folder.h"
#include "secure.h"

enum {
    FILES_MAX = 64,
    CLIENTS = 1000,
    ACCESS_BYTES = (CLIENTS + CLIENTS / 32 + 1) * LEAT_HTTP_ACCESS_CLIENT_BYTES,
    HTTPS_PORT = 443 /* RFC 9110 4.2.2 */
};

/* made by tools/embed.py */
extern const struct leat_http_file site[];
extern const uint32_t site_count;

static struct leat_http_file files[FILES_MAX];
static uint32_t file_count;
static char why[320];
static char paths[FILES_MAX][256]; /* of files on the command line: the last parts of their names */
static _Alignas(16) unsigned char memory[2600 * 1024 + ACCESS_BYTES];

/* A tag for bytes that embed.py has not seen: FNV-1a. */
static uint64_t tag_of(const char *bytes, size_t len)
{
    uint64_t hash = 14695981039346656037u;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * 1099511628211u;
    return hash;
}

/* Reads @name and makes a file of it; returns what is wrong, or NULL. */
static const char *read_one(struct leat_platform *platform, const char *name, uint32_t at)
{
    const char *tail = name;
    const char *bytes;
    size_t len;

    for (const char *c = name; *c; c++)
        tail = *c == '/' ? c + 1 : tail;
    if (platform->read_file(platform, name, &bytes, &len) || len > UINT32_MAX)
        return snprintf(why, sizeof why, "can't read %s, or it is too large", name), why;
    snprintf(paths[at], sizeof paths[at], "/%s", tail);
    files[at] = (struct leat_http_file){
        .path = paths[at],
        .type = leat_http_type(tail, strlen(tail)),
        .bytes = bytes,
        .len = (uint32_t)len,
        .tag = tag_of(bytes, len),
        .modified_ns = platform->changed_ns ? platform->changed_ns(platform, name) : 0};
    return NULL;
}

static const char *check(struct leat_platform *platform)
{
    const char *wrong = platform->folder ? folder_open(platform) : NULL;

    file_count = platform->folder ? 0 : site_count;
    if (file_count + (uint32_t)platform->argument_count > FILES_MAX)
        return "too many files";
    memcpy(files, site, file_count * sizeof *site);
    for (int i = 0; i < platform->argument_count && !wrong; i++)
        wrong = read_one(platform, platform->arguments[i], file_count++);
    return wrong ? wrong : secure_check(platform);
}

/* HTTPS at --port, or where it belongs. */
static const char *start_secure(struct leat_platform *platform, struct leat_http_server *server)
{
    const struct secure_port port = {.port = platform->port == LEAT_HTTP_PORT ? HTTPS_PORT
                                                                              : platform->port,
                                     .newer = http2_open(platform, server),
                                     .protocol = "http/1.1",
                                     .serve = http2_serve,
                                     .arg = server};

    return secure_serve(platform, &port, 1);
}

static const char *start(struct leat_platform *platform)
{
    const bool is_secure = platform->certificate || platform->acme;
    struct leat_http_server_config config = {
        .files = files,
        .file_count = file_count,
        .folder = platform->folder ? folder_served() : NULL,
        .port = is_secure ? (uint16_t)LEAT_HTTP_PORT /* beside HTTPS */
                          : platform->port,
        .clients = CLIENTS};
    struct leat_http_server *server;
    enum leat_err err;

    config.routes = platform->acme ? secure_route() : NULL;
    config.route_count = config.routes ? 1 : 0;
    if (platform->early_data)
        secure_take_early(&config);
    leat_civil_from_host(platform->stack, platform->host); /* no clock: replies without a Date */
    err = leat_platform_serve_http(platform, &server, memory, sizeof memory, &config);
    if (err == LEAT_ERR_ARGUMENT)
        return "the name of a file is too long";
    if (err)
        return EXAMPLE_PORT_TAKEN;
    return is_secure ? start_secure(platform, server) : NULL;
}

static const char *reload(struct leat_platform *platform)
{
    const char *wrong = platform->folder ? folder_reload(platform) : NULL;

    if (!wrong && (platform->certificate || platform->acme))
        wrong = secure_reload(platform);
    return wrong;
}

const struct leat_app example = {.name = "httpd",
                                 .summary =
                                     "Serves files by HTTP/1.1 (RFC 9112) and HTTP/2 (RFC 9113).",
                                 .arguments = "[FILE...]",
                                 .default_port = LEAT_HTTP_PORT,
                                 .has_tls = true,
                                 .has_acme = true,
                                 .has_folder = true,
                                 .has_http = true,
                                 .check = check,
                                 .start = start,
                                 .reload = reload,
                                 .end = secure_end};
