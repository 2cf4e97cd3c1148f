/* fuzz_csv.c: any bytes as a table. What is read has as many fields in each row; what is refused
 * says why. */
#include <stdint.h>

#include "base/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    const dio_value *rows = dio_csv_parse(a, "fuzz", (const char *)data, size, &err);
    if (!rows != (err.message[0] != '\0'))
        __builtin_trap();
    for (int i = 0; rows && i < rows->list.count; i++) {
        const dio_value *row = rows->list.items[i];
        if (row->map.count != rows->list.items[0]->map.count)
            __builtin_trap();
        for (int k = 0; k < row->map.count; k++)
            if (row->map.items[k]->kind != DIO_STRING || row->map.items[k]->line < 1)
                __builtin_trap();
    }
    dio_arena_destroy(a);
    return 0;
}
