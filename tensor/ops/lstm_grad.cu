/* lstm_grad.cu: LSTM backwards through time; the formulas stand in lstm_grad.c. */
#include "tensor/cuda/recurrence.cuh"

enum { GATES, CELLS, C0, W_HH, GY, GH, GC };
enum { OUT_SUMS, OUT_H0, OUT_C0 };

struct step {
    const float *gates, *now, *gy; /* of this step; gy may be NULL */
    dio_before before;             /* of the cells */
    float *sums, *carry, *dc;
    int64_t sums_row, steps, batch, h;
};

static __global__ void cells_back(step s)
{
    DIO_EACH(i, s.batch * s.h) {
        int64_t b = i / s.h, j = i % s.h, h = s.h, row = b * s.steps * h + j;
        const float *g = s.gates + b * s.steps * 4 * h;
        float in = g[j], forget = g[h + j], write = g[2 * h + j], out = g[3 * h + j];
        float squashed = tanhf(s.now[row]), dh = s.carry[i] + (s.gy ? s.gy[row] : 0.0f);
        float dc = s.dc[i] + dh * out * (1.0f - squashed * squashed);
        float *sums = s.sums + b * s.sums_row;
        sums[j] = dc * write * in * (1.0f - in);
        sums[h + j] = dc * s.before.at[b * s.before.row + j] * forget * (1.0f - forget);
        sums[2 * h + j] = dc * in * (1.0f - write * write);
        sums[3 * h + j] = dh * squashed * out * (1.0f - out);
        s.dc[i] = dc * forget;
        s.carry[i] = 0.0f; /* the product with w_hh is all that reaches the state before */
    }
}

static size_t workspace(dio_cuda *d, const dio_call *c)
{
    (void)d;
    int64_t floats = dio_count(&c->in[C0]);
    return 2 * dio_piece(floats) + dio_piece(4 * floats);
}

static void run(dio_cuda *d, const dio_call *c)
{
    int64_t batch = c->in[CELLS].dim[0], steps = c->in[CELLS].dim[1], h = c->in[CELLS].dim[2];
    unsigned char *work = static_cast<unsigned char *>(c->work);
    float *carry = dio_take(&work, batch * h), *dc = dio_take(&work, batch * h);
    float *own = dio_take(&work, batch * 4 * h), *sums = dio_out<float>(c, OUT_SUMS);
    const float *gy = c->n_in > GY ? dio_in<float>(c, GY) : NULL;
    dio_start_state(d, carry, c->n_in > GH ? dio_in<float>(c, GH) : NULL, batch * h);
    dio_start_state(d, dc, c->n_in > GC ? dio_in<float>(c, GC) : NULL, batch * h);
    for (int64_t t = steps - 1; t >= 0 && batch * h > 0; t--) {
        step s;
        s.gates = dio_in<float>(c, GATES) + t * 4 * h;
        s.now = dio_in<float>(c, CELLS) + t * h;
        s.gy = gy ? gy + t * h : NULL;
        s.before = dio_state_before(dio_in<float>(c, CELLS), dio_in<float>(c, C0), t, steps, h);
        s.sums = sums ? sums + t * 4 * h : own;
        s.sums_row = sums ? steps * 4 * h : 4 * h;
        s.carry = carry;
        s.dc = dc;
        s.steps = steps;
        s.batch = batch;
        s.h = h;
        DIO_LAUNCH(d, cells_back, dio_blocks(batch * h), DIO_BLOCK, 0, s);
        dio_project_back(d, batch, h, 4 * h, s.sums, s.sums_row, dio_in<float>(c, W_HH), carry);
    }
    if (c->out[OUT_H0].data)
        dio_start_state(d, dio_out<float>(c, OUT_H0), carry, batch * h);
    if (c->out[OUT_C0].data)
        dio_start_state(d, dio_out<float>(c, OUT_C0), dc, batch * h);
}

DIO_CUDA_KERNEL(lstm_grad, workspace, run)
