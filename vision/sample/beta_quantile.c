/* beta_quantile.c: the inverse of the symmetric beta distribution function.
 * The function is the regularised incomplete beta integral by its continued fraction (DLMF 8.17.22,
 * evaluated with Lentz's method), which converges fast below the mean; symmetry gives the upper
 * half. It is inverted by halving, which cannot fail, down to the last bit. */
#include <math.h>

#include "vision/sample/build.h"

static double away_from_zero(double x)
{
    return fabs(x) < 1e-300 ? 1e-300 : x;
}

/* Coefficient m of the continued fraction of I_x(a, a). */
static double coefficient(double a, double x, int m)
{
    int k = m / 2;
    if (m % 2)
        return -(a + k) * (2 * a + k) * x / ((a + 2 * k) * (a + 2 * k + 1));
    return k * (a - k) * x / ((a + 2 * k - 1) * (a + 2 * k));
}

/* I_x(a, a) for x in 0..1/2. */
static double lower(double x, double a)
{
    if (x <= 0)
        return 0;
    double front = tgamma(2 * a) / (tgamma(a) * tgamma(a)) * pow(x * (1 - x), a) / a;
    double c = 1, d = 0, f = 1;
    for (int m = 1; m < 500; m++) {
        double k = coefficient(a, x, m);
        d = 1 / away_from_zero(1 + k * d);
        c = away_from_zero(1 + k / c);
        f *= c * d;
        if (fabs(c * d - 1) < 1e-16)
            break;
    }
    return front / f;
}

double beta_quantile(double p, double a)
{
    if (p > 0.5)
        return 1 - beta_quantile(1 - p, a);
    double low = 0, high = 0.5;
    for (int i = 0; i < 200 && low < high; i++) {
        double mid = (low + high) / 2;
        if (mid <= low || mid >= high)
            break;
        if (lower(mid, a) < p)
            low = mid;
        else
            high = mid;
    }
    return p <= 0 ? 0 : high;
}
