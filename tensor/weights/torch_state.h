#pragma once
/* torch_state.h: from what a pickle holds to named tensors; shared by both containers of torch. */
#include <stdbool.h>

#include "base/file.h"
#include "tensor/weights.h"
#include "tensor/weights/pickle.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Makes p->storages a list that has each storage once, by key, and lets every tensor that was
 * found point there. Refuses two that share a key but not a type and size. */
bool dio_torch_storages(dio_pickle *p, dio_error *err);
dio_pickle_storage *dio_torch_storage(const dio_pickle *p, const char *key, size_t n);

/* Adds the tensors under root to w, named by the keys on the way to them, with dots between. Of a
 * dict that has them, only "params_ema", "params" or "state_dict" is taken, the first of these.
 * Storages must have been placed in the file; those that no tensor is taken from need not be. */
bool dio_torch_state(dio_weights *w, dio_map_file *file, const dio_pickle *p,
                     const dio_pickle_value *root, dio_error *err);

#ifdef __cplusplus
}
#endif
