/* shares.c -- divides a bounded table fairly among holders.  See shares.h. */
#include "core/shares.h"

#include "core/assert.h"

/* ---- lists by index ----------------------------------------------------------------------- */

/*
 * Two kinds of lists: the places of one holder (or the free places), oldest first, and the holders
 * with the same number of places. node_at() finds the node of an index in a list of either kind.
 */
enum list_kind {
    PLACES,
    HOLDERS
};

static struct shares_node *node_at(const struct shares *shares, enum list_kind kind, uint32_t index)
{
    return kind == PLACES ? &shares->places[index].by_age : &shares->holders[index].by_count;
}

static void list_put(const struct shares *shares, enum list_kind kind, struct shares_list *list,
                     uint32_t index)
{
    *node_at(shares, kind, index) = (struct shares_node){list->last, SHARES_NONE};
    if (list->last == SHARES_NONE)
        list->first = index;
    else
        node_at(shares, kind, list->last)->behind = index;
    list->last = index;
}

static void list_remove(const struct shares *shares, enum list_kind kind, struct shares_list *list,
                        uint32_t index)
{
    const struct shares_node node = *node_at(shares, kind, index);

    if (node.before == SHARES_NONE)
        list->first = node.behind;
    else
        node_at(shares, kind, node.before)->behind = node.behind;
    if (node.behind == SHARES_NONE)
        list->last = node.before;
    else
        node_at(shares, kind, node.behind)->before = node.before;
}

/* ---- holders ------------------------------------------------------------------------------ */

uint64_t shares_holder(const struct leat_ip *ip)
{
    uint64_t key = 0;

    if (leat_ip_is_v4(*ip))
        return UINT64_C(0xffff) << 32 | leat_ip_v4_number(*ip);
    for (unsigned i = 0; i < 8; i++)
        key = key << 8 | ip->bytes[i];
    return key;
}

/* Multiply-shift: without the key, a peer can't choose addresses that share a bucket. The highest
 * bits are used, because they depend on all bits of @key. */
static uint32_t *bucket_of(const struct shares *shares, uint64_t key)
{
    return &shares->buckets[(shares->multiplier * key + shares->addend) >> shares->shift];
}

static uint32_t find(const struct shares *shares, uint64_t key)
{
    uint32_t index = *bucket_of(shares, key);

    while (index != SHARES_NONE && shares->holders[index].key != key)
        index = shares->holders[index].chain;
    return index;
}

/* A free record always exists, because every holder has at least one place. */
static uint32_t make_holder(struct shares *shares, uint64_t key)
{
    uint32_t *bucket = bucket_of(shares, key);
    const uint32_t index = shares->free_holder;
    struct shares_holder *holder;

    leat_assert(index != SHARES_NONE);
    holder = &shares->holders[index];
    shares->free_holder = holder->chain;
    *holder =
        (struct shares_holder){.key = key, .chain = *bucket, .places = {SHARES_NONE, SHARES_NONE}};
    *bucket = index;
    return index;
}

/* Holders without places leave the table at once, so it never needs more records than places. */
static void release_holder(struct shares *shares, uint32_t index)
{
    struct shares_holder *holder = &shares->holders[index];
    uint32_t *link = bucket_of(shares, holder->key);

    while (*link != index)
        link = &shares->holders[*link].chain;
    *link = holder->chain;
    holder->chain = shares->free_holder;
    shares->free_holder = index;
}

/* Moves a holder to the end of the list of holders with @held places. Each change and each renewal
 * does so, so the first holder of a level is the one without progress for the longest time. */
static void set_held(struct shares *shares, uint32_t index, uint32_t held)
{
    struct shares_holder *holder = &shares->holders[index];

    if (holder->held > 0)
        list_remove(shares, HOLDERS, &shares->levels[holder->held], index);
    holder->held = held;
    if (held > 0)
        list_put(shares, HOLDERS, &shares->levels[held], index);
}

/* Takes a place from a holder; a holder without places is removed. */
static void take_from_holder(struct shares *shares, uint32_t index, uint32_t place)
{
    const uint32_t held = shares->holders[index].held;

    list_remove(shares, PLACES, &shares->holders[index].places, place);
    set_held(shares, index, held - 1);
    /* if no equal holder is left, this holder is still the largest, with one place less */
    if (shares->largest == held && shares->levels[held].first == SHARES_NONE)
        shares->largest = held - 1;
    if (held == 1)
        release_holder(shares, index);
}

/* ---- the table ---------------------------------------------------------------------------- */

static uint32_t bucket_count(uint32_t places)
{
    uint32_t buckets = 2;

    while (buckets < places)
        buckets *= 2;
    return buckets;
}

size_t shares_bytes(uint32_t places)
{
    const size_t each =
        sizeof(struct shares_holder) + sizeof(struct shares_place) + sizeof(struct shares_list);
    const size_t bytes =
        places * each + sizeof(struct shares_list) + bucket_count(places) * sizeof(uint32_t);

    return (bytes + 7) & ~(size_t)7;
}

