/* clean.c: the text as the rules see it: ASCII and the few signs that they read.
 * Each character is looked up in characters.def, dropped when silent.def says so, or taken apart
 * by its compatibility form (an accent falls off, a wide letter becomes narrow); what is left of
 * another script is refused by name, never skipped. Blanks become one, an empty line one \n. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "audio/phones/scan.h"
#include "base/str.h"
#include "text/unicode.h"

static const struct {
    uint32_t cp;
    const char *text;
} characters[] = {
#define DIO_CHARACTER(cp, text) {cp, text},
#include "audio/phones/en/characters.def"
#undef DIO_CHARACTER
};

static const struct {
    uint32_t first, last;
} silents[] = {
#define DIO_SILENT(first, last) {first, last},
#include "audio/phones/en/silent.def"
#undef DIO_SILENT
};

static const struct {
    uint32_t first, last;
    const char *name;
} scripts[] = {
#define DIO_SCRIPT(first, last, name) {first, last, name},
#include "audio/phones/en/scripts.def"
#undef DIO_SCRIPT
};

bool dio_source_place(const dio_normalise_input *in, size_t source, dio_error *err)
{
    const char *text = in->source ? in->origin : in->text;
    size_t n = in->source ? in->origin_length : in->length;
    int line = 1, column = 1;
    for (size_t i = 0; i < source && i < n; i++) {
        bool ends = text[i] == '\n';
        line += ends;
        column = ends ? 1 : column + (((unsigned char)text[i] & 0xC0) != 0x80);
    }
    return dio_error_at(err, in->label ? in->label : "text", line, column);
}

bool dio_normalise_fail(const dio_normalise_input *in, size_t at, dio_error *err,
                        const char *format, ...)
{
    char message[DIO_ERROR_MESSAGE];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    dio_fail(err, "%s", message);
    return dio_source_place(in, in->source && at <= in->length ? in->source[at] : at, err);
}

static const char *text_of(uint32_t cp)
{
    for (size_t i = 0; i < sizeof characters / sizeof *characters; i++)
        if (characters[i].cp == cp)
            return characters[i].text;
    return NULL;
}

static bool is_silent(uint32_t cp)
{
    for (size_t i = 0; i < sizeof silents / sizeof *silents; i++)
        if (cp >= silents[i].first && cp <= silents[i].last)
            return true;
    return cp == 0xAD;
}

static const char *script_of(uint32_t cp)
{
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
        if (cp >= scripts[i].first && cp <= scripts[i].last)
            return scripts[i].name;
    return NULL;
}

struct cleaner {
    dio_str text;
    uint32_t *from;
    size_t cap;
    int lines; /* ends of lines among the blanks at hand */
    bool blank;
    uint32_t at; /* byte of the input */
};

static void put(struct cleaner *c, char byte)
{
    if (c->text.length + 1 < c->cap) {
        c->from[c->text.length] = c->at;
        dio_str_putc(&c->text, byte);
    }
}

/* Blanks wait until something follows, and until it is known whether a line was empty. */
static void put_text(struct cleaner *c, const char *text)
{
    for (; *text; text++) {
        if (*text == ' ') {
            c->blank = true;
            continue;
        }
        if (c->blank && c->text.length)
            put(c, c->lines > 1 ? '\n' : ' ');
        c->blank = false;
        c->lines = 0;
        put(c, *text);
    }
}

/* By its compatibility form: true when every part of it is ASCII or an accent. Without memory for
 * it, err says so. */
