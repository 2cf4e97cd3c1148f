/* lstm.cu: torch.nn.LSTM; the formulas stand in lstm.c. */
#include "tensor/cuda/recurrence.cuh"

enum { X, H0, C0, W_IH, W_HH, B_IH, B_HH };
enum { OUT_Y, OUT_H, OUT_C, OUT_GATES, OUT_CELLS };

struct step {
    float *gates, *y, *now; /* of this step */
    const float *sums;
    dio_before before; /* of the cells */
    int64_t steps, batch, h;
};

static __global__ void cells(step s)
{
    DIO_EACH(i, s.batch * s.h) {
        int64_t b = i / s.h, j = i % s.h, h = s.h;
        float *g = s.gates + b * s.steps * 4 * h;
        const float *sum = s.sums + b * 4 * h;
        float in = dio_sigmoid_of(g[j] + sum[j]), forget = dio_sigmoid_of(g[h + j] + sum[h + j]);
        float write = tanhf(g[2 * h + j] + sum[2 * h + j]);
        float out = dio_sigmoid_of(g[3 * h + j] + sum[3 * h + j]);
        float cell = forget * s.before.at[b * s.before.row + j] + in * write;
        s.now[b * s.steps * h + j] = cell;
        s.y[b * s.steps * h + j] = out * tanhf(cell);
        g[j] = in;
        g[h + j] = forget;
        g[2 * h + j] = write;
        g[3 * h + j] = out;
    }
}

static size_t workspace(dio_cuda *d, const dio_call *c)
{
    (void)d;
    int64_t rows = c->in[X].dim[0] * c->in[X].dim[1], h = c->in[H0].dim[1];
    return dio_piece(rows * 4 * h) + 2 * dio_piece(rows * h) + dio_piece(c->in[X].dim[0] * 4 * h);
}

/* The history's last row of each example, or the first state when there were no steps. */
static void keep_last(dio_cuda *d, const dio_call *c, int out, int first, const float *history)
{
    int64_t steps = c->in[X].dim[1], h = c->in[H0].dim[1];
    dio_before last = dio_state_before(history, dio_in<float>(c, first), steps, steps, h);
    dio_view from = c->in[H0], to = c->in[H0];
    if (!c->out[out].data || dio_count(&to) == 0)
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
    float *own_y = dio_take(&work, batch * steps * h);
    float *own_cells = dio_take(&work, batch * steps * h);
    float *sums = dio_take(&work, batch * 4 * h);
    float *gates = c->out[OUT_GATES].data ? dio_out<float>(c, OUT_GATES) : own_gates;
    float *y = c->out[OUT_Y].data ? dio_out<float>(c, OUT_Y) : own_y;
    float *history = c->out[OUT_CELLS].data ? dio_out<float>(c, OUT_CELLS) : own_cells;
    dio_project(d, batch * steps, 4 * h, in, dio_in<float>(c, X), in, dio_in<float>(c, W_IH),
                c->n_in > B_IH ? dio_in<float>(c, B_IH) : NULL, gates, 4 * h);
    for (int64_t t = 0; t < steps && batch * h > 0; t++) {
        dio_before state = dio_state_before(y, dio_in<float>(c, H0), t, steps, h);
        dio_before cell = dio_state_before(history, dio_in<float>(c, C0), t, steps, h);
        step s = {gates + t * 4 * h, y + t * h, history + t * h, sums, cell, steps, batch, h};
        dio_project(d, batch, 4 * h, h, state.at, state.row, dio_in<float>(c, W_HH),
                    c->n_in > B_HH ? dio_in<float>(c, B_HH) : NULL, sums, 4 * h);
        DIO_LAUNCH(d, cells, dio_blocks(batch * h), DIO_BLOCK, 0, s);
    }
    keep_last(d, c, OUT_H, H0, y);
    keep_last(d, c, OUT_C, C0, history);
}

DIO_CUDA_KERNEL(lstm, workspace, run)
