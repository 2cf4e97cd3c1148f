/* test_tokenizer.c: ids and texts against the tokenizers package, on 10,000 strings and on every
 * code point, for 17 tokenizers that it trained (tools/golden/tokenizer.py). Nothing may differ. */
#include "tests/text/tokenizer_case.h"

enum { HASH = 3 };

/* The script's hash: FNV-1a folded to 18 bits, in three digits. */
struct hash {
    uint64_t h;
};

static struct hash hash_begin(void)
{
    return (struct hash){0xcbf29ce484222325u};
}

static void hash_bytes(struct hash *h, const void *bytes, size_t n)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < n; i++)
        h->h = (h->h ^ at[i]) * 0x100000001b3u;
}

static void hash_ids(struct hash *h, const dio_ids *ids)
{
    for (size_t i = 0; i < ids->count; i++) {
        uint32_t id = (uint32_t)ids->ids[i];
        unsigned char bytes[] = {id & 255, id >> 8 & 255, id >> 16 & 255, id >> 24};
        hash_bytes(h, bytes, 4);
    }
}

static bool hash_is(const struct hash *h, const char *golden)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";
    uint64_t folded = h->h ^ h->h >> 24 ^ h->h >> 48;
    for (int i = 0; i < HASH; i++)
        if (digits[folded >> (12 - 6 * i) & 63] != golden[i])
            return false;
    return true;
}

static const char *golden_text(const dio_value *golden, const char *key, size_t hashes)
{
    const dio_value *v = dio_map_get(golden, key);
    assert_non_null(v);
    assert_int_equal(v->string.length, HASH * hashes);
    return v->string.text;
}

/* Encodes every string; the number whose ids agree. */
static int agree(const dio_tokenizer *t, const struct fixture *f, const char *golden,
                 dio_encode_options options)
{
    dio_ids ids = {0};
    int same = 0;
    for (int i = 0; i < STRINGS; i++) {
        struct hash h = hash_begin();
        const dio_value *s = f->strings[i];
        dio_ids_clear(&ids);
        OK(dio_tokenizer_encode(t, s->string.text, s->string.length, options, &ids, &err));
        hash_ids(&h, &ids);
        if (hash_is(&h, golden + HASH * i))
            same++;
        else if (same >= i - 3)
            print_message("  differs: %.200s\n",
                          dio_json_quote(f->arena, s->string.text, s->string.length));
    }
    dio_ids_deinit(&ids);
    return same;
}

/* Text of the ids, at once and as a stream, which must be the same when `valid`. */
static bool text_is(const dio_tokenizer *t, const dio_ids *ids, bool skip, bool valid,
                    const char *golden)
{
    dio_str text = {0}, stream = {0};
    struct hash h = hash_begin();
    OK(dio_tokenizer_decode(t, ids->ids, ids->count, skip, &text, &err));
    hash_bytes(&h, text.text, text.length);
    bool same = hash_is(&h, golden);
    dio_detok *d = dio_detok_create(t, skip, &err);
    OK(d != NULL);
    for (size_t i = 0; i < ids->count; i++) {
        size_t bad, before = stream.length;
        OK(dio_detok_put(d, ids->ids[i], &stream, &err));
        assert_true(stream.length == before ||
                    dio_utf8_valid(stream.text + before, stream.length - before, &bad));
    }
    OK(dio_detok_end(d, &stream, &err));
    if (valid) {
        assert_int_equal(stream.length, text.length);
        assert_true(!text.length || !memcmp(stream.text, text.text, text.length));
    }
    dio_detok_destroy(d);
    dio_str_deinit(&text);
    dio_str_deinit(&stream);
    return same;
}

static int agree_text(const dio_tokenizer *t, const struct fixture *f, const char *golden)
{
    dio_ids ids = {0};
    int same = 0;
    for (int i = 0; i < STRINGS; i++) {
        const dio_value *s = f->strings[i];
        dio_ids_clear(&ids);
        OK(dio_tokenizer_encode(t, s->string.text, s->string.length,
                                (dio_encode_options){true, true}, &ids, &err));
        same += text_is(t, &ids, true, true, golden + HASH * i);
    }
    dio_ids_deinit(&ids);
    return same;
}

/* The script's 600 lists of random ids. */
static int agree_random(const dio_tokenizer *t, const char *golden, bool byte_fallback)
{
    dio_ids ids = {0};
    uint32_t x = 12345, size = (uint32_t)dio_tokenizer_size(t);
    int same = 0;
    for (int i = 0; i < 600; i++) {
        x = x * 1664525u + 1013904223u;
        uint32_t n = 1 + (x >> 8) % 40;
        dio_ids_clear(&ids);
        for (uint32_t k = 0; k < n; k++) {
            x = x * 1664525u + 1013904223u;
            OK(dio_ids_put(&ids, (int32_t)((x >> 8) % size), &err));
        }
        same += text_is(t, &ids, false, !byte_fallback, golden + HASH * i);
    }
    dio_ids_deinit(&ids);
    return same;
}

