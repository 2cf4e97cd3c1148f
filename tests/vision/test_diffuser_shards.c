/* test_diffuser_shards.c: a folder whose UNet lies in shards of the variant fp16, as diffusers
 * saves it (tests/golden/diffuser/added/unet), paints the bytes of the folder with one file; and
 * what an index and its shards may not be.
 *
 * The folder is made of links, so that each test can take away or put in a file of its own. */
#include "tests/vision/diffuser_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

#define BASE     "diffusion_pytorch_model"
#define INDEX    BASE ".safetensors.index.fp16.json"
#define SHARD(n) BASE ".fp16-0000" #n "-of-00002.safetensors"

enum { W = 40, H = 24, BYTES = W * H * 3 };

static char folder[] = "/tmp/dio_shards_XXXXXX";
static char here[1024];

static const char *at(const char *name)
{
    static char paths[4][512];
    static int next;
    char *p = paths[next++ % 4];
    snprintf(p, sizeof paths[0], "%s/%s", folder, name);
    return p;
}

static bool link_to(const char *from, const char *to)
{
    char path[2048];
    snprintf(path, sizeof path, "%s/tests/golden/diffuser/%s", here, from);
    return symlink(path, at(to)) == 0;
}

static bool run(const char *format, const char *a)
{
    char command[1024];
    snprintf(command, sizeof command, format, a);
    return system(command) == 0;
}

/* The folder as diffusers leaves it. */
static int set_up(void **state)
{
    static const char *const parts[] = {"model_index.json", "vae", "text_encoder", "tokenizer",
                                        "scheduler"};
    (void)state;
    if (!getcwd(here, sizeof here) || !mkdtemp(folder))
        return -1;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        char from[64];
        snprintf(from, sizeof from, "sd/%s", parts[i]);
        if (!link_to(from, parts[i]))
            return -1;
    }
    return run("cp -r tests/golden/diffuser/added/unet %s/unet", folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return run("rm -r %s", folder) ? 0 : -1;
}

/* --- the same bytes --- */

static void paint(const char *path, const char *variant, float *latents, uint8_t *bytes)
{
    dio_error err = {0};
    dio_image *picture = NULL;
    dio_device *device = dio_device_cpu(&err);
    dio_diffuser_options o = {.keep = DIO_F32, .variant = variant};
    dio_diffuser *d = dio_diffuser_open(path, &o, device, &err);
    must(d != NULL, &err);
    dio_diffuser_request r = dio_diffuser_request_default();
    r.prompt = "a red boat";
    r.width = W;
    r.height = H;
    r.steps = 3;
    r.latents = latents;
    must(dio_diffuser_paint(d, &r, &picture, &err), &err);
    for (int y = 0; y < H; y++)
        memcpy(bytes + y * W * 3, dio_image_row(picture, y), W * 3);
    dio_image_unref(picture);
    dio_diffuser_close(d);
    dio_device_close(device);
}

static void test_same(void **state)
{
    static const char *const names[] = {INDEX, BASE ".safetensors.fp16.index.json",
                                        BASE ".fp16.safetensors.index.json"};
    static const char *const variants[] = {NULL, "fp16"};
    static float whole[4 * 12 * 20], cut[4 * 12 * 20];
    static uint8_t one[BYTES], other[BYTES];
    (void)state;
    paint("tests/golden/diffuser/sd", NULL, whole, one);
    for (int i = 0; i < 3; i++) {
        char from[512], to[512];
        snprintf(from, sizeof from, "%s/unet/%s", folder, names[i ? i - 1 : 0]);
        snprintf(to, sizeof to, "%s/unet/%s", folder, names[i]);
        assert_int_equal(rename(from, to), 0);
        for (int v = 0; v < 2; v++) {
            memset(other, 0, sizeof other);
            paint(folder, variants[v], cut, other);
            assert_memory_equal(whole, cut, sizeof whole);
            assert_memory_equal(one, other, sizeof one);
        }
    }
    assert_int_equal(rename(at("unet/" BASE ".fp16.safetensors.index.json"), at("unet/" INDEX)), 0);
}

