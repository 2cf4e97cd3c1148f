/* test_lora.c: LoRAs in kohya's, diffusers' and PEFT's spellings, put into tiny UNets, against
 * diffusers (tools/golden/lora.py); merged and attached; and what is refused. */
#include "tests/vision/model_case.h"

#include <unistd.h>

#include "text/encoder.h"
#include "vision/lora.h"
#include "vision/unet.h"

static dio_unet *open_unet(const char *name)
{
    char path[256];
    dio_error err = {0};
    snprintf(path, sizeof path, "tests/golden/unet/%s", name);
    dio_unet *u = dio_unet_open(path, DIO_F32, &err);
    must(u != NULL, &err);
    return u;
}

static dio_lora *open_lora(const char *path)
{
    dio_error err = {0};
    dio_lora *l = dio_lora_open(path, &err);
    must(l != NULL, &err);
    return l;
}

static dio_lora_target target_of(dio_unet *u)
{
    return (dio_lora_target){"unet", &u->net.walk, u->net.family->walk, u->net.model};
}

/* One pass over the golden's inputs; caller frees. */
static float *run(const dio_unet *u, const char *name, int64_t *count)
{
    static const char *const inputs[] = {"sample", "timestep", "encoder_hidden_states",
                                         "text_embeds", "time_ids"};
    char path[256];
    dio_error err = {0};
    dio_type type;
    dio_val v[5];
    snprintf(path, sizeof path, "tests/golden/unet/%s/golden.safetensors", name);
    dio_weights *w = open_weights(path);
    dio_device *d = open_device();
    dio_graph *g = dio_graph_create();
    for (int i = 0; i < 5; i++)
        v[i] = golden_input(g, w, inputs[i]);
    dio_unet_io io = {
        .sample = v[0], .timestep = v[1], .context = v[2], .pooled = v[3], .time_ids = v[4]};
    dio_unet_forward(g, u, &io);
    dio_plan *p = dio_plan_create(g, &io.out, 1, false, d, NULL, &err);
    must(p != NULL, &err);
    for (int i = 0; i < 5; i++)
        set_golden_input(p, w, inputs[i]);
    must(dio_plan_run(p, &err), &err);
    const float *out = dio_plan_output(p, 0, &type);
    *count = dio_type_count(&type);
    float *copy = malloc((size_t)*count * sizeof *copy);
    memcpy(copy, out, (size_t)*count * sizeof *copy);
    dio_plan_destroy(p);
    dio_graph_destroy(g);
    dio_device_close(d);
    dio_weights_close(w);
    return copy;
}

struct golden {
    const char *name, *unet; /* of the output; of the model */
    const char *file[2];
    float scale[2];
};

static const struct golden goldens[] = {
    {"sd1-kohya", "sd1", {"sd1-kohya"}, {0.7f}},
    {"sd1-processors", "sd1", {"sd1-processors"}, {1}},
    {"sd1-two", "sd1", {"sd1-kohya", "sd1-processors"}, {0.7f, -0.4f}},
    {"sd1-peft", "sd1", {"sd1-peft"}, {1.5f}},
    {"sdxl-kohya", "sdxl", {"sdxl-kohya"}, {0.7f}},
};

static int open_uses(const struct golden *g, dio_lora_use uses[2])
{
    int n = 0;
    for (; n < 2 && g->file[n]; n++) {
        char path[256];
        snprintf(path, sizeof path, "tests/golden/lora/%s.safetensors", g->file[n]);
        uses[n] = (dio_lora_use){open_lora(path), g->scale[n]};
    }
    return n;
}

static void close_uses(dio_lora_use *uses, int n)
{
    for (int i = 0; i < n; i++)
        dio_lora_close((dio_lora *)(uintptr_t)uses[i].lora);
}

/* Merged and attached, against diffusers and against each other. */
static void check_golden(const struct golden *g, const dio_tensor *want)
{
    dio_error err = {0};
    dio_lora_use uses[2];
    int64_t n;
    int n_uses = open_uses(g, uses);
    dio_unet *merged = open_unet(g->unet), *attached = open_unet(g->unet);
    dio_lora_target a = target_of(merged), b = target_of(attached);
    must(dio_lora_merge(uses, n_uses, &a, 1, &err), &err);
    must(dio_lora_attach(uses, n_uses, &b, 1, &err), &err);
    float *m = run(merged, g->unet, &n), *t = run(attached, g->unet, &n);
    assert_int_equal(n, dio_type_count(&want->type));
    double off = relative(m, dio_tensor_data(want), n), apart = relative(t, m, n);
    print_message("%-15s merged within %.1e of diffusers, attached within %.1e of merged\n",
                  g->name, off, apart);
    assert_true(off <= 1e-5);   /* measured: 3.1e-6 at most */
    assert_true(apart <= 1e-5); /* measured: 2.6e-6 at most */
    free(m);
    free(t);
    dio_unet_close(merged);
    dio_unet_close(attached);
    close_uses(uses, n_uses);
}

