/* blocklist.c -- the hash table: open addressing with linear probing, at most 3/4 full. */
#include "proto/dns/blocklist.h"

#include "proto/dns/blocklist_rules.h"

#include <string.h>

#include "core/assert.h"
#include "proto/dns/dns_zone.h"

enum {
    MARKS = 255,
    BLOCKS = LEAT_BLOCKLIST_BLOCK_NAME | LEAT_BLOCKLIST_BLOCK_BELOW,
    ALLOWS = LEAT_BLOCKLIST_ALLOW_NAME | LEAT_BLOCKLIST_ALLOW_BELOW,
    WORD_BYTES = 8,
    ALIGN = 8
};

/* At most three quarters of the slots are used, and one is always free, which ends every search. */
static uint32_t slots_for(uint32_t names_max)
{
    const uint64_t slots = (uint64_t)names_max + names_max / 3 + 2;

    return slots < UINT32_MAX ? (uint32_t)slots : UINT32_MAX;
}

size_t leat_blocklist_memory_bytes(uint32_t names_max)
{
    return sizeof(struct leat_blocklist) + sizeof(uint64_t) * (size_t)slots_for(names_max) + ALIGN -
           1;
}

enum leat_err leat_blocklist_open(struct leat_blocklist **list, void *memory, size_t bytes,
                                  uint32_t names_max, const uint64_t key[2])
{
    uint8_t *block = memory;
    struct leat_blocklist *made;

    if (names_max == 0)
        return LEAT_ERR_ARGUMENT;
    if (bytes < leat_blocklist_memory_bytes(names_max))
        return LEAT_ERR_MEMORY;
    block += (ALIGN - (uintptr_t)block % ALIGN) % ALIGN;
    made = (struct leat_blocklist *)(void *)block;
    memset(made, 0, sizeof *made);
    /* keyed: the author of a list could otherwise choose names that collide, and make each search
     * long */
    made->key = (struct siphash_key){.k0 = key[0], .k1 = key[1]};
    made->names_max = names_max;
    made->slot_count = slots_for(names_max);
    made->slots = (uint64_t *)(void *)(block + sizeof *made);
    memset(made->slots, 0, sizeof *made->slots * made->slot_count);
    leat_blocklist_begin(made, false);
    *list = made;
    return LEAT_OK;
}

/* dns_lower() of eight bytes at a time. The two sums carry into a byte's upper bit from 'A'
 * and from beyond 'Z', so they differ in that bit for capital letters only. */
static uint64_t lower(uint64_t word)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    const uint64_t low = word & each * 0x7f;
    const uint64_t from_a = low + each * (0x80 - 'A');
    const uint64_t beyond_z = low + each * (0x7f - 'Z');
    const uint64_t upper = (from_a ^ beyond_z) & ~word & each * 0x80;

    return word | upper >> 2;
}

/* Adds one label and its length, in whole words, to the hash of the name above it. So one
 * pass over a name gives the hashes of all names that it lies below. */
static void add_label(struct siphash *hash, const uint8_t *label)
{
    unsigned left = *label + 1u;
    uint64_t word;

    for (; left >= sizeof word; left -= (unsigned)sizeof word, label += sizeof word) {
        memcpy(&word, label, sizeof word);
        siphash13_add(hash, lower(word));
    }
    if (left == 0)
        return;
    for (word = 0; left-- > 0;)
        word = word << 8 | label[left];
    siphash13_add(hash, lower(word));
}

/* The slot with @hash, or the free one where it belongs. */
static uint64_t *find_slot(const struct leat_blocklist *list, uint64_t hash)
{
    /* The product maps the upper half of the hash to a slot without a division. The probing ends,
     * because one slot is always free. */
    uint32_t at = (uint32_t)((hash >> 32) * list->slot_count >> 32);

    while (list->slots[at] != 0 && ((list->slots[at] ^ hash) & ~(uint64_t)MARKS) != 0)
        at = at + 1 < list->slot_count ? at + 1 : 0;
    return &list->slots[at];
}

static bool has_depth(const struct leat_blocklist *list, unsigned labels)
{
    return list->depths[labels / 64] >> labels % 64 & 1;
}

enum leat_err leat_blocklist_give_rules(struct leat_blocklist *list, void *memory, size_t bytes)
{
    uint8_t *block = memory;
    const size_t skipped = (ALIGN - (uintptr_t)block % ALIGN) % ALIGN;

    _Static_assert(sizeof(struct blocklist_rules) + ALIGN < LEAT_BLOCKLIST_RULES_BYTES_MIN,
                   "and some room for rules");
    if (bytes < LEAT_BLOCKLIST_RULES_BYTES_MIN)
        return LEAT_ERR_MEMORY;
    list->rules = blocklist_rules_begin(block + skipped, bytes - skipped);
    return LEAT_OK;
}

enum leat_err leat_blocklist_add(struct leat_blocklist *list, const struct leat_dns_name *name,
                                 unsigned marks)
{
    uint64_t hash;

    leat_assert(!(marks & BLOCKLIST_HAS_RULES));
    return blocklist_add(list, name, marks, &hash);
}

