/* test_folder_config.c -- configurations of a folder that are refused, and their limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <leat/files.h>
#include <leat/http_folder.h>

#include "web/http/http_folder.h"
#include "web/http/http_reply.h"

static struct leat_files_built_in source;

/* A text of @len characters that begins with a slash. */
static const char *path_of(size_t len)
{
    static char texts[4][400];
    static unsigned next;
    char *text = texts[next++ % 4];

    memset(text, 'a', len);
    text[0] = '/';
    text[len] = '\0';
    return text;
}

static enum leat_err open_with(const struct leat_http_folder_config *config)
{
    struct leat_http_folder folder;

    leat_files_built_in_open(&source, NULL, 0);
    return leat_http_folder_open(&folder, config);
}

static enum leat_err open_redirect(const char *from, const char *to, uint16_t status)
{
    const struct leat_http_redirect redirects[] = {{"/good", "/", 0}, {from, to, status}};

    return open_with(&(struct leat_http_folder_config){
        .files = &source.files, .redirects = redirects, .redirect_count = 2});
}

static void redirects_go_somewhere(void **state)
{
    static const uint16_t good[] = {0, 301, 302, 303, 307, 308},
                          bad[] = {1, 200, 300, 304, 305, 306, 309, 404};

    (void)state;
    for (unsigned i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(open_redirect("/old", "/", good[i]), LEAT_OK);
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(open_redirect("/old", "/", bad[i]), LEAT_ERR_ARGUMENT);
    assert_int_equal(open_redirect("/old", "!~", 0), LEAT_OK);
    assert_int_equal(open_redirect("old", "/", 0), LEAT_ERR_ARGUMENT);
    assert_int_equal(open_redirect("/old", "", 0), LEAT_ERR_ARGUMENT);
    assert_int_equal(open_redirect("/old", "/a b", 0), LEAT_ERR_ARGUMENT);
    assert_int_equal(open_redirect("/old", " /a", 0), LEAT_ERR_ARGUMENT);
    assert_int_equal(open_redirect("/old", "/a\x7f", 0), LEAT_ERR_ARGUMENT);
    assert_int_equal(open_redirect("/old", "/\r\nX: y", 0), LEAT_ERR_ARGUMENT);
    assert_int_equal(open_redirect("/old", path_of(HTTP_REDIRECT_BYTES), 0), LEAT_OK);
    assert_int_equal(open_redirect("/old", path_of(HTTP_REDIRECT_BYTES + 1), 0), LEAT_ERR_ARGUMENT);
    assert_int_equal(open_redirect(path_of(HTTP_PATH_BYTES), "/", 0), LEAT_OK);
    assert_int_equal(open_redirect(path_of(HTTP_PATH_BYTES + 1), "/", 0), LEAT_ERR_ARGUMENT);
}

static void a_root_is_a_path_in_normal_form(void **state)
{
    static const struct {
        const char *root;
        enum leat_err err;
    } table[] = {
        {"", LEAT_OK},
        {"a", LEAT_OK},
        {"a/b.c", LEAT_OK},
        {"a/b/c", LEAT_OK},
        {"a.", LEAT_OK},
        {"/", LEAT_ERR_ARGUMENT},
        {"/a", LEAT_ERR_ARGUMENT},
        {"a/", LEAT_ERR_ARGUMENT},
        {"a//b", LEAT_ERR_ARGUMENT},
        {"a/b//c", LEAT_ERR_ARGUMENT},
        {"../a", LEAT_ERR_ARGUMENT},
        {"a/../b", LEAT_ERR_ARGUMENT},
        {"a/.b", LEAT_ERR_ARGUMENT},
        {".", LEAT_ERR_ARGUMENT},
        {".a", LEAT_ERR_ARGUMENT},
    };
    struct leat_http_folder_config config = {.files = &source.files};

    (void)state;
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        config.root = table[i].root;
        assert_int_equal(open_with(&config), table[i].err);
    }
    config.root = path_of(HTTP_ROOT_BYTES + 1) + 1;
    assert_int_equal(open_with(&config), LEAT_OK);
    config.root = path_of(HTTP_ROOT_BYTES + 2) + 1;
    assert_int_equal(open_with(&config), LEAT_ERR_ARGUMENT);
}

/* Every character of ASCII alone: those that would end the quoted string are refused. */
static void a_realm_stays_in_its_quotes(void **state)
{
    struct leat_http_folder_config config = {.files = &source.files};
    char realm[3] = "x";

    (void)state;
    for (unsigned c = 1; c < 128; c++) {
        realm[1] = (char)c;
        config.realm = realm;
        assert_int_equal(open_with(&config), c < ' ' || c == 0x7f || c == '"' || c == '\\'
                                                 ? LEAT_ERR_ARGUMENT
                                                 : LEAT_OK);
    }
    config.realm = "";
    assert_int_equal(open_with(&config), LEAT_OK);
    config.realm = path_of(HTTP_REALM_BYTES);
    assert_int_equal(open_with(&config), LEAT_OK);
    config.realm = path_of(HTTP_REALM_BYTES + 1);
    assert_int_equal(open_with(&config), LEAT_ERR_ARGUMENT);
}

static void files_are_needed_and_reserved_is_0(void **state)
{
    struct leat_http_folder_config config = {.files = NULL};

    (void)state;
    assert_int_equal(open_with(&config), LEAT_ERR_ARGUMENT);
    config.files = &source.files;
    assert_int_equal(open_with(&config), LEAT_OK);
    for (unsigned i = 0; i < sizeof config.reserved / sizeof *config.reserved; i++) {
        config.reserved[i] = 1;
        assert_int_equal(open_with(&config), LEAT_ERR_ARGUMENT);
        config.reserved[i] = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(redirects_go_somewhere),
        cmocka_unit_test(a_root_is_a_path_in_normal_form),
        cmocka_unit_test(a_realm_stays_in_its_quotes),
        cmocka_unit_test(files_are_needed_and_reserved_is_0),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
