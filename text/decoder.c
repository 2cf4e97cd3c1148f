/* decoder.c: decoders in the one order that can be streamed: what works on a token by itself,
 * then bytes, then joining, then stripping the ends of the whole text. It is the order of every
 * published file we know; another is refused. */
#include "text/decoder.h"

#include <string.h>

#include "text/byte_level.h"
#include "text/component.h"

enum { BYTE_LEVEL, BYTE_FALLBACK, FUSE, REPLACE, STRIP, METASPACE };
enum { FIRST, NEVER, ALWAYS };

static const dio_component table[] = {
    [BYTE_LEVEL] = {"ByteLevel", "add_prefix_space trim_offsets use_regex "},
    [BYTE_FALLBACK] = {"ByteFallback", ""},
    [FUSE] = {"Fuse", ""},
    [REPLACE] = {"Replace", "pattern content "},
    [STRIP] = {"Strip", "content start stop "},
    [METASPACE] = {"Metaspace", "replacement add_prefix_space prepend_scheme split str_rep "},
    {NULL},
};

static const dio_components components = {"decoder", "decoders", table};

static bool read_strip(dio_decode_step *step, const dio_value *v, dio_error *err)
{
    return dio_member_char(v, "content", &step->character, err) &&
           dio_member_int(v, "start", 0, 0, 1 << 20, &step->start, err) &&
           dio_member_int(v, "stop", 0, 0, 1 << 20, &step->stop, err);
}

static bool read_replace(dio_decoder *d, dio_decode_step *step, const dio_value *v, dio_error *err)
{
    const char *text;
    if (!dio_member_string(v, "content", &text, &step->length, err))
        return false;
    step->text = dio_arena_strndup(d->arena, text, step->length);
    if (!step->text)
        return dio_fail_memory(err, "a tokenizer's decoder");
    return (step->pattern = dio_member_pattern(v, err)) != NULL;
}

static bool read_metaspace(dio_decode_step *step, const dio_value *v, dio_error *err)
{
    static const char *const schemes[] = {"first", "never", "always"};
    bool prefix;
    int scheme;
    if (!dio_member_char(v, "replacement", &step->character, err) ||
        !dio_member_bool(v, "add_prefix_space", true, &prefix, err) ||
        !dio_member_word(v, "prepend_scheme", schemes, 3, ALWAYS, &scheme, err))
        return false;
    if (!prefix && dio_map_get(v, "prepend_scheme") && scheme != NEVER)
        return dio_value_fail(v, err, "add_prefix_space is false, but prepend_scheme is \"%s\"",
                              schemes[scheme]);
    step->drop_first = prefix && scheme != NEVER;
    return true;
}

static bool read_token_step(dio_decoder *d, int kind, const dio_value *v, dio_error *err)
{
    if (!dio_arena_grow(d->arena, &d->steps, d->count, &d->cap, sizeof *d->steps))
        return dio_fail_memory(err, "a tokenizer's decoder");
    dio_decode_step *step = &d->steps[d->count++];
    *step = (dio_decode_step){.kind = kind};
    if (kind == REPLACE)
        return read_replace(d, step, v, err);
    return kind == STRIP ? read_strip(step, v, err) : read_metaspace(step, v, err);
}

static bool read_one(void *user, int kind, const dio_value *v, dio_error *err)
{
    dio_decoder *d = user;
    bool late = d->joined || d->byte_fallback;
    d->any = true;
    if (kind == STRIP && d->joined && !d->strips) {
        d->strips = true;
        return read_strip(&d->strip, v, err);
    }
    if (kind == FUSE && !d->strips) {
        d->joined = true;
        return true;
    }
    if (kind == BYTE_LEVEL && !late)
        return d->byte_level = d->joined = true;
    if (kind == BYTE_FALLBACK && !late)
        return d->byte_fallback = true;
    if (kind >= REPLACE && !late)
        return read_token_step(d, kind, v, err);
    return dio_value_fail(v, err,
                          "decoder %s at this place is not supported; the order is Replace, Strip "
                          "or Metaspace, then ByteFallback, then Fuse or ByteLevel, then one Strip",
                          table[kind].type);
}

