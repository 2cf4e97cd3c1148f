/* house.c: the house narrator as a speaker: an utterance becomes requests of one sentence each.
 *
 *     utterance -> lines (a pause, words, pauses where it breathes) -> durations -> rate -> sound
 *
 * Lines are what the narrator learned from: sentences. One that is longer than it takes is parted
 * between words, where a breath is heard. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/narrator.h"
#include "audio/narrator_places.h"
#include "audio/speaker.h"
#include "audio/speech_fit.h"
#include "audio/speech_words.h"
#include "base/file.h"

enum {
    LINE_PHONES = 600, /* after which a line ends with its next word: some 50 seconds */
    ROOM = LINE_PHONES + 2 * DIO_WORD_PHONES,
};

static const double paragraph = 0.6; /* seconds of pause between paragraphs */

/* Words that lean on others: how the teacher's labels sort them. */
static const char functions[] =
    " of for in on that with by at from as if against about before because under after over into "
    "while without through new between among until per up down to the a an no some this each "
    "another those every all any these both neither many will may would can could should must "
    "ought might and but or plus yet nor who what where how when her his their its our mine is am "
    "are was were has have had be ";

struct house {
    dio_narrator *narrator;
    int phone[DIO_PHONES]; /* the narrator's number of each */
};

struct line {
    dio_narrator_phone phone[ROOM];
    dio_narrator_manner manner[ROOM];
    int word[ROOM]; /* timed word; -1: a pause */
    int count;
};

struct saying {
    const struct house *h;
    dio_device *device;
    const dio_speech_request *r;
    const dio_utterance *u;
    dio_times *times;
    int *timed; /* of each word of u */
    struct line **line;
    int lines, speaker;
    float *seconds; /* [ROOM] */
};

/* --- opening --- */

static bool opens(const char *path)
{
    dio_arena *a = dio_arena_create();
    bool yes = a && dio_file_exists(dio_path_join(a, path, "acoustic/config.json")) &&
               dio_file_exists(dio_path_join(a, path, "vocoder/config.json"));
    dio_arena_destroy(a);
    return yes;
}

static void close_house(void *self)
{
    struct house *h = self;
    if (h)
        dio_narrator_close(h->narrator);
    free(h);
}

static void *open_house(const char *path, dio_error *err)
{
    struct house *h = calloc(1, sizeof *h);
    if (!h) {
        dio_fail_memory(err, "a voice");
        return NULL;
    }
    h->narrator = dio_narrator_open(path, DIO_F32, err);
    for (int i = 0; h->narrator && i < DIO_PHONES; i++) {
        h->phone[i] = dio_narrator_find(h->narrator, dio_phone_name(i));
        if (h->phone[i] < 0) {
            dio_fail(err, "%s: the narrator does not know the phone \"%s\"", path,
                     dio_phone_name(i));
            close_house(h);
            return NULL;
        }
    }
    if (h->narrator)
        return h;
    free(h);
    return NULL;
}

static const char *voice(const void *self, int i)
{
    return dio_narrator_speaker_name(((const struct house *)self)->narrator, i);
}