static void check_goldens(void **state)
{
    (void)state;
    dio_weights *w = open_weights("tests/golden/lora/golden.safetensors");
    for (size_t i = 0; i < sizeof goldens / sizeof goldens[0]; i++)
        check_golden(&goldens[i], dio_weights_find(w, goldens[i].name));
    dio_weights_close(w);
}

/* --- a text encoder --- */

enum { B = 2, T = 77 };

static void check_text_file(const char *file, float scale, const dio_tensor *want)
{
    char full[256];
    dio_error err = {0};
    int32_t ids[B * T];
    dio_text_encoder *e = dio_text_encoder_open("tests/golden/clip/clip-l", DIO_F32, &err);
    must(e != NULL, &err);
    snprintf(full, sizeof full, "tests/golden/lora/%s.safetensors", file);
    dio_lora *l = open_lora(full);
    dio_lora_target t = {.part = "text_encoder", .walk = dio_text_encoder_walk(e)};
    must(dio_lora_merge(&(dio_lora_use){l, scale}, 1, &t, 1, &err), &err);
    assert_false(dio_lora_attach(&(dio_lora_use){l, scale}, 1, &t, 1, &err));
    dio_weights *w = open_weights("tests/golden/clip/clip-l/golden.safetensors");
    dio_tensor *given = dio_tensor_convert(dio_weights_find(w, "input_ids"), DIO_I32, &err);
    assert_int_equal(dio_type_count(&given->type), B * T);
    memcpy(ids, dio_tensor_data(given), sizeof ids);
    dio_device *d = open_device();
    dio_graph *g = dio_graph_create();
    dio_text_encoder_io io = {.ids = dio_input(g, "ids", dio_type_2d(DIO_I32, B, T)),
                              .ends = DIO_NONE};
    dio_text_encoder_forward(g, e, &io);
    dio_error_clear(&err);
    dio_plan *p = dio_plan_create(g, &io.hidden, 1, false, d, NULL, &err);
    must(p && dio_plan_set(p, "ids", ids, sizeof ids, &err) && dio_plan_run(p, &err), &err);
    double off =
        relative(dio_plan_output(p, 0, NULL), dio_tensor_data(want), dio_type_count(&want->type));
    print_message("%-15s within %.1e\n", file, off);
    assert_true(off <= 1e-5); /* measured: 1.2e-6 */
    dio_plan_destroy(p);
    dio_graph_destroy(g);
    dio_device_close(d);
    dio_tensor_unref(given);
    dio_weights_close(w);
    dio_lora_close(l);
    dio_text_encoder_close(e);
}

/* The second file has no alpha: its scale is the first's times alpha over rank. */
static void check_text(void **state)
{
    (void)state;
    dio_weights *w = open_weights("tests/golden/lora/golden.safetensors");
    check_text_file("text-kohya", 0.8f, dio_weights_find(w, "text"));
    check_text_file("text-diffusers", 0.8f * 1.5f / 2, dio_weights_find(w, "text"));
    dio_weights_close(w);
}

/* Attaching again replaces, attaching nothing takes away, to the same bits. */
static void check_replaced(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_lora_use uses[2];
    int64_t n;
    open_uses(&goldens[2], uses);
    dio_unet *u = open_unet("sd1"), *other = open_unet("sd1");
    dio_lora_target t = target_of(u), o = target_of(other);
    int plain_count = u->net.walk.count;
    float *plain = run(u, "sd1", &n);
    must(dio_lora_attach(uses, 1, &t, 1, &err), &err);
    must(dio_lora_attach(uses + 1, 1, &t, 1, &err), &err);
    must(dio_lora_attach(uses + 1, 1, &o, 1, &err), &err);
    float *twice = run(u, "sd1", &n), *once = run(other, "sd1", &n);
    assert_memory_equal(twice, once, (size_t)n * sizeof(float));
    must(dio_lora_attach(NULL, 0, &t, 1, &err), &err);
    assert_int_equal(u->net.walk.count, plain_count);
    float *none = run(u, "sd1", &n);
    assert_memory_equal(none, plain, (size_t)n * sizeof(float));
    free(plain);
    free(twice);
    free(once);
    free(none);
    dio_unet_close(u);
    dio_unet_close(other);
    close_uses(uses, 2);
}

