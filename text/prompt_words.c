/* prompt_words.c: textual inversion: files of vectors that a word of the prompt stands for.
 *
 * The files are what people share: a torch archive or safetensors with one matrix (one for each
 * encoder), under one of a few names. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "text/prompt.h"
#include "text/prompt_impl.h"

enum { NAME = 256 }; /* bytes of a word */

struct word {
    const char *name;
    size_t length;
    int32_t first[DIO_PROMPT_ENCODERS];
    int count;
};

struct dio_prompt_words {
    dio_arena *arena;
    struct word *items;
    int count, cap;
};

dio_prompt_words *dio_prompt_words_create(dio_error *err)
{
    dio_arena *a = dio_arena_create();
    if (!a) {
        dio_fail_memory(err, "embeddings");
        return NULL;
    }
    dio_prompt_words *w = dio_arena_alloc(a, sizeof *w);
    w->arena = a;
    return w;
}

void dio_prompt_words_destroy(dio_prompt_words *w)
{
    if (w)
        dio_arena_destroy(w->arena);
}

int dio_prompt_words_count(const dio_prompt_words *w)
{
    return w->count;
}

const char *dio_prompt_words_name(const dio_prompt_words *w, int i)
{
    return w->items[i].name;
}

int32_t dio_prompt_words_ids(const dio_prompt_words *w, int i, int which, int *count)
{
    *count = w->items[i].count;
    return w->items[i].first[which];
}

/* --- finding them in a prompt --- */

static bool same(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (tolower((unsigned char)a[i]) != tolower((unsigned char)b[i]))
            return false;
    return true;
}

/* Bytes of a letter: those of other alphabets all count. */
static bool goes_on(char c)
{
    unsigned char b = (unsigned char)c;
    return b >= 0x80 || isalnum(b) || b == '_';
}

int dio_prompt_words_match(const dio_prompt_words *w, const char *text, size_t n, size_t at,
                           size_t *length)
{
    int best = -1;
    *length = 0;
    for (int i = 0; i < w->count; i++) {
        const struct word *word = &w->items[i];
        size_t end = at + word->length;
        if (word->length <= *length || end > n || !same(text + at, word->name, word->length))
            continue;
        if ((at && goes_on(text[at]) && goes_on(text[at - 1])) ||
            (end < n && goes_on(text[end - 1]) && goes_on(text[end])))
            continue;
        best = i;
        *length = word->length;
    }
    return best;
}

/* --- files --- */

/* The vectors for encoder `which` of n, and the word where the file's key is one. */
static const dio_tensor *find(const dio_weights *from, int which, int n, const char **key)
{
    static const char *const one[] = {"string_to_param.*", "emb_params"};
    static const char *const two[] = {"clip_l", "clip_g"};
    const dio_tensor *t = NULL;
    if (n == 2)
        return dio_weights_find(from, two[which]);
    for (int i = 0; i < 2 && !t; i++)
        t = dio_weights_find(from, one[i]);
    if (!t && dio_weights_count(from) == 1) {
        t = dio_weights_at(from, 0);
        if (!strchr(t->name, '.') && strcmp(t->name, two[0]) != 0 && strcmp(t->name, two[1]) != 0)
            *key = t->name;
        else
            t = NULL;
    }
    return t;
}

static bool refuse(const dio_weights *from, int n, dio_error *err)
{
    bool two = dio_weights_find(from, "clip_l") && dio_weights_find(from, "clip_g");
    if (n == 1 && two)
        return dio_fail(err, "the embedding is for two text encoders (clip_l and clip_g), as in "
                             "SDXL; this model has one");
    if (n == 2)
        return dio_fail(err, "the embedding has no clip_l and clip_g: it is not for a model with "
                             "two text encoders, such as SDXL");
    return dio_fail(err, "no embedding is in it: known are string_to_param, emb_params, and one "
                         "matrix under the word's own name");
}