void shares_init(struct shares *shares, void *memory, uint32_t places, uint32_t reserve,
                 const uint64_t key[2])
{
    const uint32_t buckets = bucket_count(places);

    leat_assert(places > 0 && places <= SHARES_PLACES_MAX);
    leat_assert(reserve <= places);
    leat_assert(((uintptr_t)memory & (_Alignof(struct shares_holder) - 1)) == 0);
    *shares = (struct shares){.holders = memory,
                              .multiplier = key[0] | 1,
                              .addend = key[1],
                              .count = places,
                              .reserve = reserve,
                              .free_holder = SHARES_NONE,
                              .shift = 63};
    /* the arrays are in the order of their alignments, strictest first, so that no gap is needed */
    shares->levels = (struct shares_list *)(void *)(shares->holders + places);
    shares->places = (struct shares_place *)(void *)(shares->levels + places + 1);
    shares->buckets = (uint32_t *)(void *)(shares->places + places);
    /* the shift is 64 less the logarithm of the number of buckets */
    for (uint32_t i = 2; i < buckets; i *= 2)
        shares->shift--;
    for (uint32_t i = places; i-- > 0;) {
        shares->holders[i].chain = shares->free_holder;
        shares->free_holder = i;
    }
    shares->free_places = (struct shares_list){SHARES_NONE, SHARES_NONE};
    for (uint32_t i = 0; i < places; i++) {
        shares->places[i].holder = SHARES_NONE;
        list_put(shares, PLACES, &shares->free_places, i);
    }
    for (uint32_t i = 0; i <= places; i++)
        shares->levels[i] = (struct shares_list){SHARES_NONE, SHARES_NONE};
    for (uint32_t i = 0; i < buckets; i++)
        shares->buckets[i] = SHARES_NONE;
}

uint32_t shares_held(const struct shares *shares, uint64_t holder)
{
    const uint32_t index = find(shares, holder);

    return index == SHARES_NONE ? 0 : shares->holders[index].held;
}

bool shares_may_take(const struct shares *shares, uint64_t holder)
{
    const uint32_t left = shares->count - shares->used;

    return left > shares->reserve || shares_held(shares, holder) < left; /* rules 1 and 2 */
}

uint32_t shares_room(const struct shares *shares, uint64_t holder)
{
    const uint32_t own = find(shares, holder);
    const uint32_t held = own == SHARES_NONE ? 0 : shares->holders[own].held;

    if (shares_may_take(shares, holder))
        return SHARES_NONE;
    /* With one place more than the requester, the largest holder stays as it is: the two would take
     * the place from each other for ever. */
    if (held > 0 && shares->largest < held + 2) /* rule 4 */
        return shares->holders[own].places.first;
    if (shares->largest == 0)
        return SHARES_NONE; /* the program itself has all places */
    /* rule 3: the first of its level is the holder without progress for the longest time */
    return shares->holders[shares->levels[shares->largest].first].places.first;
}

bool shares_is_of(const struct shares *shares, uint32_t place, uint64_t holder)
{
    const uint32_t index = shares->places[place].holder;

    return index < SHARES_OURS && shares->holders[index].key == holder;
}

/* Removes @place from the free list, before it is taken. */
static void leave_free(struct shares *shares, uint32_t place)
{
    leat_assert(place < shares->count && shares->places[place].holder == SHARES_NONE);
    list_remove(shares, PLACES, &shares->free_places, place);
    shares->used++;
}

void shares_take(struct shares *shares, uint32_t place, uint64_t holder)
{
    uint32_t index = find(shares, holder);

    leave_free(shares, place);
    if (index == SHARES_NONE)
        index = make_holder(shares, holder);
    shares->places[place].holder = index;
    list_put(shares, PLACES, &shares->holders[index].places, place);
    set_held(shares, index, shares->holders[index].held + 1);
    if (shares->largest < shares->holders[index].held)
        shares->largest = shares->holders[index].held;
}

void shares_take_own(struct shares *shares, uint32_t place)
{
    leave_free(shares, place);
    shares->places[place].holder = SHARES_OURS;
}

void shares_renew(struct shares *shares, uint32_t place)
{
    const uint32_t index = shares->places[place].holder;

    if (index >= SHARES_OURS)
        return;
    /* the place becomes the youngest of its holder, and the holder the last of its level */
    list_remove(shares, PLACES, &shares->holders[index].places, place);
    list_put(shares, PLACES, &shares->holders[index].places, place);
    set_held(shares, index, shares->holders[index].held);
}

void shares_give(struct shares *shares, uint32_t place)
{
    uint32_t index;

    leat_assert(place < shares->count && shares->places[place].holder != SHARES_NONE);
    index = shares->places[place].holder;
    if (index != SHARES_OURS)
        take_from_holder(shares, index, place);
    shares->places[place].holder = SHARES_NONE;
    list_put(shares, PLACES, &shares->free_places, place);
    shares->used--;
}
