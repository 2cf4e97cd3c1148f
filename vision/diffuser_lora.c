/* diffuser_lora.c: LoRAs merged into a diffuser's parts.
 * All files in one call: one that names a layer which the model lacks changes nothing. */
#include "vision/diffuser_impl.h"
#include "vision/lora.h"

enum { LORAS = 64 };

static bool open_all(const dio_diffuser *d, dio_lora **loras, dio_lora_use *uses, dio_error *err)
{
    for (int i = 0; i < d->n_loras; i++) {
        loras[i] = dio_lora_open(d->loras[i].path, err);
        if (!loras[i])
            return false;
        uses[i] = (dio_lora_use){loras[i], (float)d->loras[i].scale};
    }
    return true;
}

static int targets_of(dio_diffuser *d, dio_lora_target *targets)
{
    int n = 0;
    dio_walk *walk;
    targets[n++] = (dio_lora_target){"unet", &d->unet->net.walk, d->unet->net.family->walk,
                                     d->unet->net.model};
    const char *part;
    for (int i = 0; (walk = diffuser_reader_walk(d, i, &part)); i++)
        targets[n++] = (dio_lora_target){.part = part, .walk = walk};
    return n;
}

bool diffuser_merge_loras(dio_diffuser *d, dio_error *err)
{
    dio_lora *loras[LORAS] = {0};
    dio_lora_use uses[LORAS];
    dio_lora_target targets[1 + DIFFUSER_ENCODERS];
    bool ok =
        d->n_loras == 0 || (open_all(d, loras, uses, err) &&
                            dio_lora_merge(uses, d->n_loras, targets, targets_of(d, targets), err));
    for (int i = 0; i < d->n_loras; i++)
        dio_lora_close(loras[i]);
    return ok;
}
