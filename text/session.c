/* session.c: rows of ids on their way through a model.
 *
 * A chunk of any length is cut into pieces of a few fixed sizes, each with a plan of its own;
 * all plans write one set of caches. Kernels compute every row and position alike whatever the
 * size, so the cut leaves no trace in the numbers. A row that stands still while others move is
 * computed too, at the position after its last: what that writes is written over before anything
 * reads it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "text/session_impl.h"

static const int64_t chunk_sizes[SESSION_CHUNKS] = {512, 256, 64, 16, 4, 1};

enum { LARGEST_ALL = 64 }; /* with the logits of every position kept */

/* --- making --- */

static bool allocate(dio_session *s, dio_error *err)
{
    size_t n = (size_t)s->rows, ids;
    if (!dio_mul_size(n, (size_t)s->room, &ids) || ids > SIZE_MAX / 8)
        return dio_fail(err, "a session of %d rows of %lld ids is too large", s->rows,
                        (long long)s->room);
    for (int i = 0; i < s->lm->shape.carry; i++)
        s->carry_floats += (size_t)dio_type_count(&s->lm->shape.carry_type[i]);
    s->length = calloc(n, sizeof *s->length);
    s->start = calloc(n, sizeof *s->start);
    s->log = calloc(n, sizeof *s->log);
    s->ids = calloc(ids ? ids : 1, sizeof *s->ids);
    s->carry = calloc(n * s->carry_floats + 1, sizeof *s->carry);
    return (s->length && s->start && s->log && s->ids && s->carry) ||
           dio_fail_memory(err, "a session");
}

static dio_session *make(const dio_lm *lm, dio_device *device, int rows, int64_t room,
                         unsigned flags, dio_error *err)
{
    int limit = lm->shape.positions;
    if (rows < 1 || room < 1) {
        dio_fail(err, "a session needs at least one row and room for one id");
        return NULL;
    }
    if (limit && room > limit) {
        dio_fail(err,
                 "%lld ids are more than the %d that this model can read: shorten the prompt "
                 "or ask for less text",
                 (long long)room, limit);
        return NULL;
    }
    dio_session *s = calloc(1, sizeof *s);
    if (!s) {
        dio_fail_memory(err, "a session");
        return NULL;
    }
    s->lm = lm;
    s->device = device;
    s->flags = flags;
    s->rows = rows;
    s->room = room;
    s->cap = (room + 64) / 64 * 64;
    if (allocate(s, err))
        return s;
    dio_session_destroy(s);
    return NULL;
}

dio_session *dio_session_create(const dio_lm *lm, dio_device *device, int64_t room, unsigned flags,
                                dio_error *err)
{
    dio_session *s = make(lm, device, 1, room, flags, err);
    if (s && !session_log_restart(s, 0, err)) {
        dio_session_destroy(s);
        return NULL;
    }
    return s;
}

void dio_session_destroy(dio_session *s)
{
    if (!s)
        return;
    for (int i = 0; i < SESSION_CHUNKS; i++)
        if (s->plans[i] != s->first)
            dio_plan_destroy(s->plans[i]);
    dio_plan_destroy(s->first); /* last: its states are the others' too */
    for (int i = 0; s->log && i < s->rows; i++)
        free(s->log[i].states);
    free(s->log);
    free(s->length);
    free(s->start);
    free(s->ids);
    free(s->carry);
    free(s);
}

/* --- plans --- */

static void add_carry_inputs(dio_graph *g, const dio_session *s, dio_lm_io *io)
{
    char name[32];
    io->carries = s->lm->shape.carry > 0;
    for (int i = 0; i < s->lm->shape.carry; i++) {
        dio_type t = s->lm->shape.carry_type[i];
        t.dim[0] = s->rows;
        snprintf(name, sizeof name, "carry.%d", i);
        io->carry_in[i] = dio_input(g, name, t);
    }
}

static dio_plan *build(const dio_session *s, int64_t size, dio_error *err)
{
    dio_graph *g = dio_graph_create();
    if (!g) {
        dio_fail_memory(err, "a graph");
        return NULL;
    }
    dio_lm_io io = {.want = s->flags & DIO_SESSION_ALL ? DIO_LM_ALL : DIO_LM_LAST};
    io.ids = dio_input(g, "input_ids", dio_type_2d(DIO_I32, s->rows, size));
    if (s->lm->shape.cache_layers) {
        io.start = dio_input(g, "start", dio_type_1d(DIO_I32, s->rows));
        io.cap = s->cap;
    }
    add_carry_inputs(g, s, &io);
    dio_lm_forward(g, s->lm, &io);
    dio_val outputs[1 + DIO_LM_MAX_CARRY] = {io.logits};
    int n = 1;
    for (int i = 0; i < s->lm->shape.carry; i++)
        outputs[n++] = io.carry_out[i];
    dio_plan *p = dio_plan_create(g, outputs, n, false, s->device, NULL, err);
    dio_graph_destroy(g);
    return p;
}

