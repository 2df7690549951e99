/*
 * The random generator, the health tests of its noise, and the decisions.
 */
#include "functions.h"
#include "module.h"

#include "common/bytes.h"
#include "common/decision.h"
#include "random/drbg.h"
#include "random/health.h"

#include "py/objint.h"

/* Drbg(entropy, nonce, personalization) */
static mp_obj_t make_Drbg(const mp_obj_type_t *type, size_t count, size_t named, const mp_obj_t *with)
{
    mp_arg_check_num(count, named, 3, 3, false);
    const struct data entropy = data_of(with[0]), nonce = data_of(with[1]), name = data_of(with[2]);
    mp_obj_t self = MP_OBJ_FROM_PTR(held_new(type, sizeof(struct drbg)));
    drbg_begin(held_state(self), entropy.at, entropy.length, nonce.at, nonce.length, name.at, name.length);
    return self;
}

/* (entropy, additional) */
static mp_obj_t drbg_py_reseed(mp_obj_t self, mp_obj_t entropy_object, mp_obj_t object)
{
    const struct data entropy = data_of(entropy_object), additional = data_of(object);
    drbg_reseed(held_state(self), entropy.at, entropy.length, additional.at, additional.length);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(drbg_reseed_object, drbg_py_reseed);

/* (length, additional).  Raises ValueError if it is too much, or the generator must be reseeded first. */
static mp_obj_t drbg_py_generate(mp_obj_t self, mp_obj_t length, mp_obj_t object)
{
    const struct data additional = data_of(object);
    NEW_BYTES(out, size_of(length, DRBG_MOST));
    return bytes_or(drbg_generate(held_state(self), bytes_in(&out), out.len, additional.at, additional.length), &out,
                    &mp_type_ValueError);
}
static MP_DEFINE_CONST_FUN_OBJ_3(drbg_generate_object, drbg_py_generate);

static const mp_rom_map_elem_t Drbg_methods[] = {
    METHOD(reseed, drbg_reseed_object),
    METHOD(generate, drbg_generate_object),
    METHOD(__del__, held_delete_object),
};
STATE_TYPE(Drbg);

/* A cutoff of a health test. */
static uint32_t cutoff_of(mp_obj_t object)
{
    const size_t cutoff = size_of(object, HEALTH_WINDOW);
    if (cutoff < 2)
        mp_raise_ValueError(MP_ERROR_TEXT("cutoffs lie between 2 and the window"));
    return (uint32_t)cutoff;
}

/* Health(repetitions, proportion) */
static mp_obj_t make_Health(const mp_obj_type_t *type, size_t count, size_t named, const mp_obj_t *with)
{
    mp_arg_check_num(count, named, 2, 2, false);
    const uint32_t repetitions = cutoff_of(with[0]), proportion = cutoff_of(with[1]);
    mp_obj_t self = MP_OBJ_FROM_PTR(held_new(type, sizeof(struct health)));
    health_begin(held_state(self), repetitions, proportion);
    return self;
}

/* Whether no test has failed so far, with these samples too; once False, always. */
static mp_obj_t health_py_test(mp_obj_t self, mp_obj_t object)
{
    const struct data samples = data_of(object);
    return mp_obj_new_bool(health_test(held_state(self), samples.at, samples.length) == VERDICT_ACCEPT);
}
static MP_DEFINE_CONST_FUN_OBJ_2(health_test_object, health_py_test);

static const mp_rom_map_elem_t Health_methods[] = {
    METHOD(test, health_test_object),
    METHOD(__del__, held_delete_object),
};
STATE_TYPE(Health);

/* Verdicts are numbers, as in C (common/verdict.h says why). */
static mp_obj_t verdict_object(verdict decision)
{
    return mp_obj_new_int_from_uint(decision);
}

/* An unsigned number of 64 bits.  Raises TypeError, OverflowError. */
static uint64_t wide_of(mp_obj_t object)
{
    uint8_t bytes[8];
    if (!mp_obj_is_int(object))
        mp_raise_TypeError(MP_ERROR_TEXT("a decision takes numbers"));
    if (mp_obj_int_sign(object) < 0)
        mp_raise_type(&mp_type_OverflowError);
    if (mp_obj_is_small_int(object))
        return (uint64_t)MP_OBJ_SMALL_INT_VALUE(object);
    if (!mp_obj_int_to_bytes_impl(object, true, sizeof bytes, bytes))
        mp_raise_type(&mp_type_OverflowError);
    return load_be64(bytes);
}

static uint32_t state_of(mp_obj_t object)
{
    const uint64_t value = wide_of(object);
    if (value > UINT32_MAX)
        mp_raise_type(&mp_type_OverflowError);
    return (uint32_t)value;
}

static mp_obj_t py_decision_equal(mp_obj_t a_object, mp_obj_t b_object)
{
    const struct data a = data_of(a_object), b = data_of(b_object);
    return verdict_object(a.length == b.length ? decision_equal(a.at, b.at, a.length) : VERDICT_REJECT);
}
MP_DEFINE_CONST_FUN_OBJ_2(decision_equal_object, py_decision_equal);

static mp_obj_t py_decision_at_least(mp_obj_t value, mp_obj_t floor)
{
    return verdict_object(decision_at_least(wide_of(value), wide_of(floor)));
}
MP_DEFINE_CONST_FUN_OBJ_2(decision_at_least_object, py_decision_at_least);

static mp_obj_t py_decision_is(mp_obj_t state, mp_obj_t wanted)
{
    return verdict_object(decision_is(state_of(state), state_of(wanted)));
}
MP_DEFINE_CONST_FUN_OBJ_2(decision_is_object, py_decision_is);

static mp_obj_t py_decision_both(mp_obj_t first, mp_obj_t second)
{
    return verdict_object(decision_both(state_of(first), state_of(second)));
}
MP_DEFINE_CONST_FUN_OBJ_2(decision_both_object, py_decision_both);
