/* speech_words.c: spoken words find the blanks around them. */
#include "audio/speech_words.h"

#include <string.h>

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The bytes between blanks around a word; markup has other neighbours than readers see. */
static void widen(const char *input, size_t length, size_t *begin, size_t *end)
{
    while (*begin > 0 && !blank(input[*begin - 1]))
        --*begin;
    while (*end < length && !blank(input[*end]))
        ++*end;
}

static const struct {
    const char *entity;
    char means;
} entities[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};

/* A piece of SSML as it is read: without entities, with the mark that followed it. */
static const char *plain(dio_arena *a, const char *text, size_t n, char mark)
{
    char *out = dio_arena_alloc(a, n + 2), *p = out;
    for (size_t i = 0; i < n;) {
        size_t k = 0, len = 0;
        for (; text[i] == '&' && k < sizeof entities / sizeof *entities; k++) {
            len = strlen(entities[k].entity);
            if (len <= n - i && strncmp(text + i, entities[k].entity, len) == 0)
                break;
            len = 0;
        }
        *p++ = len ? entities[k].means : text[i];
        i += len ? len : 1;
    }
    if (mark && (p == out || p[-1] != mark))
        *p++ = mark;
    *p = '\0';
    return out;
}

/* Blanks inside a piece ("10 a.m.") are blanks in a caption, but never a line's end. */
static const char *one_line(dio_arena *a, const char *text, size_t n)
{
    char *out = dio_arena_strndup(a, text, n);
    for (char *p = out; p && *p; p++)
        if (blank(*p))
            *p = ' ';
    return out ? out : "";
}

enum { WORD_BYTES = 4096 }; /* what is longer than this between blanks is shown cut */

dio_times *dio_speech_words(dio_arena *a, const dio_utterance *u, const char *input, size_t length,
                            bool ssml, int *out, dio_error *err)
{
    dio_times *t = dio_arena_alloc(a, sizeof *t);
    t->words = dio_arena_try(a, ((size_t)u->word_count + 1) * sizeof *t->words);
    t->sentences = dio_arena_try(a, ((size_t)u->sentence_count + 1) * sizeof *t->sentences);
    if (!t->words || !t->sentences) {
        dio_fail_memory(err, "a text's times");
        return NULL;
    }
    size_t last = 0;
    for (int s = 0; s < u->sentence_count; s++) {
        const dio_sentence *from = &u->sentences[s];
        t->sentences[s] = (dio_timed_sentence){.first = t->n_words};
        for (int i = from->first; i < from->first + from->count; i++) {
            const dio_word *w = &u->words[i];
            size_t begin = w->begin, end = w->end;
            if (!ssml)
                widen(input, length, &begin, &end);
            bool same = i > from->first && (begin < last || u->words[i - 1].piece == w->piece);
            last = end > last ? end : last;
            out[i] = same ? t->n_words - 1 : t->n_words;
            if (same)
                continue;
            size_t n = end - begin < WORD_BYTES ? end - begin : WORD_BYTES;
            t->words[t->n_words++] = (dio_timed_word){
                .text = ssml ? plain(a, input + begin, n, w->mark) : one_line(a, input + begin, n),
                .sentence = s};
        }
        t->sentences[s].count = t->n_words - t->sentences[s].first;
    }
    t->n_sentences = u->sentence_count;
    return t;
}

void dio_speech_set_spans(dio_times *t)
{
    for (int i = 0; i < t->n_words; i++)
        t->words[i].start = t->words[i].end = -1;
    for (int i = 0; i < t->n_phones; i++) {
        const dio_timed_phone *p = &t->phones[i];
        if (p->word < 0)
            continue;
        dio_timed_word *w = &t->words[p->word];
        w->start = w->start < 0 ? p->start : w->start;
        w->end = p->end;
    }
    int64_t at = 0;
    for (int i = 0; i < t->n_words; i++) { /* a word of which nothing is said lasts no time */
        dio_timed_word *w = &t->words[i];
        w->start = w->start < 0 ? at : w->start;
        w->end = w->end < w->start ? w->start : w->end;
        at = w->end;
    }
    for (int i = 0; i < t->n_sentences; i++) {
        dio_timed_sentence *s = &t->sentences[i];
        s->start = s->count ? t->words[s->first].start : 0;
        s->end = s->count ? t->words[s->first + s->count - 1].end : 0;
    }
}
