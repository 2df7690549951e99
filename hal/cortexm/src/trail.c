/*
 * Loops that wait for a time: they differ from round to round in what they read of a clock, and in nothing else.
 *
 * One round is run instruction by instruction, and what comes from a clock is followed: through registers, over
 * the stack, through additions and subtractions of what is constant, to the comparison that decides.  Each
 * comparison says for how many rounds it will come out the same; as long as all do, the rounds are the same, and
 * all but the last are counted instead of run.  The last is run for what it leaves behind.
 *
 * What a round leaves behind may differ from the round before only where the next round does not look.  Any
 * instruction that is not known here, or that does something else with a clock's value, ends the attempt.
 */
#include "internal.h"

#include <string.h>

struct trail_word *trail_word_at(struct trail *t, uint32_t address)
{
    for (uint32_t i = 0; i < t->words; i++)
        if (t->word[i].address == address)
            return &t->word[i];
    return NULL;
}

static bool store(struct trail *t, uint32_t address, uint8_t source)
{
    struct trail_word *word = trail_word_at(t, address & ~3u);
    if (address & 3 || source == STALE)
        return false;
    if (!word && source == NONE)
        return true;
    if (!word && t->words >= TRAIL_WORDS)
        return false;
    if (!word)
        word = &t->word[t->words++], word->is_expected = false;
    word->address = address;
    word->source = source;
    return true;
}

/* A word is loaded; where it is a clock's, trail_clock() is told. */
static bool load(struct trail *t, uint32_t address, uint32_t to)
{
    const struct trail_word *word = trail_word_at(t, address & ~3u);
    const uint8_t source = word ? word->source : NONE;
    t->loading = to;
    trail_put(t, to, source);
    return !(address & 3) && source != STALE && (!source || (to != 13 && to != 15));
}

/* Less than a word: neither from a clock nor over what is from one. */
static bool narrow(struct trail *t, uint32_t address, uint32_t number, bool is_load)
{
    const struct trail_word *word = trail_word_at(t, address & ~3u);
    if ((word && word->source) || (!is_load && trail_of(t, number)))
        return false;
    t->loading = NOWHERE;
    if (is_load)
        trail_put(t, number, NONE);
    return true;
}

bool trail_move(struct machine *m, uint32_t address, uint32_t number, bool is_load, bool is_word)
{
    struct trail *t = &m->trail;
    if (!is_word)
        return narrow(t, address, number, is_load);
    return is_load ? load(t, address, number) : store(t, address, trail_of(t, number));
}

bool trail_move_all(struct machine *m, uint32_t list, uint32_t address, bool is_load)
{
    for (uint32_t number = 0; number < 16; number++)
        if (list >> number & 1) {
            if (!trail_move(m, address, number, is_load, true))
                return false;
            address += 4;
        }
    m->trail.loading = NOWHERE; /* more than one: no clock is read so */
    return true;
}

static uint32_t value_of(const struct trail_source *source, uint32_t raw)
{
    return (source->is_negative ? 0 - raw : raw) + source->addend;
}

/* How a comparison comes out when its clock has gone on by `counts`. */
bool trail_outcome(const struct trail *t, const struct trail_comparison *comparison, uint32_t code, uint32_t counts)
{
    const struct trail_source *source = &t->source[comparison->source - 1];
    const uint32_t value = value_of(source, source->how.is_down ? source->raw - counts : source->raw + counts);
    return comparison->is_flipped ? condition_holds(code, comparison->other, value) : condition_holds(code, value, comparison->other);
}

void trail_clock(struct machine *m, const struct machine_counter *how, uint64_t cycle, uint32_t value)
{
    struct trail *t = &m->trail;
    if (!t->is_on)
        return;
    t->is_on = how && t->loading < 13 && t->sources < TRAIL_SOURCES;
    if (!t->is_on)
        return;
    t->source[t->sources++] = (struct trail_source){*how, cycle, value, 0, false};
    trail_put(t, t->loading, (uint8_t)t->sources);
}

/* --- how often ------------------------------------------------------------------------------------- */

static uint64_t counts_after(struct machine *m, const struct trail_source *source, uint64_t cycles)
{
    const struct counter counter = {.how = source->how};
    return counter_counts(&counter, m, source->cycle + cycles) - counter_counts(&counter, m, source->cycle);
}

