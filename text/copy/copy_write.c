/* copy_write.c: the fields of an ad, sentence by sentence.
 *
 * A field is a plan of roles ("open gain soul close"); for each role a phrase is drawn that fits
 * the tone and the slots at hand. No phrase is used twice in one ad, the product is named before a
 * pronoun stands for it, and no two sentences in a row begin with its name.
 */
#define _GNU_SOURCE /* strcasestr */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "text/copy/grammar.h"
#include "text/copy/lexicon.h"

enum { PHRASES_MAX = 2048, SENTENCES_MAX = 16, TRIES = 40 };

struct writer {
    const struct dio_copy_corpus *c;
    struct dio_copy_plan *plan;
    dio_voice *v;
    uint64_t used[PHRASES_MAX / 64]; /* phrases of roles, by their place among all */
    bool offer_done;
    bool failed;
};

/* The ways in which a benefit can be said. */
static const int benefit_forms[] = {DIO_SLOT_np, DIO_SLOT_vp, DIO_SLOT_vps, DIO_SLOT_say};

/* Which values a field may use; the rest are taken out of the voice while it is written. */
struct allowance {
    bool offer, audience;
};

static bool chance(struct writer *w, uint32_t percent)
{
    return dio_rng_below(&w->v->rng, 100) < percent;
}

static void set_named(struct writer *w, bool named)
{
    bool many = w->v->plural;
    w->v->value[DIO_SLOT_it] = named ? many ? "them" : "it" : NULL;
    w->v->value[DIO_SLOT_they] = named ? many ? "they" : "it" : NULL;
    w->v->value[DIO_SLOT_them] = w->v->value[DIO_SLOT_it];
    w->v->value[DIO_SLOT_its] = named ? many ? "their" : "its" : NULL;
    w->v->value[DIO_SLOT_this] = many ? "these" : "this";
}

static void allow(struct writer *w, struct allowance what)
{
    const struct dio_brief *b = &w->plan->brief;
    w->v->value[DIO_SLOT_offer] = what.offer && b->offer[0] ? b->offer : NULL;
    w->v->value[DIO_SLOT_audience] = what.audience && b->audience[0] ? b->audience : NULL;
}

/* --- one sentence -------------------------------------------------------------------------- */

static bool is_used(const struct writer *w, int place)
{
    return w->used[place / 64] >> (place % 64) & 1;
}

/* A phrase of the role: one written for the tone weighs three of those for all. */
static int draw_phrase(struct writer *w, const struct dio_role *role, uint32_t slots)
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

/* Speaks one phrase of the role; NULL when none fits. */
static char *speak_role(struct writer *w, const char *name)
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

static bool names_product(const struct writer *w, const char *text)
{
    return strstr(text, w->plan->brief.product) != NULL;
}

/* Too long for the field, or saying "the the" because a slot met its like. */
static bool unfit(struct writer *w, dio_ad_part part, const char *text)
{
    return (int)dio_utf8_count(text, strlen(text)) > dio_ad_fields[part].limit ||
           dio_copy_lint(w->v->arena, text, w->plan->brief.product);
}

static char *one_line(struct writer *w, dio_ad_part part, const char *role)
{
    char *text = NULL;
    uint64_t keep[PHRASES_MAX / 64];
    memcpy(keep, w->used, sizeof keep);
    for (int i = 0; i < TRIES; i++) {
        text = speak_role(w, role);
        if (text && !unfit(w, part, text))
            return text;
        if (!text)
            memcpy(w->used, keep, sizeof keep); /* every phrase tried: once more, other words */
    }
    return text ? text : dio_arena_strdup(w->v->arena, w->plan->brief.product);
}

/* --- headline, subline, call to action ------------------------------------------------------ */

