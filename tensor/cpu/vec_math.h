#pragma once
/* vec_math.h: elementary functions on vectors of float, within a few units in the last place.
 *
 * Polynomials are minimax fits in relative error (Lawson's iteration on Chebyshev points); the
 * error of each stands beside it. tests/tensor/test_cpu_unary.c measures the whole functions
 * against double libm. No function branches on a value except v_sincos for arguments beyond 1e5,
 * lane by lane, so an element's bits depend on nothing but the element.
 */
#include <math.h>

#include "tensor/cpu/vec.h"

/* Adding and taking away 1.5 * 2^23 rounds to the nearest integer, which is then also the low
 * mantissa bits. */
#define V_ROUND 12582912.0f
enum { V_ROUND_BITS = 0x4b400000 };

static inline vf v_poly4(vf x, float c0, float c1, float c2, float c3)
{
    vf y = v_fma(x, v_set(c3), v_set(c2));
    y = v_fma(x, y, v_set(c1));
    return v_fma(x, y, v_set(c0));
}

static inline vf v_poly5(vf x, float c0, float c1, float c2, float c3, float c4)
{
    return v_fma(x, v_poly4(x, c1, c2, c3, c4), v_set(c0));
}

/* (e^r - 1 - r) / r^2 for |r| < 0.4; 8.3e-9 of e^r. */
static inline vf v_exp_tail(vf r)
{
    return v_poly5(r, 4.999998510e-01f, 1.666640788e-01f, 4.166970775e-02f, 8.380415849e-03f,
                   1.379046589e-03f);
}

/* e^(x + low) for a small `low`. Beyond the clamps the result is 0 or infinity anyway; 2^k is
 * applied in two steps, so that subnormal results are rounded once. */
static inline vf v_exp2part(vf x, vf low)
{
    x = v_min(v_set(89.0f), v_max(v_set(-104.0f), x));
    vf m = v_fma(x, v_set(1.442695041f), v_set(V_ROUND));
    vf n = m - v_set(V_ROUND);
    vu k = (vu)m - V_ROUND_BITS;
    vf r = v_fma(n, v_set(-0.693359375f), x);
    r = v_fma(n, v_set(2.12194440e-4f), r) + low;
    vf p = v_fma(r * r, v_exp_tail(r), r) + v_set(1.0f);
    vu half = (vu)((vi)k >> 1);
    return p * (vf)((half + 127) << 23) * (vf)((k - half + 127) << 23);
}

static inline vf v_exp(vf x)
{
    return v_exp2part(x, v_set(0.0f));
}

/* e^x for x of at most 0, a weight of attention: below e^-86 it is 0, which spares the clamps and
 * the second of 2^k's two steps. */
static inline vf v_exp_weight(vf x)
{
    const vi gone = x < v_set(-86.0f);
    x = v_max(v_set(-86.0f), x);
    const vf m = v_fma(x, v_set(1.442695041f), v_set(V_ROUND));
    const vf n = m - v_set(V_ROUND);
    vf r = v_fma(n, v_set(-0.693359375f), x);
    r = v_fma(n, v_set(2.12194440e-4f), r);
    const vf p = v_fma(r * r, v_exp_tail(r), r) + v_set(1.0f);
    return (vf)(~gone & (vi)((vu)p + ((vu)m << 23)));
}

/* e^x - 1. Below ln(2)/2 the reduction would be the identity: the polynomial alone serves. */
static inline vf v_expm1(vf x)
{
    vf near = v_fma(x * x, v_exp_tail(x), x);
    return v_pick(v_abs(x) < v_set(0.3465f), near, v_exp(x) - v_set(1.0f));
}

/* x = 2^e * (1 + f) with 1 + f in sqrt(1/2)..sqrt(2); 7.5e-10. */
static inline vf v_log(vf x)
{
    vi tiny = x < v_set(1.17549435e-38f);
    vf scaled = v_pick(tiny, x * v_set(8388608.0f), x);
    vi e = ((vi)((vu)scaled - 0x3f3504f3)) >> 23;
    vf f = (vf)((vu)scaled - ((vu)e << 23)) - v_set(1.0f);
    vf n = __builtin_convertvector(e - (tiny & 23), vf);
    vf p = v_poly5(f, 1.421954483e-01f, -1.240558550e-01f, 1.188821048e-01f, -1.167569533e-01f,
                   6.746589392e-02f);
    p = v_fma(f, p, v_set(-1.666799635e-01f));
    p = v_fma(f, p, v_set(2.000211924e-01f));
    p = v_fma(f, p, v_set(-2.500000894e-01f));
    p = v_fma(f, p, v_set(3.333331347e-01f));
    vf ff = f * f;
    vf y = v_fma(n, v_set(-2.12194440e-4f), f * ff * p);
    y = v_fma(ff, v_set(-0.5f), y);
    y = v_fma(n, v_set(0.693359375f), f + y);
    y = v_pick(x == v_set(INFINITY), x, y);
    y = v_pick(x == v_set(0.0f), v_set(-INFINITY), y);
    return v_pick(x < v_set(0.0f), v_set(NAN), v_pick(x != x, x, y));
}

