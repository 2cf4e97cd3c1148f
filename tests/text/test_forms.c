/* test_forms.c: what clients type is taken for what it is, and marks turn back into their words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "text/copy/benefit.h"
#include "text/copy/forms.h"
#include "text/copy/lexicon.h"
#include "text/copy/verbs.h"

static void test_kinds_of_phrases(void **state)
{
    static const struct {
        const char *typed;
        dio_phrase_kind kind;
        const char *words; /* thing, deed of one, or sentence */
    } cases[] = {
        {"a light without glare", DIO_KIND_THING, "a light without glare"},
        {"Light without glare", DIO_KIND_THING, "light without glare"},
        {"free repairs for five years", DIO_KIND_THING, "free repairs for five years"},
        {"plenty of washed linen", DIO_KIND_THING, "plenty of washed linen"},
        {"Italian leather", DIO_KIND_THING, "Italian leather"},
        {"leaves from the first spring picking", DIO_KIND_THING,
         "leaves from the first spring picking"},
        {"keeps tea hot for hours", DIO_KIND_DEED, "keeps tea hot for hours"},
        {"keep tea hot for hours", DIO_KIND_DEED, "keeps tea hot for hours"},
        {"it keeps tea hot", DIO_KIND_DEED, "keeps tea hot"},
        {"They are ready in ten minutes", DIO_KIND_DEED, "is ready in ten minutes"},
        {"Lumo carries your shopping home", DIO_KIND_DEED, "carries your shopping home"},
        {"needs only three ingredients", DIO_KIND_DEED, "needs only three ingredients"},
        {"never asks twice", DIO_KIND_DEED, "never asks twice"},
        {"fits in a coat pocket", DIO_KIND_DEED, "fits in a coat pocket"},
        {"work without an account", DIO_KIND_DEED, "works without an account"},
        {"keep warm and dry fast", DIO_KIND_DEED, "keeps warm and dry fast"},
        {"keeps tea hot and brings calm", DIO_KIND_DEED, "keeps tea hot and brings calm"},
        {"easy to clean", DIO_KIND_DEED, "is easy to clean"},
        {"made of recycled wool", DIO_KIND_DEED, "is made of recycled wool"},
        {"waterproof", DIO_KIND_DEED, "is waterproof"},
        {"free for students", DIO_KIND_DEED, "is free for students"},
        {"The bag closes. The aroma stays", DIO_KIND_SENTENCE, "The bag closes. The aroma stays."},
        {"every part can be replaced", DIO_KIND_SENTENCE, "Every part can be replaced."},
        {"you smell it before you see it!", DIO_KIND_SENTENCE, "You smell it before you see it!"},
        {"a tin that is easy to open", DIO_KIND_THING, "a tin that is easy to open"},
    };
    dio_arena *a = dio_arena_create();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dio_benefit_words w;
        dio_benefit_read(a, cases[i].typed, "Lumo", &w);
        const char *words = w.kind == DIO_KIND_THING  ? w.thing
                            : w.kind == DIO_KIND_DEED ? w.one
                                                      : w.sentence;
        if (w.kind != cases[i].kind)
            fail_msg("\"%s\" is taken for kind %d (\"%s\")", cases[i].typed, w.kind, words);
        assert_string_equal(words, cases[i].words);
    }
    dio_arena_destroy(a);
}

static void test_bare_and_many(void **state)
{
    struct dio_benefit_words w;
    dio_arena *a = dio_arena_create();
    (void)state;
    dio_benefit_read(a, "is ready and goes far", "Lumo", &w);
    assert_string_equal(w.bare, "be ready and go far");
    assert_string_equal(w.many, "are ready and go far");
    dio_benefit_read(a, "it carries more", "Lumo", &w);
    assert_string_equal(w.bare, "carry more");
    assert_string_equal(w.many, "carry more");
    dio_arena_destroy(a);
}

static void test_offers(void **state)
{
    static const char *const got[] = {"20% off", "£5 off your first order", "free delivery",
                                      "a gift with every order", "half price on Mondays"};
    static const char *const only_said[] = {"buy two, get one free", "now $12", "free for students",
                                            "every tenth visit is on us", "kids go free"};
    (void)state;
    for (size_t i = 0; i < sizeof got / sizeof got[0]; i++) {
        assert_true(dio_offer_is_thing(got[i]));
        assert_false(dio_offer_is_thing(only_said[i]));
    }
}

