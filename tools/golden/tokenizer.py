"""tokenizer.py: tokenizers trained by the `tokenizers` package, and what it makes of 10,000 strings.

Writes tests/golden/tokenizers/: strings.jsonl, and for each tokenizer its tokenizer.json with
golden.json. The training text and the strings are made here from a fixed seed. Ids are kept as
hashes (18 bits of FNV-1a in 3 characters, one after another): a wrong id cannot pass ten thousand of
them, and the files stay small. tests/text/test_tokenizer.c recomputes them.

    python tools/golden/tokenizer.py
"""

import json
import random
import unicodedata
from pathlib import Path

import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, processors, trainers
from tokenizers.pre_tokenizers import (ByteLevel, Digits, Metaspace, Punctuation, Sequence, Split, Whitespace,
                                       WhitespaceSplit)

SEED = 20240607
OUT = Path(__file__).resolve().parents[2] / "tests" / "golden" / "tokenizers"

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
          r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|"
         r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
TEKKEN = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|"
          r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}|"
          r" ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
POSSESSIVE = (r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}|"
              r" ?[^\s\p{L}\p{N}]++[\r\n]*|\s++$|\s*[\r\n]|\s+(?!\S)|\s")

WORDS = """the quick brown fox jumps over a lazy dog while seven bakers carry warm bread through the old town
every morning our coffee arrives fresh from small farms and it's roasted slowly so you'll taste chocolate
don't wait they're already here we've packed light for the summer sale 25% off until 31.12. only 9.99 €
der schnelle Fuchs läuft über die Straße und trägt schöne Bücher nach Hause größer weiß heiß Käse Öl
le café est très bon à côté de l'hôtel où les élèves étudient çà et là naïve garçon forêt
el niño comió piñas mañana ¿qué pasó? acción corazón jalapeño güero
быстрая коричневая лиса прыгает через ленивую собаку каждое утро
η γρήγορη καφέ αλεπού πηδάει πάνω από το τεμπέλικο σκυλί
快速的棕色狐狸跳过了懒狗 今天天气很好 我们去喝咖啡吧
すばやい茶色の狐はのろまな犬を飛び越える コーヒーを飲みましょう
빠른 갈색 여우가 게으른 개를 뛰어넘는다 커피 한 잔 주세요
الثعلب البني السريع يقفز فوق الكلب الكسول كل صباح
השועל החום המהיר קופץ מעל הכלב העצלן
तेज़ भूरी लोमड़ी आलसी कुत्ते के ऊपर कूदती है
สุนัขจิ้งจอกสีน้ำตาลกระโดดข้ามสุนัขขี้เกียจ
def main(argc, argv): return [x ** 2 for x in range(10) if x % 2 == 0] # comment
int main(void) { printf("hello, world\\n"); return 0; } /* a = b + c; */ if (x != NULL) { free(x); }
SELECT name, price FROM products WHERE price < 100 ORDER BY name; https://example.org/path?a=1&b=2
1234567890 3.14159 -42 1,000,000 2024-06-07 12:34:56 +49 (0)30 901820 0xFF 1e-9""".split("\n")

SPECIALS = ["<s>", "</s>", "<unk>", "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|begin_of_text|>",
            "<|end_of_text|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>", "[INST]", "[/INST]",
            "<mask>", "<pad>", "<tool_call>", "</tool_call>", "<think>", "<0x0A>", "<0xZZ>", "[UNK]", "foo", "Bar"]


def corpus(r):
    """Lines whose words repeat unevenly, as words do."""
    lines = []
    for _ in range(1500):
        words = r.choice(WORDS).split(" ")
        r.shuffle(words)
        line = " ".join(words[: r.randint(1, len(words))])
        lines.append(line if r.random() < 0.8 else line.upper() + "\n" + line.title() + "\n\n  x")
    return lines


# The strings ------------------------------------------------------------------------------------


def assigned_blocks():
    """Code points by blocks of 64, of all that may stand in text."""
    blocks = []
    for start in list(range(0x20, 0xD800, 64)) + list(range(0xF900, 0x20000, 64)) + [0x20000, 0x2A700, 0x30000, 0xE0000, 0xE0100]:
        cps = [c for c in range(start, start + 64) if unicodedata.category(chr(c)) not in ("Cn", "Co", "Cs", "Cc")]
        if cps:
            blocks.append(cps)
    return blocks


