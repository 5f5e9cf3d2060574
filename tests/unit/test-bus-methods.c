/* SPDX-License-Identifier: ISC */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "bus/service.h"

/* The entry of the vtable, or NULL. */
static const sd_bus_vtable *find_entry(const char *member) {
        for (const sd_bus_vtable *entry = manager_vtable; entry->type != _SD_BUS_VTABLE_END;
             entry++)
                if (entry->type == _SD_BUS_VTABLE_METHOD &&
                    strcmp(entry->x.method.member, member) == 0)
                        return entry;
        return NULL;
}

static void each_method_that_is_introspected_can_be_called(void **state) {
        unsigned n_methods = 0;

        for (const sd_bus_vtable *entry = manager_vtable; entry->type != _SD_BUS_VTABLE_END;
             entry++) {
                if (entry->type != _SD_BUS_VTABLE_METHOD)
                        continue;
                assert_non_null(bus_find_method(entry->x.method.member));
                assert_ptr_equal(entry->x.method.handler, call_method);
                n_methods++;
        }
        assert_true(n_methods > 20);
        assert_null(bus_find_method("Start"));
        assert_null(bus_find_method(""));
}

/* What is introspected is what is read: a first argument, and whether anything follows it. */
static void each_row_reads_what_is_introspected(void **state) {
        for (const Method *const *table = bus_methods; *table; table++)
                for (const Method *method = *table; method->member; method++) {
                        const sd_bus_vtable *entry = find_entry(method->member);
                        const char *signature;

                        assert_non_null(entry);
                        signature = entry->x.method.signature ?: "";
                        assert_int_equal(method->target == TARGET_NONE, signature[0] != 's');
                        if (signature[0] != '\0' && signature[1] != '\0')
                                assert_non_null(method->read);
                        assert_non_null(method->allowed);
                        assert_ptr_equal(bus_find_method(method->member), method);
                }
}

/* A row without an action is public: only questions are. */
static void whatever_changes_something_is_asked_about(void **state) {
        static const char *const public[] = {
                "ListUnikernels", "GetUnikernel", "GetHost", "GetStatistics", "ListOwnPaths",
        };

        for (const Method *const *table = bus_methods; *table; table++)
                for (const Method *method = *table; method->member; method++) {
                        bool is_public = false;

                        for (size_t n = 0; n < N_ELEMENTS(public); n++)
                                is_public = is_public || strcmp(public[n], method -> member) == 0;
                        assert_int_equal(is_public, !method->action);
                        assert_int_equal(is_public, !method->verb);
                }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_method_that_is_introspected_can_be_called),
                cmocka_unit_test(each_row_reads_what_is_introspected),
                cmocka_unit_test(whatever_changes_something_is_asked_about),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
