/*
 * shelf.h -- texts on the disk of a store, for those that are larger than its values.
 *
 * They lie behind the store, in leat_platform.area, which belongs to the one shelf of a program.  A
 * new copy of all texts is written beside the former one.  When it is complete and the disk has
 * been flushed, a value of the store names it: it has the place, and the length, checksum and label
 * of each text.  So if the power is cut, the former copy is there or the new one, as a whole.
 */
#ifndef SHELF_H
#define SHELF_H

#include <leat/block.h>
#include <leat/main.h>
#include <leat/store.h>

enum {
    SHELF_TEXTS = 32,
    SHELF_LABEL_BYTES = 512,   /* with the NUL; all together fit into the value */
    SHELF_VALUE_BYTES = 8000,  /* at most */
    SHELF_CHUNK_BYTES = 65536, /* of an access to the disk: whole sectors */
};

struct shelf_text {
    uint64_t bytes;
    uint64_t sum; /* FNV-1a */
    char label[SHELF_LABEL_BYTES];
};

/* Each text begins at a sector. */
struct shelf_copy {
    uint64_t sector;    /* its first */
    uint64_t written_s; /* civil time; 0: unknown */
    unsigned count;     /* 0: there is no copy */
    struct shelf_text texts[SHELF_TEXTS];
};

struct shelf;

/* Called when an access has ended, unless the program is ending, too (LEAT_ERR_CLOSED). */
typedef void shelf_fn(void *arg, enum leat_err err);

/* One access to the disk, in as many requests as the device needs. */
struct shelf_io {
    struct shelf *shelf;
    void (*on_end)(struct shelf *shelf, enum leat_err err);
    struct leat_block_request request;
    struct leat_buf view;
    uint8_t *bytes;
    uint32_t left;
    uint64_t sector;
    bool is_busy;
};

/* Its members are private, but for `kept` and `is_opening`, which are only read. */
struct shelf {
    struct leat_platform *platform;
    const char *name; /* of the value */
    struct shelf_copy kept, next;
    struct leat_store_request request;
    uint8_t value[SHELF_VALUE_BYTES];
    bool is_opening;
    struct {
        struct leat_store_request request;
        shelf_fn *on_done;
        void *arg;
    } forget;
    struct {
        struct shelf_io io;
        uint64_t sector, left; /* the next one, and how many there are */
        uint32_t filled;       /* bytes of the chunk */
        unsigned chunk;
        bool is_open, is_committing;
        bool is_stale; /* the access is of an earlier copy */
        enum leat_err err;
        void (*on_room)(void *arg);
        void *room_arg;
        shelf_fn *on_done;
        void *arg;
        uint8_t chunks[2][SHELF_CHUNK_BYTES];
    } out;
    struct {
        struct shelf_io io;
        const struct shelf_text *text; /* NULL: none is read */
        uint64_t left, sum;
        uint32_t len; /* of the chunk */
        void (*on_bytes)(void *arg, const void *bytes, size_t len);
        shelf_fn *on_done;
        void *arg;
        uint8_t chunk[SHELF_CHUNK_BYTES];
    } in;
};

/* Looks for a copy, which shelf->kept names as soon as shelf->is_opening is false.  @name is the
 * value's, and stays.  False: the platform has no area. */
bool shelf_open(struct shelf *shelf, struct leat_platform *platform, const char *name);

/* Bytes that a new copy can have. */
uint64_t shelf_room(const struct shelf *shelf);

/* Begins a new copy, and drops one that was begun; not during shelf_commit().  @on_room is called
 * when shelf_add() takes bytes again. */
void shelf_begin(struct shelf *shelf, void (*on_room)(void *arg), void *arg);

/* Begins a text. */
void shelf_text(struct shelf *shelf, const char *label);

/* Bytes that shelf_add() takes now.  After an error all are taken, and get lost. */
uint32_t shelf_space(const struct shelf *shelf);

/* Adds bytes to the text; returns how many were taken. */
size_t shelf_add(struct shelf *shelf, const void *bytes, size_t len);

/* Puts the new copy in the former one's place.  @on_done is called later, or at once, with the
 * first error since shelf_begin(): LEAT_ERR_FULL, TOO_BIG (the labels), DEVICE, UNSUPPORTED.  Then
 * the former copy stays. */
void shelf_commit(struct shelf *shelf, shelf_fn *on_done, void *arg);

/* Drops the new copy; not during shelf_commit(). */
void shelf_cancel(struct shelf *shelf);

/* Drops the former copy; not during shelf_commit().  @on_done is called later. */
void shelf_forget(struct shelf *shelf, shelf_fn *on_done, void *arg);

/* Reads a text of the kept copy, one at a time.  LEAT_ERR_FORMAT: the bytes were other ones. */
void shelf_read(struct shelf *shelf, unsigned text,
                void (*on_bytes)(void *arg, const void *bytes, size_t len), shelf_fn *on_done,
                void *arg);

#endif
