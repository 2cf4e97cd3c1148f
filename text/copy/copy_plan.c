/* copy_plan.c: what an ad is about: the brief, and the words its slots hold.
 *
 * Held-out names and pairs are kept apart by drawing again until the hash says that the draw
 * belongs to the split. A brief without a benefit gives copy without one: the generator never
 * claims what the advertiser did not say, so that the model does not learn to.
 */
#define _GNU_SOURCE /* strcasestr */
#include <ctype.h>
#include <string.h>

#include "text/copy/benefit.h"
#include "text/copy/forms.h"
#include "text/copy/grammar.h"
#include "text/copy/lexicon.h"

enum {
    NAME_SHARE = 32, /* one name in 32 is for validation, one for test */
    PAIR_SHARE = 12, /* one pair of category and benefit in 12 likewise */
    TRIES = 2000,    /* enough for 1 in 32: (31/32)^2000 is 1e-28 */
};

static bool chance(dio_voice *v, uint32_t percent)
{
    return dio_rng_below(&v->rng, 100) < percent;
}

/* --- splits -------------------------------------------------------------------------------- */

/* FNV-1a over lower-case letters and digits, finished by the mixer of MurmurHash3. */
static uint64_t hash_text(uint64_t h, const char *text)
{
    for (; *text; text++)
        if (isalnum((unsigned char)*text) || (unsigned char)*text >= 128)
            h = (h ^ (uint64_t)tolower((unsigned char)*text)) * 0x100000001b3u;
    h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdu;
    h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53u;
    return h ^ (h >> 33);
}

static dio_copy_split split_of(uint64_t hash, uint64_t share)
{
    uint64_t place = hash % share;
    return place == 0 ? DIO_COPY_TEST : place == 1 ? DIO_COPY_VALID : DIO_COPY_TRAIN;
}

dio_copy_split dio_copy_split_name(const char *product)
{
    return split_of(hash_text(0xcbf29ce484222325u, product), NAME_SHARE);
}

dio_copy_split dio_copy_split_pair(const char *category, const char *benefit)
{
    uint64_t h = hash_text(0xcbf29ce484222325u, category);
    return split_of(hash_text(h, benefit), PAIR_SHARE);
}

/* --- speaking into the arena --------------------------------------------------------------- */

static char *say(dio_voice *v, const dio_phrase *p)
{
    dio_str out = {0};
    dio_phrase_speak(p, v, &out);
    char *text = dio_arena_strdup(v->arena, out.text ? out.text : "");
    dio_str_deinit(&out);
    return text;
}

static const dio_phrase *one_of(dio_voice *v, const dio_phrases *list)
{
    return list->items[dio_rng_below(&v->rng, (uint32_t)list->count)];
}

/* --- category ------------------------------------------------------------------------------ */

static const char *pick_word(dio_voice *v, const dio_words *words)
{
    return words->items[dio_rng_below(&v->rng, (uint32_t)words->count)];
}

/* A category that is known by name only, so that the model learns to speak of any. */
static void draw_open_category(const struct dio_copy_corpus *c, struct dio_copy_plan *plan)
{
    dio_voice *v = &plan->voice;
    const struct dio_category *kind;
    do
        kind = &c->kinds[dio_rng_below(&v->rng, (uint32_t)c->kind_count)];
    while (kind == c->any);
    const dio_words *lists[] = {&kind->one, &kind->many, &kind->mass};
    int total = kind->one.count + kind->many.count + kind->mass.count;
    int at = (int)dio_rng_below(&v->rng, (uint32_t)total), number = 0;
    while (at >= lists[number]->count)
        at -= lists[number++]->count;
    plan->category = kind;
    plan->noun = lists[number]->items[at];
    v->number = (enum dio_copy_number)number;
    v->value[DIO_SLOT_thing] = plan->noun;
}

/* A category has but eight benefits or so: perhaps none of them is held out for this split. */
static bool has_benefit_in(dio_voice *v, const struct dio_category *cat, dio_copy_split split)
{
    for (int i = 0; i < cat->benefit_count; i++)
        if (dio_copy_split_pair(cat->name, say(v, cat->benefits[i].np)) == split)
            return true;
    return false;
}

