/* audio_vocode.c: frames made sound by a vocoder: a mel spectrogram, codes, or a sound taken apart
 * and put together again. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/clip_io.h"
#include "audio/mel.h"
#include "audio/vocoder.h"
#include "base/assets.h"
#include "fusion/sound.h"
#include "fusion/step.h"
#include "tensor/weights.h"

struct params {
    const char *model, *frames, *sound, *dialect;
};

static const dio_field fields[] = {
    DIO_FIELD(struct params, model, NULL, 1, 1000,
              "HiFi-GAN, MelGAN, Vocos or EnCodec: a folder or a file of weights"),
    DIO_FIELD(struct params, frames, "", 0, 4000,
              "safetensors with `mel` [frames, bands] or `codes` [codebooks, frames]; its metadata "
              "may name the mel's `dialect`"),
    DIO_FIELD(struct params, sound, "", 0, 4000,
              "instead of frames: a sound, whose mel in the vocoder's dialect is made sound again"),
    DIO_FIELD(struct params, dialect, "", 0, 100,
              "the frames' dialect, where the file does not say: hifigan, vocos, melgan, ..."),
    {0},
};

static void check(dio_studio *studio, const void *params, const dio_value *with, dio_report *report)
{
    const struct params *p = params;
    const dio_value *model = dio_map_get(with, "model"), *dialect = dio_map_get(with, "dialect");
    dio_error e = {0};
    (void)studio;
    if (p->model && !dio_assets_model(report->arena, p->model, &e))
        dio_report_error(report, model ? model : with, "model", &e);
    if (!dio_map_get(with, "frames") == !dio_map_get(with, "sound"))
        dio_report_at(report, with, "either frames or a sound is made sound: give one of them");
    if (p->dialect && *p->dialect && !dio_mel_dialect_find(p->dialect))
        dio_report_at(report, dialect ? dialect : with, "dialect: there is no \"%s\"", p->dialect);
}

/* --- frames --- */

struct vocoding {
    dio_task *task;
    const struct params *p;
    dio_vocoder *v;
    dio_vocoder_input in;
    dio_mel_dialect told;
    float *mel; /* of a sound */
    dio_weights *file;
    int64_t made; /* samples */
    dio_error *err;
};

/* A matrix, or one in a batch of one; its rows and columns. */
static bool matrix(const dio_tensor *t, dio_dtype dtype, const char *path, int64_t *rows,
                   int64_t *columns, dio_error *err)
{
    const dio_type *y = &t->type;
    char text[DIO_TYPE_TEXT];
    if (y->dtype != dtype || y->nd < 2 || y->nd > 3 || (y->nd == 3 && y->dim[0] != 1))
        return dio_fail(err, "%s: %s is %s; a matrix of %s is needed", path, t->name,
                        dio_type_text(y, text), dio_dtype_name(dtype));
    *rows = y->dim[y->nd - 2];
    *columns = y->dim[y->nd - 1];
    return true;
}

static const void *bytes_of(const dio_tensor *t)
{
    return (const char *)dio_buffer_data(t->buffer) + t->offset;
}

/* What the file or the step says; a vocoder that knows its dialect wants to be told the mel's. */
static bool read_dialect(struct vocoding *w, const char *path, dio_error *err)
{
    const char *said = dio_weights_meta_find(w->file, "dialect");
    const char *name = *w->p->dialect ? w->p->dialect : said;
    if (!name && w->v->shape.known)
        return dio_fail(err,
                        "%s: it does not say in which dialect its mel is; say so in its metadata "
                        "or by `dialect`",
                        path);
    if (!name)
        return true;
    const dio_mel_dialect *known = dio_mel_dialect_find(name);
    const dio_value *v =
        known ? NULL : dio_json_parse(w->task->arena, path, name, strlen(name), err);
    if (!known && (!v || !dio_mel_dialect_read(v, path, &w->told, w->task->arena, err)))
        return dio_error_prefix(err, "%s: dialect \"%.60s\"", path, name);
    if (known)
        w->told = *known;
    w->in.dialect = &w->told;
    return true;
}

