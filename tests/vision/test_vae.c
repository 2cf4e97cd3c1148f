/* test_vae.c: autoencoders against diffusers and TAESD's author: every tap of the graph, pictures
 * and latents made in stripes, pictures that go on at the other side. */
#include "tests/vision/vae_case.h"

static const double LIMIT = 5e-6; /* of the largest number; measured below 1.5e-6 */

/* One half as a graph: every tap that the golden has, by name. */
static void check_graph(struct golden *g, bool decoder)
{
    dio_error err = {0};
    dio_type type;
    double worst = 0;
    int compared = 0;
    const float *in = numbers(g, decoder ? "latent" : "picture", &type);
    type.dim[0] = 1;
    dio_graph *graph = dio_graph_create();
    dio_vae_io io = {.in = dio_input(graph, "in", type)};
    (decoder ? dio_vae_decode_forward : dio_vae_encode_forward)(graph, g->vae, &io);
    dio_val out[2] = {io.out, io.std};
    int outs = io.std == DIO_NONE ? 1 : 2;
    dio_plan *p = dio_plan_create(graph, out, outs, true, g->device, NULL, &err);
    must(p != NULL, &err);
    must(dio_plan_set(p, "in", in, dio_type_bytes(&type), &err) && dio_plan_run(p, &err), &err);
    for (int i = 0; i < dio_plan_tap_count(p); i++) {
        const char *name;
        const float *data = dio_plan_tap(p, i, &name, &type);
        const dio_tensor *want = dio_weights_find(g->w, name);
        if (!want)
            continue;
        assert_true(dio_type_equal(&type, &want->type));
        double d = apart(data, dio_tensor_data(want), dio_type_count(&type));
        if (d > LIMIT)
            fail_msg("%s: %s is off by %.2e", g->name, name, d);
        worst = d > worst ? d : worst;
        compared++;
    }
    print_message("%-6s %s: %d taps within %.2e\n", g->name, decoder ? "decoder" : "encoder",
                  compared, worst);
    if (strcmp(g->name, "taesd") != 0) /* the author's code is looked at from outside alone */
        assert_int_equal(compared, dio_plan_tap_count(p));
    assert_true(compared > 0);
    dio_plan_destroy(p);
    dio_graph_destroy(graph);
}

static void check_decode(struct golden *g)
{
    dio_error err = {0};
    dio_type in, type;
    const float *latent = numbers(g, "latent", &in), *first = numbers(g, "sample", &type);
    int h = (int)in.dim[2], w = (int)in.dim[3];
    int64_t n = dio_type_count(&type);
    float *out = malloc((size_t)(2 * n) * sizeof *out);
    dio_vae_report report;
    must(dio_vae_decode(g->vae, g->device, latent, 2, h, w, &(dio_vae_options){.report = &report},
                        out, &err),
         &err);
    double d = apart(out, first, n), e = apart(out + n, numbers(g, "second", &type), n);
    print_message("%-6s decoded within %.2e, %.2e; %.2f MB\n", g->name, d, e,
                  (double)report.peak / 1e6);
    assert_true(d <= LIMIT && e <= LIMIT);
    assert_true(report.flops == report.once && report.peak <= report.whole);
    static const char *const kinds[] = {"tiled.x", "tiled.y", "tiled.xy"};
    for (int i = 0; i < 3 && dio_weights_find(g->w, kinds[i]); i++) {
        dio_vae_options o = {.tile_x = i != 1, .tile_y = i != 0};
        must(dio_vae_decode(g->vae, g->device, latent, 1, h, w, &o, out, &err), &err);
        d = apart(out, numbers(g, kinds[i], &type), n);
        print_message("%-6s %s within %.2e\n", g->name, kinds[i], d);
        assert_true(d <= LIMIT);
    }
    free(out);
}

