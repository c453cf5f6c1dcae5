/* test_folder.c -- a folder that the server serves, over a wire. Time is virtual. */
#include "http_test.h"

#include <leat/http_folder.h>

#define TEXT(text) .bytes = (text), .len = sizeof(text) - 1
#define PATH(name) .path = (name), .path_len = sizeof(name) - 1

#define FIFTY "0123456789012345678901234567890123456789012345678/"

enum {
    DAY_S = 86400
};

/* "read/" has files that don't lie in memory. */
static const struct leat_file list[] = {
    {PATH("index.html"), TEXT("<p>root</p>"), .tag = 0xa1, .modified_s = DAY_S},
    {PATH("404.html"), TEXT("<p>nothing</p>"), .tag = 0xa2},
    {PATH("docs/index.html"), TEXT("<p>docs</p>"), .tag = 0xa3},
    {PATH("docs/a b.TXT"), TEXT("text"), .tag = 0xa4},
    {PATH("docs/sub/index.html"), TEXT("<p>sub</p>")},
    {PATH("odd/index.html/x"), TEXT("x")},
    {PATH("style.css"), TEXT("0123456789abcdefghij"), .tag = 0xa5, .modified_s = DAY_S},
    {PATH("style.css.gz"), TEXT("gzip"), .tag = 0xa6, .modified_s = DAY_S},
    {PATH("style.css.br"), TEXT("br"), .tag = 0xa7, .modified_s = DAY_S + 1},
    {PATH("style.css.zst"), TEXT("z"), .tag = 0xa8, .modified_s = DAY_S - 1},
    {PATH("photo.png"), TEXT("png")},
    {PATH("photo.png.gz"), TEXT("gz")},
    {PATH(".secret"), TEXT("secret")},
    {PATH(".well-known/x"), TEXT("known")},
    {PATH("read/big"), .len = BIG_BYTES, .tag = 0xa9},
    {PATH("read/short"), .len = BIG_BYTES, .tag = 0xaa},
    {PATH("read/fails"), .len = 1, .tag = 0xab},
    {PATH(FIFTY FIFTY FIFTY FIFTY FIFTY "a"), TEXT("plain")},
    {PATH(FIFTY FIFTY FIFTY FIFTY FIFTY "a.zst"), TEXT("4")},
    {PATH(FIFTY FIFTY FIFTY FIFTY FIFTY "ab"), TEXT("plain")},
    {PATH(FIFTY FIFTY FIFTY FIFTY FIFTY "ab.br"), TEXT("br")},
    {PATH(FIFTY FIFTY FIFTY FIFTY FIFTY "ab.gz"), TEXT("3")},
    {PATH(FIFTY FIFTY FIFTY FIFTY FIFTY "abc"), TEXT("plain")},
};

static const struct leat_http_redirect moved[] = {
    {"/old", "/docs/", 0},
    {"/new/*", "https://example.com/", 308},
};

/* The source: built-in files, of which some are read. */
struct source {
    struct leat_files files; /* first */
    struct leat_files_built_in below;
    int open;
    bool broken;
};

static struct source source;

static enum leat_err find(struct leat_files *all, const char *path, size_t len,
                          struct leat_file *file)
{
    const enum leat_err err = source.below.files.find(&source.below.files, path, len, file);

    if (source.broken)
        return LEAT_ERR_DEVICE;
    if (err)
        return err;
    file->source = all;
    source.open++;
    return LEAT_OK;
}

static enum leat_err read_part(const struct leat_file *file, uint64_t from, void *to, size_t room,
                               size_t *len)
{
    const uint64_t end = file->path[5] == 's' ? BIG_BYTES / 2 : BIG_BYTES; /* read/short */

    *len = 0;
    if (file->path[5] == 'f')
        return LEAT_ERR_DEVICE;
    if (from < end)
        *len = end - from < room ? (size_t)(end - from) : room;
    memcpy(to, big + from, *len);
    return LEAT_OK;
}

static void release(struct leat_files *all, const struct leat_file *file)
{
    (void)all;
    (void)file;
    source.open--;
}

static struct leat_http_folder folder;
static struct leat_http_passwords passwords;

static int set_up_folder(void **state, bool protect)
{
    const struct leat_http_folder_config config = {.files = &source.files,
                                                   .redirects = moved,
                                                   .redirect_count = sizeof moved / sizeof *moved,
                                                   .allows =
                                                       protect ? leat_http_passwords_allow : NULL,
                                                   .allows_arg = &passwords,
                                                   .realm = "cellar"};
    const struct leat_http_server_config server = {.folder = &folder, .clients = CLIENTS};

    source = (struct source){.files = {.find = find, .read = read_part, .release = release}};
    leat_files_built_in_open(&source.below, list, sizeof list / sizeof *list);
    assert_int_equal(leat_http_folder_open(&folder, &config), LEAT_OK);
    return set_up_with(state, &server);
}

