/* copy_script.c: the voice-over: sentences in the order in which a spot tells its story, as many as
 * the asked seconds hold. */
#include <string.h>

#include "text/copy/copy_writer.h"

/* The order in which a spot tells its story. A line (soul) may stand before or after the benefit.
 */
static int rank_of(struct dio_writer *w, const char *role)
{
    static const char *const order[] = {"hook", "feel", "early", "gain",
                                        "soul", "who",  "deal",  "sign"};
    if (!strcmp(role, "soul") && dio_writer_chance(w, 40))
        role = "early";
    for (int i = 0; i < (int)(sizeof order / sizeof order[0]); i++)
        if (!strcmp(order[i], role))
            return i;
    return 0;
}

/* Puts a sentence where its role belongs; `ranks` has one for each sentence of r. */
static void add_ranked(struct dio_writer *w, struct dio_running *r, int ranks[DIO_WRITER_SENTENCES],
                       const char *role, int words_max)
{
    int rank = rank_of(w, role), at = 0;
    while (at < r->count && ranks[at] <= rank)
        at++;
    if (!dio_writer_add(w, r, role, at, words_max))
        return;
    memmove(ranks + at + 1, ranks + at, (size_t)(r->count - 1 - at) * sizeof *ranks);
    ranks[at] = rank;
}

/* Fills up with sentences of the middle until the asked length is near. */
static bool fill_script(struct dio_writer *w, struct dio_running *r, int want)
{
    static const char *const middle[] = {"soul", "feel", "soul", "who", "soul", "feel"};
    int most = want + want / 8, ranks[DIO_WRITER_SENTENCES];
    bool who_said = false;
    add_ranked(w, r, ranks, want < 20 && dio_writer_chance(w, 60) ? "gain" : "hook", most);
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

void dio_writer_script(struct dio_writer *w, struct dio_ad *ad)
{
    int want = w->plan->brief.seconds * DIO_COPY_WORDS_10S / 10;
    for (int i = 0; i < DIO_WRITER_TRIES; i++) {
        struct dio_running r = {0};
        dio_writer_allow(w, (struct dio_allowance){.offer = want >= 25, .audience = true});
        bool ok = fill_script(w, &r, want);
        ad->text[DIO_AD_SCRIPT] = r.count ? dio_writer_join(w, &r) : "";
        if (ok && dio_writer_names_product(w, ad->text[DIO_AD_SCRIPT]) &&
            !dio_writer_unfit(w, DIO_AD_SCRIPT, ad->text[DIO_AD_SCRIPT]))
            break;
        memset(w->used, 0, sizeof w->used);
    }
}
