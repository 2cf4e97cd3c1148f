/* gate.c: how near the house narrator comes to its teacher, on sentences that it never heard.
 *
 *     narrator_gate NARRATOR CORPUS OUT [COUNT]
 *
 * NARRATOR is a folder with acoustic/ and vocoder/. Of the first COUNT utterances of the corpus's
 * test it writes OUT/ID.wav (as the narrator says it), OUT/ID.forced.wav (with the teacher's
 * times), OUT/ID.teacher.wav and OUT/list.tsv (id, text, samples before which the narrator's phones
 * end), and prints
 *
 *     mcd        mel-cepstral distortion of the forced ones, dB: coefficients 1 to 24 of the
 *                cosine series of ln mels, over frames within 40 dB of the loudest
 *     durations  how far ends of phones are off when only the utterance's beginning is shared, in
 *                ms: the mean of its absolute values for single phones
 *     longer     length against the teacher's
 *     rtf        seconds of work a second of sound, opening apart
 *
 * gate.py hears the files: words, where they begin and end, pitch, buzz, clicks.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "audio/clip_io.h"
#include "audio/mel.h"
#include "audio/narrator_impl.h"
#include "audio/speech_corpus.h"
#include "base/file.h"
#include "base/str.h"

enum { CEPSTRA = 24, MELS = DIO_NARRATOR_MELS };

struct gate {
    dio_narrator *n;
    dio_narrator_session *session;
    dio_speech_corpus *corpus;
    dio_device *device;
    dio_mel *mel;
    const char *out;
    FILE *list;
    double distortion[2], frames[2]; /* of the forced, of the copies */
    double late, phones, own, teacher, seconds, sound;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool save(const struct gate *g, const dio_clip *clip, int id, const char *kind,
                 dio_error *err)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%d%s.wav", g->out, id, kind);
    return dio_clip_write(clip, path, NULL, err);
}

/* --- distortion --- */

static void cepstra(const float *mel, double *out)
{
    for (int k = 1; k <= CEPSTRA; k++) {
        double sum = 0;
        for (int m = 0; m < MELS; m++)
            sum += (double)mel[m] * cos(M_PI * k * (m + 0.5) / MELS);
        out[k - 1] = 2 * sum / MELS;
    }
}

static double level(const float *mel)
{
    double sum = 0;
    for (int m = 0; m < MELS; m++)
        sum += exp(2 * (double)mel[m]);
    return 10 * log10(sum);
}

static void compare(struct gate *g, int of, const float *a, const float *b, int64_t frames)
{
    double loudest = -1e9, x[CEPSTRA], y[CEPSTRA];
    for (int64_t f = 0; f < frames; f++)
        loudest = fmax(loudest, level(b + f * MELS));
    for (int64_t f = 0; f < frames; f++) {
        if (level(b + f * MELS) < loudest - 40)
            continue;
        double sum = 0;
        cepstra(a + f * MELS, x);
        cepstra(b + f * MELS, y);
        for (int k = 0; k < CEPSTRA; k++)
            sum += (x[k] - y[k]) * (x[k] - y[k]);
        g->distortion[of] += 10 / M_LN10 * sqrt(2 * sum);
        g->frames[of]++;
    }
}

static bool distort(struct gate *g, int of, const dio_clip *said, const dio_clip *taught,
                    dio_error *err)
{
    int64_t n = said->length < taught->length ? said->length : taught->length;
    int64_t frames = dio_mel_frames(g->mel, n);
    float *a = malloc((size_t)(frames * MELS) * sizeof *a);
    float *b = malloc((size_t)(frames * MELS) * sizeof *b);
    bool ok = (a && b) || dio_fail_memory(err, "two spectrograms");
    ok = ok && dio_mel_run(g->mel, dio_clip_channel(said, 0), n, a, err) &&
         dio_mel_run(g->mel, dio_clip_channel(taught, 0), n, b, err);
    if (ok)
        compare(g, of, a, b, frames);
    free(a);
    free(b);
    return ok;
}

/* --- one utterance --- */

static bool forced(struct gate *g, const dio_recording *u, const dio_clip *taught, dio_error *err)
{
    dio_narrator_manner *manners = calloc((size_t)u->n_phones, sizeof *manners);
    dio_narrator_request r = {
        .phones = u->phones, .manners = manners, .count = u->n_phones, .speaker = u->speaker};
    dio_narration said = {0};
    if (!manners)
        return dio_fail_memory(err, "an utterance");
    for (int i = 0; i < u->n_phones; i++)
        manners[i].seconds = (float)(u->ends[i] - (i ? u->ends[i - 1] : 0)) / DIO_NARRATOR_RATE;
    bool ok = dio_narrator_speak(g->session, &r, &said, err) &&
              save(g, said.clip, u->id, ".forced", err) && distort(g, 0, said.clip, taught, err);
    dio_narration_deinit(&said);
    free(manners);
    return ok;
}

