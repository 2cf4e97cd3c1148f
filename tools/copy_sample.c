/* copy_sample.c: prints documents of the copywriter's corpus, for reading before committing.
 *
 *     copy_sample assets/corpus [COUNT [FIRST [SEED [train|valid|test]]]]
 *
 * With `-q` in front it prints nothing but the rate and what the gate objects to.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "text/copy/copy.h"

static void print_problem(void *user, dio_ad_part part, const char *problem)
{
    printf("!! %s: %s %s\n", (const char *)user,
           part == DIO_AD_PARTS ? "ad" : dio_ad_fields[part].name, problem);
}

static bool print_document(const dio_copy_corpus *c, uint64_t seed, dio_copy_split split,
                           uint64_t index, bool quiet)
{
    struct dio_brief brief;
    struct dio_ad ad;
    char label[32];
    dio_arena *a = dio_arena_create();
    bool ok = a && dio_copy_draw(c, seed, split, index, a, &brief, &ad);
    snprintf(label, sizeof label, "%llu", (unsigned long long)index);
    if (ok && !quiet) {
        printf("--- %s: %s", label, dio_brief_prompt(a, &brief));
        for (int i = 0; i < DIO_AD_PARTS; i++)
            printf("%-9s %s\n", dio_ad_tag(a, (dio_ad_part)i, brief.seconds), ad.text[i]);
        puts("");
    }
    if (ok)
        dio_copy_check(dio_copy_corpus_rules(c), &brief, &ad, print_problem, label);
    dio_arena_destroy(a);
    return ok;
}

int main(int argc, char **argv)
{
    bool quiet = argc > 1 && !strcmp(argv[1], "-q");
    argv += quiet;
    argc -= quiet;
    if (argc < 2) {
        fputs("usage: copy_sample [-q] DIR [COUNT [FIRST [SEED [train|valid|test]]]]\n", stderr);
        return 2;
    }
    uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 10;
    uint64_t first = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
    uint64_t seed = argc > 4 ? strtoull(argv[4], NULL, 10) : 1;
    const char *name = argc > 5 ? argv[5] : "train";
    dio_copy_split split = !strcmp(name, "test")    ? DIO_COPY_TEST
                           : !strcmp(name, "valid") ? DIO_COPY_VALID
                                                    : DIO_COPY_TRAIN;
    dio_error err = {0};
    char text[DIO_ERROR_MESSAGE + DIO_ERROR_FILE];
    dio_copy_corpus *c = dio_copy_corpus_open(argv[1], &err);
    if (!c) {
        fprintf(stderr, "%s\n", dio_error_text(&err, text, sizeof text));
        return 2;
    }
    clock_t start = clock();
    bool ok = true;
    for (uint64_t i = 0; i < count && ok; i++)
        ok = print_document(c, seed, split, first + i, quiet);
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    if (quiet)
        printf("%llu documents in %.2f s\n", (unsigned long long)count, seconds);
    dio_copy_corpus_close(c);
    return ok ? 0 : 1;
}
