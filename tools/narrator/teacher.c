/* teacher.c: the narrator's teacher speaks: full-context labels (labels.scm) become a corpus.
 *
 *     festival -b labels.scm sentences.scm | teacher VOICE.htsvoice sentences.tsv SEED DIR
 *
 * In DIR, all in the order of speaking (what a line of the list names lies before it is written):
 *
 *     speech.s16         samples at 24 kHz, 16 bits, one utterance after the other
 *     pitch.f32          its fundamental in Hz every 5 ms, from the teacher itself; 0: unvoiced
 *     utterances.jsonl   a line each: where its samples and pitches lie, phones and where they end,
 *                        words, who speaks, and how much faster and higher than usual
 *
 * How an utterance is spoken depends on (SEED, its number) alone, so parts made by several
 * processes together are what one makes. What is held out for the test is spoken plainly.
 */
#include <HTS_engine.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/file.h"
#include "base/rng.h"
#include "base/value.h"
#include "tools/narrator/thirds.h"

enum {
    LINE = 4096,
    PHONES = 512,
    WORDS = 128,
    STATES = 5,
    HOP = 160, /* samples of the teacher in one of its frames: 5 ms */
    STREAM = 0x74656163,
};

/* Speakers are the teacher, warped: a shorter throat is a smaller alpha. */
struct speaker {
    const char *name;
    int share; /* in a hundred */
    double alpha, semitones, rate;
};
static const struct speaker speakers[] = {
    {"house", 64, 0.45, 0, 1},
    {"deep", 12, 0.53, -8, 0.95},
    {"bright", 12, 0.40, 3, 1.05},
    {"gruff", 12, 0.49, -4, 1},
    {0},
};

struct word {
    char text[64], mark, class[16]; /* mark: the punctuation behind it, or 0 */
    int first, past;                /* of its phones */
};

struct utterance {
    int number, n_words, n_phones;
    struct word word[WORDS];
    char phone[PHONES][8];
    int stress[PHONES];
    char *label[PHONES];
};

struct manner {
    int speaker;
    double semitones, rate; /* beside the speaker's own */
};

struct teacher {
    dio_arena *sentences_arena;
    const char **texts, **splits, **kinds; /* by number */
    int n_texts;
    uint64_t seed;
    HTS_Engine engine;
    FILE *speech, *pitch, *list;
    int64_t samples, pitches, clipped;
};

/* --- the sentences, for their texts --- */

static bool read_sentences(struct teacher *t, const char *path, dio_error *err)
{
    size_t length;
    char *text = dio_file_read(t->sentences_arena, path, 64 << 20, &length, err);
    if (!text)
        return false;
    int lines = 0;
    for (const char *p = text; *p; p++)
        lines += *p == '\n';
    t->texts = dio_arena_try(t->sentences_arena, (size_t)lines * 3 * sizeof *t->texts + 1);
    if (!t->texts)
        return dio_fail_memory(err, "the sentences");
    t->splits = t->texts + lines;
    t->kinds = t->splits + lines;
    char *rest;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char *field[4] = {line};
        for (int i = 1; i < 4; i++) {
            char *tab = strchr(field[i - 1], '\t');
            if (!tab)
                return dio_fail(err, "%s: line %d has no four fields", path, t->n_texts + 1);
            *tab = 0;
            field[i] = tab + 1;
        }
        if (atoi(field[0]) != t->n_texts)
            return dio_fail(err, "%s: line %d is not number %d", path, t->n_texts + 1, t->n_texts);
        t->splits[t->n_texts] = field[1];
        t->kinds[t->n_texts] = field[2];
        t->texts[t->n_texts++] = field[3];
    }
    return true;
}

/* --- one utterance of labels.scm --- */

static void free_labels(struct utterance *u)
{
    for (int i = 0; i < u->n_phones; i++)
        free(u->label[i]);
    memset(u, 0, sizeof *u);
}

static bool read_word(struct utterance *u, const char *line, dio_error *err)
{
    char mark[64];
    struct word *w = &u->word[u->n_words];
    if (u->n_words == WORDS || sscanf(line, "W %63s %63s %15s", w->text, mark, w->class) != 3)
        return dio_fail(err, "utterance %d: word %d is not understood: %s", u->number, u->n_words,
                        line);
    const char *known = strpbrk(mark, ".,?!;:");
    w->mark = known ? *known : 0;
    w->first = -1;
    u->n_words++;
    return true;
}

static bool read_phone(struct utterance *u, const char *line, dio_error *err)
{
    int i = u->n_phones, word, begin = 0;
    char from[32], to[32];
    if (i == PHONES ||
        sscanf(line, "S %7s %d %d %31s %31s %n", u->phone[i], &u->stress[i], &word, from, to,
               &begin) != 5 ||
        !begin || word >= u->n_words)
        return dio_fail(err, "utterance %d: phone %d is not understood: %s", u->number, i, line);
    u->label[i] = strdup(line + begin);
    if (!u->label[i])
        return dio_fail_memory(err, "a label");
    u->label[i][strcspn(u->label[i], " \r\n")] = 0;
    u->n_phones++;
    if (word < 0)
        return true;
    struct word *w = &u->word[word];
    if (w->first < 0)
        w->first = i;
    w->past = i + 1;
    return true;
}

