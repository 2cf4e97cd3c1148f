/* bench_peaks.c: the peaks themselves, as figures. */
#include "bench/bench.h"

static bool run(dio_bench_run *r, const dio_bench *b, double *value, double *reached,
                dio_error *err)
{
    (void)err;
    *value = *reached = r->peak[b->of];
    return true;
}

DIO_FIGURE(fma, "peak.fma", "f32 multiply-adds in registers", "GFLOP/s", DIO_PEAK_FMA, run, NULL)
DIO_FIGURE(vnni, "peak.vnni", "8-bit multiply-adds in registers", "GOP/s", DIO_PEAK_VNNI, run, NULL)
DIO_FIGURE(bf16, "peak.bf16", "multiply-adds of bf16 into f32 in registers", "GFLOP/s",
           DIO_PEAK_BF16, run, NULL)
DIO_FIGURE(read, "peak.read", "reading memory beyond every cache", "GB/s", DIO_PEAK_READ, run, NULL)
