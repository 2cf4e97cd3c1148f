#pragma once
/* cudnn_graph.cuh: what is asked of cuDNN, through its backend API, and what it answered.
 *
 * A question is a key: the numbers that a graph of operations follows from. Its answer is an
 * execution plan, made once and kept in the device, or the knowledge that there is none. Only
 * engines are taken whose numerical notes the mode allows (cudnn_graph.cu).
 *
 * REPRO. cuDNN's heuristics look at the whole shape, so a picture would be computed by another
 * engine when it comes with others, or in stripes. A key may therefore name another one, the usual
 * shape of its layer: the engine and its knobs are then chosen for that, and taken for all shapes.
 * One engine with fixed knobs walks a sum in one order, whatever stands beside it.
 */
#include <cudnn.h>

#include "tensor/cuda/common.cuh"
#include "tensor/cuda/cudnn.cuh"

typedef cudnnBackendDescriptor_t dio_dnn_part;

enum { DIO_DNN_KEY = 24, DIO_DNN_PARTS = 96, DIO_DNN_OPS = 24, DIO_DNN_KNOBS = 48 };

/* Compared byte by byte: begin with memset. */
struct dio_dnn_key {
    int64_t n[DIO_DNN_KEY];
};

/* A graph of operations under way. After the first refusal `good` is false and nothing more is
 * asked, so that who builds need not look. */
struct dio_dnn_graph {
    bool good;
    int parts, ops;
    dio_dnn_part part[DIO_DNN_PARTS]; /* destroyed together */
    dio_dnn_part op[DIO_DNN_OPS];
};

struct dio_dnn_tensor {
    int64_t uid; /* by which a run gives it memory */
    cudnnDataType_t type;
    int64_t dim[4], stride[4];
    int64_t align; /* bytes that its address is a multiple of */
    bool between;  /* inside of the graph: has no memory */
    bool by_value; /* one number, on the host */
};

/* An engine and how its knobs stand. */
struct dio_dnn_engine {
    int64_t index;
    int knobs;
    cudnnBackendKnobType_t knob[DIO_DNN_KNOBS];
    int64_t value[DIO_DNN_KNOBS];
};

struct dio_dnn_answer {
    dio_dnn_key key;
    dio_dnn_part plan; /* NULL: cuDNN has none for this */
    size_t work;       /* bytes that it wants in a run */
    dio_dnn_engine engine;
    uint64_t used; /* when, for forgetting the oldest */
    bool pinned;   /* a recorded run holds its kernels */
};

/* Appends the operations that a key stands for. */
typedef void dio_dnn_describe(dio_dnn_graph *g, const dio_dnn_key *key);

/* The answer to a key, from memory or asked now; `usual` may be NULL. NULL when there is none. The
 * pointer holds until the next question. */
dio_dnn_answer *dio_dnn_ask(dio_cuda *d, const dio_dnn_key *key, const dio_dnn_key *usual,
                            dio_dnn_describe *describe);

/* Queues a plan: memory[i] is that of the tensor uid[i]. */
bool dio_dnn_run(dio_cuda *d, dio_dnn_answer *a, int count, const int64_t *uid, void *const *memory,
                 void *work);

/* Parts of a graph. What they return is of use only while g->good. */
dio_dnn_part dio_dnn_make(dio_dnn_graph *g, cudnnBackendDescriptorType_t type);
void dio_dnn_set(dio_dnn_graph *g, dio_dnn_part p, cudnnBackendAttributeName_t name,
                 cudnnBackendAttributeType_t type, int64_t count, const void *values);
void dio_dnn_set_part(dio_dnn_graph *g, dio_dnn_part p, cudnnBackendAttributeName_t name,
                      dio_dnn_part value);
void dio_dnn_seal(dio_dnn_graph *g, dio_dnn_part p);
void dio_dnn_append(dio_dnn_graph *g, dio_dnn_part op); /* sealed, an operation of the graph */
dio_dnn_part dio_dnn_tensor_part(dio_dnn_graph *g, const dio_dnn_tensor *t);
/* y = mode(x, b), and (x, b, t) for a selection; b and t may be NULL. `axis` is for indices. */
void dio_dnn_pointwise(dio_dnn_graph *g, cudnnPointwiseMode_t mode, cudnnDataType_t math,
                       dio_dnn_part x, dio_dnn_part b, dio_dnn_part t, dio_dnn_part y,
                       int64_t axis);
