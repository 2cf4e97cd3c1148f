/* test_tokenizer_bad.c: files that are wrong, each refused with its exact message and place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "text/tokenizer.h"

/* A tokenizer that is right; each row replaces the first `find` in it. */
static const char good[] =
    "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],"
    "\"normalizer\":null,\"pre_tokenizer\":null,\"post_processor\":null,\"decoder\":null,"
    "\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":1,\"ab\":2},\"merges\":[\"a b\"]}}";

static const struct row {
    const char *find, *replace, *message;
} rows[] = {
    {"\"version\":\"1.0\",", "", "tokenizer.json:1:1: version is not \"1.0\""},
    {"\"version\":\"1.0\"", "\"version\":\"2.0\"", "tokenizer.json:1:12: version is not \"1.0\""},
    {"\"truncation\":null", "\"truncation\":{\"max_length\":512}",
     "tokenizer.json:1:31: truncation is set: a tokenizer that cuts or fills texts is not "
     "supported; null is"},
    {"\"padding\":null", "\"padding\":{\"length\":4}",
     "tokenizer.json:1:46: padding is set: a tokenizer that cuts or fills texts is not supported; "
     "null is"},
    {"\"padding\":null", "\"padding\":null,\"surprise\":1",
     "tokenizer.json:1:51: a tokenizer: the key \"surprise\" is not supported; known are: version "
     "truncation padding added_tokens normalizer pre_tokenizer post_processor decoder model"},
    {"\"added_tokens\":[]", "\"added_tokens\":{}",
     "tokenizer.json:1:66: added_tokens is a map: a list is expected"},
    {"\"model\":{", "\"model\":7,\"model2\":{",
     "tokenizer.json:1:155: a tokenizer: the key \"model2\" is not supported; known are: version "
     "truncation padding added_tokens normalizer pre_tokenizer post_processor decoder model"},
    {"\"model\":{", "\"models\":{",
     "tokenizer.json:1:145: a tokenizer: the key \"models\" is not supported; known are: version "
     "truncation padding added_tokens normalizer pre_tokenizer post_processor decoder model"},
    {"\"type\":\"BPE\"", "\"type\":\"Unigram\"",
     "tokenizer.json:1:161: model \"Unigram\" is not supported; known is: BPE"},
    {"\"type\":\"BPE\"", "\"type\":\"WordPiece\"",
     "tokenizer.json:1:161: model \"WordPiece\" is not supported; known is: BPE"},
    {"\"type\":\"BPE\"", "\"type\":\"BPE\",\"dropout\":0.1",
     "tokenizer.json:1:177: model: dropout is not supported: ids would be random; null or 0 is"},
    {"\"type\":\"BPE\"", "\"type\":\"BPE\",\"continuing_subword_prefix\":\"##\"",
     "tokenizer.json:1:195: model: continuing_subword_prefix is not supported; null or \"\" is"},
    {"\"type\":\"BPE\"", "\"type\":\"BPE\",\"end_of_word_suffix\":\"</w>\"",
     "tokenizer.json:1:188: model: end_of_word_suffix is not supported; null or \"\" is"},
    {"\"type\":\"BPE\"", "\"type\":\"BPE\",\"fuse_unk\":\"yes\"",
     "tokenizer.json:1:178: fuse_unk is a string: true or false is expected"},
    {"\"type\":\"BPE\"", "\"type\":\"BPE\",\"unk_token\":\"<unk>\"",
     "tokenizer.json:1:179: model: unk_token \"<unk>\" is not in the vocabulary"},
    {"\"type\":\"BPE\"", "\"type\":\"BPE\",\"unk_token\":3",
     "tokenizer.json:1:179: model: unk_token is an integer: a string or null is expected"},
    {"\"type\":\"BPE\"", "\"type\":\"BPE\",\"temperature\":1",
     "tokenizer.json:1:167: model BPE: the key \"temperature\" is not supported; known are: type "
     "dropout unk_token continuing_subword_prefix end_of_word_suffix fuse_unk byte_fallback "
     "ignore_merges vocab merges"},
    {"\"vocab\":{\"a\":0,\"b\":1,\"ab\":2}", "\"vocab\":[\"a\",\"b\"]",
     "tokenizer.json:1:175: model: vocab is a list: an object of token to id is expected"},
    {"\"vocab\":{\"a\":0,\"b\":1,\"ab\":2}", "\"vocab\":{}",
     "tokenizer.json:1:175: the vocabulary is empty"},
    {"\"vocab\":{\"a\":0,\"b\":1,\"ab\":2},", "",
     "tokenizer.json:1:153: model: vocab is missing: an object of token to id is expected"},
    {"\"b\":1", "\"b\":0", "tokenizer.json:1:182: id 0 is given to \"a\" and to \"b\""},
    {"\"b\":1", "\"b\":-1",
     "tokenizer.json:1:186: the id of \"b\" is not a whole number from 0 to 2097151"},
    {"\"b\":1", "\"b\":1.5",
     "tokenizer.json:1:186: the id of \"b\" is not a whole number from 0 to 2097151"},
    {"\"b\":1", "\"b\":\"1\"",
     "tokenizer.json:1:186: the id of \"b\" is not a whole number from 0 to 2097151"},
    {"\"b\":1", "\"b\":2097152",
     "tokenizer.json:1:186: the id of \"b\" is not a whole number from 0 to 2097151"},
    {"\"b\":1", "\"b\":9223372036854775807",
     "tokenizer.json:1:186: the id of \"b\" is not a whole number from 0 to 2097151"},
    {"\"b\":1", "\"b\":1000000",
     "tokenizer.json:1:175: ids go up to 1000000, but there are only 3 tokens: ids with gaps are "
     "not supported"},
    {"\"b\":1", "\"a\":1",
     "tokenizer.json:1:182: key \"a\" appears twice in this map: first on line 1"},
    {"\"b\":1", "\"b\":1,\"c\":4",
     "tokenizer.json:1:175: ids go up to 4, but there are only 4 tokens: ids with gaps are not "
     "supported"},
    {"\"merges\":[\"a b\"]", "\"merges\":\"a b\"",
     "tokenizer.json:1:205: model: merges is a string: a list is expected"},
    {",\"merges\":[\"a b\"]", "",
     "tokenizer.json:1:153: model: merges is missing: a list is expected"},
    {"\"a b\"", "\"ab\"",
     "tokenizer.json:1:206: merge 0, \"ab\", is not two tokens with one space between them"},
    {"\"a b\"", "\"a b c\"",
     "tokenizer.json:1:206: merge 0, \"a b c\", is not two tokens with one space between them"},
    {"\"a b\"", "\" \"",
     "tokenizer.json:1:206: merge 0 names \"\", which the vocabulary does not have"},
    {"\"a b\"", "\"a x\"",
     "tokenizer.json:1:206: merge 0 names \"x\", which the vocabulary does not have"},
    {"\"a b\"", "\"x b\"",
     "tokenizer.json:1:206: merge 0 names \"x\", which the vocabulary does not have"},
    {"\"a b\"", "\"b a\"",
     "tokenizer.json:1:206: merge 0 makes \"ba\", which the vocabulary does not have"},
    {"\"a b\"", "[\"a\"]",
     "tokenizer.json:1:206: merge 0 is neither \"left right\" nor [\"left\", \"right\"] of at most "
     "4096 bytes each"},
    {"\"a b\"", "[\"a\",\"b\",\"ab\"]",
     "tokenizer.json:1:206: merge 0 is neither \"left right\" nor [\"left\", \"right\"] of at most "
     "4096 bytes each"},
    {"\"a b\"", "[\"a\",1]",
     "tokenizer.json:1:206: merge 0 is neither \"left right\" nor [\"left\", \"right\"] of at most "
     "4096 bytes each"},
    {"\"a b\"", "7",
     "tokenizer.json:1:206: merge 0 is neither \"left right\" nor [\"left\", \"right\"] of at most "
     "4096 bytes each"},
    {"\"a b\"", "\"a b\",\"a b\"",
     "tokenizer.json:1:212: merge 1, \"a\" with \"b\", is merge 0 already"},
    {"\"added_tokens\":[]", "\"added_tokens\":[7]",
     "tokenizer.json:1:67: the id of an added token is not a whole number from 0 to 2097151"},
    {"\"added_tokens\":[]", "\"added_tokens\":[{\"id\":3}]",
     "tokenizer.json:1:67: content is missing: a string is expected"},
    {"\"added_tokens\":[]", "\"added_tokens\":[{\"content\":\"<s>\"}]",
     "tokenizer.json:1:67: the id of an added token is not a whole number from 0 to 2097151"},
    {"\"added_tokens\":[]", "\"added_tokens\":[{\"id\":3,\"content\":\"\"}]",
     "tokenizer.json:1:67: an added token of 0 bytes: 1 to 512 are supported"},
    {"\"added_tokens\":[]", "\"added_tokens\":[{\"id\":4,\"content\":\"<s>\"}]",
     "tokenizer.json:1:199: ids go up to 4, but there are only 4 tokens: ids with gaps are not "
     "supported"},
    {"\"added_tokens\":[]", "\"added_tokens\":[{\"id\":-3,\"content\":\"<s>\"}]",
     "tokenizer.json:1:73: the id of an added token is not a whole number from 0 to 2097151"},
    {"\"added_tokens\":[]", "\"added_tokens\":[{\"id\":2,\"content\":\"<s>\"}]",
     "tokenizer.json:1:67: id 2 is given to \"ab\" and to \"<s>\""},
    {"\"added_tokens\":[]", "\"added_tokens\":[{\"id\":1,\"content\":\"a\"}]",
     "tokenizer.json:1:67: the added token \"a\" has id 1, but 0 in the vocabulary"},
    {"\"added_tokens\":[]",
     "\"added_tokens\":[{\"id\":3,\"content\":\"<s>\"},{\"id\":3,\"content\":\"<s>\"}]",
     "tokenizer.json:1:92: the added token \"<s>\" is listed twice"},
    {"\"added_tokens\":[]", "\"added_tokens\":[{\"id\":3,\"content\":\"<s>\",\"special\":1}]",
     "tokenizer.json:1:101: special is an integer: true or false is expected"},
    {"\"added_tokens\":[]", "\"added_tokens\":[{\"id\":3,\"content\":\"<s>\",\"color\":\"red\"}]",
     "tokenizer.json:1:91: an added token: the key \"color\" is not supported; known are: id "
     "content single_word lstrip rstrip normalized special"},
    {"\"added_tokens\":[],\"normalizer\":null",
     "\"added_tokens\":[{\"id\":3,\"content\":\"S\",\"normalized\":true},{\"id\":4,\"content\":"
     "\"s\",\"normalized\":true}],\"normalizer\":{\"type\":\"Lowercase\"}",
     "tokenizer.json:1:66: the added tokens 3 and 4 are both found as \"s\""},
    {"\"normalizer\":null",
     "\"normalizer\":{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"AA==\"}",
     "tokenizer.json:1:90: normalizer \"Precompiled\" is not supported; known are: NFC, NFD, NFKC, "
     "NFKD, Lowercase, StripAccents, Replace, Prepend, Strip, Sequence"},
    {"\"normalizer\":null", "\"normalizer\":{\"type\":\"BertNormalizer\"}",
     "tokenizer.json:1:90: normalizer \"BertNormalizer\" is not supported; known are: NFC, NFD, "
     "NFKC, NFKD, Lowercase, StripAccents, Replace, Prepend, Strip, Sequence"},
    {"\"normalizer\":null", "\"normalizer\":\"NFC\"",
     "tokenizer.json:1:82: a normalizer is a string: an object with a \"type\" is expected"},
    {"\"normalizer\":null", "\"normalizer\":{\"kind\":\"NFC\"}",
     "tokenizer.json:1:82: a normalizer has no \"type\""},
    {"\"normalizer\":null", "\"normalizer\":{\"type\":\"NFC\",\"strict\":true}",
     "tokenizer.json:1:96: normalizer NFC: the key \"strict\" is not supported; known are: type"},
    {"\"normalizer\":null", "\"normalizer\":{\"type\":\"Sequence\"}",
     "tokenizer.json:1:82: a normalizer Sequence has no list \"normalizers\""},
    {"\"normalizer\":null", "\"normalizer\":{\"type\":\"Replace\",\"content\":\"x\"}",
     "tokenizer.json:1:82: pattern is neither {\"String\": ...} nor {\"Regex\": ...}"},
    {"\"normalizer\":null",
     "\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"String\":\"\"},\"content\":\"x\"}",
     "tokenizer.json:1:120: a pattern of 0 bytes: 1 to 4096 are supported"},
    {"\"normalizer\":null",
     "\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"Glob\":\"*\"},\"content\":\"x\"}",
     "tokenizer.json:1:110: pattern is neither {\"String\": ...} nor {\"Regex\": ...}"},
    {"\"normalizer\":null", "\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"String\":\"x\"}}",
     "tokenizer.json:1:82: content is missing: a string is expected"},
    {"\"normalizer\":null", "\"normalizer\":{\"type\":\"Prepend\"}",
     "tokenizer.json:1:82: prepend is missing: a string is expected"},
    {"\"normalizer\":null",
     "\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Sequence\","
     "\"normalizers\":[{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Sequence\","
     "\"normalizers\":[{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Sequence\","
     "\"normalizers\":[{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Sequence\","
     "\"normalizers\":[{\"type\":\"Sequence\",\"normalizers\":[]}]}]}]}]}]}]}]}]}",
     "tokenizer.json:1:354: normalizer Sequences are nested more than 8 deep"},
    {"\"pre_tokenizer\":null", "\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"}",
     "tokenizer.json:1:111: pre_tokenizer \"BertPreTokenizer\" is not supported; known are: "
     "ByteLevel, Split, Digits, Metaspace, Whitespace, WhitespaceSplit, Punctuation, Sequence"},
    {"\"pre_tokenizer\":null", "\"pre_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":\"__\"}",
     "tokenizer.json:1:137: replacement is not one character"},
    {"\"pre_tokenizer\":null",
     "\"pre_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":\"_\",\"prepend_scheme\":"
     "\"sometimes\"}",
     "tokenizer.json:1:158: prepend_scheme \"sometimes\" is not supported; known are: first, "
     "never, always"},
    {"\"pre_tokenizer\":null",
     "\"pre_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":\"_\",\"prepend_scheme\":\"first\","
     "\"add_prefix_space\":false}",
     "tokenizer.json:1:103: add_prefix_space is false, but prepend_scheme is \"first\""},
    {"\"pre_tokenizer\":null",
     "\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(\"},\"behavior\":"
     "\"Isolated\",\"invert\":false}",
     "tokenizer.json:1:138: the expression is not supported: a ( without its ) at its byte 1"},
    {"\"pre_tokenizer\":null",
     "\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"a\"},\"behavior\":\"Split\","
     "\"invert\":false}",
     "tokenizer.json:1:154: behavior \"Split\" is not supported; known are: Removed, Isolated, "
     "MergedWithPrevious, MergedWithNext, Contiguous"},
    {"\"pre_tokenizer\":null",
     "\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(a+)+b\"},\"behavior\":"
     "\"Isolated\",\"invert\":false}",
     "tokenizer.json:1:138: the expression is not supported: an endless repeat inside an endless "
     "repeat, which can take forever, at its byte 4"},
    {"\"pre_tokenizer\":null",
     "\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"[a\"},\"behavior\":"
     "\"Isolated\",\"invert\":false}",
     "tokenizer.json:1:138: the expression is not supported: brackets that do not end at its byte "
     "2"},
    {"\"pre_tokenizer\":null",
     "\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"[z-a]\"},\"behavior\":"
     "\"Isolated\",\"invert\":false}",
     "tokenizer.json:1:138: the expression is not supported: a range that does not go upwards at "
     "its byte 4"},
    {"\"pre_tokenizer\":null",
     "\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(a)\\\\1\"},\"behavior\":"
     "\"Isolated\",\"invert\":false}",
     "tokenizer.json:1:138: the expression is not supported: an escape other than \\s \\S \\d \\D "
     "\\w \\W \\p \\P \\x \\u, a control character or punctuation at its byte 4"},
    {"\"pre_tokenizer\":null",
     "\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"\\\\p{Klingon}\"},"
     "\"behavior\":\"Isolated\",\"invert\":false}",
     "tokenizer.json:1:138: the expression is not supported: a \\p without the {Name} of a general "
     "category or Han at its byte 6"},
    {"\"pre_tokenizer\":null",
     "\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"[\\\\p{L}&&[a-z]]\"},"
     "\"behavior\":\"Isolated\",\"invert\":false}",
     "tokenizer.json:1:138: the expression is not supported: && inside brackets at its byte 6"},
    {"\"pre_tokenizer\":null",
     "\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(?<n>a)\"},\"behavior\":"
     "\"Isolated\",\"invert\":false}",
     "tokenizer.json:1:138: the expression is not supported: a group other than ( (?: (?i: (?> (?= "
     "(?! (?<= (?<! at its byte 0"},
    {"\"pre_tokenizer\":null",
     "\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"a**\"},\"behavior\":"
     "\"Isolated\",\"invert\":false}",
     "tokenizer.json:1:138: the expression is not supported: a repeat of a repeat without a group "
     "at its byte 2"},
    {"\"pre_tokenizer\":null",
     "\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"*\"},\"behavior\":"
     "\"Isolated\",\"invert\":false}",
     "tokenizer.json:1:138: the expression is not supported: a repeat of nothing at its byte 0"},
    {"\"pre_tokenizer\":null",
     "\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"a{1001}\"},\"behavior\":"
     "\"Isolated\",\"invert\":false}",
     "tokenizer.json:1:138: the expression is not supported: a repeat of more than 1000 or of less "
     "than its minimum at its byte 7"},
    {"\"pre_tokenizer\":null",
     "\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(?<=a*)b\"},\"behavior\":"
     "\"Isolated\",\"invert\":false}",
     "tokenizer.json:1:138: the expression is wrong: lookbehind assertion is not fixed length (at "
     "byte 0 of its PCRE2 form (?<=a*)b)"},
    {"\"pre_tokenizer\":null",
     "\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(((((((((((((((((((((((((((((("
     "(((\"},\"behavior\":\"Isolated\",\"invert\":false}",
     "tokenizer.json:1:138: the expression is not supported: groups more than 32 deep at its byte "
     "32"},
    {"\"pre_tokenizer\":null",
     "\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"((a{1000}){1000}){1000}\"},"
     "\"behavior\":\"Isolated\",\"invert\":false}",
     "tokenizer.json:1:138: the expression is wrong: regular expression is too large (at byte 42 "
     "of its PCRE2 form (?:(?:a{1000,1000}){1000,1000}){1000,1000})"},
    {"\"post_processor\":null",
     "\"post_processor\":{\"type\":\"BertProcessing\",\"sep\":[\"a\",0],\"cls\":[\"b\",1]}",
     "tokenizer.json:1:133: post_processor \"BertProcessing\" is not supported; known are: "
     "TemplateProcessing, ByteLevel, Sequence"},
    {"\"post_processor\":null", "\"post_processor\":{\"type\":\"TemplateProcessing\"}",
     "tokenizer.json:1:125: TemplateProcessing has no list \"single\""},
    {"\"post_processor\":null",
     "\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":"
     "\"a\",\"type_id\":0}}],\"special_tokens\":{\"a\":{\"id\":\"a\",\"ids\":[0],\"tokens\":[\"a\"]"
     "}}}",
     "tokenizer.json:1:163: a template has the text 0 times; once is expected"},
    {"\"post_processor\":null",
     "\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":"
     "\"x\",\"type_id\":0}},{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}],\"special_tokens\":{}}",
     "tokenizer.json:1:186: special_tokens has no \"x\" with as many \"ids\" as \"tokens\""},
    {"\"post_processor\":null",
     "\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":"
     "\"a\",\"type_id\":0}},{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}],\"special_tokens\":{\"a\":"
     "{\"id\":\"a\",\"ids\":[1],\"tokens\":[\"a\"]}}}",
     "tokenizer.json:1:280: special_tokens gives \"a\" the id 1; in the vocabulary it is 0"},
    {"\"post_processor\":null",
     "\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[{\"Sequence\":{\"id\":\"B\","
     "\"type_id\":0}}],\"special_tokens\":{}}",
     "tokenizer.json:1:164: a template for one text has the piece Sequence \"B\""},
    {"\"post_processor\":null",
     "\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[\"$A\"],\"special_tokens\":{}"
     "}",
     "tokenizer.json:1:164: a piece of a template is neither {\"Sequence\": ...} nor "
     "{\"SpecialToken\": ...} with an \"id\""},
    {"\"decoder\":null", "\"decoder\":{\"type\":\"WordPiece\"}",
     "tokenizer.json:1:148: decoder \"WordPiece\" is not supported; known are: ByteLevel, "
     "ByteFallback, Fuse, Replace, Strip, Metaspace, Sequence"},
    {"\"decoder\":null", "\"decoder\":{\"type\":\"CTC\"}",
     "tokenizer.json:1:148: decoder \"CTC\" is not supported; known are: ByteLevel, ByteFallback, "
     "Fuse, Replace, Strip, Metaspace, Sequence"},
    {"\"decoder\":null",
     "\"decoder\":{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"Fuse\"},{\"type\":\"Replace\","
     "\"pattern\":{\"String\":\"a\"},\"content\":\"b\"}]}",
     "tokenizer.json:1:187: decoder Replace at this place is not supported; the order is Replace, "
     "Strip or Metaspace, then ByteFallback, then Fuse or ByteLevel, then one Strip"},
    {"\"decoder\":null",
     "\"decoder\":{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"ByteFallback\"},{\"type\":"
     "\"Strip\",\"content\":\" \",\"start\":1,\"stop\":0}]}",
     "tokenizer.json:1:195: decoder Strip at this place is not supported; the order is Replace, "
     "Strip or Metaspace, then ByteFallback, then Fuse or ByteLevel, then one Strip"},
    {"\"decoder\":null",
     "\"decoder\":{\"type\":\"Strip\",\"content\":\"  \",\"start\":1,\"stop\":0}",
     "tokenizer.json:1:166: content is not one character"},
    {"\"decoder\":null",
     "\"decoder\":{\"type\":\"Strip\",\"content\":\" \",\"start\":-1,\"stop\":0}",
     "tokenizer.json:1:178: start is not a whole number from 0 to 1048576"},
    {"{\"version\"", "[{\"version\"",
     "tokenizer.json:1:214: not valid JSON: the text ends too early"},
    {"]}}", "]}", "tokenizer.json:1:212: not valid JSON: the text ends too early"},
    {"]}}", "]}} x", "tokenizer.json:1:215: not valid JSON: end of file expected, at x"},
};

