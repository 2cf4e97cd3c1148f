/* test_painter.c: the house painter from a folder to a picture, with tiny random networks: what it
 * refuses, and that a picture depends on its request alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <math.h>

#include "base/file.h"
#include "base/gang.h"
#include "tensor/plan.h"
#include "vision/image_io.h"
#include "vision/painter.h"
#include "vision/painter_net.h"
#include "vision/scenes/guide.h"
#include "vision/scenes/portraits.h"
#include "vision/seam.h"

static char root[] = "/tmp/diorama-painter-XXXXXX";

static void make_net(const dio_network_kind *kind, const char *text, uint64_t seed)
{
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    dio_value *config = dio_json_parse(a, "config", text, strlen(text), &err);
    assert_non_null(config);
    dio_network *n = dio_network_create(kind, config, seed, DIO_F32, &err);
    if (!n)
        fail_msg("%s", err.message);
    assert_true(dio_network_save(n, dio_path_join(a, root, kind->kind), DIO_F16, &err));
    dio_network_close(n);
    dio_arena_destroy(a);
}

static const char *portraits_path(void)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/subjects.png", root);
    return path;
}

/* Every subject a disc, of another colour each: fonts are not needed to paint. */
static dio_image *discs(int columns, int rows, int channels)
{
    dio_error err = {0};
    const dio_form form = {DIO_DEPTH_U8, DIO_CURVE_SRGB, channels, false};
    dio_image *image =
        dio_image_create(columns * DIO_PORTRAIT_SIDE, rows * DIO_PORTRAIT_SIDE, &form, &err);
    assert_non_null(image);
    for (int y = 0; y < image->height; y++)
        for (int x = 0; x < image->width; x++) {
            uint8_t *p = (uint8_t *)dio_image_row(image, y) + (size_t)x * (size_t)channels;
            int half = DIO_PORTRAIT_SIDE / 2, dx = x % DIO_PORTRAIT_SIDE - half,
                dy = y % DIO_PORTRAIT_SIDE - half;
            for (int c = 0; c < channels; c++)
                p[c] = (uint8_t)(c < 3 ? 37 * (x / DIO_PORTRAIT_SIDE + c) : 255);
            if (channels == 4 && 3 * (dx * dx + dy * dy) > 2 * half * half)
                p[3] = 0;
        }
    return image;
}

static void put_portraits(int columns, int rows, int channels)
{
    dio_error err = {0};
    dio_image *image = discs(columns, rows, channels);
    assert_true(dio_image_write(image, portraits_path(), NULL, &err));
    dio_image_unref(image);
}

static int portrait_rows(void)
{
    return (dio_portraits() + DIO_PORTRAIT_COLUMNS - 1) / DIO_PORTRAIT_COLUMNS;
}

static void make_portraits(void)
{
    put_portraits(DIO_PORTRAIT_COLUMNS, portrait_rows(), 4);
}

static int make_folder(void **state)
{
    char flow[512];
    (void)state;
    assert_non_null(mkdtemp(root));
    make_net(&dio_painter_autoencoder,
             "{\"model_type\":\"picture-autoencoder\",\"latent_channels\":6,\"encode_0\":8,"
             "\"encode_1\":8,"
             "\"decode_0\":8,\"decode_1\":8,\"decode_large\":8,\"decode_blocks\":1}",
             3);
    snprintf(
        flow, sizeof flow,
        "{\"model_type\":\"scene-flow\",\"latent_channels\":6,\"map_channels\":%d,\"wish_size\":%d,"
        "\"embed\":16,\"groups\":4,\"blocks\":1,\"middle_blocks\":1,\"widths\":[8,16]}",
        DIO_GUIDE_MAP, dio_guide_wish_size());
    make_net(&dio_painter_flow, flow, 4);
    make_portraits();
    return 0;
}

static int remove_folder(void **state)
{
    static const char *const files[] = {"autoencoder/config.json",
                                        "autoencoder/model.safetensors",
                                        "autoencoder",
                                        "flow/config.json",
                                        "flow/model.safetensors",
                                        "flow",
                                        "subjects.png"};
    char path[256];
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", root, files[i]);
        remove(path);
    }
    return rmdir(root);
}

static dio_image *paint(const dio_painter_request *r, dio_error *err)
{
    dio_device *device = dio_device_cpu(err);
    dio_painter *p = dio_painter_open(root, DIO_F32, err);
    dio_image *image = NULL;
    if (!p)
        fail_msg("%s", err->message);
    dio_painter_paint(p, device, r, &image, err);
    dio_painter_close(p);
    dio_device_close(device);
    return image;
}

static bool same(const dio_image *a, const dio_image *b)
{
    return a->width == b->width && a->height == b->height &&
           memcmp(dio_image_row(a, 0), dio_image_row(b, 0),
                  dio_image_row_bytes(a) * (size_t)a->height) == 0;
}

