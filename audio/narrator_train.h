#pragma once
/* narrator_train.h: what the narrator's two trainings share. Private to audio/. */
#include "audio/mel.h"
#include "audio/speech_corpus.h"
#include "tensor/recipe.h"

typedef struct dio_narrator_recipe {
    int version;
    const char *kind, *name, *licence, *doc;
    const dio_value *model, *train;
    const char *corpus;            /* folder, from the recipe's */
    const char *phones, *speakers; /* vocoder: of the corpus; an acoustic model names its own */
    int batch, frames, row_phones, test_batches;
    double gain; /* how much louder or softer, in dB, it may be heard */
    uint64_t seed;
    const char *save; /* "f16" or "f32" */
} dio_narrator_recipe;

/* One training: a network, its weights, the speech it learns from and that speech's mels. */
typedef struct dio_narrator_job {
    dio_narrator_recipe recipe;
    dio_train_options options;
    const dio_recipe_run *run;
    dio_network *net;
    dio_train_weight *weights;
    int n_weights;
    char identity[65];
    dio_speech_corpus *corpus;
    dio_mel *mel;      /* of the dialect "vocos" */
    int16_t **mels[3]; /* by split and item: [frames,MELS] in units of dio_narrator_unit */
    void *user;
} dio_narrator_job;

extern const float dio_narrator_unit;

bool dio_narrator_recipe_read(dio_narrator_job *j, const dio_field *fields, dio_error *err);
/* Makes the network, opens the corpus and computes its mels. */
bool dio_narrator_job_open(dio_narrator_job *j, const dio_network_kind *kind, dio_error *err);
/* Trains, tests on batches of validation that training never asked for, saves into the run's folder
 * unless it was stopped. */
bool dio_narrator_job_run(dio_narrator_job *j, dio_train_task *task, dio_recipe_report *report,
                          dio_error *err);
void dio_narrator_job_close(dio_narrator_job *j);

/* Frames first..first+n-1 of an item's mels, with `gain` added to the logarithms. */
void dio_narrator_mels(const dio_narrator_job *j, dio_split split, int index, int64_t first,
                       int64_t n, float gain, float *out);
