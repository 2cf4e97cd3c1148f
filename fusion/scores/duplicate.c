/* duplicate.c: a picture that an earlier candidate shows already. */
#include "fusion/score.h"

struct params {
    struct dio_criterion_params criterion;
    int within;
};

static const dio_field fields[] = {
    DIO_CRITERION_FIELDS,
    DIO_FIELD(struct params, within, "3", 0, 63, "bits of 64 in which two may differ"),
    {0},
};

static bool measure(const dio_look *look, const void *params, double *out, dio_error *err)
{
    (void)err;
    const struct params *p = params;
    *out = 0;
    for (int i = 0; i < look->before; i++)
        if (__builtin_popcountll(look->prints[i] ^ look->sight->print) <= p->within)
            *out = 1;
    return true;
}

const dio_score dio_score_duplicate = {
    .name = "duplicate",
    .media = DIO_MEDIA_IMAGE,
    .doc = "1 when an earlier candidate shows the same",
    .unit = "0 or 1",
    .lower = true,
    .fault = true,
    .lo = 0,
    .hi = 1,
    .reference = "difference hash: 9x8 means of grey, each compared with the one before, 64 bits; "
                 "Krawetz, \"Kind of Like That\", hackerfactor.com, 2013",
    .usual = true,
    .params = fields,
    .params_size = sizeof(struct params),
    .measure = measure,
};