static void draw_category(const struct dio_copy_corpus *c, struct dio_copy_plan *plan,
                          dio_copy_split split)
{
    dio_voice *v = &plan->voice;
    if (chance(v, 28)) {
        draw_open_category(c, plan);
    } else {
        for (int i = 0; i < TRIES; i++) {
            plan->category = &c->categories[dio_rng_below(&v->rng, (uint32_t)c->category_count)];
            if (has_benefit_in(v, plan->category, split))
                break;
        }
        plan->noun = plan->category->name;
        v->number = plan->category->number;
        v->value[DIO_SLOT_thing] = pick_word(v, &plan->category->nouns);
    }
    v->value[DIO_SLOT_noun] = plan->noun;
    const char *thing = v->value[DIO_SLOT_thing];
    v->value[DIO_SLOT_one] = v->number == DIO_NUMBER_ONE ? "" : NULL;
    v->value[DIO_SLOT_things] = v->number == DIO_NUMBER_ONE    ? dio_english_plural(v->arena, thing)
                                : v->number == DIO_NUMBER_MANY ? thing
                                                               : NULL;
    const struct dio_category *kind = plan->category->kind;
    for (int i = 0; i < DIO_SLOT_LISTS; i++) {
        v->near[i] = plan->category->list[i].count ? &plan->category->list[i] : NULL;
        v->wide[i] = kind && kind->list[i].count ? &kind->list[i] : NULL;
    }
    /* What is in the picture is not the kind's guess when the category knows. */
    for (int slot = DIO_SLOT_subject; slot <= DIO_SLOT_palette; slot++)
        if (v->near[slot - DIO_SLOT_FIRST_LIST])
            v->wide[slot - DIO_SLOT_FIRST_LIST] = NULL;
}

/* --- product ------------------------------------------------------------------------------- */

/* Nothing in the brief tells what the product is: speak of it as of any good thing. */
static void forget_category(const struct dio_copy_corpus *c, struct dio_copy_plan *plan)
{
    dio_voice *v = &plan->voice;
    static const int words[] = {DIO_SLOT_noun, DIO_SLOT_thing, DIO_SLOT_things, DIO_SLOT_one};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        v->value[words[i]] = NULL;
    for (int i = 0; i < DIO_SLOT_LISTS; i++) {
        v->near[i] = c->any->list[i].count ? &c->any->list[i] : NULL;
        v->wide[i] = NULL;
    }
    plan->category = c->any;
    plan->noun = "";
}

static void draw_product(const struct dio_copy_corpus *c, struct dio_copy_plan *plan,
                         dio_copy_split split)
{
    dio_voice *v = &plan->voice;
    char *name = NULL;
    for (int i = 0; i < TRIES; i++) {
        name = dio_name_draw(c, &v->rng, v->value[DIO_SLOT_thing], v->number, v->arena, &v->plural);
        if (dio_copy_split_name(name) == split)
            break;
    }
    plan->brief.product = v->value[DIO_SLOT_product] = name;
}

/* --- benefit ------------------------------------------------------------------------------- */

static void speak_benefit(dio_voice *v, const struct dio_benefit *b)
{
    memset(v->pick, 0, sizeof v->pick); /* other numbers, the same in all three forms */
    v->value[DIO_SLOT_np] = say(v, b->np);
    v->bare = true;
    v->value[DIO_SLOT_vp] = say(v, b->vp);
    v->bare = false;
    const char *agreed = say(v, b->vp);
    v->value[DIO_SLOT_vps] = dio_english_agree(v->arena, agreed, v->plural);
    v->value[DIO_SLOT_say] = say(v, b->say);
}

/* As people type: now and then with a capital. */
static const char *typed(dio_voice *v, const char *text)
{
    char *copy = dio_arena_strdup(v->arena, text);
    if (chance(v, 20))
        copy[0] = (char)toupper((unsigned char)copy[0]);
    return copy;
}

/* Whether the words will be taken for what they are. */
static bool reads_as(dio_voice *v, const char *text, dio_phrase_kind kind)
{
    struct dio_benefit_words w;
    dio_benefit_read(v->arena, text, "", &w);
    return w.kind == kind;
}

/* What the client types: the benefit in one of its forms. One that would be misread is typed with
 * its subject, or as the sentence: copy that is wrong as English is not to be learnt. */
static const char *type_benefit(dio_voice *v)
{
    const char *np = typed(v, v->value[DIO_SLOT_np]);
    const char *vp = typed(v, v->value[chance(v, 67) ? DIO_SLOT_vps : DIO_SLOT_vp]);
    uint32_t form = dio_rng_below(&v->rng, 8);
    if (form < 3 && reads_as(v, np, DIO_KIND_THING))
        return np;
    if (form >= 3 && form < 6 && reads_as(v, vp, DIO_KIND_DEED))
        return vp;
    if (form < 7)
        return dio_arena_printf(v->arena, "%s %s", v->plural ? "they" : "it",
                                v->value[DIO_SLOT_vps]);
    return v->value[DIO_SLOT_say];
}

