/* peaks.c: what this machine can do at most, with the gang's threads: the measure of every figure.
 *
 * Each is the best of many runs of about a millisecond: on a machine that does other things too,
 * some of them are left alone. Reading goes round in memory far larger than any cache, in four
 * streams a thread.
 */
#include <stdint.h>
#include <string.h>

#include "base/gang.h"
#include "bench/bench.h"
#include "tensor/cpu/cpu.h"

enum {
    RUNS = 400,
    ROUNDS = 100000,
    PIECES = 16, /* parts of a thread's memory, one a run */
    LANE = 16,   /* floats between the threads' results: a cache line */
};

const char *dio_peak_name(dio_peak peak)
{
    static const char *const names[DIO_PEAKS] = {"", "fma_gflops", "vnni_gops", "bf16_gflops",
                                                 "read_gbps"};
    return names[peak];
}

struct job {
    double (*work)(int64_t rounds, float *keep);
    void (*read)(const float *x, int64_t n, float *keep);
    int64_t rounds;
    const float *memory;
    int64_t share; /* floats of memory that a thread has */
    int64_t run, runs;
    float *keep;
    double *done;
};

static void do_work(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    j->keep[item * LANE] = 0; /* each run starts from the same numbers */
    j->done[item * LANE] = j->work(j->rounds, &j->keep[item * LANE]);
}

static void do_read(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    const int64_t n = j->share / PIECES;
    j->read(j->memory + item * j->share + j->run % PIECES * n, n, &j->keep[item * LANE]);
    j->done[item * LANE] = 4.0 * (double)n;
}

/* The best rate over RUNS, in 1e9 a second. */
static double rate(struct job *j, dio_gang_fn *fn, int threads)
{
    double best = 0;
    for (j->run = 0; j->run < j->runs; j->run++) {
        const double start = dio_bench_now();
        dio_gang_run(threads, fn, j);
        const double took = dio_bench_now() - start;
        double sum = 0;
        for (int t = 0; t < threads; t++)
            sum += j->done[t * LANE];
        best = sum / took / 1e9 > best ? sum / took / 1e9 : best;
    }
    return best;
}

static double measure_read(struct job *j, dio_device *d, size_t bytes, int threads, dio_error *err)
{
    float *memory = d->alloc(d, bytes, err);
    if (!memory)
        return -1;
    memset(memory, 1, bytes); /* pages that were never written all read one page of zeros */
    j->memory = memory;
    j->share = (int64_t)(bytes / 4) / threads / (PIECES * 1024) * (PIECES * 1024);
    const double best = rate(j, do_read, threads);
    d->release(d, memory);
    return best;
}

static double (*work_of(dio_peak peak, const dio_cpu *cpu))(int64_t rounds, float *keep)
{
    const dio_pairs *pairs = dio_cpu_pairs(cpu);
    return peak == DIO_PEAK_VNNI   ? cpu->peak_vnni
           : peak == DIO_PEAK_BF16 ? (pairs ? pairs->peak : NULL)
                                   : cpu->peak_fma;
}

double dio_peak_measure(dio_peak peak, bool tiny, dio_device *d, dio_error *err)
{
    const int threads = dio_gang_size();
    dio_arena *a = dio_arena_create();
    double best = -1;
    if (!d->cpu) {
        best = 0;
    } else if (a) {
        struct job j = {.work = work_of(peak, d->cpu),
                        .read = d->cpu->peak_read,
                        .rounds = ROUNDS,
                        .runs = tiny ? 2 : RUNS};
        j.keep = dio_arena_try(a, (size_t)(threads * LANE) * sizeof *j.keep);
        j.done = dio_arena_try(a, (size_t)(threads * LANE) * sizeof *j.done);
        if (!j.keep || !j.done)
            dio_fail_memory(err, "a benchmark");
        else if (peak == DIO_PEAK_READ)
            best = measure_read(&j, d, (size_t)(tiny ? 4 : 512) << 20, threads, err);
        else
            best = j.work ? rate(&j, do_work, threads) : 0;
    }
    dio_arena_destroy(a);
    return best;
}
