/* narrate.c: sentences of words -> requests to the narrator -> one clip with times.
 *
 * A sentence is an utterance of its own, as the narrator learned them: it begins with a pause and
 * ends with one. A sentence too long for that is cut at a word. Where two meet, the pause that the
 * text has there is divided between them. */
#include "audio/narrate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/narrator_net.h"
#include "audio/speech_words.h"

enum {
    CUT = 1000, /* phones after which a sentence is cut */
    LEAD_MS = 100,
    TAIL_MS = 150, /* after all has been said */
    BEGIN_MS = 60, /* of a pause, what belongs to the sentence that follows */
    LEAST_MS = 20,
};

/* Words that the teacher speaks lightly: Festival's classes of function words (gpos). */
static const char *const light[] = {
    /* in order */
    "a",       "about",   "after",  "against", "all",   "am",    "among",   "an",     "and",
    "another", "any",     "are",    "as",      "at",    "be",    "because", "before", "between",
    "both",    "but",     "by",     "can",     "could", "down",  "each",    "every",  "for",
    "from",    "had",     "has",    "have",    "her",   "his",   "how",     "if",     "in",
    "into",    "is",      "its",    "many",    "may",   "might", "mine",    "must",   "neither",
    "new",     "no",      "nor",    "of",      "on",    "or",    "ought",   "our",    "over",
    "per",     "plus",    "should", "some",    "that",  "the",   "their",   "these",  "this",
    "those",   "through", "to",     "under",   "until", "up",    "was",     "were",   "what",
    "when",    "where",   "while",  "who",     "will",  "with",  "without", "would",  "yet",
};

/* One request to the narrator. */
struct part {
    dio_narrator_phone *phones;
    dio_narrator_manner *manners;
    int *word; /* of each phone; -1: a pause */
    int count;
    int sentence;
};

struct text {
    dio_arena *a;
    const dio_utterance *u;
    const dio_narrator *n;
    struct part *parts;
    int count, cap;
    dio_error *err;
};

/* --- phones and pauses --- */

static int by_text(const void *key, const void *item)
{
    return strcmp(key, *(const char *const *)item);
}

static bool is_light(const char *word)
{
    return bsearch(word, light, sizeof light / sizeof *light, sizeof *light, by_text) != NULL;
}

static uint8_t mark_of(const dio_word *w)
{
    switch (w->mark) {
    case ',':
        return DIO_MARK_COMMA;
    case ':':
    case ';':
        return DIO_MARK_COLON;
    case '.':
        return DIO_MARK_PERIOD;
    case '?':
        return DIO_MARK_QUESTION;
    case '!':
        return DIO_MARK_EXCLAMATION;
    default:
        return w->after >= DIO_BREAK_SENTENCE ? DIO_MARK_PERIOD : DIO_MARK_PAUSE;
    }
}

static dio_narrator_manner manner_of(const dio_prosody *p)
{
    static const float rate[] = {1, 1.08f, 0.95f, 0.88f}, pitch[] = {0, -0.5f, 0.8f, 1.6f},
                       volume[] = {0, -2, 1, 2.5f};
    return (dio_narrator_manner){.rate = p->rate * rate[p->emphasis],
                                 .semitones = fminf(p->pitch_st + pitch[p->emphasis], 24),
                                 .db = fminf(p->volume_db + volume[p->emphasis], 20)};
}

static void put_pause(struct part *p, uint8_t mark, int ms)
{
    int i = p->count++;
    p->phones[i] = (dio_narrator_phone){0, 0, mark};
    p->manners[i] = (dio_narrator_manner){.seconds = (float)ms / 1000};
    p->word[i] = -1;
}

static bool put_word(struct text *t, struct part *p, int word)
{
    const dio_word *w = &t->u->words[word];
    const bool function = is_light(w->spoken);
    for (int k = 0; k < w->phones; k++) {
        int from = t->u->phones[w->first_phone + k], i = p->count++;
        int phone = dio_narrator_find(t->n, dio_phone_name(from));
        if (phone < 0)
            return dio_fail(t->err, "the phone %s of \"%s\": this narrator does not have it",
                            dio_phone_name(from), w->spoken);
        bool vowel = dio_phone_kind_of(from) == DIO_PHONE_VOWEL;
        p->phones[i] = (dio_narrator_phone){
            .phone = (uint8_t)phone,
            .stress = vowel ? (uint8_t)(1 + (t->u->stress[w->first_phone + k] > 0)) : 0,
            .mark =
                (uint8_t)((k == 0 ? DIO_MARK_FIRST : 0) | (k + 1 == w->phones ? DIO_MARK_LAST : 0) |
                          (function ? DIO_MARK_FUNCTION : 0)),
        };
        p->manners[i] = manner_of(&w->prosody);
        p->word[i] = word;
    }
    return true;
}