/* The form in which the headline said the benefit is not said again right below it. */
static void mute_said(struct writer *w, const char *text, const char *muted[DIO_SLOT_COUNT])
{
    enum { FORMS = sizeof benefit_forms / sizeof benefit_forms[0] };
    memset(muted, 0, DIO_SLOT_COUNT * sizeof *muted);
    for (int i = 0; i < FORMS; i++) {
        const char *value = w->v->value[benefit_forms[i]];
        if (value && strcasestr(text, value)) {
            for (int k = 0; k < FORMS; k++) {
                muted[benefit_forms[k]] = w->v->value[benefit_forms[k]];
                w->v->value[benefit_forms[k]] = NULL;
            }
            return;
        }
    }
}

static void unmute(struct writer *w, const char *const muted[DIO_SLOT_COUNT])
{
    for (int i = 0; i < DIO_SLOT_COUNT; i++)
        if (muted[i])
            w->v->value[i] = muted[i];
}

static bool says_offer(struct writer *w, const char *text)
{
    return w->plan->brief.offer[0] && strcasestr(text, w->plan->brief.offer);
}

static void write_top(struct writer *w, struct dio_ad *ad)
{
    const char *muted[DIO_SLOT_COUNT];
    set_named(w, false);
    allow(w, (struct allowance){.audience = chance(w, 25)});
    ad->text[DIO_AD_HEADLINE] = one_line(w, DIO_AD_HEADLINE, "headline");
    bool audience_said = w->plan->brief.audience[0] &&
                         strcasestr(ad->text[DIO_AD_HEADLINE], w->plan->brief.audience);
    mute_said(w, ad->text[DIO_AD_HEADLINE], muted);
    set_named(w, names_product(w, ad->text[DIO_AD_HEADLINE]));
    allow(w,
          (struct allowance){.offer = chance(w, 15), .audience = !audience_said && chance(w, 50)});
    bool named = names_product(w, ad->text[DIO_AD_HEADLINE]);
    for (int i = 0; i < 3; i++) { /* a name right below itself shouts */
        ad->text[DIO_AD_SUBLINE] = one_line(w, DIO_AD_SUBLINE, "subline");
        if (!named || !names_product(w, ad->text[DIO_AD_SUBLINE]))
            break;
    }
    unmute(w, muted);
    w->offer_done = says_offer(w, ad->text[DIO_AD_SUBLINE]);
}

static void write_cta(struct writer *w, struct dio_ad *ad)
{
    bool offer = w->plan->brief.offer[0] && !w->offer_done;
    set_named(w, true);
    allow(w, (struct allowance){.offer = offer});
    ad->text[DIO_AD_CTA] = one_line(w, DIO_AD_CTA, offer ? "cta_deal" : "cta");
}

/* --- running text -------------------------------------------------------------------------- */

struct running {
    char *sentence[SENTENCES_MAX];
    int count;
    int words;
};

static char *join(struct writer *w, const struct running *r)
{
    char *text = r->sentence[0];
    for (int i = 1; i < r->count; i++)
        text = dio_arena_printf(w->v->arena, "%s %s", text, r->sentence[i]);
    return text;
}

/* Whether the text says the benefit, in whichever form. */
static bool says_form(const struct writer *w, const char *text)
{
    for (size_t i = 0; i < sizeof benefit_forms / sizeof benefit_forms[0]; i++) {
        const char *value = w->v->value[benefit_forms[i]];
        if (value && strcasestr(text, value))
            return true;
    }
    return false;
}

static bool begins_with_product(const struct writer *w, const char *text)
{
    return !strncmp(text, w->plan->brief.product, strlen(w->plan->brief.product));
}

/* Puts a sentence of the role at `at`, if one fits; two tries find one that does not begin as its
 * neighbour does. */
