/* modulated.c: weights of StyleGAN2's convolutions in the forms that they run in.
 *
 * Doubling, in one axis: t[j] = sum_i x[i] w[j - 2i], then y[k] = sum_m f[m] t[k + m - 1], so that
 * y[k] = sum_i x[i] g[k - 1 - 2i] with g[n] = sum_m f[m] w[n + m], n in -3..2. Of g, pixels of even k
 * meet n = 1, -1, -3 (at x[q - 1], x[q], x[q + 1]), and those of odd k n = 2, 0, -2. */
#include "vision/models/modulated.h"

#include "base/gang.h"

struct job {
    const float *w, *taps;
    float *to;
    int64_t in, out;
};

static dio_tensor *run(const dio_tensor *w, dio_type type, const float *taps, dio_gang_fn *fn,
                       dio_error *err)
{
    dio_tensor *t = dio_tensor_create("", &type, err);
    if (!t)
        return NULL;
    struct job j = {dio_tensor_data(w), taps, dio_tensor_data(t), w->type.dim[1], w->type.dim[0]};
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
    return run(w, dio_type_2d(DIO_F32, w->type.dim[0], w->type.dim[1]), NULL, squares_row, err);
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
    return run(w, dio_type_4d(DIO_F32, w->type.dim[1], w->type.dim[0], 3, 3), NULL, turned_row,
               err);
}

/* g of one axis: three numbers to six, of n = -3..2. Taps meet numbers in reverse. */
static void filtered(const double w[3], const float taps[4], double g[6])
{
    for (int n = -3; n <= 2; n++) {
        g[n + 3] = 0;
        for (int m = 0; m < 4; m++)
            if (n + m >= 0 && n + m < 3)
                g[n + 3] += (double)taps[3 - m] * w[n + m];
    }
}

/* Row or column e of the kernel for pixel p of the two: where it stands in g. */
static int at(int p, int e)
{
    return 1 - 2 * e + p + 3;
}

static void doubling_kernel(const float *w, const float taps[4], double both[6][6])
{
    double wide[9], rows[3][6], column[3];
    for (int k = 0; k < 9; k++)
        wide[k] = (double)w[k];
    for (int y = 0; y < 3; y++)
        filtered(wide + 3 * y, taps, rows[y]);
    for (int x = 0; x < 6; x++) {
        double g[6];
        for (int y = 0; y < 3; y++)
            column[y] = rows[y][x];
        filtered(column, taps, g);
        for (int y = 0; y < 6; y++)
            both[y][x] = g[y];
    }
}

static void doubling_row(void *user, int64_t o, int thread)
{
    (void)thread;
    const struct job *j = user;
    for (int64_t i = 0; i < j->in; i++) {
        double g[6][6];
        doubling_kernel(j->w + (o * j->in + i) * 9, j->taps, g);
        for (int p = 0; p < 4; p++) {
            float *to = j->to + ((4 * o + p) * j->in + i) * 9;
            for (int e = 0; e < 9; e++)
                to[e] = (float)g[at(p / 2, e / 3)][at(p % 2, e % 3)];
        }
    }
}

dio_tensor *modulated_doubling(const dio_tensor *w, const float taps[4], dio_error *err)
{
    return run(w, dio_type_4d(DIO_F32, 4 * w->type.dim[0], w->type.dim[1], 3, 3), taps,
               doubling_row, err);
}
