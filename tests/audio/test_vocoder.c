/* test_vocoder.c: vocoders against their authors' code on the goldens of tools/golden/vocoder.py,
 * and what must not matter: chunks, threads, the batch. How far a sample sees is checked by moving
 * one frame. */
#include "tests/vision/model_case.h"

#include "audio/models.h"
#include "audio/vocoder.h"
#include "base/gang.h"
#include "base/rng.h"

static const char *const names[] = {"speecht5",   "speecht5-norm", "hifigan-v1",
                                    "hifigan-v3", "melgan",        "vocos",
                                    "vocos-same", "vocos-encodec", "encodec"};
enum { NAMES = sizeof names / sizeof names[0] };

static dio_vocoder *open_golden(const char *name)
{
    char path[256];
    dio_error err = {0};
    snprintf(path, sizeof path, "tests/golden/vocoder/%s", name);
    dio_vocoder *v = dio_vocoder_open(path, &err);
    must(v != NULL, &err);
    return v;
}

/* --- against the authors' code --- */

static void check_golden(const char *name)
{
    char path[256];
    dio_error err = {0};
    int compared;
    dio_vocoder *v = open_golden(name);
    snprintf(path, sizeof path, "tests/golden/vocoder/%s.safetensors", name);
    dio_weights *w = open_weights(path);
    dio_device *device = open_device();
    const dio_tensor *x = dio_weights_find(w, "x"), *y = dio_weights_find(w, "y");
    dio_graph *g = dio_graph_create();
    dio_val out = dio_vocoder_forward(g, v, dio_input(g, "x", x->type));
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
    print_message("%-14s result within %.2e, %d taps within %.2e\n", name, d, compared, taps);
    assert_true(d <= 4e-6);    /* measured 9.1e-7 */
    assert_true(taps <= 4e-6); /* measured 1.1e-6 */
    assert_int_equal(compared, golden_count(w, "tap."));
    dio_plan_destroy(p);
    dio_device_close(device);
    dio_weights_close(w);
    dio_vocoder_close(v);
}

static void test_goldens(void **state)
{
    (void)state;
    for (int i = 0; i < NAMES; i++)
        check_golden(names[i]);
    check_golden("hifigan-v2"); /* of its published size: three of its stages go by tiles */
}

/* --- frames to a clip --- */

struct frames {
    float *mel;
    int32_t *codes;
    dio_vocoder_input in;
};

static struct frames noise(const dio_vocoder *v, int64_t frames)
{
    int width = v->shape.features ? v->shape.features : v->shape.codebooks;
    int64_t n = frames * width;
    struct frames f = {malloc((size_t)n * sizeof(float)), malloc((size_t)n * sizeof(int32_t)), {0}};
    dio_normal(3, 1, 0, f.mel, (size_t)n);
    for (int64_t i = 0; i < n; i++)
        f.codes[i] = v->shape.entries ? (int32_t)dio_below(3, 2, (uint64_t)i, 16) : 0;
    f.in = (dio_vocoder_input){.frames = frames, .codebooks = v->shape.codebooks};
    if (v->shape.features)
        f.in.mel = f.mel;
    else
        f.in.codes = f.codes;
    return f;
}

static void free_frames(struct frames *f)
{
    free(f->mel);
    free(f->codes);
}

static dio_clip *run(const dio_vocoder *v, const struct frames *f, dio_chunks_options o)
{
    dio_error err = {0};
    dio_clip *clip = NULL;
    dio_device *device = open_device();
    must(dio_vocoder_run(v, device, &f->in, &o, &clip, &err), &err);
    dio_device_close(device);
    assert_int_equal(clip->length, dio_vocoder_length(v, f->in.frames));
    assert_int_equal(clip->rate, v->shape.rate);
    return clip;
}

static void assert_same(const dio_clip *a, const dio_clip *b, const char *what)
{
    assert_int_equal(a->length, b->length);
    const float *x = dio_clip_channel(a, 0), *y = dio_clip_channel(b, 0);
    for (int64_t i = 0; i < a->length; i++)
        if (memcmp(&x[i], &y[i], sizeof *x) != 0)
            fail_msg("%s: sample %lld is %.9g, not %.9g", what, (long long)i, (double)x[i],
                     (double)y[i]);
}

