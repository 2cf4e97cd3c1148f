#pragma once
/* prompt.h: from a prompt's words to what a picture's model reads.
 *
 * The grammar is the one that stable-diffusion-webui made common:
 *
 *     (word)        weight times 1.1          [word]      weight over 1.1
 *     (word:1.3)    weight times 1.3          \( \) \[ \] \\   the character itself
 *     BREAK         ends the chunk of 75 tokens
 *
 * Brackets nest; one without its end counts to the end of the prompt; one too many is text. A long
 * prompt is cut into chunks of 75 tokens, each between <|startoftext|> and <|endoftext|>, rather
 * behind a comma of its last 20 tokens than within words; the chunks' hidden states stand one after
 * another along T. Weights multiply the hidden states of their tokens; the chunk is then scaled so
 * that its mean, over its tokens and channels, is again what it was without weights ("Original"
 * emphasis). The mean is each chunk's own, so that no prompt of a batch changes another; webui
 * takes it over the batch. A BREAK inside brackets breaks, too; webui makes it a word of weight
 * -1.1.
 *
 *     dio_prompt_job job = {.encoders = {{clip_l, tokenizer}}, .n_encoders = 1,
 *                           .prompts = (const char *[]){"", "a (red:1.3) fox"}, .n_prompts = 2};
 *     dio_prompt_result out;
 *     if (!dio_prompt_encode(&job, device, &out, err)) ...
 *     ... out.context [2,77,768] ...
 *     dio_prompt_result_deinit(&out);
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "tensor/device.h"
#include "text/encoder.h"
#include "text/tokenizer.h"

/* What is refused above these. */
enum {
    DIO_PROMPT_BYTES = 1 << 16,
    DIO_PROMPT_DEPTH = 256,  /* brackets open at a time */
    DIO_PROMPT_WEIGHT = 100, /* and below minus this */
    DIO_PROMPT_CHUNKS = 64,
    DIO_PROMPT_ENCODERS = 2,
    DIO_PROMPT_BATCH = 1024,
};

/* --- the grammar --- */

typedef struct dio_prompt_span {
    const char *text; /* without its brackets and escapes; NUL-terminated */
    size_t length;
    double weight;
    bool breaks; /* a BREAK: no text */
} dio_prompt_span;

typedef struct dio_prompt_spans {
    dio_prompt_span *items; /* in the arena; at least one */
    int count, cap;
} dio_prompt_spans;

/* Neighbours of the same weight are one span. False for what is not UTF-8, too long or too deep,
 * and for a weight that is no number or beyond DIO_PROMPT_WEIGHT. */
bool dio_prompt_parse(dio_arena *a, const char *text, size_t n, dio_prompt_spans *out,
                      dio_error *err);

/* --- words that stand for vectors (textual inversion) --- */

typedef struct dio_prompt_encoder {
    dio_text_encoder *encoder;
    const dio_tokenizer *tokenizer;
} dio_prompt_encoder;

typedef struct dio_prompt_words dio_prompt_words;

dio_prompt_words *dio_prompt_words_create(dio_error *err);
void dio_prompt_words_destroy(dio_prompt_words *w); /* NULL is fine */
/* Reads an embedding (.safetensors, .pt, .bin) and appends its vectors to the encoders' tables.
 * Known are webui's {"string_to_param": {"*": vectors}}, diffusers' {"<name>": vectors},
 * {"emb_params": vectors}, and {"clip_l": ..., "clip_g": ...} for two encoders. It is called
 * `name`, or when that is NULL by the key "<name>", else by the file's name without its ending. In
 * prompts the name is found whatever its case, where no letter, digit or underscore goes on with
 * it. Vectors of another width, and a name that is taken, are refused by name. */
bool dio_prompt_words_add(dio_prompt_words *w, const dio_prompt_encoder *encoders, int n_encoders,
                          const char *path, const char *name, dio_error *err);
int dio_prompt_words_count(const dio_prompt_words *w);
const char *dio_prompt_words_name(const dio_prompt_words *w, int i);

/* --- ids --- */

/* Rows of ids [chunks, positions] with a weight each. */
typedef struct dio_prompt_rows {
    int32_t *ids; /* in the arena */
    float *weights;
    int chunks;
    bool weighted; /* a weight other than 1 is among them */
} dio_prompt_rows;

/* Chunks of encoder `which` (0 or 1: whose ids `words` give). positions: ids in a row, 77. The pad
 * token fills what stands behind a row's first end. words may be NULL. */
bool dio_prompt_tokenize(dio_arena *a, const dio_prompt_spans *spans,
                         const dio_tokenizer *tokenizer, const dio_prompt_words *words, int which,
                         int positions, dio_prompt_rows *out, dio_error *err);

/* --- all of it --- */

typedef struct dio_prompt_job {
    dio_prompt_encoder encoders[DIO_PROMPT_ENCODERS];
    int n_encoders;
    const dio_prompt_words *words; /* or NULL */
    /* Prompts and negative prompts of a batch, in any order. NULL instead of a text gives zeros:
     * what SDXL wants for no negative prompt (force_zeros_for_empty_prompt). */
    const char *const *prompts;
    const char *const *prompts_2; /* what the second encoder reads instead, or NULL */
    int n_prompts;
    bool penultimate; /* SDXL: the last but one layer, without the final norm */
    /* This many layers fewer, for all prompts, as webui has it; SD 1.x and 2.x put the final norm
     * over them. (diffusers leaves negative prompts without.) */
    int clip_skip;
    bool plain; /* brackets, backslashes and BREAK are text */
    int chunks; /* at least as many for every prompt; 0: as many as the longest needs */
} dio_prompt_job;

typedef struct dio_prompt_result {
    int64_t prompts, tokens, width, pooled_width;
    float *context; /* [prompts, tokens, width]: encoders side by side along the width */
    float *pooled;  /* [prompts, pooled_width]: of the last encoder, from its first chunk */
} dio_prompt_result;

/* Shorter prompts get empty chunks until all have as many. Every number depends on its own prompt
 * and the number of chunks alone. Keeps nothing from call to call. */
bool dio_prompt_encode(const dio_prompt_job *job, dio_device *device, dio_prompt_result *out,
                       dio_error *err);
void dio_prompt_result_deinit(dio_prompt_result *r);
