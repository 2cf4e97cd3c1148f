/* cudnn_graph.cu: builds operation graphs, lets cuDNN propose engines, keeps the plans.
 *
 * Proposals come best first. The first is taken that can be made into a plan, whose notes the mode
 * allows and whose workspace is within reason. Never allowed: engines whose results differ from
 * run to run, and halves summed in halves. REPRO also refuses TF32 and other rounding of operands,
 * and Winograd and Fourier transforms, whose sums depend on where in the picture a tile begins. */
#include "tensor/cuda/cudnn_graph.cuh"

#include <stdlib.h>
#include <string.h>

enum { REMEMBERED = 1024, PROPOSALS = 64, NOTES = 32 };
static const size_t WORK_LIMIT = (size_t)512 << 20;

struct dio_cudnn {
    bool off;             /* it does not start */
    cudnnHandle_t handle; /* NULL until first asked */
    uint64_t clock;
    int count;
    dio_dnn_answer known[REMEMBERED];
};

bool dio_cudnn_create(struct dio_cudnn **out, dio_error *err)
{
    const char *text = getenv("DIORAMA_CUDNN");
    const bool off = text && strcmp(text, "off") == 0;
    if (text && text[0] && !off && strcmp(text, "on") != 0)
        return dio_fail(err, "DIORAMA_CUDNN: \"%s\" is not one of on, off", text);
    *out = off ? NULL : static_cast<struct dio_cudnn *>(calloc(1, sizeof **out));
    return off || *out || dio_fail_memory(err, "cuDNN's plans");
}

void dio_cudnn_destroy(struct dio_cudnn *s)
{
    if (!s)
        return;
    for (int i = 0; i < s->count; i++)
        if (s->known[i].plan)
            cudnnBackendDestroyDescriptor(s->known[i].plan);
    if (s->handle)
        cudnnDestroy(s->handle);
    free(s);
}

static bool start(dio_cuda *d)
{
    struct dio_cudnn *s = d->dnn;
    if (s->off || s->handle)
        return !s->off;
    cudnnStatus_t status = cudnnCreate(&s->handle);
    if (status == CUDNN_STATUS_SUCCESS)
        status = cudnnSetStream(s->handle, d->stream);
    s->off = status != CUDNN_STATUS_SUCCESS;
    if (s->off)
        dio_log_line(d->base.log, DIO_LOG_WARNING, "cuDNN does not start, own kernels serve: %s",
                     cudnnGetErrorString(status));
    return !s->off;
}

/* --- parts of a graph --------------------------------------------------------------------- */

dio_dnn_part dio_dnn_make(dio_dnn_graph *g, cudnnBackendDescriptorType_t type)
{
    dio_dnn_part p = NULL;
    g->good = g->good && g->parts < DIO_DNN_PARTS &&
              cudnnBackendCreateDescriptor(type, &p) == CUDNN_STATUS_SUCCESS;
    if (g->good)
        g->part[g->parts++] = p;
    return p;
}

void dio_dnn_set(dio_dnn_graph *g, dio_dnn_part p, cudnnBackendAttributeName_t name,
                 cudnnBackendAttributeType_t type, int64_t count, const void *values)
{
    g->good =
        g->good && cudnnBackendSetAttribute(p, name, type, count, values) == CUDNN_STATUS_SUCCESS;
}

void dio_dnn_set_part(dio_dnn_graph *g, dio_dnn_part p, cudnnBackendAttributeName_t name,
                      dio_dnn_part value)
{
    dio_dnn_set(g, p, name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &value);
}

void dio_dnn_seal(dio_dnn_graph *g, dio_dnn_part p)
{
    g->good = g->good && cudnnBackendFinalize(p) == CUDNN_STATUS_SUCCESS;
}

void dio_dnn_append(dio_dnn_graph *g, dio_dnn_part op)
{
    dio_dnn_seal(g, op);
    g->good = g->good && g->ops < DIO_DNN_OPS;
    if (g->good)
        g->op[g->ops++] = op;
}