static dio_tokenizer *create(const char *text, size_t size, dio_error *err)
{
    dio_tokenizer_source source = {.tokenizer = text, .tokenizer_size = size};
    *err = (dio_error){0};
    return dio_tokenizer_create(&source, err);
}

static void expect(const char *text, size_t size, const char *message)
{
    dio_error err;
    char shown[2048];
    dio_tokenizer *t = create(text, size, &err);
    assert_null(t);
    assert_string_equal(dio_error_text(&err, shown, sizeof shown), message);
    assert_int_equal(err.kind, DIO_ERROR_INVALID);
}

static void test_good(void **state)
{
    (void)state;
    dio_error err;
    dio_tokenizer *t = create(good, strlen(good), &err);
    assert_non_null(t);
    dio_tokenizer_destroy(t);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        dio_str text = {0};
        const char *at = strstr(good, rows[i].find);
        assert_non_null(at);
        dio_str_put(&text, good, (size_t)(at - good));
        dio_str_puts(&text, rows[i].replace);
        dio_str_puts(&text, at + strlen(rows[i].find));
        expect(text.text, text.length, rows[i].message);
        dio_str_deinit(&text);
    }
    print_message("  %zu wrong files\n", sizeof rows / sizeof *rows);
}

/* A file cut anywhere is refused, whatever is left of it. */
static void test_truncated(void **state)
{
    (void)state;
    for (size_t n = 0; n < strlen(good); n++) {
        dio_error err;
        char *part = malloc(n + 1);
        memcpy(part, good, n);
        assert_null(create(part, n, &err));
        assert_true(err.message[0]);
        free(part);
    }
}

