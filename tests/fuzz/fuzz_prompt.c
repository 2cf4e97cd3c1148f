/* fuzz_prompt.c: any bytes as a prompt. What is parsed has spans of UTF-8 whose weights are within
 * the limits; in rows of ids every row has its start and end, and every id is the tokenizer's. The
 * vocabulary is a CLIP's of two letters, a comma and brackets; for the rest there is the unknown.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "text/prompt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { POSITIONS = 12 };

static const char vocab[] =
    "{\"a\":0,\"b\":1,\",\":2,\"(\":3,\")\":4,\"a</w>\":5,\"b</w>\":6,\",</w>\":7,\"(</w>\":8,"
    "\")</w>\":9,\"ab\":10,\"ab</w>\":11,\"!</w>\":12,\"<|startoftext|>\":13,\"<|endoftext|>\":14}";
static const char merges[] = "#version: 0.2\na b</w>\na b\n";

static void check(bool good)
{
    if (!good)
        __builtin_trap();
}

static void check_rows(dio_arena *a, const dio_prompt_spans *spans, const dio_tokenizer *t)
{
    dio_error err = {0};
    dio_prompt_rows rows;
    if (!dio_prompt_tokenize(a, spans, t, NULL, 0, POSITIONS, &rows, &err)) {
        check(err.message[0] != 0);
        return;
    }
    check(rows.chunks >= 1 && rows.chunks <= DIO_PROMPT_CHUNKS);
    for (int c = 0; c < rows.chunks; c++) {
        int ends = 0;
        for (int i = 0; i < POSITIONS; i++) {
            int32_t id = rows.ids[c * POSITIONS + i];
            check(id >= 0 && id < dio_tokenizer_size(t));
            check((i == 0) == (id == 13));
            check(fabsf(rows.weights[c * POSITIONS + i]) <= DIO_PROMPT_WEIGHT);
            ends += id == 14;
        }
        check(ends >= 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dio_error err = {0};
    dio_prompt_spans spans;
    dio_tokenizer_source source = {.vocab = vocab,
                                   .merges = merges,
                                   .vocab_size = strlen(vocab),
                                   .merges_size = strlen(merges)};
    dio_arena *a = dio_arena_create();
    dio_tokenizer *t = a ? dio_tokenizer_create(&source, &err) : NULL;
    check(t != NULL);
    if (dio_prompt_parse(a, (const char *)data, size, &spans, &err)) {
        check(spans.count >= 1);
        for (int i = 0; i < spans.count; i++) {
            size_t bad;
            const dio_prompt_span *s = &spans.items[i];
            check(dio_utf8_valid(s->text, s->length, &bad) && !s->text[s->length]);
            check(!s->length || fabs(s->weight) <= DIO_PROMPT_WEIGHT);
            check(!s->breaks || !s->length);
        }
        check_rows(a, &spans, t);
    } else {
        check(err.message[0] != 0);
    }
    dio_tokenizer_destroy(t);
    dio_arena_destroy(a);
    return 0;
}
