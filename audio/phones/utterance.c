/* utterance.c: from what is said to words with syllables and phones, in their sentences. */
#include "audio/phones/utterance.h"

#include <string.h>

#include "audio/phones/ssml.h"

struct builder {
    dio_arena *arena;
    const dio_utterance_options *options;
    const dio_normalise_input *in;
    dio_utterance *u;
    dio_word *words;
    dio_syllable *syllables;
    uint8_t *phones, *stress;
    dio_sentence *sentences;
    int word_cap, syllable_cap, phone_cap, stress_cap, sentence_cap;
    dio_error *err;
};

int dio_break_ms(dio_break after)
{
    static const int ms[] = {0, 200, 300, 450, 700};
    return ms[after];
}

static const char *known(const void *user, const char *word)
{
    const dio_utterance_options *o = user;
    const char *phones = o->user ? dio_speech_lexicon_find(o->user, word) : NULL;
    return phones || !o->project ? phones : dio_speech_lexicon_find(o->project, word);
}

static bool no_memory(struct builder *b)
{
    return dio_fail_memory(b->err, "an utterance");
}

/* All words of a piece as one text: for a piece whose phones are given. */
static const char *joined(struct builder *b, const dio_said *said)
{
    const char *all = said->count ? said->words[0] : said->phones;
    for (int i = 1; i < said->count; i++)
        all = dio_arena_printf(b->arena, "%s %s", all, said->words[i]);
    return all;
}

static bool add_word(struct builder *b, const dio_said *said, int piece, const char *spoken)
{
    int count = b->u->word_count;
    if (!spoken || !dio_arena_grow(b->arena, &b->words, count, &b->word_cap, sizeof *b->words))
        return no_memory(b);
    b->words[b->u->word_count++] = (dio_word){.begin = said->begin,
                                              .end = said->end,
                                              .piece = piece,
                                              .spoken = spoken,
                                              .rule = said->rule,
                                              .prosody = {.rate = 1}};
    return true;
}

/* Words without their phones; the last of a piece has its break. */
static bool add_words(struct builder *b, const dio_spoken *spoken)
{
    for (int i = 0; i < spoken->count; i++) {
        const dio_said *said = &spoken->items[i];
        int before = b->u->word_count;
        if (said->phones && !add_word(b, said, i, joined(b, said)))
            return false;
        for (int k = 0; k < said->count && !said->phones; k++) {
            bool pause = *said->words[k] == ',', any = b->u->word_count > before;
            if (pause && any) {
                b->words[b->u->word_count - 1].after = DIO_BREAK_MINOR;
                b->words[b->u->word_count - 1].mark = ',';
            } else if (!pause && !add_word(b, said, i, said->words[k])) {
                return false;
            }
        }
        if (b->u->word_count == before)
            continue;
        dio_word *last = &b->words[b->u->word_count - 1];
        last->after = said->after;
        last->mark = said->mark;
    }
    return true;
}

/* The neighbours that a word is read with: those of its sentence, up to a pause. */
static const char *neighbour(const struct builder *b, int i, int step)
{
    int other = i + step;
    if (other < 0 || other >= b->u->word_count)
        return NULL;
    return b->words[step < 0 ? other : i].after ? NULL : b->words[other].spoken;
}

static bool pronounce(struct builder *b, int i, const dio_said *said, dio_pronunciation *p)
{
    dio_word *w = &b->words[i];
    if (!said->phones) {
        dio_word_place place = {neighbour(b, i, -1), w->spoken, neighbour(b, i, 1)};
        w->from = dio_pronounce(&place, p);
        return true;
    }
    const dio_utterance_options *o = b->options;
    bool entry = strcmp(said->rule, "entry") == 0;
    bool user = entry && o->user && dio_speech_lexicon_find(o->user, w->spoken);
    w->from = user ? DIO_FROM_USER : entry ? DIO_FROM_PROJECT : DIO_FROM_TEXT;
    return dio_phones_read(said->phones, strlen(said->phones), p, b->err) ||
           dio_source_place(b->in, w->begin, b->err);
}

static bool add_phones(struct builder *b, dio_word *w, const dio_pronunciation *p)
{
    uint8_t starts[DIO_WORD_PHONES + 1];
    int syllables = dio_syllables(p, starts);
    w->first_phone = b->u->phone_count;
    w->phones = p->count;
    w->first_syllable = b->u->syllable_count;
    w->syllables = syllables;
    for (int i = 0; i < p->count; i++) {
        int n = b->u->phone_count;
        if (!dio_arena_grow(b->arena, &b->phones, n, &b->phone_cap, 1) ||
            !dio_arena_grow(b->arena, &b->stress, n, &b->stress_cap, 1))
            return no_memory(b);
        b->phones[n] = p->phones[i];
        b->stress[n] = p->stress[i];
        b->u->phone_count++;
    }
    for (int i = 0; i < syllables; i++) {
        int end = i + 1 < syllables ? starts[i + 1] : p->count, stress = 0;
        if (!dio_arena_grow(b->arena, &b->syllables, b->u->syllable_count, &b->syllable_cap,
                            sizeof *b->syllables))
            return no_memory(b);
        for (int k = starts[i]; k < end; k++)
            stress = stress || p->stress[k];
        b->syllables[b->u->syllable_count++] =
            (dio_syllable){w->first_phone + starts[i], end - starts[i], stress};
    }
    return true;
}

/* Words get their phones; those that have none (no letters) leave, and their break moves on to the
 * word before. */
