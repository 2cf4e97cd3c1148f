/* test_stripes.c: the same bytes whatever memory there is, at limits between everything kept and
 * the least that will do; batches and threads; and what is refused. */
#include "tests/vision/vae_case.h"

#include "base/arena.h"
#include "base/gang.h"
#include "base/rng.h"
#include "vision/stripes.h"

enum { STRIPE = 24 << 10 };

struct model {
    dio_arena *arena;
    dio_device *device;
    dio_vae *vae;
};

static void open_model(struct model *m, const char *config)
{
    dio_error err = {0};
    m->arena = dio_arena_create();
    dio_value *v = dio_json_parse(m->arena, "config.json", config, strlen(config), &err);
    must(v != NULL, &err);
    m->vae = dio_vae_create(v, 5, DIO_F32, &err);
    must(m->vae != NULL, &err);
    m->device = dio_device_cpu(&err);
    must(m->device != NULL, &err);
}

static void close_model(struct model *m)
{
    dio_device_close(m->device);
    dio_vae_close(m->vae);
    dio_arena_destroy(m->arena);
}

static float *noise(size_t count, uint64_t stream)
{
    float *x = malloc(count * sizeof *x);
    for (size_t i = 0; i < count; i++)
        x[i] = 4 * dio_uniform(7, stream, i) - 2;
    return x;
}

#define KL(widths, types, more)                                                                    \
    "{\"_class_name\":\"AutoencoderKL\",\"norm_num_groups\":4,\"block_out_channels\":" widths      \
    ",\"down_block_types\":[" types("DownEncoderBlock2D") "],\"up_block_types\":[" types(          \
        "UpDecoderBlock2D") "]" more "}"
#define TWO(type)   "\"" type "\",\"" type "\""
#define THREE(type) TWO(type) ",\"" type "\""

static const char *const configs[] = {
    KL("[8,16,16]", THREE, ",\"layers_per_block\":2"),
    KL("[16,8]", TWO, ",\"mid_block_add_attention\":false"),
    "{\"_class_name\":\"AutoencoderTiny\",\"encoder_block_out_channels\":[8,8,8],"
    "\"decoder_block_out_channels\":[8,8,8],\"num_encoder_blocks\":[1,2,2],"
    "\"num_decoder_blocks\":[2,2,1]}",
};

struct job {
    dio_stages stages;
    dio_vae_report report;
    dio_stripes s;
    size_t count; /* of the result */
};

static struct job *job_of(const struct model *m, bool decoder, int h, int w, const float *in)
{
    struct job *j = calloc(1, sizeof *j);
    int scale = m->vae->shape.scale;
    (decoder ? m->vae->ops->decoder : m->vae->ops->encoder)(m->vae->net.model, &j->stages);
    j->count = (size_t)j->stages.items[j->stages.count - 1].channels * (size_t)h * (size_t)w;
    j->count = decoder ? j->count * (size_t)(scale * scale) : j->count / (size_t)(scale * scale);
    j->s = (dio_stripes){.stages = &j->stages,
                         .device = m->device,
                         .in = in,
                         .h = h,
                         .w = w,
                         .stripe_bytes = STRIPE,
                         .report = &j->report};
    return j;
}

/* At falling limits until one is refused; returns how many ways there were. */
static int at_all_limits(struct job *j, float *out, const float *want, const char *what)
{
    dio_error err = {0};
    int ways = 0;
    size_t whole = j->report.whole, least = whole;
    double dearest = 1;
    char text[256];
    dio_vae_report report;
    j->s.report = &report;
    for (size_t limit = whole; limit > whole / 64; limit -= whole / 24 + 1) {
        report = (dio_vae_report){0};
        j->s.memory_limit = limit;
        memset(out, 0, j->count * sizeof *out);
        if (!dio_stripes_run(&j->s, &err))
            break;
        assert_memory_equal(out, want, j->count * sizeof *out);
        assert_true(report.peak <= limit && report.whole >= report.peak);
        assert_true(report.flops >= report.once);
        least = report.peak;
        dearest = report.flops / report.once;
        ways++;
    }
    print_message("%s: %.2f MB whole, %.2f MB least at %.2f times the work, %d limits\n", what,
                  (double)whole / 1e6, (double)least / 1e6, dearest, ways);
    assert_non_null(strstr(dio_error_text(&err, text, sizeof text), "takes at least"));
    assert_int_equal(err.kind, DIO_ERROR_RETRY);
    /* The least that the message names is enough. */
    double named = 0;
    assert_int_equal(sscanf(strstr(err.message, "at least"), "at least %lf MB", &named), 1);
    dio_error again = {0};
    j->s.memory_limit = (size_t)(named * 1e6) + 1;
    must(dio_stripes_run(&j->s, &again), &again);
    assert_memory_equal(out, want, j->count * sizeof *out);
    return ways;
}

