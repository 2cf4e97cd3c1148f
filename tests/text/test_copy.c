/* test_copy.c: the copywriter's corpus: every document passes the gate, is right as English, is the
 * same every time, and keeps what is held out apart. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/copy/copy.h"
#include "text/copy/grammar.h"
#include "text/copy/phrase.h"

enum { DOCUMENTS = 2000, SEED = 7 };

static int setup(void **state)
{
    dio_error err = {0};
    char text[2048];
    *state = dio_copy_corpus_open("assets/corpus", &err);
    if (!*state)
        fprintf(stderr, "%s\n", dio_error_text(&err, text, sizeof text));
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    dio_copy_corpus_close(*state);
    return 0;
}

static void print_problem(void *user, dio_ad_part part, const char *problem)
{
    const struct dio_ad *ad = user;
    fprintf(stderr, "%s %s: \"%s\"\n", part == DIO_AD_PARTS ? "ad" : dio_ad_fields[part].name,
            problem, part == DIO_AD_PARTS ? ad->text[DIO_AD_BODY] : ad->text[part]);
}

/* Every document passes the gate, which holds the grammar lint; and the texts differ. */
static void test_documents_pass(void **state)
{
    dio_arena *a = dio_arena_create();
    const char **headlines = calloc(DOCUMENTS, sizeof *headlines);
    const char **bodies = calloc(DOCUMENTS, sizeof *bodies);
    int problems = 0, named = 0;
    assert_true(a && headlines && bodies);
    for (int i = 0; i < DOCUMENTS; i++) {
        struct dio_brief brief;
        struct dio_ad ad;
        dio_error err = {0};
        assert_true(dio_copy_draw(*state, SEED, DIO_COPY_TRAIN, (uint64_t)i, a, &brief, &ad));
        assert_true(dio_brief_ready(&brief, &err));
        problems += dio_copy_check(dio_copy_corpus_rules(*state), &brief, &ad, print_problem, &ad);
        headlines[i] = ad.text[DIO_AD_HEADLINE];
        bodies[i] = ad.text[DIO_AD_BODY];
        named += strstr(ad.text[DIO_AD_BODY], brief.product) != NULL;
    }
    int distinct = dio_copy_distinct(headlines, DOCUMENTS);
    int distinct_bodies = dio_copy_distinct(bodies, DOCUMENTS);
    print_message("distinct headlines %.1f %%, bodies %.1f %%, product in the body %.1f %%\n",
                  100.0 * distinct / DOCUMENTS, 100.0 * distinct_bodies / DOCUMENTS,
                  100.0 * named / DOCUMENTS);
    assert_int_equal(problems, 0);
    assert_true(distinct >= DOCUMENTS * 95 / 100); /* measured 98.5 % */
    assert_int_equal(distinct_bodies, DOCUMENTS);
    assert_int_equal(named, DOCUMENTS);
    free(headlines);
    free(bodies);
    dio_arena_destroy(a);
}

/* The same place gives the same bytes, whatever was drawn before; other places give others. */
static void test_documents_are_a_function(void **state)
{
    dio_arena *a = dio_arena_create();
    for (uint64_t i = 0; i < 40; i++) {
        char *once = dio_copy_document(*state, SEED, DIO_COPY_TRAIN, i, a);
        dio_copy_document(*state, SEED + 1, DIO_COPY_TEST, i, a);
        char *again = dio_copy_document(*state, SEED, DIO_COPY_TRAIN, i, a);
        char *next = dio_copy_document(*state, SEED, DIO_COPY_TRAIN, i + 1, a);
        char *other = dio_copy_document(*state, SEED + 1, DIO_COPY_TRAIN, i, a);
        assert_string_equal(once, again);
        assert_string_not_equal(once, next);
        assert_string_not_equal(once, other);
    }
    dio_arena_destroy(a);
}

/* A brief alone is the brief of the document. */
static void test_brief_alone(void **state)
{
    dio_arena *a = dio_arena_create();
    for (uint64_t i = 0; i < 50; i++) {
        struct dio_brief alone, with;
        struct dio_ad ad;
        assert_true(dio_copy_draw(*state, SEED, DIO_COPY_TEST, i, a, &alone, NULL));
        assert_true(dio_copy_draw(*state, SEED, DIO_COPY_TEST, i, a, &with, &ad));
        assert_string_equal(dio_brief_prompt(a, &alone), dio_brief_prompt(a, &with));
        assert_int_equal(alone.seconds, with.seconds);
    }
    dio_arena_destroy(a);
}

