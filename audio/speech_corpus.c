/* speech_corpus.c: a list of utterances over mapped samples and pitches.
 *
 * The list is written after what it names, so that a corpus may be read while it is made: a line
 * counts when it is whole. */
#include "audio/speech_corpus.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/str.h"
#include "base/value.h"

enum { PARTS = 64, PHONES = 512, NAMES = 64, LIST = 1 << 30, PITCH_STEP = 120 };

struct part {
    dio_map_file *samples, *pitch, *list;
};

struct names {
    const char *name[NAMES];
    int count;
};

struct dio_speech_corpus {
    dio_arena *a;
    struct part part[PARTS];
    int n_parts;
    struct names phones, speakers;
    dio_recording *items, **split[3];
    int count, cap, n_split[3];
};

/* --- names --- */

static bool read_names(dio_arena *a, const char *text, struct names *out, dio_error *err)
{
    char *rest, *copy = dio_arena_strdup(a, text);
    for (char *name = strtok_r(copy, " ", &rest); name; name = strtok_r(NULL, " ", &rest)) {
        if (out->count == NAMES)
            return dio_fail(err, "more than %d names: \"%.40s...\"", NAMES, text);
        out->name[out->count++] = name;
    }
    return true;
}

static int find_name(const struct names *names, const char *name)
{
    for (int i = 0; i < names->count; i++)
        if (!strcmp(names->name[i], name))
            return i;
    return -1;
}

/* --- one line --- */

/* Whole numbers of a list, each at least the one before. */
static bool read_ends(const dio_value *line, dio_recording *u, dio_arena *a, dio_error *err)
{
    const dio_value *list = dio_map_get(line, "ends");
    if (!list || list->kind != DIO_LIST || list->list.count != u->n_phones)
        return dio_value_fail(line, err, "ends: one for each of the %d phones", u->n_phones);
    u->ends = dio_arena_alloc(a, (size_t)u->n_phones * sizeof *u->ends);
    for (int i = 0; i < u->n_phones; i++) {
        const dio_value *v = list->list.items[i];
        if (v->kind != DIO_INT || v->integer < (i ? u->ends[i - 1] : 0) ||
            v->integer > u->n_samples)
            return dio_value_fail(v, err, "ends: they rise from 0 to the %lld samples",
                                  (long long)u->n_samples);
        u->ends[i] = v->integer;
    }
    return true;
}

static bool read_phones(const dio_speech_corpus *c, const dio_value *line, dio_recording *u,
                        dio_arena *a, dio_error *err)
{
    const dio_value *names = dio_map_get(line, "phones"), *stress = dio_map_get(line, "stress");
    if (!names || names->kind != DIO_STRING || !stress || stress->kind != DIO_LIST)
        return dio_value_fail(line, err, "phones, a string, and stress, a list, are needed");
    u->phones = dio_arena_alloc(a, PHONES * sizeof *u->phones);
    int pause = find_name(&c->phones, "pau");
    char *rest, *copy = dio_arena_strndup(a, names->string.text, names->string.length);
    for (char *name = copy ? strtok_r(copy, " ", &rest) : NULL; name;
         name = strtok_r(NULL, " ", &rest)) {
        int id = find_name(&c->phones, name), i = u->n_phones;
        if (id < 0)
            return dio_value_fail(names, err, "phones: \"%s\" is none of the model's", name);
        if (i == PHONES || i >= stress->list.count)
            return dio_value_fail(names, err, "phones: %d of them, stresses of %d", i + 1,
                                  stress->list.count);
        bool vowel = strchr("aeiou", name[0]) != NULL, stressed;
        const dio_value *s = stress->list.items[i];
        stressed = s->kind == DIO_INT && s->integer > 0;
        u->phones[u->n_phones++] = (dio_narrator_phone){
            .phone = (uint8_t)id,
            .stress = vowel ? 1 + stressed : 0,
            .mark = id == pause ? (i ? DIO_MARK_PAUSE : DIO_MARK_BEGIN) : 0,
        };
    }
    if (u->n_phones < 1)
        return dio_value_fail(line, err, "phones: there is none");
    return true;
}

