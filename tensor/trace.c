/* trace.c: what a plan looks like, and where its time goes, as text. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "tensor/plan_impl.h"

char *dio_plan_dump(const dio_plan *p)
{
    dio_str s = {0};
    char text[DIO_TYPE_TEXT];
    for (int i = 0; i < p->n_nodes; i++) {
        const dio_plan_node *n = &p->nodes[i];
        if (n->virtual_)
            continue;
        dio_str_printf(&s, "%4d %-20s", i, n->node.op->name);
        for (int j = 0; j < n->node.n_in; j++)
            if (n->node.in[j] >= 0)
                dio_str_printf(&s, " %s", dio_type_text(&p->values[n->node.in[j]].type, text));
        dio_str_printf(&s, " -> %s", dio_type_text(&p->values[n->node.out[0]].type, text));
        if (p->profile && p->runs)
            dio_str_printf(&s, "  %.3f ms", n->ms / p->runs);
        dio_str_putc(&s, '\n');
    }
    return s.text;
}

struct total {
    const char *name;
    double ms, flops;
    int count;
};

static int by_ms(const void *a, const void *b)
{
    const struct total *x = a, *y = b;
    return x->ms < y->ms ? 1 : x->ms > y->ms ? -1 : strcmp(x->name, y->name);
}

char *dio_plan_profile_text(const dio_plan *p)
{
    struct total *totals = calloc((size_t)dio_ops_count, sizeof *totals);
    dio_str s = {0};
    int n = 0;
    double all = 0;
    for (int i = 0; totals && i < p->n_nodes; i++) {
        const dio_plan_node *node = &p->nodes[i];
        int k = 0;
        if (node->virtual_)
            continue;
        while (k < n && totals[k].name != node->node.op->name)
            k++;
        n += k == n;
        totals[k].name = node->node.op->name;
        totals[k].ms += p->runs ? node->ms / p->runs : 0;
        totals[k].count++;
        totals[k].flops += node->node.op->cost ? node->node.op->cost(&node->call).flops : 0;
        all += p->runs ? node->ms / p->runs : 0;
    }
    if (totals)
        qsort(totals, (size_t)n, sizeof *totals, by_ms);
    for (int k = 0; k < n; k++)
        dio_str_printf(&s, "%9.3f ms %5.1f %%  %4d x %-20s %7.1f GFLOP/s\n", totals[k].ms,
                       all > 0 ? 100 * totals[k].ms / all : 0, totals[k].count, totals[k].name,
                       totals[k].ms > 0 ? totals[k].flops / totals[k].ms * 1e-6 : 0);
    free(totals);
    return s.text;
}
