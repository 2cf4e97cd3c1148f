/* test_ops.c: the op sweep. Walks the registry; nobody adds a line here for a new operator.
 *
 * For every case of every operator: what must be refused is refused with its sentence; the fast
 * kernel agrees with the reference within the operator's tolerance, also on strided operands; the
 * bits are the same for 1 and 2 threads; the gradient agrees with central differences of the
 * reference; and where a GPU is present, CUDA agrees with the CPU. Each prints its worst error. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/gang.h"
#include "base/rng.h"
#include "tensor/device.h"
#include "tensor/op.h"
#include "tensor/ops.h"
#include "tensor/plan.h"
#include "tests/worst.h"

static dio_device *cpu, *cuda;

static bool is_absent(const dio_type *t)
{
    return t->nd < 0;
}

static void fill(void *data, const dio_type *t, const dio_op_case *c, uint64_t stream)
{
    float lo = c->lo, hi = c->hi;
    if (lo == 0 && hi == 0) {
        lo = -1;
        hi = 1;
    }
    for (int64_t i = 0, n = dio_type_count(t); i < n; i++) {
        float x = lo + (hi - lo) * dio_uniform(11, stream, (uint64_t)i);
        if (t->dtype == DIO_F32)
            ((float *)data)[i] = x;
        else if (t->dtype == DIO_BF16)
            ((uint16_t *)data)[i] = dio_f32_to_bf16(x);
        else if (t->dtype == DIO_F16)
            ((uint16_t *)data)[i] = dio_f32_to_f16(x);
        else if (t->dtype == DIO_I32)
            ((int32_t *)data)[i] =
                c->below > 0 ? (int32_t)dio_below(11, stream, (uint64_t)i, (uint32_t)c->below) : 0;
        else if (t->dtype == DIO_U8)
            ((uint8_t *)data)[i] = (uint8_t)(dio_below(11, stream, (uint64_t)i, 2));
    }
}

struct built {
    dio_graph *g;
    dio_val in[DIO_MAX_IN], out[DIO_MAX_OUT];
};

static const char *input_name(int i)
{
    static const char *const names[] = {"i0", "i1", "i2", "i3", "i4", "i5", "i6", "i7", "i8", "i9"};
    return names[i];
}

/* With `odd`, float inputs come as every second element of a wider one, so the kernel sees
 * strides; what it reads is the same numbers. */
static struct built build(const dio_op *op, const dio_op_case *c, bool odd)
{
    struct built b = {.g = dio_graph_create()};
    for (int i = 0; i < c->n_in; i++) {
        dio_type t = c->in[i];
        b.in[i] = DIO_NONE;
        if (is_absent(&t))
            continue;
        bool state = op->flags & DIO_OP_WRITES && i < op->n_out;
        if (state) {
            b.in[i] = dio_state(b.g, input_name(i), t);
        } else if (odd && t.nd > 0 && t.dim[t.nd - 1] > 0) {
            t.dim[t.nd - 1] *= 2;
            dio_val wide = dio_input(b.g, input_name(i), t);
            b.in[i] = dio_slice(b.g, wide, -1, 0, c->in[i].dim[t.nd - 1], 2);
        } else {
            b.in[i] = dio_input(b.g, input_name(i), t);
        }
    }
    dio_emit(b.g, op, c->attrs, b.in, c->n_in, b.out);
    return b;
}

static void set_inputs(dio_plan *p, const dio_op_case *c, bool odd, void *const *data)
{
    for (int i = 0; i < c->n_in; i++) {
        dio_error err = {0};
        const dio_type *t = &c->in[i];
        if (is_absent(t))
            continue;
        size_t bytes = dio_type_bytes(t), size = dio_dtype_size(t->dtype);
        if (dio_plan_set(p, input_name(i), data[i], bytes, &err) || !odd)
            continue; /* an input that the output does not need is not in the plan's list */
        unsigned char *wide = calloc(2, bytes ? bytes : 1);
        for (size_t k = 0; k < bytes / size; k++)
            memcpy(wide + 2 * k * size, (unsigned char *)data[i] + k * size, size);
        dio_error again = {0};
        assert_true(dio_plan_set(p, input_name(i), wide, 2 * bytes, &again));
        free(wide);
    }
}

static dio_plan *plan_of(struct built *b, const dio_op *op, dio_device *d, bool reference)
{
    dio_error err = {0};
    dio_plan_options o = {.reference = reference, .no_fusion = true};
    dio_plan *p = dio_plan_create(b->g, b->out, op->n_out, false, d, &o, &err);
    if (!p)
        fail_msg("%s: %s", op->name, err.message);
    return p;
}