/* --- files made here --- */

struct made {
    const char *name;
    int nd;
    int64_t dim[4];
    float value;
};

static char path[] = "/tmp/dio_lora_XXXXXX";

static void make(const struct made *m, int n)
{
    dio_error err = {0};
    dio_tensor *tensors[8];
    const char *names[8];
    for (int i = 0; i < n; i++) {
        dio_type type = dio_type_make(DIO_F32, m[i].nd, m[i].dim);
        names[i] = m[i].name;
        tensors[i] = dio_tensor_create(m[i].name, &type, &err);
        must(tensors[i] != NULL, &err);
        for (int64_t k = 0; k < dio_type_count(&type); k++)
            ((float *)dio_tensor_data(tensors[i]))[k] = m[i].value;
    }
    must(dio_weights_write(path, tensors, names, n, NULL, 0, &err), &err);
    for (int i = 0; i < n; i++)
        dio_tensor_unref(tensors[i]);
}

static float first_of(const dio_unet *u, const char *name)
{
    for (int i = 0; i < u->net.walk.count; i++)
        if (strcmp(u->net.walk.items[i].name, name) == 0)
            return *(const float *)dio_tensor_data(*u->net.walk.items[i].slot);
    fail_msg("there is no %s", name);
    return 0;
}

/* What one weight of value 2 x 3 in both factors changes by. */
static void check_change(const struct made *m, int n, const char *weight, float scale, double want)
{
    dio_error err = {0};
    dio_unet *u = open_unet("sd1");
    dio_lora_target t = target_of(u);
    make(m, n);
    dio_lora *l = open_lora(path);
    float before = first_of(u, weight);
    must(dio_lora_merge(&(dio_lora_use){l, scale}, 1, &t, 1, &err), &err);
    double change = (double)first_of(u, weight) - (double)before;
    assert_true(fabs(change - want) < 1e-5);
    dio_lora_close(l);
    dio_unet_close(u);
}

#define Q     "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"
#define Q_    "down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q"
#define CONV_ "lora_unet_down_blocks_0_resnets_0_conv1"

/* scale * alpha / rank * rank * 2 * 3, and LoCon's third factor. */
static void check_scales(void **state)
{
    (void)state;
    const struct made alpha[] = {{"lora_unet_" Q_ ".lora_down.weight", 2, {4, 8}, 2},
                                 {"lora_unet_" Q_ ".lora_up.weight", 2, {8, 4}, 3},
                                 {"lora_unet_" Q_ ".alpha", 0, {0}, 1}};
    const struct made theirs[] = {
        {"lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_q.lora_down.weight",
         2,
         {1, 8},
         2},
        {"lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_q.lora_up.weight",
         2,
         {8, 1},
         3}};
    const struct made bare[] = {{Q ".lora_A.weight", 2, {1, 8}, 2},
                                {Q ".lora_B.weight", 2, {8, 1}, 3}};
    const struct made mid[] = {{CONV_ ".lora_down.weight", 4, {2, 8, 1, 1}, 2},
                               {CONV_ ".lora_up.weight", 4, {8, 3, 1, 1}, 3},
                               {CONV_ ".lora_mid.weight", 4, {3, 2, 3, 3}, 0.5f}};
    check_change(alpha, 3, Q ".weight", 0.5f, 0.5 * 1 / 4 * 4 * 6);
    check_change(alpha, 2, Q ".weight", -1, -4 * 6.0);
    check_change(theirs, 2, Q ".weight", 1, 6);
    check_change(bare, 2, Q ".weight", 2, 12);
    check_change(mid, 3, "down_blocks.0.resnets.0.conv1.weight", 1, 3 * 2 * 0.5 * 6);
}

