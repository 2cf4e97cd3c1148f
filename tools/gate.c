/* gate.c: measures and trainings that gates share. */
#include "tools/gate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "vision/lab.h"
#include "vision/srgb.h"

void gate_must(bool ok, const dio_error *err)
{
    if (ok)
        return;
    fprintf(stderr, "gate: %s\n", err->message);
    exit(1);
}

float *gate_numbers(size_t n)
{
    dio_error err = {0};
    float *p = calloc(n, sizeof *p);
    gate_must(p || dio_fail_memory(&err, "numbers"), &err);
    return p;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void gate_report(const char *what, double *all, int n)
{
    double sum = 0;
    if (n == 0) {
        printf("%-44s none\n", what);
        return;
    }
    qsort(all, (size_t)n, sizeof *all, by_size);
    for (int i = 0; i < n; i++)
        sum += all[i];
    printf("%-44s mean %7.4f  median %7.4f  5%% %7.4f  95%% %7.4f  of %d\n", what, sum / n,
           all[n / 2], all[n / 20], all[n - 1 - n / 20], n);
}

double gate_nearest(const float *one, const float *all, int count, int size)
{
    double best = INFINITY;
    for (int k = 0; k < count; k++) {
        const float *other = all + (size_t)k * (size_t)size;
        double sum = 0;
        for (int i = 0; i < size && sum < best; i++) {
            double d = (double)one[i] - (double)other[i];
            sum += d * d;
        }
        best = fmin(best, sum);
    }
    return sqrt(best / size);
}

/* --- colours --- */

static void lab_of(const uint8_t rgb[3], double lab[3])
{
    double linear[3];
    for (int c = 0; c < 3; c++)
        linear[c] = (double)dio_srgb_to_linear((float)rgb[c] / 255);
    dio_lab_from_linear(linear, lab);
}

/* Whether pixel p shows a colour, whose CIELAB is `lab`. */
static bool shows(const uint8_t *p, const uint8_t wished[3], const double lab[3])
{
    double own[3];
    int far = abs(p[0] - wished[0]) + abs(p[1] - wished[1]) + abs(p[2] - wished[2]);
    if (p[3] < 255 || far > 60) /* such a colour is never so near */
        return false;
    lab_of(p, own);
    return dio_lab_difference(own, lab) < 3;
}

/* CIELAB of the mean light of solid pixels; those alone where `truth` (or NULL) shows `wished`.
 * Returns how many there are. */
static int mean_lab(const uint8_t *rgba, int n, const uint8_t *truth, const uint8_t wished[3],
                    double lab[3])
{
    double sum[3] = {0}, want[3] = {0};
    int places = 0, count = 0;
    if (truth)
        lab_of(wished, want);
    for (int i = 0; i < 4 * n; i += 4) {
        if (truth && !shows(truth + i, wished, want))
            continue;
        places++;
        if (rgba[i + 3] < 128)
            continue;
        count++;
        for (int c = 0; c < 3; c++)
            sum[c] += (double)dio_srgb_to_linear(fminf((float)rgba[i + c] / (float)rgba[i + 3], 1));
    }
    for (int c = 0; c < 3; c++)
        sum[c] /= count ? count : 1;
    dio_lab_from_linear(sum, lab);
    return places;
}

double gate_mean_difference(const uint8_t *truth, const uint8_t *made, int n)
{
    double a[3], b[3];
    mean_lab(truth, n, NULL, NULL, a);
    mean_lab(made, n, NULL, NULL, b);
    return dio_lab_difference(a, b);
}

bool gate_wished_difference(const uint8_t wished[3], const uint8_t *truth, const uint8_t *made,
                            int n, double *out)
{
    double a[3], b[3];
    lab_of(wished, a);
    if (mean_lab(made, n, truth, wished, b) < n / 100)
        return false;
    *out = dio_lab_difference(a, b);
    return true;
}

double gate_overlap(const uint8_t *a, const uint8_t *b, int n)
{
    int both = 0, any = 0;
    for (int i = 3; i < 4 * n; i += 4) {
        both += a[i] > 127 && b[i] > 127;
        any += a[i] > 127 || b[i] > 127;
    }
    return any ? (double)both / any : 1;
}

/* --- training --- */

void gate_train(dio_walk *w, dio_walk_fn *walk, void *model, dio_train_task task, int steps,
                double lr, dio_device *device)
{
    dio_error err = {0};
    gate_must(dio_walk_init(w, walk, model, NULL, &err) && dio_walk_draw(w, 7, DIO_F32, 0, &err),
              &err);
    dio_train_weight *weights = calloc((size_t)w->count, sizeof *weights);
    gate_must(weights || dio_fail_memory(&err, "weights"), &err);
    for (int i = 0; i < w->count; i++)
        weights[i] = (dio_train_weight){w->items[i].name, *w->items[i].slot, true};
    task.weights = weights;
    task.n_weights = w->count;
    task.identity = "gate";
    dio_train_options o = {.steps = steps,
                           .warmup = 20,
                           .lr = lr,
                           .min_lr = 0.05,
                           .beta1 = 0.9,
                           .beta2 = 0.99,
                           .eps = 1e-8,
                           .clip = 1,
                           .log_every = steps,
                           .eval_every = steps,
                           .eval_batches = 1,
                           .checkpoint_every = steps};
    char dir[] = "/tmp/diorama-gate-XXXXXX", command[64];
    dio_train_result result;
    gate_must(mkdtemp(dir) || dio_fail(&err, "%s: cannot be made", dir), &err);
    bool ok = dio_train(&task, &o, device, dir, false, NULL, NULL, NULL, &result, &err);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    if (system(command) != 0)
        fprintf(stderr, "gate: %s remains\n", dir);
    gate_must(ok, &err);
    free(weights);
}