/* "a", a code point twice, "1 a": 256 of them a hash. */
static int agree_points(const dio_tokenizer *t, const char *golden, int blocks)
{
    dio_ids ids = {0};
    int same = 0, block = 0;
    for (uint32_t start = 0; start < 0xe0200; start += 256) {
        if (start == 0x30000)
            start = 0xe0000;
        if (start >= 0xd800 && start < 0xe000)
            continue;
        struct hash h = hash_begin();
        for (uint32_t cp = start; cp < start + 256; cp++) {
            char text[16] = "a", point[4];
            int length = dio_utf8_put(cp, point);
            if (!cp)
                continue;
            memcpy(text + 1, point, (size_t)length);
            memcpy(text + 1 + length, point, (size_t)length);
            memcpy(text + 1 + 2 * length, "1 a", 3);
            dio_ids_clear(&ids);
            OK(dio_tokenizer_encode(t, text, (size_t)(2 * length + 4),
                                    (dio_encode_options){false, false}, &ids, &err));
            hash_ids(&h, &ids);
        }
        bool ok = hash_is(&h, golden + HASH * block++);
        same += ok;
        if (!ok)
            print_message("  differs: U+%04X..\n", start);
    }
    assert_int_equal(block, blocks);
    dio_ids_deinit(&ids);
    return same;
}

/* One string many times over: case X1 of the hostile texts, and right as well. */
static int agree_runs(const dio_tokenizer *t, const dio_value *runs)
{
    int same = 0;
    for (int i = 0; i < runs->list.count; i++) {
        const dio_value *run = runs->list.items[i], *s = run->list.items[0];
        dio_str text = {0};
        dio_ids ids = {0};
        struct hash h = hash_begin();
        for (int64_t n = run->list.items[1]->integer; n > 0; n--)
            dio_str_put(&text, s->string.text, s->string.length);
        OK(dio_tokenizer_encode(t, text.text, text.length, (dio_encode_options){false, false}, &ids,
                                &err));
        hash_ids(&h, &ids);
        same += hash_is(&h, run->list.items[2]->string.text);
        dio_ids_deinit(&ids);
        dio_str_deinit(&text);
    }
    return same;
}

static void check(void **state, const char *name)
{
    const struct fixture *f = *state;
    char path[256];
    snprintf(path, sizeof path, FOLDER "/%s/golden.json", name);
    const dio_value *golden = dio_value_read(f->arena, path, 1 << 22, &err);
    OK(golden != NULL);
    snprintf(path, sizeof path, FOLDER "/%s", name);
    dio_tokenizer *t = dio_tokenizer_load(path, &err);
    OK(t != NULL);
    assert_int_equal(dio_tokenizer_size(t), dio_map_get(golden, "size")->integer);

    enum { BLOCKS = 0x30000 / 256 - 8 + 2, RANDOM = 600 };
    const dio_value *runs = dio_map_get(golden, "runs");
    bool bytes = dio_tokenizer_id(t, "<0x00>") >= 0;
    int special =
        agree(t, f, golden_text(golden, "special", STRINGS), (dio_encode_options){true, true});
    int plain =
        agree(t, f, golden_text(golden, "plain", STRINGS), (dio_encode_options){false, false});
    int text = agree_text(t, f, golden_text(golden, "text", STRINGS));
    int random = agree_random(t, golden_text(golden, "random", RANDOM), bytes);
    int points = agree_points(t, golden_text(golden, "points", BLOCKS), BLOCKS);
    int run = agree_runs(t, runs);
    print_message("  %-10s of %d strings: ids %d, ids without special tokens %d, text %d; of %d "
                  "random lists: text %d; of %d blocks of code points: %d; of %d runs: %d\n",
                  name, STRINGS, special, plain, text, RANDOM, random, BLOCKS, points,
                  runs->list.count, run);
    assert_int_equal(special, STRINGS);
    assert_int_equal(plain, STRINGS);
    assert_int_equal(text, STRINGS);
    assert_int_equal(random, RANDOM);
    assert_int_equal(points, BLOCKS);
    assert_int_equal(run, runs->list.count);
    dio_tokenizer_destroy(t);
}

#define TOKENIZER(name)                                                                            \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        check(state, #name);                                                                       \
    }
#include "tests/text/tokenizers.def"
#undef TOKENIZER

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TOKENIZER(name) cmocka_unit_test(test_##name),
#include "tests/text/tokenizers.def"
#undef TOKENIZER
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
