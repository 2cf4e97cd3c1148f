/* captions_read.c: SRT and WebVTT, line by line. */
#include "audio/captions_read.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

struct reader {
    dio_arena *arena;
    const char *name, *at, *end;
    int line; /* of what `at` points to */
    bool vtt;
    dio_cue_file *file;
    int cap;
    dio_error *err;
};

struct line {
    const char *text;
    size_t length;
    int number;
};

static bool fail_at(struct reader *r, int line)
{
    return dio_error_at(r->err, r->name, line, 1);
}

/* Lines end as on any system; false at the end of the file. */
static bool next_line(struct reader *r, struct line *out)
{
    if (r->at >= r->end)
        return false;
    const char *stop = r->at;
    while (stop < r->end && *stop != '\n' && *stop != '\r')
        stop++;
    *out = (struct line){r->at, (size_t)(stop - r->at), r->line++};
    if (stop < r->end && *stop == '\r' && stop + 1 < r->end && stop[1] == '\n')
        stop++;
    r->at = stop < r->end ? stop + 1 : stop;
    return true;
}

static bool is_blank(const struct line *l)
{
    for (size_t i = 0; i < l->length; i++)
        if (l->text[i] != ' ' && l->text[i] != '\t')
            return false;
    return true;
}

static const char *find_arrow(const struct line *l)
{
    for (size_t i = 0; i + 3 <= l->length; i++)
        if (memcmp(l->text + i, "-->", 3) == 0)
            return l->text + i;
    return NULL;
}

/* Whether the line looks like a pair of times, right or wrong: HTML's comments end in an arrow,
 * too. */
static bool is_timing(const struct line *l)
{
    size_t i = 0;
    while (i < l->length && (l->text[i] == ' ' || l->text[i] == '\t' || l->text[i] == '-'))
        i++;
    return i < l->length && isdigit((unsigned char)l->text[i]) && find_arrow(l);
}

/* --- times --- */

/* Digits, at most seven of them; *n how many there were. */
static long digits(const char **at, const char *end, int *n)
{
    long value = 0;
    for (*n = 0; *at < end && isdigit((unsigned char)**at) && *n < 7; (*at)++, (*n)++)
        value = 10 * value + (**at - '0');
    return value;
}

/* [-][hours:]minutes:seconds[,.]fraction; the fraction may be missing. */
static bool read_time(const char **at, const char *end, double *out)
{
    long part[3] = {0}, fraction = 0;
    int n, parts = 0, places = 0;
    bool minus = *at < end && **at == '-';
    *at += minus;
    for (;;) {
        part[parts++] = digits(at, end, &n);
        if (n == 0)
            return false;
        if (*at >= end || **at != ':' || parts == 3)
            break;
        (*at)++;
    }
    if (parts < 2 || part[parts - 1] >= 60 || part[parts - 2] >= (parts == 3 ? 60 : 6000))
        return false;
    if (*at < end && (**at == ',' || **at == '.')) {
        (*at)++;
        fraction = digits(at, end, &places);
        if (places < 1)
            return false;
    }
    double scale = 1;
    while (places-- > 0)
        scale *= 10;
    double whole = 0;
    for (int i = 0; i < parts; i++)
        whole = whole * 60 + (double)part[i];
    *out = (whole + (double)fraction / scale) * (minus ? -1 : 1);
    return true;
}

/* "00:00:01,000 --> 00:00:02,500", and settings that place the cue, which are passed over. */
static bool read_times(struct reader *r, const struct line *l, dio_cue_text *cue)
{
    const char *at = l->text, *end = l->text + l->length, *arrow = find_arrow(l);
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    bool ok = read_time(&at, arrow, &cue->start);
    while (ok && at < arrow && (*at == ' ' || *at == '\t'))
        at++;
    ok = ok && at == arrow;
    at = arrow + 3;
    while (ok && at < end && (*at == ' ' || *at == '\t'))
        at++;
    ok = ok && read_time(&at, end, &cue->end) && (at == end || *at == ' ' || *at == '\t');
    if (ok)
        return true;
    int shown = l->length < 60 ? (int)l->length : 60;
    dio_fail(r->err, "cue %d: \"%.*s\" is no pair of times; write 00:00:01%c000 --> 00:00:02%c500",
             cue->number, shown, l->text, r->vtt ? '.' : ',', r->vtt ? '.' : ',');
    return fail_at(r, l->number);
}

