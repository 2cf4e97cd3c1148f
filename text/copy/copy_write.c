/* copy_write.c: the fields of an ad. A field is one line, or a plan of roles ("open gain soul
 * close") for each of which copy_voice.c speaks a sentence.
 */
#define _GNU_SOURCE /* strcasestr */
#include <ctype.h>
#include <string.h>

#include "text/copy/copy_writer.h"
#include "text/copy/forms.h"

/* --- headline, subline, call to action ------------------------------------------------------ */

/* The form in which the headline said the benefit is not said again right below it. */
static void mute_said(struct dio_writer *w, const char *text, const char *muted[DIO_SLOT_COUNT])
{
    memset(muted, 0, DIO_SLOT_COUNT * sizeof *muted);
    for (int i = 0; i < DIO_WRITER_FORMS; i++) {
        const char *value = w->v->value[dio_writer_forms[i]];
        if (value && strcasestr(text, value)) {
            for (int k = 0; k < DIO_WRITER_FORMS; k++) {
                muted[dio_writer_forms[k]] = w->v->value[dio_writer_forms[k]];
                w->v->value[dio_writer_forms[k]] = NULL;
            }
            return;
        }
    }
}

static void unmute(struct dio_writer *w, const char *const muted[DIO_SLOT_COUNT])
{
    for (int i = 0; i < DIO_SLOT_COUNT; i++)
        if (muted[i])
            w->v->value[i] = muted[i];
}

static bool says_offer(struct dio_writer *w, const char *text)
{
    return w->plan->brief.offer[0] && strcasestr(text, w->plan->brief.offer);
}

static void write_top(struct dio_writer *w, struct dio_ad *ad)
{
    const char *muted[DIO_SLOT_COUNT];
    dio_writer_set_named(w, false);
    dio_writer_allow(w, (struct dio_allowance){.audience = dio_writer_chance(w, 25)});
    ad->text[DIO_AD_HEADLINE] = dio_writer_line(w, DIO_AD_HEADLINE, "headline");
    bool audience_said = w->plan->brief.audience[0] &&
                         strcasestr(ad->text[DIO_AD_HEADLINE], w->plan->brief.audience);
    mute_said(w, ad->text[DIO_AD_HEADLINE], muted);
    dio_writer_set_named(w, dio_writer_names_product(w, ad->text[DIO_AD_HEADLINE]));
    dio_writer_allow(
        w, (struct dio_allowance){.offer = dio_writer_chance(w, 15),
                                  .audience = !audience_said && dio_writer_chance(w, 50)});
    bool named = dio_writer_names_product(w, ad->text[DIO_AD_HEADLINE]);
    for (int i = 0; i < 3; i++) { /* a name right below itself shouts */
        ad->text[DIO_AD_SUBLINE] = dio_writer_line(w, DIO_AD_SUBLINE, "subline");
        if (!named || !dio_writer_names_product(w, ad->text[DIO_AD_SUBLINE]))
            break;
    }
    unmute(w, muted);
    w->offer_done = says_offer(w, ad->text[DIO_AD_SUBLINE]);
}

static void write_cta(struct dio_writer *w, struct dio_ad *ad)
{
    bool offer = w->plan->brief.offer[0] && !w->offer_done;
    dio_writer_set_named(w, true);
    dio_writer_allow(w, (struct dio_allowance){.offer = offer});
    ad->text[DIO_AD_CTA] = dio_writer_line(w, DIO_AD_CTA, offer ? "cta_deal" : "cta");
}

/* --- running text -------------------------------------------------------------------------- */

/* The roles of a field's text, one of the plans for the tone: "open gain who close". */
static void follow_plan(struct dio_writer *w, struct dio_running *r, const char *plan,
                        int words_max)
{
    char name[24];
    while (*plan) {
        size_t n = strcspn(plan, " .");
        if (n > 0 && n < sizeof name) {
            memcpy(name, plan, n);
            name[n] = 0;
            for (char *p = name; *p; p++)
                *p = (char)tolower((unsigned char)*p);
            dio_writer_add(w, r, name, r->count, words_max);
        }
        plan += n + (plan[n] != 0);
    }
}

/* Whether the fields above the script say the benefit in any of its forms. */
static bool says_benefit(const struct dio_writer *w, const struct dio_ad *ad)
{
    return !w->plan->brief.benefit[0] || dio_writer_says_form(w, ad->text[DIO_AD_HEADLINE]) ||
           dio_writer_says_form(w, ad->text[DIO_AD_SUBLINE]) ||
           dio_writer_says_form(w, ad->text[DIO_AD_BODY]);
}

