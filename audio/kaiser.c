/* kaiser.c: the window is a quotient of modified Bessel functions of order 0. */
#include "audio/kaiser.h"

#include <math.h>

/* By its series: for the betas in use a few dozen terms. */
static double bessel(double x)
{
    double sum = 1, term = 1;
    for (int k = 1; term > 1e-18 * sum; k++) {
        term *= x / (2 * k) * (x / (2 * k));
        sum += term;
    }
    return sum;
}

double dio_kaiser(double beta, double x)
{
    double inside = 1 - x * x;
    return inside <= 0 ? 0 : bessel(beta * sqrt(inside)) / bessel(beta);
}
