/* test_multipart.c -- forms with files: their parts, cut anywhere; invalid forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <leat/multipart.h>

#define TYPE       "multipart/form-data; boundary=B"
#define PART(more) "Content-Disposition: form-data; " more "\r\n\r\n"

/* A reader's events as a string: "[name|file|type]data;" for each part, "." at the end. */
struct told {
    struct leat_multipart reader;
    enum leat_multipart_event last;
    char text[2000];
    size_t len;
};

static void say(struct told *told, const void *bytes, size_t len)
{
    assert_true(told->len + len < sizeof told->text);
    memcpy(told->text + told->len, bytes, len);
    told->len += len;
    told->text[told->len] = '\0';
}

static void feed(struct told *told, const char *bytes, size_t len)
{
    struct leat_multipart *reader = &told->reader;
    char head[600];

    while (told->last < LEAT_MULTIPART_OVER) {
        uint8_t *copy =
            malloc(len + 1); /* exactly that size, so that a sanitizer finds reads beyond its end */
        size_t taken;

        memcpy(copy, bytes, len);
        told->last = leat_multipart_read(reader, copy, len, &taken);
        assert_true(taken <= len);
        if (told->last == LEAT_MULTIPART_DATA) {
            assert_true(reader->data_len > 0);
            assert_int_equal(reader->data_is_given,
                             reader->data >= copy && reader->data < copy + len);
            say(told, reader->data, reader->data_len);
        } else if (told->last == LEAT_MULTIPART_PART) {
            const int n = snprintf(head, sizeof head, "[%.*s%s%.*s|%.*s]", reader->name_len,
                                   reader->name, reader->has_file ? "|" : "", reader->file_len,
                                   reader->file, reader->type_len, reader->type);

            say(told, head, (size_t)n);
        } else if (told->last == LEAT_MULTIPART_END) {
            say(told, ";", 1);
        } else if (told->last == LEAT_MULTIPART_OVER) {
            say(told, ".", 1);
        }
        free(copy);
        bytes += taken;
        len -= taken;
        if (told->last == LEAT_MULTIPART_MORE) {
            assert_int_equal(len, 0);
            return;
        }
    }
}

/* Cut in two at each place, and byte by byte, the form is read as @expected. NULL: it is
 * invalid. */
static void check(const char *bytes, const char *expected)
{
    const size_t len = strlen(bytes);

    for (size_t cut = 0; cut <= len + 1; cut++) {
        struct told told = {.last = LEAT_MULTIPART_MORE};

        assert_true(leat_multipart_start(&told.reader, TYPE, strlen(TYPE)));
        if (cut > len) {
            for (size_t i = 0; i < len; i++)
                feed(&told, bytes + i, 1);
        } else {
            feed(&told, bytes, cut);
            feed(&told, bytes + cut, len - cut);
        }
        if (expected)
            assert_string_equal(told.text, expected);
        else
            assert_int_equal(told.last, LEAT_MULTIPART_BAD);
    }
}

static void test_forms(void **state)
{
    (void)state;
    check("--B\r\n" PART("name=\"a\"") "text\r\n--B--\r\n", "[a|]text;.");
    check("--B\r\n" PART("name=\"a\"") "\r\n--B\r\n" PART("name=\"b\"") "2\r\n--B--",
          "[a|];[b|]2;.");
    check("--B\r\nContent-Type: text/plain; charset=x \r\nX-Y: z\r\n" PART(
              "name=\"a\"; filename=\"b c.txt\"") "1\r\n2\r\n\r\n--B--",
          "[a|b c.txt|text/plain; charset=x ]1\r\n2\r\n;.");
    check("--B\r\ncontent-disposition:form-data ;filename=\"\";x=y;name=\"a\"\r\n\r\n\r\n--B--",
          "[a||];.");
    check("--B \t\r\n" PART("name=\"a\" ; filename=\"x\" ; ") "1\r\n--B--", "[a|x|]1;.");
    check("--B\r\n" PART("name=a; filename=b.txt;x=y;") "1\r\n--B--",
          "[a|b.txt|]1;."); /* RFC 2183 2: a value is a token, or in quotes */
    check("--B--", ".");
}

