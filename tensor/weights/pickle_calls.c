/* pickle_calls.c: the names that a pickle may use, and what comes of calling them.
 *
 * A call here is a few lines below that look at its arguments; that is all that can ever happen.
 * Names of kind INERT are of things that stand beside the weights in published checkpoints (the
 * trainer's settings, a scalar of numpy, a device): calling them, giving them items or a state
 * leaves an object of no interest, and the arguments are not even looked at. */
#include <string.h>

#include "base/str.h"
#include "tensor/weights/pickle.h"

enum kind {
    STORAGE,
    REBUILD,    /* (storage, offset, size, stride, ..) */
    PARAMETER,  /* (tensor, ..) */
    FROM_TYPE,  /* (rebuild, type, arguments of it, state) */
    DICT,       /* () or ([[key, value], ..]) */
    TABLE,      /* a dict whose arguments say what a missing key gives */
    SIZE,       /* (tuple) */
    PARAMETERS, /* a module that is a dict; its content comes as a state */
    INERT,
};

struct dio_pickle_global {
    const char *module, *name;
    enum kind kind;
    dio_dtype dtype; /* of a STORAGE */
};

static const dio_pickle_global globals[] = {
    {"torch._utils", "_rebuild_tensor_v2", REBUILD},
    {"torch._utils", "_rebuild_tensor", REBUILD},
    {"torch._utils", "_rebuild_parameter", PARAMETER},
    {"torch._utils", "_rebuild_parameter_with_state", PARAMETER},
    {"torch._tensor", "_rebuild_from_type_v2", FROM_TYPE},
    {"torch", "FloatStorage", STORAGE, DIO_F32},
    {"torch", "HalfStorage", STORAGE, DIO_F16},
    {"torch", "BFloat16Storage", STORAGE, DIO_BF16},
    {"torch", "DoubleStorage", STORAGE, DIO_F64},
    {"torch", "LongStorage", STORAGE, DIO_I64},
    {"torch", "IntStorage", STORAGE, DIO_I32},
    {"torch", "CharStorage", STORAGE, DIO_I8},
    {"torch", "ByteStorage", STORAGE, DIO_U8},
    {"torch", "BoolStorage", STORAGE, DIO_U8},
    {"collections", "OrderedDict", DICT},
    {"collections", "defaultdict", TABLE},
    {"torch", "Size", SIZE},
    /* Textual inversion by its authors keeps its vectors in one. */
    {"torch.nn.modules.container", "ParameterDict", PARAMETERS},

    {"torch", "Tensor", INERT},
    {"torch.nn.parameter", "Parameter", INERT},
    {"torch", "device", INERT},
    {"torch", "float32", INERT},
    {"torch", "float16", INERT},
    {"torch", "bfloat16", INERT},
    {"torch", "float64", INERT},
    {"torch", "int64", INERT},
    {"numpy", "dtype", INERT},
    {"numpy.core.multiarray", "scalar", INERT},
    {"numpy._core.multiarray", "scalar", INERT},
    {"_codecs", "encode", INERT}, /* how protocol 2 spells a scalar's bytes */
    {"builtins", "set", INERT},
    {"builtins", "dict", INERT},
    {"builtins", "list", INERT},
    {"builtins", "int", INERT},
    {"builtins", "float", INERT},
    {"__builtin__", "set", INERT},
    {"__builtin__", "dict", INERT},
    {"__builtin__", "list", INERT},
    {"__builtin__", "int", INERT},
    {"__builtin__", "float", INERT},
    {"typing", "Any", INERT},
    {"argparse", "Namespace", INERT},
    {"pathlib", "PosixPath", INERT},
    {"pathlib._local", "PosixPath", INERT},
    {"omegaconf.dictconfig", "DictConfig", INERT},
    {"omegaconf.listconfig", "ListConfig", INERT},
    {"omegaconf.base", "ContainerMetadata", INERT},
    {"omegaconf.base", "Metadata", INERT},
    {"omegaconf.nodes", "AnyNode", INERT},
    {"pytorch_lightning.callbacks.model_checkpoint", "ModelCheckpoint", INERT},
    {"pytorch_lightning.callbacks.early_stopping", "EarlyStopping", INERT},
    {"pytorch_lightning.utilities.parsing", "AttributeDict", INERT},
};

