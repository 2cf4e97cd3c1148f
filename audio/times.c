/* times.c: times as JSON and back, and what the mouth does meanwhile. */
#include "audio/times.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A day of speech has fewer. */
enum { MOST = 1 << 20 };

/* --- written --- */

static dio_value *span(dio_arena *a, const dio_times *t, int64_t start, int64_t end)
{
    dio_value *v = dio_value_map(a);
    dio_map_set(a, v, "start", dio_value_real(a, (double)start / t->rate));
    dio_map_set(a, v, "end", dio_value_real(a, (double)end / t->rate));
    return v;
}

dio_value *dio_times_value(dio_arena *a, const dio_times *t)
{
    dio_value *phones = dio_value_list(a), *words = dio_value_list(a);
    dio_value *sentences = dio_value_list(a), *all = dio_value_map(a);
    for (int i = 0; i < t->n_phones; i++) {
        const dio_timed_phone *p = &t->phones[i];
        dio_value *v = span(a, t, p->start, p->end);
        dio_map_set(a, v, "phone", dio_value_string(a, p->name));
        if (p->word >= 0)
            dio_map_set(a, v, "word", dio_value_int(a, p->word));
        dio_list_add(a, phones, v);
    }
    for (int i = 0; i < t->n_words; i++) {
        const dio_timed_word *w = &t->words[i];
        dio_value *v = span(a, t, w->start, w->end);
        dio_map_set(a, v, "text", dio_value_string(a, w->text));
        dio_map_set(a, v, "sentence", dio_value_int(a, w->sentence));
        dio_list_add(a, words, v);
    }
    for (int i = 0; i < t->n_sentences; i++) {
        const dio_timed_sentence *s = &t->sentences[i];
        dio_value *v = span(a, t, s->start, s->end);
        dio_map_set(a, v, "first", dio_value_int(a, s->first));
        dio_map_set(a, v, "count", dio_value_int(a, s->count));
        dio_list_add(a, sentences, v);
    }
    dio_map_set(a, all, "rate", dio_value_int(a, t->rate));
    dio_map_set(a, all, "seconds", dio_value_real(a, (double)t->length / t->rate));
    dio_map_set(a, all, "phones", phones);
    dio_map_set(a, all, "words", words);
    dio_map_set(a, all, "sentences", sentences);
    return all;
}

/* --- read --- */

struct reading {
    dio_arena *a;
    dio_times *t;
    dio_error *err;
};

static bool real_of(const dio_value *v, const char *key, double *out, dio_error *err)
{
    const dio_value *at = dio_map_get(v, key);
    if (!at || (at->kind != DIO_INT && at->kind != DIO_REAL))
        return dio_value_fail(at ? at : v, err, "\"%s\" is a number of seconds", key);
    *out = at->kind == DIO_INT ? (double)at->integer : at->real;
    return true;
}

static bool int_of(const dio_value *v, const char *key, int64_t lo, int64_t hi, int *out,
                   dio_error *err)
{
    const dio_value *at = dio_map_get(v, key);
    if (!at || at->kind != DIO_INT || at->integer < lo || at->integer > hi)
        return dio_value_fail(at ? at : v, err, "\"%s\" is a whole number of %lld to %lld", key,
                              (long long)lo, (long long)hi);
    *out = (int)at->integer;
    return true;
}

static bool text_of(const dio_value *v, const char *key, const char **out, dio_error *err)
{
    const dio_value *at = dio_map_get(v, key);
    if (!at || at->kind != DIO_STRING)
        return dio_value_fail(at ? at : v, err, "\"%s\" is a text", key);
    *out = at->string.text;
    return true;
}

/* Within the clip, and not before what came last. */
static bool span_of(const struct reading *r, const dio_value *v, int64_t last, int64_t *start,
                    int64_t *end)
{
    double from, to;
    if (!real_of(v, "start", &from, r->err) || !real_of(v, "end", &to, r->err))
        return false;
    double most = (double)r->t->length / r->t->rate;
    if (!(from >= 0 && to >= from && to <= most + 1e-6))
        return dio_value_fail(v, r->err, "%g to %g seconds do not lie within 0 to %g", from, to,
                              most);
    *start = llrint(from * r->t->rate);
    *end = llrint(to * r->t->rate);
    if (*end > r->t->length)
        *end = r->t->length;
    return *start >= last || dio_value_fail(v, r->err, "begins before the one before it has ended");
}

/* The list under `key`, room for its items of `size` bytes in *out. */
static const dio_value *list_of(const struct reading *r, const dio_value *v, const char *key,
                                size_t size, void *out, int *count)
{
    const dio_value *list = dio_map_get(v, key);
    if (!list || list->kind != DIO_LIST || list->list.count > MOST) {
        dio_value_fail(list ? list : v, r->err, "\"%s\" is a list of at most %d", key, MOST);
        return NULL;
    }
    void *items = dio_arena_try(r->a, (size_t)(list->list.count + 1) * size);
    if (!items) {
        dio_fail_memory(r->err, "times");
        return NULL;
    }
    memcpy(out, &items, sizeof items);
    *count = list->list.count;
    return list;
}

static bool read_words(const struct reading *r, const dio_value *v)
{
    dio_times *t = r->t;
    const dio_value *list = list_of(r, v, "words", sizeof *t->words, &t->words, &t->n_words);
    for (int i = 0; list && i < t->n_words; i++) {
        const dio_value *item = list->list.items[i];
        dio_timed_word *w = &t->words[i];
        if (!span_of(r, item, i ? w[-1].end : 0, &w->start, &w->end) ||
            !text_of(item, "text", &w->text, r->err) ||
            !int_of(item, "sentence", 0, MOST, &w->sentence, r->err))
            return false;
    }
    return list != NULL;
}

