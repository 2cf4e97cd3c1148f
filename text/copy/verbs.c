/* verbs.c: sorted, for a binary search. */
#include "text/copy/verbs.h"

#include <stdlib.h>
#include <string.h>

static const char *const always[] = {
    "accept",   "adapt",     "add",        "adjust",    "admit",   "agree",    "allow",
    "announce", "answer",    "appear",     "apply",     "arrange", "arrive",   "ask",
    "assemble", "avoid",     "awaken",     "bake",      "be",      "become",   "begin",
    "belong",   "blend",     "block",      "bloom",     "boil",    "bring",    "build",
    "buy",      "carry",     "catch",      "celebrate", "choose",  "collect",  "combine",
    "come",     "comfort",   "connect",    "consider",  "contain", "continue", "create",
    "decide",   "deliver",   "discover",   "divide",    "do",      "earn",     "eat",
    "edit",     "employ",    "encourage",  "enjoy",     "enter",   "erase",    "exist",
    "expand",   "explain",   "explore",    "fade",      "feed",    "fill",     "find",
    "fix",      "follow",    "forget",     "forgive",   "freeze",  "gather",   "get",
    "give",     "glow",      "go",         "grind",     "grow",    "guide",    "happen",
    "have",     "hear",      "hide",       "hold",      "imagine", "improve",  "include",
    "inspire",  "install",   "invite",     "join",      "keep",    "know",     "learn",
    "lend",     "let",       "like",       "listen",    "lose",    "maintain", "make",
    "manage",   "mean",      "melt",       "mend",      "mop",     "need",     "organise",
    "organize", "overcome",  "pay",        "pour",      "prepare", "preserve", "prevent",
    "protect",  "prove",     "provide",    "put",       "raise",   "react",    "receive",
    "recharge", "recognise", "recognize",  "reduce",    "refill",  "relax",    "rely",
    "remain",   "remember",  "remind",     "remove",    "replace", "reply",    "require",
    "resist",   "reuse",     "rinse",      "save",      "say",     "see",      "seem",
    "sell",     "send",      "serve",      "shorten",   "shrink",  "shut",     "simmer",
    "sing",     "sit",       "soften",     "solve",     "soothe",  "speak",    "spend",
    "stay",     "stick",     "strengthen", "suggest",   "suit",    "survive",  "take",
    "teach",    "tell",      "think",      "throw",     "tie",     "try",      "understand",
    "unfold",   "unite",     "unlock",     "untangle",  "use",     "want",     "warn",
    "wear",     "weigh",     "welcome",    "wipe",      "write",
};

static const char *const or_noun[] = {
    "age",      "aim",       "air",     "balance", "battle",   "beam",      "beat",      "bend",
    "benefit",  "bite",      "blow",    "book",    "border",   "bounce",    "break",     "breathe",
    "brew",     "bridge",    "brush",   "bubble",  "burn",     "buzz",      "call",      "calm",
    "camp",     "care",      "cast",    "cause",   "centre",   "challenge", "change",    "charge",
    "check",    "chime",     "circle",  "clap",    "clean",    "click",     "climb",     "clip",
    "close",    "coat",      "colour",  "comb",    "control",  "cook",      "cost",      "count",
    "cover",    "crack",     "crackle", "craft",   "cross",    "crunch",    "cure",      "curl",
    "cushion",  "cut",       "cycle",   "dance",   "date",     "design",    "detail",    "dim",
    "double",   "drain",     "draw",    "dream",   "dress",    "drink",     "drive",     "drop",
    "dry",      "echo",      "end",     "escape",  "exchange", "exercise",  "face",      "fall",
    "fan",      "feel",      "fight",   "film",    "filter",   "finish",    "fit",       "flash",
    "flip",     "float",     "flow",    "fly",     "focus",    "fold",      "force",     "form",
    "frame",    "fry",       "fuel",    "gain",    "glide",    "grip",      "guarantee", "guard",
    "hand",     "handle",    "hang",    "harvest", "heat",     "help",      "hike",      "hint",
    "hit",      "hone",      "honour",  "hook",    "host",     "hug",       "hum",       "hunt",
    "interest", "interrupt", "iron",    "joke",    "jump",     "kick",      "kiss",      "knit",
    "knock",    "label",     "lace",    "land",    "last",     "laugh",     "lead",      "leave",
    "lie",      "lift",      "light",   "limit",   "line",     "link",      "list",      "live",
    "load",     "lock",      "look",    "love",    "lower",    "map",       "mark",      "master",
    "match",    "measure",   "meet",    "mind",    "mirror",   "mix",       "move",      "murmur",
    "name",     "note",      "number",  "offer",   "open",     "order",     "own",       "pace",
    "pack",     "pad",       "paint",   "pair",    "park",     "part",      "pass",      "pause",
    "peel",     "phone",     "pick",    "place",   "plan",     "plant",     "plate",     "play",
    "please",   "plug",      "point",   "pop",     "press",    "print",     "promise",   "pull",
    "push",     "question",  "race",    "rain",    "range",    "reach",     "read",      "record",
    "release",  "rent",      "repair",  "report",  "respect",  "rest",      "result",    "return",
    "ride",     "ring",      "ripen",   "rise",    "roast",    "roll",      "row",       "rule",
    "run",      "rush",      "sail",    "sample",  "scale",    "scan",      "scent",     "score",
    "seal",     "season",    "seat",    "sense",   "set",      "settle",    "shade",     "shake",
    "shape",    "share",     "shelter", "shield",  "shift",    "shine",     "ship",      "shop",
    "show",     "shrug",     "sign",    "skip",    "sleep",    "slide",     "slip",      "slow",
    "smell",    "smile",     "smoke",   "snap",    "sort",     "sound",     "space",     "spark",
    "sparkle",  "spin",      "split",   "spray",   "spread",   "spring",    "stack",     "stage",
    "stamp",    "stand",     "start",   "steam",   "step",     "stir",      "stitch",    "stock",
    "stop",     "store",     "stream",  "stretch", "strike",   "study",     "style",     "supply",
    "support",  "surprise",  "swallow", "swap",    "sweep",    "swing",     "switch",    "talk",
    "tap",      "taste",     "test",    "thank",   "tilt",     "time",      "tip",       "toast",
    "touch",    "tour",      "track",   "trade",   "train",    "transport", "travel",    "treat",
    "trim",     "trip",      "trust",   "turn",    "twist",    "type",      "value",     "view",
    "visit",    "voice",     "vote",    "wait",    "wake",     "walk",      "warm",      "wash",
    "watch",    "water",     "wave",    "weave",   "whisper",  "whistle",   "win",       "wind",
    "wish",     "wonder",    "work",    "wrap",    "yield",    "zip",
};

struct key {
    const char *text;
    size_t n;
};

static int by_text(const void *key, const void *item)
{
    const struct key *k = key;
    const char *word = *(const char *const *)item;
    const int order = strncmp(k->text, word, k->n);
    return order ? order : -(int)(unsigned char)word[k->n];
}

#define HAS(list) bsearch(&k, list, sizeof list / sizeof *list, sizeof *list, by_text)

dio_verb_use dio_verb_find(const char *base, size_t n)
{
    const struct key k = {base, n};
    return HAS(always) ? DIO_VERB_ALWAYS : HAS(or_noun) ? DIO_VERB_OR_NOUN : DIO_VERB_NONE;
}
