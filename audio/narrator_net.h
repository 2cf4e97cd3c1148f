#pragma once
/* narrator_net.h: the house narrator's two networks. Private to audio/; narrator.h is for users.
 *
 * The acoustic model ("narrator-acoustic") brings phones to a mel spectrogram, in three steps
 * between which the caller may change what was found: durations, then pitch, voicing and energy,
 * then mels. The vocoder ("narrator-vocoder") brings mels and a source, pulses and noise, to a
 * wave.
 *
 * Rows of a batch may hold several utterances: where `there` is 0 for DIO_NARRATOR_GAP places, what
 * lies on both sides does not know of each other.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "tensor/graph.h"
#include "tensor/network.h"

enum {
    DIO_NARRATOR_STRESSES = 3, /* none, unstressed, stressed */
    DIO_NARRATOR_MARKS = 16,   /* narrator.h */
    DIO_NARRATOR_PLACE = 16,   /* numbers that say where a phone stands */
    DIO_NARRATOR_WITHIN = 8,   /* numbers that say where in its phone a frame is */
    DIO_NARRATOR_GAP = 3,
    DIO_NARRATOR_RATE = 24000,
    DIO_NARRATOR_HOP = 256,
    DIO_NARRATOR_FFT = 1024,
    DIO_NARRATOR_BINS = DIO_NARRATOR_FFT / 2 + 1,
    DIO_NARRATOR_MELS = 100, /* of the dialect "vocos" */
    DIO_NARRATOR_SPEAKERS = 16,
};

typedef struct dio_acoustic_shape {
    int phones, speakers, mels, width;
    int lay_context, decode_context; /* frames on each side that what they give depends on */
    const char *phone_names, *speaker_names; /* with spaces between, in order of their ids */
} dio_acoustic_shape;

typedef struct dio_acoustic_phones {
    dio_val phone, stress, mark, speaker; /* i32 [B,T] */
    dio_val place;                        /* f32 [B,T,PLACE] */
    dio_val there;                        /* f32 [B,T,1]: 1, or 0 in gaps */

    dio_val encoded;  /* [B,T,C] */
    dio_val duration; /* [B,T,1]: logarithms of frames */
} dio_acoustic_phones;

typedef struct dio_acoustic_frames {
    dio_val encoded; /* of above */
    dio_val phone;   /* i32 [B,F]: rows of `encoded` as [B*T,C] */
    dio_val within;  /* f32 [B,F,WITHIN] */
    dio_val there;   /* f32 [B,F,1] */

    dio_val laid;   /* [B,F,C]: what is known of each frame */
    dio_val melody; /* [B,F,3]: pitch and energy as narrator_places.h has them, and how surely it
                       is voiced, before the sigmoid */
} dio_acoustic_frames;

typedef struct dio_acoustic_ops {
    void (*shape)(const void *model, dio_acoustic_shape *out);
    void (*encode)(dio_graph *g, const void *model, dio_acoustic_phones *io);
    void (*lay)(dio_graph *g, const void *model, dio_acoustic_frames *io);
    /* melody f32 [B,F,3]: pitch where it is voiced, else 0; 1 or 0; energy -> mels [B,F,M]. */
    dio_val (*decode)(dio_graph *g, const void *model, dio_val laid, dio_val melody, dio_val there);
} dio_acoustic_ops;

/* What a frame's sources go through: spectrum = (re + i im) pulses + breath noise. */
typedef struct dio_narrator_filters {
    dio_val mel;    /* f32 [B,F,MELS] */
    dio_val melody; /* f32 [B,F,2]: pitch, voicing */
    dio_val
        there; /* f32 [B,F,1]: 1, or 0 where the utterance has no frame; NONE: it has them all */

    dio_val re, im, breath; /* [B,F,BINS]; 0 where `there` is */
} dio_narrator_filters;

typedef struct dio_narrator_vocoder_ops {
    int (*mels)(const void *model);
    /* Frames on each side that a frame's filters depend on. */
    int (*context)(const void *model);
    void (*filters)(dio_graph *g, const void *model, dio_narrator_filters *io);
    /* The same and the sound, with spectra as products, for who wants gradients: pulses and noise
     * [B,(F-1)*HOP] -> as many samples. */
    dio_val (*forward)(dio_graph *g, const void *model, dio_val mel, dio_val melody, dio_val pulses,
                       dio_val noise, dio_val there);
} dio_narrator_vocoder_ops;

/* Each is a dio_network and no more: family->ops are the functions above. */
extern const dio_network_kind dio_narrator_acoustic, dio_narrator_vocoder;
