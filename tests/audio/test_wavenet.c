/* test_wavenet.c: the WaveNet vocoder against its authors' network (tools/golden/wavenet.py): what
 * it says of every sample, the samples that the same draws give, and that drawing one by one says
 * what the whole pass says; what must not matter; what is refused. */
#include "tests/vision/model_case.h"

#include <math.h>

#include "audio/vocoder.h"
#include "base/gang.h"
#include "base/rng.h"

static const char *const names[] = {"wavenet-mol", "wavenet-mulaw", "wavenet-freq"};
enum { NAMES = sizeof names / sizeof *names };

static dio_vocoder *open_golden(const char *name, dio_weights **w)
{
    char path[256];
    dio_error err = {0};
    snprintf(path, sizeof path, "tests/golden/vocoder/%s", name);
    dio_vocoder *v = dio_vocoder_open(path, &err);
    must(v != NULL, &err);
    snprintf(path, sizeof path, "tests/golden/vocoder/%s.safetensors", name);
    *w = open_weights(path);
    return v;
}

static const float *numbers(const dio_weights *w, const char *name, int64_t *count)
{
    const dio_tensor *t = dio_weights_find(w, name);
    assert_non_null(t);
    if (count)
        *count = dio_type_count(&t->type);
    return dio_tensor_data(t);
}

/* What is said after each sample of a wave. */
static dio_plan *taught(const dio_vocoder *v, dio_device *device, dio_type wave_type,
                        const void *wave, const dio_tensor *x)
{
    dio_error err = {0};
    dio_graph *g = dio_graph_create();
    dio_val in = dio_input(g, "wave", wave_type), mel = dio_input(g, "mel", x->type);
    dio_val out = dio_vocoder_teach(g, v, in, mel);
    dio_plan *p = dio_plan_create(g, &out, 1, false, device, NULL, &err);
    must(p != NULL, &err);
    dio_graph_destroy(g);
    must(dio_plan_set(p, "wave", wave, dio_type_bytes(&wave_type), &err), &err);
    must(dio_plan_set(p, "mel", dio_tensor_data(x), dio_type_bytes(&x->type), &err), &err);
    must(dio_plan_run(p, &err), &err);
    return p;
}

static void it_says_what_its_authors_network_says(void **state)
{
    (void)state;
    dio_device *device = open_device();
    for (int i = 0; i < NAMES; i++) {
        dio_weights *w;
        int64_t count;
        dio_vocoder *v = open_golden(names[i], &w);
        const dio_tensor *wave = dio_weights_find(w, "wave");
        const float *want = numbers(w, "taught", &count);
        dio_plan *p =
            taught(v, device, wave->type, dio_tensor_data(wave), dio_weights_find(w, "x"));
        double d = relative(dio_plan_output(p, 0, NULL), want, count);
        print_message("%-13s taught within %.2e\n", names[i], d);
        assert_true(d <= 8e-7); /* measured 2.0e-7 */
        dio_plan_destroy(p);
        dio_weights_close(w);
        dio_vocoder_close(v);
    }
    dio_device_close(device);
}

static dio_vocoder_input input_of(const dio_weights *w, const dio_vocoder *v)
{
    int64_t count;
    dio_vocoder_input in = {.mel = numbers(w, "x", &count)};
    in.frames = count / v->shape.features;
    return in;
}

static dio_clip *run(const dio_vocoder *v, dio_device *device, const dio_vocoder_input *in)
{
    dio_error err = {0};
    dio_clip *clip;
    must(dio_vocoder_run(v, device, in, NULL, &clip, &err), &err);
    return clip;
}

static void the_same_draws_give_the_same_samples(void **state)
{
    (void)state;
    dio_device *device = open_device();
    for (int i = 0; i < NAMES; i++) {
        dio_weights *w;
        int64_t count;
        dio_vocoder *v = open_golden(names[i], &w);
        const float *want = numbers(w, "y", &count);
        dio_vocoder_input in = input_of(w, v);
        in.uniforms = numbers(w, "uniforms", NULL);
        dio_clip *clip = run(v, device, &in);
        assert_int_equal(clip->rate, 8000);
        assert_int_equal(clip->length, count);
        double d = relative(dio_clip_channel(clip, 0), want, count);
        print_message("%-13s %lld samples within %.2e\n", names[i], (long long)count, d);
        assert_true(d <= 3e-6); /* measured 6.8e-7 */
        dio_clip_unref(clip);
        dio_weights_close(w);
        dio_vocoder_close(v);
    }
    dio_device_close(device);
}

/* The queue says of every sample what one pass over the finished wave says. */
static void one_by_one_is_the_whole_pass(void **state)
{
    static const char config[] =
        "{\"_class_name\":\"WaveNet\",\"out_channels\":9,\"layers\":10,\"stacks\":2,"
        "\"residual_channels\":12,\"gate_channels\":16,\"skip_out_channels\":14,"
        "\"cin_channels\":5,\"cin_pad\":1,\"hop_size\":24,"
        "\"upsample_params\":{\"upsample_scales\":[4,6]}}";
    enum { FRAMES = 12, COUNT = FRAMES * 24, SAID = 9 };
    (void)state;
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    dio_device *device = open_device();
    dio_vocoder *v =
        dio_vocoder_create(dio_json_parse(a, "c", config, strlen(config), &err), 5, &err);
    must(v != NULL, &err);
    dio_type type = dio_type_3d(DIO_F32, 1, FRAMES, 5);
    dio_tensor *mel = dio_tensor_create("mel", &type, &err);
    dio_normal(3, 0, 0, dio_tensor_data(mel), FRAMES * 5);
    static float said[COUNT * SAID], fed[COUNT], whole[COUNT * SAID];
    const dio_vocoder_input in = {
        .mel = dio_tensor_data(mel), .frames = FRAMES, .seed = 11, .said = said};
    dio_clip *clip = run(v, device, &in);
    memcpy(fed + 1, dio_clip_channel(clip, 0), (COUNT - 1) * sizeof *fed);
    dio_plan *p = taught(v, device, dio_type_3d(DIO_F32, 1, 1, COUNT), fed, mel);
    const float *out = dio_plan_output(p, 0, NULL);
    for (int t = 0; t < COUNT; t++)
        for (int k = 0; k < SAID; k++)
            whole[t * SAID + k] = out[k * COUNT + t];
    double d = relative(said, whole, COUNT * SAID);
    print_message("one by one within %.2e of the whole pass\n", d);
    assert_true(d <= 1.7e-6); /* measured 4.1e-7 */
    dio_plan_destroy(p);
    dio_clip_unref(clip);
    dio_tensor_unref(mel);
    dio_vocoder_close(v);
    dio_device_close(device);
    dio_arena_destroy(a);
}

