/* srgb.c: the transfer curve, its table for bytes, OKLab. */
#include "vision/srgb.h"

#include <math.h>

static double to_linear(double v)
{
    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

float dio_srgb_to_linear(float coded)
{
    return (float)to_linear(coded);
}

float dio_srgb_from_linear(float linear)
{
    double v = linear;
    return (float)(v <= 0.0031308 ? v * 12.92 : 1.055 * pow(v, 1 / 2.4) - 0.055);
}

float dio_srgb_luminance(const float rgb[3])
{
    return 0.2126f * rgb[0] + 0.7152f * rgb[1] + 0.0722f * rgb[2];
}

/* Matrices from Björn Ottosson, "A perceptual color space for image processing", 2020. */
void dio_srgb_oklab(const float linear[3], float lab[3])
{
    float r = linear[0], g = linear[1], b = linear[2];
    float l = cbrtf(0.4122214708f * r + 0.5363325363f * g + 0.0514459929f * b);
    float m = cbrtf(0.2119034982f * r + 0.6806995451f * g + 0.1073969566f * b);
    float s = cbrtf(0.0883024619f * r + 0.2817188376f * g + 0.6299787005f * b);
    lab[0] = 0.2104542553f * l + 0.7936177850f * m - 0.0040720468f * s;
    lab[1] = 1.9779984951f * l - 2.4285922050f * m + 0.4505937099f * s;
    lab[2] = 0.0259040371f * l + 0.7827717662f * m - 0.8086757660f * s;
}

void dio_srgb_from_oklab(const float lab[3], float linear[3])
{
    float l = lab[0] + 0.3963377774f * lab[1] + 0.2158037573f * lab[2];
    float m = lab[0] - 0.1055613458f * lab[1] - 0.0638541728f * lab[2];
    float s = lab[0] - 0.0894841775f * lab[1] - 1.2914855480f * lab[2];
    l = l * l * l;
    m = m * m * m;
    s = s * s * s;
    linear[0] = 4.0767416621f * l - 3.3077115913f * m + 0.2309699292f * s;
    linear[1] = -1.2684380046f * l + 2.6097574011f * m - 0.3413193965f * s;
    linear[2] = -0.0041960863f * l - 0.7034186147f * m + 1.7076147010f * s;
}

void dio_srgb_bytes_init(dio_srgb_bytes *b)
{
    b->threshold[0] = 0;
    b->threshold[256] = INFINITY;
    for (int k = 0; k < 256; k++) {
        b->linear[k] = (float)to_linear(k / 255.0);
        double half = to_linear((k - 0.5) / 255);
        float least = (float)half;
        if (k > 0)
            b->threshold[k] = least < half ? nextafterf(least, 1) : least;
    }
    int k = 0;
    for (int i = 0; i < DIO_SRGB_STARTS; i++) {
        while (k < 255 && b->threshold[k + 1] <= (float)i / DIO_SRGB_STARTS)
            k++;
        b->start[i] = (uint8_t)k;
    }
}

/* The curve is steepest at 0, where a part of the table holds three bytes: three steps at most. */
uint8_t dio_srgb_byte(const dio_srgb_bytes *b, float linear)
{
    if (!(linear > 0))
        return 0;
    if (linear >= 1)
        return 255;
    int k = b->start[(int)(linear * DIO_SRGB_STARTS)];
    while (linear >= b->threshold[k + 1])
        k++;
    return (uint8_t)k;
}
