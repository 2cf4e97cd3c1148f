/* bench_tokenize.c: text to ids, with a tokenizer like the copywriter's, made here from the same
 * corpus, over documents that it has not seen. */
#include <string.h>

#include "base/assets.h"
#include "base/file.h"
#include "bench/bench.h"
#include "bench/scratch.h"
#include "text/bpe_train.h"
#include "text/copy/copy.h"
#include "text/tokenizer.h"

enum { VOCAB = 3072, LEARN = 2000, READ = 2000, TINY_VOCAB = 400, TINY = 20 };

struct job {
    dio_copy_corpus *corpus;
    dio_tokenizer *tokenizer;
    dio_arena *arena;
    int64_t at, count; /* documents handed to the trainer */
    char **text;       /* the documents to encode */
    size_t *length;
    int texts;
    size_t bytes;
    dio_ids ids;
};

static bool next(void *user, const char **text, size_t *length, dio_error *err)
{
    struct job *j = user;
    *text = NULL;
    if (j->at == j->count)
        return true;
    *text = dio_copy_document(j->corpus, 1, DIO_COPY_TRAIN, (uint64_t)j->at++, j->arena);
    if (!*text)
        return dio_fail_memory(err, "the tokenizer's texts");
    *length = strlen(*text);
    return true;
}

static bool make_tokenizer(struct job *j, bool tiny, const char *dir, dio_error *err)
{
    const char *path = dio_path_join(j->arena, dir, "tokenizer.json");
    const char *const *tags = dio_copy_tags();
    dio_bpe_options o = {.vocab_size = tiny ? TINY_VOCAB : VOCAB,
                         .style = DIO_BPE_LLAMA3,
                         .split_digits = true,
                         .special = tags};
    while (tags[o.n_special])
        o.n_special++;
    j->count = tiny ? TINY : LEARN;
    if (!dio_bpe_train(next, j, &o, path, err))
        return false;
    j->tokenizer = dio_tokenizer_load(path, err);
    return j->tokenizer != NULL;
}

static bool make_texts(struct job *j, bool tiny, dio_error *err)
{
    j->texts = tiny ? TINY : READ;
    j->text = dio_arena_try(j->arena, (size_t)j->texts * sizeof *j->text);
    j->length = dio_arena_try(j->arena, (size_t)j->texts * sizeof *j->length);
    if (!j->text || !j->length)
        return dio_fail_memory(err, "texts");
    for (int i = 0; i < j->texts; i++) {
        j->text[i] = dio_copy_document(j->corpus, 1, DIO_COPY_TEST, (uint64_t)i, j->arena);
        if (!j->text[i])
            return dio_fail_memory(err, "texts");
        j->length[i] = strlen(j->text[i]);
        j->bytes += j->length[i];
    }
    return true;
}

static bool encode(void *user, dio_error *err)
{
    struct job *j = user;
    const dio_encode_options o = {.parse_special = true};
    dio_ids_clear(&j->ids);
    for (int i = 0; i < j->texts; i++)
        if (!dio_tokenizer_encode(j->tokenizer, j->text[i], j->length[i], o, &j->ids, err))
            return false;
    return true;
}

static bool run(dio_bench_run *r, const dio_bench *b, double *value, double *reached,
                dio_error *err)
{
    struct job j = {.arena = r->arena};
    (void)b;
    double seconds = -1;
    const char *assets = dio_assets_dir(r->arena, err), *dir = NULL;
    if (assets)
        j.corpus = dio_copy_corpus_open(dio_path_join(r->arena, assets, "corpus"), err);
    if (j.corpus)
        dir = dio_scratch_make(r->arena, err);
    if (dir && make_tokenizer(&j, r->tiny, dir, err) && make_texts(&j, r->tiny, err))
        seconds = dio_bench_best(r, r->seconds, encode, &j, err);
    if (seconds > 0) {
        *value = (double)j.bytes / seconds / 1e6;
        *reached = 0;
    }
    dio_ids_deinit(&j.ids);
    dio_tokenizer_destroy(j.tokenizer);
    dio_copy_corpus_close(j.corpus);
    dio_scratch_remove(dir);
    return seconds > 0;
}

DIO_FIGURE(text_tokenize, "text.tokenize.copywriter",
           "one thread, byte-level BPE of 3072 tokens over short documents", "MB/s", DIO_PEAK_NONE,
           run, NULL)