static void draw_benefit(struct dio_copy_plan *plan, dio_copy_split split)
{
    dio_voice *v = &plan->voice;
    for (int i = 0; i < TRIES; i++) {
        const struct dio_category *from = plan->category;
        if (from->kind && from->kind->benefit_count && chance(v, 8))
            from = from->kind;
        speak_benefit(v, &from->benefits[dio_rng_below(&v->rng, (uint32_t)from->benefit_count)]);
        if (dio_copy_split_pair(plan->noun, v->value[DIO_SLOT_np]) == split)
            break;
    }
    plan->brief.benefit = type_benefit(v);
}

/* Copy takes up what the client typed, in the forms that can be made of it and in no others. */
static void take_up_forms(struct dio_copy_plan *plan)
{
    dio_voice *v = &plan->voice;
    struct dio_copy_forms f;
    dio_copy_forms_of(v->arena, &plan->brief, &f);
    const char *many = f.text[DIO_FORM_vpp] ? f.text[DIO_FORM_vpp] : f.text[DIO_FORM_vp];
    v->value[DIO_SLOT_np] = f.text[DIO_FORM_np];
    v->value[DIO_SLOT_vp] = f.text[DIO_FORM_vp];
    v->value[DIO_SLOT_vps] = v->plural ? many : f.text[DIO_FORM_vps];
    v->value[DIO_SLOT_say] = f.text[DIO_FORM_say];
    v->value[DIO_SLOT_audience] = f.text[DIO_FORM_audience];
    v->value[DIO_SLOT_deal] = f.text[DIO_FORM_deal];
    v->value[DIO_SLOT_offer] =
        f.text[DIO_FORM_deal] ? f.text[DIO_FORM_deal] : f.text[DIO_FORM_offer];
}

/* --- the rest of the brief ----------------------------------------------------------------- */

static void draw_audience(const struct dio_copy_corpus *c, struct dio_copy_plan *plan)
{
    dio_voice *v = &plan->voice;
    const dio_phrases *who = &plan->category->list[DIO_SLOT_who - DIO_SLOT_FIRST_LIST];
    const dio_phrase *p = who->count && chance(v, 50) ? one_of(v, who) : one_of(v, &c->audiences);
    plan->brief.audience = typed(v, say(v, p));
}

static void draw_offer(const struct dio_copy_corpus *c, struct dio_copy_plan *plan)
{
    dio_voice *v = &plan->voice;
    bool get = chance(v, 75);
    const struct dio_category *kind = plan->category->kind ? plan->category->kind : plan->category;
    const dio_phrases *own = get ? &kind->deals : &kind->offers;
    const dio_phrases *all = get ? &c->deals : &c->offers;
    plan->brief.offer = say(v, one_of(v, own->count && chance(v, 45) ? own : all));
}

static void draw_tone(const struct dio_copy_corpus *c, struct dio_copy_plan *plan)
{
    dio_voice *v = &plan->voice;
    plan->tone = (int)dio_rng_below(&v->rng, (uint32_t)c->tone_count);
    const struct dio_tone *tone = &c->tones[plan->tone];
    plan->brief.tone = chance(v, 65) ? tone->name : pick_word(v, &tone->words);
}

static void start_voice(const struct dio_copy_corpus *c, uint64_t seed, dio_copy_split split,
                        uint64_t index, dio_arena *a, dio_voice *v)
{
    *v = (dio_voice){.pools = &c->pools, .arena = a};
    /* A stream for each document; the tag keeps them away from other uses of the seed. */
    v->rng = (dio_rng){.seed = seed, .stream = ((uint64_t)0xC09F << 48) + index * 4 + split};
}

bool dio_copy_plan_draw(const struct dio_copy_corpus *c, uint64_t seed, dio_copy_split split,
                        uint64_t index, dio_arena *a, struct dio_copy_plan *plan)
{
    static const int lengths[] = {6, 8, 10, 10, 12, 15, 15, 20, 25, 30};
    memset(plan, 0, sizeof *plan);
    plan->brief = (struct dio_brief){"", "", "", "", "", "", 15};
    dio_voice *v = &plan->voice;
    start_voice(c, seed, split, index, a, v);
    draw_category(c, plan, split);
    draw_product(c, plan, split);
    const char *noun = v->value[DIO_SLOT_thing];
    plan->brief.category = chance(v, 88) ? typed(v, plan->noun) : "";
    draw_tone(c, plan);
    if (chance(v, 15))
        plan->brief.tone = "";
    if (chance(v, 90))
        draw_benefit(plan, split);
    if (chance(v, 45))
        draw_offer(c, plan);
    if (!plan->brief.category[0] && !strcasestr(plan->brief.product, noun))
        forget_category(c, plan);
    if (chance(v, 70))
        draw_audience(c, plan);
    take_up_forms(plan);
    plan->brief.seconds = lengths[dio_rng_below(&v->rng, sizeof lengths / sizeof lengths[0])];
    memset(v->pick, 0, sizeof v->pick);
    return !dio_arena_failed(a);
}
