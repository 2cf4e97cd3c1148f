/* copywriter.c: field by field, with the tag written here and the text by the model. */
#define _GNU_SOURCE /* strcasestr */
#include "text/copywriter.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/assets.h"
#include "base/file.h"
#include "base/str.h"
#include "text/copy/forms.h"
#include "text/copy/words.h"
#include "text/generate.h"
#include "text/lm.h"
#include "text/tokenizer.h"

enum { TRIES = 8, ROUNDS = 3, TOKENS = 200, ROOM = 1024 };

/* A word with less than a seventh of the best one's chance is a slip, not an idea. */
static const double MIN_P = 0.15;

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
        dio_fail(err,
                 "model \"%s\" was not trained to write ads: its tokenizer has no <|headline|>",
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
    struct dio_copy_forms forms; /* what marks stand for */
    dio_str prompt;              /* brief and fields so far, with marks */
    struct dio_ad *out;
    const char *allowed; /* what the brief says may be said */
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

/* Whether the body, or what stands above it, says the benefit; and that nothing says it twice. */
static const char *benefit_flaw(const struct ad *ad, dio_ad_part part, const char *marked)
{
    const bool wanted = ad->brief->benefit && *ad->brief->benefit;
    const char *first = wanted ? dio_copy_find_mark(marked, "benefit") : NULL;
    if (first && dio_copy_find_mark(first + 1, "benefit"))
        return "says the benefit twice";
    if (part == DIO_AD_BODY && wanted && !first)
        return "does not take up the benefit";
    return NULL;
}

/* Whether four words in a row come twice: a model that is at a loss repeats itself. */
static bool repeats_itself(const char *marked)
{
    enum { RUN = 4 };
    for (const char *p = marked; *p; p += strcspn(p, " ") + strspn(p + strcspn(p, " "), " ")) {
        const char *end = p;
        for (int i = 0; i < RUN && *end; i++)
            end += strcspn(end, " ") + (i < RUN - 1 && end[strcspn(end, " ")] == ' ');
        if (!*end)
            return false;
        const size_t n = (size_t)(end - p);
        for (const char *q = strchr(p, ' '); q; q = strchr(q + 1, ' '))
            if (!strncasecmp(q + 1, p, n) && !isalnum((unsigned char)q[1 + n]))
                return true;
    }
    return false;
}

static struct verdict judge(const struct ad *ad, dio_ad_part part, const char *marked,
                            const char *text)
{
    const dio_ad_field *f = &dio_ad_fields[part];
    if (!text)
        return (struct verdict){UNFIT, "speaks of what the brief does not say"};
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
    if (!flaw)
        flaw = benefit_flaw(ad, part, marked);
    if (!flaw && repeats_itself(marked))
        flaw = "repeats itself";
    if (!flaw && part == DIO_AD_BODY && !takes_up_offer(ad, text))
        flaw = "does not take up the offer";
    return (struct verdict){flaw ? FLAWED : GOOD, flaw};
}

/* A marked text that was cut off, or is too long, up to its last whole sentence within the limit.
 */
static const char *whole_sentences(const struct ad *ad, dio_ad_part part, const char *marked)
{
    for (size_t end = strlen(marked); end > 0; end--) {
        if (!strchr(".!?}", marked[end - 1]) ||
            (marked[end] && !isspace((unsigned char)marked[end])))
            continue;
        const char *part_of_it = dio_arena_strndup(ad->a, marked, end);
        const char *text = dio_copy_unmark(ad->a, &ad->forms, part, part_of_it);
        if (text && ends_sentence(text) &&
            dio_utf8_count(text, strlen(text)) <= (size_t)dio_ad_fields[part].limit)
            return part_of_it;
    }
    return "";
}

/* A try at a field. */
struct attempt {
    const char *marked, *text;
    struct verdict verdict;
    double trust; /* mean log of its words' chances: what the model itself thinks of it */
};

static struct attempt consider(struct ad *ad, dio_ad_part part, const dio_text *try,
                               const char *start)
{
    struct attempt t = {.trust = try->score / (try->n_ids ? try->n_ids : 1)};
    t.marked = trimmed(ad->a, dio_arena_printf(ad->a, "%s%s", start, try->text));
    t.text = dio_copy_unmark(ad->a, &ad->forms, part, t.marked);
    t.verdict = judge(ad, part, t.marked, t.text);
    if (dio_ad_fields[part].sentence &&
        (try->finish != DIO_FINISH_STOP || t.verdict.grade == UNFIT)) {
        t.marked = whole_sentences(ad, part, t.marked);
        t.text = dio_copy_unmark(ad->a, &ad->forms, part, t.marked);
        t.verdict = judge(ad, part, t.marked, t.text);
        if (t.verdict.grade == GOOD) /* an ending that the model did not mean */
            t.verdict = (struct verdict){FLAWED, "was cut"};
    } else if (try->finish != DIO_FINISH_STOP) {
        t.verdict = (struct verdict){UNFIT, "does not end by itself"};
    }
    return t;
}

static int by_trust(const void *x, const void *y)
{
    const double a = *(const double *)x, b = *(const double *)y;
    return (a < b) - (a > b);
}

/* Of the best grade, the first among the most trusted quarter: the surest of all
 * would be the same turn of phrase in every ad. */
static const struct attempt *choose(const struct attempt *tries, int n, dio_arena *a)
{
    double *trust = dio_arena_alloc(a, (size_t)n * sizeof *trust);
    int grade = UNFIT, peers = 0;
    for (int i = 0; i < n; i++)
        if (tries[i].verdict.grade < grade)
            grade = tries[i].verdict.grade;
    for (int i = 0; i < n; i++)
        if (tries[i].verdict.grade == grade)
            trust[peers++] = tries[i].trust;
    qsort(trust, (size_t)peers, sizeof *trust, by_trust);
    for (int i = 0; i < n; i++)
        if (tries[i].verdict.grade == grade && tries[i].trust >= trust[peers / 4])
            return &tries[i];
    return &tries[0];
}

/* Several tries at one field, each beginning with `start`; the best of them in *best when it is
 * better than what is there. */
static bool try_field(struct ad *ad, dio_ad_part part, int round, const char *start,
                      struct attempt *best, dio_error *err)
{
    const dio_copywriter_options *o = ad->options;
    dio_ids ids = {0};
    const dio_encode_options special = {.parse_special = true};
    dio_generate_request r = {.session = ad->session};
    if (!dio_fields_default(dio_generate_fields, &r.params, true, ad->a, err))
        return false;
    bool ok = dio_tokenizer_encode(ad->w->tokenizer, ad->prompt.text, ad->prompt.length, special,
                                   &ids, err) &&
              dio_tokenizer_encode(ad->w->tokenizer, start, strlen(start), (dio_encode_options){0},
                                   &ids, err);
    r.prompt = ids.ids;
    r.n_prompt = (int64_t)ids.count;
    r.params.temperature = o && o->temperature > 0 ? o->temperature : 0.7;
    r.params.top_p = o && o->top_p > 0 ? o->top_p : 0.95;
    r.params.min_p = MIN_P;
    r.params.variants = o && o->tries > 0 ? o->tries : TRIES;
    r.params.max_tokens = TOKENS;
    r.params.seed = ad->seed * 64 + (uint64_t)part * ROUNDS + (uint64_t)round;
    r.banned = dio_copy_absent_marks(ad->a, &ad->forms, &r.n_banned);
    dio_texts *texts =
        ok ? dio_generate(ad->w->lm, ad->w->tokenizer, ad->w->device, &r, err) : NULL;
    dio_ids_deinit(&ids);
    if (!texts)
        return false;
    struct attempt *tries = dio_arena_alloc(ad->a, (size_t)texts->count * sizeof *tries);
    for (int i = 0; i < texts->count; i++)
        tries[i] = consider(ad, part, &texts->items[i], start);
    const struct attempt *chosen = choose(tries, texts->count, ad->a);
    if (chosen->verdict.grade < best->verdict.grade || !best->marked)
        *best = *chosen;
    dio_texts_destroy(texts);
    return true;
}

/* The offer as a sentence of its own behind a body that leaves it out, when there is room. */
static void add_offer(struct ad *ad, struct attempt *body)
{
    if (takes_up_offer(ad, body->text))
        return;
    const char *offer = ad->brief->offer;
    const char *stop = strchr(".!?", offer[strlen(offer) - 1]) ? "" : ".";
    const char *mark = ad->forms.text[DIO_FORM_deal] ? "{deal}" : "{offer}";
    const char *marked = dio_arena_printf(ad->a, "%s %s%s", body->marked, mark, stop);
    const char *text = dio_copy_unmark(ad->a, &ad->forms, DIO_AD_BODY, marked);
    if (text && dio_utf8_count(text, strlen(text)) <= (size_t)dio_ad_fields[DIO_AD_BODY].limit)
        body->marked = marked, body->text = text;
}

static bool write_field(struct ad *ad, dio_ad_part part, dio_error *err)
{
    struct attempt best = {.verdict.grade = UNFIT};
    dio_str_puts(&ad->prompt, dio_ad_tag(ad->a, part, ad->brief->seconds));
    if (ad->prompt.failed)
        return dio_fail_memory(err, "the ad");
    for (int round = 0; round < ROUNDS && best.verdict.grade != GOOD; round++) {
        /* The last round writes the body's first words itself: an ad must name its product. */
        bool lead = part == DIO_AD_BODY && round == ROUNDS - 1 && best.verdict.grade >= UNFIT;
        if (!try_field(ad, part, round, lead ? "{product}" : "", &best, err))
            return false;
    }
    if (best.verdict.grade >= UNFIT)
        return dio_fail(err,
                        "the model %s wrote no %s that keeps the rules: it %s (\"%.80s\"); try "
                        "another seed, or a shorter brief",
                        ad->w->dir, dio_ad_fields[part].name, best.verdict.rule,
                        best.text ? best.text : best.marked);
    if (part == DIO_AD_BODY)
        add_offer(ad, &best);
    ad->out->text[part] = best.text;
    dio_str_puts(&ad->prompt, best.marked);
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
    dio_copy_forms_of(a, brief, &ad.forms);
    dio_str_puts(&ad.prompt, dio_brief_marked(a, brief));
    ad.allowed = dio_brief_prompt(a, brief);
    bool ok = true;
    for (int part = 0; ok && part < DIO_AD_PARTS; part++)
        if (!wanted || wanted[part] || part == DIO_AD_HEADLINE)
            ok = write_field(&ad, (dio_ad_part)part, err);
    dio_str_deinit(&ad.prompt);
    dio_session_destroy(ad.session);
    return ok;
}