/* Milliseconds before the part that begins with this word, and after the one that ends with it. */
static int before(const dio_utterance *u, int word)
{
    if (word > 0)
        return BEGIN_MS;
    return u->lead_ms > 0 ? u->lead_ms : LEAD_MS;
}

static int after(const dio_utterance *u, int word)
{
    const dio_word *w = &u->words[word];
    if (word + 1 == u->word_count && !w->pause_asked)
        return TAIL_MS;
    return w->pause_ms - BEGIN_MS > LEAST_MS ? w->pause_ms - BEGIN_MS : LEAST_MS;
}

/* Words first..past-1 of one sentence. */
static bool put_part(struct text *t, int sentence, int first, int past)
{
    int room = 2;
    for (int i = first; i < past; i++)
        room += t->u->words[i].phones + 1;
    if (!dio_arena_grow(t->a, &t->parts, t->count, &t->cap, sizeof *t->parts))
        return dio_fail_memory(t->err, "a text's parts");
    struct part *p = &t->parts[t->count++];
    *p = (struct part){.sentence = sentence};
    p->phones = dio_arena_try(t->a, (size_t)room * sizeof *p->phones);
    p->manners = dio_arena_try(t->a, (size_t)room * sizeof *p->manners);
    p->word = dio_arena_try(t->a, (size_t)room * sizeof *p->word);
    if (!p->phones || !p->manners || !p->word)
        return dio_fail_memory(t->err, "a text's parts");
    put_pause(p, DIO_MARK_BEGIN, before(t->u, first));
    for (int i = first; i < past; i++) {
        const dio_word *w = &t->u->words[i];
        if (!put_word(t, p, i))
            return false;
        if (i + 1 == past)
            put_pause(p,
                      past == t->u->sentences[sentence].first + t->u->sentences[sentence].count
                          ? mark_of(w)
                          : DIO_MARK_COMMA,
                      after(t->u, i));
        else if (w->after >= DIO_BREAK_MINOR || w->pause_asked)
            put_pause(p, mark_of(w), w->pause_asked ? w->pause_ms : 0);
    }
    return true;
}

static bool put_sentence(struct text *t, int sentence)
{
    const dio_sentence *s = &t->u->sentences[sentence];
    int first = s->first, past = s->first + s->count, phones = 0;
    for (int i = first; i < past; i++) {
        phones += t->u->words[i].phones + 1;
        if (phones < CUT && i + 1 < past)
            continue;
        if (!put_part(t, sentence, first, i + 1))
            return false;
        first = i + 1;
        phones = 0;
    }
    return true;
}

static bool put_text(struct text *t, dio_narrator_session *session, const dio_utterance *u,
                     dio_error *err)
{
    *t = (struct text){.a = dio_arena_create(), .u = u, .n = dio_narrator_of(session), .err = err};
    if (!t->a)
        return dio_fail_memory(err, "a text");
    for (int i = 0; i < u->sentence_count; i++)
        if (!put_sentence(t, i))
            return false;
    return true;
}

static dio_narrator_request request_of(const struct part *p, const dio_narrate_options *o)
{
    return (dio_narrator_request){.phones = p->phones,
                                  .manners = p->manners,
                                  .count = p->count,
                                  .speaker = o->speaker,
                                  .rate = o->rate,
                                  .semitones = o->semitones,
                                  .db = o->db,
                                  .seed = o->seed,
                                  .samples = o->samples,
                                  .user = o->user};
}

/* --- fitting --- */

/* Seconds that a rate changes, at rate 1, and seconds that it does not. */
static bool lengths(struct text *t, dio_narrator_session *session, const dio_narrate_options *o,
                    double *free, double *given)
{
    *free = *given = 0;
    for (int i = 0; i < t->count; i++) {
        dio_narrator_request r = request_of(&t->parts[i], o);
        float *seconds = dio_arena_try(t->a, (size_t)r.count * sizeof *seconds);
        if (!seconds)
            return dio_fail_memory(t->err, "a text's lengths");
        r.rate = 1;
        if (!dio_narrator_durations(session, &r, seconds, t->err))
            return false;
        for (int k = 0; k < r.count; k++)
            *(r.manners[k].seconds > 0 ? given : free) += (double)seconds[k];
    }
    return true;
}

