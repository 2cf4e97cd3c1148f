/* test_turn.cc: turned and retyped matrices, emulated: every element where it belongs, whatever
 * does not fill a tile; halves rounded as the CPU rounds them, and cut off where f16 ends. */
extern "C" {
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
}
#include <cuda_runtime.h>

#include <vector>

#include "tensor/cuda/turn.cuh"

static float number(int64_t i)
{
    uint32_t seed = (uint32_t)i * 2654435761u + 12345u;
    return (float)(int32_t)seed / 65536.0f;
}

static uint16_t half_of(dio_dtype type, float x)
{
    if (type == DIO_BF16)
        return dio_f32_to_bf16(x);
    return dio_f32_to_f16(x > 65504.0f ? 65504.0f : x < -65504.0f ? -65504.0f : x);
}

static void check(int64_t count, int64_t rows, int64_t cols, dio_dtype from, dio_dtype to,
                  bool bias)
{
    const int64_t n = count * rows * cols;
    std::vector<float> wide((size_t)n), out((size_t)n), added((size_t)cols);
    std::vector<uint16_t> halves((size_t)n), half_out((size_t)n);
    for (int64_t i = 0; i < n; i++) {
        wide[(size_t)i] = number(i);
        halves[(size_t)i] = half_of(from, number(i));
        if (from != DIO_F32)
            wide[(size_t)i] = from == DIO_BF16 ? dio_bf16_to_f32(halves[(size_t)i])
                                               : dio_f16_to_f32(halves[(size_t)i]);
    }
    for (int64_t i = 0; i < cols; i++)
        added[(size_t)i] = bias ? number(i + 77) : 0.0f;
    dio_cuda d;
    memset(&d, 0, sizeof d);
    dio_cuda_turn t;
    memset(&t, 0, sizeof t);
    t.count = count, t.rows = rows, t.cols = cols;
    t.from = from == DIO_F32 ? (const void *)wide.data() : halves.data();
    t.bias = bias ? added.data() : NULL;
    t.to = to == DIO_F32 ? (void *)out.data() : half_out.data();
    t.from_type = from, t.to_type = to;
    dio_cuda_turn_run(&d, &t);
    for (int64_t i = 0; i < n; i++) {
        int64_t row = i % rows, col = i / rows % cols, at = i / rows / cols * rows * cols;
        float want = wide[(size_t)(at + row * cols + col)] + added[(size_t)col];
        if (to == DIO_F32)
            assert_memory_equal(&out[(size_t)i], &want, sizeof want);
        else
            assert_int_equal(half_out[(size_t)i], half_of(to, want));
    }
}

static void every_element_arrives(void **)
{
    check(1, 1, 1, DIO_F32, DIO_F32, false);
    check(2, 33, 70, DIO_F32, DIO_F32, false);
    check(3, 70, 5, DIO_F32, DIO_BF16, true);
    check(2, 4, 129, DIO_F32, DIO_F16, false);
    check(5, 31, 9, DIO_F16, DIO_F32, false);
    check(1, 64, 32, DIO_BF16, DIO_F32, true);
    check(0, 3, 3, DIO_F32, DIO_F32, false);
}

static void rows_keep_their_order(void **)
{
    const int64_t n = 1000;
    std::vector<float> x((size_t)n), y((size_t)n), bias = {1.0f, -2.0f, 3.0f, 0.5f, 8.0f};
    std::vector<uint16_t> halves((size_t)n);
    dio_cuda d;
    memset(&d, 0, sizeof d);
    for (int64_t i = 0; i < n; i++)
        x[(size_t)i] = number(i);
    dio_cuda_retype(&d, x.data(), DIO_F32, halves.data(), DIO_F16, n);
    dio_cuda_retype(&d, halves.data(), DIO_F16, y.data(), DIO_F32, n);
    for (int64_t i = 0; i < n; i++)
        assert_int_equal(dio_f32_to_f16(y[(size_t)i]), half_of(DIO_F16, x[(size_t)i]));
    y = x;
    dio_cuda_add_bias(&d, y.data(), bias.data(), 4, 5, 50);
    for (int64_t i = 0; i < n; i++) {
        float want = x[(size_t)i] + bias[(size_t)(i / 50 % 5)];
        assert_memory_equal(&y[(size_t)i], &want, sizeof want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_element_arrives),
        cmocka_unit_test(rows_keep_their_order),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
