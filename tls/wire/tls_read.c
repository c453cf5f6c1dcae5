/* tls_read.c -- reads handshake messages of TLS 1.3 (RFC 8446 4). */
#include "tls/wire/tls.h"

#include "wire/bytes.h"

/* The rest of a message. Reading beyond its end sets `bad` and returns zeros. */
struct reader {
    const uint8_t *at;
    const uint8_t *end;
    bool bad;
};

static uint32_t left(const struct reader *in)
{
    return (uint32_t)(in->end - in->at);
}

static const uint8_t *take(struct reader *in, uint32_t len)
{
    const uint8_t *at = in->at;

    if (len > left(in)) {
        in->bad = true;
        in->at = in->end;
        return NULL;
    }
    in->at += len;
    return at;
}

/* Takes a number of @size bytes, at most three. */
static uint32_t take_number(struct reader *in, unsigned size)
{
    const uint8_t *at = take(in, size);
    uint32_t number = 0;

    for (unsigned i = 0; at && i < size; i++)
        number = number << 8 | at[i];
    return number;
}

/* Takes a vector with a length of @size bytes; it must have at least @min bytes. */
static struct wire_tls_bytes take_vector(struct reader *in, unsigned size, uint32_t min)
{
    struct wire_tls_bytes bytes = {NULL, take_number(in, size)};

    if (bytes.len < min)
        in->bad = true;
    bytes.at = take(in, bytes.len);
    if (in->bad)
        bytes = (struct wire_tls_bytes){NULL, 0};
    return bytes;
}

/* Takes a vector of numbers of two bytes each, at least one. */
static struct wire_tls_bytes take_numbers(struct reader *in, unsigned size)
{
    const struct wire_tls_bytes bytes = take_vector(in, size, 2);

    in->bad |= bytes.len % 2 != 0;
    return bytes;
}

static struct reader reader_of(const uint8_t *bytes, uint32_t len)
{
    return (struct reader){bytes, bytes + len, false};
}

static struct reader inside(struct wire_tls_bytes bytes)
{
    static const uint8_t nothing[1]; /* C defines no sum of NULL and a length */

    return reader_of(bytes.at ? bytes.at : nothing, bytes.len);
}

/* True if all of it was read and nothing was missing. */
static bool is_over(const struct reader *in)
{
    return !in->bad && left(in) == 0;
}

/* ---- Lists ----------------------------------------------------------------------------------- */

bool wire_tls_number(struct wire_tls_bytes *list, uint16_t *number)
{
    if (list->len < 2)
        return false;
    *number = get16(list->at);
    list->at += 2;
    list->len -= 2;
    return true;
}

/* Sets @list to the rest of @in. False: nothing was left to read. */
static bool step(struct wire_tls_bytes *list, const struct reader *in)
{
    if (in->bad)
        return false;
    list->len -= (uint32_t)(in->at - list->at);
    list->at = in->at;
    return true;
}

bool wire_tls_share(struct wire_tls_bytes *list, uint16_t *group, struct wire_tls_bytes *share)
{
    struct reader in = inside(*list);

    if (list->len == 0)
        return false;
    *group = (uint16_t)take_number(&in, 2);
    *share = take_vector(&in, 2, 1);
    return step(list, &in);
}

bool wire_tls_protocol(struct wire_tls_bytes *list, struct wire_tls_bytes *protocol)
{
    struct reader in = inside(*list);

    if (list->len == 0)
        return false;
    *protocol = take_vector(&in, 1, 1);
    return step(list, &in);
}

bool wire_tls_identity(struct wire_tls_bytes *list, struct wire_tls_bytes *identity, uint32_t *age)
{
    struct reader in = inside(*list);
    const uint8_t *at;

    if (list->len == 0)
        return false;
    *identity = take_vector(&in, 2, 1);
    at = take(&in, 4);
    *age = at ? get32(at) : 0;
    return step(list, &in);
}

