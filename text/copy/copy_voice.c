/* copy_voice.c: one sentence: a phrase that fits the tone and the slots at hand, not used before in
 * this ad; and running text, sentence by sentence. The product is named before a pronoun stands for
 * it, and no two sentences in a row begin with its name. */
#define _GNU_SOURCE /* strcasestr */
#include <string.h>

#include "text/copy/copy_writer.h"
#include "text/copy/grammar.h"

const int dio_writer_forms[DIO_WRITER_FORMS] = {DIO_SLOT_np, DIO_SLOT_vp, DIO_SLOT_vps,
                                                DIO_SLOT_say};

bool dio_writer_chance(struct dio_writer *w, uint32_t percent)
{
    return dio_rng_below(&w->v->rng, 100) < percent;
}

void dio_writer_set_named(struct dio_writer *w, bool named)
{
    bool many = w->v->plural;
    w->v->value[DIO_SLOT_it] = named ? many ? "them" : "it" : NULL;
    w->v->value[DIO_SLOT_they] = named ? many ? "they" : "it" : NULL;
    w->v->value[DIO_SLOT_them] = w->v->value[DIO_SLOT_it];
    w->v->value[DIO_SLOT_its] = named ? many ? "their" : "its" : NULL;
    w->v->value[DIO_SLOT_this] = many ? "these" : "this";
}

void dio_writer_allow(struct dio_writer *w, struct dio_allowance what)
{
    w->v->value[DIO_SLOT_offer] = what.offer ? w->offer : NULL;
    w->v->value[DIO_SLOT_audience] = what.audience ? w->audience : NULL;
}

static bool is_used(const struct dio_writer *w, int place)
{
    return w->used[place / 64] >> (place % 64) & 1;
}

/* A phrase of the role: one written for the tone weighs three of those for all. */
static int draw_phrase(struct dio_writer *w, const struct dio_role *role, uint32_t slots)
{
    uint32_t tone = (uint32_t)1 << w->plan->tone, total = 0;
    int chosen = -1;
    for (int i = 0; i < role->count; i++) {
        const struct dio_role_phrase *p = &role->items[i];
        if ((p->tones && !(p->tones & tone)) || is_used(w, role->first + i) ||
            !dio_phrase_ready(p->phrase, slots))
            continue;
        uint32_t weight = p->tones ? 3 : 1;
        total += weight;
        if (dio_rng_below(&w->v->rng, total) < weight)
            chosen = i;
    }
    return chosen;
}

char *dio_writer_speak(struct dio_writer *w, const char *name)
{
    const struct dio_role *role = dio_lexicon_role(w->c, name);
    if (!role)
        return NULL;
    int i = draw_phrase(w, role, dio_voice_slots(w->v));
    if (i < 0)
        return NULL;
    w->used[(role->first + i) / 64] |= (uint64_t)1 << ((role->first + i) % 64);
    dio_str out = {0};
    dio_phrase_speak(role->items[i].phrase, w->v, &out);
    char *text = out.text ? dio_arena_strndup(w->v->arena, out.text, out.length) : NULL;
    w->failed |= out.failed;
    dio_str_deinit(&out);
    if (text)
        dio_english_sentences(text, w->plan->brief.product);
    return text;
}

bool dio_writer_names_product(const struct dio_writer *w, const char *text)
{
    return strstr(text, w->plan->brief.product) != NULL;
}

bool dio_writer_unfit(struct dio_writer *w, dio_ad_part part, const char *text)
{
    return (int)dio_utf8_count(text, strlen(text)) > dio_ad_fields[part].limit ||
           dio_copy_lint(w->v->arena, text, w->plan->brief.product);
}

char *dio_writer_line(struct dio_writer *w, dio_ad_part part, const char *role)
{
    char *text = NULL;
    uint64_t keep[DIO_WRITER_PHRASES / 64];
    memcpy(keep, w->used, sizeof keep);
    for (int i = 0; i < DIO_WRITER_TRIES; i++) {
        text = dio_writer_speak(w, role);
        if (text && !dio_writer_unfit(w, part, text))
            return text;
        if (!text)
            memcpy(w->used, keep, sizeof keep); /* every phrase tried: once more, other words */
    }
    return text ? text : dio_arena_strdup(w->v->arena, w->plan->brief.product);
}

/* --- running text -------------------------------------------------------------------------- */

char *dio_writer_join(struct dio_writer *w, const struct dio_running *r)
{
    char *text = r->sentence[0];
    for (int i = 1; i < r->count; i++)
        text = dio_arena_printf(w->v->arena, "%s %s", text, r->sentence[i]);
    return text;
}

bool dio_writer_says_form(const struct dio_writer *w, const char *text)
{
    for (int i = 0; i < DIO_WRITER_FORMS; i++) {
        const char *value = w->v->value[dio_writer_forms[i]];
        if (value && strcasestr(text, value))
            return true;
    }
    return false;
}

static bool begins_with_product(const struct dio_writer *w, const char *text)
{
    return !strncmp(text, w->plan->brief.product, strlen(w->plan->brief.product));
}

bool dio_writer_add(struct dio_writer *w, struct dio_running *r, const char *role, int at,
                    int words_max)
{
    if (r->count == DIO_WRITER_SENTENCES)
        return false;
    bool named = false, benefit_said = false;
    for (int i = 0; i < at; i++)
        named |= dio_writer_names_product(w, r->sentence[i]);
    for (int i = 0; i < r->count; i++)
        benefit_said |= dio_writer_says_form(w, r->sentence[i]);
    dio_writer_set_named(w, named);
    for (int i = 0; i < 4; i++) {
        char *text = dio_writer_speak(w, role);
        if (!text)
            return false;
        int words = dio_copy_words(text);
        bool echo = (at > 0 && dio_writer_names_product(w, text) &&
                     dio_writer_names_product(w, r->sentence[at - 1])) ||
                    (at < r->count && begins_with_product(w, text) &&
                     begins_with_product(w, r->sentence[at]));
        echo |= benefit_said && dio_writer_says_form(w, text);
        if (r->words + words > words_max || echo)
            continue;
        memmove(r->sentence + at + 1, r->sentence + at,
                (size_t)(r->count - at) * sizeof *r->sentence);
        r->sentence[at] = text;
        r->count++;
        r->words += words;
        return true;
    }
    return false;
}