static bool speak_words(struct builder *b, const dio_spoken *spoken)
{
    int kept = 0, count = b->u->word_count;
    for (int i = 0; i < count; i++) {
        dio_pronunciation p;
        dio_word w;
        if (!pronounce(b, i, &spoken->items[b->words[i].piece], &p))
            return false;
        w = b->words[i];
        if (p.count) {
            if (!add_phones(b, &w, &p))
                return false;
            b->words[kept++] = w;
        } else if (kept && w.after > b->words[kept - 1].after) {
            b->words[kept - 1].after = w.after;
            b->words[kept - 1].mark = w.mark;
        }
    }
    b->u->word_count = kept;
    return true;
}

static void set_pauses(struct builder *b)
{
    for (int i = 0; i < b->u->word_count; i++) {
        dio_break after = b->words[i].after;
        int ms = b->options->break_ms[after];
        b->words[i].pause_ms = ms > 0 ? ms : dio_break_ms(after);
    }
}

/* The word after which a byte of the source lies; -1: before the first. */
static int word_before(const struct builder *b, size_t at)
{
    int low = 0, high = b->u->word_count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (b->words[middle].begin < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low - 1;
}

static void apply_gaps(struct builder *b, const struct ssml *ssml)
{
    for (int i = 0; i < ssml->gap_count; i++) { /* breaks first: they set the pauses */
        int word = word_before(b, ssml->gaps[i].at);
        if (word >= 0 && ssml->gaps[i].least > b->words[word].after)
            b->words[word].after = ssml->gaps[i].least;
    }
    set_pauses(b);
    for (int i = 0; i < ssml->gap_count; i++) {
        const struct ssml_gap *g = &ssml->gaps[i];
        int word = word_before(b, g->at);
        if (g->ms < 0)
            continue;
        int *ms = word < 0 ? &b->u->lead_ms : &b->words[word].pause_ms;
        bool again = word < 0 || b->words[word].pause_asked; /* several add up */
        *ms = again ? *ms + g->ms : g->ms;
        if (*ms > DIO_PAUSE_MOST_MS)
            *ms = DIO_PAUSE_MOST_MS;
        if (word >= 0)
            b->words[word].pause_asked = true;
    }
}

static bool apply_ssml(struct builder *b, const struct ssml *ssml)
{
    int style = 0;
    apply_gaps(b, ssml);
    for (int i = 0; i < b->u->word_count; i++) {
        while (style + 1 < ssml->style_count && ssml->styles[style + 1].at <= b->words[i].begin)
            style++;
        b->words[i].prosody = ssml->styles[style].prosody;
    }
    if (!ssml->mark_count)
        return true;
    dio_place_mark *marks = dio_arena_try(b->arena, (size_t)ssml->mark_count * sizeof *marks);
    if (!marks)
        return no_memory(b);
    for (int i = 0; i < ssml->mark_count; i++)
        marks[i] = (dio_place_mark){ssml->marks[i].name, word_before(b, ssml->marks[i].at) + 1};
    b->u->marks = marks;
    b->u->mark_count = ssml->mark_count;
    return true;
}

static bool add_sentences(struct builder *b)
{
    int first = 0, count = b->u->word_count;
    for (int i = 0; i < count; i++) {
        const dio_word *w = &b->words[i];
        if (w->after < DIO_BREAK_SENTENCE && i + 1 < count)
            continue;
        if (!dio_arena_grow(b->arena, &b->sentences, b->u->sentence_count, &b->sentence_cap,
                            sizeof *b->sentences))
            return no_memory(b);
        bool ends = w->mark && strchr(".?!", w->mark);
        b->sentences[b->u->sentence_count++] = (dio_sentence){.begin = b->words[first].begin,
                                                              .end = w->end,
                                                              .first = first,
                                                              .count = i + 1 - first,
                                                              .mark = ends ? w->mark : '\0'};
        first = i + 1;
    }
    return true;
}

dio_utterance *dio_utterance_read(dio_arena *a, const char *input, size_t length,
                                  const dio_utterance_options *options, dio_error *err)
{
    static const dio_utterance_options none = {0};
    const dio_utterance_options *o = options ? options : &none;
    const char *label = o->label ? o->label : o->ssml ? "ssml" : "text";
    dio_normalise_input in = {.text = input,
                              .length = length,
                              .label = label,
                              .known = o->user || o->project ? known : NULL,
                              .user = o};
    struct builder b = {.arena = a, .options = o, .in = &in, .err = err};
    struct ssml ssml = {0};
    dio_spoken spoken;
    b.u = dio_arena_alloc(a, sizeof *b.u);
    if (o->ssml) {
        if (!dio_ssml_read(a, label, input, length, &ssml, err))
            return NULL;
        in.text = ssml.text;
        in.length = ssml.length;
        in.source = ssml.source;
        in.origin = input;
        in.origin_length = length;
        in.forced = ssml.forced;
        in.forced_count = ssml.forced_count;
    }
    if (!dio_normalise(a, &in, &spoken, err) || !add_words(&b, &spoken) ||
        !speak_words(&b, &spoken))
        return NULL;
    set_pauses(&b);
    if ((o->ssml && !apply_ssml(&b, &ssml)) || !add_sentences(&b) ||
        (dio_arena_failed(a) && !no_memory(&b)))
        return NULL;
    b.u->words = b.words;
    b.u->syllables = b.syllables;
    b.u->phones = b.phones;
    b.u->stress = b.stress;
    b.u->sentences = b.sentences;
    return b.u;
}
