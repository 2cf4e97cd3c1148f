#pragma once
/* cpu.h: the CPU's row kernels, one table for each instruction set.
 *
 * kernels_tmpl.c is compiled once for each set with the widest vectors it has; the tables differ
 * only in speed and last bits. Operators call through call->cpu and bring the threads themselves.
 * A tail shorter than a vector goes through the same vector code on padded data, so the bits of
 * an element never depend on its neighbours or on how a span was cut.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "tensor/ops.h"

typedef enum dio_isa {
    DIO_ISA_GENERIC,
    DIO_ISA_AVX2,   /* with FMA and F16C */
    DIO_ISA_AVX512, /* F, BW, DQ, VL */
    DIO_ISA_AVX512VNNI,
} dio_isa;

/* One register tile of a product: C[rows,cols] = (C +) A[rows,k] x B[k,cols]. Every element is one
 * chain of fused multiply-adds over k in rising order, started from 0 or from C. */
typedef struct dio_tile {
    int64_t k;
    const float *a;
    int64_t a_row, a_col; /* strides in elements */
    const float *b;
    int64_t b_row; /* columns are contiguous; beyond cols nothing is read */
    float *c;
    int64_t c_row;
    int rows, cols; /* 1..mr, 1..nr */
    bool accumulate;
} dio_tile;

/* A tile of a convolution along a signal: y[rows,cols] = bias (or y) + the sums over channels, and
 * in each over taps, both in rising order, of w[row] * x[at[tap] + col]; then + add. */
typedef struct dio_line_tile {
    int64_t channels, taps;
    const float *w; /* [channels][taps][rows] */
    const float *x; /* [channels] rows; up to nr places past a tap's first are read */
    int64_t x_row;
    const int64_t *at; /* [taps] */
    const float *bias; /* [rows] or NULL */
    const float *add;  /* like y, or NULL */
    float *y;
    int64_t y_row;
    int rows, cols; /* 1..mr, 1..nr */
    bool accumulate;
} dio_line_tile;

/* How a convolution along a signal is computed at a few points: see toom.c. Four results of a tile
 * come from `points` numbers: pairs of points +-a, infinity, and with an even number of points 0.
 * They stand in the order 0, a, -a, b, -b, .., infinity. */
enum { DIO_TOOM_RESULTS = 4, DIO_TOOM_TAPS = 7, DIO_TOOM_POINTS = 10, DIO_TOOM_PAIRS = 4 };
typedef struct dio_toom_form {
    int points, pairs;
    int pieces, taps;              /* of a kernel, four taps from one to the next; of the last */
    float all[DIO_TOOM_PAIRS + 1]; /* the product of x^2 - a^2 over all pairs, by powers of x^2 */
    float even[DIO_TOOM_PAIRS][DIO_TOOM_PAIRS]; /* over all but this one, */
    float odd[DIO_TOOM_PAIRS][DIO_TOOM_PAIRS];  /* and times its a */
    float kernel[DIO_TOOM_POINTS][DIO_TOOM_TAPS];
    float back[DIO_TOOM_PAIRS][DIO_TOOM_RESULTS]; /* powers of a */
} dio_toom_form;

/* Rows of a signal, in order, to points. A lane is one of `dilation` interleaved tiles. */
typedef struct dio_toom_in {
    const dio_toom_form *form;
    bool leaky; /* x is leaky_relu(x, slope); where dilation is 1 */
    float slope;
    const float *x; /* [channels][..] from the first lane's first number on */
    int64_t x_row, channels, dilation, tiles;
    float *parts; /* room for 4 rows of tiles * dilation numbers and nr more */
    int64_t part;
    float *v; /* [points][channels][lanes], whole vectors are written */
    int64_t v_point, v_row, lanes;
} dio_toom_in;

/* Sums at points to results. */
typedef struct dio_toom_out {
    const dio_toom_form *form;
    const float *sums; /* [points][rows][nr] */
    int64_t point;
    const float *bias; /* [rows] or NULL */
    float *y;          /* [rows][4][lanes], whole vectors */
    int64_t y_row, y_part;
    int rows, lanes; /* 1..mr, 1..nr */
} dio_toom_out;

/* A tile's sums for 1..DIO_STRIP_ROWS rows over many packed panels, streamed from memory. */
enum { DIO_STRIP_ROWS = 4 };
typedef struct dio_strip {
    int64_t k;
    const float *a;
    int64_t a_row, a_col;
    int rows;
    const void *packed; /* panels [k][nr] one after the other */
    dio_dtype dtype;    /* F32, BF16, F16 */
    float *c;
    int64_t c_row, cols; /* cols from the first panel's first column on */
    bool accumulate;
} dio_strip;

/* The fast mode's tile and strip, for weights in bf16: a lane of 32 bits holds two neighbours of k,
 * rounded to bf16, and one instruction adds both products to the sum. In dio_tile and dio_strip k
 * then counts pairs, and what are floats otherwise (a, b, packed) are pairs. */
