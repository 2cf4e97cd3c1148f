/* check_captions.c: rules about captions that come in a file of their own. Cues are told by number,
 * as players and editors count them. */
#include "fusion/check_rule.h"

static void each_cue(dio_checking *c, void (*check)(dio_checking *, const dio_cue_text *))
{
    for (int i = 0; c->captions && i < c->captions->count; i++)
        check(c, &c->captions->cues[i]);
}

static void times_of(dio_checking *c, const dio_cue_text *cue)
{
    double all = c->facts->seconds;
    if (cue->start < 0)
        dio_check_breaks(c, "cue %d (line %d) begins %.3f s before the film", cue->number,
                         cue->line, -cue->start);
    if (cue->end <= cue->start)
        dio_check_breaks(c, "cue %d (line %d) ends at %.3f s, and begins at %.3f s", cue->number,
                         cue->line, cue->end, cue->start);
    else if (all > 0 && cue->end > all + 0.1)
        dio_check_breaks(c, "cue %d (line %d) ends at %.3f s, after the end at %.3f s", cue->number,
                         cue->line, cue->end, all);
}

static void check_times(dio_checking *c)
{
    each_cue(c, times_of);
}

const dio_check_rule dio_check_rule_caption_times = {"caption-times",
                                                     "cues lie within the film, ends after "
                                                     "beginnings",
                                                     check_times};

static void overlap_of(dio_checking *c, const dio_cue_text *cue)
{
    const dio_cue_text *before = cue - 1;
    if (cue->number > 1 && cue->start < before->end - 0.0005)
        dio_check_breaks(c, "cue %d (line %d) begins at %.3f s, before cue %d ends at %.3f s",
                         cue->number, cue->line, cue->start, before->number, before->end);
}

static void check_overlap(dio_checking *c)
{
    each_cue(c, overlap_of);
}

const dio_check_rule dio_check_rule_caption_overlap = {"caption-overlap", "one cue at a time",
                                                       check_overlap};

static void speed_of(dio_checking *c, const dio_cue_text *cue)
{
    double seconds = cue->end - cue->start, most = c->limits ? c->limits->chars_per_second : 0;
    if (most > 0 && seconds > 0 && dio_cue_chars(cue) > most * seconds * 1.005)
        dio_check_breaks(c,
                         "cue %d (line %d) has %.1f characters a second, and %g are read at most",
                         cue->number, cue->line, dio_cue_chars(cue) / seconds, most);
}

static void check_speed(dio_checking *c)
{
    each_cue(c, speed_of);
}

const dio_check_rule dio_check_rule_caption_speed = {"caption-speed", "characters a second",
                                                     check_speed};

static void stay_of(dio_checking *c, const dio_cue_text *cue)
{
    const dio_limits *l = c->limits;
    double seconds = cue->end - cue->start;
    if (!l || seconds <= 0)
        return;
    if (l->least_cue > 0 && seconds < l->least_cue - 0.0005)
        dio_check_breaks(c, "cue %d (line %d) stays %.2f s, and %g s is the least that is seen",
                         cue->number, cue->line, seconds, l->least_cue);
    if (l->most_cue > 0 && seconds > l->most_cue + 0.0005)
        dio_check_breaks(c, "cue %d (line %d) stays %.2f s, and %g s is the most", cue->number,
                         cue->line, seconds, l->most_cue);
}

static void check_stay(dio_checking *c)
{
    each_cue(c, stay_of);
}

const dio_check_rule dio_check_rule_caption_stay = {"caption-stay", "seconds that a cue is shown",
                                                    check_stay};

static void length_of(dio_checking *c, const dio_cue_text *cue)
{
    const dio_limits *l = c->limits;
    if (l && l->lines > 0 && dio_cue_lines(cue) > l->lines)
        dio_check_breaks(c, "cue %d (line %d) has %d lines, and %d is the most", cue->number,
                         cue->line, dio_cue_lines(cue), l->lines);
    if (l && l->line > 0 && dio_cue_longest(cue) > l->line)
        dio_check_breaks(c, "cue %d (line %d) has a line of %d characters, and %d is the most",
                         cue->number, cue->line, dio_cue_longest(cue), l->line);
}

static void check_length(dio_checking *c)
{
    each_cue(c, length_of);
}

const dio_check_rule dio_check_rule_caption_length = {"caption-length",
                                                      "lines, and characters a line", check_length};

static void markup_of(dio_checking *c, const dio_cue_text *cue)
{
    if (cue->markup)
        dio_check_breaks(c,
                         "cue %d (line %d) holds <%s>, which is no markup of captions: take it "
                         "out",
                         cue->number, cue->line, cue->markup);
}

static void check_markup(dio_checking *c)
{
    each_cue(c, markup_of);
}

const dio_check_rule dio_check_rule_caption_markup = {"caption-markup", "no scripts, no HTML",
                                                      check_markup};