static bool says_audience(struct dio_writer *w, const struct dio_ad *ad)
{
    const char *audience = w->plan->brief.audience;
    for (int part = DIO_AD_HEADLINE; part <= DIO_AD_BODY; part++)
        if (strcasestr(ad->text[part], audience))
            return true;
    return false;
}

/* What the client said is taken up, whatever the plan had in mind. */
static void complete_body(struct dio_writer *w, struct dio_running *r, struct dio_ad *ad,
                          int words_max)
{
    ad->text[DIO_AD_BODY] = r->count ? dio_writer_join(w, r) : "";
    if (!says_benefit(w, ad))
        dio_writer_add(w, r, "gain", r->count > 1 ? r->count - 1 : r->count, words_max);
    if (!says_audience(w, ad))
        dio_writer_add(w, r, "who", r->count > 1 ? r->count - 1 : r->count, words_max);
}

static void write_body(struct dio_writer *w, struct dio_ad *ad)
{
    enum { WORDS_MAX = 58 };
    const char *deal = w->v->value[DIO_SLOT_deal];
    bool fits_cta = deal && strlen(deal) <= 32 && dio_copy_words(deal) <= 7;
    bool offer =
        w->plan->brief.offer[0] && !w->offer_done && (!fits_cta || dio_writer_chance(w, 60));
    for (int i = 0; i < DIO_WRITER_TRIES; i++) {
        struct dio_running r = {0};
        dio_writer_set_named(w, false);
        dio_writer_allow(w, (struct dio_allowance){.audience = true});
        char *plan = dio_writer_speak(w, "body_plan");
        if (plan)
            follow_plan(w, &r, plan, WORDS_MAX);
        complete_body(w, &r, ad, WORDS_MAX + 20);
        dio_writer_allow(w, (struct dio_allowance){.offer = offer});
        if (offer)
            dio_writer_add(w, &r, "deal", r.count, WORDS_MAX + 20);
        ad->text[DIO_AD_BODY] = r.count ? dio_writer_join(w, &r) : "";
        if (r.count >= 2 && dio_writer_names_product(w, ad->text[DIO_AD_BODY]) &&
            (!offer || says_offer(w, ad->text[DIO_AD_BODY])) && says_benefit(w, ad) &&
            !dio_writer_unfit(w, DIO_AD_BODY, ad->text[DIO_AD_BODY]))
            break;
        memset(w->used, 0, sizeof w->used);
    }
    w->offer_done |= says_offer(w, ad->text[DIO_AD_BODY]);
}

/* --- hashtags ------------------------------------------------------------------------------ */

static void put_tag(struct dio_writer *w, dio_str *out, const char *name)
{
    dio_str_printf(out, "%s#%s", out->length ? " " : "", dio_copy_tag(w->v->arena, name));
}

static void write_hashtags(struct dio_writer *w, struct dio_ad *ad)
{
    const struct dio_category *cat = w->plan->category;
    int wanted = 3 + (int)dio_rng_below(&w->v->rng, 3), have = w->plan->noun[0] ? 2 : 1;
    dio_str out = {0};
    put_tag(w, &out, w->plan->brief.product);
    if (w->plan->noun[0])
        put_tag(w, &out, w->plan->noun);
    int first = (int)dio_rng_below(&w->v->rng, (uint32_t)cat->tags.count);
    for (int i = 0; i < cat->tags.count && have < wanted; i++) {
        const char *tag = cat->tags.items[(first + i) % cat->tags.count];
        if (strcasestr(out.text ? out.text : "", tag))
            continue; /* the category's or the product's name already */
        put_tag(w, &out, tag);
        have++;
    }
    ad->text[DIO_AD_HASHTAGS] = dio_arena_strdup(w->v->arena, out.text ? out.text : "");
    w->failed |= out.failed;
    dio_str_deinit(&out);
}

/* --- the ad -------------------------------------------------------------------------------- */

bool dio_copy_plan_write(const struct dio_copy_corpus *c, struct dio_copy_plan *plan,
                         struct dio_ad *ad)
{
    struct dio_writer w = {.c = c,
                           .plan = plan,
                           .v = &plan->voice,
                           .offer = plan->voice.value[DIO_SLOT_offer],
                           .audience = plan->voice.value[DIO_SLOT_audience]};
    write_top(&w, ad);
    write_body(&w, ad);
    write_cta(&w, ad);
    write_hashtags(&w, ad);
    dio_writer_script(&w, ad);
    dio_writer_set_named(&w, false);
    ad->text[DIO_AD_SCENE] = dio_writer_line(&w, DIO_AD_SCENE, "scene");
    return !w.failed && !dio_arena_failed(plan->voice.arena);
}
