/* test_upscale.c: upscalers against their authors' code on the goldens of tools/golden/upscaler.py,
 * and what must not matter: tiles, the edge that a picture goes on at, depth, alpha. */
#include "tests/vision/model_case.h"
#include "tests/vision/pictures.h"

#include "base/file.h"
#include "base/gang.h"
#include "vision/upscaler.h"

/* --- against the authors' code --- */

static void check_golden(const char *name, const char *file, int scale, int multiple)
{
    char path[256];
    dio_error err = {0};
    int compared;
    snprintf(path, sizeof path, "tests/golden/upscale/%s/%s", name, file);
    dio_upscaler *u = dio_upscaler_open(path, &err);
    must(u != NULL, &err);
    assert_int_equal(u->shape.scale, scale);
    assert_int_equal(u->shape.multiple, multiple);
    snprintf(path, sizeof path, "tests/golden/upscale/%s/golden.safetensors", name);
    dio_weights *w = open_weights(path);
    dio_device *device = open_device();
    const dio_tensor *x = dio_weights_find(w, "x"), *y = dio_weights_find(w, "y");
    dio_graph *g = dio_graph_create();
    dio_val out = dio_upscaler_forward(g, u, dio_input(g, "x", x->type));
    dio_plan *p = dio_plan_create(g, &out, 1, true, device, NULL, &err);
    must(p != NULL, &err);
    dio_graph_destroy(g);
    must(dio_plan_set(p, "x", dio_tensor_data(x), dio_type_bytes(&x->type), &err), &err);
    must(dio_plan_run(p, &err), &err);
    dio_type type;
    const float *got = dio_plan_output(p, 0, &type);
    assert_int_equal(dio_type_count(&type), dio_type_count(&y->type));
    double d = relative(got, dio_tensor_data(y), dio_type_count(&type));
    double taps = worst_tap(p, w, "tap.", &compared);
    print_message("%-12s result within %.2e, %d taps within %.2e\n", name, d, compared, taps);
    assert_true(d <= 4e-6);    /* measured 9.7e-7 */
    assert_true(taps <= 4e-6); /* measured 9.1e-7 */
    assert_int_equal(compared, golden_count(w, "tap."));
    dio_plan_destroy(p);
    dio_device_close(device);
    dio_weights_close(w);
    dio_upscaler_close(u);
}

static void test_goldens(void **state)
{
    (void)state;
    check_golden("rrdb-x4", "model.pth", 4, 1);
    check_golden("rrdb-x2", "model.pth", 2, 2);
    check_golden("rrdb-x1", "model.safetensors", 1, 4);
    check_golden("rrdb-trunk", "model.pth", 4, 1);
    check_golden("rrdb-old", "model.pth", 4, 1);
    check_golden("rrdb-old-x2", "model.pth", 2, 1);
    check_golden("srvgg-x4", "model.pth", 4, 1);
    check_golden("srvgg-x2", "model.safetensors", 2, 1);
}

/* --- pictures --- */

static dio_upscaler *make(const char *json)
{
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    dio_value *config = dio_json_parse(a, "config.json", json, strlen(json), &err);
    must(config != NULL, &err);
    dio_upscaler *u = dio_upscaler_create(config, 7, &err);
    must(u != NULL, &err);
    dio_arena_destroy(a);
    return u;
}

/* Channels enough for the kernels that large networks take. */
static const char rrdb[] = "{\"_class_name\":\"RRDBNet\",\"num_feat\":16,\"num_block\":2,"
                           "\"num_grow_ch\":8}";
static const char rrdb_x2[] = "{\"_class_name\":\"RRDBNet\",\"num_feat\":8,\"num_block\":1,"
                              "\"num_grow_ch\":4,\"scale\":2}";
static const char srvgg[] = "{\"_class_name\":\"SRVGGNetCompact\",\"num_feat\":24,\"num_conv\":4}";

static dio_image *larger(const dio_upscaler *u, dio_image *in, dio_upscaler_options o)
{
    dio_error err = {0};
    dio_image *out = NULL;
    dio_device *device = open_device();
    must(dio_upscaler_run(u, device, in, &o, &out, &err), &err);
    dio_device_close(device);
    return out;
}

/* Tiles against none, within the picture and around it. */
static void check_tiles(const char *json, int width, int height, dio_form form, int tile)
{
    dio_upscaler *u = make(json);
    dio_image *in = picture_noise(width, height, form, 11);
    for (int wrap = 0; wrap < 4; wrap += 3) {
        dio_upscaler_options o = {.tile_x = wrap & 1, .tile_y = wrap & 2};
        dio_image *whole = larger(u, in, o);
        assert_int_equal(whole->width, width * u->shape.scale);
        assert_true(dio_form_equal(&whole->form, &form));
        o.tile = tile;
        dio_image *cut = larger(u, in, o);
        assert_same_picture(cut, whole);
        dio_image_unref(cut);
        dio_image_unref(whole);
    }
    dio_image_unref(in);
    dio_upscaler_close(u);
}

