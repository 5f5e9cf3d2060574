/* SPDX-License-Identifier: ISC */

#include <inttypes.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "soak-model.h"

static const char no_unikernel[] = "NoSuchUnikernel", no_block[] = "NoSuchBlockDevice";
static const char exists_already[] = "AlreadyExists", busy[] = "BlockDeviceBusy";
static const char too_much[] = "PolicyViolation";

void soak_model_init(SoakModel *model, uint64_t seed) {
        /* splitmix64: seeds beside each other begin far apart, and none is 0. */
        uint64_t z = seed + UINT64_C(0x9E3779B97F4A7C15);

        z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
        *model = (SoakModel){.random = (z ^ (z >> 31)) | 1U};
        for (unsigned i = 0; i < SOAK_N_BLOCKS; i++)
                model->blocks[i].owner = -1;
}

/* xorshift64* */
static unsigned random_below(SoakModel *model, unsigned n) {
        model->random ^= model->random >> 12;
        model->random ^= model->random << 25;
        model->random ^= model->random >> 27;
        return (unsigned) ((model->random * UINT64_C(0x2545F4914F6CDD1D)) >> 33) % n;
}

void soak_model_choose(SoakModel *model, SoakRequest *ret) {
        /* More often than the others, so that there is something to do those with. */
        static const SoakVerb often[] = {
                SOAK_CREATE, SOAK_CREATE,  SOAK_CREATE,       SOAK_START,  SOAK_START,
                SOAK_SET,    SOAK_RESTART, SOAK_BLOCK_CREATE, SOAK_UPDATE,
        };
        SoakVerb verb = random_below(model, SOAK_N_VERBS + N_ELEMENTS(often));

        if (verb >= SOAK_N_VERBS)
                verb = often[verb - SOAK_N_VERBS];
        *ret = (SoakRequest){.verb = verb};
        ret->target =
                random_below(model, verb < SOAK_BLOCK_CREATE ? SOAK_N_UNIKERNELS : SOAK_N_BLOCKS);
        ret->memory = 2 + random_below(model, 4);
        ret->size = 1 + random_below(model, 3);
        ret->at_once = random_below(model, 4) > 0;
        ret->other_image = random_below(model, 2) > 0;
        if (verb != SOAK_POLICY_SET)
                return;
        ret->memory = 17 + random_below(model, 6);
        ret->n_most = 1 + random_below(model, SOAK_N_UNIKERNELS);
        ret->size = random_below(model, 5);
}

/* --- what there is --- */

static uint32_t count(const SoakModel *model) {
        uint32_t n = 0;

        for (unsigned i = 0; i < SOAK_N_UNIKERNELS; i++)
                n += model->unikernels[i].exists;
        return n;
}

static uint64_t memory_held(const SoakModel *model) {
        uint64_t sum = 0;

        for (unsigned i = 0; i < SOAK_N_UNIKERNELS; i++)
                sum += model->unikernels[i].held;
        return sum;
}

static uint64_t blocks_held(const SoakModel *model) {
        uint64_t sum = 0;

        for (unsigned i = 0; i < SOAK_N_BLOCKS; i++)
                sum += model->blocks[i].size;
        return sum;
}

/* May it have so much? One that is not to run could at least be started alone. */
static bool memory_fits(const SoakModel *model, uint64_t asked, uint64_t held, bool runs) {
        uint64_t others = runs ? memory_held(model) - held : 0;

        return !model->has_policy || asked <= held || asked + others <= model->memory_most;
}

static void run(SoakUnikernel *unikernel) {
        unikernel->runs = true;
        unikernel->held = unikernel->memory;
}

/* --- unikernels --- */

static const char *create(SoakModel *model, const SoakRequest *request) {
        SoakUnikernel *unikernel = &model->unikernels[request->target];
        SoakBlock *block = &model->blocks[0];
        bool wants_disk = request->target >= SOAK_FIRST_DISK;

        if (unikernel->exists)
                return exists_already;
        if ((model->has_policy && count(model) >= model->n_most) ||
            !memory_fits(model, request->memory, 0, request->at_once))
                return too_much;
        if (wants_disk && block->size == 0)
                return no_block;
        if (wants_disk && block->owner >= 0)
                return busy;
        *unikernel = (SoakUnikernel){.exists = true, .memory = request->memory};
        if (wants_disk)
                block->owner = (int) request->target;
        if (request->at_once)
                run(unikernel);
        return NULL;
}

static const char *start(SoakModel *model, SoakUnikernel *unikernel) {
        if (unikernel->runs)
                return NULL;
        if (!memory_fits(model, unikernel->memory, 0, true))
                return too_much;
        run(unikernel);
        return NULL;
}