static bool is(const char *name, const char *text, size_t n)
{
    return strlen(name) == n && memcmp(name, text, n) == 0;
}

/* Whether a text that nothing ends but its length ends so. */
static bool ends_with(const char *text, size_t n, const char *end)
{
    size_t k = strlen(end);
    return n >= k && memcmp(text + n - k, end, k) == 0;
}

bool dio_pickle_global_find(dio_pickle *p, const char *module, size_t n_module, const char *name,
                            size_t n_name, dio_pickle_value **out, dio_error *err)
{
    int m = n_module < 100 ? (int)n_module : 100, n = n_name < 100 ? (int)n_name : 100;
    for (size_t i = 0; i < sizeof globals / sizeof globals[0]; i++)
        if (is(globals[i].module, module, n_module) && is(globals[i].name, name, n_name)) {
            *out = dio_pickle_new(p, DIO_PICKLE_GLOBAL);
            (*out)->global = &globals[i];
            return true;
        }
    if (is("torch", module, n_module) && ends_with(name, n_name, "Storage"))
        return dio_pickle_fail(p, err,
                               "torch.%.*s: this type of numbers is not supported (Float, Half, "
                               "BFloat16, Double, Long, Int, Char, Byte and Bool are)",
                               n, name);
    return dio_pickle_fail(p, err,
                           "%.*s.%.*s is not on the list of what weights need, and nothing in a "
                           "checkpoint is ever run: save the model's state_dict() alone, or as "
                           "safetensors",
                           m, module, n, name);
}

static const char *global_text(const dio_pickle_value *v)
{
    return v->kind == DIO_PICKLE_GLOBAL ? v->global->name : dio_pickle_kind_name(v->kind);
}

static bool is_global(const dio_pickle_value *v, enum kind kind)
{
    return v->kind == DIO_PICKLE_GLOBAL && v->global->kind == kind;
}

/* --- tensors ---------------------------------------------------------------------------------- */

static bool natural(const dio_pickle_value *v, size_t *out)
{
    if (v->kind != DIO_PICKLE_INT || v->integer < 0)
        return false;
    *out = (size_t)v->integer;
    return true;
}

/* A tuple of at most DIO_MAX_DIMS whole numbers of 0 or more. */
static bool read_dims(dio_pickle *p, const dio_pickle_value *v, const char *what, size_t *dim,
                      int *n, dio_error *err)
{
    if (v->kind != DIO_PICKLE_TUPLE && v->kind != DIO_PICKLE_LIST)
        return dio_pickle_fail(p, err, "a tensor's %s is %s, not a tuple", what,
                               dio_pickle_kind_name(v->kind));
    if (v->list.count > DIO_MAX_DIMS)
        return dio_pickle_fail(p, err, "a tensor has %d dimensions; at most %d are supported",
                               v->list.count, DIO_MAX_DIMS);
    *n = v->list.count;
    for (int i = 0; i < *n; i++)
        if (!natural(v->list.items[i], &dim[i]))
            return dio_pickle_fail(p, err,
                                   "a tensor's %s holds something that is not a whole number "
                                   "of 0 or more",
                                   what);
    return true;
}

