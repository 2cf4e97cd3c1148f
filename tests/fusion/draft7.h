#pragma once
/* draft7.h: a JSON Schema checker for tests: what docs/pipeline.schema.json uses of draft-07.
 * Written from the specification, knowing nothing of field tables; a keyword that it does not know
 * fails the test, so that none is passed over. */
#include <stdbool.h>

#include "base/value.h"

/* `root` is where "#/definitions/NAME" is looked up. */
bool draft7_accepts(const dio_value *root, const dio_value *schema, const dio_value *v);
