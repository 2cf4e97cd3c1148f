/* test_adversarial.c: two networks that learn from each other go the way that they go in torch,
 * step for step; a run stopped, or killed between checkpoints, ends as one that was not. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/gang.h"
#include "tensor/ops.h"
#include "tensor/train_adversarial.h"
#include "tensor/weights.h"
#include "tests/worst.h"

enum { BATCH = 4, Z = 5, PIXELS = 3 * 8 * 8, STEPS = 8, G = 4, D = 6 };

static const char *const g_names[G] = {"fc.weight", "fc.bias", "conv.weight", "conv.bias"};
static const char *const d_names[D] = {"conv0.weight", "conv0.bias", "conv1.weight",
                                       "conv1.bias",   "fc.weight",  "fc.bias"};
static char root[] = "/tmp/diorama-adversarial-XXXXXX";
static dio_device *device;
static dio_weights *golden;

struct gan {
    const char *kind;
    dio_tensor *g[G], *d[D];
    dio_train_weight gw[G], dw[D];
    dio_val z, real;
    int64_t looks;
    bool needs_real; /* in the generator's plan */
    /* what a step came to, by the report */
    double figures[STEPS][6];
    volatile sig_atomic_t cancel;
    int64_t stop; /* cancel after this step; 0: never */
    int64_t kill; /* copy the folder aside after this step, as a killed run leaves it */
    const char *dir;
};

/* --- the networks of tools/golden/adversarial.py --- */

static void inputs(void *user, dio_graph *g, dio_adversarial_part part)
{
    struct gan *n = user;
    n->z = dio_input(g, "z", dio_type_2d(DIO_F32, BATCH, Z));
    n->real = DIO_NONE;
    if (part != DIO_PART_GENERATOR || n->needs_real)
        n->real = dio_input(g, "real", dio_type_4d(DIO_F32, BATCH, 3, 8, 8));
}

static dio_val real(void *user, dio_graph *g)
{
    (void)g;
    return ((struct gan *)user)->real;
}

static dio_val conv(dio_graph *g, dio_val x, dio_tensor **w, int stride)
{
    dio_conv_attrs a = dio_conv_defaults();
    a.pad[0] = a.pad[1] = 1;
    a.stride[0] = a.stride[1] = stride;
    return dio_conv(g, x, dio_param(g, w[0]), dio_param(g, w[1]), a);
}

static dio_val fake(void *user, dio_graph *g)
{
    struct gan *n = user;
    dio_val h = dio_linear(g, n->z, dio_param(g, n->g[0]), dio_param(g, n->g[1]), DIO_ACT_NONE);
    h = dio_reshape4(g, dio_leaky_relu(g, h, 0.2f), BATCH, 6, 4, 4);
    return dio_tanh(g, conv(g, dio_upsample_nearest(g, h, 8, 8), n->g + 2, 1));
}

static dio_val score(void *user, dio_graph *g, dio_val x)
{
    struct gan *n = user;
    dio_val h = dio_leaky_relu(g, conv(g, x, n->d, 2), 0.2f);
    h = dio_reshape2(g, dio_leaky_relu(g, conv(g, h, n->d + 2, 1), 0.2f), BATCH, 7 * 16);
    return dio_linear(g, h, dio_param(g, n->d[4]), dio_param(g, n->d[5]), DIO_ACT_NONE);
}

static dio_val match(void *user, dio_graph *g, dio_val x)
{
    return dio_l1_loss(g, x, ((struct gan *)user)->real);
}

static const dio_tensor *truth(const char *format, ...)
{
    char name[128];
    va_list args;
    va_start(args, format);
    vsnprintf(name, sizeof name, format, args);
    va_end(args);
    const dio_tensor *t = dio_weights_find(golden, name);
    if (!t)
        fail_msg("%s is missing", name);
    return t;
}

static bool fill(void *user, dio_plan *p, dio_adversarial_part part, int64_t index, dio_error *err)
{
    struct gan *n = user;
    const char *from = part == DIO_PART_DISCRIMINATOR ? "d" : "g";
    const dio_tensor *z = truth("%s.%s.%d.z", n->kind, from, (int)index);
    const dio_tensor *x = truth("%s.%s.%d.real", n->kind, from, (int)index);
    return dio_plan_set(p, "z", dio_tensor_data(z), BATCH * Z * sizeof(float), err) &&
           (part == DIO_PART_GENERATOR && !n->needs_real
                ? true
                : dio_plan_set(p, "real", dio_tensor_data(x), BATCH * PIXELS * sizeof(float), err));
}

static bool look(void *user, int64_t step, dio_error *err)
{
    (void)step;
    (void)err;
    ((struct gan *)user)->looks++;
    return true;
}

/* --- a run --- */

