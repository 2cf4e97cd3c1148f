/* norm_rows.c: see norm_rows.h. */
#include "tensor/ops/norm_rows.h"

#include <math.h>
#include <string.h>

#include "tensor/ops/spans.h"

enum { BLOCKS_MOST = 64, BLOCK_ROWS = 16 };

bool dio_norm_infer(const dio_type *x, const dio_type *w, const dio_type *b, dio_error *err)
{
    if (!dio_want_float(x, "the input", err) ||
        !dio_want_dims(x, 1, DIO_MAX_DIMS, "the input", err))
        return false;
    const int64_t width = x->dim[x->nd - 1];
    if (w->nd >= 0 &&
        (!dio_want_float(w, "the weight", err) || !dio_want_dims(w, 1, 1, "the weight", err) ||
         !dio_want_dim(w, 0, width, "the weight", err)))
        return false;
    if (b->nd >= 0 &&
        (!dio_want_float(b, "the bias", err) || !dio_want_dims(b, 1, 1, "the bias", err) ||
         !dio_want_dim(b, 0, width, "the bias", err)))
        return false;
    return true;
}

struct job {
    const dio_norm_grad *n;
    int64_t rows, width, block, blocks;
    float *partial; /* [blocks][2][width] */
};

static void cut(struct job *j, const dio_view *x)
{
    j->rows = dio_view_rows(x, &j->width);
    j->block = (j->rows + BLOCKS_MOST - 1) / BLOCKS_MOST;
    j->block = j->block < BLOCK_ROWS ? BLOCK_ROWS : j->block;
    j->blocks = (j->rows + j->block - 1) / j->block;
}

size_t dio_norm_grad_work(const dio_view *x)
{
    struct job j;
    cut(&j, x);
    return (size_t)(j.blocks * 2 * j.width) * sizeof(float);
}

static void do_block(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    const dio_norm_grad *n = j->n;
    float *dw = j->partial + item * 2 * j->width;
    memset(dw, 0, (size_t)(2 * j->width) * sizeof *dw);
    dio_norm_row r = {.dw = n->dw ? dw : NULL,
                      .db = n->db ? dw + j->width : NULL,
                      .w = n->w.data,
                      .n = j->width,
                      .centred = n->centred};
    const int64_t end = (item + 1) * j->block < j->rows ? (item + 1) * j->block : j->rows;
    for (int64_t i = item * j->block; i < end; i++) {
        const float *stats = (const float *)n->stats.data + i * (n->centred ? 2 : 1);
        r.mean = n->centred ? stats[0] : 0;
        r.scale = n->centred ? stats[1] : stats[0];
        r.dy = (const float *)n->dy.data + i * j->width;
        r.x = (const float *)n->x.data + i * j->width;
        r.dx = n->dx ? n->dx + i * j->width : NULL;
        n->c->cpu->norm_grad(&r);
    }
}

void dio_norm_grad_cpu(const dio_norm_grad *n)
{
    struct job j = {.n = n, .partial = n->c->work};
    cut(&j, &n->x);
    dio_gang_run(j.blocks, do_block, &j);
    float *const out[2] = {n->dw, n->db};
    for (int k = 0; k < 2; k++) {
        if (!out[k])
            continue;
        memset(out[k], 0, (size_t)j.width * sizeof(float));
        for (int64_t b = 0; b < j.blocks; b++)
            n->c->cpu->add(out[k], out[k], j.partial + (b * 2 + k) * j.width, j.width, 1, 1);
    }
}

static double hat_of(const dio_norm_grad *n, int64_t row, int64_t at)
{
    const double scale = dio_view_get(&n->stats, n->centred ? 2 * row + 1 : row);
    const double mean = n->centred ? dio_view_get(&n->stats, 2 * row) : 0;
    return (dio_view_get(&n->x, at) - mean) * scale;
}

static double slope_of(const dio_norm_grad *n, int64_t at, int64_t k)
{
    return dio_view_get(&n->dy, at) * (n->w.data ? dio_view_get(&n->w, k) : 1);
}

static void reference_row(const dio_norm_grad *n, int64_t row, int64_t width)
{
    double slopes = 0, along = 0;
    const double scale = dio_view_get(&n->stats, n->centred ? 2 * row + 1 : row);
    for (int64_t k = 0; k < width; k++) {
        const int64_t at = row * width + k;
        slopes += n->centred ? slope_of(n, at, k) / (double)width : 0;
        along += slope_of(n, at, k) * hat_of(n, row, at) / (double)width;
    }
    for (int64_t k = 0; k < width; k++) {
        const int64_t at = row * width + k;
        n->dx[at] = (float)(scale * (slope_of(n, at, k) - slopes - hat_of(n, row, at) * along));
    }
}

void dio_norm_grad_reference(const dio_norm_grad *n)
{
    int64_t width, rows = dio_view_rows(&n->x, &width);
    for (int64_t i = 0; i < rows && n->dx; i++)
        reference_row(n, i, width);
    for (int64_t k = 0; k < width; k++) {
        double dw = 0, db = 0;
        for (int64_t i = 0; i < rows; i++) {
            const int64_t at = i * width + k;
            dw += dio_view_get(&n->dy, at) * hat_of(n, i, at);
            db += dio_view_get(&n->dy, at);
        }
        if (n->dw)
            n->dw[k] = (float)dw;
        if (n->db)
            n->db[k] = (float)db;
    }
}
