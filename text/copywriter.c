/* copywriter.c: field by field, with the tag written here and the text by the model. */
#define _GNU_SOURCE /* strcasestr */
#include "text/copywriter.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/assets.h"
#include "base/file.h"
#include "base/str.h"
#include "text/copy/words.h"
#include "text/generate.h"
#include "text/lm.h"
#include "text/tokenizer.h"

enum { TRIES = 8, ROUNDS = 3, TOKENS = 200, ROOM = 1024 };

struct dio_copywriter {
    dio_arena *arena;
    const char *dir;
    dio_lm *lm;
    dio_tokenizer *tokenizer;
    dio_device *device;
    dio_copy_rules *rules;
    dio_copy_lexis *lexis; /* NULL: the model brings no words.txt */
};

dio_copywriter *dio_copywriter_open(const char *model, dio_device *device, dio_error *err)
{
    dio_arena *a = dio_arena_create();
    if (!a) {
        dio_fail_memory(err, "the copywriter");
        return NULL;
    }
    dio_copywriter *w = dio_arena_alloc(a, sizeof *w);
    w->arena = a;
    w->device = device;
    w->dir = dio_assets_model(a, model, err);
    const char *assets = w->dir ? dio_assets_dir(a, err) : NULL;
    w->rules = assets ? dio_copy_rules_open(dio_path_join(a, assets, "corpus"), err) : NULL;
    w->lm = w->rules ? dio_lm_open(w->dir, &(dio_lm_options){.dtype = DIO_DTYPES}, err) : NULL;
    w->tokenizer = w->lm ? dio_tokenizer_load(w->dir, err) : NULL;
    w->lexis = w->tokenizer ? dio_copy_lexis_open(w->dir, err) : NULL;
    if (err->kind != DIO_ERROR_NONE) {
        dio_copywriter_close(w);
        return NULL;
    }
    if (w->tokenizer && dio_tokenizer_id(w->tokenizer, "<|headline|>") < 0)
        dio_fail(err, "model \"%s\" was not trained to write ads: its tokenizer has no <|headline|>",
                 model);
    else if (w->tokenizer)
        return w;
    dio_copywriter_close(w);
    return NULL;
}

void dio_copywriter_close(dio_copywriter *w)
{
    if (!w)
        return;
    dio_tokenizer_destroy(w->tokenizer);
    dio_lm_close(w->lm);
    dio_copy_rules_close(w->rules);
    dio_copy_lexis_close(w->lexis);
    dio_arena_destroy(w->arena);
}

const char *dio_copywriter_model(const dio_copywriter *w)
{
    return w->dir;
}

/* One ad on its way. */
struct ad {
    dio_copywriter *w;
    const struct dio_brief *brief;
    const dio_copywriter_options *options;
    uint64_t seed;
    dio_arena *a;
    dio_session *session;
    dio_str prompt; /* brief and fields so far */
    struct dio_ad *out;
    const char *allowed; /* what the brief says may be said */
    const char *subject; /* benefit and category: what an ad should speak of */
};

static char *trimmed(dio_arena *a, const char *text)
{
    size_t n = strlen(text);
    while (*text && isspace((unsigned char)*text))
        text++, n--;
    while (n && isspace((unsigned char)text[n - 1]))
        n--;
    return dio_arena_strndup(a, text, n);
}

static bool holds(const char *text, const char *part)
{
    return text && strstr(text, part) != NULL;
}

static bool ends_sentence(const char *text)
{
    size_t n = strlen(text);
    return n && strchr(".!?", text[n - 1]);
}

/* How much is wrong with a try: what can stand when nothing better comes, and what cannot. */
enum { GOOD, FLAWED, UNFIT };

struct verdict {
    int grade;
    const char *rule; /* what is broken; NULL when good */
};

/* What the gate says of one part of an ad that is not yet whole. */
struct objection {
    dio_ad_part part;
    const char *first;
    dio_arena *a;
};

static void object(void *user, dio_ad_part part, const char *problem)
{
    struct objection *o = user;
    if (part == o->part && !o->first)
        o->first = dio_arena_strdup(o->a, problem);
}

static const char *gate(const struct ad *ad, dio_ad_part part, const char *text)
{
    struct dio_ad so_far = *ad->out;
    struct objection o = {part, NULL, ad->a};
    so_far.text[part] = text;
    dio_copy_check(ad->w->rules, ad->brief, &so_far, object, &o);
    return o.first;
}