static int set_up_open(void **state)
{
    return set_up_folder(state, false);
}

static int set_up_protected(void **state)
{
    static const char lines[] = "# users\r\nann:one\r\nbob:{PLAIN}t:wo\n\ncarl:$5$x\n:secret";

    passwords = (struct leat_http_passwords){.lines = lines, .len = sizeof lines - 1};
    return set_up_folder(state, true);
}

/* "docs" is the root. */
static int set_up_below(void **state)
{
    const int result = set_up_folder(state, false);

    folder.config.root = "docs";
    return result;
}

static int tear_down_folder(void **state)
{
    const int result = tear_down(state);

    assert_int_equal(source.open, 0);
    return result;
}

/* Sends one request. The answer has each of @words, and @body behind its head. */
static void check_reply(struct fixture *f, const char *request, const char *const *words,
                        const char *body)
{
    struct client *client = connect_client(f);
    const char *end;

    send_text(client, request);
    world_wait(f->world, second);
    for (; *words; words++) {
        const bool is_absent = (*words)[0] == '!';

        if (!strstr(client->bytes, *words + is_absent) != is_absent)
            fail_msg("%s: %s: %s", request, *words, client->bytes);
    }
    end = strstr(client->bytes, "\r\n\r\n");
    assert_non_null(end);
    assert_string_equal(end + 4, body);
    leave_server(f, client);
}

#define REPLY(request, body, ...)                                                                  \
    check_reply(f, request, (const char *const[]){__VA_ARGS__, NULL}, body)

static void test_pages_of_folders(void **state)
{
    struct fixture *f = *state;

    check(f, GET("/", ""),
          "HTTP/1.1 200 OK\r\nETag: \"00000000000000a1\"\r\n"
          "Last-Modified: Fri, 02 Jan 1970 00:00:00 GMT\r\nAccept-Ranges: bytes\r\n"
          "Content-Type: text/html; charset=utf-8\r\nContent-Length: 11\r\n\r\n<p>root</p>");
    REPLY(GET("/docs/", ""), "<p>docs</p>", "200 OK", "text/html");
    REPLY(GET("//docs/.//", ""), "<p>docs</p>", "200 OK");
    REPLY(GET("/docs/a%20b.TXT", ""), "text", "text/plain; charset=utf-8");
    check(f, GET("/docs", ""),
          "HTTP/1.1 301 Moved Permanently\r\nLocation: /docs/\r\nContent-Length: 0\r\n\r\n");
    REPLY(GET("//docs?a=%20b", ""), "", "301 ", "Location: /docs/?a=%20b\r\n");
    REPLY("HEAD / HTTP/1.1\r\nHost: leat\r\n\r\n", "", "200 OK", "Content-Length: 11\r\n");
    REPLY(GET("/.", ""), "<p>root</p>", "200 OK"); /* "//" would be another host */
    REPLY(GET("/.well-known/x", ""), "known", "application/octet-stream");
    assert_int_equal(f->counts->ok, 9);
}

static void test_what_is_not_there(void **state)
{
    static const char *const paths[] = {"/nothing",        "/index.html/", "/.secret",
                                        "/.well-known/",   "/read/",       "/docs/../.secret",
                                        "/index.html%00",  "/%2e%2e/x",    "/docs/index.html/x",
                                        "/docs/.hidden/x", "/odd/"};
    struct fixture *f = *state;
    char request[300];

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        sprintf(request, GET("%s", ""), paths[i]);
        REPLY(request, "<p>nothing</p>", "404 Not Found", "text/html", "Content-Length: 14",
              "!ETag", "!Accept-Ranges");
    }
    sprintf(request, GET("/%0255d", ""), 0);
    REPLY(request, "<p>nothing</p>", "404 Not Found");
    REPLY("HEAD /nothing HTTP/1.1\r\nHost: leat\r\n\r\n", "", "404 ", "Content-Length: 14");
    REPLY("POST / HTTP/1.1\r\nHost: leat\r\n\r\n", "Method Not Allowed\n", "405 ",
          "Allow: GET, HEAD\r\n");
    source.broken = true;
    REPLY(GET("/", ""), "Internal Server Error\n", "500 ");
    source.broken = false;
}

