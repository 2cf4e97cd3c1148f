/* ssml.c: the elements, what each may hold and what it means. */
#include "audio/phones/ssml.h"

#include <stdio.h>
#include <string.h>

#include "audio/phones/ssml_prosody.h"
#include "base/value.h"

struct level { /* an element that is open */
    const struct element *element;
    dio_prosody prosody; /* outside of it */
    int forced;          /* index of its piece, or -1 */
    size_t at;
};

struct reader {
    dio_arena *arena;
    dio_markup m;
    struct ssml *out;
    dio_prosody prosody;
    struct level levels[DIO_MARKUP_DEPTH];
    int depth;
    size_t cap; /* of text */
    dio_error *err;
};

struct element {
    const char *name;
    bool (*open)(struct reader *r);
    const char *attributes[6]; /* NULL ends them */
    bool empty;                /* holds nothing */
    bool text;                 /* holds text only */
    dio_break after;           /* at its end */
};

static const char *attribute(const struct reader *r, const char *name, size_t *at)
{
    for (int i = 0; i < r->m.attribute_count; i++)
        if (strcmp(r->m.attributes[i].name, name) == 0) {
            *at = r->m.attributes[i].at;
            return r->m.attributes[i].value;
        }
    *at = r->m.at;
    return NULL;
}

/* Index of `value` in a NULL-terminated list; a sentence otherwise. */
static int choose(struct reader *r, const char *name, const char *value, size_t at,
                  const char *const *list)
{
    char all[256] = "";
    for (int i = 0; list[i]; i++)
        if (strcmp(list[i], value) == 0)
            return i;
    for (int i = 0; list[i]; i++) {
        size_t n = strlen(all);
        snprintf(all + n, sizeof all - n, "%s%s", i ? ", " : "", list[i]);
    }
    dio_markup_fail(&r->m, at, r->err, "%s: \"%s\" is none of %s", name, value, all);
    return -1;
}

static bool put_gap(struct reader *r, size_t at, dio_break least, int ms)
{
    struct ssml *o = r->out;
    if (!dio_arena_grow(r->arena, &o->gaps, o->gap_count, &o->gap_cap, sizeof *o->gaps))
        return dio_fail_memory(r->err, "SSML");
    o->gaps[o->gap_count++] = (struct ssml_gap){at, least, ms};
    return true;
}

static bool put_style(struct reader *r, size_t at)
{
    struct ssml *o = r->out;
    if (!dio_arena_grow(r->arena, &o->styles, o->style_count, &o->style_cap, sizeof *o->styles))
        return dio_fail_memory(r->err, "SSML");
    o->styles[o->style_count++] = (struct ssml_style){at, r->prosody};
    return true;
}

static bool put_text(struct reader *r, const char *text, int n, size_t at)
{
    struct ssml *o = r->out;
    if (o->length + (size_t)n >= r->cap)
        return dio_markup_fail(&r->m, at, r->err, "the text is longer than its source");
    for (int i = 0; i < n; i++) {
        o->source[o->length] = (uint32_t)at;
        o->text[o->length++] = text[i];
    }
    o->source[o->length] = (uint32_t)r->m.next;
    return true;
}

static bool put_forced(struct reader *r, dio_reading reading, const char *value, const char *format)
{
    struct ssml *o = r->out;
    if (!dio_arena_grow(r->arena, &o->forced, o->forced_count, &o->forced_cap, sizeof *o->forced))
        return dio_fail_memory(r->err, "SSML");
    o->forced[o->forced_count] = (dio_forced){o->length, o->length, reading, value, format};
    r->levels[r->depth - 1].forced = o->forced_count++;
    return true;
}

static bool open_speak(struct reader *r)
{
    size_t at;
    const char *lang = attribute(r, "xml:lang", &at);
    if (lang && strncmp(lang, "en", 2) != 0)
        return dio_markup_fail(&r->m, at, r->err, "xml:lang: \"%s\": only English is spoken", lang);
    return true;
}

static bool open_nothing(struct reader *r)
{
    (void)r;
    return true;
}

