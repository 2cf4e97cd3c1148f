/* test_generator.c: generators against their authors' code, on the goldens of
 * tools/golden/generator.py; seeds, labels, truncation, and what is refused. */
#include "tests/vision/model_case.h"
#include "tests/vision/pictures.h"

#include "base/file.h"
#include "vision/generator.h"

struct golden {
    const char *name;
    dio_generator *n;
    dio_weights *w;
    dio_device *device;
};

static void open_golden(struct golden *g, const char *name, const char *file)
{
    char path[256];
    dio_error err = {0};
    g->name = name;
    snprintf(path, sizeof path, "tests/golden/generator/%s/%s", name, file);
    g->n = dio_generator_open(path, &err);
    must(g->n != NULL, &err);
    snprintf(path, sizeof path, "tests/golden/generator/%s/golden.safetensors", name);
    g->w = open_weights(path);
    g->device = open_device();
}

static void close_golden(struct golden *g)
{
    dio_device_close(g->device);
    dio_weights_close(g->w);
    dio_generator_close(g->n);
}

static const dio_tensor *of(const struct golden *g, const char *name)
{
    const dio_tensor *t = dio_weights_find(g->w, name);
    if (!t)
        fail_msg("the golden has no %s", name);
    return t;
}

static void set(struct golden *g, dio_plan *p, const char *name)
{
    dio_error err = {0};
    const dio_tensor *t = dio_weights_find(g->w, name);
    if (t)
        must(dio_plan_set(p, name, dio_tensor_data(t), dio_type_bytes(&t->type), &err), &err);
}

/* One pass over the golden's batch, held to `want` (of which there may be fewer pictures). */
static void check(struct golden *g, dio_generator_io io, const char *want, bool taps)
{
    dio_error err = {0};
    int compared = 0;
    dio_type type;
    dio_graph *graph = dio_graph_create();
    io.z = dio_input(graph, "z", of(g, "z")->type);
    io.label = g->n->shape.labels ? dio_input(graph, "label", of(g, "label")->type) : DIO_NONE;
    dio_generator_forward(graph, g->n, &io);
    dio_plan *p = dio_plan_create(graph, &io.out, 1, true, g->device, NULL, &err);
    must(p != NULL, &err);
    dio_graph_destroy(graph);
    set(g, p, "z");
    set(g, p, "label");
    must(dio_plan_run(p, &err), &err);
    const dio_tensor *t = of(g, want);
    const float *got = dio_plan_output(p, 0, &type);
    assert_true(dio_type_count(&t->type) <= dio_type_count(&type));
    double d = relative(got, dio_tensor_data(t), dio_type_count(&t->type));
    double worst = taps ? worst_tap(p, g->w, "tap.", &compared) : 0;
    print_message("%-16s %-10s within %.2e, %d taps within %.2e\n", g->name, want, d, compared,
                  worst);
    assert_true(d <= 2.2e-5);   /* measured 5.4e-6 */
    assert_true(worst <= 8e-6); /* measured 2.0e-6 */
    assert_int_equal(compared, taps ? golden_count(g->w, "tap.") : 0);
    dio_plan_destroy(p);
}

static void check_z(const struct golden *g, const uint64_t *seeds, int n)
{
    float z[64];
    const float *want = dio_tensor_data(of(g, "z"));
    for (int i = 0; i < n; i++) {
        dio_generator_draw_z(g->n, seeds[i], z);
        for (int j = 0; j < g->n->shape.z; j++)
            if (!(fabsf(z[j] - want[i * g->n->shape.z + j]) <= 1e-7f * fabsf(z[j])))
                fail_msg("%s: z[%d] of seed %d is %.9g, not %.9g", g->name, j, (int)seeds[i],
                         (double)z[j], (double)want[i * g->n->shape.z + j]);
    }
}

/* As the authors' generate.py saves it: no byte further off than 1. */
static void check_picture(const struct golden *g)
{
    dio_error err = {0};
    dio_image *image = NULL;
    const unsigned char *want = dio_tensor_data(of(g, "picture"));
    const float *label = g->n->shape.labels ? dio_tensor_data(of(g, "label")) : NULL;
    dio_generator_options o = {.pull = 0.3f, .label = label};
    int off = 0;
    must(dio_generator_paint(g->n, g->device, 85, &o, &image, &err), &err);
    const unsigned char *got = dio_image_row(image, 0);
    for (int i = 0; i < image->width * image->height * 3; i++) {
        assert_true(abs(got[i] - want[i]) <= 1);
        off += got[i] != want[i];
    }
    print_message("%-16s %d of %d bytes differ\n", g->name, off, image->width * image->height * 3);
    assert_true(off <= 2); /* measured 0 */
    dio_image_unref(image);
}