static void test_a_root_within_the_source(void **state)
{
    struct fixture *f = *state;

    REPLY(GET("/", ""), "<p>docs</p>", "200 OK");
    REPLY(GET("/.", ""), "<p>docs</p>", "200 OK");
    REPLY(GET("/index.html", ""), "<p>docs</p>", "200 OK");
    REPLY(GET("/sub", ""), "", "301 ", "Location: /sub/\r\n");
    REPLY(GET("/style.css", ""), "Not Found\n", "404 "); /* its page is above the root */
    REPLY(GET("/docs/", ""), "Not Found\n", "404 ");
}

static void test_a_folder_is_no_page_of_replies_404(void **state)
{
    struct fixture *f = *state;

    folder.config.not_found = "docs";
    REPLY(GET("/nothing", ""), "Not Found\n", "404 ");
}

static void test_redirects(void **state)
{
    struct fixture *f = *state;
    char request[600];

    REPLY(GET("/old", ""), "", "301 Moved Permanently", "Location: /docs/\r\n");
    REPLY(GET("/old/", ""), "<p>nothing</p>", "404 ");
    REPLY(GET("/new/a%0d%0aX:%20%c3%a4?q", ""), "", "308 ",
          "Location: https://example.com/a%0D%0AX:%20%C3%A4?q\r\n");
    strcpy(request, "GET /new/");
    for (int i = 0; i < 80; i++) /* each is 3 octets, and becomes 9 */
        strcat(request, "\xe2\x82\xac");
    strcat(request, "?");
    memset(request + strlen(request), 'q', 255);
    strcpy(request + 9 + 240 + 1 + 255, " HTTP/1.1\r\nHost: leat\r\n\r\n");
    REPLY(request, "", "308 ", "%E2%82%AC?qqq", "qqq\r\nContent-Length: 0\r\n");
    strcpy(request + 9 + 240 + 1 + 255, "q HTTP/1.1\r\nHost: leat\r\n\r\n");
    REPLY(request, "URI Too Long\n", "414 ");
}

/* RFC 9110 12.5.3 */
static void test_twins(void **state)
{
    struct fixture *f = *state;

    REPLY(GET("/style.css", ""), "0123456789abcdefghij", "Vary: Accept-Encoding",
          "!Content-Encoding");
    REPLY(GET("/style.css", "Accept-Encoding: gzip, deflate, br, zstd\r\n"), "br",
          "ETag: \"00000000000000a7\"", "Vary: Accept-Encoding\r\n", "Content-Encoding: br\r\n",
          "text/css", "Content-Length: 2");
    REPLY(GET("/style.css", "Accept-Encoding: br;q=0.5, X-GZIP\r\n"), "gzip",
          "Content-Encoding: gzip\r\n");
    REPLY(GET("/style.css", "Accept-Encoding: br;q=0, gzip;q=0.000\r\n"), "0123456789abcdefghij",
          "!Content-Encoding");
    REPLY(GET("/style.css", "Accept-Encoding: *\r\n"), "br", "Content-Encoding: br\r\n");
    REPLY(GET("/style.css", "Accept-Encoding: *;q=0\r\n"), "0123456789abcdefghij",
          "!Content-Encoding");
    REPLY(GET("/style.css", "Accept-Encoding: br;q=0.5, identity\r\n"), "0123456789abcdefghij",
          "!Content-Encoding");
    REPLY(GET("/style.css", "Accept-Encoding: zstd\r\n"), "0123456789abcdefghij", /* too old */
          "!Content-Encoding");
    REPLY(GET("/style.css", "Accept-Encoding: br\r\nIf-None-Match: \"00000000000000a7\"\r\n"), "",
          "304 ", "Vary: Accept-Encoding", "!Content-Encoding");
    REPLY(GET("/style.css", "Accept-Encoding: br\r\nRange: bytes=1-\r\n"), "r", "206 ",
          "Content-Encoding: br", "Content-Range: bytes 1-1/2");
    REPLY(GET("/photo.png", "Accept-Encoding: gzip\r\n"), "png", "image/png", "!Vary");
}

/* A path of 255 bytes is the longest one, also of a twin: the ends of some codings still fit. */
static void test_twins_of_long_names(void **state)
{
    struct fixture *f = *state;

    REPLY(GET("/" FIFTY FIFTY FIFTY FIFTY FIFTY "a", "Accept-Encoding: zstd\r\n"), "4",
          "Content-Encoding: zstd\r\n");
    REPLY(GET("/" FIFTY FIFTY FIFTY FIFTY FIFTY "ab", "Accept-Encoding: zstd, br, gzip\r\n"), "3",
          "Content-Encoding: gzip\r\n");
    REPLY(GET("/" FIFTY FIFTY FIFTY FIFTY FIFTY "ab", "Accept-Encoding: br\r\n"), "br",
          "Content-Encoding: br\r\n");
    REPLY(GET("/" FIFTY FIFTY FIFTY FIFTY FIFTY "abc", "Accept-Encoding: zstd, br, gzip\r\n"),
          "plain", "!Content-Encoding", "!Vary");
}

