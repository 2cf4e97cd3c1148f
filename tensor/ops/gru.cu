/* gru.cu: torch.nn.GRU and its way back; the formulas stand in gru.c. */
#include "tensor/cuda/recurrence.cuh"

enum { X, H0, W_IH, W_HH, B_IH, B_HH };

struct step {
    float *gates, *y; /* of this step: rows gates_row and y_row apart */
    const float *sums;
    dio_before before;
    int64_t gates_row, y_row;
    int64_t batch, h;
};

static __global__ void cells(step s)
{
    DIO_EACH(i, s.batch * s.h) {
        int64_t b = i / s.h, j = i % s.h, h = s.h;
        float *g = s.gates + b * s.gates_row;
        const float *sum = s.sums + b * 3 * h;
        float r = dio_sigmoid_of(g[j] + sum[j]), z = dio_sigmoid_of(g[h + j] + sum[h + j]);
        float hidden = sum[2 * h + j], n = tanhf(g[2 * h + j] + r * hidden);
        s.y[b * s.y_row + j] = n + z * (s.before.at[b * s.before.row + j] - n);
        g[j] = r;
        g[h + j] = z;
        g[2 * h + j] = n;
        g[3 * h + j] = hidden;
    }
}

static size_t workspace(dio_cuda *d, const dio_call *c)
{
    (void)d;
    int64_t rows = c->in[X].dim[0] * c->in[X].dim[1], h = c->in[H0].dim[1];
    return dio_piece(rows * 4 * h) + dio_piece(rows * h) + dio_piece(c->in[X].dim[0] * 3 * h);
}

static void keep_last(dio_cuda *d, const dio_call *c, int out, const float *y)
{
    int64_t batch = c->in[X].dim[0], steps = c->in[X].dim[1], h = c->in[H0].dim[1];
    dio_before last = dio_state_before(y, dio_in<float>(c, H0), steps, steps, h);
    dio_view from = c->in[H0], to = c->in[H0];
    if (!c->out[out].data || batch * h == 0)
        return;
    from.data = const_cast<float *>(last.at);
    from.stride[0] = last.row;
    to.data = c->out[out].data;
    dio_cuda_copy_view(d, &from, &to);
}

static void run(dio_cuda *d, const dio_call *c)
{
    int64_t batch = c->in[X].dim[0], steps = c->in[X].dim[1], in = c->in[X].dim[2];
    int64_t h = c->in[H0].dim[1];
    unsigned char *work = static_cast<unsigned char *>(c->work);
    float *own_gates = dio_take(&work, batch * steps * 4 * h);
    float *own_y = dio_take(&work, batch * steps * h), *sums = dio_take(&work, batch * 3 * h);
    float *gates = c->out[2].data ? dio_out<float>(c, 2) : own_gates;
    float *y = c->out[0].data ? dio_out<float>(c, 0) : own_y;
    dio_project(d, batch * steps, 3 * h, in, dio_in<float>(c, X), in, dio_in<float>(c, W_IH),
                c->n_in > B_IH ? dio_in<float>(c, B_IH) : NULL, gates, 4 * h);
    for (int64_t t = 0; t < steps && batch * h > 0; t++) {
        dio_before before = dio_state_before(y, dio_in<float>(c, H0), t, steps, h);
        step s = {gates + t * 4 * h, y + t * h, sums, before, steps * 4 * h, steps * h, batch, h};
        dio_project(d, batch, 3 * h, h, before.at, before.row, dio_in<float>(c, W_HH),
                    c->n_in > B_HH ? dio_in<float>(c, B_HH) : NULL, sums, 3 * h);
        DIO_LAUNCH(d, cells, dio_blocks(batch * h), DIO_BLOCK, 0, s);
    }
    keep_last(d, c, 1, y);
}

enum { GATES, Y, BACK_H0, BACK_W, GY, GH };

struct step_back {
    const float *gates, *gy; /* of this step; gy may be NULL */
    dio_before before;
    float *di, *ds, *carry; /* di may be NULL */
    int64_t gates_row, y_row, di_row, ds_row;
    int64_t batch, h;
};

static __global__ void cells_back(step_back s)
{
    DIO_EACH(i, s.batch * s.h) {
        int64_t b = i / s.h, j = i % s.h, h = s.h;
        const float *g = s.gates + b * s.gates_row;
        float dh = s.carry[i] + (s.gy ? s.gy[b * s.y_row + j] : 0.0f);
        float r = g[j], z = g[h + j], n = g[2 * h + j], hidden = g[3 * h + j];
        float dn = dh * (1.0f - z) * (1.0f - n * n), dr = dn * hidden * r * (1.0f - r);
        float dz = dh * (s.before.at[b * s.before.row + j] - n) * z * (1.0f - z);
        float *ds = s.ds + b * s.ds_row;
        ds[j] = dr;
        ds[h + j] = dz;
        ds[2 * h + j] = dn * r;
        if (s.di) {
            float *di = s.di + b * s.di_row;
            di[j] = dr;
            di[h + j] = dz;
            di[2 * h + j] = dn;
        }
        s.carry[i] = dh * z;
    }
}

static size_t back_workspace(dio_cuda *d, const dio_call *c)
{
    (void)d;
    int64_t floats = c->in[Y].dim[0] * c->in[Y].dim[2];
    return dio_piece(floats) + dio_piece(3 * floats);
}

static void run_back(dio_cuda *d, const dio_call *c)
{
    int64_t batch = c->in[Y].dim[0], steps = c->in[Y].dim[1], h = c->in[Y].dim[2];
    unsigned char *work = static_cast<unsigned char *>(c->work);
    float *carry = dio_take(&work, batch * h), *own = dio_take(&work, batch * 3 * h);
    float *di = dio_out<float>(c, 0), *ds = dio_out<float>(c, 1);
    const float *gy = c->n_in > GY ? dio_in<float>(c, GY) : NULL;
    dio_start_state(d, carry, c->n_in > GH ? dio_in<float>(c, GH) : NULL, batch * h);
    for (int64_t t = steps - 1; t >= 0 && batch * h > 0; t--) {
        step_back s;
        s.gates = dio_in<float>(c, GATES) + t * 4 * h;
        s.gates_row = steps * 4 * h;
        s.gy = gy ? gy + t * h : NULL;
        s.y_row = steps * h;
        s.before = dio_state_before(dio_in<float>(c, Y), dio_in<float>(c, BACK_H0), t, steps, h);
        s.di = di ? di + t * 3 * h : NULL;
        s.di_row = steps * 3 * h;
        s.ds = ds ? ds + t * 3 * h : own;
        s.ds_row = ds ? steps * 3 * h : 3 * h;
        s.carry = carry;
        s.batch = batch;
        s.h = h;
        DIO_LAUNCH(d, cells_back, dio_blocks(batch * h), DIO_BLOCK, 0, s);
        dio_project_back(d, batch, h, 3 * h, s.ds, s.ds_row, dio_in<float>(c, BACK_W), carry);
    }
    if (c->out[2].data)
        dio_start_state(d, dio_out<float>(c, 2), carry, batch * h);
}

DIO_CUDA_KERNEL(gru, workspace, run)
DIO_CUDA_KERNEL(gru_grad, back_workspace, run_back)
