/* session_rows.c: what a row owns, copied from row to row: cached keys and values, carried
 * states, and the log of those. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/session_impl.h"

/* --- caches --- */

/* A state's memory: the plan's own on the CPU, else a host copy that is written back. */
struct state {
    dio_plan *plan;
    char name[32];
    dio_type type;
    float *data;
    bool copied;
};

static bool state_open(struct state *st, const dio_session *s, const char *kind, int layer,
                       dio_error *err)
{
    const dio_lm_shape *shape = &s->lm->shape;
    dio_type (*type_of)(int64_t, int64_t, int64_t, int64_t) =
        strcmp(kind, "keys") == 0 ? dio_cache_key_type : dio_cache_value_type;
    snprintf(st->name, sizeof st->name, "%s.%d", kind, layer);
    st->plan = s->first;
    st->type = type_of(s->rows, shape->cache_heads, s->cap, shape->cache_size);
    st->data = dio_plan_memory(s->first, st->name, NULL);
    st->copied = !st->data;
    if (st->data)
        return true;
    st->data = malloc(dio_type_bytes(&st->type));
    return st->data ? dio_plan_get(st->plan, st->name, st->data, dio_type_bytes(&st->type), err)
                    : dio_fail_memory(err, "a cache's copy");
}

static bool state_close(struct state *st, bool write, dio_error *err)
{
    bool ok = true;
    if (st->copied) {
        if (write)
            ok = dio_plan_set(st->plan, st->name, st->data, dio_type_bytes(&st->type), err);
        free(st->data);
    }
    return ok;
}

/* Both layouts, [B,Kv,cap/64,D,64] and [B,Kv,cap,D], keep the first n positions of a head (n a
 * multiple of 64) in its first n*D numbers. */
static void copy_heads(float *to, int64_t to_cap, const float *from, int64_t from_cap,
                       int64_t heads, int64_t size, int64_t length)
{
    int64_t whole = (length + 63) / 64 * 64;
    for (int64_t h = 0; h < heads; h++)
        memmove(to + h * to_cap * size, from + h * from_cap * size,
                (size_t)(whole * size) * sizeof *to);
}

static bool copy_state(dio_session *to, int to_row, const dio_session *from, int from_row,
                       int64_t length, const char *kind, int layer, dio_error *err)
{
    int64_t heads = to->lm->shape.cache_heads, size = to->lm->shape.cache_size;
    struct state a = {0}, b = {0};
    if (!state_open(&a, from, kind, layer, err)) {
        state_close(&a, false, err);
        return false;
    }
    bool ok = state_open(&b, to, kind, layer, err);
    if (ok)
        copy_heads(b.data + to_row * heads * to->cap * size, to->cap,
                   a.data + from_row * heads * from->cap * size, from->cap, heads, size, length);
    bool written = state_close(&b, ok, err);
    state_close(&a, false, err);
    return ok && written;
}

bool session_copy_row(dio_session *to, int to_row, const dio_session *from, int from_row,
                      int64_t length, dio_error *err)
{
    if (length == 0 || !from->first)
        return true;
    for (int i = 0; i < to->lm->shape.cache_layers; i++)
        if (!copy_state(to, to_row, from, from_row, length, "keys", i, err) ||
            !copy_state(to, to_row, from, from_row, length, "values", i, err))
            return false;
    return true;
}

/* --- carried states --- */

static bool log_reserve(struct carry_log *log, int64_t count, size_t floats, dio_error *err)
{
    if (count <= log->cap)
        return true;
    int64_t cap = count < 16 ? 16 : 2 * count;
    float *more = realloc(log->states, (size_t)cap * floats * sizeof *more);
    if (!more)
        return dio_fail_memory(err, "carried states");
    log->states = more;
    log->cap = cap;
    return true;
}

bool session_log_put(dio_session *s, int row, dio_error *err)
{
    struct carry_log *log = &s->log[row];
    size_t n = s->carry_floats;
    if (n == 0)
        return true;
    if (!log_reserve(log, log->count + 1, n, err))
        return false;
    memcpy(log->states + (size_t)log->count * n, s->carry + (size_t)row * n, n * sizeof(float));
    log->count++;
    return true;
}

bool session_log_restart(dio_session *s, int row, dio_error *err)
{
    s->log[row].base = s->length[row];
    s->log[row].count = 0;
    return session_log_put(s, row, err);
}