static bool add_sentence(struct writer *w, struct running *r, const char *role, int at,
                         int words_max)
{
    if (r->count == SENTENCES_MAX)
        return false;
    bool named = false, benefit_said = false;
    for (int i = 0; i < at; i++)
        named |= names_product(w, r->sentence[i]);
    for (int i = 0; i < r->count; i++)
        benefit_said |= says_form(w, r->sentence[i]);
    set_named(w, named);
    for (int i = 0; i < 4; i++) {
        char *text = speak_role(w, role);
        if (!text)
            return false;
        int words = dio_copy_words(text);
        bool echo = (at > 0 && names_product(w, text) && names_product(w, r->sentence[at - 1])) ||
                    (at < r->count && begins_with_product(w, text) &&
                     begins_with_product(w, r->sentence[at]));
        echo |= benefit_said && says_form(w, text);
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

/* The roles of a field's text, one of the plans for the tone: "open gain who close". */
static void follow_plan(struct writer *w, struct running *r, const char *plan, int words_max)
{
    char name[24];
    while (*plan) {
        size_t n = strcspn(plan, " .");
        if (n > 0 && n < sizeof name) {
            memcpy(name, plan, n);
            name[n] = 0;
            for (char *p = name; *p; p++)
                *p = (char)tolower((unsigned char)*p);
            add_sentence(w, r, name, r->count, words_max);
        }
        plan += n + (plan[n] != 0);
    }
}

/* Whether the fields above the script say the benefit in any of its forms. */
static bool says_benefit(const struct writer *w, const struct dio_ad *ad)
{
    return !w->plan->brief.benefit[0] || says_form(w, ad->text[DIO_AD_HEADLINE]) ||
           says_form(w, ad->text[DIO_AD_SUBLINE]) || says_form(w, ad->text[DIO_AD_BODY]);
}

static bool says_audience(struct writer *w, const struct dio_ad *ad)
{
    const char *audience = w->plan->brief.audience;
    for (int part = DIO_AD_HEADLINE; part <= DIO_AD_BODY; part++)
        if (strcasestr(ad->text[part], audience))
            return true;
    return false;
}

/* What the client said is taken up, whatever the plan had in mind. */
static void complete_body(struct writer *w, struct running *r, struct dio_ad *ad, int words_max)
{
    ad->text[DIO_AD_BODY] = r->count ? join(w, r) : "";
    if (!says_benefit(w, ad))
        add_sentence(w, r, "gain", r->count > 1 ? r->count - 1 : r->count, words_max);
    if (!says_audience(w, ad))
        add_sentence(w, r, "who", r->count > 1 ? r->count - 1 : r->count, words_max);
}

static void write_body(struct writer *w, struct dio_ad *ad)
{
    enum { WORDS_MAX = 58 };
    const char *deal = w->v->value[DIO_SLOT_deal];
    bool fits_cta = deal && strlen(deal) <= 32 && dio_copy_words(deal) <= 7;
    bool offer = w->plan->brief.offer[0] && !w->offer_done && (!fits_cta || chance(w, 60));
    for (int i = 0; i < TRIES; i++) {
        struct running r = {0};
        set_named(w, false);
        allow(w, (struct allowance){.audience = true});
        char *plan = speak_role(w, "body_plan");
        if (plan)
            follow_plan(w, &r, plan, WORDS_MAX);
        complete_body(w, &r, ad, WORDS_MAX + 20);
        allow(w, (struct allowance){.offer = offer});
        if (offer)
            add_sentence(w, &r, "deal", r.count, WORDS_MAX + 20);
        ad->text[DIO_AD_BODY] = r.count ? join(w, &r) : "";
        if (r.count >= 2 && names_product(w, ad->text[DIO_AD_BODY]) &&
            (!offer || says_offer(w, ad->text[DIO_AD_BODY])) && says_benefit(w, ad) &&
            !unfit(w, DIO_AD_BODY, ad->text[DIO_AD_BODY]))
            break;
        memset(w->used, 0, sizeof w->used);
    }
    w->offer_done |= says_offer(w, ad->text[DIO_AD_BODY]);
}

/* The order in which a spot tells its story. A line (soul) may stand before or after the benefit.
 */
static int rank_of(struct writer *w, const char *role)
{
    static const char *const order[] = {"hook", "feel", "early", "gain",
                                        "soul", "who",  "deal",  "sign"};
    if (!strcmp(role, "soul") && chance(w, 40))
        role = "early";
    for (int i = 0; i < (int)(sizeof order / sizeof order[0]); i++)
        if (!strcmp(order[i], role))
            return i;
    return 0;
}

/* Puts a sentence where its role belongs; `ranks` has one for each sentence of r. */
static void add_ranked(struct writer *w, struct running *r, int ranks[SENTENCES_MAX],
                       const char *role, int words_max)
{
    int rank = rank_of(w, role), at = 0;
    while (at < r->count && ranks[at] <= rank)
        at++;
    if (!add_sentence(w, r, role, at, words_max))
        return;
    memmove(ranks + at + 1, ranks + at, (size_t)(r->count - 1 - at) * sizeof *ranks);
    ranks[at] = rank;
}

/* Fills up with sentences of the middle until the asked length is near. */
static bool fill_script(struct writer *w, struct running *r, int want)
{
    static const char *const middle[] = {"soul", "feel", "soul", "who", "soul", "feel"};
    int most = want + want / 8, ranks[SENTENCES_MAX];
    bool who_said = false;
    add_ranked(w, r, ranks, want < 20 && chance(w, 60) ? "gain" : "hook", most);
    add_ranked(w, r, ranks, "sign", most);
    if (want >= 20)
        add_ranked(w, r, ranks, "gain", most);
    if (w->plan->brief.offer[0] && want >= 25)
        add_ranked(w, r, ranks, "deal", most);
    for (int i = 0; i < 24 && r->words < want - want / 10; i++) {
        const char *role = middle[dio_rng_below(&w->v->rng, 6)];
        bool who = !strcmp(role, "who");
        if (!(who && who_said))
            add_ranked(w, r, ranks, role, most);
        who_said |= who;
    }
    return r->count >= 2 && r->words >= want - want / 6;
}

static void write_script(struct writer *w, struct dio_ad *ad)
{
    int want = w->plan->brief.seconds * DIO_COPY_WORDS_10S / 10;
    for (int i = 0; i < TRIES; i++) {
        struct running r = {0};
        allow(w, (struct allowance){.offer = want >= 25, .audience = true});
        bool ok = fill_script(w, &r, want);
        ad->text[DIO_AD_SCRIPT] = r.count ? join(w, &r) : "";
        if (ok && names_product(w, ad->text[DIO_AD_SCRIPT]) &&
            !unfit(w, DIO_AD_SCRIPT, ad->text[DIO_AD_SCRIPT]))
            break;
        memset(w->used, 0, sizeof w->used);
    }
}

/* --- hashtags ------------------------------------------------------------------------------ */

/* "#MarasKitchen" of "Mara's Kitchen": letters and digits, each word with a capital. */
static void put_tag(dio_str *out, const char *name)
{
    bool up = true;
    dio_str_puts(out, out->length ? " #" : "#");
    for (const char *p = name; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (isalnum(c) || c >= 128) {
            dio_str_putc(out, up ? (char)toupper(c) : (char)c);
            up = false;
        } else if (c != '\'') {
            up = true;
        }
    }
}

static void write_hashtags(struct writer *w, struct dio_ad *ad)
{
    const struct dio_category *cat = w->plan->category;
    int wanted = 3 + (int)dio_rng_below(&w->v->rng, 3), have = w->plan->noun[0] ? 2 : 1;
    dio_str out = {0};
    put_tag(&out, w->plan->brief.product);
    if (w->plan->noun[0])
        put_tag(&out, w->plan->noun);
    int first = (int)dio_rng_below(&w->v->rng, (uint32_t)cat->tags.count);
    for (int i = 0; i < cat->tags.count && have < wanted; i++) {
        const char *tag = cat->tags.items[(first + i) % cat->tags.count];
        if (strcasestr(out.text ? out.text : "", tag))
            continue; /* the category's or the product's name already */
        put_tag(&out, tag);
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
    struct writer w = {.c = c, .plan = plan, .v = &plan->voice};
    write_top(&w, ad);
    write_body(&w, ad);
    write_cta(&w, ad);
    write_hashtags(&w, ad);
    write_script(&w, ad);
    set_named(&w, false);
    ad->text[DIO_AD_SCENE] = one_line(&w, DIO_AD_SCENE, "scene");
    return !w.failed && !dio_arena_failed(plan->voice.arena);
}