/* What the flow says of x at t, for a canvas of 6x6. */
static void ask_flow(float t, const float *x, float *out, size_t bytes)
{
    dio_error err = {0};
    char dir[128];
    snprintf(dir, sizeof dir, "%s/flow", root);
    dio_device *device = dio_device_cpu(&err);
    dio_network *n = dio_network_open(&dio_painter_flow, dir, DIO_F32, &err);
    const dio_flow_ops *ops = n->family->ops;
    dio_graph *g = dio_graph_create();
    dio_flow_io io = {
        .x = dio_input(g, "x", dio_type_4d(DIO_F32, 1, 6, 6, 6)),
        .t = dio_input(g, "t", dio_type_1d(DIO_F32, 1)),
        .wish = dio_input(g, "wish", dio_type_2d(DIO_F32, 1, dio_guide_wish_size())),
        .map = dio_input(g, "map", dio_type_4d(DIO_F32, 1, DIO_GUIDE_MAP, 6, 6)),
        .under = dio_input(g, "under", dio_type_4d(DIO_F32, 1, 6, 6, 6)),
    };
    ops->forward(g, n->model, &io);
    dio_plan *p = dio_plan_create(g, &io.out, 1, false, device, NULL, &err);
    float wish[1024] = {0}, map[DIO_GUIDE_MAP * 36], under[6 * 36];
    for (size_t i = 0; i < sizeof map / sizeof *map; i++)
        map[i] = sinf((float)i);
    for (size_t i = 0; i < sizeof under / sizeof *under; i++)
        under[i] = cosf(5 * (float)i);
    assert_true(dio_plan_set(p, "x", x, bytes, &err) && dio_plan_set(p, "t", &t, sizeof t, &err) &&
                dio_plan_set(p, "wish", wish, (size_t)dio_guide_wish_size() * sizeof *wish, &err) &&
                dio_plan_set(p, "map", map, sizeof map, &err) &&
                dio_plan_set(p, "under", under, sizeof under, &err) && dio_plan_run(p, &err));
    memcpy(out, dio_plan_output(p, 0, NULL), bytes);
    dio_plan_destroy(p);
    dio_graph_destroy(g);
    dio_network_close(n);
    dio_device_close(device);
}

/* Whatever the weights: at t = 1 the latents are known, at t = 0 the noise says nothing of them. */
static void the_flow_begins_and_ends_where_it_must(void **state)
{
    (void)state;
    float x[6 * 36], y[6 * 36], one[6 * 36], two[6 * 36];
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) {
        x[i] = cosf(3 * (float)i);
        y[i] = cosf(7 * (float)i);
    }
    ask_flow(1, x, one, sizeof one);
    assert_memory_equal(one, x, sizeof x);
    ask_flow(0, x, one, sizeof one);
    ask_flow(0, y, two, sizeof two);
    assert_memory_equal(one, two, sizeof one);
    ask_flow(0.5f, x, one, sizeof one);
    ask_flow(0.5f, y, two, sizeof two);
    assert_memory_not_equal(one, two, sizeof one);
}

static void a_request_gives_its_picture(void **state)
{
    (void)state;
    dio_error err = {0};
    static const uint8_t palette[2][3] = {{240, 230, 210}, {30, 60, 120}};
    dio_painter_request r = {
        .prompt = "a bottle", .width = 256, .height = 304, .steps = 2, .seed = 5};
    int threads = dio_gang_size();
    dio_gang_resize(1);
    dio_image *one = paint(&r, &err);
    dio_gang_resize(2);
    dio_image *two = paint(&r, &err);
    dio_gang_resize(threads);
    r.seed = 6;
    dio_image *other = paint(&r, &err);
    r.palette = palette;
    r.colours = 2;
    dio_image *coloured = paint(&r, &err);
    assert_true(one && two && other && coloured);
    assert_int_equal(one->width, 256);
    assert_int_equal(one->height, 304);
    assert_int_equal(one->form.channels, 3);
    assert_true(same(one, two));
    assert_false(same(one, other));
    assert_false(same(other, coloured));
    assert_non_null(
        strstr(dio_image_note(one, "Comment"), "house/painter, seed 5, 2 steps: bottle"));
    dio_image_unref(one);
    dio_image_unref(two);
    dio_image_unref(other);
    dio_image_unref(coloured);
}

static void alpha_comes_when_asked_for(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_painter_request r = {
        .prompt = "a cup", .width = 384, .height = 352, .steps = 1, .alpha = true};
    dio_image *image = paint(&r, &err);
    assert_non_null(image);
    assert_int_equal(image->form.channels, 4);
    assert_false(image->form.premultiplied);
    dio_image_unref(image);
}