/* How often the rules agree with the corpus, which knows what it wrote. */
static void test_rules_against_the_corpus(void **state)
{
    struct dio_copy_corpus *c = *state;
    dio_arena *a = dio_arena_create();
    int all = 0, right = 0;
    for (int k = 0; k < c->category_count; k++)
        for (int b = 0; b < c->categories[k].benefit_count; b++) {
            const struct dio_benefit *benefit = &c->categories[k].benefits[b];
            const dio_phrase *parts[] = {benefit->np, benefit->vp, benefit->vp};
            for (int form = 0; form < 3; form++) {
                dio_voice v = {.pools = &c->pools, .arena = a, .bare = form == 1};
                dio_str out = {0};
                struct dio_benefit_words w;
                dio_phrase_speak(parts[form], &v, &out);
                const char *text = form == 2 ? dio_arena_printf(a, "it %s", out.text) : out.text;
                dio_benefit_read(a, text, "Lumo", &w);
                const bool good = w.kind == (form ? DIO_KIND_DEED : DIO_KIND_THING);
                if (!good)
                    print_message("taken for kind %d: %s\n", w.kind, text);
                all++;
                right += good;
                dio_str_deinit(&out);
            }
        }
    print_message("%d of %d taken for what they are, %.1f %%\n", right, all, 100.0 * right / all);
    assert_true(right * 100 >= all * 95); /* measured 96.7 % */
    dio_arena_destroy(a);
}

static void test_marks_turn_back(void **state)
{
    enum { DOCUMENTS = 1000 };
    int marks = 0;
    for (uint64_t i = 0; i < DOCUMENTS; i++) {
        dio_arena *a = dio_arena_create();
        struct dio_brief brief;
        struct dio_ad ad;
        struct dio_copy_forms f;
        assert_true(dio_copy_draw(*state, 3, DIO_COPY_TRAIN, i, a, &brief, &ad));
        dio_copy_forms_of(a, &brief, &f);
        for (int part = 0; part < DIO_AD_PARTS; part++) {
            const char *marked = dio_copy_mark(a, &f, (dio_ad_part)part, ad.text[part]);
            assert_string_equal(dio_copy_unmark(a, &f, (dio_ad_part)part, marked), ad.text[part]);
            for (const char *p = marked; *p; p++)
                marks += *p == '{';
        }
        dio_arena_destroy(a);
    }
    print_message("%.1f marks an ad\n", (double)marks / DOCUMENTS);
    assert_true(marks > 6 * DOCUMENTS); /* measured 9.5 an ad */
}

static void test_marks_bend(void **state)
{
    static const struct {
        dio_ad_part part;
        const char *marked, *plain;
    } cases[] = {
        {DIO_AD_BODY, "{noun} first. A {noun}.", "Umbrella first. An umbrella."},
        {DIO_AD_BODY, "{product} is here. An {noun}!", "lumo is here. An umbrella!"},
        {DIO_AD_BODY, "With {np}. {np}.", "With a grip. A grip."},
        {DIO_AD_HASHTAGS, "#{product} #{noun}", "#Lumo #Umbrella"},
        {DIO_AD_BODY, "Get {deal}.", NULL},
        {DIO_AD_BODY, "Get {ducks}.", NULL},
        {DIO_AD_BODY, "Get } it.", NULL},
        {DIO_AD_HASHTAGS, "#{np}", NULL},
    };
    struct dio_brief brief = {.product = "lumo", .category = "Umbrella", .benefit = "a grip"};
    struct dio_copy_forms f;
    dio_arena *a = dio_arena_create();
    (void)state;
    dio_copy_forms_of(a, &brief, &f);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *plain = dio_copy_unmark(a, &f, cases[i].part, cases[i].marked);
        if (cases[i].plain)
            assert_string_equal(plain, cases[i].plain);
        else
            assert_null(plain);
    }
    brief.category = "toy cars";
    dio_copy_forms_of(a, &brief, &f);
    assert_string_equal(dio_copy_unmark(a, &f, DIO_AD_BODY, "A {noun} here. In a {noun}."),
                        "Toy cars here. In toy cars.");
    assert_string_equal(dio_copy_line_marks(a, &f, "benefit"), " {np}");
    assert_string_equal(dio_copy_line_marks(a, &f, "offer"), "");
    assert_string_equal(dio_copy_find_mark("A {noun} {np}.", "benefit"), "{np}.");
    assert_null(dio_copy_find_mark("A {noun}.", "benefit"));
    dio_arena_destroy(a);
}

static int setup(void **state)
{
    dio_error err = {0};
    *state = dio_copy_corpus_open("assets/corpus", &err);
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    dio_copy_corpus_close(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds_of_phrases), cmocka_unit_test(test_bare_and_many),
        cmocka_unit_test(test_offers),           cmocka_unit_test(test_rules_against_the_corpus),
        cmocka_unit_test(test_marks_turn_back),  cmocka_unit_test(test_marks_bend),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
