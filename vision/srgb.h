#pragma once
/* srgb.h: the curve between light and the numbers that files hold, and distances as eyes see them.
 *
 * IEC 61966-2-1. Both directions go on beyond 0..1: below along the straight piece, above along
 * the power. All computed in double and rounded once, so that a byte turned to light and back is
 * that byte.
 */
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

float dio_srgb_to_linear(float coded);
float dio_srgb_from_linear(float linear);

/* Rec. 709 luminance of linear light. */
float dio_srgb_luminance(const float rgb[3]);

/* OKLab (Ottosson 2020) of linear light. A distance of 0.02 is about what one just sees. */
void dio_srgb_oklab(const float linear[3], float lab[3]);
/* The light of a colour in OKLab; outside 0..1 where the screen has no such colour. */
void dio_srgb_from_oklab(const float lab[3], float linear[3]);

/* Both directions for bytes, without a power a pixel. Made by dio_srgb_bytes_init. */
enum { DIO_SRGB_STARTS = 4096 };
typedef struct dio_srgb_bytes {
    float linear[256];    /* of each byte */
    float threshold[257]; /* [k]: the least light that is coded as k; [256] is above all */
    uint8_t start[DIO_SRGB_STARTS]; /* the byte of i / DIO_SRGB_STARTS */
} dio_srgb_bytes;
void dio_srgb_bytes_init(dio_srgb_bytes *b);
/* Rounded to the nearest in coded numbers; clamped; NaN is 0. */
uint8_t dio_srgb_byte(const dio_srgb_bytes *b, float linear);

#ifdef __cplusplus
}
#endif