dio_plan *session_plan(dio_session *s, int64_t size, dio_error *err)
{
    int i = 0;
    while (chunk_sizes[i] != size)
        i++;
    if (s->plans[i])
        return s->plans[i];
    dio_plan *p = build(s, size, err);
    if (!p)
        return NULL;
    if (s->first && !dio_plan_share_state(p, s->first, err)) {
        dio_plan_destroy(p);
        return NULL;
    }
    if (!s->first)
        s->first = p;
    return s->plans[i] = p;
}

/* --- feeding --- */

static bool set_carry(dio_session *s, dio_plan *p, dio_error *err)
{
    char name[32];
    size_t at = 0;
    for (int i = 0; i < s->lm->shape.carry; i++) {
        size_t n = (size_t)dio_type_count(&s->lm->shape.carry_type[i]);
        float *rows = malloc(n * (size_t)s->rows * sizeof *rows);
        if (!rows)
            return dio_fail_memory(err, "carried states");
        for (int r = 0; r < s->rows; r++)
            memcpy(rows + (size_t)r * n, s->carry + (size_t)r * s->carry_floats + at,
                   n * sizeof *rows);
        snprintf(name, sizeof name, "carry.%d", i);
        bool ok = dio_plan_set(p, name, rows, n * (size_t)s->rows * sizeof *rows, err);
        free(rows);
        if (!ok)
            return false;
        at += n;
    }
    return true;
}

static void get_carry(dio_session *s, dio_plan *p, const bool *active)
{
    size_t at = 0;
    for (int i = 0; i < s->lm->shape.carry; i++) {
        size_t n = (size_t)dio_type_count(&s->lm->shape.carry_type[i]);
        const float *rows = dio_plan_output(p, 1 + i, NULL);
        for (int r = 0; r < s->rows; r++)
            if (!active || active[r])
                memcpy(s->carry + (size_t)r * s->carry_floats + at, rows + (size_t)r * n,
                       n * sizeof *rows);
        at += n;
    }
}

static bool set_start(dio_session *s, dio_plan *p, dio_error *err)
{
    int limit = s->lm->shape.positions;
    if (!s->lm->shape.cache_layers)
        return true;
    for (int r = 0; r < s->rows; r++) {
        int64_t at = s->length[r];
        /* A row at the model's limit can only stand still; its last place is lost to it. */
        s->start[r] = (int32_t)(limit && at >= limit ? limit - 1 : at);
    }
    return dio_plan_set(p, "start", s->start, (size_t)s->rows * sizeof *s->start, err);
}

/* One piece: ids [rows,size], rows of the caller's array being `stride` apart. */
static bool feed_piece(dio_session *s, const int32_t *ids, int64_t stride, int64_t size,
                       const bool *active, dio_error *err)
{
    dio_plan *p = session_plan(s, size, err);
    if (!p)
        return false;
    int32_t *packed = malloc((size_t)(s->rows * size) * sizeof *packed);
    if (!packed)
        return dio_fail_memory(err, "a chunk of ids");
    for (int r = 0; r < s->rows; r++)
        memcpy(packed + r * size, ids + r * stride, (size_t)size * sizeof *packed);
    bool ok =
        dio_plan_set(p, "input_ids", packed, (size_t)(s->rows * size) * sizeof *packed, err) &&
        set_start(s, p, err) && set_carry(s, p, err) && dio_plan_run(p, err);
    free(packed);
    if (!ok)
        return false;
    get_carry(s, p, active);
    for (int r = 0; r < s->rows; r++) {
        if (active && !active[r])
            continue;
        memcpy(s->ids + r * s->room + s->length[r], ids + r * stride, (size_t)size * sizeof *ids);
        s->length[r] += size;
        if (s->carry_floats &&
            !(size == 1 ? session_log_put(s, r, err) : session_log_restart(s, r, err)))
            return false;
    }
    s->last = p;
    s->last_count = size;
    return true;
}

static bool check(const dio_session *s, const int32_t *ids, int64_t n, const bool *active,
                  dio_error *err)
{
    for (int r = 0; r < s->rows; r++) {
        if (active && !active[r])
            continue;
        if (n > s->room - s->length[r])
            return dio_fail(err, "row %d holds %lld of %lld ids: there is no room for %lld more", r,
                            (long long)s->length[r], (long long)s->room, (long long)n);
        for (int64_t i = 0; i < n; i++)
            if (ids[r * n + i] < 0 || ids[r * n + i] >= s->lm->shape.vocab)
                return dio_fail(err, "id %d is not in the model's vocabulary of %d", ids[r * n + i],
                                s->lm->shape.vocab);
    }
    return true;
}