static void copy_file(const char *from, const char *to, const char *name)
{
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    size_t n;
    char *bytes = dio_file_read(a, dio_path_join(a, from, name), 1 << 24, &n, &err);
    assert_non_null(bytes);
    assert_true(dio_dir_make(to, &err));
    assert_true(dio_file_write(dio_path_join(a, to, name), bytes, n, &err));
    dio_arena_destroy(a);
}

static void progress(void *user, const dio_train_progress *p)
{
    struct gan *n = user;
    const double all[6] = {p->loss, p->extra[0], p->extra[1], p->extra[2], p->extra[3], p->norm};
    memcpy(n->figures[p->step - 1], all, sizeof all);
    n->cancel = n->stop && p->step >= n->stop;
    if (n->kill && p->step == n->kill) {
        char dir[300];
        snprintf(dir, sizeof dir, "%s-killed", n->dir);
        copy_file(n->dir, dir, "checkpoint.safetensors");
        copy_file(n->dir, dir, "loss.csv");
    }
}

static dio_tensor *begin(const char *kind, const char *who, const char *name)
{
    dio_error err = {0};
    const dio_tensor *from = truth("%s.start.%s.%s", kind, who, name);
    dio_tensor *t = dio_tensor_create(name, &from->type, &err);
    assert_non_null(t);
    memcpy(dio_tensor_data(t), dio_tensor_data(from), dio_type_bytes(&from->type));
    return t;
}

static dio_adversarial_options options_of(const char *kind)
{
    dio_adversarial_options o = {
        .steps = STEPS,
        .min_lr = 1,
        .ema = 0.9,
        .penalty_every = 1,
        .critic_steps = 1,
        .log_every = 1,
        .eval_every = 5,
        .eval_batches = 2,
        .checkpoint_every = 3,
        .generator = {.lr = 2e-3, .beta1 = 0, .beta2 = 0.99, .eps = 1e-8},
        .discriminator = {.lr = 2e-3, .beta1 = 0, .beta2 = 0.99, .eps = 1e-8},
    };
    if (strcmp(kind, "nonsaturating") == 0) {
        o.r1 = 2;
        o.penalty_every = 3;
        o.generator.lr = 3e-3;
        o.discriminator.lr = 4e-3;
    } else if (strcmp(kind, "hinge") == 0) {
        o.loss = DIO_HINGE;
        o.critic_steps = 2;
        o.generator.clip = o.discriminator.clip = 0.5;
        o.discriminator.lr = 3e-3;
        o.generator.beta1 = 0.5;
        o.generator.beta2 = o.discriminator.beta2 = 0.9;
    } else {
        o.loss = DIO_RELATIVISTIC;
        o.r1 = 1;
        o.r2 = 0.5;
        o.match = 3;
    }
    return o;
}

static void end(struct gan *n)
{
    for (int i = 0; i < G; i++)
        dio_tensor_unref(n->g[i]);
    for (int i = 0; i < D; i++)
        dio_tensor_unref(n->d[i]);
}

/* Trains in root/dir; the caller sees to `end`. */
static bool train(struct gan *n, const char *dir, bool resume, dio_train_result *result,
                  dio_error *err)
{
    static char path[300];
    dio_adversarial_options o = options_of(n->kind);
    snprintf(path, sizeof path, "%s/%s", root, dir);
    n->dir = path;
    n->needs_real = o.match > 0 || o.loss == DIO_RELATIVISTIC;
    for (int i = 0; i < G; i++) {
        n->g[i] = begin(n->kind, "g", g_names[i]);
        n->gw[i] = (dio_train_weight){g_names[i], n->g[i], true};
    }
    for (int i = 0; i < D; i++) {
        n->d[i] = begin(n->kind, "d", d_names[i]);
        n->dw[i] = (dio_train_weight){d_names[i], n->d[i], true};
    }
    dio_adversarial_task task = {
        .user = n,
        .generator = n->gw,
        .discriminator = n->dw,
        .n_generator = G,
        .n_discriminator = D,
        .items = BATCH,
        .item_name = "pictures",
        .identity = n->kind,
        .inputs = inputs,
        .real = real,
        .fake = fake,
        .score = score,
        .match = match,
        .fill = fill,
        .look = look,
    };
    return dio_train_adversarial(&task, &o, device, path, resume, &n->cancel, progress, n, result,
                                 err);
}

static double apart(const float *a, const float *b, int64_t n)
{
    double most = 0;
    for (int64_t i = 0; i < n; i++)
        most = worse(most, fabs((double)a[i] - b[i]));
    return most;
}

