/* published.c: published voices as speakers: VITS as transformers has it, and Piper's.
 *
 * Such voices read letters, or the phonemes of espeak-ng, and know neither prices nor dates; so
 * they are given what our normaliser says, sentence by sentence. When each symbol is said the voice
 * knows; which word it belongs to is counted by blanks. Where espeak-ng has joined words, times
 * within that sentence are shared among its words by letters. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/speaker.h"
#include "audio/speech_fit.h"
#include "audio/speech_words.h"
#include "audio/voice.h"
#include "base/file.h"
#include "base/str.h"

static const double fastest = 4;

/* One sentence, ready to be said. */
struct line {
    int first, count; /* spoken words */
    const char *prepared;
    dio_symbol_list symbols;
    dio_score *score;
    int64_t *frames;    /* of each symbol */
    double lead, pause; /* seconds before and after it */
};

struct saying {
    const dio_voice *v;
    dio_device *device;
    dio_plans *plans; /* for all sentences */
    const dio_speech_request *r;
    const dio_utterance *u;
    dio_arena *a;
    dio_times *times;
    int *timed;
    struct line *line;
    int lines, speaker;
};

/* --- opening --- */

static bool opens(const char *path)
{
    size_t n = strlen(path);
    if (n > 5 && strcmp(path + n - 5, ".onnx") == 0)
        return dio_file_exists(path);
    dio_arena *a = dio_arena_create();
    bool yes = a && dio_file_exists(dio_path_join(a, path, "vocab.json")) &&
               dio_file_exists(dio_path_join(a, path, "config.json"));
    dio_arena_destroy(a);
    return yes;
}

static void *open_voice(const char *path, dio_error *err)
{
    dio_voice *v = dio_voice_open(path, err);
    if (v && !v->symbols) {
        dio_fail(err, "%s: its files do not say how text becomes symbols", path);
        dio_voice_close(v);
        return NULL;
    }
    return v;
}

static void close_voice(void *self)
{
    dio_voice_close(self);
}

