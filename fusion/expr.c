/* expr.c: what expressions yield. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "fusion/expr_tree.h"

const dio_value dio_unknown = {.kind = DIO_NULL};

bool dio_template_plain(const dio_template *t)
{
    for (int i = 0; i < t->count; i++) {
        if (t->parts[i].expr)
            return false;
    }
    return true;
}

bool dio_template_single(const dio_template *t)
{
    return t->count == 1 && t->parts[0].expr;
}

const dio_path *dio_template_path(const dio_template *t)
{
    bool only = dio_template_single(t) && t->parts[0].expr->kind == DIO_EXPR_READ;
    return only ? t->parts[0].expr->path : NULL;
}

const dio_path *dio_template_paths(const dio_template *t, int *count)
{
    *count = t->path_count;
    return t->paths;
}

bool dio_value_true(const dio_value *v)
{
    switch (v->kind) {
    case DIO_NULL:
        return false;
    case DIO_BOOL:
        return v->boolean;
    case DIO_INT:
        return v->integer != 0;
    case DIO_REAL:
        return v->real != 0;
    case DIO_STRING:
        return v->string.length > 0;
    case DIO_LIST:
        return v->list.count > 0;
    case DIO_MAP:
        return v->map.count > 0;
    }
    return false;
}

const char *dio_value_text(dio_arena *a, const dio_value *v)
{
    if (v->kind == DIO_NULL)
        return "";
    return v->kind == DIO_STRING ? v->string.text : dio_json_write(a, v, 0);
}

const char *dio_path_text(dio_arena *a, const dio_path *path)
{
    char *text = dio_arena_strdup(a, path->part[0]);
    for (int i = 1; i < path->count; i++)
        text = dio_arena_printf(a, "%s.%s", text, path->part[i]);
    return text;
}

/* ---- paths ---- */

static bool fail_key(const dio_path *path, int i, const dio_value *in, dio_error *err)
{
    const char *names[64];
    int n = in->map.count < 64 ? in->map.count : 64;
    for (int k = 0; k < n; k++)
        names[k] = in->map.keys[k]->string.text;
    const char *near = dio_nearest(path->part[i], names, n);
    const char *of = i > 0 ? path->part[i - 1] : "an expression";
    if (near)
        return dio_value_fail(&path->place, err, "\"%.60s\" is not in %s: did you mean \"%.60s\"?",
                              path->part[i], of, near);
    char has[200] = "";
    for (int k = 0; k < n && strlen(has) + strlen(names[k]) + 3 < sizeof has; k++)
        snprintf(has + strlen(has), sizeof has - strlen(has), "%s%s", k ? ", " : "", names[k]);
    return dio_value_fail(&path->place, err, "\"%.60s\" is not in %s: it has %s", path->part[i], of,
                          n ? has : "nothing");
}

const dio_value *dio_path_get(const dio_path *path, const dio_value *scope, dio_error *err)
{
    const dio_value *v = scope;
    for (int i = 0; i < path->count; i++) {
        if (v == &dio_unknown)
            return v;
        int64_t index;
        const dio_value *next = NULL;
        if (v->kind == DIO_MAP)
            next = dio_map_get(v, path->part[i]);
        else if (v->kind == DIO_LIST && dio_parse_int(path->part[i], &index) && index >= 0 &&
                 index < v->list.count)
            next = v->list.items[index];
        if (!next) {
            if (v->kind == DIO_MAP)
                fail_key(path, i, v, err);
            else
                dio_value_fail(&path->place, err, "%.60s: %s is %s and has no \"%.60s\"",
                               path->part[0], path->part[i - 1], dio_kind_name(v->kind),
                               path->part[i]);
            return NULL;
        }
        v = next;
    }
    return v;
}

/* ---- operators ---- */

static bool numeric(const dio_value *v)
{
    return v->kind == DIO_INT || v->kind == DIO_REAL;
}

static double number(const dio_value *v)
{
    return v->kind == DIO_INT ? (double)v->integer : v->real;
}

static bool equal(dio_arena *a, const dio_value *p, const dio_value *q)
{
    if (p->kind == DIO_INT && q->kind == DIO_INT)
        return p->integer == q->integer;
    if (numeric(p) && numeric(q))
        return number(p) == number(q);
    if (p->kind != q->kind)
        return false;
    if (p->kind == DIO_NULL)
        return true;
    if (p->kind == DIO_BOOL)
        return p->boolean == q->boolean;
    if (p->kind == DIO_STRING)
        return strcmp(p->string.text, q->string.text) == 0;
    const char *left = dio_json_write(a, p, 0), *right = dio_json_write(a, q, 0);
    return left && right && strcmp(left, right) == 0;
}

