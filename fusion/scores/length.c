/* length.c: whether a text has the length that its place has room for. */
#include <string.h>

#include "base/str.h"
#include "fusion/score.h"

struct params {
    struct dio_criterion_params criterion;
    int least, most;
};

static const dio_field fields[] = {
    DIO_CRITERION_FIELDS,
    DIO_FIELD(struct params, most, NULL, 1, 1000000, "characters that there is room for"),
    DIO_FIELD(struct params, least, "1", 0, 1000000, "characters under which it looks lost"),
    {0},
};

static bool measure(const dio_look *look, const void *params, double *out, dio_error *err)
{
    (void)err;
    const struct params *p = params;
    const char *text = look->sight->text;
    double n = (double)dio_utf8_count(text, strlen(text));
    *out = n > p->most ? (n - p->most) / p->most : n < p->least ? (p->least - n) / p->least : 0;
    return true;
}

static void check(dio_studio *studio, const void *params, const dio_value *with, dio_report *report)
{
    (void)studio;
    const struct params *p = params;
    if (p->most && p->least > p->most)
        dio_report_at(report, dio_map_get(with, "least") ? dio_map_get(with, "least") : with,
                      "least: %d is above most, which is %d", p->least, p->most);
}

const dio_score dio_score_length = {
    .name = "length",
    .media = DIO_MEDIA_TEXT,
    .doc = "by how much a text is too long or too short for its place; 0 when it fits",
    .unit = "of the limit",
    .lower = true,
    .lo = 0,
    .hi = 1e6,
    .reference = "(n - most) / most above most, (least - n) / least below least, with n in Unicode "
                 "code points",
    .params = fields,
    .params_size = sizeof(struct params),
    .check = check,
    .measure = measure,
};
