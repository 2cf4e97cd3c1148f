/* unicode_age.c: where the reference's Unicode tables are older or newer than utf8proc's.
 *
 * A model was trained on the ids of its day. So that they stay the same, the code points below
 * are treated as `tokenizers` 0.23 treats them; found by running all code points through both. */
#include "text/unicode_age.h"

#include <stddef.h>

struct range {
    uint32_t first, last;
};

/* Decompositions that came after its table of normal forms. */
static const struct range undecomposed[] = {
    { 0x11938, 0x11938 },
};

/* The same for compatibility decompositions. */
static const struct range uncompat[] = {
    { 0x32ff, 0x32ff }, { 0xa7f2, 0xa7f4 }, { 0xab69, 0xab69 }, { 0x10781, 0x10785 },
    { 0x10787, 0x107b0 }, { 0x107b2, 0x107ba }, { 0x1e030, 0x1e06d }, { 0x1f16c, 0x1f16c },
    { 0x1fbf0, 0x1fbf9 },
};

/* Marks that it takes for none, because they came later, and the few the other way round. */
static const struct range remarked[] = {
    { 0x7fd, 0x7fd }, { 0x898, 0x89f }, { 0x8ca, 0x8d3 }, { 0x9fe, 0x9fe }, { 0xafa, 0xaff },
    { 0xb55, 0xb55 }, { 0xc04, 0xc04 }, { 0xc3c, 0xc3c }, { 0xcf3, 0xcf3 }, { 0xd00, 0xd00 },
    { 0xd3b, 0xd3c }, { 0xd81, 0xd81 }, { 0xeba, 0xeba }, { 0xece, 0xece }, { 0x1715, 0x1715 },
    { 0x180f, 0x180f }, { 0x1abf, 0x1ace }, { 0x1cf2, 0x1cf3 }, { 0x1cf7, 0x1cf7 },
    { 0x1df6, 0x1dfa }, { 0xa82c, 0xa82c }, { 0xa8ff, 0xa8ff }, { 0x10d24, 0x10d27 },
    { 0x10eab, 0x10eac }, { 0x10efd, 0x10eff }, { 0x10f46, 0x10f50 }, { 0x10f82, 0x10f85 },
    { 0x11070, 0x11070 }, { 0x11073, 0x11074 }, { 0x110c2, 0x110c2 }, { 0x11145, 0x11146 },
    { 0x111c9, 0x111c9 }, { 0x111ce, 0x111cf }, { 0x11241, 0x11241 }, { 0x1133b, 0x1133b },
    { 0x1145e, 0x1145e }, { 0x1182c, 0x1183a }, { 0x11930, 0x11935 }, { 0x11937, 0x11938 },
    { 0x1193b, 0x1193e }, { 0x11940, 0x11940 }, { 0x11942, 0x11943 }, { 0x119d1, 0x119d7 },
    { 0x119da, 0x119e0 }, { 0x119e4, 0x119e4 }, { 0x11a01, 0x11a0a }, { 0x11a33, 0x11a39 },
    { 0x11a3b, 0x11a3e }, { 0x11a47, 0x11a47 }, { 0x11a51, 0x11a5b }, { 0x11a8a, 0x11a99 },
    { 0x11d31, 0x11d36 }, { 0x11d3a, 0x11d3a }, { 0x11d3c, 0x11d3d }, { 0x11d3f, 0x11d45 },
    { 0x11d47, 0x11d47 }, { 0x11d8a, 0x11d8e }, { 0x11d90, 0x11d91 }, { 0x11d93, 0x11d97 },
    { 0x11ef3, 0x11ef6 }, { 0x11f00, 0x11f01 }, { 0x11f03, 0x11f03 }, { 0x11f34, 0x11f3a },
    { 0x11f3e, 0x11f42 }, { 0x13440, 0x13440 }, { 0x13447, 0x13455 }, { 0x16f4f, 0x16f4f },
    { 0x16f7f, 0x16f87 }, { 0x16fe4, 0x16fe4 }, { 0x16ff0, 0x16ff1 }, { 0x1cf00, 0x1cf2d },
    { 0x1cf30, 0x1cf46 }, { 0x1e08f, 0x1e08f }, { 0x1e130, 0x1e136 }, { 0x1e2ae, 0x1e2ae },
    { 0x1e2ec, 0x1e2ef }, { 0x1e4ec, 0x1e4ef },
};

/* Letters whose lower case came after utf8proc's tables: from first..last to `lower`.. */
static const struct lower {
    uint32_t first, last, lower;
} lowered[] = {
    { 0x1c89, 0x1c89, 0x1c8a },    { 0xa7cb, 0xa7cb, 0x264 },     { 0xa7cc, 0xa7cc, 0xa7cd },
    { 0xa7ce, 0xa7ce, 0xa7cf },    { 0xa7d2, 0xa7d2, 0xa7d3 },    { 0xa7d4, 0xa7d4, 0xa7d5 },
    { 0xa7da, 0xa7da, 0xa7db },    { 0xa7dc, 0xa7dc, 0x19b },     { 0x10d50, 0x10d65, 0x10d70 },
    { 0x16ea0, 0x16eb8, 0x16ebb },
};

/* Ranges are in order. */
static bool among(const struct range *ranges, size_t n, uint32_t cp)
{
    size_t low = 0;
    while (low < n) {
        size_t middle = low + (n - low) / 2;
        if (ranges[middle].last < cp)
            low = middle + 1;
        else
            n = middle;
    }
    return ranges[low].first <= cp && cp <= ranges[low].last;
}

#define AMONG(table, cp)                                                                          \
    ((cp) <= (table)[sizeof(table) / sizeof *(table) - 1].last &&                                 \
     among(table, sizeof(table) / sizeof *(table), cp))

bool dio_age_whole(uint32_t cp, bool compat)
{
    return AMONG(undecomposed, cp) || (compat && AMONG(uncompat, cp));
}

bool dio_age_remarked(uint32_t cp)
{
    return AMONG(remarked, cp);
}

uint32_t dio_age_lower(uint32_t cp)
{
    for (size_t i = 0; i < sizeof lowered / sizeof *lowered; i++)
        if (cp >= lowered[i].first && cp <= lowered[i].last)
            return lowered[i].lower + (cp - lowered[i].first);
    return 0;
}