static bool open_break(struct reader *r)
{
    static const char *const strengths[] = {"none",   "x-weak",   "weak", "medium",
                                            "strong", "x-strong", NULL};
    static const int ms_of[] = {0, 100, 200, 350, 600, 1000};
    size_t at;
    const char *strength = attribute(r, "strength", &at);
    int which = strength ? choose(r, "strength", strength, at, strengths) : 3;
    const char *time = attribute(r, "time", &at);
    int ms;
    if (which < 0)
        return false;
    if (!time)
        return put_gap(r, r->m.at, which > 3 ? DIO_BREAK_MAJOR : DIO_BREAK_NONE, ms_of[which]);
    return dio_ssml_time(&r->m, at, time, &ms, r->err) && put_gap(r, r->m.at, DIO_BREAK_NONE, ms);
}

static bool open_prosody(struct reader *r)
{
    size_t at;
    const char *rate = attribute(r, "rate", &at);
    if (rate && !dio_ssml_rate(&r->m, at, rate, &r->prosody, r->err))
        return false;
    const char *pitch = attribute(r, "pitch", &at);
    if (pitch && !dio_ssml_pitch(&r->m, at, pitch, &r->prosody, r->err))
        return false;
    const char *volume = attribute(r, "volume", &at);
    if (volume && !dio_ssml_volume(&r->m, at, volume, &r->prosody, r->err))
        return false;
    if (!rate && !pitch && !volume)
        return dio_markup_fail(&r->m, r->m.at, r->err, "<prosody> needs rate, pitch or volume");
    return put_style(r, r->m.next);
}

static bool open_emphasis(struct reader *r)
{
    static const char *const levels[] = {"none", "reduced", "moderate", "strong", NULL};
    size_t at;
    const char *level = attribute(r, "level", &at);
    int which = level ? choose(r, "level", level, at, levels) : DIO_EMPHASIS_MODERATE;
    if (which < 0)
        return false;
    r->prosody.emphasis = (dio_emphasis)which;
    return put_style(r, r->m.next);
}

static const char *required(struct reader *r, const char *name)
{
    size_t at;
    const char *value = attribute(r, name, &at);
    if (!value)
        dio_markup_fail(&r->m, r->m.at, r->err, "<%s> needs %s=\"...\"", r->m.name, name);
    return value;
}

static bool open_sub(struct reader *r)
{
    const char *alias = required(r, "alias");
    return alias && put_forced(r, DIO_READ_ALIAS, alias, "");
}

static bool open_phoneme(struct reader *r)
{
    static const char *const alphabets[] = {"ipa", "x-arpabet", NULL};
    size_t at;
    const char *alphabet = attribute(r, "alphabet", &at);
    int which = alphabet ? choose(r, "alphabet", alphabet, at, alphabets) : 0;
    const char *ph = which < 0 ? NULL : required(r, "ph");
    dio_pronunciation p;
    char text[8 * DIO_WORD_PHONES];
    if (!ph)
        return false;
    attribute(r, "ph", &at);
    if (!(which ? dio_phones_read(ph, strlen(ph), &p, r->err)
                : dio_phones_read_ipa(ph, strlen(ph), &p, r->err)))
        return dio_markup_fail(&r->m, at, r->err, "ph");
    dio_phones_write(&p, text, sizeof text);
    return put_forced(r, DIO_READ_PHONES, dio_arena_strdup(r->arena, text), "");
}

static bool open_say_as(struct reader *r)
{
    static const char *const readings[] = {"characters", "spell-out", "digits", "cardinal",
                                           "number",     "ordinal",   "date",   "time",
                                           "telephone",  "currency",  NULL};
    static const dio_reading values[] = {
        DIO_READ_CHARACTERS, DIO_READ_CHARACTERS, DIO_READ_DIGITS, DIO_READ_CARDINAL,
        DIO_READ_CARDINAL,   DIO_READ_ORDINAL,    DIO_READ_DATE,   DIO_READ_TIME,
        DIO_READ_TELEPHONE,  DIO_READ_CURRENCY};
    static const char *const formats[] = {"mdy", "dmy", "ymd", NULL};
    size_t at;
    const char *as = required(r, "interpret-as");
    if (!as)
        return false;
    attribute(r, "interpret-as", &at);
    int which = choose(r, "interpret-as", as, at, readings);
    const char *format = which >= 0 ? attribute(r, "format", &at) : NULL;
    if (which < 0 ||
        (format && values[which] == DIO_READ_DATE && choose(r, "format", format, at, formats) < 0))
        return false;
    return put_forced(r, values[which], "", format ? format : "");
}

