#pragma once
/* variant.h: one text being written: its ids, its letters, and the strings it must end at or must
 * not hold. Private to generation. */
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "text/generate.h"

/* An id that must not come at a place, because it once led to a banned phrase there. */
struct ban {
    int place;
    int32_t id;
};

struct variant {
    const dio_generate_request *request;
    const dio_tokenizer *tokenizer; /* NULL: no text is needed */
    int number;                     /* the variant's, for its stream of random numbers */
    int32_t *ids;                   /* [max_tokens] */
    float *logprobs;
    size_t *reach; /* length of text after each id */
    int n;
    uint16_t *counts; /* [vocab] times each id came; NULL: no penalty asks */
    dio_detok *detok;
    dio_str text;
    size_t sent; /* bytes given to stream */
    struct ban *bans;
    int n_bans, cap_bans;
    int rewinds;
    bool done, ended; /* ended: by an end id */
    dio_finish finish;
};

bool variant_init(struct variant *v, const dio_generate_request *request,
                  const dio_tokenizer *tokenizer, int number, int vocab, bool counts,
                  dio_error *err);
void variant_deinit(struct variant *v);

/* Takes the next id. Afterwards the variant is done, or longer by one, or (a banned phrase came)
 * shorter: *back is then true and v->n says where it goes on. */
bool variant_put(struct variant *v, int32_t id, double logprob, bool is_end, bool *back,
                 dio_error *err);
/* The last letters come out, and what nobody need wait for any more is streamed. */
bool variant_end(struct variant *v, dio_error *err);
/* Ids that must not come at the place v->n, in out[cap]; returns their number. */
int variant_banned(const struct variant *v, int32_t *out, int cap);
