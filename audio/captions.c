/* captions.c: where cues and lines are cut, and the three ways to write them.
 *
 * Cutting is a shortest path: cost[i] is the least cost of captions for the words before i. What a
 * cue costs says how unpleasant it is to read, in the order of the constants below. */
#include "audio/captions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

enum { CUE_WORDS = 64 };

static const double over_sentence = 1000; /* a cue that goes on behind a full stop */
static const double each_cue = 10;
static const double mid_phrase = 6; /* ends after a word without punctuation */
static const double unbalanced = 4; /* times the square of the shorter line's missing share */
static const double lonely = 8;     /* one word that its sentence does not end with itself */

struct cutting {
    const dio_times *t;
    const dio_caption_rules *rules;
    int *width; /* of each word, in code points */
};

dio_caption_rules dio_caption_rules_default(void)
{
    return (dio_caption_rules){.chars = 42, .lines = 2, .least = 5.0 / 6, .linger = 0.3};
}

static bool ends_phrase(const char *word)
{
    size_t n = strlen(word);
    return n && strchr(",;:.!?", word[n - 1]) != NULL;
}

static int width_of(const struct cutting *c, int first, int count)
{
    int sum = count - 1;
    for (int i = first; i < first + count; i++)
        sum += c->width[i];
    return sum;
}

/* How many of the words go on the first line when `lines` are left: as even as can be, rather
 * longer below. 0: they do not fit. *off is the cost of it. */
static int break_line(const struct cutting *c, int first, int count, int lines, double *off)
{
    int all = width_of(c, first, count), best = 0;
    *off = 0;
    if (all <= c->rules->chars && (lines == 1 || all <= c->rules->chars * 2 / 3))
        return count;
    double least = all <= c->rules->chars ? unbalanced / 2 : 1e9; /* one full line is fair, too */
    best = all <= c->rules->chars ? count : 0;
    for (int n = 1; n < count && lines > 1; n++) {
        double rest, gap, own = width_of(c, first, n);
        if (own > c->rules->chars || !break_line(c, first + n, count - n, lines - 1, &rest))
            continue;
        gap = fabs((double)all - 2 * own) / all;
        double cost =
            rest + unbalanced * gap * gap - (ends_phrase(c->t->words[first + n - 1].text) ? 1 : 0);
        if (cost < least) {
            least = cost;
            best = n;
        }
    }
    *off = least;
    return best;
}

/* A word that is wider than a line has a cue to itself: cutting words is for typesetters. */
static bool fits(const struct cutting *c, int first, int count, double *off)
{
    if (count == 1 && c->width[first] > c->rules->chars) {
        *off = 0;
        return true;
    }
    return break_line(c, first, count, c->rules->lines, off) > 0;
}

static double cost_of(const struct cutting *c, int first, int count, double off)
{
    const dio_timed_word *w = c->t->words;
    int last = first + count - 1;
    bool over = w[first].sentence != w[last].sentence;
    bool ends = last + 1 == c->t->n_words || w[last + 1].sentence != w[last].sentence;
    bool whole = ends && (!first || w[first - 1].sentence != w[first].sentence);
    return each_cue + off + (over ? over_sentence : 0) +
           (!ends && !ends_phrase(w[last].text) ? mid_phrase : 0) +
           (count == 1 && !whole ? lonely : 0);
}

static const char *text_of(dio_arena *a, const struct cutting *c, int first, int count)
{
    dio_str s = {0};
    int lines = c->rules->lines;
    for (int left = count; left > 0;) {
        double off;
        int n = break_line(c, first, left, lines--, &off);
        n = n ? n : left;
        for (int i = 0; i < n; i++)
            dio_str_printf(&s, "%s%s", i ? " " : "", c->t->words[first + i].text);
        first += n;
        left -= n;
        if (left)
            dio_str_putc(&s, '\n');
    }
    const char *text = s.failed ? "" : dio_arena_strdup(a, s.text);
    dio_str_deinit(&s);
    return text;
}

