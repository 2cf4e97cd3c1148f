/* device_cpu.c: the CPU as a device: memory is memory, and running is calling. The fast mode is a
 * copy of the kernels' table with the one entry that no constant table has. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/gang.h"
#include "base/room.h"
#include "tensor/cpu/cpu.h"
#include "tensor/device.h"

struct cpu_device {
    dio_device base;
    dio_cpu cpu;
};

/* Every block begins with its size, so that it can be unmapped. */
enum { HEAD = 256 };

static void *cpu_alloc(dio_device *d, size_t bytes, dio_error *err)
{
    (void)d;
    unsigned char *block = MAP_FAILED;
    if (bytes <= SIZE_MAX - HEAD)
        block =
            mmap(NULL, bytes + HEAD, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) {
        dio_fail_retry(err, "out of memory: %zu bytes on the CPU", bytes);
        return NULL;
    }
    if (bytes >= (size_t)4 << 20)
        madvise(block, bytes + HEAD, MADV_HUGEPAGE);
    size_t total = bytes + HEAD;
    memcpy(block, &total, sizeof total);
    return block + HEAD;
}

static void cpu_release(dio_device *d, void *memory)
{
    (void)d;
    if (!memory)
        return;
    unsigned char *block = (unsigned char *)memory - HEAD;
    size_t total;
    memcpy(&total, block, sizeof total);
    munmap(block, total);
}

static bool cpu_copy(dio_device *d, void *to, const void *from, size_t bytes, dio_error *err)
{
    (void)d;
    (void)err;
    memcpy(to, from, bytes);
    return true;
}

static size_t cpu_free_bytes(dio_device *d)
{
    (void)d;
    return dio_room_memory();
}

static bool cpu_supports(dio_device *d, const dio_op *op)
{
    (void)d;
    return op->reference || op->cpu;
}

static size_t cpu_workspace(dio_device *d, const dio_call *c)
{
    (void)d;
    return c->op->cpu && c->op->workspace ? c->op->workspace(c) : 0;
}

static bool cpu_run(dio_device *d, dio_call *c, dio_error *err)
{
    (void)err;
    c->cpu = d->cpu;
    if (c->op->cpu)
        c->op->cpu(c);
    else
        c->op->reference(c);
    return true;
}

static bool cpu_sync(dio_device *d, dio_error *err)
{
    (void)d;
    (void)err;
    return true;
}

static void cpu_destroy(dio_device *d)
{
    dio_resident_deinit(d);
    free(d);
}

static const char *sentence(dio_math math, const dio_pairs *pairs)
{
    if (math == DIO_MATH_FAST)
        return pairs ? "fast: activations are rounded to bf16 where weights are stored in it"
                     : "fast was asked for, but needs avx512_bf16: computes as repro does";
    return pairs ? "repro: f32 multiply-adds (DIORAMA_MATH=fast would use avx512_bf16)"
                 : "repro: f32 multiply-adds";
}

dio_device *dio_device_cpu_create(dio_math math, dio_error *err)
{
    const dio_cpu *cpu = dio_cpu_select(err);
    if (!cpu)
        return NULL;
    struct cpu_device *d = calloc(1, sizeof *d);
    if (!d) {
        dio_fail_memory(err, "the CPU device");
        return NULL;
    }
    const dio_pairs *pairs = dio_cpu_pairs(cpu);
    d->cpu = *cpu;
    d->cpu.pairs = math == DIO_MATH_FAST ? pairs : NULL;
    d->base = (dio_device){
        .kind = "cpu",
        .math = sentence(math, pairs),
        .host_memory = true,
        .cpu = &d->cpu,
        .alloc = cpu_alloc,
        .release = cpu_release,
        .upload = cpu_copy,
        .download = cpu_copy,
        .copy = cpu_copy,
        .free_bytes = cpu_free_bytes,
        .supports = cpu_supports,
        .workspace = cpu_workspace,
        .run = cpu_run,
        .sync = cpu_sync,
        .destroy = cpu_destroy,
    };
    snprintf(d->base.name, sizeof d->base.name, "CPU %s, %d threads", cpu->name, dio_gang_size());
    return &d->base;
}
