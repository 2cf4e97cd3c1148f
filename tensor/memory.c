/* memory.c: gives every intermediate, and every node's scratch, a place in one workspace.
 *
 * A root lives from the node that writes it to the last that reads it; two may share bytes when
 * those spans do not meet. Largest first, each at the lowest gap that fits: simple enough to check
 * by hand, and within a few per cent of the bound on the chains that our models are. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "tensor/plan_impl.h"

enum { ALIGN = 256 };

struct item {
    int64_t bytes, place;
    int first, last;
    int root; /* value, or -1 - node for scratch */
};

static int by_size(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    return x->first != y->first ? (x->first < y->first ? -1 : 1) : x->root - y->root;
}

static int by_place(const void *a, const void *b)
{
    const struct item *x = *(struct item *const *)a, *y = *(struct item *const *)b;
    return x->place < y->place ? -1 : x->place > y->place;
}

/* The lowest place for `it` among `n` items placed before. `near` has room for n pointers. */
static void put(struct item *it, struct item *placed, int n, struct item **near)
{
    int m = 0;
    int64_t at = 0;
    for (int i = 0; i < n; i++)
        if (placed[i].first <= it->last && it->first <= placed[i].last)
            near[m++] = &placed[i];
    qsort(near, (size_t)m, sizeof *near, by_place);
    for (int i = 0; i < m; i++) {
        if (near[i]->place >= at + it->bytes)
            break;
        if (near[i]->place + near[i]->bytes > at)
            at = near[i]->place + near[i]->bytes;
    }
    it->place = at;
}

static int64_t rounded(size_t bytes)
{
    return (int64_t)((bytes + ALIGN - 1) / ALIGN * ALIGN);
}

/* Outputs that nobody reads are not made: they get no place and the kernel sees NULL. */
static bool is_wanted(const dio_plan *p, int root)
{
    const dio_plan_value *v = &p->values[root];
    return v->source == DIO_FROM_NODE && v->first != INT_MAX && (v->uses > 0 || v->kept);
}

static int collect(dio_plan *p, struct item *items)
{
    int n = 0;
    for (int i = 0; i < p->n_values; i++)
        if (p->values[i].root == i && is_wanted(p, i))
            items[n++] = (struct item){rounded(dio_type_bytes(&p->values[i].type)), 0,
                                       p->values[i].first, p->values[i].last, i};
    for (int i = 0; i < p->n_nodes; i++) {
        dio_call c;
        if (p->nodes[i].virtual_ || p->options.reference)
            continue;
        dio_plan_fill_call(p, &p->nodes[i].node, &c);
        size_t bytes = p->device->workspace(p->device, &c);
        if (bytes)
            items[n++] = (struct item){rounded(bytes), 0, i, i, -1 - i};
    }
    return n;
}

/* Uses again, now with the copies in; a root is used when anything over it is. A node's first
 * output always counts, so that kernels may rely on it. */
static void count_uses(dio_plan *p)
{
    for (int i = 0; i < p->n_values; i++)
        p->values[i].uses = 0;
    for (int i = 0; i < p->n_nodes; i++) {
        const dio_node *n = &p->nodes[i].node;
        for (int j = 0; j < n->n_in; j++)
            if (n->in[j] >= 0)
                p->values[p->values[n->in[j]].root].uses++;
        p->values[p->values[n->out[0]].root].uses++;
    }
    for (int i = 0; i < p->n_values; i++)
        if (p->values[i].kept)
            p->values[p->values[i].root].uses++;
}

static bool check_limit(dio_plan *p, dio_error *err)
{
    size_t limit = p->options.memory_limit;
    if (!limit)
        limit = p->device->free_bytes(p->device) / 4 * 3;
    size_t need = p->report.workspace + p->report.state + p->report.packed;
    if (need <= limit)
        return true;
    return dio_fail_retry(err,
                          "this needs %.1f MB of memory (%.1f MB of it intermediates) and the "
                          "limit is %.1f MB: use a smaller size or batch",
                          (double)need / 1e6, (double)p->report.workspace / 1e6,
                          (double)limit / 1e6);
}

static void add_up(dio_plan *p)
{
    for (int i = 0; i < p->n_values; i++) {
        const dio_plan_value *v = &p->values[i];
        if (v->source == DIO_FROM_PARAM)
            p->report.params += dio_type_bytes(&v->type);
        if (v->source == DIO_FROM_STATE || (v->source == DIO_FROM_INPUT && !p->options.lent))
            p->report.state += dio_type_bytes(&v->type);
    }
    for (int i = 0; i < p->n_nodes; i++) {
        dio_call c;
        if (p->nodes[i].virtual_)
            continue;
        dio_plan_fill_call(p, &p->nodes[i].node, &c);
        double elements = 0, bytes = 0;
        for (int j = 0; j < c.n_in; j++)
            if (c.in[j].nd >= 0)
                bytes += (double)dio_view_count(&c.in[j]) * (double)dio_dtype_size(c.in[j].dtype);
        for (int j = 0; j < c.n_out; j++)
            elements += (double)dio_view_count(&c.out[j]);
        dio_cost cost = c.op->cost ? c.op->cost(&c) : (dio_cost){elements, bytes + 4 * elements};
        p->report.flops += cost.flops;
        p->report.bytes += cost.bytes;
        p->report.nodes++;
    }
}

/* Where inputs are not memory of the plan's own they stand behind the intermediates. */
static int64_t place_inputs(dio_plan *p, int64_t total)
{
    for (int i = 0; i < p->n_values; i++)
        if (p->options.lent && p->values[i].source == DIO_FROM_INPUT) {
            p->values[i].place = total;
            total += rounded(dio_type_bytes(&p->values[i].type));
        }
    return total;
}

bool dio_plan_place(dio_plan *p, dio_error *err)
{
    size_t room = (size_t)(p->n_values + p->n_nodes + 1);
    struct item *items = dio_arena_try(p->arena, room * sizeof *items);
    struct item **near = dio_arena_try(p->arena, room * sizeof *near);
    if (!items || !near)
        return dio_fail_memory(err, "a plan's memory");
    count_uses(p);
    int n = collect(p, items);
    qsort(items, (size_t)n, sizeof *items, by_size);
    int64_t total = 0;
    for (int i = 0; i < n; i++) {
        put(&items[i], items, i, near);
        if (items[i].place + items[i].bytes > total)
            total = items[i].place + items[i].bytes;
        if (items[i].root >= 0)
            p->values[items[i].root].place = items[i].place;
        else /* scratch: remembered in the call until bind makes it an address */
            p->nodes[-1 - items[i].root].call.work = (void *)(intptr_t)(items[i].place + 1);
    }
    p->report.workspace = (size_t)place_inputs(p, total);
    add_up(p);
    return check_limit(p, err);
}
