#pragma once
/* tokenizer_bad.h: tokenizer.json files that are wrong in one place, each with the sentence that it
 * is refused with. test_tokenizer_bad.c gives them to the reader, test_cli_bad.c to the command. */
#include <string.h>

#include "base/str.h"

/* A tokenizer that is right. */
static const char tokenizer_good[] =
    "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],"
    "\"normalizer\":null,\"pre_tokenizer\":null,\"post_processor\":null,\"decoder\":null,"
    "\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":1,\"ab\":2},\"merges\":[\"a b\"]}}";

/* Each row puts `replace` in the place of the first `find` in it. */
static const struct tokenizer_bad {
    const char *find, *replace, *message;
} tokenizer_bad[] = {
    {"\"version\":\"1.0\",", "", "tokenizer.json:1:1: version is not \"1.0\""},
    {"\"version\":\"1.0\"", "\"version\":\"2.0\"", "tokenizer.json:1:12: version is not \"1.0\""},
    {"\"truncation\":null", "\"truncation\":512",
     "tokenizer.json:1:31: truncation is an integer: an object or null is expected"},
    {"\"padding\":null", "\"padding\":\"right\"",
     "tokenizer.json:1:46: padding is a string: an object or null is expected"},
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
    {"\"type\":\"BPE\"", "\"type\":\"BPE\",\"end_of_word_suffix\":\"</an-ending-too-long>\"",
     "tokenizer.json:1:188: model: end_of_word_suffix is neither null nor a string of at most 16 "
     "bytes"},
    {"\"type\":\"BPE\"", "\"type\":\"BPE\",\"end_of_word_suffix\":1",
     "tokenizer.json:1:188: model: end_of_word_suffix is neither null nor a string of at most 16 "
     "bytes"},
    {"\"post_processor\":null", "\"post_processor\":{\"type\":\"RobertaProcessing\"}",
     "tokenizer.json:1:125: RobertaProcessing: cls is not [\"token\", id]"},
    {"\"post_processor\":null",
     "\"post_processor\":{\"type\":\"RobertaProcessing\",\"cls\":[\"a\",1],\"sep\":[\"b\",1]}",
     "tokenizer.json:1:164: RobertaProcessing gives \"a\" the id 1; in the vocabulary it is 0"},
    {"\"post_processor\":null",
     "\"post_processor\":{\"type\":\"Sequence\",\"processors\":[{\"type\":\"RobertaProcessing\","
     "\"cls\":[\"a\",0],\"sep\":[\"b\",1]},{\"type\":\"RobertaProcessing\",\"cls\":[\"a\",0],"
     "\"sep\":[\"b\",1]}]}",
     "tokenizer.json:1:215: two post-processors that put tokens around a text are not supported"},
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
     "TemplateProcessing, ByteLevel, RobertaProcessing, Sequence"},
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

enum { TOKENIZER_BAD = sizeof tokenizer_bad / sizeof tokenizer_bad[0] };

/* The file of row i. False when the row's `find` is not in the good one, or memory ran out. */
static inline bool tokenizer_bad_text(int i, dio_str *out)
{
    const struct tokenizer_bad *row = &tokenizer_bad[i];
    const char *at = strstr(tokenizer_good, row->find);
    dio_str_clear(out);
    if (!at)
        return false;
    dio_str_put(out, tokenizer_good, (size_t)(at - tokenizer_good));
    dio_str_puts(out, row->replace);
    dio_str_puts(out, at + strlen(row->find));
    return !out->failed;
}
