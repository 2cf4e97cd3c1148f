/* biquad.c: Butterworth's filters of second order. */
#include "audio/biquad.h"

#include <math.h>

/* The analog prototype 1 / (s^2 + sqrt(2) s + 1), warped so that `hertz` stays where it is. */
static dio_biquad prototype(double hertz, int rate, double *k)
{
    *k = tan(M_PI * hertz / rate);
    double norm = 1 / (1 + M_SQRT2 * *k + *k * *k);
    return (dio_biquad){
        .b0 = norm, .a1 = 2 * (*k * *k - 1) * norm, .a2 = (1 - M_SQRT2 * *k + *k * *k) * norm};
}

dio_biquad dio_biquad_high_pass(double hertz, int rate)
{
    double k;
    dio_biquad f = prototype(hertz, rate, &k);
    f.b1 = -2 * f.b0;
    f.b2 = f.b0;
    return f;
}

dio_biquad dio_biquad_low_pass(double hertz, int rate)
{
    double k;
    dio_biquad f = prototype(hertz, rate, &k);
    f.b0 *= k * k;
    f.b1 = 2 * f.b0;
    f.b2 = f.b0;
    return f;
}

void dio_biquad_settle(dio_biquad *f, double x)
{
    double y = x * (f->b0 + f->b1 + f->b2) / (1 + f->a1 + f->a2);
    f->s1 = y - f->b0 * x;
    f->s2 = f->b2 * x - f->a2 * y;
}