static char *with_model(const char *vocab, const char *merges)
{
    static const char format[] = "{\"version\":\"1.0\",\"model\":{\"vocab\":{%s},\"merges\":[%s]}}";
    size_t size = strlen(format) + strlen(vocab) + strlen(merges) + 64; /* and a decoder */
    char *text = malloc(size);
    snprintf(text, size, format, vocab, merges);
    return text;
}

static char *repeat(const char *unit, size_t times)
{
    size_t n = strlen(unit);
    char *text = malloc(n * times + 1);
    for (size_t i = 0; i < times; i++)
        memcpy(text + i * n, unit, n);
    text[n * times] = '\0';
    return text;
}

/* Sizes: a token above 4096 bytes, ten million merges, a file of nothing but depth. */
static void test_sizes(void **state)
{
    (void)state;
    char *name = repeat("x", 4097), *vocab = malloc(4200);
    sprintf(vocab, "\"%s\":0", name);
    char *file = with_model(vocab, "");
    expect(file, strlen(file),
           "tokenizer.json:1:36: a token of 4097 bytes: at most 4096 are "
           "supported");
    free(file);
    vocab[0] = '\0';
    sprintf(vocab, "\"a\":0,\"b\":1,\"ab\":2");
    char *many = repeat("\"a b\",", 10 * 1000 * 1000);
    many[strlen(many) - 1] = '\0';
    file = with_model(vocab, many);
    expect(file, strlen(file),
           "tokenizer.json: the file has 10000003 commas: no tokenizer has "
           "more than 3145728 tokens and merges");
    free(file);
    free(many);
    many = repeat("[", 100 * 1000);
    expect(many, strlen(many), "tokenizer.json:1:65: lists and maps are nested more than 64 deep");
    free(many);
    free(vocab);
    free(name);
}

