/* SPDX-License-Identifier: ISC */

#include <errno.h>

#include "base/cleanup.h"
#include "ctl/connect.h"
#include "ctl/error.h"
#include "ctl/properties.h"

int properties_request(sd_bus_message **ret, sd_bus *bus, const Name *name, Fault *fault) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        _cleanup_(freep) char *path = NULL;
        int r;

        r = sd_bus_path_encode(BUS_UNIKERNEL_PATH, name->text, &path);
        if (r < 0)
                return r;
        r = sd_bus_message_new_method_call(bus, &message, BUS_NAME, path,
                                           "org.freedesktop.DBus.Properties", "GetAll");
        if (r < 0)
                return error_from_bus(fault, NULL, r);
        r = sd_bus_message_append(message, "s", BUS_UNIKERNEL);
        if (r < 0)
                return error_from_bus(fault, NULL, r);

        *ret = TAKE_PTR(message);
        return 0;
}

int properties_ask(Call *call, sd_bus *bus, const Name *name, Fault *fault) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        int r;

        r = properties_request(&message, bus, name, fault);
        if (r < 0)
                return r;
        return call_send(call, bus, message, CALL_DEFAULT, fault);
}

int properties_answer(json_t **ret, Call *call, const Name *name, Fault *fault) {
        int r;

        r = call_wait(call, fault);
        if (r < 0 && call->reply &&
            (sd_bus_message_is_method_error(call->reply, SD_BUS_ERROR_UNKNOWN_OBJECT) > 0 ||
             fault->code == FAULT_NO_SUCH_UNIKERNEL))
                return name_refuse_unknown(name, fault);
        if (r < 0)
                return r;

        r = json_from_dictionary(ret, call->reply);
        return r < 0 ? error_from_bus(fault, NULL, r) : 0;
}

int properties_get(json_t **ret, sd_bus *bus, const Name *name, Fault *fault) {
        _cleanup_(call_done) Call call = {};
        int r;

        r = properties_ask(&call, bus, name, fault);
        if (r < 0)
                return r;
        return properties_answer(ret, &call, name, fault);
}

const char *properties_string(const json_t *properties, const char *key) {
        const char *text = json_string_value(json_object_get(properties, key));

        return text ? text : "";
}

uint64_t properties_number(const json_t *properties, const char *key) {
        json_int_t number = json_integer_value(json_object_get(properties, key));

        return number < 0 ? 0 : (uint64_t) number;
}

bool properties_cpus(Cpus *ret, const json_t *value) {
        uint32_t ids[CPUS_MAX];
        size_t n_ids = json_array_size(value);

        if (n_ids == 0 || n_ids > CPUS_MAX)
                return false;
        for (size_t i = 0; i < n_ids; i++) {
                const json_t *id = json_array_get(value, i);

                if (!json_is_integer(id) || json_integer_value(id) < 0 ||
                    json_integer_value(id) >= CPUS_MAX)
                        return false;
                ids[i] = (uint32_t) json_integer_value(id);
        }
        return cpus_from_ids(ret, ids, n_ids, NULL) >= 0;
}