static bool find_speaker(struct saying *s, dio_error *err)
{
    const char *names[64];
    int n = 0;
    if (!s->r->speaker || !*s->r->speaker)
        return true;
    s->speaker = dio_narrator_speaker(s->h->narrator, s->r->speaker);
    if (s->speaker >= 0)
        return true;
    while (n < 64 && (names[n] = voice(s->h, n)))
        n++;
    const char *near = dio_nearest(s->r->speaker, names, n);
    return dio_fail(err, "speaker: the narrator has no voice \"%.80s\"%s%s%s", s->r->speaker,
                    near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

/* --- lines --- */

static dio_narrator_manner manner_of(const dio_prosody *p)
{
    static const struct {
        float rate, semitones, db;
    } emphasis[] = {
        [DIO_EMPHASIS_NONE] = {1, 0, 0},
        [DIO_EMPHASIS_REDUCED] = {1.1f, -0.5f, -3},
        [DIO_EMPHASIS_MODERATE] = {0.93f, 1, 1.5f},
        [DIO_EMPHASIS_STRONG] = {0.86f, 2, 3},
    };
    return (dio_narrator_manner){.rate = p->rate * emphasis[p->emphasis].rate,
                                 .semitones = p->pitch_st + emphasis[p->emphasis].semitones,
                                 .db = p->volume_db + emphasis[p->emphasis].db};
}

static void put(struct line *l, int phone, int stress, int mark, int word,
                const dio_narrator_manner *manner)
{
    int i = l->count++;
    l->phone[i] = (dio_narrator_phone){(uint8_t)phone, (uint8_t)stress, (uint8_t)mark};
    l->manner[i] = *manner;
    l->word[i] = word;
}

static void put_pause(const struct saying *s, struct line *l, int mark, double seconds)
{
    const dio_narrator_manner m = {.rate = 1, .seconds = (float)seconds};
    put(l, s->h->phone[DIO_PHONE_pau], 0, mark, -1, &m);
}

static bool is_function(const char *spoken)
{
    char want[24];
    size_t n = strlen(spoken);
    if (n + 3 > sizeof want)
        return false;
    want[0] = ' ';
    memcpy(want + 1, spoken, n);
    memcpy(want + 1 + n, " ", 2);
    return strstr(functions, want) != NULL;
}

static void put_word(const struct saying *s, struct line *l, int i)
{
    const dio_word *w = &s->u->words[i];
    dio_narrator_manner m = manner_of(&w->prosody);
    int leans = is_function(w->spoken) ? DIO_MARK_FUNCTION : 0;
    for (int k = 0; k < w->phones; k++) {
        int p = s->u->phones[w->first_phone + k];
        bool vowel = dio_phone_kind_of(p) == DIO_PHONE_VOWEL;
        int stress = vowel ? 1 + (s->u->stress[w->first_phone + k] > 0) : 0;
        int mark = (k ? 0 : DIO_MARK_FIRST) | (k + 1 < w->phones ? 0 : DIO_MARK_LAST) | leans;
        put(l, s->h->phone[p], stress, mark, s->timed[i], &m);
    }
}

static struct line *next_line(struct saying *s, dio_arena *a, double lead, dio_error *err)
{
    struct line *l = dio_arena_try(a, sizeof *l);
    if (!l) {
        dio_fail_memory(err, "a text to be spoken");
        return NULL;
    }
    s->line[s->lines++] = l;
    put_pause(s, l, DIO_MARK_BEGIN, lead);
    return l;
}

static bool make_lines(struct saying *s, dio_arena *a, dio_error *err)
{
    const dio_utterance *u = s->u;
    size_t most = (size_t)u->sentence_count + (size_t)u->phone_count / LINE_PHONES + 1;
    s->line = dio_arena_try(a, most * sizeof(struct line *));
    s->seconds = dio_arena_try(a, ROOM * sizeof *s->seconds);
    if (!s->line || !s->seconds)
        return dio_fail_memory(err, "a text to be spoken");
    double lead = u->lead_ms / 1000.0;
    for (int k = 0; k < u->sentence_count; k++) {
        const dio_sentence *from = &u->sentences[k];
        struct line *l = NULL;
        for (int i = from->first; i < from->first + from->count; i++) {
            const dio_word *w = &u->words[i];
            bool last = i + 1 == from->first + from->count;
            if (!l && !(l = next_line(s, a, lead, err)))
                return false;
            lead = 0;
            put_word(s, l, i);
            bool full = l->count >= LINE_PHONES;
            if (!last && !full && w->after == DIO_BREAK_NONE && !w->pause_asked)
                continue;
            int mark = dio_narrator_pause(w->mark);
            double seconds = w->pause_asked                    ? w->pause_ms / 1000.0
                             : w->after == DIO_BREAK_PARAGRAPH ? paragraph
                                                               : 0;
            put_pause(s, l, last && mark == DIO_MARK_PAUSE ? DIO_MARK_PERIOD : mark, seconds);
            l = full ? NULL : l;
        }
    }
    return true;
}

/* --- speaking --- */

static dio_narrator_request request_of(const struct saying *s, int i, double rate)
{
    return (dio_narrator_request){.phones = s->line[i]->phone,
                                  .manners = s->line[i]->manner,
                                  .count = s->line[i]->count,
                                  .speaker = s->speaker,
                                  .rate = (float)rate,
                                  .semitones = (float)s->r->semitones,
                                  .db = (float)s->r->db,
                                  .seed = s->r->seed + (uint64_t)i};
}

static bool seconds_at(void *user, double rate, double *seconds, dio_error *err)
{
    struct saying *s = user;
    *seconds = 0;
    for (int i = 0; i < s->lines; i++) {
        dio_narrator_request r = request_of(s, i, rate);
        if (!dio_narrator_durations(s->h->narrator, s->device, &r, s->seconds, err))
            return false;
        for (int k = 0; k < r.count; k++)
            *seconds += (double)s->seconds[k];
    }
    return true;
}

static void take_times(struct saying *s, const struct line *l, const dio_narration *said,
                       int64_t begin)
{
    for (int i = 0; i < l->count; i++) {
        int64_t start = begin + (i ? said->ends[i - 1] : 0);
        s->times->phones[s->times->n_phones++] =
            (dio_timed_phone){.name = dio_narrator_phone_name(s->h->narrator, l->phone[i].phone),
                              .start = start,
                              .end = begin + said->ends[i],
                              .word = l->word[i]};
    }
}

/* Puts `next` behind *all. */
static bool join(dio_clip **all, dio_clip *next, dio_error *err)
{
    int64_t length = *all ? (*all)->length : 0;
    dio_clip *clip = *all ? dio_clip_cut(*all, 0, length + next->length, err) : dio_clip_ref(next);
    if (!clip)
        return false;
    if (*all)
        memcpy(dio_clip_channel(clip, 0) + length, dio_clip_channel(next, 0),
               (size_t)next->length * sizeof(float));
    dio_clip_unref(*all);
    *all = clip;
    return true;
}

static bool speak(struct saying *s, dio_speech *out, dio_error *err)
{
    for (int i = 0; i < s->lines; i++) {
        dio_narrator_request r = request_of(s, i, out->rate);
        dio_narration said;
        if (s->r->progress && !s->r->progress(s->r->user, (double)i / s->lines, err))
            return false;
        if (!dio_narrator_speak(s->h->narrator, s->device, &r, &said, err))
            return false;
        take_times(s, s->line[i], &said, out->clip ? out->clip->length : 0);
        bool ok = join(&out->clip, said.clip, err);
        dio_narration_deinit(&said);
        if (!ok)
            return false;
    }
    return true;
}

static bool prepare(struct saying *s, dio_arena *a, dio_error *err)
{
    const dio_speech_request *r = s->r;
    s->u = dio_utterance_read(a, r->text, r->length, &r->how, err);
    if (!s->u)
        return false;
    if (!s->u->phone_count)
        return dio_fail(err, "the text says nothing: there is no word in it");
    s->timed = dio_arena_try(a, (size_t)s->u->word_count * sizeof *s->timed);
    if (!s->timed)
        return dio_fail_memory(err, "a text to be spoken");
    s->times = dio_speech_words(a, s->u, r->text, r->length, r->how.ssml, s->timed, err);
    if (!s->times || !find_speaker(s, err) || !make_lines(s, a, err))
        return false;
    int phones = 0;
    for (int i = 0; i < s->lines; i++)
        phones += s->line[i]->count;
    s->times->phones = dio_arena_try(a, (size_t)phones * sizeof *s->times->phones);
    return s->times->phones != NULL || dio_fail_memory(err, "a text to be spoken");
}

static bool say(void *self, dio_device *device, const dio_speech_request *r, dio_arena *a,
                dio_speech *out, dio_error *err)
{
    struct saying s = {.h = self, .device = device, .r = r};
    bool ok = prepare(&s, a, err) && dio_speech_fit(r, 4, seconds_at, &s, &out->rate, err) &&
              speak(&s, out, err);
    if (ok) {
        s.times->rate = out->clip->rate;
        s.times->length = out->clip->length;
        dio_speech_set_spans(s.times);
        out->times = s.times;
        ok = dio_speech_settle(r, out, err);
    }
    if (!ok) {
        dio_clip_unref(out->clip);
        out->clip = NULL;
    }
    return ok;
}

const dio_speaker_kind dio_speaker_house = {
    .name = "house",
    .looks = "a narrator's folder with acoustic/ and vocoder/",
    .opens = opens,
    .open = open_house,
    .close = close_house,
    .voice = voice,
    .say = say,
};
