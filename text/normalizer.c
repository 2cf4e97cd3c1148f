/* normalizer.c: one row a type, one function a row; they run in the file's order. */
#include "text/normalizer.h"

#include <string.h>

#include "text/component.h"
#include "text/tokenizer.h"
#include "text/unicode.h"

enum { NFC, NFD, NFKC, NFKD, LOWERCASE, STRIP_ACCENTS, REPLACE, PREPEND, STRIP };

static const dio_component table[] = {
    [NFC] = {"NFC", ""},
    [NFD] = {"NFD", ""},
    [NFKC] = {"NFKC", ""},
    [NFKD] = {"NFKD", ""},
    [LOWERCASE] = {"Lowercase", ""},
    [STRIP_ACCENTS] = {"StripAccents", ""},
    [REPLACE] = {"Replace", "pattern content "},
    [PREPEND] = {"Prepend", "prepend "},
    [STRIP] = {"Strip", "strip_left strip_right "},
    {NULL},
};

static const dio_components components = {"normalizer", "normalizers", table};

static bool read_one(void *user, int kind, const dio_value *v, dio_error *err)
{
    dio_normalizers *list = user;
    if (!dio_arena_grow(list->arena, &list->items, list->count, &list->cap, sizeof *list->items))
        return dio_fail_memory(err, "a tokenizer's normalizers");
    dio_normalizer *n = &list->items[list->count++];
    *n = (dio_normalizer){.kind = kind};
    if (kind == REPLACE || kind == PREPEND) {
        const char *key = kind == REPLACE ? "content" : "prepend", *text;
        if (!dio_member_string(v, key, &text, &n->length, err))
            return false;
        n->text = dio_arena_strndup(list->arena, text, n->length);
        if (!n->text)
            return dio_fail_memory(err, "a tokenizer's normalizers");
        return kind == PREPEND || (n->pattern = dio_member_pattern(v, err)) != NULL;
    }
    if (kind == STRIP)
        return dio_member_bool(v, "strip_left", true, &n->left, err) &&
               dio_member_bool(v, "strip_right", true, &n->right, err);
    return true;
}

bool dio_normalizers_read(dio_normalizers *n, dio_arena *a, const dio_value *v, dio_error *err)
{
    n->arena = a;
    return dio_components_read(&components, v, read_one, n, err);
}

void dio_normalizers_deinit(dio_normalizers *n)
{
    for (int i = 0; i < n->count; i++)
        dio_pattern_destroy(n->items[i].pattern);
    n->count = 0;
}

static void strip_accents(const char *text, size_t length, dio_str *out)
{
    uint32_t cp;
    for (size_t i = 0, step; i < length; i += step) {
        step = (size_t)dio_utf8_next(text + i, length - i, &cp);
        if (!dio_cp_is_mark(cp))
            dio_str_put(out, text + i, step);
    }
}

static void strip(const dio_normalizer *n, const char *text, size_t length, dio_str *out)
{
    size_t start = 0, end = 0;
    bool content = false;
    uint32_t cp;
    for (size_t i = 0, step; i < length; i += step) {
        step = (size_t)dio_utf8_next(text + i, length - i, &cp);
        if (dio_cp_is_white(cp))
            continue;
        if (!content)
            start = i;
        content = true;
        end = i + step;
    }
    if (!content)
        start = n->left ? length : 0;
    if (!n->left)
        start = 0;
    if (!n->right)
        end = length;
    if (end > start)
        dio_str_put(out, text + start, end - start);
}

static bool replace(const dio_normalizer *n, dio_matcher *m, const char *text, size_t length,
                    dio_str *out, dio_error *err)
{
    dio_match match = {0};
    size_t done = 0;
    int found;
    while (length && (found = dio_pattern_next(n->pattern, m, text, length, &match, err)) != 0) {
        if (found < 0)
            return false;
        dio_str_put(out, text + done, match.start - done);
        dio_str_put(out, n->text, n->length);
        done = match.end;
        if (out->length > 2 * (size_t)DIO_TOKENIZER_TEXT)
            return dio_fail(err, "a Replace normalizer makes more than %d bytes of the text",
                            2 * DIO_TOKENIZER_TEXT);
    }
    dio_str_put(out, text + done, length - done);
    return true;
}

static bool run_one(const dio_normalizer *n, dio_matcher *m, const char *text, size_t length,
                    dio_str *out, dio_error *err)
{
    switch (n->kind) {
    case NFC:
    case NFD:
    case NFKC:
    case NFKD: {
        static const dio_normal_form forms[] = {DIO_NFC, DIO_NFD, DIO_NFKC, DIO_NFKD};
        return dio_unicode_normalize(text, length, forms[n->kind], out, err);
    }
    case LOWERCASE:
        dio_unicode_lower(text, length, out);
        return true;
    case STRIP_ACCENTS:
        strip_accents(text, length, out);
        return true;
    case REPLACE:
        return replace(n, m, text, length, out, err);
    case PREPEND:
        if (length)
            dio_str_put(out, n->text, n->length);
        dio_str_put(out, text, length);
        return true;
    default:
        strip(n, text, length, out);
        return true;
    }
}

bool dio_normalizers_run(const dio_normalizers *n, dio_matcher *m, const char *text, size_t length,
                         dio_str *out, dio_error *err)
{
    dio_str before = {0};
    bool ok = true;
    dio_str_clear(out);
    if (!n->count)
        dio_str_put(out, text, length);
    for (int i = 0; ok && i < n->count; i++) {
        if (i > 0) {
            dio_str swap = before;
            before = *out;
            *out = swap;
            dio_str_clear(out);
        }
        ok = run_one(&n->items[i], m, i ? before.text : text, i ? before.length : length, out, err);
        if (ok && out->failed)
            ok = dio_fail_memory(err, "a normalized text");
        if (ok && out->length > 2 * (size_t)DIO_TOKENIZER_TEXT)
            ok = dio_fail(err, "the normalizers make more than %d bytes of the text",
                          2 * DIO_TOKENIZER_TEXT);
    }
    if (ok && out->failed)
        ok = dio_fail_memory(err, "a normalized text");
    dio_str_deinit(&before);
    return ok;
}