bool wire_tls_binder(struct wire_tls_bytes *list, struct wire_tls_bytes *binder)
{
    struct reader in = inside(*list);

    if (list->len == 0)
        return false;
    *binder = take_vector(&in, 1, 32); /* 4.2.11: at least 32 bytes */
    return step(list, &in);
}

/* ---- Extensions ------------------------------------------------------------------------------ */

bool wire_tls_knows(uint16_t extension)
{
    static const uint16_t known[] = {
        WIRE_TLS_SERVER_NAME,    WIRE_TLS_SUPPORTED_GROUPS,
        WIRE_TLS_ALPN,           WIRE_TLS_SIGNATURE_ALGORITHMS,
        WIRE_TLS_PRE_SHARED_KEY, WIRE_TLS_SIGNATURE_ALGORITHMS_CERT,
        WIRE_TLS_EARLY_DATA,     WIRE_TLS_RECORD_SIZE_LIMIT,
        WIRE_TLS_COOKIE,         WIRE_TLS_SUPPORTED_VERSIONS,
        WIRE_TLS_PSK_MODES,      WIRE_TLS_KEY_SHARE,
    };

    for (unsigned i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i] == extension)
            return true;
    return false;
}

/* Takes the next extension of a block. False: no more, or the block is bad. */
static bool next_extension(struct reader *block, uint16_t *type, struct reader *body)
{
    struct wire_tls_bytes bytes;

    if (block->bad || left(block) == 0)
        return false;
    *type = (uint16_t)take_number(block, 2);
    bytes = take_vector(block, 2, 0);
    *body = inside(bytes);
    return !block->bad;
}

/* Reads the host_name of server_name (RFC 6066 3). No other types of names exist. */
static struct wire_tls_bytes read_name(struct reader *in)
{
    struct wire_tls_bytes list = take_vector(in, 2, 4), name = {NULL, 0};
    struct reader names = inside(list);

    if (take_number(&names, 1) == 0)
        name = take_vector(&names, 2, 1);
    if (names.bad || left(&names) != 0)
        in->bad = true;
    for (uint32_t i = 0; i < name.len; i++)
        if (name.at[i] == 0) /* a C string would end here, and match a shorter name */
            in->bad = true;
    return name;
}

static struct wire_tls_bytes read_shares(struct reader *in)
{
    struct wire_tls_bytes list = take_vector(in, 2, 0), rest = list, share;
    uint16_t group;

    while (wire_tls_share(&rest, &group, &share))
        ;
    in->bad |= rest.len != 0;
    return list;
}

static struct wire_tls_bytes read_protocols(struct reader *in)
{
    struct wire_tls_bytes list = take_vector(in, 2, 2), rest = list, protocol;

    while (wire_tls_protocol(&rest, &protocol))
        ;
    in->bad |= rest.len != 0;
    return list;
}

/* Sets binders_miscounted if there isn't a binder for each identity. */
static void read_psk(struct reader *in, const uint8_t *message, struct wire_tls_client_hello *hello)
{
    struct wire_tls_bytes rest, bytes;
    unsigned identities = 0, binders = 0;
    uint32_t age;

    hello->identities = rest = take_vector(in, 2, 7); /* a length, one byte, the age */
    while (wire_tls_identity(&rest, &bytes, &age))
        identities++;
    in->bad |= rest.len != 0;
    hello->binders_at = (uint32_t)(in->at - message);
    hello->binders = rest = take_vector(in, 2, 33); /* a length and 32 bytes */
    while (wire_tls_binder(&rest, &bytes))
        binders++;
    in->bad |= rest.len != 0;
    hello->binders_miscounted = identities != binders;
}

/* ---- ClientHello ----------------------------------------------------------------------------- */