/* The vocoder alone. */
static bool copied(struct gate *g, const dio_recording *u, const dio_clip *taught, dio_error *err)
{
    struct speech s = {.n = g->n,
                       .session = g->session,
                       .a = dio_arena_create(),
                       .frames = u->n_frames,
                       .laid_to = u->n_frames,
                       .mels_to = u->n_frames,
                       .err = err};
    dio_clip *clip = dio_clip_create(DIO_NARRATOR_RATE, 1, u->n_samples, err);
    bool ok = clip && (s.a || dio_fail_memory(err, "an utterance")) &&
              (s.mel = dio_speech_row_room(&s, MELS)) && (s.tune = dio_speech_row_room(&s, 2)) &&
              (s.there = dio_speech_row_room(&s, 1)) &&
              dio_mel_run(g->mel, dio_clip_channel(taught, 0), u->n_samples, s.mel, err);
    if (ok) {
        for (int64_t f = 0; f < s.frames; f++)
            s.there[f] = 1;
        dio_recording_pitch(u, 0, s.frames, s.tune, s.tune + 1, 2);
        ok = dio_speech_voice(&s, clip) && save(g, clip, u->id, ".copy", err) &&
             distort(g, 1, clip, taught, err);
    }
    dio_clip_unref(clip);
    dio_arena_destroy(s.a);
    return ok;
}

static bool own(struct gate *g, const dio_recording *u, dio_error *err)
{
    dio_narrator_request r = {.phones = u->phones, .count = u->n_phones, .speaker = u->speaker};
    dio_narration said;
    double start = now();
    if (!dio_narrator_speak(g->session, &r, &said, err))
        return false;
    g->seconds += now() - start;
    g->sound += dio_clip_seconds(said.clip);
    for (int i = 0; i < u->n_phones; i++) {
        int64_t mine = said.ends[i] - (i ? said.ends[i - 1] : 0);
        int64_t his = u->ends[i] - (i ? u->ends[i - 1] : 0);
        g->late += fabs((double)(mine - his)) / DIO_NARRATOR_RATE;
        g->phones++;
    }
    fprintf(g->list, "%d\t%s\t", u->id, u->text);
    for (int i = 0; i < u->n_phones; i++)
        fprintf(g->list, "%lld%c", (long long)said.ends[i], i + 1 < u->n_phones ? ' ' : '\n');
    g->own += dio_clip_seconds(said.clip);
    g->teacher += (double)u->n_samples / DIO_NARRATOR_RATE;
    bool ok = save(g, said.clip, u->id, "", err);
    dio_narration_deinit(&said);
    return ok;
}

static bool judge(struct gate *g, const dio_recording *u, dio_error *err)
{
    dio_clip *taught = dio_clip_create(DIO_NARRATOR_RATE, 1, u->n_samples, err);
    if (!taught)
        return false;
    dio_recording_samples(u, 0, u->n_samples, 1, dio_clip_channel(taught, 0));
    bool ok = save(g, taught, u->id, ".teacher", err) && own(g, u, err) &&
              forced(g, u, taught, err) && copied(g, u, taught, err);
    dio_clip_unref(taught);
    return ok;
}

/* --- all --- */

static void put_names(dio_str *s, const char *(*name)(const dio_narrator *, int),
                      const dio_narrator *n)
{
    for (int i = 0; name(n, i); i++)
        dio_str_printf(s, "%s%s", i ? " " : "", name(n, i));
}

static bool open_all(struct gate *g, char **argv, dio_error *err)
{
    dio_str phones = {0}, speakers = {0};
    char path[4096];
    g->out = argv[3];
    g->n = dio_narrator_open(argv[1], DIO_F32, err);
    if (!g->n)
        return false;
    put_names(&phones, dio_narrator_phone_name, g->n);
    put_names(&speakers, dio_narrator_speaker_name, g->n);
    g->corpus = dio_speech_corpus_open(argv[2], phones.text, speakers.text, err);
    dio_str_deinit(&phones);
    dio_str_deinit(&speakers);
    snprintf(path, sizeof path, "%s/list.tsv", g->out);
    return g->corpus && (g->device = dio_device_open("cpu", err)) &&
           (g->session = dio_narrator_session_create(g->n, g->device, err)) &&
           (g->mel = dio_mel_create(dio_mel_dialect_find("vocos"), err)) &&
           dio_dir_make(g->out, err) &&
           ((g->list = fopen(path, "w")) || dio_fail(err, "%s: cannot be written", path));
}

static void close_all(struct gate *g)
{
    if (g->list)
        fclose(g->list);
    dio_mel_destroy(g->mel);
    dio_narrator_session_destroy(g->session);
    dio_device_close(g->device);
    dio_speech_corpus_close(g->corpus);
    dio_narrator_close(g->n);
}

int main(int argc, char **argv)
{
    struct gate g = {0};
    dio_error err = {0};
    char text[DIO_ERROR_MESSAGE + DIO_ERROR_FILE];
    if (argc < 4 || argc > 5) {
        fputs("usage: narrator_gate NARRATOR CORPUS OUT [COUNT]\n", stderr);
        return 2;
    }
    bool ok = open_all(&g, argv, &err);
    int count = ok ? dio_speech_count(g.corpus, DIO_SPLIT_TEST) : 0;
    if (argc == 5 && atoi(argv[4]) < count)
        count = atoi(argv[4]);
    for (int i = 0; ok && i < count; i++)
        ok = judge(&g, dio_speech_item(g.corpus, DIO_SPLIT_TEST, i), &err);
    if (ok)
        printf(
            "utterances %d\nmcd %.2f dB, copy %.2f dB\ndurations %.1f ms\nlonger %.3f\nrtf %.4f\n",
            count, g.distortion[0] / g.frames[0], g.distortion[1] / g.frames[1],
            1000 * g.late / g.phones, g.own / g.teacher, g.seconds / g.sound);
    else
        fprintf(stderr, "narrator_gate: %s\n", dio_error_text(&err, text, sizeof text));
    close_all(&g);
    return ok ? 0 : 1;
}
