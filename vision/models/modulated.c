/* modulated.c: weights of StyleGAN2's convolutions in the forms that they run in. */
#include "vision/models/modulated.h"

#include "base/gang.h"

struct job {
    const float *w;
    float *to;
    int64_t in, out;
};

static dio_tensor *run(const dio_tensor *w, dio_type type, dio_gang_fn *fn, dio_error *err)
{
    dio_tensor *t = dio_tensor_create("", &type, err);
    if (!t)
        return NULL;
    struct job j = {dio_tensor_data(w), dio_tensor_data(t), w->type.dim[1], w->type.dim[0]};
    dio_gang_run(j.out, fn, &j);
    return t;
}

static void squares_row(void *user, int64_t o, int thread)
{
    (void)thread;
    const struct job *j = user;
    for (int64_t i = 0; i < j->in; i++) {
        const float *w = j->w + (o * j->in + i) * 9;
        double sum = 0;
        for (int k = 0; k < 9; k++)
            sum += (double)w[k] * (double)w[k];
        j->to[o * j->in + i] = (float)sum;
    }
}

dio_tensor *modulated_squares(const dio_tensor *w, dio_error *err)
{
    return run(w, dio_type_2d(DIO_F32, w->type.dim[0], w->type.dim[1]), squares_row, err);
}

static void turned_row(void *user, int64_t o, int thread)
{
    (void)thread;
    const struct job *j = user;
    for (int64_t i = 0; i < j->in; i++)
        for (int k = 0; k < 9; k++)
            j->to[(i * j->out + o) * 9 + k] = j->w[(o * j->in + i) * 9 + k];
}

dio_tensor *modulated_turned(const dio_tensor *w, dio_error *err)
{
    return run(w, dio_type_4d(DIO_F32, w->type.dim[1], w->type.dim[0], 3, 3), turned_row, err);
}