/* ["Lamp", ",", "content", first phone, past its last] */
static bool read_word(const dio_value *w, dio_recording *u, dio_error *err)
{
    const dio_value *const *v =
        w->kind == DIO_LIST && w->list.count == 5 ? (const dio_value *const *)w->list.items : NULL;
    if (!v || v[1]->kind != DIO_STRING || v[2]->kind != DIO_STRING || v[3]->kind != DIO_INT ||
        v[4]->kind != DIO_INT || v[3]->integer < -1 || v[4]->integer > u->n_phones ||
        v[3]->integer > v[4]->integer)
        return dio_value_fail(w, err, "a word: [text, punctuation, class, first, past]");
    if (v[3]->integer < 0 || v[3]->integer == v[4]->integer)
        return true; /* a word of which nothing is said */
    bool function = strcmp(v[2]->string.text, "content") != 0;
    for (int64_t i = v[3]->integer; i < v[4]->integer; i++)
        u->phones[i].mark = (uint8_t)((i == v[3]->integer ? DIO_MARK_FIRST : 0) |
                                      (i + 1 == v[4]->integer ? DIO_MARK_LAST : 0) |
                                      (function ? DIO_MARK_FUNCTION : 0));
    int64_t next = v[4]->integer;
    if (next < u->n_phones && u->phones[next].mark >= DIO_MARK_PAUSE)
        u->phones[next].mark = dio_narrator_pause(v[1]->string.text[0]);
    return true;
}

static bool read_marks(const dio_value *line, dio_recording *u, dio_error *err)
{
    const dio_value *words = dio_map_get(line, "words");
    if (!words || words->kind != DIO_LIST)
        return dio_value_fail(line, err, "words: a list is needed");
    for (int i = 0; i < words->list.count; i++)
        if (!read_word(words->list.items[i], u, err))
            return false;
    /* Who ends without punctuation ends as with a period. */
    dio_narrator_phone *last = &u->phones[u->n_phones - 1];
    if (last->mark == DIO_MARK_PAUSE)
        last->mark = DIO_MARK_PERIOD;
    return true;
}

static bool whole(const dio_value *line, const char *key, int64_t *out, dio_error *err)
{
    const dio_value *v = dio_map_get(line, key);
    if (!v || v->kind != DIO_INT || v->integer < 0)
        return dio_value_fail(v ? v : line, err, "%s: a whole number is needed", key);
    *out = v->integer;
    return true;
}

static bool within(int64_t begin, int64_t n, size_t bytes, size_t each)
{
    int64_t there = (int64_t)(bytes / each);
    return begin <= there && n <= there - begin;
}

static bool read_sound(const struct part *p, const dio_value *line, dio_recording *u,
                       dio_error *err)
{
    int64_t begin = 0;
    const dio_value *pitch = dio_map_get(line, "pitch");
    if (!whole(line, "begin", &begin, err) || !whole(line, "samples", &u->n_samples, err))
        return false;
    if (!within(begin, u->n_samples, dio_map_size(p->samples), sizeof(int16_t)))
        return dio_value_fail(line, err, "samples: speech.s16 has fewer");
    if (!pitch || pitch->kind != DIO_LIST || pitch->list.count != 2 ||
        pitch->list.items[0]->kind != DIO_INT || pitch->list.items[1]->kind != DIO_INT ||
        pitch->list.items[0]->integer < 0 || pitch->list.items[1]->integer < 1 ||
        !within(pitch->list.items[0]->integer, pitch->list.items[1]->integer,
                dio_map_size(p->pitch), sizeof(float)))
        return dio_value_fail(line, err, "pitch: [first, count] of what pitch.f32 has");
    u->samples = (const int16_t *)dio_map_data(p->samples) + begin;
    u->pitch = (const float *)dio_map_data(p->pitch) + pitch->list.items[0]->integer;
    u->n_pitch = pitch->list.items[1]->integer;
    u->n_frames = dio_narrator_frames(u->n_samples);
    return true;
}

