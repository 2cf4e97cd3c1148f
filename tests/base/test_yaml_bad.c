/* test_yaml_bad.c: every way in which the YAML reader says no, each with its place. */
#include "tests/base/yaml_case.h"

static void faults_have_a_place(void **state)
{
    REFUSED("version: 1\nsteps:\n  - a\nname: x\nsteps: []\n",
            "t.yaml:5:1: key \"steps\" appears twice in this map: first on line 2");
    REFUSED("a: {b: 1, c: {b: 2}, 'b': 3}",
            "t.yaml:1:22: key \"b\" appears twice in this map: first on line 1");
    REFUSED("a: 1\n? b\n? a\n", "t.yaml:3:3: key \"a\" appears twice in this map: first on line 1");
    REFUSED("a: [99999999999999999999]", "t.yaml:1:5: number 99999999999999999999 is too large: "
                                         "integers have 64 bits, others end at 1.8e308");
    REFUSED("a: 1e400", "t.yaml:1:4: number 1e400 is too large: integers have 64 bits, others end "
                        "at 1.8e308");
    REFUSED("a: -1.5e400", "t.yaml:1:4: number -1.5e400 is too large: integers have 64 bits, "
                           "others end at 1.8e308");
    REFUSED("a: -9223372036854775809", "t.yaml:1:4: number -9223372036854775809 is too large: "
                                       "integers have 64 bits, others end at 1.8e308");
    REFUSED("a: 0x8000000000000000", "t.yaml:1:4: number 0x8000000000000000 is too large: "
                                     "integers have 64 bits, others end at 1.8e308");
    REFUSED("a: .inf", "t.yaml:1:4: .inf is not a finite number (quote it if it is text)");
    REFUSED("a: -.INF", "t.yaml:1:4: -.INF is not a finite number (quote it if it is text)");
    REFUSED("a: .nan", "t.yaml:1:4: .nan is not a finite number (quote it if it is text)");
    REFUSED("a: 1\n---\nb: 2\n", "t.yaml:2:1: a second document begins here: one file holds one");
    REFUSED("? [a]\n: 1\n", "t.yaml:1:3: a key must be a word or a text, not a list");
    REFUSED("{a: 1}: 1\n", "t.yaml:1:1: a key must be a word or a text, not a map");
    REFUSED("? \n: 1\n", "t.yaml:1:2: a key is missing before \":\"");
    REFUSED("a: 1\n<<: {b: 1}\n", "t.yaml:2:1: merge keys (<<) are not part of YAML 1.2: write "
                                  "the entries out, or quote the key");
    REFUSED("a: !foo bar", "t.yaml:1:4: tag !foo is not known, or does not fit a string");
    REFUSED("a: !!int x", "t.yaml:1:4: tag tag:yaml.org,2002:int is not known, or does not fit "
                          "a string");
    REFUSED("a: !!binary eA==", "t.yaml:1:4: tag tag:yaml.org,2002:binary is not known, or does "
                                "not fit a string");
    REFUSED("!!python/object/apply:os.system [ls]",
            "t.yaml:1:1: tag tag:yaml.org,2002:python/object/apply:os.system is not known, or "
            "does not fit a list");
    REFUSED("%YAML 1.1\n---\na: no\n", "t.yaml:1:1: the file says YAML 1.1: only 1.2 is read");
    REFUSED("%FOO bar\n---\na\n",
            "t.yaml:1:5: not valid YAML: found unknown directive name while scanning a directive");
}

static void libyamls_words_have_a_place(void **state)
{
    REFUSED("a: 1\nb: [1,\n  2\nc: 3\n",
            "t.yaml:2:4: not valid YAML: the list that opens here lacks a \",\" or \"]\"");
    REFUSED("a: {b: 1\n",
            "t.yaml:1:4: not valid YAML: the map that opens here lacks a \",\" or \"}\"");
    REFUSED("b: 1\na: 'x\n\n",
            "t.yaml:2:4: not valid YAML: the quote that opens here is never closed");
    REFUSED(
        "a: tagline: fast\n",
        "t.yaml:1:11: not valid YAML: a \":\" stands where no value may follow: quote the text, "
        "or check the indentation");
    REFUSED("a: 1\n b: 2\n",
            "t.yaml:2:3: not valid YAML: a \":\" stands where no value may follow: quote the text, "
            "or check the indentation");
    REFUSED("a: @x\n",
            "t.yaml:1:4: not valid YAML: a text may not begin with this character: quote it");
    REFUSED("a: 1\nbcd\ne: 2\n", "t.yaml:2:1: not valid YAML: a \":\" is missing after this key");
    REFUSED("- a\nb: 1\n",
            "t.yaml:2:1: not valid YAML: did not find expected '-' indicator while parsing a block "
            "collection");
    REFUSED("]", "t.yaml:1:1: not valid YAML: a value is missing here, or a bracket before it is "
                 "not closed");
    REFUSED("a: \"\\ud800\"",
            "t.yaml:1:7: not valid YAML: found invalid Unicode character escape code while parsing "
            "a quoted scalar");
}

