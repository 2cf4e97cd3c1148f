#pragma once
/* op.h: what an operator says about itself.
 *
 * An operator is one file in ops/ that ends in a `const dio_op`, and one line in ops.def. From
 * that line come its place in the build, the op sweep that tests it, docs/ops.md and the names in
 * traces. Nodes point at their dio_op, so there is no enum of operators and no switch over them.
 *
 * Rules for kernels
 *  - never allocate: ask for `workspace` bytes;
 *  - a result depends on its own inputs only: cut work by outputs, at boundaries that the shape
 *    alone gives; reductions run in one fixed order. Then any number of threads gives the same
 *    bits, and so does any batch or chunk when rows are computed alike whatever their number;
 *  - tails are computed by the same vector code as the rest (masked), never by a scalar twin;
 *  - an absent optional input or an unwanted output has data == NULL.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "tensor/graph.h"
#include "tensor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { DIO_MAX_IN = 10, DIO_MAX_OUT = 8 };

/* An operand of a running kernel. Strides are in elements; a broadcast dim has stride 0. */
typedef struct dio_view {
    void *data; /* NULL: not given */
    dio_dtype dtype;
    int nd;
    int64_t dim[DIO_MAX_DIMS];
    int64_t stride[DIO_MAX_DIMS];
} dio_view;

int64_t dio_view_count(const dio_view *v);
bool dio_view_is_dense(const dio_view *v);
/* Product of the dims before the last (rows of a dense view); last dim in *width. */
int64_t dio_view_rows(const dio_view *v, int64_t *width);

struct dio_op;
struct dio_cpu; /* tensor/cpu/cpu.h: the row kernels of the instruction set in use */

/* One invocation of a kernel. */
typedef struct dio_call {
    const struct dio_op *op;
    const void *attrs;
    int n_in, n_out;
    dio_view in[DIO_MAX_IN];
    dio_view out[DIO_MAX_OUT];
    const void *packed[DIO_MAX_IN]; /* see dio_op.pack_bytes; NULL: not packed */
    void *work;                     /* workspace(call) bytes, aligned to 64 */
    const struct dio_cpu *cpu;      /* on the CPU */
    void *stream;                   /* on CUDA: tensor/cuda's context */
} dio_call;

typedef struct dio_cost {
    double flops; /* multiply and add count as two */
    double bytes; /* read and written at least once */
} dio_cost;

/* A node as gradients see it. */
typedef struct dio_node {
    const struct dio_op *op;
    const void *attrs;
    int n_in, n_out;
    dio_val in[DIO_MAX_IN];
    dio_val out[DIO_MAX_OUT];
} dio_node;

/* One row of an operator's test cases. Inputs are filled with uniform numbers of lo..hi (both 0:
 * -1..1), integer inputs with 0..below-1. */
typedef struct dio_op_case {
    dio_type in[DIO_MAX_IN]; /* up to the first with nd < 0 or all zero; see DIO_T */
    int n_in;
    const void *attrs;
    float lo, hi;
    int below;
    const char *refused; /* not NULL: inference must fail with a message that contains this */
    bool no_grad;        /* gradient is not checked here (kinks, or too slow) */
} dio_op_case;

/* A type in a case: DIO_T(DIO_F32, 2, 3, 4). An absent optional input is DIO_T_NONE. */
#define DIO_T(dtype_, ...)                                                                         \
    {                                                                                              \
        (dtype_), (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)),                       \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define DIO_T_SCALAR                                                                               \
    {                                                                                              \
        DIO_F32, 0,                                                                                \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }
#define DIO_T_NONE                                                                                 \
    {                                                                                              \
        DIO_F32, -1,                                                                               \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }

enum {
    DIO_OP_STRIDED = 1, /* kernels take inputs with any strides; else the plan makes them dense */
    DIO_OP_VIEW = 2,    /* no kernel runs when `view` can express out[0] over in[0]'s memory */
    DIO_OP_INPLACE = 4, /* out[0] may be in[0]'s memory when it is dense and dies here */
    DIO_OP_WRITES = 8,  /* out[0] is in[0], a state, changed in place */
    DIO_OP_NODIFF = 16, /* has no gradient, and says so: differentiating through it is refused */
    DIO_OP_FLAT = 32,   /* of a NODIFF: its gradient is zero wherever there is one */
};

/* What a gradient answers for an operand whose gradient exists but is not provided. */
enum { DIO_NO_GRADIENT = -2 };

typedef struct dio_op {
    const char *name;
    const char *doc; /* one line: the formula and the shapes */
    int n_in_min, n_in_max, n_out;
    unsigned flags;
    size_t attrs_size;

    /* Types of the outputs from those of the inputs; absent inputs have nd == -1. Says why not. */
    bool (*infer)(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err);

    /* Plain C, double accumulation, any strides: the truth that the others are held to. */
    void (*reference)(const dio_call *c);
    /* The fast one; NULL: the reference is what runs. */
    void (*cpu)(const dio_call *c);
    /* Bytes that cpu needs in call.work; NULL: none. Views carry shapes, not data. */
    size_t (*workspace)(const dio_call *c);
    /* A weight (a param of an inference plan) may be re-laid once: bytes for input i, 0 for no. The
     * packed copy then comes in call.packed[i] and the original is not read again by this node. */
    size_t (*pack_bytes)(const dio_call *c, int i);
    void (*pack)(const dio_call *c, int i, void *out);

    /* Of a DIO_OP_VIEW: fills out's dims and strides and the offset in elements; false when these
     * strides cannot express it, and the kernel must copy. */
    bool (*view)(const dio_view *in, const void *attrs, dio_view *out, int64_t *offset);

    /* Appends what gives gin[i], the gradient of each input, from gout[j] of each output
     * (DIO_NONE: output not used). Leaves gin[i] = DIO_NONE where there is none, and says
     * DIO_NO_GRADIENT where there is one that it cannot give. */
    void (*grad)(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin);

    dio_cost (*cost)(const dio_call *c); /* NULL: elements in and out, one flop each */

    float tol;                /* fast against reference: |d| <= tol * (1 + max|reference|) */
    float tol_grad;           /* against central differences of the reference; 0: 1e-3 */
    const dio_op_case *cases; /* ends with a row of n_in == 0 */
} dio_op;

/* The registry, in ops.def's order. */
extern const dio_op *const dio_ops[];
extern const int dio_ops_count;
const dio_op *dio_op_find(const char *name);

/* Appends a node. `attrs` (op->attrs_size bytes) is copied. Outputs go to out[0..n_out). */
void dio_emit(dio_graph *g, const dio_op *op, const void *attrs, const dio_val *in, int n_in,
              dio_val *out);
/* The same for operators of which only the first output matters to the caller. */
dio_val dio_emit1(dio_graph *g, const dio_op *op, const void *attrs, const dio_val *in, int n_in);

/* For infer: sentences that every operator needs. `what` names the input. */
bool dio_want_float(const dio_type *t, const char *what, dio_error *err); /* f32 */
bool dio_want_dims(const dio_type *t, int lo, int hi, const char *what, dio_error *err);
bool dio_want_dim(const dio_type *t, int axis, int64_t size, const char *what, dio_error *err);
bool dio_want_same(const dio_type *a, const dio_type *b, const char *what, dio_error *err);

/* Element access for references: walks any strides. Integer and half types are widened. */
double dio_view_get(const dio_view *v, int64_t flat); /* flat: row-major index */
void dio_view_set(const dio_view *v, int64_t flat, double x);
int64_t dio_view_offset(const dio_view *v, int64_t flat); /* in elements */

#ifdef __cplusplus
}
#endif