static double value_at(const void *data, dio_dtype t, int64_t i)
{
    switch (t) {
    case DIO_F32:
        return ((const float *)data)[i];
    case DIO_BF16:
        return dio_bf16_to_f32(((const uint16_t *)data)[i]);
    case DIO_F16:
        return dio_f16_to_f32(((const uint16_t *)data)[i]);
    case DIO_I32:
        return ((const int32_t *)data)[i];
    default:
        return ((const uint8_t *)data)[i];
    }
}

/* max|a - b| / (1 + max|a|) */
static double distance(const void *a, const void *b, const dio_type *t)
{
    double worst = 0, top = 0;
    for (int64_t i = 0, n = dio_type_count(t); i < n; i++) {
        double x = value_at(a, t->dtype, i), y = value_at(b, t->dtype, i);
        if (!(fabs(x - y) <= 1e300))
            return INFINITY;
        worst = worse(worst, fabs(x - y));
        top = fmax(top, fabs(x));
    }
    return worst / (1 + top);
}

struct worst {
    double fast, strided, grad, cuda;
};

static double compare(const dio_op *op, const dio_op_case *c, int index, dio_plan *ref, dio_plan *p,
                      double tol, const char *what)
{
    double worst = 0;
    (void)c;
    for (int j = 0; j < op->n_out; j++) {
        dio_type t;
        const void *a = dio_plan_output(ref, j, NULL), *b = dio_plan_output(p, j, &t);
        double d = distance(a, b, &t);
        if (!(d <= tol))
            fail_msg("%s case %d output %d: %s differs from the reference by %.3g, above %.3g",
                     op->name, index, j, what, d, tol);
        worst = worse(worst, d);
    }
    return worst;
}

/* All outputs' bytes, one output behind the other; the caller frees. */
static unsigned char *bytes_of(dio_plan *p, int n_out, size_t *bytes)
{
    unsigned char *all = NULL;
    *bytes = 0;
    for (int j = 0; j < n_out; j++) {
        dio_type t;
        const void *out = dio_plan_output(p, j, &t);
        size_t n = dio_type_bytes(&t);
        all = realloc(all, *bytes + n + 1);
        assert_non_null(all);
        memcpy(all + *bytes, out, n);
        *bytes += n;
    }
    return all;
}

/* A second run is recorded and played: it gives the bytes that the first gave. */
static void check_replay(const dio_op *op, const dio_op_case *c, int index, dio_plan *p,
                         void *const *data)
{
    dio_error err = {0};
    dio_plan_report report;
    size_t bytes, same;
    unsigned char *plain = bytes_of(p, op->n_out, &bytes);
    set_inputs(p, c, false, data);
    if (!dio_plan_run(p, &err))
        fail_msg("%s case %d, played: %s", op->name, index, err.message);
    unsigned char *played = bytes_of(p, op->n_out, &same);
    dio_plan_report_get(p, &report);
    if (cuda->replay && !report.replayed)
        fail_msg("%s case %d: the device could not record it", op->name, index);
    assert_int_equal(bytes, same);
    if (memcmp(plain, played, bytes) != 0)
        fail_msg("%s case %d: played, it gives other bytes", op->name, index);
    free(plain);
    free(played);
}

static void check_forward(const dio_op *op, const dio_op_case *c, int index, void *const *data,
                          struct worst *w)
{
    dio_error err = {0};
    struct built b = build(op, c, false), odd = build(op, c, true);
    if (!dio_graph_ready(b.g, &err) || !dio_graph_ready(odd.g, &err))
        fail_msg("%s case %d: %s", op->name, index, err.message);
    dio_plan *ref = plan_of(&b, op, cpu, true), *fast = plan_of(&b, op, cpu, false);
    dio_plan *strided = plan_of(&odd, op, cpu, false), *strided_ref = plan_of(&odd, op, cpu, true);
    set_inputs(ref, c, false, data);
    set_inputs(fast, c, false, data);
    set_inputs(strided, c, true, data);
    set_inputs(strided_ref, c, true, data);
    assert_true(dio_plan_run(ref, &err) && dio_plan_run(fast, &err));
    assert_true(dio_plan_run(strided, &err) && dio_plan_run(strided_ref, &err));
    double tol = op->tol > 0 ? op->tol : 0;
    w->fast = fmax(w->fast, compare(op, c, index, ref, fast, tol, "the fast kernel"));
    w->strided = fmax(w->strided, compare(op, c, index, ref, strided, tol, "strided input"));
    compare(op, c, index, ref, strided_ref, 1e-6, "the strided reference");

