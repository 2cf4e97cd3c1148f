#pragma once
/* lm.h: a language model, whatever its family: ids in, scores of the next id out.
 *
 * The same graph code serves training (whole sequences, nothing kept) and generation (chunks at
 * positions that are data, keys and values kept in states). Recurrent families carry their state
 * as inputs and outputs instead.
 *
 *     dio_lm *lm = dio_lm_open("models/smollm", &(dio_lm_options){.dtype = DIO_BF16}, err);
 *     dio_graph *g = dio_graph_create();
 *     dio_lm_io io = {.ids = dio_input(g, "input_ids", dio_type_2d(DIO_I32, 1, 16))};
 *     dio_lm_forward(g, lm, &io);            // io.logits [1,16,V]
 *
 * Generation is in session.h and generate.h.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/value.h"
#include "tensor/graph.h"
#include "tensor/network.h"

enum { DIO_LM_MAX_CARRY = 64, DIO_LM_MAX_ENDS = 16 };

/* What every language model's config comes down to. */
typedef struct dio_lm_shape {
    int vocab, width, layers;
    int positions;                     /* the longest sequence it can read; 0: any */
    int bos;                           /* -1: none */
    int ends[DIO_LM_MAX_ENDS], n_ends; /* ids after which text is over */
    int carry; /* tensors that a recurrent family carries from step to step */
    dio_type carry_type[DIO_LM_MAX_CARRY]; /* dim[0], the batch, is 1 here */
    int cache_layers;                      /* layers with keys and values; 0: none */
    int cache_heads, cache_size;           /* Kv and D */
} dio_lm_shape;

enum dio_lm_want {
    DIO_LM_ALL,    /* logits [B,T,V] */
    DIO_LM_LAST,   /* logits [B,1,V] of the last position */
    DIO_LM_HIDDEN, /* no logits: what the output layer would read */
};

/* One call of the model: what goes in, then what comes out. Zero is a fine default for all but
 * ids. */
typedef struct dio_lm_io {
    dio_val ids;   /* i32 [B,T] */
    dio_val start; /* i32 [B]: positions before this chunk; read only when cap > 0 */
    int64_t cap;   /* capacity of the cache; 0: no cache, ids are the whole sequence */
    enum dio_lm_want want;
    float dropout; /* of embeddings and of what joins the residual stream; 0: none */
    dio_val seed;  /* i32 [2], for dropout */
    bool carries;  /* recurrent families: carry_in is given; else states start at zero */
    dio_val carry_in[DIO_LM_MAX_CARRY];

    dio_val logits;
    dio_val hidden; /* [B,T,C], after the last norm */
    dio_val carry_out[DIO_LM_MAX_CARRY];
} dio_lm_io;

/* What a family of kind "lm" can do: dio_model.ops. */
typedef struct dio_lm_ops {
    void (*shape)(const void *model, dio_lm_shape *out);
    /* Fills io->hidden (and carry_out). Taps: hidden_states.N as transformers numbers them. */
    void (*forward)(dio_graph *g, const void *model, dio_lm_io *io);
    /* The output layer: hidden [..,C] -> logits [..,V]. */
    dio_val (*scores)(dio_graph *g, const void *model, dio_val hidden);
} dio_lm_ops;

typedef struct dio_lm_options {
    dio_dtype dtype;     /* F32 (what zero means) or BF16; DIO_DTYPES keeps the file's own */
    const char *adapter; /* folder with adapter_config.json, or NULL */
} dio_lm_options;

typedef struct dio_lm {
    dio_network net;
    const dio_lm_ops *ops;
    dio_lm_shape shape;
    dio_lora_spec lora; /* rank 0: none */
    const char *dir;    /* the folder it came from, or NULL */
} dio_lm;

extern const dio_model_set dio_text_models;

/* A Hugging Face folder: config.json and safetensors. */
dio_lm *dio_lm_open(const char *dir, const dio_lm_options *options, dio_error *err);
/* A fresh model with drawn weights. `config` is what config.json would hold; it is copied. */
dio_lm *dio_lm_create(const dio_value *config, uint64_t seed, dio_dtype dtype, dio_error *err);
void dio_lm_close(dio_lm *lm); /* NULL is fine */
/* Writes config.json and model.safetensors (weights in dtype; DIO_DTYPES: as they are). */
bool dio_lm_save(const dio_lm *lm, const char *dir, dio_dtype dtype, dio_error *err);

/* Wraps the named linear layers with fresh adapters (a drawn, b zero). Full weights are then
 * walked without DIO_WEIGHT_LORA, the adapters' with it. targets as PEFT's target_modules. */
bool dio_lm_add_lora(dio_lm *lm, int rank, float alpha, const char *const *targets, int n_targets,
                     uint64_t seed, dio_error *err);
/* Reads an adapter that PEFT or dio_lm_save_lora wrote. */
bool dio_lm_load_lora(dio_lm *lm, const char *dir, dio_error *err);
/* Writes adapter_config.json and adapter_model.safetensors as PEFT does. */
bool dio_lm_save_lora(const dio_lm *lm, const char *dir, dio_error *err);

/* Appends the model to g: fills io's second half. A wrong id type or too long a chunk poisons g. */
void dio_lm_forward(dio_graph *g, const dio_lm *lm, dio_lm_io *io);
/* Mean cross-entropy of targets i32 [B,T] (targets[t] is what follows ids[t]; -100 does not
 * count), plus the model's forward. */
dio_val dio_lm_loss(dio_graph *g, const dio_lm *lm, dio_lm_io *io, dio_val targets,
                    float smoothing);

bool dio_lm_is_end(const dio_lm *lm, int id);

/* --- for families --- */
/* Positions before this chunk, i32 [B]: io->start, or zeros without a cache. */
dio_val dio_lm_start(dio_graph *g, const dio_lm_io *io);
dio_val dio_lm_zeros(dio_graph *g, int64_t rows, int64_t width); /* f32 */
