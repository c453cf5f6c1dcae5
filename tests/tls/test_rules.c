/*
 * test_rules.c -- RFC 8446's rules that an endpoint can break, each a line of a table: rules.txt.
 *
 * An end of TLS receives the messages of the line, in virtual time. Its cryptography always agrees
 * (agreeable.h), so only the rule itself can stop a message. A line is
 *
 *      END  SECTION  RESULT  COMMAND ; COMMAND ...
 *
 * END: "client" or "server", with "+alpn", "+ticket", "+early" or "+cookie" (enum tls_end_option).
 * RESULT: the name of the alert that END sends; "open", or "waits". A command is a message or a
 * record:
 *
 *      ch, sh, hrr      a legal one, of the peer, then changes: version=, random=, session=,
 *                       suites=, compression= and HEX; 43=HEX, the body of an extension;
 *                       -43 without it; +43=HEX another one at the end
 *      ee, cr, cert, cv, fin, ku, nst   a legal one; or its body in HEX
 *      msg TYPE HEX     a message
 *      record TYPE HEX  a record, encrypted if it should be
 *      raw HEX          bytes
 *      split N          the rest is sent in records of N bytes
 *      flight           ee ; cert ; cv ; fin
 *
 * "&" instead of ";" puts both into one record. HEX is parts with "," between them. A part with
 * "*N" after it is repeated N times; "-" is no bytes.
 */
#include "byte_peer.h"

#include <stdlib.h>

enum {
    LINE_BYTES = 2000,
    EXTENSIONS = 16,
    DATA_BYTES = 40000
};

struct bytes {
    uint32_t len;
    uint8_t at[DATA_BYTES];
};

/* A hello that is being built. */
struct hello {
    char type[8];
    char *field[5]; /* HEX */
    struct {
        unsigned number;
        const char *body; /* NULL: left out */
    } extensions[EXTENSIONS];
    unsigned count;
};

static const char *const fields[] = {"version", "random", "session", "suites", "compression"};

static struct tls_end end;
static const char *where; /* the current line */
static uint32_t split;
static struct bytes record; /* messages that will share one record */

static void demand_that(bool condition, const char *what)
{
    if (!condition)
        fail_msg("%s: %s", what, where);
}

static const struct tls_handshake *handshake(void)
{
    const struct tls_session *session = end.closed ? NULL : end.stream.end;

    return session ? session->handshake : NULL;
}

/* ---- Bytes ----------------------------------------------------------------------------------- */

static void put(struct bytes *bytes, const void *at, uint32_t len)
{
    demand_that(bytes->len + len <= DATA_BYTES, "too much");
    if (len > 0)
        memcpy(bytes->at + bytes->len, at, len);
    bytes->len += len;
}

static void put_number(struct bytes *bytes, uint32_t number, unsigned size)
{
    while (size-- > 0) {
        const uint8_t byte = (uint8_t)(number >> (8 * size));

        put(bytes, &byte, 1);
    }
}

/* Puts the first @digits digits of @hex. */
static void put_digits(struct bytes *bytes, const char *hex, size_t digits)
{
    demand_that(digits % 2 == 0, "half a byte");
    for (size_t i = 0; i < digits; i += 2) {
        const char two[3] = {hex[i], hex[i + 1], '\0'};
        char *over;

        put_number(bytes, (uint32_t)strtoul(two, &over, 16), 1);
        demand_that(*over == '\0', "no digit");
    }
}

static void put_hex(struct bytes *bytes, const char *hex)
{
    if (strcmp(hex, "-") == 0)
        return;
    while (*hex != '\0') {
        const size_t digits = strcspn(hex, "*,");
        const int times = hex[digits] == '*' ? atoi(hex + digits + 1) : 1;

        for (int i = 0; i < times; i++)
            put_digits(bytes, hex, digits);
        hex += strcspn(hex, ",");
        hex += *hex == ',';
    }
}

/* Puts a vector with the bytes of @hex and a length of @size bytes. */
static void put_vector(struct bytes *bytes, const char *hex, unsigned size)
{
    static struct bytes body;

    body.len = 0;
    put_hex(&body, hex);
    put_number(bytes, body.len, size);
    put(bytes, body.at, body.len);
}

/* ---- Messages -------------------------------------------------------------------------------- */

/* Applies a word of the line to @hello. False: it is no change. */
static bool change(struct hello *hello, char *word)
{
    char *body = strchr(word, '=');
    const bool more = *word == '+', less = *word == '-';
    unsigned number, at = 0;

    if (!body && !(less && word[1] != '\0'))
        return false;
    if (body)
        *body++ = '\0';
    for (unsigned i = 0; i < 5; i++)
        if (strcmp(word, fields[i]) == 0) {
            hello->field[i] = body;
            return true;
        }
    number = (unsigned)strtoul(word + (more || less), NULL, 10);
    while (at < hello->count && (more || hello->extensions[at].number != number))
        at++;
    demand_that(at < EXTENSIONS && (!less || at < hello->count), "extensions");
    hello->count += at == hello->count;
    hello->extensions[at].number = number;
    hello->extensions[at].body = body;
    return true;
}

