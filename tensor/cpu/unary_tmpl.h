/* unary_tmpl.h: the elementwise functions of enum dio_unary, their derivatives, and the spans
 * that kernels_tmpl.c makes of them. p and q are the operator's numbers (slope, alpha, limits).
 */
#include "tensor/cpu/vec_math.h"

#define FUNCTION(name) static inline vf f_##name(vf x, vf p, vf q)
#define SLOPE(name)    static inline vf d_##name(vf x, vf p, vf q)
#define UNUSED         (void)p, (void)q

static inline vf one(void)
{
    return v_set(1.0f);
}

static inline vf zero(void)
{
    return v_set(0.0f);
}

/* clang-format off */
FUNCTION(neg)        { UNUSED; return -x; }
SLOPE(neg)           { UNUSED; (void)x; return v_set(-1.0f); }
FUNCTION(abs)        { UNUSED; return v_abs(x); }
SLOPE(abs)           { UNUSED; return v_pick(x == zero(), zero(), v_sign(one(), x)); }
FUNCTION(exp)        { UNUSED; return v_exp(x); }
SLOPE(exp)           { UNUSED; return v_exp(x); }
FUNCTION(log)        { UNUSED; return v_log(x); }
SLOPE(log)           { UNUSED; return one() / x; }
FUNCTION(sqrt)       { UNUSED; return v_sqrt(x); }
SLOPE(sqrt)          { UNUSED; return v_set(0.5f) / v_sqrt(x); }
FUNCTION(rsqrt)      { UNUSED; return one() / v_sqrt(x); }
SLOPE(rsqrt)         { UNUSED; return v_set(-0.5f) / (x * v_sqrt(x)); }
FUNCTION(square)     { UNUSED; return x * x; }
SLOPE(square)        { UNUSED; return x + x; }
FUNCTION(reciprocal) { UNUSED; return one() / x; }
SLOPE(reciprocal)    { UNUSED; return v_set(-1.0f) / (x * x); }
FUNCTION(sin)        { UNUSED; return v_sincos(x, 0); }
SLOPE(sin)           { UNUSED; return v_sincos(x, 1); }
FUNCTION(cos)        { UNUSED; return v_sincos(x, 1); }
SLOPE(cos)           { UNUSED; return -v_sincos(x, 0); }
FUNCTION(tanh)       { UNUSED; return v_tanh(x); }
FUNCTION(sigmoid)    { UNUSED; return v_sigmoid(x); }
FUNCTION(softplus)   { UNUSED; return v_softplus(x); }
SLOPE(softplus)      { UNUSED; return v_sigmoid(x); }
FUNCTION(relu)       { UNUSED; return v_pick(x < zero(), zero(), x); }
SLOPE(relu)          { UNUSED; return v_pick(x > zero(), one(), zero()); }
FUNCTION(leaky_relu) { (void)q; return v_pick(x < zero(), x * p, x); }
SLOPE(leaky_relu)    { (void)q; return v_pick(x > zero(), one(), p); }
FUNCTION(elu)        { (void)q; return v_pick(x < zero(), p * v_expm1(x), x); }
SLOPE(elu)           { (void)q; return v_pick(x > zero(), one(), p * v_exp(x)); }
FUNCTION(silu)       { UNUSED; return x * v_sigmoid(x); }
FUNCTION(clamp)      { return v_pick(x < p, p, v_pick(x > q, q, x)); }
SLOPE(clamp)         { return v_pick((x >= p) & (x <= q), one(), zero()); }
/* clang-format on */

/* 1 - tanh^2 = 4 e / (1 + e)^2 at e = exp(-2|x|): nothing cancels. */
SLOPE(tanh)
{
    UNUSED;
    vf e = v_exp(v_set(-2.0f) * v_abs(x)), d = one() + e;
    return v_set(4.0f) * e / (d * d);
}

SLOPE(sigmoid)
{
    UNUSED;
    vf e = v_exp(-v_abs(x)), d = one() + e;
    return e / (d * d);
}

SLOPE(silu)
{
    UNUSED;
    vf s = v_sigmoid(x);
    return s * (one() + x * v_sigmoid(-x));
}

/* x * Phi(x), the tail taken on the side where it does not cancel. */
FUNCTION(gelu)
{
    UNUSED;
    vf ratio, density, tail = v_normal_tail(v_min(v_set(15.0f), v_abs(x)), &ratio, &density);
    return x * v_pick(x < zero(), tail, one() - tail);
}