static void check_encode(struct golden *g)
{
    dio_error err = {0};
    dio_type in, type;
    bool tiny = g->vae->shape.tiny;
    const float *picture = numbers(g, "picture", &in);
    const float *want = numbers(g, tiny ? "latents" : "latent_dist.mean", &type);
    int64_t n = dio_type_count(&type);
    float *mean = malloc((size_t)n * sizeof *mean), *std = malloc((size_t)n * sizeof *std);
    must(dio_vae_encode(g->vae, g->device, picture, 1, (int)in.dim[2], (int)in.dim[3], NULL, mean,
                        std, &err),
         &err);
    double d = apart(mean, want, n), e = 0;
    if (tiny) {
        for (int64_t i = 0; i < n; i++)
            assert_true(std[i] == 0);
    } else {
        e = apart(std, numbers(g, "latent_dist.std", &type), n);
        dio_vae_sample(mean, std, numbers(g, "noise", &type), (size_t)n, std);
        assert_true(apart(std, numbers(g, "drawn", &type), n) <= LIMIT);
    }
    print_message("%-6s encoded within %.2e, deviations %.2e\n", g->name, d, e);
    assert_true(d <= LIMIT && e <= LIMIT);
    free(mean);
    free(std);
}

static void check_all(void **state)
{
    struct golden g;
    open_golden(&g, *state, strcmp(*state, "taesd") == 0 ? "taesd_decoder.pth" : "");
    check_graph(&g, true);
    check_graph(&g, false);
    check_decode(&g);
    check_encode(&g);
    close_golden(&g);
}

static void shapes(void **state)
{
    (void)state;
    struct golden g;
    open_golden(&g, "wide", "");
    const dio_vae_shape *s = &g.vae->shape;
    assert_int_equal(s->latent_channels, 16);
    assert_int_equal(s->scale, 2);
    assert_true(s->scaling_factor == 0.3611F && s->shift_factor == 0.1159F);
    assert_false(s->force_upcast || s->tiny || s->standardised);
    close_golden(&g);
    open_golden(&g, "plain", "");
    assert_true(g.vae->shape.standardised && g.vae->shape.std[2] == 2 &&
                g.vae->shape.mean[3] == -0.4F);
    assert_true(g.vae->shape.force_upcast);
    close_golden(&g);
    open_golden(&g, "taesd", "taesd_encoder.pth"); /* the encoder alone */
    assert_true(g.vae->shape.encodes && !g.vae->shape.decodes && g.vae->shape.tiny);
    assert_int_equal(g.vae->shape.latent_channels, 16);
    close_golden(&g);
}

/* Weights kept in f16, as the file has them, and widened as they are read. */
static void halves(void **state)
{
    (void)state;
    struct golden g;
    dio_error err = {0};
    dio_type type;
    open_golden(&g, "plain", "");
    dio_vae *half = dio_vae_open("tests/golden/vae/plain", DIO_DTYPES, &err);
    must(half != NULL, &err);
    assert_int_equal((*half->net.walk.items[0].slot)->type.dtype, DIO_F16);
    const float *latent = numbers(&g, "latent", &type);
    int h = (int)type.dim[2], w = (int)type.dim[3];
    numbers(&g, "sample", &type);
    size_t n = (size_t)dio_type_count(&type) * sizeof(float);
    float *want = malloc(n), *out = malloc(n);
    must(dio_vae_decode(g.vae, g.device, latent, 1, h, w, NULL, want, &err) &&
             dio_vae_decode(half, g.device, latent, 1, h, w, NULL, out, &err),
         &err);
    assert_memory_equal(out, want, n);
    free(want);
    free(out);
    dio_vae_close(half);
    close_golden(&g);
}

#define GOLDEN(name)                                                                               \
    {                                                                                              \
        name, check_all, NULL, NULL, (void *)(name)                                                \
    }

/* An argument names the one model that is looked at. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        GOLDEN("sd"),   GOLDEN("wide"),  GOLDEN("plain"),          GOLDEN("old"),
        GOLDEN("tiny"), GOLDEN("taesd"), cmocka_unit_test(shapes), cmocka_unit_test(halves),
    };
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