    /* The same bytes for one thread and for two. */
    size_t bytes, same;
    unsigned char *first = bytes_of(fast, op->n_out, &bytes);
    int threads = dio_gang_size();
    dio_gang_resize(threads == 1 ? 2 : 1);
    dio_plan *other = plan_of(&b, op, cpu, false); /* scratch may be sized by the gang */
    set_inputs(other, c, false, data);
    assert_true(dio_plan_run(other, &err));
    unsigned char *second = bytes_of(other, op->n_out, &same);
    assert_int_equal(bytes, same);
    if (memcmp(first, second, bytes) != 0)
        fail_msg("%s case %d: the bits depend on the number of threads", op->name, index);
    dio_gang_resize(threads);
    free(first);
    free(second);
    for (int side = 0; side < 2 && cuda && cuda->supports(cuda, op); side++) {
        dio_plan *gpu = plan_of(side ? &odd : &b, op, cuda, false);
        set_inputs(gpu, c, side, data);
        assert_true(dio_plan_run(gpu, &err));
        w->cuda = fmax(w->cuda, compare(op, c, index, ref, gpu, 10 * tol + 1e-5, "CUDA"));
        if (side == 0 && index < 4)
            check_replay(op, c, index, gpu, data);
        dio_plan_destroy(gpu);
    }
    dio_plan_destroy(ref);
    dio_plan_destroy(fast);
    dio_plan_destroy(strided);
    dio_plan_destroy(strided_ref);
    dio_plan_destroy(other);
    dio_graph_destroy(b.g);
    dio_graph_destroy(odd.g);
}

/* sum(out[0] * r), in double. */
static double loss_of(dio_plan *ref, const float *r)
{
    dio_type t;
    dio_error err = {0};
    assert_true(dio_plan_run(ref, &err));
    const float *y = dio_plan_output(ref, 0, &t);
    double s = 0;
    for (int64_t i = 0, n = dio_type_count(&t); i < n; i++)
        s += (double)y[i] * r[i];
    return s;
}

/* Central differences of fourth order of one input's elements (at most 48, evenly spread). */
static double check_input(const dio_op *op, const dio_op_case *c, int index, int i, dio_plan *ref,
                          const float *grad, const float *r, void *const *data, double tol)
{
    dio_error err = {0};
    int64_t n = dio_type_count(&c->in[i]), step = n > 48 ? n / 48 : 1;
    float *x = data[i], h = 1e-2f;
    double worst = 0, top = 0;
    for (int64_t k = 0; k < n; k += step) {
        static const float steps[4] = {-2, -1, 1, 2};
        float old = x[k];
        double at[4], place[4];
        for (int side = 0; side < 4; side++) {
            x[k] = old + steps[side] * h;
            place[side] = x[k];
            assert_true(dio_plan_set(ref, input_name(i), x, dio_type_bytes(&c->in[i]), &err));
            at[side] = loss_of(ref, r);
        }
        x[k] = old;
        double near = (at[2] - at[1]) / (place[2] - place[1]);
        double far = (at[3] - at[0]) / (place[3] - place[0]);
        double numeric = (4 * near - far) / 3, have = grad ? grad[k] : 0;
        worst = worse(worst, fabs(numeric - have));
        top = fmax(top, fabs(numeric));
    }
    assert_true(dio_plan_set(ref, input_name(i), x, dio_type_bytes(&c->in[i]), &err));
    if (!(worst <= tol * (1 + top)))
        fail_msg("%s case %d: the gradient of operand %d is off by %.3g (largest %.3g)", op->name,
                 index, i, worst, top);
    return worst / (1 + top);
}

static void check_gradient(const dio_op *op, const dio_op_case *c, int index, void *const *data,
                           struct worst *w)
{
    dio_error err = {0};
    struct built b = build(op, c, false);
    dio_type t = dio_type_of(b.g, b.out[0]);
    if (t.dtype != DIO_F32 || op->flags & (DIO_OP_NODIFF | DIO_OP_WRITES)) {
        dio_graph_destroy(b.g);
        return;
    }
    if (!op->grad)
        fail_msg("%s: a float operator without a gradient must say DIO_OP_NODIFF", op->name);
    dio_plan *ref = plan_of(&b, op, cpu, true);
    float *r = malloc((size_t)(dio_type_count(&t) + 1) * sizeof *r);
    for (int64_t i = 0; i < dio_type_count(&t); i++)
        r[i] = 2 * dio_uniform(12, 0, (uint64_t)i) - 1;
    dio_val grads[DIO_MAX_IN], wanted[DIO_MAX_IN], have[DIO_MAX_IN];
    int which[DIO_MAX_IN], n = 0, m = 0;
    for (int i = 0; i < c->n_in; i++)
        if (b.in[i] != DIO_NONE && c->in[i].dtype == DIO_F32) {
            wanted[n] = b.in[i];
            which[n++] = i;
        }
    unsigned all = (1u << t.nd) - 1;
    dio_val loss = dio_sum(b.g, dio_mul(b.g, b.out[0], dio_const(b.g, t, r)), all, false);
    dio_backward(b.g, loss, wanted, n, grads);
    for (int k = 0; k < n; k++)
        if (grads[k] != DIO_NONE)
            have[m++] = grads[k];
    if (!dio_graph_ready(b.g, &err))
        fail_msg("%s case %d: backward: %s", op->name, index, err.message);
    dio_plan_options o = {.train = true};
    dio_plan *back = dio_plan_create(b.g, have, m, false, cpu, &o, &err);
    if (!back)
        fail_msg("%s case %d: backward: %s", op->name, index, err.message);
    set_inputs(ref, c, false, data);
    set_inputs(back, c, false, data);
    assert_true(dio_plan_run(back, &err));
    /* Measured 9.4e-5 (log_softmax): what differences of f32 leave, not what gradients are off by;
     * those are held to torch's, to 1e-6 and less, in test_ops_golden.c. */
    double tol = op->tol_grad > 0 ? op->tol_grad : 4e-4;
    for (int k = 0, at = 0; k < n; k++) {
        const float *grad = grads[k] == DIO_NONE ? NULL : dio_plan_output(back, at++, NULL);
        w->grad = fmax(w->grad, check_input(op, c, index, which[k], ref, grad, r, data, tol));
    }
    dio_plan_destroy(ref);
    dio_plan_destroy(back);
    dio_graph_destroy(b.g);
    free(r);
}