bool dio_narrate_fit(dio_narrator_session *s, const dio_utterance *u,
                     const dio_narrate_options *options, double seconds, float lo, float hi,
                     float *rate, double *length, dio_error *err)
{
    struct text t;
    double free, given;
    bool ok = put_text(&t, s, u, err) && lengths(&t, s, options, &free, &given);
    if (ok) {
        double x = seconds > given ? free / (seconds - given) : (double)hi;
        *rate = x < (double)lo ? lo : x > (double)hi ? hi : (float)x;
        if (length)
            *length = given + free / (double)*rate;
    }
    dio_arena_destroy(t.a);
    return ok;
}

/* --- times --- */

struct making {
    dio_times *times;
    dio_arena *a;
    const dio_utterance *u;
    const dio_narrator *n;
    const char *input;
    int *timed; /* of each word, the one that it is part of as written */
};

static bool make_room(struct making *m, const struct text *t, const dio_narrate_options *o)
{
    size_t phones = 1;
    for (int i = 0; i < t->count; i++)
        phones += (size_t)t->parts[i].count;
    m->timed = dio_arena_try(m->a, ((size_t)m->u->word_count + 1) * sizeof *m->timed);
    dio_timed_phone *room = dio_arena_try(m->a, phones * sizeof *room);
    if (!m->timed || !room)
        return dio_fail_memory(t->err, "a text's times");
    const dio_times *words =
        dio_speech_words(m->a, m->u, m->input, strlen(m->input), o->ssml, m->timed, t->err);
    if (!words)
        return false;
    *m->times = *words;
    m->times->rate = DIO_NARRATOR_RATE;
    m->times->phones = room;
    return true;
}

static void time_part(struct making *m, const struct part *p, const int64_t *ends, int64_t at)
{
    dio_times *t = m->times;
    for (int i = 0; i < p->count; i++) {
        int64_t start = at + (i ? ends[i - 1] : 0), end = at + ends[i];
        const char *name = dio_narrator_phone_name(m->n, p->phones[i].phone);
        t->phones[t->n_phones++] =
            (dio_timed_phone){name, start, end, p->word[i] < 0 ? -1 : m->timed[p->word[i]]};
    }
    t->length = at + ends[p->count - 1];
}

/* --- speaking --- */

static bool speak_parts(struct text *t, struct making *m, dio_narrator_session *session,
                        const dio_narrate_options *o, dio_narration *said)
{
    int64_t at = 0;
    for (int i = 0; i < t->count; i++) {
        dio_narrator_request r = request_of(&t->parts[i], o);
        r.seed += (uint64_t)i << 32; /* each part breathes by itself */
        if (!dio_narrator_speak(session, &r, &said[i], t->err))
            return false;
        time_part(m, &t->parts[i], said[i].ends, at);
        at += said[i].clip->length;
    }
    dio_speech_set_spans(m->times);
    return true;
}

static dio_clip *join(const dio_narration *said, int count, int64_t silence, dio_error *err)
{
    int64_t length = silence, at = 0;
    for (int i = 0; i < count; i++)
        length += said[i].clip->length;
    dio_clip *out = dio_clip_create(DIO_NARRATOR_RATE, 1, length, err);
    for (int i = 0; out && i < count; i++) {
        memcpy(dio_clip_channel(out, 0) + at, dio_clip_channel(said[i].clip, 0),
               (size_t)said[i].clip->length * sizeof(float));
        at += said[i].clip->length;
    }
    return out;
}

bool dio_narrate(dio_narrator_session *s, const dio_utterance *u, const char *input,
                 const dio_narrate_options *options, dio_arena *a, dio_clip **out, dio_times *times,
                 dio_error *err)
{
    struct text t;
    *times = (dio_times){0};
    struct making m = {.times = times, .a = a, .u = u, .n = dio_narrator_of(s), .input = input};
    bool ok = put_text(&t, s, u, err) && make_room(&m, &t, options);
    dio_narration *said = ok ? calloc((size_t)t.count + 1, sizeof *said) : NULL;
    if (ok && !said)
        ok = dio_fail_memory(err, "a text's parts");
    ok = ok && speak_parts(&t, &m, s, options, said);
    if (ok) {
        int64_t silence = t.count ? 0 : (int64_t)u->lead_ms * DIO_NARRATOR_RATE / 1000;
        *out = join(said, t.count, silence, err);
        times->length += silence;
        ok = *out != NULL;
    }
    for (int i = 0; said && i < t.count; i++)
        dio_narration_deinit(&said[i]);
    free(said);
    dio_arena_destroy(t.a);
    return ok;
}