/* "<0xZZ>" and "<0x-1>" are words like others, not bytes. */
static void test_byte_names(void **state)
{
    (void)state;
    char *file = with_model("\"<0xZZ>\":0,\"<0x-1>\":1,\"<0x41>\":2,\"<0x041>\":3,\"a\":4", "");
    char *end = strrchr(file, '}');
    strcpy(end, ",\"decoder\":{\"type\":\"ByteFallback\"}}");
    dio_error err;
    dio_tokenizer *t = create(file, strlen(file), &err);
    assert_non_null(t);
    dio_str text = {0};
    static const int32_t ids[] = {0, 1, 2, 3};
    assert_true(dio_tokenizer_decode(t, ids, 4, false, &text, &err));
    assert_string_equal(text.text, "<0xZZ><0x-1>A<0x041>");
    dio_str_deinit(&text);
    dio_tokenizer_destroy(t);
    free(file);
}

static const struct pair_row {
    const char *vocab, *merges, *config, *message;
} pairs[] = {
    {"{\"a\":0,\"b\":1,\"ab\":2}", "#version: 0.2\na b\n\nb a\n", NULL,
     "merges.txt:3:1: merge 1, \"\", is not two tokens with one space between them"},
    {"{\"a\":0,\"b\":1,\"ab\":2}", "ab\n", NULL,
     "merges.txt:1:1: merge 0, \"ab\", is not two tokens with one space between them"},
    {"{\"a\":0,\"b\":1,\"ab\":2}", "a \xff\n", NULL,
     "merges.txt: the merges are not UTF-8 at byte 2"},
    {"{\"a\":0,\"b\":1,\"ab\":2}", "a c\n", NULL,
     "merges.txt:1:1: merge 0 names \"c\", which the vocabulary does not have"},
    {"[\"a\"]", "", NULL,
     "vocab.json:1:1: the vocabulary is a list: an object of token to id is "
     "expected"},
    {"{\"a\":0}", "", "{\"tokenizer_class\":\"Qwen2Tokenizer\"}",
     "tokenizer_config.json:1:20: vocab.json and merges.txt are read in GPT-2's layout only; "
     "Qwen2Tokenizer needs its tokenizer.json"},
    {"{\"a\":0}", "", "{\"bos_token\":\"<s>\"}",
     "tokenizer_config.json:1:14: bos_token \"<s>\" is not in the vocabulary"},
    {"{\"a\":0}", "", "{\"eos_token\":5}",
     "tokenizer_config.json:1:14: eos_token is an integer: a token is expected"},
    {"{\"a\":0}", "", "{\"add_bos_token\":true}",
     "tokenizer_config.json:1:1: add_bos_token is true, but there is no bos_token"},
    {"{\"a\":0}", "", "{\"add_eos_token\":\"yes\"}",
     "tokenizer_config.json:1:18: add_eos_token is a string: true or false is expected"},
    {"{\"a\":0}", "", "{\"chat_template\":{}}",
     "tokenizer_config.json:1:18: chat_template is neither a string nor a list with a "
     "\"default\""},
    {"{\"a\":0}", "", "[]",
     "tokenizer_config.json:1:1: the configuration is a list: an object is expected"},
};