/* RFC 8187: percent-encoded octets in a charset. It counts more than "filename" (RFC 6266 4.3). */
static void test_extended_names(void **state)
{
    static const char *const wrong[] = {
        "name=a; filename*=b",
        "name=a; filename*=utf-8'b",
        "name=a; filename*=''b",
        "name=a; filename*=utf-7''a; filename*=utf-8''a",
        "name=a; filename*=utf-8''b%4",
        "name=a; filename*=utf-8''b%4g",
        "name=a; filename*=utf-8''a; filename*=utf-8''a",
        "name=a; filename=a; filename*=utf-8''a; filename=a",
        "name=a; filename*=utf-8''b'c",
    };
    char form[200];

    (void)state;
    check("--B\r\n" PART("name=\"a\"; filename*=UTF-8''%e2%82%aC%20x") "1\r\n--B--",
          "[a|\xe2\x82\xac x|]1;.");
    check("--B\r\n" PART("name=a; filename=\"b\\\"c\"; filename*=utf-8'de-DE'd;") "1\r\n--B--",
          "[a|d|]1;.");
    check("--B\r\n" PART("filename*=iso-8859-1''d%E4%ff%7e; filename=\"b\\c\"; name=a") "\r\n--B--",
          "[a|d\xc3\xa4\xc3\xbf~|];.");
    check("--B\r\n" PART("name=a; filename*=utf-8''") "\r\n--B--", "[a||];.");
    /* a charset that isn't known (RFC 5987) */
    check("--B\r\n" PART("name=a; filename*=koi8-r''%c6a.txt") "\r\n--B--", "[a|_a.txt|];.");
    check("--B\r\n" PART("name=a; filename*=koi8-r'ru'%c6; filename=plain") "\r\n--B--",
          "[a|plain|];.");
    check("--B\r\n" PART("name=a; filename=plain; filename*=utf-80''%c6") "\r\n--B--",
          "[a|plain|];.");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(form, sizeof form, "--B\r\n" PART("%s"), wrong[i]);
        check(form, NULL);
    }
}

/* Bytes before the first boundary are ignored (RFC 2046 5.1.1). */
static void test_preambles(void **state)
{
    (void)state;
    check("\r\n--B\r\n" PART("name=\"a\"") "1\r\n--B--", "[a|]1;.");
    check("This is MIME.\r\n\r\n--B\r\n" PART("name=\"a\"") "1\r\n--B--", "[a|]1;.");
    check("-\r\n--C\r\n--\r\r\n--B\r\n" PART("name=\"a\"") "1\r\n--B--", "[a|]1;.");
    check("--C\r\n x--B\r\n" PART("name=\"a\"") "1\r\n--B--", ".");
    check("\r\n--B--", ".");
}

static void test_data_that_resembles_a_boundary(void **state)
{
    (void)state;
    check("--B\r\n" PART("name=\"a\"") "\r\r\n\r\n-\r\n--\r\n--A\r\r\n--b--B\r\n--B--",
          "[a|]\r\r\n\r\n-\r\n--\r\n--A\r\r\n--b--B;.");
    check("--B\r\n" PART("name=\"a\"") "--B--\r\n\r\n--B--", "[a|]--B--\r\n;.");
}

/* Each piece of data is expensive for programs that pass it on, so a lone line end must not cut
 * it. */