bool session_log_take(dio_session *s, int row, int64_t length)
{
    struct carry_log *log = &s->log[row];
    int64_t i = length - log->base;
    if (i < 0 || i >= log->count)
        return false;
    memcpy(s->carry + (size_t)row * s->carry_floats, log->states + (size_t)i * s->carry_floats,
           s->carry_floats * sizeof(float));
    log->count = i + 1;
    return true;
}

bool session_log_copy(struct carry_log *to, const struct carry_log *from, size_t floats,
                      dio_error *err)
{
    if (floats == 0)
        return true;
    if (!log_reserve(to, from->count, floats, err))
        return false;
    memcpy(to->states, from->states, (size_t)from->count * floats * sizeof(float));
    to->base = from->base;
    to->count = from->count;
    return true;
}

/* --- rows in a new order --- */

struct row_copy {
    int64_t length;
    int32_t *ids;
    float *carry;
    struct carry_log log;
};

/* Keys and values of every row in the new order, by way of a copy of one layer's state. */
static bool gather_state(dio_session *s, const int *from, const char *kind, int layer,
                         dio_error *err)
{
    int64_t row = s->lm->shape.cache_heads * s->cap * s->lm->shape.cache_size;
    struct state st = {0};
    bool ok = state_open(&st, s, kind, layer, err);
    float *old = ok ? malloc(dio_type_bytes(&st.type)) : NULL;
    if (ok && !old)
        ok = dio_fail_memory(err, "a cache's copy");
    for (int r = 0; ok && r < s->rows; r++)
        copy_heads(old + r * row, s->cap, st.data + r * row, s->cap, s->lm->shape.cache_heads,
                   s->lm->shape.cache_size, s->length[r]);
    for (int r = 0; ok && r < s->rows; r++)
        if (from[r] != r)
            copy_heads(st.data + r * row, s->cap, old + from[r] * row, s->cap,
                       s->lm->shape.cache_heads, s->lm->shape.cache_size, s->length[from[r]]);
    free(old);
    return state_close(&st, ok, err) && ok;
}

static bool gather_rows(dio_session *s, const int *from, struct row_copy *old, dio_error *err)
{
    size_t n = s->carry_floats;
    for (int r = 0; r < s->rows; r++) {
        old[r].length = s->length[r];
        old[r].ids = malloc((size_t)s->room * sizeof *old[r].ids);
        old[r].carry = malloc(n * sizeof(float) + 1);
        if (!old[r].ids || !old[r].carry)
            return dio_fail_memory(err, "rows of a session");
        memcpy(old[r].ids, s->ids + r * s->room, (size_t)s->room * sizeof *old[r].ids);
        memcpy(old[r].carry, s->carry + (size_t)r * n, n * sizeof(float));
        if (!session_log_copy(&old[r].log, &s->log[r], n, err))
            return false;
    }
    for (int r = 0; r < s->rows; r++) {
        const struct row_copy *c = &old[from[r]];
        s->length[r] = c->length;
        memcpy(s->ids + r * s->room, c->ids, (size_t)s->room * sizeof *c->ids);
        memcpy(s->carry + (size_t)r * n, c->carry, n * sizeof(float));
        if (!session_log_copy(&s->log[r], &c->log, n, err))
            return false;
    }
    return true;
}

bool dio_session_gather(dio_session *s, const int *from, dio_error *err)
{
    bool moves = false, ok = true;
    for (int r = 0; r < s->rows; r++) {
        if (from[r] < 0 || from[r] >= s->rows)
            return dio_fail(err, "row %d cannot become row %d: there are %d", r, from[r], s->rows);
        moves |= from[r] != r;
    }
    if (!moves || !s->first)
        return true;
    for (int i = 0; ok && i < s->lm->shape.cache_layers; i++)
        ok = gather_state(s, from, "keys", i, err) && gather_state(s, from, "values", i, err);
    struct row_copy *old = calloc((size_t)s->rows, sizeof *old);
    if (!old)
        return dio_fail_memory(err, "rows of a session");
    ok = ok && gather_rows(s, from, old, err);
    for (int r = 0; r < s->rows; r++) {
        free(old[r].ids);
        free(old[r].carry);
        free(old[r].log.states);
    }
    free(old);
    return ok;
}
