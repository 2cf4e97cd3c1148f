#pragma once
/* encoder.h: a text encoder: the ids of a prompt in, what a picture's model reads of it out.
 *
 * Families are those of text/models/encoders.def (CLIP's text models); files are what diffusers
 * keeps in text_encoder/ and text_encoder_2/.
 *
 *     dio_text_encoder *e = dio_text_encoder_open("sd15/text_encoder", DIO_F32, err);
 *     dio_graph *g = dio_graph_create();
 *     dio_text_encoder_io io = {.ids = dio_input(g, "input_ids", dio_type_2d(DIO_I32, 2, 77)),
 *                               .ends = dio_input(g, "ends", dio_type_1d(DIO_I32, 2))};
 *     dio_text_encoder_forward(g, e, &io);       // io.hidden [2,77,C], io.pooled [2,P]
 *
 * From a prompt's words to ids, and all of it in one call: text/prompt.h.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/value.h"
#include "tensor/graph.h"
#include "tensor/model.h"
#include "tensor/weights.h"

typedef struct dio_text_encoder dio_text_encoder;

typedef struct dio_text_encoder_shape {
    int vocab; /* ids are 0..vocab-1: the model's own and those of added vectors */
    int width, layers;
    int positions;  /* the longest row it reads: 77 */
    int projection; /* width of the pooled output's own layer; 0: there is none */
    int end_id;     /* the pooled token stands at the first of these; -1: at the largest id */
} dio_text_encoder_shape;

/* One call: what goes in, then what comes out. `ends` may be DIO_NONE: nothing is pooled then. */
typedef struct dio_text_encoder_io {
    dio_val ids;  /* i32 [B,T] */
    dio_val ends; /* i32 [B]: where the pooled token stands (dio_text_encoder_end) */
    int skip;  /* layers left out from the end: 0 is last_hidden_state, after the final norm; n is
                * hidden_states[-1-n] (SDXL reads 1) */
    bool norm; /* the final norm goes over a skipped one, too: "CLIP skip" of SD 1.x */

    dio_val hidden; /* [B,T,C] */
    dio_val pooled; /* [B,P], or [B,C] without a projection: always of the last layer */
} dio_text_encoder_io;

/* What a family of kind "text-encoder" can do: dio_model.ops. */
typedef struct dio_text_encoder_ops {
    void (*shape)(const void *model, dio_text_encoder_shape *out);
    /* Fills hidden and pooled. Taps: hidden_states.N, last_hidden_state, pooler_output,
     * text_embeds. */
    void (*forward)(dio_graph *g, const void *model, dio_text_encoder_io *io);
    dio_tensor **(*table)(void *model); /* the slot of the token embedding [V,C] */
} dio_text_encoder_ops;

extern const dio_model_set dio_text_encoders; /* models/encoders.def */

/* A folder with config.json and its weights (safetensors, shards, pytorch_model.bin). keep: F32,
 * BF16, or DIO_DTYPES for the file's own. NULL with a message. */
dio_text_encoder *dio_text_encoder_open(const char *dir, dio_dtype keep, dio_error *err);
/* The same from a config and weights under transformers' names, wherever they come from; both may
 * be gone afterwards. A config without "architectures" leaves it to the weights whether there is a
 * projection. */
dio_text_encoder *dio_text_encoder_build(const dio_value *config, const dio_weights *from,
                                         dio_dtype keep, dio_error *err);
/* With drawn weights: for benchmarks and tests. */
dio_text_encoder *dio_text_encoder_create(const dio_value *config, uint64_t seed, dio_dtype keep,
                                          dio_error *err);
void dio_text_encoder_close(dio_text_encoder *e); /* NULL is fine */

dio_text_encoder_shape dio_text_encoder_shape_get(const dio_text_encoder *e);
const dio_model *dio_text_encoder_family(const dio_text_encoder *e);
/* Every weight, in place: for adapters and for counting. */
dio_walk *dio_text_encoder_walk(dio_text_encoder *e);

/* Where the pooled token of a row stands, by transformers' rule: the first end_id, or the first of
 * the largest ids in models whose config says eos_token_id 2; 0 when there is none. */
int32_t dio_text_encoder_end(const dio_text_encoder *e, const int32_t *ids, int64_t count);

/* Appends n rows of vectors (f32 [n,C], textual inversion) to the embedding table; they get the ids
 * *first.. on, and the shape's vocab grows. The table is copied: plans made before do not know the
 * new ids. Rows are rounded when the table is kept in f16 or bf16. False when C is not its width.
 */
bool dio_text_encoder_extend(dio_text_encoder *e, const dio_tensor *rows, int32_t *first,
                             dio_error *err);

/* Appends the model to g: fills io's second half. Ids of a wrong type, a row that is too long or a
 * skip that leaves no layer poison g. */
void dio_text_encoder_forward(dio_graph *g, const dio_text_encoder *e, dio_text_encoder_io *io);