static void test_tiles(void **state)
{
    (void)state;
    check_tiles(srvgg, 150, 131, form_of(DIO_DEPTH_F32, DIO_CURVE_SRGB, 3, false), 37);
    check_tiles(rrdb, 190, 150, form_of(DIO_DEPTH_F32, DIO_CURVE_SRGB, 3, false), 64);
    check_tiles(rrdb_x2, 260, 196, form_of(DIO_DEPTH_U16, DIO_CURVE_SRGB, 4, false), 80);
}

/* Less memory means more tiles, and the same picture; too little is refused with figures. */
static void test_memory(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_upscaler *u = make(srvgg);
    dio_device *device = open_device();
    dio_image *in = picture_noise(400, 300, form_of(DIO_DEPTH_U8, DIO_CURVE_SRGB, 3, false), 5);
    dio_image *whole = larger(u, in, (dio_upscaler_options){0}), *out = NULL;
    dio_image *cut = larger(u, in, (dio_upscaler_options){.memory_limit = 36000000});
    assert_same_picture(cut, whole);
    dio_upscaler_options o = {.memory_limit = 20000000};
    assert_false(dio_upscaler_run(u, device, in, &o, &out, &err));
    assert_string_equal(err.message,
                        "making 400x300 pixels larger takes 24.5 MB for the network's features and "
                        "the limit is 20.0 MB: cut the picture, or allow more");
    dio_image_unref(whole);
    dio_image_unref(cut);
    dio_image_unref(in);
    dio_device_close(device);
    dio_upscaler_close(u);
}

/* A picture that goes on at its other side, moved around, gives the result moved around. */
static void test_wrap(void **state)
{
    (void)state;
    enum { SIDE = 48, BY = 20 };
    dio_upscaler *u = make(srvgg);
    dio_form form = form_of(DIO_DEPTH_U8, DIO_CURVE_SRGB, 3, false);
    dio_image *in = picture_noise(SIDE, SIDE, form, 3);
    dio_error err = {0};
    dio_image *moved = dio_image_create(SIDE, SIDE, &form, &err);
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            for (int c = 0; c < 3; c++)
                picture_set(moved, (x + BY) % SIDE, (y + BY) % SIDE, c, picture_get(in, x, y, c));
    dio_upscaler_options o = {.tile_x = true, .tile_y = true};
    dio_image *a = larger(u, in, o), *b = larger(u, moved, o);
    for (int y = 0; y < 4 * SIDE; y++)
        for (int x = 0; x < 4 * SIDE; x++)
            assert_true(picture_get(a, x, y, 0) ==
                        picture_get(b, (x + 4 * BY) % (4 * SIDE), (y + 4 * BY) % (4 * SIDE), 0));
    dio_image_unref(in);
    dio_image_unref(moved);
    dio_image_unref(a);
    dio_image_unref(b);
    dio_upscaler_close(u);
}

/* Alpha is a grey picture of its own; colours do not depend on it, nor on the depth. */
static void test_alpha(void **state)
{
    (void)state;
    dio_upscaler *u = make(rrdb_x2);
    dio_error err = {0};
    dio_form rgba = form_of(DIO_DEPTH_U16, DIO_CURVE_SRGB, 4, false), rgb = rgba, grey = rgba;
    rgb.channels = 3;
    grey.channels = 1;
    dio_image *in = picture_noise(45, 33, rgba, 9);
    dio_image *bare = dio_image_convert(in, &rgb, &err);
    dio_image *alpha = dio_image_create(45, 33, &grey, &err);
    for (int y = 0; y < 33; y++)
        for (int x = 0; x < 45; x++)
            picture_set(alpha, x, y, 0, picture_get(in, x, y, 3));
    dio_image *a = larger(u, in, (dio_upscaler_options){0});
    dio_image *b = larger(u, bare, (dio_upscaler_options){0});
    dio_image *c = larger(u, alpha, (dio_upscaler_options){0});
    for (int y = 0; y < a->height; y++)
        for (int x = 0; x < a->width; x++) {
            for (int k = 0; k < 3; k++)
                assert_true(picture_get(a, x, y, k) == picture_get(b, x, y, k));
            assert_true(picture_get(a, x, y, 3) == picture_get(c, x, y, 0));
        }
    dio_image *all[] = {in, bare, alpha, a, b, c};
    for (int i = 0; i < 6; i++)
        dio_image_unref(all[i]);
    dio_upscaler_close(u);
}

static void test_threads(void **state)
{
    (void)state;
    dio_upscaler *u = make(rrdb);
    dio_image *in = picture_noise(70, 50, form_of(DIO_DEPTH_F32, DIO_CURVE_SRGB, 3, false), 4);
    int threads = dio_gang_size();
    dio_gang_resize(1);
    dio_image *one = larger(u, in, (dio_upscaler_options){0});
    dio_gang_resize(3);
    dio_image *three = larger(u, in, (dio_upscaler_options){0});
    dio_gang_resize(threads);
    assert_same_picture(one, three);
    dio_image_unref(in);
    dio_image_unref(one);
    dio_image_unref(three);
    dio_upscaler_close(u);
}

