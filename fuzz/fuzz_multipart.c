/*
 * fuzz_multipart.c -- forms with files: the result doesn't depend on the pieces.
 *
 * The first byte sets where the form is cut; the rest is the form, with the boundary "B".
 */
#include <stdlib.h>
#include <string.h>

#include <leat/multipart.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct told {
    struct leat_multipart reader;
    enum leat_multipart_event last;
    uint64_t hash; /* hash of the callbacks' arguments */
};

static void demand(bool condition)
{
    if (!condition)
        abort();
}

static void mix(struct told *told, const void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        told->hash = (told->hash ^ ((const uint8_t *)bytes)[i]) * 1099511628211u;
}

/* Parses a copy of @len bytes that ends at the end of its memory. */
static void feed(struct told *told, const uint8_t *bytes, size_t len)
{
    struct leat_multipart *reader = &told->reader;
    uint8_t *copy = malloc(len + !len);
    size_t at = 0;

    demand(copy != NULL);
    memcpy(copy, bytes, len);
    while (at < len && told->last < LEAT_MULTIPART_OVER) {
        size_t taken;

        told->last = leat_multipart_read(reader, copy + at, len - at, &taken);
        demand(taken <= len - at);
        at += taken;
        if (told->last == LEAT_MULTIPART_DATA) {
            demand(reader->data_len > 0 && reader->parts > 0);
            demand(!reader->data_is_given ||
                   (reader->data >= copy && reader->data + reader->data_len <= copy + at));
            mix(told, reader->data, reader->data_len);
        } else if (told->last != LEAT_MULTIPART_MORE) {
            mix(told, &told->last, sizeof told->last);
        }
        if (told->last == LEAT_MULTIPART_PART) {
            mix(told, reader->name, reader->name_len);
            mix(told, reader->file, reader->file_len);
            mix(told, reader->type, reader->type_len);
        }
        demand(told->last != LEAT_MULTIPART_MORE || at == len);
    }
    free(copy);
}

static void start(struct told *told)
{
    static const char type[] = "multipart/form-data; boundary=B";

    told->last = LEAT_MULTIPART_MORE;
    told->hash = 1;
    demand(leat_multipart_start(&told->reader, type, sizeof type - 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct told whole, cut;
    size_t at;

    if (size < 1 || size > 20000)
        return 0;
    at = (size - 1) * data[0] / 255;
    start(&whole);
    feed(&whole, data + 1, size - 1);
    start(&cut);
    feed(&cut, data + 1, at);
    feed(&cut, data + 1 + at, size - 1 - at);
    demand(whole.hash == cut.hash);
    demand((whole.last >= LEAT_MULTIPART_OVER) == (cut.last >= LEAT_MULTIPART_OVER));
    return 0;
}
