/* fuzz_yaml.c: any bytes as YAML, and what is accepted as the parameters of a step. The tree must
 * print as JSON, be within its limits, and fields must take it or say why not. */
#include <stdint.h>
#include <string.h>

#include "base/field.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct params {
    const char *text;
    double seconds;
    int size;
    bool shadow;
    uint64_t seed;
    int mode;
    const dio_value *layers;
};

static const char *const modes[] = {"fast", "slow", NULL};

static const dio_field fields[] = {
    DIO_FIELD(struct params, text, "x", 0, 80, "words to show"),
    DIO_FIELD(struct params, seconds, "2.5", 0.1, 600, "how long it stays"),
    DIO_FIELD(struct params, size, "64", 8, 512, "cap height in pixels"),
    DIO_FIELD(struct params, shadow, "no", 0, 0, "draw a soft shadow"),
    DIO_FIELD(struct params, seed, "7", 0, 0, "where chance begins"),
    DIO_FIELD_WORDS(struct params, mode, "fast", modes, "how hard to try"),
    DIO_FIELD(struct params, layers, "", 0, 0, "what lies on top"),
    {0},
};

/* Depth of the tree; traps beyond the limit. */
static int depth(const dio_value *v, int level)
{
    int most = level;
    if (level > DIO_VALUE_DEPTH)
        __builtin_trap();
    int count = v->kind == DIO_LIST ? v->list.count : v->kind == DIO_MAP ? v->map.count : 0;
    for (int i = 0; i < count; i++) {
        const dio_value *item = v->kind == DIO_LIST ? v->list.items[i] : v->map.items[i];
        bool deeper = item->kind == DIO_LIST || item->kind == DIO_MAP;
        int d = deeper ? depth(item, level + 1) : level;
        most = d > most ? d : most;
    }
    return most;
}

static void need_place(void *user, const dio_error *problem)
{
    (void)user;
    if (!problem->message[0] || problem->line < 1 || problem->column < 1)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    dio_value *v = dio_yaml_parse(a, "fuzz", (const char *)data, size, &err);
    if (!v)
        need_place(NULL, &err);
    if (v) {
        bool list = v->kind == DIO_LIST || v->kind == DIO_MAP;
        struct params p;
        depth(v, list ? 1 : 0);
        char *once = dio_json_write(a, v, 0);
        dio_value *again = dio_json_parse(a, "again", once, strlen(once), &err);
        if (!again || strcmp(once, dio_json_write(a, again, 0)) != 0)
            __builtin_trap();
        if (dio_fields_read(fields, &p, v, "step fuzz@1", DIO_FIELDS_STRICT | DIO_FIELDS_COLLECT, a,
                            need_place, NULL, &err))
            dio_fields_canonical(fields, &p, a);
    }
    dio_arena_destroy(a);
    return 0;
}
