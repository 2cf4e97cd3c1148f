/* copy_gate.c: the house copywriter's quality gate: writes ads for held-out briefs and counts what
 * the model card promises. `copy_gate MODEL [BRIEFS] [SEED]` prints every ad, then the figures;
 * exit status 0 when all promises are kept. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assets.h"
#include "base/file.h"
#include "tensor/device.h"
#include "text/copywriter.h"

struct tally {
    int briefs, complete, clean, named, problems;
    const char **headlines;
    int n_headlines;
};

static void print_problem(void *user, dio_ad_part part, const char *problem)
{
    struct tally *t = user;
    t->problems++;
    printf("  !! %s: %s\n", part < DIO_AD_PARTS ? dio_ad_fields[part].name : "ad", problem);
}

static void print_ad(int i, const struct dio_brief *b, const struct dio_ad *ad)
{
    printf("--- %d: %s | %s | %s | %s | %s | %s | %d s\n", i, b->product, b->category, b->benefit,
           b->audience, b->tone, b->offer, b->seconds);
    for (int p = 0; p < DIO_AD_PARTS; p++)
        printf("  %-9s %s\n", dio_ad_fields[p].name, ad->text[p] ? ad->text[p] : "(none)");
}

static bool names_product(const struct dio_brief *b, const struct dio_ad *ad)
{
    return strstr(ad->text[DIO_AD_HEADLINE], b->product) ||
           strstr(ad->text[DIO_AD_BODY], b->product);
}

static void one(struct tally *t, dio_copywriter *w, const dio_copy_corpus *corpus, int i,
                uint64_t seed, dio_arena *a)
{
    struct dio_brief brief;
    struct dio_ad ad;
    dio_error err = {0};
    if (!dio_copy_draw(corpus, seed, DIO_COPY_TEST, (uint64_t)i, a, &brief, NULL))
        return;
    t->briefs++;
    if (!dio_copywriter_write(w, &brief, (uint64_t)i, NULL, NULL, a, &ad, &err)) {
        printf("--- %d: %s\n  !! %s\n", i, brief.product, err.message);
        return;
    }
    print_ad(i, &brief, &ad);
    t->complete++;
    t->named += names_product(&brief, &ad);
    t->clean += dio_copy_check(dio_copy_corpus_rules(corpus), &brief, &ad, print_problem, t) == 0;
    t->headlines[t->n_headlines++] = ad.text[DIO_AD_HEADLINE];
}

static int report(const struct tally *t)
{
    int distinct = dio_copy_distinct(t->headlines, t->n_headlines);
    printf("briefs %d, complete %d, product named %d, distinct headlines %d, without any problem "
           "%d, problems %d\n",
           t->briefs, t->complete, t->named, distinct, t->clean, t->problems);
    bool kept = t->complete == t->briefs && t->named * 100 >= t->briefs * 98 &&
                distinct * 100 >= t->briefs * 95;
    puts(kept ? "promises kept" : "PROMISES BROKEN");
    return kept ? 0 : 1;
}

int main(int argc, char **argv)
{
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    const char *model = argc > 1 ? argv[1] : "house/copywriter";
    int briefs = argc > 2 ? atoi(argv[2]) : 200;
    uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
    const char *assets = a ? dio_assets_dir(a, &err) : NULL;
    dio_copy_corpus *corpus =
        assets ? dio_copy_corpus_open(dio_path_join(a, assets, "corpus"), &err) : NULL;
    dio_device *device = corpus ? dio_device_open("cpu", &err) : NULL;
    dio_copywriter *w = device ? dio_copywriter_open(model, device, &err) : NULL;
    int status = 2;
    if (w && briefs > 0) {
        struct tally t = {.headlines = calloc((size_t)briefs, sizeof(char *))};
        for (int i = 0; t.headlines && i < briefs; i++)
            one(&t, w, corpus, i, seed, a);
        status = report(&t);
        free(t.headlines);
    } else {
        fprintf(stderr, "copy_gate: %s\n", err.message);
    }
    dio_copywriter_close(w);
    dio_device_close(device);
    dio_copy_corpus_close(corpus);
    dio_arena_destroy(a);
    return status;
}
