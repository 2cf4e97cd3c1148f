/* test_ops_golden2.c: convolutions, recurrences, planes' norms, losses, movements and spectra
 * against torch (tests/golden/ops, computed in double). Every output and every gradient of every
 * case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/tensor/ops_golden.h"

static dio_device *device;

static dio_conv_attrs conv_attrs(const struct golden *k)
{
    dio_conv_attrs a = {.groups = (int)golden_whole(k, "groups")};
    golden_pair(k, "stride", a.stride, 1);
    golden_pair(k, "pad", a.pad, 0);
    golden_pair(k, "dilation", a.dilation, 1);
    golden_pair(k, "output_pad", a.output_pad, 0);
    return a;
}

static void b_conv(struct golden *k)
{
    const dio_value *mode = dio_map_get(k->attrs, "pad_mode");
    const dio_value *sides = dio_map_get(k->attrs, "pad_sides");
    dio_val x = k->in[0];
    for (int i = 0; mode && i < sides->list.count; i++) {
        const dio_value *side = sides->list.items[i];
        x = dio_pad(k->g, x, 2 + i, golden_at(side, 0), golden_at(side, 1),
                    golden_mode_of(mode->string.text));
    }
    golden_gives(k, "y", dio_conv(k->g, x, k->in[1], k->in[2], conv_attrs(k)));
}

static void b_conv_transpose(struct golden *k)
{
    golden_gives(k, "y", dio_conv_transpose(k->g, k->in[0], k->in[1], k->in[2], conv_attrs(k)));
}

static void b_avg_pool(struct golden *k)
{
    golden_gives(k, "y",
                 dio_avg_pool(k->g, k->in[0], (int)golden_whole(k, "kernel"),
                              (int)golden_whole(k, "stride"), (int)golden_whole(k, "pad")));
}

static void b_max_pool(struct golden *k)
{
    golden_gives(k, "y",
                 dio_max_pool(k->g, k->in[0], (int)golden_whole(k, "kernel"),
                              (int)golden_whole(k, "stride"), (int)golden_whole(k, "pad")));
}

static void b_upsample_nearest(struct golden *k)
{
    const dio_value *size = dio_map_get(k->attrs, "size");
    golden_gives(k, "y",
                 dio_upsample_nearest(k->g, k->in[0], golden_at(size, 0), golden_at(size, 1)));
}

static void b_upsample_linear(struct golden *k)
{
    const dio_value *size = dio_map_get(k->attrs, "size");
    golden_gives(k, "y",
                 dio_upsample_linear(k->g, k->in[0], golden_at(size, 0), golden_at(size, 1),
                                     golden_flag(k, "align_corners")));
}

static void b_pixel_shuffle(struct golden *k)
{
    golden_gives(k, "y", dio_pixel_shuffle(k->g, k->in[0], (int)golden_whole(k, "factor")));
}

static void b_pixel_unshuffle(struct golden *k)
{
    golden_gives(k, "y", dio_pixel_unshuffle(k->g, k->in[0], (int)golden_whole(k, "factor")));
}

static void b_pad(struct golden *k)
{
    golden_gives(k, "y",
                 dio_pad(k->g, k->in[0], (int)golden_whole(k, "axis"), golden_whole(k, "before"),
                         golden_whole(k, "after"),
                         golden_mode_of(dio_map_get(k->attrs, "mode")->string.text)));
}

static void b_gru(struct golden *k)
{
    dio_val h;
    golden_gives(k, "y",
                 dio_gru(k->g, k->in[0], k->in[1], k->in[2], k->in[3], k->in[4], k->in[5], &h));
    golden_gives(k, "h", h);
}

static void b_lstm(struct golden *k)
{
    dio_val h, c;
    golden_gives(k, "y",
                 dio_lstm(k->g, k->in[0], k->in[1], k->in[2], k->in[3], k->in[4], k->in[5],
                          k->in[6], &h, &c));
    golden_gives(k, "h", h);
    golden_gives(k, "c", c);
}

static void b_group_norm(struct golden *k)
{
    golden_gives(k, "y",
                 dio_group_norm(k->g, k->in[0], k->in[1], k->in[2], (int)golden_whole(k, "groups"),
                                (float)golden_real(k, "eps")));
}

static void b_batch_norm(struct golden *k)
{
    dio_val mean, var;
    golden_gives(k, "y",
                 dio_batch_norm(k->g, k->in[0], k->in[1], k->in[2], (float)golden_real(k, "eps"),
                                &mean, &var));
    golden_gives(k, "mean", mean);
    golden_gives(k, "var_unbiased", var);
}

static void b_batch_norm_eval(struct golden *k)
{
    golden_gives(k, "y",
                 dio_batch_norm_eval(k->g, k->in[0], k->in[1], k->in[2], k->in[3], k->in[4],
                                     (float)golden_real(k, "eps")));
}

static void b_mse_loss(struct golden *k)
{
    golden_gives(k, "y", dio_mse_loss(k->g, k->in[0], k->in[1]));
}

static void b_l1_loss(struct golden *k)
{
    golden_gives(k, "y", dio_l1_loss(k->g, k->in[0], k->in[1]));
}

static void b_smooth_l1_loss(struct golden *k)
{
    golden_gives(k, "y",
                 dio_smooth_l1_loss(k->g, k->in[0], k->in[1], (float)golden_real(k, "beta")));
}

static void b_bce_logits_loss(struct golden *k)
{
    golden_gives(k, "y", dio_bce_logits_loss(k->g, k->in[0], k->in[1]));
}

static void b_gather(struct golden *k)
{
    golden_gives(k, "y", dio_gather(k->g, k->in[0], (int)golden_whole(k, "axis"), k->in[1]));
}

static void b_scatter_add(struct golden *k)
{
    golden_gives(k, "y",
                 dio_scatter_add(k->g, k->in[0], (int)golden_whole(k, "axis"), k->in[1], k->in[2]));
}

static void b_cumsum(struct golden *k)
{
    golden_gives(k, "y", dio_cumsum(k->g, k->in[0], (int)golden_whole(k, "axis")));
}

static void b_snake(struct golden *k)
{
    golden_gives(k, "y", dio_snake(k->g, k->in[0], k->in[1]));
}

static dio_stft_attrs stft_attrs(const struct golden *k)
{
    return (dio_stft_attrs){.n_fft = (int)golden_whole(k, "n_fft"),
                            .hop = (int)golden_whole(k, "hop"),
                            .win = (int)golden_whole(k, "win"),
                            .center = golden_flag(k, "center"),
                            .normalized = golden_flag(k, "normalized")};
}

static void b_stft(struct golden *k)
{
    golden_gives(k, "y", dio_stft(k->g, k->in[0], k->in[1], stft_attrs(k)));
}

static void b_istft(struct golden *k)
{
    golden_gives(k, "y",
                 dio_istft(k->g, k->in[0], k->in[1], golden_whole(k, "length"), stft_attrs(k)));
}

#define ROW(name)                                                                                  \
    {                                                                                              \
#name, b_##name                                                                            \
    }
static const golden_builder builders[] = {
    ROW(conv),
    ROW(conv_transpose),
    ROW(avg_pool),
    ROW(max_pool),
    ROW(upsample_nearest),
    ROW(upsample_linear),
    ROW(pixel_shuffle),
    ROW(pixel_unshuffle),
    ROW(pad),
    ROW(gru),
    ROW(lstm),
    ROW(group_norm),
    ROW(batch_norm),
    ROW(batch_norm_eval),
    ROW(mse_loss),
    ROW(l1_loss),
    ROW(smooth_l1_loss),
    ROW(bce_logits_loss),
    ROW(gather),
    ROW(scatter_add),
    ROW(cumsum),
    ROW(snake),
    ROW(stft),
    ROW(istft),
    {0},
};

/* Each tolerance is about four times what was measured, which stands beside it. */
#define FILE_TEST(file, tol, cases)                                                                \
    static void test_##file(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        golden_check(device, builders, #file, tol, cases);                                         \
    }