bool dio_decoder_read(dio_decoder *d, dio_arena *a, const dio_value *v, dio_error *err)
{
    d->arena = a;
    return dio_components_read(&components, v, read_one, d, err);
}

void dio_decoder_deinit(dio_decoder *d)
{
    for (int i = 0; i < d->count; i++)
        dio_pattern_destroy(d->steps[i].pattern);
    d->count = 0;
}

static void put_char(dio_str *out, uint32_t cp)
{
    char utf8[4];
    dio_str_put(out, utf8, (size_t)dio_utf8_put(cp, utf8));
}

/* Text on its way out: the whole text's ends are stripped here. */
static void emit(dio_decoding *s, const char *text, size_t n, dio_str *out)
{
    const dio_decode_step *strip = &s->decoder->strip;
    if (!s->decoder->strips || (!s->head && !strip->stop)) {
        dio_str_put(out, text, n);
        return;
    }
    for (size_t i = 0, step; i < n; i += step) {
        uint32_t cp;
        step = (size_t)dio_utf8_next(text + i, n - i, &cp);
        if (!step)
            return;
        if (cp != strip->character) {
            for (; s->tail; s->tail--)
                put_char(out, strip->character);
            s->head = 0;
            dio_str_put(out, text + i, step);
        } else if (s->head) {
            s->head--;
        } else if (++s->tail > strip->stop) {
            s->tail--;
            put_char(out, cp);
        }
    }
}

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

/* Bytes at the start of text[0..n) that belong together: *whole says a code point; else they are
 * the longest beginning of one that went wrong (Unicode 3.9, U+FFFD substitution). 0: they may
 * yet become one. */
static size_t take(const unsigned char *text, size_t n, bool end, bool *whole)
{
    unsigned char lead = text[0];
    size_t need = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    *whole = false;
    if (!need || lead > 0xf4)
        return 1;
    size_t have = 1;
    while (have < need && have < n && text[have] >= low && text[have] <= high) {
        have++;
        low = 0x80;
        high = 0xbf;
    }
    *whole = have == need;
    return *whole || end || have < n ? have : 0;
}

/* Lets out what of s->bytes is text. `each`: one U+FFFD for every wrong byte, instead of one for
 * every broken code point. */
static void flush_bytes(dio_decoding *s, bool end, bool each, dio_str *out)
{
    size_t i = 0, n = s->bytes.length;
    const unsigned char *bytes = (const unsigned char *)s->bytes.text;
    while (i < n) {
        bool whole;
        size_t length = take(bytes + i, n - i, end, &whole);
        if (!length)
            break;
        if (whole)
            emit(s, s->bytes.text + i, length, out);
        for (size_t k = 0; !whole && k < (each ? length : 1); k++)
            emit(s, replacement, 3, out);
        i += length;
    }
    if (i) {
        memmove(s->bytes.text, s->bytes.text + i, n - i);
        s->bytes.length = n - i;
    }
}

/* The end of a run of byte tokens: as the reference does it, all of it is text or none. */
static void end_run(dio_decoding *s, dio_str *out)
{
    size_t bad, n = s->bytes.length;
    if (!n)
        return;
    if (s->streaming || dio_utf8_valid(s->bytes.text, n, &bad)) {
        flush_bytes(s, true, true, out);
        return;
    }
    for (size_t i = 0; i < n; i++)
        emit(s, replacement, 3, out);
    dio_str_clear(&s->bytes);
}

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

