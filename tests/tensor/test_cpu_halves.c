/* test_cpu_halves.c: bf16 and f16 to float and back on every instruction set of this machine: all
 * 65536 of each, and rounding to nearest even by scaling in double. */
#include "tests/tensor/cpu_case.h"

#include <float.h>
#include <math.h>

/* A half from its definition, and the nearest-even rounding to `bits` of mantissa by scaling. */
static double half_value(uint16_t h)
{
    int e = h >> 10 & 31, m = h & 1023;
    double x = e == 31 ? (m ? NAN : INFINITY) : e ? ldexp(1024 + m, e - 25) : ldexp(m, -24);
    return h & 0x8000 ? -x : x;
}

static double round_to(double x, int bits, int lowest, double top)
{
    int e;
    frexp(x, &e);
    e = e - bits < lowest ? lowest : e - bits;
    double y = ldexp(nearbyint(ldexp(x, -e)), e);
    return fabs(y) > top ? copysign(INFINITY, x) : y;
}

static void halves_of(const dio_cpu *cpu)
{
    static uint16_t h[65536], back[65536];
    static float f[65536];
    for (int i = 0; i < 65536; i++)
        h[i] = (uint16_t)i;
    const int types[] = {DIO_F16, DIO_BF16};
    for (int t = 0; t < 2; t++) {
        cpu->to_f32(f, h, types[t], 65536);
        cpu->from_f32(back, f, types[t], 65536);
        for (int i = 0; i < 65536; i++) {
            uint32_t bits;
            memcpy(&bits, &f[i], sizeof bits);
            bool nan = isnan(f[i]);
            if (types[t] == DIO_F16)
                assert_true(nan ? isnan(half_value(h[i])) : (double)f[i] == half_value(h[i]));
            else
                assert_true(bits == (uint32_t)i << 16);
            assert_true(nan ? (back[i] & 0x7fff) > 0x7c00 : back[i] == h[i]);
        }
        for (int n = 0; n < SHORT; n++) {
            float y[SHORT + 1];
            uint16_t b[SHORT + 1];
            y[n] = 12345.0f;
            b[n] = 777;
            cpu->to_f32(y, h + 15000, types[t], n);
            cpu->from_f32(b, f + 15000, types[t], n);
            assert_true(y[n] == 12345.0f && b[n] == 777);
            assert_true(!memcmp(y, f + 15000, (size_t)n * 4));
            assert_true(!memcmp(b, back + 15000, (size_t)n * 2));
        }
    }
    uint32_t seed = 20;
    for (int i = 0; i < 65536; i++) /* every exponent, and exact ties in one of four */
        f[i] = noise(&seed) * (float)exp2((double)(i % 280) - 150);
    for (int i = 0; i < 65536; i += 4)
        f[i] = (float)round_to((double)f[i], i & 4 ? 12 : 9, i & 4 ? -25 : -134, DBL_MAX);
    cpu->from_f32(h, f, DIO_F16, 65536);
    cpu->from_f32(back, f, DIO_BF16, 65536);
    for (int i = 0; i < 65536; i++) {
        assert_true(half_value(h[i]) == round_to((double)f[i], 11, -24, 65504));
        uint32_t bits = (uint32_t)back[i] << 16;
        float wide;
        memcpy(&wide, &bits, sizeof wide);
        assert_true((double)wide == round_to((double)f[i], 8, -133, (double)FLT_MAX));
    }
}

EACH(halves)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_halves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
