/* copy_check.c: the gate between what was written and what a client sees. */
#define _GNU_SOURCE /* strcasestr, strncasecmp */
#include "text/copy/copy.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/value.h"

enum { RULES_LIMIT = 1 << 20, TAGS_MIN = 3, TAGS_MAX = 5, CTA_WORDS_MAX = 8 };

struct dio_copy_rules {
    dio_arena *arena;
    const char **phrases;
    int count;
};

/* --- rules --------------------------------------------------------------------------------- */

static bool add_phrases(dio_copy_rules *r, const dio_value *list, int *cap, dio_error *err)
{
    if (list->kind != DIO_LIST)
        return dio_value_fail(list, err, "a list of phrases is needed, not %s",
                              dio_kind_name(list->kind));
    for (int i = 0; i < list->list.count; i++) {
        const dio_value *v = list->list.items[i];
        if (v->kind != DIO_STRING || v->string.length == 0)
            return dio_value_fail(v, err, "a phrase is text, not %s", dio_kind_name(v->kind));
        if (!dio_arena_grow(r->arena, &r->phrases, r->count, cap, sizeof *r->phrases))
            return dio_fail_memory(err, "banned phrases");
        r->phrases[r->count++] = v->string.text;
    }
    return true;
}

dio_copy_rules *dio_copy_rules_open(const char *dir, dio_error *err)
{
    int cap = 0;
    dio_arena *a = dio_arena_create();
    if (!a) {
        dio_fail_memory(err, "banned phrases");
        return NULL;
    }
    dio_copy_rules *r = dio_arena_alloc(a, sizeof *r);
    r->arena = a;
    const char *path = dio_arena_printf(a, "%s/banned.yaml", dir);
    const dio_value *v = dio_value_read(a, path, RULES_LIMIT, err);
    if (v && v->kind != DIO_MAP) {
        dio_value_fail(v, err, "a map from reason to phrases is needed");
        v = NULL;
    }
    for (int i = 0; v && i < v->map.count; i++)
        if (!add_phrases(r, v->map.items[i], &cap, err))
            v = NULL;
    if (!v || dio_arena_failed(a)) {
        if (v)
            dio_fail_memory(err, "banned phrases");
        dio_arena_destroy(a);
        return NULL;
    }
    return r;
}

void dio_copy_rules_close(dio_copy_rules *r)
{
    if (r)
        dio_arena_destroy(r->arena);
}

const char *const *dio_copy_rules_phrases(const dio_copy_rules *r, int *count)
{
    *count = r->count;
    return r->phrases;
}

static bool word_byte(char c)
{
    return isalnum((unsigned char)c) || (unsigned char)c >= 128;
}

static bool has_capital(const char *phrase)
{
    while (*phrase && !isupper((unsigned char)*phrase))
        phrase++;
    return *phrase != 0;
}

/* True when `phrase` stands in `text` as whole words; a capital in it is meant ("Diesel"). */
static bool contains_words(const char *text, const char *phrase)
{
    size_t n = strlen(phrase);
    int first = tolower((unsigned char)phrase[0]);
    bool exact = has_capital(phrase);
    for (const char *p = text; *p; p++)
        if (tolower((unsigned char)*p) == first && (p == text || !word_byte(p[-1])) &&
            !(exact ? strncmp(p, phrase, n) : strncasecmp(p, phrase, n)) && !word_byte(p[n]))
            return true;
    return false;
}

const char *dio_copy_rules_broken(const dio_copy_rules *r, const char *text, const char *allowed)
{
    for (int i = 0; i < r->count; i++)
        if (contains_words(text, r->phrases[i]) &&
            !(allowed && contains_words(allowed, r->phrases[i])))
            return r->phrases[i];
    return NULL;
}

/* --- the gate ------------------------------------------------------------------------------ */

struct gate {
    const dio_copy_rules *rules;
    const struct dio_brief *brief;
    const struct dio_ad *ad;
    dio_arena *arena;
    const char *said; /* the brief as text */
    dio_copy_problem_fn *problem;
    void *user;
    int count;
};

static void report(struct gate *g, dio_ad_part part, const char *problem)
{
    g->count++;
    if (g->problem)
        g->problem(g->user, part, problem);
}

int dio_copy_words(const char *text)
{
    int words = 0;
    for (bool in = false; *text; text++) {
        bool space = isspace((unsigned char)*text);
        words += !space && !in;
        in = !space;
    }
    return words;
}

static void check_text(struct gate *g, dio_ad_part part)
{
    const dio_ad_field *field = &dio_ad_fields[part];
    const char *text = g->ad->text[part];
    size_t n = text ? strlen(text) : 0, bad;
    if (n == 0) {
        report(g, part, "is missing");
        return;
    }
    if (!dio_utf8_valid(text, n, &bad)) {
        report(g, part, "is not UTF-8");
        return;
    }
    int points = (int)dio_utf8_count(text, n);
    if (points > field->limit)
        report(g, part,
               dio_arena_printf(g->arena, "%d characters, the limit is %d", points, field->limit));
    if (field->sentence && !strchr(".?!", text[n - 1]))
        report(g, part, "does not end as a sentence");
    const char *slip = dio_copy_lint(g->arena, text, g->brief->product);
    if (slip)
        report(g, part, slip);
    const char *banned = dio_copy_rules_broken(g->rules, text, g->said);
    if (banned)
        report(g, part, dio_arena_printf(g->arena, "says \"%s\"", banned));
}

