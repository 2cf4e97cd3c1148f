#pragma once
/* batch_parts.h: between batch.c, which keeps the books, and batch_worker.c, which renders.
 *
 * They talk over a socket in messages of a length (32 bits) and that many bytes of JSON:
 *   to the worker    {"row": 3, "line": 4, "values": {"price": {"value": ..., "line": 4, "column":
 * 9}}} and back         {"state": "done", "seconds": 1.5, "error": "...", "files": [[path, n, ns]]}
 */
#include "base/value.h"
#include "fusion/batch.h"

enum { DIO_BATCH_MESSAGE = 16 << 20 };

/* What all rows have in common. */
typedef struct dio_batch_ground {
    const dio_batch_options *options;
    const char *source; /* the pipeline's text, */
    size_t length;
    int64_t run; /* its number in the ledger */
} dio_batch_ground;

/* The life of a worker process; returns when the socket is closed. */
void dio_batch_work(const dio_batch_ground *ground, int fd);

/* False at the end of the other side; a message that is too long ends it as well. */
bool dio_batch_send(int fd, const dio_value *v, dio_arena *a);
const dio_value *dio_batch_receive(int fd, dio_arena *a);
