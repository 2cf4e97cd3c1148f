/* bench_peaks.c: the peaks themselves, as figures. */
#include "bench/bench.h"

static bool run(dio_bench_run *r, const dio_bench *b, double *value, double *reached,
                dio_error *err)
{
    (void)err;
    *value = *reached = r->peak[b->of];
    return true;
}

const dio_bench dio_bench_fma = {
    .name = "peak.fma",
    .unit = "GFLOP/s",
    .doc = "f32 multiply-adds in registers",
    .of = DIO_PEAK_FMA,
    .run = run,
};
const dio_bench dio_bench_vnni = {
    .name = "peak.vnni",
    .unit = "GOP/s",
    .doc = "8-bit multiply-adds in registers",
    .of = DIO_PEAK_VNNI,
    .run = run,
};
const dio_bench dio_bench_bf16 = {
    .name = "peak.bf16",
    .unit = "GFLOP/s",
    .doc = "multiply-adds of bf16 into f32 in registers",
    .of = DIO_PEAK_BF16,
    .run = run,
};
const dio_bench dio_bench_read = {
    .name = "peak.read",
    .unit = "GB/s",
    .doc = "reading memory beyond every cache",
    .of = DIO_PEAK_READ,
    .run = run,
};