/* Speakers of published voices have numbers. */
static const char *voice(const void *self, int i)
{
    static const char *const names[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    return i < 10 && i < ((const dio_voice *)self)->shape.speakers ? names[i] : NULL;
}

static bool find_speaker(const void *self, const char *name, int *out, dio_error *err)
{
    const dio_voice *v = self;
    int64_t n = 0;
    if (name && *name && (!dio_parse_int(name, &n) || n < 0 || n >= v->shape.speakers))
        return dio_fail(err, "speaker: this voice has the numbers 0 to %d, not \"%.80s\"",
                        v->shape.speakers - 1, name);
    *out = (int)n;
    return true;
}

/* --- lines --- */

/* What the voice cannot be asked for, prosody word by word, is refused rather than dropped. */
static bool check(const struct saying *s, dio_error *err)
{
    if (s->r->semitones != 0 || s->r->db != 0)
        return dio_fail(err,
                        "pitch and volume: a published voice has neither; its rate can be set");
    for (int i = 0; i < s->u->word_count; i++) {
        const dio_prosody *p = &s->u->words[i].prosody;
        if (p->rate != 1 || p->pitch_st != 0 || p->volume_db != 0 || p->emphasis)
            return dio_fail(err,
                            "SSML: prosody and emphasis of single words: a published voice has "
                            "none; the house narrator does");
    }
    return true;
}

static bool make_line(struct saying *s, struct line *l, const dio_sentence *from, dio_error *err)
{
    dio_str text = {0}, prepared = {0};
    for (int i = from->first; i < from->first + from->count; i++) {
        const dio_word *w = &s->u->words[i];
        dio_str_printf(&text, "%s%s", i > from->first ? " " : "", w->spoken);
        if (w->mark)
            dio_str_putc(&text, w->mark);
    }
    l->first = from->first;
    l->count = from->count;
    const dio_word *last = &s->u->words[from->first + from->count - 1];
    l->pause = last->pause_ms / 1000.0;
    bool ok = !text.failed || dio_fail_memory(err, "a sentence");
    ok = ok && dio_symbols_prepare(s->v->symbols, text.text, &prepared, err);
    ok = ok && (!prepared.failed || dio_fail_memory(err, "a sentence"));
    if (ok) {
        l->prepared = dio_arena_strndup(s->a, prepared.text ? prepared.text : "", prepared.length);
        ok = l->prepared ? dio_symbols_ids(s->v->symbols, l->prepared, s->a, &l->symbols, err)
                         : dio_fail_memory(err, "a sentence");
    }
    dio_str_deinit(&text);
    dio_str_deinit(&prepared);
    if (!ok)
        return false;
    const dio_voice_request r = {.ids = l->symbols.ids,
                                 .count = l->symbols.count,
                                 .speaker = s->speaker,
                                 .seed = s->r->seed + (uint64_t)from->first,
                                 .plans = s->plans};
    l->score = dio_voice_predict(s->v, s->device, &r, err);
    l->frames = dio_arena_try(s->a, (size_t)l->symbols.count * sizeof *l->frames);
    return l->score && (l->frames || dio_fail_memory(err, "a sentence"));
}

static bool make_lines(struct saying *s, dio_error *err)
{
    s->line = dio_arena_try(s->a, (size_t)(s->u->sentence_count + 1) * sizeof *s->line);
    if (!s->line)
        return dio_fail_memory(err, "a text to be spoken");
    for (int i = 0; i < s->u->sentence_count; i++) {
        if (!s->u->sentences[i].count)
            continue;
        if (!make_line(s, &s->line[s->lines++], &s->u->sentences[i], err))
            return false;
    }
    s->line[0].lead = s->u->lead_ms / 1000.0;
    s->line[s->lines - 1].pause = fmin(s->line[s->lines - 1].pause, 0.15);
    return true;
}

static bool seconds_at(void *user, double rate, double *seconds, dio_error *err)
{
    struct saying *s = user;
    *seconds = 0;
    for (int i = 0; i < s->lines; i++) {
        int64_t frames = dio_score_frames(s->line[i].score, rate, NULL);
        if (frames < 0)
            return dio_fail(err, "sentence %d lasts too long: say less at a time", i + 1);
        *seconds += s->line[i].lead + s->line[i].pause +
                    (double)frames * s->v->shape.hop / s->v->shape.rate;
    }
    return true;
}

/* --- times --- */

static bool blank_or_mark(const char *p)
{
    return *p == '\0' || strchr(" .,;:!?-\"'()^$_", *p) != NULL;
}

/* Runs between blanks in what was prepared: for each symbol the run that it is in, or -1. */
static int find_runs(const struct line *l, int *run)
{
    int runs = 0;
    int64_t last = -2;
    for (int i = 0; i < l->symbols.count; i++) {
        int from = l->symbols.from[i];
        run[i] = -1;
        if (from < 0 || blank_or_mark(l->prepared + from))
            continue;
        bool same = last >= 0;
        for (int64_t k = last; same && k < from; k++)
            same = l->prepared[k] != ' ';
        runs += !same;
        run[i] = runs - 1;
        last = from;
    }
    return runs;
}

/* The word at a share of the sentence, by letters. */
static int word_at(const struct saying *s, const struct line *l, double share)
{
    double all = 0, sum = 0;
    for (int i = l->first; i < l->first + l->count; i++)
        all += (double)strlen(s->u->words[i].spoken);
    for (int i = l->first; i < l->first + l->count; i++) {
        sum += (double)strlen(s->u->words[i].spoken);
        if (share * all < sum)
            return i;
    }
    return l->first + l->count - 1;
}

static const char *name_of(const struct saying *s, const struct line *l, int i)
{
    uint32_t cp;
    const char *at = l->prepared + l->symbols.from[i];
    int n = dio_utf8_next(at, strlen(at), &cp);
    return dio_arena_strndup(s->a, at, n > 0 ? (size_t)n : 1);
}

/* Symbols without a place in the text belong to the one before them. */
static bool take_times(struct saying *s, const struct line *l, int64_t begin, dio_error *err)
{
    int *run = dio_arena_try(s->a, (size_t)l->symbols.count * sizeof *run);
    if (!run)
        return dio_fail_memory(err, "a sentence's times");
    int runs = find_runs(l, run);
    int64_t at = begin;
    dio_timed_phone *p = NULL;
    for (int i = 0; i < l->symbols.count; i++) {
        int64_t end = at + l->frames[i] * s->v->shape.hop;
        if (l->symbols.from[i] >= 0) {
            p = &s->times->phones[s->times->n_phones++];
            *p = (dio_timed_phone){.name = "pau", .start = at, .end = end, .word = -1};
            if (run[i] >= 0) {
                int word =
                    runs == l->count ? l->first + run[i] : word_at(s, l, (run[i] + 0.5) / runs);
                p->name = name_of(s, l, i);
                p->word = s->timed[word];
                if (!p->name)
                    return dio_fail_memory(err, "a sentence's times");
            }
        }
        if (p)
            p->end = end;
        at = end;
    }
    return true;
}

/* --- speaking --- */

static bool join(dio_clip **all, int rate, int64_t silence, const dio_clip *next, dio_error *err)
{
    int64_t length = *all ? (*all)->length : 0, more = silence + (next ? next->length : 0);
    dio_clip *clip =
        *all ? dio_clip_cut(*all, 0, length + more, err) : dio_clip_create(rate, 1, more, err);
    if (!clip)
        return false;
    if (next)
        memcpy(dio_clip_channel(clip, 0) + length + silence, dio_clip_channel(next, 0),
               (size_t)next->length * sizeof(float));
    dio_clip_unref(*all);
    *all = clip;
    return true;
}

static bool speak(struct saying *s, dio_speech *out, dio_error *err)
{
    const dio_chunks_options options = {.plans = s->plans};
    int rate = s->v->shape.rate;
    for (int i = 0; i < s->lines; i++) {
        struct line *l = &s->line[i];
        dio_clip *clip = NULL;
        if (s->r->progress && !s->r->progress(s->r->user, (double)i / s->lines, err))
            return false;
        bool ok = dio_score_frames(l->score, out->rate, l->frames) >= 0 &&
                  dio_voice_render(s->v, s->device, l->score, out->rate, &options, &clip, err) &&
                  join(&out->clip, rate, llrint(l->lead * rate), clip, err) &&
                  take_times(s, l, out->clip->length - clip->length, err) &&
                  join(&out->clip, rate, llrint(l->pause * rate), NULL, err);
        dio_clip_unref(clip);
        if (!ok)
            return false;
    }
    return true;
}

static bool prepare(struct saying *s, dio_error *err)
{
    const dio_speech_request *r = s->r;
    s->u = dio_utterance_read(s->a, r->text, r->length, &r->how, err);
    if (!s->u)
        return false;
    if (!s->u->phone_count)
        return dio_fail(err, "the text says nothing: there is no word in it");
    s->timed = dio_arena_try(s->a, (size_t)s->u->word_count * sizeof *s->timed);
    if (!s->timed)
        return dio_fail_memory(err, "a text to be spoken");
    s->times = dio_speech_words(s->a, s->u, r->text, r->length, r->how.ssml, s->timed, err);
    return s->times && check(s, err) && find_speaker(s->v, s->r->speaker, &s->speaker, err) &&
           make_lines(s, err);
}

static bool finish(struct saying *s, dio_speech *out, dio_error *err)
{
    s->times->rate = out->clip->rate;
    s->times->length = out->clip->length;
    dio_speech_set_spans(s->times);
    out->times = s->times;
    return dio_speech_settle(s->r, out, err);
}

static bool make_room(struct saying *s, dio_error *err)
{
    size_t symbols = 1;
    for (int i = 0; i < s->lines; i++)
        symbols += (size_t)s->line[i].symbols.count;
    s->times->phones = dio_arena_try(s->a, symbols * sizeof *s->times->phones);
    return s->times->phones != NULL || dio_fail_memory(err, "a text's times");
}

static bool say(void *self, dio_device *device, const dio_speech_request *r, dio_arena *a,
                dio_speech *out, dio_error *err)
{
    struct saying s = {.v = self, .device = device, .r = r, .a = a};
    s.plans = dio_plans_create(device, err);
    bool ok = s.plans && prepare(&s, err) && make_room(&s, err) &&
              dio_speech_fit(r, fastest, seconds_at, &s, &out->rate, err) && speak(&s, out, err) &&
              finish(&s, out, err);
    for (int i = 0; i < s.lines; i++)
        dio_score_destroy(s.line[i].score);
    dio_plans_destroy(s.plans);
    if (!ok) {
        dio_clip_unref(out->clip);
        out->clip = NULL;
    }
    return ok;
}

const dio_speaker_kind dio_speaker_published = {
    .name = "published",
    .looks = "a VITS folder with config.json and vocab.json, or a Piper voice, NAME.onnx",
    .opens = opens,
    .open = open_voice,
    .close = close_voice,
    .voice = voice,
    .find = find_speaker,
    .say = say,
};
