/* test_adamw.c: twenty steps of the optimiser against torch's (tools/golden/adamw.py): loss,
 * the gradients' length, clipping, and the weights after every step, with weight decay on all of
 * them and on matrices alone. The rate of each step is the golden's; ours is held to it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tensor/ops.h"
#include "tensor/ops/adamw.h"
#include "tensor/train_impl.h"
#include "tensor/weights.h"
#include "tests/worst.h"

enum { WEIGHTS = 4, STEPS = 20, WARMUP = 5, BATCH = 16, IN = 5, OUT = 3 };

static const char *const names[WEIGHTS] = {"0.weight", "0.bias", "2.weight", "2.bias"};
static const dio_train_options options = {.steps = STEPS,
                                          .warmup = WARMUP,
                                          .lr = 3e-2,
                                          .weight_decay = 0.1,
                                          .beta1 = 0.9,
                                          .beta2 = 0.95,
                                          .eps = 1e-8,
                                          .clip = 0.8};

struct run {
    const char *kind;
    dio_weights *golden;
    dio_train_weight weights[WEIGHTS];
    dio_train_group group;
    dio_val outputs[2 + 2 * WEIGHTS];
    int n_outputs;
    double loss, norm, weight; /* the largest errors */
};

static const dio_tensor *truth(const struct run *r, const char *format, ...)
{
    char name[128];
    va_list args;
    int n = snprintf(name, sizeof name, "%s.", r->kind);
    va_start(args, format);
    vsnprintf(name + n, sizeof name - (size_t)n, format, args);
    va_end(args);
    const dio_tensor *t = dio_weights_find(r->golden, name);
    if (!t)
        fail_msg("the golden has no %s", name);
    return t;
}

static const float *numbers(const struct run *r, const char *name)
{
    return dio_tensor_data(truth(r, "%s", name));
}

static void begin(struct run *r, dio_device *d, bool decay_all)
{
    dio_error err = {0};
    for (int i = 0; i < WEIGHTS; i++) {
        const dio_tensor *from = truth(r, "param.0.%s", names[i]);
        dio_tensor *t = dio_tensor_create(names[i], &from->type, &err);
        assert_non_null(t);
        memcpy(dio_tensor_data(t), dio_tensor_data(from), dio_type_bytes(&from->type));
        r->weights[i] = (dio_train_weight){names[i], t, decay_all || from->type.nd > 1};
    }
    r->group = (dio_train_group){.prefix = "", .weights = r->weights, .n = WEIGHTS, .o = &options};
    assert_true(dio_train_group_init(&r->group, &err));
    dio_graph *g = dio_graph_create();
    dio_val w[WEIGHTS], x = dio_input(g, "x", dio_type_2d(DIO_F32, BATCH, IN));
    dio_train_params(&r->group, g, w);
    dio_val h = dio_tanh(g, dio_linear(g, x, w[0], w[1], DIO_ACT_NONE));
    dio_val loss = dio_mse_loss(g, dio_linear(g, h, w[2], w[3], DIO_ACT_NONE),
                                dio_input(g, "y", dio_type_2d(DIO_F32, BATCH, OUT)));
    r->n_outputs = dio_train_updates(&r->group, g, loss, w, true, r->outputs);
    dio_plan_options o = {.train = true};
    r->group.plan = dio_plan_create(g, r->outputs, r->n_outputs, false, d, &o, &err);
    if (!r->group.plan)
        fail_msg("%s", err.message);
    dio_graph_destroy(g);
    assert_true(dio_plan_set(r->group.plan, "x", numbers(r, "x"), BATCH * IN * 4, &err) &&
                dio_plan_set(r->group.plan, "y", numbers(r, "y"), BATCH * OUT * 4, &err));
}

/* Step 1 is the first. */
static void step(struct run *r, int k)
{
    dio_error err = {0};
    float lr = numbers(r, "lr")[k - 1], data[DIO_ADAMW_NUMBERS];
    data[DIO_ADAMW_LR] = lr;
    data[DIO_ADAMW_C1] = (float)(1 - pow(options.beta1, k));
    data[DIO_ADAMW_C2] = (float)(1 - pow(options.beta2, k));
    assert_true(dio_plan_set(r->group.plan, "adamw", data, sizeof data, &err) &&
                dio_plan_run(r->group.plan, &err));
    /* transformers' first rate is 0; ours, the second of its warmup, is not. */
    double ours = dio_train_rate(&options, k - 1 < WARMUP ? k - 2 : k - 1);
    if (k > 1)
        assert_true(fabs(ours - (double)lr) < 2e-9); /* f32 holds 0.03 to 9.3e-10 */
    const float *loss = dio_plan_output(r->group.plan, 0, NULL);
    const float *norm = dio_plan_output(r->group.plan, 1, NULL);
    r->loss = worse(r->loss, fabs((double)*loss - (double)numbers(r, "loss")[k - 1]));
    r->norm = worse(r->norm, fabs((double)*norm - (double)numbers(r, "norm")[k - 1]));
    assert_true(dio_train_fetch(&r->group, &err));
    for (int i = 0; i < WEIGHTS; i++) {
        const dio_tensor *want = truth(r, "param.%d.%s", k, names[i]);
        const float *have = dio_tensor_data(r->weights[i].tensor), *w = dio_tensor_data(want);
        for (int64_t n = 0; n < dio_type_count(&want->type); n++)
            r->weight = worse(r->weight, fabs((double)have[n] - (double)w[n]));
    }
}

static void trajectory(void **state)
{
    dio_error err = {0};
    struct run r = {.kind = *state};
    dio_device *d = dio_device_cpu(&err);
    assert_non_null(d);
    r.golden = dio_weights_open("tests/golden/train/adamw.safetensors", &err);
    assert_non_null(r.golden);
    begin(&r, d, strcmp(r.kind, "all") == 0);
    int clipped = 0;
    for (int k = 1; k <= STEPS; k++) {
        step(&r, k);
        clipped += (double)numbers(&r, "norm")[k - 1] > options.clip;
    }
    print_message("%-7s loss within %.1e, length %.1e, weights %.1e; %d steps clipped\n", r.kind,
                  r.loss, r.norm, r.weight, clipped);
    assert_true(clipped > 0 && clipped < STEPS);
    assert_true(r.loss <= 1.4e-6); /* measured 3.6e-7 */
    assert_true(r.norm <= 5e-7);   /* measured 1.2e-7 */
    assert_true(r.weight <= 9e-7); /* measured 2.2e-7, after 20 steps */
    for (int i = 0; i < WEIGHTS; i++)
        dio_tensor_unref(r.weights[i].tensor);
    dio_train_group_deinit(&r.group);
    dio_weights_close(r.golden);
    dio_device_close(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(trajectory, (void *)"all"),
        cmocka_unit_test_prestate(trajectory, (void *)"groups"),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
