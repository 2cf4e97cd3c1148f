/* painter_judge.c: crop -> four convolutions -> mean -> one score a subject. */
#include "tools/painter_judge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/gang.h"
#include "base/rng.h"
#include "tensor/nn.h"
#include "tools/gate.h"

enum { BATCH = 32, CROP = 48, LEVELS = 4, DRAWN = 160, CROP_SIZE = 3 * CROP * CROP };
static const uint64_t stream_judge = 0x6a75646765;
static const int width[LEVELS + 1] = {3, 32, 64, 128, 128};

struct painter_judge {
    dio_nn_conv2d conv[LEVELS];
    dio_nn_norm norm[LEVELS];
    dio_nn_linear out;
    dio_walk walk;
    dio_plan *plan; /* of one crop */
    const dio_atlas *atlas;
    float *crops;
    uint8_t *bytes;
    int32_t subject[BATCH];
    int64_t step;
    bool training;
};

static void walk(dio_walk *w, void *model)
{
    painter_judge *j = model;
    for (int i = 0; i < LEVELS; i++) {
        char name[16];
        snprintf(name, sizeof name, "conv%d", i);
        dio_nn_conv2d_walk(w, &j->conv[i], name, width[i], width[i + 1], 3, DIO_NN_BIAS,
                           dio_init_normal(sqrtf(2 / (float)(9 * width[i]))));
        snprintf(name, sizeof name, "norm%d", i);
        dio_nn_group_norm_walk(w, &j->norm[i], name, width[i + 1]);
    }
    dio_nn_linear_walk(w, &j->out, "out", width[LEVELS] * 36, dio_subject_count(), DIO_NN_BIAS,
                       dio_init_normal(0.02f), dio_init_fill(0));
}

static dio_val scores(dio_graph *g, const painter_judge *j, dio_val x)
{
    for (int i = 0; i < LEVELS; i++) {
        x = dio_nn_conv2d_forward(g, &j->conv[i], x, i ? 2 : 1, 1, 0);
        x = dio_silu(g, dio_nn_group_norm_forward(g, &j->norm[i], x, 8, 1e-5f));
    }
    return dio_nn_linear_forward(g, &j->out, dio_reshape2(g, x, dio_dim(g, x, 0), -1),
                                 DIO_ACT_NONE);
}

static dio_val loss(void *user, dio_graph *g, bool training)
{
    (void)training;
    dio_val x = dio_input(g, "x", dio_type_4d(DIO_F32, BATCH, 3, CROP, CROP));
    dio_val y = dio_input(g, "y", dio_type_1d(DIO_I32, BATCH));
    return dio_cross_entropy(g, scores(g, user, x), y, -1, 0.05f);
}

/* The square of the subject in front and a tenth around it, as means over equal parts. */
static void crop(const dio_scene *s, const uint8_t *rgba, int side, float *out)
{
    const dio_scene_item *it = &s->item[s->items - 1];
    float half = 0.55f * it->size * (float)side, cx = it->x * (float)side, cy = it->y * (float)side;
    if (dio_scene_stands(s))
        cy -= DIO_SCENE_FOOT * 0.5f * it->size * (float)side;
    float pitch = 2 * half / CROP;
    int taps = pitch > 1 ? (int)ceilf(pitch) : 1;
    for (int y = 0; y < CROP; y++)
        for (int x = 0; x < CROP; x++) {
            float sum[3] = {0};
            for (int k = 0; k < taps * taps; k++) {
                float u = cx - half + ((float)x + ((float)(k % taps) + 0.5f) / (float)taps) * pitch;
                float v = cy - half + ((float)y + ((float)(k / taps) + 0.5f) / (float)taps) * pitch;
                int a = (int)fminf(fmaxf(u, 0), (float)side - 1);
                int b = (int)fminf(fmaxf(v, 0), (float)side - 1);
                for (int c = 0; c < 3; c++)
                    sum[c] += rgba[4 * ((size_t)b * (size_t)side + (size_t)a) + (size_t)c];
            }
            for (int c = 0; c < 3; c++)
                out[(c * CROP + y) * CROP + x] = sum[c] / (127.5f * (float)(taps * taps)) - 1;
        }
}

static void draw_one(void *user, int64_t item, int thread)
{
    painter_judge *j = user;
    uint32_t r[4];
    dio_scene_wish any = dio_scene_any();
    dio_scene s;
    (void)thread;
    dio_philox(j->training ? 1 : 2, stream_judge, (uint64_t)(j->step * BATCH + item), r);
    any.alpha = r[2] % 4 == 0;
    dio_scene_plan(&s, &any, 1, (uint64_t)r[0] << 32 | r[1]);
    uint8_t *rgba = j->bytes + (size_t)item * DRAWN * DRAWN * 4;
    dio_atlas_draw(j->atlas, &s, &(dio_window){DRAWN, DRAWN, 0, 0, DRAWN, DRAWN}, rgba);
    crop(&s, rgba, DRAWN, j->crops + item * CROP_SIZE);
    j->subject[item] = s.subject;
}

static bool fill(void *user, dio_plan *p, int64_t step, bool training, dio_error *err)
{
    painter_judge *j = user;
    j->step = step;
    j->training = training;
    dio_gang_steal(BATCH, draw_one, j);
    return dio_plan_set(p, "x", j->crops, BATCH * CROP_SIZE * sizeof(float), err) &&
           dio_plan_set(p, "y", j->subject, sizeof j->subject, err);
}

painter_judge *painter_judge_train(const dio_atlas *atlas, int steps, dio_device *device)
{
    dio_error err = {0};
    painter_judge *j = calloc(1, sizeof *j);
    gate_must(j || dio_fail_memory(&err, "a judge"), &err);
    j->atlas = atlas;
    j->crops = gate_numbers(BATCH * CROP_SIZE);
    j->bytes = (uint8_t *)gate_numbers(BATCH * DRAWN * DRAWN);
    dio_train_task task = {
        .user = j, .items = BATCH, .item_name = "pictures", .loss = loss, .fill = fill};
    gate_train(&j->walk, walk, j, task, steps, 0.0015, device);
    dio_graph *g = dio_graph_create();
    gate_must(g || dio_fail_memory(&err, "a graph"), &err);
    dio_val y = scores(g, j, dio_input(g, "x", dio_type_4d(DIO_F32, 1, 3, CROP, CROP)));
    j->plan = dio_plan_create(g, &y, 1, false, device, NULL, &err);
    gate_must(j->plan != NULL, &err);
    dio_graph_destroy(g);
    return j;
}

int painter_judge_sees(painter_judge *j, const dio_scene *s, const uint8_t *rgba, int side)
{
    dio_error err = {0};
    crop(s, rgba, side, j->crops);
    gate_must(dio_plan_set(j->plan, "x", j->crops, CROP_SIZE * sizeof(float), &err) &&
                  dio_plan_run(j->plan, &err),
              &err);
    const float *score = dio_plan_output(j->plan, 0, NULL);
    int best = 0;
    for (int i = 1; i < dio_subject_count(); i++)
        best = score[i] > score[best] ? i : best;
    return best;
}

void painter_judge_close(painter_judge *j)
{
    dio_plan_destroy(j->plan);
    dio_walk_clear(&j->walk);
    dio_walk_deinit(&j->walk);
    free(j->crops);
    free(j->bytes);
    free(j);
}