static void test_data_is_told_in_one_piece(void **state)
{
    static const char form[] = "--B\r\n" PART("name=\"a\"") "1\r2\r\n3\r\n-4\r\n--5\r\r\n\r";
    struct leat_multipart reader;
    size_t taken, at = 0, len = sizeof form - 1;

    (void)state;
    assert_true(leat_multipart_start(&reader, TYPE, strlen(TYPE)));
    assert_int_equal(leat_multipart_read(&reader, (const uint8_t *)form, len, &taken),
                     LEAT_MULTIPART_PART);
    at = taken;
    assert_int_equal(leat_multipart_read(&reader, (const uint8_t *)form + at, len - at, &taken),
                     LEAT_MULTIPART_DATA);
    assert_int_equal(reader.data_len, len - at - 1); /* the last CR may belong to a delimiter */
    assert_int_equal(taken, reader.data_len);
}

static void test_names(void **state)
{
    (void)state;
    check("--B\r\n" PART("name=\"a\\\"b\"; filename=\"c:\\d\\\\e%22\"") "\r\n--B--",
          "[a\"b|c:\\d\\e%22|];.");
    check("--B\r\n" PART("name=\"\xc3\xa4\"; filename=\"../../etc/passwd\"") "\r\n--B--",
          "[\xc3\xa4|../../etc/passwd|];.");
}

