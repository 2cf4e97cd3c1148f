/* test_unet.c: UNets against diffusers on the goldens of tools/golden/unet.py: every module's
 * output; and what must not matter: neighbours in the batch, threads, and how weights are kept. */
#include "tests/vision/model_case.h"

#include "base/gang.h"
#include "vision/unet.h"

static const char *const inputs[] = {"sample",      "timestep", "encoder_hidden_states",
                                     "text_embeds", "time_ids", "guidance"};
enum { INPUTS = sizeof inputs / sizeof inputs[0] };

struct golden {
    const char *name;
    dio_unet *unet;
    dio_weights *w;
    dio_device *device;
};

static void open_golden(struct golden *g, const char *name, dio_dtype keep)
{
    char path[256];
    dio_error err = {0};
    g->name = name;
    snprintf(path, sizeof path, "tests/golden/unet/%s", name);
    g->unet = dio_unet_open(path, keep, &err);
    must(g->unet != NULL, &err);
    snprintf(path, sizeof path, "tests/golden/unet/%s/golden.safetensors", name);
    g->w = open_weights(path);
    g->device = open_device();
}

static void close_golden(struct golden *g)
{
    dio_device_close(g->device);
    dio_weights_close(g->w);
    dio_unet_close(g->unet);
}

/* The plan of one pass over the golden's inputs, or over those of `row` alone. */
static dio_plan *plan_of(const struct golden *g, bool tile_x, bool tile_y, int row, bool taps)
{
    dio_error err = {0};
    dio_graph *graph = dio_graph_create();
    dio_val v[INPUTS];
    for (int i = 0; i < INPUTS; i++) {
        char full[64];
        snprintf(full, sizeof full, "in.%s", inputs[i]);
        const dio_tensor *t = dio_weights_find(g->w, full);
        dio_type type = t ? t->type : (dio_type){0};
        if (row >= 0)
            type.dim[0] = 1;
        v[i] = t ? dio_input(graph, inputs[i], type) : DIO_NONE;
    }
    dio_unet_io io = {.sample = v[0],
                      .timestep = v[1],
                      .context = v[2],
                      .pooled = v[3],
                      .time_ids = v[4],
                      .guidance = v[5],
                      .tile_x = tile_x,
                      .tile_y = tile_y};
    dio_unet_forward(graph, g->unet, &io);
    dio_plan *p = dio_plan_create(graph, &io.out, 1, taps, g->device, NULL, &err);
    must(p != NULL, &err);
    dio_graph_destroy(graph);
    for (int i = 0; i < INPUTS; i++) {
        char full[64];
        snprintf(full, sizeof full, "in.%s", inputs[i]);
        const dio_tensor *t = dio_weights_find(g->w, full);
        if (!t)
            continue;
        size_t bytes = dio_type_bytes(&t->type);
        const char *data = dio_tensor_data(t);
        if (row >= 0) {
            bytes /= (size_t)t->type.dim[0];
            data += (size_t)row * bytes;
        }
        must(dio_plan_set(p, inputs[i], data, bytes, &err), &err);
    }
    must(dio_plan_run(p, &err), &err);
    return p;
}

/* Measured: 1e-6 to 6.2e-6 over all taps of all goldens. */
static void check_taps(const struct golden *g)
{
    int compared, wanted = 0;
    for (int i = 0; i < dio_weights_count(g->w); i++) {
        const char *name = dio_weights_at(g->w, i)->name;
        wanted += strncmp(name, "in.", 3) != 0 && strncmp(name, "tile_", 5) != 0;
    }
    dio_plan *p = plan_of(g, false, false, -1, true);
    double d = worst_tap(p, g->w, "", &compared);
    print_message("%-12s %d taps within %.1e of their largest\n", g->name, compared, d);
    assert_int_equal(compared, wanted);
    assert_true(d <= 1e-5);
    dio_plan_destroy(p);
}

static void check_tiles(const struct golden *g)
{
    static const char *const names[] = {"", "tile_x.conv_out", "tile_y.conv_out",
                                        "tile_xy.conv_out"};
    int compared = 0;
    for (int i = 1; i < 4; i++) {
        const dio_tensor *want = dio_weights_find(g->w, names[i]);
        if (!want)
            continue;
        dio_plan *p = plan_of(g, i & 1, i & 2, -1, false);
        double d = relative(dio_plan_output(p, 0, NULL), dio_tensor_data(want),
                            dio_type_count(&want->type));
        print_message("%-12s %s within %.1e\n", g->name, names[i], d);
        assert_true(d <= 1e-5); /* measured 1.3e-6 */
        dio_plan_destroy(p);
        compared++;
    }
    assert_int_equal(compared, golden_count(g->w, "tile_"));
}

/* A row alone gives the bits that it has among others, on one thread and on two. */
static void check_same_bits(const struct golden *g)
{
    dio_type type;
    int threads = dio_gang_size();
    dio_gang_resize(2);
    dio_plan *whole = plan_of(g, false, false, -1, false);
    const float *out = dio_plan_output(whole, 0, &type);
    size_t row_bytes = dio_type_bytes(&type) / (size_t)type.dim[0];
    assert_true(type.dim[0] > 1);
    for (int row = 0; row < type.dim[0]; row++) {
        dio_gang_resize(1 + row % 2);
        dio_plan *p = plan_of(g, false, false, row, false);
        assert_memory_equal(dio_plan_output(p, 0, NULL), (const char *)out + row * row_bytes,
                            row_bytes);
        dio_plan_destroy(p);
    }
    dio_gang_resize(threads);
    dio_plan_destroy(whole);
}

static void check_all(void **state)
{
    struct golden g;
    open_golden(&g, *state, DIO_F32);
    check_taps(&g);
    check_tiles(&g);
    check_same_bits(&g);
    close_golden(&g);
}

/* Weights kept in halves as stored give what widened ones give. */
static void check_halves(void **state)
{
    struct golden g;
    open_golden(&g, *state, DIO_DTYPES);
    check_taps(&g);
    close_golden(&g);
}

#define GOLDEN(name) cmocka_unit_test_prestate(check_all, (void *)(name))
#define HALVES(name) cmocka_unit_test_prestate(check_halves, (void *)(name))

int main(void)
{
    const struct CMUnitTest tests[] = {
        GOLDEN("sd1"),   GOLDEN("sd2"),    GOLDEN("sdxl"), GOLDEN("inpaint-odd"),
        GOLDEN("lists"), GOLDEN("no-mid"), HALVES("sd2"),  HALVES("lists"),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