enum leat_err blocklist_add(struct leat_blocklist *list, const struct leat_dns_name *name,
                            unsigned marks, uint64_t *hash_of)
{
    struct dns_zone_labels labels;
    struct siphash walk;
    uint64_t hash, *slot;

    leat_assert(marks > 0 && marks <= MARKS);
    siphash13_begin(&walk, &list->key);
    dns_zone_labels(&labels, name->wire);
    /* from the top, in the order in which leat_blocklist_find() goes down */
    for (unsigned i = labels.count; i > 0; i--)
        add_label(&walk, name->wire + labels.starts[i - 1]);
    hash = siphash13_of(&walk);
    slot = find_slot(list, hash);
    if (*slot != 0) {
        list->counts.again++;
    } else if (list->counts.names == list->names_max) {
        list->counts.full++;
        return LEAT_ERR_FULL;
    } else {
        list->counts.names++;
        /* The lowest bits make room for the marks, which are never 0: so a slot in use isn't 0
         * either. Only the hash of the name is stored. */
        *slot = hash & ~(uint64_t)MARKS;
        list->depths[labels.count / 64] |= UINT64_C(1) << labels.count % 64;
    }
    *slot |= marks;
    *hash_of = hash & ~(uint64_t)MARKS;
    return LEAT_OK;
}

/* Adds the marks of an entry that count for the name itself, or for a name below it, to those found
 * at shorter names. The longer one of a block and a pass counts. */
static unsigned apply(unsigned before, unsigned marks, bool is_name)
{
    unsigned found = marks & (is_name ? LEAT_BLOCKLIST_BLOCK_NAME | LEAT_BLOCKLIST_ALLOW_NAME
                                      : LEAT_BLOCKLIST_BLOCK_BELOW | LEAT_BLOCKLIST_ALLOW_BELOW |
                                            LEAT_BLOCKLIST_PASS_BELOW);

    if (found & BLOCKS)
        found |= marks & LEAT_BLOCKLIST_FORCE_BLOCK;
    if (found & ALLOWS)
        found |= marks & LEAT_BLOCKLIST_FORCE_ALLOW;
    if (found & LEAT_BLOCKLIST_PASS_BELOW)
        return ((found | before) & ~(unsigned)BLOCKS);
    if (found & BLOCKS)
        before &= ~(unsigned)LEAT_BLOCKLIST_PASS_BELOW;
    return found | before;
}

static enum leat_blocklist_verdict verdict(unsigned found)
{
    if (found & LEAT_BLOCKLIST_FORCE_ALLOW)
        return LEAT_BLOCKLIST_ALLOWED;
    if (found & LEAT_BLOCKLIST_FORCE_BLOCK)
        return LEAT_BLOCKLIST_BLOCKED;
    if (found & (ALLOWS | LEAT_BLOCKLIST_PASS_BELOW))
        return LEAT_BLOCKLIST_ALLOWED;
    return found ? LEAT_BLOCKLIST_BLOCKED : LEAT_BLOCKLIST_UNLISTED;
}

/* The marks in the table for a hash, as the rules change them. */
static unsigned marks_of(const struct leat_blocklist *list, uint64_t hash, bool is_name,
                         const struct leat_blocklist_question *question,
                         struct leat_blocklist_answer *answer)
{
    const unsigned marks = (unsigned)*find_slot(list, hash) & MARKS;

    if (!(marks & BLOCKLIST_HAS_RULES))
        return marks;
    return blocklist_rules_apply(list->rules, hash & ~(uint64_t)MARKS, marks, is_name, question,
                                 answer);
}

void leat_blocklist_ask(const struct leat_blocklist *list,
                        const struct leat_blocklist_question *question,
                        struct leat_blocklist_answer *answer)
{
    const struct leat_dns_name *name = question->name;
    struct dns_zone_labels labels;
    struct siphash walk;
    unsigned found = 0;

    *answer = (struct leat_blocklist_answer){.verdict = LEAT_BLOCKLIST_UNLISTED};
    siphash13_begin(&walk, &list->key);
    dns_zone_labels(&labels, name->wire);
    /* From the root down: each label is hashed once. Depths at which the list has no name cost no
     * access to the table. */
    for (unsigned depth = 0; depth <= labels.count; depth++) {
        if (depth > 0)
            add_label(&walk, name->wire + labels.starts[labels.count - depth]);
        if (has_depth(list, depth)) {
            const bool is_name = depth == labels.count;
            const unsigned marks = marks_of(list, siphash13_of(&walk), is_name, question, answer);

            if (marks & (is_name ? LEAT_BLOCKLIST_BLOCK_NAME : LEAT_BLOCKLIST_BLOCK_BELOW))
                answer->labels = (uint8_t)depth;
            found = apply(found, marks, is_name);
        }
    }
    if (list->rules && list->rules->has_expressions)
        found |= blocklist_rules_match(list->rules, question, answer);
    answer->verdict = verdict(found);
}

enum leat_blocklist_verdict leat_blocklist_find(const struct leat_blocklist *list,
                                                const struct leat_dns_name *name)
{
    const struct leat_blocklist_question question = {.name = name, .client = LEAT_IP_ANY};
    struct leat_blocklist_answer answer;

    leat_blocklist_ask(list, &question, &answer);
    return answer.verdict;
}

const struct leat_blocklist_text *leat_blocklist_text(const struct leat_blocklist *list)
{
    return &list->text;
}

const struct leat_blocklist_counts *leat_blocklist_counts(const struct leat_blocklist *list)
{
    return &list->counts;
}
