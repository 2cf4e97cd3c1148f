#pragma once
/* biquad.h: private to audio/: filters of second order, in doubles (transposed direct form II). */

typedef struct dio_biquad {
    double b0, b1, b2, a1, a2; /* a0 is 1 */
    double s1, s2;             /* what it remembers */
} dio_biquad;

/* Butterworth's, by the bilinear transform. hertz is below half the rate. */
dio_biquad dio_biquad_high_pass(double hertz, int rate);
dio_biquad dio_biquad_low_pass(double hertz, int rate);
/* As if x had been there for ever. */
void dio_biquad_settle(dio_biquad *f, double x);

static inline double dio_biquad_run(dio_biquad *f, double x)
{
    double y = f->b0 * x + f->s1;
    f->s1 = f->b1 * x - f->a1 * y + f->s2;
    f->s2 = f->b2 * x - f->a2 * y;
    return y;
}