/* Whether the offer, when there is one, stands where buyers look. */
static bool takes_up_offer(const struct ad *ad, const char *text)
{
    const char *offer = ad->brief->offer, *subline = ad->out->text[DIO_AD_SUBLINE];
    return !offer || !*offer || strcasestr(text, offer) || (subline && strcasestr(subline, offer));
}

/* Whether at least half of the benefit's words come. */
static bool takes_up_benefit(const struct ad *ad, const char *text)
{
    int of, shared = 0;
    if (ad->brief->benefit)
        shared = dio_copy_lexis_shared(text, ad->brief->benefit, &of);
    return !ad->brief->benefit || 2 * shared >= of;
}

static struct verdict judge(const struct ad *ad, dio_ad_part part, const char *text)
{
    const dio_ad_field *f = &dio_ad_fields[part];
    if (!*text)
        return (struct verdict){UNFIT, "is empty"};
    if (dio_utf8_count(text, strlen(text)) > (size_t)f->limit)
        return (struct verdict){UNFIT, "is too long"};
    if (f->sentence && !ends_sentence(text))
        return (struct verdict){UNFIT, "does not end as a sentence does"};
    if (dio_copy_rules_broken(ad->w->rules, text, ad->allowed))
        return (struct verdict){UNFIT, "says what copy must not say"};
    if (part == DIO_AD_BODY && !holds(ad->out->text[DIO_AD_HEADLINE], ad->brief->product) &&
        !holds(text, ad->brief->product))
        return (struct verdict){UNFIT, "does not name the product"};
    const char *flaw = gate(ad, part, text), *slip = NULL;
    if (!flaw && ad->w->lexis && part != DIO_AD_HASHTAGS)
        slip = dio_copy_lexis_unknown(ad->w->lexis, text, ad->allowed, ad->a);
    if (slip)
        flaw = dio_arena_printf(ad->a, "says \"%s\"", slip);
    if (!flaw && part == DIO_AD_BODY && !takes_up_benefit(ad, text))
        flaw = "does not take up the benefit";
    if (!flaw && part == DIO_AD_BODY && !takes_up_offer(ad, text))
        flaw = "does not take up the offer";
    return (struct verdict){flaw ? FLAWED : GOOD, flaw};
}

/* A text that was cut off, or is too long, up to its last whole sentence within the limit. */
static const char *whole_sentences(const struct ad *ad, dio_ad_part part, const char *text)
{
    size_t room = strlen(text), end = 0;
    while (room && dio_utf8_count(text, room) > (size_t)dio_ad_fields[part].limit)
        room--;
    for (size_t i = 0; i < room; i++)
        if (strchr(".!?", text[i]) && (!text[i + 1] || isspace((unsigned char)text[i + 1])))
            end = i + 1;
    return dio_arena_strndup(ad->a, text, end);
}

/* The best try so far at a field. */
struct best {
    const char *text, *rule;
    int grade, touch; /* touch: words of the brief that it takes up */
};

static void consider(struct ad *ad, dio_ad_part part, const dio_text *try, const char *start,
                     struct best *best)
{
    const char *text = trimmed(ad->a, dio_arena_printf(ad->a, "%s%s", start, try->text));
    struct verdict v = judge(ad, part, text);
    if (dio_ad_fields[part].sentence && (try->finish != DIO_FINISH_STOP || v.grade == UNFIT)) {
        text = whole_sentences(ad, part, text);
        v = judge(ad, part, text);
        v.grade = v.grade == GOOD ? FLAWED : v.grade; /* an ending that the model did not mean */
    } else if (try->finish != DIO_FINISH_STOP) {
        v = (struct verdict){UNFIT, "does not end by itself"};
    }
    int touch = dio_copy_lexis_shared(text, ad->subject, NULL);
    if (v.grade < best->grade || !best->rule || (v.grade == best->grade && touch > best->touch))
        *best = (struct best){text, v.rule ? v.rule : "", v.grade, touch};
}

