/* walk_load.c: fills a model's weights from a set of named tensors.
 *
 * Everything that does not agree is found before anything is said: what is missing, what has
 * another shape, what the model does not know. In the sentence, names that differ in a layer's
 * number alone are one entry, "h.0-11.attn.bias", so that a whole model's worth fits; the report
 * has a line for each. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/walk.h"

enum { GROUPS = 24, LISTED = 700 }; /* LISTED: bytes of names in one sentence */

/* Names that are equal but for their first number. */
struct group {
    const char *name;
    int digits_at, digits; /* of the first number in name; digits 0: it has none */
    int first, last, count;
};

struct list {
    struct group groups[GROUPS];
    int n_groups, total, beyond;
};

struct load {
    dio_walk *walk;
    const dio_weights *from;
    const char *cut;    /* what the file's names lack at their front, or "" */
    const char *prefix; /* what they have there besides, or "" */
    unsigned flags;
    dio_tensor **found; /* by weight: what the file has for it, or NULL */
    struct list missing, misshapen, unused;
    dio_str *report;
    dio_arena *arena;
};

static void find_number(struct group *g)
{
    int i = 0;
    while (g->name[i] && !isdigit((unsigned char)g->name[i]))
        i++;
    g->digits_at = i;
    while (isdigit((unsigned char)g->name[i]) && i - g->digits_at < 6)
        i++;
    g->digits = i - g->digits_at;
    g->first = g->last = g->digits ? atoi(g->name + g->digits_at) : 0;
}

static bool same_but_number(const struct group *a, const struct group *b)
{
    return a->digits && b->digits && a->digits_at == b->digits_at &&
           strncmp(a->name, b->name, (size_t)a->digits_at) == 0 &&
           strcmp(a->name + a->digits_at + a->digits, b->name + b->digits_at + b->digits) == 0 &&
           b->first == a->last + 1;
}

static void add(struct list *l, const char *name)
{
    struct group g = {.name = name, .count = 1};
    find_number(&g);
    l->total++;
    for (int i = 0; i < l->n_groups; i++)
        if (same_but_number(&l->groups[i], &g)) {
            l->groups[i].last = g.first;
            l->groups[i].count++;
            return;
        }
    if (l->n_groups == GROUPS)
        l->beyond++;
    else
        l->groups[l->n_groups++] = g;
}

static void put_list(dio_str *s, const struct list *l, const char *what)
{
    if (!l->total)
        return;
    int listed = 0;
    dio_str_printf(s, "%s%d %s: ", s->length ? "; " : "", l->total, what);
    for (int i = 0; i < l->n_groups && s->length < LISTED; i++) {
        const struct group *g = &l->groups[i];
        listed += g->count;
        dio_str_puts(s, i ? ", " : "");
        if (g->count > 1)
            dio_str_printf(s, "%.*s%d-%d%.100s", g->digits_at, g->name, g->first, g->last,
                           g->name + g->digits_at + g->digits);
        else
            dio_str_printf(s, "%.150s", g->name);
    }
    if (listed < l->total)
        dio_str_printf(s, " and %d more", l->total - listed);
}

/* Files of the bare model lack the base prefix: true when no name has it and some weight does. */
static const char *cut_for(const dio_walk *w, const dio_weights *from)
{
    size_t n = w->base_prefix ? strlen(w->base_prefix) : 0;
    if (!n)
        return "";
    for (int i = 0; i < dio_weights_count(from); i++)
        if (strncmp(dio_weights_at(from, i)->name, w->base_prefix, n) == 0)
            return "";
    return w->base_prefix;
}

static const char *name_in_file(const struct load *l, const char *name)
{
    size_t n = strlen(l->cut);
    if (*l->prefix)
        return dio_arena_printf(l->arena, "%s%s", l->prefix, name);
    return n && strncmp(name, l->cut, n) == 0 ? name + n : name;
}

static bool same_shape(const dio_type *a, const dio_type *b)
{
    dio_type c = *a;
    c.dtype = b->dtype;
    return dio_type_equal(&c, b);
}

static void check_item(struct load *l, int i)
{
    char want[DIO_TYPE_TEXT], have[DIO_TYPE_TEXT];
    const dio_weight *it = &l->walk->items[i];
    const char *name = name_in_file(l, it->name);
    const dio_tensor *t = l->found[i] = dio_weights_find(l->from, name);
    if (!t) {
        add(&l->missing, name);
        if (l->report)
            dio_str_printf(l->report, "missing: %s %s\n", name, dio_type_text(&it->type, want));
    } else if (!same_shape(&it->type, &t->type) || !dio_dtype_is_float(t->type.dtype)) {
        /* Any float will do; of other types it is the type that is wrong. */
        const char *shape = dio_type_text(&it->type, want);
        if (dio_dtype_is_float(t->type.dtype))
            shape = strchr(shape, '[');
        add(&l->misshapen, dio_arena_printf(l->arena, "%s is %s, not %s", name,
                                            dio_type_text(&t->type, have), shape));
        if (l->report)
            dio_str_printf(l->report, "misshapen: %s is %s, not %s\n", name, have, want);
    }
}

