/* test_shares.c -- the holders of a bounded table, compared with a model that searches everything.
 */
#include "unit.h"

#include "core/shares.h"

enum {
    PLACES = 64,
    OURS = 9 /* in the model: a place of the program itself; others have holders 1 to 8 */
};

static const uint64_t key[2] = {0x9e3779b97f4a7c15u, 0x123456789abcdefu};

struct table {
    struct shares shares;
    uint64_t memory[1024];
    bool taken[PLACES];
};

static void begin(struct table *table, uint32_t places, uint32_t reserve)
{
    assert_true(shares_bytes(places) <= sizeof table->memory);
    *table = (struct table){0};
    shares_init(&table->shares, table->memory, places, reserve, key);
}

static uint32_t a_free_place(const struct table *table)
{
    for (uint32_t i = 0; i < table->shares.count; i++) {
        if (!table->taken[i])
            return i;
    }
    return SHARES_NONE;
}

/* Takes a place for @holder, like a server; returns the place that was freed for it, or
 * SHARES_NONE. */
static uint32_t serve(struct table *table, uint64_t holder)
{
    const uint32_t room = shares_room(&table->shares, holder);
    uint32_t place;

    if (room != SHARES_NONE) {
        shares_give(&table->shares, room);
        table->taken[room] = false;
    }
    place = a_free_place(table);
    assert_int_not_equal(place, SHARES_NONE);
    shares_take(&table->shares, place, holder);
    table->taken[place] = true;
    return room;
}

static void a_holder_alone_leaves_half_of_the_reserve(void **state)
{
    struct table table;

    (void)state;
    begin(&table, PLACES, 16);
    for (unsigned i = 0; i < 1000; i++)
        serve(&table, 1);
    assert_int_equal(shares_held(&table.shares, 1), PLACES - 16);
    begin(&table, PLACES, PLACES);
    for (unsigned i = 0; i < 1000; i++)
        serve(&table, 1);
    assert_int_equal(shares_held(&table.shares, 1), PLACES / 2);
    begin(&table, PLACES, 0);
    for (unsigned i = 0; i < 1000; i++)
        serve(&table, 1);
    assert_int_equal(shares_held(&table.shares, 1), PLACES);
}

static void a_holder_at_its_share_loses_its_own_oldest_place(void **state)
{
    struct table table;

    (void)state;
    begin(&table, 4, 4);
    assert_int_equal(serve(&table, 1), SHARES_NONE);
    assert_int_equal(serve(&table, 1), SHARES_NONE);
    assert_int_equal(serve(&table, 1), 0);
    assert_int_equal(serve(&table, 1), 1);
    assert_true(shares_is_of(&table.shares, 0, 1));
    assert_false(shares_is_of(&table.shares, 0, 2));
    assert_false(shares_is_of(&table.shares, 2, 1));
}

static void a_holder_with_nothing_is_served_in_a_full_table(void **state)
{
    struct table table;

    (void)state;
    begin(&table, 8, 0);
    for (unsigned i = 0; i < 5; i++)
        serve(&table, 1);
    for (unsigned i = 0; i < 3; i++)
        serve(&table, 2);
    assert_int_equal(serve(&table, 3), 0); /* the oldest place of the largest holder */
    assert_int_equal(shares_held(&table.shares, 1), 4);
    assert_int_equal(shares_held(&table.shares, 3), 1);
}

static void many_holders_of_one_place_each_go_in_their_order(void **state)
{
    struct table table;

    (void)state;
    begin(&table, 4, 4);
    for (uint64_t holder = 1; holder <= 4; holder++)
        assert_int_equal(serve(&table, holder), SHARES_NONE);
    assert_int_equal(serve(&table, 5), 0);
    assert_int_equal(serve(&table, 6), 1);
    assert_int_equal(serve(&table, 5), 0); /* no holder has two more than 5, so 5 loses its own */
}

static void progress_saves_a_place(void **state)
{
    struct table table;

    (void)state;
    begin(&table, 4, 0);
    serve(&table, 1);
    serve(&table, 1);
    serve(&table, 2);
    serve(&table, 3);
    shares_renew(&table.shares, 0);
    assert_int_equal(serve(&table, 4), 1);
    shares_renew(&table.shares, 0); /* of holder 1, which becomes the last with its count, too */
    assert_int_equal(serve(&table, 5), 2);
    shares_give(&table.shares, 3);
    shares_renew(&table.shares, 3);
    assert_false(shares_is_of(&table.shares, 3, 3));
}

static void equal_holders_end_with_equal_parts(void **state)
{
    struct table table;
    uint64_t seed = 7;

    (void)state;
    begin(&table, PLACES, 16);
    for (unsigned i = 0; i < 10000; i++)
        serve(&table, 1 + unit_below(&seed, 8));
    for (uint64_t holder = 1; holder <= 8; holder++) {
        assert_in_range(shares_held(&table.shares, holder), PLACES / 8 - 2, PLACES / 8 + 1);
    }
}

static void a_holder_is_an_address_of_v4_or_64_bits_of_v6(void **state)
{
    const struct leat_ip a = LEAT_IP4(10, 0, 0, 1), b = LEAT_IP4(10, 0, 0, 2);
    struct leat_ip six = {{0x20, 1, 0xd, 0xb8, 0, 1, 0, 2, 3}}, other = six;

    (void)state;
    assert_true(shares_holder(&a) != shares_holder(&b));
    other.bytes[15] = 9;
    assert_true(shares_holder(&six) == shares_holder(&other));
    other.bytes[7] = 9;
    assert_true(shares_holder(&six) != shares_holder(&other));
}