static void hostile_texts_are_told_apart(void **state)
{
    REFUSED("a: 1\nb: \0\n", "t.yaml:2:4: the text contains a NUL character");
    REFUSED("a: \"\\0\"", "t.yaml:1:4: an escape gives a NUL character, which no text may contain");
    REFUSED("a: \"x\\u0000\"",
            "t.yaml:1:4: an escape gives a NUL character, which no text may contain");
    REFUSED("\xff\xfe"
            "a\0:\0",
            "t.yaml:1:1: the text is UTF-16 or UTF-32: save it as UTF-8");
    REFUSED("\xfe\xff\0a\0:", "t.yaml:1:1: the text is UTF-16 or UTF-32: save it as UTF-8");
    REFUSED("a\0:\0 \0"
            "1\0",
            "t.yaml:1:1: the text is UTF-16 or UTF-32: save it as UTF-8");
    REFUSED("a: 1\nb: \xc3\xa9\xe9\n", "t.yaml:2:5: byte 0xe9 is not valid UTF-8");
    REFUSED("a: \x1b[2J",
            "t.yaml:1:4: control character U+001B: only tabs and line breaks are allowed");
    REFUSED("a: \x7f",
            "t.yaml:1:4: control character U+007F: only tabs and line breaks are allowed");
    REFUSED("a:\n\tb: 1\n", "t.yaml:2:1: a tab stands in the indentation: use spaces");
    REFUSED("a:\n  - b\n  \t- c: 1\n", "t.yaml:3:3: a tab stands in the indentation: use spaces");
    REFUSED("a: x\xe2\x80\xa8y",
            "t.yaml:1:5: line separator U+2028: remove it, or write \"\\u2028\" "
            "in double quotes");
    REFUSED("\ta: 1\n", "t.yaml:1:1: a tab stands in the indentation: use spaces");
    REFUSED("a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> main\n",
            "t.yaml:2:1: merge-conflict marker \"<<<<<<<\": resolve the conflict first");
    REFUSED("a: 1\n=======\r\n",
            "t.yaml:2:1: merge-conflict marker \"=======\": resolve the conflict first");
    REFUSED("a: 1\n>>>>>>> x",
            "t.yaml:2:1: merge-conflict marker \">>>>>>>\": resolve the conflict first");
}

static void aliases_are_bounded(void **state)
{
    REFUSED("a: *x\n", "t.yaml:1:4: alias *x: no anchor &x stands before it");
    REFUSED("a: &x [1, *x]\n", "t.yaml:1:11: alias *x stands inside the value that it names");
    REFUSED("&x\n- *x\n", "t.yaml:2:3: alias *x stands inside the value that it names");
    REFUSED("&x a: 1\n*x : 2\n", "t.yaml:2:1: alias *x cannot be a key: write the key out");
    /* What sent another reader into endless recursion: libfyaml's issues 172, 173, 186, 347. */
    REFUSED("-   ?    ?  - *///*", "t.yaml:1:10: a key must be a word or a text, not a map");
    REFUSED("///  :\n\n*//*////  :\n\n*//.//**//",
            "t.yaml:3:2: not valid YAML: did not find expected alphabetic or numeric character "
            "while scanning an alias");
    REFUSED("? \n: *..", "t.yaml:1:2: a key is missing before \":\"");
    REFUSED("<<:\n- */z\n- */z\n- */z\n- */z\n",
            "t.yaml:1:1: merge keys (<<) are not part of YAML 1.2: write the entries out, or quote "
            "the key");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(faults_have_a_place),
        TEST(libyamls_words_have_a_place),
        TEST(hostile_texts_are_told_apart),
        TEST(aliases_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