/* Several tries at one field, each beginning with `start`. */
static bool try_field(struct ad *ad, dio_ad_part part, int round, const char *start,
                      struct best *best, dio_error *err)
{
    const dio_copywriter_options *o = ad->options;
    dio_ids ids = {0};
    const dio_encode_options special = {.parse_special = true};
    dio_generate_request r = {.session = ad->session};
    if (!dio_fields_default(dio_generate_fields, &r.params, true, ad->a, err))
        return false;
    bool ok = dio_tokenizer_encode(ad->w->tokenizer, ad->prompt.text, ad->prompt.length, special,
                                   &ids, err) &&
              dio_tokenizer_encode(ad->w->tokenizer, start, strlen(start),
                                   (dio_encode_options){0}, &ids, err);
    r.prompt = ids.ids;
    r.n_prompt = (int64_t)ids.count;
    r.params.temperature = o && o->temperature > 0 ? o->temperature : 0.7;
    r.params.top_p = o && o->top_p > 0 ? o->top_p : 0.95;
    r.params.variants = o && o->tries > 0 ? o->tries : TRIES;
    r.params.max_tokens = TOKENS;
    r.params.seed = ad->seed * 64 + (uint64_t)part * ROUNDS + (uint64_t)round;
    dio_texts *tries = ok ? dio_generate(ad->w->lm, ad->w->tokenizer, ad->w->device, &r, err) : NULL;
    for (int i = 0; tries && i < tries->count; i++)
        consider(ad, part, &tries->items[i], start, best);
    dio_ids_deinit(&ids);
    ok = tries != NULL;
    dio_texts_destroy(tries);
    return ok;
}

/* The offer as a sentence of its own behind a body that leaves it out, when there is room. */
static const char *with_offer(struct ad *ad, const char *body)
{
    if (takes_up_offer(ad, body))
        return body;
    const char *offer = ad->brief->offer;
    size_t n = strlen(offer);
    const char *stop = strchr(".!?", offer[n - 1]) ? "" : ".";
    char *text = dio_arena_printf(ad->a, "%s %s%s", body, offer, stop);
    text[strlen(body) + 1] = (char)toupper((unsigned char)text[strlen(body) + 1]);
    size_t limit = (size_t)dio_ad_fields[DIO_AD_BODY].limit;
    return dio_utf8_count(text, strlen(text)) <= limit ? text : body;
}

static bool write_field(struct ad *ad, dio_ad_part part, dio_error *err)
{
    struct best best = {.grade = UNFIT + 1};
    dio_str_puts(&ad->prompt, dio_ad_tag(ad->a, part, ad->brief->seconds));
    if (ad->prompt.failed)
        return dio_fail_memory(err, "the ad");
    for (int round = 0; round < ROUNDS && best.grade != GOOD; round++) {
        /* The last round writes the body's first words itself: an ad must name its product. */
        bool lead = part == DIO_AD_BODY && round == ROUNDS - 1 && best.grade >= UNFIT;
        if (!try_field(ad, part, round, lead ? ad->brief->product : "", &best, err))
            return false;
    }
    if (best.grade >= UNFIT)
        return dio_fail(err, "the model %s wrote no %s that keeps the rules: it %s (\"%.80s\"); try "
                        "another seed, or a shorter brief", ad->w->dir, dio_ad_fields[part].name,
                        best.rule, best.text);
    if (part == DIO_AD_BODY)
        best.text = with_offer(ad, best.text);
    ad->out->text[part] = best.text;
    dio_str_puts(&ad->prompt, best.text);
    return true;
}

bool dio_copywriter_write(dio_copywriter *w, const struct dio_brief *brief, uint64_t seed,
                          const dio_copywriter_options *options, const bool *wanted, dio_arena *a,
                          struct dio_ad *out, dio_error *err)
{
    struct ad ad = {.w = w, .brief = brief, .options = options, .seed = seed, .a = a, .out = out};
    *out = (struct dio_ad){0};
    if (!dio_brief_ready(brief, err))
        return false;
    ad.session = dio_session_create(w->lm, w->device, ROOM, 0, err);
    if (!ad.session)
        return false;
    dio_str_puts(&ad.prompt, dio_brief_prompt(a, brief));
    ad.allowed = dio_arena_strdup(a, ad.prompt.text ? ad.prompt.text : "");
    ad.subject = dio_arena_printf(a, "%s %s", brief->benefit ? brief->benefit : "",
                                  brief->category ? brief->category : "");
    bool ok = true;
    for (int part = 0; ok && part < DIO_AD_PARTS; part++)
        if (!wanted || wanted[part] || part == DIO_AD_HEADLINE)
            ok = write_field(&ad, (dio_ad_part)part, err);
    dio_str_deinit(&ad.prompt);
    dio_session_destroy(ad.session);
    return ok;
}
