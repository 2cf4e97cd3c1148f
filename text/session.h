#pragma once
/* session.h: a language model in the middle of a text.
 *
 * A session is some rows of text that one model is reading or writing, with their caches. Rows
 * advance together but never touch: what a row sees depends on its own ids alone, bit for bit,
 * whatever the number of rows and however its ids were cut into chunks. Positions are data, so
 * going back is setting a length.
 *
 *     dio_session *s = dio_session_create(lm, device, prompt + 100, 0, err);
 *     dio_session_feed(s, ids, prompt, NULL, err);      // one row reads the prompt
 *     dio_session *four = dio_session_fork(s, 4, prompt + 100, err);
 *     const float *logits = dio_session_logits(four, 2); // what row 2 would say next
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "tensor/device.h"
#include "text/lm.h"

typedef struct dio_session dio_session;

enum {
    DIO_SESSION_ALL = 1, /* keep the logits of every position of a chunk: chunks of 64 at most */
};

/* An empty session of one row that can hold `room` ids. The model must outlive it. Fails when
 * room is beyond what the model can read, or memory is short. */
dio_session *dio_session_create(const dio_lm *lm, dio_device *device, int64_t room, unsigned flags,
                                dio_error *err);
void dio_session_destroy(dio_session *s); /* NULL is fine */

int dio_session_rows(const dio_session *s);
int64_t dio_session_length(const dio_session *s, int row);
int64_t dio_session_room(const dio_session *s);
const int32_t *dio_session_ids(const dio_session *s, int row); /* what it has read */

/* Every row reads its next n ids: ids [rows,n]. With `active` (n == 1 only) rows that are false
 * stand still. */
bool dio_session_feed(dio_session *s, const int32_t *ids, int64_t n, const bool *active,
                      dio_error *err);
/* Scores [V] of what follows the row's last id; valid until the next feed. Undefined for a row
 * that stood still. */
const float *dio_session_logits(const dio_session *s, int row);
/* With DIO_SESSION_ALL: scores after each of the last chunk's ids, [count,V]. */
const float *dio_session_chunk(const dio_session *s, int row, int64_t *count);

/* A new session of `rows` rows, all at the end of s's row 0; s stays as it is. */
dio_session *dio_session_fork(const dio_session *s, int rows, int64_t room, dio_error *err);
/* Row i becomes a copy of what row from[i] was. */
bool dio_session_gather(dio_session *s, const int *from, dio_error *err);
/* The row forgets all but its first `length` ids. Logits are stale until it is fed again. A
 * recurrent model remembers its states from the fork on, and no earlier. */
bool dio_session_rewind(dio_session *s, int row, int64_t length, dio_error *err);

/* Bytes of caches and workspaces now held, without weights. */
size_t dio_session_bytes(const dio_session *s);