/* Random weights through circular convolutions: no join shows. Measured: 0.84 and 0.85. */
static void tiles_join(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_seam seam;
    dio_painter_request r = {
        .prompt = "stars", .width = 256, .height = 256, .steps = 2, .tile_x = true, .tile_y = true};
    dio_image *image = paint(&r, &err);
    assert_non_null(image);
    assert_true(dio_image_seam(image, &seam, &err));
    print_message("seam %.2f %.2f\n", (double)seam.x, (double)seam.y);
    assert_true(seam.x < 1.3f && seam.y < 1.3f);
    dio_image_unref(image);
}

static void refuse(const dio_painter_request *r, const char *message)
{
    dio_error err = {0};
    assert_null(paint(r, &err));
    assert_string_equal(err.message, message);
}

static void wrong_requests_are_refused(void **state)
{
    (void)state;
    refuse(&(dio_painter_request){.prompt = "x", .width = 255, .height = 300},
           "size: 255x300; house/painter paints 256 to 768 pixels a side: upscale what is to be "
           "larger");
    refuse(&(dio_painter_request){.prompt = "x", .width = 300, .height = 1 << 30},
           "size: 300x1073741824; house/painter paints 256 to 768 pixels a side: upscale what is "
           "to be larger");
    refuse(&(dio_painter_request){.prompt = "x", .steps = 65}, "steps: 65 is outside 1 to 64");
    refuse(&(dio_painter_request){.prompt = "x", .steps = -1}, "steps: -1 is outside 1 to 64");
    refuse(&(dio_painter_request){.prompt = "x", .colours = 6},
           "palette: 6 colours; 1 to 5 are heard");
    refuse(&(dio_painter_request){.prompt = NULL},
           "prompt: a text of at most 65536 bytes is needed");
}

static bool stop(void *user, int i, int n)
{
    (void)n;
    return i < *(int *)user;
}

static void it_stops_when_told(void **state)
{
    (void)state;
    dio_error err = {0};
    int after = 2;
    volatile sig_atomic_t cancel = 1;
    dio_painter_request r = {
        .prompt = "x", .width = 256, .height = 256, .steps = 5, .progress = stop, .user = &after};
    assert_null(paint(&r, &err));
    assert_int_equal(err.kind, DIO_ERROR_NONE);
    r = (dio_painter_request){.prompt = "x", .width = 256, .height = 256, .cancel = &cancel};
    assert_null(paint(&r, &err));
    assert_int_equal(err.kind, DIO_ERROR_NONE);
}

static void a_strange_folder_is_refused(void **state)
{
    (void)state;
    dio_error err = {0};
    assert_null(dio_painter_open("/nowhere/at/all", DIO_F32, &err));
    assert_non_null(strstr(err.message, "/nowhere/at/all/autoencoder/config.json"));
}

static void refuse_portraits(const char *message)
{
    dio_error err = {0};
    char text[DIO_ERROR_MESSAGE + DIO_ERROR_FILE];
    assert_null(dio_painter_open(root, DIO_F32, &err));
    dio_error_text(&err, text, sizeof text);
    if (!strstr(text, portraits_path()) || !strstr(text, message))
        fail_msg("\"%s\" does not say \"%s\"", text, message);
}

static void put_bytes(const void *bytes, size_t n)
{
    dio_error err = {0};
    assert_true(dio_file_write(portraits_path(), bytes, n, &err));
}

static void strange_portraits_are_refused(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    char size[128];
    size_t length;
    char *whole = dio_file_read(a, portraits_path(), 1 << 24, &length, &err);
    assert_non_null(whole);
    int columns = DIO_PORTRAIT_COLUMNS, rows = portrait_rows();
    put_portraits(columns, rows + 1, 4);
    snprintf(size, sizeof size, ": %dx%d pixels in 4 channels of 8 bits; this program's subjects ",
             columns * DIO_PORTRAIT_SIDE, (rows + 1) * DIO_PORTRAIT_SIDE);
    refuse_portraits(size);
    put_portraits(columns, rows, 3);
    snprintf(size, sizeof size, ": %dx%d pixels in 3 channels of 8 bits; this program's subjects ",
             columns * DIO_PORTRAIT_SIDE, rows * DIO_PORTRAIT_SIDE);
    refuse_portraits(size);
    put_bytes("no picture at all, but long enough for a head", 45);
    refuse_portraits("no picture that can be read here");
    put_bytes(whole, length / 2); /* a right head, and then nothing */
    refuse_portraits("the PNG ends after");
    remove(portraits_path());
    refuse_portraits("No such file");
    put_bytes(whole, length);
    dio_arena_destroy(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_flow_begins_and_ends_where_it_must),
        cmocka_unit_test(a_request_gives_its_picture),
        cmocka_unit_test(alpha_comes_when_asked_for),
        cmocka_unit_test(tiles_join),
        cmocka_unit_test(wrong_requests_are_refused),
        cmocka_unit_test(it_stops_when_told),
        cmocka_unit_test(a_strange_folder_is_refused),
        cmocka_unit_test(strange_portraits_are_refused),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