static bool rebuild(dio_pickle *p, const dio_pickle_value *args, dio_pickle_value **out,
                    dio_error *err)
{
    size_t dim[DIO_MAX_DIMS];
    int n_dims, n_strides;
    if (args->list.count < 4 || args->list.count > 7)
        return dio_pickle_fail(p, err, "a tensor is rebuilt from 4 to 7 arguments, not from %d",
                               args->list.count);
    dio_pickle_value **in = args->list.items;
    dio_pickle_tensor *t = dio_arena_alloc(p->arena, sizeof *t);
    if (in[0]->kind != DIO_PICKLE_STORAGE)
        return dio_pickle_fail(p, err, "a tensor is rebuilt from %s, not from a storage",
                               dio_pickle_kind_name(in[0]->kind));
    if (!natural(in[1], &t->offset))
        return dio_pickle_fail(p, err, "a tensor's offset is not a whole number of 0 or more");
    if (!read_dims(p, in[2], "size", dim, &n_dims, err) ||
        !read_dims(p, in[3], "stride", t->stride, &n_strides, err))
        return false;
    if (n_dims != n_strides)
        return dio_pickle_fail(p, err, "a tensor of %d dimensions has %d strides", n_dims,
                               n_strides);
    t->storage = in[0]->storage;
    t->type = (dio_type){.dtype = t->storage->dtype, .nd = n_dims};
    for (int i = 0; i < n_dims; i++)
        t->type.dim[i] = (int64_t)dim[i];
    *out = dio_pickle_new(p, DIO_PICKLE_TENSOR);
    (*out)->tensor = t;
    return true;
}

static bool parameter(dio_pickle *p, const dio_pickle_value *args, dio_pickle_value **out,
                      dio_error *err)
{
    if (args->list.count < 1 || args->list.items[0]->kind != DIO_PICKLE_TENSOR)
        return dio_pickle_fail(p, err, "a parameter is made of something that is no tensor");
    *out = args->list.items[0];
    return true;
}

static bool from_type(dio_pickle *p, const dio_pickle_value *args, dio_pickle_value **out,
                      dio_error *err)
{
    dio_pickle_value **in = args->list.items;
    if (args->list.count != 4 || in[2]->kind != DIO_PICKLE_TUPLE ||
        !(is_global(in[0], REBUILD) || is_global(in[0], PARAMETER)))
        return dio_pickle_fail(p, err,
                               "_rebuild_from_type_v2 needs a function that rebuilds a tensor, "
                               "a type, arguments and a state");
    return is_global(in[0], REBUILD) ? rebuild(p, in[2], out, err) : parameter(p, in[2], out, err);
}

static const char *const STORAGE_ID =
    "a storage's id needs \"storage\", a type of storage, a key, a "
    "place and a number of elements";

bool dio_pickle_persistent(dio_pickle *p, const dio_pickle_value *id, dio_pickle_value **out,
                           dio_error *err)
{
    size_t n = id->kind == DIO_PICKLE_TUPLE ? (size_t)id->list.count : 0;
    dio_pickle_value **in = id->list.items;
    if (n > 0 && dio_pickle_is_text(in[0], "module"))
        return dio_pickle_fail(p, err,
                               "a whole module is kept here, which only its program can read: "
                               "save the model's state_dict() alone");
    if (n < 5 || n > 6 || !dio_pickle_is_text(in[0], "storage") || !is_global(in[1], STORAGE) ||
        in[2]->kind != DIO_PICKLE_TEXT || in[2]->text.length > 64)
        return dio_pickle_fail(p, err, "%s", STORAGE_ID);
    if (n == 6 && in[5]->kind != DIO_PICKLE_NONE)
        return dio_pickle_fail(p, err, "a storage that is a view of another is not supported");
    dio_pickle_storage *s = dio_arena_alloc(p->arena, sizeof *s);
    *s = (dio_pickle_storage){.key = in[2]->text.bytes,
                              .key_length = (int)in[2]->text.length,
                              .dtype = in[1]->global->dtype,
                              .at = p->op_at};
    if (!natural(in[4], &s->count))
        return dio_pickle_fail(p, err, "%s", STORAGE_ID);
    if (!dio_mul_size(s->count, dio_dtype_size(s->dtype), &s->bytes) || s->bytes > (size_t)1 << 48)
        return dio_pickle_fail(
            p, err, "a storage of %zu numbers: more bytes than any machine holds", s->count);
    if (!dio_arena_grow(p->arena, &p->storages, p->n_storages, &p->storages_cap,
                        sizeof *p->storages))
        return dio_fail_memory(err, "a list of storages");
    p->storages[p->n_storages++] = s;
    *out = dio_pickle_new(p, DIO_PICKLE_STORAGE);
    (*out)->storage = s;
    return true;
}

