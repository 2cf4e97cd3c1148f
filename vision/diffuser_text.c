/* diffuser_text.c: text encoders, their vocabularies, and what they made of the last prompts.
 * Encoders work for seconds and are large: their plans are gone when they have spoken, and where
 * memory is short they go themselves and come back when another prompt is read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/room.h"
#include "text/prompt.h"
#include "text/tokenizer.h"
#include "vision/diffuser_impl.h"

enum { SPARE_BYTES = 1 << 30 }; /* what pictures and plans need beside the UNet's weights */

struct diffuser_reader {
    dio_prompt_encoder encoders[DIFFUSER_ENCODERS];
    int which[DIFFUSER_ENCODERS]; /* 1 or 2 of the bundle */
    int count;
    dio_prompt_words *embeddings;
    dio_prompt_result result[2]; /* with both prompts in [1], or the negative one in [0] */
    char *key;                   /* what `result` was made of; NULL: nothing yet */
};

bool diffuser_reader_create(dio_diffuser *d, dio_error *err)
{
    d->reader = calloc(1, sizeof *d->reader);
    return d->reader || dio_fail_memory(err, "text encoders");
}

/* --- encoders --- */

static void drop_encoders(struct diffuser_reader *w)
{
    for (int i = 0; i < w->count; i++) {
        dio_text_encoder_close(w->encoders[i].encoder);
        dio_tokenizer_destroy((dio_tokenizer *)w->encoders[i].tokenizer);
    }
    dio_prompt_words_destroy(w->embeddings);
    w->embeddings = NULL;
    w->count = 0;
}

static bool add_encoder(dio_diffuser *d, int which, dio_error *err)
{
    struct diffuser_reader *w = d->reader;
    dio_prompt_encoder *e = &w->encoders[w->count];
    *e = (dio_prompt_encoder){0};
    w->which[w->count++] = which;
    return diffuser_parts_encoder(d, which, &e->encoder, err) &&
           (e->tokenizer = diffuser_parts_tokenizer(d, which, err));
}

static bool open_encoders(dio_diffuser *d, dio_error *err)
{
    struct diffuser_reader *w = d->reader;
    if (w->count)
        return true;
    bool ok = true;
    for (int i = 1; ok && i <= DIFFUSER_ENCODERS; i++)
        if (diffuser_parts_has_encoder(d, i))
            ok = add_encoder(d, i, err);
    w->embeddings = ok && d->n_embeddings ? dio_prompt_words_create(err) : NULL;
    ok = ok && (!d->n_embeddings || w->embeddings);
    for (int i = 0; ok && i < d->n_embeddings; i++)
        ok =
            dio_prompt_words_add(w->embeddings, w->encoders, w->count, d->embeddings[i], NULL, err);
    if (!ok)
        drop_encoders(w);
    return ok;
}

bool diffuser_reader_ready(dio_diffuser *d, int *width, int *pooled, dio_error *err)
{
    if (!open_encoders(d, err))
        return false;
    *width = *pooled = 0;
    for (int i = 0; i < d->reader->count; i++) {
        dio_text_encoder_shape s = dio_text_encoder_shape_get(d->reader->encoders[i].encoder);
        *width += s.width;
        *pooled = s.projection ? s.projection : s.width;
    }
    return true;
}

dio_walk *diffuser_reader_walk(const dio_diffuser *d, int i, const char **part)
{
    const struct diffuser_reader *w = d->reader;
    if (i >= w->count)
        return NULL;
    *part = w->which[i] == 1 ? "text_encoder" : "text_encoder_2";
    return dio_text_encoder_walk(w->encoders[i].encoder);
}

void diffuser_reader_destroy(dio_diffuser *d)
{
    if (!d->reader)
        return;
    drop_encoders(d->reader);
    dio_prompt_result_deinit(&d->reader->result[0]);
    dio_prompt_result_deinit(&d->reader->result[1]);
    free(d->reader->key);
    free(d->reader);
    d->reader = NULL;
}

/* --- prompts --- */