/* Reads one extension of a ClientHello. An empty list that is present has a non-NULL `at`. */
static void client_extension(uint16_t type, struct reader *in, const uint8_t *message,
                             struct wire_tls_client_hello *hello)
{
    if (type == WIRE_TLS_SERVER_NAME)
        hello->name = read_name(in);
    else if (type == WIRE_TLS_SUPPORTED_GROUPS)
        hello->groups = take_numbers(in, 2);
    else if (type == WIRE_TLS_SIGNATURE_ALGORITHMS)
        hello->schemes = take_numbers(in, 2);
    else if (type == WIRE_TLS_SIGNATURE_ALGORITHMS_CERT)
        hello->schemes_cert = take_numbers(in, 2);
    else if (type == WIRE_TLS_ALPN)
        hello->protocols = read_protocols(in);
    else if (type == WIRE_TLS_RECORD_SIZE_LIMIT)
        hello->record_size_limit = (uint16_t)take_number(in, 2);
    else if (type == WIRE_TLS_PRE_SHARED_KEY)
        read_psk(in, message, hello);
    else if (type == WIRE_TLS_EARLY_DATA)
        hello->early_data = true;
    else if (type == WIRE_TLS_SUPPORTED_VERSIONS)
        hello->versions = take_numbers(in, 1);
    else if (type == WIRE_TLS_COOKIE)
        hello->cookie = take_vector(in, 2, 1);
    else if (type == WIRE_TLS_PSK_MODES)
        hello->psk_modes = take_vector(in, 1, 1);
    else if (type == WIRE_TLS_KEY_SHARE)
        hello->shares = read_shares(in);
    else
        in->at = in->end; /* 4.1.2: an unknown extension */
}

static uint8_t client_extensions(struct reader *in, const uint8_t *message,
                                 struct wire_tls_client_hello *hello)
{
    const struct wire_tls_bytes bytes = take_vector(in, 2, 0);
    struct reader block = inside(bytes), body = block;
    uint16_t type;

    if (wire_tls_has_twice(bytes))
        return WIRE_TLS_ILLEGAL_PARAMETER; /* 4.2, 6.2: well-formed, but not allowed */
    while (next_extension(&block, &type, &body)) {
        if (hello->identities.at)
            return WIRE_TLS_ILLEGAL_PARAMETER; /* 4.2.11: it must be the last one */
        client_extension(type, &body, message, hello);
        if (!is_over(&body))
            return WIRE_TLS_DECODE_ERROR;
        if ((type == WIRE_TLS_RECORD_SIZE_LIMIT && hello->record_size_limit < 64) ||
            hello->binders_miscounted)
            return WIRE_TLS_ILLEGAL_PARAMETER; /* RFC 8449 4; 4.2.11 */
    }
    return block.bad || !is_over(in) ? WIRE_TLS_DECODE_ERROR : 0;
}

uint8_t wire_tls_client_hello_read(const uint8_t *message, uint32_t len,
                                   struct wire_tls_client_hello *hello)
{
    struct reader in = reader_of(message, len);
    struct wire_tls_bytes compression;
    uint32_t version;

    *hello = (struct wire_tls_client_hello){.random = NULL};
    version = take_number(&in, 2); /* only checked for versions that D.5 forbids */
    hello->random = take(&in, WIRE_TLS_RANDOM);
    hello->session_id = take_vector(&in, 1, 0);
    hello->suites = take_numbers(&in, 2);
    compression = take_vector(&in, 1, 1);
    if (in.bad || hello->session_id.len > WIRE_TLS_SESSION_ID_MAX)
        return WIRE_TLS_DECODE_ERROR;
    if (version <= WIRE_TLS_SSL_3)
        return WIRE_TLS_PROTOCOL_VERSION;
    hello->only_null_compression = compression.len == 1 && compression.at[0] == 0;
    if (left(&in) == 0)
        return 0; /* a hello of TLS 1.2 or older may have no extensions */
    return client_extensions(&in, message, hello);
}

/* ---- ServerHello ----------------------------------------------------------------------------- */

/* SHA-256 of "HelloRetryRequest" (4.1.3). */
const uint8_t wire_tls_retry_random[WIRE_TLS_RANDOM] = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

/* True if the random ends as that of a server that was made to choose TLS 1.2 or older (4.1.3). */
static bool has_sentinel(const uint8_t *random)
{
    return memcmp(random + 24, "DOWNGRD", 7) == 0 && random[31] <= 1;
}