/* By how much the clock may go on before what is compared wraps, and the condition could turn twice. */
static uint64_t room(const struct trail *t, const struct trail_condition *condition)
{
    const struct trail_comparison *comparison = &t->comparison[condition->comparison];
    const struct trail_source *source = &t->source[comparison->source - 1];
    const uint32_t value = value_of(source, source->raw), other = comparison->other;
    const bool is_signed = condition->code >= 10, is_of_difference = condition->code == 4 || condition->code == 5;
    const bool is_up = (source->how.is_down != 0) == source->is_negative;
    const uint32_t difference = comparison->is_flipped ? other - value : value - other;
    const uint32_t place = is_of_difference ? difference ^ 0x80000000u : is_signed ? value ^ 0x80000000u : value;
    const bool rises = is_of_difference && comparison->is_flipped ? !is_up : is_up;
    const uint32_t left = rises ? UINT32_MAX - place : place, range = source->how.is_down ? source->raw : source->how.mask - source->raw;
    return left < range ? left : range;
}

/* The most rounds of `most` after which the condition still comes out as it did. */
static uint64_t rounds_of(struct machine *m, const struct trail_condition *condition, uint64_t period, uint64_t most)
{
    const struct trail *t = &m->trail;
    const struct trail_comparison *comparison = &t->comparison[condition->comparison];
    const struct trail_source *source = &t->source[comparison->source - 1];
    const uint64_t space = room(t, condition);
    uint64_t low = 0, high = most;
    while (low < high) { /* it turns once at most */
        const uint64_t middle = low + (high - low + 1) / 2, counts = counts_after(m, source, middle * period);
        if (counts <= space && trail_outcome(t, comparison, condition->code, (uint32_t)counts) == condition->holds)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

uint64_t trail_rounds(struct machine *m, uint64_t period, uint64_t most)
{
    for (uint32_t i = 0; i < m->trail.conditions; i++)
        most = rounds_of(m, &m->trail.condition[i], period, most);
    return most;
}

/* --- one round ------------------------------------------------------------------------------------- */

bool trail_is_stale(const struct machine *m, uint32_t number)
{
    return number < 13 && m->trail.registers[number];
}

bool trail_is_stale_word(struct machine *m, uint32_t address)
{
    const struct trail_word *word = trail_word_at(&m->trail, address);
    return word && word->source;
}

void trail_begin(struct machine *m)
{
    m->trail = (struct trail){.is_on = true, .loading = NOWHERE, .signs = BAD, .carries = BAD};
}

/* A clock that stood still between two looks shows no difference: what comes from it shows only when it is followed. */
bool trail_is_settled(const struct machine *m)
{
    const struct trail *t = &m->trail;
    for (uint32_t i = 0; i < 16; i++)
        if (t->registers[i] && !(t->expected >> i & 1))
            return false;
    for (uint32_t i = 0; i < t->words; i++)
        if (t->word[i].source && !t->word[i].is_expected)
            return false;
    return true;
}

bool trail_again(struct machine *m)
{
    const struct trail before = m->trail;
    trail_begin(m);
    m->trail.rounds = before.rounds + 1;
    bool is_accepted = m->trail.rounds < TRAIL_ROUNDS;
    for (uint32_t i = 0; i < 16; i++)
        if (before.registers[i] || before.expected >> i & 1)
            is_accepted = trail_expect(m, i) && is_accepted;
    for (uint32_t i = 0; i < before.words; i++)
        if (before.word[i].source || before.word[i].is_expected)
            is_accepted = trail_expect_word(m, before.word[i].address) && is_accepted;
    return is_accepted;
}

bool trail_expect(struct machine *m, uint32_t number)
{
    if (number >= 13)
        return false;
    trail_put(&m->trail, number, STALE);
    m->trail.expected |= (uint16_t)(1u << number);
    return true;
}

bool trail_expect_word(struct machine *m, uint32_t address)
{
    struct trail *t = &m->trail;
    if (t->words >= TRAIL_WORDS)
        return false;
    t->word[t->words++] = (struct trail_word){address, STALE, true};
    return true;
}

bool trail_follow(struct machine *m)
{
    struct trail *t = &m->trail;
    t->is_on = t->is_on && t->steps++ < TRAIL_STEPS && !it_is_inside(m) && follow(m);
    return t->is_on;
}