FILE_TEST(conv, 3e-6, 19)          /* 7.4e-7, where kernels of 3x3 go by tiles of 4x4 */
FILE_TEST(conv_transpose, 8e-7, 7) /* 1.8e-7 */
FILE_TEST(pool, 2e-7, 6)           /* 3.5e-8 */
FILE_TEST(upsample, 1e-6, 13)      /* 2.2e-7 */
FILE_TEST(pixel_shuffle, 0, 4)     /* 0 */
FILE_TEST(pad, 2e-7, 8)            /* 2.7e-8 */
FILE_TEST(gru, 4e-6, 3)            /* 1.1e-6 */
FILE_TEST(lstm, 1e-6, 3)           /* 2.7e-7 */
FILE_TEST(group_norm, 4e-7, 4)     /* 8.1e-8 */
FILE_TEST(batch_norm, 5e-7, 5)     /* 1.1e-7 */
FILE_TEST(losses, 2e-7, 6)         /* 4.6e-8 */
FILE_TEST(tables, 2e-7, 6)         /* 4.2e-8 */
FILE_TEST(scans, 1e-7, 3)          /* 0 */
FILE_TEST(snake, 2e-6, 1)          /* 4.8e-7 */
FILE_TEST(stft, 6e-7, 12)          /* 1.4e-7 */

int main(void)
{
    dio_error err = {0};
    device = dio_device_cpu(&err);
    if (!device) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conv),          cmocka_unit_test(test_conv_transpose),
        cmocka_unit_test(test_pool),          cmocka_unit_test(test_upsample),
        cmocka_unit_test(test_pixel_shuffle), cmocka_unit_test(test_pad),
        cmocka_unit_test(test_gru),           cmocka_unit_test(test_lstm),
        cmocka_unit_test(test_group_norm),    cmocka_unit_test(test_batch_norm),
        cmocka_unit_test(test_losses),        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_scans),         cmocka_unit_test(test_snake),
        cmocka_unit_test(test_stft),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    dio_device_close(device);
    return failed;
}
