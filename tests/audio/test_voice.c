/* test_voice.c: VITS against transformers' VitsModel on the goldens of tools/golden/vits.py: every
 * stage, durations, sound, with one speaker and with several, in all spellings of weight norm; the
 * numbers of its tokenizer; and what must not matter: chunks, threads. */
#include "tests/vision/model_case.h"

#include "audio/models.h"
#include "audio/voice.h"
#include "base/file.h"
#include "base/gang.h"

static dio_voice *open_golden(const char *name)
{
    char path[256];
    dio_error err = {0};
    snprintf(path, sizeof path, "tests/golden/vits/%s", name);
    dio_voice *v = dio_voice_open(path, &err);
    must(v != NULL, &err);
    return v;
}

struct golden {
    dio_voice *v;
    dio_weights *w;
    dio_device *device;
    const dio_tensor *ids, *y;
    int speaker;
};

static struct golden open_case(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "tests/golden/vits/%s.safetensors", name);
    struct golden c = {.v = open_golden(name), .w = open_weights(path), .device = open_device()};
    c.ids = dio_weights_find(c.w, "ids");
    c.y = dio_weights_find(c.w, "y");
    c.speaker = atoi(dio_weights_meta_find(c.w, "speaker"));
    return c;
}

static void close_case(struct golden *c)
{
    dio_device_close(c->device);
    dio_weights_close(c->w);
    dio_voice_close(c->v);
}

/* --- stages --- */

static dio_plan *text_plan(const struct golden *c, const dio_tensor *noise, dio_val *out)
{
    dio_error err = {0};
    dio_type two = dio_type_3d(DIO_F32, 1, 2, c->ids->type.dim[1]);
    dio_graph *g = dio_graph_create();
    dio_voice_text io = {.ids = dio_input(g, "ids", c->ids->type), .speaker = c->speaker};
    io.noise = c->v->shape.draws ? dio_input(g, "noise", two) : DIO_NONE;
    dio_voice_text_forward(g, c->v, &io);
    *out = io.durations;
    dio_plan *p = dio_plan_create(g, out, 1, true, c->device, NULL, &err);
    must(p != NULL, &err);
    dio_graph_destroy(g);
    must(dio_plan_set(p, "ids", dio_tensor_data(c->ids), dio_type_bytes(&c->ids->type), &err),
         &err);
    if (noise)
        must(dio_plan_set(p, "noise", dio_tensor_data(noise), dio_type_bytes(&two), &err), &err);
    must(dio_plan_run(p, &err), &err);
    return p;
}

static void check_text(const struct golden *c, const char *name, int *compared)
{
    dio_val out;
    const dio_tensor *noise = dio_weights_find(c->w, "noise");
    dio_plan *p = text_plan(c, NULL, &out);
    double taps = worst_tap(p, c->w, "tap.", compared);
    dio_plan_destroy(p);
    print_message("%-9s text: %d taps within %.2e\n", name, *compared, taps);
    assert_true(taps <= 1e-5); /* measured 2.7e-6 */
    if (!noise)
        return;
    const dio_tensor *noisy = dio_weights_find(c->w, "noisy");
    p = text_plan(c, noise, &out);
    double d =
        relative(dio_plan_output(p, 0, NULL), dio_tensor_data(noisy), dio_type_count(&noisy->type));
    print_message("%-9s durations of noise within %.2e\n", name, d);
    assert_true(d <= 8e-6); /* measured 1.7e-6 */
    dio_plan_destroy(p);
}

/* Flow and decoder over the golden's own latents: those of the text, each as long as its symbol. */
static void check_sound(const struct golden *c, const dio_score *s, const char *name, int *compared)
{
    dio_error err = {0};
    int64_t frames[64], all = dio_score_frames(s, 1, frames), at = 0;
    dio_type type = dio_type_3d(DIO_F32, 1, all, s->latent);
    float *z = malloc(dio_type_bytes(&type));
    for (int i = 0; i < s->count; i++)
        for (int64_t k = 0; k < frames[i]; k++, at++)
            memcpy(z + at * s->latent, s->means + i * s->latent, (size_t)s->latent * sizeof *z);
    dio_graph *g = dio_graph_create();
    const dio_voice_ops *ops = c->v->ops;
    dio_val flowed = ops->flow(g, c->v->net.model, dio_input(g, "z", type), c->speaker);
    dio_val out = ops->decode(g, c->v->net.model, flowed, c->speaker);
    dio_plan *p = dio_plan_create(g, &out, 1, true, c->device, NULL, &err);
    must(p != NULL, &err);
    dio_graph_destroy(g);
    must(dio_plan_set(p, "z", z, dio_type_bytes(&type), &err), &err);
    must(dio_plan_run(p, &err), &err);
    double taps = worst_tap(p, c->w, "tap.", compared);
    double d =
        relative(dio_plan_output(p, 0, NULL), dio_tensor_data(c->y), dio_type_count(&c->y->type));
    print_message("%-9s sound: %d taps within %.2e, samples within %.2e\n", name, *compared, taps,
                  d);
    assert_true(taps <= 4e-6); /* measured 7.9e-7 */
    assert_true(d <= 4e-6);    /* measured 6.2e-7 */
    dio_plan_destroy(p);
    free(z);
}