static void put_extensions(struct bytes *bytes, const struct hello *hello)
{
    static struct bytes block;

    block.len = 0;
    for (unsigned i = 0; i < hello->count; i++)
        if (hello->extensions[i].body) {
            put_number(&block, hello->extensions[i].number, 2);
            put_vector(&block, hello->extensions[i].body, 2);
        }
    put_number(bytes, block.len, 2);
    put(bytes, block.at, block.len);
}

static const char *hex_of(const uint8_t *bytes, uint32_t len)
{
    static char text[2 * WIRE_TLS_SESSION_ID_MAX + 1];

    for (uint32_t i = 0; i < len; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return len > 0 ? text : "-";
}

/* The legal messages by name: type, extensions or body. */
static const struct kind {
    const char *name;
    uint8_t type;
    const char *extensions; /* as words of a line */
    const char *body;       /* in front of them, or the whole; "hello": built */
} kinds[] = {
    {"ch", WIRE_TLS_CLIENT_HELLO, "43=020304 10=0002001d 13=00020403 51=0024001d0020,1d*32",
     "hello"},
    /* with a ticket of tls_end_ticket() and early data after it */
    {"early", WIRE_TLS_CLIENT_HELLO,
     "43=020304 10=0002001d 13=00020403 51=0024001d0020,1d*32 45=0101 42=- "
     "41=00980092,00*20,13010000000000000000,00*36,5a*16,00*48,a5*16,00000000002120,5a*32",
     "hello"},
    {"eoed", WIRE_TLS_END_OF_EARLY_DATA, NULL, ""},
    {"sh", WIRE_TLS_SERVER_HELLO, "43=0304 51=001d0020,1d*32", "hello"},
    {"hrr", WIRE_TLS_SERVER_HELLO, "43=0304 51=0017", "hello"},
    {"ee", WIRE_TLS_ENCRYPTED_EXTENSIONS, "", ""},
    {"cr", WIRE_TLS_CERTIFICATE_REQUEST, "13=00020403", "00"},
    {"cert", WIRE_TLS_CERTIFICATE, NULL, "00000009000004300205000000"},
    {"cv", WIRE_TLS_CERTIFICATE_VERIFY, NULL, "0403000101"},
    {"fin", WIRE_TLS_FINISHED, NULL, "5a*32"},
    {"ku", WIRE_TLS_KEY_UPDATE, NULL, "00"},
    {"nst", WIRE_TLS_NEW_SESSION_TICKET, NULL,
     "0000003c000000000100000401020304"
     "0000"},
};

static const struct kind *kind_of(const char *name)
{
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

static void put_hello(struct bytes *body, struct hello *hello)
{
    const bool retry = strcmp(hello->type, "hrr") == 0;
    const bool server = retry || strcmp(hello->type, "sh") == 0;
    static const char retry_random[] =
        "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c";
    char *const *field = hello->field;

    put_hex(body, field[0] ? field[0] : "0303");
    put_hex(body, field[1] ? field[1] : retry ? retry_random : "11*32");
    if (field[2])
        put_vector(body, field[2], 1);
    else
        put_vector(body,
                   server && handshake()
                       ? hex_of(handshake()->session_id, handshake()->session_id_len)
                       : "-",
                   1);
    if (server)
        put_hex(body, field[3] ? field[3] : "1301");
    else
        put_vector(body, field[3] ? field[3] : "1301", 2);
    if (server)
        put_hex(body, field[4] ? field[4] : "00");
    else
        put_vector(body, field[4] ? field[4] : "00", 1);
    if (hello->count > 0)
        put_extensions(body, hello);
}

static void put_message(struct bytes *to, uint8_t type, const struct bytes *body)
{
    put_number(to, type, 1);
    put_number(to, body->len, 3);
    put(to, body->at, body->len);
}

static void add(const struct kind *kind, char **words)
{
    static struct bytes body;
    struct hello hello = {.count = 0};
    char legal[400], *rest = legal, *word;
    const char *own = NULL;

    snprintf(hello.type, sizeof hello.type, "%s", kind->name);
    snprintf(legal, sizeof legal, "%s", kind->extensions ? kind->extensions : "");
    while ((word = strtok_r(rest, " ", &rest)) != NULL)
        change(&hello, word);
    while ((word = strtok_r(*words, " ", words)) != NULL)
        if (!change(&hello, word))
            own = word;
    body.len = 0;
    if (own)
        put_hex(&body, own);
    else if (strcmp(kind->body, "hello") == 0)
        put_hello(&body, &hello);
    else
        put_hex(&body, kind->body);
    if (!own && kind->extensions && strcmp(kind->body, "hello") != 0)
        put_extensions(&body, &hello);
    put_message(&record, kind->type, &body);
}

/* ---- A line ---------------------------------------------------------------------------------- */

static void leave(void)
{
    const uint32_t step = split > 0 ? split : WIRE_TLS_PLAINTEXT_MAX;

    for (uint32_t at = 0; at < record.len && !end.closed; at += step)
        peer_say(&end, WIRE_TLS_HANDSHAKE, record.at + at,
                 record.len - at < step ? record.len - at : step);
    record.len = 0;
}

static void say_record(const char *type, const char *hex)
{
    static struct bytes data;

    demand_that(type && hex, "a record");
    data.len = 0;
    put_hex(&data, hex);
    if (strcmp(type, "raw") == 0)
        tls_end_feed(&end, data.at, data.len, 1500);
    else
        peer_say(&end, (uint8_t)atoi(type), data.at, data.len);
    for (unsigned i = 0; i < 4; i++)
        tls_world_poll();
}

static void run(char *words)
{
    static const char *const flight[] = {"ee", "cert", "cv", "fin"};
    static struct bytes body;
    char *rest = words;
    char *name = strtok_r(rest, " ", &rest);
    const struct kind *kind;

    demand_that(name != NULL, "an empty command");
    kind = kind_of(name);
    if (kind) {
        add(kind, &rest);
    } else if (strcmp(name, "flight") == 0) {
        for (unsigned i = 0; i < 4; i++) {
            char nothing[] = "", *none = nothing;

            add(kind_of(flight[i]), &none);
            leave();
        }
    } else if (strcmp(name, "msg") == 0) {
        const int type = atoi(strtok_r(rest, " ", &rest));

        body.len = 0;
        put_hex(&body, strtok_r(rest, " ", &rest));
        put_message(&record, (uint8_t)type, &body);
    } else if (strcmp(name, "record") == 0) {
        name = strtok_r(rest, " ", &rest);
        say_record(name, strtok_r(rest, " ", &rest));
    } else if (strcmp(name, "raw") == 0) {
        say_record(name, strtok_r(rest, " ", &rest));
    } else {
        demand_that(strcmp(name, "split") == 0, "an unknown command");
        split = (uint32_t)atoi(strtok_r(rest, " ", &rest));
    }
}

static uint16_t options_of(const char *who)
{
    demand_that(strncmp(who, "client", 6) == 0 || strncmp(who, "server", 6) == 0, "no such end");
    return (uint16_t)((who[0] == 'c' ? TLS_END_CLIENT : 0) |
                      (strstr(who, "+alpn") ? TLS_END_PROTOCOLS : 0) |
                      (strstr(who, "+ticket") ? TLS_END_TICKET : 0) |
                      (strstr(who, "+early") ? TLS_END_EARLY : 0) |
                      (strstr(who, "+cookie") ? TLS_END_COOKIES : 0));
}

/* True if the end is as the line says. Else prints the difference. */
static bool is_as(const char *result)
{
    struct leat_tls_info info;
    const char *is;

    leat_tls_get_info(&end.stream, &info);
    is = info.why[0] != '\0' ? leat_tls_alert_name(info.alert_sent) : end.open ? "open" : "waits";
    if (strcmp(is, result) == 0)
        return true;
    print_error("%s (%s): %s\n", is, info.why, where);
    return false;
}

static bool try_line(char *line)
{
    char whole[LINE_BYTES], *rest = line;
    const char *who, *result;
    bool good;

    snprintf(whole, sizeof whole, "%s", line);
    where = whole;
    who = strtok_r(rest, " ", &rest);
    strtok_r(rest, " ", &rest); /* the section is only for readers */
    result = strtok_r(rest, " ", &rest);
    demand_that(who && result && rest, "a short line");
    split = 0;
    record.len = 0;
    tls_world_open(false);
    tls_end_open(&end, options_of(who), false);
    for (unsigned i = 0; i < 3; i++)
        tls_world_poll();
    while (*rest != '\0') {
        const size_t len = strcspn(rest, ";&");
        const char stop = rest[len];
        char *command = rest;

        rest += len + (stop != '\0');
        command[len] = '\0';
        run(command);
        if (stop != '&')
            leave();
    }
    good = is_as(result);
    tls_end_close(&end, false);
    tls_world_close();
    return good;
}

static const char *table;

static void test_each_rule_has_its_alert(void **state)
{
    FILE *file = fopen(table, "r");
    char line[LINE_BYTES];
    unsigned count = 0, wrong = 0;

    (void)state;
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n#")] = '\0';
        if (line[strspn(line, " ")] == '\0')
            continue;
        wrong += !try_line(line);
        count++;
    }
    fclose(file);
    print_message("%u rules\n", count);
    assert_int_equal(wrong, 0);
    assert_true(count > 200);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_rule_has_its_alert)};

    table = argc == 2 ? argv[1] : "";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