static int compare_texts(const void *left, const void *right)
{
    const char *a, *b;
    memcpy(&a, left, sizeof a);
    memcpy(&b, right, sizeof b);
    return strcmp(a, b);
}

/* Names of one split never occur in another. */
static void test_splits_are_apart(void **state)
{
    enum { EACH = 1000 };
    dio_arena *a = dio_arena_create();
    const char **names = calloc(EACH, sizeof *names);
    assert_true(a && names);
    for (int i = 0; i < EACH; i++) {
        struct dio_brief brief;
        assert_true(dio_copy_draw(*state, SEED, DIO_COPY_TRAIN, (uint64_t)i, a, &brief, NULL));
        assert_int_equal(dio_copy_split_name(brief.product), DIO_COPY_TRAIN);
        names[i] = brief.product;
    }
    qsort(names, EACH, sizeof *names, compare_texts);
    for (int split = DIO_COPY_VALID; split <= DIO_COPY_TEST; split++) {
        for (int i = 0; i < EACH; i++) {
            struct dio_brief brief;
            assert_true(
                dio_copy_draw(*state, SEED, (dio_copy_split)split, (uint64_t)i, a, &brief, NULL));
            assert_int_equal(dio_copy_split_name(brief.product), split);
            assert_null(bsearch(&brief.product, names, EACH, sizeof *names, compare_texts));
        }
    }
    free(names);
    dio_arena_destroy(a);
}