static void test_pairs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const struct pair_row *r = &pairs[i];
        dio_error err = {0};
        char shown[2048];
        dio_tokenizer_source source = {.vocab = r->vocab,
                                       .vocab_size = strlen(r->vocab),
                                       .merges = r->merges,
                                       .merges_size = strlen(r->merges),
                                       .config = r->config,
                                       .config_size = r->config ? strlen(r->config) : 0};
        assert_null(dio_tokenizer_create(&source, &err));
        assert_string_equal(dio_error_text(&err, shown, sizeof shown), r->message);
    }
}

static void test_no_files(void **state)
{
    (void)state;
    dio_error err = {0};
    assert_null(dio_tokenizer_load("tests/text", &err));
    assert_string_equal(err.message,
                        "tests/text: there is no tokenizer.json, and no vocab.json with "
                        "merges.txt; other kinds of tokenizer (such as tokenizer.model) are not "
                        "supported");
}

/* An expression that backtracks for ever is stopped, and says so. */
static void test_slow_pattern(void **state)
{
    (void)state;
    static const char file[] =
        "{\"version\":\"1.0\",\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":"
        "\"a*a*a*a*a*a*a*a*[bc]\"},\"behavior\":\"Isolated\",\"invert\":false},"
        "\"model\":{\"vocab\":{\"a\":0},\"merges\":[]}}";
    dio_error err;
    dio_tokenizer *t = create(file, strlen(file), &err);
    assert_non_null(t);
    char *text = repeat("a", 4000);
    dio_ids ids = {0};
    assert_false(dio_tokenizer_encode(t, text, 4000, (dio_encode_options){true, true}, &ids, &err));
    assert_string_equal(err.message, "the pattern could not be matched from byte 0 of 4000: match "
                                     "limit exceeded");
    dio_ids_deinit(&ids);
    free(text);
    dio_tokenizer_destroy(t);
}

/* Without a byte alphabet or an unknown token, a character may have no token: never dropped. */
static void test_no_token(void **state)
{
    (void)state;
    dio_error err;
    dio_ids ids = {0};
    dio_tokenizer *t = create(good, strlen(good), &err);
    assert_non_null(t);
    assert_false(dio_tokenizer_encode(t, "abz", 3, (dio_encode_options){true, true}, &ids, &err));
    assert_string_equal(err.message, "the text has U+007A, for which the vocabulary has neither a "
                                     "token nor bytes nor an unk_token");
    dio_ids_deinit(&ids);
    dio_tokenizer_destroy(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),       cmocka_unit_test(test_rows),
        cmocka_unit_test(test_truncated),  cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_byte_names), cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_no_files),   cmocka_unit_test(test_slow_pattern),
        cmocka_unit_test(test_no_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