static bool open_mark(struct reader *r)
{
    struct ssml *o = r->out;
    const char *name = required(r, "name");
    if (!name)
        return false;
    if (!dio_arena_grow(r->arena, &o->marks, o->mark_count, &o->mark_cap, sizeof *o->marks))
        return dio_fail_memory(r->err, "SSML");
    o->marks[o->mark_count++] = (struct ssml_mark){r->m.at, name};
    return true;
}

static const struct element elements[] = {
    {.name = "speak",
     .open = open_speak,
     .attributes = {"version", "xmlns", "xml:lang", "xmlns:xsi", "xsi:schemaLocation"}},
    {.name = "p", .open = open_nothing, .attributes = {"xml:lang"}, .after = DIO_BREAK_PARAGRAPH},
    {.name = "s", .open = open_nothing, .attributes = {"xml:lang"}, .after = DIO_BREAK_SENTENCE},
    {.name = "break", .open = open_break, .attributes = {"time", "strength"}, .empty = true},
    {.name = "prosody", .open = open_prosody, .attributes = {"rate", "pitch", "volume"}},
    {.name = "emphasis", .open = open_emphasis, .attributes = {"level"}},
    {.name = "sub", .open = open_sub, .attributes = {"alias"}, .text = true},
    {.name = "phoneme", .open = open_phoneme, .attributes = {"alphabet", "ph"}, .text = true},
    {.name = "say-as",
     .open = open_say_as,
     .attributes = {"interpret-as", "format", "detail"},
     .text = true},
    {.name = "mark", .open = open_mark, .attributes = {"name"}, .empty = true},
};
enum { ELEMENTS = sizeof elements / sizeof *elements };

static const struct element *element_of(struct reader *r)
{
    const char *names[ELEMENTS];
    for (int i = 0; i < ELEMENTS; i++) {
        names[i] = elements[i].name;
        if (strcmp(names[i], r->m.name) == 0)
            return &elements[i];
    }
    const char *near = dio_nearest(r->m.name, names, ELEMENTS);
    if (strcmp(r->m.name, "lang") == 0)
        dio_markup_fail(&r->m, r->m.at, r->err,
                        "<lang>: only English is spoken; give the phones of "
                        "a foreign word with <phoneme>");
    else
        dio_markup_fail(&r->m, r->m.at, r->err,
                        "<%s> is not read%s%s%s: there are speak, p, s, break, prosody, emphasis, "
                        "sub, phoneme, say-as and mark",
                        r->m.name, near ? " (did you mean " : "", near ? near : "",
                        near ? "?)" : "");
    return NULL;
}

static bool check_attributes(struct reader *r, const struct element *e)
{
    for (int i = 0; i < r->m.attribute_count; i++) {
        const dio_markup_attribute *a = &r->m.attributes[i];
        bool known = false;
        for (int k = 0; k < 6 && e->attributes[k]; k++)
            known = known || strcmp(e->attributes[k], a->name) == 0;
        if (!known)
            return dio_markup_fail(&r->m, a->at, r->err,
                                   "<%s> has no attribute \"%s\" that is read", e->name, a->name);
        if (strcmp(a->name, "xml:lang") == 0 && strncmp(a->value, "en", 2) != 0)
            return dio_markup_fail(&r->m, a->at, r->err, "xml:lang: \"%s\": only English is spoken",
                                   a->value);
    }
    return true;
}

static bool close_element(struct reader *r, size_t at)
{
    struct level *l = &r->levels[r->depth - 1];
    bool styled = memcmp(&l->prosody, &r->prosody, sizeof r->prosody) != 0;
    r->prosody = l->prosody;
    r->depth--;
    if (l->forced >= 0)
        r->out->forced[l->forced].end = r->out->length;
    if (styled && !put_style(r, at))
        return false;
    if (l->element->after && !put_gap(r, at, l->element->after, -1))
        return false;
    bool parts = l->element->after || l->element->empty; /* words do not join across it */
    return !parts || put_text(r, " ", 1, at);
}

