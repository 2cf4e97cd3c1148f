/* rules_web.c: addresses of the web and of mail, names with @ and #, telephone numbers. */
#include <string.h>

#include "audio/phones/scan.h"

static const struct {
    const char *name, *said;
} domains[] = {
#define DIO_DOMAIN(name, said) {name, said},
#define DIO_URL_SIGN(sign, said)
#include "audio/phones/en/web.def"
#undef DIO_DOMAIN
#undef DIO_URL_SIGN
};

static const struct {
    char sign;
    const char *said;
} signs[] = {
#define DIO_DOMAIN(name, said)
#define DIO_URL_SIGN(sign, said) {sign, said},
#include "audio/phones/en/web.def"
#undef DIO_DOMAIN
#undef DIO_URL_SIGN
};

#define COUNT(list) ((int)(sizeof(list) / sizeof *(list)))

static int domain_of(const struct scan *s, size_t begin, size_t end)
{
    for (int i = 0; i < COUNT(domains); i++)
        if (strlen(domains[i].name) == end - begin && dio_scan_says(s, begin, domains[i].name))
            return i;
    return -1;
}

static const char *sign_of(char c)
{
    for (int i = 0; i < COUNT(signs); i++)
        if (signs[i].sign == c)
            return signs[i].said;
    return NULL;
}

static bool has_vowel(const struct scan *s, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++)
        if (strchr("aeiouy", dio_to_lower(s->text[i])))
            return true;
    return false;
}

/* Letters of an address: words where SummerSale or summer-sale shows them, spelled when nothing
 * can be read. */
static void say_name(struct scan *s, size_t begin, size_t end)
{
    while (begin < end) {
        size_t past = begin + 1;
        while (past < end && !(dio_is_upper(s->text[past]) && dio_is_lower(s->text[past - 1])) &&
               !(dio_is_upper(s->text[past]) && past + 1 < end && dio_is_lower(s->text[past + 1])))
            past++;
        bool capitals = dio_is_upper(s->text[past - 1]) && past - begin > 1;
        if (capitals)
            dio_say_capitals(s, begin, past);
        else if (past - begin == 1 || (!has_vowel(s, begin, past)))
            dio_say_letters(s, begin, past);
        else
            dio_say_word(s, begin, past);
        begin = past;
    }
}

static void say_figures(struct scan *s, size_t begin, size_t end)
{
    if (end - begin == 4 && s->text[begin] != '0')
        dio_say_year(s, s->text + begin, 4);
    else if (end - begin > 2 || s->text[begin] == '0')
        dio_say_digits(s, s->text + begin, end - begin);
    else
        dio_say_cardinal(s, s->text + begin, end - begin);
}

void dio_say_address(struct scan *s, size_t begin, size_t end)
{
    for (size_t i = begin, k; i < end; i = k) {
        char c = s->text[i];
        k = dio_is_digit(c) ? dio_scan_digits(s, i) : dio_scan_letters(s, i);
        if (k > end)
            k = end;
        int domain = i > begin && s->text[i - 1] == '.' ? domain_of(s, i, k) : -1;
        if (k == i) {
            const char *said = sign_of(c);
            if (said)
                dio_say(s, said);
            k = i + 1;
        } else if (dio_is_digit(c)) {
            say_figures(s, i, k);
        } else if (k - i == 3 && dio_scan_says(s, i, "www")) {
            dio_say(s, "W W W");
        } else if (domain >= 0) {
            dio_say(s, domains[domain].said);
        } else {
            say_name(s, i, k);
        }
    }
}

/* Letters, digits and hyphens with dots between: where they end and how many dots there are. */
static size_t host_at(const struct scan *s, size_t at, int *dots, int *domain)
{
    size_t end = at, label = at;
    *dots = 0;
    *domain = -1;
    for (; dio_is_alnum(dio_scan_at(s, end)) || strchr("-.", dio_scan_at(s, end)); end++) {
        if (!dio_scan_at(s, end) || end - at == SCAN_RUN)
            break;
        if (s->text[end] == '.') {
            if (end == label || !dio_is_alnum(dio_scan_at(s, end + 1)))
                break;
            label = end + 1;
            ++*dots;
        }
    }
    while (end > at && s->text[end - 1] == '-')
        end--;
    if (*dots && end > label)
        *domain = domain_of(s, label, end);
    return end;
}