static float number(const dio_value *line, const char *key, float otherwise)
{
    const dio_value *v = dio_map_get(line, key);
    return v && v->kind == DIO_REAL  ? (float)v->real
           : v && v->kind == DIO_INT ? (float)v->integer
                                     : otherwise;
}

static const char *string(const dio_value *line, const char *key)
{
    const dio_value *v = dio_map_get(line, key);
    return v && v->kind == DIO_STRING ? v->string.text : "";
}

static bool read_line(dio_speech_corpus *c, const struct part *p, const dio_value *line,
                      dio_error *err)
{
    int64_t id = 0;
    if (!dio_arena_grow(c->a, &c->items, c->count, &c->cap, sizeof *c->items))
        return dio_fail_memory(err, "the corpus");
    dio_recording *u = &c->items[c->count++];
    const char *split = string(line, "split"), *speaker = string(line, "speaker");
    *u = (dio_recording){.speaker = find_name(&c->speakers, speaker),
                         .rate = number(line, "rate", 1),
                         .semitones = number(line, "semitones", 0),
                         .text = dio_arena_strdup(c->a, string(line, "text"))};
    u->split = !strcmp(split, "test")    ? DIO_SPLIT_TEST
               : !strcmp(split, "valid") ? DIO_SPLIT_VALID
                                         : DIO_SPLIT_TRAIN;
    if (u->speaker < 0)
        return dio_value_fail(line, err, "speaker: \"%s\" is none of the model's", speaker);
    if (!(u->rate > 0.1f && u->rate < 10))
        return dio_value_fail(line, err, "rate: %g is not one", (double)u->rate);
    if (!whole(line, "id", &id, err) || !read_sound(p, line, u, err) ||
        !read_phones(c, line, u, c->a, err) || !read_ends(line, u, c->a, err) ||
        !read_marks(line, u, err))
        return false;
    u->id = (int)id;
    return true;
}

/* --- parts --- */

static bool read_list(dio_speech_corpus *c, const struct part *p, const char *path, dio_error *err)
{
    const char *text = dio_map_data(p->list), *end = text + dio_map_size(p->list), *stop;
    bool ok = true;
    for (int n = 1; ok && (stop = memchr(text, '\n', (size_t)(end - text))); n++) {
        dio_arena *a = dio_arena_create();
        if (!a)
            return dio_fail_memory(err, "the corpus");
        dio_value *line = dio_json_parse(a, path, text, (size_t)(stop - text), err);
        ok = line && read_line(c, p, line, err);
        if (!ok)
            dio_error_prefix(err, "utterance %d: ", n);
        dio_arena_destroy(a);
        text = stop + 1;
    }
    return ok;
}

static bool open_part(dio_speech_corpus *c, const char *dir, dio_error *err)
{
    if (c->n_parts == PARTS)
        return dio_fail(err, "%s: a corpus has at most %d parts", dir, PARTS);
    struct part *p = &c->part[c->n_parts++];
    const char *list = dio_path_join(c->a, dir, "utterances.jsonl");
    /* The list first: what it names was there before. */
    return (p->list = dio_map_open(list, err)) &&
           (p->samples = dio_map_open(dio_path_join(c->a, dir, "speech.s16"), err)) &&
           (p->pitch = dio_map_open(dio_path_join(c->a, dir, "pitch.f32"), err)) &&
           read_list(c, p, list, err);
}

static bool open_parts(dio_speech_corpus *c, const char *dir, dio_error *err)
{
    const char *part = dio_path_join(c->a, dir, "part-0");
    if (!dio_file_exists(part))
        return open_part(c, dir, err);
    for (int i = 0; dio_file_exists(part); part = dio_arena_printf(c->a, "%s/part-%d", dir, ++i))
        if (!open_part(c, part, err))
            return false;
    return true;
}