static bool read_phones(const struct reading *r, const dio_value *v)
{
    dio_times *t = r->t;
    const dio_value *list = list_of(r, v, "phones", sizeof *t->phones, &t->phones, &t->n_phones);
    for (int i = 0; list && i < t->n_phones; i++) {
        const dio_value *item = list->list.items[i];
        dio_timed_phone *p = &t->phones[i];
        p->word = -1;
        if (!span_of(r, item, i ? p[-1].end : 0, &p->start, &p->end) ||
            !text_of(item, "phone", &p->name, r->err) ||
            (dio_map_get(item, "word") &&
             !int_of(item, "word", 0, t->n_words - 1, &p->word, r->err)))
            return false;
    }
    return list != NULL;
}

static bool read_sentences(const struct reading *r, const dio_value *v)
{
    dio_times *t = r->t;
    const dio_value *list =
        list_of(r, v, "sentences", sizeof *t->sentences, &t->sentences, &t->n_sentences);
    int next = 0;
    for (int i = 0; list && i < t->n_sentences; i++) {
        const dio_value *item = list->list.items[i];
        dio_timed_sentence *s = &t->sentences[i];
        if (!span_of(r, item, i ? s[-1].end : 0, &s->start, &s->end) ||
            !int_of(item, "first", next, next, &s->first, r->err) ||
            !int_of(item, "count", 0, t->n_words - next, &s->count, r->err))
            return false;
        next += s->count;
        for (int k = s->first; k < next; k++)
            if (t->words[k].sentence != i)
                return dio_value_fail(item, r->err, "word %d says that it is in sentence %d", k,
                                      t->words[k].sentence);
    }
    if (list && next != t->n_words)
        return dio_value_fail(list, r->err, "%d of %d words are in a sentence", next, t->n_words);
    return list != NULL;
}

dio_times *dio_times_read(dio_arena *a, const dio_value *v, dio_error *err)
{
    struct reading r = {a, dio_arena_alloc(a, sizeof *r.t), err};
    double seconds;
    if (v->kind != DIO_MAP) {
        dio_value_fail(v, err, "times are a map with rate, seconds, phones, words, sentences");
        return NULL;
    }
    if (!int_of(v, "rate", 1000, 384000, &r.t->rate, err) || !real_of(v, "seconds", &seconds, err))
        return NULL;
    if (!(seconds >= 0 && seconds <= 86400)) {
        dio_value_fail(v, err, "\"seconds\" is 0 to 86400, not %g", seconds);
        return NULL;
    }
    r.t->length = llrint(seconds * r.t->rate);
    bool ok = read_words(&r, v) && read_phones(&r, v) && read_sentences(&r, v);
    return ok ? r.t : NULL;
}

void dio_times_shift(dio_times *t, double seconds)
{
    int64_t by = llrint(seconds * t->rate);
    for (int i = 0; i < t->n_phones; i++) {
        t->phones[i].start += by;
        t->phones[i].end += by;
    }
    for (int i = 0; i < t->n_words; i++) {
        t->words[i].start += by;
        t->words[i].end += by;
    }
    for (int i = 0; i < t->n_sentences; i++) {
        t->sentences[i].start += by;
        t->sentences[i].end += by;
    }
    t->length += by;
}

/* --- mouths --- */

static const struct {
    const char *viseme, *phones; /* ARPAbet, a blank around each */
} mouths[] = {
    {"sil", " pau h# brth "}, {"PP", " p b m "},       {"FF", " f v "},
    {"TH", " th dh "},        {"DD", " t d dx "},      {"kk", " k g ng hh hv "},
    {"CH", " ch jh sh zh "},  {"SS", " s z "},         {"nn", " n l en el nx "},
    {"RR", " r er axr "},     {"aa", " aa ah ax ay "}, {"E", " eh ae ey "},
    {"ih", " ih iy ix y "},   {"oh", " ao ow oy "},    {"ou", " uh uw ux w aw "},
};

static const char *viseme_of(const char *phone)
{
    char want[16] = " ";
    size_t n = 1;
    for (; phone[n - 1] && !isdigit((unsigned char)phone[n - 1]) && n < sizeof want - 2; n++)
        want[n] = (char)tolower((unsigned char)phone[n - 1]);
    want[n] = ' ';
    for (size_t i = 0; i < sizeof mouths / sizeof *mouths; i++)
        if (strstr(mouths[i].phones, want))
            return mouths[i].viseme;
    return NULL;
}

dio_value *dio_times_visemes(dio_arena *a, const dio_times *t, dio_error *err)
{
    dio_value *list = dio_value_list(a), *all = dio_value_map(a);
    for (int i = 0; i < t->n_phones;) {
        const char *viseme = viseme_of(t->phones[i].name);
        int first = i;
        if (!viseme) {
            dio_fail(err, "no mouth shape is known for the phone \"%s\"", t->phones[i].name);
            return NULL;
        }
        for (i++; i < t->n_phones && t->phones[i].start == t->phones[i - 1].end; i++)
            if (viseme_of(t->phones[i].name) != viseme)
                break;
        dio_value *v = span(a, t, t->phones[first].start, t->phones[i - 1].end);
        dio_map_set(a, v, "viseme", dio_value_string(a, viseme));
        dio_list_add(a, list, v);
    }
    dio_map_set(a, all, "visemes", list);
    return all;
}