/* --- text --- */

/* What players of subtitles know: SRT's b i u s font, WebVTT's c v lang ruby rt. */
static bool is_subtitle_tag(const char *name, size_t n)
{
    static const char *const known[] = {"b", "i", "u", "s", "font", "c", "v", "lang", "ruby", "rt"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strlen(known[i]) == n && strncmp(known[i], name, n) == 0)
            return true;
    return n > 0 && isdigit((unsigned char)*name); /* a time, for karaoke */
}

/* No tag is longer: what begins one and never ends is text. */
enum { TAG = 1024 };

static size_t length_until(const char *text, size_t n, char end)
{
    const char *close = memchr(text, end, n < TAG ? n : TAG);
    return close ? (size_t)(close - text) + 1 : 0;
}

/* At a '<': the length of the tag that begins there; 0 when it is only a sign. */
static size_t tag_length(const char *text, size_t n)
{
    if (n < 2 || !(isalnum((unsigned char)text[1]) || text[1] == '/' || text[1] == '!'))
        return 0;
    return length_until(text, n, '>');
}

static void take_tag(struct reader *r, dio_cue_text *cue, const char *tag, size_t n)
{
    const char *name = tag + 1, *end = tag + n;
    name += *name == '/';
    const char *stop = name;
    char lower[24];
    size_t k = 0;
    for (; stop < end && isalnum((unsigned char)*stop) && k < sizeof lower - 1; stop++)
        lower[k++] = (char)tolower((unsigned char)*stop);
    if (!is_subtitle_tag(lower, k) && !cue->markup)
        cue->markup = k ? dio_arena_strndup(r->arena, lower, k) : "!";
}

/* At an '&': the letter that an entity stands for; *n its length, 0 when it is none. */
static const char *entity(const char *text, size_t left, size_t *n)
{
    static const struct {
        const char *name, *letter;
    } known[] = {{"&amp;", "&"},   {"&lt;", "<"}, {"&gt;", ">"}, {"&nbsp;", "\xc2\xa0"},
                 {"&quot;", "\""}, {"&lrm;", ""}, {"&rlm;", ""}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        *n = strlen(known[i].name);
        if (*n <= left && memcmp(text, known[i].name, *n) == 0)
            return known[i].letter;
    }
    *n = 0;
    return NULL;
}

/* One line of a cue's text: without tags, {\an8} and control characters, with entities read. */
static void take_text(struct reader *r, dio_cue_text *cue, const struct line *l, dio_str *out)
{
    size_t n;
    for (size_t i = 0; i < l->length; i += n) {
        const char *at = l->text + i;
        size_t left = l->length - i;
        const char *letter;
        n = 1;
        if (*at == '<' && tag_length(at, left)) {
            n = tag_length(at, left);
            take_tag(r, cue, at, n);
        } else if (left > 1 && at[0] == '{' && at[1] == '\\' && length_until(at, left, '}')) {
            n = length_until(at, left, '}');
        } else if (*at == '&' && (letter = entity(at, left, &n))) {
            dio_str_puts(out, letter);
        } else {
            n = 1;
            if ((unsigned char)*at >= ' ' && *at != 127)
                dio_str_putc(out, *at);
            else if (*at == '\t')
                dio_str_putc(out, ' ');
        }
    }
}

static bool read_text(struct reader *r, dio_cue_text *cue)
{
    dio_str text = {0};
    struct line l;
    bool ok = true;
    dio_str_puts(&text, "");
    while (ok && next_line(r, &l) && !is_blank(&l)) {
        if (is_timing(&l)) {
            dio_fail(r->err,
                     "cue %d: a time stands in its text: an empty line before it is missing",
                     cue->number);
            ok = fail_at(r, l.number);
            break;
        }
        if (text.length)
            dio_str_putc(&text, '\n');
        take_text(r, cue, &l, &text);
        if (text.length > DIO_CUE_BYTES) {
            dio_fail(r->err, "cue %d: its text is longer than %d bytes", cue->number,
                     DIO_CUE_BYTES);
            ok = fail_at(r, l.number);
        }
    }
    ok = ok && (!text.failed || dio_fail_memory(r->err, "captions"));
    if (ok)
        cue->text = dio_arena_strndup(r->arena, text.text, text.length);
    dio_str_deinit(&text);
    return ok;
}

