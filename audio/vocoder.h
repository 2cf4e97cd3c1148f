#pragma once
/* vocoder.h: networks that make sound of frames: HiFi-GAN, MelGAN, Vocos, EnCodec, WaveNet.
 *
 * A frame is a row of a mel spectrogram, or one code of each codebook, and stands for `hop`
 * samples. Vocoders come as published: a folder with config.json (transformers, HiFi-GAN's authors)
 * or config.yaml (Vocos) and weights, or a file of weights, beside its config or known by its
 * shapes (MelGAN). Layers under weight norm are folded when loaded.
 *
 *     dio_vocoder *v = dio_vocoder_open("models/hifigan-v1", err);
 *     dio_vocoder_input in = {.mel = mel, .frames = 400};
 *     dio_clip *clip;
 *     bool ok = dio_vocoder_run(v, device, &in, NULL, &clip, err);
 *
 * What is exact. A sample depends on frames near its own, and how many follows from the layers
 * (shape.before and .after). So a long clip is made in chunks that bring as many frames with them,
 * in bounded memory and from the first chunk on, and its samples are the bits that one pass over
 * all frames gives, whatever the chunk and the threads. What must see all frames (an LSTM) runs
 * over them once, at their rate, before the chunks do.
 *
 * A WaveNet draws each sample from what it says after those before it: it has no chunks, its sound
 * follows from the input's seed, and a second of it takes many unless it is small.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/chunks.h"
#include "audio/clip.h"
#include "audio/mel_dialect.h"
#include "base/error.h"
#include "base/value.h"
#include "tensor/device.h"
#include "tensor/graph.h"
#include "tensor/network.h"

enum { DIO_VOCODER_FRAMES = 1 << 22, DIO_VOCODER_CODEBOOKS = 64 };

/* What a vocoder's config comes down to. */
typedef struct dio_vocoder_shape {
    int rate;          /* samples a second */
    int hop;           /* samples a frame */
    int features;      /* numbers of a frame; 0: it takes codes */
    int codebooks;     /* at most; 0: it takes features */
    int entries;       /* of a codebook */
    int trim;          /* T frames are T * hop - trim samples */
    int least;         /* frames that there must be */
    int before, after; /* frames beside its own that a sample depends on */
    int step;          /* frames that a chunk's window begins at a multiple of; 0: anywhere */
    bool prelude;      /* part of it runs over all frames before the chunks */
    int draws;         /* uniform numbers that a sample is drawn by; 0: nothing is drawn */
    int wave, said;    /* of those that draw: numbers of a sample as taught, and said of the next */
    bool known;        /* the config says what its mels are: `mel`, else nobody knows */
    dio_mel_dialect mel;
    /* What its authors call what goes in and what comes out, and how they lay it: channels of
     * frames [B,C,T] or codes [Q,B,T], where ours are [B,T,C] and [B,Q,T]; sound in a channel
     * [B,1,S], where ours is [B,S]. */
    const char *input, *output;
    bool channels_first, channel;
} dio_vocoder_shape;

/* Samples to be drawn, one after the other. */
typedef struct dio_vocoder_draft {
    const float *heard; /* [count][features]: of prelude */
    int64_t count;
    uint64_t seed;
    const float *uniforms; /* [count][draws] in 0..1; NULL: by place from the seed */
    float *said;           /* [count][said]: gets what was said of each sample; or NULL */
    /* Called with each sample as it was drawn (a class's number, or -1..1) and as it is heard;
     * false stops, and has said why. */
    bool (*sample)(void *user, int64_t at, float drawn, float heard);
    void *user;
} dio_vocoder_draft;

/* What a family of kind "vocoder" can do: dio_model.ops. */
typedef struct dio_vocoder_ops {
    void (*shape)(const void *model, dio_vocoder_shape *out);
    /* Mel f32 [B,T,C] or codes i32 [B,Q,T] to what `forward` takes, f32 [B,T,..]; NULL where that
     * is the mel itself. */
    dio_val (*prelude)(dio_graph *g, const void *model, dio_val x);
    /* To [B,S]; of so many codebooks, or 0. Taps under the official names. */
    dio_val (*forward)(dio_graph *g, const void *model, dio_val x, int codebooks);
    /* In place of forward, of families that draw: what is said after each sample of wave f32
     * [B,wave,S] and those before it, [B,said,S]; and the samples themselves. heard: of prelude. */
    dio_val (*teach)(dio_graph *g, const void *model, dio_val wave, dio_val heard);
    bool (*generate)(const void *model, const dio_vocoder_draft *d, dio_error *err);
    /* A config that says nothing of its model's name is this family's when it has these keys;
     * NULL-terminated, or NULL. type: the name that it then gets. */
    const char *const *marks;
    const char *type;
    /* Beginnings of names in files that sound-making does not need; NULL-terminated, or NULL. */
    const char *const *unused;
} dio_vocoder_ops;

typedef struct dio_vocoder {
    dio_network net;
    const dio_vocoder_ops *ops;
    dio_vocoder_shape shape;
} dio_vocoder;

/* A folder, or a file of weights. Weights are kept in f32. NULL with a message. */
dio_vocoder *dio_vocoder_open(const char *path, dio_error *err);
dio_vocoder *dio_vocoder_build(const dio_value *config, const dio_weights *from, dio_error *err);
/* With drawn weights: for tests and measurements. */
dio_vocoder *dio_vocoder_create(const dio_value *config, uint64_t seed, dio_error *err);
/* Writes config.json and model.safetensors (dtype DIO_F32, DIO_F16 or DIO_BF16). */
bool dio_vocoder_save(const dio_vocoder *v, const char *dir, dio_dtype dtype, dio_error *err);
void dio_vocoder_close(dio_vocoder *v); /* NULL is fine */

/* The whole network over one batch: mel f32 [B,T,C] or codes i32 [B,Q,T] to [B,S]. */
dio_val dio_vocoder_forward(dio_graph *g, const dio_vocoder *v, dio_val x);
/* Of those that draw, which have no forward: what is said of each sample after those of `wave`
 * [B,wave,S] up to its own place, for frames [B,T,C]; S is dio_vocoder_length. To [B,said,S]. */
dio_val dio_vocoder_teach(dio_graph *g, const dio_vocoder *v, dio_val wave, dio_val x);

/* Samples that so many frames give. */
int64_t dio_vocoder_length(const dio_vocoder *v, int64_t frames);

typedef struct dio_vocoder_input {
    const float *mel;     /* [frames][shape.features]; or */
    const int32_t *codes; /* [codebooks][frames], */
    int codebooks;        /* of so many codebooks */
    int64_t frames;
    /* Whose dialect the mel is in, which must be the vocoder's; NULL: the caller vouches for it. */
    const dio_mel_dialect *dialect;
    /* What those that draw go by: a seed; or the numbers themselves, [samples][shape.draws]. */
    uint64_t seed;
    const float *uniforms;
    float *said; /* gets what they say of each sample, [samples][shape.said]; or NULL */
} dio_vocoder_input;

/* The frames as sound: one channel of shape.rate samples a second. options: NULL or all zero is
 * what most want (chunks.h). Caller unrefs *out; with out NULL the samples only go to
 * options->samples. False with a message when the input is not what the vocoder takes, or when
 * `samples` stopped it. */
bool dio_vocoder_run(const dio_vocoder *v, dio_device *device, const dio_vocoder_input *in,
                     const dio_chunks_options *options, dio_clip **out, dio_error *err);
