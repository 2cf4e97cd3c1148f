#pragma once
/* bench.h: figures with the machine's own limits beside them.
 *
 * A figure is one `const dio_bench` in a file of this folder, and one line in bench.def; its name
 * starts with its group ("ops.gemm.f32.1024"). The runner measures the machine's peaks first, then
 * each figure of the group, best of several short runs, and hands every result to a sink.
 */
#include <signal.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/value.h"
#include "tensor/device.h"
#include "tensor/plan.h"

/* What this machine can do with the gang's threads. */
typedef enum dio_peak {
    DIO_PEAK_NONE,
    DIO_PEAK_FMA,  /* "fma_gflops": 1e9 f32 operations a second, a multiply-add counting two */
    DIO_PEAK_VNNI, /* "vnni_gops": the same in 8 bits; 0 where there is no VNNI */
    DIO_PEAK_BF16, /* "bf16_gflops": the same with both factors in bf16; 0 without AVX512-BF16 */
    DIO_PEAK_READ, /* "read_gbps": 1e9 bytes a second from memory */
    DIO_PEAKS,
} dio_peak;

typedef struct dio_bench_run {
    dio_device *device;
    double peak[DIO_PEAKS];
    double seconds; /* about how long a figure may be measured */
    bool tiny;      /* shapes for a test: all runs in a moment, and the figures mean nothing */
    dio_arena *arena;
    const volatile sig_atomic_t *cancel; /* not 0: no further run begins; or NULL */
} dio_bench_run;

typedef struct dio_bench {
    const char *name, *unit, *doc;
    dio_peak of;
    /* Measures. *value in the figure's unit; *reached in the peak's unit (when `of` is one). */
    bool (*run)(dio_bench_run *r, const struct dio_bench *b, double *value, double *reached,
                dio_error *err);
    const void *attrs; /* the figure's own sizes */
} dio_bench;

/* A figure on a line of its file; the last argument is its attrs, and may have commas. */
#define DIO_FIGURE(symbol, name_, doc_, unit_, of_, run_, ...)                                     \
    const dio_bench dio_bench_##symbol = {                                                         \
        .name = name_, .unit = unit_, .doc = doc_, .of = of_, .run = run_, .attrs = __VA_ARGS__};

extern const dio_bench *const dio_benches[];
extern const int dio_benches_count;

/* Called with {"bench":..,"value":..,"unit":..,"share":..,"of":..,"rss_mb":..,"threads":..} after
 * each figure; share and of are missing where there is no peak. rss_mb is the most that the process
 * held meanwhile. */
typedef void dio_bench_sink(void *user, const dio_value *line);

/* Measures the peaks and then every figure whose name begins with `group` and a dot (NULL: all). A
 * non-zero *cancel ends after the running measurement with a message; NULL: nothing does. */
bool dio_bench_group(const char *group, bool tiny, dio_device *device, dio_bench_sink *sink,
                     void *user, const volatile sig_atomic_t *cancel, dio_error *err);

/* Runs fn until `seconds` are over and at least three times; the shortest time of one call.
 * Negative when fn failed, or was cancelled. */
double dio_bench_best(const dio_bench_run *r, double seconds,
                      bool (*fn)(void *user, dio_error *err), void *user, dio_error *err);
double dio_bench_now(void); /* seconds */
/* False, with a message, when no further run may begin. */
bool dio_bench_goes_on(const dio_bench_run *r, dio_error *err);
/* The same of a plan's runs; *gflops (or NULL): 1e9 operations a second, of those it counts. */
double dio_bench_plan(const dio_bench_run *r, double seconds, dio_plan *p, double *gflops,
                      dio_error *err);

/* One of two config.json texts, the small one for tests. NULL with a message. */
dio_value *dio_bench_config(dio_bench_run *r, const char *full, const char *tiny, dio_error *err);

/* See peaks.c. 0 where there is no such thing (VNNI on an older machine, another device than the
 * CPU); negative when it could not be measured. */
double dio_peak_measure(dio_peak peak, bool tiny, dio_device *device, dio_error *err);
const char *dio_peak_name(dio_peak peak);