/* Cues stay a while after their last word, and long enough to be read, but never into the next. */
static void set_times(const struct cutting *c, dio_captions *out)
{
    const dio_times *t = c->t;
    for (int i = 0; i < out->count; i++) {
        dio_cue *cue = &out->cues[i];
        double last = (double)t->words[cue->first + cue->count - 1].end / t->rate;
        double most = i + 1 < out->count ? (double)t->words[cue[1].first].start / t->rate
                                         : (double)t->length / t->rate;
        cue->start = (double)t->words[cue->first].start / t->rate;
        cue->end = fmin(fmax(last + c->rules->linger, cue->start + c->rules->least), most);
        cue->end = fmax(cue->end, last);
    }
}

static bool check(const dio_times *t, const dio_caption_rules *r, dio_error *err)
{
    if (r->chars < 8 || r->chars > 80)
        return dio_fail(err, "captions of %d characters a line: there are 8 to 80", r->chars);
    if (r->lines < 1 || r->lines > 3)
        return dio_fail(err, "captions of %d lines: there are 1 to 3", r->lines);
    for (int i = 0; i < t->n_words; i++)
        if (!t->words[i].text[0] || strpbrk(t->words[i].text, "\r\n"))
            return dio_fail(err, "word %d of the captions is empty or has a line's end in it",
                            i + 1);
    return true;
}

/* from[i]: where the last cue of the best captions for the words before i begins. */
static void find_path(const struct cutting *c, double *cost, int *from)
{
    for (int i = 1; i <= c->t->n_words; i++) {
        cost[i] = INFINITY;
        for (int n = 1; n <= i && n <= CUE_WORDS; n++) {
            double off;
            if (!fits(c, i - n, n, &off))
                break;
            double all = cost[i - n] + cost_of(c, i - n, n, off);
            if (all < cost[i]) {
                cost[i] = all;
                from[i] = i - n;
            }
        }
    }
}

dio_captions *dio_captions_cut(dio_arena *a, const dio_times *times, const dio_caption_rules *rules,
                               dio_error *err)
{
    size_t n = (size_t)times->n_words + 1;
    struct cutting c = {times, rules, dio_arena_try(a, n * sizeof(int))};
    double *cost = dio_arena_try(a, n * sizeof *cost);
    int *from = dio_arena_try(a, n * sizeof *from);
    dio_captions *out = dio_arena_alloc(a, sizeof *out);
    out->times = times;
    out->cues = dio_arena_try(a, n * sizeof *out->cues);
    if (!c.width || !cost || !from || !out->cues) {
        dio_fail_memory(err, "captions");
        return NULL;
    }
    if (!check(times, rules, err))
        return NULL;
    for (int i = 0; i < times->n_words; i++)
        c.width[i] = (int)dio_utf8_count(times->words[i].text, strlen(times->words[i].text));
    find_path(&c, cost, from);
    for (int i = times->n_words; i > 0; i = from[i])
        out->count++;
    for (int i = times->n_words, k = out->count; i > 0; i = from[i]) {
        dio_cue *cue = &out->cues[--k];
        cue->first = from[i];
        cue->count = i - from[i];
        cue->text = text_of(a, &c, cue->first, cue->count);
    }
    set_times(&c, out);
    if (!dio_arena_failed(a))
        return out;
    dio_fail_memory(err, "captions");
    return NULL;
}

/* --- files --- */

static char *finish(dio_arena *a, dio_str *s)
{
    char *text = s->failed ? NULL : dio_arena_try(a, s->length + 1);
    if (text)
        memcpy(text, s->text ? s->text : "", s->length + 1);
    dio_str_deinit(s);
    return text;
}

static void put_clock(dio_str *s, double seconds, char mark)
{
    long long ms = llrint(seconds * 1000);
    dio_str_printf(s, "%02lld:%02lld:%02lld%c%03lld", ms / 3600000, ms / 60000 % 60, ms / 1000 % 60,
                   mark, ms % 1000);
}