static void test_invalid_forms(void **state)
{
    static const char *const cases[] = {
        "--B\n",
        "--Bx\r\n",
        "--B-x",
        "--B \r\r\n",
        "--B\r\n\r\ntext\r\n--B--",                  /* no name */
        "--B\r\n" PART("name=\"\"") "text\r\n--B--", /* an empty one */
        "--B\r\n" PART("name=") "text\r\n--B--",
        "--B\r\n" PART("name=a b") "text\r\n--B--",
        "--B\r\n" PART("name=\"a\"; name=\"b\"") "text\r\n--B--",
        "--B\r\n" PART("name=a; name=\"b\"") "text\r\n--B--",
        "--B\r\n" PART("name=a; filename=\"\"; filename=c") "\r\n--B--",
        "--B\r\n" PART("filename=\"a\"") "text\r\n--B--",
        "--B\r\n" PART("name=\"a\"; filename=\"b\"; filename=\"c\"") "\r\n--B--",
        "--B\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\n",
        "--B\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Disposition: "
        "form-data\r\n\r\n",
        "--B\r\nContent-Type: a\r\nContent-Type: b\r\n" PART("name=\"a\""),
        "--B\r\nX : y\r\n" PART("name=\"a\""),
        "--B\r\nX: y\n" PART("name=\"a\""),
        "--B\r\nX: y\r\n z\r\n" PART("name=\"a\""),
        "--B\r\n" PART("name=\"a\nb\""),
        "--B\r\n" PART("name=\"a\"") "text\r\n--Bx",
        "--B\r\n" PART("name=\"a\"") "text\r\n--B\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(cases[i], NULL);
}

/* Reads @before, @count times @word in the head of a part, and @after. */
static enum leat_multipart_event flood(const char *before, const char *word, unsigned count,
                                       const char *after)
{
    struct told told = {.last = LEAT_MULTIPART_MORE};

    assert_true(leat_multipart_start(&told.reader, TYPE, strlen(TYPE)));
    feed(&told, before, strlen(before));
    while (count-- > 0)
        feed(&told, word, strlen(word));
    feed(&told, after, strlen(after));
    return told.last;
}

static void test_threat_W3_heads_are_bounded(void **state)
{
    const char *name = "--B\r\nContent-Disposition: form-data; name=\"";
    const char *file = "--B\r\nContent-Disposition: form-data; name=\"a\"; filename=\"";
    const char *long_file =
        "--B\r\nContent-Disposition: form-data; name=\"a\"; filename*=iso-8859-1''";
    const char *end = "\"\r\n\r\n";

    (void)state;
    assert_int_equal(flood(name, "n", 127, end), LEAT_MULTIPART_MORE);
    assert_int_equal(flood(name, "n", 128, end), LEAT_MULTIPART_BAD);
    assert_int_equal(flood(file, "n", 255, end), LEAT_MULTIPART_MORE);
    assert_int_equal(flood(file, "n", 256, end), LEAT_MULTIPART_BAD);
    assert_int_equal(flood(long_file, "%e4", 127, "\r\n"), LEAT_MULTIPART_MORE);
    assert_int_equal(flood(long_file, "%e4", 128, "\r\n"), LEAT_MULTIPART_BAD);
    assert_int_equal(flood(long_file, "n", 256, "\r\n"), LEAT_MULTIPART_BAD);
    assert_int_equal(flood("--B\r\nContent-Type: ", "n", 127, "\r\n"), LEAT_MULTIPART_MORE);
    assert_int_equal(flood("--B\r\nContent-Type: ", "n", 128, "\r\n"), LEAT_MULTIPART_BAD);
    assert_int_equal(flood("--B\r\n", "X: y\r\n", 600, ""), LEAT_MULTIPART_MORE);
    assert_int_equal(flood("--B\r\n", "X: y\r\n", 700, ""), LEAT_MULTIPART_BAD);
}

static void test_threat_W3_many_parts(void **state)
{
    struct told told = {.last = LEAT_MULTIPART_MORE};
    static const char part[] = "--B\r\n" PART("name=\"a\"") "\r\n";

    (void)state;
    assert_true(leat_multipart_start(&told.reader, TYPE, strlen(TYPE)));
    for (int i = 0; i < 100000; i++) {
        feed(&told, part, sizeof part - 1);
        told.len = 0;
    }
    assert_int_equal(told.last, LEAT_MULTIPART_MORE);
    assert_int_equal(told.reader.parts, 100000); /* only the program limits their number */
}

static void test_threat_W3_boundaries(void **state)
{
    static const struct {
        const char *type;
        bool good;
    } cases[] = {
        {"multipart/form-data; boundary=x", true},
        {"Multipart/Form-Data;BOUNDARY=\"x:y\"", true},
        {"multipart/form-data; charset=utf-8; boundary=----WebKitFormBoundaryAbC ; x=y", true},
        {"multipart/form-data; boundary="
         "1234567890123456789012345678901234567890123456789012345678901234567890",
         true},
        {"multipart/form-data; boundary="
         "12345678901234567890123456789012345678901234567890123456789012345678901",
         false},
        {"multipart/form-data; boundary=", false},
        {"multipart/form-data; boundary=\"\"", false},
        {"multipart/form-data; boundary=\"x", false},
        {"multipart/form-data; boundary=x y", false},
        {"multipart/form-data; boundary=\"x y\";", true},
        {"multipart/form-data; boundary=\"x \"", false},
        {"multipart/form-data; boundary=\" \"", false},
        {"multipart/form-data; boundary=\" ", false},
        {"multipart/form-data; boundary=x\ry", false},
        {"multipart/form-data; x=\"; boundary=y\"", false},
        {"multipart/form-data; charset=\"utf-8\"; boundary=x", true}, /* RFC 9110 5.6.6 */
        {"multipart/form-data; x=\"; boundary=[\\\"\" ; boundary=x", true},
        {"multipart/form-data; x=\"y; boundary=x", false},
        {"multipart/form-data", false},
        {"multipart/form-datax; boundary=x", false},
        {"multipart/mixed; boundary=x", false},
        {"multipart/form", false},
        {"", false},
    };
    struct leat_multipart reader;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(leat_multipart_start(&reader, cases[i].type, strlen(cases[i].type)),
                         cases[i].good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_extended_names),
        cmocka_unit_test(test_preambles),
        cmocka_unit_test(test_data_that_resembles_a_boundary),
        cmocka_unit_test(test_data_is_told_in_one_piece),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_invalid_forms),
        cmocka_unit_test(test_threat_W3_heads_are_bounded),
        cmocka_unit_test(test_threat_W3_many_parts),
        cmocka_unit_test(test_threat_W3_boundaries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
