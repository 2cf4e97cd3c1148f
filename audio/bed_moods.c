/* bed_moods.c: what the moods are made of: data alone.
 * Progressions are commonplaces of popular music, figures and rhythms plain ones: nothing here is
 * meant to be listened to for itself. */
#include "audio/bed_score.h"

const char *const dio_bed_kinds[] = {"bed", "logo", "hit", "rise", NULL};
const char *const dio_bed_moods[] = {"bright", "warm", "calm", "drive", "playful", NULL};

/* clang-format off: columns */
/*                        pad  pluck  bell  bass  kick  snap  shaker  swell */
#define LEVELS(...) .level = {__VA_ARGS__}

static const bed_style styles[] = {
    [DIO_BED_BRIGHT] = {.slow = 104,
                        .fast = 116,
                        .swing = 0.5,
                        .major_chords = {"I V vi IV", "I IV vi V", "vi IV I V"},
                        .minor_chords = {"i VI III VII", "i III VII VI"},
                        .figures = {"0.2.1.2.", "0.1.2.3.", "3.2.1.2.", "0.2.3.2."},
                        .kick = "x.......x.......",
                        .snap = "....o.......o...",
                        .shaker = "..o...o...o...o.",
                        .bass = "x.....o.x.......",
                        .player = BED_PLUCK,
                        LEVELS(-20, -13, -20, -13, -13, -20, -17, -20)},
    [DIO_BED_WARM] = {.slow = 82,
                      .fast = 94,
                      .swing = 0.54,
                      .major_chords = {"I7 vi7 IV7 V", "IV7 I7 ii7 V", "I7 iii7 IV7 V"},
                      .minor_chords = {"i7 VI7 iv7 v7", "i7 iv7 VII VI7"},
                      .figures = {"0...2.1.", "2...1...", "0.1...2.", "3...2..."},
                      .kick = "x.........o.....",
                      .snap = "....o.......o...",
                      .shaker = "o...o...o...o...",
                      .bass = "x.........o.....",
                      .player = BED_PLUCK,
                      LEVELS(-17, -14, -22, -14, -16, -23, -20, -20)},
    [DIO_BED_CALM] = {.slow = 62,
                      .fast = 74,
                      .swing = 0.5,
                      .major_chords = {"I7 IV7", "I7 IV7 vi7 IV7", "vi7 IV7 I7 V"},
                      .minor_chords = {"i7 VI7", "i7 iv7 VI7 VII"},
                      .figures = {"0.......", "2...1...", "0.....2.", "3......."},
                      .bass = "x...............",
                      .player = BED_BELL,
                      LEVELS(-14, -16, -18, -16, -18, -26, -23, -20)},
    [DIO_BED_DRIVE] = {.slow = 114,
                       .fast = 126,
                       .swing = 0.5,
                       .minor = true,
                       .major_chords = {"I V vi IV", "vi IV I V"},
                       .minor_chords = {"i VI III VII", "i VII VI VII", "i iv VI V"},
                       .figures = {"01210121", "0.1.2.1.", "02120212", "0.2.0.2."},
                       .kick = "x...x...x...x...",
                       .snap = "....x.......x...",
                       .shaker = "..o...o...o...o.",
                       .bass = "x.o.o.o.x.o.o.o.",
                       .player = BED_PLUCK,
                       LEVELS(-20, -17, -22, -14, -12, -18, -17, -20)},
    [DIO_BED_PLAYFUL] = {.slow = 108,
                         .fast = 122,
                         .swing = 0.6,
                         .major_chords = {"I vi ii V", "I IV I V", "I ii7 V I"},
                         .minor_chords = {"i iv V i", "i VII i V"},
                         .figures = {"0.2..1.2", "0..2.1..", "2.0.1.2.", "0.1.2..1"},
                         .kick = "x.......x.......",
                         .snap = "....x.......x..o",
                         .shaker = "o.o.o.o.o.o.o.o.",
                         .bass = "x.....x...x.....",
                         .player = BED_PLUCK,
                         LEVELS(-24, -12, -20, -13, -14, -18, -18, -20)},
};
/* clang-format on */

const bed_style *bed_style_of(int mood)
{
    return &styles[mood];
}