/* The body of a reply in parts, as its boundary says. */
static void test_parts(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);
    char boundary[17], expected[1000], len[40];
    const char *body;

    send_text(client, GET("/style.css", "Range: bytes=0-1, 5-6 ,-3,99-\r\n"));
    world_wait(f->world, second);
    assert_int_equal(strncmp(client->bytes, "HTTP/1.1 206 Partial Content\r\n", 30), 0);
    assert_null(strstr(strstr(client->bytes, "206"), "Content-Range: bytes 99"));
    body = strstr(client->bytes, "multipart/byteranges; boundary=");
    assert_non_null(body);
    snprintf(boundary, sizeof boundary, "%s", body + 31);
    snprintf(
        expected, sizeof expected,
        "\r\n--%s\r\nContent-Type: text/css; charset=utf-8\r\nContent-Range: bytes 0-1/20\r\n\r\n01"
        "\r\n--%s\r\nContent-Type: text/css; charset=utf-8\r\nContent-Range: bytes 5-6/20\r\n\r\n56"
        "\r\n--%s\r\nContent-Type: text/css; charset=utf-8\r\nContent-Range: bytes "
        "17-19/20\r\n\r\nhij"
        "\r\n--%s--\r\n",
        boundary, boundary, boundary, boundary);
    snprintf(len, sizeof len, "Content-Length: %zu\r\n", strlen(expected));
    assert_non_null(strstr(client->bytes, len));
    body = strstr(client->bytes, "\r\n\r\n");
    assert_string_equal(body + 4, expected);
    leave_server(f, client);
    REPLY("HEAD /style.css HTTP/1.1\r\nHost: leat\r\nRange: bytes=0-1,5-6\r\n\r\n", "", "200 OK",
          "Content-Length: 20");
    REPLY(GET("/style.css", "Range: bytes=0-1,5-6\r\nIf-Range: \"x\"\r\n"), "0123456789abcdefghij",
          "200 OK");
}

static const char *body_of(const struct client *client)
{
    const char *body = strstr(client->bytes, "\r\n\r\n");

    assert_non_null(body);
    return body + 4;
}

static void test_files_that_are_read(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);
    const char *body;

    send_text(client, GET("/read/big", ""));
    world_wait(f->world, 5 * second);
    body = body_of(client);
    assert_int_equal(client->have - (size_t)(body - client->bytes), BIG_BYTES);
    assert_memory_equal(body, big, BIG_BYTES);
    client->have = 0;
    send_text(client, GET("/read/big", "Range: bytes=100000-100002,200000-\r\n"));
    world_wait(f->world, 5 * second);
    body = strstr(body_of(client), "\r\n\r\n") + 4;
    assert_memory_equal(body, big + 100000, 3);
    body = strstr(body, "\r\n\r\n") + 4;
    assert_memory_equal(body, big + 200000, BIG_BYTES - 200000);
    assert_int_equal(source.open, 0);
    leave_server(f, client);
}

/* Only the end of the connection can say that not all of it comes. */
static void test_a_file_that_became_shorter_ends_its_connection(void **state)
{
    static const char *const requests[] = {GET("/read/short", ""), GET("/read/fails", "")};
    struct fixture *f = *state;

    for (unsigned i = 0; i < 2; i++) {
        struct client *client = connect_client(f);

        send_text(client, requests[i]);
        assert_true(world_run(f->world, &client->closed, 20 * second));
        assert_int_equal(client->why, LEAT_ERR_RESET);
        assert_int_equal(source.open, 0);
        leave_server(f, client);
    }
    assert_int_equal(f->counts->failed, 2);
}

