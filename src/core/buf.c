/*
 * buf.c -- buffers: views of reference-counted storage.
 *
 * A buffer from the full or small list owns its storage; a view refers to an owner. The owner's
 * reference count is the number of views of its storage, including itself until it is freed. The
 * owner returns to its list when the last view is freed. A lent buffer is a small one whose view
 * shows the program's memory; its own storage keeps the release callback.
 */
#include <leat/buf.h>

#include <string.h>

#include "core/assert.h"
#include "core/cold.h"
#include "core/pool.h"
#include "core/view.h"

/* This lies at the start of the buffer's own storage, which is unused while its view shows lent
 * memory. */
struct lent {
    void (*release)(void *arg);
    void *arg;
};

/* Lists are stacks: the buffer that was used last, which the cache is most likely to hold, is taken
 * next. */
static inline void list_give(struct leat_buf *buf)
{
    struct pool_list *list = &buf->pool->lists[buf->kind];

    buf->next = list->free;
    list->free = buf;
    list->free_count++;
}

struct leat_buf *leat_buf_alloc(struct leat_pool *pool, uint32_t headroom)
{
    return pool_alloc(pool, POOL_FULL, headroom, 0);
}

struct leat_buf *leat_buf_alloc_small(struct leat_pool *pool, uint32_t headroom)
{
    return pool_alloc(pool, POOL_SMALL, headroom, 0);
}

struct leat_buf *pool_lend(struct leat_pool *pool, const void *bytes, uint32_t len,
                           void (*release)(void *arg), void *arg)
{
    struct leat_buf *buf = pool_alloc(pool, POOL_SMALL, 0, 0);
    const struct lent lent = {release, arg};
    /* The union drops the const without a cast, which the compiler's warnings forbid. No path of
     * the stack writes to lent memory (buf_is_writable()). */
    union {
        const void *promised;
        uint8_t *unwritten;
    } lent_bytes = {bytes};

    if (!buf)
        return 0;
    memcpy(buf + 1, &lent, sizeof lent);
    buf->kind = POOL_SMALL | POOL_LENT;
    view_set(buf, lent_bytes.unwritten, len);
    return buf;
}

struct leat_buf *leat_buf_lend(struct leat_pool *pool, const void *bytes, uint32_t len,
                               void (*release)(void *arg), void *arg)
{
    const struct pool_list *small = &pool->lists[POOL_SMALL];

    /* headers need small buffers too */
    if (small->free_count * (uint64_t)16 < small->count * (uint64_t)POOL_RESERVE) {
        if (pool->lends_refused)
            ++*pool->lends_refused;
        return 0;
    }
    return pool_lend(pool, bytes, len, release, arg);
}

COLD static void lent_release(struct leat_buf *buf)
{
    struct lent lent;

    leat_debug_assert(buf->pool->lists[POOL_SMALL].free_count < buf->pool->lists[POOL_SMALL].count);
    leat_debug_assert(buf->kind == (POOL_SMALL | POOL_LENT));
    memcpy(&lent, buf + 1, sizeof lent);
    buf->kind = POOL_SMALL;
    buf->start = (uint8_t *)(buf + 1);
    buf->capacity = POOL_SMALL_BYTES;
    /* the buffer is free before the callback, which may lend memory again */
    list_give(buf);
    if (lent.release)
        lent.release(lent.arg);
}

static inline void owner_release(struct leat_buf *owner)
{
    leat_assert(owner->refs > 0);
    if (--owner->refs > 0)
        return;
    if (owner->kind & POOL_LENT)
        lent_release(owner);
    else
        list_give(owner);
}

/* Frees one view. A view from POOL_VIEW goes back to its list at once; an owner goes back when the
 * last view of its storage is freed, which may be a different one. */
static inline void piece_free(struct leat_buf *buf)
{
    struct leat_buf *owner = buf->owner;

    leat_assert(owner != 0);
    buf->owner = 0; /* makes the assertion catch a second free */
    if (buf->kind == POOL_VIEW)
        list_give(buf);
    owner_release(owner);
}

/* leat_buf_free() of any list. */
static __attribute__((noinline)) void list_free(struct leat_buf *buf)
{
    while (buf) {
        struct leat_buf *next = buf->next;

        piece_free(buf);
        buf = next;
    }
}

void leat_buf_free(struct leat_buf *buf)
{
    /* list_free() is called for two reasons, asked at different places:
     * NOLINTNEXTLINE(bugprone-branch-clone) */
    if (!buf || buf->next) {
        list_free(buf);
    } else if (buf->owner == buf && buf->refs == 1 && buf->kind < POOL_VIEW) {
        /* piece_free() for storage that no view shares and that isn't lent */
        buf->owner = 0;
        buf->refs = 0;
        list_give(buf);
    } else if (!buf->owner || buf->owner->refs == 0) {
        /* a second free: asserts there. A call here would cost each free a frame */
        list_free(buf);
    } else {
        piece_free(buf);
    }
}