char *dio_captions_srt(dio_arena *a, const dio_captions *c)
{
    dio_str s = {0};
    dio_str_puts(&s, "");
    for (int i = 0; i < c->count; i++) {
        dio_str_printf(&s, "%d\r\n", i + 1);
        put_clock(&s, c->cues[i].start, ',');
        dio_str_puts(&s, " --> ");
        put_clock(&s, c->cues[i].end, ',');
        dio_str_puts(&s, "\r\n");
        for (const char *p = c->cues[i].text; *p; p++)
            dio_str_put(&s, *p == '\n' ? "\r\n" : p, *p == '\n' ? 2 : 1);
        dio_str_puts(&s, "\r\n\r\n");
    }
    return finish(a, &s);
}

char *dio_captions_vtt(dio_arena *a, const dio_captions *c)
{
    dio_str s = {0};
    dio_str_puts(&s, "WEBVTT\n");
    for (int i = 0; i < c->count; i++) {
        dio_str_puts(&s, "\n");
        put_clock(&s, c->cues[i].start, '.');
        dio_str_puts(&s, " --> ");
        put_clock(&s, c->cues[i].end, '.');
        dio_str_puts(&s, "\n");
        for (const char *p = c->cues[i].text; *p; p++) {
            if (*p == '&' || *p == '<' || *p == '>')
                dio_str_puts(&s, *p == '&' ? "&amp;" : *p == '<' ? "&lt;" : "&gt;");
            else
                dio_str_putc(&s, *p);
        }
        dio_str_puts(&s, "\n");
    }
    return finish(a, &s);
}

static void put_centiseconds(dio_str *s, double seconds)
{
    long long cs = llrint(seconds * 100);
    dio_str_printf(s, "%lld:%02lld:%02lld.%02lld", cs / 360000, cs / 6000 % 60, cs / 100 % 60,
                   cs % 100);
}

/* \k is how long a syllable lasts; a word lasts until the next one begins, so that nothing drifts.
 * Braces would open an override and a backslash a break: neither is speech. */
static void put_karaoke(dio_str *s, const dio_captions *c, const dio_cue *cue)
{
    const dio_timed_word *w = c->times->words + cue->first;
    const char *text = cue->text;
    long long begin = llrint(cue->start * 100);
    for (int i = 0; i < cue->count; i++) {
        double next = i + 1 < cue->count ? (double)w[i + 1].start / c->times->rate : cue->end;
        long long end = llrint(next * 100);
        dio_str_printf(s, "{\\k%lld}", end - begin);
        begin = end;
        for (size_t n = strlen(w[i].text); n > 0; n--, text++)
            dio_str_putc(s, *text == '{' ? '(' : *text == '}' ? ')' : *text == '\\' ? '/' : *text);
        if (*text)
            dio_str_puts(s, *text == '\n' ? "\\N" : " ");
        text += *text != '\0';
    }
}

char *dio_captions_ass(dio_arena *a, const dio_captions *c, int width, int height)
{
    dio_str s = {0};
    int size = (width < height ? width : height) / 18, margin = height / 12;
    dio_str_printf(&s,
                   "[Script Info]\nScriptType: v4.00+\nWrapStyle: 2\nScaledBorderAndShadow: yes\n"
                   "PlayResX: %d\nPlayResY: %d\n\n[V4+ Styles]\n"
                   "Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, "
                   "OutlineColour, BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, "
                   "Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, "
                   "MarginV, Encoding\n"
                   "Style: Default,Inter,%d,&H00FFFFFF,&H00B0B0B0,&H00000000,&H80000000,-1,0,0,0,"
                   "100,100,0,0,1,2,0,2,%d,%d,%d,1\n\n[Events]\n"
                   "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, "
                   "Text\n",
                   width, height, size, width / 12, width / 12, margin);
    for (int i = 0; i < c->count; i++) {
        dio_str_puts(&s, "Dialogue: 0,");
        put_centiseconds(&s, c->cues[i].start);
        dio_str_putc(&s, ',');
        put_centiseconds(&s, c->cues[i].end);
        dio_str_puts(&s, ",Default,,0,0,0,,");
        put_karaoke(&s, c, &c->cues[i]);
        dio_str_putc(&s, '\n');
    }
    return finish(a, &s);
}