static void check_cta(struct gate *g)
{
    const char *text = g->ad->text[DIO_AD_CTA];
    /* The name may have many words of its own; it counts as one. */
    int own = text && strstr(text, g->brief->product) ? dio_copy_words(g->brief->product) - 1 : 0;
    if (text && dio_copy_words(text) - own > CTA_WORDS_MAX)
        report(g, DIO_AD_CTA, "is no short phrase");
}

static void check_hashtags(struct gate *g)
{
    const char *text = g->ad->text[DIO_AD_HASHTAGS];
    if (!text)
        return;
    int tags = 0;
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, " ");
        if (p[0] != '#' || n < 2 || memchr(p + 1, '#', n - 1))
            report(g, DIO_AD_HASHTAGS, "holds a word that is no hashtag");
        for (size_t i = 1; i < n; i++)
            if (ispunct((unsigned char)p[i]) && p[i] != '_' && p[i] != '#')
                report(g, DIO_AD_HASHTAGS, "holds punctuation, which ends a hashtag");
        tags++;
        p += n + (p[n] == ' ');
    }
    if (tags < TAGS_MIN || tags > TAGS_MAX)
        report(g, DIO_AD_HASHTAGS,
               dio_arena_printf(g->arena, "%d tags, not %d to %d", tags, TAGS_MIN, TAGS_MAX));
}

static void check_script(struct gate *g)
{
    if (!g->ad->text[DIO_AD_SCRIPT])
        return;
    double want = g->brief->seconds * DIO_COPY_WORDS_10S / 10.0;
    int words = dio_copy_words(g->ad->text[DIO_AD_SCRIPT]);
    double slack = want * DIO_COPY_SCRIPT_SLACK / 100;
    if (words < want - slack || words > want + slack)
        report(g, DIO_AD_SCRIPT,
               dio_arena_printf(g->arena, "%d words for %d seconds, not %.0f +- %.0f", words,
                                g->brief->seconds, want, slack));
}

static bool has(const char *text, const char *part)
{
    return text && strstr(text, part);
}

static bool has_any_case(const char *text, const char *part)
{
    return text && strcasestr(text, part);
}

static void check_brief_taken_up(struct gate *g)
{
    const struct dio_ad *ad = g->ad;
    if (!has(ad->text[DIO_AD_HEADLINE], g->brief->product) &&
        !has(ad->text[DIO_AD_BODY], g->brief->product))
        report(g, DIO_AD_PARTS, "neither headline nor body names the product");
    const char *offer = g->brief->offer;
    if (offer && offer[0] && !has_any_case(ad->text[DIO_AD_BODY], offer) &&
        !has_any_case(ad->text[DIO_AD_CTA], offer) &&
        !has_any_case(ad->text[DIO_AD_SUBLINE], offer))
        report(g, DIO_AD_PARTS, "the offer is nowhere in subline, body or call to action");
}

int dio_copy_check(const dio_copy_rules *rules, const struct dio_brief *brief,
                   const struct dio_ad *ad, dio_copy_problem_fn *problem, void *user)
{
    struct gate g = {rules, brief, ad, dio_arena_create(), NULL, problem, user, 0};
    if (!g.arena)
        return 1; /* what could not be looked at is not let through */
    g.said = dio_brief_prompt(g.arena, brief);
    for (int part = 0; part < DIO_AD_PARTS; part++)
        check_text(&g, (dio_ad_part)part);
    check_cta(&g);
    check_hashtags(&g);
    check_script(&g);
    check_brief_taken_up(&g);
    dio_arena_destroy(g.arena);
    return g.count;
}

/* --- distinctness -------------------------------------------------------------------------- */

static int compare_loosely(const void *left, const void *right)
{
    const char *a, *b;
    memcpy(&a, left, sizeof a);
    memcpy(&b, right, sizeof b);
    for (;;) {
        while (*a && !word_byte(*a))
            a++;
        while (*b && !word_byte(*b))
            b++;
        int x = tolower((unsigned char)*a), y = tolower((unsigned char)*b);
        if (x != y || x == 0)
            return x - y;
        a++;
        b++;
    }
}

int dio_copy_distinct(const char *const *texts, int n)
{
    const char **sorted = calloc((size_t)(n > 0 ? n : 1), sizeof *sorted);
    if (!sorted)
        return 0;
    for (int i = 0; i < n; i++)
        sorted[i] = texts[i];
    qsort(sorted, (size_t)n, sizeof *sorted, compare_loosely);
    int distinct = n > 0;
    for (int i = 1; i < n; i++)
        distinct += compare_loosely(&sorted[i - 1], &sorted[i]) != 0;
    free(sorted);
    return distinct;
}
