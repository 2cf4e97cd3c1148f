/* pieces.c: a growing array of spans beside the text they mean. */
#include "text/pieces.h"

#include <stdlib.h>
#include <string.h>

bool dio_pieces_put(dio_pieces *p, dio_piece piece, dio_error *err)
{
    if (piece.start == piece.end && piece.id < 0)
        return true;
    if (p->count == p->cap) {
        size_t cap = p->cap ? 2 * p->cap : 64;
        dio_piece *grown = realloc(p->items, cap * sizeof *grown);
        if (!grown)
            return dio_fail_memory(err, "the pieces of a text");
        p->items = grown;
        p->cap = cap;
    }
    p->items[p->count++] = piece;
    return true;
}

void dio_pieces_clear(dio_pieces *p)
{
    dio_str_clear(&p->text);
    p->count = 0;
}

void dio_pieces_deinit(dio_pieces *p)
{
    dio_str_deinit(&p->text);
    free(p->items);
    memset(p, 0, sizeof *p);
}
