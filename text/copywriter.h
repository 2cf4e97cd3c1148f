#pragma once
/* copywriter.h: a brief in, an ad's words out.
 *
 * The copywriter writes each field's tag itself and lets the model fill it in, several tries at
 * once; the model writes marks where the client's words go (copy/forms.h), so that they come letter
 * by letter. What is taken keeps the rules: it is within the field's limit, reads like a sentence
 * where one is due, says nothing banned and no word that nobody knows, names the product where the
 * ad must, takes up benefit and offer, does not repeat itself. Of those the first among the quarter
 * that the model itself trusts most. So an ad is always complete, and its limits hold by
 * construction.
 *
 *     dio_copywriter *w = dio_copywriter_open("house/copywriter", device, err);
 *     struct dio_ad ad;
 *     if (!dio_copywriter_write(w, &brief, seed, arena, &ad, err)) ...
 *     puts(ad.text[DIO_AD_HEADLINE]);
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "tensor/device.h"
#include "text/copy/copy.h"

typedef struct dio_copywriter dio_copywriter;

typedef struct dio_copywriter_options {
    double temperature; /* 0: the default, 0.7 */
    double top_p;       /* 0: the default, 0.95 */
    int tries;          /* 0: the default, 8 */
} dio_copywriter_options;

/* `model` as users write it. The device must outlive the writer. NULL with a message. */
dio_copywriter *dio_copywriter_open(const char *model, dio_device *device, dio_error *err);
void dio_copywriter_close(dio_copywriter *w); /* NULL is fine */

/* Writes all fields; texts lie in the arena. The same model, brief, seed and options always give
 * the same words. `wanted`, when not NULL, marks the fields to write (the headline always is);
 * others stay NULL. Fails on a brief that cannot be written down, or a model that never keeps the
 * rules: the message says which field and which rule. */
bool dio_copywriter_write(dio_copywriter *w, const struct dio_brief *brief, uint64_t seed,
                          const dio_copywriter_options *options, const bool *wanted, dio_arena *a,
                          struct dio_ad *ad, dio_error *err);

/* The model's folder, for records. */
const char *dio_copywriter_model(const dio_copywriter *w);