def emoji(r):
    people, tones = "👨👩🧑👧👦👶👴👵🧔👮🕵", [chr(c) for c in range(0x1F3FB, 0x1F400)]
    flag = lambda: "".join(chr(0x1F1E6 + r.randrange(26)) for _ in range(r.choice([2, 2, 2, 1, 3])))
    family = lambda: "\u200d".join(r.choice(people) + r.choice(tones + ["", "", ""]) for _ in range(r.randint(2, 4)))
    keycap = lambda: r.choice("0123456789*#") + "\ufe0f\u20e3"
    england = lambda: "🏴" + "".join(chr(0xE0000 + ord(c)) for c in r.choice(["gbeng", "gbsct", "gbwls"])) + "\U000e007f"
    plain = lambda: chr(r.choice([r.randrange(0x1F300, 0x1F650), r.randrange(0x1F680, 0x1F6FD), r.randrange(0x2600, 0x27C0)]))
    heart = lambda: "❤\ufe0f\u200d" + r.choice("🔥🩹") + r.choice(["", "\ufe0e"])
    parts = [r.choice([flag, family, keycap, england, plain, plain, heart])() for _ in range(r.randint(1, 6))]
    return r.choice(["", " ", "a", "so "]) .join(parts) + r.choice(["", "!", " ok", "\n"])