/* --- cues --- */

static bool add(struct reader *r, const dio_cue_text *cue)
{
    dio_cue_file *f = r->file;
    if (!dio_arena_grow(r->arena, &f->cues, f->count, &r->cap, sizeof *f->cues))
        return dio_fail_memory(r->err, "captions");
    f->cues[f->count++] = *cue;
    return true;
}

static bool begins(const struct line *l, const char *word)
{
    size_t n = strlen(word);
    return l->length >= n && memcmp(l->text, word, n) == 0 &&
           (l->length == n || l->text[n] == ' ' || l->text[n] == '\t');
}

/* Notes, styles and regions of WebVTT hold nothing that is read aloud. */
static bool is_aside(const struct reader *r, const struct line *l)
{
    return r->vtt && (begins(l, "NOTE") || begins(l, "STYLE") || begins(l, "REGION"));
}

static void skip_block(struct reader *r)
{
    struct line l;
    while (next_line(r, &l) && !is_blank(&l))
        ;
}

/* A block: a number or a name, times, text. */
static bool read_cue(struct reader *r, struct line l)
{
    dio_cue_text cue = {.number = r->file->count + 1};
    if (cue.number > DIO_CUES_MOST) {
        dio_fail(r->err, "there are more than %d cues", DIO_CUES_MOST);
        return fail_at(r, l.number);
    }
    if (!find_arrow(&l)) {
        int first = l.number;
        if (!next_line(r, &l) || !find_arrow(&l)) {
            dio_fail(r->err, "cue %d: its times are missing; write 00:00:01%c000 --> 00:00:02%c500",
                     cue.number, r->vtt ? '.' : ',', r->vtt ? '.' : ',');
            return fail_at(r, first);
        }
    }
    cue.line = l.number;
    return read_times(r, &l, &cue) && read_text(r, &cue) && add(r, &cue);
}

dio_cue_file *dio_captions_read(dio_arena *a, const char *name, const void *bytes, size_t n,
                                dio_error *err)
{
    const char *text = bytes;
    struct reader r = {.arena = a, .name = name, .line = 1, .err = err};
    size_t bad;
    struct line l;
    if (n && !dio_utf8_valid(text, n, &bad)) {
        int line = 1;
        for (size_t i = 0; i < bad; i++)
            line += text[i] == '\n';
        dio_fail(err, "captions are UTF-8, and this is not");
        fail_at(&r, line);
        return NULL;
    }
    r.at = text;
    r.end = text + n;
    if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        r.at += 3;
    r.vtt = r.end - r.at >= 6 && memcmp(r.at, "WEBVTT", 6) == 0;
    r.file = dio_arena_alloc(a, sizeof *r.file);
    *r.file = (dio_cue_file){.format = r.vtt ? "WebVTT" : "SRT"};
    if (r.vtt)
        skip_block(&r);
    while (next_line(&r, &l)) {
        if (is_blank(&l))
            continue;
        if (is_aside(&r, &l))
            skip_block(&r);
        else if (!read_cue(&r, l))
            return NULL;
    }
    if (!r.file->count) {
        dio_fail(err, "there is no cue in it");
        fail_at(&r, 1);
        return NULL;
    }
    if (dio_arena_failed(a)) {
        dio_fail_memory(err, "captions");
        return NULL;
    }
    return r.file;
}

/* --- measures --- */

int dio_cue_lines(const dio_cue_text *cue)
{
    int lines = *cue->text != '\0';
    for (const char *c = cue->text; *c; c++)
        lines += *c == '\n';
    return lines;
}

int dio_cue_chars(const dio_cue_text *cue)
{
    int ends = dio_cue_lines(cue) - 1;
    return (int)dio_utf8_count(cue->text, strlen(cue->text)) - (ends > 0 ? ends : 0);
}

int dio_cue_longest(const dio_cue_text *cue)
{
    int longest = 0;
    for (const char *c = cue->text; *c;) {
        size_t n = strcspn(c, "\n");
        int chars = (int)dio_utf8_count(c, n);
        longest = chars > longest ? chars : longest;
        c += n + (c[n] == '\n');
    }
    return longest;
}