/* log(1 + s) for s in 0..1, relative: 2 atanh(t) at t = s / (2 + s); 4.5e-9. */
static inline vf v_log1p_unit(vf s)
{
    vf t = s / (s + v_set(2.0f)), z = t * t;
    vf q = v_poly4(z, 6.666641831e-01f, 4.002152979e-01f, 2.800178528e-01f, 2.801208496e-01f);
    return v_fma(t * z, q, t + t);
}

static inline vf v_tanh(vf x)
{
    vf a = v_abs(x), z = x * x;
    vf near = v_poly5(z, -3.333328068e-01f, 1.333144158e-01f, -5.373970419e-02f, 2.063904703e-02f,
                      -5.704944022e-03f); /* 4.4e-9 */
    near = v_fma(a * z, near, a);
    vf far = v_set(1.0f) - v_set(2.0f) / (v_exp(a + a) + v_set(1.0f));
    return v_sign(v_pick(a < v_set(0.625f), near, far), x);
}

/* 1 / (1 + e^-(x + low)), with full relative accuracy where it is tiny. */
static inline vf v_sigmoid2part(vf x, vf low)
{
    vf s = v_sign(v_set(1.0f), x);
    vf e = v_exp2part(-v_abs(x), -(low * s));
    return v_pick(x < v_set(0.0f), e, v_set(1.0f)) / (v_set(1.0f) + e);
}

static inline vf v_sigmoid(vf x)
{
    return v_sigmoid2part(x, v_set(0.0f));
}

static inline vf v_softplus(vf x)
{
    return v_max(v_set(0.0f), x) + v_log1p_unit(v_exp(-v_abs(x)));
}

/* Upper tail of the normal distribution, Q(a) = erfc(a / sqrt 2) / 2 for 0 <= a <= 15, as
 * e^(-a^2/2) * R(a); *ratio gets R. R(a) * (a + 2) is a polynomial in (a - 4) / (a + 4); 2.2e-8.
 * *density gets e^(-a^2/2). The square is kept in two parts: at a = 10 its rounding alone would
 * cost 3e-6. */
static inline vf v_normal_tail(vf a, vf *ratio, vf *density)
{
    vf t = (a - v_set(4.0f)) / (a + v_set(4.0f));
    vf p = v_poly5(t, -1.325391349e-03f, 9.476308711e-03f, -4.519986920e-03f, 2.432841720e-04f,
                   5.109151825e-04f);
    p = v_fma(t, p, v_set(-4.311088100e-02f));
    p = v_fma(t, p, v_set(1.383782774e-01f));
    p = v_fma(t, p, v_set(-2.671010792e-01f));
    p = v_fma(t, p, v_set(5.664638281e-01f));
    vf low, square = v_two_prod(a, a, &low);
    *density = v_exp2part(square * v_set(-0.5f), low * v_set(-0.5f));
    *ratio = p / (a + v_set(2.0f));
    return *density * *ratio;
}

/* Adds multiples of pi/2 in double (33 + 53 bits of it), which is exact enough up to 2^20. */
static inline void v_reduce(vh x, vh *r, vh *turns)
{
    const double round = 6755399441055744.0; /* 1.5 * 2^52 */
    vd y = __builtin_convertvector(x, vd);
    vd j = (y * 0.63661977236758134308 + round) - round;
    y = (y - j * 1.57079632673412561417) - j * 6.07710050650619224932e-11;
    *r = __builtin_convertvector(y, vh);
    *turns = __builtin_convertvector(j, vh);
}

/* sin(x + shift * pi/2) for shift 0 or 1. */
static inline vf v_sincos(vf x, int shift)
{
    union {
        vf whole;
        vh half[2];
        float lane[VN];
    } in = {x}, r, j;
    v_reduce(in.half[0], &r.half[0], &j.half[0]);
    v_reduce(in.half[1], &r.half[1], &j.half[1]);
    vi big = ~(v_abs(x) <= v_set(1e5f)); /* infinities and NaN too */
    vu quarter = (vu)(j.whole + v_set(V_ROUND)) + (uint32_t)shift;
    vf z = r.whole * r.whole;
    vf s = v_fma(z, v_set(-1.951444574e-04f), v_set(8.332154714e-03f)); /* 3.8e-9 */
    s = v_fma(z, s, v_set(-1.666665524e-01f));
    s = v_fma(r.whole * z, s, r.whole);
    vf c = v_fma(z, v_set(2.443220001e-05f), v_set(-1.388730831e-03f)); /* 1.2e-10 */
    c = v_fma(z, c, v_set(4.166664556e-02f));
    c = v_fma(z * z, c, v_fma(z, v_set(-0.5f), v_set(1.0f)));
    vi odd = (quarter & 1) != 0;
    vf y = (vf)((vu)v_pick(odd, c, s) ^ ((quarter & 2) << 30));
    if (__builtin_expect(v_any(big), 0)) {
        union {
            vf whole;
            float lane[VN];
        } out = {y};
        for (int i = 0; i < VN; i++)
            if (!(fabsf(in.lane[i]) <= 1e5f))
                out.lane[i] = (float)(shift ? cos((double)in.lane[i]) : sin((double)in.lane[i]));
        y = out.whole;
    }
    return y;
}