/* The alert for an extension that this message must not have (4.2). */
static uint8_t misplaced(uint16_t type)
{
    return wire_tls_knows(type) ? WIRE_TLS_ILLEGAL_PARAMETER : WIRE_TLS_UNSUPPORTED_EXTENSION;
}

static uint8_t server_extension(uint16_t type, struct reader *in,
                                struct wire_tls_server_hello *hello)
{
    if (type == WIRE_TLS_SUPPORTED_VERSIONS) {
        hello->version = (uint16_t)take_number(in, 2);
    } else if (type == WIRE_TLS_KEY_SHARE) {
        hello->group = (uint16_t)take_number(in, 2);
        if (!hello->retry)
            hello->share = take_vector(in, 2, 1);
    } else if (type == WIRE_TLS_COOKIE && hello->retry) {
        hello->cookie = take_vector(in, 2, 1);
    } else if (type == WIRE_TLS_PRE_SHARED_KEY && !hello->retry) {
        hello->psk = (uint16_t)take_number(in, 2);
        hello->has_psk = true;
    } else {
        return misplaced(type);
    }
    return is_over(in) ? 0 : WIRE_TLS_DECODE_ERROR;
}

static uint8_t server_extensions(struct reader *in, struct wire_tls_server_hello *hello)
{
    const struct wire_tls_bytes bytes = take_vector(in, 2, 0);
    struct reader block = inside(bytes), body = block;
    uint16_t type;
    uint8_t flaw = 0;

    if (wire_tls_has_twice(bytes))
        return WIRE_TLS_ILLEGAL_PARAMETER;
    while (!flaw && next_extension(&block, &type, &body))
        flaw = server_extension(type, &body, hello);
    if (flaw)
        return flaw;
    return block.bad || !is_over(in) ? WIRE_TLS_DECODE_ERROR : 0;
}

uint8_t wire_tls_server_hello_read(const uint8_t *message, uint32_t len,
                                   struct wire_tls_server_hello *hello)
{
    struct reader in = reader_of(message, len);
    uint32_t version, compression;

    *hello = (struct wire_tls_server_hello){.random = NULL};
    version = take_number(&in, 2);
    hello->random = take(&in, WIRE_TLS_RANDOM);
    hello->session_id = take_vector(&in, 1, 0);
    hello->suite = (uint16_t)take_number(&in, 2);
    compression = take_number(&in, 1);
    if (in.bad || hello->session_id.len > WIRE_TLS_SESSION_ID_MAX)
        return WIRE_TLS_DECODE_ERROR;
    hello->retry = memcmp(hello->random, wire_tls_retry_random, WIRE_TLS_RANDOM) == 0;
    hello->downgraded = has_sentinel(hello->random);
    if (left(&in) == 0 || version < WIRE_TLS_LEGACY_VERSION) /* TLS 1.2 or older */
        return hello->downgraded ? WIRE_TLS_ILLEGAL_PARAMETER : WIRE_TLS_PROTOCOL_VERSION;
    if (version != WIRE_TLS_LEGACY_VERSION || compression != 0)
        return WIRE_TLS_ILLEGAL_PARAMETER;
    return server_extensions(&in, hello);
}

/* ---- Other messages -------------------------------------------------------------------------- */

uint8_t wire_tls_encrypted_extensions_read(const uint8_t *message, uint32_t len,
                                           struct wire_tls_encrypted_extensions *extensions)
{
    struct reader in = reader_of(message, len);
    const struct wire_tls_bytes bytes = take_vector(&in, 2, 0);
    struct reader block = inside(bytes), body = block;
    struct wire_tls_bytes list;
    uint16_t type;