static void check_chunks(const dio_vocoder *v, const char *name)
{
    static const int64_t chunks[] = {1, 8, 37, 100, 1000};
    struct frames f = noise(v, 161);
    dio_clip *whole = run(v, &f, (dio_chunks_options){.chunk = 1 << 20});
    for (size_t i = 0; i < sizeof chunks / sizeof chunks[0]; i++) {
        int threads = dio_gang_size();
        dio_gang_resize(1 + (int)i % 2);
        dio_clip *cut = run(v, &f, (dio_chunks_options){.chunk = chunks[i]});
        dio_gang_resize(threads);
        assert_same(cut, whole, name);
        dio_clip_unref(cut);
    }
    dio_clip_unref(whole);
    free_frames(&f);
}

static void test_chunks(void **state)
{
    (void)state;
    for (int i = 0; i < NAMES; i++) {
        dio_vocoder *v = open_golden(names[i]);
        check_chunks(v, names[i]);
        dio_vocoder_close(v);
    }
}

static dio_vocoder *create(const char *json)
{
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    dio_value *config = dio_json_parse(a, "config.json", json, strlen(json), &err);
    must(config != NULL, &err);
    dio_vocoder *v = dio_vocoder_create(config, 7, &err);
    must(v != NULL, &err);
    dio_arena_destroy(a);
    return v;
}

/* Channels and lengths enough for whole blocks of the kernels that large networks take, and for
 * tiles, which chunks of any length must not break. */
static void check_wide(const char *json, int step)
{
    static const int64_t chunks[] = {9, 64, 111};
    dio_vocoder *v = create(json);
    assert_int_equal(v->shape.step, step);
    struct frames f = noise(v, 222);
    dio_clip *whole = run(v, &f, (dio_chunks_options){.chunk = 1 << 20});
    for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
        int threads = dio_gang_size();
        dio_gang_resize(1 + (int)i);
        dio_clip *cut = run(v, &f, (dio_chunks_options){.chunk = chunks[i]});
        dio_gang_resize(threads);
        assert_same(cut, whole, "wide");
        dio_clip_unref(cut);
    }
    f.in.frames = 97; /* the beginning of a clip does not know how long it is */
    dio_clip *head = run(v, &f, (dio_chunks_options){.chunk = 40});
    const int64_t same = (f.in.frames - v->shape.after) * v->shape.hop;
    assert_memory_equal(dio_clip_channel(head, 0), dio_clip_channel(whole, 0),
                        (size_t)same * sizeof(float));
    dio_clip_unref(whole);
    dio_clip_unref(head);
    free_frames(&f);
    dio_vocoder_close(v);
}

static void test_chunks_wide(void **state)
{
    (void)state;
    check_wide("{\"_class_name\":\"HiFiGAN\",\"resblock\":\"1\",\"upsample_initial_channel\":128,"
               "\"upsample_rates\":[8,4,2],\"upsample_kernel_sizes\":[16,8,4],"
               "\"resblock_kernel_sizes\":[3,7,11],"
               "\"resblock_dilation_sizes\":[[1,3,5],[1,3,5],[1,3,5]],\"sampling_rate\":22050}",
               15);
    check_wide("{\"_class_name\":\"HiFiGAN\",\"resblock\":\"2\",\"upsample_initial_channel\":64,"
               "\"upsample_rates\":[8,4],\"upsample_kernel_sizes\":[16,8],"
               "\"resblock_kernel_sizes\":[3,5,7],"
               "\"resblock_dilation_sizes\":[[1,2],[2,6],[3,12]],\"sampling_rate\":22050}",
               6);
    /* tiles that meet too seldom: plain sums */
    check_wide("{\"_class_name\":\"HiFiGAN\",\"resblock\":\"2\",\"upsample_initial_channel\":32,"
               "\"upsample_rates\":[3],\"upsample_kernel_sizes\":[9],"
               "\"resblock_kernel_sizes\":[3],"
               "\"resblock_dilation_sizes\":[[7,11]],\"sampling_rate\":22050}",
               0);
}

