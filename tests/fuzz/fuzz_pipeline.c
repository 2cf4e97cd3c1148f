/* fuzz_pipeline.c: any bytes as a pipeline file, through reading, checking and planning, which must
 * end with a plan or with problems that say something. Where the bytes begin with '$', the rest is
 * one scalar with expressions instead. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fusion/expr.h"
#include "fusion/fusion.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_scalar(const char *text, size_t size)
{
    static const char scope_text[] = "{inputs: {a: 1, b: x, c: [1, 2]}, run: {seed: 1}}";
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    char *copy = dio_arena_strndup(a, text, size);
    dio_value *scope = dio_yaml_parse(a, "scope", scope_text, strlen(scope_text), &err);
    dio_value *v = dio_value_string(a, copy);
    v->file = "fuzz";
    v->line = v->column = 1;
    dio_template *t = dio_template_parse(a, v, copy, &err);
    const dio_value *out = t ? dio_template_eval(t, scope, a, &err) : NULL;
    if (!out && !err.message[0])
        abort();
    dio_arena_destroy(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    dio_error err = {0};
    if (size > 0 && text[0] == '$' && !memchr(text, 0, size)) {
        try_scalar(text, size);
        return 0;
    }
    dio_pipeline *p = dio_pipeline_parse("fuzz.yaml", text, size, "assets", &err);
    if (!p)
        return 0;
    dio_pipeline_set(p, "product=Lumo Lamp");
    int count;
    bool good = dio_pipeline_check(p, &(dio_check_options){.out = "no-such-folder"});
    const char *problems = dio_pipeline_problems(p, &count);
    if (good != (count == 0) || (count > 0) != (problems[0] != '\0'))
        abort();
    if (good && !dio_pipeline_plan(p, true)[0])
        abort();
    dio_pipeline_close(p);
    return 0;
}