/* Everything that the result depends on, as one text. */
static char *key_of(const dio_diffuser_request *r, bool guided)
{
    const char *negative = !guided ? "" : r->negative ? r->negative : "";
    size_t n = strlen(r->prompt) + strlen(negative) + 64;
    char *key = malloc(n);
    if (key)
        snprintf(key, n, "%d %d %zu %s%s%s", guided, r->clip_skip, strlen(r->prompt), r->prompt,
                 r->negative ? " " : "", negative);
    return key;
}

/* Rows of the encoders' positions that a result has. */
static int chunks_of(const dio_diffuser *d, const dio_prompt_result *e)
{
    const dio_prompt_encoder *first = &d->reader->encoders[0];
    return (int)(e->tokens / dio_text_encoder_shape_get(first->encoder).positions);
}

static bool ask(dio_diffuser *d, const char *const *prompts, int count, int skip, int chunks,
                dio_prompt_result *out, dio_error *err)
{
    struct diffuser_reader *w = d->reader;
    dio_prompt_job job = {.n_encoders = w->count,
                          .words = w->embeddings,
                          .prompts = prompts,
                          .n_prompts = count,
                          .penultimate = d->xl,
                          .clip_skip = skip,
                          .chunks = chunks};
    memcpy(job.encoders, w->encoders, sizeof w->encoders);
    dio_prompt_result_deinit(out);
    *out = (dio_prompt_result){0};
    return dio_prompt_encode(&job, d->device, out, err) || dio_error_prefix(err, "prompt");
}

/* diffusers skips layers for the prompt and not for the negative one, so that they are two jobs
 * then; both get as many chunks as the longer one has. */
static bool encode(dio_diffuser *d, const dio_diffuser_request *r, bool guided, dio_error *err)
{
    dio_prompt_result *out = d->reader->result;
    const char *none = d->xl && d->zeros_for_empty ? NULL : "";
    const char *prompts[2] = {r->negative ? r->negative : none, r->prompt};
    int skip = r->clip_skip;
    if (!guided || skip == 0)
        return ask(d, guided ? prompts : prompts + 1, guided ? 2 : 1, skip, 0, &out[1], err);
    if (!ask(d, prompts + 1, 1, skip, 0, &out[1], err) ||
        !ask(d, prompts, 1, 0, chunks_of(d, &out[1]), &out[0], err))
        return false;
    return out[0].tokens == out[1].tokens ||
           ask(d, prompts + 1, 1, skip, chunks_of(d, &out[0]), &out[1], err);
}

/* Whether what the encoders hold is wanted for the UNet. Those that LoRAs have changed stay: a file
 * of changes is merged into all of its parts at once. */
static bool short_of_memory(const dio_diffuser *d)
{
    return !d->n_loras &&
           dio_room_memory() < (size_t)dio_walk_bytes(&d->unet->net.walk) + SPARE_BYTES;
}

static void set_words(const dio_prompt_result *e, int64_t row, diffuser_words *out)
{
    *out = (diffuser_words){
        .tokens = (int)e->tokens,
        .width = (int)e->width,
        .pooled_width = (int)e->pooled_width,
        .hidden = e->context + row * e->tokens * e->width,
        .pooled = e->pooled ? e->pooled + row * e->pooled_width : NULL,
    };
}

bool diffuser_read(dio_diffuser *d, const dio_diffuser_request *r, bool guided,
                   diffuser_words words[2], dio_error *err)
{
    struct diffuser_reader *w = d->reader;
    char *key = key_of(r, guided);
    if (!key)
        return dio_fail_memory(err, "a prompt");
    bool known = w->key && strcmp(w->key, key) == 0;
    if (!known) {
        free(w->key);
        w->key = NULL;
        if (!open_encoders(d, err) || !encode(d, r, guided, err)) {
            free(key);
            return false;
        }
        w->key = key;
        if (short_of_memory(d))
            drop_encoders(w);
    } else {
        free(key);
    }
    bool apart = guided && r->clip_skip;
    set_words(&w->result[apart ? 0 : 1], 0, &words[0]);
    set_words(&w->result[1], guided && !apart, &words[1]);
    return true;
}
