/* fuzz_json.c: any bytes as JSON. What is accepted must print, read back, and print the same. */
#include <stdint.h>
#include <string.h>

#include "base/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    dio_value *v = dio_json_parse(a, "fuzz", (const char *)data, size, &err);
    if (!v && (!err.message[0] || err.line < 1 || err.column < 1))
        __builtin_trap(); /* every refusal is a sentence with a place */
    if (v) {
        char *once = dio_json_write(a, v, 0);
        dio_value *again = dio_json_parse(a, "again", once, strlen(once), &err);
        if (!again || strcmp(once, dio_json_write(a, again, 0)) != 0)
            __builtin_trap();
        /* JSON is YAML but for what only YAML refuses: the tree must not be torn by either. */
        dio_error ignored = {0};
        dio_yaml_parse(a, "yaml", once, strlen(once), &ignored);
    }
    dio_arena_destroy(a);
    return 0;
}
