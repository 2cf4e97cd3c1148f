/* projection_critic.c: a critic of small pictures with their labels.
 *
 *   x = leaky_relu(conv.0(pixels))                               [B,W0,S,S]
 *   for each further width: x = leaky_relu(conv.N(x), stride 2)  [B,WN,S/2^N,S/2^N]
 *   f = leaky_relu(feature(x))                                   [B,F]
 *   score(f) + sum(f * label(y)) / sqrt(F)                       [B]
 *
 * The label acts by an inner product with the features (Miyato and Koyama, arXiv:1802.05637). There
 * are no norms: a norm over a batch would tie the pictures' gradients together, which R1 takes one
 * by one, and leaky ReLU has a second derivative of zero.
 */
#include <math.h>

#include "vision/critic.h"
#include "vision/models/generators.h"

enum { LEVELS = 10 };

struct config {
    int channels, size, label_dim, feature_dim;
    const dio_value *widths;
};

static const dio_field fields[] = {
    DIO_FIELD(struct config, channels, "4", 1, 4, "of the pictures"),
    DIO_FIELD(struct config, size, "64", 8, 1024, "pixels a side"),
    DIO_FIELD(struct config, label_dim, "0", 0, 4096, "numbers of the label; 0: it takes none"),
    DIO_FIELD(struct config, feature_dim, "128", 1, 4096, "what the label is held against"),
    DIO_FIELD(struct config, widths, "[24, 48, 96, 128, 160]", 0, 0,
              "channels at full size, at half, at a quarter and so on"),
    {0},
};

struct model {
    struct config c;
    int levels, width[LEVELS];
    dio_nn_conv2d conv[LEVELS];
    dio_nn_linear feature, score, label;
};

static bool setup(void *model, const dio_value *json, dio_arena *a, dio_error *err)
{
    struct model *m = model;
    (void)a;
    if (!read_widths(m->c.widths, json, "widths", m->width, LEVELS, &m->levels, err))
        return false;
    if (m->c.size % (1 << (m->levels - 1)))
        return dio_value_fail(json, err, "size: %d pixels cannot be halved %d times", m->c.size,
                              m->levels - 1);
    return true;
}

/* What keeps the spread of numbers through a leaky ReLU. */
static dio_init he(int64_t in)
{
    return dio_init_normal(sqrtf(2 / (float)in));
}

static void walk(dio_walk *w, void *model)
{
    struct model *m = model;
    dio_init zero = dio_init_fill(0);
    int side = m->c.size >> (m->levels - 1), last = m->width[m->levels - 1];
    int64_t flat = (int64_t)last * side * side;
    dio_walk_enter(w, "conv");
    for (int i = 0, in = m->c.channels; i < m->levels; in = m->width[i++]) {
        char name[16];
        snprintf(name, sizeof name, "%d", i);
        dio_nn_conv2d_walk(w, &m->conv[i], name, in, m->width[i], 3, DIO_NN_BIAS, he(9 * in));
    }
    dio_walk_leave(w);
    dio_nn_linear_walk(w, &m->feature, "feature", flat, m->c.feature_dim, DIO_NN_BIAS, he(flat),
                       zero);
    dio_nn_linear_walk(w, &m->score, "score", m->c.feature_dim, 1, DIO_NN_BIAS,
                       dio_init_normal(1 / sqrtf((float)m->c.feature_dim)), zero);
    if (m->c.label_dim)
        dio_nn_linear_walk(w, &m->label, "label", m->c.label_dim, m->c.feature_dim, 0,
                           dio_init_normal(1 / sqrtf((float)m->c.label_dim)), zero);
}

static void shape(const void *model, dio_critic_shape *out)
{
    const struct model *m = model;
    *out = (dio_critic_shape){m->c.channels, m->c.size, m->c.label_dim};
}

static dio_val forward(dio_graph *g, const void *model, dio_val x, dio_val label)
{
    const struct model *m = model;
    int64_t batch = dio_dim(g, x, 0);
    for (int i = 0; i < m->levels; i++)
        x = dio_leaky_relu(g, dio_nn_conv2d_forward(g, &m->conv[i], x, i ? 2 : 1, 1, 0), 0.2f);
    x = dio_reshape2(g, x, batch, -1);
    x = dio_leaky_relu(g, dio_nn_linear_forward(g, &m->feature, x, DIO_ACT_NONE), 0.2f);
    dio_val score = dio_nn_linear_forward(g, &m->score, x, DIO_ACT_NONE);
    score = dio_reshape(g, score, 1, (int64_t[]){batch});
    if (!m->c.label_dim)
        return score;
    dio_val y = dio_nn_linear_forward(g, &m->label, label, DIO_ACT_NONE);
    dio_val fits = dio_sum(g, dio_mul(g, x, y), 2, false);
    return dio_add(g, score, dio_axpb(g, fits, 1 / sqrtf((float)m->c.feature_dim), 0));
}

static const dio_critic_ops ops = {.shape = shape, .forward = forward};

const dio_model dio_model_projection_critic = {
    .name = "projection_critic",
    .doc = "scores how real a small picture seems, and how well its label fits",
    .kind = "critic",
    .types = (const char *const[]){"projection-critic", NULL},
    .config = fields,
    .size = sizeof(struct model),
    .setup = setup,
    .walk = walk,
    .ops = &ops,
    .tiny =
        (const char *const[]){"{\"model_type\":\"projection-critic\",\"size\":8,\"label_dim\":3,"
                              "\"feature_dim\":8,\"widths\":[4,8]}",
                              NULL},
};