static void same_bytes(void **state)
{
    (void)state;
    for (int c = 0; c < 3; c++)
        for (int k = 0; k < 4; k++) { /* decoder and encoder, plain and around */
            struct model m;
            char what[64];
            dio_error err = {0};
            bool decoder = k % 2 == 0, around = k > 1;
            open_model(&m, configs[c]);
            int scale = decoder ? 1 : m.vae->shape.scale, h = 90 * scale, w = 9 * scale;
            float *in = noise((size_t)(16 * h * w), (uint64_t)k);
            struct job *j = job_of(&m, decoder, h, w, in);
            float *want = malloc(j->count * sizeof *want), *out = malloc(j->count * sizeof *out);
            j->s.out = want;
            j->s.tile_x = j->s.tile_y = around;
            must(dio_stripes_run(&j->s, &err), &err);
            assert_true(j->report.flops == j->report.once);
            j->s.out = out;
            snprintf(what, sizeof what, "%s %s%s", m.vae->net.family->name,
                     decoder ? "decoder" : "encoder", around ? ", around" : "");
            int ways = at_all_limits(j, out, want, what);
            assert_true(around || m.vae->shape.tiny || ways >= 3);
            free(in);
            free(want);
            free(out);
            free(j);
            close_model(&m);
        }
}

/* Stripes and one graph of everything are different code; norms' moments are added up otherwise. */
static void as_one_graph(void **state)
{
    (void)state;
    enum { H = 22, W = 9 };
    for (int c = 0; c < 3; c++)
        for (int around = 0; around < 2; around++) {
            struct model m;
            dio_error err = {0};
            open_model(&m, configs[c]);
            int channels = m.vae->shape.latent_channels;
            float *in = noise((size_t)(channels * H * W), 3);
            struct job *j = job_of(&m, true, H, W, in);
            j->s.out = malloc(j->count * sizeof *j->s.out);
            j->s.tile_x = j->s.tile_y = around;
            must(dio_stripes_run(&j->s, &err), &err);
            dio_graph *g = dio_graph_create();
            dio_vae_io io = {.in = dio_input(g, "in", dio_type_4d(DIO_F32, 1, channels, H, W)),
                             .tile_x = around,
                             .tile_y = around};
            dio_vae_decode_forward(g, m.vae, &io);
            dio_plan *p = dio_plan_create(g, &io.out, 1, false, m.device, NULL, &err);
            must(p && dio_plan_set(p, "in", in, (size_t)(channels * H * W) * sizeof *in, &err) &&
                     dio_plan_run(p, &err),
                 &err);
            double d = apart(j->s.out, dio_plan_output(p, 0, NULL), (int64_t)j->count);
            print_message("%s%s: stripes and graph within %.2e\n", m.vae->net.family->name,
                          around ? ", around" : "", d);
            assert_true(d <= 4e-6); /* measured 1e-6 */
            dio_plan_destroy(p);
            dio_graph_destroy(g);
            free(j->s.out);
            free(j);
            free(in);
            close_model(&m);
        }
}

static void batch_and_threads(void **state)
{
    (void)state;
    enum { H = 11, W = 7, BATCH = 3 };
    struct model m;
    dio_error err = {0};
    int threads = dio_gang_size();
    open_model(&m, configs[0]);
    size_t one = 3 * 4 * H * 4 * W, in = 4 * H * W;
    float *latent = noise(BATCH * in, 4), *want = malloc(BATCH * one * sizeof *want);
    float *out = malloc(BATCH * one * sizeof *out);
    must(dio_vae_decode(m.vae, m.device, latent, BATCH, H, W, NULL, want, &err), &err);
    for (int t = 1; t <= 3; t++) {
        dio_gang_resize(t);
        for (int i = 0; i < BATCH; i++)
            must(dio_vae_decode(m.vae, m.device, latent + (size_t)i * in, 1, H, W, NULL,
                                out + (size_t)i * one, &err),
                 &err);
        assert_memory_equal(out, want, BATCH * one * sizeof *out);
    }
    dio_gang_resize(threads);
    free(latent);
    free(want);
    free(out);
    close_model(&m);
}

struct watch {
    double last;
    int calls, stop_at;
};

static bool watch(void *user, double done)
{
    struct watch *w = user;
    assert_true(done >= w->last && done <= 1);
    w->last = done;
    return ++w->calls != w->stop_at;
}

static void progress(void **state)
{
    (void)state;
    struct model m;
    dio_error err = {0};
    struct watch w = {0}, stop = {.stop_at = 7};
    dio_vae_options o = {.progress = watch, .user = &w};
    open_model(&m, configs[0]);
    float *latent = noise(2 * 4 * 6 * 6, 4), *out = malloc(2 * 3 * 24 * 24 * sizeof *out);
    must(dio_vae_decode(m.vae, m.device, latent, 2, 6, 6, &o, out, &err), &err);
    assert_true(w.calls > 20 && w.last > 0.999);
    o.user = &stop;
    assert_false(dio_vae_decode(m.vae, m.device, latent, 2, 6, 6, &o, out, &err));
    assert_int_equal(stop.calls, 7);
    assert_string_equal(err.message, "stopped");
    free(latent);
    free(out);
    close_model(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bytes),
        cmocka_unit_test(as_one_graph),
        cmocka_unit_test(batch_and_threads),
        cmocka_unit_test(progress),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
