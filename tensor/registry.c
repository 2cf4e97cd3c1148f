/* registry.c: ops.def becomes a table. */
#include <string.h>

#include "tensor/op.h"

#define DIO_OP(file, name) extern const dio_op dio_op_##name;
#include "tensor/ops/ops.def"
#undef DIO_OP

const dio_op *const dio_ops[] = {
#define DIO_OP(file, name) &dio_op_##name,
#include "tensor/ops/ops.def"
#undef DIO_OP
};

const int dio_ops_count = (int)(sizeof dio_ops / sizeof dio_ops[0]);

const dio_op *dio_op_find(const char *name)
{
    for (int i = 0; i < dio_ops_count; i++)
        if (strcmp(dio_ops[i]->name, name) == 0)
            return dio_ops[i];
    return NULL;
}
