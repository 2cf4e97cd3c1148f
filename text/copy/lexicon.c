/* lexicon.c: assets/corpus, read into lists of compiled phrases.
 *
 * index.yaml names the files. Every wrong word is an error with file, line and column: the lexicon
 * is edited by hand, by people who write copy rather than C.
 */
#include "text/copy/lexicon.h"

#include <string.h>

enum { FILE_LIMIT = 4 << 20, POOL_MAX = 240, LIST_MAX = 64 };

struct reading {
    struct dio_copy_corpus *c;
    const char *dir;
    dio_error *err;
};

static const dio_value *read_map(struct reading *r, const char *name)
{
    char *path = dio_arena_printf(r->c->arena, "%s/%s", r->dir, name);
    const dio_value *v = dio_value_read(r->c->arena, path, FILE_LIMIT, r->err);
    if (v && v->kind != DIO_MAP) {
        dio_value_fail(v, r->err, "a map is needed here, not %s", dio_kind_name(v->kind));
        return NULL;
    }
    return v;
}

static bool is_list(const dio_value *v, struct reading *r)
{
    return (v && v->kind == DIO_LIST && v->list.count > 0) ||
           dio_value_fail(v, r->err, "a list with at least one entry is needed here");
}

static bool read_words(struct reading *r, const dio_value *v, dio_words *out)
{
    if (!is_list(v, r))
        return false;
    out->count = v->list.count;
    out->items = dio_arena_try(r->c->arena, (size_t)v->list.count * sizeof *out->items);
    if (!out->items)
        return dio_fail_memory(r->err, "the lexicon");
    for (int i = 0; i < v->list.count; i++) {
        const dio_value *item = v->list.items[i];
        if (item->kind != DIO_STRING || item->string.length == 0)
            return dio_value_fail(item, r->err, "a word is text, not %s; put it in quotes",
                                  dio_kind_name(item->kind));
        out->items[i] = item->string.text;
    }
    return true;
}

static bool read_phrases(struct reading *r, const dio_value *v, int limit, dio_phrases *out)
{
    if (!is_list(v, r))
        return false;
    if (v->list.count > limit)
        return dio_value_fail(v, r->err, "%d phrases, the limit is %d", v->list.count, limit);
    out->count = v->list.count;
    out->items = dio_arena_try(r->c->arena, (size_t)v->list.count * sizeof *out->items);
    if (!out->items)
        return dio_fail_memory(r->err, "the lexicon");
    for (int i = 0; i < v->list.count; i++) {
        out->items[i] = dio_phrase_compile(r->c->arena, &r->c->pools, v->list.items[i], r->err);
        if (!out->items[i])
            return false;
    }
    return true;
}

/* --- pools --------------------------------------------------------------------------------- */

/* {from: 90, to: 900, step: 10}: numbers as words. */
static bool read_range(struct reading *r, const dio_value *v, dio_phrases *out)
{
    const dio_value *from = dio_map_get(v, "from"), *to = dio_map_get(v, "to"),
                    *step = dio_map_get(v, "step");
    if (!from || !to || !step || from->kind != DIO_INT || to->kind != DIO_INT ||
        step->kind != DIO_INT || step->integer < 1 || from->integer > to->integer ||
        (to->integer - from->integer) / step->integer >= POOL_MAX)
        return dio_value_fail(v, r->err, "a pool of numbers has from, to and step, %d at most",
                              POOL_MAX);
    out->count = (int)((to->integer - from->integer) / step->integer) + 1;
    out->items = dio_arena_try(r->c->arena, (size_t)out->count * sizeof *out->items);
    if (!out->items)
        return dio_fail_memory(r->err, "the lexicon");
    for (int i = 0; i < out->count; i++) {
        const char *text =
            dio_arena_printf(r->c->arena, "%d", (int)(from->integer + i * step->integer));
        out->items[i] = dio_phrase_compile_text(r->c->arena, NULL, v, text, strlen(text), r->err);
    }
    return true;
}