/* f32 [n,C] of the file's matrix, or of its one vector; every number finite. */
static dio_tensor *vectors(const dio_tensor *t, const dio_text_encoder *e, const char *name,
                           dio_error *err)
{
    char text[DIO_TYPE_TEXT];
    dio_text_encoder_shape shape = dio_text_encoder_shape_get(e);
    dio_type type = t->type;
    if (!dio_dtype_is_float(type.dtype) || type.nd < 1 || type.nd > 2 ||
        dio_type_count(&type) == 0) {
        dio_fail(err, "the vectors of \"%.60s\" are %s: numbers [n,width] are expected", name,
                 dio_type_text(&type, text));
        return NULL;
    }
    int64_t width = type.dim[type.nd - 1], n = type.nd == 2 ? type.dim[0] : 1;
    if (width != shape.width) {
        dio_fail(err,
                 "the vectors of \"%.60s\" are %lld wide, the text encoder's are %d: it was "
                 "made for another model",
                 name, (long long)width, shape.width);
        return NULL;
    }
    if (n > shape.positions - 2) {
        dio_fail(err, "\"%.60s\" has %lld vectors: a chunk has room for %d", name, (long long)n,
                 shape.positions - 2);
        return NULL;
    }
    dio_tensor *rows = dio_tensor_convert(t, DIO_F32, err);
    const float *x = rows ? dio_tensor_data(rows) : NULL;
    for (int64_t i = 0; x && i < n * width; i++)
        if (!isfinite(x[i])) {
            dio_fail(err, "the vectors of \"%.60s\" hold numbers that are not finite", name);
            dio_tensor_unref(rows);
            return NULL;
        }
    if (rows)
        rows->type = dio_type_2d(DIO_F32, n, width);
    return rows;
}

static bool check_name(const dio_prompt_words *w, const char *name, dio_error *err)
{
    size_t n = strlen(name), bad;
    if (!n || n > NAME || !dio_utf8_valid(name, n, &bad))
        return dio_fail(err, "an embedding needs a name of 1 to %d bytes of UTF-8", NAME);
    for (int i = 0; i < w->count; i++)
        if (w->items[i].length == n && same(w->items[i].name, name, n))
            return dio_fail(err, "there is an embedding \"%.60s\" already", name);
    return true;
}

/* "dir/my-style.pt" -> "my-style" */
static const char *stem(dio_arena *a, const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    return dio_arena_strndup(a, base, dot && dot > base ? (size_t)(dot - base) : strlen(base));
}

/* The vectors of a file for each encoder; rows are the caller's to unref, also of what failed. */
static bool read_rows(dio_prompt_words *w, const dio_prompt_encoder *encoders, int n,
                      const dio_weights *from, const char **name, dio_tensor **rows, dio_error *err)
{
    const dio_tensor *found[DIO_PROMPT_ENCODERS] = {NULL};
    const char *key = NULL;
    for (int i = 0; i < n; i++) {
        found[i] = find(from, i, n, &key);
        if (!found[i])
            return refuse(from, n, err);
    }
    if (!*name)
        *name = key ? key : stem(w->arena, dio_weights_path(from));
    if (!check_name(w, *name, err))
        return false;
    for (int i = 0; i < n; i++) {
        rows[i] = vectors(found[i], encoders[i].encoder, *name, err);
        if (!rows[i])
            return false;
    }
    if (n < 2 || rows[0]->type.dim[0] == rows[1]->type.dim[0])
        return true;
    return dio_fail(err, "\"%.60s\" has %lld vectors in clip_l and %lld in clip_g", *name,
                    (long long)rows[0]->type.dim[0], (long long)rows[1]->type.dim[0]);
}

static bool add(dio_prompt_words *w, const dio_prompt_encoder *encoders, int n,
                const dio_weights *from, const char *name, dio_error *err)
{
    dio_tensor *rows[DIO_PROMPT_ENCODERS] = {NULL};
    struct word word = {0};
    bool ok = read_rows(w, encoders, n, from, &name, rows, err);
    if (ok && !dio_arena_grow(w->arena, &w->items, w->count, &w->cap, sizeof *w->items))
        ok = dio_fail_memory(err, "embeddings");
    for (int i = 0; ok && i < n; i++)
        ok = dio_text_encoder_extend(encoders[i].encoder, rows[i], &word.first[i], err);
    if (ok && rows[0]) {
        word.name = dio_arena_strdup(w->arena, name);
        word.length = strlen(name);
        word.count = (int)rows[0]->type.dim[0];
        w->items[w->count++] = word;
    }
    for (int i = 0; i < n; i++)
        dio_tensor_unref(rows[i]);
    return ok;
}

bool dio_prompt_words_add(dio_prompt_words *w, const dio_prompt_encoder *encoders, int n_encoders,
                          const char *path, const char *name, dio_error *err)
{
    dio_weights *from = dio_weights_open(path, err);
    if (!from)
        return false;
    bool ok = add(w, encoders, n_encoders, from, name, err) || dio_error_at(err, path, 0, 0);
    if (ok && dio_arena_failed(w->arena))
        ok = dio_fail_memory(err, "embeddings");
    dio_weights_close(from);
    return ok;
}
