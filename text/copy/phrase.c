/* phrase.c: phrases as small trees: alternatives of sequences of pieces.
 *
 * Compiled once when the lexicon is read, spoken many times. All drawing goes through the voice's
 * generator in reading order, so what a phrase says depends on the seed and what was said before.
 */
#include "text/copy/phrase.h"

#include <string.h>

#include "text/copy/grammar.h"

enum piece_kind { PIECE_TEXT, PIECE_SLOT, PIECE_POOL, PIECE_VERB, PIECE_GROUP, PIECE_OPTION };

struct piece {
    enum piece_kind kind;
    bool article;     /* "{a thing}" */
    bool fewer;       /* "{fewer less}" */
    int index;        /* of a slot or pool */
    const char *text; /* of a text or verb */
    dio_phrase *inner;
    struct piece *next;
};

struct sequence {
    struct piece *first, **last;
    struct sequence *next;
};

struct dio_phrase {
    struct sequence *first, **last;
    int count;
};

static const char *const slot_names[DIO_SLOT_COUNT] = {
#define SLOT_NAME(name) #name,
    DIO_COPY_SLOTS(SLOT_NAME)
#undef SLOT_NAME
};

/* --- reading ------------------------------------------------------------------------------- */

struct reader {
    dio_arena *arena;
    const dio_copy_pools *pools;
    const dio_value *place;
    const char *at, *end;
    int depth;
    dio_error *err;
};

static struct piece *add_piece(struct reader *r, struct sequence *s, enum piece_kind kind)
{
    struct piece *p = dio_arena_alloc(r->arena, sizeof *p);
    p->kind = kind;
    *s->last = p;
    s->last = &p->next;
    return p;
}

static struct sequence *add_sequence(struct reader *r, dio_phrase *phrase)
{
    struct sequence *s = dio_arena_alloc(r->arena, sizeof *s);
    s->last = &s->first;
    *phrase->last = s;
    phrase->last = &s->next;
    phrase->count++;
    return s;
}

static bool read_name(struct reader *r, struct piece *p, const char *name, size_t n)
{
    for (int i = 0; i < DIO_SLOT_COUNT; i++) {
        if (strlen(slot_names[i]) == n && !memcmp(slot_names[i], name, n)) {
            p->kind = PIECE_SLOT;
            p->index = i;
            return true;
        }
    }
    for (int i = 0; r->pools && i < r->pools->count; i++) {
        if (strlen(r->pools->item[i].name) == n && !memcmp(r->pools->item[i].name, name, n)) {
            p->kind = PIECE_POOL;
            p->index = i;
            return true;
        }
    }
    return dio_value_fail(r->place, r->err, "{%.*s}: no slot and no pool has this name", (int)n,
                          name);
}

/* "{name}", "{a name}" or "{verb/s}"; r->at is behind the brace. */
static bool read_slot(struct reader *r, struct sequence *s)
{
    const char *start = r->at;
    const char *close = memchr(start, '}', (size_t)(r->end - start));
    if (!close)
        return dio_value_fail(r->place, r->err, "a { is not closed: \"%.*s\"",
                              (int)(r->end - start), start);
    size_t n = (size_t)(close - start);
    r->at = close + 1;
    struct piece *p = add_piece(r, s, PIECE_SLOT);
    if (n > 2 && !memcmp(close - 2, "/s", 2)) {
        p->kind = PIECE_VERB;
        p->text = dio_arena_strndup(r->arena, start, n - 2);
        return true;
    }
    if (n > 2 && !memcmp(start, "a ", 2)) {
        p->article = true;
        start += 2;
        n -= 2;
    }
    if (n > 6 && !memcmp(start, "fewer ", 6)) {
        p->fewer = true;
        start += 6;
        n -= 6;
    }
    return read_name(r, p, start, n);
}

static bool read_alternatives(struct reader *r, dio_phrase *phrase, char close);

static bool read_group(struct reader *r, struct sequence *s, char open)
{
    if (++r->depth > 8)
        return dio_value_fail(r->place, r->err, "groups are nested more than 8 deep");
    struct piece *p = add_piece(r, s, open == '[' ? PIECE_OPTION : PIECE_GROUP);
    p->inner = dio_arena_alloc(r->arena, sizeof *p->inner);
    p->inner->last = &p->inner->first;
    if (!read_alternatives(r, p->inner, open == '[' ? ']' : ')'))
        return false;
    r->depth--;
    return true;
}