bool dio_session_feed(dio_session *s, const int32_t *ids, int64_t n, const bool *active,
                      dio_error *err)
{
    if (n < 1 || (active && n != 1))
        return dio_fail(err, "a session reads at least one id, and one when some rows stand still");
    if (!check(s, ids, n, active, err))
        return false;
    if (s->flags & DIO_SESSION_ALL && n > LARGEST_ALL)
        return dio_fail(err, "a session that keeps all logits reads at most %d ids at once",
                        LARGEST_ALL);
    for (int64_t done = 0; done < n;) {
        int i = 0;
        /* Where all logits are kept, a chunk must be one piece: sizes 64, 16, 4, 1 only. */
        while (chunk_sizes[i] > n - done)
            i++;
        if (!feed_piece(s, ids + done, n, chunk_sizes[i], active, err))
            return false;
        done += chunk_sizes[i];
    }
    return true;
}

/* --- asking --- */

int dio_session_rows(const dio_session *s)
{
    return s->rows;
}

int64_t dio_session_length(const dio_session *s, int row)
{
    return s->length[row];
}

int64_t dio_session_room(const dio_session *s)
{
    return s->room;
}

const int32_t *dio_session_ids(const dio_session *s, int row)
{
    return s->ids + row * s->room;
}

const float *dio_session_chunk(const dio_session *s, int row, int64_t *count)
{
    *count = 0;
    if (!s->last || !(s->flags & DIO_SESSION_ALL))
        return NULL;
    const float *all = dio_plan_output(s->last, 0, NULL);
    *count = s->last_count;
    return all + row * s->last_count * s->lm->shape.vocab;
}

const float *dio_session_logits(const dio_session *s, int row)
{
    int64_t vocab = s->lm->shape.vocab, count;
    if (!s->last)
        return NULL;
    const float *chunk = dio_session_chunk(s, row, &count);
    if (chunk)
        return chunk + (count - 1) * vocab;
    const float *all = dio_plan_output(s->last, 0, NULL);
    return all + row * vocab;
}

size_t dio_session_bytes(const dio_session *s)
{
    size_t bytes = (size_t)s->rows * (size_t)s->room * sizeof *s->ids;
    for (int i = 0; i < SESSION_CHUNKS; i++) {
        dio_plan_report r;
        if (!s->plans[i])
            continue;
        dio_plan_report_get(s->plans[i], &r);
        bytes += r.workspace + (s->plans[i] == s->first ? r.state : 0);
    }
    return bytes;
}

/* --- going on from, and going back --- */

dio_session *dio_session_fork(const dio_session *from, int rows, int64_t room, dio_error *err)
{
    int64_t length = from->length[0];
    if (room < length) {
        dio_fail(err, "a fork with room for %lld ids cannot hold the %lld read so far",
                 (long long)room, (long long)length);
        return NULL;
    }
    dio_session *s = make(from->lm, from->device, rows, room, from->flags, err);
    if (!s)
        return NULL;
    bool ok = session_plan(s, 1, err) != NULL; /* caches to copy into */
    for (int r = 0; ok && r < rows; r++) {
        memcpy(s->ids + r * room, from->ids, (size_t)length * sizeof *s->ids);
        memcpy(s->carry + (size_t)r * s->carry_floats, from->carry,
               s->carry_floats * sizeof *s->carry);
        s->length[r] = length;
        ok = session_copy_row(s, r, from, 0, length, err) && session_log_restart(s, r, err);
    }
    if (ok)
        return s;
    dio_session_destroy(s);
    return NULL;
}

bool dio_session_rewind(dio_session *s, int row, int64_t length, dio_error *err)
{
    if (row < 0 || row >= s->rows || length < 0 || length > s->length[row])
        return dio_fail(err, "row %d cannot go back to %lld ids", row, (long long)length);
    if (s->carry_floats && length != s->length[row] && !session_log_take(s, row, length)) {
        if (length != 0)
            return dio_fail(err,
                            "a recurrent model cannot go back to %lld ids: it read them in one "
                            "chunk and kept the last state only",
                            (long long)length);
        memset(s->carry + (size_t)row * s->carry_floats, 0, s->carry_floats * sizeof *s->carry);
        s->length[row] = 0;
        return session_log_restart(s, row, err);
    }
    s->length[row] = length;
    return true;
}
