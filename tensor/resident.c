/* resident.c: one copy of a weight on a device, however many plans read it. */
#include <stdlib.h>
#include <string.h>

#include "tensor/device.h"

static dio_resident *find(dio_device *d, const dio_tensor *t, const dio_op *op, size_t bytes)
{
    for (dio_resident *r = d->resident; r; r = r->next)
        if (r->tensor == t && r->op == op && r->bytes == bytes)
            return r;
    return NULL;
}

static bool fill(dio_device *d, dio_resident *r, const dio_call *c, int i, dio_error *err)
{
    r->memory = d->alloc(d, r->bytes ? r->bytes : 1, err);
    if (!r->memory)
        return false;
    if (!r->op)
        return d->upload(d, r->memory, dio_tensor_data(r->tensor), r->bytes, err);
    dio_call with_data = *c;
    with_data.cpu = d->cpu;
    with_data.in[i].data = dio_tensor_data(r->tensor);
    r->op->pack(&with_data, i, r->memory);
    dio_buffer_release(r->tensor->buffer);
    return true;
}

dio_resident *dio_resident_get(dio_device *d, dio_tensor *t, const dio_call *c, int i, bool pack,
                               dio_error *err)
{
    const dio_op *op = pack ? c->op : NULL;
    size_t bytes = pack ? c->op->pack_bytes(c, i) : dio_type_bytes(&t->type);
    dio_resident *r = find(d, t, op, bytes);
    if (r) {
        r->refs++;
        return r;
    }
    r = calloc(1, sizeof *r);
    if (!r) {
        dio_fail_memory(err, "a weight's place");
        return NULL;
    }
    *r = (dio_resident){.tensor = dio_tensor_ref(t), .op = op, .bytes = bytes, .refs = 1};
    if (!fill(d, r, c, i, err)) {
        dio_tensor_unref(r->tensor);
        if (r->memory)
            d->release(d, r->memory);
        free(r);
        return NULL;
    }
    r->next = d->resident;
    d->resident = r;
    return r;
}

static void drop(dio_device *d, dio_resident *r)
{
    d->release(d, r->memory);
    dio_tensor_unref(r->tensor);
    free(r);
}

void dio_resident_unref(dio_device *d, dio_resident *r)
{
    if (!r || --r->refs > 0)
        return;
    for (dio_resident **p = &d->resident; *p; p = &(*p)->next)
        if (*p == r) {
            *p = r->next;
            break;
        }
    drop(d, r);
}

void dio_resident_deinit(dio_device *d)
{
    while (d->resident) {
        dio_resident *r = d->resident;
        d->resident = r->next;
        drop(d, r);
    }
}
