/* copy_corpus.c: the corpus as a function from (seed, split, index) to a document. */
#include "text/copy/copy_writer.h"

dio_copy_corpus *dio_copy_corpus_open(const char *dir, dio_error *err)
{
    dio_arena *a = dio_arena_create();
    if (!a) {
        dio_fail_memory(err, "the copy corpus");
        return NULL;
    }
    dio_copy_corpus *c = dio_arena_alloc(a, sizeof *c);
    c->arena = a;
    c->rules = dio_copy_rules_open(dir, err);
    bool ok = c->rules && dio_copy_lexicon_read(c, dir, err);
    if (ok && c->phrase_count > DIO_WRITER_PHRASES)
        ok = dio_fail(err, "%s: %d phrases for sentences, the limit is %d", dir, c->phrase_count,
                      DIO_WRITER_PHRASES);
    if (ok)
        return c;
    dio_copy_corpus_close(c);
    return NULL;
}

void dio_copy_corpus_close(dio_copy_corpus *c)
{
    if (!c)
        return;
    dio_copy_rules_close(c->rules);
    dio_arena_destroy(c->arena); /* c itself lies in it */
}

const dio_copy_rules *dio_copy_corpus_rules(const dio_copy_corpus *c)
{
    return c->rules;
}

bool dio_copy_draw(const dio_copy_corpus *c, uint64_t seed, dio_copy_split split, uint64_t index,
                   dio_arena *a, struct dio_brief *brief, struct dio_ad *ad)
{
    struct dio_copy_plan plan;
    if (!dio_copy_plan_draw(c, seed, split, index, a, &plan))
        return false;
    *brief = plan.brief;
    return !ad || dio_copy_plan_write(c, &plan, ad);
}

char *dio_copy_document(const dio_copy_corpus *c, uint64_t seed, dio_copy_split split,
                        uint64_t index, dio_arena *a)
{
    struct dio_brief brief;
    struct dio_ad ad;
    return dio_copy_draw(c, seed, split, index, a, &brief, &ad) ? dio_ad_document(a, &brief, &ad)
                                                                : NULL;
}
