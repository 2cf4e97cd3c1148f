#pragma once
/* lm_case.h: what the tests of language models share: opening a golden, small helpers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/device.h"
#include "tensor/ops.h"
#include "tensor/plan.h"
#include "tensor/weights.h"
#include "text/generate.h"
#include "text/lm.h"

static inline void must(bool ok, const dio_error *err)
{
    char text[2048];
    if (!ok)
        fail_msg("%s", dio_error_text(err, text, sizeof text));
}

/* An integer tensor of a golden as i32; caller frees. */
static inline int32_t *golden_ids(const dio_weights *w, const char *name, int64_t *count)
{
    dio_error err = {0};
    dio_tensor *t = dio_weights_find(w, name);
    if (!t)
        fail_msg("the golden has no %s", name);
    dio_tensor *narrow = dio_tensor_convert(t, DIO_I32, &err);
    must(narrow != NULL, &err);
    *count = dio_type_count(&t->type);
    int32_t *ids = malloc((size_t)*count * sizeof *ids);
    memcpy(ids, dio_tensor_data(narrow), (size_t)*count * sizeof *ids);
    dio_tensor_unref(narrow);
    return ids;
}

/* The largest |a - b|, and in *scale the largest |b|. */
static inline double worst(const float *a, const float *b, int64_t n, double *scale)
{
    double d = 0, s = 0;
    for (int64_t i = 0; i < n; i++) {
        double e = fabs((double)a[i] - (double)b[i]);
        d = isnan(e) ? INFINITY : e > d ? e : d;
        s = fabs((double)b[i]) > s ? fabs((double)b[i]) : s;
    }
    if (scale)
        *scale = s;
    return d;
}
