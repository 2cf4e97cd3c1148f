/* source_copy.c: the ad corpus, made as it is read (text/copy/copy.h). Without end. */
#include <string.h>

#include "base/file.h"
#include "text/copy/copy.h"
#include "text/copy/words.h"
#include "text/source.h"

struct params {
    const char *path;
};

static const dio_field fields[] = {
    DIO_FIELD(struct params, path, "../corpus", 0, 0, "folder of the corpus's word lists"),
    {0},
};

struct source {
    dio_copy_corpus *corpus;
    uint64_t seed;
};

static void *open_source(const void *params, const char *root, uint64_t seed, dio_arena *a,
                         dio_error *err)
{
    const struct params *p = params;
    struct source *s = dio_arena_alloc(a, sizeof *s);
    s->seed = seed;
    s->corpus = dio_copy_corpus_open(dio_path_join(a, root, p->path), err);
    return s->corpus ? s : NULL;
}

static void close_source(void *source)
{
    dio_copy_corpus_close(((struct source *)source)->corpus);
}

static int64_t count(void *source, dio_split split)
{
    (void)source;
    (void)split;
    return 0;
}

static char *document(void *source, dio_split split, int64_t index, dio_arena *a, size_t *learn)
{
    static const dio_copy_split splits[] = {DIO_COPY_TRAIN, DIO_COPY_VALID, DIO_COPY_TEST};
    const struct source *s = source;
    char *text = dio_copy_document(s->corpus, s->seed, splits[split], (uint64_t)index, a);
    /* The brief is given, the ad is to be learnt; of the first field's tag, what follows it. */
    const char *first = text ? strstr(text, "<|headline|>") : NULL;
    *learn = first ? (size_t)(first - text) : 0;
    return text;
}

static const char *const *special(void *source)
{
    (void)source;
    return dio_copy_tags();
}

/* words.txt: the words that ads are made of, by which the writer knows a slip of the model. */
static bool companions(void *source, const char *dir, dio_error *err)
{
    const struct source *s = source;
    return dio_copy_words_write(s->corpus, s->seed, dir, err);
}

const dio_source_kind dio_source_copy = {
    .name = "copy",
    .doc = "ads with their briefs, made by the project's own generator, without end",
    .params = fields,
    .params_size = sizeof(struct params),
    .open = open_source,
    .close = close_source,
    .count = count,
    .document = document,
    .special = special,
    .companions = companions,
};
