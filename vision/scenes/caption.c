/* caption.c: a scene in words, the way people ask for pictures. */
#include "base/rng.h"
#include "vision/scenes/scene.h"

enum { WAYS = 3 };
static const uint64_t stream_caption = 0x7363656e65000003;

/* Empty where nothing needs to be said. */
static const char *const materials[DIO_MATERIALS][WAYS] = {
    {"", "", "real "},
    {"matte ", "matt ", "painted "},
    {"glossy ", "shiny ", "lacquered "},
    {"metal ", "chrome ", "brushed steel "},
    {"glass ", "transparent ", "crystal "},
    {"clay ", "ceramic ", "plasticine "},
    {"felt ", "fabric ", "woollen "},
    {"paper ", "cardboard ", "origami "},
};
static const char *const lights[DIO_LIGHTS][WAYS] = {
    {"soft light", "diffuse even light", "gentle daylight"},
    {"hard side light", "warm light from one side", "crisp light with clear shadows"},
    {"rim light", "gentle backlight", "a soft glow from behind"},
    {"golden hour light", "low warm light and long shadows", "sunset light"},
    {"neon light", "coloured light", "electric glow"},
    {"a spotlight from above", "warm light from above", "quiet light with deep shadows"},
};
static const char *const frames[DIO_FRAMES][WAYS] = {
    {"centred", "straight-on view with even margins", "symmetrical composition"},
    {"off-centre to the left with calm space on the right", "on the left", "left third"},
    {"off-centre to the right with room for text on the left", "on the right", "right third"},
    {"in the lower third with open space above", "low in the frame", "generous space above"},
    {"seen from above", "flat lay", "top-down view"},
    {"floating", "in the air", "hovering"},
    {"close-up", "tight crop on the details", "filling the frame"},
    {"wide shot", "small in the frame", "with much empty space"},
    {"a group", "several of them", "a still life of three"},
    {"a pattern", "repeated all over", "a seamless pattern"},
};
static const char *const backdrops[DIO_BACKDROPS][WAYS] = {
    {"on a plain ground", "against a plain wall", "on one colour"},
    {"on a gradient", "on a soft colour gradient", "against blended colours"},
    {"on a seamless sweep", "in a studio", "on a studio floor"},
    {"on a podium", "on a round stage", "on a pedestal"},
    {"in front of an arch", "under an arch", "before an alcove"},
    {"beside a sunlit window", "with window light on the wall", "on a windowsill"},
    {"with bokeh lights", "with a blurred background", "before city lights"},
    {"before hills", "in a paper landscape", "on a mountain meadow"},
    {"in the sky", "among clouds", "against a blue sky"},
    {"on stripes", "on a striped cloth", "on a striped ground"},
    {"on a sunburst", "with rays behind it", "with a comic burst"},
    {"on polka dots", "on a dotted ground", "with dots"},
    {"on waves of paper", "on wavy layers", "over the sea"},
    {"on a wooden table", "on a desk", "on a counter"},
    {"with shadows of leaves", "in the garden shade", "under palm leaves"},
};
static const char *const styles[DIO_STYLES][WAYS] = {
    {"soft 3D", "3D render", "rounded 3D illustration"},
    {"flat illustration", "flat design", "vector art"},
    {"paper cut", "layered paper art", "papercraft"},
    {"screen print", "retro poster", "risograph"},
    {"studio photograph", "product photo", "photograph"},
};

static const char *one_of(const dio_scene *s, int what, const char *const words[WAYS])
{
    return words[dio_below(s->seed, stream_caption, (uint64_t)what, WAYS)];
}

char *dio_scene_caption(const dio_scene *s, dio_arena *a)
{
    const char *material = one_of(s, 0, materials[s->material]);
    const char *light = one_of(s, 1, lights[s->light]), *frame = one_of(s, 2, frames[s->frame]);
    const char *backdrop = s->alpha ? "cut out" : one_of(s, 3, backdrops[s->backdrop]);
    const char *style = one_of(s, 4, styles[s->style]), *name = dio_subject_at(s->subject)->name;
    if (dio_below(s->seed, stream_caption, 5, 2))
        return dio_arena_printf(a, "a %s%s %s, %s, %s, %s", material, name, backdrop, light, frame,
                                style);
    return dio_arena_printf(a, "%s of a %s%s %s. %s, %s.", style, material, name, backdrop, frame,
                            light);
}