static bool read_pools(struct reading *r)
{
    const dio_value *v = read_map(r, "pools.yaml");
    dio_copy_pools *pools = &r->c->pools;
    if (!v)
        return false;
    for (int i = 0; i < v->map.count; i++) {
        if (pools->count == DIO_COPY_POOLS)
            return dio_value_fail(v->map.keys[i], r->err, "more than %d pools", DIO_COPY_POOLS);
        /* A pool may use those above it, never itself: so there is no endless phrase. */
        dio_copy_pool *pool = &pools->item[pools->count];
        pool->name = v->map.keys[i]->string.text;
        bool ok = v->map.items[i]->kind == DIO_MAP
                      ? read_range(r, v->map.items[i], &pool->words)
                      : read_phrases(r, v->map.items[i], POOL_MAX, &pool->words);
        if (!ok)
            return false;
        pools->count++;
    }
    return true;
}

/* --- categories ---------------------------------------------------------------------------- */

static const struct {
    const char *key;
    int slot;
} list_keys[] = {
    {"acts", DIO_SLOT_act},         {"moments", DIO_SLOT_moment},  {"less", DIO_SLOT_less},
    {"more", DIO_SLOT_more},        {"labels", DIO_SLOT_label},    {"lines", DIO_SLOT_line},
    {"puns", DIO_SLOT_pun},         {"who", DIO_SLOT_who},         {"subjects", DIO_SLOT_subject},
    {"settings", DIO_SLOT_setting}, {"colours", DIO_SLOT_palette}, {"ctas", DIO_SLOT_cta},
};
enum { LIST_KEYS = sizeof list_keys / sizeof list_keys[0] };

/* "np / vp / sentence" */
static bool read_benefit(struct reading *r, const dio_value *v, struct dio_benefit *out)
{
    const dio_phrase **parts[] = {&out->np, &out->vp, &out->say};
    if (v->kind != DIO_STRING)
        return dio_value_fail(v, r->err,
                              "a benefit is text: \"noun phrase / verb phrase / sentence\"");
    const char *at = v->string.text;
    for (int i = 0; i < 3; i++) {
        const char *cut = strstr(at, " / ");
        if ((i < 2) != (cut != NULL))
            return dio_value_fail(v, r->err, "a benefit has three parts with \" / \" between");
        size_t n = cut ? (size_t)(cut - at) : strlen(at);
        *parts[i] = dio_phrase_compile_text(r->c->arena, &r->c->pools, v, at, n, r->err);
        if (!*parts[i])
            return false;
        at += n + 3;
    }
    return true;
}

static bool read_benefits(struct reading *r, const dio_value *v, struct dio_category *cat)
{
    if (!is_list(v, r))
        return false;
    cat->benefit_count = v->list.count;
    cat->benefits = dio_arena_try(r->c->arena, (size_t)v->list.count * sizeof *cat->benefits);
    if (!cat->benefits)
        return dio_fail_memory(r->err, "the lexicon");
    for (int i = 0; i < v->list.count; i++)
        if (!read_benefit(r, v->list.items[i], &cat->benefits[i]))
            return false;
    return true;
}

static bool read_number(struct reading *r, const dio_value *v, struct dio_category *cat)
{
    static const char *const words[] = {"one", "many", "mass"};
    for (int i = 0; i < 3 && v->kind == DIO_STRING; i++) {
        if (!strcmp(v->string.text, words[i])) {
            cat->number = (enum dio_copy_number)i;
            return true;
        }
    }
    return dio_value_fail(v, r->err, "number is one, many or mass");
}

static bool read_kind_of(struct reading *r, const dio_value *v, struct dio_category *cat)
{
    for (int i = 0; i < r->c->kind_count && v->kind == DIO_STRING; i++) {
        if (!strcmp(v->string.text, r->c->kinds[i].name)) {
            cat->kind = &r->c->kinds[i];
            return true;
        }
    }
    return dio_value_fail(v, r->err, "no such kind in kinds.yaml");
}

static bool read_entry(struct reading *r, const dio_value *key, const dio_value *v,
                       struct dio_category *cat)
{
    const char *name = key->string.text;
    for (int i = 0; i < LIST_KEYS; i++)
        if (!strcmp(name, list_keys[i].key))
            return read_phrases(r, v, LIST_MAX,
                                &cat->list[list_keys[i].slot - DIO_SLOT_FIRST_LIST]);
    if (!strcmp(name, "benefits"))
        return read_benefits(r, v, cat);
    if (!strcmp(name, "deals") || !strcmp(name, "offers"))
        return read_phrases(r, v, LIST_MAX, name[0] == 'd' ? &cat->deals : &cat->offers);
    if (!strcmp(name, "number"))
        return read_number(r, v, cat);
    if (!strcmp(name, "kind"))
        return read_kind_of(r, v, cat);
    const struct {
        const char *key;
        dio_words *words;
    } plain[] = {{"nouns", &cat->nouns},
                 {"tags", &cat->tags},
                 {"one", &cat->one},
                 {"many", &cat->many},
                 {"mass", &cat->mass}};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        if (!strcmp(name, plain[i].key))
            return read_words(r, v, plain[i].words);
    return dio_value_fail(key, r->err, "%s: a category has no such entry", name);
}

