/*
 * The random generator, the health tests, and the decisions.
 */
#include "agent.h"

#include "common/clear.h"
#include "common/compare.h"
#include "common/decision.h"
#include "random/drbg.h"
#include "random/health.h"

#include <string.h>

#define OPERATION(number, name, least, most) operation do_##name;
#include "operations.h"
#undef OPERATION

static void seed(struct drbg *random, const struct bytes *entropy, const struct bytes *nonce, const struct bytes *name)
{
    drbg_begin(random, entropy->data, entropy->length, nonce->data, nonce->length, name->data, name->length);
}

/*
 * entropy, nonce, personalization; length and additional of a first request; entropy (none: no reseeding) and
 * additional of a reseeding; length and additional of a second request
 */
enum status do_drbg(struct call *call)
{
    const struct bytes *with = call->argument;
    const uint32_t first = number(&with[3]), second = number(&with[7]);
    struct drbg random;
    seed(&random, &with[0], &with[1], &with[2]);
    uint8_t *out = answer(call, (size_t)first + second);
    const verdict early = drbg_generate(&random, out, first, with[4].data, with[4].length);
    if (with[5].length != 0)
        drbg_reseed(&random, with[5].data, with[5].length, with[6].data, with[6].length);
    const verdict late = drbg_generate(&random, out + first, second, with[8].data, with[8].length);
    memory_clear(&random, sizeof random);
    return early == VERDICT_ACCEPT && late == VERDICT_ACCEPT ? DONE : REFUSED;
}

/* entropy, count of requests so far; the answer is 32 bytes, zeros if it must be reseeded */
enum status do_drbg_worn(struct call *call)
{
    const struct bytes none = {0};
    struct drbg random;
    seed(&random, &call->argument[0], &none, &none);
    random.requests = number(&call->argument[1]);
    return decided(drbg_generate(&random, answer(call, 32), 32, NULL, 0));
}

/* cutoffs of the repetition and of the proportion test, samples, sizes; what is refused once stays refused */
enum status do_health(struct call *call)
{
    const struct bytes *samples = &call->argument[2], *sizes = &call->argument[3];
    if (!pieces_are_fit(sizes))
        return UNFIT;
    struct health health;
    health_begin(&health, number(&call->argument[0]), number(&call->argument[1]));
    verdict decision = health_test(&health, NULL, 0);
    if (decision != VERDICT_ACCEPT)
        return DISAGREES;
    for (size_t at = 0, turn = 0; at < samples->length;) {
        const size_t piece = next_piece(sizes, &turn, samples->length - at);
        const verdict next = health_test(&health, samples->data + at, piece);
        if (decision != VERDICT_ACCEPT && next == VERDICT_ACCEPT)
            return DISAGREES;
        decision = next;
        at += piece;
    }
    return decided(decision);
}

/* a, b */
enum status do_compare(struct call *call)
{
    const struct bytes *a = &call->argument[0], *b = &call->argument[1];
    if (a->length != b->length)
        return UNFIT;
    return memory_equal(a->data, b->data, a->length) ? DONE : REFUSED;
}

/* data; the answer is what is left of it */
enum status do_clear(struct call *call)
{
    const struct bytes *data = &call->argument[0];
    memcpy(answer(call, data->length), data->data, data->length);
    memory_clear(call->answer.data, data->length);
    return DONE;
}

/* a, b */
enum status do_decision_equal(struct call *call)
{
    const struct bytes *a = &call->argument[0], *b = &call->argument[1];
    if (a->length != b->length)
        return UNFIT;
    return decided(decision_equal(a->data, b->data, a->length));
}

/* value, floor, of 8 bytes */
enum status do_decision_at_least(struct call *call)
{
    return decided(decision_at_least(long_number(&call->argument[0]), long_number(&call->argument[1])));
}

/* state, wanted */
enum status do_decision_is(struct call *call)
{
    return decided(decision_is(number(&call->argument[0]), number(&call->argument[1])));
}

/* two verdicts */
enum status do_decision_both(struct call *call)
{
    return decided(decision_both(number(&call->argument[0]), number(&call->argument[1])));
}