typedef struct dio_pairs {
    const char *name; /* "avx512_bf16" */
    void (*tile)(const dio_tile *t);
    void (*strip)(const dio_strip *s); /* dtype is not looked at */
    /* n numbers rounded to nearest even, as (n + 1) / 2 pairs; a zero completes the last. */
    void (*round)(float *out, const float *x, int64_t n);
    double (*peak)(int64_t rounds, float *keep); /* as peak_fma below */
} dio_pairs;

/* Winograd's transforms: see winograd.c. Lanes are tiles; those of a strip lie in runs, side by
 * side in one picture. A tile has m x m results and reaches (m + 2) x (m + 2) numbers, m 4 or 2. */
typedef struct dio_tile_run {
    int64_t image, y, x; /* the first tile's first result */
    int first, count;    /* lanes */
} dio_tile_run;

typedef struct dio_wino_in {
    const float *x;                  /* the first channel of the first picture */
    int64_t image, plane, h, w, row; /* row: floats from one to the next */
    int64_t py, px;                  /* rows and columns of zeros before the first */
    int doubled; /* 1: h x w are those of the picture enlarged twofold, nearest neighbours */
    int64_t channels;
    const dio_tile_run *run;
    int runs, m;
    float *v; /* [(m + 2)^2][channels][nr], VN lanes of each written */
    int64_t v_step;
} dio_wino_in;

typedef struct dio_wino_out {
    const float *m_at; /* [(m + 2)^2][channels][..] */
    int64_t m_step, m_row;
    float *y; /* the first channel of the first picture */
    int64_t image, plane, h, w;
    const float *bias; /* [channels] or NULL */
    int64_t channels;
    const dio_tile_run *run;
    int runs, m;
} dio_wino_out;

typedef struct dio_wino_kernel {
    const void *w; /* tap t of channel k for lane r: w[r * lane + k * channel + t] */
    int dtype;
    int64_t lane, channel, channels;
    int lanes, m;
    bool flip; /* taps in reverse */
    float *u;  /* [(m + 2)^2][channels][mr] and a little room */
    int64_t u_step;
} dio_wino_kernel;

/* A row of a norm, backwards. With xhat = (x - mean) * scale and g = dy * w:
 * dx = scale * (g - [centred] mean(g) - xhat * mean(g * xhat)), dw += dy * xhat, db += dy. */
typedef struct dio_norm_row {
    float *dx, *dw, *db;     /* each may be NULL */
    const float *dy, *x, *w; /* w may be NULL: ones */
    int64_t n;
    float mean, scale; /* as the forward left them; mean is 0 when not centred */
    bool centred;
} dio_norm_row;

/* One query's scores against a tile of keys. Attention walks keys in tiles at multiples of 64, so
 * that no chunking of queries or keys changes a sum's order. */
enum { DIO_KEY_TILE = 64 };
typedef struct dio_score_row {
    float *s;          /* [64] products in, weights out */
    float scale;       /* of the products */
    const float *mask; /* added; NULL: none */
    int64_t mask_step; /* 0 or 1 */
    int from, to;      /* the keys of this tile that the query sees */
    float softcap;     /* 0: none */
    float *top, *sum;  /* forward: greatest score and sum of weights so far */
    float *out;        /* forward: [size] sum of weighted values so far, rescaled to the new top */
    int64_t size;
    float lse, delta; /* backward: log sum exp of the query; sum of dout * out */
    float *d;         /* backward: [64] gradients of the weights in, of the products out */
    float *dmask;     /* backward: [64] gradient of the mask's entries, or NULL */
} dio_score_row;