static void check_case(const dio_op *op, const dio_op_case *c, int index, struct worst *w)
{
    if (c->refused) {
        struct built b = build(op, c, false);
        dio_error err = {0};
        if (dio_graph_ready(b.g, &err))
            fail_msg("%s case %d: was not refused (\"%s\")", op->name, index, c->refused);
        if (!strstr(err.message, c->refused))
            fail_msg("%s case %d: refused with \"%s\", not \"%s\"", op->name, index, err.message,
                     c->refused);
        dio_graph_destroy(b.g);
        return;
    }
    void *data[DIO_MAX_IN] = {0};
    for (int i = 0; i < c->n_in; i++)
        if (!is_absent(&c->in[i])) {
            size_t bytes = dio_type_bytes(&c->in[i]);
            data[i] = calloc(1, bytes ? bytes : 1);
            fill(data[i], &c->in[i], c, (uint64_t)(index * 16 + i));
        }
    check_forward(op, c, index, data, w);
    if (!c->no_grad)
        check_gradient(op, c, index, data, w);
    for (int i = 0; i < c->n_in; i++)
        free(data[i]);
}

static void sweep(void **state)
{
    (void)state;
    const char *only = getenv("DIORAMA_OP");
    int swept = 0;
    print_message("%-24s %5s %9s %9s %9s %9s\n", "operator", "cases", "fast", "strided", "gradient",
                  cuda ? "cuda" : "");
    for (int i = 0; i < dio_ops_count; i++) {
        const dio_op *op = dio_ops[i];
        struct worst w = {0};
        int n = 0;
        if (only && strcmp(only, op->name) != 0)
            continue;
        if (!op->cases || !op->cases[0].n_in)
            fail_msg("%s: has no cases", op->name);
        for (; op->cases[n].n_in; n++)
            check_case(op, &op->cases[n], n, &w);
        print_message("%-24s %5d %9.2g %9.2g %9.2g %9.2g\n", op->name, n, w.fast, w.strided, w.grad,
                      w.cuda);
        swept++;
    }
    assert_true(swept > 0); /* DIORAMA_OP may name none */
}

static void registry_is_sane(void **state)
{
    (void)state;
    for (int i = 0; i < dio_ops_count; i++) {
        const dio_op *op = dio_ops[i];
        assert_ptr_equal(dio_op_find(op->name), op);
        assert_true(op->doc && op->infer && op->reference);
        assert_true(op->n_in_max <= DIO_MAX_IN && op->n_out <= DIO_MAX_OUT);
        assert_true(!(op->flags & DIO_OP_VIEW) || op->view);
        assert_true(op->grad || op->flags & (DIO_OP_NODIFF | DIO_OP_WRITES));
        if (cuda && !cuda->supports(cuda, op))
            fail_msg("%s: has no CUDA twin (tensor/ops/%s.cu)", op->name, op->name);
    }
}

int main(void)
{
    dio_error err = {0}, none = {0};
    cpu = dio_device_cpu(&err);
    if (!cpu) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    cuda = dio_device_open("cuda", &none);
    const char *wanted = getenv("DIORAMA_TEST_DEVICE");
    if (!cuda)
        print_message("SKIPPED on CUDA: %s\n", none.message);
    if (!cuda && wanted && strcmp(wanted, "cuda") == 0)
        return 1; /* the emulated and the real GPU are not to be passed over */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registry_is_sane),
        cmocka_unit_test(sweep),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    dio_device_close(cuda);
    dio_device_close(cpu);
    return failed;
}