static bool read_frames(struct vocoding *w, dio_error *err)
{
    const char *path = dio_task_file(w->task, w->p->frames, err);
    int64_t columns = 0, rows = 0;
    w->file = path ? dio_weights_open(path, err) : NULL;
    if (!w->file)
        return false;
    const dio_tensor *mel = dio_weights_find(w->file, "mel");
    const dio_tensor *codes = dio_weights_find(w->file, "codes");
    if (w->v->shape.features && !mel)
        return dio_fail(err, "%s: this vocoder takes a mel, and no tensor is called so", path);
    if (!w->v->shape.features && !codes)
        return dio_fail(err, "%s: this vocoder takes codes, and no tensor is called so", path);
    if (!w->v->shape.features) {
        if (!matrix(codes, DIO_I32, path, &rows, &columns, err))
            return false;
        w->in.codes = bytes_of(codes);
        w->in.codebooks = rows > DIO_VOCODER_CODEBOOKS ? DIO_VOCODER_CODEBOOKS + 1 : (int)rows;
        w->in.frames = columns;
        return true;
    }
    if (!matrix(mel, DIO_F32, path, &rows, &columns, err))
        return false;
    if (columns != w->v->shape.features)
        return dio_fail(err, "%s: its mel has %lld bands, and the vocoder hears %d", path,
                        (long long)columns, w->v->shape.features);
    w->in.mel = bytes_of(mel);
    w->in.frames = rows;
    return read_dialect(w, path, err);
}

static bool take_apart(struct vocoding *w, dio_error *err)
{
    const dio_vocoder_shape *s = &w->v->shape;
    if (!s->known)
        return dio_fail(err,
                        "%s: its config does not say which mels it was made for, so that no "
                        "sound can be taken apart for it",
                        w->p->model);
    const char *path = dio_task_file(w->task, w->p->sound, err);
    dio_clip *clip = path ? dio_sound_open(path, s->mel.rate, 1, err) : NULL;
    dio_mel *m = clip ? dio_mel_create(&s->mel, err) : NULL;
    bool ok = m != NULL;
    if (ok) {
        w->in.frames = dio_mel_frames(m, clip->length);
        w->in.dialect = &s->mel;
        w->mel = calloc((size_t)w->in.frames * (size_t)s->mel.mels + 1, sizeof *w->mel);
        ok = w->mel || dio_fail_memory(err, "a mel spectrogram");
        ok = ok && dio_mel_run(m, dio_clip_channel(clip, 0), clip->length, w->mel, err);
        w->in.mel = w->mel;
    }
    dio_mel_destroy(m);
    dio_clip_unref(clip);
    return ok;
}

/* --- the work --- */

/* A vocoder that draws sample by sample takes its time. */
static bool hear(void *user, const float *x, int64_t count)
{
    struct vocoding *w = user;
    (void)x;
    w->made += count;
    double all = (double)dio_vocoder_length(w->v, w->in.frames);
    return dio_task_progress(w->task, 0.95 * fmin(1, (double)w->made / all), w->err);
}

static bool write(struct vocoding *w, dio_device *device, dio_error *err)
{
    const dio_chunks_options options = {.samples = hear, .user = w};
    w->err = err;
    dio_clip *clip = NULL;
    const char *path = dio_task_path(w->task, "audio", ".wav");
    const dio_clip_save save = {.seed = w->task->seed, .title = w->task->title};
    w->in.seed = w->task->seed;
    bool ok = dio_vocoder_run(w->v, device, &w->in, &options, &clip, err) &&
              dio_clip_write(clip, path, &save, err);
    dio_clip_unref(clip);
    if (ok)
        dio_task_give_file(w->task, "audio", path);
    return ok;
}

static bool run(dio_task *t, const void *params, dio_error *err)
{
    struct vocoding w = {.task = t, .p = params};
    const dio_value *facts = dio_studio_model_facts(t->studio, w.p->model, t->arena, err);
    dio_device *device = facts ? dio_studio_device(t->studio, err) : NULL;
    const char *path = device ? dio_assets_model(t->arena, w.p->model, err) : NULL;
    w.v = path ? dio_vocoder_open(path, err) : NULL;
    if (facts)
        dio_task_note(t, "model", facts);
    bool ok =
        w.v && (*w.p->sound ? take_apart(&w, err) : read_frames(&w, err)) && write(&w, device, err);
    free(w.mel);
    dio_weights_close(w.file);
    dio_vocoder_close(w.v);
    return ok;
}

const dio_step dio_step_audio_vocode = {
    .name = "audio.vocode",
    .version = 1,
    .doc = "A mel spectrogram, codes, or a sound's own mel made sound by a vocoder.",
    .params = fields,
    .params_size = sizeof(struct params),
    .out = (const dio_port[]){{"audio", DIO_MEDIA_AUDIO, "one channel at the vocoder's rate"}, {0}},
    .weight = 2,
    .check = check,
    .run = run,
};