static bool is_ignored(const dio_walk *w, const char *name)
{
    size_t n = strlen(name);
    for (int i = 0; i < w->n_ignored; i++) {
        size_t m = strlen(w->ignored[i]);
        if (n >= m && strcmp(name + n - m, w->ignored[i]) == 0)
            return true;
    }
    return false;
}

static int by_address(const void *a, const void *b)
{
    const dio_tensor *x = *(const dio_tensor *const *)a, *y = *(const dio_tensor *const *)b;
    return x < y ? -1 : x > y;
}

/* What the file has and the model does not know. */
static bool check_unused(struct load *l, dio_error *err)
{
    const dio_walk *w = l->walk;
    const dio_tensor **wanted = dio_arena_try(l->arena, (size_t)(w->count + 1) * sizeof *wanted);
    int n = 0;
    if (!wanted)
        return dio_fail_memory(err, "a list of weights");
    for (int i = 0; i < w->count; i++)
        if (l->found[i])
            wanted[n++] = l->found[i];
    qsort(wanted, (size_t)n, sizeof *wanted, by_address);
    for (int i = 0; i < dio_weights_count(l->from); i++) {
        const dio_tensor *t = dio_weights_at(l->from, i);
        if (is_ignored(w, t->name) || bsearch(&t, wanted, (size_t)n, sizeof *wanted, by_address))
            continue;
        add(&l->unused, t->name);
        if (l->report)
            dio_str_printf(l->report, "unused: %s\n", t->name);
    }
    return true;
}

static bool complain(const struct load *l, dio_error *err)
{
    if (!l->missing.total && !l->misshapen.total && !l->unused.total)
        return true;
    dio_str s = {0};
    put_list(&s, &l->missing, "missing");
    put_list(&s, &l->misshapen, "misshapen");
    put_list(&s, &l->unused, "unused");
    dio_fail(err, "the weights do not fit the model: %s", s.text ? s.text : "");
    dio_str_deinit(&s);
    return dio_error_at(err, dio_weights_path(l->from), 0, 0);
}

/* The file's tensor in the type asked for; mapped when it has it already. */
static dio_tensor *take(const dio_weight *it, dio_tensor *t, dio_dtype dtype, dio_error *err)
{
    dio_dtype to = dio_walk_dtype(it, dtype, t->type.dtype);
    if (to == t->type.dtype)
        return dio_tensor_ref(t);
    dio_tensor *fresh = dio_tensor_convert(t, to, err);
    dio_buffer_release(t->buffer);
    return fresh;
}

/* What is not mapped as it is but converted. A sparse file can promise terabytes. */
static int64_t converted_bytes(const struct load *l, dio_dtype dtype)
{
    int64_t sum = 0;
    for (int i = 0; i < l->walk->count; i++) {
        const dio_tensor *t = l->found[i];
        if (!t)
            continue;
        dio_dtype to = dio_walk_dtype(&l->walk->items[i], dtype, t->type.dtype);
        if (to != t->type.dtype)
            sum += dio_type_count(&t->type) * (int64_t)dio_dtype_size(to);
    }
    return sum;
}

static bool fill(struct load *l, dio_dtype dtype, dio_error *err)
{
    if (!dio_walk_fits(converted_bytes(l, dtype), err))
        return dio_error_at(err, dio_weights_path(l->from), 0, 0);
    for (int i = 0; i < l->walk->count; i++) {
        const dio_weight *it = &l->walk->items[i];
        if (!l->found[i])
            continue;
        dio_tensor *t = take(it, l->found[i], dtype, err);
        if (!t)
            return false;
        dio_tensor_unref(*it->slot);
        *it->slot = t;
    }
    return true;
}

bool dio_walk_load(dio_walk *w, const dio_weights *from, dio_dtype dtype, unsigned flags,
                   const char *prefix, dio_str *report, dio_error *err)
{
    struct load l = {.walk = w, .from = from, .prefix = prefix, .flags = flags, .report = report};
    l.cut = *prefix ? "" : cut_for(w, from);
    l.arena = dio_arena_create();
    l.found = l.arena ? dio_arena_try(l.arena, ((size_t)w->count + 1) * sizeof *l.found) : NULL;
    bool ok = l.found != NULL;
    if (!ok)
        dio_fail_memory(err, "loading weights");
    for (int i = 0; ok && i < w->count; i++)
        if (dio_walk_chosen(&w->items[i], flags))
            check_item(&l, i);
    ok = ok && check_unused(&l, err);
    if (ok && dio_arena_failed(l.arena)) /* names may be torn: nothing is said about them */
        ok = dio_fail_memory(err, "loading weights");
    ok = ok && complain(&l, err) && fill(&l, dtype, err);
    dio_arena_destroy(l.arena);
    return ok;
}