static void check_golden(const char *name)
{
    dio_error err = {0};
    int texts, sounds;
    struct golden c = open_case(name);
    const dio_tensor *durations = dio_weights_find(c.w, "durations");
    int count = (int)c.ids->type.dim[1];
    float none = 0;
    dio_voice_request r = {.ids = dio_tensor_data(c.ids),
                           .count = count,
                           .speaker = c.speaker,
                           .noise = &none,
                           .noise_duration = &none};
    check_text(&c, name, &texts);
    dio_score *s = dio_voice_predict(c.v, c.device, &r, &err);
    must(s != NULL, &err);
    int64_t frames[64];
    dio_score_frames(s, 1, frames);
    for (int i = 0; i < count; i++)
        assert_int_equal(frames[i], ((const int32_t *)dio_tensor_data(durations))[i]);
    check_sound(&c, s, name, &sounds);
    assert_int_equal(texts + sounds, golden_count(c.w, "tap."));
    dio_clip *clip;
    must(dio_voice_render(c.v, c.device, s, 1, NULL, &clip, &err), &err);
    assert_int_equal(clip->length, dio_type_count(&c.y->type));
    double d = relative(dio_clip_channel(clip, 0), dio_tensor_data(c.y), clip->length);
    assert_true(d <= 4e-6); /* measured 6.2e-7 */
    dio_clip_unref(clip);
    dio_score_destroy(s);
    close_case(&c);
}

static void test_goldens(void **state)
{
    (void)state;
    check_golden("mms");
    check_golden("speakers");
    check_golden("computed");
}

/* --- what must not matter --- */

static dio_clip *speak(const dio_voice *v, uint64_t seed, int64_t chunk, double speed)
{
    static const int32_t ids[] = {0, 3, 0, 9, 0, 7, 0, 11, 0, 4, 0, 2, 0, 8, 0};
    float noise = 0.7f;
    dio_error err = {0};
    dio_clip *clip;
    dio_device *device = open_device();
    dio_voice_request r = {.ids = ids,
                           .count = sizeof ids / sizeof ids[0],
                           .seed = seed,
                           .noise = &noise,
                           .noise_duration = &noise};
    dio_score *s = dio_voice_predict(v, device, &r, &err);
    must(s != NULL, &err);
    must(dio_voice_render(v, device, s, speed, &(dio_chunks_options){.chunk = chunk}, &clip, &err),
         &err);
    assert_int_equal(clip->length, dio_score_frames(s, speed, NULL) * v->shape.hop);
    dio_score_destroy(s);
    dio_device_close(device);
    return clip;
}

static bool same(const dio_clip *a, const dio_clip *b)
{
    return a->length == b->length && memcmp(dio_clip_channel(a, 0), dio_clip_channel(b, 0),
                                            (size_t)a->length * sizeof(float)) == 0;
}

static void test_repro(void **state)
{
    (void)state;
    int threads = dio_gang_size();
    dio_voice *v = open_golden("mms");
    dio_gang_resize(1);
    dio_clip *one = speak(v, 5, 1 << 20, 1);
    dio_gang_resize(2);
    dio_clip *two = speak(v, 5, 9, 1), *other = speak(v, 6, 0, 1), *slow = speak(v, 5, 0, 0.5);
    dio_gang_resize(threads);
    assert_true(same(one, two));
    assert_false(same(one, other));
    assert_true(slow->length > one->length * 3 / 2);
    dio_clip_unref(one);
    dio_clip_unref(two);
    dio_clip_unref(other);
    dio_clip_unref(slow);
    dio_voice_close(v);
}

