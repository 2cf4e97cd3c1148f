/* batch.c: documents packed into rows. Row r of step s is row number s B + r of the run; it starts
 * with the document that this number gives (in order when there is no end to them, by a random
 * draw when there is), and is filled up with those that follow. Rows are independent, so threads
 * make them side by side. */
#include "text/batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/gang.h"
#include "base/rng.h"

enum { IGNORE = -100, ROOM = 64 /* documents that may share a row */, STREAM = 0x62617463 };

struct job {
    const dio_batcher *b;
    dio_split split;
    int64_t step;
    int32_t *ids, *targets;
    dio_error *errors; /* by row */
};

static int64_t document_of(const struct job *j, int64_t row, int k)
{
    int64_t n = j->b->kind->count(j->b->source, j->split);
    if (n <= 0)
        return row * ROOM + k;
    return (int64_t)dio_below(j->b->seed, STREAM + (uint64_t)j->split, (uint64_t)(row * ROOM + k),
                              (uint32_t)n);
}

/* Appends one document; *learn becomes the number of its ids that are given. */
static bool append(const struct job *j, int64_t index, dio_arena *a, dio_ids *ids, size_t *given,
                   dio_error *err)
{
    const dio_encode_options options = {.add_special = false, .parse_special = true};
    size_t learn;
    char *text = j->b->kind->document(j->b->source, j->split, index, a, &learn);
    if (!text)
        return dio_fail_memory(err, "a training document");
    size_t before = ids->count;
    if (learn && !dio_tokenizer_encode(j->b->tokenizer, text, learn, options, ids, err))
        return false;
    *given = ids->count - before;
    if (!dio_tokenizer_encode(j->b->tokenizer, text + learn, strlen(text + learn), options, ids,
                              err))
        return false;
    return j->b->separator < 0 || dio_ids_put(ids, j->b->separator, err);
}

static bool fill_row(const struct job *j, int64_t r, dio_arena *a, dio_error *err)
{
    int64_t row = j->step * j->b->rows + r, length = j->b->length;
    int32_t *ids = j->ids + r * length, *targets = j->targets + r * length;
    dio_ids all = {0};
    bool ok = true;
    for (int64_t i = 0; i < length; i++)
        targets[i] = IGNORE;
    for (int k = 0; ok && k < ROOM && (int64_t)all.count <= length; k++) {
        size_t from = all.count, given = 0;
        ok = append(j, document_of(j, row, k), a, &all, &given, err);
        /* targets[i] is ids[i + 1]: learnt when ids[i + 1] is beyond what is given */
        size_t first = from + (given ? given : 1);
        for (size_t i = first; ok && i < all.count && (int64_t)i <= length; i++)
            targets[i - 1] = all.ids[i];
    }
    for (int64_t i = 0; ok && i < length; i++)
        ids[i] = (size_t)i < all.count ? all.ids[i] : 0;
    dio_ids_deinit(&all);
    return ok;
}

static void row_job(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    dio_arena *a = dio_arena_create();
    if (!a)
        dio_fail_memory(&j->errors[item], "a training row");
    else
        fill_row(j, item, a, &j->errors[item]);
    dio_arena_destroy(a);
}

bool dio_batch_fill(const dio_batcher *b, dio_split split, int64_t step, int32_t *ids,
                    int32_t *targets, dio_error *err)
{
    struct job j = {b, split, step, ids, targets, calloc((size_t)b->rows, sizeof(dio_error))};
    if (!j.errors)
        return dio_fail_memory(err, "a training batch");
    dio_gang_run(b->rows, row_job, &j);
    bool ok = true;
    for (int r = 0; ok && r < b->rows; r++)
        if (j.errors[r].kind != DIO_ERROR_NONE) {
            *err = j.errors[r];
            ok = false;
        }
    free(j.errors);
    return ok;
}