static const dio_value *compare(dio_arena *a, const dio_expr *e, const dio_value *p,
                                const dio_value *q, dio_error *err)
{
    if (e->kind == DIO_EXPR_EQ || e->kind == DIO_EXPR_NE)
        return dio_value_bool(a, equal(a, p, q) == (e->kind == DIO_EXPR_EQ));
    double order;
    if (numeric(p) && numeric(q)) {
        order = number(p) - number(q);
    } else if (p->kind == DIO_STRING && q->kind == DIO_STRING) {
        order = strcmp(p->string.text, q->string.text);
    } else {
        dio_value_fail(&e->place, err, "%s and %s have no order", dio_kind_name(p->kind),
                       dio_kind_name(q->kind));
        return NULL;
    }
    bool yes = e->kind == DIO_EXPR_LT   ? order < 0
               : e->kind == DIO_EXPR_GT ? order > 0
               : e->kind == DIO_EXPR_LE ? order <= 0
                                        : order >= 0;
    return dio_value_bool(a, yes);
}

static const dio_value *eval(const dio_expr *e, const dio_value *scope, dio_arena *a,
                             dio_error *err);

static const dio_value *eval_filter(const dio_expr *e, const dio_value *in, const dio_value *scope,
                                    dio_arena *a, dio_error *err)
{
    const dio_value *args[1 + DIO_FILTER_ARGS] = {in};
    int n = 1;
    if (e->right && !(args[n++] = eval(e->right, scope, a, err)))
        return NULL;
    if (args[n - 1] == &dio_unknown)
        return &dio_unknown;
    dio_error mine = {0};
    const dio_value *out = e->filter->apply(a, args, n, &mine);
    if (!out) {
        dio_error_prefix(&mine, "%s", e->filter->name);
        *err = mine;
        dio_error_at(err, e->place.file, e->place.line, e->place.column);
        return NULL;
    }
    if (out->kind == DIO_STRING && out->string.length > DIO_EXPR_RESULT) {
        dio_value_fail(&e->place, err, "%s: a result of more than %d bytes", e->filter->name,
                       DIO_EXPR_RESULT);
        return NULL;
    }
    return out;
}

static const dio_value *eval(const dio_expr *e, const dio_value *scope, dio_arena *a,
                             dio_error *err)
{
    if (e->kind == DIO_EXPR_LITERAL)
        return e->literal;
    if (e->kind == DIO_EXPR_READ)
        return dio_path_get(e->path, scope, err);
    const dio_value *left = eval(e->left, scope, a, err);
    if (!left || left == &dio_unknown)
        return left;
    if (e->kind == DIO_EXPR_NOT)
        return dio_value_bool(a, !dio_value_true(left));
    if (e->kind == DIO_EXPR_AND)
        return dio_value_true(left) ? eval(e->right, scope, a, err) : left;
    if (e->kind == DIO_EXPR_OR)
        return dio_value_true(left) ? left : eval(e->right, scope, a, err);
    if (e->kind == DIO_EXPR_FILTER)
        return eval_filter(e, left, scope, a, err);
    const dio_value *right = eval(e->right, scope, a, err);
    if (!right || right == &dio_unknown)
        return right;
    return compare(a, e, left, right, err);
}

/* ---- scalars ---- */

/* A copy with the scalar's place, so that messages about it point into the file. */
static const dio_value *placed(const dio_value *v, const dio_value *at, dio_arena *a)
{
    dio_value *copy = dio_arena_alloc(a, sizeof *copy);
    *copy = *v;
    copy->file = at->file;
    copy->line = at->line;
    copy->column = at->column;
    return copy;
}

const dio_value *dio_template_eval(const dio_template *t, const dio_value *scope, dio_arena *a,
                                   dio_error *err)
{
    if (dio_template_single(t)) {
        const dio_value *v = eval(t->parts[0].expr, scope, a, err);
        return v && v != &dio_unknown ? placed(v, t->scalar, a) : v;
    }
    dio_str s = {0};
    dio_str_puts(&s, "");
    bool unknown = false, ok = true;
    for (int i = 0; ok && i < t->count; i++) {
        const dio_part *part = &t->parts[i];
        if (!part->expr) {
            dio_str_put(&s, part->text, part->length);
            continue;
        }
        const dio_value *v = eval(part->expr, scope, a, err);
        ok = v != NULL;
        unknown = unknown || v == &dio_unknown;
        if (ok && v != &dio_unknown) {
            const char *text = dio_value_text(a, v);
            dio_str_puts(&s, text ? text : "");
        }
        if (ok && s.length > DIO_EXPR_RESULT)
            ok = dio_value_fail(t->scalar, err, "a result of more than %d bytes", DIO_EXPR_RESULT);
    }
    if (ok && s.failed)
        ok = dio_fail_memory(err, "an expression");
    const dio_value *out = NULL;
    if (ok)
        out = unknown ? &dio_unknown : placed(dio_value_string(a, s.text), t->scalar, a);
    dio_str_deinit(&s);
    return out;
}