static size_t path_at(const struct scan *s, size_t at)
{
    size_t end = at;
    if (!strchr("/?#:", dio_scan_at(s, at)) || !dio_scan_at(s, at))
        return at;
    if (s->text[at] == ':' && !dio_is_digit(dio_scan_at(s, at + 1)))
        return at;
    while (end - at < SCAN_RUN &&
           (dio_is_alnum(dio_scan_at(s, end)) ||
            (dio_scan_at(s, end) && strchr("/?#:=&%+~_-.,;@!$'*", s->text[end]))))
        end++;
    while (end > at && strchr(".,;:!?'", s->text[end - 1]))
        end--;
    return end;
}

size_t dio_rule_link(struct scan *s, size_t at)
{
    int dots, domain;
    size_t begin = at, end;
    if (!dio_scan_begins(s, at))
        return 0;
    if (dio_scan_says(s, at, "https://"))
        begin += strlen("https://");
    else if (dio_scan_says(s, at, "http://"))
        begin += strlen("http://");
    else if (dio_scan_says(s, at, "ftp://"))
        begin += strlen("ftp://");
    end = host_at(s, begin, &dots, &domain);
    bool www = dio_scan_says(s, begin, "www.");
    if (end == begin || (begin == at && !www && (!dots || domain < 0)))
        return 0;
    /* "end.In" of a text without its blank is no address. */
    const char *dot = memchr(s->text + begin, '.', end - begin);
    if (begin == at && !www && dots == 1 && dot && dio_is_upper(dot[1]) && dio_is_lower(dot[-1]))
        return 0;
    size_t past = path_at(s, end);
    if (past == end + 1 && s->text[end] == '/')
        dio_say_address(s, begin, end);
    else
        dio_say_address(s, begin, past);
    return past;
}

size_t dio_rule_mail(struct scan *s, size_t at)
{
    int dots, domain;
    size_t begin = dio_scan_says(s, at, "mailto:") ? at + strlen("mailto:") : at, end = begin;
    if (!dio_scan_begins(s, at))
        return 0;
    while (end - begin < SCAN_RUN && (dio_is_alnum(dio_scan_at(s, end)) ||
                                      (dio_scan_at(s, end) && strchr("._+-%", s->text[end]))))
        end++;
    if (end == begin || dio_scan_at(s, end) != '@')
        return 0;
    size_t past = host_at(s, end + 1, &dots, &domain);
    if (past == end + 1 || !dots)
        return 0;
    dio_say_address(s, begin, past);
    return past;
}

static size_t name_end(const struct scan *s, size_t at)
{
    size_t most = at + SCAN_RUN;
    while (at < most && (dio_is_alnum(dio_scan_at(s, at)) ||
                         (dio_scan_at(s, at) == '_' && dio_is_alnum(dio_scan_at(s, at + 1)))))
        at++;
    return at;
}

size_t dio_rule_handle(struct scan *s, size_t at)
{
    size_t end = name_end(s, at + 1);
    if (dio_scan_at(s, at) != '@' || !dio_is_alpha(dio_scan_at(s, at + 1)))
        return 0;
    dio_say(s, "at");
    dio_say_address(s, at + 1, end);
    return end;
}

size_t dio_rule_hashtag(struct scan *s, size_t at)
{
    size_t end = name_end(s, at + 1), digits = dio_scan_digits(s, at + 1);
    if (dio_scan_at(s, at) != '#' || end == at + 1 || !dio_scan_begins(s, at))
        return 0;
    if (digits == end) {
        dio_say(s, "number");
        dio_say_cardinal(s, s->text + at + 1, end - at - 1);
        return end;
    }
    dio_say(s, "hashtag");
    dio_say_address(s, at + 1, end);
    return end;
}