static void test_stylegan2(void **state)
{
    static const char *const names[] = {"stylegan2", "stylegan2-label", "stylegan2-orig"};
    static const uint64_t seeds[] = {85, 265};
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct golden g;
        open_golden(&g, names[i], "");
        assert_true(golden_count(g.w, "tap.") > 1);
        check(&g, (dio_generator_io){0}, "y", true);
        check(&g, (dio_generator_io){.noise = DIO_NOISE_NONE}, "y.none", false);
        check(&g, (dio_generator_io){.pull = 0.3f}, "y.psi", false);
        check(&g, (dio_generator_io){.pull = 0.5f, .cutoff = 2}, "y.cutoff", false);
        check_z(&g, seeds, 2);
        check_picture(&g);
        close_golden(&g);
    }
}

/* Noise of one's own: of the seed, and each picture its own. */
static void test_random_noise(void **state)
{
    (void)state;
    dio_error err = {0};
    struct golden g;
    dio_image *a = NULL, *b = NULL, *c = NULL;
    dio_generator_options o = {.noise = DIO_NOISE_RANDOM};
    open_golden(&g, "stylegan2", "");
    must(dio_generator_paint(g.n, g.device, 3, &o, &a, &err), &err);
    must(dio_generator_paint(g.n, g.device, 3, &o, &b, &err), &err);
    must(dio_generator_paint(g.n, g.device, 3, NULL, &c, &err), &err);
    assert_same_picture(a, b);
    assert_true(picture_distance(a, c) > 0.05f);
    dio_image_unref(a);
    dio_image_unref(b);
    dio_image_unref(c);
    close_golden(&g);
}

/* The running statistics that a batch leaves, as torch keeps them. */
static void check_running(struct golden *g)
{
    dio_error err = {0};
    double worst = 0;
    dio_graph *graph = dio_graph_create();
    dio_generator_io io = {.z = dio_input(graph, "z", of(g, "z")->type), .training = true};
    dio_generator_forward(graph, g->n, &io);
    dio_val out[DIO_GENERATOR_RUNNING];
    for (int i = 0; i < io.n_running; i++)
        out[i] = io.running[i].value;
    dio_plan *p = dio_plan_create(graph, out, io.n_running, false, g->device, NULL, &err);
    must(p != NULL, &err);
    dio_graph_destroy(graph);
    set(g, p, "z");
    must(dio_plan_run(p, &err), &err);
    assert_int_equal(io.n_running, 4);
    for (int i = 0; i < io.n_running; i++) {
        char name[96];
        dio_type t;
        const float *got = dio_plan_output(p, i, &t);
        snprintf(name, sizeof name, "running.main.%d.%s", i / 2 * 3 + 1,
                 i % 2 ? "running_var" : "running_mean");
        double d = relative(got, dio_tensor_data(of(g, name)), dio_type_count(&t));
        worst = d > worst ? d : worst;
    }
    print_message("%-16s running statistics within %.2e\n", g->name, worst);
    assert_true(worst <= 1.6e-7); /* measured 4.1e-8 */
    dio_plan_destroy(p);
}

static void test_dcgan(void **state)
{
    (void)state;
    static const uint64_t seed = 85;
    struct golden g;
    open_golden(&g, "dcgan", "netG.pth");
    assert_int_equal(g.n->shape.width, 16);
    check(&g, (dio_generator_io){0}, "y", false);
    check(&g, (dio_generator_io){.training = true}, "y.training", false);
    check_running(&g);
    check_z(&g, &seed, 1);
    close_golden(&g);
}

/* Gradients of sum(out * r) by every weight. */
static void check_gradients(struct golden *g)
{
    enum { MOST = 64 };
    dio_error err = {0};
    dio_graph *graph = dio_graph_create();
    dio_val wrt[MOST], grads[MOST];
    int n = g->n->net.walk.count;
    double worst = 0;
    assert_true(n <= MOST);
    dio_generator_io io = {.z = dio_input(graph, "z", of(g, "z")->type),
                           .label = dio_input(graph, "label", of(g, "label")->type),
                           .training = true};
    dio_generator_forward(graph, g->n, &io);
    dio_val loss =
        dio_sum(graph, dio_mul(graph, io.out, dio_input(graph, "r", of(g, "r")->type)), 15, false);
    for (int i = 0; i < n; i++)
        wrt[i] = dio_param(graph, *g->n->net.walk.items[i].slot);
    dio_backward(graph, loss, wrt, n, grads);
    dio_plan_options options = {.train = true};
    dio_plan *p = dio_plan_create(graph, grads, n, false, g->device, &options, &err);
    must(p != NULL, &err);
    dio_graph_destroy(graph);
    set(g, p, "z");
    set(g, p, "label");
    set(g, p, "r");
    must(dio_plan_run(p, &err), &err);
    for (int i = 0; i < n; i++) {
        char name[96];
        dio_type t;
        snprintf(name, sizeof name, "grad.%s", g->n->net.walk.items[i].name);
        const float *got = dio_plan_output(p, i, &t);
        double d = relative(got, dio_tensor_data(of(g, name)), dio_type_count(&t));
        worst = d > worst ? d : worst;
    }
    print_message("%-16s %d gradients within %.2e\n", g->name, n, worst);
    assert_true(worst <= 2.2e-5); /* measured 5.6e-6 */
    dio_plan_destroy(p);
}

