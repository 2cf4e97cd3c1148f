/* fuzz_tokenizer.c: any bytes as tokenizer.json, a NUL, and a text; or, after "P", as vocab.json, a
 * NUL, merges.txt, a NUL, and a text. What loads must encode or refuse, and what it decodes must be
 * UTF-8, at once and as a stream. The text serves as a chat template as well. */
#include <stdint.h>
#include <string.h>

#include "text/chat.h"
#include "text/tokenizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The part up to the next NUL; *data and *size go on behind it. */
static const char *take(const uint8_t **data, size_t *size, size_t *length)
{
    const char *part = (const char *)*data;
    const uint8_t *end = *size ? memchr(*data, 0, *size) : NULL;
    *length = end ? (size_t)(end - *data) : *size;
    *data += end ? *length + 1 : *size;
    *size -= end ? *length + 1 : *size;
    return part;
}

static void check_text(const dio_str *text)
{
    size_t bad;
    if (text->length && !dio_utf8_valid(text->text, text->length, &bad))
        __builtin_trap();
}

static void check_ids(const dio_tokenizer *t, const dio_ids *ids)
{
    dio_error err = {0};
    dio_str whole = {0}, stream = {0};
    dio_detok *d = dio_detok_create(t, false, &err);
    if (!dio_tokenizer_decode(t, ids->ids, ids->count, true, &whole, &err) && !err.message[0])
        __builtin_trap();
    for (size_t i = 0; d && i < ids->count; i++) {
        if (ids->ids[i] < 0 || ids->ids[i] >= dio_tokenizer_size(t))
            __builtin_trap();
        dio_error e = {0};
        if (!dio_detok_put(d, ids->ids[i], &stream, &e))
            break;
        check_text(&stream);
    }
    if (d)
        dio_detok_end(d, &stream, &err);
    check_text(&whole);
    check_text(&stream);
    dio_detok_destroy(d);
    dio_str_deinit(&whole);
    dio_str_deinit(&stream);
}

static void check_tokenizer(const dio_tokenizer *t, const char *text, size_t n)
{
    for (int mode = 0; mode < 4; mode++) {
        dio_error err = {0};
        dio_ids ids = {0};
        dio_encode_options options = {mode & 1, mode & 2};
        if (dio_tokenizer_encode(t, text, n, options, &ids, &err))
            check_ids(t, &ids);
        else if (!err.message[0])
            __builtin_trap();
        dio_ids_deinit(&ids);
    }
}

static void check_chat(const char *text, size_t n)
{
    static const dio_chat_message talk[] = {
        {"system", "s"}, {"user", " u "}, {"assistant", "<think>t</think>a"}, {"user", "<s>"}};
    char source[1024];
    dio_error err = {0};
    dio_str out = {0};
    if (n >= sizeof source)
        return;
    memcpy(source, text, n);
    source[n] = '\0';
    if (dio_chat_render(source, "<s>", "</s>", talk, 4, (dio_chat_options){true, true}, &out, &err))
        check_text(&out);
    else if (!err.message[0])
        __builtin_trap();
    dio_str_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dio_tokenizer_source source = {0};
    dio_error err = {0};
    bool pair = size && *data == 'P';
    data += pair;
    size -= pair;
    if (pair) {
        source.vocab = take(&data, &size, &source.vocab_size);
        source.merges = take(&data, &size, &source.merges_size);
    } else {
        source.tokenizer = take(&data, &size, &source.tokenizer_size);
    }
    dio_tokenizer *t = dio_tokenizer_create(&source, &err);
    if (!t && !err.message[0])
        __builtin_trap();
    if (t)
        check_tokenizer(t, (const char *)data, size);
    check_chat((const char *)data, size);
    dio_tokenizer_destroy(t);
    return 0;
}
