#pragma once
/* diffuser_case.h: the pipelines of tests/golden/diffuser (made by tools/golden/diffuser.py) as
 * requests, and small diffusers to ask for things. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tensor/weights.h"
#include "vision/diffuser.h"

enum { CASE_SEEDS = 4 };

/* A folder's golden and its diffuser. */
struct diffuser_golden {
    dio_arena *arena;
    dio_device *device;
    dio_diffuser *diffuser;
    dio_weights *weights;
    const dio_value *cases;
    dio_image *init, *mask;
};

void must(bool ok, const dio_error *err);
/* All but the diffuser, of the golden in a folder of tests/golden/diffuser or, with a slash in it,
 * elsewhere. */
void golden_read(struct diffuser_golden *g, const char *name);
/* The diffuser of a folder, in place of the one before. */
void golden_model(struct diffuser_golden *g, const char *path, dio_diffuser_options options);
/* Both, of the same folder. */
void golden_open(struct diffuser_golden *g, const char *name);
void golden_close(struct diffuser_golden *g);
/* The case as a request; seeds hold what it points at. */
dio_diffuser_request golden_request(const struct diffuser_golden *g, const dio_value *c,
                                    uint64_t seeds[CASE_SEEDS]);
const char *golden_text(const dio_value *c, const char *key);
/* "NAME.key" of the golden; fails the test when there is none. */
const dio_tensor *golden_tensor(const struct diffuser_golden *g, const dio_value *c,
                                const char *key);

/* How far a run of the case is off: of the largest latent, and in bytes; said, too. */
struct golden_off {
    double latent;
    int byte;
};
struct golden_off golden_run(const struct diffuser_golden *g, const dio_value *c);
