/* test_bpe_train.c: the trainer gives the vocabulary and the merges, in their order, that the
 * tokenizers package gives for the same texts (tools/golden/tokenizer.py). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/value.h"
#include "text/bpe_train.h"
#include "text/tokenizer.h"

#define FOLDER "tests/golden/tokenizers/trained"

static dio_error err;

#define OK(call)                                                                                   \
    do {                                                                                           \
        if (!(call)) {                                                                             \
            char text_[2048];                                                                      \
            fail_msg("%s", dio_error_text(&err, text_, sizeof text_));                             \
        }                                                                                          \
    } while (0)

static const char *const special[] = {"<|endoftext|>", "<|x|>"};

struct corpus {
    dio_arena *arena;
    const dio_value *lines[1000];
    int count, next;
};

static void corpus_read(struct corpus *c)
{
    size_t size;
    c->arena = dio_arena_create();
    c->count = c->next = 0;
    const char *text = dio_file_read(c->arena, FOLDER "/corpus.jsonl", 1 << 22, &size, &err);
    OK(text != NULL);
    for (const char *end; (end = strchr(text, '\n')); text = end + 1) {
        const dio_value *v =
            dio_json_parse(c->arena, "corpus.jsonl", text, (size_t)(end - text), &err);
        OK(v != NULL);
        c->lines[c->count++] = v;
    }
}

static bool next_line(void *user, const char **text, size_t *length, dio_error *e)
{
    struct corpus *c = user;
    (void)e;
    if (c->next == c->count)
        return true;
    *text = c->lines[c->next]->string.text;
    *length = c->lines[c->next++]->string.length;
    return true;
}

static const char *out_path(void)
{
    static char path[64];
    snprintf(path, sizeof path, "/tmp/diorama-train-%ld.json", (long)getpid());
    return path;
}

static void check_vocab(const dio_value *model, const dio_value *golden)
{
    const dio_value *vocab = dio_map_get(model, "vocab"), *names = dio_map_get(golden, "vocab");
    assert_int_equal(vocab->map.count, names->list.count);
    for (int i = 0; i < vocab->map.count; i++) {
        assert_int_equal(vocab->map.items[i]->integer, i);
        assert_string_equal(vocab->map.keys[i]->string.text, names->list.items[i]->string.text);
    }
}

static void check_merges(const dio_value *model, const dio_value *golden)
{
    const dio_value *ours = dio_map_get(model, "merges"), *merges = dio_map_get(golden, "merges");
    assert_int_equal(ours->list.count, merges->list.count);
    for (int i = 0; i < merges->list.count; i++)
        for (int side = 0; side < 2; side++)
            assert_string_equal(ours->list.items[i]->list.items[side]->string.text,
                                merges->list.items[i]->list.items[side]->string.text);
}

static void check(const char *name, dio_bpe_options options)
{
    struct corpus c;
    char path[128];
    corpus_read(&c);
    options.special = special;
    options.n_special = 2;
    OK(dio_bpe_train(next_line, &c, &options, out_path(), &err));
    const dio_value *file = dio_value_read(c.arena, out_path(), 1 << 22, &err);
    OK(file != NULL);
    snprintf(path, sizeof path, FOLDER "/%s.json", name);
    const dio_value *golden = dio_value_read(c.arena, path, 1 << 22, &err);
    OK(golden != NULL);
    check_vocab(dio_map_get(file, "model"), golden);
    check_merges(dio_map_get(file, "model"), golden);

    /* It is a tokenizer: its texts come back, and its special tokens have the first ids. */
    dio_tokenizer *t = dio_tokenizer_load(out_path(), &err);
    OK(t != NULL);
    assert_int_equal(dio_tokenizer_id(t, "<|endoftext|>"), 0);
    assert_int_equal(dio_tokenizer_id(t, "<|x|>"), 1);
    for (int i = 0; i < c.count; i++) {
        dio_ids ids = {0};
        dio_str back = {0};
        const dio_value *line = c.lines[i];
        OK(dio_tokenizer_encode(t, line->string.text, line->string.length,
                                (dio_encode_options){true, true}, &ids, &err));
        OK(dio_tokenizer_decode(t, ids.ids, ids.count, true, &back, &err));
        assert_string_equal(back.length ? back.text : "", line->string.text);
        dio_str_deinit(&back);
        dio_ids_deinit(&ids);
    }
    print_message("  %s: %d tokens, %d merges, all equal\n", name, dio_tokenizer_size(t),
                  dio_map_get(golden, "merges")->list.count);
    dio_tokenizer_destroy(t);
    dio_arena_destroy(c.arena);
    unlink(out_path());
}