static bool read_category(struct reading *r, const dio_value *key, const dio_value *v,
                          struct dio_category *cat)
{
    cat->name = key->string.text;
    if (v->kind != DIO_MAP)
        return dio_value_fail(v, r->err, "%s: a map of lists is needed", cat->name);
    for (int i = 0; i < v->map.count; i++)
        if (!read_entry(r, v->map.keys[i], v->map.items[i], cat))
            return false;
    return true;
}

/* All maps of one file, behind those already there. */
static bool read_categories(struct reading *r, const char *name, struct dio_category **list,
                            int *count, int *cap)
{
    const dio_value *v = read_map(r, name);
    if (!v)
        return false;
    for (int i = 0; i < v->map.count; i++) {
        if (!dio_arena_grow(r->c->arena, list, *count, cap, sizeof **list))
            return dio_fail_memory(r->err, "the lexicon");
        struct dio_category *cat = &(*list)[*count];
        memset(cat, 0, sizeof *cat);
        if (!read_category(r, v->map.keys[i], v->map.items[i], cat))
            return false;
        if (list == &r->c->categories &&
            (!cat->kind || !cat->nouns.count || !cat->tags.count || !cat->benefit_count))
            return dio_value_fail(v->map.keys[i], r->err,
                                  "%s: kind, nouns, tags and benefits are needed", cat->name);
        ++*count;
    }
    return true;
}

/* --- roles, tones, names ------------------------------------------------------------------- */

/* "warm playful" -> bits; "all" -> 0. */
static bool read_tones(struct reading *r, const dio_value *key, uint32_t *tones)
{
    *tones = 0;
    if (!strcmp(key->string.text, "all"))
        return true;
    for (const char *p = key->string.text; *p;) {
        size_t n = strcspn(p, " ");
        int i = 0;
        while (i < r->c->tone_count &&
               (strncmp(r->c->tones[i].name, p, n) || strlen(r->c->tones[i].name) != n))
            i++;
        if (i == r->c->tone_count)
            return dio_value_fail(key, r->err, "%.*s: no such tone in tones.yaml", (int)n, p);
        *tones |= (uint32_t)1 << i;
        p += n + (p[n] == ' ');
    }
    return true;
}

static bool read_role(struct reading *r, const dio_value *key, const dio_value *v)
{
    struct dio_copy_corpus *c = r->c;
    int cap = 0;
    if (c->role_count == DIO_COPY_ROLES)
        return dio_value_fail(key, r->err, "more than %d roles", DIO_COPY_ROLES);
    struct dio_role *role = &c->roles[c->role_count++];
    role->name = key->string.text;
    role->first = c->phrase_count;
    if (v->kind != DIO_MAP)
        return dio_value_fail(v, r->err, "%s: a map from tones to phrases is needed", role->name);
    for (int i = 0; i < v->map.count; i++) {
        uint32_t tones;
        const dio_value *list = v->map.items[i];
        if (!read_tones(r, v->map.keys[i], &tones) || !is_list(list, r))
            return false;
        for (int k = 0; k < list->list.count; k++) {
            if (!dio_arena_grow(c->arena, &role->items, role->count, &cap, sizeof *role->items))
                return dio_fail_memory(r->err, "the lexicon");
            const dio_phrase *p =
                dio_phrase_compile(c->arena, &c->pools, list->list.items[k], r->err);
            if (!p)
                return false;
            role->items[role->count++] = (struct dio_role_phrase){p, tones};
        }
    }
    c->phrase_count += role->count;
    return true;
}