typedef struct dio_cpu {
    dio_isa isa;
    const char *name; /* "avx512" */

    /* y[i] = f(x[i]); y may be x. */
    void (*unary[32])(float *y, const float *x, int64_t n, float p,
                      float q); /* by enum dio_unary */
    /* dx[i] = dy[i] * f'(x[i]) */
    void (*unary_grad[32])(float *dx, const float *dy, const float *x, int64_t n, float p, float q);
    /* y = act(a) * b, and its two gradients; act is an enum dio_unary. */
    void (*glu)(int act, float *y, const float *a, const float *b, int64_t n);
    void (*glu_grad)(int act, float *da, float *db, const float *dy, const float *a, const float *b,
                     int64_t n);
    /* z = x op y on spans; a zero stride repeats the first element. */
    void (*add)(float *z, const float *x, const float *y, int64_t n, int x_step, int y_step);
    void (*sub)(float *z, const float *x, const float *y, int64_t n, int x_step, int y_step);
    void (*mul)(float *z, const float *x, const float *y, int64_t n, int x_step, int y_step);
    void (*div)(float *z, const float *x, const float *y, int64_t n, int x_step, int y_step);
    void (*max)(float *z, const float *x, const float *y, int64_t n, int x_step, int y_step);
    void (*min)(float *z, const float *x, const float *y, int64_t n, int x_step, int y_step);
    void (*axpb)(float *y, const float *x, int64_t n, float a, float b);
    void (*fma_span)(float *y, const float *x, int64_t n, float a); /* y += a * x */

    /* Rows of n: sums in one fixed order. */
    float (*sum)(const float *x, int64_t n);
    float (*sum_squares)(const float *x, int64_t n);
    float (*dot)(const float *x, const float *y, int64_t n);
    float (*max_of)(const float *x, int64_t n);
    /* y = exp(x - m); returns the sum of y. */
    float (*exp_sum)(float *y, const float *x, int64_t n, float m);
    /* One row of each norm. stats: mean, 1/std (layer) or 1/rms in [0]; may be NULL. */
    void (*layer_norm)(float *y, const float *x, const float *w, const float *b, int64_t n,
                       float eps, float stats[2]);
    void (*rms_norm)(float *y, const float *x, const float *w, int64_t n, float eps,
                     float stats[1]);
    void (*norm_grad)(const dio_norm_row *r);
    void (*score_row)(const dio_score_row *r);
    void (*score_row_grad)(const dio_score_row *r);
    void (*to_f32)(float *y, const void *x, int dtype, int64_t n); /* from bf16 or f16 */
    void (*from_f32)(void *y, const float *x, int dtype, int64_t n);

    /* GEMM's inner parts: see gemm.h. */
    int mr, nr; /* the register tile, rows x columns */
    void (*tile)(const dio_tile *t);
    void (*line)(const dio_line_tile *t);  /* see line.c */
    void (*toom_in)(const dio_toom_in *p); /* see toom.c */
    void (*toom_out)(const dio_toom_out *p);
    /* One row of results [4][..], as lanes stand, to their places: 4 * dilation * tiles numbers,
     * and up to 2 nr beyond them; none where dilation is 1 and tiles are whole vectors. There
     * `add`, if not NULL, is added. */
    void (*toom_join)(float *y, const float *add, const float *parts, int64_t part,
                      int64_t dilation, int64_t tiles);
    /* u [points][channels][pieces][rows] of w [channels][taps][rows], rows 1..mr. */
    void (*toom_kernel)(const dio_toom_form *f, const float *w, int64_t channels, int taps,
                        int rows, float *u, int64_t u_point);
    /* out[c * out_row + r] = in[r * in_row + c] for r < rows, c < cols. */
    void (*transpose)(float *out, int64_t out_row, const float *in, int64_t in_row, int64_t rows,
                      int64_t cols);
    void (*strip)(const dio_strip *s);
    /* out[r * out_row + c] = in[r * in_row + c] for few columns. */
    void (*copy_block)(float *out, int64_t out_row, const float *in, int64_t in_row, int64_t rows,
                       int64_t cols);

    void (*wino_in)(const dio_wino_in *p);
    void (*wino_out)(const dio_wino_out *p);
    void (*wino_kernel)(const dio_wino_kernel *p);
    void (*wino_slope)(const dio_wino_in *p); /* of a result's gradient, as if it were a picture */
    int lanes;                                /* VN: tiles of a strip */

    /* Not NULL: products with bf16 weights are computed by these. No constant table has them: the
     * device sets them in its copy when the fast mode is asked for. */
    const dio_pairs *pairs;

    /* The machine's limits, for `diorama bench`: operations done in registers (8-bit ones with
     * VNNI, else NULL), and n floats read. `keep` makes the work observable. */
    double (*peak_fma)(int64_t rounds, float *keep);
    double (*peak_vnni)(int64_t rounds, float *keep);
    void (*peak_read)(const float *x, int64_t n, float *keep);
} dio_cpu;

/* Which function stands where in unary[]. */
enum dio_unary {
    DIO_U_NEG,
    DIO_U_ABS,
    DIO_U_EXP,
    DIO_U_LOG,
    DIO_U_SQRT,
    DIO_U_RSQRT,
    DIO_U_SQUARE,
    DIO_U_RECIPROCAL,
    DIO_U_SIN,
    DIO_U_COS,
    DIO_U_TANH,
    DIO_U_SIGMOID,
    DIO_U_RELU,
    DIO_U_LEAKY_RELU,
    DIO_U_ELU,
    DIO_U_GELU,
    DIO_U_GELU_TANH,
    DIO_U_GELU_QUICK,
    DIO_U_SILU,
    DIO_U_SOFTPLUS,
    DIO_U_MISH,
    DIO_U_HARDSWISH,
    DIO_U_CLAMP,
    DIO_U_COUNT,
};

/* Where an activation stands in unary[]; -1 for DIO_ACT_NONE. */
int dio_act_unary(dio_act act);

/* The table for the best set of this machine, or the one that DIORAMA_CPU names; NULL with a
 * message when it names one that is unknown or missing here. */
const dio_cpu *dio_cpu_select(dio_error *err);
/* The fast mode's kernels that go with a table on this machine, or NULL. */
const dio_pairs *dio_cpu_pairs(const dio_cpu *cpu);
/* The table of one set, or NULL when this machine (or build) lacks it: for tests. */
const dio_cpu *dio_cpu_table(dio_isa isa);
