/* time.c: a number that says how much noise there is, as a vector (Transformer's sinusoids and a
 * small MLP), as diffusers' get_timestep_embedding and TimestepEmbedding. */
#include <math.h>

#include "vision/nn.h"

enum { WIDTH_MAX = 8192 };

dio_val dio_nn_sinusoid(dio_graph *g, dio_val x, int width, bool flip_sin_to_cos, float shift)
{
    float frequency[WIDTH_MAX / 2];
    int half = width / 2;
    if (width < 2 || width > WIDTH_MAX || (float)half <= shift)
        return dio_graph_fail(g, "an embedding of time %d wide is outside 2 to %d", width,
                              WIDTH_MAX);
    /* In float step by step, as torch: at timestep 999 a rounding here turns the wave by 1e-4. */
    for (int i = 0; i < half; i++)
        frequency[i] = expf((float)-log(10000.0) * (float)i / ((float)half - shift));
    int64_t n = dio_dim(g, x, 0);
    dio_val f = dio_const(g, dio_type_2d(DIO_F32, 1, half), frequency);
    dio_val angle = dio_mul(g, dio_reshape2(g, x, n, 1), f);
    dio_val sine = dio_sin(g, angle), cosine = dio_cos(g, angle);
    dio_val both[2] = {flip_sin_to_cos ? cosine : sine, flip_sin_to_cos ? sine : cosine};
    dio_val y = dio_concat(g, both, 2, 1);
    return width % 2 ? dio_pad(g, y, 1, 0, 1, DIO_PAD_ZERO) : y;
}

static void walk_linear(dio_walk *w, dio_nn_linear *l, const char *name, int64_t in, int64_t out,
                        unsigned flags)
{
    dio_nn_linear_walk(w, l, name, in, out, flags, dio_init_uniform(1 / sqrtf((float)in)),
                       dio_init_fill(0));
}

void dio_nn_time_walk(dio_walk *w, dio_nn_time *t, const char *name, int64_t in, int64_t out,
                      int64_t cond)
{
    dio_walk_enter(w, "%s", name);
    walk_linear(w, &t->linear_1, "linear_1", in, out, DIO_NN_BIAS);
    if (cond)
        walk_linear(w, &t->cond, "cond_proj", cond, in, 0);
    walk_linear(w, &t->linear_2, "linear_2", out, out, DIO_NN_BIAS);
    dio_walk_leave(w);
}

dio_val dio_nn_time_forward(dio_graph *g, const dio_nn_time *t, dio_val x, dio_val cond)
{
    if (cond != DIO_NONE)
        x = dio_add(g, x, dio_nn_linear_forward(g, &t->cond, cond, DIO_ACT_NONE));
    return dio_nn_linear_forward(
        g, &t->linear_2, dio_nn_linear_forward(g, &t->linear_1, x, DIO_ACT_SILU), DIO_ACT_NONE);
}
