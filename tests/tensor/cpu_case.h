#pragma once
/* cpu_case.h: what the tests of row kernels share: every instruction set of this machine, numbers
 * to feed them, and the promise that a span of any length has the bits of a longer one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "tensor/cpu/cpu.h"

enum { LONG = 131, SHORT = 68 }; /* spans; tails run from 0 to SHORT - 1 */

static inline float noise(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (float)(*state >> 8) / 8388608.0f - 1.0f;
}

static inline void fill(float *x, int n, uint32_t seed)
{
    for (int i = 0; i < n; i++)
        x[i] = noise(&seed);
}

static inline void same(const dio_cpu *cpu, const char *what, const float *a, const float *whole,
                        int n, const float *guard)
{
    if (memcmp(a, whole, (size_t)n * sizeof *a) != 0)
        fail_msg("%s %s: a span of %d differs from the long one", cpu->name, what, n);
    if (*guard != 12345.0f)
        fail_msg("%s %s: a span of %d writes past its end", cpu->name, what, n);
}

/* Calls f for each set that this machine has. */
static inline void each(void (*f)(const dio_cpu *cpu))
{
    int seen = 0;
    for (int isa = DIO_ISA_GENERIC; isa <= DIO_ISA_AVX512VNNI; isa++) {
        const dio_cpu *cpu = dio_cpu_table((dio_isa)isa);
        if (!cpu) {
            printf("this machine lacks instruction set %d: not tested\n", isa);
            continue;
        }
        assert_int_equal(cpu->isa, isa);
        f(cpu);
        seen++;
    }
    assert_true(seen > 0);
}

/* A test named after a function name_of(cpu). */
#define EACH(name)                                                                                 \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        each(name##_of);                                                                           \
    }