/* False without a message at the end of the input. */
static bool read_utterance(struct utterance *u, dio_error *err)
{
    char line[LINE];
    free_labels(u);
    while (fgets(line, sizeof line, stdin)) {
        if (!strncmp(line, "U ", 2))
            u->number = atoi(line + 2);
        else if (!strncmp(line, "W ", 2) && !read_word(u, line, err))
            return false;
        else if (!strncmp(line, "S ", 2) && !read_phone(u, line, err))
            return false;
        else if (line[0] == 'E' && u->n_phones)
            return true;
    }
    return false;
}

/* --- speaking --- */

/* A third of the learning is at other rates and pitches, so that both can be asked for. */
static struct manner choose_manner(const struct teacher *t, int number)
{
    struct manner m = {0, 0, 1};
    dio_rng rng = {t->seed, STREAM, (uint64_t)number * 8};
    if (!strcmp(t->splits[number], "test"))
        return m;
    int at = (int)dio_rng_below(&rng, 100);
    for (m.speaker = 0; at >= speakers[m.speaker].share; m.speaker++)
        at -= speakers[m.speaker].share;
    bool varied = dio_rng_below(&rng, 3) == 0;
    double pitch = (double)dio_rng_uniform(&rng), rate = (double)dio_rng_uniform(&rng);
    m.semitones = varied ? 6 * pitch - 3 : 0;
    m.rate = varied ? 0.8 * pow(1.25 / 0.8, rate) : 1;
    return m;
}

static bool speak(struct teacher *t, struct utterance *u, const struct manner *m, dio_error *err)
{
    const struct speaker *s = &speakers[m->speaker];
    HTS_Engine_refresh(&t->engine);
    HTS_Engine_set_alpha(&t->engine, s->alpha);
    HTS_Engine_add_half_tone(&t->engine, s->semitones + m->semitones);
    HTS_Engine_set_speed(&t->engine, s->rate * m->rate);
    if (!HTS_Engine_synthesize_from_strings(&t->engine, u->label, (size_t)u->n_phones))
        return dio_fail(err, "utterance %d: the teacher's engine refused it", u->number);
    return true;
}

/* --- writing --- */

/* The teacher is quiet, and at twice its level some of it would clip. */
static bool write_speech(struct teacher *t, int64_t *count, dio_error *err)
{
    size_t n = HTS_Engine_get_nsamples(&t->engine);
    double *in = malloc((n + 1) * sizeof *in);
    int16_t *out = malloc((n + 1) * sizeof *out);
    bool ok = in && out;
    if (!ok)
        dio_fail_memory(err, "an utterance's samples");
    for (size_t i = 0; ok && i < n; i++)
        in[i] = 1.25 * HTS_Engine_get_generated_speech(&t->engine, i);
    if (ok) {
        *count = (int64_t)narrator_thirds(in, n, out, &t->clipped);
        ok = fwrite(out, sizeof *out, (size_t)*count, t->speech) == (size_t)*count ||
             dio_fail(err, "writing speech.s16: %s", strerror(errno));
    }
    free(in);
    free(out);
    return ok;
}

static bool write_pitch(struct teacher *t, int64_t *count, dio_error *err)
{
    size_t n = HTS_Engine_get_total_frame(&t->engine);
    for (size_t i = 0; i < n; i++) {
        double log = HTS_Engine_get_generated_parameter(&t->engine, 1, i, 0);
        float hz = log > 0 ? (float)exp(log) : 0; /* unvoiced is a huge negative number */
        if (fwrite(&hz, sizeof hz, 1, t->pitch) != 1)
            return dio_fail(err, "writing pitch.f32: %s", strerror(errno));
    }
    *count = (int64_t)n;
    return true;
}

static void write_words(struct teacher *t, const struct utterance *u, dio_arena *a)
{
    fputs(",\"words\":[", t->list);
    for (int i = 0; i < u->n_words; i++) {
        const struct word *w = &u->word[i];
        char mark[2] = {w->mark, 0};
        fprintf(t->list, "%s[%s,\"%s\",\"%s\",%d,%d]", i ? "," : "",
                dio_json_quote(a, w->text, strlen(w->text)), mark, w->class, w->first, w->past);
    }
    fputs("]", t->list);
}

