#pragma once
/* device.h: where a plan runs.
 *
 * The CPU device picks its kernels at creation: DIORAMA_CPU=avx512vnni|avx512|avx2|generic forces
 * an instruction set (an error when this machine lacks it). The CUDA device is a module loaded at
 * run time; a machine without it simply has no such device.
 *
 * DIORAMA_MATH=fast lets a device round what products read, where its hardware is then faster:
 *  - the CPU multiplies weights stored in bf16 by activations rounded to bf16, where it has
 *    AVX512-BF16. A row's bits still do not depend on batch, chunk or threads, but on the
 * processor;
 *  - CUDA takes cuBLASLt and cuDNN with TF32 (and bf16, for attention and for kernels stored so),
 *    and bits do depend on the rows computed together.
 * The default is repro: f32 multiply-adds in one order, whatever type weights are stored in.
 *
 * DIORAMA_CUDA_GRAPH=off launches a run's kernels one by one, DIORAMA_CUDNN=off keeps convolutions
 * and attention on our own kernels: both are for finding out what is at fault.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/log.h"
#include "tensor/op.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum dio_math {
    DIO_MATH_REPRO,
    DIO_MATH_FAST,
} dio_math;

/* Weights that plans have put on the device: uploaded, or re-laid for one operator. Shared by all
 * plans of the device, so that prefill and decode keep one copy. */
typedef struct dio_resident {
    struct dio_resident *next;
    dio_tensor *tensor; /* referenced */
    const dio_op *op;   /* whose packing this is; NULL: the bytes as they are */
    void *memory;
    size_t bytes;
    int refs;
} dio_resident;

/* What a device can do. A device's struct begins with this. */
struct dio_device {
    const char *kind;          /* "cpu", "cuda" */
    char name[128];            /* "AVX-512 VNNI, 2 threads"; a GPU's own name */
    const char *math;          /* a sentence: how it computes products */
    bool host_memory;          /* its memory is ours: no copies needed */
    const struct dio_cpu *cpu; /* the row kernels, on the CPU */
    const dio_logger *log;     /* the owner's, set after opening; NULL: silence */
    dio_resident *resident;

    void *(*alloc)(dio_device *d, size_t bytes, dio_error *err); /* aligned to 256, zeroed */
    void (*release)(dio_device *d, void *memory);
    bool (*upload)(dio_device *d, void *to, const void *from, size_t bytes, dio_error *err);
    bool (*download)(dio_device *d, void *to, const void *from, size_t bytes, dio_error *err);
    bool (*copy)(dio_device *d, void *to, const void *from, size_t bytes, dio_error *err);
    size_t (*free_bytes)(dio_device *d);
    /* True when the device has a kernel for this operator. */
    bool (*supports)(dio_device *d, const dio_op *op);
    size_t (*workspace)(dio_device *d, const dio_call *c);
    bool (*run)(dio_device *d, dio_call *c, dio_error *err);
    bool (*sync)(dio_device *d, dio_error *err);
    /* What `run` is given between begin and end is recorded and not done; the tape that comes back
     * (NULL with a message: it cannot be) does all of it at every replay, with the addresses of
     * then. end follows every begin that went well. A device without tapes has no replay. */
    bool (*record_begin)(dio_device *d, dio_error *err);
    void *(*record_end)(dio_device *d, dio_error *err);
    bool (*replay)(dio_device *d, void *tape, dio_error *err);
    void (*erase)(dio_device *d, void *tape);
    void (*destroy)(dio_device *d);
};

/* The weight in the device's memory: packed for operand i of call c when `pack`, else as it is.
 * Every get is one reference, given back by dio_resident_unref. NULL with a message. */
dio_resident *dio_resident_get(dio_device *d, dio_tensor *t, const dio_call *c, int i, bool pack,
                               dio_error *err);
void dio_resident_unref(dio_device *d, dio_resident *r);
/* Frees all of them: for a device's destroy. */
void dio_resident_deinit(dio_device *d);

/* `kind`: "auto" (CUDA when there is one, else the CPU), "cpu" or "cuda"; computes as DIORAMA_MATH
 * says. */
dio_device *dio_device_open(const char *kind, dio_error *err);
dio_device *dio_device_open_math(const char *kind, dio_math math, dio_error *err);
dio_device *dio_device_cpu(dio_error *err); /* dio_device_open("cpu") */
dio_device *dio_device_cpu_create(dio_math math, dio_error *err);
void dio_device_close(dio_device *d); /* NULL is fine */

#ifdef __cplusplus
}
#endif
