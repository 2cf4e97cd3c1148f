/* request.c: words to settings; every number is taken whole or refused. */
#include "vision/request.h"

#include <string.h>

#include "base/str.h"

static bool number_of(dio_arena *a, const char *text, size_t n, int64_t *out)
{
    char *copy = dio_arena_strndup(a, text, n < 24 ? n : 24);
    return n > 0 && dio_parse_int(copy, out);
}

/* Two integers with one of `marks` between them, or (single) one that counts twice. */
static bool two(const char *text, const char *marks, bool single, int64_t *a, int64_t *b)
{
    dio_arena *arena = dio_arena_create();
    size_t first = strcspn(text, marks);
    bool ok = arena && number_of(arena, text, first, a);
    if (ok && text[first])
        ok = number_of(arena, text + first + 1, strlen(text + first + 1), b);
    else if (ok && (ok = single))
        *b = *a;
    dio_arena_destroy(arena);
    return ok;
}

static bool in_int(int64_t v)
{
    return v >= -1000000000 && v <= 1000000000;
}

bool dio_request_size(const char *what, const char *text, int *width, int *height, dio_error *err)
{
    int64_t w = 0, h = 0;
    *width = *height = 0;
    if (!*text)
        return true;
    if (!two(text, "xX", true, &w, &h))
        return dio_fail(err, "%s \"%.40s\": expected WIDTHxHEIGHT in pixels, as 512x768", what,
                        text);
    if (w < 1 || h < 1 || w > DIO_PICTURE_SIDE || h > DIO_PICTURE_SIDE)
        return dio_fail(err, "%s \"%.40s\": sides of 1 to %d pixels can be asked for", what, text,
                        DIO_PICTURE_SIDE);
    *width = (int)w;
    *height = (int)h;
    return true;
}

bool dio_request_pair(const char *what, const char *text, int *a, int *b, dio_error *err)
{
    int64_t x, y;
    if (!*text)
        return true;
    if (!two(text, ",xX", false, &x, &y) || !in_int(x) || !in_int(y))
        return dio_fail(err, "%s \"%.40s\": expected two numbers, as 64,0", what, text);
    *a = (int)x;
    *b = (int)y;
    return true;
}

bool dio_request_usual(const char *what, const char *text, double *out, dio_error *err)
{
    *out = DIO_USUAL;
    if (!*text)
        return true;
    if (!dio_parse_real(text, out))
        return dio_fail(err, "%s \"%.40s\": expected a number", what, text);
    return *out >= 0 || dio_fail(err, "%s: %g is below 0", what, *out);
}

bool dio_request_tile(const char *what, const char *text, bool *x, bool *y, dio_error *err)
{
    *x = strcmp(text, "x") == 0 || strcmp(text, "xy") == 0;
    *y = strcmp(text, "y") == 0 || strcmp(text, "xy") == 0;
    return !*text || *x || *y || dio_fail(err, "%s \"%.40s\": x, y or xy", what, text);
}

/* --- colours --- */

static int hex(char c)
{
    return c >= '0' && c <= '9'                 ? c - '0'
           : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                : -1;
}

static bool colour(const char *text, size_t n, uint8_t out[3])
{
    if (n == 7 && *text == '#') {
        text++;
        n--;
    }
    for (size_t i = 0; n == 6 && i < 6; i++)
        if (hex(text[i]) < 0)
            return false;
    for (size_t i = 0; n == 6 && i < 3; i++)
        out[i] = (uint8_t)(hex(text[2 * i]) * 16 + hex(text[2 * i + 1]));
    return n == 6;
}

bool dio_request_palette(dio_arena *a, const char *what, const char *text, uint8_t (**out)[3],
                         int *count, dio_error *err)
{
    *out = dio_arena_alloc(a, DIO_PALETTE_MOST * sizeof **out);
    *count = 0;
    while (*text) {
        size_t n = strcspn(text, ",");
        size_t skip = strspn(text, " ");
        if (*count == DIO_PALETTE_MOST)
            return dio_fail(err, "%s: more than %d colours", what, DIO_PALETTE_MOST);
        if (skip > n || !colour(text + skip, n - skip, (*out)[(*count)++]))
            return dio_fail(err,
                            "%s: \"%.*s\" is no colour; expected six hexadecimal digits, as "
                            "#ff8800, with commas between colours",
                            what, n < 40 ? (int)n : 40, text);
        text += n;
        if (*text == ',' && !*++text)
            return dio_fail(err, "%s: a colour is missing behind the last comma", what);
    }
    return true;
}

bool dio_request_dither(const char *what, const char *text, dio_dither *out, dio_error *err)
{
    static const char *const names[] = {"none", "ordered", "diffusion"};
    static const dio_dither kinds[] = {DIO_DITHER_NONE, DIO_DITHER_ORDERED, DIO_DITHER_DIFFUSION};
    for (int i = 0; i < 3; i++)
        if (strcmp(text, names[i]) == 0) {
            *out = kinds[i];
            return true;
        }
    return dio_fail(err, "%s \"%.40s\": none, ordered or diffusion", what, text);
}

/* --- of models --- */

bool dio_request_lora(dio_arena *a, const char *what, const char *text, dio_lora_file *out,
                      dio_error *err)
{
    const char *colon = strrchr(text, ':');
    double scale = 1;
    bool numbered = colon && dio_parse_real(colon + 1, &scale);
    *out = (dio_lora_file){text, 1};
    if (numbered)
        *out = (dio_lora_file){dio_arena_strndup(a, text, (size_t)(colon - text)), scale};
    if (!*out->path)
        return dio_fail(err, "%s \"%.200s\": expected FILE or FILE:SCALE", what, text);
    if (!(out->scale >= -100 && out->scale <= 100))
        return dio_fail(err, "%s: a scale of %g is outside -100 to 100", what, out->scale);
    return true;
}

bool dio_request_keep(const char *what, const char *text, dio_dtype *out, dio_error *err)
{
    static const char *const names[] = {"auto", "f32", "f16", "bf16"};
    static const dio_dtype kinds[] = {DIO_DTYPES, DIO_F32, DIO_F16, DIO_BF16};
    for (int i = 0; i < 4; i++)
        if (strcmp(text, names[i]) == 0) {
            *out = kinds[i];
            return true;
        }
    return dio_fail(err, "%s \"%.40s\": auto, f32, f16 or bf16", what, text);
}

bool dio_request_schedule(dio_arena *a, const char *what, const char *text, dio_value *map,
                          dio_error *err)
{
    const char *equals = strchr(text, '=');
    if (!equals || equals == text)
        return dio_fail(err, "%s \"%.80s\": expected KEY=VALUE, as use_karras_sigmas=true", what,
                        text);
    dio_value *v = dio_yaml_parse(a, what, equals + 1, strlen(equals + 1), err);
    if (!v)
        return false;
    dio_map_set(a, map, dio_arena_strndup(a, text, (size_t)(equals - text)), v);
    return true;
}