static const char *restart(SoakModel *model, SoakUnikernel *unikernel) {
        if (!memory_fits(model, unikernel->memory, unikernel->held, true))
                return too_much;
        run(unikernel);
        return NULL;
}

/* It is to have @memory from now on, or from its next start on. */
static const char *revise(SoakModel *model,
                          SoakUnikernel *unikernel,
                          uint64_t memory,
                          bool at_once) {
        if (!memory_fits(model, memory, unikernel->held, unikernel->runs && at_once))
                return too_much;
        unikernel->memory = memory;
        if (unikernel->runs && at_once)
                unikernel->held = memory;
        return NULL;
}

static const char *update(SoakModel *model, SoakUnikernel *unikernel, uint64_t memory) {
        uint64_t previous = unikernel->memory;
        const char *error = revise(model, unikernel, memory, true);

        if (error)
                return error;
        unikernel->has_previous = true;
        unikernel->previous_memory = previous;
        return NULL;
}

static const char *destroy(SoakModel *model, SoakUnikernel *unikernel) {
        for (unsigned i = 0; i < SOAK_N_BLOCKS; i++)
                if (model->blocks[i].owner == unikernel - model->unikernels)
                        model->blocks[i].owner = -1;
        *unikernel = (SoakUnikernel){};
        return NULL;
}

static const char *answer_unikernel(SoakModel *model, const SoakRequest *request) {
        SoakUnikernel *unikernel = &model->unikernels[request->target];

        if (request->verb == SOAK_CREATE)
                return create(model, request);
        if (!unikernel->exists)
                return no_unikernel;
        if (request->verb == SOAK_START)
                return start(model, unikernel);
        if (request->verb == SOAK_RESTART)
                return restart(model, unikernel);
        if (request->verb == SOAK_SET)
                return revise(model, unikernel, request->memory, request->at_once);
        if (request->verb == SOAK_UPDATE)
                return update(model, unikernel, request->memory);
        if (request->verb == SOAK_ROLLBACK && !unikernel->has_previous)
                return "WrongState";
        if (request->verb == SOAK_ROLLBACK)
                return update(model, unikernel, unikernel->previous_memory);
        if (request->verb == SOAK_DESTROY)
                return destroy(model, unikernel);
        unikernel->runs = false;
        unikernel->held = 0;
        return NULL;
}

/* --- the rest --- */

static const char *answer_block(SoakModel *model, const SoakRequest *request) {
        SoakBlock *block = &model->blocks[request->target];

        if (request->verb == SOAK_BLOCK_CREATE) {
                if (block->size > 0)
                        return exists_already;
                if (model->has_policy && blocks_held(model) + request->size > model->block_most)
                        return too_much;
                block->size = request->size;
                return NULL;
        }
        if (block->size == 0)
                return no_block;
        if (request->verb == SOAK_BLOCK_WRITE)
                return block->owner >= 0 && model->unikernels[block->owner].runs ? busy : NULL;
        if (block->owner >= 0)
                return busy;
        block->size = 0;
        return NULL;
}

static const char *answer_policy(SoakModel *model, const SoakRequest *request) {
        if (request->verb == SOAK_POLICY_REMOVE) {
                if (!model->has_policy)
                        return "NoSuchPolicy";
                model->has_policy = false;
                return NULL;
        }
        if (count(model) > request->n_most || memory_held(model) > request->memory ||
            blocks_held(model) > request->size)
                return too_much;
        model->has_policy = true;
        model->n_most = request->n_most;
        model->memory_most = request->memory;
        model->block_most = request->size;
        return NULL;
}

const char *soak_model_answer(SoakModel *model, const SoakRequest *request) {
        if (request->verb < SOAK_BLOCK_CREATE)
                return answer_unikernel(model, request);
        return request->verb < SOAK_POLICY_SET ? answer_block(model, request)
                                               : answer_policy(model, request);
}

void soak_request_format(const SoakRequest *request, char ret[static SOAK_REQUEST_TEXT_MAX + 1]) {
        static const char *const words[SOAK_N_VERBS] = {
                "create",       "start",      "stop",          "restart",      "set",
                "update",       "rollback",   "destroy",       "block create", "block write",
                "block remove", "policy set", "policy remove",
        };

        snprintf(ret, SOAK_REQUEST_TEXT_MAX + 1,
                 "%s %u (memory %" PRIu64 ", size %" PRIu64 ", at most %" PRIu32 "%s%s)",
                 words[request->verb], request->target, request->memory, request->size,
                 request->n_most, request->at_once ? ", at once" : "",
                 request->other_image ? ", the other image" : "");
}