static int by_id(const void *a, const void *b)
{
    int x = ((const dio_recording *)a)->id, y = ((const dio_recording *)b)->id;
    return (x > y) - (x < y);
}

static bool sort(dio_speech_corpus *c, dio_error *err)
{
    qsort(c->items, (size_t)c->count, sizeof *c->items, by_id);
    for (int s = 0; s < 3; s++) {
        c->split[s] = dio_arena_try(c->a, (size_t)(c->count + 1) * sizeof *c->split[s]);
        if (!c->split[s])
            return dio_fail_memory(err, "the corpus");
        for (int i = 0; i < c->count; i++)
            if (c->items[i].split == (dio_split)s)
                c->split[s][c->n_split[s]++] = &c->items[i];
    }
    return true;
}

dio_speech_corpus *dio_speech_corpus_open(const char *dir, const char *phones, const char *speakers,
                                          dio_error *err)
{
    dio_arena *a = dio_arena_create();
    if (!a) {
        dio_fail_memory(err, "the corpus");
        return NULL;
    }
    dio_speech_corpus *c = dio_arena_alloc(a, sizeof *c);
    c->a = a;
    bool ok = read_names(a, phones, &c->phones, err) &&
              read_names(a, speakers, &c->speakers, err) && open_parts(c, dir, err) && sort(c, err);
    if (ok && !c->n_split[DIO_SPLIT_TRAIN])
        ok = dio_fail(err, "%s: nothing in it is to learn from", dir);
    if (ok && !dio_arena_failed(a))
        return c;
    if (ok)
        dio_fail_memory(err, "the corpus");
    dio_speech_corpus_close(c);
    return NULL;
}

void dio_speech_corpus_close(dio_speech_corpus *c)
{
    if (!c)
        return;
    for (int i = 0; i < c->n_parts; i++) {
        dio_map_unref(c->part[i].list);
        dio_map_unref(c->part[i].samples);
        dio_map_unref(c->part[i].pitch);
    }
    dio_arena_destroy(c->a);
}

int dio_speech_count(const dio_speech_corpus *c, dio_split split)
{
    return c->n_split[split];
}

const dio_recording *dio_speech_item(const dio_speech_corpus *c, dio_split split, int index)
{
    return c->split[split][index];
}

double dio_speech_hours(const dio_speech_corpus *c)
{
    int64_t samples = 0;
    for (int i = 0; i < c->count; i++)
        samples += c->items[i].n_samples;
    return (double)samples / DIO_NARRATOR_RATE / 3600;
}

/* --- an utterance's sound --- */

void dio_recording_samples(const dio_recording *u, int64_t begin, int64_t n, float gain, float *out)
{
    for (int64_t i = 0; i < n; i++) {
        int64_t at = begin + i;
        out[i] = at >= 0 && at < u->n_samples ? gain / 32768 * (float)u->samples[at] : 0;
    }
}

/* Between two voiced ones, their mean by distance; beside an unvoiced one, the nearer. */
static float pitch_at(const dio_recording *u, double at)
{
    int64_t i = (int64_t)floor(at), last = u->n_pitch - 1;
    float part = (float)(at - (double)i);
    float a = u->pitch[i < 0 ? 0 : i > last ? last : i];
    float b = u->pitch[i + 1 < 0 ? 0 : i + 1 > last ? last : i + 1];
    if (!(a > 0 && b > 0))
        return part < 0.5f ? a : b;
    return a + part * (b - a);
}

void dio_recording_pitch(const dio_recording *u, int64_t first, int64_t n, float *pitch,
                         float *voiced, int stride)
{
    for (int64_t f = 0; f < n; f++) {
        double at = (double)(first + f) * DIO_NARRATOR_HOP / PITCH_STEP - 0.5;
        float hz = pitch_at(u, at);
        voiced[f * stride] = hz > 0;
        pitch[f * stride] = hz > 0 ? dio_narrator_pitch_of(hz) : 0;
    }
}