static void write_phones(struct teacher *t, const struct utterance *u)
{
    size_t frames = 0;
    fputs(",\"phones\":\"", t->list);
    for (int i = 0; i < u->n_phones; i++)
        fprintf(t->list, "%s%s", i ? " " : "", u->phone[i]);
    fputs("\",\"stress\":[", t->list);
    for (int i = 0; i < u->n_phones; i++)
        fprintf(t->list, "%s%d", i ? "," : "", u->stress[i]);
    fputs("],\"ends\":[", t->list); /* in samples at 24 kHz, which are 3/4 of the teacher's */
    for (int i = 0; i < u->n_phones; i++) {
        for (size_t s = 0; s < STATES; s++)
            frames += HTS_Engine_get_state_duration(&t->engine, (size_t)i * STATES + s);
        fprintf(t->list, "%s%zu", i ? "," : "", frames * HOP * 3 / 4);
    }
    fputs("]", t->list);
}

static bool write_utterance(struct teacher *t, struct utterance *u, dio_error *err)
{
    if (u->number < 0 || u->number >= t->n_texts)
        return dio_fail(err, "utterance %d is none of the sentences", u->number);
    struct manner m = choose_manner(t, u->number);
    int64_t samples = 0, pitches = 0;
    if (!speak(t, u, &m, err) || !write_speech(t, &samples, err) || !write_pitch(t, &pitches, err))
        return false;
    if (fflush(t->speech) || fflush(t->pitch))
        return dio_fail(err, "writing the corpus: %s", strerror(errno));
    const char *text = t->texts[u->number];
    dio_arena *a = dio_arena_create();
    if (!a)
        return dio_fail_memory(err, "a line of the list");
    fprintf(t->list, "{\"id\":%d,\"split\":\"%s\",\"kind\":\"%s\",\"text\":%s", u->number,
            t->splits[u->number], t->kinds[u->number], dio_json_quote(a, text, strlen(text)));
    fprintf(t->list, ",\"speaker\":\"%s\",\"semitones\":%.4f,\"rate\":%.4f",
            speakers[m.speaker].name, m.semitones, m.rate);
    fprintf(t->list, ",\"begin\":%lld,\"samples\":%lld,\"pitch\":[%lld,%lld]",
            (long long)t->samples, (long long)samples, (long long)t->pitches, (long long)pitches);
    write_phones(t, u);
    write_words(t, u, a);
    fputs("}\n", t->list);
    dio_arena_destroy(a);
    t->samples += samples;
    t->pitches += pitches;
    return !fflush(t->list) || dio_fail(err, "writing utterances.jsonl: %s", strerror(errno));
}

static FILE *create(dio_arena *a, const char *dir, const char *name, dio_error *err)
{
    FILE *f = fopen(dio_path_join(a, dir, name), "wb");
    if (!f)
        dio_fail(err, "%s/%s: %s", dir, name, strerror(errno));
    return f;
}

static bool open_all(struct teacher *t, char **argv, dio_error *err)
{
    t->sentences_arena = dio_arena_create();
    t->seed = strtoull(argv[3], NULL, 10);
    if (!t->sentences_arena)
        return dio_fail_memory(err, "the teacher");
    if (!HTS_Engine_load(&t->engine, &argv[1], 1))
        return dio_fail(err, "%s: not a voice of hts_engine", argv[1]);
    if (HTS_Engine_get_sampling_frequency(&t->engine) != 32000 ||
        HTS_Engine_get_nstate(&t->engine) != STATES || HTS_Engine_get_fperiod(&t->engine) != HOP)
        return dio_fail(err, "%s: not a voice of 32 kHz, %d states and frames of %d samples",
                        argv[1], STATES, HOP);
    return read_sentences(t, argv[2], err) && dio_dir_make(argv[4], err) &&
           (t->speech = create(t->sentences_arena, argv[4], "speech.s16", err)) &&
           (t->pitch = create(t->sentences_arena, argv[4], "pitch.f32", err)) &&
           (t->list = create(t->sentences_arena, argv[4], "utterances.jsonl", err));
}

static bool close_file(FILE *f)
{
    return !f || !fclose(f);
}

int main(int argc, char **argv)
{
    static struct utterance u;
    struct teacher t = {0};
    dio_error err = {0};
    char text[DIO_ERROR_MESSAGE + DIO_ERROR_FILE];
    if (argc != 5) {
        fputs("usage: teacher VOICE.htsvoice SENTENCES.tsv SEED DIR < labels\n", stderr);
        return 2;
    }
    HTS_Engine_initialize(&t.engine);
    bool ok = open_all(&t, argv, &err);
    int count = 0;
    while (ok && read_utterance(&u, &err)) {
        ok = write_utterance(&t, &u, &err);
        count++;
    }
    ok = ok && !err.message[0];
    ok = close_file(t.speech) && close_file(t.pitch) && close_file(t.list) && ok;
    if (ok)
        fprintf(stderr, "teacher: %d utterances, %.2f hours, %lld samples clipped\n", count,
                (double)t.samples / 24000 / 3600, (long long)t.clipped);
    else
        fprintf(stderr, "teacher: %s\n", dio_error_text(&err, text, sizeof text));
    free_labels(&u);
    HTS_Engine_clear(&t.engine);
    dio_arena_destroy(t.sentences_arena);
    return ok ? 0 : 1;
}