    *extensions = (struct wire_tls_encrypted_extensions){.record_size_limit = 0};
    if (wire_tls_has_twice(bytes))
        return WIRE_TLS_ILLEGAL_PARAMETER;
    while (next_extension(&block, &type, &body)) {
        if (type == WIRE_TLS_SERVER_NAME) {
            extensions->server_name = true;
        } else if (type == WIRE_TLS_ALPN) {
            list = read_protocols(&body);
            if (!wire_tls_protocol(&list, &extensions->protocol) || list.len != 0)
                return WIRE_TLS_DECODE_ERROR; /* RFC 7301 3.1: exactly one */
        } else if (type == WIRE_TLS_RECORD_SIZE_LIMIT) {
            extensions->record_size_limit = (uint16_t)take_number(&body, 2);
            if (!body.bad && extensions->record_size_limit < 64)
                return WIRE_TLS_ILLEGAL_PARAMETER; /* RFC 8449 4 */
        } else if (type == WIRE_TLS_SUPPORTED_GROUPS) {
            take_numbers(&body, 2); /* 4.2.7: for later connections */
        } else if (type == WIRE_TLS_EARLY_DATA) {
            extensions->early_data = true; /* 4.2.10: empty */
        } else {
            return misplaced(type);
        }
        if (!is_over(&body))
            return WIRE_TLS_DECODE_ERROR;
    }
    return block.bad || !is_over(&in) ? WIRE_TLS_DECODE_ERROR : 0;
}

uint8_t wire_tls_certificate_request_read(const uint8_t *message, uint32_t len,
                                          struct wire_tls_bytes *context,
                                          struct wire_tls_bytes *schemes)
{
    struct reader in = reader_of(message, len);
    struct wire_tls_bytes bytes;
    struct reader block, body;
    uint16_t type;

    *schemes = (struct wire_tls_bytes){NULL, 0};
    *context = take_vector(&in, 1, 0);
    bytes = take_vector(&in, 2, 2);
    block = body = inside(bytes);
    if (wire_tls_has_twice(bytes))
        return WIRE_TLS_ILLEGAL_PARAMETER;
    while (next_extension(&block, &type, &body)) {
        if (type == WIRE_TLS_SIGNATURE_ALGORITHMS) {
            *schemes = take_numbers(&body, 2);
            block.bad |= !is_over(&body);
        } else if (type != WIRE_TLS_SIGNATURE_ALGORITHMS_CERT && wire_tls_knows(type)) {
            return WIRE_TLS_ILLEGAL_PARAMETER; /* 4.2: known, but only for other messages */
        }
    }
    if (block.bad || !is_over(&in))
        return WIRE_TLS_DECODE_ERROR;
    return schemes->at ? 0 : WIRE_TLS_MISSING_EXTENSION;
}

uint8_t wire_tls_certificate_read(const uint8_t *message, uint32_t len,
                                  struct wire_tls_bytes *chain, unsigned max, unsigned *count)
{
    struct reader in = reader_of(message, len), list;
    const struct wire_tls_bytes context = take_vector(&in, 1, 0);

    list = inside(take_vector(&in, 3, 0));
    *count = 0;
    if (!is_over(&in))
        return WIRE_TLS_DECODE_ERROR;
    if (context.len != 0)
        return WIRE_TLS_ILLEGAL_PARAMETER; /* 4.4.2: a server's context is empty */
    while (!list.bad && left(&list) > 0) {
        const struct wire_tls_bytes der = take_vector(&list, 3, 1);
        const struct wire_tls_bytes extensions = take_vector(&list, 2, 0);

        if (!list.bad && extensions.len != 0)
            return WIRE_TLS_UNSUPPORTED_EXTENSION; /* we have asked for none */
        if (!list.bad && *count == max)
            return WIRE_TLS_BAD_CERTIFICATE; /* a longer chain than we check */
        if (!list.bad)
            chain[(*count)++] = der;
    }
    return list.bad ? WIRE_TLS_DECODE_ERROR : 0;
}

uint8_t wire_tls_certificate_verify_read(const uint8_t *message, uint32_t len, uint16_t *scheme,
                                         struct wire_tls_bytes *signature)
{
    struct reader in = reader_of(message, len);

    *scheme = (uint16_t)take_number(&in, 2);
    *signature = take_vector(&in, 2, 0);
    return is_over(&in) ? 0 : WIRE_TLS_DECODE_ERROR;
}
