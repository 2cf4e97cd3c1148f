/* test_diffuser.c: whole pipelines against diffusers (tests/golden/diffuser, made by
 * tools/golden/diffuser.py): the latents before the VAE, and the picture in bytes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/vision/diffuser_case.h"
#include "tests/worst.h"

enum { C = 4, LATENTS = C * 12 * 20, W = 40, H = 24, BYTES = W * H * 3 };

/* Of the largest latent; in bytes. Measured over all 30 cases: 2.2e-6 and 1. */
static const double latent_tolerance = 9e-6;
static const int byte_tolerance = 1;

static double worst_latent(const float *ours, const float *theirs, int n)
{
    double worst = 0, most = 0;
    for (int i = 0; i < n; i++) {
        worst = worse(worst, fabs((double)ours[i] - (double)theirs[i]));
        most = fmax(most, fabs((double)theirs[i]));
    }
    return worst / most;
}

static int worst_byte(const dio_image *ours, const uint8_t *theirs)
{
    int worst = 0;
    for (int y = 0; y < H; y++) {
        const uint8_t *row = dio_image_row(ours, y);
        for (int x = 0; x < W * 3; x++) {
            int off = abs((int)row[x] - (int)theirs[y * W * 3 + x]);
            worst = off > worst ? off : worst;
        }
    }
    return worst;
}

static void check_case(const struct diffuser_golden *g, const dio_value *c)
{
    uint64_t seeds[CASE_SEEDS];
    dio_error err = {0};
    float latents[CASE_SEEDS * LATENTS];
    dio_image *pictures[CASE_SEEDS];
    dio_diffuser_request r = golden_request(g, c, seeds);
    r.latents = latents;
    must(dio_diffuser_paint(g->diffuser, &r, pictures, &err), &err);
    const dio_tensor *truth = golden_tensor(g, c, "latents");
    const dio_tensor *bytes = golden_tensor(g, c, "image");
    assert_int_equal(dio_type_count(&truth->type), r.count * LATENTS);
    double latent = worst_latent(latents, dio_tensor_data(truth), r.count * LATENTS);
    int byte = 0;
    for (int i = 0; i < r.count; i++) {
        int off = worst_byte(pictures[i], (uint8_t *)dio_tensor_data(bytes) + i * BYTES);
        byte = off > byte ? off : byte;
        dio_image_unref(pictures[i]);
    }
    print_message("%-18s latents %.1e, bytes %d\n", golden_text(c, "name"), latent, byte);
    if (!(latent <= latent_tolerance) || byte > byte_tolerance)
        fail_msg("%s: latents differ by %g of the largest, bytes by %d", golden_text(c, "name"),
                 latent, byte);
}

static void check_folder(const char *name, int cases)
{
    struct diffuser_golden g;
    golden_open(&g, name);
    assert_int_equal(g.cases->list.count, cases);
    for (int i = 0; i < g.cases->list.count; i++)
        check_case(&g, g.cases->list.items[i]);
    golden_close(&g);
}

static void test_sd(void **state)
{
    (void)state;
    check_folder("sd", 21);
}

static void test_inpaint(void **state)
{
    (void)state;
    check_folder("inpaint", 3);
}

static void test_xl(void **state)
{
    (void)state;
    check_folder("xl", 5);
}

static void test_distilled(void **state)
{
    (void)state;
    check_folder("distilled", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sd),
        cmocka_unit_test(test_inpaint),
        cmocka_unit_test(test_xl),
        cmocka_unit_test(test_distilled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