static void test_conditional(void **state)
{
    static const char *const names[] = {"conditional", "conditional-palette"};
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct golden g;
        open_golden(&g, names[i], "");
        assert_int_equal(g.n->shape.channels, 4);
        check(&g, (dio_generator_io){0}, "y", false);
        check_gradients(&g);
        close_golden(&g);
    }
}

/* --- files --- */

static dio_generator *make(const char *json, dio_error *err)
{
    dio_error other = {0};
    dio_arena *a = dio_arena_create();
    dio_value *config = dio_json_parse(a, "config.json", json, strlen(json), &other);
    must(config != NULL, &other);
    dio_generator *n = dio_generator_create(config, 5, err);
    dio_arena_destroy(a);
    return n;
}

/* Saved and opened again it paints the same; alpha is divided out of what was multiplied. */
static void test_saved(void **state)
{
    static const char json[] = "{\"model_type\":\"conditional-generator\",\"widths\":[16,8],"
                               "\"premultiplied\":true,\"light_from\":1,\"label_dim\":2}";
    dio_error err = {0};
    const char *dir = pictures_path(state, "model");
    dio_device *device = open_device();
    dio_generator *n = make(json, &err);
    must(n != NULL, &err);
    must(dio_generator_save(n, dir, DIO_F32, &err), &err);
    dio_generator *again = dio_generator_open(dir, &err);
    must(again != NULL, &err);
    dio_image *a = NULL, *b = NULL;
    dio_generator_options o = {.label = (float[]){0, 1}};
    must(dio_generator_paint(n, device, 9, &o, &a, &err), &err);
    must(dio_generator_paint(again, device, 9, &o, &b, &err), &err);
    assert_same_picture(a, b);
    assert_int_equal(a->form.channels, 4);
    assert_false(a->form.premultiplied);
    dio_image_unref(a);
    dio_image_unref(b);
    dio_generator_close(n);
    dio_generator_close(again);
    dio_device_close(device);
    char file[512];
    static const char *const files[] = {"config.json", "model.safetensors"};
    for (int i = 0; i < 2; i++) {
        snprintf(file, sizeof file, "%s/%s", dir, files[i]);
        remove(file);
    }
    remove(dir);
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"{\"model_type\":\"stylegan2\"}", "img_resolution"},
        {"{\"model_type\":\"stylegan2\",\"img_resolution\":48}", "48 is no power of 2"},
        {"{\"model_type\":\"stylegan2\",\"img_resolution\":1048576}", "img_resolution"},
        {"{\"model_type\":\"stylegan2\",\"img_resolution\":512,\"channel_base\":64}",
         "64 leaves no channel at 512 pixels"},
        {"{\"model_type\":\"stylegan2\",\"img_resolution\":8,\"resample_filter\":[1,-1]}",
         "add up to nothing usable"},
        {"{\"model_type\":\"stylegan2\",\"img_resolution\":8,\"resample_filter\":3}",
         "a list of 2 to 8 numbers is needed"},
        {"{\"model_type\":\"dcgan\",\"widths\":[]}", "a list of 1 to 9 numbers"},
        {"{\"model_type\":\"dcgan\",\"widths\":[1e9]}", "each is a number of 1 to"},
        {"{\"model_type\":\"conditional-generator\",\"widths\":[12]}", "does not divide"},
        {"{\"model_type\":\"conditional-generator\",\"palette\":2,\"label_dim\":5}",
         "2 colours need 6 label numbers"},
        {"{\"model_type\":\"conditional-generator\",\"first\":64,\"widths\":[8,8,8,8,8,8,8,8]}",
         "pictures are at most 4096 a side"},
        {"{\"_class_name\":\"RRDBNet\"}", "rrdbnet is a model of kind upscaler, not a generator"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        dio_error err = {0};
        assert_null(make(bad[i][0], &err));
        if (!strstr(err.message, bad[i][1]))
            fail_msg("\"%s\" does not say \"%s\"", err.message, bad[i][1]);
    }
    dio_error err = {0};
    assert_null(dio_generator_open("tests/golden/upscale/srvgg-x2/model.safetensors", &err));
    assert_non_null(strstr(err.message, "no generator is known by these tensors alone"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stylegan2),
        cmocka_unit_test(test_random_noise),
        cmocka_unit_test(test_dcgan),
        cmocka_unit_test(test_conditional),
        cmocka_unit_test_setup_teardown(test_saved, pictures_setup, pictures_teardown),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
