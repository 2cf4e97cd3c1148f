/* one_graph.c: builds a graph, fills its inputs, takes the best of its runs. */
#include "bench/one_graph.h"

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

/* Inputs of a plan by name; unknown names are skipped. */
static bool fill(dio_plan *p, const char *name, const dio_one_graph *g, dio_error *err)
{
    dio_type t;
    float *x = dio_plan_memory(p, name, &t);
    if (!x)
        return true;
    const int64_t n = dio_type_count(&t);
    float *data = malloc((size_t)(n + 1) * sizeof *data);
    if (!data)
        return dio_fail_memory(err, "a benchmark's input");
    for (int64_t i = 0; i < n; i++) {
        data[i] = dio_uniform(1, (uint64_t)name[0], (uint64_t)i) - 0.5f;
        if (t.dtype == DIO_I32)
            memcpy(&data[i], &g->start, sizeof g->start);
    }
    const bool ok = dio_plan_set(p, name, data, (size_t)n * sizeof *data, err);
    free(data);
    return ok;
}

bool dio_one_graph_run(dio_bench_run *r, const dio_one_graph *one, double *value, double *reached,
                       dio_error *err)
{
    static const char *const inputs[] = {"a", "b", "c", "d", "start", "keys", "values"};
    const dio_plan_options options = {.train = one->train};
    dio_graph *g = dio_graph_create();
    dio_plan *p = NULL;
    dio_device *own = NULL;
    bool ok = false;
    if (!g) {
        dio_fail_memory(err, "a benchmark");
        goto done;
    }
    if (one->fast && !(own = dio_device_open_math(r->device->kind, DIO_MATH_FAST, err)))
        goto done;
    dio_val out = one->build(g, one->user, err);
    if (!dio_graph_ready(g, err))
        goto done;
    p = dio_plan_create(g, &out, 1, false, own ? own : r->device, &options, err);
    if (!p)
        goto done;
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++)
        if (!fill(p, inputs[i], one, err))
            goto done;
    const double seconds = dio_bench_plan(r, r->seconds, p, NULL, err);
    if (seconds < 0)
        goto done;
    *value = *reached = one->work / seconds / 1e9;
    ok = true;
done:
    dio_plan_destroy(p);
    dio_graph_destroy(g);
    dio_device_close(own);
    return ok;
}

dio_val dio_one_graph_weight(dio_graph *g, dio_type type, dio_dtype dtype, dio_error *err)
{
    type.dtype = DIO_F32;
    dio_tensor *w = dio_tensor_create("w", &type, err), *stored = NULL;
    if (w) {
        float *x = dio_tensor_data(w);
        for (int64_t i = 0; i < dio_type_count(&type); i++)
            x[i] = dio_uniform(2, 0, (uint64_t)i) - 0.5f;
        stored = dtype == DIO_F32 ? dio_tensor_ref(w) : dio_tensor_convert(w, dtype, err);
    }
    const dio_val v = stored ? dio_param(g, stored) : dio_graph_fail(g, "%s", err->message);
    dio_tensor_unref(stored);
    dio_tensor_unref(w);
    return v;
}
