/* explain.c: an utterance as lines for people: what was written, said, and spoken. */
#include <stdio.h>
#include <string.h>

#include "audio/phones/utterance.h"
#include "base/str.h"

static const char *const breaks[] = {"", "minor", "major", "sentence", "paragraph"};

static void put_phones(const dio_utterance *u, const dio_word *w, dio_str *out)
{
    for (int i = 0; i < w->syllables; i++) {
        const dio_syllable *s = &u->syllables[w->first_syllable + i];
        for (int k = 0; k < s->count; k++) {
            int phone = u->phones[s->first + k];
            bool vowel = dio_phone_kind_of(phone) == DIO_PHONE_VOWEL;
            dio_str_puts(out, k ? " " : i ? " . " : "");
            dio_str_printf(out, vowel ? "%s%d" : "%s", dio_phone_name(phone),
                           u->stress[s->first + k]);
        }
    }
}

static void put_prosody(const dio_word *w, dio_str *out)
{
    static const char *const emphases[] = {"", " reduced", " emphasis", " strong emphasis"};
    const dio_prosody *p = &w->prosody;
    if (p->rate != 1.0f)
        dio_str_printf(out, " rate %.2f", (double)p->rate);
    if (p->pitch_st != 0.0f)
        dio_str_printf(out, " pitch %+.1f st", (double)p->pitch_st);
    if (p->volume_db != 0.0f)
        dio_str_printf(out, " volume %+.1f dB", (double)p->volume_db);
    dio_str_puts(out, emphases[p->emphasis]);
}

/* "written" (rule) -> spoken  phones [who knew] */
static void put_word(const dio_utterance *u, int i, const char *input, dio_str *out)
{
    const dio_word *w = &u->words[i];
    bool first = i == 0 || u->words[i - 1].piece != w->piece;
    char written[64] = "";
    size_t n = w->end - w->begin;
    if (first && n < 40) {
        memcpy(written, input + w->begin, n);
        written[n] = '\0';
    } else if (first) {
        snprintf(written, sizeof written, "%.36s...", input + w->begin);
    }
    dio_str_show(written);
    dio_str_printf(out, "  %-20s %-10s %-16s ", written, first ? w->rule : "", w->spoken);
    put_phones(u, w, out);
    dio_str_printf(out, "  [%s]", dio_word_source_name(w->from));
    put_prosody(w, out);
    dio_str_putc(out, '\n');
    if (w->after || w->pause_asked)
        dio_str_printf(out, "  %-20.1s %s%spause %d ms%s\n", w->mark ? (char[]){w->mark, 0} : "",
                       breaks[w->after], w->after ? ", " : "", w->pause_ms,
                       w->pause_asked ? ", asked for" : "");
}

char *dio_utterance_explain(dio_arena *a, const dio_utterance *u, const char *input)
{
    dio_str out = {0};
    dio_str_printf(&out, "%d sentences, %d words, %d phones\n", u->sentence_count, u->word_count,
                   u->phone_count);
    if (u->lead_ms)
        dio_str_printf(&out, "  pause %d ms, asked for\n", u->lead_ms);
    for (int i = 0; i < u->sentence_count; i++) {
        dio_str_printf(&out, "sentence %d\n", i + 1);
        for (int k = 0; k < u->sentences[i].count; k++)
            put_word(u, u->sentences[i].first + k, input, &out);
    }
    for (int i = 0; i < u->mark_count; i++)
        dio_str_printf(&out, "mark \"%s\" before word %d\n", u->marks[i].name,
                       u->marks[i].word + 1);
    char *text = out.failed ? NULL : dio_arena_strndup(a, out.text, out.length);
    dio_str_deinit(&out);
    return text;
}
