/* test_passwords.c -- credentials of basic authentication, each octet and each length of them (RFC
 * 7617 2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "web/http/http_folder.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The last name and password that the program was asked about, and the number of such calls. */
static struct {
    unsigned calls;
    char name[300], password[300];
} asked;

static const struct leat_ip client = LEAT_IP4_INIT(192, 0, 2, 7);
static uint16_t retry_s; /* of the last answer */

static bool allow(void *arg, const char *name, const char *password)
{
    assert_ptr_equal(arg, &asked);
    asked.calls++;
    snprintf(asked.name, sizeof asked.name, "%s", name);
    snprintf(asked.password, sizeof asked.password, "%s", password);
    return true;
}

/* The folder's answer to a request of `client` with these credentials. */
static enum leat_http_login_answer answer_to(const struct leat_http_folder *folder,
                                             const char *credentials, size_t len, bool too_long)
{
    static struct http_words words;
    struct http_request request;

    memset(&request, 0, sizeof request);
    memset(&words, 'A', sizeof words); /* of the request before */
    words.credentials_too_long = too_long;
    words.credentials_len = (uint8_t)len;
    assert_in_range(len, 0, sizeof words.credentials);
    memcpy(words.credentials, credentials, len);
    request.words = &words;
    memset(&asked, 0, sizeof asked);
    retry_s = 0;
    return http_folder_judge(folder, &(struct http_asked){&request, client}, &retry_s);
}

/* True if the request with these credentials reaches the program, which allows each. */
static bool reaches(const char *credentials, size_t len, bool too_long)
{
    const struct leat_http_folder folder = {.config = {.allows = allow, .allows_arg = &asked}};
    const enum leat_http_login_answer answer = answer_to(&folder, credentials, len, too_long);

    assert_int_equal(asked.calls, answer == LEAT_HTTP_LOGIN_ALLOWED);
    return answer == LEAT_HTTP_LOGIN_ALLOWED;
}

/* Puts "Basic " and @login in base64 into @text, without padding; returns the length. */
static size_t encode(char *text, const char *login, size_t len)
{
    size_t at = (size_t)sprintf(text, "Basic ");
    uint32_t bits = 0;
    unsigned count = 0;

    for (size_t i = 0; i < len; i++) {
        bits = bits << 8 | (uint8_t)login[i];
        for (count += 8; count >= 6; count -= 6)
            text[at++] = digits[bits >> (count - 6) & 63];
    }
    if (count > 0)
        text[at++] = digits[bits << (6 - count) & 63];
    text[at] = '\0';
    return at;
}

static bool reaches_login(const char *login, size_t len)
{
    char text[400];

    return reaches(text, encode(text, login, len), false);
}

/* RFC 7617 2: neither the name nor the password has control characters; a name has no colon. UTF-8
 * is allowed. */
static void test_each_octet_of_a_name_and_of_a_password(void **state)
{
    (void)state;
    for (unsigned octet = 0; octet < 256; octet++) {
        const bool is_control = octet < 0x20 || octet == 0x7f;
        char login[] = "na?me:pa?ss", name[] = "na?me", password[] = "pa?ss";

        login[2] = name[2] = (char)octet;
        assert_int_equal(reaches_login(login, 11), !is_control);
        if (octet == ':') {
            assert_string_equal(asked.name, "na");
            assert_string_equal(asked.password, "me:pa?ss");
        } else if (!is_control) {
            assert_string_equal(asked.name, name);
            assert_string_equal(asked.password, "pa?ss");
        }
        login[2] = '?';
        login[8] = password[2] = (char)octet;
        assert_int_equal(reaches_login(login, 11), !is_control);
        if (!is_control) {
            assert_string_equal(asked.name, "na?me");
            assert_string_equal(asked.password, password);
        }
        login[10] = (char)octet; /* the last one */
        assert_int_equal(reaches_login(login, 11), !is_control);
    }
}

static void test_each_length_up_to_the_longest(void **state)
{
    char login[300], text[400];
    size_t len, longest = 0;

    (void)state;
    memset(login, 'x', sizeof login);
    login[0] = ':';
    for (size_t i = 1; (len = encode(text, login, i)) <= HTTP_CREDENTIALS_BYTES; i++) {
        assert_true(reaches(text, len, false));
        assert_int_equal(strlen(asked.name), 0);
        assert_int_equal(strlen(asked.password), i - 1);
        assert_false(reaches(text, len, true)); /* its end was cut */
        longest = len;
    }
    assert_true(longest + 2 > HTTP_CREDENTIALS_BYTES);
    assert_false(reaches_login("", 0));
    assert_false(reaches_login("x", 1)); /* no colon */
}