/* The byte that a token such as <0x0A> names; -1. */
static int byte_token(const char *token, size_t n)
{
    if (n != 6 || memcmp(token, "<0x", 3) || token[5] != '>')
        return -1;
    int high = hex(token[3]), low = hex(token[4]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static void put_byte_level(dio_decoding *s, const char *token, size_t n)
{
    size_t start = s->bytes.length;
    for (size_t i = 0, step; i < n; i += step) {
        uint32_t cp;
        step = (size_t)dio_utf8_next(token + i, n - i, &cp);
        int byte = step ? dio_byte_from_cp(cp) : -1;
        if (byte < 0) { /* a token outside the alphabet stands for itself */
            s->bytes.length = start;
            dio_str_put(&s->bytes, token, n);
            return;
        }
        dio_str_putc(&s->bytes, (char)byte);
    }
}

static void strip_token(const dio_decode_step *step, const char *token, size_t n, dio_str *out)
{
    size_t start = 0, end = n;
    uint32_t cp;
    char mark[4];
    size_t width = (size_t)dio_utf8_put(step->character, mark);
    for (int64_t i = 0; i < step->start && start < n; i++) {
        int length = dio_utf8_next(token + start, n - start, &cp);
        if (!length || cp != step->character)
            break;
        start += (size_t)length;
    }
    for (int64_t i = 0; i < step->stop && end - start >= width; i++) {
        if (memcmp(token + end - width, mark, width))
            break;
        end -= width;
    }
    dio_str_put(out, token + start, end - start);
}

static void put_metaspace(const dio_decode_step *step, bool first, const char *token, size_t n,
                          dio_str *out)
{
    for (size_t i = 0, length; i < n; i += length) {
        uint32_t cp;
        length = (size_t)dio_utf8_next(token + i, n - i, &cp);
        if (!length)
            return;
        if (cp != step->character)
            dio_str_put(out, token + i, length);
        else if (!first || !step->drop_first)
            dio_str_putc(out, ' ');
    }
}

static bool replace(dio_decoding *s, const dio_decode_step *step, const char *token, size_t n,
                    dio_str *out, dio_error *err)
{
    dio_match match = {0};
    size_t done = 0;
    int found = 0;
    if (!s->matcher && !(s->matcher = dio_matcher_create(err)))
        return false;
    while (n && (found = dio_pattern_next(step->pattern, s->matcher, token, n, &match, err)) == 1) {
        dio_str_put(out, token + done, match.start - done);
        dio_str_put(out, step->text, step->length);
        done = match.end;
    }
    dio_str_put(out, token + done, n - done);
    return found >= 0;
}

/* The steps on one token; the result is in s->token. */
static bool run_steps(dio_decoding *s, const char *token, size_t n, dio_error *err)
{
    const dio_decoder *d = s->decoder;
    dio_str_clear(&s->token);
    dio_str_put(&s->token, token, n);
    for (int i = 0; i < d->count; i++) {
        const dio_decode_step *step = &d->steps[i];
        dio_str swap = s->spare;
        s->spare = s->token;
        s->token = swap;
        dio_str_clear(&s->token);
        if (step->kind == STRIP)
            strip_token(step, s->spare.text, s->spare.length, &s->token);
        else if (step->kind == METASPACE)
            put_metaspace(step, !s->begun, s->spare.text, s->spare.length, &s->token);
        else if (!replace(s, step, s->spare.text, s->spare.length, &s->token, err))
            return false;
    }
    return !s->token.failed && !s->spare.failed ? true : dio_fail_memory(err, "a token's text");
}

bool dio_decoding_put(dio_decoding *s, const char *token, size_t n, dio_str *out, dio_error *err)
{
    const dio_decoder *d = s->decoder;
    if (!s->begun)
        s->head = d->strip.start;
    if (!run_steps(s, token, n, err))
        return false;
    token = s->token.text;
    n = s->token.length;
    int byte = d->byte_fallback ? byte_token(token, n) : -1;
    if (d->byte_level) {
        put_byte_level(s, token, n);
        flush_bytes(s, false, false, out);
    } else if (byte >= 0) {
        dio_str_putc(&s->bytes, (char)byte);
        if (s->streaming)
            flush_bytes(s, false, true, out);
    } else {
        end_run(s, out);
        if (!d->any && s->begun)
            emit(s, " ", 1, out);
        emit(s, token, n, out);
    }
    s->begun = true;
    return !out->failed && !s->bytes.failed ? true : dio_fail_memory(err, "decoded text");
}

bool dio_decoding_end(dio_decoding *s, dio_str *out, dio_error *err)
{
    if (s->decoder->byte_level)
        flush_bytes(s, true, false, out);
    else
        end_run(s, out);
    dio_str_clear(&s->bytes);
    s->begun = false;
    s->tail = 0;
    return !out->failed ? true : dio_fail_memory(err, "decoded text");
}

void dio_decoding_deinit(dio_decoding *s)
{
    dio_matcher_destroy(s->matcher);
    dio_str_deinit(&s->bytes);
    dio_str_deinit(&s->token);
    dio_str_deinit(&s->spare);
}