static void a_seed_is_a_sound(void **state)
{
    (void)state;
    dio_device *device = open_device();
    dio_weights *w;
    int threads = dio_gang_size();
    dio_vocoder *v = open_golden("wavenet-mol", &w);
    dio_vocoder_input in = input_of(w, v);
    dio_clip *one = run(v, device, &in);
    dio_gang_resize(threads == 1 ? 2 : 1);
    dio_clip *same = run(v, device, &in);
    dio_gang_resize(threads);
    in.seed = 1;
    dio_clip *other = run(v, device, &in);
    size_t bytes = (size_t)one->length * sizeof(float);
    assert_memory_equal(dio_clip_channel(one, 0), dio_clip_channel(same, 0), bytes);
    assert_memory_not_equal(dio_clip_channel(one, 0), dio_clip_channel(other, 0), bytes);
    dio_clip_unref(one);
    dio_clip_unref(same);
    dio_clip_unref(other);
    dio_weights_close(w);
    dio_vocoder_close(v);
    dio_device_close(device);
}

static bool stop(void *user, const float *x, int64_t count)
{
    (void)x;
    *(int64_t *)user += count;
    return *(int64_t *)user < 24;
}

static void what_is_refused(void **state)
{
    static const char *const bad[][2] = {
        {"\"input_type\":\"pcm\"", "input_type: \"pcm\" is none of raw, mulaw, mulaw-quantize"},
        {"\"layers\":5", "layers: 5 do not make 2 stacks of at most 16 with as many each"},
        {"\"layers\":64,\"stacks\":2",
         "layers: 64 do not make 2 stacks of at most 16 with as many each"},
        {"\"gate_channels\":7", "gate_channels: 7 has no halves"},
        {"\"out_channels\":8", "out_channels: 8 are not three for a component"},
        {"\"input_type\":\"mulaw-quantize\"", "out_channels: 30 are not quantize_channels"},
        {"\"output_distribution\":\"Normal\"", "output_distribution: \"Normal\": Logistic is read"},
        {"\"postprocess\":\"x\"", "postprocess: \"x\": inv_preemphasis is read"},
        {"\"cin_channels\":-1", "hears frames (cin_channels) and no speakers (gin_channels)"},
        {"\"gin_channels\":16", "hears frames (cin_channels) and no speakers (gin_channels)"},
        {"\"upsample_net\":\"Net\"",
         "\"Net\" is neither ConvInUpsampleNetwork nor UpsampleNetwork"},
        {"\"upsample_params\":{\"upsample_scales\":[4,4]}",
         "upsample_scales: their product is not hop_size, 256"},
        {"\"upsample_params\":{\"upsample_activation\":\"ReLU\"}",
         "upsample_activation none, mode nearest"},
        {"\"upsample_params\":3", "upsample_params: expected a map, found an integer"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        dio_error err = {0};
        char text[512];
        dio_arena *a = dio_arena_create();
        /* what comes first is the case's, so that it is not there twice */
        snprintf(text, sizeof text, "{%s,\"_class_name\":\"WaveNet\"%s}", bad[i][0],
                 strstr(bad[i][0], "out_channels") ? "" : ",\"out_channels\":30");
        assert_null(dio_vocoder_create(dio_json_parse(a, "config.json", text, strlen(text), &err),
                                       1, &err));
        if (!strstr(err.message, bad[i][1]))
            fail_msg("\"%s\" does not say \"%s\"", err.message, bad[i][1]);
        dio_arena_destroy(a);
    }
    dio_error err = {0};
    dio_weights *w;
    dio_device *device = open_device();
    dio_vocoder *v = open_golden("wavenet-mol", &w);
    dio_vocoder_input in = input_of(w, v);
    int64_t made = 0;
    dio_clip *clip = NULL;
    assert_false(dio_vocoder_run(
        v, device, &in, &(dio_chunks_options){.samples = stop, .user = &made}, &clip, &err));
    assert_string_equal(err.message, "stopped after 24 samples");
    assert_null(clip);
    dio_error_clear(&err);
    dio_graph *g = dio_graph_create();
    dio_val x = dio_input(g, "x", dio_type_3d(DIO_F32, 1, 4, 6));
    dio_val out = dio_vocoder_forward(g, v, x);
    assert_null(dio_plan_create(g, &out, 1, false, device, NULL, &err));
    assert_non_null(strstr(err.message, "draws each sample from those before it"));
    dio_graph_destroy(g);
    dio_weights_close(w);
    dio_vocoder_close(v);
    dio_device_close(device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_what_its_authors_network_says),
        cmocka_unit_test(the_same_draws_give_the_same_samples),
        cmocka_unit_test(one_by_one_is_the_whole_pass),
        cmocka_unit_test(a_seed_is_a_sound),
        cmocka_unit_test(what_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