/* Up to `close`, or to the end of the text when close is 0. */
static bool read_alternatives(struct reader *r, dio_phrase *phrase, char close)
{
    struct sequence *s = add_sequence(r, phrase);
    while (r->at < r->end) {
        size_t n = 0;
        while (r->at + n < r->end && !strchr("{}[]()|", r->at[n]))
            n++;
        if (n > 0) {
            add_piece(r, s, PIECE_TEXT)->text = dio_arena_strndup(r->arena, r->at, n);
            r->at += n;
            continue;
        }
        char c = *r->at++;
        if (c == close)
            return true;
        if (c == '{' && !read_slot(r, s))
            return false;
        if ((c == '[' || c == '(') && !read_group(r, s, c))
            return false;
        if (c == '|')
            s = add_sequence(r, phrase);
        if (c == ']' || c == ')' || c == '}')
            return dio_value_fail(r->place, r->err, "%c closes nothing", c);
    }
    if (close)
        return dio_value_fail(r->place, r->err, "%c is missing at the end", close);
    return true;
}

const dio_phrase *dio_phrase_compile_text(dio_arena *a, const dio_copy_pools *pools,
                                          const dio_value *v, const char *text, size_t n,
                                          dio_error *err)
{
    struct reader r = {a, pools, v, text, text + n, 0, err};
    dio_phrase *phrase = dio_arena_alloc(a, sizeof *phrase);
    phrase->last = &phrase->first;
    if (n == 0) {
        dio_value_fail(v, err, "a phrase is empty");
        return NULL;
    }
    return read_alternatives(&r, phrase, 0) ? phrase : NULL;
}

const dio_phrase *dio_phrase_compile(dio_arena *a, const dio_copy_pools *pools, const dio_value *v,
                                     dio_error *err)
{
    if (v->kind != DIO_STRING) {
        dio_value_fail(v, err, "a phrase is text, not %s; put it in quotes",
                       dio_kind_name(v->kind));
        return NULL;
    }
    return dio_phrase_compile_text(a, pools, v, v->string.text, v->string.length, err);
}

/* --- asking -------------------------------------------------------------------------------- */

static uint32_t bit(int slot)
{
    return (uint32_t)1 << slot;
}

uint32_t dio_voice_slots(const dio_voice *voice)
{
    uint32_t slots = 0;
    for (int i = 0; i < DIO_SLOT_COUNT; i++) {
        int list = (i == DIO_SLOT_acting ? DIO_SLOT_act : i) - DIO_SLOT_FIRST_LIST;
        bool drawn = list >= 0 && ((voice->near[list] && voice->near[list]->count) ||
                                   (voice->wide[list] && voice->wide[list]->count));
        if (voice->value[i] || drawn)
            slots |= bit(i);
    }
    return slots;
}

static uint32_t sequence_needs(const struct sequence *s)
{
    uint32_t needs = 0;
    for (const struct piece *p = s->first; p; p = p->next) {
        if (p->kind == PIECE_SLOT)
            needs |= bit(p->index);
        if (p->kind == PIECE_GROUP)
            needs |= dio_phrase_needs(p->inner);
    }
    return needs;
}

uint32_t dio_phrase_needs(const dio_phrase *phrase)
{
    uint32_t needs = ~(uint32_t)0;
    for (const struct sequence *s = phrase->first; s; s = s->next)
        needs &= sequence_needs(s);
    return needs;
}

static bool sequence_ready(const struct sequence *s, uint32_t slots)
{
    for (const struct piece *p = s->first; p; p = p->next) {
        if (p->kind == PIECE_SLOT && !(slots & bit(p->index)))
            return false;
        if (p->kind == PIECE_GROUP && !dio_phrase_ready(p->inner, slots))
            return false;
    }
    return true;
}

bool dio_phrase_ready(const dio_phrase *phrase, uint32_t slots)
{
    for (const struct sequence *s = phrase->first; s; s = s->next)
        if (sequence_ready(s, slots))
            return true;
    return false;
}

/* --- speaking ------------------------------------------------------------------------------ */

/* A phrase of the list that can be spoken and was not yet; NULL when there is none. */
static const dio_phrase *draw_unused(dio_voice *voice, const dio_phrases *list, uint64_t *used,
                                     uint32_t slots)
{
    int open[64], n = 0;
    for (int i = 0; list && i < list->count && i < 64; i++)
        if (!(*used >> i & 1) && dio_phrase_ready(list->items[i], slots))
            open[n++] = i;
    if (n == 0)
        return NULL;
    int i = open[dio_rng_below(&voice->rng, (uint32_t)n)];
    *used |= (uint64_t)1 << i;
    return list->items[i];
}