/* What is kept from clip to clip changes none: of many lengths, more than are kept, by one thread
 * and by two, in chunks and whole. */
static void check_kept(const char *name)
{
    static const int64_t lengths[] = {40, 161, 17, 161, 90, 33, 55, 61, 40, 400, 161};
    dio_error err = {0};
    dio_vocoder *v = open_golden(name);
    dio_device *device = open_device(), *other = open_device();
    dio_plans *plans = dio_plans_create(device, &err);
    must(plans != NULL, &err);
    struct frames f = noise(v, 400);
    const int threads = dio_gang_size();
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        const dio_chunks_options o = {.chunk = i % 3 ? 0 : 37, .plans = plans};
        dio_clip *clip = NULL;
        f.in.frames = lengths[i];
        dio_gang_resize(1 + (int)i % 2);
        must(dio_vocoder_run(v, device, &f.in, &o, &clip, &err), &err);
        dio_gang_resize(threads);
        dio_clip *fresh = run(v, &f, (dio_chunks_options){0});
        assert_same(clip, fresh, name);
        dio_clip_unref(clip);
        dio_clip_unref(fresh);
    }
    dio_clip *clip = NULL;
    assert_false(
        dio_vocoder_run(v, other, &f.in, &(dio_chunks_options){.plans = plans}, &clip, &err));
    assert_non_null(strstr(err.message, "another device"));
    free_frames(&f);
    dio_vocoder_close(v);
    dio_plans_destroy(plans);
    dio_device_close(device);
    dio_device_close(other);
}

static void test_kept(void **state)
{
    (void)state;
    check_kept("hifigan-v1");
    check_kept("vocos");
    check_kept("encodec");
}

/* --- what a sample sees --- */

/* Moving frame `at` alone changes the samples of frames at-after..at+before, and no others. */
static void check_reach(const dio_vocoder *v, const char *name)
{
    const dio_vocoder_shape *s = &v->shape;
    int64_t frames = 3 * (s->before + s->after) + 20, at = frames / 2;
    struct frames f = noise(v, frames);
    dio_clip *before = run(v, &f, (dio_chunks_options){.chunk = 1 << 20});
    for (int i = 0; s->features && i < s->features; i++)
        f.mel[at * s->features + i] += 3;
    for (int q = 0; q < s->codebooks; q++)
        f.codes[q * frames + at] ^= 5;
    dio_clip *after = run(v, &f, (dio_chunks_options){.chunk = 1 << 20});
    const float *x = dio_clip_channel(before, 0), *y = dio_clip_channel(after, 0);
    int64_t first = before->length, last = -1;
    for (int64_t i = 0; i < before->length; i++)
        if (memcmp(&x[i], &y[i], sizeof *x) != 0) {
            first = i < first ? i : first;
            last = i;
        }
    int64_t left = at - first / s->hop, right = last / s->hop - at;
    print_message("%-14s sees %d before and %d after; changed %d and %d\n", name, s->before,
                  s->after, (int)right, (int)left);
    /* What comes from farthest, through every layer's last tap, may drown in rounding. */
    assert_true(left <= s->after && left >= s->after - 2);
    if (strcmp(name, "encodec") != 0) /* whose LSTM remembers all that was */
        assert_true(right <= s->before && right >= s->before - 2);
    dio_clip_unref(before);
    dio_clip_unref(after);
    free_frames(&f);
}

static void test_reach(void **state)
{
    (void)state;
    for (int i = 0; i < NAMES; i++) {
        dio_vocoder *v = open_golden(names[i]);
        check_reach(v, names[i]);
        dio_vocoder_close(v);
    }
}

/* Of a published shape, with plain sums: V3 sees 10.7 frames to either side. */
static void test_published_reach(void **state)
{
    (void)state;
    dio_vocoder *v3 =
        create("{\"_class_name\":\"HiFiGAN\",\"resblock\":\"2\",\"upsample_initial_channel\":16,"
               "\"upsample_rates\":[8,8,4],\"upsample_kernel_sizes\":[16,16,8],"
               "\"resblock_kernel_sizes\":[3,5,7],"
               "\"resblock_dilation_sizes\":[[1,2],[2,6],[3,12]],\"sampling_rate\":22050}");
    assert_int_equal(v3->shape.hop, 256);
    assert_true(v3->shape.before >= 10 && v3->shape.before <= 11);
    assert_true(v3->shape.after >= 10 && v3->shape.after <= 11);
    dio_vocoder_close(v3);
}