def strings():
    r = random.Random(SEED)
    blocks, out = assigned_blocks(), []
    words = [w for line in WORDS for w in line.split(" ")]
    spaces = [" ", "  ", "\t", "\n", "\r\n", "\r", "\v", "\f", "\u00a0", "\u1680", "\u180e", "\u2003", "\u2009",
              "\u200a", "\u200b", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000", "\ufeff", "\u0085", "\x1c", "\x1f"]
    marks = [chr(c) for c in range(0x300, 0x20000) if unicodedata.category(chr(c)) in ("Mn", "Mc", "Me")]
    pick = lambda n, pool: "".join(r.choice(pool) for _ in range(n))
    for i in range(3000):  # every script
        block = blocks[i % len(blocks)]
        text = "".join(chr(r.choice(block)) for _ in range(r.randint(2, 9)))
        out.append(r.choice(["", " ", "a", "Z", "1", ".", "\n"]) + text + r.choice(["", " ", "s", "9", "'s", "!?"]))
    out += [emoji(r) for _ in range(800)]
    for _ in range(500):  # control characters
        out.append("".join(r.choice([chr(r.randrange(1, 32)), chr(127 + r.randrange(34)), r.choice(words), " "])
                           for _ in range(r.randint(1, 8))))
    runs = "AZaz0 .-=_#~\n\t\u00a0é字😀ß\u0301▁<\u200dé"
    for i in range(400):  # long runs of one character
        n = r.randint(20, 200) if i % 40 else 2000
        out.append(r.choice(["", "x", " "]) + r.choice(runs) * n + r.choice(["", "x", " y"]))
    for _ in range(500):  # floods of combining marks, and jamo
        base = r.choice("aeoAuñ각क กא") + pick(r.randint(1, 24), marks)
        jamo = "".join(chr(r.choice([0x1100, 0x1161, 0x11A8]) + r.randrange(18)) for _ in range(r.randint(0, 6)))
        out.append(base + jamo + r.choice(["", "b", " ", "\u0345"]))
    for _ in range(1000):  # mixed white space
        out.append("".join(r.choice(spaces) * r.choice([1, 1, 2, 3, 7]) + r.choice([r.choice(words), "", "", "."])
                           for _ in range(r.randint(1, 6))))
    for _ in range(1000):  # strings that spell special tokens
        out.append("".join(r.choice([r.choice(SPECIALS), r.choice(SPECIALS), r.choice(words), " ", "  ", "\n", "<|", "foobar", "a"])
                           for _ in range(r.randint(1, 8))))
    for _ in range(700):  # numbers
        digits = r.choice(["0123456789"] * 4 + ["٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९", "０１２３４５６７８９", "½¾²³₄Ⅷⅳ①㊿"])
        out.append("".join(r.choice([pick(r.randint(1, 8), digits), r.choice(" .,-:/%€$+eExX°'"), r.choice(words)])
                           for _ in range(r.randint(1, 7))))
    for _ in range(1500):  # sentences, code, contractions in any case and with any apostrophe
        text = r.choice(WORDS).split(" ")
        r.shuffle(text)
        text = r.choice([" ", " ", " ", "  ", "\n", "_", ""]).join(text[: r.randint(1, 9)])
        tail = r.choice(["", "", "'S", "'ll", "'LL", "’s", "'Re it", "'ſ", "'d've", "''s"])
        out.append(r.choice([str, str.upper, str.title, str.swapcase])(text) + tail)
    while len(out) < 10000:  # soup
        out.append("".join(chr(r.choice(r.choice(blocks))) if r.random() < 0.7 else r.choice(spaces + words)
                           for _ in range(r.randint(1, 12))))
    out[0], out[1], out[2] = "", " ", "▁"
    assert len(out) == 10000
    return out


# The tokenizers ---------------------------------------------------------------------------------

byte_level = lambda **k: ByteLevel(**{"add_prefix_space": False, "use_regex": False, **k})


def trained(pre, size, special, normalizer=None, alphabet=True, **model):
    t = Tokenizer(models.BPE(**model))
    t.pre_tokenizer = pre
    if normalizer:
        t.normalizer = normalizer
    t.train_from_iterator(corpus(random.Random(SEED)), trainers.BpeTrainer(
        vocab_size=size, special_tokens=special, show_progress=False,
        initial_alphabet=ByteLevel.alphabet() if alphabet else []))
    if alphabet:
        t.decoder = decoders.ByteLevel()
        t.post_processor = processors.ByteLevel(trim_offsets=False)
    return t


def around(t, *names):
    """<bos> $A, as Llama's files have it."""
    return processors.TemplateProcessing(
        single=" ".join([f"{names[0]}:0", "$A:0"] + [f"{n}:0" for n in names[1:]]),
        pair=f"{names[0]}:0 $A:0 {names[0]}:1 $B:1", special_tokens=[(n, t.token_to_id(n)) for n in names])


def changed(t, **parts):
    """The tokenizer with parts of its file replaced; `model` is updated."""
    v = json.loads(t.to_str())
    v["model"].update(parts.pop("model", {}))
    v.update(parts)
    return Tokenizer.from_str(json.dumps(v))


def spm(size, **parts):
    """Llama 2's layout: 3 special tokens, 256 bytes, then what was learned on ▁words."""
    t = trained(Split("▁", "merged_with_next"), size, ["<unk>", "<s>", "</s>"],
                normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]), alphabet=False)
    old = sorted(json.loads(t.to_str())["model"]["vocab"].items(), key=lambda e: e[1])
    # Of the alphabet only Latin letters stay: the rest is for the bytes.
    kept = [w for w, _ in old[3:] if all(ord(c) < 0x180 or c == "▁" for c in w)]
    names = ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)] + kept
    vocab = {w: i for i, w in enumerate(names)}
    merges = [m for m in json.loads(t.to_str())["model"]["merges"] if all(p in vocab for p in m) and "".join(m) in vocab]
    llama2 = [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"},
              {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]
    v = {"pre_tokenizer": None, "decoder": {"type": "Sequence", "decoders": llama2},
         "model": {"vocab": vocab, "merges": merges, "unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True}}
    v["model"].update(parts.pop("model", {}))
    t = changed(t, **{**v, **parts})
    t.post_processor = around(t, "<s>")
    return t


def kitchen():
    n = normalizers
    t = trained(Sequence([WhitespaceSplit(), Punctuation("merged_with_next")]), 700, ["[UNK]", "<pad>"],
                n.Sequence([n.NFKC(), n.Lowercase(), n.StripAccents(), n.Strip(), n.Replace(Regex(r"\s+"), " ")]),
                alphabet=False, unk_token="[UNK]")
    t.add_tokens([AddedToken("Foo", single_word=True), AddedToken("Bar", rstrip=True, lstrip=True)])
    return t


def make_all():
    t = {}
    t["gpt2"] = trained(ByteLevel(add_prefix_space=False), 1000, ["<|endoftext|>"])
    t["prefix"] = trained(ByteLevel(add_prefix_space=True), 500, ["<s>", "<pad>", "</s>", "<unk>"])
    t["prefix"].add_special_tokens([AddedToken("<mask>", lstrip=True, special=True, normalized=False)])
    t["prefix"].add_tokens([AddedToken("foo", single_word=True), AddedToken("Bar", rstrip=True, single_word=True)])
    t["prefix"].post_processor = around(t["prefix"], "<s>", "</s>")
    llama3 = ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>"]
    t["llama3"] = trained(Sequence([Split(Regex(LLAMA3), "isolated"), byte_level()]), 1000, [])
    # A token that no merge reaches: ignore_merges finds it all the same.
    vocab = json.loads(t["llama3"].to_str())["model"]["vocab"]
    vocab["Ġwondrous"] = len(vocab)
    t["llama3"] = changed(t["llama3"], model={"vocab": vocab, "ignore_merges": True})
    t["llama3"].add_special_tokens([AddedToken(s, special=True, normalized=False) for s in llama3])
    t["llama3"].post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False),
                                                      around(t["llama3"], "<|begin_of_text|>")])
    t["qwen2"] = trained(Sequence([Split(Regex(QWEN2), "isolated"), byte_level()]), 1000, [], normalizers.NFC())
    t["qwen2"].add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    t["qwen2"].add_tokens([AddedToken(s, normalized=False) for s in ("<tool_call>", "</tool_call>", "<think>")])
    t["smollm"] = trained(Sequence([Digits(True), ByteLevel(add_prefix_space=False)]), 700,
                          ["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    t["tekken"] = trained(Sequence([Split(Regex(TEKKEN), "isolated"), byte_level()]), 500, ["<unk>", "<s>", "</s>", "[INST]", "[/INST]"])
    t["possessive"] = trained(Sequence([Split(Regex(POSSESSIVE), "isolated"), byte_level()]), 500, ["<|endoftext|>"])
    t["llama2"] = spm(1200)
    metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": False}
    t["mistral"] = spm(700, normalizer=None, pre_tokenizer=metaspace)
    t["always"] = spm(500, normalizer=None, pre_tokenizer={**metaspace, "prepend_scheme": "always", "split": True},
                      decoder={**metaspace, "prepend_scheme": "always", "split": True},
                      model={"byte_fallback": False, "fuse_unk": False})
    t["never"] = spm(500, normalizer=None, pre_tokenizer={**metaspace, "prepend_scheme": "never", "split": True},
                     decoder={**metaspace, "prepend_scheme": "never"}, model={"byte_fallback": False})
    t["kitchen"] = kitchen()
    t["cuts"] = trained(Sequence([Split(" ", "merged_with_previous"), Split(Regex(r"\p{Lu}"), "merged_with_next"),
                                  Split(Regex(r"[aeiou]+?"), "contiguous"), Split(Regex(r"\d{2,3}|[x-z]"), "removed"),
                                  Digits(False), byte_level()]), 400, ["<pad>"])
    t["inverted"] = trained(Sequence([Split(Regex(r"\p{L}+|\w+|(?<=\s)[^\s]"), "removed", invert=True),
                                      Punctuation("isolated"), byte_level()]), 400, ["<pad>"], normalizers.NFD())
    t["words"] = trained(Sequence([Whitespace(), Punctuation("contiguous"), byte_level()]), 400, ["<pad>"], normalizers.NFKD())
    # Every category to a control character of its own, so that ids tell what a code point is.
    classes = ["Lu", "Ll", "Lt", "Lm", "Lo", "M", "Nd", "Nl", "No", "Sm", "Sc", "Sk", "So", "P", "Z"]
    marks = [normalizers.Replace(Regex(rf"\p{{{c}}}"), chr(0x80 + i)) for i, c in enumerate(classes)]
    t["classes"] = trained(byte_level(), 300, ["<pad>"], normalizers.Sequence(marks))
    return t


# Hashes -----------------------------------------------------------------------------------------


DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-"


def fnv(data):
    h = 0xCBF29CE484222325
    for b in data:
        h = (h ^ b) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return "".join(DIGITS[(h ^ h >> 24 ^ h >> 48) >> shift & 63] for shift in (12, 6, 0))


def hash_ids(ids):
    return fnv(b"".join(i.to_bytes(4, "little") for i in ids))


def code_points():
    """Strings that hold every code point of planes 0, 1, 2 and 14, in blocks of 256."""
    for start in list(range(0, 0x30000, 256)) + [0xE0000, 0xE0100]:
        yield [f"a{chr(c)}{chr(c)}1 a" for c in range(start, start + 256) if c and not 0xD800 <= c < 0xE000]


def random_ids(size):
    x = 12345
    for _ in range(600):
        ids = []
        x = (x * 1664525 + 1013904223) & 0xFFFFFFFF
        for _ in range(1 + (x >> 8) % 40):
            x = (x * 1664525 + 1013904223) & 0xFFFFFFFF
            ids.append((x >> 8) % size)
        yield ids


RUNS = [("A", 50000), ("Z", 131072), (" ", 43000), ("\n", 100000), ("e\u0301\u0323", 20000), ("word ", 20000)]


def golden(t, lines, points):
    encoded = t.encode_batch(lines)
    plain = [e.ids for e in encoded]
    v = {"tokenizers": tokenizers.__version__, "size": t.get_vocab_size()}
    v["special"] = "".join(map(hash_ids, plain))
    v["text"] = "".join(fnv(s.encode()) for s in t.decode_batch(plain, skip_special_tokens=True))
    v["random"] = "".join(fnv(t.decode(ids, skip_special_tokens=False).encode()) for ids in random_ids(v["size"]))
    t.encode_special_tokens = True
    v["plain"] = "".join(hash_ids(e.ids) for e in t.encode_batch(lines, add_special_tokens=False))
    v["points"] = "".join(hash_ids(sum((e.ids for e in t.encode_batch(b, add_special_tokens=False)), [])) for b in points if b)
    v["runs"] = [[s, n, hash_ids(t.encode(s * n, add_special_tokens=False).ids)] for s, n in RUNS]
    t.encode_special_tokens = False
    return v


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    lines, points = strings(), list(code_points())
    (OUT / "strings.jsonl").write_text("".join(json.dumps(s, ensure_ascii=False) + "\n" for s in lines), encoding="utf-8", newline="")
    for name, t in make_all().items():
        folder = OUT / name
        folder.mkdir(exist_ok=True)
        t.save(str(folder / "tokenizer.json"), pretty=False)
        (folder / "golden.json").write_text(json.dumps(golden(t, lines, points), ensure_ascii=False) + "\n", encoding="utf-8")
        print(name, t.get_vocab_size())
        if name == "gpt2":
            pair = OUT / "pair"
            pair.mkdir(exist_ok=True)
            t.model.save(str(pair))
    trained_files()


def trained_files():
    """What our trainer is to reproduce: the same text, three settings."""
    lines = [line for line in corpus(random.Random(SEED))][:400]
    folder = OUT / "trained"
    folder.mkdir(exist_ok=True)
    (folder / "corpus.jsonl").write_text("".join(json.dumps(s, ensure_ascii=False) + "\n" for s in lines), encoding="utf-8", newline="")
    split = Split(Regex(LLAMA3), "isolated")
    settings = {"gpt2": ([ByteLevel(add_prefix_space=False)], 600, 0),
                "llama3": ([split, byte_level()], 700, 3),
                "digits": ([Digits(True), split, byte_level()], 800, 2)}
    for name, (pre, size, least) in settings.items():
        t = Tokenizer(models.BPE())
        t.pre_tokenizer = Sequence(pre)
        t.train_from_iterator(lines, trainers.BpeTrainer(vocab_size=size, min_frequency=least, show_progress=False,
                                                         initial_alphabet=ByteLevel.alphabet(), special_tokens=["<|endoftext|>", "<|x|>"]))
        model = json.loads(t.to_str())["model"]
        names = sorted(model["vocab"], key=model["vocab"].get)
        (folder / f"{name}.json").write_text(json.dumps({"vocab": names, "merges": model["merges"]}, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
