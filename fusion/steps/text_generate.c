/* text_generate.c: words by a language model: an ad's fields from a brief, or text from a prompt.
 */
#include <string.h>

#include "base/assets.h"
#include "fusion/step.h"
#include "text/copywriter.h"
#include "text/generate.h"

enum template { PRODUCT_AD, PROMPT };
static const char *const templates[] = {"product-ad", "prompt", NULL};

struct params {
    const char *model;
    int template;
    const char *product, *category, *benefit, *audience, *tone, *offer;
    int seconds;
    const char *prompt;
    int max_tokens;
    double temperature, top_p;
};

static const dio_field fields[] = {
    DIO_FIELD(struct params, model, "house/copywriter", 1, 1000, "model folder, or house/NAME"),
    DIO_FIELD_WORDS(struct params, template, "product-ad", templates,
                    "product-ad: the fields of an ad; prompt: text that goes on from a prompt"),
    DIO_FIELD(struct params, product, "", 0, 80, "what is advertised, used verbatim"),
    DIO_FIELD(struct params, category, "", 0, 60, "what it is: desk lamp, bakery"),
    DIO_FIELD(struct params, benefit, "", 0, 160, "why one would want it"),
    DIO_FIELD(struct params, audience, "", 0, 160, "whom it is for"),
    DIO_FIELD(struct params, tone, "", 0, 40, "warm, playful, bold, calm, elegant, witty, ..."),
    DIO_FIELD(struct params, offer, "", 0, 160, "taken up word for word: 20% off"),
    DIO_FIELD(struct params, seconds, "15", 5, 60, "length of the voice-over"),
    DIO_FIELD(struct params, prompt, "", 0, 20000, "with template prompt: what to go on from"),
    DIO_FIELD(struct params, max_tokens, "128", 1, 8192, "with template prompt: tokens at most"),
    DIO_FIELD(struct params, temperature, "0.7", 0.01, 5, "how freely to choose"),
    DIO_FIELD(struct params, top_p, "0.95", 0.01, 1,
              "choose among the likeliest that have this share together"),
    {0},
};

/* The ad's fields by name come from text/copy; "text" is all of it, or what a prompt gave. */
static const dio_port ports[] = {
    {"text", DIO_MEDIA_TEXT, "everything that was written"},
    {"headline", DIO_MEDIA_TEXT, "one line that stops the eye"},
    {"subline", DIO_MEDIA_TEXT, "one sentence under the headline"},
    {"body", DIO_MEDIA_TEXT, "two to five sentences"},
    {"cta", DIO_MEDIA_TEXT, "words for the button"},
    {"hashtags", DIO_MEDIA_TEXT, "three to five"},
    {"script", DIO_MEDIA_TEXT, "voice-over"},
    {"scene", DIO_MEDIA_TEXT, "what the picture shows"},
    {0},
};

static struct dio_brief brief_of(const struct params *p)
{
    return (struct dio_brief){.product = p->product,
                              .category = p->category,
                              .benefit = p->benefit,
                              .audience = p->audience,
                              .tone = p->tone,
                              .offer = p->offer,
                              .seconds = p->seconds};
}

static void need(const char *value, const char *key, const char *why, const dio_value *with,
                 dio_report *report)
{
    if (value && !*value)
        dio_report_at(report, dio_map_get(with, key) ? dio_map_get(with, key) : with,
                      "text.generate@1 needs the key \"%s\" %s", key, why);
}

static void check(dio_studio *studio, const void *params, const dio_value *with, dio_report *report)
{
    (void)studio;
    const struct params *p = params;
    dio_error e = {0};
    if (p->model && !dio_assets_model(report->arena, p->model, &e))
        dio_report_error(report, dio_map_get(with, "model") ? dio_map_get(with, "model") : with,
                         "model", &e);
    if (p->template == PROMPT) {
        need(p->prompt, "prompt", "with template prompt", with, report);
        return;
    }
    need(p->product, "product", "with template product-ad", with, report);
    struct dio_brief brief = brief_of(p);
    dio_error_clear(&e);
    bool known = p->product && p->category && p->benefit && p->audience && p->tone && p->offer;
    if (known && *p->product && !dio_brief_ready(&brief, &e))
        dio_report_error(report, with, NULL, &e);
}

static bool gives(const void *params, const char *port)
{
    const struct params *p = params;
    return p->template == PRODUCT_AD || strcmp(port, "text") == 0;
}

static bool write_ad(dio_task *t, const struct params *p, dio_error *err)
{
    dio_copywriter *writer = dio_studio_copywriter(t->studio, p->model, err);
    struct dio_brief brief = brief_of(p);
    struct dio_ad ad;
    if (!writer || !dio_copywriter_write(
                       writer, &brief, t->seed,
                       &(dio_copywriter_options){.temperature = p->temperature, .top_p = p->top_p},
                       NULL, t->arena, &ad, err))
        return false;
    char *all = dio_arena_strdup(t->arena, "");
    for (int i = 0; i < DIO_AD_PARTS; i++) {
        dio_task_give_text(t, dio_ad_fields[i].name, ad.text[i]);
        all = dio_arena_printf(t->arena, "%s%s%s", all, i ? "\n" : "", ad.text[i]);
    }
    dio_task_give_text(t, "text", all);
    return true;
}

struct watch {
    dio_task *task;
    dio_error *err;
    int pieces, most;
};

static bool watch(void *user, int variant, const char *text, size_t n)
{
    struct watch *w = user;
    (void)variant, (void)text, (void)n;
    double done = (double)++w->pieces / w->most;
    return dio_task_progress(w->task, done < 1 ? done : 1, w->err);
}

static bool go_on(dio_task *t, const struct params *p, dio_error *err)
{
    const dio_tokenizer *tokenizer;
    const dio_lm *lm = dio_studio_lm(t->studio, p->model, &tokenizer, err);
    dio_ids ids = {0};
    dio_texts *texts = NULL;
    struct watch w = {.task = t, .err = err, .most = p->max_tokens};
    if (lm && dio_tokenizer_encode(tokenizer, p->prompt, strlen(p->prompt),
                                   (dio_encode_options){.add_special = true}, &ids, err)) {
        dio_generate_request r = {
            .prompt = ids.ids, .n_prompt = (int64_t)ids.count, .stream = watch, .user = &w};
        if (dio_fields_default(dio_generate_fields, &r.params, true, t->arena, err)) {
            r.params.max_tokens = p->max_tokens;
            r.params.temperature = p->temperature;
            r.params.top_p = p->top_p;
            r.params.seed = t->seed;
            texts = dio_generate(lm, tokenizer, dio_studio_device(t->studio, err), &r, err);
        }
    }
    bool ok = texts && err->kind == DIO_ERROR_NONE; /* a stop on request ends the text early */
    if (ok)
        dio_task_give_text(t, "text", texts->items[0].text);
    dio_texts_destroy(texts);
    dio_ids_deinit(&ids);
    return ok;
}

static bool run(dio_task *t, const void *params, dio_error *err)
{
    const struct params *p = params;
    const dio_value *facts = dio_studio_model_facts(t->studio, p->model, t->arena, err);
    if (!facts)
        return false;
    dio_task_note(t, "model", facts);
    return p->template == PROMPT ? go_on(t, p, err) : write_ad(t, p, err);
}

const dio_step dio_step_text_generate = {
    .name = "text.generate",
    .version = 1,
    .doc = "Words by a language model: an ad's fields from a brief, or text from a prompt.",
    .params = fields,
    .params_size = sizeof(struct params),
    .out = ports,
    .weight = 2,
    .check = check,
    .gives = gives,
    .run = run,
};
