#pragma once
/* generate.h: prompts in, texts out.
 *
 *     dio_generate_params p;
 *     dio_fields_default(dio_generate_fields, &p, true, arena, err);
 *     p.max_tokens = 60, p.variants = 4;
 *     dio_texts *out = dio_generate(lm, tokenizer, device, &request, err);
 *     puts(out->items[0].text);
 *     dio_texts_destroy(out);
 *
 * A variant's text depends on the model, the prompt, the parameters, the seed and its own number
 * only. Asking for more variants never changes the first ones.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/field.h"
#include "tensor/device.h"
#include "text/lm.h"
#include "text/sampler.h"
#include "text/session.h"
#include "text/tokenizer.h"

typedef struct dio_generate_params {
    int max_tokens, min_tokens;
    double temperature, top_p, min_p;
    int top_k;
    double repetition_penalty, presence_penalty, frequency_penalty;
    int variants;
    int beams;
    double length_penalty;
    uint64_t seed;
} dio_generate_params;

/* Names, defaults and ranges of the above: for options, steps and documentation. */
extern const dio_field dio_generate_fields[];

/* Text of one variant as it is written: whole code points, never taken back. Return false to end
 * this variant. Beam search reports only its final texts. */
typedef bool dio_generate_fn(void *user, int variant, const char *text, size_t n);

typedef struct dio_generate_request {
    const int32_t *prompt;
    int64_t n_prompt;
    dio_generate_params params;
    const char *const *stop; /* the text ends before any of these */
    int n_stop;
    const char *const *banned; /* none of these comes in the text, in any letter case */
    int n_banned;
    bool ignore_end; /* end-of-text ids are words like others */
    dio_generate_fn *stream;
    void *user;
    /* A session of this model with one row, or NULL: it reads the prompt, and what it has read
     * already of it, as for the next field of the same form, is not read again. */
    dio_session *session;
} dio_generate_request;

typedef enum dio_finish {
    DIO_FINISH_LENGTH, /* max_tokens came */
    DIO_FINISH_STOP,   /* an end id, a stop string, or the caller said so */
} dio_finish;
const char *dio_finish_name(dio_finish f); /* "length", "stop" */

typedef struct dio_text {
    char *text; /* without the end id or the stop string */
    size_t length;
    int32_t *ids;    /* without the end id; with all tokens that the stop string touches */
    float *logprobs; /* natural log of each id's chance, before filters */
    int n_ids;
    double score; /* sum of logprobs; of a beam, what it was ranked by */
    dio_finish finish;
} dio_text;

typedef struct dio_texts {
    dio_text *items;
    int count;
    double prefill_s, decode_s;
    int64_t decoded; /* ids computed after the prompt, over all variants */
    dio_arena *arena;
} dio_texts;

/* tokenizer may be NULL when nothing needs text: no stop, no banned, no stream; texts are then
 * empty. NULL with a message on failure. */
dio_texts *dio_generate(const dio_lm *lm, const dio_tokenizer *tokenizer, dio_device *device,
                        const dio_generate_request *request, dio_error *err);
void dio_texts_destroy(dio_texts *t); /* NULL is fine */

/* Perplexity of ids: exp of the mean of -log chance of every id but the first, each seen with at
 * most `window` ids before it (0: the model's limit), windows moved by `stride` (0: half). */
typedef struct dio_perplexity {
    double perplexity, bits_per_byte; /* the latter 0 when bytes is 0 */
    int64_t scored;
} dio_perplexity;
bool dio_lm_perplexity(const dio_lm *lm, dio_device *device, const int32_t *ids, int64_t n,
                       int64_t window, int64_t stride, size_t bytes, dio_perplexity *out,
                       dio_error *err);