/* A group of a telephone number: 800 is a number of its own, others go digit by digit. */
static void say_group(struct scan *s, size_t begin, size_t end)
{
    if (dio_is_alpha(s->text[begin]))
        dio_say_word(s, begin, end);
    else if (end - begin == 3 && dio_scan_is(s, begin + 1, "00") && s->text[begin] != '0')
        dio_say_cardinal(s, s->text + begin, 3);
    else
        dio_say_digits(s, s->text + begin, end - begin);
}

/* Groups of digits with at most two of " -.()" between, the last perhaps of letters
 * (1-800-FLOWERS): their sizes and ends. */
struct groups {
    int count;
    int sizes[8];
    size_t ends[8];
};

static void groups_at(const struct scan *s, size_t at, struct groups *g)
{
    size_t end = at;
    *g = (struct groups){0};
    while (g->count < 8) {
        size_t begin = end;
        while (dio_scan_at(s, begin) && strchr(" -.()", s->text[begin]) && begin - end < 3)
            begin++;
        size_t past = dio_scan_digits(s, begin);
        if (past == begin && g->count && dio_scan_at(s, begin - 1) == '-')
            while (dio_is_upper(dio_scan_at(s, past)))
                past++;
        if (past == begin || past - begin > 12 || !dio_scan_ends(s, past) ||
            (begin == end && g->count))
            break;
        g->sizes[g->count] = (int)(past - begin);
        g->ends[g->count++] = end = past;
    }
}

/* "500-1000 words" is a range. */
static bool is_range(const struct scan *s, size_t at, size_t end)
{
    size_t next = dio_scan_spaces(s, end), past = dio_scan_letters(s, next);
    return s->text[at] < '2' || dio_scan_is(s, end - 2, "00") ||
           (past > next + 2 && s->text[past - 1] == 's');
}

/* Whether the first n groups are a telephone number: with + any, else the American shapes. */
static bool is_telephone(const struct scan *s, size_t at, const struct groups *g, int n)
{
    size_t end = g->ends[n - 1];
    int digits = 0;
    for (int i = 0; i < n; i++)
        digits += g->sizes[i];
    if (s->text[at] == '+')
        return digits >= 7 && digits <= 15;
    for (size_t i = at; s->text[at] != '(' && i < end; i++)
        if (s->text[i] == ' ' && !(n > 2 && dio_scan_at(s, i + 1) == '(') &&
            !(i > 0 && s->text[i - 1] == ')'))
            return false;
    if (n == 2 && s->text[at] != '(')
        return g->sizes[0] == 3 && g->sizes[1] == 4 && s->text[at + 3] == '-' &&
               !is_range(s, at, end);
    int area = g->sizes[0] == 1 && s->text[at] == '1';
    if (n < area + 2 || g->sizes[area] != 3)
        return false;
    return (n == area + 3 && g->sizes[area + 1] == 3 && g->sizes[area + 2] == 4) ||
           (n == area + 2 && g->sizes[area + 1] == 7);
}

static void say_groups(struct scan *s, size_t at, size_t end)
{
    bool any = false;
    for (size_t i = at, k; i < end; i = k) {
        k = i + 1;
        if (!dio_is_alnum(s->text[i]))
            continue;
        while (k < end && dio_is_alnum(s->text[k]))
            k++;
        if (any)
            dio_say(s, ",");
        any = true;
        say_group(s, i, k);
    }
}

size_t dio_rule_telephone(struct scan *s, size_t at)
{
    struct groups g;
    char c = dio_scan_at(s, at);
    if ((c != '+' && c != '(' && !dio_is_digit(c)) || !dio_scan_begins(s, at))
        return 0;
    groups_at(s, at + (c == '+'), &g);
    for (int n = g.count; n > 0; n--) {
        if (!is_telephone(s, at, &g, n))
            continue;
        if (c == '+')
            dio_say(s, "plus");
        say_groups(s, at, g.ends[n - 1]);
        return g.ends[n - 1];
    }
    return 0;
}
