#pragma once
/* spline.h: the monotonic spline of neural spline flows (arXiv:1906.04032), for both devices.
 *
 * Between knots the curve is a quotient of quadratics, which can be inverted in closed form; beyond
 * -tail..tail it is the line y = x, which it joins with slope 1. */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#if defined(__CUDACC__)
#define DIO_SPLINE_FN static __device__ __forceinline__
#else
#define DIO_SPLINE_FN static inline
#endif

enum { DIO_SPLINE_BINS = 64 };

typedef struct dio_spline_attrs {
    int bins;
    double tail;
    double scale; /* what the logits of widths and heights are multiplied by */
    bool inverse;
} dio_spline_attrs;

/* The least width and height of a bin, of 1, and the least slope at a knot. */
#define DIO_SPLINE_LEAST 1e-3

/* Bins' ends, bins + 1 of them, from their logits: -tail, .., tail. */
DIO_SPLINE_FN void dio_spline_knots(const double *logit, int bins, double tail, double *knot)
{
    double most = logit[0], sum = 0, at = 0;
    for (int i = 1; i < bins; i++)
        most = logit[i] > most ? logit[i] : most;
    for (int i = 0; i < bins; i++)
        sum += exp(logit[i] - most);
    knot[0] = -tail;
    for (int i = 0; i < bins; i++) {
        double share = exp(logit[i] - most) / sum;
        at += DIO_SPLINE_LEAST + (1 - DIO_SPLINE_LEAST * bins) * share;
        knot[i + 1] = i + 1 < bins ? 2 * tail * at - tail : tail;
    }
}

/* The slope at knot i: of the outermost ones 1, of the others least + softplus. */
DIO_SPLINE_FN double dio_spline_slope(const double *logit, int bins, int i)
{
    if (i == 0 || i == bins)
        return 1;
    double u = logit[i - 1];
    return DIO_SPLINE_LEAST + (u > 20 ? u : log1p(exp(u)));
}

/* logits: widths [bins], heights [bins], slopes [bins - 1]; the first two already scaled. */
DIO_SPLINE_FN double dio_spline_at(double x, const double *logits, const dio_spline_attrs *a)
{
    double wide[DIO_SPLINE_BINS + 1], high[DIO_SPLINE_BINS + 1];
    int bins = a->bins, i = 0;
    if (!(x >= -a->tail && x <= a->tail))
        return x;
    dio_spline_knots(logits, bins, a->tail, wide);
    dio_spline_knots(logits + bins, bins, a->tail, high);
    const double *from = a->inverse ? high : wide;
    while (i < bins - 1 && x >= from[i + 1])
        i++;
    double w = wide[i + 1] - wide[i], h = high[i + 1] - high[i], delta = h / w;
    double d0 = dio_spline_slope(logits + 2 * bins, bins, i);
    double d1 = dio_spline_slope(logits + 2 * bins, bins, i + 1);
    double bend = d0 + d1 - 2 * delta;
    if (!a->inverse) {
        double t = (x - wide[i]) / w, s = t * (1 - t);
        return high[i] + h * (delta * t * t + d0 * s) / (delta + bend * s);
    }
    double y = x - high[i], qa = y * bend + h * (delta - d0), qb = h * d0 - y * bend;
    double root = qb * qb + 4 * qa * delta * y;
    return wide[i] + w * (2 * delta * y) / (qb + sqrt(root > 0 ? root : 0));
}