static bool read_roles(struct reading *r, const char *name)
{
    const dio_value *v = read_map(r, name);
    for (int i = 0; v && i < v->map.count; i++)
        if (!read_role(r, v->map.keys[i], v->map.items[i]))
            return false;
    return v != NULL;
}

static bool read_tone_list(struct reading *r)
{
    const dio_value *v = read_map(r, "tones.yaml");
    if (v && v->map.count > DIO_COPY_TONES)
        return dio_value_fail(v, r->err, "more than %d tones", DIO_COPY_TONES);
    for (int i = 0; v && i < v->map.count; i++) {
        struct dio_tone *t = &r->c->tones[r->c->tone_count++];
        t->name = v->map.keys[i]->string.text;
        if (!read_words(r, v->map.items[i], &t->words))
            return false;
    }
    return v != NULL;
}

static bool read_names(struct reading *r)
{
    struct dio_name_words *n = &r->c->names;
    const struct {
        const char *key;
        dio_words *words;
    } lists[] = {{"starts", &n->starts},     {"middles", &n->middles},    {"ends", &n->ends},
                 {"firsts", &n->firsts},     {"seconds", &n->seconds},    {"people", &n->people},
                 {"suffixes", &n->suffixes}, {"forbidden", &n->forbidden}};
    const dio_value *v = read_map(r, "names.yaml");
    if (!v)
        return false;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        const dio_value *list = dio_map_get(v, lists[i].key);
        if (!list)
            return dio_value_fail(v, r->err, "%s: the list is missing", lists[i].key);
        if (!read_words(r, list, lists[i].words))
            return false;
    }
    return true;
}

static bool read_people_and_offers(struct reading *r)
{
    const dio_value *people = read_map(r, "audiences.yaml");
    const dio_value *offers = people ? read_map(r, "offers.yaml") : NULL;
    if (!offers)
        return false;
    const dio_value *all = dio_map_get(people, "audiences");
    const dio_value *get = dio_map_get(offers, "get"), *say = dio_map_get(offers, "say");
    if (!all || !get || !say)
        return dio_value_fail(all ? offers : people, r->err,
                              "audiences.yaml holds audiences, offers.yaml get and say");
    return read_phrases(r, all, POOL_MAX, &r->c->audiences) &&
           read_phrases(r, get, POOL_MAX, &r->c->deals) &&
           read_phrases(r, say, POOL_MAX, &r->c->offers);
}

/* --- all of it ----------------------------------------------------------------------------- */

static bool read_files(struct reading *r, const dio_value *index)
{
    dio_words categories = {0}, phrases = {0};
    int kind_cap = 0, cap = 0;
    if (!read_words(r, dio_map_get(index, "categories"), &categories) ||
        !read_words(r, dio_map_get(index, "phrases"), &phrases) ||
        !read_categories(r, "kinds.yaml", &r->c->kinds, &r->c->kind_count, &kind_cap))
        return false;
    for (int i = 0; i < r->c->kind_count; i++)
        if (!strcmp(r->c->kinds[i].name, "any"))
            r->c->any = &r->c->kinds[i];
    if (!r->c->any)
        return dio_value_fail(index, r->err, "kinds.yaml needs the kind \"any\"");
    for (int i = 0; i < categories.count; i++)
        if (!read_categories(r, categories.items[i], &r->c->categories, &r->c->category_count,
                             &cap))
            return false;
    for (int i = 0; i < phrases.count; i++)
        if (!read_roles(r, phrases.items[i]))
            return false;
    return true;
}

bool dio_copy_lexicon_read(struct dio_copy_corpus *c, const char *dir, dio_error *err)
{
    struct reading r = {c, dir, err};
    const dio_value *index = read_map(&r, "index.yaml");
    if (!index)
        return false;
    if (!dio_map_get(index, "categories") || !dio_map_get(index, "phrases"))
        return dio_value_fail(index, err, "the index lists the files of categories and of phrases");
    return read_pools(&r) && read_tone_list(&r) && read_names(&r) && read_people_and_offers(&r) &&
           read_files(&r, index) &&
           (!dio_arena_failed(c->arena) || dio_fail_memory(err, "the lexicon"));
}

const struct dio_role *dio_lexicon_role(const struct dio_copy_corpus *c, const char *name)
{
    for (int i = 0; i < c->role_count; i++)
        if (!strcmp(c->roles[i].name, name))
            return &c->roles[i];
    return NULL;
}