/* --- the batch --- */

static void check_batch(const char *json)
{
    dio_error err = {0};
    enum { BATCH = 3 };
    dio_vocoder *v = create(json);
    dio_device *device = open_device();
    int64_t frames = 40, width = v->shape.features ? v->shape.features : v->shape.codebooks;
    int64_t n = frames * width, length = dio_vocoder_length(v, frames);
    struct frames f = noise(v, frames * BATCH);
    float *all = malloc((size_t)(BATCH * length) * sizeof *all);
    for (int rows = BATCH; rows >= 1; rows -= BATCH - 1)
        for (int b = 0; b < BATCH / rows; b++) {
            dio_type t = v->shape.features ? dio_type_3d(DIO_F32, rows, frames, width)
                                           : dio_type_3d(DIO_I32, rows, width, frames);
            dio_graph *g = dio_graph_create();
            dio_val out = dio_vocoder_forward(g, v, dio_input(g, "x", t));
            dio_plan *p = dio_plan_create(g, &out, 1, false, device, NULL, &err);
            must(p != NULL, &err);
            dio_graph_destroy(g);
            const void *x = v->shape.features ? (const void *)(f.mel + b * n) : f.codes + b * n;
            must(dio_plan_set(p, "x", x, dio_type_bytes(&t), &err), &err);
            must(dio_plan_run(p, &err), &err);
            const float *y = dio_plan_output(p, 0, NULL);
            if (rows == BATCH)
                memcpy(all, y, (size_t)(BATCH * length) * sizeof *all);
            else
                assert_memory_equal(y, all + b * length, (size_t)length * sizeof *y);
            dio_plan_destroy(p);
        }
    free(all);
    free_frames(&f);
    dio_device_close(device);
    dio_vocoder_close(v);
}

/* Every family by its own small models: they open, run in a batch, and are saved and read back. */
static void test_families(void **state)
{
    (void)state;
    for (int i = 0; i < dio_audio_models.count; i++) {
        const dio_model *m = dio_audio_models.items[i];
        if (strcmp(m->kind, "vocoder") != 0 || !((const dio_vocoder_ops *)m->ops)->forward)
            continue; /* those that draw: test_wavenet.c */
        for (int k = 0; m->tiny[k]; k++)
            check_batch(m->tiny[k]);
    }
}

static void test_save(void **state)
{
    (void)state;
    dio_error err = {0};
    char dir[] = "/tmp/dio_vocoder_XXXXXX", path[64];
    assert_non_null(mkdtemp(dir));
    dio_vocoder *v = open_golden("hifigan-v3");
    must(dio_vocoder_save(v, dir, DIO_F32, &err), &err);
    dio_vocoder *again = dio_vocoder_open(dir, &err);
    must(again != NULL, &err);
    struct frames f = noise(v, 30);
    dio_clip *a = run(v, &f, (dio_chunks_options){0});
    dio_clip *b = run(again, &f, (dio_chunks_options){0});
    assert_same(a, b, "saved");
    dio_clip_unref(a);
    dio_clip_unref(b);
    free_frames(&f);
    dio_vocoder_close(v);
    dio_vocoder_close(again);
    snprintf(path, sizeof path, "%s/config.json", dir);
    assert_int_equal(remove(path), 0);
    snprintf(path, sizeof path, "%s/model.safetensors", dir);
    assert_int_equal(remove(path), 0);
    assert_int_equal(remove(dir), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goldens),     cmocka_unit_test(test_chunks),
        cmocka_unit_test(test_chunks_wide), cmocka_unit_test(test_kept),
        cmocka_unit_test(test_reach),       cmocka_unit_test(test_published_reach),
        cmocka_unit_test(test_families),    cmocka_unit_test(test_save),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
