/* levels.c: what a model's answer says about the picture, for its three ways to answer.
 * sample = signal * picture + noise * normal; epsilon is that normal, v = signal * normal - noise *
 * picture (Salimans and Ho, arXiv 2202.00512), and "sample" is the picture itself. */
#include <math.h>

#include "vision/sample/build.h"

const char *const prediction_words[] = {"epsilon", "v_prediction", "sample", NULL};

void row_clean(dio_schedule_row *row, enum prediction kind, double signal, double noise)
{
    row->signal = signal;
    row->noise = noise;
    switch (kind) {
    case PREDICT_EPSILON:
        row->clean[DIO_TERM_SAMPLE] = 1 / signal;
        row->clean[DIO_TERM_OUTPUT] = -noise / signal;
        break;
    case PREDICT_V:
        row->clean[DIO_TERM_SAMPLE] = signal;
        row->clean[DIO_TERM_OUTPUT] = -noise;
        break;
    case PREDICT_SAMPLE:
        row->clean[DIO_TERM_SAMPLE] = 0;
        row->clean[DIO_TERM_OUTPUT] = 1;
        break;
    }
}

/* The sample is kept as picture + sigma * normal, and scaled to unit variance for the model. */
void row_sigma(dio_schedule_row *row, enum prediction kind, double sigma)
{
    double scale = 1 / sqrt(sigma * sigma + 1);
    row->input = scale;
    row_clean(row, kind, 1, sigma);
    if (kind == PREDICT_V) {
        row->clean[DIO_TERM_SAMPLE] = scale * scale;
        row->clean[DIO_TERM_OUTPUT] = -sigma * scale;
    }
}

bool refuse_sample(struct dio_schedule_build *b, dio_error *err)
{
    return b->c->prediction_type != PREDICT_SAMPLE ||
           dio_value_fail(config_place(b, "prediction_type"), err,
                          "prediction_type: %s takes epsilon and v_prediction, not sample",
                          b->s->scheduler->name);
}