static bool put_form(struct cleaner *c, const char *bytes, size_t n, dio_error *err)
{
    dio_str form = {0};
    char kept[32];
    size_t length = 0;
    bool good = dio_unicode_normalize(bytes, n, DIO_NFKD, &form, err) &&
                (!form.failed || dio_fail_memory(err, "a text to speak"));
    for (size_t i = 0; good && i < form.length;) {
        uint32_t cp;
        int k = dio_utf8_next(form.text + i, form.length - i, &cp);
        const char *text = cp < 0x80 ? NULL : text_of(cp);
        i += (size_t)k;
        if (k == 0 || (cp >= 0x80 && !dio_cp_is_mark(cp) && !text))
            good = false;
        else if (cp < 0x80 && cp >= ' ' && length + 1 < sizeof kept)
            kept[length++] = (char)cp;
        else if (text && length + strlen(text) < sizeof kept)
            length += (size_t)snprintf(kept + length, sizeof kept - length, "%s", text);
    }
    kept[length] = '\0';
    if (good)
        put_text(c, kept);
    dio_str_deinit(&form);
    return good;
}

static bool refuse(const struct scan *s, size_t at, uint32_t cp, int k, dio_error *err)
{
    const char *script = script_of(cp), *bytes = s->in->text + at;
    if (script)
        return dio_normalise_fail(
            s->in, at, err,
            "U+%04X \"%.*s\" is %s: only English in Latin letters can be spoken; "
            "write it in Latin letters or give its phones",
            cp, k, bytes, script);
    if (cp < 0xA0 || !dio_char_shows(cp))
        return dio_normalise_fail(s->in, at, err, "U+%04X is a control character: remove it", cp);
    return dio_normalise_fail(
        s->in, at, err,
        "U+%04X \"%.*s\" is no character that the English rules can say: write it "
        "in words or remove it",
        cp, k, bytes);
}

static bool clean_one(struct scan *s, struct cleaner *c, uint32_t cp, int k, dio_error *err)
{
    const char *text;
    if (dio_cp_is_white(cp)) {
        c->lines += cp == '\n' || cp == 0x85 || cp == 0x2028 ? 1 : cp == 0x2029 ? 2 : 0;
        c->blank = true;
    } else if (cp > ' ' && cp < 0x7F && cp != '`') {
        char ascii[2] = {(char)cp, '\0'};
        put_text(c, ascii);
    } else if ((text = text_of(cp))) {
        put_text(c, text);
    } else if (is_silent(cp)) {
        c->blank = c->blank || cp >= 0x2300;
    } else if (!dio_cp_is_mark(cp) &&
               (cp < 0xA0 || script_of(cp) || !put_form(c, s->in->text + c->at, (size_t)k, err))) {
        return refuse(s, c->at, cp, k, err);
    }
    return true;
}

bool dio_scan_clean(struct scan *s, dio_error *err)
{
    size_t n = s->in->length, bad, room;
    struct cleaner c = {0};
    bool good = true;
    if (n > DIO_SPEECH_BYTES)
        return dio_fail(err,
                        "the text has %zu bytes; at most %d are spoken in one call: cut it "
                        "at the end of a sentence",
                        n, DIO_SPEECH_BYTES);
    if (!dio_utf8_valid(s->in->text, n, &bad))
        return dio_normalise_fail(s->in, bad, err, "the text is not UTF-8 at byte %zu", bad);
    /* A character gives at most 5 bytes (a fraction), some ligatures 18 from 3. */
    c.cap = 8 * n + 64;
    if (!dio_mul_size(c.cap, sizeof *c.from, &room) || !(c.from = dio_arena_try(s->arena, room)))
        return dio_fail_memory(err, "a text to speak");
    for (size_t i = 0; good && i < n;) {
        uint32_t cp;
        int k = dio_utf8_next(s->in->text + i, n - i, &cp);
        c.at = (uint32_t)i;
        good = clean_one(s, &c, cp, k, err);
        i += (size_t)k;
    }
    c.from[c.text.length] = (uint32_t)n;
    s->n = c.text.length;
    s->from = c.from;
    s->text = good ? dio_arena_try(s->arena, c.text.length + 1) : NULL;
    if (s->text && s->n)
        memcpy((char *)s->text, c.text.text, s->n);
    good = good && !c.text.failed && (s->text || dio_fail_memory(err, "a text to speak"));
    if (c.text.failed)
        dio_fail_memory(err, "a text to speak");
    dio_str_deinit(&c.text);
    return good;
}
