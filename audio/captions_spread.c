/* captions_spread.c: time by length of word. */
#include "audio/captions_spread.h"

#include <math.h>
#include <string.h>

#include "base/str.h"

/* A word's share of time: its letters and the space behind it. */
static int weight_of(const char *word)
{
    return (int)dio_utf8_count(word, strlen(word)) + 1;
}

static bool ends_sentence(const char *word)
{
    static const char *const ends[] = {".", "!",   "?",   "…",   "。", "！", "？", "؟",
                                       "।", ".\"", "!\"", "?\"", ".”", "!”", "?”"};
    size_t n = strlen(word);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t k = strlen(ends[i]);
        if (n >= k && strcmp(word + n - k, ends[i]) == 0)
            return true;
    }
    return false;
}

/* Words and where sentences end; times stay zero. */
static bool split(dio_arena *a, const char *text, dio_times *t, dio_error *err)
{
    int word_cap = 0, sentence_cap = 0;
    bool open = false; /* a sentence */
    for (const char *at = text; *at;) {
        size_t gap = strspn(at, " \t\r\n");
        bool line_ends = memchr(at, '\n', gap) != NULL;
        at += gap;
        open = open && !line_ends;
        size_t n = strcspn(at, " \t\r\n");
        if (!n)
            break;
        if (t->n_words == DIO_SPREAD_WORDS)
            return dio_fail(err, "the text has more than %d words", DIO_SPREAD_WORDS);
        if (!dio_arena_grow(a, &t->words, t->n_words, &word_cap, sizeof *t->words) ||
            !dio_arena_grow(a, &t->sentences, t->n_sentences, &sentence_cap, sizeof *t->sentences))
            return dio_fail_memory(err, "captions");
        if (!open)
            t->sentences[t->n_sentences++] = (dio_timed_sentence){.first = t->n_words};
        t->words[t->n_words] =
            (dio_timed_word){.text = dio_arena_strndup(a, at, n), .sentence = t->n_sentences - 1};
        t->sentences[t->n_sentences - 1].count++;
        open = !ends_sentence(t->words[t->n_words++].text);
        at += n;
    }
    return t->n_words > 0 || dio_fail(err, "the text has no words");
}

/* Words first to first + count - 1 share samples start to end by their weights. */
static void lay(dio_times *t, int first, int count, int64_t start, int64_t end)
{
    double all = 0, before = 0;
    for (int i = first; i < first + count; i++)
        all += weight_of(t->words[i].text);
    for (int i = first; i < first + count; i++) {
        double own = weight_of(t->words[i].text);
        t->words[i].start = start + llrint((double)(end - start) * before / all);
        before += own;
        t->words[i].end = start + llrint((double)(end - start) * before / all);
    }
}

static void close_sentences(dio_times *t)
{
    for (int i = 0; i < t->n_sentences; i++) {
        dio_timed_sentence *s = &t->sentences[i];
        s->start = t->words[s->first].start;
        s->end = t->words[s->first + s->count - 1].end;
    }
}

static dio_times *begin(dio_arena *a, const char *text, int rate, int64_t length, dio_error *err)
{
    dio_times *t = dio_arena_alloc(a, sizeof *t);
    *t = (dio_times){.rate = rate, .length = length};
    return split(a, text, t, err) ? t : NULL;
}

dio_times *dio_times_spread(dio_arena *a, const char *text, const dio_times *spoken, dio_error *err)
{
    dio_times *t = begin(a, text, spoken->rate, spoken->length, err);
    if (!t)
        return NULL;
    if (!spoken->n_sentences) {
        dio_fail(err, "nothing is spoken that the text could follow");
        return NULL;
    }
    const dio_timed_sentence *of = spoken->sentences;
    if (t->n_sentences == spoken->n_sentences) {
        for (int i = 0; i < t->n_sentences; i++)
            lay(t, t->sentences[i].first, t->sentences[i].count, of[i].start, of[i].end);
    } else {
        lay(t, 0, t->n_words, of[0].start, of[spoken->n_sentences - 1].end);
    }
    close_sentences(t);
    return t;
}

dio_times *dio_times_spread_over(dio_arena *a, const char *text, double start, double seconds,
                                 dio_error *err)
{
    enum { RATE = 48000 };
    int64_t first = llrint(start * RATE), end = llrint((start + seconds) * RATE);
    dio_times *t = begin(a, text, RATE, end, err);
    if (!t)
        return NULL;
    lay(t, 0, t->n_words, first, end);
    close_sentences(t);
    return t;
}
