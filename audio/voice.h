#pragma once
/* voice.h: published voices: symbols of speech in, sound with times out.
 *
 * A voice reads symbols (letters or phonemes, symbols.h), predicts how long each lasts, and makes
 * the sound of them. The first part is a score: what is to be said, with the time of every symbol,
 * from which a length can be chosen before any sound is made. The second renders it.
 *
 *     dio_voice *v = dio_voice_open("models/mms-tts-eng", err);
 *     dio_score *score = dio_voice_predict(v, device, &(dio_voice_request){.ids = ids, .count = n},
 * err); int64_t frames = dio_score_frames(score, 1.0, NULL); bool ok = dio_voice_render(v, device,
 * score, 1.0, NULL, &clip, err);
 *
 * Noise is drawn by place (base/rng.h) from the request's seed, so that the same request gives the
 * same bytes whatever else runs. With both scales of noise 0 nothing is drawn.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/chunks.h"
#include "audio/clip.h"
#include "audio/symbols.h"
#include "base/error.h"
#include "base/value.h"
#include "tensor/device.h"
#include "tensor/graph.h"
#include "tensor/network.h"

enum { DIO_VOICE_SYMBOLS = 8192, DIO_VOICE_FRAMES = 1 << 20 };

/* What a voice's config comes down to. */
typedef struct dio_voice_shape {
    int rate;          /* samples a second */
    int hop;           /* samples a frame */
    int symbols;       /* ids are 0..symbols-1 */
    int speakers;      /* 1: it takes no speaker */
    int latent;        /* numbers of a frame */
    int before, after; /* frames beside its own that a sample depends on */
    int step;          /* frames that a chunk's window begins at a multiple of; 0: anywhere */
    bool draws;        /* durations are drawn, not computed */
    float noise, noise_duration, speed; /* the voice's own settings */
} dio_voice_shape;

/* The first part: what goes in, then what comes out. */
typedef struct dio_voice_text {
    dio_val ids;   /* i32 [B,T] */
    dio_val noise; /* f32 [B,2,T], scaled; looked at when the shape draws */
    int speaker;

    dio_val means, logs; /* [B,T,latent] */
    dio_val durations;   /* [B,T]: logarithms of frames */
} dio_voice_text;

/* What a family of kind "voice" can do: dio_model.ops. Taps under the official names. */
typedef struct dio_voice_ops {
    void (*shape)(const void *model, dio_voice_shape *out);
    void (*text)(dio_graph *g, const void *model, dio_voice_text *io);
    /* z [B,F,latent] as drawn to what `decode` takes, of the same type; sees all frames. */
    dio_val (*flow)(dio_graph *g, const void *model, dio_val z, int speaker);
    dio_val (*decode)(dio_graph *g, const void *model, dio_val z, int speaker); /* to [B,S] */
} dio_voice_ops;

typedef struct dio_voice {
    dio_network net;
    const dio_voice_ops *ops;
    dio_voice_shape shape;
    dio_symbols *symbols; /* how text becomes ids; NULL: the files do not say */
} dio_voice;

/* A folder as transformers writes it (config.json, weights, vocab.json), or a Piper voice
 * (NAME.onnx with NAME.onnx.json beside it). NULL with a message. */
dio_voice *dio_voice_open(const char *path, dio_error *err);
dio_voice *dio_voice_build(const dio_value *config, const dio_weights *from, dio_error *err);
/* With drawn weights: for tests and measurements. */
dio_voice *dio_voice_create(const dio_value *config, uint64_t seed, dio_error *err);
void dio_voice_close(dio_voice *v); /* NULL is fine */

/* In a graph: fills io's second half. */
void dio_voice_text_forward(dio_graph *g, const dio_voice *v, dio_voice_text *io);

/* All zero is a fine default for all but ids and count. */
typedef struct dio_voice_request {
    const int32_t *ids;
    int count;
    int speaker;
    uint64_t seed;
    const float *noise, *noise_duration; /* scales; NULL: the voice's own */
    dio_plans *plans; /* of this voice, kept for texts to come; NULL: nothing is kept */
} dio_voice_request;

/* What is to be said: one for each symbol, and what the sound is drawn from. */
typedef struct dio_score {
    int count;           /* symbols */
    double *duration;    /* [count]: frames at speed 1, not rounded */
    float *means, *logs; /* [count][latent] */
    int latent, speaker;
    uint64_t seed;
    float noise;
} dio_score;

/* What durations are drawn from, [2][count], scaled: for io->noise. */
bool dio_voice_noise(const dio_voice *v, const dio_voice_request *r, float *out, dio_error *err);

dio_score *dio_voice_predict(const dio_voice *v, dio_device *device, const dio_voice_request *r,
                             dio_error *err);
void dio_score_destroy(dio_score *s); /* NULL is fine */

/* Frames at this speed, at least 1 in all; how many each symbol lasts in out[count] when not NULL.
 * A negative number when they are more than DIO_VOICE_FRAMES. */
int64_t dio_score_frames(const dio_score *s, double speed, int64_t *out);

/* What `flow` takes, z [dio_score_frames][latent]: each frame around its symbol's mean. */
void dio_score_draw(const dio_score *s, const int64_t *frames, float *z);

/* The score as sound, dio_score_frames * shape.hop samples: symbol i ends where the frames up to
 * and with its own do. Caller unrefs *out; with out NULL samples only go to options->samples. */
bool dio_voice_render(const dio_voice *v, dio_device *device, const dio_score *s, double speed,
                      const dio_chunks_options *options, dio_clip **out, dio_error *err);
