/* bench_speech.c: the house narrator reads a text of about a minute, with drawn weights: from
 * letters to samples, and how long it is until the first of them.
 *
 * Drawn weights do not know how long phones last. Their durations are set to 80 ms, about what they
 * are in speech; a figure counts the sound that came out. */
#include <math.h>
#include <string.h>

#include "audio/narrate.h"
#include "bench/bench.h"
#include "tensor/network.h"
#include "tensor/tensor.h"

static const char text[] =
    "Good morning, and welcome to the little shop at the corner of the market square. Today we "
    "have fresh bread, seven kinds of cheese, and apples from the old orchard behind the hill. Our "
    "baker starts at four in the morning, when the town is still asleep. She mixes flour, water "
    "and salt, and then she waits. Patience, she likes to say, is the best spice of all. If you "
    "come before nine, you will find the ovens open and the first loaves on the table. Coffee is "
    "two dollars, and a second cup is on the house. On Friday there is music in the garden: a "
    "fiddle, a drum, and sometimes a song that everybody knows. Children may paint the wall beside "
    "the gate, as long as they use the big brushes. Please bring your own bags, and do not forget "
    "the dog at the door. We close at six, but the lights stay on until the last guest has gone "
    "home. Thank you for listening, and see you soon.";
static const char tiny_text[] = "Good morning. See you soon.";

#define PHONES                                                                                     \
    "\"phones\":\"pau aa ae ah ao aw ax ay b ch d dh eh er ey f g hh ih iy jh k l m n ng ow oy p " \
    "r s sh t th uh uw v w y z zh\",\"speakers\":\"house deep bright gruff\","

static const char acoustic[] = "{\"model_type\":\"narrator-acoustic\"," PHONES
                               "\"width\":192,\"hidden\":576,\"encoder_layers\":4,"
                               "\"decoder_layers\":6}";
static const char vocoder[] =
    "{\"model_type\":\"narrator-vocoder\",\"width\":224,\"hidden\":672,\"layers\":6}";
static const char tiny_acoustic[] =
    "{\"model_type\":\"narrator-acoustic\"," PHONES "\"width\":8,\"hidden\":8,\"encoder_layers\":1,"
    "\"decoder_layers\":1}";
static const char tiny_vocoder[] =
    "{\"model_type\":\"narrator-vocoder\",\"width\":8,\"hidden\":8,\"layers\":1}";

/* 1e9 multiply-adds a second of sound, by the configs: 93.75 frames of 3.9 million and a dozen
 * phones of 1.1; spectra not counted. */
static const double gmacs = 0.38;

struct reading {
    dio_narrator *n;
    dio_device *device;
    const char *text;
    double heard; /* seconds of sound */
    double began, first;
};

static const double phone_frames = 7.5;

/* Every phone lasts as long. */
static bool set_durations(dio_narrator *n, dio_error *err)
{
    const dio_walk *w = &dio_narrator_acoustic_net(n)->walk;
    int found = 0;
    for (int i = 0; i < w->count; i++) {
        dio_tensor *t = *w->items[i].slot;
        const bool bias = !strcmp(w->items[i].name, "duration.out.bias");
        if (!bias && strcmp(w->items[i].name, "duration.out.weight") != 0)
            continue;
        float *x = dio_tensor_data(t);
        for (int64_t k = 0; k < dio_type_count(&t->type); k++)
            x[k] = bias ? (float)log(phone_frames) : 0;
        found++;
    }
    return found == 2 || dio_fail(err, "a benchmark: the narrator has no \"duration.out\"");
}

static bool open_reading(dio_bench_run *r, struct reading *w, dio_error *err)
{
    const dio_value *a = dio_bench_config(r, acoustic, tiny_acoustic, err);
    const dio_value *v = a ? dio_bench_config(r, vocoder, tiny_vocoder, err) : NULL;
    *w = (struct reading){.device = r->device, .text = r->tiny ? tiny_text : text};
    w->n = v ? dio_narrator_create(a, v, 1, err) : NULL;
    return w->n && set_durations(w->n, err);
}

/* As one who has the narrator open and has not spoken yet. */
static bool read_text(struct reading *w, const dio_narrate_options *o, dio_error *err)
{
    dio_arena *a = dio_arena_create();
    dio_clip *clip = NULL;
    dio_times times;
    if (!a)
        return dio_fail_memory(err, "a benchmark");
    dio_narrator_session *s = dio_narrator_session_create(w->n, w->device, err);
    const dio_utterance *u = s ? dio_utterance_read(a, w->text, strlen(w->text), NULL, err) : NULL;
    const bool ok = u && dio_narrate(s, u, w->text, o, a, &clip, &times, err);
    if (ok)
        w->heard = dio_clip_seconds(clip);
    dio_clip_unref(clip);
    dio_narrator_session_destroy(s);
    dio_arena_destroy(a);
    return ok;
}

static bool read_all(void *user, dio_error *err)
{
    return read_text(user, &(dio_narrate_options){0}, err);
}

static bool run_all(dio_bench_run *r, const dio_bench *b, double *value, double *reached,
                    dio_error *err)
{
    struct reading w;
    double seconds = -1;
    (void)b;
    if (open_reading(r, &w, err))
        seconds = dio_bench_best(r, 4 * r->seconds, read_all, &w, err);
    dio_narrator_close(w.n);
    *value = seconds / w.heard;
    *reached = 2 * gmacs / *value;
    return seconds >= 0;
}

/* --- the first sound --- */

static bool hear(void *user, const float *x, int64_t count)
{
    struct reading *w = user;
    (void)x, (void)count;
    w->first = dio_bench_now() - w->began;
    return false;
}

static bool read_first(struct reading *w, double *best, dio_error *err)
{
    const dio_narrate_options o = {.samples = hear, .user = w};
    dio_error stopped = {0};
    w->first = -1;
    w->began = dio_bench_now();
    read_text(w, &o, &stopped);
    if (w->first < 0) {
        *err = stopped;
        return false;
    }
    *best = w->first < *best ? w->first : *best;
    return true;
}

static bool run_first(dio_bench_run *r, const dio_bench *b, double *value, double *reached,
                      dio_error *err)
{
    struct reading w;
    double best = 1e30;
    const double start = dio_bench_now();
    (void)b, (void)reached;
    bool ok = open_reading(r, &w, err);
    for (int n = 0; ok && (n < 3 || dio_bench_now() - start < r->seconds); n++)
        ok = dio_bench_goes_on(r, err) && read_first(&w, &best, err);
    dio_narrator_close(w.n);
    *value = best;
    return ok;
}

DIO_FIGURE(audio_narrator, "audio.narrator", "the house narrator, a minute of text to sound", "s/s",
           DIO_PEAK_FMA, run_all, NULL)
DIO_FIGURE(audio_narrator_first, "audio.narrator.first-sound",
           "until the first samples of a minute of text, the narrator being open", "s",
           DIO_PEAK_NONE, run_first, NULL)