dio_dnn_part dio_dnn_tensor_part(dio_dnn_graph *g, const dio_dnn_tensor *t)
{
    dio_dnn_part p = dio_dnn_make(g, CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    dio_dnn_set(g, p, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, 1, &t->uid);
    dio_dnn_set(g, p, CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &t->type);
    dio_dnn_set(g, p, CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, 4, t->dim);
    dio_dnn_set(g, p, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, 4, t->stride);
    dio_dnn_set(g, p, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, 1, &t->align);
    dio_dnn_set(g, p, CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, 1, &t->between);
    dio_dnn_set(g, p, CUDNN_ATTR_TENSOR_IS_BY_VALUE, CUDNN_TYPE_BOOLEAN, 1, &t->by_value);
    dio_dnn_seal(g, p);
    return p;
}

void dio_dnn_pointwise(dio_dnn_graph *g, cudnnPointwiseMode_t mode, cudnnDataType_t math,
                       dio_dnn_part x, dio_dnn_part b, dio_dnn_part t, dio_dnn_part y, int64_t axis)
{
    dio_dnn_part how = dio_dnn_make(g, CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
    dio_dnn_set(g, how, CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, 1, &mode);
    dio_dnn_set(g, how, CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, 1, &math);
    if (mode == CUDNN_POINTWISE_GEN_INDEX)
        dio_dnn_set(g, how, CUDNN_ATTR_POINTWISE_AXIS, CUDNN_TYPE_INT64, 1, &axis);
    dio_dnn_seal(g, how);
    dio_dnn_part op = dio_dnn_make(g, CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
    dio_dnn_set_part(g, op, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, how);
    dio_dnn_set_part(g, op, CUDNN_ATTR_OPERATION_POINTWISE_XDESC, x);
    if (b)
        dio_dnn_set_part(g, op, CUDNN_ATTR_OPERATION_POINTWISE_BDESC, b);
    if (t)
        dio_dnn_set_part(g, op, CUDNN_ATTR_OPERATION_POINTWISE_TDESC, t);
    dio_dnn_set_part(g, op, CUDNN_ATTR_OPERATION_POINTWISE_YDESC, y);
    dio_dnn_append(g, op);
}

static void clear(dio_dnn_graph *g)
{
    while (g->parts > 0)
        cudnnBackendDestroyDescriptor(g->part[--g->parts]);
}

/* --- engines ------------------------------------------------------------------------------ */

static bool allowed(cudnnBackendNumericalNote_t note, bool repro)
{
    switch (note) {
    case CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC:
    case CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION:
        return false;
    case CUDNN_NUMERICAL_NOTE_STRICT_NAN_PROP:
        return true;
    default: /* tensor cores on f32 mean TF32; notes yet unknown may mean anything */
        return !repro;
    }
}

static bool notes_allowed(dio_dnn_part engine, bool repro)
{
    cudnnBackendNumericalNote_t note[NOTES];
    int64_t count = 0;
    if (cudnnBackendGetAttribute(engine, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE,
                                 CUDNN_TYPE_NUMERICAL_NOTE, NOTES, &count,
                                 note) != CUDNN_STATUS_SUCCESS)
        return false;
    for (int64_t i = 0; i < count && i < NOTES; i++)
        if (!allowed(note[i], repro))
            return false;
    return count <= NOTES;
}

/* Reads what was proposed, so that it may be asked for with another shape. */
static void remember(dio_dnn_graph *g, dio_dnn_part config, dio_dnn_part engine, dio_dnn_engine *e)
{
    dio_dnn_part knob[DIO_DNN_KNOBS];
    int64_t count = 0, one = 0;
    for (int i = 0; i < DIO_DNN_KNOBS; i++)
        knob[i] = dio_dnn_make(g, CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR);
    g->good = g->good &&
              cudnnBackendGetAttribute(engine, CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, 1,
                                       &one, &e->index) == CUDNN_STATUS_SUCCESS &&
              cudnnBackendGetAttribute(config, CUDNN_ATTR_ENGINECFG_KNOB_CHOICES,
                                       CUDNN_TYPE_BACKEND_DESCRIPTOR, DIO_DNN_KNOBS, &count,
                                       knob) == CUDNN_STATUS_SUCCESS &&
              count <= DIO_DNN_KNOBS;
    e->knobs = (int)count;
    for (int i = 0; i < count && g->good; i++)
        g->good =
            cudnnBackendGetAttribute(knob[i], CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE,
                                     CUDNN_TYPE_KNOB_TYPE, 1, &one,
                                     &e->knob[i]) == CUDNN_STATUS_SUCCESS &&
            cudnnBackendGetAttribute(knob[i], CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, CUDNN_TYPE_INT64,
                                     1, &one, &e->value[i]) == CUDNN_STATUS_SUCCESS;
}

/* A plan of this configuration, into a; false when cuDNN cannot make one or it is too greedy. */
static bool make_plan(dio_cudnn *s, dio_dnn_part config, dio_dnn_answer *a)
{
    dio_dnn_part p = NULL;
    int64_t work = -1, one = 0;
    if (cudnnBackendCreateDescriptor(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR, &p) !=
        CUDNN_STATUS_SUCCESS)
        return false;
    if (cudnnBackendSetAttribute(p, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1,
                                 &s->handle) == CUDNN_STATUS_SUCCESS &&
        cudnnBackendSetAttribute(p, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG,
                                 CUDNN_TYPE_BACKEND_DESCRIPTOR, 1,
                                 &config) == CUDNN_STATUS_SUCCESS &&
        cudnnBackendFinalize(p) == CUDNN_STATUS_SUCCESS &&
        cudnnBackendGetAttribute(p, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1,
                                 &one, &work) == CUDNN_STATUS_SUCCESS &&
        work >= 0 && (size_t)work <= WORK_LIMIT) {
        a->plan = p;
        a->work = (size_t)work;
        return true;
    }
    cudnnBackendDestroyDescriptor(p);
    return false;
}

/* The first of one heuristic's proposals that serves. A part that one proposal spoils must not
 * spoil the next, hence a graph for each. */
static bool take_proposal(dio_cudnn *s, dio_dnn_part graph, cudnnBackendHeurMode_t mode, bool repro,
                          dio_dnn_answer *a)
{
    static_assert(PROPOSALS + 8 < DIO_DNN_PARTS, "room for all of them");
    dio_dnn_graph asked = {true, 0, 0, {}, {}};
    dio_dnn_part config[PROPOSALS];
    int64_t count = 0;
    bool found = false;
    dio_dnn_part heuristic = dio_dnn_make(&asked, CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
    dio_dnn_set_part(&asked, heuristic, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph);
    dio_dnn_set(&asked, heuristic, CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode);
    dio_dnn_seal(&asked, heuristic);
    for (int i = 0; i < PROPOSALS; i++)
        config[i] = dio_dnn_make(&asked, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
    asked.good = asked.good && cudnnBackendGetAttribute(heuristic, CUDNN_ATTR_ENGINEHEUR_RESULTS,
                                                        CUDNN_TYPE_BACKEND_DESCRIPTOR, PROPOSALS,
                                                        &count, config) == CUDNN_STATUS_SUCCESS;
    for (int64_t i = 0; i < count && i < PROPOSALS && asked.good && !found; i++) {
        dio_dnn_graph own = {true, 0, 0, {}, {}};
        int64_t one = 0;
        dio_dnn_part engine = dio_dnn_make(&own, CUDNN_BACKEND_ENGINE_DESCRIPTOR);
        if (own.good &&
            cudnnBackendGetAttribute(config[i], CUDNN_ATTR_ENGINECFG_ENGINE,
                                     CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &one,
                                     &engine) == CUDNN_STATUS_SUCCESS &&
            notes_allowed(engine, repro)) {
            remember(&own, config[i], engine, &a->engine);
            found = own.good && make_plan(s, config[i], a);
        }
        clear(&own);
    }
    clear(&asked);
    return found;
}

/* The plan of an engine that was chosen for another shape. */
static bool take_engine(dio_cudnn *s, dio_dnn_graph *g, dio_dnn_part graph, const dio_dnn_engine *e,
                        dio_dnn_answer *a)
{
    dio_dnn_part knob[DIO_DNN_KNOBS];
    dio_dnn_part engine = dio_dnn_make(g, CUDNN_BACKEND_ENGINE_DESCRIPTOR);
    dio_dnn_set_part(g, engine, CUDNN_ATTR_ENGINE_OPERATION_GRAPH, graph);
    dio_dnn_set(g, engine, CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, 1, &e->index);
    dio_dnn_seal(g, engine);
    for (int i = 0; i < e->knobs; i++) {
        knob[i] = dio_dnn_make(g, CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR);
        dio_dnn_set(g, knob[i], CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, CUDNN_TYPE_KNOB_TYPE, 1,
                    &e->knob[i]);
        dio_dnn_set(g, knob[i], CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, CUDNN_TYPE_INT64, 1,
                    &e->value[i]);
        dio_dnn_seal(g, knob[i]);
    }
    dio_dnn_part config = dio_dnn_make(g, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
    dio_dnn_set_part(g, config, CUDNN_ATTR_ENGINECFG_ENGINE, engine);
    if (e->knobs)
        dio_dnn_set(g, config, CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                    e->knobs, knob);
    dio_dnn_seal(g, config);
    a->engine = *e;
    return g->good && make_plan(s, config, a);
}

static void answer(dio_cuda *d, const dio_dnn_engine *engine, dio_dnn_describe *describe,
                   dio_dnn_answer *a)
{
    struct dio_cudnn *s = d->dnn;
    const bool repro = !d->blas;
    dio_dnn_graph g = {true, 0, 0, {}, {}};
    describe(&g, &a->key);
    dio_dnn_part graph = dio_dnn_make(&g, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
    dio_dnn_set(&g, graph, CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, 1, &s->handle);
    dio_dnn_set(&g, graph, CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR, g.ops,
                g.op);
    dio_dnn_seal(&g, graph);
    if (g.good && engine)
        take_engine(s, &g, graph, engine, a);
    else if (g.good && !take_proposal(s, graph, CUDNN_HEUR_MODE_A, repro, a))
        take_proposal(s, graph, CUDNN_HEUR_MODE_FALLBACK, repro, a);
    clear(&g);
}

/* --- memory ------------------------------------------------------------------------------- */

/* A place for a new answer: a free one, or the oldest's; NULL when recorded runs hold them all. */
static dio_dnn_answer *place(struct dio_cudnn *s)
{
    dio_dnn_answer *oldest = NULL;
    if (s->count < REMEMBERED)
        return &s->known[s->count++];
    for (int i = 0; i < s->count; i++)
        if (!s->known[i].pinned && (!oldest || s->known[i].used < oldest->used))
            oldest = &s->known[i];
    if (oldest && oldest->plan)
        cudnnBackendDestroyDescriptor(oldest->plan);
    return oldest;
}

dio_dnn_answer *dio_dnn_ask(dio_cuda *d, const dio_dnn_key *key, const dio_dnn_key *usual,
                            dio_dnn_describe *describe)
{
    struct dio_cudnn *s = d->dnn;
    dio_dnn_engine engine;
    if (!start(d))
        return NULL;
    for (int i = 0; i < s->count; i++)
        if (memcmp(&s->known[i].key, key, sizeof *key) == 0) {
            s->known[i].used = ++s->clock;
            return s->known[i].plan ? &s->known[i] : NULL;
        }
    if (usual && memcmp(usual, key, sizeof *key) != 0) {
        const dio_dnn_answer *u = dio_dnn_ask(d, usual, NULL, describe);
        if (!u)
            return NULL;
        engine = u->engine;
    } else {
        usual = NULL;
    }
    dio_dnn_answer *a = place(s);
    if (!a)
        return NULL;
    memset(a, 0, sizeof *a);
    a->key = *key;
    a->used = ++s->clock;
    answer(d, usual ? &engine : NULL, describe, a);
    return a->plan ? a : NULL;
}

bool dio_dnn_run(dio_cuda *d, dio_dnn_answer *a, int count, const int64_t *uid, void *const *memory,
                 void *work)
{
    dio_dnn_graph g = {true, 0, 0, {}, {}};
    dio_dnn_part pack = dio_dnn_make(&g, CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
    dio_dnn_set(&g, pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, count, uid);
    dio_dnn_set(&g, pack, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, count,
                memory);
    dio_dnn_set(&g, pack, CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &work);
    dio_dnn_seal(&g, pack);
    bool done =
        g.good && cudnnBackendExecute(d->dnn->handle, a->plan, pack) == CUDNN_STATUS_SUCCESS;
    a->pinned |= done && d->recording;
    clear(&g);
    return done;
}