/* Percent of draws that go to what the kind says in general. Sentences may be general; what one
 * does with a thing, and when, had better be its own. */
static int wide_share(int list)
{
    int slot = list + DIO_SLOT_FIRST_LIST;
    return slot == DIO_SLOT_line || slot == DIO_SLOT_pun || slot == DIO_SLOT_cta ? 15 : 3;
}

static const dio_phrase *draw_from_lists(dio_voice *voice, int list)
{
    uint32_t slots = dio_voice_slots(voice);
    for (int round = 0; round < 2; round++) {
        bool wide_first = dio_rng_below(&voice->rng, 100) < (uint32_t)wide_share(list);
        for (int side = 0; side < 2; side++) {
            bool wide = wide_first ? side == 0 : side == 1;
            const dio_phrase *p =
                wide ? draw_unused(voice, voice->wide[list], &voice->used_wide[list], slots)
                     : draw_unused(voice, voice->near[list], &voice->used_near[list], slots);
            if (p)
                return p;
        }
        voice->used_near[list] = voice->used_wide[list] = 0; /* all said: start again */
    }
    return NULL;
}

static void speak_slot(const struct piece *p, dio_voice *voice, dio_str *out)
{
    dio_str word = {0};
    int slot = p->index;
    if (voice->value[slot]) {
        dio_str_puts(&word, voice->value[slot]);
    } else if (slot >= DIO_SLOT_FIRST_LIST && voice->depth < 4) {
        int list = (slot == DIO_SLOT_acting ? DIO_SLOT_act : slot) - DIO_SLOT_FIRST_LIST;
        const dio_phrase *drawn = draw_from_lists(voice, list);
        voice->depth++;
        if (drawn)
            dio_phrase_speak(drawn, voice, &word);
        voice->depth--;
        if (slot == DIO_SLOT_acting && word.text) {
            char *gerund = dio_english_gerund(voice->arena, word.text);
            dio_str_clear(&word);
            dio_str_puts(&word, gerund);
        }
    }
    if (p->fewer && word.text)
        dio_str_printf(out, "%s ", dio_english_fewer(word.text));
    if (p->article && word.text && voice->number == DIO_NUMBER_ONE)
        dio_str_printf(out, "%s ", dio_english_article(word.text));
    if (word.text)
        dio_str_put(out, word.text, word.length);
    dio_str_deinit(&word);
}

static void speak_pool(const struct piece *p, dio_voice *voice, dio_str *out)
{
    const dio_phrases *words = &voice->pools->item[p->index].words;
    uint8_t *pick = &voice->pick[p->index];
    if (!*pick)
        *pick = (uint8_t)(1 + dio_rng_below(&voice->rng, (uint32_t)words->count));
    dio_str word = {0};
    voice->depth++;
    if (voice->depth < 8)
        dio_phrase_speak(words->items[*pick - 1], voice, &word);
    voice->depth--;
    if (p->article && word.text)
        dio_str_printf(out, "%s ", dio_english_article(word.text));
    if (word.text)
        dio_str_put(out, word.text, word.length);
    dio_str_deinit(&word);
}

static void speak_piece(const struct piece *p, dio_voice *voice, dio_str *out)
{
    switch (p->kind) {
    case PIECE_TEXT:
        dio_str_puts(out, p->text);
        break;
    case PIECE_SLOT:
        speak_slot(p, voice, out);
        break;
    case PIECE_POOL:
        speak_pool(p, voice, out);
        break;
    case PIECE_VERB:
        dio_str_puts(out, voice->bare ? p->text
                                      : dio_english_agree(voice->arena, p->text, voice->plural));
        break;
    case PIECE_GROUP:
        dio_phrase_speak(p->inner, voice, out);
        break;
    case PIECE_OPTION:
        if (dio_rng_below(&voice->rng, 2) && dio_phrase_ready(p->inner, dio_voice_slots(voice)))
            dio_phrase_speak(p->inner, voice, out);
        break;
    }
}

void dio_phrase_speak(const dio_phrase *phrase, dio_voice *voice, dio_str *out)
{
    const struct sequence *chosen = phrase->first;
    if (phrase->count > 1) {
        uint32_t slots = dio_voice_slots(voice);
        uint32_t open = 0;
        for (const struct sequence *s = phrase->first; s; s = s->next)
            if (sequence_ready(s, slots) && dio_rng_below(&voice->rng, ++open) == 0)
                chosen = s; /* reservoir: each open one is equally likely */
    }
    for (const struct piece *p = chosen->first; p; p = p->next)
        speak_piece(p, voice, out);
}