struct leat_buf *leat_buf_slice(const struct leat_buf *buf, uint32_t offset, uint32_t len)
{
    struct leat_buf *first = 0;
    struct leat_buf **end = &first;

    /* An offset between two pieces belongs to the later one. Only an empty slice may begin at the
     * very end of the list. */
    for (; buf && offset >= buf->len && (len > 0 || offset > 0) && buf->next; buf = buf->next)
        offset -= buf->len;
    do {
        leat_assert(buf != 0 && offset <= buf->len);
        const uint32_t here = len < buf->len - offset ? len : buf->len - offset;

        *end = view_of(buf, offset, here);
        /* the views of the earlier pieces go back, because the caller gets all or nothing */
        if (!*end) {
            leat_buf_free(first);
            return 0;
        }
        end = &(*end)->next;
        len -= here;
        offset = 0;
        buf = buf->next;
    } while (len > 0);
    return first;
}

uint8_t *leat_buf_push(struct leat_buf *buf, uint32_t bytes)
{
    return view_push(buf, bytes);
}

uint8_t *leat_buf_pull(struct leat_buf *buf, uint32_t bytes)
{
    uint8_t *taken = buf->data;

    if (bytes > buf->len)
        return 0;
    view_set(buf, buf->data + bytes, buf->len - bytes);
    return taken;
}

uint8_t *leat_buf_put(struct leat_buf *buf, uint32_t bytes)
{
    uint8_t *added = buf->data + buf->len;

    if (bytes > leat_buf_tailroom(buf))
        return 0;
    buf->len += bytes;
    return added;
}

void leat_buf_trim(struct leat_buf *buf, uint32_t total)
{
    for (; buf; buf = buf->next) {
        if (total <= buf->len) {
            view_set(buf, buf->data, total);
            leat_buf_free(buf->next);
            buf->next = 0;
            return;
        }
        total -= buf->len;
    }
}

struct leat_buf *leat_buf_consume(struct leat_buf *buf, uint32_t bytes)
{
    /* empty pieces are freed, too, so the first piece of the rest has bytes */
    while (buf && bytes >= buf->len) {
        struct leat_buf *next = buf->next;

        bytes -= buf->len;
        piece_free(buf);
        buf = next;
    }
    if (buf)
        view_set(buf, buf->data + bytes, buf->len - bytes);
    return buf;
}

void leat_buf_append(struct leat_buf *buf, struct leat_buf *tail)
{
    while (buf->next)
        buf = buf->next;
    buf->next = tail;
}

/* Storage with several views counts once for each of them, because each alone keeps it in use. */
uint32_t leat_buf_held(const struct leat_buf *buf)
{
    uint32_t held = 0;

    for (; buf; buf = buf->next)
        held += buf->owner->capacity + (uint32_t)sizeof *buf;
    return held;
}

uint32_t leat_buf_read(const struct leat_buf *buf, uint32_t offset, void *bytes, uint32_t len)
{
    uint8_t *out = bytes;
    uint32_t done = 0;

    for (; buf && done < len; buf = buf->next) {
        if (offset >= buf->len) {
            offset -= buf->len;
            continue;
        }
        const uint32_t left = len - done;
        const uint32_t here = left < buf->len - offset ? left : buf->len - offset;

        memcpy(out + done, buf->data + offset, here);
        done += here;
        offset = 0;
    }
    return done;
}

bool view_merge(struct leat_buf *last, const struct leat_buf *piece)
{
    /* with another reference, a view may show the bytes behind @last, which the copy would
     * overwrite */
    if (last->owner != last || last->refs != 1 || !view_is_short(piece) ||
        leat_buf_tailroom(last) < piece->len)
        return false;
    memcpy(view_put(last, piece->len), piece->data, piece->len);
    return true;
}

struct leat_buf *leat_buf_copy(struct leat_pool *pool, const void *bytes, uint32_t len)
{
    const uint8_t *at = bytes;
    struct leat_buf *first = leat_buf_alloc(pool, LEAT_BUF_HEADROOM);
    struct leat_buf *buf = first;

    while (buf) {
        const uint32_t room = leat_buf_tailroom(buf);
        const uint32_t here = len < room ? len : room;

        if (here > 0)
            memcpy(buf->data + buf->len, at, here);
        buf->len += here;
        at += here;
        len -= here;
        if (len == 0)
            return first;
        /* it needs no headroom, because headers are written in front of the first piece only */
        buf->next = leat_buf_alloc(pool, 0);
        buf = buf->next;
    }
    leat_buf_free(first);
    return 0;
}
