/* bench.c: runs figures and writes them down in one form. */
#include "bench/bench.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/gang.h"
#include "bench/scratch.h"

#define DIO_BENCH(file, name) extern const dio_bench dio_bench_##name;
#include "bench/bench.def"
#undef DIO_BENCH

const dio_bench *const dio_benches[] = {
#define DIO_BENCH(file, name) &dio_bench_##name,
#include "bench/bench.def"
#undef DIO_BENCH
};

const int dio_benches_count = (int)(sizeof dio_benches / sizeof dio_benches[0]);

double dio_bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

bool dio_bench_goes_on(const dio_bench_run *r, dio_error *err)
{
    return !r->cancel || !*r->cancel || dio_fail(err, "stopped");
}

double dio_bench_best(const dio_bench_run *r, double seconds,
                      bool (*fn)(void *user, dio_error *err), void *user, dio_error *err)
{
    const double start = dio_bench_now();
    double best = 1e30;
    for (int n = 0; n < 3 || dio_bench_now() - start < seconds; n++) {
        const double before = dio_bench_now();
        if (!dio_bench_goes_on(r, err) || !fn(user, err))
            return -1;
        const double took = dio_bench_now() - before;
        best = took < best ? took : best;
    }
    return best;
}

static bool step(void *user, dio_error *err)
{
    return dio_plan_run(user, err);
}

double dio_bench_plan(const dio_bench_run *r, double seconds, dio_plan *p, double *gflops,
                      dio_error *err)
{
    dio_plan_report report;
    const double best = dio_bench_best(r, seconds, step, p, err);
    dio_plan_report_get(p, &report);
    if (gflops)
        *gflops = report.flops / best / 1e9;
    return best;
}

dio_value *dio_bench_config(dio_bench_run *r, const char *full, const char *tiny, dio_error *err)
{
    const char *text = r->tiny ? tiny : full;
    return dio_json_parse(r->arena, "config.json", text, strlen(text), err);
}

static dio_value *line_of(dio_arena *a, const dio_bench *b, double value, double share)
{
    dio_value *line = dio_value_map(a);
    dio_map_set(a, line, "bench", dio_value_string(a, b->name));
    dio_map_set(a, line, "value", dio_value_real(a, value));
    dio_map_set(a, line, "unit", dio_value_string(a, b->unit));
    if (b->of != DIO_PEAK_NONE && share > 0) {
        dio_map_set(a, line, "share", dio_value_real(a, share));
        dio_map_set(a, line, "of", dio_value_string(a, dio_peak_name(b->of)));
    }
    dio_map_set(a, line, "rss_mb", dio_value_int(a, (int64_t)dio_memory_peak_mb()));
    dio_map_set(a, line, "threads", dio_value_int(a, dio_gang_size()));
    return line;
}

/* Three digits say what a timing can say. */
static double rounded(double x)
{
    char text[32];
    double y = x;
    snprintf(text, sizeof text, "%.3g", x);
    sscanf(text, "%lf", &y);
    return y;
}

static bool run_one(const dio_bench *b, dio_bench_run *r, dio_bench_sink *sink, void *user,
                    dio_error *err)
{
    double value = 0, reached = 0;
    r->arena = dio_arena_create();
    if (!r->arena)
        return dio_fail_memory(err, "a benchmark");
    dio_memory_watch();
    const bool ok = b->run(r, b, &value, &reached, err);
    if (ok) {
        const double peak = r->peak[b->of], share = peak > 0 ? rounded(reached / peak) : 0;
        sink(user, line_of(r->arena, b, rounded(value), share));
    } else {
        dio_error_prefix(err, "bench %s", b->name);
    }
    dio_arena_destroy(r->arena);
    return ok;
}

static bool is_of(const char *group, const char *name)
{
    const size_t n = group ? strlen(group) : 0;
    return !group || (strncmp(group, name, n) == 0 && (name[n] == '.' || !name[n]));
}

bool dio_bench_group(const char *group, bool tiny, dio_device *device, dio_bench_sink *sink,
                     void *user, const volatile sig_atomic_t *cancel, dio_error *err)
{
    dio_bench_run r = {.device = device, .tiny = tiny, .seconds = tiny ? 0 : 0.5, .cancel = cancel};
    bool any = false;
    for (int i = 0; i < dio_benches_count; i++)
        any = any || is_of(group, dio_benches[i]->name);
    if (!any)
        return dio_fail(err, "bench: there is no group or figure \"%s\"", group);
    for (int p = DIO_PEAK_FMA; p < DIO_PEAKS; p++) {
        r.peak[p] = dio_peak_measure((dio_peak)p, tiny, device, err);
        if (r.peak[p] < 0 || !dio_bench_goes_on(&r, err))
            return false;
    }
    for (int i = 0; i < dio_benches_count; i++) {
        const dio_bench *b = dio_benches[i];
        if (!is_of(group, b->name) && !is_of("peak", b->name))
            continue;
        if (!dio_bench_goes_on(&r, err) || !run_one(b, &r, sink, user, err))
            return false;
    }
    return true;
}