/* Halves stay halves, and what no LoRA names stays in its file. */
static void check_kept(void **state)
{
    (void)state;
    dio_error err = {0};
    const struct made m[] = {{Q ".lora_A.weight", 2, {1, 8}, 2},
                             {Q ".lora_B.weight", 2, {8, 1}, 3}};
    dio_unet *u = dio_unet_open("tests/golden/unet/sd2", DIO_DTYPES, &err);
    must(u != NULL, &err);
    dio_lora_target t = target_of(u);
    make(m, 2);
    dio_lora *l = open_lora(path);
    must(dio_lora_merge(&(dio_lora_use){l, 1}, 1, &t, 1, &err), &err);
    for (int i = 0; i < u->net.walk.count; i++) {
        const dio_weight *it = &u->net.walk.items[i];
        bool changed = strcmp(it->name, Q ".weight") == 0;
        if (it->type.nd > 1) {
            assert_int_equal((*it->slot)->type.dtype, DIO_F16);
            assert_int_equal(dio_buffer_mapped((*it->slot)->buffer), !changed);
        }
    }
    dio_lora_close(l);
    dio_unet_close(u);
}

/* --- what is refused --- */

static void refuse(const struct made *m, int n, const char *want)
{
    dio_error err = {0};
    make(m, n);
    dio_lora *l = dio_lora_open(path, &err);
    if (l) {
        dio_unet *u = open_unet("sd1");
        dio_lora_target t = target_of(u);
        float before = first_of(u, Q ".weight");
        assert_false(dio_lora_merge(&(dio_lora_use){l, 1}, 1, &t, 1, &err));
        assert_true(first_of(u, Q ".weight") == before);
        assert_false(dio_lora_attach(&(dio_lora_use){l, 1}, 1, &t, 1, &err));
        dio_unet_close(u);
        dio_lora_close(l);
    }
    assert_string_equal(err.file, path);
    assert_string_equal(err.message, want);
}

static void check_refused(void **state)
{
    (void)state;
    const struct made good[] = {{Q ".lora_A.weight", 2, {1, 8}, 2},
                                {Q ".lora_B.weight", 2, {8, 1}, 3}};
    struct made m[4] = {good[0], good[1]};
    refuse(good, 1, Q ": up (lora_B) is missing");
    m[2] = (struct made){"unet.down_blocks.7.attentions.0.proj_in.lora_A.weight", 2, {1, 8}, 1};
    m[3] = (struct made){"unet.down_blocks.7.attentions.0.proj_in.lora_B.weight", 2, {8, 1}, 1};
    refuse(m, 4,
           "unet.down_blocks.7.attentions.0.proj_in: there is no such layer in this model's "
           "unet: the LoRA is for another kind of model");
    m[2].name = "lora_te_text_model_encoder_layers_0_mlp_fc1.lora_down.weight";
    m[3].name = "lora_te_text_model_encoder_layers_0_mlp_fc1.lora_up.weight";
    refuse(m, 4,
           "lora_te_text_model_encoder_layers_0_mlp_fc1: there is no such layer in this "
           "model's text_encoder: the LoRA is for another kind of model");
    m[2].name = "lora_unet_" Q_ ".lora_down.weight";
    refuse(m, 3,
           "lora_unet_" Q_ ".lora_down.weight: the same layer is there twice, the other time "
           "as " Q ".lora_A.weight");
    m[2].name = "lora_unet_" Q_ ".dora_scale";
    refuse(m, 3,
           "lora_unet_" Q_ ".dora_scale: this change is of the kind DoRA, which is not "
           "supported (LoRA is)");
    m[2].name = "lora_unet_" Q_ ".hada_w1_a";
    refuse(m, 3,
           "lora_unet_" Q_ ".hada_w1_a: this change is of the kind LoHa, which is not "
           "supported (LoRA is)");
    m[2].name = "lora_unet_" Q_ ".lokr_w1";
    refuse(m, 3,
           "lora_unet_" Q_ ".lokr_w1: this change is of the kind LoKr, which is not "
           "supported (LoRA is)");
    m[2].name = "step";
    refuse(m, 3, "step is no name of a LoRA's tensor");
    m[0].dim[1] = 9;
    refuse(m, 2,
           Q ": f32[1,9] and f32[8,1] make no change of " Q
             ".weight, f32[8,8]: this LoRA is for another model");
    m[0] = good[0];
    m[0].value = NAN;
    refuse(m, 2, Q ".lora_A.weight: number 0 of 8 is not finite");
}

static int set_up(void **state)
{
    (void)state;
    int file = mkstemp(path);
    return file < 0 ? -1 : close(file);
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_goldens), cmocka_unit_test(check_replaced),
        cmocka_unit_test(check_scales),  cmocka_unit_test(check_kept),
        cmocka_unit_test(check_refused), cmocka_unit_test(check_text),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