/* RFC 4648 4 */
static void test_each_digit_of_base64(void **state)
{
    (void)state;
    for (unsigned octet = 0; octet < 256; octet++) {
        const char *digit = octet > 0 ? strchr(digits, (int)octet) : NULL;
        char text[] = "Basic OmG?"; /* ":", "a", and 0x80 with the last digit */

        text[9] = (char)octet;
        assert_int_equal(reaches(text, 10, false), digit || octet == '=');
        if (digit) {
            assert_int_equal(strlen(asked.password), 2);
            assert_int_equal((uint8_t)asked.password[1], 0x80 | (digit - digits));
        }
    }
    assert_true(reaches("Basic Oj4/", 10, false));
    assert_string_equal(asked.password, ">?");
    assert_true(reaches("Basic Oz86fn4+", 14, false));
    assert_string_equal(asked.name, ";?");
    assert_string_equal(asked.password, "~~>");
}

static void test_the_scheme_in_any_letter_case(void **state)
{
    static const char *const good[] = {"basic YTpi", "BASIC YTpi", "bAsIc    YTpi",
                                       "Basic YTpi==", "Basic YTpi=============="};
    static const char *const bad[] = {"",
                                      "Basic",
                                      "Basic ",
                                      "BasicYTpi",
                                      "Basi YTpi",
                                      "Basix YTpi",
                                      "Digest YTpi",
                                      " Basic YTpi",
                                      "Basic\tYTpi",
                                      "Basic YT=pi",
                                      "Basic YTpi ",
                                      "Basic =",
                                      "Basic YT pi",
                                      "Basi  YTpi",
                                      "B     YTpi"};

    (void)state;
    for (unsigned i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(reaches(good[i], strlen(good[i]), false));
        assert_string_equal(asked.name, "a");
        assert_string_equal(asked.password, "b");
    }
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (reaches(bad[i], strlen(bad[i]), false))
            fail_msg("%s", bad[i]);
    }
}

/* The names say what the answer is to be. */
static enum leat_http_login_answer judge(void *arg, struct leat_http_login *login)
{
    assert_true(allow(arg, login->name, login->password));
    assert_true(leat_ip_equal(login->client, client));
    assert_int_equal(login->retry_s, 1);
    if (strcmp(login->password, "soon") != 0)
        login->retry_s = 64;
    return strcmp(login->name, "ann") == 0   ? LEAT_HTTP_LOGIN_ALLOWED
           : strcmp(login->name, "ben") == 0 ? LEAT_HTTP_LOGIN_LATER
                                             : LEAT_HTTP_LOGIN_REFUSED;
}

static void test_a_program_judges_by_the_client(void **state)
{
    static const struct {
        const char *login;
        enum leat_http_login_answer answer;
        uint16_t retry_s;
    } cases[] = {{"ann:x", LEAT_HTTP_LOGIN_ALLOWED, 64},
                 {"ben:x", LEAT_HTTP_LOGIN_LATER, 64},
                 {"ben:soon", LEAT_HTTP_LOGIN_LATER, 1},
                 {"cid:x", LEAT_HTTP_LOGIN_REFUSED, 64}};
    /* `allows` is not asked beside it */
    const struct leat_http_folder folder = {
        .config = {.judge = judge, .allows = allow, .allows_arg = &asked}};
    char text[400];

    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        const size_t len = encode(text, cases[i].login, strlen(cases[i].login));

        assert_int_equal(answer_to(&folder, text, len, false), cases[i].answer);
        assert_int_equal(asked.calls, 1);
        assert_int_equal(retry_s, cases[i].retry_s);
    }
    assert_int_equal(answer_to(&folder, "Basic ???", 9, false), LEAT_HTTP_LOGIN_REFUSED);
    assert_int_equal(asked.calls, 0);
}

/* RFC 9110 10.2.3 */
static void test_a_client_learns_how_long_it_waits(void **state)
{
    const struct http_found found = {.status = HTTP_UNAVAILABLE, .retry_s = 64};
    const struct http_reply reply = {.status = HTTP_UNAVAILABLE, .found = &found};
    struct http_request request;
    char head[HTTP_FOLDER_HEAD_BYTES + 1];

    (void)state;
    memset(&request, 0, sizeof request);
    head[http_reply_head(&reply, &request, NULL, head)] = '\0';
    assert_non_null(strstr(head, "\r\nRetry-After: 64\r\n"));
    assert_null(strstr(head, "WWW-Authenticate"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_octet_of_a_name_and_of_a_password),
        cmocka_unit_test(test_each_length_up_to_the_longest),
        cmocka_unit_test(test_each_digit_of_base64),
        cmocka_unit_test(test_the_scheme_in_any_letter_case),
        cmocka_unit_test(test_a_program_judges_by_the_client),
        cmocka_unit_test(test_a_client_learns_how_long_it_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