static void places_of_the_program_itself_make_no_room(void **state)
{
    struct table table;

    (void)state;
    begin(&table, 3, 3);
    shares_take_own(&table.shares, 0);
    shares_take_own(&table.shares, 1);
    shares_renew(&table.shares, 0);
    assert_int_equal(shares_free_place(&table.shares), 2);
    shares_take(&table.shares, 2, 7);
    assert_int_equal(shares_room(&table.shares, 8), 2);
    shares_give(&table.shares, 2);
    shares_take_own(&table.shares, 2);
    assert_false(shares_may_take(&table.shares, 8));
    assert_int_equal(shares_room(&table.shares, 8), SHARES_NONE);
    assert_int_equal(shares_free_place(&table.shares), SHARES_NONE);
    shares_give(&table.shares, 1);
    assert_int_equal(shares_free_place(&table.shares), 1);
    assert_true(shares_may_take(&table.shares, 8));
}

/* ---- comparison with a model -------------------------------------------------------------- */

struct model {
    uint64_t holder[PLACES]; /* 0: free */
    uint64_t taken_at[PLACES];
    uint64_t holder_at[OURS + 1]; /* when a holder's count or age changed */
    uint64_t now;
};

static uint32_t model_held(const struct model *model, uint64_t holder)
{
    uint32_t held = 0;

    for (unsigned i = 0; i < PLACES; i++)
        held += model->holder[i] == holder;
    return held;
}

static uint32_t model_oldest(const struct model *model, uint64_t holder)
{
    uint32_t oldest = SHARES_NONE;

    for (uint32_t i = 0; i < PLACES; i++) {
        if (model->holder[i] == holder &&
            (oldest == SHARES_NONE || model->taken_at[i] < model->taken_at[oldest]))
            oldest = i;
    }
    return oldest;
}

static uint64_t model_largest(const struct model *model)
{
    uint64_t largest = 1;

    for (uint64_t holder = 2; holder <= 8; holder++) {
        const uint32_t held = model_held(model, holder), most = model_held(model, largest);

        if (held > most || (held == most && model->holder_at[holder] < model->holder_at[largest]))
            largest = holder;
    }
    return largest;
}

static uint32_t model_room(const struct model *model, uint64_t holder, uint32_t reserve)
{
    const uint32_t left = model_held(model, 0), held = model_held(model, holder);
    const uint64_t largest = model_largest(model);

    if (left > reserve || held < left)
        return SHARES_NONE;
    if (held > 0 && model_held(model, largest) < held + 2)
        return model_oldest(model, holder);
    return model_held(model, largest) > 0 ? model_oldest(model, largest) : SHARES_NONE;
}

static void set(struct model *model, uint32_t place, uint64_t holder)
{
    const uint64_t changed = holder ? holder : model->holder[place];

    model->holder[place] = holder;
    model->taken_at[place] = ++model->now;
    model->holder_at[changed] = model->now;
}

static void the_model_agrees_at_every_step(void **state)
{
    uint64_t seed = 42;

    (void)state;
    for (uint32_t reserve = 0; reserve <= PLACES; reserve += 16) {
        struct table table;
        struct model model = {0};

        begin(&table, PLACES, reserve);
        for (unsigned step = 0; step < 5000; step++) {
            const uint64_t holder = 1 + unit_below(&seed, 1 + unit_below(&seed, 8));
            const uint32_t place = unit_below(&seed, PLACES);
            const uint32_t room = shares_room(&table.shares, holder);

            assert_int_equal(room, model_room(&model, holder, reserve));
            assert_int_equal(shares_may_take(&table.shares, holder), room == SHARES_NONE);
            assert_int_equal(shares_free_place(&table.shares) == SHARES_NONE,
                             model_held(&model, 0) == 0);
            assert_int_equal(shares_held(&table.shares, holder), model_held(&model, holder));
            if (model.holder[place] && unit_below(&seed, 3) == 0) {
                shares_renew(&table.shares, place);
                set(&model, place, model.holder[place]);
            } else if (model.holder[place] && unit_below(&seed, 3) == 0) {
                shares_give(&table.shares, place);
                set(&model, place, 0);
            } else if (!model.holder[place] && unit_below(&seed, 8) == 0) {
                shares_take_own(&table.shares, place);
                set(&model, place, OURS);
            } else if (room != SHARES_NONE) {
                shares_give(&table.shares, room);
                set(&model, room, 0);
                shares_take(&table.shares, room, holder);
                set(&model, room, holder);
            } else if (!model.holder[place]) {
                shares_take(&table.shares, place, holder);
                set(&model, place, holder);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_holder_alone_leaves_half_of_the_reserve),
        cmocka_unit_test(a_holder_at_its_share_loses_its_own_oldest_place),
        cmocka_unit_test(a_holder_with_nothing_is_served_in_a_full_table),
        cmocka_unit_test(many_holders_of_one_place_each_go_in_their_order),
        cmocka_unit_test(progress_saves_a_place),
        cmocka_unit_test(equal_holders_end_with_equal_parts),
        cmocka_unit_test(a_holder_is_an_address_of_v4_or_64_bits_of_v6),
        cmocka_unit_test(places_of_the_program_itself_make_no_room),
        cmocka_unit_test(the_model_agrees_at_every_step),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