/* --- what is refused --- */

static bool stop_at_half(void *user, double done)
{
    *(double *)user = done;
    return done < 0.5;
}

static void test_stop(void **state)
{
    (void)state;
    double done = 0;
    dio_error err = {0};
    dio_upscaler *u = make(rrdb);
    dio_device *device = open_device();
    dio_image *in = picture_noise(64, 64, form_of(DIO_DEPTH_U8, DIO_CURVE_SRGB, 3, false), 4);
    dio_image *out = NULL;
    dio_upscaler_options o = {.tile = 16, .progress = stop_at_half, .user = &done};
    assert_false(dio_upscaler_run(u, device, in, &o, &out, &err));
    assert_null(out);
    assert_true(done >= 0.5 && done < 1);
    dio_image_unref(in);
    dio_device_close(device);
    dio_upscaler_close(u);
}

static void test_too_large(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_upscaler *u = make(srvgg);
    dio_device *device = open_device();
    dio_image *in = picture_noise(3000, 2500, form_of(DIO_DEPTH_U8, DIO_CURVE_SRGB, 1, false), 4);
    dio_image *out = NULL;
    assert_false(dio_upscaler_run(u, device, in, NULL, &out, &err));
    assert_string_equal(err.message, "made larger: 12000 x 10000 pixels are 120000000, above the "
                                     "limit of 67108864");
    dio_image_unref(in);
    dio_device_close(device);
    dio_upscaler_close(u);
}

/* A file of these tensors in the test's folder; `change` makes one of them bad. */
static void check_bad(void **state, const char *name, dio_tensor **tensors, int n, const char *want)
{
    dio_error err = {0};
    const char *path = pictures_path(state, name);
    must(dio_weights_write(path, tensors, NULL, n, NULL, 0, &err), &err);
    dio_upscaler *u = dio_upscaler_open(path, &err);
    assert_null(u);
    if (!strstr(err.message, want))
        fail_msg("\"%s\" does not say \"%s\"", err.message, want);
}

static void test_bad_files(void **state)
{
    dio_error err = {0};
    dio_weights *w = open_weights("tests/golden/upscale/srvgg-x2/model.safetensors");
    dio_tensor *t[64];
    int n = dio_weights_count(w), at = 0;
    for (int i = 0; i < n; i++)
        t[i] = dio_weights_at(w, i);
    for (int i = 0; i < n; i++)
        if (strcmp(t[i]->name, "body.2.bias") == 0)
            at = i;
    dio_type wide = dio_type_1d(DIO_F32, 9);
    dio_tensor *kept = t[at], *other = dio_tensor_create("body.2.bias", &wide, &err);
    t[at] = other;
    check_bad(state, "shape.safetensors", t, n, "1 misshapen: body.2.bias is f32[9], not [8]");
    dio_tensor_unref(other);
    other = dio_tensor_convert(kept, DIO_F32, &err); /* a copy, under the same name */
    t[at] = dio_tensor_create("body.2.bias", &kept->type, &err);
    ((float *)dio_tensor_data(t[at]))[3] = NAN;
    check_bad(state, "nan.safetensors", t, n, "body.2.bias: number 3 of 8 is not finite");
    dio_tensor_unref(other);
    other = t[at];
    t[at] = t[n - 1];
    check_bad(state, "missing.safetensors", t, n - 1, "1 missing: body.2.bias");
    t[n - 1] = kept;
    dio_tensor *extra = dio_tensor_create("body.3.bias", &wide, &err);
    t[n] = extra;
    check_bad(state, "extra.safetensors", t, n + 1, "1 unused: body.3.bias");
    check_bad(state, "foreign.safetensors", &extra, 1, "no upscaler has these tensors");
    dio_tensor_unref(extra);
    dio_tensor_unref(other);
    dio_weights_close(w);
}

static void test_bad_configs(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"{\"_class_name\":\"RRDBNet\",\"num_block\":100000}", "num_block"},
        {"{\"_class_name\":\"RRDBNet\",\"num_in_ch\":3,\"num_out_ch\":1}", "3 to 1 channels"},
        {"{\"_class_name\":\"RRDBNet\",\"scale\":3}", "2 doublings cannot give a scale of 3"},
        {"{\"_class_name\":\"SRVGGNetCompact\",\"upscale\":1000000}", "upscale"},
        {"{\"model_type\":\"dcgan\"}", "dcgan is a model of kind generator, not an upscaler"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        dio_error err = {0};
        dio_arena *a = dio_arena_create();
        dio_value *config = dio_json_parse(a, "config.json", bad[i][0], strlen(bad[i][0]), &err);
        must(config != NULL, &err);
        assert_null(dio_upscaler_create(config, 1, &err));
        if (!strstr(err.message, bad[i][1]))
            fail_msg("\"%s\" does not say \"%s\"", err.message, bad[i][1]);
        dio_arena_destroy(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goldens),
        cmocka_unit_test(test_tiles),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_alpha),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test_setup_teardown(test_bad_files, pictures_setup, pictures_teardown),
        cmocka_unit_test(test_bad_configs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