/* "desk lamp|a light without glare": what a model could remember of a benefit. */
static const char *pair_of(dio_arena *a, const struct dio_brief *brief)
{
    char *text = dio_arena_printf(a, "%s|%s", brief->category, brief->benefit);
    for (char *p = text; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return text;
}

/* Nor does a benefit typed for a category, in whatever words, occur in another split. */
static void test_pairs_are_apart(void **state)
{
    enum { TRAIN = 4000, TEST = 500 };
    dio_arena *a = dio_arena_create();
    const char **pairs = calloc(TRAIN, sizeof *pairs);
    int looked_at = 0;
    assert_true(a && pairs);
    for (int i = 0; i < TRAIN; i++) {
        struct dio_brief brief;
        assert_true(dio_copy_draw(*state, SEED, DIO_COPY_TRAIN, (uint64_t)i, a, &brief, NULL));
        pairs[i] = pair_of(a, &brief);
    }
    qsort(pairs, TRAIN, sizeof *pairs, compare_texts);
    for (int i = 0; i < TEST; i++) {
        struct dio_brief brief;
        assert_true(dio_copy_draw(*state, SEED, DIO_COPY_TEST, (uint64_t)i, a, &brief, NULL));
        const char *pair = pair_of(a, &brief);
        if (!brief.category[0] || !brief.benefit[0])
            continue;
        assert_null(bsearch(&pair, pairs, TRAIN, sizeof *pairs, compare_texts));
        looked_at++;
    }
    assert_true(looked_at > TEST / 2);
    free(pairs);
    dio_arena_destroy(a);
}

static void test_document_parses_back(void **state)
{
    dio_arena *a = dio_arena_create();
    for (uint64_t i = 0; i < 100; i++) {
        struct dio_brief brief, parsed;
        struct dio_ad ad, fields;
        dio_error err = {0};
        assert_true(dio_copy_draw(*state, SEED, DIO_COPY_VALID, i, a, &brief, &ad));
        char *document = dio_ad_document(a, &brief, &ad);
        assert_true(dio_ad_parse(a, document, &parsed, &fields, &err));
        assert_string_equal(dio_ad_document(a, &parsed, &fields), document);
        assert_int_equal(parsed.seconds, brief.seconds);
        document[strlen(document) - 4] = 0;
        assert_false(dio_ad_parse(a, document, &parsed, &fields, &err));
    }
    dio_arena_destroy(a);
}

static struct dio_ad good_ad(void)
{
    return (struct dio_ad){{"Meet Lumo.", "A lamp for late ideas.", "Lumo is here. It is a lamp.",
                            "See Lumo", "#Lumo #Lamp #Light",
                            "The day goes dark outside. Your page does not. Read one more chapter. "
                            "That is Lumo, the lamp for late ideas and slow evenings.",
                            "A brass lamp on a desk."}};
}

static void gather_problem(void *user, dio_ad_part part, const char *problem)
{
    char *all = user;
    size_t n = strlen(all);
    snprintf(all + n, 1000 - n, "%s %s; ", part == DIO_AD_PARTS ? "ad" : dio_ad_fields[part].name,
             problem);
}

static int count_problems(void **state, const struct dio_brief *brief, const struct dio_ad *ad)
{
    return dio_copy_check(dio_copy_corpus_rules(*state), brief, ad, NULL, NULL);
}

static void test_gate_objects(void **state)
{
    static const struct {
        dio_ad_part part;
        const char *text, *says;
    } bad[] = {
        {DIO_AD_HEADLINE, NULL, "headline is missing; "},
        {DIO_AD_HEADLINE, "Meet Lumo", "headline does not end as a sentence; "},
        {DIO_AD_HEADLINE, "Meet a apple, Lumo.", "headline \"a apple\"; "},
        {DIO_AD_HEADLINE, "Meet  Lumo.", "headline \"  \" at \"  Xo.\"; "},
        {DIO_AD_HEADLINE, "Meet the the Lumo.", "headline \"the\" twice; "},
        {DIO_AD_HEADLINE, "Meet Lumo. it shines.", "headline no capital at \"it shines.\"; "},
        {DIO_AD_HEADLINE, "Meet {product}.", "headline \"{\" at \"{product}.\"; "},
        {DIO_AD_HEADLINE, "Lumo, better than Philips.", "headline says \"Philips\"; "},
        {DIO_AD_HEADLINE, "Lumo, clinically bright.", "headline says \"clinically\"; "},
        {DIO_AD_HEADLINE, "Lumo says \"hello.", "headline quotes or brackets are not balanced; "},
        {DIO_AD_HASHTAGS, "#Lumo #Lamp", "hashtags 2 tags, not 3 to 5; "},
        {DIO_AD_HASHTAGS, "#Lumo #Lamp Light", "hashtags holds a word that is no hashtag; "},
        {DIO_AD_SCRIPT, "Too short, Lumo.", "script 3 words for 10 seconds, not 25 +- 6; "},
        {DIO_AD_BODY, "A lamp. Only a lamp.", "ad neither headline nor body names the product; "},
    };
    struct dio_brief brief = {"Lumo", "desk lamp", "", "", "", "", 10};
    struct dio_ad ad = good_ad();
    assert_int_equal(count_problems(state, &brief, &ad), 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ad = good_ad();
        if (bad[i].part == DIO_AD_BODY)
            ad.text[DIO_AD_HEADLINE] = "A lamp."; /* named in neither */
        ad.text[bad[i].part] = bad[i].text;
        char said[1000] = "";
        dio_copy_check(dio_copy_corpus_rules(*state), &brief, &ad, gather_problem, said);
        assert_string_equal(said, bad[i].says);
    }
    ad = good_ad();
    brief.offer = "20% off";
    assert_int_equal(count_problems(state, &brief, &ad), 1);
    ad.text[DIO_AD_CTA] = "Get 20% off";
    assert_int_equal(count_problems(state, &brief, &ad), 0);
}

/* The advertiser's own words are not charged to the copy. */
static void test_gate_allows_the_briefs_words(void **state)
{
    struct dio_brief brief = {"Nike Pegasus", "running shoes", "", "", "", "", 10};
    struct dio_ad ad = good_ad();
    ad.text[DIO_AD_HEADLINE] = "Meet Nike Pegasus.";
    assert_int_equal(count_problems(state, &brief, &ad), 0);
    ad.text[DIO_AD_HEADLINE] = "Meet Nike Pegasus, faster than Puma.";
    assert_int_equal(count_problems(state, &brief, &ad), 1);
}

static void test_brief_refuses_tags(void **state)
{
    static const struct {
        struct dio_brief brief;
        const char *says;
    } bad[] = {
        {{"", "", "", "", "", "", 10}, "needs the product's name"},
        {{"Lumo\nx", "", "", "", "", "", 10}, "line break or control character at byte 5"},
        {{"Lumo", "", "a <|end|> b", "", "", "", 10}, "begins a tag"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        dio_error err = {0};
        assert_false(dio_brief_ready(&bad[i].brief, &err));
        assert_non_null(strstr(err.message, bad[i].says));
    }
}

static void test_every_tag_is_listed(void **state)
{
    dio_arena *a = dio_arena_create();
    const char *const *tags = dio_copy_tags();
    (void)state;
    for (int part = 0; part < DIO_AD_PARTS; part++) {
        for (int seconds = 1; seconds <= 60; seconds++) {
            const char *tag = dio_ad_tag(a, (dio_ad_part)part, seconds);
            int at = 0;
            while (tags[at] && strcmp(tags[at], tag))
                at++;
            assert_non_null(tags[at]);
        }
    }
    assert_int_equal(dio_copy_seconds(7.1), 8);
    assert_int_equal(dio_copy_seconds(0), 6);
    assert_int_equal(dio_copy_seconds(1e9), 30);
    dio_arena_destroy(a);
}

static void test_english(void **state)
{
    dio_arena *a = dio_arena_create();
    char text[] = "lumo is small. it shines. what now? ok";
    (void)state;
    assert_string_equal(dio_english_article("hour"), "an");
    assert_string_equal(dio_english_article("umbrella"), "an");
    assert_string_equal(dio_english_article("ukulele"), "a");
    assert_string_equal(dio_english_article("one-hand lid"), "a");
    assert_string_equal(dio_english_plural(a, "chef's knife"), "chef's knives");
    assert_string_equal(dio_english_plural(a, "bakery"), "bakeries");
    assert_string_equal(dio_english_agree(a, "carry all of it", false), "carries all of it");
    assert_string_equal(dio_english_agree(a, "be ready", true), "are ready");
    assert_string_equal(dio_english_agree(a, "never ask twice", false), "never asks twice");
    assert_string_equal(dio_english_gerund(a, "get lost"), "getting lost");
    assert_string_equal(dio_english_gerund(a, "finally do it"), "finally doing it");
    assert_string_equal(dio_english_gerund(a, "lie down"), "lying down");
    assert_string_equal(dio_english_gerund(a, "see it"), "seeing it");
    assert_string_equal(dio_english_fewer("puddles"), "fewer");
    assert_string_equal(dio_english_fewer("fuss"), "less");
    assert_string_equal(dio_english_fewer("phones in the air"), "fewer");
    assert_string_equal(dio_english_fewer("arguing about films"), "less");
    dio_english_sentences(text, "lumo");
    assert_string_equal(text, "lumo is small. It shines. What now? Ok");
    dio_arena_destroy(a);
}

static void test_lexicon_errors_have_a_place(void **state)
{
    dio_error err = {0};
    (void)state;
    assert_null(dio_copy_corpus_open("tests/text/no-such-folder", &err));
    assert_non_null(strstr(err.message, "no-such-folder"));
}

/* Whoever edits the lexicon is told where and what. */
static void test_wrong_phrases_have_a_place(void **state)
{
    static const struct {
        const char *phrase, *says;
    } bad[] = {
        {"Meet {prodct}.", "{prodct}: no slot and no pool has this name"},
        {"Meet {product.", "a { is not closed"},
        {"Meet [{product}.", "] is missing at the end"},
        {"Meet {product}).", ") closes nothing"},
        {"((((((((((x))))))))))", "nested more than 8 deep"},
        {"", "a phrase is empty"},
    };
    dio_arena *a = dio_arena_create();
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        dio_error err = {0};
        dio_value *v = dio_value_string(a, bad[i].phrase);
        v->file = "phrases.yaml";
        v->line = 12;
        assert_null(dio_phrase_compile(a, NULL, v, &err));
        assert_non_null(strstr(err.message, bad[i].says));
        assert_string_equal(err.file, "phrases.yaml");
        assert_int_equal(err.line, 12);
    }
    dio_arena_destroy(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_documents_pass),
        cmocka_unit_test(test_documents_are_a_function),
        cmocka_unit_test(test_brief_alone),
        cmocka_unit_test(test_splits_are_apart),
        cmocka_unit_test(test_pairs_are_apart),
        cmocka_unit_test(test_document_parses_back),
        cmocka_unit_test(test_gate_objects),
        cmocka_unit_test(test_gate_allows_the_briefs_words),
        cmocka_unit_test(test_brief_refuses_tags),
        cmocka_unit_test(test_every_tag_is_listed),
        cmocka_unit_test(test_english),
        cmocka_unit_test(test_lexicon_errors_have_a_place),
        cmocka_unit_test(test_wrong_phrases_have_a_place),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