/* RFC 7617 */
static void test_passwords(void **state)
{
    static const struct {
        const char *credentials;
        bool good;
    } cases[] = {
        {"Basic YW5uOm9uZQ==", true},  /* ann:one */
        {"basic  YW5uOm9uZQ", true},   /* without padding */
        {"Basic Ym9iOnQ6d28=", true},  /* bob:t:wo */
        {"Basic YW5uOnR3bw==", false}, /* ann:two */
        {"Basic YW5uOm9uZTE=", false}, /* ann:one1 */
        {"Basic YW5uOm9u", false},     /* ann:on */
        {"Basic YW5u", false},         /* ann */
        {"Basic Om5vb25l", false},     /* :noone */
        {"Basic Y2FybDokNSR4", false}, /* carl:$5$x, a hash that can't be verified */
        {"Basic YW5uOm9uZQA=", false}, /* ann:one\0 */
        {"Basic YW5u*m9uZQ==", false},
        {"Basic", false},
        {"Bearer YW5uOm9uZQ==", false},
        {"YW5uOm9uZQ==", false},
        {"Basic YW5uOm9uZQ==\r\nAuthorization: Basic YW5uOm9uZQ==", false},
    };
    struct fixture *f = *state;
    char request[300];

    REPLY(GET("/", ""), "Unauthorized\n", "401 Unauthorized",
          "WWW-Authenticate: Basic realm=\"cellar\", charset=\"UTF-8\"\r\n");
    REPLY(GET("/old", ""), "Unauthorized\n", "401 Unauthorized");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sprintf(request, GET("/", "Authorization: %s\r\n"), cases[i].credentials);
        if (cases[i].good)
            REPLY(request, "<p>root</p>", "200 OK");
        else
            REPLY(request, "Unauthorized\n", "401 ");
    }
}

static bool verify(const char *password, const char *hash, size_t hash_len)
{
    return strcmp(password, "three") == 0 && hash_len == 4 && memcmp(hash, "$5$x", 4) == 0;
}

static void test_hashes_are_verified_by_the_program(void **state)
{
    struct fixture *f = *state;

    passwords.verify = verify;
    REPLY(GET("/", "Authorization: Basic Y2FybDp0aHJlZQ==\r\n"), "<p>root</p>", "200 OK");
    REPLY(GET("/", "Authorization: Basic Y2FybDp0aHJlZTQ=\r\n"), "Unauthorized\n", "401 ");
    REPLY(GET("/", "Authorization: Basic YW5uOnRocmVl\r\n"), "Unauthorized\n", "401 ");
}

/* RFC 9110 12.4.2: weights in thousandths. The shortest of those with one weight is sent. */
static void test_weights_of_codings(void **state)
{
    static const struct {
        const char *codings, *body;
    } table[] = {
        {"br;q=0.5, gzip;q=0.501", "gzip"},
        {"br;q=0.51, gzip;q=0.509", "br"},
        {"br;q=0.001", "br"},
        {"br;q=0.0009", ""},
        {"br;q=1.000, gzip;q=0.999", "br"},
        {"gzip;q=2, br", "br"},
        {"br;Q=0.1", "br"},
        {"br;x=1", ""},
        {"br;q", ""},
        {"br;q=", ""},
        {"br;q=x", ""},
        {"br;q=0.:", ""},
        {"br;q=0.1/", ""},
        {"gzip, br;q=0.9", "gzip"},
        {"gzip;q=0.1, x-gzip", "gzip"},
        {"x-gzip;q=0, *", "br"},
        {"*;q=0.2, br;q=0.1", "gzip"},
        {",,br,", "br"},
        {"BR", "br"},
        {"b", ""},
        {"brx", ""},
        {"identity;q=0.5, br;q=0.4", ""},
        {"identity;q=0.5, br;q=0.6", "br"},
        {"identity;q=0, br;q=0.001", "br"},
    };
    struct fixture *f = *state;
    char request[200];

    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        snprintf(request, sizeof request,
                 "GET /style.css HTTP/1.1\r\nHost: leat\r\nAccept-Encoding: %s\r\n\r\n",
                 table[i].codings);
        REPLY(request, table[i].body[0] ? table[i].body : "0123456789abcdefghij", "200 OK");
    }
}

#define OPEN(name)    cmocka_unit_test_setup_teardown(name, set_up_open, tear_down_folder)
#define GUARDED(name) cmocka_unit_test_setup_teardown(name, set_up_protected, tear_down_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPEN(test_pages_of_folders),
        OPEN(test_what_is_not_there),
        cmocka_unit_test_setup_teardown(test_a_root_within_the_source, set_up_below,
                                        tear_down_folder),
        OPEN(test_a_folder_is_no_page_of_replies_404),
        OPEN(test_redirects),
        OPEN(test_twins),
        OPEN(test_weights_of_codings),
        OPEN(test_twins_of_long_names),
        OPEN(test_parts),
        OPEN(test_files_that_are_read),
        OPEN(test_a_file_that_became_shorter_ends_its_connection),
        GUARDED(test_passwords),
        GUARDED(test_hashes_are_verified_by_the_program),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
