/* test_diffuser.c: whole pipelines against diffusers (tests/golden/diffuser, made by
 * tools/golden/diffuser.py): the latents before the VAE, and the picture in bytes.
 *
 *     test_diffuser [FOLDER/]      looks at a folder that tools/golden/full.py made, instead
 */
#include "tests/vision/diffuser_case.h"

/* Of the largest latent; in bytes. Measured over all 30 cases: 2.2e-6 and 1. */
static const double latent_tolerance = 9e-6;
static const int byte_tolerance = 1;
/* Of models of full size, after 20 steps. Measured for SD 1.5 with DDIM: 2.2e-6. */
static const double full_tolerance = 1e-3;

static void check_case(const struct diffuser_golden *g, const dio_value *c, double tolerance)
{
    struct golden_off off = golden_run(g, c);
    if (!(off.latent <= tolerance) || off.byte > byte_tolerance)
        fail_msg("%s: latents differ by %g of the largest, bytes by %d", golden_text(c, "name"),
                 off.latent, off.byte);
}

static void check_folder(const char *name, int cases)
{
    struct diffuser_golden g;
    golden_open(&g, name);
    assert_int_equal(g.cases->list.count, cases);
    for (int i = 0; i < g.cases->list.count; i++)
        check_case(&g, g.cases->list.items[i], latent_tolerance);
    golden_close(&g);
}

static void test_full(void **state)
{
    struct diffuser_golden g;
    golden_open(&g, *state);
    for (int i = 0; i < g.cases->list.count; i++)
        check_case(&g, g.cases->list.items[i], full_tolerance);
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

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sd),
        cmocka_unit_test(test_inpaint),
        cmocka_unit_test(test_xl),
        cmocka_unit_test(test_distilled),
    };
    const struct CMUnitTest full[] = {cmocka_unit_test_prestate(test_full, argv[argc - 1])};
    return argc > 1 ? cmocka_run_group_tests(full, NULL, NULL)
                    : cmocka_run_group_tests(tests, NULL, NULL);
}