static void test_gpt2(void **state)
{
    (void)state;
    check("gpt2", (dio_bpe_options){.vocab_size = 600, .style = DIO_BPE_GPT2});
}

static void test_llama3(void **state)
{
    (void)state;
    check("llama3",
          (dio_bpe_options){.vocab_size = 700, .min_frequency = 3, .style = DIO_BPE_LLAMA3});
}

static void test_digits(void **state)
{
    (void)state;
    check("digits", (dio_bpe_options){.vocab_size = 800,
                                      .min_frequency = 2,
                                      .style = DIO_BPE_LLAMA3,
                                      .split_digits = true});
}

/* The order of the texts changes nothing. */
static void test_order(void **state)
{
    (void)state;
    struct corpus c;
    dio_bpe_options options = {.vocab_size = 500, .special = special, .n_special = 2};
    size_t n[2];
    corpus_read(&c);
    char *text[2];
    for (int k = 0; k < 2; k++) {
        c.next = 0;
        for (int i = 0; k && i < c.count / 2; i++) {
            const dio_value *swap = c.lines[i];
            c.lines[i] = c.lines[c.count - 1 - i];
            c.lines[c.count - 1 - i] = swap;
        }
        OK(dio_bpe_train(next_line, &c, &options, out_path(), &err));
        text[k] = dio_file_read(c.arena, out_path(), 1 << 22, &n[k], &err);
        OK(text[k] != NULL);
    }
    assert_int_equal(n[0], n[1]);
    assert_memory_equal(text[0], text[1], n[0]);
    dio_arena_destroy(c.arena);
    unlink(out_path());
}

static bool next_fixed(void *user, const char **text, size_t *length, dio_error *e)
{
    const char **at = user;
    (void)e;
    *text = *at;
    *length = *at ? strlen(*at) : 0;
    *at = NULL;
    return true;
}

/* Special tokens in the texts are not learned from; what cannot be is refused. */
static void test_limits(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
        int vocab_size;
    } rows[] = {
        {"a", "vocab_size 257 is not from 258 (256 bytes and 2 special tokens) to 2097152", 257},
        {"a\xff", "a training text is not UTF-8 at byte 1 (0xFF)", 300},
    };
    for (int i = 0; i < 2; i++) {
        const char *at = rows[i].text;
        dio_bpe_options options = {
            .vocab_size = rows[i].vocab_size, .special = special, .n_special = 2};
        dio_error e = {0};
        assert_false(dio_bpe_train(next_fixed, &at, &options, out_path(), &e));
        assert_string_equal(e.message, rows[i].message);
        assert_false(dio_file_exists(out_path()));
    }
    const char *at = "<|x|><|x|><|x|><|x|> go go go";
    dio_bpe_options options = {.vocab_size = 300, .special = special, .n_special = 2};
    OK(dio_bpe_train(next_fixed, &at, &options, out_path(), &err));
    dio_tokenizer *t = dio_tokenizer_load(out_path(), &err);
    OK(t != NULL);
    assert_int_equal(dio_tokenizer_size(t), 260); /* go, Ġgo */
    assert_true(dio_tokenizer_id(t, "\xc4\xa0go") >= 0);
    dio_tokenizer_destroy(t);
    unlink(out_path());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gpt2),  cmocka_unit_test(test_llama3), cmocka_unit_test(test_digits),
        cmocka_unit_test(test_order), cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
