/* test_cli_upscale.c: `diorama upscale` and image.upscale@1: the same bytes by either, whatever the
 * tiles; and what is mistyped or broken: one sentence, exit code 2, nothing left behind. */
#include "tests/cli/cli_run.h"

#include <stdlib.h>
#include <string.h>

#define GOLDEN DIORAMA_SOURCE "/tests/golden/"

static int begin(void **state)
{
    if (cli_begin(state) != 0)
        return -1;
    cli_copy(GOLDEN "diffuser/init.png", "in.png");
    cli_copy(GOLDEN "upscale/srvgg-x2/model.safetensors", "x2.safetensors");
    cli_copy(GOLDEN "upscale/rrdb-old/model.pth", "old.pth");
    return 0;
}

static void must_run(const char *const *args, const char *out)
{
    static struct cli_result r;
    cli_run(args, NULL, 0, &r);
    if (r.code)
        fail_msg("%s", r.err);
    if (out)
        assert_string_equal(r.out, out);
}

static void same_file(const char *a, const char *b)
{
    size_t n, m;
    char *x = cli_read(a, &n), *y = cli_read(b, &m);
    assert_int_equal(n, m);
    assert_memory_equal(x, y, n);
    free(x);
    free(y);
}

#define RUN(out, ...) must_run((const char *const[]){__VA_ARGS__, NULL}, out)

static void tiles_change_nothing(void **state)
{
    (void)state;
    RUN("a.png\n", "upscale", "in.png", "-m", "old.pth", "-o", "a.png");
    RUN("b.png\n", "upscale", "in.png", "-m", "old.pth", "-o", "b.png", "--tile", "8");
    same_file("a.png", "b.png");
    RUN("c.webp\n", "upscale", "in.png", "-m", "x2.safetensors", "-o", "c.webp", "--wrap", "xy");
}

static void as_a_step(void **state)
{
    (void)state;
    cli_put("p.yaml",
            "version: 1\n"
            "name: larger\n"
            "steps:\n"
            "  - id: up\n"
            "    uses: image.upscale@1\n"
            "    with: {image: in.png, model: old.pth}\n"
            "  - id: again\n"
            "    uses: image.upscale@1\n"
            "    with: {image: \"${{ steps.up.outputs.image }}\", model: x2.safetensors}\n"
            "outputs:\n"
            "  one: {from: \"${{ steps.up.outputs.image }}\", path: one.png}\n"
            "  two: {from: \"${{ steps.again.outputs.image }}\", path: two.png}\n");
    RUN(NULL, "render", "p.yaml", "-o", "out");
    RUN(NULL, "upscale", "in.png", "-m", "old.pth", "-o", "one.png");
    RUN(NULL, "upscale", "one.png", "-m", "x2.safetensors", "-o", "two.png");
    same_file("out/one.png", "one.png");
    same_file("out/two.png", "two.png");
}

static void what_is_refused(void **state)
{
    static const struct cli_case cases[] = {
        {{"upscale", "in.png", "-m", "none.pth", "-o", "o.png"},
         2,
         "diorama: model \"none.pth\": there is no such folder; house models are named house/NAME",
         "o.png"},
        {{"upscale", "none.png", "-m", "old.pth", "-o", "o.png"},
         2,
         "diorama: cannot open none.png: No such file or directory",
         "o.png"},
        {{"upscale", "in.png", "-m", "old.pth", "-o", "o.gif"},
         2,
         "diorama: o.gif: the name must end in what it shall be: PNG, JPEG or WebP",
         "o.gif"},
        {{"upscale", "in.png", "-m", "old.pth", "-o", "o.png", "--wrap", "z"},
         2,
         "diorama: --wrap \"z\": x, y or xy",
         "o.png"},
        {{"upscale", "in.png", "-m", "in.png", "-o", "o.png"},
         2,
         "diorama: in.png: not a file of weights that is known here: safetensors and checkpoints "
         "of "
         "PyTorch are",
         "o.png"},
        {{"upscale", "in.png", "-m", "dcgan.pth", "-o", "o.png"},
         2,
         "diorama: dcgan.pth: no upscaler has these tensors: RRDBNet (ESRGAN, Real-ESRGAN) and "
         "SRVGGNetCompact are known",
         "o.png"},
        {{"upscale", "in.png", "-m", "cut.pth", "-o", "o.png"},
         2,
         "diorama: cut.pth: the zip archive has no table of contents at its end: the file was cut "
         "short",
         "o.png"},
        {{"upscale", "in.png", "-m", "old.pth", "-o", "o.png", "--memory", "1"},
         75,
         "diorama: this needs ~ MB of memory (~ MB of it intermediates) and the limit is ~ MB: use "
         "a "
         "smaller size or batch",
         "o.png"},
        {{"upscale", "in.png", "-m", "old.pth", "-o", "o.png", "--tile", "-3"},
         2,
         "diorama: --tile: -3 is below 0",
         "o.png"},
    };
    (void)state;
    cli_copy(GOLDEN "generator/dcgan/netG.pth", "dcgan.pth");
    size_t n;
    char *whole = cli_read("old.pth", &n);
    cli_put_bytes("cut.pth", whole, n - 5000);
    free(whole);
    cli_check_all(cases, sizeof cases / sizeof *cases);
}

static void steps_are_checked_first(void **state)
{
    (void)state;
    cli_put("bad.yaml", "version: 1\n"
                        "name: bad\n"
                        "steps:\n"
                        "  - id: up\n"
                        "    uses: image.upscale@1\n"
                        "    with: {image: in.png, model: none.pth, wrap: xyz}\n"
                        "outputs:\n"
                        "  one: {from: \"${{ steps.up.outputs.image }}\", path: one.png}\n");
    static const struct cli_case c = {{"render", "bad.yaml", "-o", "bad"},
                                      2,
                                      "~wrap~xyz~bad.yaml: ~nothing was rendered",
                                      "bad/one.png"};
    cli_check(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tiles_change_nothing),
        cmocka_unit_test(as_a_step),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(steps_are_checked_first),
    };
    return cmocka_run_group_tests(tests, begin, cli_end);
}
