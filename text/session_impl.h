#pragma once
/* session_impl.h: a session's inside, for session.c and session_rows.c. */
#include "tensor/ops.h"
#include "tensor/plan.h"
#include "text/session.h"

enum { SESSION_CHUNKS = 6 };

/* The states of one row of a recurrent model after each of its ids from `base` on, so that the
 * row can go back. */
struct carry_log {
    int64_t base;  /* length at which states[0] was taken */
    int64_t count; /* states taken */
    int64_t cap;
    float *states; /* [count, carry_floats] */
};

struct dio_session {
    const dio_lm *lm;
    dio_device *device;
    unsigned flags;
    int rows;
    int64_t room,
        cap;         /* ids a row may hold; positions of the cache (a multiple of 64, above room) */
    int64_t *length; /* [rows] */
    int32_t *ids;    /* [rows,room] */
    int32_t *start;  /* [rows], scratch */
    dio_plan *plans[SESSION_CHUNKS]; /* by chunk size; all share one set of states */
    dio_plan *first;                 /* the plan whose states they share */
    dio_plan *last;                  /* whose logits are the latest */
    int64_t last_count;
    size_t carry_floats;   /* of one row, over all carried tensors */
    float *carry;          /* [rows, carry_floats] */
    struct carry_log *log; /* [rows] */
};

/* --- session_rows.c --- */

/* Copies the first `length` positions of every cache from one row to another. */
bool session_copy_row(dio_session *to, int to_row, const dio_session *from, int from_row,
                      int64_t length, dio_error *err);

/* Remembers the row's carried states at its present length. */
bool session_log_put(dio_session *s, int row, dio_error *err);
/* Forgets what was remembered and starts at the present length. */
bool session_log_restart(dio_session *s, int row, dio_error *err);
/* Takes the carried states of an earlier length back; false when they are not known. */
bool session_log_take(dio_session *s, int row, int64_t length);
/* to's log becomes a copy of from's. */
bool session_log_copy(struct carry_log *to, const struct carry_log *from, size_t floats,
                      dio_error *err);

/* The plan for chunks of `size` (one of the chunk sizes), made at its first use. */
dio_plan *session_plan(dio_session *s, int64_t size, dio_error *err);