/* Weights after eight steps to 5e-7 (measured 1.2e-7), figures to 4e-7 of their size (9.8e-8). */
static void goes_the_way_of(const char *kind)
{
    static const char *const rows[6] = {"loss", "discriminator", "penalty", "real", "fake", "norm"};
    struct gan n = {.kind = kind};
    dio_train_result result;
    dio_error err = {0};
    if (!train(&n, kind, false, &result, &err))
        fail_msg("%s: %s", kind, err.message);
    double worst = 0, figures = 0;
    for (int i = 0; i < G + D; i++) {
        dio_tensor *t = i < G ? n.g[i] : n.d[i - G];
        const dio_tensor *want =
            truth("%s.end.%s.%s", kind, i < G ? "g" : "d", i < G ? g_names[i] : d_names[i - G]);
        worst = worse(
            worst, apart(dio_tensor_data(t), dio_tensor_data(want), dio_type_count(&want->type)));
    }
    for (int k = 0; k < 6; k++) {
        const float *want = dio_tensor_data(truth("%s.%s", kind, rows[k]));
        for (int s = 0; s < STEPS; s++)
            figures = worse(figures,
                            fabs(n.figures[s][k] - (double)want[s]) / (1 + fabs((double)want[s])));
    }
    print_message("%s: weights off by %.1e, figures by %.1e\n", kind, worst, figures);
    assert_true(worst < 5e-7);
    assert_true(figures < 4e-7);
    assert_int_equal(n.looks, 2);
    assert_int_equal(result.best_step, STEPS);
    end(&n);
}

static void torch_goes_the_same_way(void **state)
{
    (void)state;
    goes_the_way_of("nonsaturating");
    goes_the_way_of("hinge");
    goes_the_way_of("relativistic");
}

static void same_checkpoint(const char *x, const char *y)
{
    char hx[DIO_HASH_TEXT], hy[DIO_HASH_TEXT], path[300];
    dio_error err = {0};
    snprintf(path, sizeof path, "%s/%s/checkpoint.safetensors", root, x);
    assert_true(dio_hash_file(path, hx, &err));
    snprintf(path, sizeof path, "%s/%s/checkpoint.safetensors", root, y);
    assert_true(dio_hash_file(path, hy, &err));
    assert_string_equal(hx, hy);
}

/* After torch_goes_the_same_way, whose runs are the whole ones. */
static void runs_repeat_and_resume(void **state)
{
    static const char *const kinds[] = {"nonsaturating", "hinge", "relativistic"};
    (void)state;
    for (int k = 0; k < 3; k++) {
        char again[64], stopped[64], killed[80];
        dio_train_result result;
        dio_error err = {0};
        snprintf(again, sizeof again, "%s-again", kinds[k]);
        snprintf(stopped, sizeof stopped, "%s-stopped", kinds[k]);
        snprintf(killed, sizeof killed, "%s-killed", again);
        int threads = dio_gang_size();
        dio_gang_resize(threads == 1 ? 2 : 1);
        struct gan n = {.kind = kinds[k], .kill = 5};
        assert_true(train(&n, again, false, &result, &err));
        end(&n);
        dio_gang_resize(threads);
        same_checkpoint(kinds[k], again);
        struct gan first = {.kind = kinds[k], .stop = 4}, second = {.kind = kinds[k]};
        assert_true(train(&first, stopped, false, &result, &err));
        assert_true(result.cancelled);
        assert_int_equal(result.steps, 4);
        end(&first);
        assert_true(train(&second, stopped, true, &result, &err));
        end(&second);
        same_checkpoint(kinds[k], stopped);
        struct gan third = {.kind = kinds[k]}; /* from the checkpoint of step 3, log of step 5 */
        assert_true(train(&third, killed, true, &result, &err));
        end(&third);
        same_checkpoint(kinds[k], killed);
    }
}

static void strangers_are_refused(void **state)
{
    (void)state;
    dio_train_result result;
    dio_error err = {0}, other = {0};
    struct gan n = {.kind = "hinge"}, m = {.kind = "hinge"};
    assert_false(train(&n, "hinge", false, &result, &err));
    assert_non_null(strstr(err.message, "add --resume"));
    end(&n);
    assert_false(train(&m, "relativistic", true, &result, &other));
    assert_non_null(strstr(other.message, "belongs to another recipe"));
    end(&m);
}

static int setup(void **state)
{
    dio_error err = {0};
    (void)state;
    device = dio_device_open("cpu", &err);
    golden = dio_weights_open("tests/golden/train/adversarial.safetensors", &err);
    return mkdtemp(root) && device && golden ? 0 : -1;
}

static int teardown(void **state)
{
    char command[128];
    (void)state;
    dio_weights_close(golden);
    dio_device_close(device);
    snprintf(command, sizeof command, "rm -rf %s", root);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(torch_goes_the_same_way),
        cmocka_unit_test(runs_repeat_and_resume),
        cmocka_unit_test(strangers_are_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