/* --- what is refused --- */

/* Puts a tilde where the text has the folder. */
static void hide_folder(char *text)
{
    for (char *p; (p = strstr(text, folder));) {
        *p = '~';
        memmove(p + 1, p + strlen(folder), strlen(p + strlen(folder)) + 1);
    }
}

/* A list that ends in a comma goes on. */
static void refused(const char *message)
{
    dio_error err = {0};
    char text[4096];
    size_t n = strlen(message);
    dio_device *device = dio_device_cpu(&err);
    assert_null(dio_diffuser_open(folder, NULL, device, &err));
    dio_error_text(&err, text, sizeof text);
    hide_folder(text);
    if (message[n - 1] == ',' && strlen(text) > n)
        text[n] = '\0';
    assert_string_equal(text, message);
    dio_device_close(device);
}

/* Writes another index, is refused, and puts the old one back. */
static void refused_index(const char *index, const char *old, const char *message)
{
    dio_error err = {0};
    must(dio_file_write(at("unet/" INDEX), index, strlen(index), &err), &err);
    refused(message);
    must(dio_file_write(at("unet/" INDEX), old, strlen(old), &err), &err);
}

static const char *replaced(dio_arena *a, const char *text, const char *from, const char *to)
{
    const char *place = strstr(text, from);
    if (!place)
        fail_msg("the index has no %s", from);
    return dio_arena_printf(a, "%.*s%s%s", (int)(place - text), text, to, place + strlen(from));
}

/* The lines without that word. */
static const char *without(dio_arena *a, const char *text, const char *word)
{
    const char *left = "";
    for (size_t n; *text; text += n) {
        n = strcspn(text, "\n");
        n += text[n] == '\n';
        const char *line = dio_arena_printf(a, "%.*s", (int)n, text);
        left = strstr(line, word) ? left : dio_arena_printf(a, "%s%s", left, line);
    }
    return left;
}

static void test_missing_shard(void **state)
{
    (void)state;
    assert_int_equal(rename(at("unet/" SHARD(2)), at("away")), 0);
    refused("~/unet/" INDEX ":8:27: cannot open ~/unet/" SHARD(2) ": No such file or directory");
    assert_int_equal(rename(at("away"), at("unet/" SHARD(2))), 0);
}

static void test_index(void **state)
{
    dio_error err = {0};
    size_t n;
    dio_arena *a = dio_arena_create();
    (void)state;
    const char *old = dio_file_read(a, at("unet/" INDEX), 1 << 20, &n, &err);
    must(old != NULL, &err);
    refused_index(
        replaced(a, old, SHARD(1), "../../vae/" BASE ".safetensors"), old,
        "~/unet/" INDEX ":6:21: weight_map: \"../../vae/" BASE
        ".safetensors\" is not the plain name of a .safetensors or .bin file beside the index");
    refused_index(
        replaced(a, old, SHARD(1), "/etc/" SHARD(1)), old,
        "~/unet/" INDEX ":6:21: weight_map: \"/etc/" SHARD(
            1) "\" is not the plain name of a .safetensors or .bin file beside the index");
    refused_index(replaced(a, old, "\"conv_in.bias\"", "\"conv_in.base\""), old,
                  "~/unet/" INDEX ":6:5: tensor \"conv_in.base\" is not in " SHARD(1));
    refused_index(without(a, old, "\"conv_in.bias\""), old,
                  "~/unet/" INDEX ":5:17: the shards hold 208 tensors, weight_map names 207");
    refused_index(without(a, old, SHARD(1)), old,
                  "~/unet/" INDEX
                  ": the weights do not fit the model: 130 missing: conv_in.weight, conv_in.bias,");
    dio_arena_destroy(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same),
        cmocka_unit_test(test_missing_shard),
        cmocka_unit_test(test_index),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