static bool open_element(struct reader *r)
{
    const struct element *e = element_of(r);
    size_t at = r->m.at;
    if (!e || !check_attributes(r, e))
        return false;
    const struct level *outer = r->depth ? &r->levels[r->depth - 1] : NULL;
    if ((e == elements) != !outer)
        return dio_markup_fail(&r->m, at, r->err,
                               outer ? "<speak> stands around everything, once"
                                     : "SSML begins with <speak>");
    if (outer && (outer->element->text || outer->element->empty))
        return dio_markup_fail(&r->m, at, r->err, "<%s> holds %s", outer->element->name,
                               outer->element->text ? "text only" : "nothing");
    if (r->depth == DIO_MARKUP_DEPTH)
        return dio_markup_fail(&r->m, at, r->err, "more than %d elements within each other",
                               DIO_MARKUP_DEPTH);
    if (e->after && r->out->length && !put_text(r, " ", 1, at))
        return false;
    r->levels[r->depth++] =
        (struct level){.element = e, .prosody = r->prosody, .forced = -1, .at = at};
    return e->open(r) && (!r->m.empty || close_element(r, r->m.next));
}

static bool read_text(struct reader *r)
{
    const struct level *l = r->depth ? &r->levels[r->depth - 1] : NULL;
    bool blank = r->m.text_bytes == 1 && strchr(" \t\r\n", r->m.text[0]);
    if (!l || l->element->empty)
        return blank || dio_markup_fail(&r->m, r->m.at, r->err,
                                        l ? "<%s> holds nothing" : "text outside of <speak>",
                                        l ? l->element->name : "");
    return put_text(r, blank ? " " : r->m.text, r->m.text_bytes, r->m.at);
}

static bool read_all(struct reader *r)
{
    bool any = false;
    while (dio_markup_next(&r->m, r->err)) {
        const struct level *l = r->depth ? &r->levels[r->depth - 1] : NULL;
        switch (r->m.kind) {
        case DIO_MARKUP_END:
            if (l)
                return dio_markup_fail(&r->m, l->at, r->err, "<%s> is never closed",
                                       l->element->name);
            return any || dio_markup_fail(&r->m, 0, r->err, "SSML begins with <speak>");
        case DIO_MARKUP_OPEN:
            if (any && !l)
                return dio_markup_fail(&r->m, r->m.at, r->err, "there is one <speak>");
            any = true;
            if (!open_element(r))
                return false;
            break;
        case DIO_MARKUP_CLOSE:
            if (!l || strcmp(l->element->name, r->m.name) != 0)
                return dio_markup_fail(&r->m, r->m.at, r->err, "</%s> closes %s%s%s", r->m.name,
                                       l ? "<" : "nothing", l ? l->element->name : "",
                                       l ? ">" : "");
            if (!close_element(r, r->m.next))
                return false;
            break;
        case DIO_MARKUP_TEXT:
            if (!read_text(r))
                return false;
            break;
        }
    }
    return false;
}

bool dio_ssml_read(dio_arena *a, const char *label, const char *text, size_t length,
                   struct ssml *out, dio_error *err)
{
    struct reader r = {.arena = a,
                       .m = {.arena = a, .label = label, .input = text, .length = length},
                       .out = out,
                       .prosody = {.rate = 1},
                       .cap = length + 8,
                       .err = err};
    *out = (struct ssml){0};
    if (length > DIO_SPEECH_BYTES)
        return dio_fail(err, "the SSML has %zu bytes; at most %d are read", length,
                        DIO_SPEECH_BYTES);
    out->text = dio_arena_try(a, r.cap + 1);
    out->source = dio_arena_try(a, (r.cap + 1) * sizeof *out->source);
    if (!out->text || !out->source)
        return dio_fail_memory(err, "SSML");
    return put_style(&r, 0) && read_all(&r) &&
           (!dio_arena_failed(a) || dio_fail_memory(err, "SSML"));
}
