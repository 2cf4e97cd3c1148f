/* exec.c: runs a plan that has its addresses: sets inputs, walks the nodes, reads outputs. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/gang.h"
#include "tensor/plan_impl.h"

static dio_plan_value *find_leaf(dio_plan *p, const char *name)
{
    for (int i = 0; i < p->n_values; i++)
        if (p->values[i].name && strcmp(p->values[i].name, name) == 0)
            return &p->values[i];
    return NULL;
}

bool dio_plan_set(dio_plan *p, const char *input, const void *data, size_t bytes, dio_error *err)
{
    dio_plan_value *v = find_leaf(p, input);
    if (!v)
        return dio_fail(err, "the plan has no input \"%s\"", input);
    if (bytes != dio_type_bytes(&v->type))
        return dio_fail(err, "input \"%s\" takes %zu bytes, not %zu", input,
                        dio_type_bytes(&v->type), bytes);
    return p->device->upload(p->device, v->memory, data, bytes, err);
}

bool dio_plan_set_part(dio_plan *p, const char *input, size_t at, const void *data, size_t bytes,
                       dio_error *err)
{
    dio_plan_value *v = find_leaf(p, input);
    size_t all = v ? dio_type_bytes(&v->type) : 0;
    if (!v)
        return dio_fail(err, "the plan has no input \"%s\"", input);
    if (at > all || bytes > all - at)
        return dio_fail(err, "input \"%s\" has %zu bytes; %zu from byte %zu on do not fit", input,
                        all, bytes, at);
    return p->device->upload(p->device, (unsigned char *)v->memory + at, data, bytes, err);
}

size_t dio_plan_bytes(dio_plan *p, const char *name)
{
    const dio_plan_value *v = find_leaf(p, name);
    return v ? dio_type_bytes(&v->type) : 0;
}

bool dio_plan_get(dio_plan *p, const char *name, void *out, size_t bytes, dio_error *err)
{
    dio_plan_value *v = find_leaf(p, name);
    if (!v)
        return dio_fail(err, "the plan has no input or state \"%s\"", name);
    if (bytes != dio_type_bytes(&v->type))
        return dio_fail(err, "\"%s\" is %zu bytes, not %zu", name, dio_type_bytes(&v->type), bytes);
    return p->device->download(p->device, out, v->memory, bytes, err);
}

void *dio_plan_memory(dio_plan *p, const char *name, dio_type *type)
{
    dio_plan_value *v = find_leaf(p, name);
    if (!v || !p->device->host_memory)
        return NULL;
    if (type)
        *type = v->type;
    return v->memory;
}

bool dio_plan_share_state(dio_plan *p, dio_plan *from, dio_error *err)
{
    for (int i = 0; i < p->n_values; i++) {
        dio_plan_value *v = &p->values[i];
        if (v->source != DIO_FROM_STATE)
            continue;
        const dio_plan_value *other = find_leaf(from, v->name);
        if (!other || !dio_type_equal(&other->type, &v->type))
            return dio_fail(err, "state \"%s\" is not the same in both plans", v->name);
        if (other->memory == v->memory)
            continue;
        for (int k = 0; k < p->n_owned; k++)
            if (p->owned[k] == v->memory) {
                p->device->release(p->device, v->memory);
                p->owned[k] = p->owned[--p->n_owned];
                break;
            }
        v->memory = other->memory;
    }
    dio_plan_bind_views(p);
    return true;
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

bool dio_plan_run_nodes(dio_plan *p, dio_error *err)
{
    for (int i = 0; i < p->n_nodes; i++) {
        dio_plan_node *n = &p->nodes[i];
        if (n->virtual_)
            continue;
        double start = p->profile ? now_ms() : 0;
        if (p->options.reference)
            n->call.op->reference(&n->call);
        else if (!p->device->run(p->device, &n->call, err))
            return false;
        if (p->profile) {
            if (!p->device->sync(p->device, err))
                return false;
            n->ms += now_ms() - start;
        }
    }
    return true;
}

bool dio_plan_run(dio_plan *p, dio_error *err)
{
    if (dio_gang_size() > p->threads)
        return dio_fail(err,
                        "a plan made for %d threads cannot run on %d: make it after "
                        "dio_gang_resize",
                        p->threads, dio_gang_size());
    p->report.replayed = dio_plan_replay(p);
    if (!p->report.replayed && !dio_plan_run_nodes(p, err))
        return false;
    p->runs++;
    for (int i = 0; i < p->n_reread; i++)
        dio_buffer_release(p->reread[i]);
    return p->device->sync(p->device, err);
}

static const void *read_value(dio_plan *p, dio_val v, size_t at, dio_type *type)
{
    dio_view view;
    dio_plan_address(p, v, &view);
    if (type)
        *type = p->values[v].type;
    if (p->device->host_memory)
        return view.data;
    dio_error err = {0};
    unsigned char *copy = (unsigned char *)p->out_copy + at;
    size_t bytes = dio_type_bytes(&p->values[v].type);
    return p->device->download(p->device, copy, view.data, bytes, &err) ? copy : NULL;
}

const void *dio_plan_output(dio_plan *p, int i, dio_type *type)
{
    size_t at = 0;
    for (int j = 0; j < i; j++)
        at += dio_type_bytes(&p->values[p->outputs[j]].type);
    return read_value(p, p->outputs[i], at, type);
}

static bool lives_across_runs(const dio_plan *p, dio_val v, size_t bytes, dio_error *err)
{
    if (v < 0 || v >= p->n_values || p->values[v].source == DIO_FROM_NODE || !p->values[v].memory ||
        dio_type_bytes(&p->values[v].type) != bytes)
        return dio_fail(err, "value %d is no input, state or weight of %zu bytes", v, bytes);
    return true;
}

bool dio_plan_read(dio_plan *p, dio_val v, void *out, size_t bytes, dio_error *err)
{
    return lives_across_runs(p, v, bytes, err) &&
           p->device->download(p->device, out, p->values[v].memory, bytes, err);
}

bool dio_plan_write(dio_plan *p, dio_val v, const void *data, size_t bytes, dio_error *err)
{
    return lives_across_runs(p, v, bytes, err) &&
           p->device->upload(p->device, p->values[v].memory, data, bytes, err);
}

int dio_plan_tap_count(const dio_plan *p)
{
    return p->n_taps;
}

const void *dio_plan_tap(dio_plan *p, int i, const char **name, dio_type *type)
{
    size_t at = 0;
    for (int j = 0; j < p->n_outputs; j++)
        at += dio_type_bytes(&p->values[p->outputs[j]].type);
    for (int j = 0; j < i; j++)
        at += dio_type_bytes(&p->values[p->taps[j].value].type);
    if (name)
        *name = p->taps[i].name;
    return read_value(p, p->taps[i].value, at, type);
}

void dio_plan_report_get(const dio_plan *p, dio_plan_report *out)
{
    *out = p->report;
}

void dio_plan_profile(dio_plan *p, bool on)
{
    p->profile = on;
    p->runs = 0;
    for (int i = 0; i < p->n_nodes; i++)
        p->nodes[i].ms = 0;
}
