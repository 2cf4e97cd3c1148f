/* name.c: product names that nobody owns yet.
 *
 * Many shapes, because a model that has to repeat any name letter by letter must have seen many:
 * invented words, pairs, a noun behind, people's names with an apostrophe, numbers, hyphens,
 * accents, all capitals, no capital.
 */
#define _GNU_SOURCE /* strcasestr, strncasecmp */
#include <ctype.h>
#include <string.h>

#include "base/str.h"
#include "text/copy/grammar.h"
#include "text/copy/lexicon.h"

static const char *draw(dio_rng *rng, const dio_words *words)
{
    return words->items[dio_rng_below(rng, (uint32_t)words->count)];
}

static bool chance(dio_rng *rng, uint32_t percent)
{
    return dio_rng_below(rng, 100) < percent;
}

/* Every word's first letter becomes a capital: "desk lamp" -> "Desk Lamp". */
static char *title(dio_arena *a, const char *text)
{
    char *copy = dio_arena_strdup(a, text);
    for (char *p = copy; *p; p++)
        if (p == copy || p[-1] == ' ')
            *p = (char)toupper((unsigned char)*p);
    return copy;
}

/* One vowel gets an accent: "Sole" -> "Solé". */
static char *accented(dio_arena *a, const char *word)
{
    static const struct {
        char plain;
        const char *marked;
    } marks[] = {{'e', "é"}, {'o', "ö"}, {'a', "å"}, {'o', "ó"}, {'u', "ü"},
                 {'i', "í"}, {'e', "è"}, {'a', "á"}, {'o', "ø"}, {'n', "ñ"}};
    size_t n = strlen(word);
    for (size_t i = 1; i < n; i++)
        for (size_t m = 0; m < sizeof marks / sizeof marks[0]; m++)
            if (word[n - i] == marks[m].plain && (i + m + n) % 2)
                return dio_arena_printf(a, "%.*s%s%s", (int)(n - i), word, marks[m].marked,
                                        word + n - i + 1);
    return dio_arena_strdup(a, word);
}

static char *invented(const struct dio_copy_corpus *c, dio_rng *rng, dio_arena *a)
{
    const struct dio_name_words *n = &c->names;
    const char *start = draw(rng, &n->starts);
    const char *middle = chance(rng, 45) ? draw(rng, &n->middles) : "";
    char *word = title(a, dio_arena_printf(a, "%s%s%s", start, middle, draw(rng, &n->ends)));
    return chance(rng, 7) ? accented(a, word) : word;
}

static char *evocative(const struct dio_copy_corpus *c, dio_rng *rng, dio_arena *a)
{
    const char *first = draw(rng, &c->names.firsts), *second = draw(rng, &c->names.seconds);
    switch (dio_rng_below(rng, 10)) {
    case 0:
        return dio_arena_printf(a, "%s & %s", second, draw(rng, &c->names.seconds));
    case 1:
        return dio_arena_printf(a, "The %s %s", first, second);
    case 2:
        return dio_arena_printf(a, "%s%s", first, second);
    case 3:
        return dio_arena_printf(a, "%s-%s", first, second);
    default:
        return dio_arena_printf(a, "%s %s", first, second);
    }
}

static char *upper(dio_arena *a, const char *text)
{
    char *copy = dio_arena_strdup(a, text);
    for (char *p = copy; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    return copy;
}

static char *lower(dio_arena *a, const char *text)
{
    char *copy = dio_arena_strdup(a, text);
    for (char *p = copy; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return copy;
}

/* The noun in a name agrees with what is sold: "Tidy Otter Bags", "North Kettle". */
static char *with_noun(const struct dio_copy_corpus *c, dio_rng *rng, const char *noun,
                       dio_arena *a)
{
    char *last = title(a, noun);
    switch (dio_rng_below(rng, 4)) {
    case 0:
        return dio_arena_printf(a, "%s %s", evocative(c, rng, a), last);
    case 1:
        return dio_arena_printf(a, "%s %s", draw(rng, &c->names.firsts), last);
    default:
        return dio_arena_printf(a, "%s %s", invented(c, rng, a), last);
    }
}

static char *numbered(const struct dio_copy_corpus *c, dio_rng *rng, dio_arena *a)
{
    char *base = chance(rng, 50) ? invented(c, rng, a) : evocative(c, rng, a);
    if (chance(rng, 35))
        return dio_arena_printf(a, "%s %s", base, draw(rng, &c->names.suffixes));
    uint32_t top = chance(rng, 60) ? 9 : chance(rng, 70) ? 99 : 999;
    return dio_arena_printf(a, "%s %u", base, 1 + dio_rng_below(rng, top));
}

static char *one_name(const struct dio_copy_corpus *c, dio_rng *rng, const char *noun, dio_arena *a,
                      bool *has_noun)
{
    uint32_t shape = dio_rng_below(rng, 100);
    *has_noun = false;
    if (shape < 24)
        return invented(c, rng, a);
    if (shape < 44)
        return evocative(c, rng, a);
    if (shape < 66) {
        *has_noun = true;
        return with_noun(c, rng, noun, a);
    }
    if (shape < 76)
        return numbered(c, rng, a);
    if (shape < 84) {
        *has_noun = chance(rng, 45);
        const char *last = *has_noun ? title(a, noun) : draw(rng, &c->names.seconds);
        return dio_arena_printf(a, "%s's %s", draw(rng, &c->names.people), last);
    }
    if (shape < 88) {
        const char *end = draw(rng, &c->names.ends);
        return upper(a, dio_arena_printf(a, "%s%s", draw(rng, &c->names.starts), end));
    }
    if (shape < 92)
        return lower(a, chance(rng, 60) ? invented(c, rng, a) : evocative(c, rng, a));
    if (shape < 96) {
        const char *last = invented(c, rng, a);
        return dio_arena_printf(a, "%s %s", invented(c, rng, a), last);
    }
    const char *partner = draw(rng, &c->names.people);
    return dio_arena_printf(a, "%s & %s", draw(rng, &c->names.people), partner);
}

/* Brands are listed as they are written, so names are looked up with capitals. */
static bool word_is_forbidden(const struct dio_copy_corpus *c, const char *name, dio_arena *a)
{
    for (int i = 0; i < c->names.forbidden.count; i++)
        if (strcasestr(name, c->names.forbidden.items[i]))
            return true;
    return dio_copy_rules_broken(c->rules, title(a, name), NULL) ||
           dio_copy_rules_broken(c->rules, title(a, lower(a, name)), NULL);
}

/* "Fern & Fern", "Bell Bell": a word said twice is a slip of the dice. */
static bool says_twice(const char *name)
{
    const char *last = strrchr(name, ' ');
    size_t n = last ? strlen(last + 1) : 0;
    return last && !strncasecmp(name, last + 1, n) && (name[n] == ' ' || name[n] == '\'');
}

char *dio_name_draw(const struct dio_copy_corpus *c, dio_rng *rng, const char *noun,
                    enum dio_copy_number number, dio_arena *a, bool *plural)
{
    enum { TRIES = 20 };
    char *name = NULL;
    bool has_noun = false;
    for (int i = 0; i < TRIES; i++) {
        name = one_name(c, rng, noun, a, &has_noun);
        if (!word_is_forbidden(c, name, a) && !says_twice(name) && strlen(name) <= 40)
            break;
    }
    *plural = has_noun && number == DIO_NUMBER_MANY;
    return name;
}
