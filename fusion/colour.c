/* colour.c: hex colours, OKLab, contrast and the BT.709 matrix. */
#include "fusion/colour.h"

#include <math.h>
#include <string.h>

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

/* The sRGB transfer curve, IEC 61966-2-1. */
static float to_linear(float v)
{
    return v <= 0.04045f ? v / 12.92f : powf((v + 0.055f) / 1.055f, 2.4f);
}

static float to_coded(float v)
{
    v = v < 0 ? 0 : v > 1 ? 1 : v;
    return v <= 0.0031308f ? v * 12.92f : 1.055f * powf(v, 1 / 2.4f) - 0.055f;
}

/* Matrices from Björn Ottosson, "A perceptual color space for image processing", 2020. */
dio_lab dio_colour_lab(dio_rgb c)
{
    float r = to_linear(c.r), g = to_linear(c.g), b = to_linear(c.b);
    float l = cbrtf(0.4122214708f * r + 0.5363325363f * g + 0.0514459929f * b);
    float m = cbrtf(0.2119034982f * r + 0.6806995451f * g + 0.1073969566f * b);
    float s = cbrtf(0.0883024619f * r + 0.2817188376f * g + 0.6299787005f * b);
    return (dio_lab){
        0.2104542553f * l + 0.7936177850f * m - 0.0040720468f * s,
        1.9779984951f * l - 2.4285922050f * m + 0.4505937099f * s,
        0.0259040371f * l + 0.7827717662f * m - 0.8086757660f * s,
    };
}

dio_rgb dio_colour_from_lab(dio_lab c)
{
    float l = c.l + 0.3963377774f * c.a + 0.2158037573f * c.b;
    float m = c.l - 0.1055613458f * c.a - 0.0638541728f * c.b;
    float s = c.l - 0.0894841775f * c.a - 1.2914855480f * c.b;
    l = l * l * l;
    m = m * m * m;
    s = s * s * s;
    return (dio_rgb){
        to_coded(4.0767416621f * l - 3.3077115913f * m + 0.2309699292f * s),
        to_coded(-1.2684380046f * l + 2.6097574011f * m - 0.3413193965f * s),
        to_coded(-0.0041960863f * l - 0.7034186147f * m + 1.7076147010f * s),
    };
}

dio_rgb dio_colour_mix(dio_rgb a, dio_rgb b, float t)
{
    dio_lab p = dio_colour_lab(a), q = dio_colour_lab(b);
    return dio_colour_from_lab(
        (dio_lab){p.l + (q.l - p.l) * t, p.a + (q.a - p.a) * t, p.b + (q.b - p.b) * t});
}

static float luminance(dio_rgb c)
{
    return 0.2126f * to_linear(c.r) + 0.7152f * to_linear(c.g) + 0.0722f * to_linear(c.b);
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