/* Plans kept for a voice: other texts and speakers in between change nothing. */
static void test_kept(void **state)
{
    static const int32_t ids[] = {0, 3, 0, 9, 0, 7, 0, 11, 0, 4, 0, 2, 0, 8, 0};
    (void)state;
    dio_error err = {0};
    dio_voice *v = open_golden("speakers");
    dio_device *device = open_device();
    dio_plans *plans = dio_plans_create(device, &err);
    must(plans != NULL, &err);
    for (int i = 0; i < 12; i++) {
        dio_clip *clip[2] = {NULL, NULL};
        for (int kept = 0; kept < 2; kept++) {
            const dio_voice_request r = {.ids = ids,
                                         .count = 15 - i % 5,
                                         .speaker = i % 2,
                                         .seed = 4,
                                         .plans = kept ? plans : NULL};
            const dio_chunks_options o = {.plans = r.plans};
            dio_score *s = dio_voice_predict(v, device, &r, &err);
            must(s && dio_voice_render(v, device, s, 1, &o, &clip[kept], &err), &err);
            dio_score_destroy(s);
        }
        assert_true(same(clip[0], clip[1]));
        dio_clip_unref(clip[0]);
        dio_clip_unref(clip[1]);
    }
    dio_plans_destroy(plans);
    dio_device_close(device);
    dio_voice_close(v);
}

/* --- the tokenizer --- */

static void check_tokens(const dio_symbols *s, const dio_value *row)
{
    dio_error err = {0};
    dio_str prepared = {0};
    dio_symbol_list list;
    dio_arena *a = dio_arena_create();
    const dio_value *ids = dio_map_get(row, "ids");
    must(dio_symbols_prepare(s, dio_map_get(row, "text")->string.text, &prepared, &err), &err);
    assert_string_equal(prepared.text ? prepared.text : "",
                        dio_map_get(row, "prepared")->string.text);
    must(dio_symbols_ids(s, prepared.text, a, &list, &err), &err);
    assert_int_equal(list.count, ids->list.count);
    int last = -1;
    for (int i = 0; i < list.count; i++) {
        assert_int_equal(list.ids[i], ids->list.items[i]->integer);
        assert_true(list.from[i] == -1 || list.from[i] > last);
        last = list.from[i] >= 0 ? list.from[i] : last;
    }
    assert_int_equal(last, (int)prepared.length - 1);
    dio_str_deinit(&prepared);
    dio_arena_destroy(a);
}

static void test_tokens(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    dio_voice *v = open_golden("mms");
    dio_value *rows = dio_value_read(a, "tests/golden/vits/tokens.json", 1 << 20, &err);
    must(rows != NULL, &err);
    assert_non_null(v->symbols);
    for (int i = 0; i < rows->list.count; i++)
        check_tokens(v->symbols, rows->list.items[i]);
    dio_voice_close(v);
    dio_arena_destroy(a);
}

/* --- what is refused --- */

static void says(const dio_error *err, const char *want)
{
    if (!strstr(err->message, want))
        fail_msg("\"%s\" does not say \"%s\"", err->message, want);
}

