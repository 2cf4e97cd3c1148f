/* colour.c: hex colours, OKLab, contrast and the BT.709 matrix. */
#include "fusion/colour.h"

#include <string.h>

#include "vision/srgb.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool dio_colour_parse(const char *text, dio_rgb *out, dio_error *err)
{
    int byte[3] = {0};
    bool good = text[0] == '#' && strlen(text) == 7;
    for (int i = 0; good && i < 6; i++) {
        int digit = hex_digit(text[1 + i]);
        good = digit >= 0;
        byte[i / 2] = byte[i / 2] * 16 + digit;
    }
    if (!good)
        return dio_fail(err, "\"%.40s\" is no colour; write it as \"#rrggbb\"", text);
    *out = (dio_rgb){(float)byte[0] / 255, (float)byte[1] / 255, (float)byte[2] / 255};
    return true;
}

static void to_linear(dio_rgb c, float linear[3])
{
    linear[0] = dio_srgb_to_linear(c.r);
    linear[1] = dio_srgb_to_linear(c.g);
    linear[2] = dio_srgb_to_linear(c.b);
}

static float to_coded(float linear)
{
    return dio_srgb_from_linear(linear < 0 ? 0 : linear > 1 ? 1 : linear);
}

dio_lab dio_colour_lab(dio_rgb c)
{
    float linear[3], lab[3];
    to_linear(c, linear);
    dio_srgb_oklab(linear, lab);
    return (dio_lab){lab[0], lab[1], lab[2]};
}

dio_rgb dio_colour_from_lab(dio_lab c)
{
    float rgb[3];
    dio_srgb_from_oklab((const float[3]){c.l, c.a, c.b}, rgb);
    return (dio_rgb){to_coded(rgb[0]), to_coded(rgb[1]), to_coded(rgb[2])};
}

dio_rgb dio_colour_mix(dio_rgb a, dio_rgb b, float t)
{
    dio_lab p = dio_colour_lab(a), q = dio_colour_lab(b);
    return dio_colour_from_lab(
        (dio_lab){p.l + (q.l - p.l) * t, p.a + (q.a - p.a) * t, p.b + (q.b - p.b) * t});
}

static float luminance(dio_rgb c)
{
    float linear[3];
    to_linear(c, linear);
    return dio_srgb_luminance(linear);
}

float dio_colour_contrast(dio_rgb a, dio_rgb b)
{
    float p = luminance(a), q = luminance(b);
    return p > q ? (p + 0.05f) / (q + 0.05f) : (q + 0.05f) / (p + 0.05f);
}

void dio_colour_planes(dio_rgb c, dio_space space, float out[3])
{
    if (space == DIO_SPACE_RGB) {
        out[0] = 255 * c.r;
        out[1] = 255 * c.g;
        out[2] = 255 * c.b;
        return;
    }
    float y = 0.2126f * c.r + 0.7152f * c.g + 0.0722f * c.b;
    out[0] = 16 + 219 * y;
    out[1] = 128 + 224 * (c.b - y) / 1.8556f; /* 2 (1 - Kb) */
    out[2] = 128 + 224 * (c.r - y) / 1.5748f; /* 2 (1 - Kr) */
}