/* --- containers ------------------------------------------------------------------------------- */

/* OrderedDict() or, from Python 2, OrderedDict([[key, value], ..]). */
static bool make_dict(dio_pickle *p, const dio_pickle_value *args, dio_pickle_value **out,
                      dio_error *err)
{
    *out = dio_pickle_new(p, DIO_PICKLE_DICT);
    if (args->list.count == 0)
        return true;
    const dio_pickle_value *list = args->list.items[0];
    bool ok = args->list.count == 1 && list->kind == DIO_PICKLE_LIST;
    for (int i = 0; ok && i < list->list.count; i++) {
        const dio_pickle_value *pair = list->list.items[i];
        ok = (pair->kind == DIO_PICKLE_LIST || pair->kind == DIO_PICKLE_TUPLE) &&
             pair->list.count == 2;
        if (ok && (!dio_pickle_add(p, *out, pair->list.items[0], err) ||
                   !dio_pickle_add(p, *out, pair->list.items[1], err)))
            return false;
    }
    return ok || dio_pickle_fail(p, err, "an OrderedDict is made of nothing or of a list of pairs");
}

static bool make_size(dio_pickle *p, const dio_pickle_value *args, dio_pickle_value **out,
                      dio_error *err)
{
    if (args->list.count != 1 || args->list.items[0]->kind != DIO_PICKLE_TUPLE)
        return dio_pickle_fail(p, err, "a torch.Size is made of one tuple");
    *out = args->list.items[0];
    return true;
}

/* An object without arguments, or whose arguments do not matter. */
static bool make_object(dio_pickle *p, const dio_pickle_global *type, dio_pickle_value **out)
{
    if (type->kind != DICT && type->kind != TABLE && type->kind != PARAMETERS &&
        type->kind != INERT)
        return false;
    *out = dio_pickle_new(p, type->kind == INERT ? DIO_PICKLE_INERT : DIO_PICKLE_DICT);
    (*out)->parameters = type->kind == PARAMETERS;
    return true;
}

bool dio_pickle_object(dio_pickle *p, const dio_pickle_value *type, dio_pickle_value **out,
                       dio_error *err)
{
    return (type->kind == DIO_PICKLE_GLOBAL && make_object(p, type->global, out)) ||
           dio_pickle_fail(p, err, "an object is made of %s, which is no class that is known here",
                           global_text(type));
}

bool dio_pickle_call(dio_pickle *p, const dio_pickle_value *callee, const dio_pickle_value *args,
                     dio_pickle_value **out, dio_error *err)
{
    if (args->kind != DIO_PICKLE_TUPLE)
        return dio_pickle_fail(p, err, "the arguments of %s are %s, not a tuple",
                               global_text(callee), dio_pickle_kind_name(args->kind));
    if (is_global(callee, REBUILD))
        return rebuild(p, args, out, err);
    if (is_global(callee, PARAMETER))
        return parameter(p, args, out, err);
    if (is_global(callee, FROM_TYPE))
        return from_type(p, args, out, err);
    if (is_global(callee, DICT))
        return make_dict(p, args, out, err);
    if (is_global(callee, SIZE))
        return make_size(p, args, out, err);
    if (callee->kind == DIO_PICKLE_GLOBAL && make_object(p, callee->global, out))
        return true;
    return dio_pickle_fail(p, err, "%s is called, which is no function that is known here",
                           global_text(callee));
}

bool dio_pickle_build(dio_pickle *p, dio_pickle_value *object, const dio_pickle_value *state,
                      dio_error *err)
{
    const dio_pickle_value *inner;
    switch (object->kind) {
    case DIO_PICKLE_DICT: /* attributes of an OrderedDict (_metadata) do not matter */
        inner = object->parameters ? dio_pickle_get(state, "_parameters") : NULL;
        if (inner && inner->kind == DIO_PICKLE_DICT)
            object->list = inner->list;
        return true;
    case DIO_PICKLE_INERT:
        return true;
    default:
        return dio_pickle_fail(p, err, "a state is given to %s, which has none",
                               dio_pickle_kind_name(object->kind));
    }
}