SLOPE(gelu)
{
    UNUSED;
    vf ratio, density, a = v_min(v_set(15.0f), v_abs(x));
    vf tail = v_normal_tail(a, &ratio, &density);
    vf bell = a * v_set(0.3989422804f); /* x * phi(x) = sign * density * this */
    return v_pick(x < zero(), density * (ratio - bell), one() - (tail - density * bell));
}

/* 2 sqrt(2/pi) (x + 0.044715 x^3) in two parts: the exponential of the sum would multiply its
 * rounding by up to 88. Beyond |x| = 12 the sigmoid is 0 or 1 in float. */
static inline vf gelu_tanh_argument(vf x, vf *low)
{
    const float a = 1.5957691216f, a_low = -4.534e-08f, b = 0.07135481283f;
    x = v_min(v_set(12.0f), v_max(v_set(-12.0f), x));
    vf square_low, cubic_low, product_low;
    vf square = v_two_prod(x, x, &square_low);
    vf cubic = v_two_prod(square, v_set(b), &cubic_low);
    cubic_low = v_fma(square, v_set(2.399e-09f), v_fma(square_low, v_set(b), cubic_low));
    vf sum = cubic + v_set(a), head = sum - cubic; /* Knuth's two-sum */
    vf sum_low = (cubic - (sum - head)) + (v_set(a) - head);
    vf product = v_two_prod(x, sum, &product_low);
    *low = v_fma(x, sum_low + cubic_low + v_set(a_low), product_low);
    return product;
}

FUNCTION(gelu_tanh)
{
    UNUSED;
    vf low, u = gelu_tanh_argument(x, &low);
    return x * v_sigmoid2part(u, low);
}

SLOPE(gelu_tanh)
{
    UNUSED;
    vf low, u = gelu_tanh_argument(x, &low);
    vf c = v_min(v_set(12.0f), v_max(v_set(-12.0f), x));
    vf du = v_fma(c * c, v_set(0.2140644385f), v_set(1.5957691216f));
    return v_sigmoid2part(u, low) * (one() + c * du * v_sigmoid2part(-u, -low));
}

static inline vf gelu_quick_argument(vf x, vf *low)
{
    x = v_min(v_set(70.0f), v_max(v_set(-70.0f), x));
    vf u = v_two_prod(x, v_set(1.702f), low);
    *low = v_fma(x, v_set((float)(1.702 - (double)1.702f)), *low);
    return u;
}

FUNCTION(gelu_quick)
{
    UNUSED;
    vf low, u = gelu_quick_argument(x, &low);
    return x * v_sigmoid2part(u, low);
}

SLOPE(gelu_quick)
{
    UNUSED;
    vf low, u = gelu_quick_argument(x, &low);
    return v_sigmoid2part(u, low) * (one() + u * v_sigmoid2part(-u, -low));
}

/* tanh(log(1 + e)) = n / (n + 2) with n = e (e + 2), e = exp(x); at 30 it is 1 in float. */
FUNCTION(mish)
{
    UNUSED;
    vf e = v_exp(v_min(v_set(30.0f), x)), n = e * (e + v_set(2.0f));
    return x * (n / (n + v_set(2.0f)));
}

SLOPE(mish)
{
    UNUSED;
    vf c = v_min(v_set(30.0f), x), e = v_exp(c), n = e * (e + v_set(2.0f));
    vf d = n + v_set(2.0f);
    return n / d + c * (v_set(4.0f) * ((n + one()) / d) / d) * v_sigmoid(c);
}

FUNCTION(hardswish)
{
    UNUSED;
    return x * v_min(v_set(6.0f), v_max(zero(), x + v_set(3.0f))) / v_set(6.0f);
}

SLOPE(hardswish)
{
    UNUSED;
    vf middle = v_fma(x, v_set(1.0f / 3.0f), v_set(0.5f));
    return v_pick(x < v_set(-3.0f), zero(), v_pick(x > v_set(3.0f), one(), middle));
}

#undef FUNCTION
#undef SLOPE
#undef UNUSED

/* In enum dio_unary's order. */
/* clang-format off */
#define EACH_UNARY(X)                                                                              \
    X(neg) X(abs) X(exp) X(log) X(sqrt) X(rsqrt) X(square) X(reciprocal) X(sin) X(cos) X(tanh)     \
    X(sigmoid) X(relu) X(leaky_relu) X(elu) X(gelu) X(gelu_tanh) X(gelu_quick) X(silu) X(softplus) \
    X(mish) X(hardswish) X(clamp)
/* clang-format on */