static void test_bad_requests(void **state)
{
    (void)state;
    dio_voice *v = open_golden("speakers");
    dio_device *device = open_device();
    static const int32_t good[] = {1, 2, 3}, high[] = {1, 32, 3}, low[] = {1, -1, 3};
    float nan = NAN;
    const struct {
        dio_voice_request r;
        const char *want;
    } bad[] = {
        {{.ids = good, .count = 0}, "0 symbols: a voice takes 1 to 8192 at a time"},
        {{.ids = good, .count = 9000}, "9000 symbols"},
        {{.ids = good, .count = 3, .speaker = 3}, "speaker 3: this voice has 3, counted from 0"},
        {{.ids = good, .count = 3, .speaker = -1}, "speaker -1"},
        {{.ids = high, .count = 3}, "symbol 1 has the number 32, outside 0..31"},
        {{.ids = low, .count = 3}, "symbol 1 has the number -1"},
        {{.ids = good, .count = 3, .noise = &nan}, "a scale of noise of nan is outside 0..10"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        dio_error err = {0};
        assert_null(dio_voice_predict(v, device, &bad[i].r, &err));
        says(&err, bad[i].want);
    }
    dio_error err = {0};
    dio_clip *clip = NULL;
    dio_score *s =
        dio_voice_predict(v, device, &(dio_voice_request){.ids = good, .count = 3}, &err);
    must(s != NULL, &err);
    assert_false(dio_voice_render(v, device, s, 0, NULL, &clip, &err));
    says(&err, "a speed of 0 is outside 0.05..20");
    s->duration[1] = 1e9;
    dio_error_clear(&err);
    assert_false(dio_voice_render(v, device, s, 1, NULL, &clip, &err));
    says(&err, "more than 1048576 frames: say less at a time");
    assert_null(clip);
    dio_score_destroy(s);
    dio_device_close(device);
    dio_voice_close(v);
}

static void test_bad_weights(void **state)
{
    (void)state;
    enum { MOST = 1024 };
    static dio_tensor *t[MOST + 1];
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    dio_weights *w = open_weights("tests/golden/vits/mms/model.safetensors");
    dio_value *config = dio_value_read(a, "tests/golden/vits/mms/config.json", 1 << 20, &err);
    must(config != NULL, &err);
    int n = dio_weights_count(w);
    assert_true(n < MOST);
    for (int change = 0; change < 4; change++) {
        static const char *const want[] = {
            "1 missing: flow.flows.1.conv_post.bias",
            "1 misshapen: flow.flows.1.conv_post.bias is f32[5], not [4]",
            "flow.flows.1.conv_post.bias: number 3 of 4 is not finite",
            "1 unused: flow.flows.9.conv_post.bias",
        };
        dio_type shape = dio_type_1d(DIO_F32, change == 1 ? 5 : 4);
        const char *name =
            change == 3 ? "flow.flows.9.conv_post.bias" : "flow.flows.1.conv_post.bias";
        dio_tensor *other = dio_tensor_create(name, &shape, &err);
        int count = 0;
        ((float *)dio_tensor_data(other))[3] = change == 2 ? NAN : 0;
        for (int i = 0; i < n; i++)
            if (strcmp(dio_weights_at(w, i)->name, name) != 0)
                t[count++] = dio_weights_at(w, i);
        if (change)
            t[count++] = other;
        char path[] = "/tmp/dio_voice_XXXXXX.safetensors";
        int f = mkstemps(path, 12);
        assert_true(f >= 0);
        must(dio_weights_write(path, t, NULL, count, NULL, 0, &err), &err);
        dio_weights *from = open_weights(path);
        assert_null(dio_voice_build(config, from, &err));
        says(&err, want[change]);
        dio_error_clear(&err);
        dio_weights_close(from);
        dio_tensor_unref(other);
        remove(path);
    }
    dio_weights_close(w);
    dio_arena_destroy(a);
}

static void test_bad_configs(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"{\"model_type\":\"vits\",\"num_attention_heads\":5}", "do not split into 5 heads"},
        {"{\"model_type\":\"vits\",\"hidden_act\":\"gelu\"}", "hidden_act: \"relu\" is supported"},
        {"{\"model_type\":\"vits\",\"flow_size\":191}", "flow_size: 191 cannot be halved"},
        {"{\"model_type\":\"vits\",\"wavenet_kernel_size\":4}", "must be odd"},
        {"{\"model_type\":\"vits\",\"num_speakers\":2}", "do not go together"},
        {"{\"model_type\":\"vits\",\"depth_separable_channels\":4}", "depth_separable_channels"},
        {"{\"model_type\":\"vits\",\"num_hidden_layers\":1000000000}", "num_hidden_layers"},
        {"{\"model_type\":\"vits\",\"wavenet_dilation_rate\":4,"
         "\"prior_encoder_num_wavenet_layers\":16}",
         "are above 4096"},
        {"{\"model_type\":\"hifigan\"}", "hifigan is a model of kind vocoder, not a voice"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        dio_error err = {0};
        dio_arena *a = dio_arena_create();
        dio_value *config = dio_json_parse(a, "config.json", bad[i][0], strlen(bad[i][0]), &err);
        must(config != NULL, &err);
        if (dio_voice_create(config, 1, &err))
            fail_msg("%s was taken", bad[i][0]);
        says(&err, bad[i][1]);
        dio_arena_destroy(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goldens),      cmocka_unit_test(test_repro),
        cmocka_unit_test(test_kept),         cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_bad_requests), cmocka_unit_test(test_bad_weights),
        cmocka_unit_test(test_bad_configs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
